"""Areas near streets, drawn from a grid of distances.

Buffering every street and uniting the buffers costs more than all the walks. The contour of the
distance to the nearest street, which is exact at every node of a grid, is the same area but for a
hundredth, in a fraction of the time; and sets of streets that grow by the minute share one grid.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import contourpy
import numpy as np
import shapely
from numpy.typing import NDArray

STREET_SPACE_M = 25.0
"""Half the width of the space that counts as being at a street, metres."""

GRID_M = 6.25
"""Between nodes of the grid, metres; of 8 m, too many slits between two streets would close."""
_PHASE_M = 0.73
"""Where nodes lie: off round coordinates, lest streets on such pass nodes at just `STREET_SPACE_M`.
"""
_FAR_M = STREET_SPACE_M + GRID_M
"""Beyond it no distance is needed: neighbours of a node that is within are no farther."""
_LONGEST_M = 100.0
"""Lines are cut to this length: the box around a long slanting one is mostly empty, metres."""
_STRAIGHT = 1e-9
"""Points so near the line between their neighbours are left out, in squares of the grid. It is
rounding: beside a straight street the distance is linear, and so are the outlines of all bands."""
_SIDES = 4
_FEWEST = 4
"""Points of a ring, the first of them twice."""
_NUMBERS_AT_ONCE = 1 << 18
_OWNERS_AT_ONCE = 48
_NODES_AT_ONCE = 1 << 17
"""On one sheet: a processor's own memory holds it."""


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
    sets = _short(sets)
    spaces = np.full((sets.count, sets.bands), shapely.MultiPolygon(), dtype=object)
    for members, some, first in _batches(sets):
        line, own = np.unique(sets.line[some], return_inverse=True)
        near = _near(sets.tail[line], sets.head[line])
        low = np.minimum.reduceat(near.low[own], first[:-1])
        high = np.maximum.reduceat(near.high[own], first[:-1])
        outlines = _Outlines()
        for begin, end in _sheets(high - low + 1):
            those = slice(first[begin], first[end])
            owner = np.repeat(np.arange(end - begin), np.diff(first[begin : end + 1]))
            sheet = _Sheet(near, low[begin:end], high[begin:end])
            for band in range(sets.bands):
                new = sets.band[some[those]] == band
                sheet.lower(own[those][new], owner[new])
                outlines.add(sheet, begin, band)
        spaces[members] = outlines.polygons(len(members), sets.bands)
    return spaces


def _short(sets: Growing) -> Growing:
    """Return the sets with lines cut to at most `_LONGEST_M`."""
    length = np.hypot(*(sets.head - sets.tail).T)
    count = np.maximum(np.ceil(length / _LONGEST_M), 1).astype(np.int64)
    first = np.cumsum(count) - count
    line = np.repeat(np.arange(len(count)), count)
    part = (np.arange(len(line)) - first[line])[:, None]
    step = ((sets.head - sets.tail) / count[:, None])[line]
    start = sets.tail[line] + step * part
    again = np.repeat(np.arange(len(sets.line)), count[sets.line])
    those = count[sets.line]
    within = np.arange(len(again)) - np.repeat(np.cumsum(those) - those, those)
    return replace(
        sets, tail=start, head=start + step, line=first[sets.line][again] + within,
        owner=sets.owner[again], band=sets.band[again],
    )  # fmt: skip


def _batches(
    sets: Growing,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
    """Yield owners that lie near each other, narrow ones first, with the positions of their lines.

    Where each owner's lines begin among those positions comes last, and where they end.
    """
    size = np.bincount(sets.owner, minlength=sets.count)
    some = np.flatnonzero(size)
    if len(some) == 0:
        return
    by_owner = np.argsort(sets.owner, kind="stable")
    line, begin = sets.line[by_owner], (np.cumsum(size) - size)[some]
    low, high = (
        np.column_stack([of.reduceat(of(tail, head)[line], begin)
                         for tail, head in zip(sets.tail.T, sets.head.T, strict=True)])
        for of in (np.minimum, np.maximum)
    )  # fmt: skip
    x, y = ((low + high) / 2).T
    order = np.lexsort((y, np.floor(x / 5000.0)))
    for start in range(0, len(order), _OWNERS_AT_ONCE):
        those = order[start : start + _OWNERS_AT_ONCE]
        those = those[np.argsort((high - low)[those, 0], kind="stable")]
        first = np.append(0, np.cumsum(size[some[those]]))
        lines = np.concatenate([by_owner[begin[k] : begin[k] + size[some[k]]] for k in those])
        yield some[those], lines, first


def _boxes(
    tail: NDArray[np.float64], head: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the lowest and highest nodes that can be near each line, each shape (L, 2)."""
    low = np.floor((np.minimum(tail, head) - _FAR_M - _PHASE_M) / GRID_M)
    high = np.ceil((np.maximum(tail, head) + _FAR_M - _PHASE_M) / GRID_M)
    return low.astype(np.int64), high.astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Near:
    """The nodes near lines, counted from the corners `low` of the lines' own boxes.

    Line l has the `amount[l]` entries from `first[l]` on.
    """

    first: NDArray[np.int64]
    amount: NDArray[np.int64]
    column: NDArray[np.int16]
    row: NDArray[np.int16]
    metres: NDArray[np.float64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]

    def entries(self, lines: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the entries of lines, one line's after another's."""
        amount = self.amount[lines]
        within = np.arange(amount.sum())
        return np.repeat(self.first[lines] - np.cumsum(amount) + amount, amount) + within


def _near(tail: NDArray[np.float64], head: NDArray[np.float64]) -> _Near:
    low, high = _boxes(tail, head)
    # Lines whose boxes are about of one size are worked at together.
    size = -((low - high - 1) // _SIDES) * _SIDES
    order = np.lexsort((size[:, 0], size[:, 1]))
    alike = np.flatnonzero(np.any(np.diff(size[order], axis=0, prepend=-1), axis=1))
    first, amount = np.empty((2, len(tail)), dtype=np.int64)
    before, found = 0, []
    for same in np.split(order, alike[1:]):
        columns, rows = size[same[0]].tolist()
        nodes = columns * rows
        row, column = (side.ravel() for side in np.indices((rows, columns), dtype=np.int16))
        at_once = max(1, _NUMBERS_AT_ONCE // nodes)
        for begin in range(0, len(same), at_once):
            some = same[begin : begin + at_once]
            squared = _squared(tail[some], head[some] - tail[some], low[some], size[some[0]])
            node = np.flatnonzero(squared < _FAR_M**2)
            begins = np.arange(len(some) + 1) * nodes
            where = np.searchsorted(node, begins)
            first[some], amount[some] = before + where[:-1], np.diff(where)
            before += len(node)
            metres = np.sqrt(squared.reshape(-1)[node])
            node -= np.repeat(begins[:-1], amount[some])
            found.append((column[node], row[node], metres))
    column, row, metres = (np.concatenate(each) for each in zip(*found, strict=True))
    return _Near(first, amount, column, row, metres, low, high)


def _squared(
    start: NDArray[np.float64], step: NDArray[np.float64], low: NDArray[np.int64],
    size: NDArray[np.int64],
) -> NDArray[np.float64]:  # fmt: skip
    """Return the squared distances of every node of each part's box, shape (parts, rows, columns).

    From the box's own corner, and exact but for rounding: outlines beside straight lines are to be
    straight.
    """
    origin = low * GRID_M + _PHASE_M - start
    dx, dy = step.T
    squared_m = np.maximum(dx * dx + dy * dy, 1e-12)
    x = origin[:, :1] + GRID_M * np.arange(size[0])
    y = origin[:, 1:] + GRID_M * np.arange(size[1])
    share = (x * (dx / squared_m)[:, None])[:, None, :] + (y * (dy / squared_m)[:, None])[
        :, :, None
    ]
    np.clip(share, 0, 1, out=share)
    off = share * dx[:, None, None]
    np.subtract(x[:, None, :], off, out=off)
    off *= off
    share *= dy[:, None, None]
    share -= y[:, :, None]
    share *= share
    off += share
    return np.asarray(off)


def _sheets(size: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield which grids, from one to another, share a sheet; one too large has its own."""
    nodes = np.cumsum(size[:, 1]) * size[:, 0].max()
    begin, before = 0, 0
    while begin < len(size):
        end = int(np.searchsorted(nodes, before + _NODES_AT_ONCE, side="right"))
        end = max(end, begin + 1)
        yield begin, end
        begin, before = end, int(nodes[end - 1])


class _Sheet:
    """The distances to the nearest line at the nodes of several grids, one above the other.

    Their rims are far from any line, so that outlines of two never meet. Drawn together, they need
    one call where each would need its own.
    """

    def __init__(self, near: "_Near", low: NDArray[np.int64], high: NDArray[np.int64]) -> None:
        columns, rows = (high - low + 1).T
        self.above = np.cumsum(rows)
        shape = int(self.above[-1]), int(columns.max())
        self.low = np.column_stack([low[:, 0], low[:, 1] - (self.above - rows)])
        self._near = near
        self.metres = np.full(shape, _FAR_M)
        x, y = np.meshgrid(np.arange(float(shape[1])), np.arange(float(shape[0])))
        # One for all bands: it reads the distances where they are, each time that it draws. Made by
        # its class, as `contour_generator` looks for what is not a number in every one of them.
        self.contours = contourpy.SerialContourGenerator(
            x, y, self.metres, np.zeros(shape, dtype=bool), corner_mask=True, quad_as_tri=False,
            line_type=contourpy.LineType.ChunkCombinedOffset,
            fill_type=contourpy.FillType.ChunkCombinedOffsetOffset,
            z_interp=contourpy.ZInterp.Linear,
        )  # fmt: skip

    def lower(self, lines: NDArray[np.int64], grid: NDArray[np.int64]) -> None:
        """Lower the distances to those from some more lines, each in its grid."""
        near, wide = self._near, np.int64(self.metres.shape[1])
        entries = near.entries(lines)
        at = near.row[entries] * wide
        at += near.column[entries]
        at += np.repeat((near.low[lines] - self.low[grid]) @ [1, wide], near.amount[lines])
        np.minimum.at(self.metres.reshape(-1), at, near.metres[entries])


class _Outlines:
    """Collects the outlines on several sheets, to make them polygons in one go."""

    def __init__(self) -> None:
        self._points: list[NDArray[np.float64]] = []
        self._in_ring: list[NDArray[np.int64]] = []
        self._in_polygon: list[NDArray[np.int64]] = []
        self._grid: list[NDArray[np.int64]] = []
        self._band: list[NDArray[np.int64]] = []

    def add(self, sheet: _Sheet, begin: int, band: int) -> None:
        """Add the areas within `STREET_SPACE_M` of the lines of a sheet's grids, now a band's."""
        drawn = sheet.contours.filled(-1.0, STREET_SPACE_M)
        corners, of_rings, of_polygons = (part[0] for part in drawn)
        if corners is None or of_rings is None or of_polygons is None:
            return
        points = corners.astype(np.float64, copy=False)
        rings, polygons = of_rings.astype(np.int64), of_polygons.astype(np.int64)
        of_polygon = np.searchsorted(sheet.above, points[rings[polygons[:-1]], 1], side="right")
        of_point = np.repeat(of_polygon, np.diff(rings[polygons]))
        kept, in_ring = _bends(points, rings)
        self._points.append((points[kept] + sheet.low[of_point[kept]]) * GRID_M + _PHASE_M)
        self._in_ring.append(in_ring)
        self._in_polygon.append(np.diff(polygons))
        self._grid.append(begin + of_polygon)
        self._band.append(np.full(len(of_polygon), band))

    def polygons(self, grids: int, bands: int) -> NDArray[np.object_]:
        """Return the areas, shape (grids, bands)."""
        out = np.full(grids * bands, shapely.MultiPolygon(), dtype=object)
        in_ring, in_polygon = np.concatenate(self._in_ring), np.concatenate(self._in_polygon)
        rings = shapely.linearrings(
            np.concatenate(self._points), indices=np.repeat(np.arange(len(in_ring)), in_ring)
        )
        of_ring = np.repeat(np.arange(len(in_polygon)), in_polygon)
        polygons = shapely.polygons(rings, indices=of_ring)
        number = np.concatenate(self._grid) * bands + np.concatenate(self._band)
        order = np.argsort(number, kind="stable")
        shapely.multipolygons(polygons[order], indices=number[order], out=out)
        return out.reshape(grids, bands)


def _bends(
    points: NDArray[np.float64], rings: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return which points of closed rings are bends or ends, and how many each ring has of them."""
    before, after = points[:-2], points[2:]
    chord = after - before
    arm = points[1:-1] - before
    off = np.abs(chord[:, 0] * arm[:, 1] - chord[:, 1] * arm[:, 0])
    kept = np.ones(len(points), dtype=bool)
    kept[1:-1] = off > _STRAIGHT * np.hypot(chord[:, 0], chord[:, 1])
    kept[rings[:-1]] = kept[rings[1:] - 1] = True
    count = np.add.reduceat(kept, rings[:-1], dtype=np.int64)
    # What is all but flat stays as it is: a ring needs three corners.
    flat = count < _FEWEST
    if flat.any():
        size = np.diff(rings)
        kept |= np.repeat(flat, size)
        count = np.where(flat, size, count)
    return kept, count
