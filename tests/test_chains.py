"""Chains of edges on networks that a reader can walk by eye."""

import itertools

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from coverage.chains import chains


def arrays(edges):
    tail, head = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    return tail, head


def walks(found, tail, head):
    """Return the nodes that a walk along each chain passes."""
    result = []
    for chain in range(len(found)):
        part = slice(found.first[chain], found.first[chain + 1])
        steps = [
            (tail[e], head[e]) if ahead else (head[e], tail[e])
            for e, ahead in zip(found.edge[part], found.forward[part], strict=True)
        ]
        result.append([int(steps[0][0]), *(int(step[1]) for step in steps)])
    return result


def test_a_letter_t():
    r"""Three arms of different drawing directions meet at 2.

    0---1---2---3
            |
            4---5
    """
    tail, head = arrays([(1, 0), (1, 2), (3, 2), (2, 4), (4, 5)])
    found = chains(tail, head, 6)
    assert walks(found, tail, head) == [[2, 1, 0], [3, 2], [2, 4, 5]]
    assert found.tail.tolist() == [2, 3, 2]
    assert found.head.tolist() == [0, 2, 5]
    assert found.chain_of_edge.tolist() == [0, 0, 1, 2, 2]


def test_edges_of_different_ways_are_not_joined():
    tail, head = arrays([(0, 1), (1, 2), (2, 3)])
    found = chains(tail, head, 4, np.array([7, 7, 8]))
    assert walks(found, tail, head) == [[0, 1, 2], [2, 3]]


def test_rings_loops_and_parallel_edges():
    r"""A ring 0-1-2, a loop at 3, two edges between 4 and 5, and 6-4 beside them."""
    tail, head = arrays([(1, 2), (0, 1), (2, 0), (3, 3), (4, 5), (4, 5), (6, 4)])
    found = chains(tail, head, 7)
    assert walks(found, tail, head) == [[1, 2, 0, 1], [3, 3], [4, 5, 4], [6, 4]]


def test_seconds_follow_the_walk():
    tail, head = arrays([(0, 1), (2, 1)])
    found = chains(tail, head, 3)
    there, back = found.seconds(np.array([10.0, 1.0]), np.array([20.0, np.inf]))
    assert there.tolist() == [np.inf]
    assert back.tolist() == [21.0]
    assert found.share_before(np.array([3.0, 4.0])).tolist() == [0, 3]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=25))
def test_chains_are_walks_that_part_only_at_junctions(edges):
    tail, head = arrays(edges)
    found = chains(tail, head, 10)
    assert sorted(found.edge) == list(range(len(edges)))
    degree = np.bincount(np.concatenate([tail, head]), minlength=10)
    for chain, walk in enumerate(walks(found, tail, head)):
        part = found.edge[found.first[chain] : found.first[chain + 1]]
        passed = [
            (tail[e], head[e]) if ahead else (head[e], tail[e])
            for e, ahead in zip(
                part, found.forward[found.first[chain] : found.first[chain + 1]], strict=True
            )
        ]
        assert all(one[1] == other[0] for one, other in itertools.pairwise(passed))
        assert all(degree[node] == 2 for node in walk[1:-1])
        ends = {walk[0], walk[-1]}
        ring = walk[0] == walk[-1]
        assert ring or all(degree[node] != 2 for node in ends)
        assert found.forward[found.first[chain] + np.argmin(part)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=30),
    st.randoms(use_true_random=False),
)
def test_distances_between_junctions_stay(edges, random):
    tail, head = arrays(edges)
    seconds = np.array([random.uniform(0, 9) for _ in edges])
    found = chains(tail, head, 13)
    whole, contracted = nx.MultiGraph(), nx.MultiGraph()
    whole.add_weighted_edges_from(zip(tail, head, seconds, strict=True))
    total, _ = found.seconds(seconds, seconds)
    contracted.add_weighted_edges_from(zip(found.tail, found.head, total, strict=True))
    for source in contracted:
        expected = nx.single_source_dijkstra_path_length(whole, source)
        got = nx.single_source_dijkstra_path_length(contracted, source)
        assert_allclose([got[n] for n in got], [expected[n] for n in got], atol=1e-9)
        assert set(got) == set(expected) & set(contracted)
