"""What if: every change gives what the whole computation on the changed study gives."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import coverage
from conftest import make_network
from coverage.changes import Blocked, Closed, Linked, Opened
from coverage.circle import doors_of, home_minutes, snap_homes
from coverage.cli import main
from coverage.edits import Join, edited
from coverage.errors import UsageError
from coverage.links import find_links
from coverage.network import project
from coverage.repair import repair
from coverage.snapping import snap, snap_facilities, usable_edges
from coverage.standing import ground_after, snap_near, standing
from coverage.study_parts import TIERS
from coverage.whatif import prepared, what_if
from test_people import homes_at

LIMIT_M, HORIZON_MIN = 25.0, 15.0
SECONDS = st.sampled_from([0.0, 3.0, 20.0, 45.5, 100.0, 170.25, np.inf])
SPOT = st.tuples(st.integers(-9, 99), st.integers(-9, 99))


def before_of(network, homes_xy, facility_xy, direction, horizon_min=HORIZON_MIN):
    usable = usable_edges(network)
    points = homes_at(homes_xy)
    places = snap_homes(network, points, limit_m=LIMIT_M)
    snapped = snap(network, facility_xy, onto=usable, limit_m=LIMIT_M)
    links = find_links(network, snapped, places, direction=direction, horizon_min=horizon_min)
    return standing(
        network, doors=doors_of(points, network.crs), facility_xy=facility_xy,
        groups=tuple(np.flatnonzero(np.arange(len(facility_xy)) % 2 == tier) for tier in range(2)),
        links=links, direction=direction, horizon_min=horizon_min, home_limit_m=LIMIT_M,
        facility_limit_m=LIMIT_M,
    )  # fmt: skip


def minutes(points, places, links, tier_of, kept):
    members = {str(t): np.flatnonzero((tier_of == t) & kept) for t in range(2)}
    ids = pd.Index([f"F{k}" for k in range(len(tier_of))])
    return home_minutes(points, places, links, members, {"0": 5.0, "1": 9.0}, ids)


def full(before, points, blocked, joins, facility_xy, tier_of, kept):
    """Compute everything anew on the changed network, as a run does."""
    network = edited(before.network, blocked, joins).network
    usable = usable_edges(network)
    places = snap_homes(network, points, limit_m=LIMIT_M)
    snapped = snap(network, facility_xy, onto=usable, limit_m=LIMIT_M)
    links = find_links(
        network, snapped, places, direction=before.direction, horizon_min=before.horizon_min
    )
    return minutes(points, places, links, tier_of, kept)


def repaired(before, points, blocked, joins, opened_xy, closed, tier_of, kept):
    ground = ground_after(before, blocked, joins)
    opened = snap_near(ground.patched, opened_xy, onto=ground.stands, limit_m=LIMIT_M)
    after = repair(before, ground, opened, closed)
    whole = minutes(points, before.places, before.links, tier_of, np.ones_like(kept))
    some = minutes(points.iloc[after.homes], after.places, after.links, tier_of, kept)
    for name in some.columns:
        values = whole[name].to_numpy().copy()
        values[after.homes] = some[name].to_numpy()
        whole[name] = values
    return whole


def same(one, other):
    for tier in "01":
        for key in ("minutes", "to", "back"):
            a, b = one[f"{key}_{tier}"].to_numpy(), other[f"{key}_{tier}"].to_numpy()
            assert_array_equal(np.isnan(a), np.isnan(b))
            assert_allclose(a, b, rtol=0, atol=1e-9)
        assert_array_equal(one[f"covered_{tier}"], other[f"covered_{tier}"])
    assert_array_equal(one["snapped"], other["snapped"])
    assert_allclose(one["snap_m"], other["snap_m"], atol=1e-9)


@st.composite
def cases(draw):
    """A board of streets with parallels, one-ways, dead ends and islands; and what changes."""
    count = draw(st.integers(3, 10))
    spots = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)),
                          min_size=count, max_size=count))  # fmt: skip
    # A long street, so that large components count as real and islands do not.
    nodes = {n: (10.0 * x, 10.0 * y) for n, (x, y) in enumerate(spots)}
    nodes |= {100: (0.0, 120.0), 101: (400.0 * draw(st.integers(0, 2)), 120.0), 102: (50.0, 50.0)}
    node = st.sampled_from(sorted(nodes))
    edges = draw(st.lists(st.tuples(node, node, SECONDS, SECONDS), min_size=2, max_size=18))
    network = make_network(nodes, [(100, 101, 300.0, 300.0), *edges])
    total = len(edges) + 1
    blocked = np.unique(draw(st.lists(st.integers(0, total - 1), max_size=3))).astype(np.int64)
    fraction = st.sampled_from([0.0, 0.25, 0.5, 1.0])
    edge = st.integers(0, total - 1)
    joins = [
        Join((a, b), (p, q), kind, length)
        for a, b, p, q, kind, length in draw(
            st.lists(
                st.tuples(edge, edge, fraction, fraction,
                          st.sampled_from(["lift", "escalator", "bridge", "footway"]),
                          st.sampled_from([None, 700.0])),
                max_size=2,
            )
        )
    ]  # fmt: skip
    homes = draw(st.lists(SPOT, min_size=1, max_size=5))
    here = draw(st.lists(SPOT, min_size=1, max_size=4))
    opened = draw(st.lists(SPOT, max_size=2))
    closed = np.unique(draw(st.lists(st.integers(0, len(here) - 1), max_size=2))).astype(np.int64)
    return network, blocked, joins, homes, here, opened, closed


@settings(max_examples=60, deadline=None)
@given(cases(), st.sampled_from(["to", "back", "worst"]), st.sampled_from([1.0, 4.0, 15.0]))
def test_a_repair_gives_what_the_whole_computation_gives(case, direction, horizon_min):
    network, blocked, joins, homes, here, opened, closed = case
    here, opened = (np.array(xy, dtype=float).reshape(-1, 2) for xy in (here, opened))
    before = before_of(network, homes, here, direction, horizon_min)
    tier_of = np.arange(len(here) + len(opened)) % 2
    kept = np.ones(len(tier_of), dtype=bool)
    kept[closed] = False
    change = (homes_at(homes), blocked, joins)
    same(
        repaired(before, *change, opened, closed, tier_of, kept),
        full(before, *change, np.vstack([here, opened]), tier_of, kept),
    )


# ---- end to end ----


@pytest.fixture(scope="module")
def sample():
    return coverage.run("sample")


def place_of(result, home):
    point = result.people.homes.geometry.centroid.to_crs("EPSG:4326").iloc[home]
    return (round(point.x, 6), round(point.y, 6))


def with_other_facilities(result, folder, change):
    """Run the study anew with a changed facility file."""
    table = result.inputs.facilities.to_crs("EPSG:4326")
    table = pd.DataFrame(
        {
            "id": table.index, "name": table["name"], "tier": table["tier"],
            "lon": table.geometry.x, "lat": table.geometry.y,
        }
    )  # fmt: skip
    path = folder / "facilities.csv"
    change(table).to_csv(path, index=False)
    study = result.study
    part = study.facilities.model_copy(update={"file": path, "datum": "wgs84"})
    return coverage.run(study.model_copy(update={"facilities": part}))


def same_homes(found, whole):
    for tier in TIERS:
        mine, theirs = (one[f"minutes_{tier}"].to_numpy() for one in (found.homes, whole))
        assert_array_equal(np.isnan(mine), np.isnan(theirs))
        # The position went through a file in degrees and back.
        assert_allclose(mine, theirs, rtol=0, atol=1e-6)
        assert_array_equal(found.homes[f"covered_{tier}"], whole[f"covered_{tier}"])
        assert_array_equal(found.homes[f"nearest_{tier}"], whole[f"nearest_{tier}"])


def test_opening_and_closing_equal_a_run_with_another_file(sample, tmp_path):
    lon, lat = place_of(sample, 40)
    closes = str(sample.facilities.index[0])

    def change(table):
        new = {"id": "new-1", "name": "new", "tier": "street", "lon": lon, "lat": lat}
        return pd.concat([table[table["id"] != closes], pd.DataFrame([new])])

    found = sample.with_facility((lon, lat), tier="street").without(closes)
    whole = with_other_facilities(sample, tmp_path, change).people
    same_homes(found, whole.homes)
    for key in (*TIERS, "any", "all"):
        row = found.figures.loc[key]
        assert row["before"] == pytest.approx(sample.people.figures[f"elderly_{key}"])
        assert row["after"] == pytest.approx(whole.figures[f"elderly_{key}"])
        assert row["after"] == pytest.approx(row["before"] + row["gained"] - row["lost"])
    assert found.figures.loc["street", "gained"] > 0
    areas = found.by_area
    for key in (*TIERS, "any", "all"):
        for name in found.figures.columns:
            assert areas[f"{key}_{name}"].sum() == pytest.approx(found.figures.loc[key, name])


def network_after(result, changed):
    """Return the whole changed network."""
    network = result.network
    ids = [change.osm_id for change in changed.changes if isinstance(change, Blocked)]
    blocked = np.flatnonzero(network.ways.index.isin(ids)[network.way])
    closed = edited(network, blocked, []).network
    limit_m = result.study.population.snap_limit_m
    joins = []
    for link in (change for change in changed.changes if isinstance(change, Linked)):
        xy = project(np.array([link.start, link.end]), network.crs)
        ends = snap(closed, xy, onto=usable_edges(closed), limit_m=limit_m)
        joins.append(Join(tuple(ends.edge), tuple(ends.fraction), link.kind, link.length_m))
    return edited(network, blocked, joins).network


def equals_the_whole(result, changed):
    """Compare with everything computed anew on the changed network."""
    study, people = result.study, result.people
    before = prepared(result, people)
    after = network_after(result, changed)
    places = snap_homes(after, people.demand.points, limit_m=before.home_limit_m)
    snapped = snap_facilities(study, after, result.inputs.facilities)
    links = find_links(
        after, snapped, places, direction=study.direction, horizon_min=study.horizon_min
    )
    tiers = {t: np.flatnonzero((result.facilities["tier"] == t).to_numpy()) for t in TIERS}
    thresholds = {name: tier.threshold_min for name, tier in study.tiers}
    homes = home_minutes(
        people.demand.points, places, links, tiers, thresholds, result.facilities.index
    )
    for tier in TIERS:
        mine, theirs = (one[f"minutes_{tier}"].to_numpy() for one in (changed.homes, homes))
        assert_array_equal(np.isnan(mine), np.isnan(theirs))
        assert_allclose(mine, theirs, rtol=0, atol=1e-9)
        assert_array_equal(changed.homes[f"covered_{tier}"], homes[f"covered_{tier}"])


def test_closing_ways_and_building_links_equal_the_whole_computation(sample):
    here, there = place_of(sample, 10), place_of(sample, 60)
    network = sample.network
    busiest = np.argsort(-np.bincount(network.way, minlength=len(network.ways)))
    way = int(network.ways.index[busiest[0]])
    for found in (
        sample.without_way(way),
        sample.with_link(here, there),
        sample.with_link(here, there, "bridge").without_way(way),
    ):
        equals_the_whole(sample, found)
    lost = sample.without_way(way)
    assert (lost.figures["gained"] == 0).all()
    assert (lost.homes["change_community"] == "gained").sum() == 0


KINDS = [("lift",), ("bridge",), ("escalator", "lift"), ("bridge", "footway"),
         ("footway", "lift", "bridge"), ("escalator", "bridge", "lift")]  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_several_random_changes_equal_the_whole_computation(sample, seed):
    chance = np.random.default_rng(seed)
    network, count = sample.network, len(sample.people.homes)
    homes = chance.integers(0, count, 3)
    ways = np.unique(network.way[chance.integers(0, len(network.way), seed % 3)])
    changes = [Blocked(int(network.ways.index[way])) for way in ways]
    for home, kind in zip(homes, KINDS[seed], strict=False):
        lon, lat = place_of(sample, home)
        east, north = chance.normal(0, 0.002, 2)
        changes.append(Linked((lon, lat), (lon + east, lat + north), kind))
    equals_the_whole(sample, what_if(sample, changes))


def test_a_bridge_takes_nobody_from_their_street(sample):
    """Not even one whose ramps make it long: no door opens onto it, and no walk must cross it."""
    for length_m in (None, 900.0, 5000.0):
        found = sample.with_link(
            place_of(sample, 40), place_of(sample, 60), "bridge", length_m=length_m
        )
        assert (found.figures["lost"] == 0).all()
        assert_allclose(found.homes["snap_m"], sample.people.homes["snap_m"], atol=1e-6)


def test_a_longer_link_wins_less(sample):
    homes = sample.people.homes
    minutes = homes["minutes_street"].to_numpy(float)
    near = int(np.nanargmin(minutes))
    straight_m = homes.geometry.distance(homes.geometry.iloc[near]).to_numpy()
    far = int(np.nanargmax(minutes - straight_m / 54))
    ends = place_of(sample, far), place_of(sample, near)
    straight, longer, longest = (
        sample.with_link(*ends, "bridge", length_m=length_m).homes["minutes_street"].iloc[far]
        for length_m in (None, straight_m[far] + 100, 30000.0)
    )
    assert straight < longer < longest
    assert longest == pytest.approx(minutes[far])


def test_a_change_is_shown_and_chained(sample):
    found = sample.with_facility(place_of(sample, 40)).without_way(
        int(sample.network.ways.index[3])
    )
    assert len(found.changes) == 2
    html = found._repr_html_()
    assert "Gained" in html
    assert "block way" in html
    assert "2 changes" in repr(found)


def test_everything_wrong_is_told_at_once(sample):
    first = str(sample.facilities.index[0])
    here = place_of(sample, 40)
    with pytest.raises(UsageError) as caught:
        what_if(
            sample,
            [
                Closed(first + "x"), Closed(first), Closed(first), Blocked(-77),
                Opened((0.0, 0.0)), Opened(here, "palace"), Opened((float("nan"), 1.0)),
                Linked(here, here), Linked(here, (0.0, 0.0)), Linked(here, here, "tunnel"),
                Opened(here[::-1]), Opened((here[0] + 1, here[1])), Opened(here), Opened(here),
                Linked(here, place_of(sample, 60), "bridge", 3.0),
                Linked(here, place_of(sample, 60), "bridge", float("nan")),
            ],
        )  # fmt: skip
    told = str(caught.value)
    for part in (
        f"no facility '{first}x'", f"Is it {first}", f"close {first}: asked for 2 times",
        "No way -77", "no street within", "none of the tiers", "that is no place",
        "both ends are one place", "of its end", "none of lift, escalator, bridge, footway",
        "latitude, longitude? Give longitude first", "km outside the network",
        "is less than the", "that is no length",
    ):  # fmt: skip
        assert part in told


def test_the_command_prints_and_writes(sample, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lon, lat = place_of(sample, 40)
    asked = ["whatif", "sample", "--add", f"{lon},{lat},街道", "--out", str(tmp_path), "-q",
             "--close", str(sample.facilities.index[0])]  # fmt: skip
    answer = CliRunner().invoke(main, asked)
    assert answer.exit_code == 0, answer.output
    assert "gained" in answer.output
    assert "street" in answer.output
    assert "Kilometres of street" in answer.output
    homes = pd.read_csv(tmp_path / "whatif.csv")
    found = sample.with_facility((lon, lat), "street").without(str(sample.facilities.index[0]))
    assert len(homes) == len(found.changed)
    gained = homes.loc[homes["change_street"] == "gained", "elderly"].sum()
    assert gained == pytest.approx(found.figures.loc["street", "gained"], abs=0.1)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "Nothing changes"),
        (["--add", "1,2"], "--add takes LON,LAT,TIER"),
        (["--add-lift", "1,2,3,x"], "not all numbers"),
        (["--add-link", "1,2,3,4,5,6", "--add", "1"], "--add-link takes LON,LAT,LON,LAT[,METRES]"),
    ],
)
def test_the_command_refuses_what_it_cannot_read(options, told):
    answer = CliRunner().invoke(main, ["whatif", "sample", *options])
    assert answer.exit_code == 2
    assert told in answer.output


@pytest.mark.realdata
def test_real_yuzhong(yuzhong, tmp_path):
    areas = gpd.read_file(yuzhong / "subdistricts.geojson")
    assumed = areas.assign(population=40_000.0, elderly=8_000.0, name=areas["subdistrict"])
    assumed.to_file(tmp_path / "people.geojson", driver="GeoJSON")
    (tmp_path / "study.toml").write_text(
        f"""name = "yz"
[network]
file = "{yuzhong}/yuzhong-260426.osm.pbf"
[facilities]
file = "{yuzhong}/facilities-standin.csv"
[areas]
file = "{yuzhong}/subdistricts.geojson"
name_column = "subdistrict"
[elevation]
file = "{yuzhong}/dem-srtm30-utm48n.tif"
[population]
file = "people.geojson"
""",
        encoding="utf-8",
    )
    real = coverage.run(tmp_path / "study.toml")
    here, there = place_of(real, 100), place_of(real, 130)
    ways = [int(real.network.ways.index[k]) for k in (10, 500, 1500)]
    for found in (
        *(real.without_way(way) for way in ways),
        real.with_link(here, there),
        real.with_link(here, there, "bridge").without_way(ways[0]).without_way(ways[1]),
    ):
        equals_the_whole(real, found)
