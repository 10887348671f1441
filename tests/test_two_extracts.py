"""Two extracts of one town: what is the same street is told by where it is, not by its way.

Metres; (F) a community station, (G) one that is there afterwards only; walked at 0.9 m/s, so that
15 minutes lead 810 m::

    y 600              |                              before: three ways
                       | side                         after: the main street in three ways (one of
    y 0   F--+----+----+------------------------ G    them drawn the other way round), the side
             |   old            main                  street in two, all with other ids and nodes
    y -150  new  lane                                 and 0.3 m further north; the old lane is gone,
          0 100  200  500                    3000     a new lane is there
"""

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from pyproj import Transformer

import coverage
from conftest import CRS, ORIGIN
from coverage.covered_parts import parts_along, parts_read, parts_text
from coverage.difference import compare_runs
from coverage.inputs.finished_run import KEYS
from coverage.pieces import union
from coverage.same_lines import MOVED_M, same_stretches
from coverage.street_changes import streets_of_both
from coverage.study_parts import TIERS

WALK_M = 810.0
DEGREES = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
BEFORE = {
    1: ("main", [(0, 0), (200, 0), (500, 0), (1000, 0), (3000, 0)]),
    2: ("side", [(500, 0), (500, 600)]),
    3: ("old lane", [(200, 0), (200, 100)]),
}
UP = 0.3
AFTER = {
    11: ("main", [(0, UP), (100, UP), (300, UP)]),
    12: ("main", [(300, UP), (500, UP), (700, UP)]),
    13: ("main", [(3000, UP), (2500, UP), (700, UP)]),
    14: ("side", [(500, UP), (500, 250)]),
    15: ("side", [(500, 250), (500, 600 + UP)]),
    16: ("new lane", [(100, UP), (100, -150 + UP)]),
}


def degrees(x, y):
    return DEGREES.transform(ORIGIN[0] + x, ORIGIN[1] + y)


def extract(path, ways):
    places = sorted({place for _, line in ways.values() for place in line})
    number = {place: n + 1 for n, place in enumerate(places)}
    lines = ['<?xml version="1.0"?><osm version="0.6">']
    for place, n in number.items():
        lon, lat = degrees(*place)
        lines.append(f'<node id="{n}" version="1" lat="{lat:.9f}" lon="{lon:.9f}"/>')
    for way, (name, line) in ways.items():
        refs = "".join(f'<nd ref="{number[place]}"/>' for place in line)
        tags = f'<tag k="highway" v="residential"/><tag k="name" v="{name}"/>'
        lines.append(f'<way id="{way}" version="1">{refs}{tags}</way>')
    path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")


def finished(folder, ways, facilities):
    folder.mkdir()
    extract(folder / "streets.osm", ways)
    area = shapely.transform(
        shapely.box(-50, -200, 3050, 650), lambda xy: np.array([degrees(*at) for at in xy])
    )
    gpd.GeoDataFrame(geometry=[area], crs="EPSG:4326").to_file(folder / "boundary.geojson")
    halves = [shapely.box(-50, -200, 1000, 650), shapely.box(1000, -200, 3050, 650)]
    gpd.GeoDataFrame(
        {"name": ["west", "east"]},
        geometry=[
            shapely.transform(half, lambda xy: np.array([degrees(*at) for at in xy]))
            for half in halves
        ],
        crs="EPSG:4326",
    ).to_file(folder / "areas.geojson")
    rows = ["id,name,tier,lon,lat"]
    for name, place in facilities.items():
        lon, lat = degrees(*place)
        rows.append(f"{name},{name},community,{lon:.9f},{lat:.9f}")
    (folder / "facilities.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "study.toml").write_text(
        """name = "two-extracts"
walker = "flat-900"
boundary = "boundary.geojson"
[network]
file = "streets.osm"
margin_m = 0
[facilities]
file = "facilities.csv"
[areas]
file = "areas.geojson"
name_column = "name"
""",
        encoding="utf-8",
    )
    coverage.run(coverage.load_study(folder / "study.toml")).save(folder / "results")
    return folder / "results"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("extracts")
    first, second = {"F": (0, 0)}, {"F": (0, 0), "G": (3000, 0)}
    return {
        "before": finished(folder / "before", BEFORE, first),
        "after": finished(folder / "after", AFTER, first),
        "opened": finished(folder / "opened", AFTER, second),
    }


NEAR_KM = 0.002


def test_cut_renamed_and_moved_streets_neither_gain_nor_lose(runs):
    row = compare_runs(runs["before"], runs["after"]).table.loc["community"]
    # 810 m of main, 310 m of side; 100 m of the old lane before, 150 m of the new one after.
    assert_allclose(row["km_before"], 0.81 + 0.31 + 0.1, atol=NEAR_KM)
    assert_allclose(row["km_after"], 0.81 + 0.31 + 0.15, atol=NEAR_KM)
    assert_allclose(row[["km_gained", "km_lost", "km_redrawn"]].astype(float), 0, atol=NEAR_KM)
    assert_allclose(row["km_new"], 0.15, atol=NEAR_KM)
    assert_allclose(row["km_vanished"], 0.1, atol=NEAR_KM)


def test_the_streets_of_one_extract_only_are_those(runs):
    streets = compare_runs(runs["before"], runs["after"]).streets
    for side, name, metres in (("before", "old lane", 100), ("after", "new lane", 150)):
        other = "after" if side == "before" else "before"
        alone = streets[streets[f"in_{side}"] & ~streets[f"in_{other}"]]
        assert alone["name"].unique().tolist() == [name]
        assert_allclose(alone[f"length_m_{side}"].sum(), metres, atol=1)
    same = streets[streets["in_before"] & streets["in_after"]]
    assert_allclose(same["length_m_before"].sum(), 3600, atol=1)


def test_a_station_that_opens_on_the_other_extract_gains_its_810_m(runs):
    found = compare_runs(runs["before"], runs["opened"])
    row = found.table.loc["community"]
    assert_allclose(row["km_gained"], 0.81, atol=NEAR_KM)
    assert_allclose(row["km_lost"], 0, atol=NEAR_KM)
    streets = found.streets
    gained = streets[
        ~streets["before_community"] & streets["after_community"] & streets["in_before"]
    ]
    west, _, east, _ = gained[gained["length_m_after"] > 5].total_bounds - ORIGIN[0]
    assert_allclose([west, east], [3000 - WALK_M, 3000], atol=1)


def test_street_by_area(runs):
    found = compare_runs(runs["before"], runs["opened"])
    areas = found.areas[found.areas["key"] == "community"].set_index("area")
    assert areas.index.tolist() == ["west", "east"]
    assert_allclose(areas["km_gained"], [0, 0.81], atol=NEAR_KM)
    assert_allclose(areas["km_new"], [0.15, 0], atol=NEAR_KM)
    assert_allclose(areas["km_vanished"], [0.1, 0], atol=NEAR_KM)
    assert_allclose(areas["km_before"], [1.22, 0], atol=NEAR_KM)
    assert areas["gained"].isna().all()


def lines(*given):
    return np.array([shapely.LineString(line) for line in given], dtype=object)


def matched(a, b, ids_a=None, ids_b=None):
    names = [np.array(ids or ["x"] * len(side), dtype=object)
             for ids, side in ((ids_a, a), (ids_b, b))]  # fmt: skip
    return same_stretches(a, b, *names)


def test_a_street_drawn_the_other_way_is_the_same():
    line = [(0, 0), (10, 0), (20, 5)]
    found = matched(lines(line), lines(line[::-1]))
    assert (found.a.tolist(), found.b.tolist()) == ([0], [0])
    assert_allclose([found.a_start, found.a_end, found.b_start, found.b_end], [[0], [1], [1], [0]])


def test_of_two_streets_beside_each_other_each_has_its_own():
    stairs, escalator = [(0, 0), (50, 0)], [(0, 1.5), (50, 1.5)]
    moved = [[(x, y + 0.3) for x, y in line] for line in (escalator, stairs)]
    found = matched(lines(stairs, escalator), lines(*moved))
    assert (found.a.tolist(), found.b.tolist()) == ([0, 1], [1, 0])
    assert_allclose([found.a_start, found.a_end], [[0, 0], [1, 1]])


def test_a_bridge_across_is_another_street_and_so_is_one_further_off():
    street = lines([(0, 0), (100, 0)])
    assert len(matched(street, lines([(50, -50), (50, 50)])).a) == 0
    assert len(matched(street, lines([(0, MOVED_M + 0.1), (100, MOVED_M + 0.1)])).a) == 0


def test_half_a_street_is_half_the_same():
    found = matched(lines([(0, 0), (100, 0)]), lines([(40, 0), (140, 0)]))
    assert_allclose([found.a_start[0], found.a_end[0]], [0.4, 1])
    assert_allclose([found.b_start[0], found.b_end[0]], [0, 0.6])


ENDS = st.lists(st.integers(1, 99), max_size=6, unique=True).map(sorted)


@given(ENDS, ENDS, st.booleans(), st.floats(-0.4, 0.4), st.floats(-0.4, 0.4))
@settings(max_examples=80, deadline=None)
def test_however_a_street_is_cut_all_of_it_is_the_same(cuts_a, cuts_b, turned, dx, dy):
    def cut(cuts, by):
        ends = [0, *cuts, 100]
        at = [shapely.Point(k + by[0], 0.02 * k * k / 2 + by[1]) for k in range(101)]
        return [shapely.LineString(at[low : high + 1]) for low, high in pairwise(ends)]

    a, b = cut(cuts_a, (0, 0)), cut(cuts_b, (dx, dy))
    b = [line.reverse() for line in b] if turned else b
    found = matched(np.array(a, dtype=object), np.array(b, dtype=object))
    for side, line, start, end in (
        (a, found.a, found.a_start, found.a_end), (b, found.b, found.b_start, found.b_end),
    ):  # fmt: skip
        once = union(line, np.minimum(start, end), np.maximum(start, end))
        # All of it, and no part twice.
        assert_allclose(once.length_by_edge_m(np.ones(len(side))), 1, atol=1e-9)
        assert_allclose(np.abs(end - start).sum(), len(side), atol=1e-9)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 99), st.integers(1, 40)), max_size=12))
def test_parts_are_read_as_they_were_written(given):
    edge, start, width = (
        (np.array(column) for column in zip(*given, strict=True))
        if given
        else (np.zeros(0, dtype=int),) * 3
    )
    parts = union(edge, start / 100, (start + width) / 100)
    share = parts.length_by_edge_m(np.ones(4))
    read = parts_read(parts_text(parts, 4), share)
    assert read.edge.tolist() == parts.edge.tolist()
    assert_allclose([read.start, read.end], [parts.start, parts.end], atol=1e-6)


def test_parts_of_a_closed_line_and_of_two_lines():
    ring = shapely.LineString([(0, 0), (10, 0), (10, 10), (0, 10), (0, 0)])
    two = shapely.MultiLineString([[(0, 0), (10, 0)], [(20, 0), (40, 0)]])
    stretches = lines([(0, 0), (0, 5)], [(20, 0), (30, 0)])
    parts = parts_along(np.array([ring, two], dtype=object), np.array([0, 1]), stretches)
    assert parts_text(parts, 2).tolist() == ["0.875-1", "0.333333-0.666667"]


def frame(*rows):
    """Make streets from (line, text of the parts, share), covered by the community tier."""
    columns = {
        "osm_id": 1,
        "name": "s",
        "length_m": [shapely.LineString(r[0]).length for r in rows],
    }
    for tier in TIERS:
        mine = tier == "community"
        columns |= {
            f"minutes_{tier}": 1.0, f"parts_{tier}": [r[1] if mine else "" for r in rows],
            f"covered_{tier}": [r[2] if mine else 0.0 for r in rows],
        }  # fmt: skip
    return gpd.GeoDataFrame(columns, geometry=lines(*(r[0] for r in rows)), crs=CRS)


def test_a_hole_that_moves_gains_at_one_end_and_loses_at_the_other():
    line = [(0, 0), (100, 0)]
    before = frame((line, "0-0.4 0.6-1", 0.8))
    after = frame((line[::-1], "0-0.3 0.5-1", 0.8))
    found = streets_of_both(before, after)
    status = found.sort_values("length_m_before").assign(
        middle=shapely.get_x(shapely.centroid(found.geometry))
    ).sort_values("middle")  # fmt: skip
    # Seen from the west, after: covered to 50 and from 70.
    assert_allclose(status["length_m_before"], [40, 10, 10, 10, 30])
    assert status["before_community"].tolist() == [True, False, False, True, True]
    assert status["after_community"].tolist() == [True, True, False, False, True]
    assert not found[[f"{side}_all" for side in ("before", "after")]].any(axis=None)
    assert found["before_any"].equals(found["before_community"])
    assert set(KEYS) == {*TIERS, "any", "all"}
