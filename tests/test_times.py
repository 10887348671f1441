"""Times on the contracted network equal those of a search over every node, however it is cut up."""

import itertools
import tracemalloc
import weakref
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import dense_walks
from conftest import make_network
from coverage import nearest, times
from coverage.chains import Chains
from coverage.contraction import Contraction, contract, contracted
from coverage.links import any_within, find_links
from coverage.nearest import minutes_to_nearest, nearest_seconds
from coverage.pieces import PieceSets
from coverage.reach import reach_of_each
from coverage.snapping import Snapped

INF = float("inf")
DIRECTIONS = st.sampled_from(["to", "back", "worst"])
PACE = st.one_of(st.just(0.0), st.floats(0.5, 40.0))


@st.composite
def winding_networks(draw):
    """Runs of one to five edges between junctions; dead ends, rings and islands of such runs."""
    nodes = {n: (10.0 * n, 7.0 * (n % 3)) for n in range(draw(st.integers(1, 6)))}
    junction = st.integers(0, len(nodes) - 1)
    edges = []
    for _ in range(draw(st.integers(1, 9))):
        new = range(len(nodes), len(nodes) + draw(st.integers(2, 6)))
        nodes |= {n: (3.0 * n, 50.0 + n % 7) for n in new}
        kind = draw(st.sampled_from(["street"] * 3 + ["dead end", "island", "ring"]))
        run = {
            "street": [draw(junction), *new[2:], draw(junction)],
            "dead end": [draw(junction), *new[1:]],
            "island": [*new],
            "ring": [*new, new[0]],
        }[kind]
        for one, other in itertools.pairwise(run):
            there, back = draw(PACE), draw(PACE)
            if draw(st.integers(0, 11)) == 0:
                there, back = draw(st.sampled_from([(INF, INF), (there, INF), (INF, back)]))
            turned = draw(st.booleans())
            edges.append((other, one, back, there) if turned else (one, other, there, back))
    return make_network(nodes, edges)


def places_on(network, draw, most):
    count = draw(st.integers(1, most))
    edge = draw(st.lists(st.integers(-1, len(network.tail) - 1), min_size=count, max_size=count))
    share = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 1))
    found = np.array(edge) >= 0
    fraction = np.array(draw(st.lists(share, min_size=count, max_size=count)))
    leg = np.array(draw(st.lists(PACE, min_size=count, max_size=count)))
    return Snapped(
        edge=np.array(edge),
        fraction=np.where(found, fraction, np.nan),
        distance_m=np.where(found, leg * 0.9, np.nan),
        leg_s=np.where(found, leg, np.nan),
        component=np.where(found, 0, -1),
    )


@st.composite
def towns(draw):
    network = draw(winding_networks())
    return network, places_on(network, draw, 5), places_on(network, draw, 5)


CUTOFFS = (0.4, 1.0, 3.0)


@settings(max_examples=150, deadline=None)
@given(towns(), DIRECTIONS, st.sampled_from(CUTOFFS))
def test_minutes_equal_a_search_over_every_node(town, direction, horizon_min):
    network, snapped, _ = town
    everyone = np.arange(len(snapped.edge))
    words = {"direction": direction, "horizon_min": horizon_min}
    found = minutes_to_nearest(network, snapped, everyone, **words)
    dense = dense_walks.minutes_to_nearest(network, snapped, everyone, **words)
    assert_allclose(found.node * 60, dense.node * 60, rtol=0, atol=1e-9)
    assert_allclose(found.edge * 60, dense.edge * 60, rtol=0, atol=1e-9)
    assert_array_equal(found.node_facility >= 0, dense.node_facility >= 0)
    # Whose they are, by the time to that one alone: two may be equally near.
    for minutes, whose, field in (
        (found.node, found.node_facility, "node"), (found.edge, found.edge_facility, "edge"),
    ):  # fmt: skip
        for facility in np.unique(whose[whose >= 0]):
            alone = dense_walks.minutes_to_nearest(network, snapped, np.array([facility]), **words)
            own = whose == facility
            assert_allclose(getattr(alone, field)[own] * 60, minutes[own] * 60, rtol=0, atol=1e-9)


@settings(max_examples=150, deadline=None)
@given(towns(), DIRECTIONS)
def test_reach_equals_a_search_over_every_node(town, direction):
    network, snapped, _ = town
    everyone = np.arange(len(snapped.edge))[::-1]
    reach = reach_of_each(network, snapped, everyone, direction=direction, cutoffs_min=CUTOFFS)
    # Lengths in the place of fractions: a millionth of a second of rounding may end or open a piece.
    metres = np.ones(len(network.tail))
    for cutoff in CUTOFFS:
        sets = reach.of_each(cutoff)
        assert len(sets) == len(everyone)
        for position, facility in enumerate(everyone.tolist()):
            dense = dense_walks.reach_of(
                network, snapped, facility, direction=direction, cutoff_min=cutoff
            )
            own = sets[position]
            assert_allclose(own.length_by_edge_m(metres), dense.length_by_edge_m(metres), atol=1e-9)
            assert_array_equal(np.lexsort((own.start, own.edge)), np.arange(len(own)))
            assert sets.length_m(metres)[position] == pytest.approx(own.length_m(metres))


@settings(max_examples=100, deadline=None)
@given(towns(), DIRECTIONS, st.sampled_from(CUTOFFS))
def test_links_equal_a_search_over_every_node(town, direction, horizon_min):
    network, snapped, homes = town
    words = {"direction": direction, "horizon_min": horizon_min}
    found = find_links(network, snapped, homes, **words)
    dense = dense_walks.find_links(network, snapped, homes, **words)
    assert_array_equal(found.place, dense.place)
    assert_array_equal(found.facility, dense.facility)
    for field in ("to_min", "back_min", "minutes"):
        assert_allclose(getattr(found, field), getattr(dense, field), rtol=0, atol=1e-9 / 60)


@settings(max_examples=150, deadline=None)
@given(towns(), DIRECTIONS, st.sampled_from(CUTOFFS), st.booleans())
def test_any_within_are_those_of_a_link(town, direction, limit_min, few):
    """From the places where they are the fewer, and else from the facilities."""
    network, snapped, homes = town
    if few:
        snapped, homes = homes, snapped
    dense = dense_walks.find_links(
        network, snapped, homes, direction=direction, horizon_min=limit_min
    )
    found = any_within(network, snapped, homes, direction=direction, limit_min=limit_min)
    assert_array_equal(found, np.isin(np.arange(len(homes.edge)), dense.place))


@settings(max_examples=100, deadline=None)
@given(towns(), st.sampled_from(["to", "back"]))
def test_nearest_seconds_equal_a_search_over_every_node(town, direction):
    network, snapped, _ = town
    everyone = np.arange(len(snapped.edge))
    seconds, _ = nearest_seconds(network, snapped, everyone, direction=direction, limit_s=60)
    dense = dense_walks.minutes_to_nearest(
        network, snapped, everyone, direction=direction, horizon_min=1
    )
    assert_allclose(seconds, np.nan_to_num(dense.node * 60, nan=INF), rtol=0, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(towns(), DIRECTIONS)
def test_blocks_do_not_matter(town, direction):
    """Every facility searched alone, or all at once: the same to the last bit."""
    network, snapped, homes = town
    everyone = np.arange(len(snapped.edge))

    def everything():
        minutes = minutes_to_nearest(network, snapped, everyone, direction=direction, horizon_min=3)
        reach = reach_of_each(network, snapped, everyone, direction=direction, cutoffs_min=CUTOFFS)
        links = find_links(network, snapped, homes, direction=direction, horizon_min=3)
        sets = [getattr(s, f) for s in reach.pieces for f in ("first", "edge", "start", "end")]
        return [
            minutes.node, minutes.edge, minutes.node_facility, minutes.edge_facility, *sets,
            *(getattr(links, name) for name in links.__slots__),
        ]  # fmt: skip

    at_once = everything()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(times, "_PART", 2)
        patch.setattr(times, "_BLOCK_TIMES", 1)
        patch.setattr(nearest, "_EDGES_AT_ONCE", 2)
        one_by_one = everything()
    for one, other in zip(at_once, one_by_one, strict=True):
        assert_array_equal(one, other)


def test_nearest_one_way_holds_little_beside_its_answer():
    """A street of 100,000 nodes and a lane to its middle: 16 bytes a node and edge are asked for."""
    count, middle = 100_000, 50_000
    network = make_network(
        {n: (9.0 * n, 0.0) for n in range(count)} | {count: (9.0 * middle, 40.0)},
        [(n, n + 1, 3.0) for n in range(count - 1)] + [(count, middle, 20.0)],
    )
    one = Snapped(edge=np.array([count - 1]), fraction=np.array([0.25]), leg_s=np.array([10.0]),
                  distance_m=np.array([9.0]), component=np.array([0]))  # fmt: skip
    contracted(network)
    tracemalloc.start()
    found = minutes_to_nearest(network, one, np.array([0]), direction="back", horizon_min=600)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    at = np.append(np.abs(np.arange(count) - middle) * 3.0 + 25, 15)
    assert_allclose(found.node * 60, np.where(at <= 36_000, at, np.nan), rtol=0, atol=1e-9)
    assert peak < 40 * (2 * count)


def test_threads_do_not_matter():
    """Six streets that meet, a facility every few metres: three parts, in two threads."""
    nodes = {0: (0.0, 0.0)} | {
        10 * arm + k: (k * 50.0 * np.cos(arm), k * 50.0 * np.sin(arm))
        for arm in range(1, 7) for k in range(1, 9)
    }  # fmt: skip
    edges = [
        (0 if k == 1 else 10 * arm + k - 1, 10 * arm + k, 50.0 + arm, 60.0 - k)
        for arm in range(1, 7) for k in range(1, 9)
    ]  # fmt: skip
    network = make_network(nodes, edges)
    everyone = np.arange(1200)
    snapped = Snapped(
        edge=everyone % len(edges), fraction=everyone / 1200, distance_m=everyone / 100,
        leg_s=everyone / 90, component=everyone * 0,
    )  # fmt: skip
    found = [
        (
            minutes_to_nearest(network, snapped, everyone, direction="worst", horizon_min=9,
                               workers=workers),
            reach_of_each(network, snapped, everyone, direction="worst", cutoffs_min=(2.0, 5.0),
                          workers=workers),
        )
        for workers in (1, 2)
    ]  # fmt: skip
    for one, other in zip(*found, strict=True):
        for field in one.__slots__:
            for a, b in zip(*(columns(getattr(x, field)) for x in (one, other)), strict=True):
                assert_array_equal(a, b)


def columns(value):
    if isinstance(value, tuple):
        return [column for item in value for column in columns(item)]
    if isinstance(value, PieceSets):
        return [getattr(value, name) for name in value.__slots__]
    return [value]


def test_a_contraction_is_known_as_long_as_its_network_is():
    network = make_network({0: (0, 0), 1: (90, 0)}, [(0, 1)])
    assert contracted(network) is contracted(network)
    same = replace(network)
    assert contracted(same) is not contracted(network)
    known = weakref.ref(contracted(same).ahead)
    del same
    assert known() is None


@settings(max_examples=30, deadline=None)
@given(winding_networks(), st.integers(0, 2**32 - 1))
def test_streets_timed_for_another_walker_are_contracted_as_if_alone(network, seed):
    """Chains are shared by who can go the same edges both ways, and by nobody else."""
    first = contracted(network)
    draw = np.random.default_rng(seed)
    along, against = draw.uniform(1, 90, (2, len(network.tail)))
    closed = draw.random(len(along)) < draw.choice([0.0, 0.3])
    other = replace(
        network,
        seconds_along=np.where(closed, np.inf, along),
        seconds_against=np.where(np.isinf(network.seconds_against), np.inf, against),
    )
    shared, alone = contracted(other), contract(other)
    same_edges = np.array_equal(first.both_ways, shared.both_ways)
    assert (shared.chains is first.chains) == same_edges
    for field in fields(Contraction):
        one, two = getattr(shared, field.name), getattr(alone, field.name)
        if field.name == "graph":
            for way in one:
                assert_array_equal(one[way].toarray(), two[way].toarray())
        elif field.name == "chains":
            for name in Chains.__slots__:
                assert_array_equal(getattr(one, name), getattr(two, name))
        else:
            assert_array_equal(one, two)


def test_long_chains_keep_the_rounding_of_their_own_sums_only():
    """A chain of 3 s after one of 10^9 s: its inner times are whole seconds to the last bit."""
    nodes = {n: (float(n), 0.0) for n in range(12)}
    long = [(n, n + 1, 1e9 / 3) for n in range(5)]
    short = [(n, n + 1, 1.0) for n in range(6, 9)]
    network = make_network(nodes, [*long, *short])
    places = contracted(network).places(np.array([5, 6, 7]), np.ones(3))
    assert places.from_tail.tolist() == [1, 2, 3]
    assert places.from_head.tolist() == [2, 1, 0]
