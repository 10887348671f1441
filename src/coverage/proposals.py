"""Where the next facilities should open, by the study's own walks."""

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .circle import TIE_MIN, area_names, area_of, snap_homes
from .errors import InputError, Problem, UsageError
from .findings import Findings
from .groups import ALL_GROUPS, groups_of, sited_groups, thresholds_of
from .inputs.candidates_osm import candidates_of_file
from .links import find_links
from .load_bearing import near_names
from .siting import choose_sites, people_covered
from .siting_capacity import people_with_place
from .siting_choice import Choice
from .siting_problem import SitingProblem, needs_within, siting_problem
from .snapping import snap_facilities, usable_edges
from .study_parts import CandidatesPart, SitingPart

DEFAULT_P = 5
LISTED, OSM, STREET = "listed", "osm", "street"


@dataclass(frozen=True, slots=True)
class Proposals:
    """Facilities that should open, in the order to open them.

    Attributes
    ----------
    table
        Index ``proposal`` from 1, in the network's coordinate system: ``candidate``, ``name``,
        ``tier`` (empty for a service), ``service`` (empty for a tier), ``elderly_gained`` (people
        whom this one newly covers), ``elderly_total`` (covered once it is open), ``share_total``
        (of all elderly people), ``cost_cny`` and ``cny_per_person`` (NaN where not known),
        ``floor_area_m2``, ``source`` (`LISTED`, `OSM` or `STREET`), ``area`` and ``geometry``.
    asked
        What was asked for.
    given
        How many facilities of today were counted as given; with none nobody is covered yet.
    choice
        What the solver found, with its bound, gap and status; see `coverage.siting_choice.Choice`.
    elderly
        Elderly people of the study.
    covered_before, covered_after, covered_greedy
        Elderly people covered: today, with the proposals, and with the greedy order instead. Where
        room is counted, these are in the minutes of their tier from a place that is theirs.
    uncoverable, uncoverable_by_area
        Elderly people whom neither a facility nor a candidate can cover, and where they live: by
        area, most first.
    not_usable
        Index: candidate. ``why`` it could not be considered.
    candidates
        Those that could, of `candidates_of`.
    """

    table: gpd.GeoDataFrame
    asked: SitingPart
    given: int
    choice: Choice
    elderly: float
    covered_before: float
    covered_after: float
    covered_greedy: float
    uncoverable: float
    uncoverable_by_area: pd.Series
    not_usable: pd.DataFrame
    candidates: gpd.GeoDataFrame


def street_places(findings: Findings, every_m: float) -> gpd.GeoDataFrame:
    """Return places at regular distances along the usable streets of the study area.

    Of the places at the middle of every usable piece of street the first in each square of
    `every_m` metres is taken, so that they spread evenly and the same ones are found every time.
    Each has the name of the nearest street that has one.
    """
    network = findings.network
    usable = usable_edges(network)
    lines = network.lines()[usable]
    middle = shapely.line_interpolate_point(lines, 0.5, normalized=True)
    xy = shapely.get_coordinates(middle)
    shapely.prepare(findings.inputs.boundary)
    xy = np.unique(xy[shapely.intersects_xy(findings.inputs.boundary, xy)].round(2), axis=0)
    cell = np.floor(xy / every_m).astype(np.int64)
    # The nearest to the centre of its square, so that neighbours are about a step apart.
    off = np.hypot(*(xy - (cell + 0.5) * every_m).T)
    order = np.lexsort((off, cell[:, 1], cell[:, 0]))
    _, first = np.unique(cell[order], axis=0, return_index=True)
    chosen = xy[order[first]]
    ids = [f"street/{number:05d}" for number in range(1, len(chosen) + 1)]
    names = near_names(network, shapely.points(chosen))
    return gpd.GeoDataFrame(
        {"name": names, "floor_area_m2": np.nan, "cost_cny": np.nan, "capacity": np.nan,
         "fits": [ALL_GROUPS] * len(ids)},
        geometry=gpd.points_from_xy(chosen[:, 0], chosen[:, 1]), crs=network.crs,
    ).set_axis(pd.Index(ids, name="id"), axis=0)  # fmt: skip


def candidates_of(findings: Findings, part: CandidatesPart | None = None) -> gpd.GeoDataFrame:
    """Return the candidates of a study in the network's coordinate system, with ``source``.

    They are its list's, with those of OpenStreetMap and of the streets where it asks for them; a
    study that says nothing of candidates gets places along its streets.
    """
    part = part or findings.study.candidates or CandidatesPart(from_streets=True)
    crs, frames = findings.network.crs, []
    if findings.inputs.candidates is not None:
        frames.append(findings.inputs.candidates.to_crs(crs).assign(source=LISTED))
    if part.from_osm:
        if findings.study.network.file is None:
            raise UsageError(
                "Premises of OpenStreetMap are read from a street file, and the study has none.",
                "Set network.file, or use --from-streets.",
            )
        area = gpd.GeoSeries([findings.inputs.boundary], crs=crs).to_crs("EPSG:4326").iloc[0]
        mapped = candidates_of_file(findings.study.path(findings.study.network.file), area)
        frames.append(mapped.to_crs(crs).assign(source=OSM))
    if part.from_streets:
        frames.append(street_places(findings, part.every_m).assign(source=STREET))
    if not frames or not sum(map(len, frames)):
        raise InputError(
            Problem("candidates", "there are none.", "Give a list, or use --from-streets.")
        )
    return pd.concat([frame for frame in frames if len(frame)]).sort_index(kind="stable")


def propose(
    findings: Findings,
    *,
    asked: SitingPart | None = None,
    candidates: gpd.GeoDataFrame | None = None,
    excluded: shapely.Geometry | None = None,
) -> Proposals:
    """Propose the next facilities of a study.

    Parameters
    ----------
    findings
        The study as analysed.
    asked
        What to propose; the study's own without it.
    candidates
        As `candidates_of` returns them, which is where they come from without it.
    excluded
        Where nothing may open, in the network's coordinate system.

    Raises
    ------
    UsageError
        When the study does not say where people live, or what is asked allows nothing.
    InputError
        When no candidate is usable or helps, or no choice satisfies everything.
    """
    study, network, people = findings.study, findings.network, findings.people
    asked = asked or study.siting or SitingPart()
    if people is None:
        raise UsageError(
            "The study does not say where people live, so nobody can be said to gain.",
            "Add [population] to the study.",
        )
    candidates = candidates_of(findings) if candidates is None else candidates
    standing = snap_facilities(study, network, candidates)
    why = np.full(len(candidates), "", dtype=object)
    if excluded is not None:
        why[candidates.intersects(excluded).to_numpy()] = "stands in an excluded area"
    limit_m = study.facilities.snap_limit_m
    why[~standing.found] = f"no street that can be used within {limit_m:g} m"
    names = sited_groups(asked)
    fits = np.array([[n in f for n in names] for f in candidates["fits"]]).reshape(-1, len(names))
    unfit = (why == "") & ~fits.any(axis=1)
    why[unfit] = f"does not fit {asked.service or asked.tier}"
    not_usable = pd.DataFrame({"why": why[why != ""]}, index=candidates.index[why != ""])
    used, kind = np.nonzero(fits & (why == "")[:, None])
    if len(used) == 0:
        named = "; ".join(
            f"{', '.join(map(str, own.index[:10]))}{', …' if len(own) > 10 else ''}: {reason}"
            for reason, own in not_usable["why"].groupby(not_usable["why"])
        )
        do = f"Name {' or '.join(names)} in their column fits, or leave it empty."
        raise InputError(Problem("candidates", f"none of them can be used ({named}).",
                                 do if unfit.any() else "Check their positions."))  # fmt: skip
    homes, old = people.homes, people.homes["elderly"].to_numpy(float)
    thresholds = thresholds_of(study)
    within = np.array([thresholds[name] for name in names]) + TIE_MIN
    coverage_only = asked.objective in ("coverage", "full")
    horizon = float(within.max()) + 1 if coverage_only else study.horizon_min
    home_limit_m = study.home_limit_m
    places = snap_homes(network, homes, limit_m=home_limit_m)
    walks = find_links(network, standing, places, direction=study.direction, horizon_min=horizon)
    members = groups_of(findings.facilities, study)
    own = np.full(len(findings.facilities), -1)
    for at, name in enumerate(names):
        own[members.get(name, [])] = at
    there = np.flatnonzero(own >= 0)
    number = np.full(len(findings.facilities), -1)
    number[there] = np.arange(len(there))
    now = people.links.of(there)
    # Every pair of a candidate and what it fits is a site; its walks are the candidate's.
    order = np.argsort(walks.facility, kind="stable")
    start = np.searchsorted(walks.facility[order], np.arange(len(candidates) + 1))
    count = start[used + 1] - start[used]
    site = np.repeat(np.arange(len(used)), count)
    link = order[np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
                 + np.repeat(start[used], count)]  # fmt: skip
    minutes = np.concatenate([now.minutes, walks.minutes[link]])
    known = np.isfinite(minutes)
    new = len(there) + np.arange(len(used))
    problem = _problem(
        not_usable, old,
        np.concatenate([now.place, walks.place[link]])[known],
        np.concatenate([number[now.facility], len(there) + site])[known],
        minutes[known],
        existing=np.arange(len(there) + len(used)) < len(there),
        name=np.concatenate([
            findings.facilities.index.to_numpy(object)[there],
            candidates.index.to_numpy(object)[used],
        ]),
        kind=np.concatenate([own[there], kind]),
        cost=np.concatenate([
            np.full(len(there), np.nan), candidates["cost_cny"].to_numpy(float)[used]
        ]),
        capacity=_room(
            asked, findings.facilities["capacity"].to_numpy(float)[there], candidates, used
        ),
        xy=np.concatenate([
            shapely.get_coordinates(findings.facilities.geometry.to_numpy()[there]),
            shapely.get_coordinates(candidates.geometry.to_numpy()[used]),
        ]),
    )  # fmt: skip
    limited = asked.p is not None or asked.budget_cny is not None or asked.objective == "full"
    choice = choose_sites(
        problem, asked.objective, within=within,
        p=asked.p if limited else min(DEFAULT_P, len(np.unique(used))),
        budget=asked.budget_cny, spacing_m=asked.spacing_m, gap=asked.gap, seconds=asked.seconds,
        beyond=study.horizon_min if asked.objective == "median" else np.inf,
    )  # fmt: skip
    needs = needs_within(problem, within)

    def covered(sites: NDArray[np.int64]) -> float:
        if problem.limited:
            return people_with_place(problem, within, sites)
        return people_covered(needs, sites)

    totals = np.array([covered(choice.chosen[:n]) for n in range(len(choice.chosen) + 1)])
    row = used[choice.chosen - new[0]]
    return Proposals(
        table=_table(findings, candidates, row,
                     np.array(names, dtype=object)[kind[choice.chosen - new[0]]],
                     totals, float(old.sum()), service=asked.service is not None),
        asked=asked,
        given=len(there),
        choice=choice,
        elderly=float(old.sum()),
        covered_before=float(totals[0]),
        covered_after=float(totals[-1]),
        covered_greedy=covered(choice.greedy),
        uncoverable=float(old[needs.uncoverable].sum()),
        uncoverable_by_area=_by_area(findings, needs.uncoverable),
        not_usable=not_usable,
        candidates=candidates[why == ""],
    )  # fmt: skip


def _problem(not_usable: pd.DataFrame, *given: Any, **more: Any) -> SitingProblem:
    """Return the problem; what is wrong with candidates is told with those not usable at all."""
    try:
        return siting_problem(*given, **more)
    except InputError as error:
        others = [
            Problem(f"candidate {name}", f"{why}.") for name, why in not_usable["why"].items()
        ]
        raise InputError(*error.problems, *others) from error


def _by_area(findings: Findings, homes: NDArray[np.int64]) -> pd.Series:
    """Return the elderly people of some homes by area, most first."""
    if findings.people is None or findings.inputs.areas is None:
        return pd.Series(dtype=float)
    some = findings.people.homes.iloc[homes]
    elderly: pd.Series = some["elderly"].groupby(area_names(some, findings.inputs.areas)).sum()
    return pd.Series(elderly[elderly > 0].sort_values(ascending=False, kind="stable"))


def _room(
    asked: SitingPart, standing: NDArray[np.float64], candidates: gpd.GeoDataFrame,
    used: NDArray[np.int64],
) -> NDArray[np.float64]:  # fmt: skip
    """Return the people whom each site has room for; infinite where it has room for all."""
    known = "capacity" in candidates.columns
    places = candidates["capacity"].to_numpy(float)[used] if known else np.full(len(used), np.nan)
    every = np.concatenate([standing, places])
    if not asked.capacity:
        return np.full(len(every), np.inf)
    if np.isnan(every).all():
        raise UsageError(
            "Neither a facility nor a candidate says how many places it has.",
            "Fill in the column capacity of the lists, or ask without capacity.",
        )
    return np.where(np.isnan(every), np.inf, every * asked.people_per_place)


def _table(
    findings: Findings, candidates: gpd.GeoDataFrame, row: NDArray[np.int64],
    group: NDArray[np.object_], totals: NDArray[np.float64], everybody: float, *, service: bool,
) -> gpd.GeoDataFrame:  # fmt: skip
    chosen = candidates.iloc[row]
    gained, cost = np.diff(totals), chosen["cost_cny"].to_numpy(float)
    area = np.full(len(row), "", dtype=object)
    if (areas := findings.inputs.areas) is not None:
        area = np.append(areas.index.to_numpy(object), "")[area_of(chosen, areas)]
    return gpd.GeoDataFrame(
        {
            "candidate": chosen.index.to_numpy(object), "name": chosen["name"].to_numpy(object),
            "tier": "" if service else group, "service": group if service else "",
            "elderly_gained": gained, "elderly_total": totals[1:],
            "share_total": totals[1:] / everybody if everybody else np.nan, "cost_cny": cost,
            "cny_per_person": np.divide(
                cost, gained, out=np.full(len(row), np.nan), where=gained > 0
            ),
            "floor_area_m2": chosen["floor_area_m2"].to_numpy(float),
            "source": chosen["source"].to_numpy(object), "area": area,
        },
        geometry=chosen.geometry.to_numpy(), crs=findings.network.crs,
        index=pd.RangeIndex(1, len(row) + 1, name="proposal"),
    )  # fmt: skip
