"""Areas near streets, drawn from a grid of distances.

Buffering every street and uniting the buffers costs more than all the walks. The contour of the
distance to the nearest street, which is exact at every node of a grid, is the same area but for a
hundredth, in a fraction of the time; and sets of streets that grow by the minute share one grid.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import contourpy
import numpy as np
import shapely
from numpy.typing import NDArray

STREET_SPACE_M = 25.0
"""Half the width of the space that counts as being at a street, metres."""

GRID_M = 5.0
"""Between nodes of the grid, metres; of 10 m, slits between two streets would close."""
_PHASE_M = 1.25
"""Where nodes lie: off round coordinates, lest streets on such pass nodes at just `STREET_SPACE_M`.
"""
_FAR_M = STREET_SPACE_M + 1.5 * GRID_M
"""Beyond it no distance is needed: a square of the grid with a nearer corner has all within."""
_LONGEST_M = 100.0
"""Lines are cut to this length: the box around a long slanting one is mostly empty, metres."""
_SMOOTH_M = 0.35
"""By how much outlines may be smoothed, metres."""
_SIDES = 4
_NUMBERS_AT_ONCE = 1 << 18
_OWNERS_AT_ONCE = 48


@dataclass(frozen=True, slots=True)
class Growing:
    """Sets of straight lines that grow from band to band.

    Attributes
    ----------
    tail, head
        Shape (L, 2), the ends of all lines, metres; several sets may have the same line.
    line
        Shape (M,), a line of a set.
    owner
        Shape (M,), the set, 0 to `count` - 1.
    band
        Shape (M,), the first band that the line is in; it is in all later ones.
    count, bands
        How many sets and bands there are.
    """

    tail: NDArray[np.float64]
    head: NDArray[np.float64]
    line: NDArray[np.int64]
    owner: NDArray[np.int64]
    band: NDArray[np.int64]
    count: int
    bands: int


def spaces_of_each(sets: Growing) -> NDArray[np.object_]:
    """Return the space within `STREET_SPACE_M` of each set's lines in each band.

    Returns
    -------
    spaces
        Shape (count, bands); holes kept, valid, each band within the next; empty without lines.
    """
    return _nested(_smooth(_drawn(sets)))


def _smooth(spaces: NDArray[np.object_]) -> NDArray[np.object_]:
    smooth = shapely.simplify(spaces, _SMOOTH_M, preserve_topology=False)
    crossing = ~shapely.is_valid(smooth)
    smooth[crossing] = shapely.simplify(spaces[crossing], _SMOOTH_M)
    return np.asarray(smooth)


def _nested(spaces: NDArray[np.object_]) -> NDArray[np.object_]:
    # Smoothed each for itself, 5 minutes could stick out of 10.
    for band in range(1, spaces.shape[1]):
        spaces[:, band] = shapely.union(spaces[:, band], spaces[:, band - 1])
    return spaces


def _drawn(sets: Growing) -> NDArray[np.object_]:
    spaces = np.full((sets.count, sets.bands), shapely.MultiPolygon(), dtype=object)
    for members, some in _batches(sets):
        line, own = np.unique(sets.line[some], return_inverse=True)
        near = _near(sets.tail[line], sets.head[line])
        bounds = np.searchsorted(sets.owner[some], [members, members + 1])
        contours = _Contours()
        for place, (begin, end) in enumerate(bounds.T):
            lines, band = own[begin:end], sets.band[some[begin:end]]
            grid = _Grid(near.low[lines].min(axis=0), near.high[lines].max(axis=0))
            for number in range(sets.bands):
                grid.lower(near, lines[band == number])
                contours.add(grid, place * sets.bands + number)
        spaces[members] = contours.polygons(len(members) * sets.bands).reshape(-1, sets.bands)
    return spaces


def _batches(sets: Growing) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield owners that lie near each other, ascending, and the positions of their lines."""
    size = np.bincount(sets.owner, minlength=sets.count)
    some = np.flatnonzero(size)
    if len(some) == 0:
        return
    sums = [np.bincount(sets.owner, weights=sets.tail[sets.line, axis], minlength=sets.count)
            for axis in (0, 1)]  # fmt: skip
    x, y = (total[some] / size[some] for total in sums)
    strips = np.floor(x / 5000.0)
    order = some[np.lexsort((y, strips))]
    by_owner = np.argsort(sets.owner, kind="stable")
    first = np.cumsum(size) - size
    for begin in range(0, len(order), _OWNERS_AT_ONCE):
        members = np.sort(order[begin : begin + _OWNERS_AT_ONCE])
        yield members, np.concatenate([by_owner[first[m] : first[m] + size[m]] for m in members])


def _boxes(
    tail: NDArray[np.float64], head: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the lowest and highest nodes that can be near each line, each shape (L, 2)."""
    low = np.floor((np.minimum(tail, head) - _FAR_M - _PHASE_M) / GRID_M)
    high = np.ceil((np.maximum(tail, head) + _FAR_M - _PHASE_M) / GRID_M)
    return low.astype(np.int64), high.astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Near:
    """The nodes near lines: the entries of line l are `first[l]` to `first[l + 1]`.

    `low` and `high` bound the nodes of each line.
    """

    first: NDArray[np.int64]
    column: NDArray[np.int32]
    row: NDArray[np.int32]
    metres: NDArray[np.float32]
    low: NDArray[np.int64]
    high: NDArray[np.int64]

    def entries(self, lines: NDArray[np.int64]) -> NDArray[np.int64]:
        begin = self.first[lines]
        count = self.first[lines + 1] - begin
        return np.repeat(begin - np.cumsum(count) + count, count) + np.arange(count.sum())


def _near(tail: NDArray[np.float64], head: NDArray[np.float64]) -> _Near:
    length = np.hypot(*(head - tail).T)
    count = np.maximum(np.ceil(length / _LONGEST_M), 1).astype(np.int64)
    line = np.repeat(np.arange(len(tail)), count)
    part = np.arange(len(line)) - np.repeat(np.cumsum(count) - count, count)
    step = ((head - tail) / count[:, None])[line]
    start = tail[line] + step * part[:, None]
    low, high = _boxes(start, start + step)
    # Parts whose boxes are about of one size are worked at together.
    size = -((low - high - 1) // _SIDES) * _SIDES
    order = np.lexsort((size[:, 0], size[:, 1]))
    alike = np.flatnonzero(np.any(np.diff(size[order], axis=0, prepend=-1), axis=1))
    found, amount = [], np.zeros(len(line), dtype=np.int64)
    for same in np.split(order, alike[1:]):
        at_once = max(1, _NUMBERS_AT_ONCE // int(size[same[0]].prod()))
        for begin in range(0, len(same), at_once):
            some = same[begin : begin + at_once]
            squared = _squared(start[some], step[some], low[some], size[some[0]])
            hit = squared < np.float32(_FAR_M**2)
            amount[some] = hit.sum(axis=(1, 2))
            which, row, column = np.nonzero(hit)
            found.append((some, low[some[which], 0] + column, low[some[which], 1] + row,
                          np.sqrt(squared[hit])))  # fmt: skip
    first = np.concatenate([[0], np.cumsum(amount)])
    near = _Near(
        first[np.concatenate([np.cumsum(count) - count, [len(line)]])],
        np.empty(first[-1], dtype=np.int32),
        np.empty(first[-1], dtype=np.int32),
        np.empty(first[-1], dtype=np.float32),
        *_boxes(tail, head),
    )
    for some, column, row, metres in found:
        own = amount[some]
        to = np.repeat(first[some] - np.cumsum(own) + own, own) + np.arange(len(column))
        near.column[to], near.row[to], near.metres[to] = column, row, metres
    return near


def _squared(
    start: NDArray[np.float64], step: NDArray[np.float64], low: NDArray[np.int64],
    size: NDArray[np.int64],
) -> NDArray[np.float32]:  # fmt: skip
    """Return the squared distances of every node of each part's box, shape (parts, rows, columns).

    Measured from the box's own corner, single precision is good for hundredths of millimetres.
    """
    origin = (low * GRID_M + _PHASE_M - start).astype(np.float32)
    grid = np.float32(GRID_M)
    dx, dy = step.astype(np.float32).T
    squared_m = np.maximum(dx * dx + dy * dy, np.float32(1e-12))
    x = origin[:, :1] + grid * np.arange(size[0], dtype=np.float32)
    y = origin[:, 1:] + grid * np.arange(size[1], dtype=np.float32)
    share = (x * (dx / squared_m)[:, None])[:, None, :] + (y * (dy / squared_m)[:, None])[
        :, :, None
    ]
    np.clip(share, 0, 1, out=share)
    off = x[:, None, :] - share * dx[:, None, None]
    off *= off
    share *= dy[:, None, None]
    share -= y[:, :, None]
    share *= share
    off += share
    return np.asarray(off)


class _Grid:
    """The distances to the nearest line at the nodes from `low` to `high`, both inclusive."""

    def __init__(self, low: NDArray[np.int64], high: NDArray[np.int64]) -> None:
        self.low, self.high = low, high
        columns, rows = (high - low + 1).tolist()
        self.metres = np.full((rows, columns), _FAR_M, dtype=np.float32)

    def lower(self, near: _Near, lines: NDArray[np.int64]) -> None:
        """Lower the distances to those from some more lines."""
        entries = near.entries(lines)
        column, row = near.column[entries] - self.low[0], near.row[entries] - self.low[1]
        at = row * self.metres.shape[1] + column
        np.minimum.at(self.metres.reshape(-1), at, near.metres[entries])


class _Contours:
    """Collects the outlines of several grids, to make them polygons in one go."""

    def __init__(self) -> None:
        self._points: list[NDArray[np.float64]] = []
        self._in_ring: list[NDArray[np.int64]] = []
        self._in_polygon: list[NDArray[np.int64]] = []
        self._of: list[int] = []

    def add(self, grid: _Grid, of: int) -> None:
        """Add the area within `STREET_SPACE_M` of a grid's lines, as number `of`."""
        drawn = contourpy.contour_generator(
            z=grid.metres, name="serial", fill_type=contourpy.FillType.ChunkCombinedOffsetOffset
        ).filled(-1.0, STREET_SPACE_M)
        points, in_ring, in_polygon = (part[0] for part in drawn)
        if points is None or in_ring is None or in_polygon is None:
            return
        self._points.append(np.asarray((points + grid.low) * GRID_M + _PHASE_M, dtype=float))
        self._in_ring.append(_sizes(in_ring))
        self._in_polygon.append(_sizes(in_polygon))
        self._of += [of] * (len(in_polygon) - 1)

    def polygons(self, count: int) -> NDArray[np.object_]:
        """Return the areas as `count` geometries."""
        out = np.full(count, shapely.MultiPolygon(), dtype=object)
        if not self._points:
            return out
        in_ring, in_polygon = np.concatenate(self._in_ring), np.concatenate(self._in_polygon)
        rings = shapely.linearrings(
            np.concatenate(self._points), indices=np.repeat(np.arange(len(in_ring)), in_ring)
        )
        of_ring = np.repeat(np.arange(len(in_polygon)), in_polygon)
        polygons = shapely.polygons(rings, indices=of_ring)
        return np.asarray(shapely.multipolygons(polygons, indices=np.array(self._of), out=out))


def _sizes(bounds: NDArray[Any]) -> NDArray[np.int64]:
    whole: NDArray[np.int64] = bounds.astype(np.int64)
    return whole[1:] - whole[:-1]
