"""Polygons of reach."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from numpy.testing import assert_allclose

from conftest import make_network
from coverage import check
from coverage.isochrones import STREET_SPACE_M, growing, isochrones, street_space
from coverage.preparation import walking_network
from coverage.reach import reach_of_each
from coverage.snapping import snap, snap_facilities
from coverage.street_grid import spaces_of_each
from coverage.study import Study
from test_reach import random_networks

CUTOFFS = (5.0, 10.0, 15.0)


def draw(network, snapped):
    everyone = np.arange(len(snapped.edge))
    reach = reach_of_each(network, snapped, everyone, direction="worst", cutoffs_min=CUTOFFS)
    ids = pd.Index([f"C{n}" for n in everyone])
    return isochrones(network, reach, ids, {"community": everyone})


def test_a_straight_street_gives_capsules():
    """5, 10 and 15 minutes at 0.9 m/s along one street: 540, 1080 and 1620 m, 25 m around."""
    network = make_network({0: (-5000, 0), 1: (5000, 0)}, [(0, 1)])
    snapped = snap(network, np.array([[0.0, 0.0]]), onto=np.array([0]), limit_m=1)
    circles = draw(network, snapped)
    of_tier = circles[circles["scope"] == "tier"]
    assert of_tier["minutes"].tolist() == list(CUTOFFS)
    assert_allclose(of_tier["street_m"], [540, 1080, 1620])
    capsule = [length * 50 + math.pi * STREET_SPACE_M**2 for length in (540, 1080, 1620)]
    assert_allclose(of_tier["area_m2"], capsule, rtol=2e-3)


def test_a_slanting_street_has_no_corners_along_it():
    """A street of 1,500 m with the slope 3 : 4 has two sides and two round ends of 80 m each."""
    network = make_network({0: (0, 0), 1: (900, 1200)}, [(0, 1)])
    snapped = snap(network, np.array([[450.0, 600.0]]), onto=np.array([0]), limit_m=1)
    circles = draw(network, snapped)
    corners = shapely.get_coordinates(circles[circles["scope"] == "facility"].geometry.iloc[-1])
    off = np.abs(corners @ [4 / 5, -3 / 5])
    along = corners @ [3 / 5, 4 / 5]
    on_a_side = (along > 0) & (along < 1500) & (off > STREET_SPACE_M - 1e-6)
    assert 20 < len(corners) < 50
    assert on_a_side.sum() <= 4


@settings(max_examples=20, deadline=None)
@given(random_networks())
def test_company_on_a_sheet_changes_nothing(case):
    network, snapped = case
    everyone = np.arange(len(snapped.edge))
    reach = reach_of_each(network, snapped, everyone, direction="worst", cutoffs_min=CUTOFFS)
    sets = growing(network, reach.pieces)
    together = spaces_of_each(sets)
    for place in everyone:
        own = sets.owner == place
        alone = replace(
            sets, line=sets.line[own], band=sets.band[own], owner=sets.owner[own] * 0, count=1
        )
        apart = shapely.symmetric_difference(spaces_of_each(alone)[0], together[place])
        assert_allclose(shapely.area(apart), 0, atol=1e-6)
    # Nor does what a sheet showed of the bands before.
    for band in range(sets.bands):
        drawn = sets.band <= band
        alone = replace(
            sets, line=sets.line[drawn], band=sets.band[drawn] * 0, owner=sets.owner[drawn], bands=1
        )
        apart = shapely.symmetric_difference(spaces_of_each(alone)[:, 0], together[:, band])
        assert_allclose(shapely.area(apart), 0, atol=1e-6)


def test_holes_are_kept():
    """Streets around a block of 400 m leave its inside out."""
    corners = {0: (0, 0), 1: (400, 0), 2: (400, 400), 3: (0, 400)}
    network = make_network(corners, [(0, 1), (1, 2), (2, 3), (3, 0)])
    shape = street_space(network.lines())
    assert len(shape.interiors) == 1
    assert_allclose(shapely.Polygon(shape.interiors[0]).area, 350**2)


def test_nothing_reached_gives_no_polygon():
    network = make_network({0: (0, 0), 1: (100, 0)}, [(0, 1)])
    snapped = snap(network, np.array([[0.0, 999.0]]), onto=np.array([0]), limit_m=10)
    circles = draw(network, snapped)
    assert circles.empty
    assert "geometry" in circles.columns
    assert street_space(network.lines()[:0]).is_empty


@settings(max_examples=40, deadline=None)
@given(random_networks())
def test_polygons_are_valid_and_nested(case):
    network, snapped = case
    circles = draw(network, snapped)
    assert circles.is_valid.all()
    for _, bands in circles.groupby(["scope", "facility"]):
        shapes = bands.sort_values("minutes").geometry.to_numpy()
        for inner, outer in itertools.pairwise(shapes):
            assert shapely.difference(inner, outer).area == pytest.approx(0, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(random_networks())
def test_polygons_are_the_buffered_streets(case):
    """Within a hundredth and a half of the union of one buffer for every piece of street."""
    network, snapped = case
    everyone = np.arange(len(snapped.edge))
    reach = reach_of_each(network, snapped, everyone, direction="worst", cutoffs_min=CUTOFFS)
    assert_like_buffers(draw(network, snapped), network, reach, everyone)


@pytest.mark.realdata
def test_polygons_of_yuzhong_are_the_buffered_streets(yuzhong):
    study = Study(
        name="yuzhong",
        facilities={"file": yuzhong / "facilities-standin.csv"},
        network={"file": next(yuzhong.glob("*.osm.pbf"))},
        areas={"file": yuzhong / "subdistricts.geojson", "name_column": "subdistrict"},
    )
    network, _ = walking_network(study, inputs := check(study))
    snapped = snap_facilities(study, network, inputs.facilities)
    everyone = np.arange(len(snapped.edge))
    reach = reach_of_each(network, snapped, everyone, direction="worst", cutoffs_min=CUTOFFS)
    circles = isochrones(network, reach, pd.Index([f"C{n}" for n in everyone]),
                         {"community": everyone})  # fmt: skip
    assert circles.is_valid.all()
    assert_like_buffers(circles, network, reach, everyone[:50])


def assert_like_buffers(circles, network, reach, facilities):
    """Those of facilities, and those of the tier that is all facilities."""
    drawn = circles.set_index(["facility", "minutes"]).geometry
    for minutes, sets in zip(reach.cutoffs_min, reach.pieces, strict=True):
        expected = {f"C{place}": sets[place] for place in facilities}
        expected[""] = reach.within(minutes, reach.facilities)
        for name, pieces in expected.items():
            lines = network.lines_of(pieces)
            if len(lines) > 0:
                buffered = shapely.union_all(shapely.buffer(lines, STREET_SPACE_M))
                shape = drawn[name, minutes]
                alike = shapely.intersection(shape, buffered).area
                assert alike >= 0.985 * shapely.union(shape, buffered).area
