"""Set operations on pieces of edges, against counting points."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from coverage.pieces import Pieces, PieceSets, intersect, subtract, union, union_of, whole

# Quarters are exact in floating point, so that touching intervals really touch.
QUARTERS = st.integers(0, 8).map(lambda n: n / 8)
INTERVALS = st.lists(st.tuples(st.integers(0, 3), QUARTERS, QUARTERS), max_size=12)
# Middles of the eighths: never on an end.
PROBES = (np.arange(8) + 0.5) / 8


def as_pieces(intervals: list[tuple[int, float, float]]) -> Pieces:
    edge, start, end = (np.array(c) for c in zip(*intervals, strict=True)) if intervals else (
        np.zeros(0, dtype=int), np.zeros(0), np.zeros(0))  # fmt: skip
    return union(edge.astype(np.int64), start.astype(float), end.astype(float))


def probed(pieces: Pieces) -> set[tuple[int, float]]:
    return {
        (int(edge), probe)
        for edge, start, end in zip(pieces.edge, pieces.start, pieces.end, strict=True)
        for probe in PROBES
        if start < probe < end
    }


def raw_probed(intervals: list[tuple[int, float, float]]) -> set[tuple[int, float]]:
    return {(edge, p) for edge, start, end in intervals for p in PROBES if start < p < end}


def is_canonical(pieces: Pieces) -> bool:
    apart = (pieces.edge[1:] > pieces.edge[:-1]) | (pieces.start[1:] > pieces.end[:-1])
    return bool(np.all(pieces.start < pieces.end) and np.all(apart))


@given(INTERVALS)
def test_union_holds_what_any_interval_holds(intervals):
    pieces = as_pieces(intervals)
    assert probed(pieces) == raw_probed(intervals)
    assert is_canonical(pieces)


@given(INTERVALS, INTERVALS)
def test_intersection_and_difference_hold_what_sets_hold(one, other):
    left, right = as_pieces(one), as_pieces(other)
    assert probed(intersect(left, right)) == raw_probed(one) & raw_probed(other)
    assert probed(subtract(left, right)) == raw_probed(one) - raw_probed(other)
    assert is_canonical(intersect(left, right))
    assert is_canonical(subtract(left, right))


@given(INTERVALS, INTERVALS)
def test_lengths_are_conserved(one, other):
    left, right = as_pieces(one), as_pieces(other)
    metres = np.array([10.0, 20.0, 30.0, 40.0])
    parts = intersect(left, right).length_m(metres) + subtract(left, right).length_m(metres)
    assert_allclose(parts, left.length_m(metres), atol=1e-9)


def test_touching_intervals_join_and_others_do_not():
    pieces = union(np.array([0, 0, 1]), np.array([0.5, 0.0, 0.0]), np.array([1.0, 0.5, 0.25]))
    assert pieces.edge.tolist() == [0, 1]
    assert pieces.start.tolist() == [0.0, 0.0]
    assert pieces.end.tolist() == [1.0, 0.25]


def test_intervals_are_clipped_and_empty_ones_left_out():
    pieces = union(np.array([0, 1, 2]), np.array([-3.0, 0.4, 1.2]), np.array([0.5, 0.4, 7.0]))
    assert (pieces.edge.tolist(), pieces.start.tolist(), pieces.end.tolist()) == ([0], [0], [0.5])


def test_lengths():
    metres = np.array([100.0, 10.0])
    pieces = union(np.array([0, 0, 1]), np.array([0.0, 0.5, 0.0]), np.array([0.25, 1.0, 1.0]))
    assert pieces.length_m(metres) == 85.0
    assert pieces.length_by_edge_m(metres).tolist() == [75.0, 10.0]
    assert whole(np.array([1])).length_m(metres) == 10.0


@given(st.lists(INTERVALS, min_size=1, max_size=4), st.data())
def test_sets_in_one_table_are_the_sets(all_intervals, data):
    alone = [as_pieces(intervals) for intervals in all_intervals]
    table = PieceSets(
        np.concatenate([[0], np.cumsum([len(pieces) for pieces in alone])]),
        *(np.concatenate([getattr(pieces, name) for pieces in alone])
          for name in ("edge", "start", "end")),
    )  # fmt: skip
    length_m = np.array([1.0, 10.0, 100.0, 1000.0])
    assert len(table) == len(alone)
    for position, pieces in enumerate(alone):
        assert probed(table[position]) == probed(pieces)
    assert_allclose(table.length_m(length_m), [pieces.length_m(length_m) for pieces in alone])
    chosen = np.array([data.draw(st.booleans()) for _ in alone])
    some = [pieces for pieces, yes in zip(alone, chosen, strict=True) if yes]
    expected = union_of(as_pieces([]), *some)
    found = table.union(chosen)
    assert is_canonical(found)
    assert_allclose(found.edge, expected.edge)
    assert_allclose(found.start, expected.start)
    assert_allclose(found.end, expected.end)
