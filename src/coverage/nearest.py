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
    on = contracted(network)
    node, edge, fraction = _node_places(network)
    wanted = search(on, snapped, facilities, limit_s)
    seconds, whose = np.full(len(network.node_id), np.inf), np.full(len(network.node_id), -1)
    seconds[node], whose[node] = _one_way(wanted, on.places(edge, fraction), direction)
    return seconds, whose


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
    on = contracted(network)
    node, edge, fraction = _node_places(network)
    every_edge, middle = np.arange(len(network.tail)), np.full(len(network.tail), 0.5)
    places = on.places(np.concatenate([edge, every_edge]), np.concatenate([fraction, middle]))
    wanted = search(on, snapped, facilities, horizon_min * 60)
    if direction != "worst" or network.symmetric:
        found = _one_way(wanted, places, "to" if direction == "to" else "back")
    else:
        found = _worst(wanted, places, workers)
    minutes, facility = np.where(np.isfinite(found[0]), found[0] / 60, np.nan), found[1]
    at_node, of_node = np.full(len(network.node_id), np.nan), np.full(len(network.node_id), -1)
    at_node[node], of_node[node] = minutes[: len(node)], facility[: len(node)]
    return Minutes(at_node, minutes[len(node) :], of_node, facility[len(node) :])


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


def _one_way(
    wanted: Search, places: Places, way: OneWay
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the seconds between places and their nearest facility, and which that is.

    Shape (P,) each; infinite and -1 beyond the limit.
    """
    on, junctions = wanted.on, len(wanted.on.junction)
    if len(wanted.facilities) == 0:
        return np.full(len(places.edge), np.inf), np.full(len(places.edge), -1)
    arcs = wanted.arcs(way)
    at_junction, _, source = dijkstra(
        arcs.matrix, indices=junctions + np.arange(len(wanted.facilities)), min_only=True,
        limit=wanted.limit_s + TIE_S, return_predecessors=True,
    )  # fmt: skip
    of_junction = np.where(np.isfinite(at_junction), source.astype(np.int64) - junctions, -1)
    tail, head = on.tail[places.chain], on.head[places.chain]
    from_tail, from_head = places.entered(way)
    by_tail, by_head = at_junction[tail] + from_tail, at_junction[head] + from_head
    seconds = np.minimum(by_tail, by_head)
    whose = np.where(by_tail <= by_head, of_junction[tail], of_junction[head])
    # In a facility's own chain the walk may not pass its ends.
    first, place = _by_chain(on, places, np.unique(wanted.places.chain))
    member, item = each_of(first, wanted.places.chain)
    along = wanted.along(member, way, places.of(place[item]))
    _improve(seconds, whose, place[item], along, member)
    return _settled(wanted, seconds, whose)


def _worst(
    wanted: Search, places: Places, workers: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return as `_one_way` the longer of the two walks to one and the same facility."""
    seconds, whose = np.full(len(places.edge), np.inf), np.full(len(places.edge), -1)
    if len(wanted.facilities) == 0:
        return seconds, whose
    first, place = _by_chain(wanted.on, places, np.arange(len(wanted.on.chains)))
    task = _Worst(places.of(place), first, _upper_bound(wanted))
    for near, least, facility in over_blocks(wanted, _BOTH, task, workers):
        _improve(seconds, whose, place[near], least, facility)
    return _settled(wanted, seconds, whose)


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


def _by_chain(
    on: Contraction, places: Places, chain: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places in some chains, and where those of each of all chains begin."""
    wanted = np.zeros(len(on.chains), dtype=bool)
    wanted[chain] = True
    some = np.flatnonzero(wanted[places.chain])
    order = np.argsort(places.chain[some], kind="stable")
    count = np.bincount(places.chain[some], minlength=len(wanted))
    return np.concatenate([[0], np.cumsum(count)]), some[order]


def _improve(
    best: NDArray[np.float64], whose: NDArray[np.int64], place: NDArray[np.int64],
    seconds: NDArray[np.float64], facility: NDArray[np.int64],
) -> None:  # fmt: skip
    """Lower the best seconds of places; of facilities equally near the first counts."""
    before = best[place]
    np.minimum.at(best, place, seconds)
    least = np.flatnonzero((seconds == best[place]) & np.isfinite(seconds))
    place, facility, before = place[least], facility[least], before[least]
    lower = place[best[place] < before]
    whose[lower] = np.iinfo(np.int64).max
    np.minimum.at(whose, place, facility)


def _settled(
    wanted: Search, seconds: NDArray[np.float64], whose: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the times within the limit, and whose they are in the facilities' own positions."""
    within = seconds <= wanted.limit_s + TIE_S
    facility = np.where(within, wanted.facilities[whose], -1)
    return np.where(within, seconds, np.inf), facility
