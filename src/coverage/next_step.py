"""The last step of an analysis: what should be done next, where its study asks for it."""

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from .circle import area_of
from .findings import Findings
from .groups import groups_of, sited_groups, thresholds_of
from .load_bearing import losses
from .passing import Access, Passing, passing
from .proposals import Proposals, propose
from .shortcuts import shortcuts
from .study_parts import TIERS
from .weak_points import access_of
from .where_next import WhereNext, middles
from .zones_ranked import rank_zones


def where_next(findings: Findings, *, excluded: shapely.Geometry | None) -> WhereNext:
    """Return where to open next, and what the lines of the network decide.

    Parameters
    ----------
    findings
        The analysis of a study with people and a ``[siting]`` table.
    excluded
        Where nothing may open, in the network's coordinate system.

    Raises
    ------
    UsageError, InputError
        As `coverage.proposals.propose`.
    """
    study = findings.study
    found = propose(findings, excluded=excluded)
    access = access_of(findings)
    links = places = zones = None
    if study.siting is not None and study.siting.lines:
        ask = passing(access)
        links, places = weak_links(findings, ask), best_shortcuts(findings, ask)
    if findings.inputs.zones is not None:
        zones = rank_zones(
            _with_service(access, findings, found.asked.service), findings.inputs.zones,
            _affordable(found), groups=sited_groups(found.asked),
            snap_limit_m=study.facilities.snap_limit_m,
        )  # fmt: skip
    return WhereNext(found.table, _figures(found), links, places, zones)


def _with_service(access: Access, findings: Findings, service: str | None) -> Access:
    """Return who walks where with the service to site as one tier more; the same without one."""
    if service is None:
        return access
    members = groups_of(findings.facilities, findings.study)
    return replace(
        access,
        tiers={**access.tiers, service: members.get(service, np.zeros(0, dtype=np.int64))},
        thresholds_min={**access.thresholds_min, service: thresholds_of(findings.study)[service]},
    )


def weak_links(findings: Findings, ask: Passing) -> gpd.GeoDataFrame:
    """Return the streets not to lose as a reader wants them.

    Returns
    -------
    links
        Index ``rank``: ``name`` (that of the nearest street for one without), ``kind``,
        ``length_m``, ``steps``, ``area``, ``elderly_lost``, ``elderly_lost_circle``,
        ``elderly_lost_<tier>``, ``elderly_using`` (carried to at least one tier), ``alike``,
        ``osm_id`` and the line; see
        `coverage.load_bearing.losses`.
    """
    found = losses(ask).rename(columns={"elderly_using_any": "elderly_using"})
    found["name"] = found["name"].where(found["name"] != "", found["near"])
    columns = ["name", "kind", "length_m", "steps", "area", *_people("elderly_lost"),
               "elderly_using", "alike", "osm_id"]  # fmt: skip
    return _placed(findings, found)[[*columns, "geometry"]]


def best_shortcuts(findings: Findings, ask: Passing) -> gpd.GeoDataFrame:
    """Return the places for a new link as a reader wants them.

    Returns
    -------
    places
        Index ``rank``: ``name`` (of the nearest street), ``kind``, ``length_m`` (in plan),
        ``rise_m`` (without its sign), ``minutes_now`` and ``minutes_then`` (between its ends),
        ``area``, ``elderly_gained``, ``elderly_gained_circle``, ``elderly_gained_<tier>`` and the
        line; see `coverage.shortcuts.shortcuts`.
    """
    found = shortcuts(ask).rename(
        columns={"near": "name", "walk_min": "minutes_now", "link_min": "minutes_then"}
    )
    found["rise_m"] = found["rise_m"].abs()
    columns = ["name", "kind", "length_m", "rise_m", "minutes_now", "minutes_then", "area"]
    return _placed(findings, found)[[*columns, *_people("elderly_gained"), "geometry"]]


def _people(counted: str) -> list[str]:
    return [counted, f"{counted}_circle", *(f"{counted}_{tier}" for tier in TIERS)]


def _placed(findings: Findings, lines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return lines by rank with the area that holds the middle of each; empty for none."""
    areas = findings.inputs.areas
    area = np.full(len(lines), "", dtype=object)
    if areas is not None:
        middle = gpd.GeoDataFrame(geometry=middles(lines))
        area = np.append(areas.index.to_numpy(object), "")[area_of(middle, areas)]
    return lines.assign(area=area).set_index("rank")


def _affordable(found: Proposals) -> gpd.GeoDataFrame:
    """Return the candidates that the budget allows, if there is one."""
    if (budget := found.asked.budget_cny) is None:
        return found.candidates
    return found.candidates[found.candidates["cost_cny"] <= budget]


def _figures(found: Proposals) -> dict[str, Any]:
    choice = found.choice
    return {
        "tier": "" if found.asked.service else found.asked.tier,
        "service": found.asked.service or "",
        "facilities_given": found.given,
        "objective": found.asked.objective,
        "capacity": found.asked.capacity,
        "value": float(choice.value),
        "value_greedy": None
        if np.isnan(choice.greedy_value) or np.isinf(choice.greedy_value)
        else float(choice.greedy_value),
        "status": choice.status,
        "gap": float(choice.gap),
        "elderly_covered_before": found.covered_before,
        "elderly_covered_after": found.covered_after,
        "elderly_covered_greedy": found.covered_greedy,
        "elderly_uncoverable": found.uncoverable,
        "candidates_not_usable": [str(name) for name in found.not_usable.index],
    }
