"""A study's care that comes home: whom to visit, the two ways to go, the tables and figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .assessment import OUTSIDE_AREAS
from .circle import TIE_MIN, area_of, snap_homes
from .drive import PARK_MIN, drive_network, parking_edges
from .errors import UsageError
from .inputs.everything import Inputs
from .links import Links
from .network import timed
from .preparation import Ready
from .snapping import snap, snap_facilities
from .study import Study
from .study_parts import VisitsPart
from .summary import rounded
from .visits import BEYOND, IN_REACH, NOT_SNAPPED, Travel, visits_by_area, visits_of
from .walkers import PACKAGED_WALKERS


@dataclass(frozen=True, slots=True)
class HomeVisits:
    """Care that comes home.

    Attributes
    ----------
    facilities
        One row for each way to go and facility. ``by``, ``facility`` (id), ``name``, ``tier`` and
        the columns of `coverage.visits.Visits.facilities`.
    areas
        One row for each way to go and area, the last ``total``; see
        `coverage.visits.visits_by_area`; and ``beyond_every_way``, the same for all ways to go.
    homes
        The homes, all of them: ``area`` (empty without areas), ``elderly``, ``to_visit`` (elderly
        people), for each way to go ``minutes_<by>`` (one way, NaN beyond the limit), ``from_<by>``
        (facility id, empty for none) and ``reach_<by>``, and ``reach``: the first way to go, on
        foot before by car, that reaches it, else `coverage.visits.BEYOND` or
        `coverage.visits.NOT_SNAPPED`.
    """

    facilities: pd.DataFrame
    areas: pd.DataFrame
    homes: gpd.GeoDataFrame

    @property
    def to_visit(self) -> gpd.GeoDataFrame:
        """The homes with anybody to visit."""
        return self.homes[self.homes["to_visit"] > 0]


def require_homes(known: bool) -> None:
    """Refuse to visit people of whom nothing is known.

    Raises
    ------
    UsageError
        When it is not known where people live.
    """
    if not known:
        raise UsageError(
            "The study does not say where old people live, so nobody can be visited.",
            "Add [population] to it, or give --population FILE.",
        )


def senders(study: Study, facilities: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Return the positions of the facilities that send staff.

    Raises
    ------
    UsageError
        When none is of the tiers that do.
    """
    part = study.visits or VisitsPart()
    members = np.flatnonzero(facilities["tier"].isin(part.tiers).to_numpy())
    if len(members) == 0:
        raise UsageError(
            f"No facility of the tiers {', '.join(part.tiers)} is in the study area or near it, "
            "so nobody can be sent.",
            "Name tiers that are there in [visits] tiers.",
        )
    return members


def home_visits(
    study: Study, inputs: Inputs, ready: Ready, points: gpd.GeoDataFrame, links: Links
) -> HomeVisits:
    """Find whom staff reach at home, on foot and by car, and how many rounds that takes.

    Parameters
    ----------
    study
        The study; without ``[visits]`` its defaults count.
    inputs
        What it brings, ``drive`` among it where staff drive.
    ready
        The walking network and where facilities stand on it.
    points
        The homes, as `coverage.demand.Demand.points`.
    links
        Homes and facilities within the study's horizon.

    Raises
    ------
    UsageError
        As `senders`.
    """
    part = study.visits or VisitsPart()
    members = senders(study, inputs.facilities)
    wanted = _to_visit(study, inputs, points, links, members, part)
    named = inputs.facilities.iloc[members]
    ids = np.append(inputs.facilities.index.to_numpy(object), "")
    homes = points[["elderly", points.geometry.name]].assign(to_visit=wanted)
    of = np.zeros(len(points), dtype=np.int64)
    names = np.array([""], dtype=object)
    if inputs.areas is not None:
        of = area_of(points, inputs.areas)
        names = np.array([*map(str, inputs.areas.index), OUTSIDE_AREAS], dtype=object)
    homes.insert(0, "area", names[of])
    tables, areas = [], []
    ways = [by for by in ("foot", "car") if by in part.by]
    for by in ways:
        travel = (_on_foot if by == "foot" else _by_car)(study, inputs, ready, points)
        found = visits_of(travel, points, wanted, members, part)
        table = found.facilities.reset_index(drop=True)
        for place, (key, values) in enumerate(
            {"by": by, "facility": named.index.to_numpy(), "name": named["name"].to_numpy(),
             "tier": named["tier"].to_numpy()}.items()
        ):  # fmt: skip
            table.insert(place, key, values)
        tables.append(table)
        by_area = visits_by_area(found.homes, points, wanted, inputs.areas).reset_index()
        by_area.insert(0, "by", by)
        areas.append(by_area)
        homes[f"minutes_{by}"] = found.homes["visits_min"]
        homes[f"from_{by}"] = ids[found.homes["visits_from"]]
        homes[f"reach_{by}"] = found.homes["visits_reach"]
    homes["reach"] = _first_way(homes, ways)
    out = np.where(homes["reach"].isin([BEYOND, NOT_SNAPPED]), wanted, 0.0)
    out_of = np.bincount(of, weights=out, minlength=len(names))[: len(areas[0]) - 1]
    beyond = np.tile(np.append(out_of, out.sum()), len(ways))
    return HomeVisits(
        pd.concat(tables, ignore_index=True),
        pd.concat(areas, ignore_index=True).assign(beyond_every_way=beyond),
        homes,
    )


def visits_summary(study: Study, found: HomeVisits) -> dict[str, Any]:
    """Return what ``summary.json`` says under ``visits``; unknown is None."""
    part = study.visits or VisitsPart()
    homes = found.to_visit
    figures: dict[str, Any] = {
        "minutes": part.minutes,
        "tiers": list(part.tiers),
        "who": part.who,
        "homes": len(homes),
        "elderly": rounded(float(homes["to_visit"].sum())),
        "elderly_beyond_every_way": rounded(found.areas["beyond_every_way"].iloc[-1]),
    }
    for by, own in found.facilities.groupby("by", sort=False):
        total = found.areas[found.areas["by"] == by].iloc[-1]
        rounds, visited = int(own["rounds"].sum()), float(own["visited"].sum())
        figures[str(by)] = {
            "homes": int(own["homes"].sum()),
            "elderly_in_reach": rounded(total["in_reach"]),
            "share_in_reach": rounded(total["share_in_reach"]),
            "elderly_beyond": rounded(total["beyond"]),
            "elderly_not_snapped": rounded(total["not_snapped"]),
            "elderly_left_out": rounded(float(own["left_out"].sum())),
            "rounds": rounds,
            "visits_per_round": rounded(visited / rounds) if rounds else None,
        }
    return figures


def _first_way(homes: gpd.GeoDataFrame, ways: Sequence[str]) -> NDArray[np.object_]:
    reach = {by: homes[f"reach_{by}"].to_numpy(object) for by in ways}
    snapped = np.any([found != NOT_SNAPPED for found in reach.values()], axis=0)
    first = np.where(snapped, BEYOND, NOT_SNAPPED).astype(object)
    for by in reversed(ways):
        first[reach[by] == IN_REACH] = by
    return first


def _to_visit(
    study: Study, inputs: Inputs, points: gpd.GeoDataFrame, links: Links,
    members: NDArray[np.int64], part: VisitsPart,
) -> NDArray[np.float64]:  # fmt: skip
    """Return the elderly people of each home that are to be visited."""
    elderly: NDArray[np.float64] = points["elderly"].to_numpy(float)
    if part.who == "all":
        return elderly
    tier_of = inputs.facilities["tier"].to_numpy()
    covered = np.zeros(len(points), dtype=bool)
    for name, tier in study.tiers:
        own = links.of(members[tier_of[members] == name])
        covered |= own.nearest(len(points)) <= tier.threshold_min + TIE_MIN
    return np.where(covered, 0.0, elderly)


def _on_foot(study: Study, inputs: Inputs, ready: Ready, points: gpd.GeoDataFrame) -> Travel:
    network = timed(ready.base, PACKAGED_WALKERS["adult"])
    return Travel(
        network,
        snap_homes(network, points, limit_m=study.home_limit_m),
        snap_facilities(study, network, inputs.facilities),
    )


def _by_car(study: Study, inputs: Inputs, _: Ready, points: gpd.GeoDataFrame) -> Travel:
    if inputs.drive is None:
        raise AssertionError("who drives has read the streets for it")
    network = drive_network(inputs.drive, crs=inputs.crs)
    onto = parking_edges(network)
    xy = shapely.get_coordinates(inputs.facilities.geometry.to_numpy())
    return Travel(
        network,
        snap_homes(network, points, limit_m=study.home_limit_m, onto=onto),
        snap(network, xy, onto=onto, limit_m=study.facilities.snap_limit_m),
        PARK_MIN,
    )
