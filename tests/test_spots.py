"""Spots in polygons, against asking each polygon about each spot."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from coverage import spots
from coverage.spots import spots_of


def one_by_one(polygons, xy):
    pairs = shapely.contains_xy(polygons[:, None], xy[:, 0], xy[:, 1])
    return set(zip(*map(np.ndarray.tolist, np.nonzero(pairs)), strict=True))


def looked_up(polygons, xy):
    polygon, spot = spots_of(xy).within(polygons)
    pairs = list(zip(polygon.tolist(), spot.tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
    return set(pairs)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 60), st.integers(0, 12), st.sampled_from([1.0, 50.0, 4000.0]),
    st.sampled_from([0.0, 1.0, 300.0]), st.integers(0, 10**6),
)  # fmt: skip
def test_spots_lie_in_the_polygons_that_contain_them(count, polygons, size_m, high_m, seed):
    draw = np.random.default_rng(seed)
    # Whole metres, so that some lie on rims, and on the lines of the grid.
    xy = np.round(draw.random((count, 2)) * [size_m, high_m]) - 100
    middles = shapely.points(draw.random((polygons, 2)) * [size_m, high_m] - 100)
    shapes = shapely.buffer(middles, draw.random(polygons) * size_m, quad_segs=1)
    shapes[draw.random(polygons) < 0.2] = shapely.Polygon()
    shapes = np.asarray(shapes)
    assert looked_up(shapes, xy) == one_by_one(shapes, xy)


def test_polygons_far_from_every_spot_and_around_them_all():
    xy = np.array([[0.0, 0.0], [10.0, 5.0], [20.0, 0.0]])
    around, east = shapely.box(-1e6, -1e6, 1e6, 1e6), shapely.box(1e5, 0, 1e5 + 9, 9)
    west = shapely.box(-1e5 - 9, -9, -1e5, 9)
    assert looked_up(np.array([east, around, west]), xy) == {(1, 0), (1, 1), (1, 2)}


def test_a_few_at_once_are_the_same():
    draw = np.random.default_rng(1)
    xy = draw.random((500, 2)) * 1000
    shapes = shapely.buffer(shapely.points(draw.random((40, 2)) * 1000), 120.0)
    at_once = looked_up(shapes, xy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spots, "_PAIRS_AT_ONCE", 7)
        assert looked_up(shapes, xy) == at_once == one_by_one(shapes, xy)
    assert_array_equal(np.sort(spots_of(xy).order), np.arange(500))
