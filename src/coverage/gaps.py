"""Gaps: contiguous street space inside the study area that is not covered."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .assessment import OUTSIDE_AREAS
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
    area_of = areas_at(middles, areas)
    rows = []
    members = positions_by(of, len(shapes))
    for gap in listed:
        here = members[gap]
        edges, weight = uncovered.edge[here], metres[here]
        nearest = _nearest(network, edges, weight, minutes, tier, facilities)
        rest = shapely.intersection(shapely.difference(shapes[gap], covered_space), boundary)
        rows.append(
            {
                "tier": tier,
                "street_m": street_m[gap],
                "area": heaviest(area_of[here], weight),
                "nearest_facility": nearest,
                "nearest_name": facilities["name"].get(nearest, ""),
                # What is not covered is beyond the threshold, also where its edge's middle is not.
                "minutes": weighted_median(np.maximum(minutes.edge[edges], beyond_min), weight),
                "geometry": _polygons(shapes[gap] if rest.is_empty else rest),
            }
        )
    names = pd.Index([f"{tier}-{rank:02d}" for rank in range(1, len(rows) + 1)], name="gap")
    gaps = gpd.GeoDataFrame(
        rows, index=names, columns=[*COLUMNS, "geometry"], geometry="geometry", crs=network.crs
    )
    return gaps, float(metres.sum() - street_m[listed].sum())


def weighted_median(values: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """Return the weighted median; NaN counts as larger than any number."""
    order = np.argsort(values, kind="stable")
    half = np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2)
    return float(values[order[min(int(half), len(order) - 1)]])


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


def positions_by(of: NDArray[np.int64], count: int) -> list[NDArray[np.int64]]:
    """Return the positions of each of 0..count-1 in `of`, ascending."""
    order = np.argsort(of, kind="stable")
    return np.split(order, np.searchsorted(of[order], np.arange(count + 1)))[1:-1]


def heaviest(names: NDArray[np.object_], weight: NDArray[np.float64]) -> str:
    """Return the name with the greatest sum of weights, the first in the alphabet of equal ones."""
    known, which = np.unique(names, return_inverse=True)
    return str(known[int(np.argmax(np.bincount(which, weights=weight)))])


def _nearest(
    network: WalkingNetwork, edges: NDArray[np.int64], weight: NDArray[np.float64],
    minutes: Minutes, tier: str, facilities: gpd.GeoDataFrame,
) -> str:  # fmt: skip
    whose = minutes.edge_facility[edges]
    if (whose >= 0).any():
        counts = np.bincount(whose[whose >= 0], weights=weight[whose >= 0])
        return str(facilities.index[int(np.argmax(counts))])
    members = facilities[facilities["tier"] == tier]
    if members.empty:
        return ""
    heart = np.average(network.midpoints()[edges], axis=0, weights=weight)
    distance = shapely.distance(members.geometry.to_numpy(), shapely.points(heart))
    return str(members.index[int(np.argmin(distance))])


def _polygons(shape: shapely.Geometry) -> shapely.MultiPolygon:
    parts = shapely.get_parts(shape)
    return shapely.multipolygons(parts[shapely.get_type_id(parts) == 3])
