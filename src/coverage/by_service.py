"""Coverage, gaps and people by service: those who offer one are taken as a tier's are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from .assessment import OUTSIDE_AREAS, coverage_of, coverages_of
from .circle import area_names, area_of, home_minutes, minutes_figures
from .gaps import find_gaps
from .groups import Groups, said_services, service_groups, thresholds_of
from .isochrones import street_space
from .nearest import minutes_to_nearest
from .network import WalkingNetwork
from .people import People, elderly_by_cause, uncovered_by
from .people_gaps import find_people_gaps
from .pieces import Pieces
from .reach import Reach
from .service_kinds import SERVICE_NAMES_ZH
from .snapping import Snapped
from .study import Study

WHOLE = "whole study area 全部"
"""The row of a table that holds the figures of the whole study area."""


@dataclass(frozen=True, slots=True)
class Services:
    """What the walk to each service is, for those services that some facility offers.

    Attributes
    ----------
    groups
        Positions of the facilities that offer each service.
    threshold_min
        The promised minutes of each of them.
    table
        A row for each part and service, the whole study area (`WHOLE`) first: ``area``,
        ``service``, ``service_zh``, ``street_km``, ``covered_km``, ``share`` (of the street); with
        people also ``elderly`` (who live there), ``elderly_covered``, ``share_elderly`` (of them),
        ``elderly_unreachable`` (beyond the horizon) and ``minutes_median``.
    homes
        Index of `People.homes`; for each service ``minutes_<service>``, ``nearest_<service>``
        (id), ``covered_<service>`` and ``cause_<service>`` (empty where covered). None without
        people.
    gaps
        As `coverage.people_gaps` or, without people, `coverage.gaps` finds them, with ``service``
        in the place of ``tier``.
    causes
        Elderly people not covered, by service and cause; empty without people.
    unlisted
        For each service: elderly people and metres of street in no listed gap.
    silent
        How many facilities say nothing of their services; they count as offering none.
    """

    groups: Groups
    threshold_min: dict[str, float]
    table: pd.DataFrame
    homes: pd.DataFrame | None
    gaps: gpd.GeoDataFrame
    causes: dict[str, dict[str, float]]
    unlisted: dict[str, tuple[float, float]]
    silent: int


def assess_services(
    study: Study,
    network: WalkingNetwork,
    facilities: gpd.GeoDataFrame,
    snapped: Snapped,
    reach: Reach,
    people: People | None,
    *,
    inside: Pieces,
    parts: Mapping[str, Pieces],
    boundary: Any,
    areas: gpd.GeoDataFrame | None,
) -> Services | None:
    """Find out which streets and people each service covers, by area, and where it does not.

    Parameters
    ----------
    study, network, people
        As in `coverage.result.Result`.
    facilities, snapped
        The facilities (index: id; column ``services``), and where they stand.
    reach
        What each of them reaches within each of `Study.cutoffs_min`.
    inside, parts
        The pieces of street in the study area, and by area.
    boundary
        The study area, a polygon.
    areas
        Polygons to report by (index: name), or None.

    Returns
    -------
    services
        None when no facility offers any.
    """
    groups = service_groups(facilities)
    if not groups:
        return None
    promised = {name: thresholds_of(study)[name] for name in groups}
    covered = {name: reach.within(promised[name], own) for name, own in groups.items()}
    streets = {WHOLE: coverage_of(network, inside, covered)}
    if areas is not None:
        of_parts = coverages_of(network, parts, covered)
        streets |= {
            area: dict(zip(map(str, of_parts), figures, strict=True))
            for area, figures in zip(parts, of_parts.to_numpy(float).tolist(), strict=True)
        }
    silent = int((said_services(facilities) == "").sum())
    if people is None:
        gaps, unlisted = _street_gaps(
            study, network, facilities, snapped, groups, promised, covered,
            inside=inside, boundary=boundary, areas=areas,
        )  # fmt: skip
        return Services(
            groups=groups, threshold_min=promised, table=_table(groups, streets, {}), homes=None,
            gaps=gaps, causes={}, unlisted=unlisted, silent=silent,
        )  # fmt: skip
    homes = home_minutes(
        people.demand.points, people.places, people.links, groups, promised, facilities.index
    )
    uncovered = uncovered_by(
        study, network, homes, people.places, facilities, snapped, groups, promised, covered
    )
    area = area_names(homes, areas)
    found = find_people_gaps(
        network, inside, homes, people.places, uncovered, area=area, facilities=facilities
    )
    own = pd.DataFrame(
        {f"{what}_{name}": homes[f"{what}_{name}"]
         for name in groups for what in ("minutes", "nearest", "covered")}
    ).assign(**{f"cause_{one.tier}": one.cause for one in uncovered})  # fmt: skip
    return Services(
        groups=groups,
        threshold_min=promised,
        table=_table(groups, streets, _by_part(homes, areas)),
        homes=own,
        gaps=_named(pd.concat([gaps for gaps, _, _ in found.values()])),
        causes={one.tier: elderly_by_cause(one.cause, homes) for one in uncovered},
        unlisted={name: (elderly, metres) for name, (_, elderly, metres) in found.items()},
        silent=silent,
    )


def services_summary(services: Services) -> dict[str, dict[str, Any]]:
    """Return what ``summary.json`` says of the services; the README documents its keys."""
    whole: dict[str, dict[Any, Any]] = {
        row["service"]: row
        for row in services.table[services.table["area"] == WHOLE].to_dict("records")
    }
    return {
        name: {
            "facilities": len(members),
            "threshold_min": services.threshold_min[name],
            "covered_km": _number(whole[name]["covered_km"]),
            "share": _number(whole[name]["share"]),
            **(
                {
                    "elderly": _number(whole[name]["elderly_covered"]),
                    "share_elderly": _number(whole[name]["share_elderly"]),
                    "minutes_median": _number(whole[name]["minutes_median"]),
                    "uncovered_by_cause": services.causes[name],
                }
                if services.homes is not None
                else {}
            ),
            "gaps": int((services.gaps["service"] == name).sum()),
        }
        for name, members in services.groups.items()
    }


def services_warnings(services: Services | None, study: Study, facilities: int) -> list[str]:
    """Return what a planner should know: who is silent, and what nobody offers."""
    warnings = []
    offered = {} if services is None else services.groups
    if services is not None and services.silent:
        warnings.append(
            f"facilities: {services.silent} of {facilities} say nothing of their services, and "
            "count as offering none"
        )
    missing = [name for name, _ in study.services or () if name not in offered]
    return [*warnings, *(f"services: no facility offers {name}" for name in missing)]


def _street_gaps(
    study: Study, network: WalkingNetwork, facilities: gpd.GeoDataFrame, snapped: Snapped,
    groups: Groups, promised: Mapping[str, float], covered: Mapping[str, Pieces], *,
    inside: Pieces, boundary: Any, areas: gpd.GeoDataFrame | None,
) -> tuple[gpd.GeoDataFrame, dict[str, tuple[float, float]]]:  # fmt: skip
    found = {
        name: find_gaps(
            network, inside, covered[name],
            minutes_to_nearest(
                network, snapped, members, direction=study.direction, horizon_min=study.horizon_min
            ),
            tier=name, beyond_min=promised[name],
            covered_space=street_space(network.lines_of(covered[name])),
            boundary=boundary, areas=areas, facilities=facilities,
        )
        for name, members in groups.items()
    }  # fmt: skip
    unlisted = {name: (0.0, metres) for name, (_, metres) in found.items()}
    return _named(pd.concat([gaps for gaps, _ in found.values()])), unlisted


def _named(gaps: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return gaps.rename(columns={"tier": "service"})


def _by_part(
    homes: gpd.GeoDataFrame, areas: gpd.GeoDataFrame | None
) -> dict[str, gpd.GeoDataFrame]:
    """Return the homes of the whole study area, of each area, and of none of them."""
    parts = {WHOLE: homes}
    if areas is not None:
        of = area_of(homes, areas)
        names = [*map(str, areas.index), OUTSIDE_AREAS]
        parts |= {name: homes[of == place] for place, name in enumerate(names)}
    return parts


def _table(
    groups: Groups, streets: Mapping[str, Mapping[str, float]], homes: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for area in dict.fromkeys((*streets, *(name for name, own in homes.items() if len(own)))):
        street = streets.get(area, {})
        for name in groups:
            row: dict[str, Any] = {
                "area": area,
                "service": name,
                "service_zh": SERVICE_NAMES_ZH[name],
                "street_km": street.get("street_km", 0.0),
                "covered_km": street.get(f"covered_km_{name}", 0.0),
                "share": street.get(f"share_{name}", np.nan),
            }
            rows.append(row | (_people(homes[area], name) if area in homes else {}))
    return pd.DataFrame(rows)


def _people(homes: pd.DataFrame, name: str) -> dict[str, float]:
    elderly = homes["elderly"].to_numpy(float)
    figures = minutes_figures(homes, name)
    covered, total = float(elderly[homes[f"covered_{name}"].to_numpy(bool)].sum()), elderly.sum()
    return {
        "elderly": float(total),
        "elderly_covered": covered,
        "share_elderly": covered / total if total else np.nan,
        "elderly_unreachable": figures[f"elderly_unreachable_{name}"],
        "minutes_median": figures[f"minutes_median_{name}"],
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6) + 0.0
