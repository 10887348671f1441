"""Renewal zones by what a yuan wins in them, if they get what siting proposes."""

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from .circle import area_of
from .errors import UsageError
from .links import find_links
from .network import WalkingNetwork
from .passing import Access
from .snapping import snap, usable_edges
from .times import TIE_S

_NEEDED = ("tier", "cost_cny")


def rank_zones(
    access: Access, homes: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, proposals: gpd.GeoDataFrame,
    *, snap_limit_m: float,
) -> gpd.GeoDataFrame:  # fmt: skip
    """Return the zones, those first whose proposals win most elderly people per unit of money.

    Parameters
    ----------
    access
        Who walks where.
    homes
        H points, in the order of `access`; a home in two zones counts in the first.
    zones
        Polygons (index: name), any coordinate system.
    proposals
        Points with ``tier`` and ``cost_cny`` (NaN where unknown); what each wins alone is not
        used: all of a zone are opened together, so that nobody is counted twice for a tier.
    snap_limit_m
        How far a proposal may stand from a street.

    Returns
    -------
    zones
        In the network's coordinate system, index: name. ``rank``, ``elderly``, ``share_<tier>``
        (of elderly people in the zone, NaN where nobody lives), ``proposals``,
        ``elderly_gained_<tier>`` and ``elderly_gained`` (their sum: tiers won, over people,
        wherever they live), ``cost_cny`` (NaN when that of any proposal is unknown, and for none),
        ``elderly_per_million_cny`` (NaN when the cost is unknown or 0) and the polygon. Zones of
        unknown ratio follow the others, by people gained.

    Raises
    ------
    UsageError
        When the proposals lack a column, or name a tier that the study does not have.
    """
    missing = [name for name in _NEEDED if name not in proposals]
    if missing:
        raise UsageError(f"The proposals lack the columns {', '.join(missing)}.")
    unknown = sorted(set(proposals["tier"].astype(str)) - set(access.tiers))
    if unknown:
        raise UsageError(
            f"The proposals name tiers that there are none of: {', '.join(unknown)}. "
            f"Known are {', '.join(access.tiers)}."
        )
    crs = access.network.crs
    zones, proposals = zones.to_crs(crs), proposals.to_crs(crs)
    of_home = area_of(homes.to_crs(crs), zones)
    of_proposal = area_of(proposals, zones)
    tier, cost = proposals["tier"].to_numpy(object), proposals["cost_cny"].to_numpy(float)
    count = len(zones)
    people = np.asarray(np.bincount(of_home, access.elderly, count + 1)[:count], dtype=float)
    columns: dict[str, NDArray[np.float64] | NDArray[np.int64]] = {"elderly": people}
    won = np.zeros(count)
    reached = _reached(access, access.network, proposals, snap_limit_m)
    gained: dict[str, NDArray[np.float64]] = {}
    for name in access.tiers:
        covered = np.zeros(len(access.elderly), dtype=bool)
        covered[access.links.place[access.covering(name)]] = True
        served = np.bincount(of_home[covered], access.elderly[covered], count + 1)[:count]
        columns[f"share_{name}"] = np.divide(
            served, people, out=np.full(count, np.nan), where=people > 0
        )
        home, proposal = reached[name]
        own = (tier[proposal] == name) & ~covered[home] & (of_proposal[proposal] < count)
        # Each home once for each zone, however many of its proposals reach it.
        key = np.unique(of_proposal[proposal[own]] * len(access.elderly) + home[own])
        size = max(len(access.elderly), 1)
        gained[f"elderly_gained_{name}"] = np.asarray(
            np.bincount(key // size, access.elderly[key % size], count), dtype=float
        )
        won += gained[f"elderly_gained_{name}"]
    number = np.bincount(of_proposal, minlength=count + 1)[:count]
    money = np.bincount(of_proposal, cost, count + 1)[:count]
    money = np.where(number > 0, money, np.nan)
    ratio = np.divide(won * 1e6, money, out=np.full(count, np.nan), where=money > 0)
    order = np.lexsort((np.arange(count), -won, -np.nan_to_num(ratio, nan=-1.0)))
    table = gpd.GeoDataFrame(
        {**columns, "proposals": number, **gained, "elderly_gained": won, "cost_cny": money,
         "elderly_per_million_cny": ratio},
        index=zones.index, geometry=zones.geometry.to_numpy(), crs=crs,
    ).iloc[order]  # fmt: skip
    table.insert(0, "rank", np.arange(1, count + 1))
    return table


def _reached(
    access: Access, network: WalkingNetwork, proposals: gpd.GeoDataFrame, snap_limit_m: float
) -> dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return the homes and the proposals within each tier's threshold of each other."""
    points = shapely.get_coordinates(proposals.geometry.to_numpy())
    places = snap(network, points, onto=usable_edges(network), limit_m=snap_limit_m)
    found = find_links(
        network, places, access.homes, direction=access.direction,
        horizon_min=max(access.thresholds_min.values()),
    )  # fmt: skip
    near = {
        tier: found.minutes <= limit + TIE_S / 60 for tier, limit in access.thresholds_min.items()
    }
    return {tier: (found.place[within], found.facility[within]) for tier, within in near.items()}
