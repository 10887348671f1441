"""The three-tier circle in people: who reaches which tier, where, and in how many minutes."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .assessment import OUTSIDE_AREAS
from .by_group import positions_by
from .links import Links
from .network import WalkingNetwork
from .snapping import Snapped, snap, usable_edges
from .study_parts import BANDS_MIN, TIERS
from .times import each_of

TIE_MIN = 1e-6 / 60
_HALF, _TENTH = 0.5, 0.9


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
    elderly = points["elderly"].to_numpy(float)
    total = float(elderly.sum())
    covered = {tier: points[f"covered_{tier}"].to_numpy(bool) for tier in TIERS}
    stack = np.stack(list(covered.values())) if len(points) else np.zeros((3, 0), dtype=bool)
    masks: dict[str, NDArray[Any]] = {str(tier): mask for tier, mask in covered.items()}
    masks["any"] = np.asarray(stack.any(axis=0))
    masks["all"] = np.asarray(stack.all(axis=0))
    figures = {"population": float(points["population"].sum()), "elderly": total}
    for key, mask in masks.items():
        figures[f"elderly_{key}"] = float(elderly[mask].sum())
        figures[f"share_elderly_{key}"] = figures[f"elderly_{key}"] / total if total else np.nan
    for reached in product((False, True), repeat=len(TIERS)):
        names = [tier for tier, yes in zip(TIERS, reached, strict=True) if yes]
        exactly = (stack == np.array(reached)[:, None]).all(axis=0)
        figures[f"only_{'_'.join(names) or 'none'}"] = float(elderly[exactly].sum())
    for tier in TIERS:
        figures |= minutes_figures(points, tier)
    return figures


def minutes_figures(points: pd.DataFrame, group: str) -> dict[str, float]:
    """Return those figures of `circle_of` that come from the minutes to one tier or service."""
    elderly = points["elderly"].to_numpy(float)
    minutes = points[f"minutes_{group}"].to_numpy(float)
    figures = {f"elderly_unreachable_{group}": float(elderly[np.isnan(minutes)].sum())}
    for band in BANDS_MIN:
        figures[f"elderly_{group}_{band}min"] = float(elderly[minutes <= band + TIE_MIN].sum())
    figures[f"minutes_median_{group}"] = _quantile(minutes, elderly, _HALF)
    figures[f"minutes_p90_{group}"] = _quantile(minutes, elderly, _TENTH)
    return figures


def area_of(points: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Return the position of each home's area, the first of several; their number for none."""
    of = np.full(len(points), len(areas))
    area, point = shapely.STRtree(points.geometry.to_numpy()).query(
        areas.geometry.to_numpy(), predicate="intersects"
    )
    np.minimum.at(of, point, area)
    return of


def circle_by_area(points: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return `circle_of` for each area (index: name), and for the homes in none of them.

    A home in two areas that overlap counts in the first.
    """
    plain = pd.DataFrame(points.drop(columns="geometry"))
    members = positions_by(area_of(points, areas), len(areas) + 1)
    names = [*areas.index, OUTSIDE_AREAS]
    rows = {
        name: circle_of(plain.iloc[here])
        for name, here in zip(names, members, strict=True)
        if name != OUTSIDE_AREAS or len(here)
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("area")


def area_names(points: gpd.GeoDataFrame, areas: gpd.GeoDataFrame | None) -> NDArray[np.object_]:
    """Return the name of each home's area, as `area_of` finds it; empty without areas."""
    if areas is None:
        return np.full(len(points), "", dtype=object)
    return np.append(areas.index.to_numpy(object), OUTSIDE_AREAS)[area_of(points, areas)]


def _quantile(minutes: NDArray[np.float64], weight: NDArray[np.float64], share: float) -> float:
    """Return the minutes within which a share of the people walk; NaN counts as the farthest."""
    if weight.sum() <= 0:
        return float("nan")
    order = np.argsort(minutes, kind="stable")
    running = np.cumsum(weight[order])
    place = int(np.searchsorted(running, share * running[-1] * (1 - 1e-12)))
    return float(minutes[order[min(place, len(order) - 1)]])
