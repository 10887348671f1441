"""Pedestrian areas: people walk straight across them, not only along their rims."""

from dataclasses import replace

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .streets import EVERYONE, Streets

_E7 = 1e7
"""OpenStreetMap coordinates are whole numbers of 1e-7 degrees."""

_RIM_TOLERANCE = 1e-9
"""Degrees by which a crossing along the rim may leave the area through rounding."""


def cross_squares(streets: Streets) -> Streets:
    """Return the streets with straight ways across every square, and along its rim.

    From each place where a walkable street meets a square a straight segment leads to every other
    such place that can be seen across it; the rim leads to the rest. The new ways have negative
    ids, ``highway=pedestrian`` and the rule ``square``.
    """
    place = {
        (int(x), int(y)): node
        for node, (x, y) in enumerate(np.round(streets.lon_lat * _E7).tolist())
    }
    met = np.zeros(len(streets.node_id), dtype=bool)
    met[streets.tail[streets.walkable]] = True
    met[streets.head[streets.walkable]] = True
    tails: list[int] = []
    heads: list[int] = []
    ways: list[int] = []
    for number, outline in enumerate(streets.squares):
        spots = [(int(x), int(y)) for x, y in np.round(outline * _E7).tolist()]
        known = [place[spot] for spot in spots if spot in place]
        doors = [node for node in dict.fromkeys(known) if met[node]]
        if len(doors) < 2:
            continue
        pairs = _sight_lines(shapely.Polygon(outline), doors, streets.lon_lat)
        # The rim, from each known corner to the next, joins doors that do not see each other.
        rim = [(one, other) for one, other in zip(known, known[1:], strict=False) if one != other]
        for one, other in {tuple(sorted(pair)): None for pair in [*pairs, *rim]}:
            tails.append(one)
            heads.append(other)
            ways.append(number)
    if not tails:
        return streets
    used, way = np.unique(ways, return_inverse=True)
    rows = pd.DataFrame(
        None, index=pd.Index(-1 - used, name="osm_id"), columns=streets.ways.columns, dtype=object
    ).where(lambda frame: frame.notna(), None)
    rows["highway"], rows["rule"], rows["who"] = "pedestrian", "square", EVERYONE
    return replace(
        streets,
        tail=np.concatenate([streets.tail, np.array(tails, dtype=np.int64)]),
        head=np.concatenate([streets.head, np.array(heads, dtype=np.int64)]),
        way=np.concatenate([streets.way, way + len(streets.ways)]),
        ways=pd.concat([streets.ways, rows]),
    )


def _sight_lines(
    area: shapely.Polygon, doors: list[int], lon_lat: NDArray[np.float64]
) -> list[tuple[int, int]]:
    one, other = np.triu_indices(len(doors), k=1)
    nodes = np.array(doors)
    lines = shapely.linestrings(np.stack([lon_lat[nodes[one]], lon_lat[nodes[other]]], axis=1))
    seen = shapely.covers(shapely.buffer(area, _RIM_TOLERANCE), lines)
    return list(zip(nodes[one[seen]].tolist(), nodes[other[seen]].tolist(), strict=True))
