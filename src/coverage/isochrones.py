"""Isochrones: the area within so many minutes of a facility or of a tier.

Polygons are for looking; every figure of coverage comes from the pieces of street themselves.
"""

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .network import WalkingNetwork
from .pieces import Pieces
from .reach import Reach

STREET_SPACE_M = 25.0
"""Half the width of the space that counts as being at a street, metres."""

_QUAD_SEGS = 4


def street_space(lines: NDArray[np.object_]) -> shapely.Geometry:
    """Return the area within `STREET_SPACE_M` of the lines, holes kept; valid, maybe empty."""
    if len(lines) == 0:
        return shapely.Polygon()
    # Joined end to end, five pieces need one buffer in the place of five.
    merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines)))
    return shapely.union_all(shapely.buffer(merged, STREET_SPACE_M, quad_segs=_QUAD_SEGS))


def isochrones(
    network: WalkingNetwork,
    reach: Reach,
    facility_ids: pd.Index,
    tiers: Mapping[str, NDArray[np.int64]],
) -> gpd.GeoDataFrame:
    """Draw the isochrones of every facility and of every tier.

    Parameters
    ----------
    network
        The walking network.
    reach
        What each facility reaches.
    facility_ids
        Ids of the facilities, by their position.
    tiers
        The positions of each tier's facilities.

    Returns
    -------
    isochrones
        In the network's coordinate system, nested by minutes; columns ``scope`` (``facility`` or
        ``tier``), ``facility`` (its id, empty for a tier), ``tier``, ``minutes``, ``area_m2`` and
        ``street_m`` (metres of street reached, each street once).
    """
    rows = []
    for tier, members in tiers.items():
        for position in members:
            place = int(np.flatnonzero(reach.facilities == position)[0])
            bands = zip(reach.cutoffs_min, (sets[place] for sets in reach.pieces), strict=True)
            rows += _nested(network, bands, "facility", str(facility_ids[position]), tier)
        bands = zip(
            reach.cutoffs_min, (reach.within(c, members) for c in reach.cutoffs_min), strict=True
        )
        rows += _nested(network, bands, "tier", "", tier)
    columns = ["scope", "facility", "tier", "minutes", "area_m2", "street_m", "geometry"]
    return gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=network.crs)


def _nested(
    network: WalkingNetwork,
    bands: "zip[tuple[float, Pieces]]",
    scope: str,
    facility: str,
    tier: str,
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    inner = shapely.Polygon()
    for minutes, pieces in bands:
        if len(pieces) == 0:
            continue
        # The arcs of a buffer are polygons: without this, 5 minutes could stick out of 10.
        inner = shapely.union(inner, street_space(network.lines_of(pieces)))
        rows.append(
            {
                "scope": scope,
                "facility": facility,
                "tier": tier,
                "minutes": minutes,
                "area_m2": inner.area,
                "street_m": pieces.length_m(network.length_m),
                "geometry": inner,
            }
        )
    return rows
