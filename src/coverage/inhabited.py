"""Inhabited areas: the contiguous areas that homes make up.

Their shape is the union of discs around the homes, closed.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .discs import QUAD_SEGS, Floats, Ints, parts_of_discs, places_of

NEIGHBOURS_M = 60.0
"""Homes up to twice this apart are neighbours in one area, metres."""
_CLOSING_M = 30.0


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
    apart = _apart(xy[every])
    radius = _radius(apart)
    base = _draw(xy[every], radius)
    members = np.bincount(base.part, minlength=base.parts)

    def apart_from_base(own: Ints) -> tuple[_Drawn, Ints, NDArray[np.bool_]]:
        """Return what of a set must be drawn for itself, the base's shapes that it has, and which
        of its homes are in what was drawn."""
        there = np.searchsorted(every, own)
        missing = np.bincount(base.part[there], minlength=base.parts) < members
        alone = missing[base.part[there]]
        # As far as they have a neighbour in their part, those of whole parts keep it.
        near = np.where(apart[there] <= 2 * (radius + _CLOSING_M), apart[there], np.inf)
        near[alone] = _apart(xy[own[alone]])
        own_radius = _radius(near)
        if own_radius != radius or not np.isfinite(_middle(near)):
            own_radius = _radius(_apart(xy[own]))
        if own_radius != radius:
            missing, alone = np.ones(base.parts, dtype=bool), np.ones(len(own), dtype=bool)
        kept = np.flatnonzero(~missing[base.part_of_shape])
        return _draw(xy[own[alone]], own_radius), kept, alone

    shapes, areas, of = [base.shapes], [], []
    count = len(base.shapes)
    # Qhull and GEOS leave Python's lock alone.
    with ThreadPoolExecutor() as beside:
        for own, (drawn, kept, alone) in zip(
            chosen, beside.map(apart_from_base, chosen), strict=True
        ):
            of_homes = base.of[np.searchsorted(every, own)]
            of_homes[alone] = np.where(drawn.of < 0, -1, drawn.of + count)
            areas.append(np.concatenate([kept, count + np.arange(len(drawn.shapes))]))
            of.append(of_homes)
            shapes.append(drawn.shapes)
            count += len(drawn.shapes)
    return Inhabited(np.concatenate(shapes), areas, of)


def _apart(xy: Floats) -> Floats:
    """Return the metres from each home to the nearest other place; infinite for none."""
    places, which = places_of(xy)
    if len(places) < 2:
        return np.full(len(xy), np.inf)
    return np.asarray(cKDTree(places).query(places, k=2)[0][:, 1][which])


def _radius(apart: Floats) -> float:
    """Return the radius of the discs around homes so far apart."""
    middle = _middle(apart)
    return max(NEIGHBOURS_M, 0.6 * middle) if np.isfinite(middle) else NEIGHBOURS_M


def _middle(apart: Floats) -> float:
    return float(np.median(apart)) if len(apart) else np.inf


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


def _draw(xy: Floats, radius_m: float) -> _Drawn:
    places, which = places_of(xy)
    merged, part = parts_of_discs(places, radius_m + _CLOSING_M)
    # Each by itself: the parts lie apart.
    closed = shapely.buffer(merged, -_CLOSING_M, quad_segs=QUAD_SEGS)
    shapes, of_shape = shapely.get_parts(closed, return_index=True)
    kept = ~shapely.is_empty(shapes)
    shapes, of_shape = shapes[kept], of_shape[kept]
    part = part[which]
    counts = np.bincount(of_shape, minlength=len(merged))
    begin = np.searchsorted(of_shape, np.arange(len(merged)))
    # Most parts are one area; in others a home's area is the one around it.
    of = np.where(counts[part] == 1, begin[part], -1) if len(part) else part
    split = np.flatnonzero(counts[part] > 1)
    if len(split):
        of[split] = _around(shapely.points(xy[split]), shapes)
    return _Drawn(np.asarray(shapes), of_shape, of, part, len(merged))


def _around(spots: NDArray[np.object_], shapes: NDArray[np.object_]) -> Ints:
    """Return the shape around each spot, -1 for none."""
    of = np.full(len(spots), -1)
    # Asked by shape: a large one is made ready once for all its spots.
    shape, spot = shapely.STRtree(spots).query(shapes, predicate="intersects")
    of[spot] = shape
    return of
