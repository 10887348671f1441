"""Inhabited areas: the contiguous areas that homes make up.

Their shape is the union of discs around the homes, closed; a disc whose every neighbour is near
lies within the triangles between homes, so that it need not be drawn to know the union.
"""

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay, QhullError, cKDTree

from .gaps import positions_by

NEIGHBOURS_M = 60.0
"""Homes up to twice this apart are neighbours in one area, metres."""
_CLOSING_M = 30.0
_QUAD_SEGS = 4
_SMALL = 0.85
"""Triangles in a circle of this share of a disc's radius lie in the (polygons of the) discs."""


def inhabited_areas(xy: NDArray[np.float64]) -> NDArray[np.object_]:
    """Return the contiguous areas that homes make up.

    Parameters
    ----------
    xy
        Shape (H, 2), homes, metres.

    Returns
    -------
    areas
        Disjoint polygons: the discs of `NEIGHBOURS_M` around the homes, gaps between them closed.
        Homes of a coarse raster have larger discs: they lie farther apart than houses.
    """
    places, which = np.unique(xy, axis=0, return_inverse=True)
    if len(places) == 0:
        return np.zeros(0, dtype=object)
    radius = NEIGHBOURS_M
    if len(places) > 1:
        apart = cKDTree(places).query(places, k=2)[0][:, 1]
        radius = max(radius, 0.6 * float(np.median(apart[which])))
    around = radius + _CLOSING_M
    clusters = positions_by(*_clusters(places, 2 * around))
    # Clusters lie apart: a union of all at once would carry every outline through every step.
    merged = np.array([union_of_discs(places[here], around) for here in clusters], dtype=object)
    closed = shapely.buffer(shapely.get_parts(merged), -_CLOSING_M, quad_segs=_QUAD_SEGS)
    parts = shapely.get_parts(closed)
    return np.asarray(parts[~shapely.is_empty(parts)])


def union_of_discs(places: NDArray[np.float64], radius_m: float) -> shapely.Geometry:
    """Return the union of the discs (polygons of 16 corners) around places.

    Only discs at the rim of a cluster shape its outline; what lies further in is covered by the
    triangles (Delaunay's) between places near each other, which lie within the discs of their
    corners. Equal to the union of all discs up to rounding.

    Parameters
    ----------
    places
        Shape (P, 2), each once, metres.
    radius_m
        Of the discs.
    """
    rim, inner = np.ones(len(places), dtype=bool), np.zeros(0, dtype=object)
    triangles = _triangles(places)
    if len(triangles) > 0:
        small = _circumradius(places[triangles]) <= _SMALL * radius_m
        # The fan of a place within must be whole, and so must those of its neighbours.
        for _ in range(2):
            rim = _at_rim(triangles[small], len(places), rim)
        covering = triangles[small][~rim[triangles[small]].all(axis=1)]
        inner = np.asarray(shapely.polygons(places[covering]))
    discs = shapely.buffer(shapely.points(places[rim]), radius_m, quad_segs=_QUAD_SEGS)
    if len(inner) == 0:
        return shapely.union_all(discs)
    return shapely.union_all([shapely.union_all(discs), shapely.coverage_union_all(inner)])


def _clusters(places: NDArray[np.float64], apart_m: float) -> tuple[NDArray[np.int64], int]:
    """Return the cluster of each place, and their number; links are at most `apart_m` long."""
    triangles = _triangles(places)
    if len(triangles) > 0:
        # The shortest links that join all places are among the sides of the triangles.
        # Delaunay leaves out a place within rounding of another, so each has its nearest too.
        nearest = cKDTree(places).query(places, k=2)[1]
        one = np.concatenate([*triangles.T, nearest[:, 0]])
        other = np.concatenate([*np.roll(triangles, 1, axis=1).T, nearest[:, 1]])
    else:
        one, other = cKDTree(places).query_pairs(apart_m, output_type="ndarray").T
    near = np.linalg.norm(places[one] - places[other], axis=1) <= apart_m
    count, of = connected_components(
        coo_array((np.ones(int(near.sum())), (one[near], other[near])), shape=(len(places),) * 2),
        directed=False,
    )
    return of.astype(np.int64), int(count)


def _triangles(places: NDArray[np.float64]) -> NDArray[np.int64]:
    if len(places) < 4:
        return np.zeros((0, 3), dtype=np.int64)
    try:
        return np.asarray(Delaunay(places - places.mean(axis=0)).simplices, dtype=np.int64)
    except QhullError:
        # All in one line.
        return np.zeros((0, 3), dtype=np.int64)


def _circumradius(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the radius of the circle through three corners, shape (T, 3, 2)."""
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
    one, other = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    double_area = np.abs(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(double_area > 0, sides.prod(axis=1) / (2 * double_area), np.inf)


def _at_rim(
    triangles: NDArray[np.int64], count: int, before: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return which places a whole fan of triangles, with no place of `before`, does not surround.

    With every place in `before`: which a whole fan does not surround.
    """
    sides = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]],
                                    triangles[:, [2, 0]]]), axis=1)  # fmt: skip
    key, times = np.unique(sides[:, 0] * count + sides[:, 1], return_counts=True)
    rim = np.ones(count, dtype=bool)
    rim[triangles] = False
    # A side of one triangle only has none on its other side.
    open_side = key[times == 1]
    rim[open_side // count] = True
    rim[open_side % count] = True
    if before.all():
        return rim
    touched = before[triangles].any(axis=1)
    rim[triangles[touched]] = True
    return np.asarray(rim | before)
