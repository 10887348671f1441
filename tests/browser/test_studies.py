"""The page of whole studies: its figures are the engine's, its walks those of the engine."""

import base64
import csv
import json
import re

import numpy as np
import pytest

import coverage
from coverage.links import find_links
from coverage.outputs.map_words import percent
from coverage.outputs.maps import map_html
from coverage.outputs.packing import unpack
from coverage.outputs.payload_shapes import world
from coverage.study_parts import TIERS

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def sample():
    return coverage.run("sample")


@pytest.fixture(scope="module")
def saved(sample, tmp_path_factory):
    return coverage.save(sample, tmp_path_factory.mktemp("sample")).parent


@pytest.fixture
def page(open_map, saved):
    return open_map(saved / "map.html")


def accuracy(saved):
    """Return how many minutes the page's walks may be off."""
    text = (saved / "map.html").read_text(encoding="utf-8")
    packed = base64.b64decode(re.search(r'id="care-circle-packed">([^<]*)<', text)[1])
    return 0.1 if "home.ab" in unpack(packed)[1] else 0.25


def figures(page):
    line = page.page.locator("#cc-headline")
    return [float(line.get_attribute(f"data-{name}")) for name in ("covered", "total", "share")]


def test_at_the_study_s_own_minutes_the_headline_is_the_summary_s(page, saved):
    people = json.loads((saved / "summary.json").read_text(encoding="utf-8"))["people"]
    for tier in TIERS:
        page.choose(tier=tier)
        covered, total, share = figures(page)
        assert covered == pytest.approx(people[f"elderly_{tier}"], abs=1e-5)
        assert total == pytest.approx(people["elderly"], abs=1e-5)
        assert share == pytest.approx(people[f"share_elderly_{tier}"], abs=1e-6)
        written = page.text("#cc-headline b")
        assert (
            f"{people['elderly']:,.0f} 名老年人中，{people[f'elderly_{tier}']:,.0f} 名" in written
        )
        assert percent(people[f"share_elderly_{tier}"]).replace("\u00a0", " ") in written


def test_areas_are_those_of_the_table(page, saved):
    with (saved / "areas.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert rows
    names = page.js("() => careCircle.page.meta.areas")
    for row in rows:
        if row["area"] not in names or float(row["elderly"] or 0) == 0:
            continue
        page.js("(i) => careCircle.select({ kind: 'area', i })", names.index(row["area"]))
        card = page.card()
        for tier, name in zip(
            TIERS, ("社区养老服务站", "街道养老服务中心", "区县失能特困集中照护中心"), strict=True
        ):
            covered, elderly = float(row[f"elderly_{tier}"]), float(row["elderly"])
            shown = percent(covered / elderly).replace("\u00a0", " ")
            assert card[name] == f"{covered:,.0f} / {elderly:,.0f} 人（{shown}）"


@pytest.mark.parametrize("minutes", [8, 22])
def test_at_other_minutes_the_headline_is_a_run_s_of_its_own(page, minutes):
    """A study that promises so many minutes finds what the slider shows."""
    other = coverage.load_study(
        "sample", **{f"tiers__{tier}__threshold_min": minutes for tier in TIERS}
    )
    people = coverage.run(other).summary["people"]
    page.choose(minutes=minutes)
    for tier in TIERS:
        page.choose(tier=tier)
        covered, _, share = figures(page)
        assert covered == pytest.approx(people[f"elderly_{tier}"], abs=1e-5)
        assert share == pytest.approx(people[f"share_elderly_{tier}"], abs=1e-6)


def test_the_page_s_own_walks_are_the_engine_s(page, sample, saved):
    """Minutes of homes from the page's graph agree with the engine's; rounding is a tenth of a second
    a link, and where links carry no shares of time, slopes along one are taken as even.
    """
    homes = sample.people.homes
    place = page.js("() => [...careCircle.page.s['home.elderly']]")
    assert len(place) == len(homes)
    chosen = np.random.default_rng(4).choice(len(place), 25, replace=False)
    off = accuracy(saved)
    found = page.js(
        """async (homes) => {
          const out = [];
          for (const i of homes) {
            careCircle.select({ kind: "home", i });
            while (!careCircle.state.found) await new Promise((done) => setTimeout(done, 5));
            out.push([careCircle.page.shapes.homes.cx[i], careCircle.page.shapes.homes.cy[i],
                      careCircle.state.found.walks.tiers.map((best) => best && best.minutes)]);
          }
          return out;
        }""",
        chosen.tolist(),
    )
    xy = np.column_stack([homes.geometry.centroid.x, homes.geometry.centroid.y])
    units = world(xy, sample.network.crs)
    for x, y, minutes in found:
        row = homes.iloc[np.hypot(*(units - [x, y]).T).argmin()]
        for tier, ours in zip(TIERS, minutes, strict=True):
            theirs = row[f"minutes_{tier}"]
            if np.isnan(theirs):  # beyond the engine's horizon
                assert ours is None or ours > sample.study.horizon_min - off
            else:
                assert ours == pytest.approx(theirs, abs=off)


def test_a_facility_s_people_are_the_engine_s(page, sample, saved):
    """What the page adds up from its own walks lies between the engine's a little earlier and later."""
    found = find_links(
        sample.network, sample.choices.facility_places, sample.choices.home_places,
        direction=sample.study.direction, horizon_min=20,
    )  # fmt: skip
    elderly = sample.people.homes["elderly"].to_numpy()
    off = accuracy(saved)
    ids = page.js("() => careCircle.page.meta.facilities.map(({ id }) => id)")
    for position, (name, row) in enumerate(sample.facilities.iterrows()):
        if not row["snapped"]:
            continue
        reach = page.js(
            """async ([i, tier]) => {
              careCircle.change({ tier });
              careCircle.select({ kind: "facility", i });
              while (!careCircle.state.found) await new Promise((done) => setTimeout(done, 5));
              const { inReach } = careCircle.state.found.circle;
              careCircle.select(null);
              return inReach;
            }""",
            [ids.index(name), TIERS.index(row["tier"])],
        )
        mine = found.facility == position
        least, most = (
            elderly[found.place[mine & (found.minutes <= 15 + slack)]].sum()
            for slack in (-off, off)
        )
        assert least - 0.01 <= reach <= most + 0.01


def test_the_sample_says_that_it_is_synthetic(page):
    assert "合成示例数据" in page.text(".cc-notices")
    page.page.locator("#cc-lang").click()
    assert "Synthetic sample" in page.text(".cc-notices")


@pytest.fixture(scope="module")
def yuzhong_html(yuzhong):
    study = coverage.load_study(
        "yuzhong",
        network__file=yuzhong / "yuzhong-260426.osm.pbf",
        network__osm_cache=yuzhong / "osmnx-cache",
        facilities__file=yuzhong / "facilities-standin.csv",
        areas__file=yuzhong / "subdistricts.geojson",
        notices=("Stand-in facilities 替代设施",),
    )
    return map_html(coverage.run(study))


@pytest.mark.realdata
def test_yuzhong_is_small_and_ready_within_two_seconds(open_map, yuzhong_html):
    assert len(yuzhong_html.encode()) < 3_000_000
    ready = []
    for _ in range(5):
        page = open_map(yuzhong_html)
        ready.append(page.js("() => careCircle.page.readyMs"))
        assert "替代设施" in page.text(".cc-notices")
        page.context.close()
        if ready[-1] < 2_000:
            break
    assert min(ready) < 2_000
