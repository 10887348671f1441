"""Isochrones: the area within so many minutes of a facility or of a tier.

Polygons are for looking; every figure of coverage comes from the pieces of street themselves.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .network import WalkingNetwork
from .pieces import Pieces, PieceSets, subtract, whole
from .reach import Reach
from .street_grid import STREET_SPACE_M, Growing, spaces_of_each

_QUAD_SEGS = 4
_BLOCK_M = 2000.0
"""A tier is drawn in squares of this size, metres: of smaller ones there would be more to join."""


def street_space(lines: NDArray[np.object_]) -> shapely.Geometry:
    """Return the area within `STREET_SPACE_M` of the lines, holes kept; valid, maybe empty."""
    if len(lines) == 0:
        return shapely.Polygon()
    # Joined end to end, five pieces need one buffer in the place of five.
    merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines)))
    spaces = shapely.buffer(merged, STREET_SPACE_M, quad_segs=_QUAD_SEGS)
    # Towns apart from each other are united apart.
    return shapely.disjoint_subset_union_all(spaces)


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
    each_m = np.column_stack([sets.length_m(network.length_m) for sets in reach.pieces])
    with ThreadPoolExecutor() as beside:
        drawing = beside.submit(lambda: spaces_of_each(growing(network, reach.pieces)))
        within = {
            tier: [reach.within(cutoff, members) for cutoff in reach.cutoffs_min]
            for tier, members in tiers.items()
        }
        joined = {tier: _joined(network, bands, beside) for tier, bands in within.items()}
        each, tables = drawing.result(), []
        for tier, members in tiers.items():
            places = np.flatnonzero(np.isin(reach.facilities, members))
            own = [str(facility_ids[position]) for position in reach.facilities[places]]
            tables.append(_table(reach, own, tier, each[places], each_m[places]))
            spaces = np.array([space.result() for space in joined[tier]], dtype=object)
            street_m = np.array([pieces.length_m(network.length_m) for pieces in within[tier]])
            tables.append(_table(reach, [""], tier, spaces[None], street_m[None]))
    rows = pd.concat(tables, ignore_index=True)
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=network.crs)


def _joined(
    network: WalkingNetwork, bands: Sequence[Pieces], beside: Executor
) -> list[Future[shapely.Geometry]]:
    """Return the space of what a tier reaches in each band, each within the next, to be waited for.

    Drawn block by block. Spaces of blocks overlap at the blocks' rims alone, so that joining them,
    beside whatever else is done, costs less than drawing.
    """
    before, new = whole(np.zeros(0, dtype=np.int64)), []
    for pieces in bands:
        new.append(subtract(pieces, before))
        before = pieces
    ends = np.concatenate([network.ends_of(pieces) for pieces in new])
    block = np.floor(ends.mean(axis=1) / _BLOCK_M).astype(np.int64)
    blocks, owner = np.unique(block, axis=0, return_inverse=True)
    growing = Growing(
        tail=ends[:, 0],
        head=ends[:, 1],
        line=np.arange(len(ends)),
        owner=owner,
        band=np.repeat(np.arange(len(bands)), [len(pieces) for pieces in new]),
        count=len(blocks),
        bands=len(bands),
    )
    return [
        beside.submit(shapely.disjoint_subset_union_all, spaces)
        for spaces in spaces_of_each(growing).T
    ]


def _table(
    reach: Reach, ids: Sequence[str], tier: str, spaces: NDArray[np.object_],
    street_m: NDArray[np.float64],
) -> pd.DataFrame:  # fmt: skip
    """Return a row for every band in which something is reached; no id means the tier's own."""
    shapes = spaces.ravel()
    table = pd.DataFrame(
        {
            "scope": ["facility" if name else "tier" for name in ids for _ in reach.cutoffs_min],
            "facility": np.repeat(np.array(ids, dtype=object), len(reach.cutoffs_min)),
            "tier": tier,
            "minutes": np.tile(np.array(reach.cutoffs_min), len(ids)),
            "area_m2": shapely.area(shapes),
            "street_m": street_m.ravel(),
            "geometry": shapes,
        }
    )
    reached: pd.DataFrame = table[~shapely.is_empty(shapes)]
    return reached


def growing(network: WalkingNetwork, bands: Sequence[PieceSets]) -> Growing:
    """Return sets of pieces, given for each band, as sets that grow from band to band."""
    edges, before = len(network.tail), np.zeros(0, dtype=np.int64)
    parts, owner, band = [], [], []
    for number, sets in enumerate(bands):
        of = sets.owner
        in_full = (sets.start == 0) & (sets.end == 1)
        key = (of * edges + sets.edge)[in_full]
        # Edges once reached in full stay so and need not be drawn again.
        new = np.ones(len(of), dtype=bool)
        new[in_full] = ~np.isin(key, before, assume_unique=True)
        before = key
        parts.append((sets.edge[new], sets.start[new], sets.end[new]))
        owner.append(of[new])
        band.append(np.full(int(new.sum()), number))
    edge, start, end = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    # Whole edges are one line for all sets, however many reach them.
    in_full = (start == 0) & (end == 1)
    full, line = np.unique(edge[in_full], return_inverse=True)
    lines = np.empty(len(edge), dtype=np.int64)
    lines[in_full], lines[~in_full] = line, len(full) + np.arange(int((~in_full).sum()))
    in_part = Pieces(edge[~in_full], start[~in_full], end[~in_full])
    ends = np.concatenate([network.ends_of(pieces) for pieces in (whole(full), in_part)])
    return Growing(
        tail=ends[:, 0],
        head=ends[:, 1],
        line=lines,
        owner=np.concatenate(owner),
        band=np.concatenate(band),
        count=len(bands[0]),
        bands=len(bands),
    )
