"""Whom a new link between two nodes brings within reach: a bound, and exactly.

The walk with the link is the walk without it, or leads through it one way or the other, to and
back, to one and the same facility. So whoever it wins walks through it at least one of the ways
that count, and what the link and the walk beyond it leave of the threshold is their *budget*: the
time that they may take to where the link begins. Few pairs of a link and a facility have one, and
few homes are within it; only those are timed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .contraction import OneWay
from .links import find_links
from .passing import Access
from .snapping import Snapped
from .times import TIE_S, each_of
from .walk_tables import Table, each_way, table_of

_PAIRS = 1_000_000
"""Homes near the ends of a block of links, and walks through one: the memory is bounded by it."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs of nodes that a new link could join.

    Attributes
    ----------
    one, other
        Shape (K,), positions of nodes.
    kind
        Shape (K,), positions in `coverage.shortcuts.SHORTCUT_KINDS`.
    there_s, back_s
        Shape (K,), seconds from `one` to `other` and from `other` to `one`.
    """

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    kind: NDArray[np.int64]
    there_s: NDArray[np.float64]
    back_s: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.one)

    def of(self, chosen: NDArray[np.int64]) -> "Candidates":
        """Return the chosen ones."""
        return Candidates(*(getattr(self, name)[chosen] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Gained:
    """Elderly people whom each link wins, alone.

    Attributes
    ----------
    tier
        For each tier, shape (K,): those who become covered.
    any
        Shape (K,), those who become covered by at least one tier, each counted once.
    circle
        Shape (K,), those whose circle becomes whole: covered by every tier, and before not.
    """

    tier: dict[str, NDArray[np.float64]]
    any: NDArray[np.float64]
    circle: NDArray[np.float64]

    def put(self, at: NDArray[np.int64], found: "Gained") -> None:
        """Note what was found for some of the links."""
        for name, people in found.tier.items():
            self.tier[name][at] = people
        self.any[at], self.circle[at] = found.any, found.circle


def nobody(tiers: dict[str, NDArray[np.int64]], count: int) -> Gained:
    """Return that so many links win nobody."""
    return Gained({tier: np.zeros(count) for tier in tiers}, np.zeros(count), np.zeros(count))


def standing_on(access: Access, node: NDArray[np.int64]) -> Snapped:
    """Return nodes as places on the network, without a straight leg."""
    network = access.network
    both = np.isfinite(network.seconds_along) & np.isfinite(network.seconds_against)
    # The last written counts: edges open both ways, of them the first.
    edges = np.lexsort((-np.arange(len(both)), both))
    at = np.full(len(network.node_id), -1)
    at[network.head[edges]] = edges
    at[network.tail[edges]] = edges
    edge, zero = at[node], np.zeros(len(node))
    fraction = np.where(network.tail[edge] == node, 0.0, 1.0)
    return Snapped(edge, fraction, zero, zero, np.zeros(len(node), dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Budgets:
    """What is left of the threshold to walk to a link, where the link is the shorter way beyond.

    Attributes
    ----------
    link, facility
        Shape (B,), by link.
    tier
        Shape (B,), positions in the tiers of the access.
    way
        Shape (B,), positions in its ways.
    reverse
        Shape (B,), whether the walk from the home enters the link at `other`.
    left_s
        Shape (B,), not negative but for rounding.
    """

    link: NDArray[np.int64]
    facility: NDArray[np.int64]
    tier: NDArray[np.int64]
    way: NDArray[np.int64]
    reverse: NDArray[np.bool_]
    left_s: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.link)

    def of(self, chosen: NDArray[np.int64]) -> "Budgets":
        """Return the chosen ones."""
        return Budgets(*(getattr(self, name)[chosen] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Winning:
    """Links, and what is needed to tell whom they win.

    Attributes
    ----------
    access
        Who walks where.
    wanted
        The links, K.
    node
        Shape (N,), ascending, the nodes that they join.
    one, other
        Shape (K,), positions in `node`.
    care
        For each way that counts, nodes by facilities.
    uncovered
        Shape (tiers, H), elderly homes that the tier does not cover.
    budgets
        Of the links.
    """

    access: Access
    wanted: Candidates
    node: NDArray[np.int64]
    one: NDArray[np.int64]
    other: NDArray[np.int64]
    care: dict[OneWay, Table]
    uncovered: NDArray[np.bool_]
    budgets: Budgets

    def bounds(self) -> NDArray[np.float64]:
        """Return how many elderly people each link can win at most, a person once for each tier.

        Before the link no home is nearer than as the crow flies at the highest speed there is.
        """
        access, budgets = self.access, self.budgets
        network = access.network
        # Escalators carry faster than a walker walks.
        speed = max(network.walker.fastest_speed_mps, _fastest(access))
        homes_xy = _home_xy(access)
        total = np.zeros(len(self.wanted))
        for k in range(len(access.tiers)):
            missing = np.flatnonzero(self.uncovered[k])
            if len(missing) == 0:
                continue
            tree, people = cKDTree(homes_xy[missing]), access.elderly[missing]
            for reverse, here in ((False, self.wanted.one), (True, self.wanted.other)):
                own = np.flatnonzero((budgets.tier == k) & (budgets.reverse == reverse))
                left_s = np.full(len(total), -np.inf)
                np.maximum.at(left_s, budgets.link[own], budgets.left_s[own])
                some = np.flatnonzero(np.isfinite(left_s))
                xy = network.xy[here[some]]
                radius = np.maximum(left_s[some], 0) * speed + 1e-3
                size = tree.query_ball_point(xy, radius, return_length=True)
                for part in _parts(size):
                    near = tree.query_ball_point(xy[part], radius[part])
                    found = np.fromiter(chain.from_iterable(near), dtype=np.int64)
                    each = np.repeat(some[part], size[part])
                    total += np.bincount(each, people[found], len(total))
        return total

    def gains(self, some: NDArray[np.int64], old: dict[OneWay, Table]) -> Gained:
        """Return whom some of the links win, exactly.

        Parameters
        ----------
        some
            Shape (S,), positions of links.
        old
            From `old_walks`.
        """
        access = self.access
        place = np.full(len(self.wanted), -1)
        place[some] = np.arange(len(some))
        budgets = self.budgets.of(np.flatnonzero(place[self.budgets.link] >= 0))
        gained = nobody(access.tiers, len(some))
        if len(budgets) == 0:
            return gained
        node = np.unique(np.concatenate([self.one[some], self.other[some]]))
        near, homes = self._near(node, float(budgets.left_s.max()))
        row = np.full(len(self.node), -1)
        row[node] = np.arange(len(node))
        won = [np.zeros(0, dtype=np.int64)]
        count = len(access.elderly)
        for link, facility, tier, home in self._walks(budgets, near, row, homes):
            limit_s = np.array(list(access.thresholds_min.values()))[tier] * 60 + TIE_S
            slowest = np.zeros(len(link))
            for way in access.ways:
                slowest = np.maximum(
                    slowest, self._quickest(way, link, facility, home, near, row, old)
                )
            within = np.flatnonzero(slowest <= limit_s)
            key = (place[link[within]] * len(access.tiers) + tier[within]) * count + home[within]
            won.append(np.unique(key))
        key = np.unique(np.concatenate(won))
        return self._counted(key // count // len(access.tiers), key // count % len(access.tiers),
                             key % count, len(some))  # fmt: skip

    def _counted(
        self, link: NDArray[np.int64], tier: NDArray[np.int64], home: NDArray[np.int64], links: int
    ) -> Gained:
        """Return people by link, of homes that win a tier, no two alike."""
        access = self.access
        people, count = access.elderly, len(access.elderly)
        by_tier = {
            name: _people(link[tier == k], people[home[tier == k]], links)
            for k, name in enumerate(access.tiers)
        }
        key, tiers = np.unique(link * count + home, return_counts=True)
        link, home = key // count, key % count
        whole = tiers == self.uncovered.sum(axis=0)[home]
        return Gained(
            by_tier, _people(link, people[home], links),
            _people(link[whole], people[home[whole]], links),
        )  # fmt: skip

    def _near(
        self, node: NDArray[np.int64], limit_s: float
    ) -> tuple[dict[OneWay, Table], NDArray[np.int64]]:
        """Return seconds between some nodes and homes that lack a tier, and those homes."""
        access = self.access
        homes = np.flatnonzero(self.uncovered.any(axis=0))
        stand = standing_on(access, self.node[node])
        found = find_links(
            access.network, stand, _chosen(access.homes, homes), direction="either",
            horizon_min=max(limit_s, 0.0) / 60,
        )  # fmt: skip
        near = {
            way: table_of(found.facility, found.place, minutes, len(node), len(homes))
            for way, minutes in each_way(found)
        }
        return near, homes

    def _walks(
        self, budgets: Budgets, near: dict[OneWay, Table], row: NDArray[np.int64],
        homes: NDArray[np.int64],
    ) -> Iterator[tuple[NDArray[np.int64], ...]]:  # fmt: skip
        """Yield link, facility, tier and home of walks that some way's budget allows."""
        for w, way in enumerate(self.access.ways):
            own = budgets.of(np.flatnonzero(budgets.way == w))
            here = row[np.where(own.reverse, self.other[own.link], self.one[own.link])]
            table = near[way]
            seconds, of_row = table.seconds[:-1], table.key[:-1] // max(table.columns, 1)
            # Within each row by time, so that a budget ends at one place.
            by_time = np.lexsort((seconds, of_row))
            span_s = max(np.max(seconds, initial=0.0), np.max(own.left_s, initial=0.0)) + 1
            until = np.searchsorted(
                of_row * span_s + seconds[by_time], here * span_s + own.left_s + 2 * TIE_S
            )
            size = np.maximum(until - table.first[here], 0)
            for part in _parts(size):
                first = np.concatenate([[0], np.cumsum(size[part])])
                of, item = each_of(first, np.arange(len(part)))
                item += (table.first[here[part]] - first[:-1])[of]
                home = homes[table.key[by_time[item]] % table.columns]
                of = part[of]
                lacks = np.flatnonzero(self.uncovered[own.tier[of], home])
                of, home = of[lacks], home[lacks]
                yield own.link[of], own.facility[of], own.tier[of], home

    def _quickest(
        self, way: OneWay, link: NDArray[np.int64], facility: NDArray[np.int64],
        home: NDArray[np.int64], near: dict[OneWay, Table], row: NDArray[np.int64],
        old: dict[OneWay, Table],
    ) -> NDArray[np.float64]:  # fmt: skip
        """Return the seconds of walks one way, with the link or without it."""
        wanted = self.wanted
        lacking = np.cumsum(self.uncovered.any(axis=0)) - 1
        column, one, other = lacking[home], self.one[link], self.other[link]
        there, back = wanted.there_s[link], wanted.back_s[link]
        ahead, behind = (there, back) if way == "to" else (back, there)
        care = self.care[way]
        by_one = near[way].at(row[one], column) + ahead + care.at(other, facility)
        by_other = near[way].at(row[other], column) + behind + care.at(one, facility)
        return np.minimum(old[way].at(facility, column), np.minimum(by_one, by_other))


def old_walks(access: Access, uncovered: NDArray[np.bool_]) -> dict[OneWay, Table]:
    """Return the seconds today, facilities by homes that lack a tier, each way on its own."""
    homes = np.flatnonzero(uncovered.any(axis=0))
    found = find_links(
        access.network, access.facilities, _chosen(access.homes, homes), direction="either",
        horizon_min=max(access.thresholds_min.values()),
    )  # fmt: skip
    return {
        way: table_of(found.facility, found.place, minutes, len(access.facilities.edge), len(homes))
        for way, minutes in each_way(found)
    }


def winning(access: Access, wanted: Candidates) -> Winning:
    """Prepare to ask whom some links win."""
    node = np.unique(np.concatenate([wanted.one, wanted.other]))
    one, other = np.searchsorted(node, wanted.one), np.searchsorted(node, wanted.other)
    found = find_links(
        access.network, access.facilities, standing_on(access, node), direction="either",
        horizon_min=max(access.thresholds_min.values()),
    )  # fmt: skip
    care = {
        way: table_of(found.place, found.facility, minutes, len(node), len(access.facilities.edge))
        for way, minutes in each_way(found)
    }
    uncovered = np.stack([_uncovered(access, tier) for tier in access.tiers])
    budgets = _budgets(access, wanted, one, other, care)
    return Winning(access, wanted, node, one, other, care, uncovered, budgets)


def gains(access: Access, wanted: Candidates) -> Gained:
    """Return the elderly people whom each of some links wins, exactly."""
    ask = winning(access, wanted)
    return ask.gains(np.arange(len(wanted)), old_walks(access, ask.uncovered))


def _budgets(
    access: Access, wanted: Candidates, one: NDArray[np.int64], other: NDArray[np.int64],
    care: dict[OneWay, Table],
) -> Budgets:  # fmt: skip
    found: list[tuple[NDArray[np.int64], ...]] = []
    lefts: list[NDArray[np.float64]] = []
    for w, way in enumerate(access.ways):
        table = care[way]
        for reverse, here, there in ((False, one, other), (True, other, one)):
            # Towards care a walk passes the link from here to there, and home the other way.
            seconds = wanted.there_s if (way == "to") != reverse else wanted.back_s
            link, item = each_of(table.first, there)
            facility = table.key[item] % table.columns
            beyond_s = table.seconds[item] + seconds[link]
            shorter = table.at(here[link], facility) > beyond_s - TIE_S
            for k, tier in enumerate(access.tiers):
                left_s = access.thresholds_min[tier] * 60 - beyond_s
                own = np.flatnonzero(
                    shorter & (left_s > -2 * TIE_S) & np.isin(facility, access.tiers[tier])
                )
                lefts.append(left_s[own])
                found.append((link[own], facility[own], np.full(len(own), k),
                              np.full(len(own), w), np.full(len(own), reverse)))  # fmt: skip
    link, facility, of_tier, of_way, backwards = (
        np.concatenate(c) for c in zip(*found, strict=True)
    )
    order = np.argsort(link, kind="stable")
    every = Budgets(link, facility, of_tier, of_way, backwards.astype(bool), np.concatenate(lefts))
    return every.of(order)


def _people(
    link: NDArray[np.int64], people: NDArray[np.float64], links: int
) -> NDArray[np.float64]:
    return np.asarray(np.bincount(link, people, links), dtype=float)


def _parts(size: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return positions in parts that together are of some size at most, or alone."""
    part = (np.cumsum(size) - size) // _PAIRS
    return np.split(np.arange(len(size)), np.flatnonzero(np.diff(part)) + 1) if len(size) else []


def _chosen(places: Snapped, some: NDArray[np.int64]) -> Snapped:
    return Snapped(*(getattr(places, name)[some] for name in Snapped.__slots__))


def _uncovered(access: Access, tier: str) -> NDArray[np.bool_]:
    mask = access.homes.found & (access.elderly > 0)
    mask[access.links.place[access.covering(tier)]] = False
    return np.asarray(mask)


def _home_xy(access: Access) -> NDArray[np.float64]:
    """Return where the homes stand on their streets, shape (H, 2)."""
    network, edge = access.network, np.maximum(access.homes.edge, 0)
    tail, head = network.xy[network.tail[edge]], network.xy[network.head[edge]]
    return np.asarray(tail + (head - tail) * np.nan_to_num(access.homes.fraction)[:, None])


def _fastest(access: Access) -> float:
    """Return the highest speed in plan on any edge, metres per second."""
    network = access.network
    seconds = np.minimum(network.seconds_along, network.seconds_against)
    plan_m = np.hypot(*(network.xy[network.head] - network.xy[network.tail]).T)
    moving = np.isfinite(seconds) & (plan_m > 0)
    with np.errstate(divide="ignore"):
        return float(np.max(plan_m[moving] / seconds[moving], initial=0.0))
