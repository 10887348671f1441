"""Walking networks to networkx and back."""

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .errors import InputError, Problem
from .features import level_streets
from .network import WalkingNetwork
from .walkers import Walker


def network_to_networkx(network: WalkingNetwork) -> nx.MultiDiGraph:
    """Return a MultiDiGraph with an edge for each direction that this walker can go.

    Nodes carry ``x`` and ``y`` (metres), edges ``osmid``, ``highway``, ``name``, ``length``
    (metres), ``seconds`` and ``edge``, the position of the edge here; the graph carries
    ``crs``.
    """
    graph = nx.MultiDiGraph(crs=network.crs)
    graph.add_nodes_from(
        (node, {"x": x, "y": y})
        for node, (x, y) in zip(network.node_id.tolist(), network.xy.tolist(), strict=True)
    )
    tail, head = network.node_id[network.tail].tolist(), network.node_id[network.head].tolist()
    osm_id = network.ways.index.to_numpy()[network.way].tolist()
    tags = network.ways[["highway", "name"]].to_numpy()[network.way].tolist()
    length = network.length_m.tolist()
    for backwards, seconds in enumerate((network.seconds_along, network.seconds_against)):
        for edge in np.flatnonzero(np.isfinite(seconds)).tolist():
            ends = (head[edge], tail[edge]) if backwards else (tail[edge], head[edge])
            graph.add_edge(
                *ends, osmid=osm_id[edge], highway=tags[edge][0], name=tags[edge][1],
                length=length[edge], seconds=float(seconds[edge]), edge=edge,
            )  # fmt: skip
    return graph


def network_from_networkx(graph: nx.MultiDiGraph, *, walker: Walker) -> WalkingNetwork:
    """Take a networkx graph as OSMnx or `network_to_networkx` makes it.

    Parameters
    ----------
    graph
        Nodes with ``x`` and ``y`` in the projected coordinate system ``graph.graph["crs"]``
        (project an OSMnx graph with ``osmnx.project_graph`` first). Edges may carry ``length``
        (metres; else the straight distance), ``seconds`` (else the length at the walker's level
        speed), ``osmid``, ``highway``, ``name`` and ``geometry``; a curved edge becomes several
        straight ones with shares of its length and seconds.
    walker
        Who walks.

    Returns
    -------
    network
        The two directions of one street are joined into one edge; node ids that are not whole
        numbers are numbered in the graph's order.

    Raises
    ------
    InputError
        When the graph has no edges, or its coordinates are degrees or missing.
    """
    crs = graph.graph.get("crs")
    if graph.number_of_edges() == 0:
        raise InputError(Problem("graph", "has no edges.", "Check where it was made."))
    if crs is None or not gpd.GeoSeries([], crs=crs).crs.is_projected:
        raise InputError(
            Problem("graph", "its coordinates are not metres.", "Use osmnx.project_graph first.")
        )
    whole_numbers = all(isinstance(node, (int, np.integer)) for node in graph.nodes)
    numbered: dict[Hashable, int] = {
        node: int(node) if whole_numbers else position for position, node in enumerate(graph.nodes)
    }
    directed = pd.DataFrame(
        [_directed_edge(graph, numbered, walker, *edge) for edge in graph.edges(keys=True)]
    )
    joined = _join_directions(directed)
    node_id = np.array(sorted(numbered.values()), dtype=np.int64)
    place = {number: node for node, number in numbered.items()}
    xy = np.array([(graph.nodes[place[n]]["x"], graph.nodes[place[n]]["y"]) for n in node_id])
    way, ways = _ways_of(joined)
    network = WalkingNetwork(
        crs=str(crs),
        node_id=node_id,
        xy=xy.astype(float),
        z=np.full(len(node_id), np.nan),
        tail=np.searchsorted(node_id, joined["low"]),
        head=np.searchsorted(node_id, joined["high"]),
        features=level_streets(joined["length"].to_numpy(float)),
        steps_source=np.full(len(joined), "", dtype=object),
        seconds_along=joined["seconds_along"].to_numpy(float),
        seconds_against=joined["seconds_against"].to_numpy(float),
        way=way,
        ways=ways,
        walker=walker,
    )
    return _straighten(network, joined["geometry"].to_numpy())


def _directed_edge(
    graph: nx.MultiDiGraph, numbered: dict[Hashable, int], walker: Walker,
    tail: Hashable, head: Hashable, key: Hashable,
) -> dict[str, Any]:  # fmt: skip
    data = graph.edges[tail, head, key]
    ends = [(graph.nodes[node]["x"], graph.nodes[node]["y"]) for node in (tail, head)]
    line = data.get("geometry") or shapely.LineString(ends)
    length = float(data.get("length", line.length))
    low, high = numbered[tail], numbered[head]
    along = low <= high
    return {
        "low": min(low, high),
        "high": max(low, high),
        "along": along,
        "length": length,
        "seconds": float(data.get("seconds", length / walker.level_speed_mps)),
        "osmid": str(data.get("osmid", "")),
        "highway": data.get("highway"),
        "name": data.get("name"),
        "geometry": line if along else line.reverse(),
    }


def _join_directions(directed: pd.DataFrame) -> pd.DataFrame:
    """Join each edge with its twin of the other direction, if it has one."""
    keys = ["low", "high", "osmid", "metres"]
    directed = directed.assign(metres=directed["length"].round(6))
    # Twins of twins (parallel edges alike in everything) pair off in order.
    directed["rank"] = directed.groupby([*keys, "along"]).cumcount()
    # A loop leaves and enters at one node, so its two directions look alike.
    loops = directed["low"] == directed["high"]
    directed.loc[loops, "along"] = directed.loc[loops, "rank"] % 2 == 0
    directed.loc[loops, "rank"] //= 2
    seconds = directed.pivot(index=[*keys, "rank"], columns="along", values="seconds")
    seconds = seconds.reindex(columns=[True, False]).fillna(np.inf)
    seconds.columns = pd.Index(["seconds_along", "seconds_against"])
    first = directed.drop_duplicates([*keys, "rank"]).drop(columns=["seconds", "along"])
    return first.merge(seconds.reset_index(), on=[*keys, "rank"])


def _ways_of(edges: pd.DataFrame) -> tuple[NDArray[np.int64], pd.DataFrame]:
    tags = edges[["osmid", "highway", "name"]].astype(object)
    tags = tags.where(tags.notna(), None).map(lambda v: v if v is None else str(v))
    way, unique = pd.factorize(pd.MultiIndex.from_frame(tags.fillna("")))
    rows = pd.DataFrame(list(unique), columns=["osm_id", "highway", "name"], dtype=object)
    rows = rows.where(rows != "", None)
    numeric = pd.to_numeric(rows["osm_id"], errors="coerce")
    rows["osm_id"] = numeric.where(numeric.notna(), -1 - np.arange(len(rows))).astype(np.int64)
    return np.asarray(way, dtype=np.int64), rows.set_index("osm_id")


def _straighten(network: WalkingNetwork, lines: NDArray[np.object_]) -> WalkingNetwork:
    """Split edges whose geometry bends into straight ones with shares of length and seconds."""
    vertices, edge = shapely.get_coordinates(lines, return_index=True)
    segment = np.flatnonzero(edge[:-1] == edge[1:])
    of = edge[segment]
    if len(segment) == len(lines):
        return network
    first, last = np.r_[True, edge[1:] != edge[:-1]], np.r_[edge[1:] != edge[:-1], True]
    inner = ~first & ~last
    vertex_node = np.empty(len(vertices), dtype=np.int64)
    vertex_node[first], vertex_node[last] = network.tail, network.head
    vertex_node[inner] = len(network.node_id) + np.arange(int(inner.sum()))
    drawn = np.hypot(*(vertices[segment + 1] - vertices[segment]).T)
    whole_m = np.bincount(of, weights=drawn, minlength=len(lines))
    share = np.divide(drawn, whole_m[of], out=np.zeros_like(drawn), where=whole_m[of] > 0)
    pieces = np.bincount(of, minlength=len(lines))
    share = np.where(whole_m[of] > 0, share, 1 / pieces[of])
    new_ids = network.node_id.max() + 1 + np.arange(int(inner.sum()))
    return replace(
        network,
        node_id=np.concatenate([network.node_id, new_ids]),
        xy=np.concatenate([network.xy, vertices[inner]]),
        z=np.concatenate([network.z, np.full(int(inner.sum()), np.nan)]),
        tail=vertex_node[segment],
        head=vertex_node[segment + 1],
        features=level_streets(network.length_m[of] * share),
        steps_source=network.steps_source[of],
        seconds_along=network.seconds_along[of] * share,
        seconds_against=network.seconds_against[of] * share,
        way=network.way[of],
    )
