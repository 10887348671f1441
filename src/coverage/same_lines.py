"""Where the lines of one set run along those of another, however they are cut and drawn.

Two years of OpenStreetMap cut one street into other ways, give them other ids and nodes, and move
them a little. What is the same is told by where it is: stretch by stretch, each at most once.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from .pieces import Pieces, pairs_on_one_edge, subtract, union

MOVED_M = 2.0
"""Lines that run along each other so near are one street (assumed): half as far as a pavement is
from the middle of its road, and more than a street moves when it is drawn anew."""
_ALIKE = np.cos(np.radians(15.0))
"""They point the same way, within 15 degrees."""
_SAME_M = 0.01
"""Stretches whose ends agree to this are equal, and shorter ones are rounding."""
_JOINT_M = 2 * MOVED_M
"""What is left over at a corner that moved is no longer."""

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Stretches:
    """Stretches of the one set's lines and of the other's that are one street.

    Attributes
    ----------
    a, b
        Shape (N,), positions of lines.
    a_start, a_end, b_start, b_end
        Shape (N,), shares of their lengths, in the order in which the first line runs:
        ``a_start < a_end``, and ``b_start > b_end`` where the other runs the other way.
    """

    a: Whole
    b: Whole
    a_start: Floats
    a_end: Floats
    b_start: Floats
    b_end: Floats

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> "Stretches":
        """Return some of them."""
        return Stretches(*(getattr(self, name)[rows] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class _Segments:
    """Straight segments of lines: ends, their line, and their place along it in metres."""

    tail: Floats
    head: Floats
    line: Whole
    start_m: Floats

    @property
    def length_m(self) -> Floats:
        return np.asarray(np.hypot(*(self.head - self.tail).T))

    def take(self, rows: Whole) -> "_Segments":
        return _Segments(self.tail[rows], self.head[rows], self.line[rows], self.start_m[rows])


def same_stretches(
    a: NDArray[np.object_],
    b: NDArray[np.object_],
    ids_a: NDArray[np.object_],
    ids_b: NDArray[np.object_],
) -> Stretches:
    """Return what of two sets of lines is one street, sorted along the first.

    Equal segments first; then, of what runs within `MOVED_M` and the same way, the nearest of each
    other, of equally near ones those with one id, until nothing is left. No part of a line is in
    two stretches.

    Parameters
    ----------
    a, b
        LineStrings with length, metres, in one coordinate system.
    ids_a, ids_b
        What each line is called.
    """
    segments = _segments(a), _segments(b)
    equal = _equal(*segments)
    rest = [
        np.setdiff1d(np.arange(len(side.line)), equal[:, column])
        for column, side in enumerate(segments)
    ]
    left = segments[0].take(rest[0]), segments[1].take(rest[1])
    near = _near(*left, ids_a, ids_b)
    lengths = shapely.length(a), shapely.length(b)
    found = [_whole_segments(*segments, equal), _of_segments(*left, near)]
    metres = [np.concatenate([part[column] for part in found]) for column in range(6)]
    lines = metres[0].astype(np.int64), metres[1].astype(np.int64)
    stretches = Stretches(
        *lines,
        metres[2] / lengths[0][lines[0]], metres[3] / lengths[0][lines[0]],
        metres[4] / lengths[1][lines[1]], metres[5] / lengths[1][lines[1]],
    )  # fmt: skip
    return _joined(_closed(_closed(stretches, lengths[0]), lengths[1], other=True), lengths)


def _segments(lines: NDArray[np.object_]) -> _Segments:
    xy, line = shapely.get_coordinates(lines, return_index=True)
    goes_on = line[1:] == line[:-1]
    tail, head = xy[:-1][goes_on], xy[1:][goes_on]
    line = line[:-1][goes_on]
    metres = np.hypot(*(head - tail).T)
    along = np.cumsum(metres) - metres
    first = np.searchsorted(line, np.arange(len(lines)))
    start = along - along[np.minimum(first, len(along) - 1)][line]
    real = metres > 0
    return _Segments(tail[real], head[real], line[real].astype(np.int64), start[real])


def _equal(a: _Segments, b: _Segments) -> Whole:
    """Return pairs of segments with the same ends; the n-th at a place goes with the n-th."""
    ends = []
    for side in (a, b):
        rounded = np.rint(np.stack([side.tail, side.head], axis=1) / _SAME_M).astype(np.int64)
        turned = (rounded[:, 0, 0] > rounded[:, 1, 0]) | (
            (rounded[:, 0, 0] == rounded[:, 1, 0]) & (rounded[:, 0, 1] > rounded[:, 1, 1])
        )
        ends.append(np.where(turned[:, None, None], rounded[:, ::-1], rounded).reshape(-1, 4))
    if not len(ends[0]) or not len(ends[1]):
        return np.zeros((0, 2), dtype=np.int64)
    key = np.unique(np.concatenate(ends), axis=0, return_inverse=True)[1].ravel()
    sides = []
    for values in (key[: len(ends[0])], key[len(ends[0]) :]):
        order = np.argsort(values, kind="stable")
        ordered = values[order]
        nth = np.arange(len(order)) - np.searchsorted(ordered, ordered)
        sides.append((ordered * (len(key) + 1) + nth, order))
    _, left, right = np.intersect1d(sides[0][0], sides[1][0], return_indices=True)
    return np.column_stack([sides[0][1][left], sides[1][1][right]])


def _whole_segments(a: _Segments, b: _Segments, pairs: Whole) -> list[NDArray[np.float64]]:
    one, other = a.take(pairs[:, 0]), b.take(pairs[:, 1])
    along = np.einsum("ij,ij->i", one.head - one.tail, other.head - other.tail) > 0
    low, high = other.start_m, other.start_m + other.length_m
    return [
        one.line.astype(float), other.line.astype(float),
        one.start_m, one.start_m + one.length_m,
        np.where(along, low, high), np.where(along, high, low),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Near:
    """Pairs of segments and where they run along each other.

    ``start`` and ``end`` are shares of segment ``a``; share t of it lies at ``b_0 + t * b_slope``
    of segment ``b``. ``rank``: the lower, the nearer.
    """

    a: Whole
    b: Whole
    start: Floats
    end: Floats
    b_0: Floats
    b_slope: Floats
    rank: Whole

    def take(self, rows: Whole | NDArray[np.bool_]) -> "_Near":
        return _Near(*(getattr(self, name)[rows] for name in self.__slots__))

    def on_b(self) -> tuple[Floats, Floats]:
        ends = self.b_0 + self.start * self.b_slope, self.b_0 + self.end * self.b_slope
        return np.clip(np.minimum(*ends), 0, 1), np.clip(np.maximum(*ends), 0, 1)


def _near(
    a: _Segments, b: _Segments, ids_a: NDArray[np.object_], ids_b: NDArray[np.object_]
) -> _Near:
    """Return pairs of segments that run along each other, no part of any in two of them."""
    live = _candidates(a, b, ids_a, ids_b)
    length_a, length_b = a.length_m, b.length_m
    chosen = []
    while len(live.a):
        best = _unrivalled(live)
        chosen.append(live.take(best))
        live = _without(live.take(~best), chosen[-1])
        metres = (live.end - live.start) * np.minimum(
            length_a[live.a], np.abs(live.b_slope) * length_b[live.b]
        )
        live = live.take(metres > _SAME_M)
    if not chosen:
        return live
    return _Near(*(np.concatenate([getattr(c, name) for c in chosen]) for name in _Near.__slots__))


def _candidates(
    a: _Segments, b: _Segments, ids_a: NDArray[np.object_], ids_b: NDArray[np.object_]
) -> _Near:
    lines_a, lines_b = (
        shapely.linestrings(np.stack([side.tail, side.head], axis=1)) for side in (a, b)
    )
    i, j = shapely.STRtree(lines_b).query(lines_a, predicate="dwithin", distance=MOVED_M)
    one, other = a.take(i), b.take(j)
    long_one, long_other = one.length_m, other.length_m
    along = (one.head - one.tail) / long_one[:, None]
    step = other.head - other.tail
    alike = np.abs(np.einsum("ij,ij->i", along, step)) >= _ALIKE * long_other
    across = np.column_stack([-along[:, 1], along[:, 0]])

    def seen(points: Floats) -> tuple[Floats, Floats]:
        """Return how far along a each point of b is, as a share, and how far beside it."""
        away = points - one.tail
        return (
            np.einsum("ij,ij->i", away, along) / long_one,
            np.einsum("ij,ij->i", away, across),
        )

    (t_0, d_0), (t_1, d_1) = seen(other.tail), seen(other.head)
    run = np.where(alike, t_1 - t_0, 1.0)
    slope = (d_1 - d_0) / run
    at_0 = d_0 - t_0 * slope
    # Where the straight line d = at_0 + t * slope stays within the distance.
    flat = np.abs(slope) < 1e-9
    limits = [(side * MOVED_M - at_0) / np.where(flat, 1.0, slope) for side in (-1, 1)]
    low = np.where(flat, -np.inf, np.minimum(*limits))
    high = np.where(flat, np.inf, np.maximum(*limits))
    start = np.maximum.reduce([np.minimum(t_0, t_1), np.zeros(len(i)), low])
    end = np.minimum.reduce([np.maximum(t_0, t_1), np.ones(len(i)), high])
    middle = np.abs(at_0 + (start + end) / 2 * slope)
    real = alike & ((end - start) * long_one > _SAME_M) & (middle <= MOVED_M)
    strange = ids_a[one.line] != ids_b[other.line]
    order = np.lexsort((-(end - start) * long_one, strange, np.rint(middle * 10)))
    rank = np.empty(len(i), dtype=np.int64)
    rank[order] = np.arange(len(i))
    return _Near(i, j, start, end, -t_0 / run, 1 / run, rank).take(real)


def _unrivalled(live: _Near) -> NDArray[np.bool_]:
    """Tell which have no nearer one that overlaps them, on either segment."""
    best = np.ones(len(live.a), dtype=bool)
    b_start, b_end = live.on_b()
    for side, start, end in ((live.a, live.start, live.end), (live.b, b_start, b_end)):
        order = np.argsort(side, kind="stable")
        pieces = Pieces(side[order], start[order], end[order])
        one, other = pairs_on_one_edge(pieces, pieces)
        meet = np.minimum(pieces.end[one], pieces.end[other]) - np.maximum(
            pieces.start[one], pieces.start[other]
        )
        rank = live.rank[order]
        # Of what is left of one pair, parts never overlap.
        beaten = (meet > 1e-9) & (rank[other] < rank[one])
        best[order[one[beaten]]] = False
    return best


def _without(live: _Near, taken: _Near) -> _Near:
    """Return what is left of pairs when others have taken parts of their segments."""
    own = np.arange(len(live.a))
    gone = []
    b_start, b_end = taken.on_b()
    for side, of, start, end in (
        (live.a, taken.a, taken.start, taken.end),
        (live.b, taken.b, b_start, b_end),
    ):
        order = np.argsort(of, kind="stable")
        these = Pieces(of[order], start[order], end[order])
        # `live` need not be sorted: each row looks its segment up.
        row, at = pairs_on_one_edge(Pieces(side, live.start, live.end), these)
        low, high = these.start[at], these.end[at]
        if side is live.b:
            ends = [(one - live.b_0[row]) / live.b_slope[row] for one in (low, high)]
            low, high = np.minimum(*ends), np.maximum(*ends)
        gone.append((row, low, high))
    removed = union(*(np.concatenate(part) for part in zip(*gone, strict=True)))
    rest = subtract(Pieces(own, live.start, live.end), removed)
    kept = live.take(rest.edge)
    return _Near(kept.a, kept.b, rest.start, rest.end, kept.b_0, kept.b_slope, kept.rank)


def _of_segments(a: _Segments, b: _Segments, near: _Near) -> list[NDArray[np.float64]]:
    one, other = a.take(near.a), b.take(near.b)
    b_at = [
        other.start_m + np.clip(near.b_0 + t * near.b_slope, 0, 1) * other.length_m
        for t in (near.start, near.end)
    ]
    return [
        one.line.astype(float), other.line.astype(float),
        one.start_m + near.start * one.length_m, one.start_m + near.end * one.length_m, *b_at,
    ]  # fmt: skip


def _closed(stretches: Stretches, length_m: Floats, *, other: bool = False) -> Stretches:
    """Return stretches drawn out over the scraps between them, and at the ends of their lines."""
    line = stretches.b if other else stretches.a
    ends = (stretches.b_start, stretches.b_end) if other else (stretches.a_start, stretches.a_end)
    turned = ends[0] > ends[1]
    order = np.lexsort((np.minimum(*ends), line))
    line = line[order]
    low, high = np.minimum(*ends)[order], np.maximum(*ends)[order]
    scrap = _JOINT_M / length_m[line]
    first = np.r_[True, line[1:] != line[:-1]][: len(line)]
    last = np.r_[line[1:] != line[:-1], True][: len(line)]
    following = np.where(last, 1.0, np.r_[low[1:], 1.0][: len(line)])
    high = np.where((following - high > 0) & (following - high <= scrap), following, high)
    low = np.where(first & (low <= scrap), 0.0, low)
    start, end = np.empty(len(line)), np.empty(len(line))
    start[order], end[order] = low, high
    drawn = np.where(turned, end, start), np.where(turned, start, end)
    if other:
        return Stretches(stretches.a, stretches.b, stretches.a_start, stretches.a_end, *drawn)
    return Stretches(stretches.a, stretches.b, *drawn, stretches.b_start, stretches.b_end)


def _joined(stretches: Stretches, length_m: tuple[Floats, Floats]) -> Stretches:
    """Return stretches that go on without a break as one, sorted by line and start."""
    stretches = stretches.take(np.lexsort((stretches.a_start, stretches.a)))
    if not len(stretches.a):
        return stretches
    s, turned = stretches, stretches.b_start > stretches.b_end
    breaks_a = np.abs(s.a_start[1:] - s.a_end[:-1]) * length_m[0][s.a[1:]] > _SAME_M
    breaks_b = np.abs(s.b_start[1:] - s.b_end[:-1]) * length_m[1][s.b[1:]] > _SAME_M
    opens = np.r_[
        True,
        (s.a[1:] != s.a[:-1]) | (s.b[1:] != s.b[:-1]) | breaks_a | breaks_b
        | (turned[1:] != turned[:-1]),
    ]  # fmt: skip
    first = np.flatnonzero(opens)
    last = np.r_[first[1:], len(opens)] - 1
    return Stretches(
        s.a[first], s.b[first], s.a_start[first], s.a_end[last], s.b_start[first], s.b_end[last]
    )
