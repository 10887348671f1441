"""A study's care that comes home: its inputs, the two ways to go, and the tables."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .circle import TIE_MIN, snap_homes
from .drive import PARK_MIN, drive_network, parking_edges
from .errors import Findings, UsageError
from .inputs.drive_rules import FASTEST_KMH
from .inputs.everything import Inputs, read_inputs
from .inputs.osm_file import read_drivable
from .links import find_links
from .network import project, timed
from .notebook import steps_in_notebook
from .pipeline import Progress
from .preparation import Ready, demand_of, prepare
from .snapping import snap, snap_facilities
from .streets import Streets
from .study import Study
from .study_parts import VisitsPart
from .visits import Travel, visits_by_area, visits_of
from .walkers import PACKAGED_WALKERS

_WAYS = {"foot": "on foot 步行", "car": "by car 驾车"}


@dataclass(frozen=True, slots=True)
class HomeVisits:
    """Care that comes home.

    Attributes
    ----------
    part
        What was asked.
    facilities
        One row for each way to go and facility. ``by``, ``facility`` (id), ``name``, ``tier`` and
        the columns of `coverage.visits.Visits.facilities`.
    areas
        One row for each way to go and area, the last ``total``; see
        `coverage.visits.visits_by_area`.
    homes
        The homes with ``to_visit`` (elderly people) and, for each way to go, ``minutes_<by>``,
        ``from_<by>`` (facility id, empty for none) and ``reach_<by>``.
    warnings
        Of the inputs.
    """

    part: VisitsPart
    facilities: pd.DataFrame
    areas: pd.DataFrame
    homes: gpd.GeoDataFrame
    warnings: tuple[str, ...]


def home_visits(study: Study, *, progress: Progress | None = None) -> HomeVisits:
    """Find whom staff reach at home, on foot and by car, and how many rounds that takes.

    Parameters
    ----------
    study
        The study; without ``[visits]`` its defaults count.
    progress
        As in `coverage.run`.

    Raises
    ------
    UsageError
        When the study does not say where people live, has no street file to drive on, or no
        facility of the tiers that send staff.
    InputError
        Listing every problem of every input.
    """
    part = study.visits or VisitsPart()
    _require(study, part)
    show = progress or steps_in_notebook()
    with show("inputs 读取输入"):
        inputs = read_inputs(study)
        members = np.flatnonzero(inputs.facilities["tier"].isin(part.tiers).to_numpy())
        if len(members) == 0:
            raise UsageError(
                f"No facility of the tiers {', '.join(part.tiers)} is in the study area or near "
                "it, so nobody can be sent.",
                "Name tiers that are there in [visits] tiers.",
            )
        findings = Findings()
        streets = _streets_to_drive(study, inputs, part, findings) if "car" in part.by else None
    with show("people 人口"):
        ready = prepare(study, inputs)
        demand = demand_of(inputs, ready.base)
        if demand is None:
            raise UsageError(*_NO_PEOPLE)
        points = demand.points
        wanted = _to_visit(study, inputs, ready, points, members, part)
    tables, areas = [], []
    homes = points.assign(to_visit=wanted)
    ids = np.append(inputs.facilities.index.to_numpy(object), "")
    for by in dict.fromkeys(part.by):
        with show(_WAYS[by]):
            if by == "car" and streets is not None:
                travel = _by_car(study, inputs, points, streets)
            else:
                travel = _on_foot(study, inputs, ready, points)
            found = visits_of(travel, points, wanted, members, part)
        named = inputs.facilities.iloc[members]
        table = found.facilities.reset_index(drop=True)
        table.insert(0, "by", by)
        for place, key in enumerate(("name", "tier"), start=1):
            table.insert(place, key, named[key].to_numpy())
        table.insert(1, "facility", named.index.to_numpy())
        tables.append(table)
        by_area = visits_by_area(found.homes, points, wanted, inputs.areas).reset_index()
        by_area.insert(0, "by", by)
        areas.append(by_area)
        homes[f"minutes_{by}"] = found.homes["visits_min"]
        homes[f"from_{by}"] = ids[found.homes["visits_from"]]
        homes[f"reach_{by}"] = found.homes["visits_reach"]
    return HomeVisits(
        part, pd.concat(tables, ignore_index=True), pd.concat(areas, ignore_index=True), homes,
        (*inputs.warnings, *findings.warnings),
    )  # fmt: skip


_NO_PEOPLE = (
    "The study does not say where old people live, so nobody can be visited.",
    "Add [population] to it, or give --population FILE.",
)


def _require(study: Study, part: VisitsPart) -> None:
    """Raise `UsageError` for what the study lacks altogether, everything at once."""
    lacks = []
    if study.population is None:
        lacks.append(_NO_PEOPLE)
    if "car" in part.by and study.network.file is None:
        lacks.append(
            (
                "A street file is needed for driving; what OSMnx downloads holds walking streets.",
                "Give an .osm.pbf extract with --streets FILE, or ask for --by foot only.",
            )
        )
    if lacks:
        raise UsageError("\n".join(f"{what} {do}" for what, do in lacks))


def _streets_to_drive(
    study: Study, inputs: Inputs, part: VisitsPart, findings: Findings
) -> Streets:
    """Return the streets for cars as far from the study area as a drive in time can go."""
    if study.network.file is None:
        raise AssertionError("asked for before")
    streets = read_drivable(study.path(study.network.file), findings=findings)
    # A drive starts in the margin at most, and gets no farther from there in its time.
    beyond_m = study.margin_m + part.minutes / 60 * FASTEST_KMH * 1000
    west, south, east, north = inputs.boundary.bounds
    xy = project(streets.lon_lat, inputs.crs)
    low, high = np.array([west, south]) - beyond_m, np.array([east, north]) + beyond_m
    inside = np.asarray(((xy >= low) & (xy <= high)).all(axis=1))
    return streets.keep(inside[streets.tail] & inside[streets.head])


def _to_visit(
    study: Study, inputs: Inputs, ready: Ready, points: gpd.GeoDataFrame,
    members: NDArray[np.int64], part: VisitsPart,
) -> NDArray[np.float64]:  # fmt: skip
    """Return the elderly people of each home that are to be visited."""
    elderly: NDArray[np.float64] = points["elderly"].to_numpy(float)
    if part.who == "all":
        return elderly
    places = snap_homes(ready.network, points, limit_m=_home_limit_m(study))
    links = find_links(
        ready.network, ready.snapped, places, direction=study.direction,
        horizon_min=max(tier.threshold_min for _, tier in study.tiers) + TIE_MIN,
    )  # fmt: skip
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
        snap_homes(network, points, limit_m=_home_limit_m(study)),
        snap_facilities(study, network, inputs.facilities),
    )


def _by_car(study: Study, inputs: Inputs, points: gpd.GeoDataFrame, streets: Streets) -> Travel:
    network = drive_network(streets, crs=inputs.crs)
    onto = parking_edges(network)
    xy = shapely.get_coordinates(inputs.facilities.geometry.to_numpy())
    return Travel(
        network,
        snap_homes(network, points, limit_m=_home_limit_m(study), onto=onto),
        snap(network, xy, onto=onto, limit_m=study.facilities.snap_limit_m),
        PARK_MIN,
    )


def _home_limit_m(study: Study) -> float:
    return study.population.snap_limit_m if study.population else 300.0
