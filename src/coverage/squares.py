"""Pedestrian areas: people walk straight across them, not only along their rims."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .streets import EVERYONE, Streets

_E7 = 1e7
"""OpenStreetMap coordinates are whole numbers of 1e-7 degrees."""

SQUARE = "square"
"""The rule of ways across a square. They carry walks and are no streets: they do not count in
street lengths, nor say anything of heights."""
MOST_DOORS = 40
"""Lines of sight join so many doors of a square at most; of more, evenly chosen ones. The rim joins
all."""

_RIM_TOLERANCE = 1e-9
"""Degrees by which a crossing along the rim may leave the area through rounding."""


def cross_squares(streets: Streets) -> Streets:
    """Return the streets with straight ways across every square, and along its rim.

    From each place where a walkable street meets a square a straight segment leads to every other
    such place that can be seen across it; the rim leads to the rest. Corners where no street is get
    new node ids above all others. The new ways have negative ids, ``highway=pedestrian`` and the
    rule `SQUARE`.
    """
    if not streets.squares:
        return streets
    place = _nodes_at_corners(streets)
    met = np.zeros(len(streets.node_id), dtype=bool)
    met[streets.tail[streets.walkable]] = True
    met[streets.head[streets.walkable]] = True
    corners: list[tuple[float, float]] = []
    segments: list[tuple[int, int, int]] = []
    for number, square in enumerate(streets.squares):
        outline = shapely.get_coordinates(square.exterior)
        spots = [(int(x), int(y)) for x, y in np.round(outline * _E7).tolist()]
        doors = [n for n in dict.fromkeys(place.get(s, -1) for s in spots) if 0 <= n < len(met)]
        doors = [node for node in doors if met[node]]
        if len(doors) < 2:
            continue
        for spot, corner in zip(spots, outline.tolist(), strict=True):
            if spot not in place:
                place[spot] = len(streets.node_id) + len(corners)
                corners.append(tuple(corner))
        ring = [place[spot] for spot in spots]
        # The rim joins doors that do not see each other.
        rim = [(one, other) for one, other in itertools.pairwise(ring) if one != other]
        chosen = [
            doors[k]
            for k in np.linspace(0, len(doors) - 1, min(len(doors), MOST_DOORS)).astype(int)
        ]
        pairs = [*_sight_lines(square, chosen, streets.lon_lat), *rim]
        segments += [(*pair, number) for pair in sorted({(min(p), max(p)) for p in pairs})]
    if not segments:
        return streets
    tails, heads, ways = (list(column) for column in zip(*segments, strict=True))
    used, way = np.unique(ways, return_inverse=True)
    rows = pd.DataFrame(
        None, index=pd.Index(-1 - used, name="osm_id"), columns=streets.ways.columns, dtype=object
    ).where(lambda frame: frame.notna(), None)
    rows["highway"], rows["rule"], rows["who"] = "pedestrian", SQUARE, EVERYONE
    return replace(
        streets,
        node_id=np.concatenate(
            [streets.node_id, streets.node_id.max() + 1 + np.arange(len(corners))]
        ),
        lon_lat=np.concatenate([streets.lon_lat, np.array(corners).reshape(-1, 2)]),
        tail=np.concatenate([streets.tail, np.array(tails, dtype=np.int64)]),
        head=np.concatenate([streets.head, np.array(heads, dtype=np.int64)]),
        way=np.concatenate([streets.way, way + len(streets.ways)]),
        ways=pd.concat([streets.ways, rows]),
    )


def _nodes_at_corners(streets: Streets) -> dict[tuple[int, int], int]:
    """Return the nodes that lie at a corner of a square, by their place in 1e-7 degrees."""
    corners = shapely.get_coordinates(np.array([square.exterior for square in streets.squares]))
    wanted = np.unique(_as_one(np.round(corners * _E7).astype(np.int64)))
    spots = np.round(streets.lon_lat * _E7).astype(np.int64)
    nodes = np.flatnonzero(np.isin(_as_one(spots), wanted))
    return {
        (x, y): node for node, (x, y) in zip(nodes.tolist(), spots[nodes].tolist(), strict=True)
    }


def _as_one(spots: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return places as one whole number each; a degree has 1e7 of them, so they fit."""
    return np.asarray(spots[:, 0] * 2**32 + spots[:, 1])


def _sight_lines(
    area: shapely.Polygon, doors: list[int], lon_lat: NDArray[np.float64]
) -> list[tuple[int, int]]:
    one, other = np.triu_indices(len(doors), k=1)
    nodes = np.array(doors)
    lines = shapely.linestrings(np.stack([lon_lat[nodes[one]], lon_lat[nodes[other]]], axis=1))
    seen = shapely.covers(shapely.buffer(area, _RIM_TOLERANCE), lines)
    return list(zip(nodes[one[seen]].tolist(), nodes[other[seen]].tolist(), strict=True))
