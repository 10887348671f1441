"""Which homes and facilities a change of the network can concern, from bounds on their walks.

A walk changes only if it passed a street that is closed now, or passes a link that is new. How long
such walks are at least comes from searches out of the closed streets and the links' ends, over the
network as it was: closing streets only makes walks longer.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from .contraction import Contraction, OneWay, Places, contracted
from .snapping import Snapped
from .standing import Before, Ground
from .study_parts import Direction
from .times import TIE_S, each_of

_WAYS: tuple[OneWay, OneWay] = ("to", "back")
_Seconds = dict[OneWay, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Concerned:
    """Homes and facilities whose walks may be others after a change.

    Attributes
    ----------
    homes
        Homes to which a change of some walk may matter, ascending.
    facilities
        Facilities with walks of these homes that may be others, ascending.
    """

    homes: NDArray[np.int64]
    facilities: NDArray[np.int64]


def concerned(before: Before, ground: Ground, gone: NDArray[np.int64]) -> Concerned:
    """Return the homes and facilities that a changed network can concern.

    A walk matters to a home only where it was or may become the shortest to a facility of a group;
    with those homes all walks that may be others count, for another facility may be the nearest.

    Parameters
    ----------
    before, ground
        What was, and the network after the change.
    gone
        Facilities that close or stand elsewhere; they are the nearest of nobody any more.
    """
    on = contracted(before.network)
    limit_s = before.horizon_min * 60 + TIE_S
    near = [
        _near(before, sight)
        for sight in (_closed_streets(on, ground, limit_s), _link_ends(on, ground, limit_s))
        if sight is not None
    ]
    if not near:
        nothing = np.zeros(0, dtype=np.int64)
        return Concerned(nothing, nothing)
    homes = np.unique(np.concatenate([one.homes for one in near]))
    known = before.links.facility[each_of(before.first, homes)[1]]
    facilities = np.unique(np.concatenate([known, *(one.facilities for one in near)]))
    pairs = _Pairs.of(before, homes, facilities)
    shortest = [pairs.shortest(np.setdiff1d(group, gone)) for group in before.groups]
    other = np.zeros(pairs.there.shape, dtype=bool)
    matters = np.zeros(len(homes), dtype=bool)
    for one in near:
        rows, columns = (
            np.searchsorted(every, some)
            for every, some in ((homes, one.homes), (facilities, one.facilities))
        )
        here = pairs.at(rows, columns)
        found, after = one.passing(here, limit_s, before.direction)
        other[np.ix_(rows, columns)] |= found
        for group, least in zip(before.groups, shortest, strict=True):
            members = np.isin(one.facilities, group)
            wins = np.logical_or.reduce([
                np.isfinite(seconds[:, members])
                & (seconds[:, members] <= best[rows, None] + TIE_S)
                for seconds, best in zip(after, least, strict=True)
            ])  # fmt: skip
            matters[rows] |= (found[:, members] & wins).any(axis=1)
    return Concerned(homes[matters], facilities[other[matters].any(axis=0)])


@dataclass(frozen=True, slots=True)
class _Sight:
    """Seconds from K places that change, or groups of places, to every junction.

    Attributes
    ----------
    seconds
        For each direction, shape (K, J), at least.
    own
        Shape (K, C), chains in which they lie.
    through_s
        Shape (K, K), seconds from one to another by what is new or closed, at least; infinite where
        nothing leads.
    closes
        Whether walks through them get longer, not shorter.
    """

    seconds: _Seconds
    own: NDArray[np.bool_]
    through_s: NDArray[np.float64]
    closes: bool


def facilities_near(
    before: Before, edges: NDArray[np.int64], limit_min: float
) -> NDArray[np.int64]:
    """Return the facilities from which, or to which, one may walk some edges within a limit."""
    on, limit_s = contracted(before.network), limit_min * 60 + TIE_S
    sight = _of_edges(on, edges, limit_s)
    places = before.snapped, before.facility_places
    facilities, seconds, _ = _away(*places, on, sight, _chains_seen(on, sight))
    near = np.minimum(seconds["to"], seconds["back"]).min(axis=0) <= limit_s
    return np.asarray(facilities[near])


def _closed_streets(on: Contraction, ground: Ground, limit_s: float) -> _Sight | None:
    return _of_edges(on, ground.blocked, limit_s) if len(ground.blocked) else None


def _of_edges(on: Contraction, edges: NDArray[np.int64], limit_s: float) -> _Sight:
    own = np.zeros((1, len(on.chains)), dtype=bool)
    own[0, on.chain[edges]] = True
    start = np.unique(np.concatenate([on.tail[own[0]], on.head[own[0]]]))
    seconds = {
        way: dijkstra(on.graph[way], indices=start, limit=limit_s, min_only=True)[None]
        for way in _WAYS
    }
    return _Sight(seconds, own, np.zeros((1, 1)), closes=True)


def _link_ends(on: Contraction, ground: Ground, limit_s: float) -> _Sight | None:
    joins = ground.joins
    if not joins:
        return None
    stand = on.places(
        np.array([edge for join in joins for edge in join.edges]),
        np.array([place for join in joins for place in join.fractions]),
    )
    junction, row = np.unique(
        np.concatenate([on.tail[stand.chain], on.head[stand.chain]]), return_inverse=True
    )
    by_tail, by_head = row[: len(stand.chain)], row[len(stand.chain) :]
    seconds: _Seconds = {}
    for way in _WAYS:
        from_junction = dijkstra(on.graph[way], indices=junction, limit=limit_s)
        to_tail, to_head = stand.left(way)
        seconds[way] = np.minimum(
            from_junction[by_tail] + to_tail[:, None], from_junction[by_head] + to_head[:, None]
        )
    own = np.zeros((len(stand.chain), len(on.chains)), dtype=bool)
    own[np.arange(len(stand.chain)), stand.chain] = True
    patch = ground.patched.patch
    along, against = (
        seconds_of[patch.links]
        for seconds_of in (patch.network.seconds_along, patch.network.seconds_against)
    )
    through_s = np.full((len(own),) * 2, min(along.min(), against.min()))
    # Over several links a walk takes at least as long as over the quickest.
    if len(joins) == 1:
        through_s[0, 1], through_s[1, 0] = along[0], against[0]
    np.fill_diagonal(through_s, np.inf)
    return _Sight(seconds, own, through_s, closes=False)


@dataclass(frozen=True, slots=True)
class _Near:
    """Homes and facilities within the limit of K places that change.

    Attributes
    ----------
    homes, facilities
        Shape (H,) and (F,), ascending.
    home_s, facility_s
        For each direction, shape (K, H) and (K, F): seconds of the walk to the places, and back
        from them, at least.
    home_most_s, facility_most_s
        The same at most.
    through_s, closes
        As in `_Sight`.
    """

    homes: NDArray[np.int64]
    facilities: NDArray[np.int64]
    home_s: _Seconds
    home_most_s: _Seconds
    facility_s: _Seconds
    facility_most_s: _Seconds
    through_s: NDArray[np.float64]
    closes: bool

    def passing(
        self, pairs: "_Pairs", limit_s: float, direction: Direction
    ) -> tuple[NDArray[np.bool_], tuple[NDArray[np.float64], ...]]:
        """Return which pairs' walks may pass the places.

        Returns
        -------
        found
            Shape (H, F).
        to_s, back_s, counts_s
            Shape (H, F) each, seconds of these walks after the change, at least.
        """
        to = self._bound(self.home_s["to"], self.through_s, self.facility_s["back"])
        back = self._bound(self.home_s["back"], self.through_s.T, self.facility_s["to"])
        found = (to <= np.minimum(pairs.to_s, limit_s) + TIE_S) | (
            back <= np.minimum(pairs.back_s, limit_s) + TIE_S
        )
        if self.closes:
            # What is not within the limit does not become so by closing streets.
            return found & pairs.there, (pairs.to_s, pairs.back_s, pairs.counts_s)
        # Of what was not within the limit one direction may have been.
        to = np.minimum(to, np.where(pairs.there, pairs.to_s, self._before("to", limit_s)))
        back = np.minimum(back, np.where(pairs.there, pairs.back_s, self._before("back", limit_s)))
        counts = {"to": to, "back": back, "worst": np.maximum(to, back)}[direction]
        return found, (to, back, counts)

    def _bound(
        self, home_s: NDArray[np.float64], through_s: NDArray[np.float64],
        facility_s: NDArray[np.float64],
    ) -> NDArray[np.float64]:  # fmt: skip
        least = np.full((len(self.homes), len(self.facilities)), np.inf)
        for place, row in enumerate(facility_s):
            entered = (home_s + through_s[:, place, None]).min(axis=0)
            np.minimum(least, entered[:, None] + row[None, :], out=least)
        return least

    def _before(self, way: OneWay, limit_s: float) -> NDArray[np.float64]:
        """Return the seconds of a walk before the change, at least, shape (H, F).

        No side of a triangle is shorter than the difference of the others, of which one may be
        beyond the limit.
        """
        back: OneWay = "back" if way == "to" else "to"
        least = np.zeros((len(self.homes), len(self.facilities)))
        for place in range(len(self.through_s)):
            for longer, shorter in (
                (self.facility_s[back][place][None, :], self.home_most_s[back][place][:, None]),
                (self.home_s[way][place][:, None], self.facility_most_s[way][place][None, :]),
            ):
                np.maximum(least, np.minimum(longer, limit_s) - shorter, out=least)
        return least


def _near(before: Before, sight: _Sight) -> _Near:
    on = contracted(before.network)
    chain = _chains_seen(on, sight)
    homes, home_s, home_most_s = _away(before.places, before.home_places, on, sight, chain)
    facilities, facility_s, facility_most_s = _away(
        before.snapped, before.facility_places, on, sight, chain
    )
    return _Near(
        homes, facilities, home_s, home_most_s, facility_s, facility_most_s, sight.through_s,
        sight.closes,
    )  # fmt: skip


def _chains_seen(on: Contraction, sight: _Sight) -> NDArray[np.bool_]:
    """Return the chains that are within the limit of what is in sight, shape (C,)."""
    reached = np.logical_or.reduce(
        [np.isfinite(seconds).any(axis=0) for seconds in sight.seconds.values()]
    )
    return np.asarray(reached[on.tail] | reached[on.head] | sight.own.any(axis=0))


def _away(
    points: Snapped, places: Places, on: Contraction, sight: _Sight, chain: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], _Seconds, _Seconds]:
    """Return the points in some chains, and their seconds to and from what is in sight.

    At least, and at most: within one chain there may be a shorter way than by its ends.
    """
    some = np.flatnonzero(points.found)
    some = some[chain[places.chain[some]]]
    at, leg_s = places.of(some), points.leg_s[some]
    own = sight.own[:, at.chain]
    least: _Seconds = {}
    most: _Seconds = {}
    for way in _WAYS:
        by_tail, by_head = at.entered(way)
        from_tail, from_head = (sight.seconds[way][:, end[at.chain]] for end in (on.tail, on.head))
        seconds = np.minimum(from_tail + by_tail, from_head + by_head) + leg_s
        least[way], most[way] = np.where(own, leg_s, seconds), np.where(own, np.inf, seconds)
    return some, least, most


@dataclass(frozen=True, slots=True)
class _Pairs:
    """The walks between some homes and facilities before a change, shape (H, F) each.

    Attributes
    ----------
    facilities
        Shape (F,), the facilities.
    there
        Whether they are within the horizon.
    to_s, back_s, counts_s
        Seconds to the facility, back from it, and of the direction that counts; infinite beyond the
        horizon.
    """

    facilities: NDArray[np.int64]
    there: NDArray[np.bool_]
    to_s: NDArray[np.float64]
    back_s: NDArray[np.float64]
    counts_s: NDArray[np.float64]

    @classmethod
    def of(
        cls, before: Before, homes: NDArray[np.int64], facilities: NDArray[np.int64]
    ) -> "_Pairs":
        """Return the pairs of these homes and facilities."""
        links = before.links
        column = np.full(len(before.snapped.edge), -1)
        column[facilities] = np.arange(len(facilities))
        place, row = each_of(before.first, homes)
        known = column[links.facility[row]] >= 0
        place, row = place[known], row[known]
        at = place, column[links.facility[row]]
        there = np.zeros((len(homes), len(facilities)), dtype=bool)
        there[at] = True
        tables = []
        for minutes in (links.to_min, links.back_min, links.minutes):
            table = np.full(there.shape, np.inf)
            table[at] = minutes[row] * 60
            tables.append(table)
        return cls(facilities, there, *tables)

    def at(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> "_Pairs":
        """Return the pairs at some rows and columns."""
        grid = np.ix_(rows, columns)
        return _Pairs(
            self.facilities[columns], self.there[grid], self.to_s[grid], self.back_s[grid],
            self.counts_s[grid],
        )  # fmt: skip

    def shortest(self, group: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
        """Return the least seconds to, back and that count, of each home to some facilities."""
        members = np.isin(self.facilities, group)
        return tuple(
            seconds[:, members].min(axis=1, initial=np.inf)
            for seconds in (self.to_s, self.back_s, self.counts_s)
        )
