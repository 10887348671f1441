"""Care that comes home: whom staff reach from their facility, who is beyond, how many rounds."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .assessment import OUTSIDE_AREAS
from .circle import area_of
from .links import find_links
from .network import WalkingNetwork
from .rounds import rounds_of
from .snapping import Snapped
from .study_parts import VisitsPart

MOST_HOMES = 1000
"""A facility with more homes than this serves them in sectors of at most so many."""

LONGEST_LEG_MIN = 60.0
"""How long a way between two stops of a round, or home from the last, is looked for, minutes: one-
way streets can make the way back much longer than the way out."""

IN_REACH, BEYOND, NOT_SNAPPED = "in reach", "beyond", "not snapped"


@dataclass(frozen=True, slots=True)
class Travel:
    """How staff go.

    Attributes
    ----------
    network
        Timed for them.
    homes, facilities
        Where all homes and all facilities stand on it.
    extra_min
        Minutes added to every way, as for parking.
    """

    network: WalkingNetwork
    homes: Snapped
    facilities: Snapped
    extra_min: float = 0.0


@dataclass(frozen=True, slots=True)
class Visits:
    """Whom staff reach.

    Attributes
    ----------
    homes
        In the homes' order. ``visits_min``: one way from the nearest facility, NaN beyond the
        limit; ``visits_from``: its position, -1 for none; ``visits_reach``: `IN_REACH`, `BEYOND`
        or `NOT_SNAPPED`.
    facilities
        Index: the position of each facility of the tiers. ``homes``, ``elderly`` (that it is the
        nearest to), ``visited`` (one visit each), ``left_out`` (no visit and way back fits into a
        round), ``rounds``, ``visits_per_round`` (NaN without rounds), ``travel_min`` a round.
    """

    homes: pd.DataFrame
    facilities: pd.DataFrame


def visits_of(
    travel: Travel,
    points: gpd.GeoDataFrame,
    elderly: NDArray[np.float64],
    members: NDArray[np.int64],
    part: VisitsPart,
) -> Visits:
    """Find whom staff reach within the limit, and the rounds to visit each of them once.

    Parameters
    ----------
    travel
        How staff go.
    points
        The homes, in the coordinate system of the network.
    elderly
        Shape (H,), the people to visit in each.
    members
        Positions of the facilities that send staff.
    part
        The limit, the length of a round and of a visit.
    """
    staffed = _only(travel.facilities, np.isin(np.arange(len(travel.facilities.edge)), members))
    count = len(points)
    minutes, nearest = np.full(count, np.nan), np.full(count, -1)
    if part.minutes >= travel.extra_min:
        links = find_links(
            travel.network, staffed, travel.homes, direction="back",
            horizon_min=part.minutes - travel.extra_min,
        )  # fmt: skip
        minutes = links.nearest(count) + travel.extra_min
        nearest = links.nearest_facility(count)
    reach = np.where(nearest >= 0, IN_REACH, np.where(travel.homes.found, BEYOND, NOT_SNAPPED))
    homes = pd.DataFrame(
        {"visits_min": minutes, "visits_from": nearest, "visits_reach": reach}, index=points.index
    )
    xy = shapely.get_coordinates(points.geometry.to_numpy())
    rows = [
        _facility(travel, f, np.flatnonzero(nearest == f), xy, elderly, part)
        for f in members.tolist()
    ]
    return Visits(homes, pd.DataFrame(rows, index=pd.Index(members, name="facility")))


def visits_by_area(
    homes: pd.DataFrame,
    points: gpd.GeoDataFrame,
    elderly: NDArray[np.float64],
    areas: gpd.GeoDataFrame | None,
) -> pd.DataFrame:
    """Return the people in reach, beyond it and not snapped, for each area and the whole.

    Parameters
    ----------
    homes
        As in `Visits`.
    points, elderly
        As in `visits_of`.
    areas
        Index: name; None: the whole only. A home in two areas that overlap counts in the first.

    Returns
    -------
    table
        Index: area, the last row ``total``. ``elderly``, ``in_reach``, ``beyond``, ``not_snapped``
        (which add up to it) and ``share_in_reach`` of it (NaN where there is nobody).
    """
    reach = homes["visits_reach"].to_numpy(object)
    table = pd.DataFrame(
        {
            "elderly": elderly,
            "in_reach": np.where(reach == IN_REACH, elderly, 0.0),
            "beyond": np.where(reach == BEYOND, elderly, 0.0),
            "not_snapped": np.where(reach == NOT_SNAPPED, elderly, 0.0),
        }
    )
    total = table.sum().to_frame("total").T
    if areas is not None:
        of = area_of(points, areas)
        by_area = table.groupby(of).sum().reindex(range(len(areas) + 1))
        by_area.index = pd.Index([*map(str, areas.index), OUTSIDE_AREAS])
        outside_is_empty = not (of == len(areas)).any()
        by_area = (by_area.iloc[:-1] if outside_is_empty else by_area).fillna(0.0)
        total = pd.concat([by_area, total])
    share = total["in_reach"] / total["elderly"].where(total["elderly"] > 0)
    return total.assign(share_in_reach=share).rename_axis("area")


def _facility(
    travel: Travel, facility: int, homes: NDArray[np.int64], xy: NDArray[np.float64],
    elderly: NDArray[np.float64], part: VisitsPart,
) -> dict[str, float]:  # fmt: skip
    """Return the row of one facility."""
    served = homes[elderly[homes] > 0]
    all_rounds = [
        rounds_of(
            _between(travel, sector, facility, part), elderly[sector],
            round_min=part.round_hours * 60, visit_min=part.visit_min,
        )
        for sector in _sectors(served, xy)
    ]  # fmt: skip
    count = sum(rounds.count for rounds in all_rounds)
    visits = float(sum(rounds.visits for rounds in all_rounds))
    return {
        "homes": len(served),
        "elderly": float(elderly[served].sum()),
        "visited": visits,
        "left_out": float(sum(rounds.left_out for rounds in all_rounds)),
        "rounds": count,
        "visits_per_round": visits / count if count else np.nan,
        "travel_min": sum(rounds.travel_min for rounds in all_rounds) / count if count else np.nan,
    }


def _sectors(homes: NDArray[np.int64], xy: NDArray[np.float64]) -> list[NDArray[np.int64]]:
    """Return homes in parts of at most `MOST_HOMES`, by their bearing from the middle."""
    if len(homes) <= MOST_HOMES:
        return [homes] if len(homes) else []
    east, north = (xy[homes] - xy[homes].mean(axis=0)).T
    order = np.argsort(np.arctan2(north, east), kind="stable")
    return [np.sort(homes[some]) for some in np.array_split(order, -(-len(homes) // MOST_HOMES))]


def _between(
    travel: Travel, homes: NDArray[np.int64], facility: int, part: VisitsPart
) -> NDArray[np.float64]:
    """Return the minutes between homes and their facility, the last place.

    Ways of more than twice the limit and `LONGEST_LEG_MIN` are infinite: no carer takes them.
    """
    stops = Snapped(
        *(
            np.append(
                getattr(travel.homes, name)[homes], getattr(travel.facilities, name)[facility]
            )
            for name in Snapped.__slots__
        )
    )
    links = find_links(
        travel.network, stops, stops, direction="back",
        horizon_min=max(2 * part.minutes, LONGEST_LEG_MIN) - travel.extra_min,
    )  # fmt: skip
    between = np.full((len(homes) + 1,) * 2, np.inf)
    # Of a link the facility is where the way begins.
    between[links.facility, links.place] = links.minutes + travel.extra_min
    return between


def _only(snapped: Snapped, kept: NDArray[np.bool_]) -> Snapped:
    """Return the places with those not kept taken off the network."""
    return Snapped(
        edge=np.where(kept, snapped.edge, -1),
        fraction=np.where(kept, snapped.fraction, np.nan),
        distance_m=np.where(kept, snapped.distance_m, np.nan),
        leg_s=np.where(kept, snapped.leg_s, np.nan),
        component=np.where(kept, snapped.component, -1),
    )
