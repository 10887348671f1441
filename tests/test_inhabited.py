"""Areas that homes make up: equal to the union of all discs, closed."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from coverage.inhabited import NEIGHBOURS_M, inhabited_areas, union_of_discs


def all_discs(places: np.ndarray, radius_m: float) -> shapely.Geometry:
    return shapely.union_all(shapely.buffer(shapely.points(places), radius_m, quad_segs=4))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.sampled_from([200, 800, 3000]), st.integers(0, 10**6), st.booleans())
def test_the_union_is_that_of_all_discs(count, size_m, seed, on_grid):
    places = np.random.default_rng(seed).random((count, 2)) * size_m
    if on_grid:
        places = np.round(places / 40) * 40
    places = np.unique(places, axis=0)
    found = union_of_discs(places, 90.0)
    assert found.is_valid
    difference = shapely.symmetric_difference(found, all_discs(places, 90.0))
    assert difference.area == pytest.approx(0, abs=1e-4)


def test_a_hole_within_a_ring_of_homes_stays():
    """24 homes 50 m apart on a circle of 191 m: discs of 90 m leave its middle of 101 m open."""
    angle = np.arange(24) * 2 * math.pi / 24
    places = np.column_stack([np.cos(angle), np.sin(angle)]) * 191
    (shape,) = shapely.get_parts(union_of_discs(places, 90.0))
    assert len(shape.interiors) == 1
    assert shapely.distance(shapely.Point(0, 0), shape) == pytest.approx(101, abs=2)


@pytest.mark.parametrize(("xy", "count"), [
    ([], 0), ([(0, 0)], 1), ([(0, 0), (0, 0)], 1), ([(0, 0), (110, 0), (220, 0), (1000, 0)], 2),
    ([(0, 0), (80, 0), (0, 80), (80, 80), (80, 1e-13)], 1),
])  # fmt: skip
def test_few_homes(xy, count):
    areas = inhabited_areas(np.array(xy, dtype=float).reshape(-1, 2))
    assert len(areas) == count
    assert shapely.is_valid(areas).all()


def test_one_home_has_its_disc():
    (area,) = inhabited_areas(np.array([[5.0, 5.0]]))
    assert_allclose(area.area, math.pi * NEIGHBOURS_M**2, rtol=0.06)


def test_clusters_apart_are_the_parts_of_one_union():
    places = np.random.default_rng(7).random((300, 2)) * 3000
    closed = shapely.buffer(all_discs(places, 90.0), -30.0, quad_segs=4)
    parts = shapely.get_parts(closed)
    areas = inhabited_areas(places)
    assert len(areas) == len(parts) > 5
    assert shapely.symmetric_difference(shapely.union_all(areas), closed).area < 1
