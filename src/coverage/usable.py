"""Where one may stand after a change of the network, from where one could before.

An edge is usable by what it is and by the size of its component. A link can only join components;
a closed street can cut one, and whether it does is decided near it: in most cases there is a way
round, and where there is not, one side is a few streets, or both are plainly large.
"""

import weakref
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .edits import edited
from .network import WalkingNetwork
from .patches import Patched
from .snapping import REAL_COMPONENT_M, may_stand, usable_edges

_WINDOWS_M = (300.0, 2_000.0, 12_000.0, np.inf)
"""How far from a closed street a way round is looked for, one after the other; the last is all."""
_ROUNDING_M = 1.0
"""A part of a component is surely large with so much more than it needs."""


@dataclass(frozen=True, slots=True)
class Ends:
    """What a change asks of the network before it, worked out once.

    Attributes
    ----------
    west, east, south, north
        Shape (E,), the box of every edge, metres.
    passable, may
        Shape (E,), whether the walker can go along, and may stand on it in a large component.
    component
        Shape (N,), a label of every node's component.
    degree
        Shape (N,), how many ends of passable edges meet in every node.
    """

    west: NDArray[np.float64]
    east: NDArray[np.float64]
    south: NDArray[np.float64]
    north: NDArray[np.float64]
    passable: NDArray[np.bool_]
    may: NDArray[np.bool_]
    component: NDArray[np.int64]
    degree: NDArray[np.int64]

    def near(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the edges whose boxes meet a box, ascending."""
        return np.flatnonzero(
            (self.east >= low[0]) & (self.west <= high[0])
            & (self.north >= low[1]) & (self.south <= high[1])
        )  # fmt: skip


_known: dict[int, Ends] = {}
"""What `ends_of` found for the networks that are still in use, by their identity."""


def ends_of(network: WalkingNetwork) -> Ends:
    """Return what changes ask of a network; known as the object it is, as by `contracted`."""
    found = _known.get(id(network))
    if found is None:
        found = _known[id(network)] = _ends_of(network)
        weakref.finalize(network, _known.pop, id(network))
    return found


def _ends_of(network: WalkingNetwork) -> Ends:
    one, other = network.xy[network.tail], network.xy[network.head]
    passable = np.isfinite(network.seconds_along) | np.isfinite(network.seconds_against)
    tail, head = network.tail[passable], network.head[passable]
    count = len(network.node_id)
    return Ends(
        west=np.minimum(one[:, 0], other[:, 0]),
        east=np.maximum(one[:, 0], other[:, 0]),
        south=np.minimum(one[:, 1], other[:, 1]),
        north=np.maximum(one[:, 1], other[:, 1]),
        passable=passable,
        may=may_stand(network),
        component=_labels(tail, head, count),
        degree=np.bincount(np.concatenate([tail, head]), minlength=count),
    )


def _labels(tail: NDArray[np.int64], head: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    links = coo_array((np.ones(len(tail)), (tail, head)), shape=(count, count))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)


def usable_after(change: Patched) -> NDArray[np.int64]:
    """Return `coverage.snapping.usable_edges` of a changed network, ascending."""
    network, patch = change.before, change.patch.network
    known = ends_of(network)
    goes = np.isfinite(patch.seconds_along) | np.isfinite(patch.seconds_against)
    passable = change.of_edges(known.passable, goes).astype(bool)
    may = change.of_edges(known.may, may_stand(patch)).astype(bool)
    length = change.of_edges(network.length_m, patch.length_m).astype(float)
    edges = np.arange(change.count)[len(network.tail) :]
    tail = np.concatenate([network.tail, change.ends(edges)[0]])
    closed = change.touched[known.passable[change.touched] & ~goes[: len(change.touched)]]
    # Where one look does not settle it, the next is farther; the last sees everything.
    for window_m in _WINDOWS_M:
        cut = _cut(network, known, closed, window_m)
        label = _joined(change, goes, cut.component)
        of_edge = label[tail]
        street_m = np.bincount(of_edge, np.where(passable, length, 0.0))
        total_m = np.bincount(of_edge, length)
        loose = np.zeros(len(total_m), dtype=bool)
        loose[label[cut.loose_node]] = True
        real = (street_m >= REAL_COMPONENT_M) | loose
        if not cut.settled:
            continue
        # The component with most street counts, whatever its size: it is one that counts anyway,
        # if some part that is surely whole has more than each that is too small.
        sure_m = np.where(loose, 0.0, total_m)[real].max(initial=0.0)
        sure_m = max(sure_m, cut.loose_m)
        if total_m[~real].max(initial=-1.0) < sure_m:
            return np.flatnonzero(passable & real[of_edge] & may)
    # A network that is nothing but scraps: the largest of them counts.
    return usable_edges(edited(network, change.blocked, change.joins).network)


@dataclass(frozen=True, slots=True)
class _Cut:
    """Components after streets closed.

    Attributes
    ----------
    component
        Shape (N,), labels; the parts of a component whose size is sure, though not where they end,
        still have one label.
    settled
        Whether every component is told, or surely large.
    loose_node
        A node of each such part.
    loose_m
        Metres that the largest such part has at least.
    """

    component: NDArray[np.int64]
    settled: bool
    loose_node: NDArray[np.int64]
    loose_m: float


def _cut(network: WalkingNetwork, known: Ends, closed: NDArray[np.int64], window_m: float) -> _Cut:
    """Return the components without some edges, looking so far around them."""
    nothing = np.zeros(0, dtype=np.int64)
    if not len(closed):
        return _Cut(known.component, True, nothing, 0.0)
    low = np.array([known.west[closed].min(), known.south[closed].min()]) - window_m
    high = np.array([known.east[closed].max(), known.north[closed].max()]) + window_m
    near = known.near(low, high)
    near = near[known.passable[near]]
    left = near[~np.isin(near, closed)]
    ends = np.concatenate([network.tail[closed], network.head[closed]])
    both = np.concatenate([network.tail[left], network.head[left]])
    node, at = np.unique(np.concatenate([both, ends]), return_inverse=True)
    one, other = at[: len(left)], at[len(left) : 2 * len(left)]
    part = _labels(one, other, len(node))
    # Closed off is a part whose nodes have all their streets in sight.
    seen = np.bincount(at, minlength=len(node))
    is_open = np.zeros(part.max() + 1, dtype=bool)
    is_open[part[seen < known.degree[node]]] = True
    asked = np.unique(part[at[2 * len(left) :]])
    street_m = np.bincount(part[one], network.length_m[left], minlength=len(is_open))
    before = np.zeros(len(is_open), dtype=np.int64)
    before[part] = known.component[node]
    component = known.component.copy()
    # What is closed off is a component of its own.
    alone = asked[~is_open[asked]]
    number = np.full(len(is_open), -1)
    number[alone] = known.component.max() + 1 + np.arange(len(alone))
    inside = number[part] >= 0
    component[node[inside]] = number[part[inside]]
    # One open part is all that is left of its component; of several each must surely be large.
    outer = asked[is_open[asked]]
    several = outer[np.bincount(before[outer], minlength=1)[before[outer]] > 1]
    first = np.zeros(len(is_open), dtype=np.int64)
    first[part] = node
    return _Cut(
        component,
        bool((street_m[several] >= REAL_COMPONENT_M + _ROUNDING_M).all()),
        first[several],
        float(street_m[several].max(initial=0.0)),
    )


def _joined(
    change: Patched, goes: NDArray[np.bool_], component: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the labels of the changed network's nodes, with those joined that links join."""
    patch = change.patch.network
    new = change.node[change.node >= len(component)]
    label = np.concatenate([component, component.max() + 1 + np.arange(len(new))])
    if not len(change.links):
        return label
    ends = label[change.node[np.concatenate([patch.tail[goes], patch.head[goes]])]]
    which, at = np.unique(ends, return_inverse=True)
    pieces = _labels(at[: len(at) // 2], at[len(at) // 2 :], len(which))
    if len(which):
        into = np.arange(label.max() + 1)
        # All take the label of the first.
        into[which] = which[np.unique(pieces, return_index=True)[1][pieces]]
        label = into[label]
    return label
