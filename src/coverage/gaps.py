"""Gaps: contiguous street space inside the study area that is not covered."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .assessment import OUTSIDE_AREAS
from .by_group import heaviest, heaviest_names, names_of, weighted_medians
from .isochrones import street_space
from .nearest import Minutes
from .network import WalkingNetwork
from .pieces import Pieces, subtract

SMALLEST_GAP_M = 200.0
"""Gaps with less street than this are counted and not listed, metres."""

COLUMNS = ["tier", "street_m", "area", "nearest_facility", "nearest_name", "minutes"]


def find_gaps(
    network: WalkingNetwork,
    inside: Pieces,
    covered: Pieces,
    minutes: Minutes,
    *,
    tier: str,
    beyond_min: float,
    covered_space: shapely.Geometry,
    boundary: shapely.Geometry,
    areas: gpd.GeoDataFrame | None,
    facilities: gpd.GeoDataFrame,
) -> tuple[gpd.GeoDataFrame, float]:
    """Find the gaps of one tier.

    Parameters
    ----------
    network
        The walking network.
    inside
        The pieces of the study area.
    covered
        The pieces that the tier covers.
    minutes
        Minutes to the tier's nearest facility.
    tier
        Its name.
    beyond_min
        The tier's threshold, minutes.
    covered_space
        The tier's isochrone at its threshold, which a gap's polygon leaves free.
    boundary
        The study area in the network's coordinate system.
    areas
        Areas to name the gaps by (index: name), or None.
    facilities
        All facilities (index: id, column ``name``), in the order that `minutes` numbers them.

    Returns
    -------
    gaps
        The largest first; the index is ``<tier>-<rank>``, the columns `COLUMNS` and ``geometry``:
        metres of uncovered street, the area with most of them, the facility that is nearest for
        most of them (by street; as the crow flies where no street leads to one within the
        horizon) and the median minutes by street length (NaN when half or more lies beyond the
        horizon).
    unlisted_m
        Uncovered street in gaps smaller than `SMALLEST_GAP_M`, metres.
    """
    uncovered = subtract(inside, covered)
    uncovered = uncovered.keep(network.length_m[uncovered.edge] > 0)
    lines = network.lines_of(uncovered)
    metres = (uncovered.end - uncovered.start) * network.length_m[uncovered.edge]
    shapes = shapely.get_parts(street_space(lines))
    # A middle lies inside the space around its own street, so in exactly one shape.
    middles = shapely.line_interpolate_point(lines, 0.5, normalized=True)
    middle, shape = shapely.STRtree(shapes).query(middles, predicate="within")
    of = np.full(len(uncovered), -1)
    of[middle] = shape
    street_m = np.bincount(of, weights=metres, minlength=len(shapes))
    listed = np.flatnonzero(street_m >= SMALLEST_GAP_M)
    listed = listed[np.argsort(-street_m[listed], kind="stable")]
    # From the shapes to their ranks: -1 for those not listed.
    rank = np.full(len(shapes) + 1, -1)
    rank[listed] = np.arange(len(listed))
    group, count = rank[of], len(listed)
    nearest = _nearest(network, uncovered.edge, metres, group, count, minutes, tier, facilities)
    rest = shapely.difference(shapes[listed], covered_space)
    rest = shapely.intersection(rest, boundary)
    # What is not covered is beyond the threshold, also where its edge's middle is not.
    beyond = np.maximum(minutes.edge[uncovered.edge], beyond_min)
    rows = {
        "tier": np.full(count, tier, dtype=object),
        "street_m": street_m[listed],
        "area": heaviest_names(names_of(areas_at(middles, areas)), metres, group, count),
        "nearest_facility": nearest,
        "nearest_name": pd.Series(nearest).map(facilities["name"]).fillna("").to_numpy(object),
        "minutes": weighted_medians(beyond, metres, group, count),
        "geometry": [_polygons(s) for s in np.where(shapely.is_empty(rest), shapes[listed], rest)],
    }
    names = pd.Index([f"{tier}-{n:02d}" for n in range(1, count + 1)], name="gap")
    gaps = gpd.GeoDataFrame(
        rows, index=names, columns=[*COLUMNS, "geometry"], geometry="geometry", crs=network.crs
    )
    return gaps, float(metres.sum() - street_m[listed].sum())


def areas_at(middles: NDArray[np.object_], areas: gpd.GeoDataFrame | None) -> NDArray[np.object_]:
    """Return the name of the (first) area that each point lies in."""
    names = np.full(len(middles), "" if areas is None else OUTSIDE_AREAS, dtype=object)
    if areas is not None:
        middle, area = shapely.STRtree(areas.geometry.to_numpy()).query(
            middles, predicate="intersects"
        )
        # Backwards, so that the first of areas that overlap is written last.
        order = np.lexsort((-area, middle))
        names[middle[order]] = areas.index.to_numpy()[area[order]]
    return names


def _nearest(
    network: WalkingNetwork, edges: NDArray[np.int64], weight: NDArray[np.float64],
    group: NDArray[np.int64], count: int, minutes: Minutes, tier: str, facilities: gpd.GeoDataFrame,
) -> NDArray[np.object_]:  # fmt: skip
    """Return the facility that is nearest for most of each gap: by street, else as the crow flies.

    Its id; empty where there is none.
    """
    best = heaviest(minutes.edge_facility[edges], weight, group, count)
    found = np.append(facilities.index.to_numpy(object), "")[best]
    members = facilities[facilities["tier"] == tier]
    alone = np.flatnonzero(best < 0)
    if members.empty or len(alone) == 0:
        return found
    here = group >= 0
    total = np.bincount(group[here], weights=weight[here], minlength=count)
    middles = network.midpoints()[edges[here]]
    heart = np.column_stack(
        [np.bincount(group[here], weights=weight[here] * axis, minlength=count) / total
         for axis in middles.T]
    )  # fmt: skip
    _, member = cKDTree(shapely.get_coordinates(members.geometry.to_numpy())).query(heart[alone])
    found[alone] = members.index.to_numpy(object)[member]
    return found


def _polygons(shape: shapely.Geometry) -> shapely.MultiPolygon:
    parts = shapely.get_parts(shape)
    return shapely.multipolygons(parts[shapely.get_type_id(parts) == 3])
