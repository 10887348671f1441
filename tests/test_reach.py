"""Travel times and reach on networks that a reader can solve by hand."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from conftest import make_network
from coverage.features import level_streets
from coverage.nearest import minutes_to_nearest, nearest_seconds
from coverage.reach import reach_of_each
from coverage.snapping import snap

SPEED = 0.9
ONE = np.array([0])
INF = float("inf")


def snap_all(network, points, limit_m=500):
    onto = np.arange(len(network.tail))
    return snap(network, np.array(points, dtype=float), onto=onto, limit_m=limit_m)


def reached_m(network, snapped, cutoff_min=15.0, direction="back", facilities=ONE):
    reach = reach_of_each(
        network, snapped, facilities, direction=direction, cutoffs_min=(cutoff_min,)
    )
    return reach.within(cutoff_min, facilities).length_m(network.length_m)


def test_a_line():
    r"""900 m in three edges, the facility at the left end; 0.9 m/s, so 1000 s in all.

    F-----1-----2-----3
      300   300   300
    """
    network = make_network(
        {0: (0, 0), 1: (300, 0), 2: (600, 0), 3: (900, 0)}, [(0, 1), (1, 2), (2, 3)]
    )
    snapped = snap_all(network, [(0, 0)])
    minutes = minutes_to_nearest(network, snapped, ONE, direction="worst", horizon_min=60)
    assert_allclose(minutes.node, np.array([0, 300, 600, 900]) / SPEED / 60)
    assert_allclose(minutes.edge, np.array([150, 450, 750]) / SPEED / 60)
    assert minutes.node_facility.tolist() == [0, 0, 0, 0]
    # 15 minutes at 0.9 m/s are 810 m: the last edge is cut at 0.7 of its length.
    reach = reach_of_each(network, snapped, ONE, direction="back", cutoffs_min=(15.0,))
    pieces = reach.within(15.0, ONE)
    assert pieces.edge.tolist() == [0, 1, 2]
    assert pieces.start.tolist() == [0, 0, 0]
    assert_allclose(pieces.end, [1, 1, 0.7])


@pytest.mark.parametrize("minutes", [5.0, 10.0, 15.0])
def test_a_grid_gives_a_diamond(minutes):
    """On a grid of 27 m the walk is measured along the axes: the reach is a diamond.

    r is a multiple of 27 m (270 m in 5 minutes), so the hull of the reach has the area 2 r² and
    the streets in it the length 4 k² s with r = k s.
    """
    spacing, half = 27.0, 32
    nodes = {
        row * 100 + column: ((column - half) * spacing, (row - half) * spacing)
        for row in range(2 * half + 1)
        for column in range(2 * half + 1)
    }
    right = [(n, n + 1) for n in nodes if n % 100 < 2 * half]
    up = [(n, n + 100) for n in nodes if n // 100 < 2 * half]
    network = make_network(nodes, right + up)
    snapped = snap_all(network, [(0, 0)])
    radius = minutes * 60 * SPEED
    reach = reach_of_each(network, snapped, ONE, direction="worst", cutoffs_min=(minutes,))
    lines = network.lines_of(reach.within(minutes, ONE))
    hull = shapely.convex_hull(shapely.multilinestrings(lines))
    assert_allclose(hull.area, 2 * radius**2, rtol=1e-9)
    assert_allclose(shapely.length(lines).sum(), 4 * (radius / spacing) ** 2 * spacing, rtol=1e-9)


def test_a_leg_to_the_street_is_charged():
    """The facility stands 90 m off the middle of a 2 km street: 100 s are gone before it starts."""
    network = make_network({0: (-1000, 0), 1: (1000, 0)}, [(0, 1)])
    snapped = snap_all(network, [(0, 90)])
    assert_allclose(snapped.distance_m, [90])
    assert_allclose(snapped.fraction, [0.5])
    assert_allclose(reached_m(network, snapped), 2 * (810 - 90))


def test_one_way_is_walked_one_way():
    """0 -> 1 -> 2 goes one way only; the facility is at 1."""
    network = make_network(
        {0: (0, 0), 1: (90, 0), 2: (180, 0)}, [(0, 1, 100, INF), (1, 2, 100, INF)]
    )
    snapped = snap_all(network, [(90, 0)])
    back, _ = nearest_seconds(network, snapped, ONE, direction="back", limit_s=900)
    to, _ = nearest_seconds(network, snapped, ONE, direction="to", limit_s=900)
    assert back.tolist() == [INF, 0, 100]
    assert to.tolist() == [100, 0, INF]
    assert_allclose(reached_m(network, snapped, direction="back"), 90)
    assert_allclose(reached_m(network, snapped, direction="to"), 90)
    assert reached_m(network, snapped, direction="worst") == 0


def test_parallel_edges_count_the_quickest():
    """Two edges join 0 and 1: stairs of 500 s and a street of 100 s. They are not added up."""
    network = make_network({0: (0, 0), 1: (90, 0)}, [(0, 1, 500), (0, 1, 100)])
    snapped = snap_all(network, [(0, 0)])
    seconds, _ = nearest_seconds(network, snapped, ONE, direction="back", limit_s=900)
    assert seconds.tolist() == [0, 100]


def test_an_island_is_not_reached():
    """2-3 does not connect to 0-1, however near it is."""
    network = make_network({0: (0, 0), 1: (90, 0), 2: (0, 10), 3: (90, 10)}, [(0, 1), (2, 3)])
    snapped = snap_all(network, [(0, 0)])
    minutes = minutes_to_nearest(network, snapped, ONE, direction="worst", horizon_min=60)
    assert np.isnan(minutes.node).tolist() == [False, False, True, True]
    assert minutes.node_facility.tolist() == [0, 0, -1, -1]
    assert np.isnan(minutes.edge).tolist() == [False, True]


def test_a_facility_within_an_edge_is_reached_along_it():
    """A long edge, 0.2 of it to the facility; the way over its ends would be far longer."""
    network = make_network({0: (0, 0), 1: (1000, 0)}, [(0, 1, 1000)])
    snapped = snap_all(network, [(200, 0)])
    reach = reach_of_each(network, snapped, ONE, direction="back", cutoffs_min=(2.0,))
    pieces = reach.within(2.0, ONE)
    assert_allclose([pieces.start[0], pieces.end[0]], [0.08, 0.32])
    minutes = minutes_to_nearest(network, snapped, ONE, direction="back", horizon_min=60)
    assert_allclose(minutes.edge, [300 / 60])


def test_worst_is_one_walk_to_and_back_from_the_same_facility():
    """Left is quick to go to, right is quick to come back from; neither is quick both ways.

    L --(home to L 100, L to home 800)-- home --(home to R 700, R to home 100)-- R
    """
    network = make_network(
        {0: (0, 0), 1: (500, 0), 2: (1000, 0)}, [(0, 1, 800, 100), (1, 2, 700, 100)]
    )
    snapped = snap_all(network, [(0, 0), (1000, 0)])
    both = np.array([0, 1])
    nearest = {
        direction: minutes_to_nearest(
            network, snapped, both, direction=direction, horizon_min=60
        ).node[1] * 60
        for direction in ("to", "back", "worst")
    }  # fmt: skip
    assert_allclose(list(nearest.values()), [100, 100, 700])


def test_an_edge_cut_from_both_ends_has_a_gap_in_the_middle():
    """A loop: 0 to 1 directly (2700 m) or by a short cut of 90 s."""
    network = make_network({0: (0, 0), 1: (2700, 0)}, [(0, 1), (0, 1, 90)])
    snapped = snap(network, np.array([[0.0, 0.0]]), onto=np.array([1]), limit_m=10)
    pieces = reach_of_each(network, snapped, ONE, direction="back", cutoffs_min=(15.0,)).within(
        15.0, ONE
    )
    assert pieces.edge.tolist() == [0, 0, 1]
    assert_allclose(pieces.end[0], 810 / 2700)
    assert_allclose(pieces.start[1], 1 - 729 / 2700)


def test_exactly_at_the_cutoff_is_within():
    network = make_network({0: (0, 0), 1: (810, 0)}, [(0, 1)])
    snapped = snap_all(network, [(0, 0)])
    seconds, _ = nearest_seconds(network, snapped, ONE, direction="back", limit_s=900)
    assert_allclose(seconds, [0, 900])


def test_no_facilities_reach_nothing():
    network = make_network({0: (0, 0), 1: (90, 0)}, [(0, 1)])
    snapped = snap_all(network, np.zeros((0, 2)))
    nobody = np.zeros(0, dtype=np.int64)
    minutes = minutes_to_nearest(network, snapped, nobody, direction="worst", horizon_min=60)
    assert np.isnan(minutes.node).all()
    reach = reach_of_each(network, snapped, nobody, direction="worst", cutoffs_min=(15.0,))
    assert len(reach.within(15.0, nobody)) == 0


# ---- rules that hold on every network ----

SECONDS = st.one_of(st.just(0.0), st.integers(1, 40).map(float), st.just(INF))


@st.composite
def random_networks(draw):
    """Some nodes on a small board, edges with parallels, zero lengths, one-ways and islands."""
    count = draw(st.integers(2, 9))
    spots = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)),
                          min_size=count, max_size=count))  # fmt: skip
    node = st.integers(0, count - 1)
    edges = draw(st.lists(st.tuples(node, node, SECONDS, SECONDS), min_size=1, max_size=16))
    network = make_network({n: (10.0 * x, 10.0 * y) for n, (x, y) in enumerate(spots)}, edges)
    points = draw(st.lists(st.tuples(st.integers(-9, 99), st.integers(-9, 99)),
                           min_size=1, max_size=4))  # fmt: skip
    return network, snap_all(network, points)


@settings(max_examples=60, deadline=None)
@given(random_networks(), st.sampled_from(["to", "back", "worst"]))
def test_a_longer_cutoff_never_shrinks_reach(case, direction):
    network, snapped = case
    everyone = np.arange(len(snapped.edge))
    reach = reach_of_each(
        network, snapped, everyone, direction=direction, cutoffs_min=(0.25, 0.5, 1.0)
    )
    lengths = [
        reach.within(c, everyone).length_by_edge_m(network.length_m) for c in reach.cutoffs_min
    ]
    for shorter, longer in itertools.pairwise(lengths):
        assert np.all(longer >= shorter - 1e-9)


@settings(max_examples=60, deadline=None)
@given(random_networks(), st.sampled_from(["to", "back", "worst"]))
def test_one_more_facility_never_lengthens_a_time(case, direction):
    network, snapped = case
    everyone = np.arange(len(snapped.edge))
    fewer, more = (
        minutes_to_nearest(network, snapped, some, direction=direction, horizon_min=60).node
        for some in (everyone[:-1], everyone)
    )
    assert np.all((more <= fewer + 1e-9) | np.isnan(fewer))


@settings(max_examples=60, deadline=None)
@given(random_networks())
def test_worst_is_never_below_to_or_back(case):
    network, snapped = case
    everyone = np.arange(len(snapped.edge))
    to, back, worst = (
        minutes_to_nearest(network, snapped, everyone, direction=d, horizon_min=60).edge
        for d in ("to", "back", "worst")
    )
    known = ~np.isnan(worst)
    assert np.all(worst[known] >= np.maximum(to, back)[known] - 1e-9)


@settings(max_examples=60, deadline=None)
@given(random_networks(), st.permutations(range(9)), st.sampled_from(["to", "back", "worst"]))
def test_node_ids_and_row_order_do_not_matter(case, order, direction):
    network, snapped = case
    everyone = np.arange(len(snapped.edge))
    count, edges = len(network.node_id), len(network.tail)
    # Node n becomes node moved[n]; edge rows are read backwards.
    moved = np.argsort(np.argsort(order[:count]))
    rows = np.arange(edges)[::-1]
    xy = np.empty_like(network.xy)
    xy[moved] = network.xy
    other = replace(
        network, xy=xy, tail=moved[network.tail][rows], head=moved[network.head][rows],
        features=level_streets(network.length_m[rows]), seconds_along=network.seconds_along[rows],
        seconds_against=network.seconds_against[rows], way=network.way[rows],
    )  # fmt: skip
    same_places = replace(snapped, edge=edges - 1 - snapped.edge)
    before, after = (
        minutes_to_nearest(net, places, everyone, direction=direction, horizon_min=60)
        for net, places in ((network, snapped), (other, same_places))
    )
    assert_allclose(after.node[moved], before.node, atol=1e-9)
    assert_allclose(after.edge[rows], before.edge, atol=1e-9)
