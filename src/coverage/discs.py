"""The union of many discs of one size, without drawing any.

Its outline follows from Delaunay's triangles alone (its alpha complex: H. Edelsbrunner, The union
of balls and its dual shape, 1995).
"""

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay, QhullError, cKDTree

QUAD_SEGS = 4
"""Corners of a quarter of a circle."""
_STEP = np.pi / 2 / QUAD_SEGS
"""An arc's outline has a corner at every such step, radians."""
_FIRST = _STEP / 3
"""Where steps are counted from, radians: no line between two homes has this direction, nor one some
steps from it (their coordinates are whole centimetres, its tangent is irrational), so that circles
which touch have no corner where they do."""
_SAME_M = 0.01
"""Homes of one square of this size are one place; discs that overlap by less touch only."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def union_of_discs(places: Floats, radius_m: float) -> NDArray[np.object_]:
    """Return the union of the discs around places.

    Parameters
    ----------
    places
        Shape (P, 2), metres; to the centimetre.
    radius_m
        Of the discs.

    Returns
    -------
    parts
        Disjoint polygons. The corners of their outlines lie on the discs' circles: where two
        circles cross, and on each at every 22.5 degrees between.
    """
    return parts_of_discs(places_of(places)[0], radius_m)[0]


def parts_of_discs(places: Floats, radius_m: float) -> tuple[NDArray[np.object_], Ints]:
    """Return the parts of the union of discs, and the part of each place, as of `places_of`."""
    middle = places.mean(axis=0) if len(places) else np.zeros(2)
    places = places - middle
    one, other, left_open, part, alone = _outline_links(places, radius_m)
    corners, ring, part_of_ring = _rings(places, radius_m, one, other, left_open, part)
    count = len(part_of_ring)
    # A disc that meets no other has its whole circle.
    circle = _FIRST + np.arange(4 * QUAD_SEGS) * _STEP
    circles = radius_m * np.column_stack([np.cos(circle), np.sin(circle)]) + places[alone][:, None]
    corners = np.concatenate([corners, circles.reshape(-1, 2)])
    ring = np.concatenate([ring, count + np.repeat(np.arange(len(alone)), len(circle))])
    part_of_ring = np.concatenate([part_of_ring, part[alone]])
    polygons, parts = _polygons(corners + middle, ring, part_of_ring)
    if (left_out := part < 0).any():
        _, nearest = cKDTree(places[~left_out]).query(places[left_out])
        part = part.copy()
        part[left_out] = part[~left_out][nearest]
    return polygons, np.searchsorted(parts, part)


def places_of(xy: Floats) -> tuple[Floats, Ints]:
    """Return each place once, by x and y, and which of them each of `xy` is."""
    square = np.round(np.asarray(xy, dtype=float) / _SAME_M).astype(np.int64)
    # One number for both: a sort of pairs takes several times as long.
    key, which = np.unique((square[:, 0] << 32) + square[:, 1], return_inverse=True)
    y = ((key + 2**31) & (2**32 - 1)) - 2**31
    return np.column_stack([(key - y) >> 32, y]) * _SAME_M, which


def _outline_links(
    places: Floats, radius_m: float
) -> tuple[Ints, Ints, NDArray[np.bool_], Ints, Ints]:
    """Return the links of the alpha complex from places at the outline.

    Returns
    -------
    one, other
        Shape (L,), from which place to which; by place, counter-clockwise around it.
    left_open
        Shape (L,), whether the outline passes to the left: the circles' crossing there is covered
        by no other disc.
    part
        Shape (P,), which part of the union each place belongs to; -1 for one that Delaunay leaves
        out, within rounding of another.
    alone
        Places without any link.
    """
    triangles, neighbours = _triangles(places)
    small = _circumradius(places[triangles]) <= radius_m + _SAME_M
    # Sides in triangles' order, each triangle counter-clockwise, so that it lies to the left.
    side = np.concatenate([triangles[:, [1, 2]], triangles[:, [2, 0]], triangles[:, [0, 1]]])
    own = np.tile(np.arange(len(triangles)), 3)
    apex = np.concatenate([triangles[:, 0], triangles[:, 1], triangles[:, 2]])
    if len(triangles) == 0:
        side, own, apex = _chain(places), np.zeros(0, np.int64), np.zeros(0, np.int64)
        twin = np.full(len(side), -1)
    else:
        twin = _twins(neighbours)
    count = len(places)
    # A circle through three corners holds no place; behind an obtuse angle its centre lies beyond
    # the side, and the side's own circle holds the corner.
    obtuse = np.zeros(len(side), dtype=bool)
    if len(own):
        to_one, to_other = places[side[:, 0]] - places[apex], places[side[:, 1]] - places[apex]
        obtuse = (to_one * to_other).sum(axis=1) < 0
        small = _with_the_larger(small, own, obtuse, twin)
    is_small = np.zeros(len(side), dtype=bool)
    is_small[: len(own)] = small[own]
    behind = np.where(twin >= 0, is_small[twin], False)
    hidden = obtuse | np.where(twin >= 0, obtuse[twin], False)
    length = np.linalg.norm(places[side[:, 0]] - places[side[:, 1]], axis=1)
    kept = is_small | behind | (~hidden & (length < 2 * radius_m - _SAME_M))
    # A side at the rim of all has no twin: the outline passes behind it.
    rim = kept & (twin < 0)
    one = np.concatenate([side[kept, 0], side[rim, 1]])
    other = np.concatenate([side[kept, 1], side[rim, 0]])
    left_open = np.concatenate([~is_small[kept], np.ones(int(rim.sum()), dtype=bool)])
    _, part = connected_components(
        coo_array((np.ones(len(one), dtype=bool), (one, other)), shape=(count, count)),
        directed=False,
    )
    known = np.full(count, len(triangles) == 0)
    known[triangles] = True
    linked = ~known
    linked[one] = True
    # Most places lie within the union; only around the others is there an order to be known.
    at_rim = np.zeros(count, dtype=bool)
    at_rim[one[left_open]] = True
    seen = at_rim[one]
    one, other, left_open = one[seen], other[seen], left_open[seen]
    ahead = places[other] - places[one]
    order = np.lexsort([np.arctan2(ahead[:, 1], ahead[:, 0]), one])
    return (
        one[order], other[order], left_open[order], np.where(known, part, -1),
        np.flatnonzero(~linked),
    )  # fmt: skip


def _rings(
    places: Floats, radius_m: float, one: Ints, other: Ints, left_open: NDArray[np.bool_],
    part: Ints,
) -> tuple[Floats, Ints, Ints]:  # fmt: skip
    """Follow the outline from arc to arc.

    Returns
    -------
    corners
        Shape (C, 2), in order along their rings, the union to the left.
    ring
        Shape (C,), of each corner.
    part
        Shape (R,), of each ring.
    """
    if not left_open.any():
        return np.zeros((0, 2)), np.zeros(0, np.int64), np.zeros(0, np.int64)
    count = len(places)
    ahead = places[other] - places[one]
    angle = np.arctan2(ahead[:, 1], ahead[:, 0])
    half = np.linalg.norm(ahead, axis=1) / 2
    # From the link to where the circles cross, seen from the place.
    to_crossing = np.arccos(np.minimum(half / radius_m, 1.0))
    # The arc that begins left of a link ends right of the next one around the same place.
    first = np.searchsorted(one, one)
    after = np.arange(1, len(one) + 1)
    last = np.append(one[1:] != one[:-1], True)
    after = np.where(last, first, after)
    turn = (angle[after] - angle) % (2 * np.pi)
    turn = np.where(after == np.arange(len(one)), 2 * np.pi, turn)
    extent = np.maximum(turn - to_crossing - to_crossing[after], 0.0)
    key, back = one * count + other, other * count + one
    by_key = np.argsort(key)
    # A link to a place within the union has no reverse here, and no arc asks for it.
    reverse = by_key[np.minimum(np.searchsorted(key, back, sorter=by_key), len(key) - 1)]
    arc = np.flatnonzero(left_open)
    position = np.full(len(one), -1)
    position[arc] = np.arange(len(arc))
    ring, rank = _along_cycles(position[reverse[after[arc]]])
    order = np.lexsort([rank, ring])
    arc, ring = arc[order], ring[order]
    corners, of = _arcs_drawn(
        places[one[arc]], radius_m, angle[arc] + to_crossing[arc], extent[arc], ring
    )
    begins = np.searchsorted(ring, np.arange(ring.max() + 1))
    return corners, of, part[one[arc[begins]]]


def _arcs_drawn(
    centre: Floats, radius_m: float, start: Floats, extent: Floats, ring: Ints
) -> tuple[Floats, Ints]:
    """Return the corners of arcs (each without its end), and the ring of each corner."""
    # No step so near an end that rounding could put it beyond.
    near = 1e-6
    step = np.floor((start + near - _FIRST) / _STEP).astype(np.int64) + 1
    between = np.ceil((start + extent - near - _FIRST) / _STEP).astype(np.int64) - step
    between = np.maximum(between, 0)
    of = np.repeat(np.arange(len(centre)), between + 1)
    nth = np.arange(len(of)) - (np.cumsum(between + 1) - between - 1)[of]
    angle = np.where(nth == 0, start[of], _FIRST + (step[of] + nth - 1) * _STEP)
    around = np.column_stack([np.cos(angle), np.sin(angle)])
    return centre[of] + radius_m * around, ring[of]


def _along_cycles(after: Ints) -> tuple[Ints, Ints]:
    """Return the cycle of each element of a permutation, and its place along it."""
    count = len(after)
    here = np.arange(count)
    _, cycle = connected_components(
        coo_array((np.ones(count, dtype=bool), (here, after)), shape=(count, count))
    )
    first = np.full(cycle.max() + 1, count)
    np.minimum.at(first, cycle, here)
    # Steps to the last one, doubled: the first of a cycle follows its last.
    jump = np.where(after == first[cycle], here, after)
    steps = (jump != here).astype(np.int64)
    while (jump != jump[jump]).any():
        steps, jump = steps + steps[jump], jump[jump]
    return cycle.astype(np.int64), steps[first[cycle]] - steps


def _polygons(corners: Floats, ring: Ints, part: Ints) -> tuple[NDArray[np.object_], Ints]:
    """Return polygons of rings, their holes turned the other way, and the part that each is."""
    if len(part) == 0:
        return np.zeros(0, dtype=object), part
    start = np.searchsorted(ring, np.arange(len(part)))
    after = np.arange(1, len(corners) + 1)
    after[np.append(start[1:], len(corners)) - 1] = start
    x, y = (corners - corners.mean(axis=0)).T
    area = np.add.reduceat(x * y[after] - x[after] * y, start) / 2
    rings = np.asarray(shapely.linearrings(corners, indices=ring))
    # The shell first; a hole of no size is where three circles cross in one point.
    order = np.lexsort([-area, part])
    order = order[np.abs(area[order]) > _SAME_M**2]
    parts, of = np.unique(part[order], return_inverse=True)
    return np.asarray(shapely.polygons(rings[order], indices=of)), parts


def _twins(neighbours: Ints) -> Ints:
    """Return the same side of the triangle behind each side, -1 for none; sides by corner."""
    count = len(neighbours)
    behind = neighbours.T.ravel()
    own = np.tile(np.arange(count), 3)
    twin = np.full(3 * count, -1)
    for corner in range(3):
        same = (behind >= 0) & (neighbours[behind, corner] == own)
        twin[same] = corner * count + behind[same]
    return twin


def _with_the_larger(
    small: NDArray[np.bool_], own: Ints, obtuse: NDArray[np.bool_], twin: Ints
) -> NDArray[np.bool_]:
    """Return which triangles are small, so that none is larger than what lies behind its obtuse
    angle: the circle there is the larger one, and rounding must not say otherwise."""
    side = np.flatnonzero(obtuse & (twin >= 0))
    small = small.copy()
    while (wrong := ~small[own[side]] & small[own[twin[side]]]).any():
        small[own[side[wrong]]] = True
    return small


def _chain(places: Floats) -> Ints:
    """Return links from each place to the next, for places in one line."""
    here = np.arange(len(places) - 1)
    return np.column_stack([here, here + 1])


def _triangles(places: Floats) -> tuple[Ints, Ints]:
    """Return Delaunay's triangles and the neighbour behind each of their corners' sides.

    Shape (T, 3) each; corners counter-clockwise, -1 for no neighbour. None for places in one line.
    """
    nothing = np.zeros((0, 3), dtype=np.int64)
    if len(places) < 3:
        return nothing, nothing
    try:
        found = Delaunay(places)
    except QhullError:
        return nothing, nothing
    return found.simplices.astype(np.int64), found.neighbors.astype(np.int64)


def _circumradius(corners: Floats) -> Floats:
    """Return the radius of the circle through three corners, shape (T, 3, 2)."""
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
    one, other = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    double_area = np.abs(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(double_area > 0, sides.prod(axis=1) / (2 * double_area), np.inf)
