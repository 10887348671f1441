"""The headline figures of a run, and what a planner should know of them."""

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np

from .by_service import Services, services_summary, services_warnings
from .inputs.everything import Inputs
from .network import WalkingNetwork
from .people import People, people_summary
from .study import Study
from .study_parts import TIERS

MOVED_M = 50.0
"""A facility whose straight leg to the street is longer is listed, metres."""

UNKNOWN_HEIGHT_SHARE = 0.05
"""A share of street without height above this is warned of."""
ODD_RESIDUAL_M = 50.0
"""A median distance between streets and raster above this is warned of, metres."""
PASSED_M = 5.0
"""A facility is listed when a street that it may not stand on (in a tunnel, on a scrap of network)
is nearer by more than this, metres."""


def summarise(
    study: Study,
    inputs: Inputs,
    network: WalkingNetwork,
    facilities: gpd.GeoDataFrame,
    overall: Mapping[str, float],
    quality: Mapping[str, Any],
    gaps: gpd.GeoDataFrame,
    unlisted: Mapping[str, tuple[float, float]],
    people: People | None,
    services: Services | None = None,
) -> dict[str, Any]:
    """Return the content of ``summary.json``; the README documents its keys.

    Parameters
    ----------
    study, inputs, network, facilities
        As in `coverage.result.Result`.
    overall
        Figures of the whole study area, from `coverage.assessment.coverage_of`.
    quality
        From `coverage.quality.assess_quality`.
    gaps
        As in `coverage.result.Result`.
    unlisted
        For each tier (and the circle) elderly people and metres of street that are uncovered and in
        no listed gap.
    people
        Who is covered; None where the study does not say where people live.
    services
        What each service covers; None where no facility offers any.
    """
    counts: dict[str, int] = {tier: int((facilities["tier"] == tier).sum()) for tier in TIERS}
    # Places matter only where there are people to take them.
    places = 0 if people is None else int(facilities["capacity"].isna().sum())
    off = facilities.index[~facilities["snapped"]]
    moved = facilities.index[facilities["snap_m"] > MOVED_M]
    passed = facilities.index[facilities["snap_m"] > facilities["any_street_m"] + PASSED_M]
    apart = facilities.index[(facilities["component"] > 0).fillna(False)]
    return {
        **asked_and_covered(study, overall),
        "facilities": counts,
        "gaps": {
            tier: _gap_figures(gaps[gaps["tier"] == tier], *left) for tier, left in unlisted.items()
        },
        "inventory": dict(inputs.inventory),
        "network": {
            "source": inputs.streets.source,
            "osm_timestamp": inputs.streets.timestamp,
            "rules": study.network.rules,
            "margin_m": study.margin_m,
            "crs": network.crs,
            "nodes": len(network.node_id),
            "edges": len(network.tail),
            "street_km": rounded(float(network.length_m.sum()) / 1000),
            "components": int(network.components().max()) + 1,
        },
        "quality": dict(quality),
        "people": None if people is None else people_summary(people),
        "next": None,
        **({} if services is None else {"services": services_summary(services)}),
        "snapping": {
            "not_snapped": list(off),
            "moved_over_50_m": list(moved),
            "passed_a_nearer_street": list(passed),
            "off_the_main_component": list(apart),
        },
        "warnings": [
            *inputs.warnings,
            *warnings_of(study, list(off), quality, counts, overall["street_km"], places),
            *services_warnings(services, study, len(facilities)),
        ],
    }


def asked_and_covered(study: Study, overall: Mapping[str, float]) -> dict[str, Any]:
    """Return what was asked and how much street is covered, as ``summary.json`` begins.

    Parameters
    ----------
    study, overall
        As in `summarise`.
    """
    return {
        "study": study.name,
        "title": study.title or study.name,
        "notices": list(study.notices),
        "walker": study.walker,
        "direction": study.direction,
        "threshold_min": {name: tier.threshold_min for name, tier in study.tiers},
        "street_km": rounded(overall["street_km"]),
        "coverage": {
            key: {
                "covered_km": rounded(overall[f"covered_km_{key}"]),
                "share": rounded(overall[f"share_{key}"]),
            }
            for key in (*TIERS, "any", "all")
        },
    }


def _gap_figures(
    gaps: gpd.GeoDataFrame, unlisted_elderly: float, unlisted_m: float
) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "count": len(gaps),
        "street_km": rounded(float(gaps["street_m"].sum()) / 1000),
        "unlisted_km": rounded(unlisted_m / 1000),
    }
    if "elderly" in gaps:
        figures["elderly"] = rounded(float(gaps["elderly"].sum()))
        figures["unlisted_elderly"] = rounded(unlisted_elderly)
    return figures


def warnings_of(
    study: Study, off: list[str], quality: Mapping[str, Any], counts: Mapping[str, int],
    street_km: float, unknown_places: int,
) -> list[str]:  # fmt: skip
    """Return what a planner should know.

    Parameters
    ----------
    study
        The study.
    off
        Ids of facilities without a street.
    quality
        From `coverage.quality.assess_quality`; ``absurd_tags`` and ``share_without_elevation``, and
        ``elevation`` where there is a raster.
    counts
        Facilities of each tier.
    street_km
        Street in the study area.
    unknown_places
        How many facilities say nothing of their places.
    """
    warnings = [
        f"streets: {count} '{tag}' tags make no sense and are passed over"
        for tag, count in quality["absurd_tags"].items()
        if count
    ]
    unknown = quality["share_without_elevation"]
    climbs = study.walking.slope == "tobler"
    if climbs and unknown is not None and unknown > UNKNOWN_HEIGHT_SHARE:
        why = "the raster has no height there" if "elevation" in quality else "there is no raster"
        warnings.append(f"elevation: {unknown:.0%} of the street counts as level: {why}")
    if "elevation" in quality and (quality["elevation"]["residual_m"]["p50"] or 0) > ODD_RESIDUAL_M:
        off_by = quality["elevation"]["residual_m"]["p50"]
        warnings.append(
            f"elevation: half of the streets lie {off_by:.0f} m off the raster: is it in metres?"
        )
    for tier, members in counts.items():
        if members == 0:
            warnings.append(f"facilities: there is no {tier} facility, so nothing of it is covered")
    if unknown_places:
        warnings.append(
            f"facilities: {unknown_places} say nothing of their places, and supply none in 2SFCA"
        )
    if street_km == 0:
        warnings.append("streets: there is no street in the study area")
    if off:
        warnings.append(
            f"facilities: {len(off)} have no street within "
            f"{study.facilities.snap_limit_m:g} m and reach nothing: {', '.join(off)}"
        )
    return warnings


def rounded(value: float) -> float | None:
    """Return the value to six digits after the point; None, which is null, for unknown."""
    return None if np.isnan(value) else round(float(value), 6) + 0.0
