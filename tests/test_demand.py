"""Where people live: spread over homes by floor area, conserved to the last person."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from conftest import CRS, make_network
from coverage.demand import (
    BUILDING,
    FRONTAGE,
    OTHER_LEVELS,
    USUAL_LEVELS,
    inside_only,
    levels,
    spread_over_homes,
)
from coverage.inputs.buildings import read_buildings


def areas_of(*rows):
    frame = pd.DataFrame(rows, columns=["name", "population", "elderly", "geometry"])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=CRS)


def buildings_of(*rows):
    """Rows of x, y, side, kind, levels[, use]."""
    frame = pd.DataFrame(
        {
            "osm_id": [f"way/{n}" for n in range(len(rows))],
            "kind": [row[3] for row in rows],
            "levels": np.array([row[4] for row in rows], dtype=float),
            "use": [len(row) > 5 for row in rows],
            "entrances": None,
        }
    )
    shapes = [shapely.box(x, y, x + side, y + side) for x, y, side, *_ in rows]
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=CRS)


STREET = make_network(
    {0: (0, 0), 1: (100, 0), 2: (1000, 0), 3: (1300, 0)}, [(0, 1), (1, 2), (2, 3)]
)
WEST = shapely.box(-10, -100, 500, 100)
EAST = shapely.box(900, -100, 1400, 100)
NONE = np.nan


def test_people_live_by_floor_area():
    """100 m2 x 6 levels and 400 m2 x 1 level: 600 and 400 m2, so 60 and 40 of 100 people."""
    homes = buildings_of((0, 10, 10, "apartments", 6), (50, 10, 20, "house", 1))
    points, unplaced = spread_over_homes(areas_of(("甲", 100, 25, WEST)), homes, STREET)
    assert points["population"].tolist() == [60, 40]
    assert points["elderly"].tolist() == [15, 10]
    assert points["source"].tolist() == [BUILDING] * 2
    assert points["place"].tolist() == ["甲", "甲"]
    assert unplaced == (0, 0)


def test_schools_and_shops_are_no_homes():
    homes = buildings_of(
        (0, 10, 10, "yes", 1), (20, 10, 10, "school", 5), (40, 10, 10, "yes", 9, "shop"),
        (60, 10, 10, "commercial", 30),
    )  # fmt: skip
    points, _ = spread_over_homes(areas_of(("甲", 7, 3, WEST)), homes, STREET)
    assert points["population"].tolist() == [7]
    assert points["osm_id"].tolist() == ["way/0"]


def test_levels_are_the_median_of_the_kind_else_the_usual():
    tagged = [(20 * n, 0, 10, "apartments", value) for n, value in enumerate((10, 11, 30, 31, 33))]
    homes = buildings_of(
        *tagged, (200, 0, 10, "apartments", NONE), (220, 0, 10, "house", NONE),
        (240, 0, 10, "house", 9), (260, 0, 10, "tulou", NONE),
    )  # fmt: skip
    assert levels(homes)[5:].tolist() == [30, USUAL_LEVELS["house"], 9, OTHER_LEVELS]


def test_an_area_without_homes_uses_its_street_frontage():
    """The east has 100 m and 300 m of street in it, counted by their middles: 1150 lies in it."""
    homes = buildings_of((0, 10, 10, "house", 1))
    areas = areas_of(("西", 10, 2, WEST), ("东", 40, 8, EAST))
    points, unplaced = spread_over_homes(areas, homes, STREET)
    east = points[points["place"] == "东"]
    assert east["source"].tolist() == [FRONTAGE]
    assert east["population"].tolist() == [40]
    assert shapely.get_coordinates(east.geometry).tolist() == [[1150, 0]]
    assert unplaced == (0, 0)


def test_an_area_with_nothing_is_told():
    areas = areas_of(("湖", 12, 5, shapely.box(5000, 5000, 6000, 6000)))
    points, unplaced = spread_over_homes(areas, buildings_of((0, 0, 9, "house", 1)), STREET)
    assert points.empty
    assert unplaced == (12, 5)


def test_people_outside_the_study_area_are_told():
    homes = buildings_of((0, 10, 10, "house", 1), (100, 10, 10, "house", 1))
    points, _ = spread_over_homes(areas_of(("甲", 10, 4, WEST)), homes, STREET)
    demand = inside_only(points, shapely.box(-10, -10, 50, 50), unplaced=(1, 1), assumed="x")
    assert demand.points["population"].sum() == 5
    assert demand.outside == (5, 2)
    assert demand.unplaced == (1, 1)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 480), st.integers(1, 30), st.integers(1, 40)), min_size=1,
             max_size=25),
    st.integers(0, 5000), st.floats(0, 1), st.integers(0, 300),
)  # fmt: skip
def test_totals_are_conserved_exactly(rows, population, share, east):
    elderly = int(population * share)
    homes = buildings_of(*((x, 0, side, "apartments", level) for x, side, level in rows))
    areas = areas_of(("西", population, elderly, WEST), ("东", east, east // 3, EAST))
    points, unplaced = spread_over_homes(areas, homes, STREET)
    totals = points.groupby("place")[["population", "elderly"]].sum()
    for name, people, old in (("西", population, elderly), ("东", east, east // 3)):
        found = (
            totals.loc[name] if name in totals.index else pd.Series({"population": 0, "elderly": 0})
        )
        assert (found["population"], found["elderly"]) == (people, old)
    assert unplaced == (0, 0)
    assert (points["elderly"] <= points["population"]).all()
    assert (points["population"] == points["population"].round()).all()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 100), st.floats(0, 100), st.floats(0, 1e4)), min_size=1, max_size=30
    ),
    st.tuples(st.floats(0, 100), st.floats(0, 100)),
)
def test_cells_that_do_not_align_with_the_study_area_are_all_counted(cells, corner):
    """Cells of a raster lie where they lie: inside and outside add up to all."""
    people = np.array([cell[2] for cell in cells])
    points = gpd.GeoDataFrame(
        {"population": people, "elderly": people / 4},
        geometry=gpd.points_from_xy([c[0] for c in cells], [c[1] for c in cells]), crs=CRS,
    )  # fmt: skip
    demand = inside_only(points, shapely.box(0, 0, *corner))
    assert demand.points["population"].sum() + demand.outside[0] == pytest.approx(
        people.sum(), abs=1e-6
    )
    assert demand.points["elderly"].sum() + demand.outside[1] == pytest.approx(
        people.sum() / 4, abs=1e-6
    )


def test_totals_that_are_no_whole_people_are_shared_as_they_are():
    homes = buildings_of((0, 0, 10, "house", 1), (20, 0, 10, "house", 2))
    points, _ = spread_over_homes(areas_of(("甲", 10.5, 2.1, WEST)), homes, STREET)
    assert_allclose(points["population"], [3.5, 7.0])
    assert_allclose(points["elderly"], [0.7, 1.4])


def test_buildings_are_read_with_levels_uses_and_entrances(tmp_path):
    spots = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (5, 0), 6: (6, 0), 7: (6, 1)}
    nodes = "".join(
        f'<node id="{n}" version="1" lat="{29.5 + y / 1e4}" lon="{106.5 + x / 1e4}">'
        + ('<tag k="entrance" v="main"/></node>' if n == 2 else "</node>")
        for n, (x, y) in spots.items()
    )

    def way(number, refs, **tags):
        inner = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        inner += "".join(f'<tag k="{k.replace("__", ":")}" v="{v}"/>' for k, v in tags.items())
        return f'<way id="{number}" version="1">{inner}</way>'

    body = nodes + way(1, [1, 2, 3, 4, 1], building="apartments", building__levels="12")
    body += way(2, [5, 6, 7, 5], building="yes", shop="mall", building__levels="many")
    body += way(3, [1, 2, 3, 4, 1], building="no")
    path = tmp_path / "b.osm"
    path.write_text(f'<?xml version="1.0"?><osm version="0.6">{body}</osm>', encoding="utf-8")
    found = read_buildings(path)
    assert found["osm_id"].tolist() == ["way/1", "way/2"]
    assert found["levels"].iloc[0] == 12
    assert np.isnan(found["levels"].iloc[1])
    assert found["use"].tolist() == [False, True]
    assert_allclose(shapely.get_coordinates(found["entrances"].iloc[0]), [[106.5001, 29.5]])
    assert found["entrances"].iloc[1] is None


def test_an_outline_that_crosses_itself_is_no_building_and_keeps_its_number(tmp_path):
    """A bow tie, then a square, then a square beyond the bounds."""
    path = tmp_path / "a.osm"
    at = {1: (0, 0), 2: (1, 1), 3: (1, 0), 4: (0, 1), 5: (5, 0), 6: (6, 0), 7: (6, 1), 8: (5, 1)}
    nodes = [f'<node id="{n}" version="1" lon="{x / 1000}" lat="{y / 1000}"/>'
             for n, (x, y) in at.items()]  # fmt: skip
    ways = [(10, (1, 2, 3, 4, 1)), (11, (1, 3, 2, 4, 1)), (12, (5, 6, 7, 8, 5))]
    shapes = [
        f'<way id="{w}" version="1">{"".join(f"""<nd ref="{n}"/>""" for n in refs)}'
        '<tag k="building" v="house"/></way>'
        for w, refs in ways
    ]
    path.write_text(f'<osm version="0.6">{"".join(nodes + shapes)}</osm>', encoding="utf-8")
    assert read_buildings(path)["osm_id"].tolist() == ["way/11", "way/12"]
    near = read_buildings(path, within=shapely.box(-0.001, -0.001, 0.002, 0.002), numbered=True)
    assert near["osm_id"].tolist() == ["way/11"]
    assert near.index.tolist() == [1]
    nowhere = read_buildings(path, within=shapely.box(7, 7, 8, 8))
    assert len(nowhere) == 0


@pytest.mark.realdata
def test_the_buildings_of_yuzhong(yuzhong):
    found = read_buildings(yuzhong / "yuzhong-260426.osm.pbf")
    # All ways and relations of the file with `building`.
    assert len(found) == 2041
    assert found["levels"].notna().sum() > 700
    assert found.is_valid.mean() > 0.99
