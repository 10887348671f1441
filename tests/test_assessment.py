"""Coverage of streets and gaps on a network that a reader can solve by hand."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from conftest import CRS, make_network
from coverage.assessment import (
    OUTSIDE_AREAS,
    areas_coverage,
    coverage_of,
    pieces_by_area,
    pieces_inside,
    streets_coverage,
    with_any_and_all,
)
from coverage.gaps import find_gaps
from coverage.isochrones import street_space
from coverage.nearest import minutes_to_nearest
from coverage.pieces import intersect, subtract, whole
from coverage.reach import reach_of_each
from coverage.snapping import snap

FACILITIES = gpd.GeoDataFrame(
    {"name": ["西站", "东中心"], "tier": ["community", "street"]},
    index=pd.Index(["C1", "S1"], name="id"),
    geometry=gpd.points_from_xy([0, 3000], [0, 0]),
    crs=CRS,
)


@pytest.fixture
def street():
    r"""3 km of one street in three ways; a station at its west end, a centre at its east end.

    C1 ====== 1 ====== 2 ====== S1      810 m are 15 minutes at 0.9 m/s
      0      1000     2000     3000
    """
    network = make_network(
        {0: (0, 0), 1: (1000, 0), 2: (2000, 0), 3: (3000, 0)},
        [(0, 1), (1, 2), (2, 3)],
        names=["甲路", "乙路", "丙路"],
    )
    snapped = snap(
        network, shapely.get_coordinates(FACILITIES.geometry), onto=np.arange(3), limit_m=10
    )
    reach = reach_of_each(network, snapped, np.arange(2), direction="worst", cutoffs_min=(15.0,))
    covered = with_any_and_all(
        {
            "community": reach.within(15.0, np.array([0])),
            "street": reach.within(15.0, np.array([1])),
        }
    )
    minutes = {
        tier: minutes_to_nearest(
            network, snapped, np.array([position]), direction="worst", horizon_min=60
        )
        for position, tier in enumerate(("community", "street"))
    }
    return network, covered, minutes


def test_pieces_are_clipped_at_the_boundary(street):
    network, _, _ = street
    inside = pieces_inside(network, shapely.box(500, -10, 2250, 10))
    assert inside.edge.tolist() == [0, 1, 2]
    assert_allclose(inside.start, [0.5, 0, 0])
    assert_allclose(inside.end, [1, 1, 0.25])


def test_an_edge_that_leaves_and_comes_back_gives_two_pieces(street):
    network, _, _ = street
    hollow = shapely.box(0, -10, 1000, 10) - shapely.box(400, -20, 600, 20)
    inside = pieces_inside(network, hollow)
    assert inside.edge.tolist() == [0, 0]
    assert_allclose(inside.start, [0, 0.6])
    assert_allclose(inside.end, [0.4, 1])


def test_shares_of_the_whole(street):
    network, covered, _ = street
    figures = coverage_of(network, pieces_inside(network, shapely.box(-1, -1, 3001, 1)), covered)
    assert_allclose(figures["street_km"], 3)
    assert_allclose(figures["covered_km_community"], 0.81)
    assert_allclose(figures["share_community"], 0.27)
    assert_allclose(figures["covered_km_any"], 1.62)
    assert figures["covered_km_all"] == 0


def test_no_street_has_no_share(street):
    network, covered, _ = street
    figures = coverage_of(network, pieces_inside(network, shapely.box(0, 50, 10, 60)), covered)
    assert figures["street_km"] == 0
    assert np.isnan(figures["share_any"])


def test_areas_add_up_with_the_rest(street):
    network, covered, _ = street
    areas = gpd.GeoDataFrame(
        index=pd.Index(["西街道", "中街道"], name="area"),
        geometry=[shapely.box(-1, -1, 500, 1), shapely.box(500, -1, 1500, 1)],
        crs=CRS,
    )
    inside = pieces_inside(network, shapely.box(-1, -1, 3001, 1))
    table = areas_coverage(network, pieces_by_area(network, inside, areas), areas, covered)
    assert table.index.tolist() == ["西街道", "中街道", OUTSIDE_AREAS]
    assert_allclose(table["street_km"], [0.5, 1.0, 1.5])
    assert_allclose(table["covered_km_community"], [0.5, 0.31, 0])
    assert_allclose(table["covered_km_any"], [0.5, 0.31, 0.81])
    assert_allclose(table["share_any"], [1, 0.31, 0.54])


CORNERS, SIDES = st.integers(-1, 4), st.integers(1, 5)
BOXES = st.tuples(CORNERS, CORNERS, SIDES, SIDES).map(lambda b: (*b[:2], b[0] + b[2], b[1] + b[3]))


@given(st.lists(BOXES, min_size=1, max_size=6), BOXES)
@settings(max_examples=60, deadline=None)
def test_what_lies_in_several_areas_counts_in_the_first(boxes, study):
    """A grid of 100 m blocks; areas overlap, touch, cut blocks and lie outside one another."""
    nodes = {10 * x + y: (100 * x, 100 * y) for x in range(5) for y in range(5)}
    links = [(n, n + step) for n in nodes for step in (1, 10) if n + step in nodes]
    network = make_network(nodes, links)
    polygons = [shapely.box(*(np.array(box) * 90)) for box in boxes]
    areas = gpd.GeoDataFrame(index=[f"A{k}" for k in range(len(boxes))], geometry=polygons, crs=CRS)
    inside = pieces_inside(network, shapely.box(*(np.array(study) * 100)))
    covered = {"community": whole(np.arange(0, len(links), 2))}
    found = areas_coverage(network, pieces_by_area(network, inside, areas), areas, covered)
    rest = inside
    for name, polygon in areas.geometry.items():
        part = intersect(rest, pieces_inside(network, polygon))
        rest = subtract(rest, part)
        expected = coverage_of(network, part, covered)
        assert_allclose(found.loc[name, list(expected)].astype(float), list(expected.values()))
    assert_allclose(found["street_km"].sum() * 1000, inside.length_m(network.length_m), atol=1.0)


def test_streets_carry_length_minutes_and_share(street):
    network, covered, minutes = street
    inside = pieces_inside(network, shapely.box(-1, -1, 2500, 1))
    table = streets_coverage(network, inside, minutes, covered)
    assert table["name"].tolist() == ["甲路", "乙路", "丙路"]
    assert_allclose(table["length_m"], [1000, 1000, 500])
    assert_allclose(table["covered_community"], [0.81, 0, 0])
    assert_allclose(table["minutes_community"], np.array([500, 1500, 2500]) / 0.9 / 60)
    assert_allclose(shapely.length(table.geometry.to_numpy()), [1000, 1000, 500])


def test_gaps_hold_all_uncovered_street(street):
    network, covered, minutes = street
    boundary = shapely.box(-1, -50, 3001, 50)
    inside = pieces_inside(network, boundary)
    areas = gpd.GeoDataFrame(
        index=pd.Index(["西街道", "东街道"], name="area"),
        geometry=[shapely.box(-1, -50, 1200, 50), shapely.box(1200, -50, 3001, 50)],
        crs=CRS,
    )
    gaps, unlisted_m = find_gaps(
        network, inside, covered["community"], minutes["community"], tier="community", beyond_min=15,
        covered_space=street_space(network.lines_of(covered["community"])),
        boundary=boundary, areas=areas, facilities=FACILITIES,
    )  # fmt: skip
    assert gaps.index.tolist() == ["community-01"]
    gap = gaps.iloc[0]
    assert_allclose(gap["street_m"], 2190)
    assert (gap["area"], gap["nearest_facility"], gap["nearest_name"]) == ("东街道", "C1", "西站")
    assert_allclose(gap["minutes"], 1500 / 0.9 / 60)
    assert unlisted_m == pytest.approx(0)
    # On the street's middle the gap begins where the reached space ends: 810 m and 25 m.
    assert not gap.geometry.contains(shapely.Point(834, 0))
    assert gap.geometry.contains(shapely.Point(836, 0))


def test_a_tiny_gap_is_counted_and_not_listed(street):
    network, covered, minutes = street
    boundary = shapely.box(-1, -50, 900, 50)
    gaps, unlisted_m = find_gaps(
        network, pieces_inside(network, boundary), covered["community"], minutes["community"],
        tier="community", beyond_min=15, covered_space=shapely.Polygon(), boundary=boundary, areas=None,
        facilities=FACILITIES,
    )  # fmt: skip
    assert gaps.empty
    assert_allclose(unlisted_m, 90)


def test_where_no_street_leads_the_nearest_is_as_the_crow_flies():
    network = make_network({0: (0, 0), 1: (500, 0), 2: (0, 100), 3: (500, 100)}, [(0, 1), (2, 3)])
    snapped = snap(network, np.array([[0.0, 0.0]]), onto=np.array([0]), limit_m=10)
    one = np.array([0])
    minutes = minutes_to_nearest(network, snapped, one, direction="worst", horizon_min=60)
    covered = reach_of_each(network, snapped, one, direction="worst", cutoffs_min=(15.0,)).within(
        15.0, one
    )
    boundary = shapely.box(-50, -50, 550, 150)
    gaps, _ = find_gaps(
        network, pieces_inside(network, boundary), covered, minutes, tier="community", beyond_min=15,
        covered_space=shapely.Polygon(), boundary=boundary, areas=None, facilities=FACILITIES,
    )  # fmt: skip
    assert gaps["nearest_facility"].tolist() == ["C1"]
    assert np.isnan(gaps["minutes"].iloc[0])
