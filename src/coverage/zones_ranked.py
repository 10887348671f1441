"""Renewal zones by what a yuan wins in each, if it gets what siting would propose there first."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .circle import area_of
from .errors import UsageError
from .links import find_links
from .passing import Access
from .snapping import snap, usable_edges
from .study_parts import TIERS
from .times import TIE_S

_NEEDED = ("name", "fits", "cost_cny")


def rank_zones(
    access: Access, zones: gpd.GeoDataFrame, candidates: gpd.GeoDataFrame, *,
    groups: Sequence[str], snap_limit_m: float,
) -> pd.DataFrame:  # fmt: skip
    """Return the zones, those first where one facility wins most elderly people for its money.

    A city opens a handful of facilities, and most zones hold none of them. So each zone is asked by
    itself: of the candidates in it, the one that wins most people, the cheaper of equals.

    Parameters
    ----------
    access
        Who walks where.
    zones
        Polygons (index: name), any coordinate system.
    candidates
        Points (index: id) with ``name``, ``fits`` (the tiers and services that each may have) and
        ``cost_cny`` (NaN where unknown); one in two zones counts in the first.
    groups
        Of which tiers, or with which services, facilities may open; each a key of `Access.tiers`.
    snap_limit_m
        How far a candidate may stand from a street.

    Returns
    -------
    zones
        Index: name. ``rank``, ``candidates`` (how many in the zone fit), ``candidate`` and
        ``candidate_name`` (of the best; empty where none wins anybody), ``tier`` (that it would
        have) or ``service`` (that it would offer; the other is empty),
        ``elderly_gained`` (people whom it newly covers, wherever they live), ``cost_cny`` (NaN
        when unknown), ``elderly_per_million_cny`` (NaN when the cost is unknown or 0). Zones
        of unknown ratio follow the others, by people gained.

    Raises
    ------
    UsageError
        When the candidates lack a column, or there is no such tier or service.
    """
    missing = [name for name in _NEEDED if name not in candidates]
    if missing:
        raise UsageError(f"The candidates lack the columns {', '.join(missing)}.")
    if unknown := sorted(set(groups) - set(access.tiers)):
        known = ", ".join(access.tiers)
        raise UsageError(f"There is no tier or service {', '.join(unknown)}. Known are {known}.")
    crs, count = access.network.crs, len(zones)
    candidates = candidates.to_crs(crs)
    of = area_of(candidates, zones.to_crs(crs))
    candidates, of = candidates[of < count], of[of < count]
    fits = np.array([[group in own for group in groups] for own in candidates["fits"]], dtype=bool)
    fits = fits.reshape(-1, len(groups))
    site, group = np.nonzero(fits)
    won = _won(access, candidates, groups, snap_limit_m)[site, group]
    cost = candidates["cost_cny"].to_numpy(float)[site]
    order = np.lexsort((group, site, np.nan_to_num(cost, nan=np.inf), -won, of[site]))
    order = order[won[order] > 0]
    best = order[np.flatnonzero(np.diff(of[site[order]], prepend=-1))]
    zone = of[site[best]]
    table = pd.DataFrame(index=zones.index)
    table["candidates"] = np.bincount(of[fits.any(axis=1)], minlength=count)
    for name, values in (
        ("candidate", candidates.index.to_numpy(object)),
        ("candidate_name", candidates["name"].to_numpy(object)),
    ):
        table[name] = _at(zone, values[site[best]], count)
    opens = np.array(groups, dtype=object)[group[best]]
    is_tier = np.isin(opens, TIERS)
    table["tier"] = _at(zone, np.where(is_tier, opens, ""), count)
    table["service"] = _at(zone, np.where(is_tier, "", opens), count)
    gained, money = np.zeros(count), np.full(count, np.nan)
    gained[zone], money[zone] = won[best], cost[best]
    table["elderly_gained"], table["cost_cny"] = gained, money
    ratio = np.divide(gained * 1e6, money, out=np.full(count, np.nan), where=money > 0)
    table["elderly_per_million_cny"] = ratio
    table = table.iloc[np.lexsort((np.arange(count), -gained, -np.nan_to_num(ratio, nan=-1.0)))]
    table.insert(0, "rank", np.arange(1, count + 1))
    return table


def _at(place: NDArray[np.int64], values: NDArray[np.object_], count: int) -> NDArray[np.object_]:
    """Return values at their places, and empty text elsewhere."""
    every = np.full(count, "", dtype=object)
    every[place] = values
    return every


def _won(
    access: Access, candidates: gpd.GeoDataFrame, groups: Sequence[str], snap_limit_m: float
) -> NDArray[np.float64]:
    """Return the elderly people whom each candidate alone newly covers, shape (K, groups)."""
    network = access.network
    points = shapely.get_coordinates(candidates.geometry.to_numpy())
    places = snap(network, points, onto=usable_edges(network), limit_m=snap_limit_m)
    found = find_links(
        network, places, access.homes, direction=access.direction,
        horizon_min=max(access.thresholds_min.values()),
    )  # fmt: skip
    won = np.zeros((len(candidates), len(groups)))
    for column, group in enumerate(groups):
        covered = np.zeros(len(access.elderly), dtype=bool)
        covered[access.links.place[access.covering(group)]] = True
        within = found.minutes <= access.thresholds_min[group] + TIE_S / 60
        own = np.flatnonzero(within & ~covered[found.place])
        people = access.elderly[found.place[own]]
        won[:, column] = np.bincount(found.facility[own], people, len(candidates))
    return won
