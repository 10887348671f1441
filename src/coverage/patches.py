"""A change of the walking network, held beside it: only the edges that it touches are made anew.

A city has a million edges and a lift changes three. The changed edges are a small network of their
own, numbered on from the great one, and what a change asks for is cut out of both together.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from .edits import Edited, Join, cut_out, edited
from .network import WalkingNetwork, each_edge_field
from .snapping import Snapped


@dataclass(frozen=True, slots=True)
class Patched:
    """A network with changes; its E edges and N nodes keep their positions, new ones follow.

    Attributes
    ----------
    before
        The network without them.
    blocked, joins
        The changes.
    touched
        Shape (T,), the edges of `before` that are closed or cut, ascending.
    patch
        The network of these alone, with the changes made.
    node
        The position of every node of the patch in the changed network.
    cut_edge, begin, end, part, links
        As in `coverage.edits.Edited`, of the whole changed network, positions in which are those
        that `coverage.edits.edited` gives.
    """

    before: WalkingNetwork
    blocked: NDArray[np.int64]
    joins: list[Join]
    touched: NDArray[np.int64]
    patch: Edited
    node: NDArray[np.int64]
    cut_edge: NDArray[np.int64]
    begin: NDArray[np.float64]
    end: NDArray[np.float64]
    part: NDArray[np.int64]
    links: NDArray[np.int64]

    @property
    def count(self) -> int:
        """The number of edges of the changed network."""
        return len(self.before.tail) + len(self.patch.network.tail) - len(self.touched)

    def moved(self, places: Snapped) -> Snapped:
        """Return places on the network of before as places on this one."""
        edge, fraction = places.edge.copy(), places.fraction.copy()
        for cut in np.unique(self.cut_edge):
            parts = np.flatnonzero(self.cut_edge == cut)
            here = np.flatnonzero(places.edge == cut)
            of = parts[np.searchsorted(self.end[parts[:-1]], fraction[here])]
            edge[here] = self.part[of]
            share = (fraction[here] - self.begin[of]) / (self.end[of] - self.begin[of])
            fraction[here] = np.clip(share, 0.0, 1.0)
        return replace(places, edge=edge, fraction=fraction)

    def edges(self, before: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which edges are, or are parts of, the chosen ones of before; no links."""
        after = np.zeros(self.count, dtype=bool)
        after[: len(before)] = before
        after[self.part] = before[self.cut_edge]
        return after

    def of_edges(self, before: NDArray[Any], patch: NDArray[Any]) -> NDArray[Any]:
        """Return values of the changed network's edges from those of `before` and of the patch."""
        count = len(self.touched)
        after = np.concatenate([before, patch[count:]])
        after[self.touched] = patch[:count]
        return after

    def ends(self, edges: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the nodes at which edges begin and end, positions in the changed network."""
        return self._ends(edges, self._in_patch(edges))

    def xy(self, node: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return where nodes lie, metres."""
        count = len(self.before.node_id)
        new = self.patch.network.xy[len(self.node) - self._new_nodes :]
        return np.where(
            (node < count)[:, None],
            self.before.xy[np.minimum(node, count - 1)],
            new[np.maximum(node - count, 0)] if len(new) else np.nan,
        )

    def lines(self, edges: NDArray[np.int64]) -> NDArray[np.object_]:
        """Return edges as LineStrings."""
        ends = np.stack([self.xy(node) for node in self.ends(edges)], axis=1)
        return np.asarray(shapely.linestrings(ends))

    def cut_out(self, edges: NDArray[np.int64]) -> WalkingNetwork:
        """Return the network of some edges alone, as `coverage.edits.cut_out`, but without ways.

        Whoever walks it or looks for a place to stand asks for no tags: `ways` is empty and `way`
        is -1.
        """
        old, new = self.before, self.patch.network
        at = self._in_patch(edges)
        is_old = at < 0
        kept, made = edges[is_old], at[~is_old]

        def both(before: NDArray[Any], patch: NDArray[Any]) -> NDArray[Any]:
            values = np.empty((len(edges), *before.shape[1:]), dtype=before.dtype)
            values[is_old], values[~is_old] = before[kept], patch[made]
            return values

        node, ends = np.unique(np.concatenate(self._ends(edges, at)), return_inverse=True)
        count, added = len(old.node_id), len(self.node) - self._new_nodes
        first_new = int(np.searchsorted(node, count))
        on, made_node = node[:first_new], added + node[first_new:] - count
        return replace(
            old,
            # Nodes of the patch are new on it alone; here they need names of their own.
            node_id=np.arange(len(node)),
            xy=np.concatenate([old.xy[on], new.xy[made_node]]),
            z=np.concatenate([old.z[on], new.z[made_node]]),
            tail=ends[: len(edges)].astype(np.int64),
            head=ends[len(edges) :].astype(np.int64),
            **each_edge_field(both, old, new) | {"way": np.full(len(edges), -1)},
            ways=old.ways.iloc[:0],
        )  # fmt: skip

    @property
    def _new_nodes(self) -> int:
        return int((self.node >= len(self.before.node_id)).sum())

    def _in_patch(self, edges: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the positions of edges in the patch, -1 for those that are as before."""
        count, touched = len(self.before.tail), self.touched
        at = np.full(len(edges), -1, dtype=np.int64)
        if len(touched):
            nearest = np.minimum(np.searchsorted(touched, edges), len(touched) - 1)
            at = np.where(touched[nearest] == edges, nearest, at)
        return np.where(edges >= count, edges - count + len(touched), at)

    def _ends(
        self, edges: NDArray[np.int64], at: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        is_old = at < 0
        found = []
        for before, patch in (
            (self.before.tail, self.patch.network.tail),
            (self.before.head, self.patch.network.head),
        ):
            ends = np.empty(len(edges), dtype=np.int64)
            ends[is_old], ends[~is_old] = before[edges[is_old]], self.node[patch[at[~is_old]]]
            found.append(ends)
        return found[0], found[1]


def patched(network: WalkingNetwork, blocked: NDArray[np.int64], joins: list[Join]) -> Patched:
    """Return the network with some edges closed and some links added; see `coverage.edits.edited`.

    What is computed is computed on the touched edges alone.
    """
    ends = np.array([edge for join in joins for edge in join.edges], dtype=np.int64)
    touched = np.union1d(blocked, ends).astype(np.int64)
    local = cut_out(network, touched)
    of_way, way = np.unique(network.way[touched], return_inverse=True)
    local = replace(local, way=way.astype(np.int64), ways=network.ways.iloc[of_way])
    change = edited(
        local,
        np.searchsorted(touched, blocked),
        [
            replace(join, edges=(int(a), int(b)))
            for join, (a, b) in zip(
                joins, np.searchsorted(touched, ends).reshape(-1, 2), strict=True
            )
        ],
    )
    old_nodes = np.unique(np.concatenate([network.tail[touched], network.head[touched]]))
    new_nodes = len(change.network.node_id) - len(old_nodes)
    count = len(network.tail)

    def on(edges: NDArray[np.int64]) -> NDArray[np.int64]:
        number = np.concatenate(
            [touched, count + np.arange(len(change.network.tail) - len(touched))]
        )
        return np.asarray(number[edges], dtype=np.int64)

    return Patched(
        before=network,
        blocked=blocked,
        joins=joins,
        touched=touched,
        patch=change,
        node=np.concatenate([old_nodes, len(network.node_id) + np.arange(new_nodes)]),
        cut_edge=on(change.cut_edge),
        begin=change.begin,
        end=change.end,
        part=on(change.part),
        links=on(change.links),
    )
