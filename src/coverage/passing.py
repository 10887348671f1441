"""The links that walks pass: streets between junctions, each within one way.

A walk *passes* a link when it goes through it from one end to the other. The links on which its
home and its facility stand are not among them: a walk that begins or ends there takes part of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from .chains import Chains, link_chains
from .contraction import Contraction, OneWay, Places, contract
from .links import Links
from .network import WalkingNetwork
from .snapping import Snapped
from .study_parts import Direction
from .times import TIE_S, Search, each_of, search

_BLOCK = 32
"""Facilities searched at a time: what is held of them grows with the network that they reach."""
_NO_PREDECESSOR = -9999


@dataclass(frozen=True, slots=True)
class Access:
    """Who walks where: what the questions about lines begin with.

    Attributes
    ----------
    network
        Timed for the walker.
    facilities
        Where they stand, F.
    homes
        Where they stand, H.
    elderly
        Shape (H,), elderly people of every home.
    links
        Homes and facilities within the horizon of each other.
    tiers
        Positions of each tier's facilities.
    thresholds_min
        Within how many minutes a tier covers a home.
    direction
        Which walk counts.
    horizon_min
        The longest walk of `links`, minutes.
    """

    network: WalkingNetwork
    facilities: Snapped
    homes: Snapped
    elderly: NDArray[np.float64]
    links: Links
    tiers: dict[str, NDArray[np.int64]]
    thresholds_min: dict[str, float]
    direction: Direction
    horizon_min: float

    @property
    def ways(self) -> tuple[OneWay, ...]:
        """The walks that count."""
        return ("to", "back") if self.direction == "worst" else (self.direction,)

    def covering(self, tier: str) -> NDArray[np.int64]:
        """Return the positions in `links` of a tier's pairs within its threshold."""
        within = self.links.minutes <= self.thresholds_min[tier] + TIE_S / 60
        return np.flatnonzero(within & np.isin(self.links.facility, self.tiers[tier]))

    def nearest(self, tier: str) -> NDArray[np.int64]:
        """Return the positions in `links` of each home's nearest facility of a tier.

        One at most for each home; of facilities equally near the first.
        """
        pairs = self.links
        own = np.flatnonzero(np.isin(pairs.facility, self.tiers[tier]))
        own = own[np.isfinite(pairs.minutes[own])]
        own = own[np.lexsort((pairs.facility[own], pairs.minutes[own], pairs.place[own]))]
        return own[np.flatnonzero(np.diff(pairs.place[own], prepend=-1))]


@dataclass(frozen=True, slots=True)
class Passing:
    """The network as links, to ask which of them a walk passes.

    Attributes
    ----------
    access
        Who walks where.
    links
        The links, L; see `coverage.chains.link_chains`.
    on
        The network contracted to chains within one link each.
    link
        Shape (C,), the link of every chain of `on`.
    wanted
        The search from all facilities.
    member
        Shape (F,), positions in `wanted.facilities`; -1 for one that is not on the network.
    homes
        Shape (H,), where the homes stand; those not snapped anywhere.
    home_link, facility_link
        Shape (H,) and (F,), the links on which they stand; -1 for none.
    """

    access: Access
    links: Chains
    on: Contraction
    link: NDArray[np.int64]
    wanted: Search
    member: NDArray[np.int64]
    homes: Places
    home_link: NDArray[np.int64]
    facility_link: NDArray[np.int64]

    def within(
        self, pairs: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Yield which links the quickest walks of some pairs pass, some facilities at a time.

        Of a pair that counts both walks, the links of either. Of walks equally quick, one.

        Parameters
        ----------
        pairs
            Positions in the links of `access`.

        Yields
        ------
        pair, link
            Shape (K,) each: a position in the links of `access`, and a link; no two alike.
        """
        access, wanted = self.access, self.wanted
        order = np.concatenate([np.zeros(0, dtype=np.int64), *wanted.parts()])
        member = self.member[access.links.facility[pairs]]
        by_member = pairs[np.argsort(member, kind="stable")]
        first = np.searchsorted(np.sort(member), np.arange(len(order) + 1))
        graphs = {way: wanted.arcs(way) for way in access.ways}
        for begin in range(0, len(order), _BLOCK):
            members = order[begin : begin + _BLOCK]
            members = np.sort(members[first[members + 1] > first[members]])
            if len(members) == 0:
                continue
            row, item = each_of(first, members)
            some = by_member[item]
            found = []
            for way in access.ways:
                near = graphs[way].within(len(self.on.junction) + members, wanted.limit_s + TIE_S)
                seconds, before = dijkstra(
                    near.matrix,
                    indices=np.searchsorted(near.node, len(self.on.junction) + members),
                    limit=wanted.limit_s + TIE_S,
                    return_predecessors=True,
                )
                found.append(self._climbed(way, near.node, seconds, before, some, row))
            key = np.unique(np.concatenate(found))
            pair, link = key // len(self.links), key % len(self.links)
            place, facility = access.links.place[pair], access.links.facility[pair]
            passed = (self.home_link[place] != link) & (self.facility_link[facility] != link)
            yield pair[passed], link[passed]

    def seconds(
        self, way: OneWay, tail_s: NDArray[np.float64], head_s: NDArray[np.float64],
        pairs: NDArray[np.int64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
        """Return the seconds of pairs by the tail of the home's chain, by its head, and within it.

        Parameters
        ----------
        way
            The walk.
        tail_s, head_s
            Shape (K,), seconds between the facilities and the ends of the homes' chains.
        pairs
            Shape (K,), positions in the links of `access`.
        """
        home = self.access.links.place[pairs]
        member = self.member[self.access.links.facility[pairs]]
        by_tail, by_head = self.homes.entered(way)
        leg_s = self.access.homes.leg_s[home]
        within = np.full(len(pairs), np.inf)
        own = np.flatnonzero(self.homes.chain[home] == self.wanted.places.chain[member])
        within[own] = self.wanted.along(member[own], way, self.homes.of(home[own])) + leg_s[own]
        return tail_s + by_tail[home] + leg_s, head_s + by_head[home] + leg_s, within

    def _climbed(
        self, way: OneWay, node: NDArray[np.int64], seconds: NDArray[np.float64],
        before: NDArray[np.int64], pairs: NDArray[np.int64], row: NDArray[np.int64],
    ) -> NDArray[np.int64]:  # fmt: skip
        """Return pair x L + link for the links on the way from each home back to its facility."""
        on, count = self.on, len(self.on.junction)
        chain = self.homes.chain[self.access.links.place[pairs]]
        # Junctions that no facility of the block reaches are one more column.
        column = {
            name: np.searchsorted(node, end[chain]) for name, end in
            (("tail", on.tail), ("head", on.head))
        }  # fmt: skip
        known = np.append(node, -1)
        far = np.column_stack([seconds, np.full(len(seconds), np.inf)])
        for name, end in (("tail", on.tail), ("head", on.head)):
            column[name][known[column[name]] != end[chain]] = len(node)
        by_tail, by_head, within = self.seconds(
            way, far[row, column["tail"]], far[row, column["head"]], pairs
        )
        at = np.where(by_tail <= by_head, column["tail"], column["head"])
        outside = np.flatnonzero(
            (np.minimum(by_tail, by_head) < within) & (at < len(node)) & np.isfinite(
                np.minimum(by_tail, by_head))
        )  # fmt: skip
        key, of_arc = self._arcs(way)
        at, row, pairs = at[outside], row[outside], pairs[outside]
        found = [np.zeros(0, dtype=np.int64)]
        while len(at):
            came = before[row, at]
            inner = np.flatnonzero((came != _NO_PREDECESSOR) & (node[came] < count))
            at, row, pairs, came = at[inner], row[inner], pairs[inner], came[inner].astype(np.int64)
            arc = np.searchsorted(key, node[came] * count + node[at])
            found.append(pairs * len(self.links) + self.link[of_arc[arc]])
            at = came
        return np.unique(np.concatenate(found))

    def _arcs(self, way: OneWay) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the arcs as a search spreads, from x J + to, and the quickest chain of each."""
        on, count = self.on, len(self.on.junction)
        from_tail, from_head = self.spread(way)
        key = np.concatenate([on.tail * count + on.head, on.head * count + on.tail])
        seconds, chain = np.concatenate([from_tail, from_head]), np.tile(np.arange(len(on.tail)), 2)
        order = np.lexsort((chain, seconds, key))
        first = order[np.flatnonzero(np.diff(key[order], prepend=-1))]
        return key[first], chain[first]

    def spread(self, way: OneWay) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return every chain's seconds as a search enters it by its tail, and by its head."""
        ahead, behind = self.on.totals()
        return (ahead, behind) if way == "back" else (behind, ahead)


def passing(access: Access) -> Passing:
    """Prepare to ask which links the walks of an `Access` pass."""
    network = access.network
    links = link_chains(network)
    of_edge = links.chain_of_edge
    on = contract(network, of=of_edge)
    facilities = access.facilities
    wanted = search(on, facilities, np.arange(len(facilities.edge)), access.horizon_min * 60)
    member = np.full(len(facilities.edge), -1)
    member[wanted.facilities] = np.arange(len(wanted.facilities))
    # One that is not snapped is in no pair; any place will do for it.
    edge = np.maximum(access.homes.edge, 0)
    return Passing(
        access=access,
        links=links,
        on=on,
        link=of_edge[on.chains.edge[on.chains.first[:-1]]],
        wanted=wanted,
        member=member,
        homes=on.places(edge, np.nan_to_num(access.homes.fraction)),
        home_link=np.where(access.homes.found, of_edge[edge], -1),
        facility_link=np.where(facilities.found, of_edge[np.maximum(facilities.edge, 0)], -1),
    )
