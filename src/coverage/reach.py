"""Travel times: minutes to the nearest facility, and what each facility reaches.

A facility lies *on* an edge, at the end of a straight leg, and the walk starts and ends there.
`back` is the walk from the facility, `to` the walk to it, and `worst` the longer of the two to one
and the same facility: nobody walks to one station and home from another.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from .network import WalkingNetwork
from .pieces import Pieces, intersect, union, union_of
from .snapping import Snapped
from .study import Direction

Engine = Literal["scipy", "networkx"]
OneWay = Literal["to", "back"]

TIE_S = 1e-6
"""Times within a microsecond of a cutoff are within it, so that rounding decides nothing."""

_CHUNK, _CHUNK_TIMES = 64, 32_000_000
"""So many facilities are timed together, fewer on a large network: 32 million times are 256 MB."""


@dataclass(frozen=True, slots=True)
class Minutes:
    """Minutes to the nearest of some facilities.

    Attributes
    ----------
    node
        Shape (N,), minutes at every node; NaN beyond the horizon.
    edge
        Shape (E,), minutes at the middle of every edge; NaN beyond the horizon.
    node_facility, edge_facility
        The facility they belong to, -1 beyond the horizon.
    """

    node: NDArray[np.float64]
    edge: NDArray[np.float64]
    node_facility: NDArray[np.int64]
    edge_facility: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reach:
    """What each facility reaches within each cutoff.

    Attributes
    ----------
    cutoffs_min
        Minutes, ascending.
    facilities
        Positions of the facilities.
    pieces
        For every facility, in the order of `facilities`, one `Pieces` for each cutoff.
    """

    cutoffs_min: tuple[float, ...]
    facilities: NDArray[np.int64]
    pieces: tuple[tuple[Pieces, ...], ...]

    def within(self, cutoff_min: float, facilities: NDArray[np.int64]) -> Pieces:
        """Return what any of the facilities reaches within one of the cutoffs."""
        band = self.cutoffs_min.index(cutoff_min)
        chosen = np.flatnonzero(np.isin(self.facilities, facilities))
        nothing = Pieces(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))
        return union_of(nothing, *(self.pieces[position][band] for position in chosen))


def nearest_seconds(
    network: WalkingNetwork,
    snapped: Snapped,
    facilities: NDArray[np.int64],
    *,
    direction: OneWay,
    limit_s: float,
    engine: Engine = "scipy",
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the seconds between every node and its nearest facility.

    Parameters
    ----------
    network
        The walking network.
    snapped
        Where all facilities stand.
    facilities
        Positions in `snapped` of those to consider; those not snapped are passed over.
    direction
        ``back``: from the facility; ``to``: to the facility.
    limit_s
        Where to stop looking, seconds.
    engine
        ``scipy`` is compiled; ``networkx`` is the reference it must equal.

    Returns
    -------
    seconds, facility
        Shape (N,) each; infinite and -1 beyond the limit.
    """
    sources = facilities[snapped.found[facilities]]
    arcs = _arcs(network, snapped, sources, direction)
    seconds, source = _ENGINES[engine](arcs, limit_s + TIE_S, True)
    count = len(network.node_id)
    chosen = np.where(source[0] >= 0, sources[source[0]] if len(sources) else -1, -1)
    return seconds[0, :count], chosen[:count]


def minutes_to_nearest(
    network: WalkingNetwork,
    snapped: Snapped,
    facilities: NDArray[np.int64],
    *,
    direction: Direction,
    horizon_min: float,
    engine: Engine = "scipy",
) -> Minutes:
    """Return the minutes between every node and edge and its nearest facility.

    Parameters are those of `nearest_seconds`; `horizon_min` is where to stop looking, minutes.
    """
    limit_s = horizon_min * 60
    count, edges = len(network.node_id), np.arange(len(network.tail))
    if direction != "worst" or network.symmetric:
        one_way: OneWay = "to" if direction == "to" else "back"
        node, node_facility = nearest_seconds(
            network, snapped, facilities, direction=one_way, limit_s=limit_s, engine=engine
        )
        edge, edge_facility = _at_middles(network, node, node_facility, one_way)
        _improve_on_own_edge(network, snapped, facilities, edge, edge_facility, one_way)
    else:
        node, node_facility = np.full(count, np.inf), np.full(count, -1)
        edge, edge_facility = np.full(len(edges), np.inf), np.full(len(edges), -1)
        for facility, back, to in _walks_both_ways(network, snapped, facilities, limit_s, engine):
            _improve(node, node_facility, np.maximum(back, to), facility)
            at_middle = []
            for times, one_way in ((back, "back"), (to, "to")):
                here, whose = _at_middles(network, times, node_facility, one_way)
                alone = np.array([facility])
                _improve_on_own_edge(network, snapped, alone, here, whose, one_way)
                at_middle.append(here)
            _improve(edge, edge_facility, np.maximum(*at_middle), facility)
    return Minutes(
        *(np.where(seconds <= limit_s + TIE_S, seconds / 60, np.nan) for seconds in (node, edge)),
        *(
            np.where(seconds <= limit_s + TIE_S, whose, -1)
            for seconds, whose in ((node, node_facility), (edge, edge_facility))
        ),
    )


def reach_of_each(
    network: WalkingNetwork,
    snapped: Snapped,
    facilities: NDArray[np.int64],
    *,
    direction: Direction,
    cutoffs_min: tuple[float, ...],
    engine: Engine = "scipy",
) -> Reach:
    """Return the pieces of street that each facility reaches, cut exactly at each cutoff.

    Parameters are those of `nearest_seconds`. A facility that is not snapped reaches nothing.
    """
    limit_s = max(cutoffs_min) * 60
    nothing = Pieces(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))
    found = {int(f): (nothing,) * len(cutoffs_min) for f in facilities}
    both = direction == "worst" and not network.symmetric
    ways: tuple[OneWay, ...] = ("back", "to") if both else ("to" if direction == "to" else "back",)
    for chunk in _chunks(network, facilities[snapped.found[facilities]]):
        rows = [_rows(network, snapped, chunk, way, limit_s, engine) for way in ways]
        for position, facility in enumerate(chunk.tolist()):
            pieces = []
            for cutoff in cutoffs_min:
                sets = [
                    _reached(network, snapped, facility, row[position], way, cutoff * 60)
                    for way, row in zip(ways, rows, strict=True)
                ]
                pieces.append(sets[0] if len(sets) == 1 else intersect(*sets))
            found[facility] = tuple(pieces)
    return Reach(cutoffs_min, facilities, tuple(found[int(f)] for f in facilities))


@dataclass(frozen=True, slots=True)
class _Arcs:
    """Directed arcs between nodes 0..N-1 and sources N..N+S-1."""

    nodes: int
    sources: int
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    seconds: NDArray[np.float64]


def _arcs(
    network: WalkingNetwork, snapped: Snapped, sources: NDArray[np.int64], direction: OneWay
) -> _Arcs:
    """Return the arcs on which a search from the sources finds the times of a direction."""
    along, against = network.seconds_along, network.seconds_against
    if direction == "to":
        # Search the reversed graph: what leaves the source here arrives at it in the street.
        along, against = against, along
    edge, fraction, leg = snapped.edge[sources], snapped.fraction[sources], snapped.leg_s[sources]
    count = len(network.node_id)
    source = count + np.arange(len(sources))
    tail = np.concatenate([network.tail, network.head, source, source])
    head = np.concatenate([network.head, network.tail, network.head[edge], network.tail[edge]])
    seconds = np.concatenate(
        [along, against, leg + share_of(1 - fraction, along[edge]),
         leg + share_of(fraction, against[edge])]
    )  # fmt: skip
    open_ = np.isfinite(seconds)
    return _Arcs(count, len(sources), tail[open_], head[open_], seconds[open_])


def share_of(fraction: NDArray[np.float64], seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return fraction x seconds, where no part of an impassable edge takes no time."""
    return np.where(fraction == 0, 0.0, np.maximum(fraction, 1e-300) * seconds)


def _by_scipy(
    arcs: _Arcs, limit_s: float, min_only: bool
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    size = arcs.nodes + arcs.sources
    if arcs.sources == 0:
        return np.full((1, size), np.inf), np.full((1, size), -1)
    # csr_array would add up parallel arcs: keep the quickest of them.
    order = np.lexsort((arcs.seconds, arcs.head, arcs.tail))
    tail, head, seconds = arcs.tail[order], arcs.head[order], arcs.seconds[order]
    quickest = np.ones(len(tail), dtype=bool)
    quickest[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    tail, head, seconds = tail[quickest], head[quickest], seconds[quickest]
    pointers = np.searchsorted(tail, np.arange(size + 1))
    graph = csr_array((seconds, head, pointers), shape=(size, size))
    indices = arcs.nodes + np.arange(arcs.sources)
    if not min_only:
        rows = dijkstra(graph, directed=True, indices=indices, limit=limit_s)
        return np.asarray(rows), np.full(rows.shape, -1)
    times, _, sources = dijkstra(
        graph, directed=True, indices=indices, limit=limit_s, min_only=True,
        return_predecessors=True,
    )  # fmt: skip
    return times[None, :], np.where(np.isfinite(times), sources - arcs.nodes, -1)[None, :]


def _by_networkx(
    arcs: _Arcs, limit_s: float, min_only: bool
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    size = arcs.nodes + arcs.sources
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(size))
    graph.add_weighted_edges_from(
        zip(arcs.tail.tolist(), arcs.head.tolist(), arcs.seconds.tolist(), strict=True)
    )
    starts = range(arcs.nodes, size)
    searches = [set(starts)] if min_only else [{start} for start in starts]
    seconds = np.full((len(searches) or 1, size), np.inf)
    source = np.full(seconds.shape, -1)
    for row, search in enumerate(searches):
        if not search:
            continue
        times, paths = nx.multi_source_dijkstra(graph, search, cutoff=limit_s, weight="weight")
        for node, time in times.items():
            seconds[row, node] = time
            source[row, node] = paths[node][0] - arcs.nodes
    return seconds, source


_ENGINES = {"scipy": _by_scipy, "networkx": _by_networkx}


def _chunks(network: WalkingNetwork, facilities: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    size = max(1, min(_CHUNK, _CHUNK_TIMES // len(network.node_id)))
    for start in range(0, len(facilities), size):
        yield facilities[start : start + size]


def facility_rows(
    network: WalkingNetwork, snapped: Snapped, facilities: NDArray[np.int64], direction: OneWay,
    limit_s: float, engine: Engine,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:  # fmt: skip
    """Yield facilities (those snapped), some at a time, with their seconds at every node.

    Yields
    ------
    facilities, seconds
        Shape (S,) and (S, N); infinite beyond the limit.
    """
    for chunk in _chunks(network, facilities[snapped.found[facilities]]):
        yield chunk, _rows(network, snapped, chunk, direction, limit_s, engine)


def _rows(
    network: WalkingNetwork, snapped: Snapped, sources: NDArray[np.int64], direction: OneWay,
    limit_s: float, engine: Engine,
) -> NDArray[np.float64]:  # fmt: skip
    """Return seconds between each source and every node, shape (S, N)."""
    arcs = _arcs(network, snapped, sources, direction)
    return _ENGINES[engine](arcs, limit_s + TIE_S, False)[0][:, : arcs.nodes]


def _walks_both_ways(
    network: WalkingNetwork, snapped: Snapped, facilities: NDArray[np.int64],
    limit_s: float, engine: Engine,
) -> Iterator[tuple[int, NDArray[np.float64], NDArray[np.float64]]]:  # fmt: skip
    for chunk in _chunks(network, facilities[snapped.found[facilities]]):
        back = _rows(network, snapped, chunk, "back", limit_s, engine)
        to = _rows(network, snapped, chunk, "to", limit_s, engine)
        yield from zip(chunk.tolist(), back, to, strict=True)


def paces(
    network: WalkingNetwork, direction: OneWay
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the edges' seconds for a walk that is away from the tail, and away from the head.

    For `to` the walk itself is towards them; away is how the search spreads.
    """
    if direction == "back":
        return network.seconds_along, network.seconds_against
    return network.seconds_against, network.seconds_along


def _at_middles(
    network: WalkingNetwork, node: NDArray[np.float64],
    node_facility: NDArray[np.int64], direction: OneWay,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:  # fmt: skip
    from_tail, from_head = paces(network, direction)
    by_tail = node[network.tail] + from_tail / 2
    by_head = node[network.head] + from_head / 2
    whose = np.where(by_tail <= by_head, node_facility[network.tail], node_facility[network.head])
    return np.minimum(by_tail, by_head), whose


def _improve_on_own_edge(
    network: WalkingNetwork, snapped: Snapped, facilities: NDArray[np.int64],
    edge_seconds: NDArray[np.float64], edge_facility: NDArray[np.int64], direction: OneWay,
) -> None:  # fmt: skip
    """Lower the times of edges that hold a facility to the walk along the edge itself."""
    from_tail, from_head = paces(network, direction)
    for facility in facilities[snapped.found[facilities]].tolist():
        edge, fraction = snapped.edge[facility], snapped.fraction[facility]
        # Away from the tail is the way to go from a facility before the middle.
        pace = from_tail[edge] if fraction < 0.5 else from_head[edge]
        gap = abs(0.5 - fraction)
        seconds = snapped.leg_s[facility] + (gap * pace if gap else 0.0)
        if seconds < edge_seconds[edge]:
            edge_seconds[edge], edge_facility[edge] = seconds, facility


def _improve(
    best: NDArray[np.float64], whose: NDArray[np.int64], times: NDArray[np.float64], facility: int
) -> None:
    better = times < best
    best[better] = times[better]
    whose[better] = facility


def _reached(
    network: WalkingNetwork, snapped: Snapped, facility: int, node: NDArray[np.float64],
    direction: OneWay, cutoff_s: float,
) -> Pieces:  # fmt: skip
    """Return the pieces within the cutoff of one facility, given its seconds at every node."""
    from_tail, from_head = paces(network, direction)
    near = node <= cutoff_s + TIE_S
    edge = np.flatnonzero(near[network.tail] | near[network.head])
    own = snapped.edge[facility]
    at, left_s = snapped.fraction[facility], cutoff_s - snapped.leg_s[facility]
    one = np.array([own])
    ahead = walked(np.array([left_s]), from_tail[one])
    behind = walked(np.array([left_s]), from_head[one])
    return union(
        np.concatenate([edge, edge, one]),
        np.concatenate(
            [np.zeros(len(edge)),
             1 - walked(cutoff_s - node[network.head[edge]], from_head[edge]), at - behind]
        ),
        np.concatenate(
            [walked(cutoff_s - node[network.tail[edge]], from_tail[edge]),
             np.ones(len(edge)), at + ahead]
        ),
    )  # fmt: skip


def walked(left_s: NDArray[np.float64], pace_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the fraction of an edge that the seconds left allow, 0..1."""
    left_s = np.where(left_s >= -TIE_S, np.maximum(left_s, 0.0), -1.0)
    fraction = np.divide(left_s, pace_s, out=np.ones_like(left_s), where=pace_s > 0)
    return np.where(left_s < 0, 0.0, np.clip(fraction, 0.0, 1.0))
