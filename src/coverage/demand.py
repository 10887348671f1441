"""Demand points: where old people live, with totals conserved to the last person."""

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .bounds import meeting
from .network import WalkingNetwork
from .pace import STREET

HOMES = {
    "yes", "residential", "apartments", "house", "detached", "semidetached_house", "terrace",
    "dormitory", "bungalow", "hut", "cabin", "farm", "houseboat", "static_caravan", "ger",
    "stilt_house", "tulou", "siheyuan", "mixed", "mixed_use",
}  # fmt: skip
"""Kinds of building in which people live; ``yes`` does where its tags name no other use."""
USUAL_LEVELS = {
    "house": 2, "detached": 2, "semidetached_house": 2, "terrace": 3, "bungalow": 1, "hut": 1,
    "cabin": 1, "farm": 2, "dormitory": 6, "residential": 8, "apartments": 12,
}  # fmt: skip
"""Levels where neither the building nor enough others of its kind say: an assumption for a Chinese
city, by kind."""
OTHER_LEVELS = 6
ENOUGH_TAGGED = 5
"""From so many tagged buildings of a kind on, their median stands for the untagged."""

BUILDING, FRONTAGE, CELL, COMPOUND = "building", "street frontage", "cell", "compound"
_HOME_STREETS = {"residential", "living_street", "pedestrian", "footway", "unclassified", "path",
                 "service", "tertiary", "secondary"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Demand:
    """Demand points inside the study area, and who could not be placed there.

    Attributes
    ----------
    points
        In the network's coordinate system: ``population``, ``elderly``, ``source`` (`BUILDING`,
        `FRONTAGE`, `CELL` or `COMPOUND`), ``osm_id`` (of a building, else empty), ``place`` (the
        source area's or compound's name), ``entrances`` (MultiPoint or None).
    outside
        Population and elderly people whose place is not in the study area.
    unplaced
        Population and elderly people of areas with neither a home nor a street.
    assumed
        What is an assumption, in words.
    """

    points: gpd.GeoDataFrame
    outside: tuple[float, float]
    unplaced: tuple[float, float]
    assumed: str


def spread_over_homes(
    areas: gpd.GeoDataFrame,
    buildings: gpd.GeoDataFrame,
    network: WalkingNetwork,
    *,
    levels_more: float = 0.0,
) -> tuple[gpd.GeoDataFrame, tuple[float, float]]:
    """Spread the totals of areas over the homes in them, by floor area.

    Parameters
    ----------
    areas
        Polygons with ``name``, ``population`` and ``elderly``, in the network's coordinate system.
    buildings
        As `coverage.inputs.buildings.read_buildings` returns them, in the same.
    network
        Its streets stand in for homes in an area that has none: people live along them, by length.
    levels_more
        Levels to add to every inferred (not tagged) number, to see what they decide; at least one
        level stays.

    Returns
    -------
    points
        As `Demand.points`. In each area they add up to its totals: exactly, and in whole people,
        where the totals are whole.
    unplaced
        Population and elderly people of areas with neither.

    Notes
    -----
    A building belongs to the area that its centre lies in, the first where areas overlap. Floor
    area is footprint times levels; see `USUAL_LEVELS` for those untagged.
    """
    homes = buildings[is_home(buildings)].reset_index(drop=True)
    centre = shapely.centroid(homes.geometry.to_numpy())
    floor = shapely.area(homes.geometry.to_numpy()) * levels(homes, more=levels_more)
    home_area = first_area_of(centre, areas)
    # Streets count only where no home does: of a city, hardly any.
    with_homes = np.unique(home_area[(home_area >= 0) & (floor > 0)])
    bounds = np.delete(areas.bounds.to_numpy(), with_homes, axis=0)
    streets = home_streets(network)
    places = network.midpoints()[streets]
    near = meeting(places, places, bounds[:, :2], bounds[:, 2:])
    streets, middle = streets[near], shapely.points(places[near])
    street_area = first_area_of(middle, areas)
    street_area[np.isin(street_area, with_homes)] = -1
    place = np.concatenate([home_area, street_area])
    weight = np.concatenate([floor, network.length_m[streets]])
    used = (place >= 0) & (weight > 0)
    population, elderly = apportioned(
        place, np.where(used, weight, 0.0), areas["population"].to_numpy(float),
        areas["elderly"].to_numpy(float),
    )  # fmt: skip
    count = len(homes)
    points = gpd.GeoDataFrame(
        {
            "population": population,
            "elderly": elderly,
            "source": np.where(np.arange(len(place)) < count, BUILDING, FRONTAGE),
            "osm_id": np.concatenate([homes["osm_id"], np.full(len(streets), "")]),
            "place": np.where(place >= 0, areas["name"].to_numpy(object)[place], ""),
            "entrances": np.concatenate([homes["entrances"], np.full(len(streets), None)]),
        },
        geometry=np.concatenate([centre, middle]),
        crs=network.crs,
    )
    empty = np.setdiff1d(np.arange(len(areas)), place[used])
    unplaced = areas.iloc[empty][["population", "elderly"]].sum()
    kept = used & (points["population"] > 0).to_numpy()
    return points[kept].reset_index(drop=True), (unplaced["population"], unplaced["elderly"])


def inside_only(
    points: gpd.GeoDataFrame,
    boundary: shapely.Geometry,
    *,
    unplaced: tuple[float, float] = (0.0, 0.0),
    assumed: str = "",
) -> Demand:
    """Keep the points of the study area and count the people of the others."""
    shapely.prepare(boundary)
    inside = shapely.intersects(boundary, points.geometry.to_numpy())
    away = points[~inside]
    return Demand(
        points=points[inside].reset_index(drop=True),
        outside=(float(away["population"].sum()), float(away["elderly"].sum())),
        unplaced=(float(unplaced[0]), float(unplaced[1])),
        assumed=assumed,
    )


def levels(
    buildings: gpd.GeoDataFrame, *, more: float = 0.0, usual: Mapping[str, float] | None = None
) -> NDArray[np.float64]:
    """Return the levels of every building: as tagged, else the usual ones of its kind, and more.

    `usual` are those of `usual_levels`, where they come from more buildings than these.
    """
    known = usual_levels(buildings) if usual is None else usual
    by_kind = {
        kind: known.get(kind, float(USUAL_LEVELS.get(str(kind), OTHER_LEVELS)))
        for kind in buildings["kind"].unique()
    }
    inferred = np.maximum(buildings["kind"].map(by_kind).astype(float) + more, 1.0)
    return np.asarray(buildings["levels"].fillna(inferred), dtype=float)


def usual_levels(buildings: pd.DataFrame) -> dict[str, float]:
    """Return the median levels of each ``kind`` that enough buildings say theirs of."""
    tagged = buildings.groupby("kind")["levels"].agg(["median", "count"])
    known = tagged["median"][tagged["count"] >= ENOUGH_TAGGED]
    return {str(kind): float(median) for kind, median in known.items()}


def home_streets(network: WalkingNetwork) -> NDArray[np.int64]:
    """Return the edges along which people live in an area that has no home."""
    return np.flatnonzero(
        (network.features.kind == STREET)
        & np.isin(network.ways["highway"].to_numpy().astype(str), list(_HOME_STREETS))[network.way]
    )


def is_home(buildings: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Return in which buildings people live."""
    kind = buildings["kind"]
    return np.asarray(kind.isin(HOMES) & ~((kind == "yes") & buildings["use"].astype(bool)))


def first_area_of(points: NDArray[np.object_], areas: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Return the first area that each point lies in, -1 for none."""
    point, area = shapely.STRtree(points).query(areas.geometry.to_numpy(), predicate="intersects")[
        ::-1
    ]
    of = np.full(len(points), len(areas))
    np.minimum.at(of, point, area)
    return np.where(of < len(areas), of, -1)


def apportioned(
    place: NDArray[np.int64], weight: NDArray[np.float64], population: NDArray[np.float64],
    elderly: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    """Share the people of areas among places by weight.

    Parameters
    ----------
    place, weight
        Shape (P,), the area of each place (-1 for none), and what it weighs.
    population, elderly
        Shape (A,), the areas' totals.

    Returns
    -------
    population, elderly
        Shape (P,).
    """
    people = _by_weight(place, weight, population)
    # By the people placed, so that no home has more elderly people than people.
    return people, _by_weight(place, people, elderly)


def _by_weight(
    place: NDArray[np.int64], weight: NDArray[np.float64], totals: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Share each total among its members by weight: whole totals in whole people.

    The method of the largest remainder: everybody gets the whole part of the share, and the people
    left go to the largest remainders, the first of equal ones.
    """
    member = np.flatnonzero((place >= 0) & (weight > 0))
    of = place[member]
    sums = np.bincount(of, weights=weight[member], minlength=len(totals))
    ideal = totals[of] * weight[member] / sums[of]
    whole = (totals == np.round(totals))[of]
    floor = np.floor(ideal + 1e-9)
    placed = np.bincount(of, weights=floor, minlength=len(totals))
    left = np.round(totals - placed).astype(np.int64)
    order = np.lexsort((member, -(ideal - floor), of))
    rank = np.empty(len(member), dtype=np.int64)
    first = np.searchsorted(of[order], np.arange(len(totals)))
    rank[order] = np.arange(len(member)) - first[of[order]]
    shared = np.zeros(len(place))
    shared[member] = np.where(whole, floor + (rank < left[of]), ideal)
    return shared
