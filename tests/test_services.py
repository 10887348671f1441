"""Services: how lists name them, and coverage, gaps and people by service as by tier."""

import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import coverage
from conftest import CRS, make_network
from coverage.assessment import with_any_and_all
from coverage.by_service import WHOLE, assess_services, services_summary, services_warnings
from coverage.causes import CAUSES
from coverage.circle import snap_homes
from coverage.demand import Demand
from coverage.errors import InputError
from coverage.groups import groups_of, service_groups
from coverage.inputs.facilities import read_facilities
from coverage.inputs.facilities_osm import Found, facilities_of
from coverage.outputs.layers import layers_of
from coverage.outputs.qgis_styles import layer_styles
from coverage.outputs.report_page import report_html
from coverage.outputs.tables import tables
from coverage.outputs.warning_words import warning_zh
from coverage.people import assess_people
from coverage.pieces import whole
from coverage.proposals import propose
from coverage.reach import reach_of_each
from coverage.service_kinds import SERVICE_NAMES_EN, SERVICE_NAMES_ZH, SERVICES, read_services
from coverage.study import study_from_toml
from coverage.study_parts import TIERS, SitingPart
from coverage.where_next import nobody_yet
from test_people import homes_at
from test_reach import snap_all

TOML = 'name = "a"\nplace = "X"\n[facilities]\nfile = "f.csv"\n'


# ---- names ----


@pytest.mark.parametrize("between", [";", "；", "、", ",", "，", "/", "|", " ; ", "\n", "／"])
def test_several_services_in_one_cell(between):
    assert read_services(between.join(["Rehab", "助餐", "DAY-CARE", "老年食堂"])) == (
        ("day_care", "dining", "rehab"), [],
    )  # fmt: skip


def test_every_name_is_read_and_what_is_unknown_is_told():
    for name in SERVICES:
        for word in (name, name.upper(), SERVICE_NAMES_ZH[name], SERVICE_NAMES_EN[name]):
            assert read_services(word) == ((name,), [])
    assert read_services("") == ((), [])
    assert read_services('["dining", "理发"]') == (("dining",), ["理发"])


@pytest.mark.parametrize("header", ["services", "服务", "服务内容"])
@pytest.mark.parametrize("ending", ["csv", "xlsx", "geojson", "gpkg"])
def test_files_of_every_kind(tmp_path, header, ending):
    rows = pd.DataFrame(
        {"id": ["A", "B"], "name": ["甲", "乙"], "tier": "street", header: ["助餐、康复", ""]}
    )
    path = tmp_path / f"f.{ending}"
    degrees = {"lon": [106.5, 106.6], "lat": [29.5, 29.6]}
    if ending == "csv":
        rows.assign(**degrees).to_csv(path, index=False)
    elif ending == "xlsx":
        table = rows.assign(**degrees)
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            for row, values in enumerate([list(table), *table.to_numpy().tolist()]):
                sheet.write_row(row, 0, values)
    else:
        points = gpd.points_from_xy(degrees["lon"], degrees["lat"], crs="EPSG:4326")
        gpd.GeoDataFrame(rows, geometry=points).to_file(path)
    assert read_facilities(path)["services"].tolist() == ["dining;rehab", ""]


def test_an_unknown_service_names_its_row_and_what_is_accepted(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text(
        "name,tier,lon,lat,services\n甲,street,106.5,29.5,dinning;理发\n乙,street,106.5,29.6,美容\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        read_facilities(path)
    said = str(caught.value)
    assert "row 2, column services" in said
    assert "row 3, column services" in said
    assert "'dinning', '理发' are not services" in said
    assert "dining 助餐" in said


def test_tags_say_services():
    from shapely import Point, box

    tags = {"amenity": "social_facility", "social_facility:for": "senior"}
    found = [
        Found("node/1", {**tags, "social_facility": "day_care"}, Point(0, 0)),
        Found("node/2", {**tags, "social_facility": "outreach"}, Point(0, 0)),
        Found("node/3", {"amenity": "nursing_home", "healthcare": "rehabilitation"}, Point(0, 0)),
    ]
    table = facilities_of(found, box(-1, -1, 1, 1))
    assert table["services"].tolist() == ["day_care", "", "nursing;rehab"]


def test_a_study_names_services_and_unknown_ones_are_refused():
    study = study_from_toml(TOML + "[services.dining]\nthreshold_min = 12\n")
    assert study.service_threshold_min["dining"] == 12
    assert study.service_threshold_min["rehab"] == 15
    assert study.cutoffs_min == (5, 10, 12, 15)
    assert study_from_toml(study.to_toml()).services == study.services
    with pytest.raises(InputError, match="Did you mean 'dining'"):
        study_from_toml(TOML + "[services.dinning]\nthreshold_min = 10\n")
    nobody = gpd.GeoDataFrame({"tier": ["street"]})
    groups = groups_of(nobody, study)
    assert list(groups) == ["community", "street", "district", "dining"]
    assert [len(members) for members in groups.values()] == [0, 1, 0, 0]


# ---- the whole run, on the sample ----


def with_services(folder, offered, more=""):
    """Return the sample with services by `offered(row)`."""
    study = coverage.load_study("sample", raw=folder)
    path = study.path(study.facilities.file)
    rows = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    rows["services"] = [offered(row) for _, row in rows.iterrows()]
    rows.to_csv(path, index=False)
    text = (study.base / "study.toml").read_text(encoding="utf-8") + more
    return study_from_toml(text, base=study.base)


@pytest.fixture(scope="module")
def by_tier(tmp_path_factory):
    """Every street centre nurses, every community station dines, districts say nothing."""
    said = {"street": "护理", "community": "dining"}
    return coverage.run(
        with_services(tmp_path_factory.mktemp("tiers"), lambda row: said.get(row["tier"], ""))
    )


@pytest.mark.parametrize(("service", "tier"), [("nursing", "street"), ("dining", "community")])
def test_a_service_of_a_whole_tier_has_the_tiers_figures(by_tier, service, tier):
    figures, people = by_tier.summary, by_tier.people
    found = figures["services"][service]
    assert found["facilities"] == figures["facilities"][tier]
    assert found["covered_km"] == figures["coverage"][tier]["covered_km"]
    assert found["share"] == figures["coverage"][tier]["share"]
    assert found["elderly"] == figures["people"][f"elderly_{tier}"]
    assert found["share_elderly"] == figures["people"][f"share_elderly_{tier}"]
    assert found["minutes_median"] == figures["people"][f"minutes_median_{tier}"]
    assert found["uncovered_by_cause"] == figures["people"]["uncovered_by_cause"][tier]
    assert found["gaps"] == figures["gaps"][tier]["count"]
    table = by_tier.services.table
    own = table[(table["service"] == service) & (table["area"] != WHOLE)].set_index("area")
    assert_allclose(own["covered_km"], by_tier.areas[f"covered_km_{tier}"][own.index], rtol=0)
    assert_allclose(own["elderly_covered"], by_tier.areas[f"elderly_{tier}"][own.index], rtol=0)
    gaps = by_tier.gaps[by_tier.gaps["tier"] == tier].reset_index(drop=True)
    same = by_tier.services.gaps[by_tier.services.gaps["service"] == service]
    pd.testing.assert_frame_equal(
        gaps.drop(columns="tier"), same.reset_index(drop=True).drop(columns="service")
    )
    homes = by_tier.services.homes
    assert (homes[f"cause_{service}"] == people.homes[f"cause_{tier}"]).all()


def test_head_counts_are_conserved_by_service(by_tier):
    services, elderly = by_tier.services, by_tier.people.homes["elderly"].sum()
    for name, own in services.table.groupby("service"):
        whole, rest = own[own["area"] == WHOLE].iloc[0], own[own["area"] != WHOLE]
        assert_allclose(rest["elderly"].sum(), elderly)
        assert_allclose(rest["elderly_covered"].sum(), whole["elderly_covered"])
        assert_allclose(whole["elderly_covered"] + sum(services.causes[name].values()), elderly)
        listed = services.gaps.loc[services.gaps["service"] == name, "elderly"].sum()
        assert_allclose(whole["elderly_covered"] + listed + services.unlisted[name][0], elderly)


def test_what_is_written_and_said(by_tier):
    assert any("say nothing of their services" in w for w in by_tier.summary["warnings"])
    written = tables(by_tier)
    assert list(written)[-2:] == ["services", "service_gaps"]
    assert set(by_tier.facilities["services"]) == {"nursing", "dining", ""}
    layers = layers_of(by_tier)
    assert "minutes_dining" in layers["demand"]
    styles = layer_styles(by_tier, layers, "2000-01-01T00:00:00.000Z")
    assert "service_gaps" in set(styles["f_table_name"])


def test_without_services_nothing_is_said_of_them(tmp_path):
    result = coverage.run(with_services(tmp_path, lambda _: ""))
    assert result.services is None
    assert "services" not in result.summary
    assert "services" not in result.facilities
    assert "service_gaps" not in layers_of(result)
    assert "services" not in tables(result)


@settings(max_examples=50)
@given(st.lists(st.sets(st.sampled_from(SERVICES)), min_size=1, max_size=6), st.data())
def test_a_service_more_never_takes_a_member_from_any(offered, data):
    def groups():
        said = [";".join(name for name in SERVICES if name in own) for own in offered]
        return service_groups(gpd.GeoDataFrame({"services": said}))

    before = groups()
    place = data.draw(st.integers(0, len(offered) - 1))
    offered[place] = offered[place] | {data.draw(st.sampled_from(SERVICES))}
    after = groups()
    assert all(np.isin(members, after[name]).all() for name, members in before.items())


def test_a_street_that_is_solved_by_hand():
    r"""Two facilities, one service each, at the ends of 3 km; homes at 100 m, 1,500 m, 2,900 m.

    dining D--h1(10)--------h2(20)--------h3(30)--R rehab

    At 0.9 m/s ten minutes are 540 m and fifteen are 810 m.
    """
    network = make_network({0: (0, 0), 1: (3000, 0)}, [(0, 1)])
    snapped = snap_all(network, [(0, 0), (3000, 0)])
    facilities = gpd.GeoDataFrame(
        {"name": ["D", "R"], "tier": "street", "capacity": np.nan, "services": ["dining", "rehab"]},
        index=["D", "R"], geometry=gpd.points_from_xy([0, 3000], [0, 0]), crs=CRS,
    )  # fmt: skip
    study = study_from_toml(TOML + "[services.dining]\nthreshold_min = 10\n")
    reach = reach_of_each(
        network, snapped, np.arange(2), direction="worst", cutoffs_min=study.cutoffs_min
    )
    inside, homes = whole(np.arange(len(network.tail))), homes_at(
        [(100, 0), (1500, 0), (2900, 0)], elderly=[10, 20, 30]
    )  # fmt: skip
    covered = with_any_and_all({t: reach.within(15, np.arange(2)) for t in TIERS})
    people = assess_people(
        study, network, Demand(homes, (0.0, 0.0), (0.0, 0.0), ""), facilities, snapped,
        snap_homes(network, homes, limit_m=300), inside=inside, covered=covered, areas=None,
        zones=None,
    )  # fmt: skip
    found = services_summary(
        assess_services(
            study,
            network,
            facilities,
            snapped,
            reach,
            people,
            inside=inside,
            parts={},
            boundary=None,
            areas=None,
        )
    )
    assert_allclose([found[s]["covered_km"] for s in ("dining", "rehab")], [0.54, 0.81])
    assert_allclose([found[s]["share"] for s in ("dining", "rehab")], [0.18, 0.27])
    assert [found[s]["elderly"] for s in ("dining", "rehab")] == [10, 30]
    assert_allclose(
        [found[s]["share_elderly"] for s in ("dining", "rehab")], [1 / 6, 1 / 2], atol=1e-6
    )
    # Of 60 people half live within 1,500 m of the first and 100 m of the second.
    assert_allclose(
        [found[s]["minutes_median"] * 54 for s in ("dining", "rehab")], [1500, 100], rtol=1e-6
    )
    # Homes as far apart as these are one contiguous area, as cells of a coarse raster are.
    assert [found[s]["gaps"] for s in ("dining", "rehab")] == [1, 1]


# ---- the report ----


def shown_rows(page, name):
    """Return the rows of one of the report's tables, as lists of what each cell says in Chinese."""
    body = page.split(f'aria-labelledby="table-{name}"><thead>')[1].split("</table>")[0]
    return [
        [re.sub(r'<span lang="en">.*?</span>|<[^>]+>', "", part) for part in row.split("</td>")]
        for row in body.split("<tbody>")[1].split("</tr>")[:-1]
    ]


def test_the_report_says_what_each_service_covers_and_lacks(by_tier):
    page = report_html(by_tier)
    assert "各项服务" in page
    assert "Service by service" in page
    said = re.sub(r"<[^>]+>", "", page)
    everybody, silent = len(by_tier.facilities), by_tier.services.silent
    assert f"{everybody} 处设施中有 {silent} 处未填服务内容，按不提供任何服务计" in said
    found = by_tier.summary["services"]
    rows = shown_rows(page, "services")
    order = sorted(found, key=lambda name: found[name]["share_elderly"])
    for row, name in zip(rows, order, strict=True):
        own = found[name]
        gaps = by_tier.services.gaps[by_tier.services.gaps["service"] == name]
        largest = gaps.loc[gaps["elderly"].idxmax()]
        assert row[0] == f"{SERVICE_NAMES_ZH[name]}{own['facilities']}"
        assert row[1:3] == ["15", f"{own['elderly']:,.0f}"]
        assert row[3].startswith(f"{own['share_elderly']:.0%}"[:2])
        assert row[5] == str(own["gaps"])
        assert row[6] == (
            f"{largest['area']}：{largest['elderly']:,.0f} 名，{CAUSES[largest['cause']]}"
        )
    assert len(shown_rows(page, "services-by-area")) == len(by_tier.areas)


def test_what_a_study_names_and_nobody_offers_is_a_row_of_nothing(tmp_path):
    said = {"street": "护理"}
    result = coverage.run(
        with_services(
            tmp_path,
            lambda row: said.get(row["tier"], ""),
            "\n[services.rehab]\nthreshold_min = 10\n",
        )
    )
    warned = "services: no facility offers rehab"
    assert warned in result.summary["warnings"]
    assert warning_zh(warned) == "服务：没有设施提供“康复”"
    first = shown_rows(report_html(result), "services")[0]
    assert first == ["康复0", "10", "0", "0%", "—", "—", "没有设施提供", ""]


def test_every_warning_of_services_has_its_chinese(by_tier):
    study = study_from_toml(TOML + "".join(f"[services.{name}]\n" for name in SERVICES))
    warnings = [
        *services_warnings(by_tier.services, study, 24),
        *services_warnings(None, study, 24),
        *(f"siting: {nobody_yet(name, 0)}" for name in SERVICES),
    ]
    assert len(warnings) == 1 + 4 + 6 + 6
    for warning in warnings:
        chinese = warning_zh(warning)
        assert re.fullmatch("[\u3000-\u303f\u3400-\u9fff\uff00-\uffef“”\\d ]+", chinese), chinese
    places = by_tier.inputs.candidates.assign(fits=[("street",)] * len(by_tier.inputs.candidates))
    with pytest.raises(InputError) as caught:
        propose(by_tier, asked=SitingPart(service="rehab"), candidates=places.to_crs(CRS))
    assert warning_zh(f"siting: {caught.value}") == (
        "选址：没有一处备选点可用来提供“康复”；请核对其位置，并在 fits 列中写明该服务，或留空"
    )
