"""The walking network: directed, timed edges as arrays; to GeoDataFrames and networkx and back."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .errors import InputError, Problem
from .pieces import Pieces
from .streets import Streets
from .walkers import Walker


@dataclass(frozen=True, slots=True)
class WalkingNetwork:
    """Straight edges between nodes, each with the seconds that one walker takes either way.

    Attributes
    ----------
    crs
        Projected coordinate system in metres, such as ``EPSG:32648``.
    node_id
        Shape (N,), OpenStreetMap ids (or any unique whole numbers).
    xy
        Shape (N, 2), metres in `crs`.
    tail, head
        Shape (E,), positions in `node_id`.
    length_m
        Shape (E,), metres.
    seconds_along, seconds_against
        Shape (E,), from tail to head and from head to tail; infinite where this walker cannot go.
    way
        Shape (E,), positions in `ways`.
    ways
        One row a way; the index is the OpenStreetMap id, the columns are its tags.
    walker
        Whose seconds these are.
    """

    crs: str
    node_id: NDArray[np.int64]
    xy: NDArray[np.float64]
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    length_m: NDArray[np.float64]
    seconds_along: NDArray[np.float64]
    seconds_against: NDArray[np.float64]
    way: NDArray[np.int64]
    ways: pd.DataFrame
    walker: Walker

    @property
    def symmetric(self) -> bool:
        """Whether every edge takes the same time both ways."""
        return bool(np.array_equal(self.seconds_along, self.seconds_against))

    def lines(self) -> NDArray[np.object_]:
        """Return the edges as E LineStrings in `crs`."""
        ends = np.stack([self.xy[self.tail], self.xy[self.head]], axis=1)
        return np.asarray(shapely.linestrings(ends))

    def lines_of(self, pieces: Pieces) -> NDArray[np.object_]:
        """Return the pieces as P LineStrings in `crs`."""
        tail, head = self.xy[self.tail[pieces.edge]], self.xy[self.head[pieces.edge]]
        along = head - tail
        ends = np.stack(
            [tail + along * pieces.start[:, None], tail + along * pieces.end[:, None]], axis=1
        )
        return np.asarray(shapely.linestrings(ends))

    def midpoints(self) -> NDArray[np.float64]:
        """Return the middles of the edges, shape (E, 2), metres."""
        return (self.xy[self.tail] + self.xy[self.head]) / 2

    def components(self) -> NDArray[np.int64]:
        """Return the component of every edge, shape (E,), 0 the one with most street length."""
        passable = np.isfinite(self.seconds_along) | np.isfinite(self.seconds_against)
        links = coo_array(
            (np.ones(int(passable.sum())), (self.tail[passable], self.head[passable])),
            shape=(len(self.node_id),) * 2,
        )
        _, of_node = connected_components(links, directed=False)
        label = of_node[self.tail]
        length = np.bincount(label, weights=self.length_m, minlength=of_node.max() + 1)
        rank = np.empty(len(length), dtype=np.int64)
        rank[np.argsort(-length, kind="stable")] = np.arange(len(length))
        return rank[label]

    def street_pieces(self) -> NDArray[np.int64]:
        """Label runs of edges of one way between junctions, shape (E,), from 0.

        Two edges of a way belong together when they meet at a node where nothing else meets them.
        """
        count = len(self.tail)
        nodes = np.concatenate([self.tail, self.head])
        edges = np.tile(np.arange(count), 2)
        order = np.argsort(nodes, kind="stable")
        nodes, edges = nodes[order], edges[order]
        degree = np.bincount(nodes, minlength=len(self.node_id))
        first = np.flatnonzero(np.r_[True, nodes[1:] != nodes[:-1]])
        plain = first[degree[nodes[first]] == 2]
        one, other = edges[plain], edges[plain + 1]
        same = self.way[one] == self.way[other]
        links = coo_array(
            (np.ones(int(same.sum())), (one[same], other[same])), shape=(count, count)
        )
        return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)

    def to_frames(self) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
        """Return the nodes (index: id) and the edges (index: position) as GeoDataFrames."""
        nodes = gpd.GeoDataFrame(
            index=pd.Index(self.node_id, name="node_id"),
            geometry=shapely.points(self.xy),
            crs=self.crs,
        )
        tags = self.ways.iloc[self.way].reset_index()
        edges = gpd.GeoDataFrame(
            {
                "u": self.node_id[self.tail],
                "v": self.node_id[self.head],
                "osm_id": tags.iloc[:, 0].to_numpy(),
                "highway": tags["highway"].to_numpy(),
                "name": tags["name"].to_numpy(),
                "length_m": self.length_m,
                "seconds_along": self.seconds_along,
                "seconds_against": self.seconds_against,
            },
            geometry=self.lines(),
            crs=self.crs,
        )
        return nodes, edges

    def to_networkx(self) -> nx.MultiDiGraph:
        """Return a MultiDiGraph with an edge for each direction that this walker can go.

        Nodes carry ``x`` and ``y`` (metres), edges ``osmid``, ``highway``, ``name``, ``length``
        (metres), ``seconds`` and ``edge``, the position of the edge here; the graph carries
        ``crs``.
        """
        graph = nx.MultiDiGraph(crs=self.crs)
        graph.add_nodes_from(
            (node, {"x": x, "y": y})
            for node, (x, y) in zip(self.node_id.tolist(), self.xy.tolist(), strict=True)
        )
        tail, head = self.node_id[self.tail].tolist(), self.node_id[self.head].tolist()
        osm_id = self.ways.index.to_numpy()[self.way].tolist()
        tags = self.ways[["highway", "name"]].to_numpy()[self.way].tolist()
        length = self.length_m.tolist()
        for backwards, seconds in enumerate((self.seconds_along, self.seconds_against)):
            for edge in np.flatnonzero(np.isfinite(seconds)).tolist():
                ends = (head[edge], tail[edge]) if backwards else (tail[edge], head[edge])
                graph.add_edge(
                    *ends, osmid=osm_id[edge], highway=tags[edge][0], name=tags[edge][1],
                    length=length[edge], seconds=float(seconds[edge]), edge=edge,
                )  # fmt: skip
        return graph


def build_network(streets: Streets, *, crs: str, walker: Walker) -> WalkingNetwork:
    """Time the streets for a walker.

    Parameters
    ----------
    streets
        What may be walked.
    crs
        Projected coordinate system, metres; lengths are planar in it (in a UTM zone the scale is
        off by at most 0.04 % inside the zone).
    walker
        Who walks.
    """
    project = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    xy = np.column_stack(project.transform(streets.lon_lat[:, 0], streets.lon_lat[:, 1]))
    length_m = np.hypot(*(xy[streets.head] - xy[streets.tail]).T)
    seconds = length_m / walker.level_speed_mps
    return WalkingNetwork(
        crs=crs,
        node_id=streets.node_id,
        xy=xy,
        tail=streets.tail,
        head=streets.head,
        length_m=length_m,
        seconds_along=seconds,
        seconds_against=seconds.copy(),
        way=streets.way,
        ways=streets.ways,
        walker=walker,
    )


def network_from_networkx(graph: nx.MultiDiGraph, *, walker: Walker) -> WalkingNetwork:
    """Take a networkx graph as OSMnx or `WalkingNetwork.to_networkx` makes it.

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
        node: int(node) if whole_numbers else position  # type: ignore[call-overload]
        for position, node in enumerate(graph.nodes)
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
        tail=np.searchsorted(node_id, joined["low"]),
        head=np.searchsorted(node_id, joined["high"]),
        length_m=joined["length"].to_numpy(float),
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
        tail=vertex_node[segment],
        head=vertex_node[segment + 1],
        length_m=network.length_m[of] * share,
        seconds_along=network.seconds_along[of] * share,
        seconds_against=network.seconds_against[of] * share,
        way=network.way[of],
    )
