"""Streets out of the graphs that OSMnx makes of what Overpass answers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..streets import Streets
from ..study_parts import NetworkRules
from . import drive_rules
from .walk_rules import LIFT_CLOSED, OSMNX_WALK, TAGS, decide, is_square, is_street

_TURNED_BY_OSMNX = {"-1", "reverse", "T"}
"""Values of `oneway` for which OSMnx turns a way round, where it keeps the tag."""


def streets_of(
    graph: nx.MultiDiGraph, rules: NetworkRules, rides: tuple[str, ...], timestamp: str | None
) -> Streets:
    """Return the streets of a walking graph, unsimplified, with every segment in both directions.

    Parameters
    ----------
    graph
        As OSMnx makes it.
    rules, rides
        As `coverage.inputs.osm.download_streets`.
    timestamp
        Time of the data, if it is known.

    Raises
    ------
    InputError
        When nobody may walk on any.
    """
    node_id, lon_lat = _nodes(graph)
    segments, attributes = _drawn(graph)
    rows, squares = {}, []
    for osm_id in sorted(attributes):
        said = attributes[osm_id]
        # OSMnx puts a truth value of its own in the place of the tag `oneway`.
        tags = {tag: said[tag] for tag in TAGS if isinstance(said.get(tag), str)}
        # What Overpass returned for OSMnx's own question is OSMnx's walk network.
        rule = OSMNX_WALK if rules == "osmnx-walk" else decide(tags)
        if is_square(tags) and rules == "pedestrian":
            ring = _ring(segments[segments[:, 0] == osm_id, 1:])
            squares.append(shapely.Polygon(lon_lat[np.searchsorted(node_id, ring)]))
        elif is_street(rule, tags, rides=rides, rules=rules):
            rows[osm_id] = [*(tags.get(tag) for tag in TAGS), rule.name, rule.who]
    ways = _ways(rows, [*TAGS, "rule", "who"])
    lifts = [
        node
        for node in node_id.tolist()
        if graph.nodes[node].get("highway") == "elevator"
        and graph.nodes[node].get("access") not in LIFT_CLOSED
    ]
    streets = _joined(node_id, lon_lat, segments, ways, timestamp=timestamp)
    streets = replace(
        streets,
        lift_id=np.intersect1d(np.array(lifts, dtype=np.int64), streets.node_id),
        squares=tuple(squares),
    )
    return streets.require_walkable()


def drivable_of(graph: nx.MultiDiGraph, *, timestamp: str | None) -> Streets:
    """Return the streets that a car may use, perhaps none; see `osm_file.read_drivable`.

    Parameters
    ----------
    graph
        As OSMnx makes it with its setting ``all_oneway``, which leaves the tag `oneway` as it is.
    timestamp
        As for `streets_of`.
    """
    node_id, lon_lat = _nodes(graph)
    drawn, attributes = _drawn(graph)
    rows, turned = {}, []
    for osm_id in sorted(attributes):
        said = attributes[osm_id]
        tags = {tag: said[tag] for tag in drive_rules.DRIVE_TAGS if isinstance(said.get(tag), str)}
        if (decision := drive_rules.decide(tags)) is not None:
            rows[osm_id] = [*(tags.get(tag) for tag in drive_rules.DRIVE_TAGS), *decision]
        if tags.get("oneway") in _TURNED_BY_OSMNX:
            turned.append(osm_id)
    backward = np.isin(drawn[:, 0], turned)
    drawn[backward, 1:] = drawn[backward, :0:-1]
    ways = _ways(rows, [*drive_rules.DRIVE_TAGS, *drive_rules.COLUMNS])
    return _joined(node_id, lon_lat, drawn, ways.astype(drive_rules.COLUMNS), timestamp=timestamp)


def _nodes(graph: nx.MultiDiGraph) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the ids of nodes, ascending, and their longitudes and latitudes."""
    node_id = np.sort(np.fromiter(graph.nodes, dtype=np.int64, count=len(graph)))
    places = [(graph.nodes[n]["x"], graph.nodes[n]["y"]) for n in node_id.tolist()]
    return node_id, np.array(places, dtype=float).reshape(-1, 2)


def _drawn(graph: nx.MultiDiGraph) -> tuple[NDArray[np.int64], dict[int, dict[str, Any]]]:
    """Return way, tail and head of every segment as it is drawn, and the attributes of the ways."""
    attributes: dict[int, dict[str, Any]] = {}
    drawn: list[tuple[int, int, int]] = []
    for tail, head, edge in graph.edges(data=True):
        # A walking graph holds every segment in both directions; this one is as drawn.
        if not edge["reversed"]:
            attributes[edge["osmid"]] = edge
            drawn.append((edge["osmid"], tail, head))
    drawn.sort()
    return np.array(drawn, dtype=np.int64).reshape(-1, 3), attributes


def _ways(rows: Mapping[int, list[Any]], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        list(rows.values()), columns=columns,
        index=pd.Index(list(rows), name="osm_id", dtype=np.int64), dtype=object,
    )  # fmt: skip


def _joined(
    node_id: NDArray[np.int64], lon_lat: NDArray[np.float64], drawn: NDArray[np.int64],
    ways: pd.DataFrame, *, timestamp: str | None,
) -> Streets:  # fmt: skip
    """Return the segments of some ways (index: ascending) as streets."""
    segments = drawn[np.isin(drawn[:, 0], ways.index)]
    streets = Streets(
        node_id=node_id,
        lon_lat=lon_lat,
        tail=np.searchsorted(node_id, segments[:, 1]),
        head=np.searchsorted(node_id, segments[:, 2]),
        way=np.searchsorted(ways.index.to_numpy(), segments[:, 0]),
        ways=ways,
        source="OpenStreetMap through OSMnx",
        timestamp=timestamp,
    )
    return streets.keep(np.ones(len(segments), dtype=bool))


def _ring(segments: NDArray[np.int64]) -> list[int]:
    """Return the nodes of a closed way in order, the first again at the end."""
    following = dict(segments.tolist())
    ring = [int(segments[0, 0])]
    while len(ring) <= len(following):
        ring.append(following.get(ring[-1], ring[0]))
    return ring
