"""Assessing a tile: facilities put in place, homes and streets timed, what covers them and why not.

See `coverage.tile_read` for what a round is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .assessment import (
    every_part,
    pieces_inside,
    street_pieces,
    street_rows,
    with_any_and_all,
    within_each,
)
from .causes import FAR, Facilities, Otherwise, find_causes, otherwise
from .circle import home_minutes, snap_homes
from .demand import (
    inside_only,
)
from .groups import tier_groups
from .links import Links, any_within, find_links
from .nearest import minutes_to_nearest
from .network import WalkingNetwork, timed
from .people import circle_left
from .people_gaps import Uncovered, pieces_left, street_names
from .pieces import Pieces, intersect
from .reach import reach_of_each
from .service import access_of, service_parts
from .snapping import Snapped, usable_edges
from .study_parts import BANDS_MIN
from .tile_ground import (
    OVERLAP_M,
    Ground,
    Plan,
    ground_of,
    heights_of,
    read_kept,
    read_land,
)
from .tile_place import Labels, Placed, standing


@dataclass(frozen=True, slots=True)
class Found:
    """What a tile gives back of its assessment.

    Attributes
    ----------
    street_m
        Shape (A + 2, K + 1): metres of street in each area, in none, and in all of the study; all
        of it, and what each group of `KEYS` covers.
    streets
        The streets that lie in this tile as a whole; see `coverage.assessment.street_rows`.
    cut
        The pieces of the others, with ``key`` and ``start``.
    cut_covered
        What is covered of these; see `coverage.assessment.within_each`.
    pairs
        Shape (J, 2), keys of edges that are of one street.
    reach_km
        Kilometres of street that each facility of its own reaches, by band; index: position.
    homes, order
        The homes with their minutes and ``cause_<tier>``, ``street``; and their order among all.
    outside
        Population and elderly people beyond the study area.
    service
        See `coverage.service.service_parts`.
    left
        For each tier and the circle, what is not covered of the streets; see `pieces_left`.
    doubts
        Whom no walk was found for in reach of this tile, though the streets connect: ``home``,
        ``tier``, the ``edge_key`` and ``fraction`` where they stand, and the ``otherwise`` cause.
    """

    street_m: NDArray[np.float64]
    streets: gpd.GeoDataFrame
    cut: pd.DataFrame
    cut_covered: dict[str, Pieces]
    pairs: NDArray[np.int64]
    reach_km: pd.DataFrame
    homes: gpd.GeoDataFrame | None
    order: NDArray[np.int64]
    outside: tuple[float, float]
    service: pd.DataFrame | None
    left: dict[str, NDArray[np.float64]]
    doubts: pd.DataFrame


def assess_tile(
    plan: Plan, tile: int, placed: Placed, people: tuple[NDArray[np.float64], ...] | None
) -> Found:
    """Time and assess what a tile owns.

    Parameters
    ----------
    plan, tile
        The plan and the tile.
    placed
        All facilities, in the study's order.
    people
        Population and elderly people of the tile's places, where they were spread over them.
    """
    study, inputs = plan.study, plan.inputs
    ground: Any = read_kept(plan, "ground", tile)
    labels: Any = read_kept(plan, "labels", tile)
    network = timed(ground.network, study.walking)
    snapped = standing(plan, ground.edge_key, placed)
    tiers = tier_groups(inputs.facilities)
    minutes = {
        tier: minutes_to_nearest(
            network, snapped, members, direction=study.direction, horizon_min=study.horizon_min
        )
        for tier, members in tiers.items()
    }
    here = np.flatnonzero(snapped.found)
    reach = reach_of_each(
        network, snapped, here, direction=study.direction, cutoffs_min=study.cutoffs_min
    )
    covered = with_any_and_all(
        {name: reach.within(tier.threshold_min, tiers[name]) for name, tier in study.tiers}
    )
    inside = pieces_inside(network, inputs.boundary)
    inside = inside.keep(ground.own[inside.edge])
    table = street_pieces(network, inside, minutes)
    along = {key: within_each(inside, pieces) for key, pieces in covered.items()}
    streets, cut, cut_covered, pairs = _streets(ground, inside, table, along)
    xy = shapely.get_coordinates(inputs.facilities.geometry.to_numpy()).reshape(-1, 2)
    own = np.flatnonzero(plan.tiling.of(xy) == tile)
    reached = {
        f"street_km_{band}min": _km(reach.of_each(band).length_m(network.length_m), here, own)
        for band in BANDS_MIN
    }
    found = Found(
        street_m=_street_m(plan, network, inside, covered),
        streets=streets,
        cut=cut,
        cut_covered=cut_covered,
        pairs=pairs,
        reach_km=pd.DataFrame(reached, index=own),
        homes=None,
        order=np.zeros(0, dtype=np.int64),
        outside=(0.0, 0.0),
        service=None,
        left={},
        doubts=pd.DataFrame(),
    )
    if inputs.population is None:
        return found
    return _with_people(
        plan, tile, found, ground, labels, network, snapped, placed, people, inside, covered
    )


def _km(
    metres: NDArray[np.float64], of: NDArray[np.int64], wanted: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return kilometres of some facilities, given the metres of others; nothing is 0."""
    known = dict(zip(of.tolist(), (metres / 1000).tolist(), strict=True))
    return np.array([known.get(one, 0.0) for one in wanted.tolist()], dtype=float)


def _street_m(
    plan: Plan, network: WalkingNetwork, inside: Pieces, covered: Mapping[str, Pieces]
) -> NDArray[np.float64]:
    areas = plan.inputs.areas
    parts = [] if areas is None else every_part(network, inside, areas)
    return np.array(
        [
            [
                part.length_m(network.length_m),
                *(intersect(part, one).length_m(network.length_m) for one in covered.values()),
            ]
            for part in (*parts, inside)
        ]
    )


def _streets(
    ground: Ground, inside: Pieces, table: pd.DataFrame, covered: Mapping[str, Pieces]
) -> tuple[gpd.GeoDataFrame, pd.DataFrame, dict[str, Pieces], NDArray[np.int64]]:
    """Return the streets that are whole in a tile, the pieces of the others, and what joins them.

    A tile joins edges at the nodes that it owns: there it knows whether others meet them.
    """
    network, keys, own = ground.network, ground.edge_key, ground.own
    node, one, other = network.joints()
    here = ground.inside[node]
    one, other = one[here], other[here]
    abroad = ~(own[one] & own[other])
    pairs = np.column_stack([keys[one[abroad]], keys[other[abroad]]])
    one, other = one[~abroad], other[~abroad]
    count = len(keys)
    links = coo_array((np.ones(len(one)), (one, other)), shape=(count, count))
    _, run = connected_components(links, directed=False)
    goes_on = np.zeros(count, dtype=bool)
    goes_on[np.isin(keys, pairs)] = True
    for ends in (network.tail, network.head):
        goes_on |= ~ground.inside[ends]
    is_open = np.zeros(run.max(initial=-1) + 1, dtype=bool)
    is_open[run[own & goes_on]] = True
    apart = is_open[run[inside.edge]]
    _, label = np.unique(run[inside.edge[~apart]], return_inverse=True)
    place = np.where(apart, np.cumsum(apart), np.cumsum(~apart)) - 1
    whole, parted = (
        {
            key: Pieces(place[some.edge], some.start, some.end)
            for key, pieces in covered.items()
            for some in [pieces.keep(chosen[pieces.edge])]
        }
        for chosen in (~apart, apart)
    )
    closed = street_rows(table[~apart].reset_index(drop=True), whole, label, crs=network.crs)
    cut = table[apart].assign(key=keys[inside.edge[apart]], start=inside.start[apart])
    # Its own joints of streets that go on, too.
    mine = is_open[run[one]]
    own_pairs = np.column_stack([keys[one[mine]], keys[other[mine]]])
    return closed, cut.reset_index(drop=True), parted, np.concatenate([pairs, own_pairs])


def _with_people(
    plan: Plan, tile: int, found: Found, ground: Ground, labels: Labels, network: WalkingNetwork,
    snapped: Snapped, placed: Placed, people: tuple[NDArray[np.float64], ...] | None,
    inside: Pieces, covered: Mapping[str, Pieces],
) -> Found:  # fmt: skip
    study, facilities = plan.study, plan.inputs.facilities
    tiers = tier_groups(facilities)
    thresholds: dict[str, float] = {name: tier.threshold_min for name, tier in study.tiers}
    part = study.population
    points, order = _demand(plan, tile, people)
    demand = inside_only(points.assign(order=order), plan.inputs.boundary)
    homes = demand.points.drop(columns="order")
    order = demand.points["order"].to_numpy(np.int64)
    # Homes stand on usable edges whatever the rules are.
    onto = usable_edges(network, real=labels.real)
    places = snap_homes(network, homes, limit_m=study.home_limit_m, onto=onto)
    links = find_links(
        network, snapped, places, direction=study.direction, horizon_min=study.horizon_min
    )
    plan.keep("links", tile, (links, len(homes)))
    homes = home_minutes(homes, places, links, tiers, thresholds, facilities.index)
    decay = part.decay if part else "none"
    service = service_parts(homes["elderly"].to_numpy(float), links, tiers, thresholds, decay=decay)
    uncovered, doubts, other = [], [], otherwise(network)
    for tier, members in tiers.items():
        one, doubt = _uncovered(
            plan, ground, labels, network, snapped, placed, homes, places, tier, members,
            thresholds[tier], covered[tier], other,
        )  # fmt: skip
        uncovered.append(one)
        doubts.append(doubt)
        homes[f"cause_{tier}"] = one.cause
    homes["street"] = street_names(network, places)
    circle = circle_left(uncovered, covered["all"])
    return replace(
        found,
        homes=homes,
        order=order,
        outside=demand.outside,
        service=service[(service != 0).any(axis=1)],
        left={one.tier: pieces_left(network, inside, one.streets) for one in (*uncovered, circle)},
        doubts=pd.concat(doubts, ignore_index=True),
    )


def _demand(
    plan: Plan, tile: int, people: tuple[NDArray[np.float64], ...] | None
) -> tuple[gpd.GeoDataFrame, NDArray[np.int64]]:
    """Return where people live in a tile, and the order of these places among all."""
    kept: Any = read_kept(plan, "homes", tile)
    points, order = kept
    if people is None:
        return points, order
    population, elderly = people
    points = points.assign(population=population, elderly=elderly)
    columns = ["population", "elderly", "source", "osm_id", "place", "entrances", "geometry"]
    lived = population > 0
    return points.loc[lived, columns].reset_index(drop=True), order[lived]


def _uncovered(
    plan: Plan, ground: Ground, labels: Labels, network: WalkingNetwork, snapped: Snapped,
    placed: Placed, homes: gpd.GeoDataFrame, places: Snapped, tier: str,
    members: NDArray[np.int64], threshold_min: float, covered: Pieces, other: Otherwise,
) -> tuple[Uncovered, pd.DataFrame]:  # fmt: skip
    """Return what a tier leaves uncovered in a tile, and which homes are to be asked again."""
    study, facilities = plan.study, plan.inputs.facilities
    stands = placed.component[members] >= 0
    at = np.where(places.found, places.edge, 0)
    connected = np.isin(labels.flat[at], placed.flat[members][stands])
    of_tier = Facilities(
        xy=shapely.get_coordinates(facilities.geometry.to_numpy()[members]).reshape(-1, 2),
        snapped=snapped.of(members),
    )
    minutes = homes[f"minutes_{tier}"].to_numpy(float)
    xy = shapely.get_coordinates(homes.geometry.to_numpy()).reshape(-1, 2)

    def causes(passable: NDArray[np.bool_] | None) -> NDArray[np.object_]:
        return find_causes(
            network, xy, places, minutes, of_tier, threshold_min=threshold_min,
            horizon_min=study.horizon_min, direction=study.direction, other=other,
            connected=connected, passable=passable,
        )  # fmt: skip

    cause = causes(None)
    # Who cannot pass here may pass by a walk that leaves the tile, if the streets connect.
    doubt = np.flatnonzero(
        (cause == "barrier") & np.isin(labels.walker[at], placed.component[members][stands])
    )
    if_it_can = cause
    if len(doubt):
        if_it_can = causes(np.ones(len(homes), dtype=bool))
    doubts = pd.DataFrame(
        {
            "home": doubt,
            "tier": tier,
            "edge_key": ground.edge_key[places.edge[doubt]],
            "fraction": places.fraction[doubt],
            "distance_m": places.distance_m[doubt],
            "otherwise": if_it_can[doubt],
        }
    )
    one = Uncovered(
        tier=tier, minutes=minutes, cause=cause,
        nearest=homes[f"nearest_{tier}"].to_numpy(object), streets=covered,
    )  # fmt: skip
    return one, doubts


def look_again(plan: Plan, tile: int, placed: Placed, doubts: pd.DataFrame) -> NDArray[np.bool_]:
    """Return whether the homes in doubt have a walk to their tier, looking farther around.

    They are few: near a facility, on streets that connect to one, and beyond the horizon.
    """
    study = plan.study
    around_m = plan.walk_m * FAR + plan.halo_m
    land = read_land(plan, plan.box(tile, around_m + OVERLAP_M), OVERLAP_M)
    ground = ground_of(plan, land, tile, heights_of(plan, land))
    network = timed(ground.network, study.walking)
    snapped = standing(plan, ground.edge_key, placed)
    edge = np.searchsorted(ground.edge_key, doubts["edge_key"].to_numpy(np.int64))
    distance = doubts["distance_m"].to_numpy(float)
    places = Snapped(
        edge=edge,
        fraction=doubts["fraction"].to_numpy(float),
        distance_m=distance,
        leg_s=distance / study.walking.level_speed_mps,
        component=np.zeros(len(doubts), dtype=np.int64),
    )
    passes = np.zeros(len(doubts), dtype=bool)
    for tier, members in tier_groups(plan.inputs.facilities).items():
        here = np.flatnonzero((doubts["tier"] == tier).to_numpy())
        if len(here):
            passes[here] = any_within(
                network, snapped.of(members), places.of(here), direction=study.direction,
                limit_min=study.horizon_min * FAR,
            )  # fmt: skip
    return passes


def access_tile(
    plan: Plan, tile: int, ratio: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Return the access of a tile's homes by tier, given the ratios of all facilities."""
    study = plan.study
    kept: Any = read_kept(plan, "links", tile)
    links, count = kept
    if not isinstance(links, Links):
        raise AssertionError("a tile has kept its links")
    return access_of(
        ratio, links, tier_groups(plan.inputs.facilities),
        {name: tier.threshold_min for name, tier in study.tiers},
        decay=study.population.decay if study.population else "none", count=count,
    )  # fmt: skip


KEYS = ("community", "street", "district", "any", "all")
"""The groups that `Found.street_m` has a column for, after the first of all street."""
