"""What a user would take instead: the OSMnx and networkx recipe, pandana, igraph, scipy raw.

Every rival gets the same arcs (`ours._write_arcs`): nodes of the network, and each facility as a
node of its own between the ends of its edge. Building its graph is timed apart. Steps that go
facility by facility stop when their budget is spent, and say how many they did.
"""

import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from answers import Answer

CUTOFF_S = 900.0
HORIZON_S = 3_600.0
STREET_SPACE_M = 25.0
FEW_SIDES = 4
"""Sides of a quarter of a circle, so few that corners are as coarse as a grid's."""


@dataclass(frozen=True, slots=True)
class Arcs:
    """Directed arcs; nodes from `facility[0]` on are facilities."""

    tail: np.ndarray
    head: np.ndarray
    seconds: np.ndarray
    xy: np.ndarray
    facility: np.ndarray

    @classmethod
    def at(cls, kept: Path) -> "Arcs":
        """Return the arcs that `ours.prepare` left."""
        with np.load(kept / "arcs.npz") as arrays:
            return cls(**{name: arrays[name] for name in cls.__slots__})

    @property
    def nodes(self) -> int:
        """How many nodes are no facilities."""
        return int(self.facility[0])


def shortest(arcs: Arcs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the arcs, of parallel ones the quickest, by tail and head."""
    order = np.lexsort((arcs.seconds, arcs.head, arcs.tail))
    tail, head, seconds = arcs.tail[order], arcs.head[order], arcs.seconds[order]
    first = np.r_[True, (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])]
    return tail[first], head[first], seconds[first]


# ---- scipy, raw


def scipy_graph(arcs: Arcs) -> Any:
    """Return a sparse matrix."""
    from scipy.sparse import csr_array

    tail, head, seconds = shortest(arcs)
    size = len(arcs.xy)
    return csr_array((seconds, (tail, head)), shape=(size, size))


def scipy_nearest(graph: Any, arcs: Arcs) -> Answer:
    """One search from all facilities."""
    from scipy.sparse.csgraph import dijkstra

    times = dijkstra(graph, indices=arcs.facility, limit=HORIZON_S, min_only=True)
    return {"seconds": times[: arcs.nodes]}


def scipy_reach(graph: Any, arcs: Arcs, facility: int) -> np.ndarray:
    """One search on the whole graph; its row is dense."""
    from scipy.sparse.csgraph import dijkstra

    row = dijkstra(graph, indices=facility, limit=CUTOFF_S)
    return np.flatnonzero(np.isfinite(row[: arcs.nodes]))


# ---- networkx, as in every OSMnx notebook


def networkx_graph(arcs: Arcs) -> Any:
    """Return a MultiDiGraph, which is what OSMnx makes."""
    import networkx as nx

    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(len(arcs.xy)))
    graph.add_weighted_edges_from(
        zip(arcs.tail.tolist(), arcs.head.tolist(), arcs.seconds.tolist(), strict=True),
        weight="seconds",
    )
    return graph


def networkx_nearest(graph: Any, arcs: Arcs) -> Answer:
    """One search from all facilities."""
    import networkx as nx

    found = nx.multi_source_dijkstra_path_length(
        graph, set(arcs.facility.tolist()), cutoff=HORIZON_S, weight="seconds"
    )
    times = np.full(len(arcs.xy), np.inf)
    times[list(found)] = list(found.values())
    return {"seconds": times[: arcs.nodes]}


def networkx_reach(graph: Any, arcs: Arcs, facility: int) -> np.ndarray:
    """One search with a cutoff."""
    import networkx as nx

    found = nx.single_source_dijkstra_path_length(
        graph, facility, cutoff=CUTOFF_S, weight="seconds"
    )
    return _street_nodes(list(found), arcs)


def ego_graph_reach(graph: Any, arcs: Arcs, facility: int) -> np.ndarray:
    """The isochrone of OSMnx's own examples."""
    import networkx as nx

    found = nx.ego_graph(graph, facility, radius=CUTOFF_S, distance="seconds")
    return _street_nodes(list(found.nodes), arcs)


def _street_nodes(nodes: list[int], arcs: Arcs) -> np.ndarray:
    found = np.sort(np.array(nodes, dtype=np.int64))
    return found[found < arcs.nodes]


# ---- igraph


def igraph_graph(arcs: Arcs) -> Any:
    """Return a directed igraph with one node more, from which all facilities are 0 s away."""
    import igraph

    start = np.full(len(arcs.facility), len(arcs.xy))
    ends = np.concatenate(
        [np.column_stack([arcs.tail, arcs.head]), np.column_stack([start, arcs.facility])]
    )
    graph = igraph.Graph(n=len(arcs.xy) + 1, edges=ends, directed=True)
    graph.es["seconds"] = np.concatenate([arcs.seconds, np.zeros(len(start))])
    return graph


def igraph_nearest(graph: Any, arcs: Arcs) -> Answer:
    """One search from the node before all facilities; igraph has no cutoff."""
    times = np.array(graph.distances(len(arcs.xy), weights="seconds")[0])[: arcs.nodes]
    return {"seconds": np.where(times <= HORIZON_S, times, np.inf)}


def igraph_reach(graph: Any, arcs: Arcs, facility: int) -> np.ndarray:
    """One search of everything; igraph has no cutoff."""
    times = np.array(graph.distances(facility, weights="seconds")[0])[: arcs.nodes]
    return np.flatnonzero(times <= CUTOFF_S)


# ---- pandana


def pandana_graph(arcs: Arcs) -> Any:
    """Return a pandana network; it counts in whole thousandths."""
    import pandana
    import pandas as pd

    # It looks from the place to the facility: on reversed arcs that is the walk from it.
    tail, head, seconds = shortest(arcs)
    x, y = (pd.Series(column) for column in arcs.xy.T)
    network = pandana.Network(
        x, y, pd.Series(head), pd.Series(tail), pd.DataFrame({"seconds": seconds}), twoway=False
    )
    network.precompute(HORIZON_S)
    place = arcs.xy[arcs.facility]
    network.set_pois("facility", HORIZON_S, 1, place[:, 0], place[:, 1])
    return network


def pandana_nearest(network: Any, arcs: Arcs) -> Answer:
    """Contraction hierarchies; places are matched to the nearest node."""
    far = 1e9
    times = network.nearest_pois(HORIZON_S, "facility", num_pois=1, max_distance=far)
    seconds = times.iloc[:, 0].to_numpy(float)[: arcs.nodes]
    return {"seconds": np.where(seconds <= HORIZON_S, seconds, np.inf)}


# ---- polygons, from the lines of the same reaches


def lines_at(kept: Path) -> list[tuple[int, int, np.ndarray]]:
    """Return the facility, the band and the lines of each reach, facilities in any order."""
    with (kept / "lines.pickle").open("rb") as file:
        return [(one, band, shapely.from_wkb(wkb)) for one, band, wkb in pickle.load(file)]


def buffer_each(lines: np.ndarray) -> shapely.Geometry:
    """One buffer for each edge, then their union: the recipe, round as it is by itself."""
    return shapely.union_all(shapely.buffer(lines, STREET_SPACE_M))


def buffer_each_coarse(lines: np.ndarray) -> shapely.Geometry:
    """Return the recipe's area with coarser corners, which its users do not ask for."""
    return shapely.union_all(shapely.buffer(lines, STREET_SPACE_M, quad_segs=FEW_SIDES))


def buffer_all(lines: np.ndarray) -> shapely.Geometry:
    """One buffer of all edges."""
    return shapely.buffer(shapely.multilinestrings(lines), STREET_SPACE_M)


# ---- reading


def osmnx_read(xml: Path, simplify: bool) -> Any:
    """Read XML, the only file that OSMnx reads."""
    import osmnx as ox

    return ox.graph_from_xml(xml, bidirectional=True, simplify=simplify, retain_all=True)


def segments_of(graph: Any) -> Answer:
    """Return an unsimplified OSMnx graph's segments as `ours.read` does."""
    rows = [
        (min(u, v), max(u, v), way)
        for u, v, osmid in graph.edges(data="osmid")
        for way in (osmid if isinstance(osmid, list) else [osmid])
    ]
    return {"segments": np.unique(np.array(rows, dtype=np.int64), axis=0)}


GRAPHS: dict[str, Callable[[Arcs], Any]] = {
    "scipy": scipy_graph,
    "networkx": networkx_graph,
    "igraph": igraph_graph,
    "pandana": pandana_graph,
}
NEAREST: dict[str, Callable[[Any, Arcs], Answer]] = {
    "scipy": scipy_nearest,
    "networkx": networkx_nearest,
    "igraph": igraph_nearest,
    "pandana": pandana_nearest,
}
REACH: dict[str, tuple[str, Callable[[Any, Arcs, int], np.ndarray]]] = {
    "scipy": ("scipy", scipy_reach),
    "networkx cutoff": ("networkx", networkx_reach),
    "networkx ego_graph": ("networkx", ego_graph_reach),
    "igraph": ("igraph", igraph_reach),
}
POLYGONS: dict[str, Callable[[np.ndarray], shapely.Geometry]] = {
    "buffer each, union": buffer_each,
    "the same, coarse": buffer_each_coarse,
    "buffer of all": buffer_all,
}
MODULES = {
    "OSMnx": "osmnx", "OSMnx, simplified": "osmnx", "networkx": "networkx", "igraph": "igraph",
    "pandana": "pandana", "scipy": "scipy.sparse.csgraph", "networkx cutoff": "networkx",
    "networkx ego_graph": "networkx", **dict.fromkeys(POLYGONS, "shapely"),
}  # fmt: skip
"""What each imports, before anything of it is timed."""


def reach_within(name: str, graph: Any, arcs: Arcs, chosen: np.ndarray, budget_s: float) -> Answer:
    """Search facility by facility until the budget is spent; return the nodes of those done."""
    search = REACH[name][1]
    nodes: list[np.ndarray] = []
    begin = time.perf_counter()
    for facility in arcs.facility[chosen].tolist():
        nodes.append(search(graph, arcs, facility))
        if time.perf_counter() - begin > budget_s:
            break
    return {
        "nodes": np.concatenate(nodes),
        "counts": np.array([len(n) for n in nodes]),
        "facility": chosen[: len(nodes)],
    }


def polygons_within(name: str, lines: list[tuple[int, int, np.ndarray]], budget_s: float) -> Answer:
    """Draw polygon by polygon until the budget is spent; return those done."""
    draw = POLYGONS[name]
    drawn: list[tuple[int, int, shapely.Geometry]] = []
    begin = time.perf_counter()
    for facility, band, of_one in lines:
        drawn.append((facility, band, draw(of_one)))
        if time.perf_counter() - begin > budget_s:
            break
    facility, band, shapes = zip(*drawn, strict=True)
    return {
        "facility": np.array(facility), "band": np.array(band),
        "wkb": shapely.to_wkb(np.array(shapes, dtype=object)),
    }  # fmt: skip
