"""The network as junctions and the chains between them, for searching; every place keeps its time.

A street is drawn by many nodes and decides at few. A search visits the junctions alone; what lies
within a chain is reached from its ends, and from a facility that stands in it, so the times of
nodes, of edges and of places on edges come out as those of a search over every node.
"""

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .chains import Chains, chains
from .network import WalkingNetwork

OneWay = Literal["to", "back"]


@dataclass(frozen=True, slots=True)
class Places:
    """Places on edges: P points of the network, by the chain that each lies in.

    Attributes
    ----------
    edge, chain
        Shape (P,), the edge and its chain.
    rank
        Shape (P,), the edge's position in `Chains.edge`, which grows along a chain.
    share
        Shape (P,), the place on the edge, 0 where a walk along the chain enters it and 1 where it
        leaves.
    from_tail, to_tail, from_head, to_head
        Shape (P,), seconds of the walk within the chain between its ends and the place; infinite
        where this walker cannot go.
    """

    edge: NDArray[np.int64]
    chain: NDArray[np.int64]
    rank: NDArray[np.int64]
    share: NDArray[np.float64]
    from_tail: NDArray[np.float64]
    to_tail: NDArray[np.float64]
    from_head: NDArray[np.float64]
    to_head: NDArray[np.float64]

    def entered(self, way: OneWay) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the seconds from tail and head, as a search for a direction spreads."""
        return (self.from_tail, self.from_head) if way == "back" else (self.to_tail, self.to_head)

    def left(self, way: OneWay) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the seconds to tail and head, as a search for a direction spreads."""
        return (self.to_tail, self.to_head) if way == "back" else (self.from_tail, self.from_head)

    def of(self, chosen: NDArray[Any]) -> "Places":
        """Return the chosen places."""
        return Places(*(getattr(self, name)[chosen] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Contraction:
    """A walking network contracted to junctions.

    Attributes
    ----------
    chains
        Runs of edges through nodes where nothing else meets them. An edge that cannot be walked
        both ways is a chain of its own, so that all sums within longer chains are finite.
    junction
        Shape (J,), the nodes in which chains end; near in this order is near in space.
    tail, head
        Shape (C,), the ends of every chain, positions in `junction`.
    chain, rank, forward
        Shape (E,), of every edge its chain, its position in `Chains.edge` and whether a walk along
        the chain passes it from tail to head.
    both_ways
        Shape (E,), whether this walker can go an edge both ways.
    ahead, behind
        Shape (E,), seconds along the edge in the chain's direction and against it.
    ahead_before, behind_before
        Shape (E,), those sums over the edges before this one in the chain.
    ahead_after, behind_after
        Shape (E,), those sums over the edges after it.
    graph
        For each direction a sparse matrix, shape (J, J), of the quickest chain between two
        junctions, seconds, as a search for that direction spreads.
    meeting_first, meeting
        The chains that end in junction j are ``meeting[meeting_first[j]:meeting_first[j + 1]]``.
    """

    chains: Chains
    junction: NDArray[np.int64]
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    chain: NDArray[np.int64]
    rank: NDArray[np.int64]
    forward: NDArray[np.bool_]
    both_ways: NDArray[np.bool_]
    ahead: NDArray[np.float64]
    behind: NDArray[np.float64]
    ahead_before: NDArray[np.float64]
    behind_before: NDArray[np.float64]
    ahead_after: NDArray[np.float64]
    behind_after: NDArray[np.float64]
    graph: dict[OneWay, csr_array]
    meeting_first: NDArray[np.int64]
    meeting: NDArray[np.int64]

    def places(self, edge: NDArray[np.int64], fraction: NDArray[np.float64]) -> Places:
        """Return places given as edges and fractions of them, 0 at the edge's tail."""
        share = np.where(self.forward[edge], fraction, 1 - fraction)
        ahead, behind = self.ahead[edge], self.behind[edge]
        return Places(
            edge=edge,
            chain=self.chain[edge],
            rank=self.rank[edge],
            share=share,
            from_tail=self.ahead_before[edge] + share_of(share, ahead),
            to_tail=self.behind_before[edge] + share_of(share, behind),
            from_head=self.behind_after[edge] + share_of(1 - share, behind),
            to_head=self.ahead_after[edge] + share_of(1 - share, ahead),
        )

    def paces(self, way: OneWay) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return each edge's seconds for a search that comes from the chain's tail, and head."""
        return (self.ahead, self.behind) if way == "back" else (self.behind, self.ahead)

    def entries(self, way: OneWay) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the seconds from the chain's tail, and from its head, to where each edge begins.

        Both as a search for a direction spreads; from the head an edge begins at its far end.
        """
        if way == "back":
            return self.ahead_before, self.behind_after
        return self.behind_before, self.ahead_after

    def totals(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the seconds from tail to head and from head to tail of every chain."""
        last = self.chains.edge[self.chains.first[1:] - 1]
        return (
            self.ahead_before[last] + self.ahead[last],
            self.behind_before[last] + self.behind[last],
        )

    def slower_way(self) -> csr_array:
        """Return as `graph` the seconds of each chain's slower direction; no one-way chains."""
        seconds = np.tile(np.maximum(*self.totals()), 2)
        ends = np.concatenate([self.tail, self.head]), np.concatenate([self.head, self.tail])
        return _quickest(*ends, seconds, len(self.junction))


def share_of(fraction: NDArray[np.float64], seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return fraction x seconds, where no part of an impassable edge takes no time."""
    return np.where(fraction == 0, 0.0, np.maximum(fraction, 1e-300) * seconds)


def paces(
    network: WalkingNetwork, direction: OneWay
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the edges' seconds for a walk that is away from the tail, and away from the head.

    For `to` the walk itself is towards them; away is how the search spreads.
    """
    if direction == "back":
        return network.seconds_along, network.seconds_against
    return network.seconds_against, network.seconds_along


_contracted: dict[int, tuple[tuple[NDArray[Any], ...], Contraction]] = {}
"""What `contracted` found for the networks that are still in use, by their identity; before it what
the streets are drawn by."""


def contracted(network: WalkingNetwork) -> Contraction:
    """Return the network contracted to junctions, worked out when it is first asked for.

    It is known as the object it is, and forgotten with it: a network must not be changed.
    """
    known = _contracted.get(id(network))
    if known is not None:
        return known[1]
    lines = (network.tail, network.head, network.xy)
    # Streets timed for another walker are still drawn by the same arrays.
    alike = [
        other
        for others, other in list(_contracted.values())
        if all(own is its for own, its in zip(lines, others, strict=True))
    ]
    found = contract(network, alike=alike)
    _contracted[id(network)] = lines, found
    weakref.finalize(network, _contracted.pop, id(network))
    return found


def contract(
    network: WalkingNetwork,
    *,
    of: NDArray[np.int64] | None = None,
    alike: Sequence[Contraction] = (),
) -> Contraction:
    """Contract a network to its junctions.

    Parameters
    ----------
    network
        The walking network.
    of
        Shape (E,), from 0; edges of different numbers are never of one chain. None: any may be.
    alike
        The same streets contracted for other walkers (with `of` None): who can go the same edges
        both ways has the same chains.
    """
    along, against = network.seconds_along, network.seconds_against
    both_ways = np.isfinite(along) & np.isfinite(against)
    same = next((one for one in alike if np.array_equal(one.both_ways, both_ways)), None)
    if same is not None:
        drawn = {name: getattr(same, name) for name in _DRAWN}
    else:
        together = np.full(len(along), -1) if of is None else -1 - of
        drawn = _drawn(network, np.where(both_ways, together, np.arange(len(along))))
    first, edge = drawn["chains"].first, drawn["chains"].edge
    rank, forward = drawn["rank"], drawn["forward"]
    ahead, behind = np.where(forward, along, against), np.where(forward, against, along)
    sums = {}
    for name, seconds in (("ahead", ahead), ("behind", behind)):
        before, after = _sums(seconds[edge], first)
        sums[f"{name}_before"], sums[f"{name}_after"] = before[rank], after[rank]
    last = edge[first[1:] - 1]
    graph = _quickest(
        np.concatenate([drawn["tail"], drawn["head"]]),
        np.concatenate([drawn["head"], drawn["tail"]]),
        np.concatenate([(sums[f"{name}_before"] + seconds)[last]
                        for name, seconds in (("ahead", ahead), ("behind", behind))]),
        len(drawn["junction"]),
    )  # fmt: skip
    return Contraction(
        both_ways=both_ways,
        ahead=ahead,
        behind=behind,
        graph={"back": graph, "to": graph if network.symmetric else graph.T.tocsr()},
        **drawn,
        **sums,
    )


_DRAWN = (
    "chains", "junction", "tail", "head", "chain", "rank", "forward", "meeting_first", "meeting",
)  # fmt: skip
"""What a contraction has of the streets and not of who walks them."""


def _drawn(network: WalkingNetwork, apart: NDArray[np.int64]) -> dict[str, Any]:
    """Return `_DRAWN` of a contraction by name; edges of different `apart` are of two chains."""
    found = chains(network.tail, network.head, len(network.node_id), apart)
    is_end = np.zeros(len(network.node_id), dtype=bool)
    is_end[found.tail] = is_end[found.head] = True
    junction = np.flatnonzero(is_end)
    junction = junction[np.argsort(_z_order(network.xy[junction]), kind="stable")]
    position = np.full(len(network.node_id), -1)
    position[junction] = np.arange(len(junction))
    tail, head = position[found.tail], position[found.head]
    edge = found.edge
    chain, rank, forward = np.empty_like(edge), np.empty_like(edge), np.empty(len(edge), dtype=bool)
    chain[edge] = np.repeat(np.arange(len(found)), np.diff(found.first))
    rank[edge] = np.arange(len(edge))
    forward[edge] = found.forward
    either = np.concatenate([tail, head])
    order = np.argsort(either, kind="stable")
    return {
        "chains": found,
        "junction": junction,
        "tail": tail,
        "head": head,
        "chain": chain,
        "rank": rank,
        "forward": forward,
        "meeting_first": np.searchsorted(either[order], np.arange(len(junction) + 1)),
        "meeting": np.tile(np.arange(len(found)), 2)[order],
    }


def _sums(
    seconds: NDArray[np.float64], first: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sums of the values before and after each one in its run.

    By doubling within the runs: the differences of one long running sum would keep the rounding of
    all that went before.
    """
    counts = np.diff(first)
    place = np.arange(len(seconds)) - np.repeat(first[:-1], counts)
    before = np.zeros(len(seconds))
    inner = np.flatnonzero(place > 0)
    before[inner] = seconds[inner - 1]
    reach = 1
    while len(inner := inner[place[inner] > reach]):
        before[inner] += before[inner - reach]
        reach *= 2
    last = first[1:] - 1
    after = np.repeat(before[last], counts) - before
    # The last alone may be infinite, in a chain of one edge.
    short = place < np.repeat(counts, counts) - 1
    after[short] += np.repeat(seconds[last], counts)[short] - seconds[short]
    return before, np.maximum(after, 0.0)


def _quickest(
    tail: NDArray[np.int64], head: NDArray[np.int64], seconds: NDArray[np.float64], count: int
) -> csr_array:
    """Return the arcs as a sparse matrix, of parallel ones the quickest."""
    real = np.isfinite(seconds) & (tail != head)
    key, seconds = (tail * count + head)[real], seconds[real]
    order = np.argsort(key, kind="stable")
    key, seconds = key[order], seconds[order]
    begin = np.flatnonzero(np.diff(key, prepend=-1))
    key = key[begin]
    # csr_array would add parallel arcs up.
    least = np.minimum.reduceat(seconds, begin) if len(begin) else seconds
    pointers = np.searchsorted(key, np.arange(count + 1) * count).astype(np.int32)
    arcs = (least, (key % count if count else key).astype(np.int32), pointers)
    return csr_array(arcs, shape=(count, count))


def _z_order(xy: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Return the place of each point on a curve that fills the plane (Morton's), shape of xy[:, 0].

    Neighbours in memory are then neighbours in space, which a search visits together.
    """
    if len(xy) == 0:
        return np.zeros(0, dtype=np.uint64)
    spread = np.ptp(xy, axis=0).max() or 1.0
    cells = ((xy - xy.min(axis=0)) / spread * (2**31 - 1)).astype(np.uint64)
    for shift, mask in ((16, 0x0000FFFF0000FFFF), (8, 0x00FF00FF00FF00FF),
                        (4, 0x0F0F0F0F0F0F0F0F), (2, 0x3333333333333333),
                        (1, 0x5555555555555555)):  # fmt: skip
        cells = (cells | (cells << np.uint64(shift))) & np.uint64(mask)
    return np.asarray(cells[:, 0] | (cells[:, 1] << np.uint64(1)))
