"""Minutes to the nearest facility.

A facility lies *on* an edge, at the end of a straight leg, and the walk starts and ends there.
`back` is the walk from the facility, `to` the walk to it, and `worst` the longer of the two to one
and the same facility: nobody walks to one station and home from another.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from .contraction import Contraction, OneWay, Places, contracted
from .network import WalkingNetwork
from .snapping import Snapped
from .study_parts import Direction
from .times import TIE_S, Block, Search, each_of, over_blocks, search

_BOTH: tuple[OneWay, ...] = ("back", "to")
_EDGES_AT_ONCE = 1 << 14
"""A processor's own memory holds what is worked out of them."""


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


def nearest_seconds(
    network: WalkingNetwork,
    snapped: Snapped,
    facilities: NDArray[np.int64],
    *,
    direction: OneWay,
    limit_s: float,
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

    Returns
    -------
    seconds, facility
        Shape (N,) each; infinite and -1 beyond the limit.
    """
    wanted = search(contracted(network), snapped, facilities, limit_s)
    seconds, whose = _one_way(network, wanted, direction)
    nodes = len(network.node_id)
    return seconds[:nodes], whose[:nodes]


def minutes_to_nearest(
    network: WalkingNetwork,
    snapped: Snapped,
    facilities: NDArray[np.int64],
    *,
    direction: Direction,
    horizon_min: float,
    workers: int = 1,
) -> Minutes:
    """Return the minutes between every node and edge and its nearest facility.

    Parameters are those of `nearest_seconds`; `horizon_min` is where to stop looking, minutes, and
    `workers` as in `coverage.times.over_blocks`.
    """
    wanted = search(contracted(network), snapped, facilities, horizon_min * 60)
    if direction != "worst" or network.symmetric:
        minutes, facility = _one_way(network, wanted, "to" if direction == "to" else "back")
    else:
        minutes, facility = _worst(network, wanted, workers)
    minutes /= 60
    minutes[facility < 0] = np.nan
    nodes = len(network.node_id)
    return Minutes(minutes[:nodes], minutes[nodes:], facility[:nodes], facility[nodes:])


def _one_way(
    network: WalkingNetwork, wanted: Search, way: OneWay
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the seconds between nodes, then middles of edges, and their nearest facility.

    Shape (N + E,) each; infinite and -1 beyond the limit.
    """
    on, nodes, edges = wanted.on, len(network.node_id), len(network.tail)
    seconds, whose = np.full(nodes + edges, np.inf), np.full(nodes + edges, -1, dtype=np.int32)
    if len(wanted.facilities):
        junctions = len(on.junction)
        at_junction, _, source = dijkstra(
            wanted.arcs(way).matrix, indices=junctions + np.arange(len(wanted.facilities)),
            min_only=True, limit=wanted.limit_s + TIE_S, return_predecessors=True,
        )  # fmt: skip
        at_junction = at_junction[:junctions]
        of_junction = np.where(np.isfinite(at_junction), source[:junctions] - junctions, -1)
        tail_s, head_s = at_junction[on.tail], at_junction[on.head]
        of_tail, of_head = of_junction[on.tail], of_junction[on.head]
        # Block by block: arrays of all edges in between would cost more than what is done in them.
        for begin in range(0, edges, _EDGES_AT_ONCE):
            some = slice(begin, begin + _EDGES_AT_ONCE)
            chain = on.chain[some]
            by_tail, by_head = tail_s[chain], head_s[chain]
            by_tail_of, by_head_of = of_tail[chain], of_head[chain]
            far = _far_end(network, on, some)
            for place, share in ((slice(nodes + begin, nodes + begin + len(far)), 0.5), (far, 1.0)):
                from_tail, from_head = _entered(on, some, share, way)
                from_tail += by_tail
                from_head += by_head
                least = np.minimum(from_tail, from_head)
                beyond = least > wanted.limit_s + TIE_S
                of = np.where(from_tail <= from_head, by_tail_of, by_head_of)
                least[beyond], of[beyond] = np.inf, -1
                seconds[place], whose[place] = least, of
        # What a chain's last edge says of its end holds for that chain alone.
        seconds[on.junction], whose[on.junction] = at_junction, of_junction
        _improve_own(network, wanted, way, seconds, whose)
    return seconds, np.append(wanted.facilities, -1)[whose]


def _improve_own(
    network: WalkingNetwork, wanted: Search, way: OneWay, seconds: NDArray[np.float64],
    whose: NDArray[np.int32],
) -> None:  # fmt: skip
    """Lower what `_one_way` found in the facilities' own chains, where a walk need pass no end."""
    on, nodes = wanted.on, len(network.node_id)
    member, position = each_of(on.chains.first, wanted.places.chain)
    edge = on.chains.edge[position]
    for place, share in ((nodes + edge, 0.5), (_far_end(network, on, edge), 1.0)):
        forward_share = np.full(len(edge), share)
        fraction = np.where(on.forward[edge], forward_share, 1 - forward_share)
        along = wanted.along(member, way, on.places(edge, fraction))
        within = along <= wanted.limit_s + TIE_S
        _improve(seconds, whose, place[within], along[within], member[within])


def _far_end(
    network: WalkingNetwork, on: Contraction, edges: slice | NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the node at which a walk along the chain leaves each of some edges."""
    return np.where(on.forward[edges], network.head[edges], network.tail[edges])


def _entered(
    on: Contraction, edges: slice, share: float, way: OneWay
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the seconds from tail and head of the chains to a share, above 0, of some edges."""
    (tail_pace, head_pace), (from_tail, from_head) = on.paces(way), on.entries(way)
    by_tail = from_tail[edges] + share * tail_pace[edges]
    if share == 1:
        return by_tail, from_head[edges].copy()
    return by_tail, from_head[edges] + (1 - share) * head_pace[edges]


def _node_places(
    network: WalkingNetwork,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the nodes that an edge meets, and of each one an edge and the place on it."""
    count, every_edge = len(network.node_id), np.arange(len(network.tail))
    edge, fraction = np.full(count, -1), np.zeros(count)
    edge[network.head], fraction[network.head] = every_edge, 1.0
    edge[network.tail], fraction[network.tail] = every_edge, 0.0
    met = np.flatnonzero(edge >= 0)
    return met, edge[met], fraction[met]


def _worst(
    network: WalkingNetwork, wanted: Search, workers: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return as `_one_way` the longer of the two walks to one and the same facility."""
    on, nodes, edges = wanted.on, len(network.node_id), len(network.tail)
    seconds, whose = np.full(nodes + edges, np.inf), np.full(nodes + edges, -1)
    if len(wanted.facilities) == 0:
        return seconds, whose
    node, edge, fraction = _node_places(network)
    places = on.places(
        np.concatenate([edge, np.arange(edges)]), np.concatenate([fraction, np.full(edges, 0.5)])
    )
    first, place = _by_chain(on, places)
    asked = np.concatenate([node, nodes + np.arange(edges)])[place]
    task = _Worst(places.of(place), first, _upper_bound(wanted))
    for near, least, facility in over_blocks(wanted, _BOTH, task, workers):
        _improve(seconds, whose, asked[near], least, facility)
    within = seconds <= wanted.limit_s + TIE_S
    facility = np.where(within, wanted.facilities[whose], -1)
    return np.where(within, seconds, np.inf), facility


def _upper_bound(wanted: Search) -> NDArray[np.float64]:
    """Return seconds within which every place of a chain has some facility, shape (C,).

    It is infinite where none is known.
    """
    on, junctions = wanted.on, len(wanted.on.junction)
    arcs = wanted.arcs_slower_way()
    sources = junctions + np.arange(len(wanted.facilities))
    limit_s = wanted.limit_s + TIE_S
    at_junction = dijkstra(arcs.matrix, indices=sources, min_only=True, limit=limit_s)
    nearer_end = np.minimum(at_junction[on.tail], at_junction[on.head])
    return np.asarray(nearer_end + np.maximum(*on.totals()) + TIE_S)


@dataclass(frozen=True, slots=True)
class _Worst:
    """Times a block of facilities both ways, at the places for which one of them may be nearest.

    Attributes
    ----------
    places
        Sorted by chain.
    first
        Shape (C + 1,), where each chain's places begin.
    bound_s
        Shape (C,), seconds that the nearest facility does not exceed anywhere in a chain.
    """

    places: Places
    first: NDArray[np.int64]
    bound_s: NDArray[np.float64]

    def __call__(
        self, wanted: Search, block: Block
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
        """Return places, their seconds and the facility, each place once."""
        pairs = wanted.pairs(block, _BOTH)
        # Nobody in the chain is nearer to the facility than the nearer end of it.
        least = np.maximum(*(np.minimum(pairs.tail_s[w], pairs.head_s[w]) for w in _BOTH))
        pairs = pairs.of(pairs.own | (least <= self.bound_s[pairs.chain]))
        pair, item = each_of(self.first, pairs.chain)
        seconds = np.maximum(
            *(wanted.seconds_at(pairs, way, pair, self.places, item) for way in _BOTH)
        )
        near, where = np.unique(item, return_inverse=True)
        best, whose = np.full(len(near), np.inf), np.full(len(near), -1)
        _improve(best, whose, where, seconds, pairs.member[pair])
        return near, best, whose


def _by_chain(on: Contraction, places: Places) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the places of each chain begin, and the places in the order of their chains."""
    count = np.bincount(places.chain, minlength=len(on.chains))
    return np.concatenate([[0], np.cumsum(count)]), np.argsort(places.chain, kind="stable")


def _improve(
    best: NDArray[np.float64], whose: NDArray[np.integer], place: NDArray[np.int64],
    seconds: NDArray[np.float64], facility: NDArray[np.int64],
) -> None:  # fmt: skip
    """Lower the best seconds of places; of facilities equally near the first counts."""
    before = best[place]
    np.minimum.at(best, place, seconds)
    least = np.flatnonzero((seconds == best[place]) & np.isfinite(seconds))
    place, facility, before = place[least], facility[least], before[least]
    lower = place[best[place] < before]
    whose[lower] = np.iinfo(whose.dtype).max
    np.minimum.at(whose, place, facility)
