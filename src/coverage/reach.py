"""What each facility reaches: the pieces of street within so many minutes, cut exactly."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .contraction import OneWay, contracted
from .network import WalkingNetwork
from .pieces import SLIVER, Pieces, PieceSets, intersect, union
from .snapping import Snapped
from .study_parts import Direction
from .times import Block, Search, each_of, over_blocks, search, walked


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
        For each cutoff one set of pieces for every facility, in the order of `facilities`.
    """

    cutoffs_min: tuple[float, ...]
    facilities: NDArray[np.int64]
    pieces: tuple[PieceSets, ...]

    def of_each(self, cutoff_min: float) -> PieceSets:
        """Return what every facility reaches within one of the cutoffs."""
        return self.pieces[self.cutoffs_min.index(cutoff_min)]

    def within(self, cutoff_min: float, facilities: NDArray[np.int64]) -> Pieces:
        """Return what any of the facilities reaches within one of the cutoffs."""
        return self.of_each(cutoff_min).union(np.isin(self.facilities, facilities))


def reach_of_each(
    network: WalkingNetwork,
    snapped: Snapped,
    facilities: NDArray[np.int64],
    *,
    direction: Direction,
    cutoffs_min: tuple[float, ...],
    workers: int = 1,
) -> Reach:
    """Return the pieces of street that each facility reaches, cut exactly at each cutoff.

    Parameters
    ----------
    network
        The walking network.
    snapped
        Where all facilities stand; one that is not snapped reaches nothing.
    facilities
        Positions in `snapped` of those to consider.
    direction
        ``back``: from the facility; ``to``: to the facility; ``worst``: both.
    cutoffs_min
        Minutes, ascending.
    workers
        As in `coverage.times.over_blocks`.
    """
    wanted = search(contracted(network), snapped, facilities, max(cutoffs_min) * 60)
    both = direction == "worst" and not network.symmetric
    ways: tuple[OneWay, ...] = ("back", "to") if both else ("to" if direction == "to" else "back",)
    cut = _Cut(ways, tuple(cutoff * 60 for cutoff in cutoffs_min))
    found = list(over_blocks(wanted, ways, cut, workers))
    place = np.flatnonzero(snapped.found[facilities])
    pieces = tuple(
        _joined([members for members, _ in found], [sets[band] for _, sets in found],
                place, len(facilities))
        for band in range(len(cutoffs_min))
    )  # fmt: skip
    return Reach(cutoffs_min, facilities, pieces)


def _joined(
    members: list[NDArray[np.int64]], sets: list[PieceSets], place: NDArray[np.int64], count: int
) -> PieceSets:
    """Return the blocks' sets as one table in the order of the facilities.

    `place` is where the facilities searched from stand among the `count` asked for.
    """
    nothing = np.zeros(0, dtype=np.int64)
    where = place[np.concatenate([nothing, *members])]
    sizes = np.concatenate([nothing, *(np.diff(block.first) for block in sets)])
    begin = np.cumsum(sizes) - sizes
    size = np.zeros(count, dtype=np.int64)
    size[where] = sizes
    first = np.concatenate([[0], np.cumsum(size)])
    source = np.zeros(count, dtype=np.int64)
    source[where] = begin
    order = np.arange(first[-1]) + np.repeat(source - first[:-1], size)
    edge, start, end = (
        np.concatenate([np.zeros(0, dtype), *(getattr(block, name) for block in sets)])[order]
        for name, dtype in (("edge", np.int64), ("start", float), ("end", float))
    )
    return PieceSets(first, edge, start, end)


@dataclass(frozen=True, slots=True)
class _Cut:
    """Cuts the chains that a block of facilities reaches at each cutoff."""

    ways: tuple[OneWay, ...]
    cutoffs_s: tuple[float, ...]

    def __call__(self, wanted: Search, block: Block) -> tuple[NDArray[np.int64], list[PieceSets]]:
        on = wanted.on
        pairs = wanted.pairs(block, self.ways)
        pair, item = each_of(on.chains.first, pairs.chain)
        edge = on.chains.edge[item]
        order = np.argsort(pairs.member[pair] * len(on.chain) + edge, kind="stable")
        pair, edge = pair[order], edge[order]
        member = pairs.member[pair]
        rows = _Rows(wanted, member, edge, np.flatnonzero(edge == wanted.places.edge[member]))
        entries = []
        for way in self.ways:
            from_tail, from_head = on.entries(way)
            tail_s = pairs.tail_s[way][pair] + from_tail[edge]
            head_s = pairs.head_s[way][pair] + from_head[edge]
            rows.along_own_chain(way, np.flatnonzero(pairs.own[pair]), tail_s, head_s)
            entries.append((way, tail_s, head_s))
        local = np.searchsorted(block.members, member)
        return block.members, [
            rows.pieces(entries, cutoff, local, len(block.members)) for cutoff in self.cutoffs_s
        ]


@dataclass(frozen=True, slots=True)
class _Rows:
    """Pairs of a facility and an edge, sorted by both; those of facilities' own edges are `own`."""

    wanted: Search
    member: NDArray[np.int64]
    edge: NDArray[np.int64]
    own: NDArray[np.int64]

    def along_own_chain(
        self, way: OneWay, rows: NDArray[np.int64], tail_s: NDArray[np.float64],
        head_s: NDArray[np.float64],
    ) -> None:  # fmt: skip
        """Lower the seconds at which edges of own chains are entered to the walk along those."""
        on, stand = self.wanted.on, self.wanted.places
        beyond = np.sign(on.rank[self.edge[rows]] - stand.rank[self.member[rows]])
        for side, seconds in ((1, tail_s), (-1, head_s)):
            some = rows[beyond == side]
            edge = self.edge[some]
            # Edges further on are entered at their near end, those before at their far end.
            near_end = np.where(on.forward[edge] == (side == 1), 0.0, 1.0)
            along = self.wanted.along(self.member[some], way, on.places(edge, near_end))
            seconds[some] = np.minimum(seconds[some], along)

    def pieces(
        self, entries: list[tuple[OneWay, NDArray[np.float64], NDArray[np.float64]]],
        cutoff_s: float, local: NDArray[np.int64], count: int,
    ) -> PieceSets:  # fmt: skip
        """Return the pieces within a cutoff, a set for each of `count` facilities.

        `local` is the set of each row.
        """
        walks = []
        whole, some = np.ones(len(self.edge), dtype=bool), np.ones(len(self.edge), dtype=bool)
        for way, tail_s, head_s in entries:
            from_tail, from_head = self.wanted.on.paces(way)
            ahead = walked(cutoff_s - tail_s, from_tail[self.edge])
            behind = walked(cutoff_s - head_s, from_head[self.edge])
            whole &= ahead + behind >= 1 - SLIVER
            some &= (ahead > 0) | (behind > 0)
            walks.append((way, ahead, behind))
        # A walk from the middle of a facility's own edge needs more than these two.
        some[self.own] = True
        in_part = np.flatnonzero(some & ~whole)
        own = self.own[~whole[self.own]]
        sets = [
            self._in_part(way, in_part, own, ahead, behind, cutoff_s)
            for way, ahead, behind in walks
        ]
        parts = sets[0] if len(sets) == 1 else intersect(*sets)
        full = np.flatnonzero(whole)
        row = np.concatenate([full, parts.edge])
        order = np.argsort(row, kind="stable")
        start = np.concatenate([np.zeros(len(full)), parts.start])[order]
        end = np.concatenate([np.ones(len(full)), parts.end])[order]
        row = row[order]
        first = np.searchsorted(local[row], np.arange(count + 1))
        return PieceSets(first, self.edge[row], start, end)

    def _in_part(
        self, way: OneWay, rows: NDArray[np.int64], own: NDArray[np.int64],
        ahead: NDArray[np.float64], behind: NDArray[np.float64], cutoff_s: float,
    ) -> Pieces:  # fmt: skip
        """Return what is walked of some rows, with the row in the place of the edge.

        `own` are those of them that are a facility's own edge.
        """
        on, stand = self.wanted.on, self.wanted.places
        forward = on.forward[self.edge[rows]]
        by_tail = np.where(forward, ahead[rows], behind[rows])
        by_head = np.where(forward, behind[rows], ahead[rows])
        edge, member = self.edge[own], self.member[own]
        left_s = cutoff_s - self.wanted.leg_s[member]
        on_way, against = (walked(left_s, pace[edge]) for pace in on.paces(way))
        turned = ~on.forward[edge]
        at = np.where(turned, 1 - stand.share[member], stand.share[member])
        return union(
            np.concatenate([rows, rows, own]),
            np.concatenate([np.zeros(len(rows)), 1 - by_head,
                            at - np.where(turned, on_way, against)]),
            np.concatenate([by_tail, np.ones(len(rows)),
                            at + np.where(turned, against, on_way)]),
        )  # fmt: skip
