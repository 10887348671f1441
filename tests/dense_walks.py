"""Walks searched node by node with networkx, one facility at a time: what the package must equal.

Nothing is contracted, cut into blocks or bounded here; small networks only.
"""

from dataclasses import dataclass

import networkx as nx
import numpy as np

from coverage.links import Links
from coverage.nearest import Minutes
from coverage.pieces import Pieces, intersect, union

TIE_S = 1e-6


@dataclass(frozen=True)
class Walk:
    """Seconds between one facility and every node, and what is needed to go on from there."""

    facility: int
    node: np.ndarray
    from_tail: np.ndarray
    from_head: np.ndarray


def share_of(fraction, seconds):
    return np.where(fraction == 0, 0.0, np.maximum(fraction, 1e-300) * seconds)


def walk(network, snapped, facility, way, limit_s):
    """Search from a facility (back) or towards it (to)."""
    along, against = network.seconds_along, network.seconds_against
    if way == "to":
        along, against = against, along
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(len(network.node_id)))
    for tail, head, there, here in zip(network.tail, network.head, along, against, strict=True):
        if np.isfinite(there):
            graph.add_edge(int(tail), int(head), s=float(there))
        if np.isfinite(here):
            graph.add_edge(int(head), int(tail), s=float(here))
    edge, fraction = snapped.edge[facility], snapped.fraction[facility]
    for end, part, pace in (
        (network.head[edge], 1 - fraction, along[edge]),
        (network.tail[edge], fraction, against[edge]),
    ):
        seconds = snapped.leg_s[facility] + share_of(part, pace)
        if np.isfinite(seconds):
            graph.add_edge("facility", int(end), s=float(seconds))
    found = {}
    if "facility" in graph:
        found = nx.single_source_dijkstra_path_length(
            graph, "facility", cutoff=limit_s + TIE_S, weight="s"
        )
    node = np.array([found.get(n, np.inf) for n in range(len(network.node_id))])
    return Walk(facility, node, along, against)


def at_places(network, snapped, found, edge, at):
    """Return the seconds to places on edges, given as edges and fractions."""
    seconds = np.minimum(
        found.node[network.tail[edge]] + share_of(at, found.from_tail[edge]),
        found.node[network.head[edge]] + share_of(1 - at, found.from_head[edge]),
    )
    gap = at - snapped.fraction[found.facility]
    pace = np.where(gap >= 0, found.from_tail[edge], found.from_head[edge])
    along = snapped.leg_s[found.facility] + share_of(np.abs(gap), pace)
    return np.where(edge == snapped.edge[found.facility], np.minimum(seconds, along), seconds)


def ways_of(direction):
    return ("to", "back") if direction == "worst" else (direction,)


def minutes_to_nearest(network, snapped, facilities, *, direction, horizon_min):
    limit_s, edges = horizon_min * 60, np.arange(len(network.tail))
    node, edge = np.full(len(network.node_id), np.inf), np.full(len(edges), np.inf)
    node_facility, edge_facility = np.full(len(node), -1), np.full(len(edge), -1)
    for facility in facilities[snapped.found[facilities]].tolist():
        walks = [walk(network, snapped, facility, way, limit_s) for way in ways_of(direction)]
        at_nodes = np.max([found.node for found in walks], axis=0)
        middles = np.full(len(edges), 0.5)
        at_edges = np.max(
            [at_places(network, snapped, found, edges, middles) for found in walks], axis=0
        )
        for best, whose, seconds in (
            (node, node_facility, at_nodes), (edge, edge_facility, at_edges),
        ):  # fmt: skip
            better = seconds < best
            best[better], whose[better] = seconds[better], facility
    for seconds, whose in ((node, node_facility), (edge, edge_facility)):
        late = ~(seconds <= limit_s + TIE_S)
        seconds[late], whose[late] = np.nan, -1
    return Minutes(node / 60, edge / 60, node_facility, edge_facility)


def reach_of(network, snapped, facility, *, direction, cutoff_min):
    """Return the pieces of street that one facility reaches."""
    nothing = Pieces(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))
    if not snapped.found[facility]:
        return nothing
    cutoff_s = cutoff_min * 60
    sets = [
        reached(network, snapped, walk(network, snapped, facility, way, cutoff_s), cutoff_s)
        for way in ways_of(direction)
    ]
    return sets[0] if len(sets) == 1 else intersect(*sets)


def reached(network, snapped, found, cutoff_s):
    own, at = snapped.edge[found.facility], snapped.fraction[found.facility]
    left_s = np.array([cutoff_s - snapped.leg_s[found.facility]])
    edge, one = np.arange(len(network.tail)), np.array([own])
    by_tail = walked(cutoff_s - found.node[network.tail], found.from_tail)
    by_head = walked(cutoff_s - found.node[network.head], found.from_head)
    return union(
        np.concatenate([edge, edge, one]),
        np.concatenate(
            [np.zeros(len(edge)), 1 - by_head, at - walked(left_s, found.from_head[one])]
        ),
        np.concatenate([by_tail, np.ones(len(edge)), at + walked(left_s, found.from_tail[one])]),
    )


def walked(left_s, pace_s):
    left_s = np.where(left_s >= -TIE_S, np.maximum(left_s, 0.0), -1.0)
    fraction = np.divide(left_s, pace_s, out=np.ones_like(left_s), where=pace_s > 0)
    return np.where(left_s < 0, 0.0, np.clip(fraction, 0.0, 1.0))


def find_links(network, snapped, places, *, direction, horizon_min):
    limit_s = horizon_min * 60
    homes = np.flatnonzero(places.found)
    rows = []
    for facility in np.flatnonzero(snapped.found).tolist():
        seconds = {}
        for way in ("to", "back"):
            found = walk(network, snapped, facility, way, limit_s)
            there = at_places(network, snapped, found, places.edge[homes], places.fraction[homes])
            there = there + places.leg_s[homes]
            seconds[way] = np.where(there <= limit_s + TIE_S, there, np.inf)
        counts = np.max([seconds[way] for way in ways_of(direction)], axis=0)
        rows += [
            (homes[k], facility, seconds["to"][k], seconds["back"][k], counts[k])
            for k in np.flatnonzero(np.isfinite(counts)).tolist()
        ]
    rows.sort(key=lambda row: row[:2])
    columns = [np.array([row[k] for row in rows]) for k in range(5)]
    return Links(*columns[:2], *(column / 60 for column in columns[2:]))
