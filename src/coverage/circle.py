"""The three-tier circle in people: who reaches which tier, where, and in how many minutes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .assessment import OUTSIDE_AREAS
from .by_group import weighted_quantiles
from .links import Links
from .network import WalkingNetwork
from .snapping import Snapped, snap, usable_edges
from .study_parts import BANDS_MIN, TIERS
from .times import each_of

TIE_MIN = 1e-6 / 60
_QUANTILES = {"median": 0.5, "p90": 0.9}


@dataclass(frozen=True, slots=True)
class Doors:
    """Where the straight legs of homes begin.

    Attributes
    ----------
    xy
        Shape (D, 2), metres; home by home.
    first
        Shape (homes + 1,), where each home's doors begin; every home has one at least.
    """

    xy: NDArray[np.float64]
    first: NDArray[np.int64]

    def of(self, homes: NDArray[np.int64]) -> "Doors":
        """Return the doors of the chosen homes."""
        position, door = each_of(self.first, homes)
        return Doors(self.xy[door], np.searchsorted(position, np.arange(len(homes) + 1)))

    def boxes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the least and greatest coordinates of every home's doors, shape (homes, 2)."""
        begin = self.first[:-1]
        return np.minimum.reduceat(self.xy, begin), np.maximum.reduceat(self.xy, begin)

    def nearest(self, places: Snapped) -> Snapped:
        """Return of each home the place with the shortest leg, of the places of all doors."""
        home = np.repeat(np.arange(len(self.first) - 1), np.diff(self.first))
        # A door without a street within the limit comes last.
        order = np.lexsort((np.nan_to_num(places.distance_m, nan=np.inf), home))
        return places.of(order[self.first[:-1]])


def doors_of(points: gpd.GeoDataFrame, crs: str) -> Doors:
    """Return the tagged entrances of demand points, the centre of those that have none.

    Parameters
    ----------
    points
        As `coverage.demand.Demand.points`; entrances are EPSG:4326.
    crs
        Of the doors, metres.
    """
    entrances = points["entrances"].to_numpy(object)
    tagged, others = np.flatnonzero(~pd.isna(entrances)), np.flatnonzero(pd.isna(entrances))
    own = gpd.GeoSeries(entrances[tagged], crs="EPSG:4326").to_crs(crs)
    own_xy, at = shapely.get_coordinates(own.to_numpy(), return_index=True)
    centre_xy = shapely.get_coordinates(points.geometry.to_numpy()[others])
    home = np.concatenate([tagged[at], others])
    order = np.argsort(home, kind="stable")
    xy = np.concatenate([own_xy.reshape(-1, 2), centre_xy.reshape(-1, 2)])[order]
    return Doors(xy, np.searchsorted(home[order], np.arange(len(points) + 1)))


def snap_homes(
    network: WalkingNetwork,
    points: gpd.GeoDataFrame,
    *,
    limit_m: float,
    onto: NDArray[np.int64] | None = None,
) -> Snapped:
    """Attach demand points to the network: by their nearest tagged entrance, else their centre.

    Parameters
    ----------
    network
        The walking network.
    points
        As `coverage.demand.Demand.points`; entrances are EPSG:4326.
    limit_m
        Longest straight leg, metres.
    onto
        The edges to consider, ascending; the usable ones unless given.
    """
    if onto is None:
        onto = usable_edges(network)
    doors = doors_of(points, network.crs)
    return doors.nearest(snap(network, doors.xy, onto=onto, limit_m=limit_m))


def home_minutes(
    points: gpd.GeoDataFrame,
    places: Snapped,
    links: Links,
    tiers: Mapping[str, NDArray[np.int64]],
    thresholds_min: Mapping[str, float],
    facility_ids: pd.Index,
) -> gpd.GeoDataFrame:
    """Return the demand points with their minutes to each tier.

    Returns
    -------
    points
        With ``snapped`` and ``snap_m`` (metres) and, for each tier, ``minutes_<tier>`` (in the
        study's direction), ``to_<tier>``, ``back_<tier>`` (NaN beyond the horizon),
        ``nearest_<tier>`` (facility id, empty for none) and ``covered_<tier>``.
    """
    ids = facility_ids.to_numpy(object)
    return points.assign(**minutes_columns(places, links, tiers, thresholds_min, ids))


def minutes_columns(
    places: Snapped,
    links: Links,
    tiers: Mapping[str, NDArray[np.int64]],
    thresholds_min: Mapping[str, float],
    facility_ids: NDArray[np.object_],
) -> dict[str, NDArray[Any]]:
    """Return the columns that `home_minutes` adds to the demand points that stand at `places`."""
    count = len(places.edge)
    columns: dict[str, NDArray[Any]] = {"snapped": places.found, "snap_m": places.distance_m}
    ids = np.append(facility_ids, "")
    for tier, members in tiers.items():
        own = links.of(members)
        minutes = own.nearest(count)
        columns[f"minutes_{tier}"] = minutes
        columns[f"to_{tier}"] = own.nearest(count, "to_min")
        columns[f"back_{tier}"] = own.nearest(count, "back_min")
        columns[f"nearest_{tier}"] = ids[own.nearest_facility(count)]
        columns[f"covered_{tier}"] = minutes <= thresholds_min[tier] + TIE_MIN
    return columns


def circle_of(points: pd.DataFrame) -> dict[str, float]:
    """Return the circle's figures of some demand points.

    Returns
    -------
    figures
        ``population``, ``elderly``; elderly people covered: ``elderly_<tier>``, ``elderly_any``,
        ``elderly_all``, and ``share_elderly_…`` of ``elderly``; ``elderly_unreachable_<tier>``
        (beyond the horizon, not connected or not snapped); ``elderly_<tier>_<band>min``; exactly
        which tiers, as ``only_<tiers>`` (``only_none`` … ``only_community_street_district``), which
        add up to ``elderly``; ``minutes_median_<tier>`` and ``minutes_p90_<tier>`` over elderly
        people, those beyond the horizon counting as farther than all others (NaN when they decide).
    """
    whole = np.zeros(len(points), dtype=np.int64)
    return {name: float(values[0]) for name, values in _circles(points, whole, 1).items()}


def _circles(
    points: pd.DataFrame, of: NDArray[np.int64], count: int
) -> dict[str, NDArray[np.float64]]:
    """Return `circle_of` of each group of demand points, given the group of each."""
    elderly = points["elderly"].to_numpy(float)
    people = partial(_people, elderly, of, count)
    total = np.bincount(of, weights=elderly, minlength=count).astype(float)
    population = np.bincount(of, weights=points["population"].to_numpy(float), minlength=count)
    covered = np.stack([points[f"covered_{tier}"].to_numpy(bool) for tier in TIERS])
    masks = {**dict(zip(TIERS, covered, strict=True)),
             "any": covered.any(axis=0), "all": covered.all(axis=0)}  # fmt: skip
    figures: dict[str, NDArray[np.float64]] = {
        "population": population.astype(float), "elderly": total,
    }  # fmt: skip
    for key, mask in masks.items():
        figures[f"elderly_{key}"] = people(mask)
        figures[f"share_elderly_{key}"] = np.divide(
            figures[f"elderly_{key}"], total, out=np.full(count, np.nan), where=total > 0
        )
    for reached in product((False, True), repeat=len(TIERS)):
        names = [tier for tier, yes in zip(TIERS, reached, strict=True) if yes]
        exactly = (covered == np.array(reached)[:, None]).all(axis=0)
        figures[f"only_{'_'.join(names) or 'none'}"] = people(exactly)
    for tier in TIERS:
        figures |= _minutes_figures(points, tier, of, count)
    return figures


def _people(
    people: NDArray[np.float64], of: NDArray[np.int64], count: int, chosen: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the people of the chosen points in each group."""
    return np.bincount(of[chosen], weights=people[chosen], minlength=count).astype(float)


def minutes_figures(points: pd.DataFrame, group: str) -> dict[str, float]:
    """Return those figures of `circle_of` that come from the minutes to one tier or service."""
    whole = np.zeros(len(points), dtype=np.int64)
    found = _minutes_figures(points, group, whole, 1)
    return {name: float(values[0]) for name, values in found.items()}


def _minutes_figures(
    points: pd.DataFrame, group: str, of: NDArray[np.int64], count: int
) -> dict[str, NDArray[np.float64]]:
    elderly = points["elderly"].to_numpy(float)
    minutes = points[f"minutes_{group}"].to_numpy(float)
    people = partial(_people, elderly, of, count)
    figures = {f"elderly_unreachable_{group}": people(np.isnan(minutes))}
    for band in BANDS_MIN:
        figures[f"elderly_{group}_{band}min"] = people(minutes <= band + TIE_MIN)
    # Who nobody is old in has no quantile, not the least.
    lived_in = np.where(elderly > 0, of, -1)
    quantiles = weighted_quantiles(minutes, elderly, lived_in, count, tuple(_QUANTILES.values()))
    for name, values in zip(_QUANTILES, quantiles, strict=True):
        figures[f"minutes_{name}_{group}"] = values
    return figures


def area_of(points: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Return the position of each home's area, the first of several; their number for none."""
    of = np.full(len(points), len(areas))
    area, point = shapely.STRtree(points.geometry.to_numpy()).query(
        areas.geometry.to_numpy(), predicate="intersects"
    )
    np.minimum.at(of, point, area)
    return of


def circle_by_area(
    points: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, of: NDArray[np.int64] | None = None
) -> pd.DataFrame:
    """Return `circle_of` for each area (index: name), and for the homes in none of them.

    A home in two areas that overlap counts in the first; `of` is their `area_of`, where known.
    """
    of = area_of(points, areas) if of is None else of
    table = pd.DataFrame(
        _circles(points, of, len(areas) + 1),
        index=pd.Index([*areas.index, OUTSIDE_AREAS], name="area"),
    )
    # Where every home lies in an area there is nothing outside.
    return table if (of == len(areas)).any() else table.iloc[:-1]


def area_names(
    points: gpd.GeoDataFrame, areas: gpd.GeoDataFrame | None, of: NDArray[np.int64] | None = None
) -> NDArray[np.object_]:
    """Return the name of each home's area, empty without areas; `of` is `area_of`, where known."""
    if areas is None:
        return np.full(len(points), "", dtype=object)
    of = area_of(points, areas) if of is None else of
    return np.append(areas.index.to_numpy(object), OUTSIDE_AREAS)[of]
