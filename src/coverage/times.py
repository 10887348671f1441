"""Travel times between facilities and the junctions near them, a block of facilities at a time.

Facilities that stand near each other reach much the same junctions. One search finds those that any
of a block reaches, and the search from each visits that part of the network alone: the cost grows
with what is reached, not with the network, and the memory with neither.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from .contraction import Contraction, OneWay, Places, share_of
from .snapping import Snapped

T = TypeVar("T")

TIE_S = 1e-6
"""Times within a microsecond of a cutoff are within it, so that rounding decides nothing."""

_PART = 512
"""Facilities that a thread takes at a time; the whole network is searched once for all of them."""
_BLOCK_TIMES = 500_000
"""Times between the facilities and the junctions of a block, unless of one facility alone. What is
worked out of them holds some hundred bytes for each that is within the limit."""
_SPLITS = 8


@dataclass(frozen=True, slots=True)
class Block:
    """Seconds between some facilities and every junction that one of them reaches.

    Attributes
    ----------
    members
        Shape (S,), positions in `Search.facilities`.
    junction
        For each direction, shape (L,), ascending positions of junctions.
    seconds
        For each direction, shape (S, L + 1), straight leg included; infinite beyond the limit. The
        last column is of any other junction.
    """

    members: NDArray[np.int64]
    junction: dict[OneWay, NDArray[np.int64]]
    seconds: dict[OneWay, NDArray[np.float64]]

    def at(self, way: OneWay, junction: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the seconds between the facilities and any K junctions, shape (S, K)."""
        known = self.junction[way]
        column = np.searchsorted(known, junction)
        column[np.append(known, -1)[column] != junction] = len(known)
        return np.take(self.seconds[way], column, axis=1)


@dataclass(frozen=True, slots=True)
class ChainPairs:
    """ChainPairs of a facility and a chain, sorted by both.

    Attributes
    ----------
    member
        Shape (K,), positions in `Search.facilities`.
    chain
        Shape (K,).
    own
        Shape (K,), whether the facility stands in the chain.
    tail_s, head_s
        For each direction, shape (K,), seconds between the facility and the chain's ends; infinite
        beyond the limit.
    """

    member: NDArray[np.int64]
    chain: NDArray[np.int64]
    own: NDArray[np.bool_]
    tail_s: dict[OneWay, NDArray[np.float64]]
    head_s: dict[OneWay, NDArray[np.float64]]

    def __len__(self) -> int:
        return len(self.member)

    def of(self, chosen: NDArray[np.bool_]) -> "ChainPairs":
        """Return the chosen pairs."""
        return ChainPairs(
            self.member[chosen],
            self.chain[chosen],
            self.own[chosen],
            {way: seconds[chosen] for way, seconds in self.tail_s.items()},
            {way: seconds[chosen] for way, seconds in self.head_s.items()},
        )


@dataclass(frozen=True, slots=True)
class Arcs:
    """Some nodes of a search's network, and the arcs between them.

    Attributes
    ----------
    node
        Shape (L,), ascending.
    matrix
        Shape (L, L), seconds.
    """

    node: NDArray[np.int64]
    matrix: csr_array

    def within(self, sources: NDArray[np.int64], limit_s: float) -> "Arcs":
        """Return the part within a limit of any of the sources, seconds."""
        start = np.searchsorted(self.node, sources)
        nearest = dijkstra(self.matrix, indices=start, limit=limit_s, min_only=True)
        kept = np.flatnonzero(np.isfinite(nearest))
        return Arcs(self.node[kept], self.matrix[kept][:, kept])

    def seconds(self, sources: NDArray[np.int64], limit_s: float) -> NDArray[np.float64]:
        """Return the seconds from each source to every node, infinite beyond the limit."""
        start = np.searchsorted(self.node, sources)
        return np.asarray(dijkstra(self.matrix, indices=start, limit=limit_s))


@dataclass(frozen=True, slots=True)
class Search:
    """Facilities whose times are wanted, and how far.

    Attributes
    ----------
    on
        The network contracted to junctions.
    facilities
        Shape (F,), positions of the facilities, those on the network, in the order asked for.
    places
        Where they stand, in that order.
    leg_s
        Shape (F,), seconds of their straight legs.
    limit_s
        Longest walk, seconds.
    """

    on: Contraction
    facilities: NDArray[np.int64]
    places: Places
    leg_s: NDArray[np.float64]
    limit_s: float

    def arcs(self, way: OneWay) -> Arcs:
        """Return the network as a search spreads, facility f as the node J + f."""
        to_tail, to_head = self.places.left(way)
        return self._with_facilities(self.on.graph[way], to_tail, to_head)

    def arcs_slower_way(self) -> Arcs:
        """Return the network with the seconds of the slower of the two directions everywhere.

        No walk to a facility and back has a direction that takes longer than the way found here.
        """
        places = self.places
        return self._with_facilities(
            self.on.slower_way(),
            np.maximum(places.to_tail, places.from_tail),
            np.maximum(places.to_head, places.from_head),
        )

    def _with_facilities(
        self, base: csr_array, to_tail: NDArray[np.float64], to_head: NDArray[np.float64]
    ) -> Arcs:
        count, nodes = len(self.facilities), base.shape[0]
        ends = np.column_stack([self.on.tail[self.places.chain], self.on.head[self.places.chain]])
        seconds = np.column_stack([self.leg_s + to_tail, self.leg_s + to_head])
        # In a ring both ends are one junction: one arc, the quicker.
        ring = ends[:, 0] == ends[:, 1]
        seconds[ring, 0] = seconds[ring].min(axis=1)
        open_ = np.isfinite(seconds)
        open_[ring, 1] = False
        pointers = base.indptr[-1] + np.cumsum(open_.sum(axis=1))
        matrix = csr_array(
            (
                np.concatenate([base.data, seconds[open_]]),
                np.concatenate([base.indices, ends[open_].astype(np.int32)]),
                np.concatenate([base.indptr, pointers.astype(np.int32)]),
            ),
            shape=(nodes + count,) * 2,
        )
        return Arcs(np.arange(nodes + count), matrix)

    def parts(self) -> list[NDArray[np.int64]]:
        """Return the facilities' positions in parts, near ones together."""
        order = np.lexsort((self.places.rank, self.on.tail[self.places.chain]))
        return np.array_split(order, -(-len(order) // _PART)) if len(order) else []

    def blocks(self, part: NDArray[np.int64], graphs: "dict[OneWay, Arcs]") -> Iterator[Block]:
        """Yield blocks that together hold each facility of a part once."""
        junctions, limit_s = len(self.on.junction), self.limit_s + TIE_S
        near = {way: arcs.within(junctions + part, limit_s) for way, arcs in graphs.items()}
        size = len(part) * max(len(arcs.node) for arcs in near.values())
        if size > _BLOCK_TIMES and len(part) > 1:
            pieces = min(_SPLITS, len(part), -(-size // _BLOCK_TIMES))
            for some in np.array_split(part, pieces):
                yield from self.blocks(some, near)
            return
        members = np.sort(part)
        junction, seconds = {}, {}
        for way, arcs in near.items():
            inner = int(np.searchsorted(arcs.node, junctions))
            junction[way] = arcs.node[:inner]
            # Next come the facilities' own nodes, of which nobody asks.
            seconds[way] = arcs.seconds(junctions + members, limit_s)[:, : inner + 1]
            seconds[way][:, inner] = np.inf
        yield Block(members, junction, seconds)

    def pairs(
        self, block: Block, *together: tuple[OneWay, ...], among: NDArray[np.bool_] | None = None
    ) -> ChainPairs:
        """Return the pairs of a facility and a chain that it reaches.

        Reached is what it reaches in every direction of one of the sets `together`. A facility's
        own chain is always among them, whether or not it reaches its ends. Where others than the
        chains `among` do not matter, shape (C,), they are passed over.
        """
        on, own = self.on, self.places.chain[block.members]
        met = [each_of(on.meeting_first, block.junction[ways[0]])[1] for ways in together]
        chain = np.concatenate([own[:0], *(on.meeting[place] for place in met)])
        if among is not None:
            chain = chain[among[chain]]
        chain = np.sort(np.concatenate([own, chain]))
        chain = chain[np.flatnonzero(np.diff(chain, prepend=-1))]
        ends = {
            way: [block.at(way, end[chain]) for end in (on.tail, on.head)] for way in block.seconds
        }
        reached = {way: np.isfinite(np.minimum(*at_ends)) for way, at_ends in ends.items()}
        within = np.logical_or.reduce(
            [np.logical_and.reduce([reached[way] for way in ways]) for ways in together]
        )
        within[np.arange(len(own)), np.searchsorted(chain, own)] = True
        row, column = np.nonzero(within)
        return ChainPairs(
            member=block.members[row],
            chain=chain[column],
            own=chain[column] == own[row],
            tail_s={way: tail[within] for way, (tail, _) in ends.items()},
            head_s={way: head[within] for way, (_, head) in ends.items()},
        )

    def seconds_at(
        self, pairs: ChainPairs, way: OneWay, pair: NDArray[np.int64], places: Places,
        place: NDArray[np.int64],
    ) -> NDArray[np.float64]:  # fmt: skip
        """Return the seconds between facilities and places in the chains that they reach.

        Parameters
        ----------
        pairs
            Facilities and chains.
        way
            The direction.
        pair, place
            Shape (R,), positions in `pairs` and in `places`; of one chain each.
        places
            Any places on the network.
        """
        by_tail, by_head = places.entered(way)
        seconds = np.minimum(
            pairs.tail_s[way][pair] + by_tail[place], pairs.head_s[way][pair] + by_head[place]
        )
        own = np.flatnonzero(pairs.own[pair])
        along = self.along(pairs.member[pair[own]], way, places.of(place[own]))
        seconds[own] = np.minimum(seconds[own], along)
        return seconds

    def along(self, member: NDArray[np.int64], way: OneWay, places: Places) -> NDArray[np.float64]:
        """Return the seconds between facilities and places of their own chains, within the chain.

        Parameters
        ----------
        member
            Shape (R,), positions in `facilities`.
        way
            The direction.
        places
            R places, each in the chain of its facility.
        """
        stand = self.places.of(member)
        from_tail, from_head = self.on.paces(way)
        gap = places.share - stand.share
        pace = np.where(gap >= 0, from_tail[places.edge], from_head[places.edge])
        (far, far_back), (near, near_back) = places.entered(way), stand.entered(way)
        # A chain of more than one edge is finite; only there do these differences count.
        with np.errstate(invalid="ignore"):
            between = np.where(places.rank > stand.rank, far - near, far_back - near_back)
        same = places.rank == stand.rank
        between = np.where(same, share_of(np.abs(gap), pace), np.maximum(between, 0.0))
        return self.leg_s[member] + between


def search(
    on: Contraction, snapped: Snapped, facilities: NDArray[np.int64], limit_s: float
) -> Search:
    """Prepare the search from some facilities; those not on the network are passed over.

    Parameters
    ----------
    on
        The network contracted to junctions.
    snapped
        Where all facilities stand.
    facilities
        Positions in `snapped`.
    limit_s
        Longest walk, seconds.
    """
    found = facilities[snapped.found[facilities]]
    places = on.places(snapped.edge[found], snapped.fraction[found])
    return Search(on, found, places, snapped.leg_s[found], limit_s)


def each_of(
    first: NDArray[np.int64], group: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return every item of some groups that lie one after the other.

    Parameters
    ----------
    first
        Shape (G + 1,), where each group begins, and where the last ends.
    group
        Shape (K,), groups.

    Returns
    -------
    position, item
        Shape (R,) each: a position in `group`, ascending, and an item of that group.
    """
    count = first[group + 1] - first[group]
    position = np.repeat(np.arange(len(group)), count)
    begin = first[group] - (np.cumsum(count) - count)
    return position, np.arange(len(position)) + begin[position]


def over_blocks(
    wanted: Search, ways: tuple[OneWay, ...], task: Callable[[Search, Block], T], workers: int
) -> Iterator[T]:
    """Yield what a task makes of every block, in an order that the facilities alone decide.

    Parameters
    ----------
    wanted
        The search.
    ways
        The directions to time.
    task
        Works on one block, perhaps in several threads at once.
    workers
        Threads. What they gain is NumPy's share of the work; scipy searches one at a time.
    """
    graphs = {way: wanted.arcs(way) for way in ways}
    parts = wanted.parts()
    if workers == 1:
        for part in parts:
            for block in wanted.blocks(part, graphs):
                yield task(wanted, block)
        return

    def work(part: NDArray[np.int64]) -> list[T]:
        return [task(wanted, block) for block in wanted.blocks(part, graphs)]

    with ThreadPoolExecutor(workers) as pool:
        for found in pool.map(work, parts):
            yield from found


def walked(left_s: NDArray[np.float64], pace_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the fraction of an edge that the seconds left allow, 0..1."""
    left_s = np.where(left_s >= -TIE_S, np.maximum(left_s, 0.0), -1.0)
    fraction = np.divide(left_s, pace_s, out=np.ones_like(left_s), where=pace_s > 0)
    return np.where(left_s < 0, 0.0, np.clip(fraction, 0.0, 1.0))
