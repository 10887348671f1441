"""Chains: runs of edges through nodes where nothing else meets them.

A street is drawn by many nodes and decides at few. Everything that happens between two junctions
can be said of the chain between them, and each edge keeps its place in it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .network import WalkingNetwork


@dataclass(frozen=True, slots=True)
class Chains:
    """Every edge in exactly one chain; chains in the order of their lowest edge.

    Attributes
    ----------
    tail, head
        Shape (C,), the nodes at which a chain begins and ends; alike for a ring.
    first
        Shape (C + 1,), where each chain begins in `edge`, and their number at the end.
    edge
        Shape (E,), the edges in the order in which a walk along the chains passes them.
    forward
        Shape (E,), whether it passes them from tail to head. The lowest edge of a chain it does.
    """

    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    first: NDArray[np.int64]
    edge: NDArray[np.int64]
    forward: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.tail)

    @property
    def chain_of_edge(self) -> NDArray[np.int64]:
        """The chain of every edge, shape (E,)."""
        chain = np.empty(len(self.edge), dtype=np.int64)
        chain[self.edge] = np.repeat(np.arange(len(self)), np.diff(self.first))
        return chain

    def total(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sums over each chain of values given for every edge, shape (C,)."""
        if len(self) == 0:
            return np.zeros(0)
        return np.asarray(np.add.reduceat(values[self.edge], self.first[:-1]))

    def seconds(
        self, along: NDArray[np.float64], against: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the seconds from tail to head of each chain and back, given those of every edge.

        Parameters
        ----------
        along, against
            Shape (E,), from tail to head and from head to tail of every edge; infinite where one
            cannot go.
        """
        ahead = np.empty(len(self.edge))
        ahead[self.edge] = np.where(self.forward, along[self.edge], against[self.edge])
        behind = np.empty(len(self.edge))
        behind[self.edge] = np.where(self.forward, against[self.edge], along[self.edge])
        return self.total(ahead), self.total(behind)

    def share_before(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return, for every edge, the sum of the weights of those before it in its chain.

        Parameters
        ----------
        weight
            Shape (E,), of every edge, finite.
        """
        ordered = weight[self.edge]
        running = np.cumsum(ordered) - ordered
        before = np.empty(len(self.edge))
        before[self.edge] = running - np.repeat(running[self.first[:-1]], np.diff(self.first))
        return before


def chains(
    tail: NDArray[np.int64],
    head: NDArray[np.int64],
    nodes: int,
    label: NDArray[np.int64] | None = None,
) -> Chains:
    """Join edges through the nodes where exactly two of them meet.

    Parameters
    ----------
    tail, head
        Shape (E,), the nodes of every edge, from 0.
    nodes
        Number of nodes.
    label
        Shape (E,); two edges are joined only when theirs are equal. None: all are.

    Notes
    -----
    A ring without a junction begins at the tail of its lowest edge. The order within the chains is
    found by pointer doubling: log2 of the longest chain many passes over all edges.
    """
    count = len(tail)
    if count == 0:
        nothing = np.zeros(0, dtype=np.int64)
        return Chains(nothing, nothing, np.zeros(1, dtype=np.int64), nothing, nothing.astype(bool))
    partner = _partners(tail, head, nodes, label)
    joined = np.flatnonzero(partner >= 0)
    links = coo_array(
        (np.ones(len(joined)), (joined % count, partner[joined] % count)), shape=(count, count)
    )
    _, of_edge = connected_components(links, directed=False)
    # In the order of their lowest edges.
    _, lowest, of_edge = np.unique(of_edge, return_index=True, return_inverse=True)
    rank = np.empty(len(lowest), dtype=np.int64)
    rank[np.argsort(lowest, kind="stable")] = np.arange(len(lowest))
    of_edge, lowest = rank[of_edge], np.sort(lowest)
    _open_rings(partner, of_edge, lowest)
    # A state is an edge and the end at which a walk enters it: e at its tail, e + E at its head.
    start, place = _ranked(partner, count)
    with_lowest = start[np.arange(count)] == start[lowest[of_edge]]
    state = np.where(with_lowest, np.arange(count), np.arange(count) + count)
    order = np.lexsort((place[state], of_edge))
    first = np.searchsorted(of_edge[order], np.arange(len(lowest) + 1))
    begin, end = order[first[:-1]], order[first[1:] - 1]
    return Chains(
        tail=np.where(with_lowest[begin], tail[begin], head[begin]),
        head=np.where(with_lowest[end], head[end], tail[end]),
        first=first,
        edge=order,
        forward=with_lowest[order],
    )


def link_chains(network: WalkingNetwork) -> Chains:
    """Return the streets between junctions: chains within one way each."""
    return chains(network.tail, network.head, len(network.node_id), network.way)


def _partners(
    tail: NDArray[np.int64], head: NDArray[np.int64], nodes: int, label: NDArray[np.int64] | None
) -> NDArray[np.int64]:
    """Return for every end of an edge (tails, then heads) the other end it is joined to, or -1."""
    count = len(tail)
    node = np.concatenate([tail, head])
    partner = np.full(2 * count, -1, dtype=np.int64)
    order = np.argsort(node, kind="stable")
    degree = np.bincount(node, minlength=nodes)
    first = np.cumsum(degree) - degree
    plain = np.flatnonzero(degree == 2)
    one, other = order[first[plain]], order[first[plain] + 1]
    real = one % count != other % count
    if label is not None:
        real &= label[one % count] == label[other % count]
    partner[one[real]], partner[other[real]] = other[real], one[real]
    return partner


def _open_rings(
    partner: NDArray[np.int64], of_edge: NDArray[np.int64], lowest: NDArray[np.int64]
) -> None:
    """Cut every ring at the tail of its lowest edge."""
    count = len(of_edge)
    ends = np.bincount(of_edge[np.flatnonzero(partner < 0) % count], minlength=len(lowest))
    cut = lowest[ends == 0]
    partner[partner[cut]] = -1
    partner[cut] = -1


def _ranked(partner: NDArray[np.int64], count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for every state the state in which its walk began, and how many steps ago."""
    state = np.arange(2 * count)
    before = np.where(partner >= 0, (partner + count) % (2 * count), state)
    steps = (partner >= 0).astype(np.int64)
    while True:
        further = before[before]
        if np.array_equal(further, before):
            return before, steps
        steps += steps[before]
        before = further
