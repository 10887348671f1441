"""Inhabited areas: the contiguous areas that homes make up.

Their shape is the union of discs around the homes, closed.
"""

import itertools
import math
import os
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from .discs import QUAD_SEGS, Floats, Ints, parts_of_discs, places_of

NEIGHBOURS_M = 60.0
"""Homes up to twice this apart are neighbours in one area, metres."""
_CLOSING_M = 30.0
_USUAL_SHARE = 0.6
"""Discs reach so far towards the next home, as a share of the usual distance: ours, a little over
the half that would let them touch."""
_PLACES_AT_ONCE = 20_000
"""That a thread draws, where no part of them is larger."""


@dataclass(frozen=True, slots=True)
class Inhabited:
    """Areas of several sets of homes.

    Attributes
    ----------
    shapes
        Shape (S,), polygons; those of one set are disjoint.
    areas
        Of each set, positions in `shapes`, ascending.
    of
        Of each set, for each of its homes the position in `shapes` of the area it lies in; -1 for
        none.
    """

    shapes: NDArray[np.object_]
    areas: list[Ints]
    of: list[Ints]


def inhabited_areas(xy: Floats, chosen: Sequence[Ints]) -> Inhabited:
    """Return the contiguous areas that homes make up, of several sets of them.

    Parameters
    ----------
    xy
        Shape (H, 2), homes, metres.
    chosen
        The sets, each positions in `xy`, ascending.

    Returns
    -------
    inhabited
        The discs of `NEIGHBOURS_M` around the homes, gaps between them closed. Homes of a coarse
        raster have larger discs: they lie farther apart than houses. What no home of a set is
        missing from is drawn once for all sets.
    """
    every = np.unique(np.concatenate([np.zeros(0, np.int64), *chosen]))
    radius = _radius(xy[every])
    # Qhull and GEOS leave Python's lock alone.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        (base,) = _draw(pool, [(xy[every], radius)])
        members = np.bincount(base.part, minlength=base.parts)
        shapes, areas, of, alone = [base.shapes], [], [], []
        apart = []
        for own in chosen:
            there = np.searchsorted(every, own)
            # What of a set must be drawn for itself, and the base's shapes that it has.
            missing = np.bincount(base.part[there], minlength=base.parts) < members
            own_radius = _radius(xy[own])
            if own_radius != radius:
                missing = np.ones(base.parts, dtype=bool)
            alone.append(missing[base.part[there]])
            apart.append((xy[own[alone[-1]]], own_radius))
            areas.append(np.flatnonzero(~missing[base.part_of_shape]))
            of.append(base.of[there])
        count = len(base.shapes)
        for nth, drawn in enumerate(_draw(pool, apart)):
            of[nth][alone[nth]] = np.where(drawn.of < 0, -1, drawn.of + count)
            areas[nth] = np.concatenate([areas[nth], count + np.arange(len(drawn.shapes))])
            shapes.append(drawn.shapes)
            count += len(drawn.shapes)
    return Inhabited(np.concatenate(shapes), areas, of)


def _radius(xy: Floats) -> float:
    """Return the radius of the discs around homes, by how far most are from the next place."""
    places, which = places_of(xy)
    if len(places) < 2:
        return NEIGHBOURS_M
    # In a square of this diagonal, any two are so near that the least radius holds.
    side = NEIGHBOURS_M / _USUAL_SHARE / math.sqrt(2)
    _, square = places_of(np.floor(places / side))
    if (np.bincount(square)[square] > 1)[which].mean() > 0.5:
        return NEIGHBOURS_M
    apart = cKDTree(places).query(places, k=2)[0][:, 1]
    return max(NEIGHBOURS_M, _USUAL_SHARE * float(np.median(apart[which])))


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Areas of one set of homes.

    Attributes
    ----------
    shapes
        Shape (S,), polygons.
    part_of_shape
        Shape (S,), the part of the union of discs that each is of.
    of, part
        Shape (H,), of each home its area, -1 for none, and its part.
    parts
        Number of parts.
    """

    shapes: NDArray[np.object_]
    part_of_shape: Ints
    of: Ints
    part: Ints
    parts: int


def _draw(pool: Executor, sets: Sequence[tuple[Floats, float]]) -> list[_Drawn]:
    """Return the areas of sets of homes, each with the radius of its discs."""
    jobs = []
    for xy, radius_m in sets:
        places, which = places_of(xy)
        chunks = _chunks(places, 2 * (radius_m + _CLOSING_M))
        works = [pool.submit(_draw_places, places[chunk], radius_m) for chunk in chunks]
        jobs.append((which, len(places), chunks, works))
    return [
        _joined(which, count, chunks, [work.result() for work in works])
        for which, count, chunks, works in jobs
    ]


def _chunks(places: Floats, apart_m: float) -> list[Ints]:
    """Return the places in chunks, of different ones all farther than so many metres apart."""
    if len(places) <= _PLACES_AT_ONCE:
        return [np.arange(len(places))]
    # Whoever is as near lies in the same square or in one of the eight around it.
    square = np.floor((places - places.min(axis=0)) / (apart_m + 1.0)).astype(np.int64)
    rows = square[:, 1].max() + 3
    key, of = np.unique(square[:, 0] * rows + square[:, 1], return_inverse=True)
    links = []
    for step in (1, rows - 1, rows, rows + 1):
        there = np.searchsorted(key, key + step)
        met = np.flatnonzero(np.append(key, -1)[there] == key + step)
        links.append(np.stack([met, there[met]]))
    one, other = np.concatenate(links, axis=1)
    graph = coo_array((np.ones(len(one), dtype=bool), (one, other)), shape=(len(key), len(key)))
    _, part = connected_components(graph, directed=False)
    # The largest first: threads then end together.
    size = np.bincount(part[of])
    by_size = np.argsort(-size, kind="stable")
    rank = np.empty(len(size), dtype=np.int64)
    rank[by_size] = np.arange(len(size))
    order = np.argsort(rank[part[of]], kind="stable")
    ends = np.cumsum(size[by_size])
    last = np.flatnonzero(np.diff(ends // _PLACES_AT_ONCE, append=-1))
    return [order[begin:end] for begin, end in itertools.pairwise([0, *ends[last].tolist()])]


def _joined(which: Ints, count: int, chunks: Sequence[Ints], found: Sequence[_Drawn]) -> _Drawn:
    """Return the areas of homes from those of chunks of so many places, and the place of each."""
    of, part = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    part_of_shape, shapes, parts = [], 0, 0
    for chunk, one in zip(chunks, found, strict=True):
        of[chunk] = np.where(one.of < 0, -1, one.of + shapes)
        part[chunk] = one.part + parts
        part_of_shape.append(one.part_of_shape + parts)
        shapes, parts = shapes + len(one.shapes), parts + one.parts
    return _Drawn(
        np.concatenate([one.shapes for one in found]), np.concatenate(part_of_shape), of[which],
        part[which], parts,
    )  # fmt: skip


def _draw_places(places: Floats, radius_m: float) -> _Drawn:
    """Return the areas of homes that are each at a place of its own."""
    merged, part = parts_of_discs(places, radius_m + _CLOSING_M)
    # Each by itself: the parts lie apart.
    closed = shapely.buffer(merged, -_CLOSING_M, quad_segs=QUAD_SEGS)
    shapes, of_shape = shapely.get_parts(closed, return_index=True)
    kept = ~shapely.is_empty(shapes)
    shapes, of_shape = shapes[kept], of_shape[kept]
    counts = np.bincount(of_shape, minlength=len(merged))
    begin = np.searchsorted(of_shape, np.arange(len(merged)))
    # Most parts are one area; in others a home's area is the one around it.
    of = np.where(counts[part] == 1, begin[part], -1) if len(part) else part
    split = np.flatnonzero(counts[part] > 1)
    if len(split):
        of[split] = _around(shapely.points(places[split]), shapes)
    return _Drawn(np.asarray(shapes), of_shape, of, part, len(merged))


def _around(spots: NDArray[np.object_], shapes: NDArray[np.object_]) -> Ints:
    """Return the shape around each spot, -1 for none."""
    of = np.full(len(spots), -1)
    # Asked by shape: a large one is made ready once for all its spots.
    shape, spot = shapely.STRtree(spots).query(shapes, predicate="intersects")
    of[spot] = shape
    return of
