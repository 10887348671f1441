"""Choices: every walker, direction, tier and minute that a map's reader may choose, computed ahead.

The page that shows them walks nowhere itself: its figures are the engine's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from .chains import Chains, link_chains
from .circle import TIE_MIN, area_of, snap_homes
from .contraction import OneWay, Places, contracted, paces
from .curves import Curves, Pairs
from .network import WalkingNetwork, timed
from .pieces import PartsByEdge, Pieces, parts_by_edge
from .snapping import Snapped, snap_facilities, usable_edges
from .study import Study
from .study_parts import TIERS, Direction
from .times import Block, ChainPairs, Search, each_of, over_blocks, search
from .walkers import Walker

DIRECTIONS: tuple[Direction, ...] = ("worst", "to", "back")
_WAYS: Mapping[Direction, tuple[OneWay, ...]] = {
    "worst": ("to", "back"), "to": ("to",), "back": ("back",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choices:
    """What each walker reaches in each direction within each minute.

    W walkers, D directions, T tiers, M minutes, C chains of street, H homes, A areas.

    Attributes
    ----------
    walkers
        The study's own first.
    directions
        `DIRECTIONS`.
    minutes
        Ascending; the tiers' thresholds are among them.
    chains
        The streets of the whole network between junctions.
    chain_seconds
        Shape (W, 2, C), from tail to head of each chain and back, infinite where that walker cannot
        go.
    street_min
        Shape (W, D, T, C), mean minutes along each chain to the nearest facility; NaN beyond the
        last of `minutes`.
    home_min
        Shape (W, D, T, H), minutes of the homes, NaN likewise; None without people.
    home_places, facility_places
        Where homes and facilities stand for the study's own walker; without people, None.
    street_km
        Shape (1 + A, W, D, T, M), kilometres of street covered in the whole study area, then in
        each area.
    elderly
        The same of elderly people; None without people.
    area_names
        Shape (A,), as in `Findings.areas`.
    """

    walkers: tuple[Walker, ...]
    directions: tuple[Direction, ...]
    minutes: tuple[float, ...]
    chains: Chains
    chain_seconds: NDArray[np.float64]
    street_min: NDArray[np.float32]
    home_min: NDArray[np.float64] | None
    home_places: Snapped | None
    facility_places: Snapped
    street_km: NDArray[np.float64]
    elderly: NDArray[np.float64] | None
    area_names: tuple[str, ...]


def choices_of(
    study: Study,
    network: WalkingNetwork,
    facilities: gpd.GeoDataFrame,
    homes: gpd.GeoDataFrame | None,
    *,
    snapped: Snapped,
    places: Snapped | None,
    inside: Pieces,
    areas: gpd.GeoDataFrame | None,
    parts: Mapping[str, Pieces],
    look: Callable[[], None] = lambda: None,
) -> Choices:
    """Compute every choice.

    Parameters
    ----------
    study
        Says which walkers (`Study.offered`) and minutes (`Study.offered_min`).
    network
        Timed for any walker.
    facilities
        Index: id; with ``tier``.
    homes
        As `coverage.demand.Demand.points`; None where the study does not say where people live.
    snapped, places
        Where facilities and homes stand for the study's own walker.
    inside
        The pieces of street in the study area.
    areas
        Polygons to report by (index: name), or None.
    parts
        The pieces of street in each area; see `coverage.assessment.pieces_by_area`.
    look
        Called now and then; what it raises ends the work.
    """
    chains = link_chains(network)
    minutes = study.offered_min
    by_edge = parts_by_edge([inside, *parts.values()], network.length_m)
    every: list[Stand] = []
    street_min, street_m, home_mins = [], [], []
    for walker in study.offered:
        walks = timed(network, walker)
        every.append(
            standing(study, walks, facilities, homes, every)
            if every
            else Stand(walks, _usable(walks), snapped, places)
        )
        walk = _Walk(every[-1], facilities, minutes)
        walk.search(look)
        street_min.append(walk.along(chains))
        street_m.append(walk.covered_m(by_edge, look))
        home_mins.append(walk.home_min)
    home_min = elderly = None
    if homes is not None:
        home_min = np.stack(home_mins)
        elderly = _elderly_within(homes, home_min, minutes, areas, tuple(parts))
    return Choices(
        walkers=study.offered,
        directions=DIRECTIONS,
        minutes=minutes,
        chains=chains,
        chain_seconds=np.stack(
            [
                np.stack(chains.seconds(one.network.seconds_along, one.network.seconds_against))
                for one in every
            ]
        ),
        street_min=np.stack(street_min),
        home_min=home_min,
        home_places=places,
        facility_places=snapped,
        street_km=np.moveaxis(np.stack(street_m), 3, 0) / 1000,
        elderly=elderly,
        area_names=tuple(parts),
    )


@dataclass(frozen=True, slots=True)
class Stand:
    """Where facilities and homes stand for one walker.

    Attributes
    ----------
    network
        Timed for the walker.
    usable
        Shape (E,), on which edges one may stand.
    snapped, homes
        The facilities and the homes; None without people.
    """

    network: WalkingNetwork
    usable: NDArray[np.bool_]
    snapped: Snapped
    homes: Snapped | None


def standing(
    study: Study, network: WalkingNetwork, facilities: gpd.GeoDataFrame,
    homes: gpd.GeoDataFrame | None, others: Sequence[Stand],
) -> Stand:  # fmt: skip
    """Return where everything stands for one walker, given where it does for others."""
    usable = _usable(network)
    limit_m = study.home_limit_m
    # The nearest of many streets is the nearest of fewer that it is among.
    wider = next((other for other in others if not (usable & ~other.usable).any()), None)

    def of_facilities(chosen: NDArray[np.int64]) -> Snapped:
        return snap_facilities(study, network, facilities.iloc[chosen])

    there = (wider.snapped, wider.homes) if wider else (None, None)
    snapped = _anew(network, usable, there[0], len(facilities), of_facilities)
    if homes is None:
        return Stand(network, usable, snapped, None)

    def of_homes(chosen: NDArray[np.int64]) -> Snapped:
        onto = np.flatnonzero(usable)
        return snap_homes(network, homes.iloc[chosen], limit_m=limit_m, onto=onto)

    stand = _anew(network, usable, there[1], len(homes), of_homes)
    return Stand(network, usable, snapped, stand)


def _anew(
    network: WalkingNetwork, usable: NDArray[np.bool_], before: Snapped | None, count: int,
    snap_them: Callable[[NDArray[np.int64]], Snapped],
) -> Snapped:  # fmt: skip
    """Return places that another walker has, those anew that this one cannot stand at."""
    if before is None:
        return snap_them(np.arange(count))
    component = np.where(before.found, network.components()[before.edge], -1)
    stood = replace(before.walked_by(network.walker), component=component)
    lost = np.flatnonzero(before.found & ~usable[before.edge])
    if len(lost) == 0:
        return stood
    found, every = snap_them(lost), {}
    for name in Snapped.__slots__:
        every[name] = getattr(stood, name).copy()
        every[name][lost] = getattr(found, name)
    return Snapped(**every)


def _usable(network: WalkingNetwork) -> NDArray[np.bool_]:
    usable = np.zeros(len(network.tail), dtype=bool)
    usable[usable_edges(network)] = True
    return usable


class _Walk:
    """One walker: the nearest facility of every tier in every direction, of streets and homes."""

    def __init__(
        self, stand: Stand, facilities: gpd.GeoDataFrame, minutes: Sequence[float]
    ) -> None:
        self.network = network = stand.network
        self.snapped, self.homes = stand.snapped, stand.homes
        self.cuts_s = np.array(minutes) * 60
        of_tier = facilities["tier"].to_numpy()
        self.members: list[NDArray[np.int64]] = [
            np.flatnonzero((of_tier == tier) & self.snapped.found) for tier in TIERS
        ]
        shape = (len(DIRECTIONS), len(TIERS))
        self.edge_s = np.full((*shape, len(network.tail)), np.inf)
        count = 0 if self.homes is None else len(self.homes.edge)
        self.home_s = np.full((*shape, count), np.inf)
        self.curves = [
            [Curves(network, self.snapped, _WAYS[direction], self.cuts_s) for _ in TIERS]
            for direction in DIRECTIONS
        ]

    def search(self, look: Callable[[], None]) -> None:
        """Walk from and to every facility."""
        on, every_edge = contracted(self.network), np.arange(len(self.network.tail))
        there = np.zeros(0, dtype=np.int64)
        stand = on.places(there, np.zeros(0))
        if self.homes is not None:
            there = np.flatnonzero(self.homes.found)
            stand = on.places(self.homes.edge[there], self.homes.fraction[there])
            order = np.argsort(stand.chain, kind="stable")
            there, stand = there[order], stand.of(order)
        near = _Near(
            tails=on.places(every_edge, np.zeros(len(every_edge))),
            heads=on.places(every_edge, np.ones(len(every_edge))),
            homes=stand,
            first_home=np.searchsorted(stand.chain, np.arange(len(on.chains) + 1)),
        )
        leg_s = np.zeros(0) if self.homes is None else self.homes.leg_s[there]
        for tier, members in enumerate(self.members):
            wanted = search(on, self.snapped, members, float(self.cuts_s[-1]))
            for pairs, home, at_home in over_blocks(wanted, _WAYS["worst"], near, workers=1):
                look()
                middle = {
                    way: _at_middles(self.network, self.snapped, pairs, way) for way in at_home
                }
                for place, direction in enumerate(DIRECTIONS):
                    ways = _WAYS[direction]
                    self.curves[place][tier].add(pairs)
                    longer = np.maximum.reduce([middle[way] for way in ways])
                    np.minimum.at(self.edge_s[place, tier], pairs.edge, longer)
                    both = np.maximum.reduce([at_home[way] for way in ways]) + leg_s[home]
                    np.minimum.at(self.home_s[place, tier], there[home], both)

    @property
    def home_min(self) -> NDArray[np.float64]:
        """Minutes of the homes, shape (D, T, H)."""
        return self._minutes(self.home_s)

    def along(self, chains: Chains) -> NDArray[np.float32]:
        """Return the mean minutes along every chain, shape (D, T, C)."""
        length = self.network.length_m
        # A chain without length (two nodes at one place) weighs its parts alike.
        weight = np.where(chains.total(length)[chains.chain_of_edge] > 0, length, 1.0)
        total = chains.total(weight)
        mean = [
            [chains.total(weight * row) / total for row in rows]
            for rows in self._minutes(self.edge_s)
        ]
        return np.array(mean, dtype=np.float32)

    def covered_m(self, parts: PartsByEdge, look: Callable[[], None]) -> NDArray[np.float64]:
        """Return metres covered, shape (D, T, P, M)."""
        found = []
        for row in self.curves:
            look()
            found.append([curve.covered_m(parts) for curve in row])
        return np.array(found)

    def _minutes(self, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        minutes = seconds / 60
        return np.where(minutes <= self.cuts_s[-1] / 60 + TIE_MIN, minutes, np.nan)


@dataclass(frozen=True, slots=True)
class _Near:
    """Pairs a block of facilities with the edges and the homes that they reach, either way.

    Attributes
    ----------
    tails, heads
        The ends of every edge.
    homes
        Where homes stand, sorted by chain.
    first_home
        Shape (C + 1,), where each chain's homes begin.
    """

    tails: Places
    heads: Places
    homes: Places
    first_home: NDArray[np.int64]

    def __call__(
        self, wanted: Search, block: Block
    ) -> tuple[Pairs, NDArray[np.int64], dict[OneWay, NDArray[np.float64]]]:
        """Return facilities and edges, and homes with their seconds each way, legs left out."""
        pairs = wanted.pairs(block, ("to",), ("back",))
        pair, home = each_of(self.first_home, pairs.chain)
        return (
            self._edges(wanted, pairs),
            home,
            {way: wanted.seconds_at(pairs, way, pair, self.homes, home) for way in block.seconds},
        )

    def _edges(self, wanted: Search, pairs: ChainPairs) -> Pairs:
        pair, item = each_of(wanted.on.chains.first, pairs.chain)
        edge = wanted.on.chains.edge[item]
        ends: list[dict[OneWay, NDArray[np.float64]]] = []
        for places in (self.tails, self.heads):
            at_end = {
                way: wanted.seconds_at(pairs, way, pair, places, edge) for way in pairs.tail_s
            }
            ends.append(
                {way: np.where(s <= wanted.limit_s, s, np.inf) for way, s in at_end.items()}
            )
        member = pairs.member[pair]
        kept = edge == wanted.places.edge[member]
        for at_ends in ends:
            kept |= np.logical_or.reduce([np.isfinite(seconds) for seconds in at_ends.values()])
        found = Pairs(edge, wanted.facilities[member], *ends)
        return found.keep(kept)


def _at_middles(
    network: WalkingNetwork, snapped: Snapped, pairs: Pairs, way: OneWay
) -> NDArray[np.float64]:
    """Return the seconds between each pair's facility and the middle of its edge."""
    from_tail, from_head = (pace[pairs.edge] for pace in paces(network, way))
    seconds = np.minimum(pairs.tail_s[way] + from_tail / 2, pairs.head_s[way] + from_head / 2)
    own = np.flatnonzero(snapped.edge[pairs.facility] == pairs.edge)
    facility = pairs.facility[own]
    gap = 0.5 - snapped.fraction[facility]
    pace = np.where(gap > 0, from_tail[own], from_head[own])
    along = np.where(gap == 0, 0.0, np.abs(np.where(gap == 0, 1.0, gap)) * pace)
    seconds[own] = np.minimum(seconds[own], snapped.leg_s[facility] + along)
    return seconds


def _elderly_within(
    homes: gpd.GeoDataFrame, home_min: NDArray[np.float64], minutes: Sequence[float],
    areas: gpd.GeoDataFrame | None, names: tuple[str, ...],
) -> NDArray[np.float64]:  # fmt: skip
    """Return elderly people within each minute, shape (1 + A, W, D, T, M)."""
    elderly = homes["elderly"].to_numpy(float)
    within = np.searchsorted(np.array(minutes) + TIE_MIN, np.nan_to_num(home_min, nan=np.inf))
    of = np.zeros(len(homes), dtype=np.int64) if areas is None else area_of(homes, areas)
    count = len(minutes) + 1
    found = np.zeros((1 + len(names), *home_min.shape[:3], len(minutes)))
    for choice in np.ndindex(home_min.shape[:3]):
        bins = np.bincount(of * count + within[choice], weights=elderly,
                           minlength=(len(names) + 2) * count)  # fmt: skip
        by_area = np.cumsum(bins.reshape(-1, count), axis=1)[:, :-1]
        found[(slice(1, None), *choice)] = by_area[: len(names)]
        found[(0, *choice)] = np.cumsum(
            np.bincount(within[choice], weights=elderly, minlength=count)
        )[:-1]
    return found
