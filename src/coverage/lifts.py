"""Lifts mapped as nodes: passing one means waiting and riding, not walking through it."""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .streets import EVERYONE, Streets

LIFT_NODE = "lift node"
"""The rule of the ways that stand for a lift node."""


def split_lifts(streets: Streets) -> Streets:
    """Return the streets with each lift node taken apart into one node for each level it serves.

    Streets that meet at a lift belong to one level when their ``level`` and ``layer`` agree; when
    all agree, the map does not say, and every segment is taken for a level of its own: a lift in
    the middle of a way joins its two halves. Each pair of levels is joined by a way with
    ``highway=elevator``, the negative of the node's id and no length. Copies have new ids above
    all others; the first level keeps the node's own.
    """
    walkable = streets.walkable
    tail, head = streets.tail.copy(), streets.head.copy()
    level = _levels(streets.ways)
    highway = streets.ways["highway"].to_numpy()
    next_id, count = int(streets.node_id.max()) + 1, len(streets.node_id)
    copies: list[int] = []
    links: list[tuple[int, int, int]] = []
    lifts = np.searchsorted(streets.node_id, streets.lift_id)
    near = np.flatnonzero(walkable & (np.isin(tail, lifts) | np.isin(head, lifts)))
    for lift in lifts.tolist():
        meeting = near[(tail[near] == lift) | (head[near] == lift)]
        if (highway[streets.way[meeting]] == "elevator").any():
            # The lift is drawn as a way as well, and costs its ride there.
            continue
        levels = level[streets.way[meeting]]
        if len(set(levels)) == 1:
            levels = np.arange(len(meeting)).astype(str)
        served = [lift]
        for name in list(dict.fromkeys(levels.tolist()))[1:]:
            copy = count + len(copies)
            copies.append(lift)
            here = meeting[levels == name]
            tail[here] = np.where(tail[here] == lift, copy, tail[here])
            head[here] = np.where(head[here] == lift, copy, head[here])
            served.append(copy)
        links += [
            (one, other, int(streets.node_id[lift]))
            for position, one in enumerate(served)
            for other in served[position + 1 :]
        ]
    if not links:
        return streets
    ends = np.array(links, dtype=np.int64)
    ids, way = np.unique(ends[:, 2], return_inverse=True)
    rows = pd.DataFrame(
        None, index=pd.Index(-ids, name="osm_id"), columns=streets.ways.columns, dtype=object
    ).where(lambda frame: frame.notna(), None)
    rows["highway"], rows["rule"], rows["who"] = "elevator", LIFT_NODE, EVERYONE
    return replace(
        streets,
        node_id=np.concatenate([streets.node_id, next_id + np.arange(len(copies))]),
        lon_lat=np.concatenate([streets.lon_lat, streets.lon_lat[copies]]),
        tail=np.concatenate([tail, ends[:, 0]]),
        head=np.concatenate([head, ends[:, 1]]),
        way=np.concatenate([streets.way, way + len(streets.ways)]),
        ways=pd.concat([streets.ways, rows]),
    )


def _levels(ways: pd.DataFrame) -> NDArray[np.object_]:
    """Return what ``level`` and ``layer`` of every way say, as one word."""
    level, layer = (ways[key].fillna("").astype(str).to_numpy(object) for key in ("level", "layer"))
    return np.asarray(level + "|" + layer)
