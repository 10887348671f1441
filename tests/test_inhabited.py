"""Areas that homes make up: the union of all discs, closed."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from coverage import inhabited
from coverage.discs import union_of_discs
from coverage.inhabited import NEIGHBOURS_M, inhabited_areas

RADIUS_M = 90.0
IN_A_DISC = math.cos(math.pi / 16)
"""The circle in a polygon of 16 corners, as a share of the one through them."""


def all_discs(places: np.ndarray, radius_m: float) -> shapely.Geometry:
    return shapely.union_all(shapely.buffer(shapely.points(places), radius_m, quad_segs=64))


def areas_of(places: np.ndarray) -> np.ndarray:
    return inhabited_areas(places, [np.arange(len(places))]).shapes


def homes(layout: str, count: int, size_m: float, seed: int) -> np.ndarray:
    places = np.random.default_rng(seed).random((count, 2)) * size_m
    if layout == "in a line":
        places[:, 1] = places[0, 1]
    elif layout != "anywhere":
        # Circles cross in threes and fours, and touch: 90 m is the radius, 180 m twice that.
        every = float(layout)
        places = np.round(places / every) * every
    return np.unique(np.round(places, 2), axis=0)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["anywhere", "in a line", "40", "90", "180"]),
    st.integers(1, 200),
    st.sampled_from([100, 200, 800, 3000]),
    st.integers(0, 10**6),
)
def test_the_union_is_that_of_all_discs(layout, count, size_m, seed):
    places = homes(layout, count, size_m, seed)
    parts = union_of_discs(places, RADIUS_M)
    assert shapely.is_valid(parts).all()
    found = shapely.union_all(parts)
    assert found.area == pytest.approx(shapely.area(parts).sum(), abs=1e-3)
    within = shapely.buffer(all_discs(places, RADIUS_M), 0.05)
    assert shapely.difference(found, within).area < 1e-6
    least = all_discs(places, RADIUS_M * IN_A_DISC - 0.02)
    assert shapely.difference(least, found).area < 1e-6


def test_parts_and_holes_are_those_of_the_discs():
    places = homes("anywhere", 400, 3000, 5)
    discs = shapely.get_parts(all_discs(places, RADIUS_M))
    parts = union_of_discs(places, RADIUS_M)
    assert len(parts) == len(discs) > 5
    large = shapely.area(shapely.polygons(shapely.get_rings(discs))) > 20
    found = shapely.area(shapely.polygons(shapely.get_rings(parts))) > 20
    assert found.sum() == large.sum() > len(parts)


def test_two_discs_that_cross():
    """Homes 90 m apart: two circles of 90 m cross 77.94 m to either side of the middle."""
    (part,) = union_of_discs(np.array([[0.0, 0.0], [90.0, 0.0]]), RADIUS_M)
    corners = shapely.get_coordinates(part)[:-1]
    crossings = corners[np.abs(corners[:, 0] - 45) < 1e-9]
    assert_allclose(np.sort(crossings[:, 1]), [-77.9423, 77.9423], atol=1e-4)


def test_a_hole_within_a_ring_of_homes_stays():
    """24 homes 50 m apart on a circle of 191 m: discs of 90 m leave its middle of 101 m open."""
    angle = np.arange(24) * 2 * math.pi / 24
    places = np.column_stack([np.cos(angle), np.sin(angle)]) * 191
    (shape,) = union_of_discs(places, RADIUS_M)
    assert len(shape.interiors) == 1
    assert shapely.distance(shapely.Point(0, 0), shape) == pytest.approx(101, abs=2)


def test_an_area_within_the_hole_of_another_is_its_own():
    angle = np.arange(48) * 2 * math.pi / 48
    ring = np.column_stack([np.cos(angle), np.sin(angle)]) * 400
    parts = union_of_discs(np.concatenate([ring, [[0.0, 0.0]]]), RADIUS_M)
    assert sorted(len(part.interiors) for part in parts) == [0, 1]


@pytest.mark.parametrize(("xy", "count"), [
    ([], 0), ([(0, 0)], 1), ([(0, 0), (0, 0)], 1), ([(0, 0), (110, 0), (220, 0), (1000, 0)], 2),
    ([(0, 0), (80, 0), (0, 80), (80, 80), (80, 1e-13)], 1),
    # Apart by more than the closing joins, though their discs still cross.
    ([(0, 0), (10, 0), (20, 0), (195, 0), (205, 0), (215, 0)], 2),
])  # fmt: skip
def test_few_homes(xy, count):
    areas = areas_of(np.array(xy, dtype=float).reshape(-1, 2))
    assert len(areas) == count
    assert shapely.is_valid(areas).all()


def test_one_home_has_its_disc():
    (area,) = areas_of(np.array([[5.0, 5.0]]))
    assert_allclose(area.area, math.pi * NEIGHBOURS_M**2, rtol=0.06)


def test_areas_are_the_parts_of_one_closed_union():
    places = homes("anywhere", 300, 3000, 7)
    closed = shapely.buffer(all_discs(places, RADIUS_M), -30.0, quad_segs=16)
    parts = shapely.get_parts(closed)
    areas = areas_of(places)
    assert len(areas) == len(parts) > 5
    assert shapely.symmetric_difference(shapely.union_all(areas), closed).area < 0.03 * closed.area


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["anywhere", "in a line", "40", "90", "180", "300"]),
    st.integers(1, 120),
    st.sampled_from([200, 800, 3000, 12000]),
    st.lists(st.sampled_from([0.0, 0.02, 0.5, 0.97, 1.0]), min_size=1, max_size=4),
    st.integers(0, 10**6),
)
@example("90", 30, 800, [0.5, 0.97], 0)
def test_several_sets_are_drawn_as_each_alone(layout, count, size_m, shares, seed):
    places = homes(layout, count, size_m, seed)
    draw = np.random.default_rng(seed)
    sets = [np.flatnonzero(draw.random(len(places)) < share) for share in shares]
    found = inhabited_areas(places, sets)
    for own, areas, of in zip(sets, found.areas, found.of, strict=True):
        alone = areas_of(places[own])
        shapes = found.shapes[areas]
        assert len(shapes) == len(alone)
        if len(own):
            one, other = shapely.union_all(shapes), shapely.union_all(alone)
            # GEOS, which closes the gaps, passes over corners that hardly bend, by their rounding.
            assert shapely.hausdorff_distance(one, other) < 1.0
            assert shapely.symmetric_difference(one, other).area < 1e-3 * one.area
        # Every home lies in an area of its own set.
        assert np.isin(of, areas).all()
        assert shapely.dwithin(found.shapes[of], shapely.points(places[own]), 1e-6).all()


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["anywhere", "in a line", "40", "90", "180"]), st.integers(1, 300),
    st.sampled_from([200, 3000, 20000]), st.integers(1, 40), st.integers(0, 10**6),
)  # fmt: skip
def test_homes_drawn_in_chunks_are_as_those_drawn_at_once(layout, count, size_m, most, seed):
    places = homes(layout, count, size_m, seed)
    sets = [np.arange(len(places)), np.arange(0, len(places), 2)]
    at_once = inhabited_areas(places, sets)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inhabited, "_PLACES_AT_ONCE", most)
        found = inhabited_areas(places, sets)
    for k, own in enumerate(sets):
        one, other = found.shapes[found.areas[k]], at_once.shapes[at_once.areas[k]]
        assert len(one) == len(other)
        one, other = shapely.union_all(one), shapely.union_all(other)
        # By rounding only, as above.
        assert shapely.hausdorff_distance(one, other) < 1.0
        assert shapely.symmetric_difference(one, other).area < 1e-3 * one.area
        assert np.isin(found.of[k], found.areas[k]).all()
        spots = shapely.points(places[own])
        assert shapely.dwithin(found.shapes[found.of[k]], spots, 1e-6).all()


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["anywhere", "40", "90", "180"]), st.integers(2, 200),
    st.sampled_from([200, 800, 3000, 12000]), st.integers(0, 10**6),
)  # fmt: skip
def test_discs_are_as_large_as_the_usual_distance_asks(layout, count, size_m, seed):
    """Against the distances of all pairs: 0.6 of their median, and 60 m at least."""
    places = homes(layout, count, size_m, seed)
    apart = np.hypot(*(places[:, None] - places).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    usual = np.median(apart.min(axis=1)) if len(places) > 1 else 0.0
    assert inhabited._radius(places) == pytest.approx(max(NEIGHBOURS_M, 0.6 * usual), abs=0.02)


def test_a_set_of_scattered_homes_has_larger_discs_of_its_own():
    """Twenty homes 50 m apart, and of them every fifth, 250 m apart: discs of 60 and of 150 m."""
    places = np.column_stack([50.0 * np.arange(20), np.zeros(20)])
    every, fifth = np.arange(20), np.arange(0, 20, 5)
    found = inhabited_areas(places, [every, fifth])
    (first,), (second,) = (found.shapes[areas] for areas in found.areas)
    _, low, _, high = first.bounds
    assert_allclose([low, high], [-60, 60], atol=2)
    _, low, _, high = second.bounds
    assert_allclose([low, high], [-150, 150], atol=4)
