"""Links: every home and every facility within a horizon of it, with the minutes of the walk."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from .contraction import OneWay, Places, contracted
from .network import WalkingNetwork
from .snapping import Snapped
from .study_parts import Direction
from .times import TIE_S, Block, Search, each_of, over_blocks, search


@dataclass(frozen=True, slots=True)
class Links:
    """Pairs of a place and a facility, sorted by place and facility.

    Attributes
    ----------
    place, facility
        Shape (K,), positions of places and facilities.
    to_min, back_min
        Shape (K,), minutes to the facility and back from it, both straight legs included; infinite
        beyond the horizon.
    minutes
        Shape (K,), minutes in the direction that counts: `to`, `back`, the larger or the smaller.
    """

    place: NDArray[np.int64]
    facility: NDArray[np.int64]
    to_min: NDArray[np.float64]
    back_min: NDArray[np.float64]
    minutes: NDArray[np.float64]

    def of(self, facilities: NDArray[np.int64]) -> "Links":
        """Return the links of some facilities."""
        kept = np.isin(self.facility, facilities)
        return Links(*(getattr(self, name)[kept] for name in self.__slots__))

    def nearest(self, count: int, field: str = "minutes") -> NDArray[np.float64]:
        """Return the least minutes of each of `count` places, NaN where there is no link."""
        best = np.full(count, np.inf)
        np.minimum.at(best, self.place, getattr(self, field))
        return np.where(np.isfinite(best), best, np.nan)

    def nearest_facility(self, count: int) -> NDArray[np.int64]:
        """Return the facility of the least minutes, the first of equal ones; -1 for none."""
        least = np.flatnonzero(self.minutes == self.nearest(count)[self.place])
        place, first = np.unique(self.place[least], return_index=True)
        found = np.full(count, -1)
        found[place] = self.facility[least[first]]
        return found


def find_links(
    network: WalkingNetwork,
    snapped: Snapped,
    places: Snapped,
    *,
    direction: Direction | Literal["either"],
    horizon_min: float,
    workers: int = 1,
) -> Links:
    """Find all pairs of a place and a facility within the horizon.

    Parameters
    ----------
    network
        The walking network.
    snapped, places
        Where facilities and homes stand on it; those not snapped have no links.
    direction
        Which walk counts; for `either` one of the two is enough.
    horizon_min
        Longest walk, minutes.
    workers
        As in `coverage.times.over_blocks`.
    """
    on = contracted(network)
    wanted = search(on, snapped, np.arange(len(snapped.edge)), horizon_min * 60)
    homes = np.flatnonzero(places.found)
    stand = on.places(places.edge[homes], places.fraction[homes])
    order = np.argsort(stand.chain, kind="stable")
    homes, stand = homes[order], stand.of(order)
    first = np.searchsorted(stand.chain, np.arange(len(on.chains) + 1))
    task = _Pair(stand, first, places.leg_s[homes], direction)
    found = list(over_blocks(wanted, ("to", "back"), task, workers))
    home, facility = (
        np.concatenate([np.zeros(0, dtype=np.int64), *(block[k] for block in found)])
        for k in (0, 1)
    )
    to_min, back_min = (
        np.concatenate([np.zeros(0), *(block[k] for block in found)]) / 60 for k in (2, 3)
    )
    order = np.argsort(homes[home] * len(snapped.edge) + facility)
    home, facility, to_min, back_min = home[order], facility[order], to_min[order], back_min[order]
    minutes = {
        "to": to_min, "back": back_min,
        "worst": np.maximum(to_min, back_min), "either": np.minimum(to_min, back_min),
    }[direction]  # fmt: skip
    return Links(homes[home], facility, to_min, back_min, minutes)


def any_within(
    network: WalkingNetwork,
    snapped: Snapped,
    places: Snapped,
    *,
    direction: Direction,
    limit_min: float,
) -> NDArray[np.bool_]:
    """Return which places have a walk to some facility within a limit.

    They are those of which `find_links` finds a link, without the links of all others. Parameters
    are those of `find_links`; `limit_min` is the longest walk, minutes.
    """
    if places.found.sum() <= snapped.found.sum():
        return _linked(network, snapped, places, direction, limit_min)
    on = contracted(network)
    wanted = search(on, snapped, np.arange(len(snapped.edge)), limit_min * 60)
    homes = np.flatnonzero(places.found)
    stand = on.places(places.edge[homes], places.fraction[homes])
    left_s = wanted.limit_s + TIE_S - places.leg_s[homes]
    ways: tuple[OneWay, ...] = ("to", "back") if direction == "worst" else (direction,)
    within = np.logical_and.reduce([_nearest_s(wanted, stand, (way,)) <= left_s for way in ways])
    if len(ways) == 2 and not network.symmetric:
        # The nearest one way need not be the nearest the other way: who is sure of one for both?
        unsure = homes[within & (_nearest_s(wanted, stand, ways) > left_s)]
        within[np.searchsorted(homes, unsure)] = _linked(
            network, snapped, places.of(unsure), direction, limit_min
        )
    found = np.zeros(len(places.edge), dtype=bool)
    found[homes] = within
    return found


def _linked(
    network: WalkingNetwork, snapped: Snapped, places: Snapped, direction: Direction,
    limit_min: float,
) -> NDArray[np.bool_]:  # fmt: skip
    """Return `any_within` from links, looked for from whichever are the fewer."""
    found = np.zeros(len(places.edge), dtype=bool)
    if not places.found.any():
        return found
    if places.found.sum() > snapped.found.sum():
        links = find_links(network, snapped, places, direction=direction, horizon_min=limit_min)
        found[links.place] = True
        return found
    # The walk as it is for whoever stands at its other end.
    turned = _TURNED[direction]
    links = find_links(network, places, snapped, direction=turned, horizon_min=limit_min)
    found[links.facility] = True
    return found


_TURNED: Mapping[Direction, Direction] = {"to": "back", "back": "to", "worst": "worst"}


def _nearest_s(wanted: Search, stand: Places, ways: tuple[OneWay, ...]) -> NDArray[np.float64]:
    """Return seconds from each place to its nearest facility, their legs included.

    Both ways at once: seconds that neither way to some one facility exceeds.
    """
    on, junctions = wanted.on, len(wanted.on.junction)
    if len(wanted.facilities) == 0:
        return np.full(len(stand.edge), np.inf)
    arcs = wanted.arcs(ways[0]) if len(ways) == 1 else wanted.arcs_slower_way()
    at_junction = dijkstra(
        arcs.matrix, indices=junctions + np.arange(len(wanted.facilities)), min_only=True,
        limit=wanted.limit_s + TIE_S,
    )  # fmt: skip
    entered = [stand.entered(way) for way in ways]
    by_tail, by_head = (np.maximum.reduce([ends[k] for ends in entered]) for k in (0, 1))
    seconds = np.minimum(
        at_junction[on.tail[stand.chain]] + by_tail, at_junction[on.head[stand.chain]] + by_head
    )
    # In a facility's own chain a walk need pass no end.
    order = np.argsort(stand.chain, kind="stable")
    first = np.searchsorted(stand.chain[order], np.arange(len(on.chains) + 1))
    member, item = each_of(first, wanted.places.chain)
    own = stand.of(order[item])
    along = np.maximum.reduce([wanted.along(member, way, own) for way in ways])
    np.minimum.at(seconds, order[item], along)
    return np.asarray(seconds)


@dataclass(frozen=True, slots=True)
class _Pair:
    """Pairs a block of facilities with the homes in the chains that they reach.

    Attributes
    ----------
    homes
        Where they stand, sorted by chain.
    first
        Shape (C + 1,), where each chain's homes begin.
    leg_s
        Seconds of their straight legs.
    direction
        Which walk counts, of `find_links`.
    """

    homes: Places
    first: NDArray[np.int64]
    leg_s: NDArray[np.float64]
    direction: Direction | Literal["either"]

    def __call__(
        self, wanted: Search, block: Block
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Return homes, facilities and the seconds to and back, infinite beyond the limit."""
        together: tuple[tuple[OneWay, ...], ...]
        if self.direction == "either":
            together = (("to",), ("back",))
        else:
            together = (("to", "back") if self.direction == "worst" else (self.direction,),)
        pairs = wanted.pairs(block, *together, among=self.first[1:] > self.first[:-1])
        pair, home = each_of(self.first, pairs.chain)
        seconds: dict[OneWay, NDArray[np.float64]] = {}
        for way in ("to", "back"):
            walk = wanted.seconds_at(pairs, way, pair, self.homes, home) + self.leg_s[home]
            seconds[way] = np.where(walk <= wanted.limit_s + TIE_S, walk, np.inf)
        known = {way: np.isfinite(walk) for way, walk in seconds.items()}
        near = np.flatnonzero(np.logical_or.reduce(
            [np.logical_and.reduce([known[way] for way in counts]) for counts in together]
        ))  # fmt: skip
        facility = wanted.facilities[pairs.member[pair[near]]]
        return home[near], facility, seconds["to"][near], seconds["back"][near]
