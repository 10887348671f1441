"""Curves: how much street lies within each of many minutes, exactly, without a cut for each.

An edge is short beside a minute. For nearly every minute it lies within reach as a whole or not at
all, which its least and its greatest time tell; only in between is it cut.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .contraction import OneWay, paces
from .network import WalkingNetwork
from .pieces import PartsByEdge, Pieces, intersect, union
from .snapping import Snapped
from .times import TIE_S, each_of, walked


@dataclass(frozen=True, slots=True)
class Pairs:
    """Facilities and edges that they reach, with the seconds at both ends, away or towards.

    Attributes
    ----------
    edge, facility
        Shape (K,), positions in the network and in the snapped facilities.
    tail_s, head_s
        For each way to walk, shape (K,): seconds between the facility and the edge's ends, infinite
        beyond the limit.
    """

    edge: NDArray[np.int64]
    facility: NDArray[np.int64]
    tail_s: dict[OneWay, NDArray[np.float64]]
    head_s: dict[OneWay, NDArray[np.float64]]

    def keep(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> "Pairs":
        """Return the chosen pairs."""
        return Pairs(
            self.edge[chosen],
            self.facility[chosen],
            {way: values[chosen] for way, values in self.tail_s.items()},
            {way: values[chosen] for way, values in self.head_s.items()},
        )


@dataclass(slots=True)
class Curves:
    """Gathers, facility by facility, what is covered within each minute in one direction.

    Attributes
    ----------
    network, snapped
        The walking network, and where the facilities stand on it.
    ways
        The walks that count: both where the longer of them does.
    seconds
        Shape (M,), where to cut, ascending.
    """

    network: WalkingNetwork
    snapped: Snapped
    ways: tuple[OneWay, ...]
    seconds: NDArray[np.float64]
    _whole_s: NDArray[np.float64] = field(init=False)
    _kept: list[tuple[Pairs, NDArray[np.float64]]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._whole_s = np.full(len(self.network.tail), np.inf)

    def add(self, pairs: Pairs) -> None:
        """Take in some facilities; a facility's pairs come together."""
        least, greatest = np.zeros(len(pairs.edge)), np.zeros(len(pairs.edge))
        for way in self.ways:
            low, high = _extremes(self.network, self.snapped, pairs, way)
            least, greatest = np.maximum(least, low), np.maximum(greatest, high)
        np.minimum.at(self._whole_s, pairs.edge, greatest)
        near = least <= self.seconds[-1] + TIE_S
        near &= least < self._whole_s[pairs.edge]
        self._kept.append((pairs.keep(near), least[near]))

    def covered_m(self, parts: PartsByEdge) -> NDArray[np.float64]:
        """Return metres of street within each cut, shape (P, M), for sets of pieces of street."""
        cuts, sets = len(self.seconds), parts.count
        from_cut = np.full(len(self._whole_s), cuts)
        whole = np.flatnonzero(np.isfinite(self._whole_s))
        from_cut[whole] = np.searchsorted(self.seconds + TIE_S, self._whole_s[whole])
        metres = np.bincount(
            parts.place * (cuts + 1) + from_cut[parts.edge],
            weights=parts.metres,
            minlength=sets * (cuts + 1),
        )
        whole_m = np.cumsum(metres.reshape(sets, cuts + 1), axis=1)[:, :cuts]
        edge, cut, low, high = self._cut()
        which, piece = each_of(parts.first, edge)
        shared = np.minimum(high[which], parts.end[piece]) - np.maximum(
            low[which], parts.start[piece]
        )
        part_m = np.bincount(
            parts.place[piece] * cuts + cut[which],
            weights=np.maximum(shared, 0.0) * self.network.length_m[parts.edge[piece]],
            minlength=sets * cuts,
        )
        return np.asarray(whole_m + part_m.reshape(sets, cuts))

    def _cut(
        self,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Return edge, cut, start and end of what is reached of edges not reached as a whole."""
        if not self._kept:
            nothing = np.zeros(0, dtype=np.int64)
            return nothing, nothing, np.zeros(0), np.zeros(0)
        least = np.concatenate([least for _, least in self._kept])
        pairs = _joined([pairs for pairs, _ in self._kept])
        from_cut = np.searchsorted(self.seconds + TIE_S, least)
        until = np.searchsorted(self.seconds + TIE_S, self._whole_s[pairs.edge])
        count = np.maximum(until - from_cut, 0)
        pair = np.repeat(np.arange(len(count)), count)
        cut = from_cut[pair] + np.arange(len(pair)) - np.repeat(np.cumsum(count) - count, count)
        sets = [self._reached(pairs, pair, cut, way) for way in self.ways]
        both = sets[0] if len(sets) == 1 else intersect(*sets)
        cuts = len(self.seconds)
        key = pairs.edge[pair[both.edge]] * cuts + cut[both.edge]
        found = union(key, both.start, both.end)
        return found.edge // cuts, found.edge % cuts, found.start, found.end

    def _reached(
        self, pairs: Pairs, pair: NDArray[np.int64], cut: NDArray[np.int64], way: OneWay
    ) -> Pieces:
        """Return the pieces that each pair reaches within its cut; "edges" are rows of `pair`."""
        from_tail, from_head = paces(self.network, way)
        edge, cutoff = pairs.edge[pair], self.seconds[cut]
        row = np.arange(len(pair))
        ahead = walked(cutoff - pairs.tail_s[way][pair], from_tail[edge])
        behind = walked(cutoff - pairs.head_s[way][pair], from_head[edge])
        facility = pairs.facility[pair]
        own = np.flatnonzero(self.snapped.edge[facility] == edge)
        at, left_s = self.snapped.fraction[facility[own]], cutoff[own]
        left_s = left_s - self.snapped.leg_s[facility[own]]
        none, full = np.zeros(len(row)), np.ones(len(row))
        return union(
            np.concatenate([row, row, row[own]]),
            np.concatenate([none, 1 - behind, at - walked(left_s, from_head[edge[own]])]),
            np.concatenate([ahead, full, at + walked(left_s, from_tail[edge[own]])]),
        )


def _extremes(
    network: WalkingNetwork, snapped: Snapped, pairs: Pairs, way: OneWay
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return for each pair a lower and an upper bound of the seconds along its edge.

    Away from its ends the time along an edge rises from both to where the two walks meet, which is
    the greatest; on the facility's own edge it may be less, never more.
    """
    from_tail, from_head = (pace[pairs.edge] for pace in paces(network, way))
    tail, head = pairs.tail_s[way], pairs.head_s[way]
    least = np.minimum(tail, head)
    own = snapped.edge[pairs.facility] == pairs.edge
    least[own] = np.minimum(least[own], snapped.leg_s[pairs.facility[own]])
    by_tail, by_head = tail + from_tail, head + from_head
    with np.errstate(invalid="ignore"):
        meet_s = (tail * from_head + head * from_tail + from_tail * from_head) / (
            from_tail + from_head
        )
    meets = (by_tail > head) & (by_head > tail) & np.isfinite(meet_s)
    greatest = np.where(meets, meet_s, np.minimum(by_tail, by_head))
    # Reached at both ends and no further than them: the walks meet at the farther end.
    return least, np.maximum(greatest, least)


def _joined(all_pairs: Sequence[Pairs]) -> Pairs:
    ways = list(all_pairs[0].tail_s)
    return Pairs(
        np.concatenate([pairs.edge for pairs in all_pairs]),
        np.concatenate([pairs.facility for pairs in all_pairs]),
        {way: np.concatenate([pairs.tail_s[way] for pairs in all_pairs]) for way in ways},
        {way: np.concatenate([pairs.head_s[way] for pairs in all_pairs]) for way in ways},
    )
