"""Many spots, and which of them lie in which of many polygons."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

_PAIRS_AT_ONCE = 500_000
"""Of a polygon and a spot in its box, that a thread holds; more where one polygon has more."""


@dataclass(frozen=True, slots=True)
class Spots:
    """Spots, sorted by the square of a grid that they lie in.

    Attributes
    ----------
    xy
        Shape (S, 2), metres, in the order of their squares.
    order
        Shape (S,), of each its position as it was given.
    square
        Shape (S,), ascending: column times `rows` plus row.
    low, side_m, rows
        The grid: its least corner, its squares' sides, and their number in a column.
    """

    xy: NDArray[np.float64]
    order: NDArray[np.int64]
    square: NDArray[np.int64]
    low: NDArray[np.float64]
    side_m: float
    rows: int

    def __len__(self) -> int:
        return len(self.order)

    def within(self, polygons: NDArray[np.object_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return all pairs of a polygon and a spot in it; a spot on the rim is not in it.

        Shape (K,) each: positions in `polygons`, and of the spots as they were given.
        """
        polygon, begin, end = self._columns(polygons)
        until = np.append(0, np.cumsum(end - begin))
        # Threads take whole columns, some of one polygon.
        chunks = np.searchsorted(until, np.arange(0, until[-1], _PAIRS_AT_ONCE))
        chunks = np.unique(np.append(chunks, len(polygon)))
        shapely.prepare(polygons)
        bounds = shapely.bounds(polygons)

        def some(first: int, last: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
            count = end[first:last] - begin[first:last]
            spot = np.arange(count.sum()) + np.repeat(begin[first:last] - until[first:last], count)
            spot += until[first]
            of = np.repeat(polygon[first:last], count)
            west, south, east, north = bounds[of].T
            x, y = self.xy[spot].T
            near = np.flatnonzero((x >= west) & (x <= east) & (y >= south) & (y <= north))
            of, spot = of[near], spot[near]
            inside = shapely.contains_xy(polygons[of], x[near], y[near])
            return of[inside], self.order[spot[inside]]

        # GEOS leaves Python's lock alone.
        with ThreadPoolExecutor() as pool:
            found = list(pool.map(some, chunks[:-1].tolist(), chunks[1:].tolist()))
        nothing = np.zeros(0, dtype=np.int64)
        return (
            np.concatenate([nothing, *(one[0] for one in found)]),
            np.concatenate([nothing, *(one[1] for one in found)]),
        )

    def _columns(
        self, polygons: NDArray[np.object_]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return, for each column of squares that a polygon's box meets, the polygon and the spots
        there from the box's lowest square to its highest: where they begin and end."""
        real = np.flatnonzero(~shapely.is_empty(polygons))
        if len(real) == 0 or len(self) == 0:
            nothing = np.zeros(0, dtype=np.int64)
            return nothing, nothing, nothing
        most = np.array([self.square[-1] // self.rows, self.rows - 1])
        corners = shapely.bounds(polygons[real]).reshape(-1, 2, 2)
        box = np.clip(np.floor((corners - self.low) / self.side_m), -1, most + 1).astype(np.int64)
        (left, bottom), (right, top) = np.clip(box, 0, most).transpose(1, 2, 0)
        count = right - left + 1
        which = np.repeat(np.arange(len(real)), count)
        column = np.arange(len(which)) + np.repeat(left - (np.cumsum(count) - count), count)
        begin = np.searchsorted(self.square, column * self.rows + bottom[which])
        end = np.searchsorted(self.square, column * self.rows + top[which], side="right")
        return real[which], begin, end


def spots_of(xy: NDArray[np.float64]) -> Spots:
    """Return spots, shape (S, 2), metres, ready to be looked up."""
    if len(xy) == 0:
        none = np.zeros(0, dtype=np.int64)
        return Spots(xy.reshape(0, 2), none, none, np.zeros(2), 1.0, 1)
    low = xy.min(axis=0)
    wide, high = (xy.max(axis=0) - low).tolist()
    # About as many squares as spots; a million a side at most, so that one number holds both.
    side_m = max(math.sqrt(wide * high / len(xy)), max(wide, high) / 2**20, 1.0)
    square = np.floor((xy - low) / side_m).astype(np.int64)
    rows = int(square[:, 1].max()) + 1
    key = square[:, 0] * rows + square[:, 1]
    order = np.argsort(key, kind="stable")
    return Spots(xy[order], order, key[order], low, side_m, rows)
