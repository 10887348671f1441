"""Pieces of edges: intervals along edges, and set operations on them.

What is reached, what lies in an area, what is covered: all are sets of pieces. Positions along an
edge are fractions of its length, 0 at its tail and 1 at its head.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SLIVER = 1e-12
"""Pieces shorter than this fraction of their edge are rounding."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """A set of disjoint pieces, sorted by edge and start.

    Attributes
    ----------
    edge
        Shape (P,), positions of edges.
    start, end
        Shape (P,), fractions with 0 <= start < end <= 1.
    """

    edge: NDArray[np.int64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.edge)

    def length_m(self, edge_length_m: NDArray[np.float64]) -> float:
        """Return the total length in metres, given the length of every edge."""
        return float(np.sum((self.end - self.start) * edge_length_m[self.edge]))

    def length_by_edge_m(self, edge_length_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the length in metres on every edge, shape of `edge_length_m`."""
        lengths = (self.end - self.start) * edge_length_m[self.edge]
        return np.bincount(self.edge, weights=lengths, minlength=len(edge_length_m)).astype(float)

    def keep(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> "Pieces":
        """Return the chosen pieces: which of them, or their positions in the order wanted."""
        return Pieces(self.edge[chosen], self.start[chosen], self.end[chosen])


def whole(edges: NDArray[np.int64]) -> Pieces:
    """Return edges in full; `edges` must be ascending and unique."""
    return Pieces(edges, np.zeros(len(edges)), np.ones(len(edges)))


def union(edge: NDArray[np.int64], start: NDArray[np.float64], end: NDArray[np.float64]) -> Pieces:
    """Return the union of intervals given in any order, overlapping or touching.

    Intervals are clipped to 0..1; those empty after that are left out.
    """
    start, end = np.clip(start, 0.0, 1.0), np.clip(end, 0.0, 1.0)
    real = end - start > SLIVER
    edge, start, end = edge[real], start[real], end[real]
    order = np.lexsort((start, edge))
    edge, start, end = edge[order], start[order], end[order]
    if len(edge) == 0:
        return Pieces(edge.astype(np.int64), start, end)
    # Fractions lie in 0..1, so edges 2 apart on one axis cannot meet.
    running_end = np.maximum.accumulate(end + 2.0 * edge)
    opens = np.ones(len(edge), dtype=bool)
    opens[1:] = start[1:] + 2.0 * edge[1:] > running_end[:-1] + SLIVER
    first = np.flatnonzero(opens)
    furthest = np.maximum.reduceat(end, first)
    return Pieces(edge[first].astype(np.int64), start[first], furthest)


def union_of(*sets: Pieces) -> Pieces:
    """Return the union of sets of pieces."""
    return union(
        np.concatenate([pieces.edge for pieces in sets]),
        np.concatenate([pieces.start for pieces in sets]),
        np.concatenate([pieces.end for pieces in sets]),
    )


def intersect(one: Pieces, other: Pieces) -> Pieces:
    """Return what lies in both sets."""
    left, right = pairs_on_one_edge(one, other)
    return union(
        one.edge[left],
        np.maximum(one.start[left], other.start[right]),
        np.minimum(one.end[left], other.end[right]),
    )


def subtract(one: Pieces, other: Pieces) -> Pieces:
    """Return what lies in `one` and not in `other`."""
    if len(one) == 0 or len(other) == 0:
        return one
    # Most edges lie in `other` as a whole or not at all; only the rest is cut.
    covered = np.zeros(max(one.edge[-1], other.edge[-1]) + 1, dtype=np.int8)
    covered[other.edge] = 1
    covered[other.edge[(other.start == 0) & (other.end == 1)]] = 2
    left = one.keep(covered[one.edge] == 0)
    rest = _cut_out(one.keep(covered[one.edge] == 1), other.keep(covered[other.edge] == 1))
    every = Pieces(*(np.concatenate([getattr(left, name), getattr(rest, name)])
                     for name in Pieces.__slots__))  # fmt: skip
    return every.keep(np.argsort(every.edge, kind="stable"))


def _cut_out(one: Pieces, other: Pieces) -> Pieces:
    """Return `subtract` of any pieces, of which each is cut."""
    edges = one.edge[np.append(True, one.edge[1:] != one.edge[:-1])[: len(one)]]
    first = np.searchsorted(one.edge, other.edge)
    on_these = other.keep(np.append(one.edge, -1)[first] == other.edge)
    # The complement on each edge: from every end to the next start.
    edge = np.concatenate([edges, on_these.edge])
    opens = np.concatenate([np.zeros(len(edges)), on_these.end])
    order = np.lexsort((opens, edge))
    edge, opens = edge[order], opens[order]
    closing = np.concatenate([on_these.start, np.ones(len(edges))])
    closing_edge = np.concatenate([on_these.edge, edges])
    closes = closing[np.lexsort((closing, closing_edge))]
    return intersect(one, union(edge, opens, closes))


def pairs_on_one_edge(one: Pieces, other: Pieces) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the positions of all pairs of pieces that lie on the same edge."""
    low = np.searchsorted(other.edge, one.edge, side="left")
    count = np.searchsorted(other.edge, one.edge, side="right") - low
    left = np.repeat(np.arange(len(one)), count)
    within = np.arange(len(left)) - np.repeat(np.cumsum(count) - count, count)
    return left, low[left] + within


@dataclass(frozen=True, slots=True)
class PieceSets:
    """Several sets of pieces in one table, one set after the other.

    Attributes
    ----------
    first
        Shape (S + 1,), where each set begins, and where the last ends.
    edge, start, end
        Shape (P,), as of `Pieces`, within each set.
    """

    first: NDArray[np.int64]
    edge: NDArray[np.int64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.first) - 1

    def __getitem__(self, position: int) -> Pieces:
        """Return one of the sets."""
        own = slice(self.first[position], self.first[position + 1])
        return Pieces(self.edge[own], self.start[own], self.end[own])

    @property
    def owner(self) -> NDArray[np.int64]:
        """The set that each piece is of, shape (P,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.first))

    def length_m(self, edge_length_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the total length of each set in metres, given the length of every edge."""
        lengths = (self.end - self.start) * edge_length_m[self.edge]
        return np.bincount(self.owner, weights=lengths, minlength=len(self)).astype(float)

    def union(self, chosen: NDArray[np.bool_]) -> Pieces:
        """Return what lies in any of the chosen sets; `chosen` has the shape (S,)."""
        kept = np.repeat(chosen, np.diff(self.first))
        edge, start, end = self.edge[kept], self.start[kept], self.end[kept]
        # Most edges lie in some set as a whole; only the others need to be sorted.
        in_full = np.zeros(int(edge.max(initial=-1)) + 1, dtype=bool)
        in_full[edge[(start == 0) & (end == 1)]] = True
        part = ~in_full[edge]
        full = whole(np.flatnonzero(in_full))
        return union(
            np.concatenate([full.edge, edge[part]]),
            np.concatenate([full.start, start[part]]),
            np.concatenate([full.end, end[part]]),
        )


@dataclass(frozen=True, slots=True)
class PartsByEdge:
    """Sets of pieces of street, edge by edge.

    Attributes
    ----------
    count
        Number of sets.
    first
        Shape (E + 1,), where the pieces of each edge begin.
    place, edge
        Shape (P,), of each piece its set and its edge, edges ascending.
    start, end
        Shape (P,), fractions of the edge.
    metres
        Shape (P,).
    """

    count: int
    first: NDArray[np.int64]
    place: NDArray[np.int64]
    edge: NDArray[np.int64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    metres: NDArray[np.float64]


def parts_by_edge(parts: Sequence[Pieces], length_m: NDArray[np.float64]) -> PartsByEdge:
    """Return sets of pieces edge by edge, given the length of every edge."""
    nothing = np.zeros(0, dtype=np.int64)
    edge = np.concatenate([nothing, *(part.edge for part in parts)])
    start, end = (
        np.concatenate([np.zeros(0), *(getattr(part, name) for part in parts)])
        for name in ("start", "end")
    )
    place = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    order = np.argsort(edge, kind="stable")
    edge, start, end = edge[order], start[order], end[order]
    first = np.searchsorted(edge, np.arange(len(length_m) + 1))
    return PartsByEdge(
        len(parts), first, place[order], edge, start, end, (end - start) * length_m[edge]
    )
