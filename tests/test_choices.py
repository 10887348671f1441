"""Curves and choices: what the map's slider says is what the engine finds."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from shapely import Point

from conftest import CRS, make_network
from coverage.beside import Beside, NoLongerWantedError
from coverage.choices import DIRECTIONS, choices_of, standing
from coverage.circle import snap_homes
from coverage.nearest import minutes_to_nearest
from coverage.network import timed
from coverage.pace import STAIRS, STREET
from coverage.pieces import Pieces, intersect, whole
from coverage.reach import reach_of_each
from coverage.snapping import Snapped, snap_facilities
from coverage.study import Study
from coverage.study_parts import TIERS
from coverage.walkers import PACKAGED_WALKERS

STUDY = Study(
    name="grid", boundary="x.geojson", facilities={"file": "f.csv"}, walker="flat-900",
    compare=("adult",), network={"rules": "osmnx-walk"},
)  # fmt: skip
POSITIONS = st.tuples(st.floats(0, 900), st.floats(0, 900))


def grid(seconds):
    r"""Four by four junctions 300 m apart, every street with its own seconds either way."""
    nodes = {10 * r + c: (c * 300.0, r * 300.0) for r in range(4) for c in range(4)}
    right = [(n, n + 1) for n in nodes if n % 10 < 3]
    up = [(n, n + 10) for n in nodes if n < 30]
    drawn = iter(seconds)
    edges = [(*edge, next(drawn), next(drawn)) for edge in right + up]
    return make_network(nodes, edges)


def facilities_at(places, tiers):
    return gpd.GeoDataFrame(
        {"tier": tiers}, geometry=[Point(place) for place in places], crs=CRS,
        index=pd.Index([f"F{k}" for k in range(len(places))], name="id"),
    )  # fmt: skip


def parts_of(network):
    edges = np.arange(len(network.tail))
    halves = Pieces(edges[::2], np.full(len(edges[::2]), 0.25), np.full(len(edges[::2]), 0.8))
    return whole(edges), {"halves": halves}


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.floats(20, 900), min_size=48, max_size=48),
    st.lists(POSITIONS, min_size=1, max_size=4),
)
def test_every_minute_is_cut_as_the_engine_cuts_it(seconds, places):
    network = grid(seconds)
    # `timed` would time the streets anew: the drawn seconds are those of every walker here.
    facilities = facilities_at(places, [TIERS[k % 2] for k in range(len(places))])
    inside, parts = parts_of(network)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("coverage.choices.timed", lambda network, walker: network)
        snapped = snap_facilities(STUDY, network, facilities)
        found = choices_of(
            STUDY, network, facilities, None, snapped=snapped, places=None, inside=inside,
            areas=None, parts=parts,
        )  # fmt: skip
    for place, direction in enumerate(DIRECTIONS):
        reach = reach_of_each(
            network, snapped, np.arange(len(places)), direction=direction,
            cutoffs_min=found.minutes,
        )  # fmt: skip
        for tier, name in enumerate(TIERS):
            members = np.flatnonzero((facilities["tier"] == name).to_numpy())
            for cut, minutes in enumerate(found.minutes):
                covered = reach.within(minutes, members)
                expected = [
                    intersect(part, covered).length_m(network.length_m) / 1000
                    for part in (inside, parts["halves"])
                ]
                assert_allclose(found.street_km[:, 0, place, tier, cut], expected, atol=1e-9)
            times = minutes_to_nearest(
                network, snapped, members, direction=direction, horizon_min=30
            )
            assert len(found.chains) == len(network.tail)
            by_chain = times.edge[found.chains.edge]
            assert_allclose(found.street_min[0, place, tier], by_chain, rtol=1e-5)


def test_people_are_counted_by_walker_direction_and_minute():
    r"""Flat street of 1,800 m; F at its left end, homes at 0, 540 and 1,620 m beside it.

    flat-900 walks 54 m a minute: 0, 10 and 30 minutes; adult 78 m: 0, 6.92 and 20.77.
    """
    nodes = {0: (0.0, 0.0), 1: (900.0, 0.0), 2: (1800.0, 0.0)}
    network = timed(make_network(nodes, [(0, 1), (1, 2)]), PACKAGED_WALKERS["flat-900"])
    homes = gpd.GeoDataFrame(
        {"elderly": [1.0, 2.0, 4.0], "population": [10.0] * 3, "entrances": None},
        geometry=[Point(0, 0), Point(540, 0), Point(1620, 0)], crs=CRS,
    )  # fmt: skip
    facilities = facilities_at([(0.0, 0.0)], ["street"])
    study = STUDY.model_copy(update={"population": None})
    found = choices_of(
        study, network, facilities, homes, snapped=snap_facilities(study, network, facilities),
        places=snap_homes(network, homes, limit_m=300), inside=whole(np.arange(2)), areas=None,
        parts={},
    )  # fmt: skip
    assert [walker.name for walker in found.walkers] == ["flat-900", "adult"]
    assert found.minutes == tuple(map(float, range(3, 31)))
    street = TIERS.index("street")
    assert_allclose(found.home_min[0, :, street], [[0, 10, 30]] * 3, atol=1e-9)
    assert_allclose(found.home_min[1, 0, street], [0, 540 / 78, 1620 / 78], atol=1e-9)
    assert np.isnan(found.home_min[:, :, TIERS.index("community")]).all()
    by_minute = dict(zip(found.minutes, found.elderly[0, 0, 0, street], strict=True))
    assert [by_minute[m] for m in (3, 9, 10, 29, 30)] == [1, 1, 3, 3, 7]
    adult = dict(zip(found.minutes, found.elderly[0, 1, 0, street], strict=True))
    assert [adult[m] for m in (6, 7, 20, 21)] == [1, 3, 3, 7]
    km = dict(zip(found.minutes, found.street_km[0, 0, 0, street], strict=True))
    assert_allclose([km[10], km[30]], [0.54, 1.62])
    # Two ways, so two chains; the farther end of the second lies beyond 30 minutes.
    assert_allclose(found.chain_seconds[:, :, 0], [[1000, 1000], [900 / 1.3] * 2])
    assert_allclose(found.street_min[0, 0, street], [450 / 54, 1350 / 54], rtol=1e-6)


def test_a_street_in_two_halves_reached_from_both_ends_by_two_facilities():
    r"""F at 0 and at 1,800 m of an edge of 1,800 m: 15 minutes cover 810 m from either end."""
    network = timed(
        make_network({0: (0.0, 0.0), 1: (1800.0, 0.0)}, [(0, 1)]), PACKAGED_WALKERS["flat-900"]
    )
    facilities = facilities_at([(0.0, 0.0), (1800.0, 0.0)], ["community"] * 2)
    found = choices_of(
        STUDY, network, facilities, None, snapped=snap_facilities(STUDY, network, facilities),
        places=None, inside=whole(np.arange(1)), areas=None, parts={},
    )  # fmt: skip
    km = dict(zip(found.minutes, found.street_km[0, 0, 0, 0], strict=True))
    assert_allclose([km[15], km[16], km[17]], [1.62, 1.728, 1.8])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.booleans(), min_size=24, max_size=24), st.data())
def test_every_walker_stands_where_it_would_alone(stairs, data):
    """Who cannot go on stairs does not stand on them; the others' places are taken over."""
    base = grid([1.0] * 48)
    kind = np.where(stairs, STAIRS, STREET).astype(np.int8)
    features = replace(base.features, kind=kind, steps=np.where(stairs, 50.0, 0.0))
    base = replace(base, features=features)
    spots = data.draw(st.lists(POSITIONS, min_size=1, max_size=8))
    homes = gpd.GeoDataFrame(
        {"entrances": [None] * len(spots)}, geometry=[Point(spot) for spot in spots], crs=CRS
    )
    facilities = facilities_at(spots, ["street"] * len(spots))
    rules = STUDY.network.model_copy(update={"rules": "pedestrian"})
    study = STUDY.model_copy(update={"network": rules})
    every = []
    for name in data.draw(st.permutations(["senior", "wheelchair", "adult"])):
        network = timed(base, PACKAGED_WALKERS[name])
        every.append(standing(study, network, facilities, homes, every))
        expected = {
            "snapped": snap_facilities(study, network, facilities),
            "homes": snap_homes(network, homes, limit_m=300),
        }
        for what, alone in expected.items():
            for field in Snapped.__slots__:
                assert_array_equal(getattr(getattr(every[-1], what), field), getattr(alone, field))


def test_a_run_that_is_left_ends_the_choices_at_their_next_look():
    network = grid([100.0] * 48)
    facilities = facilities_at([(0.0, 0.0)], ["street"])
    inside, parts = parts_of(network)
    with Beside() as beside:
        looking = beside.look
    with pytest.raises(NoLongerWantedError):
        choices_of(
            STUDY, network, facilities, None, snapped=snap_facilities(STUDY, network, facilities),
            places=None, inside=inside, areas=None, parts=parts, look=looking,
        )  # fmt: skip
