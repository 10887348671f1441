"""The headline figures of a run, and what a planner should know of them."""

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np

from .inputs.everything import Inputs
from .network import WalkingNetwork
from .study import TIERS, Study

MOVED_M = 50.0
"""A facility whose straight leg to the street is longer is listed, metres."""

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
    gaps: Mapping[str, tuple[int, float, float]],
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
        For each tier the number of listed gaps, their street in metres, and the uncovered street
        that is in no listed gap, metres.
    """
    off = facilities.index[~facilities["snapped"]]
    moved = facilities.index[facilities["snap_m"] > MOVED_M]
    passed = facilities.index[facilities["snap_m"] > facilities["any_street_m"] + PASSED_M]
    apart = facilities.index[facilities["component"] > 0]
    return {
        "study": study.name,
        "title": study.title or study.name,
        "notices": list(study.notices),
        "walker": study.walker,
        "direction": study.direction,
        "threshold_min": {name: tier.threshold_min for name, tier in study.tiers},
        "street_km": _rounded(overall["street_km"]),
        "coverage": {
            key: {
                "covered_km": _rounded(overall[f"covered_km_{key}"]),
                "share": _rounded(overall[f"share_{key}"]),
            }
            for key in (*TIERS, "any", "all")
        },
        "facilities": {tier: int((facilities["tier"] == tier).sum()) for tier in TIERS},
        "gaps": {
            tier: {
                "count": count,
                "street_km": _rounded(listed_m / 1000),
                "unlisted_km": _rounded(unlisted_m / 1000),
            }
            for tier, (count, listed_m, unlisted_m) in gaps.items()
        },
        "network": {
            "source": inputs.streets.source,
            "osm_timestamp": inputs.streets.timestamp,
            "rules": study.network.rules,
            "margin_m": study.margin_m,
            "crs": network.crs,
            "nodes": len(network.node_id),
            "edges": len(network.tail),
            "street_km": _rounded(float(network.length_m.sum()) / 1000),
            "components": int(network.components().max()) + 1,
        },
        "quality": dict(quality),
        "snapping": {
            "not_snapped": list(off),
            "moved_over_50_m": list(moved),
            "passed_a_nearer_street": list(passed),
            "off_the_main_component": list(apart),
        },
        "warnings": [*inputs.warnings, *_warnings(study, list(off), quality)],
    }


def _warnings(study: Study, off: list[str], quality: Mapping[str, Any]) -> list[str]:
    warnings = [
        f"streets: {count} '{tag}' tags make no sense and are passed over"
        for tag, count in quality["absurd_tags"].items()
        if count
    ]
    if off:
        warnings.append(
            f"facilities: {len(off)} have no street within "
            f"{study.facilities.snap_limit_m:g} m and reach nothing: {', '.join(off)}"
        )
    return warnings


def _rounded(value: float) -> float | None:
    """Return the value to six digits after the point; None, which is null, for unknown."""
    return None if np.isnan(value) else round(float(value), 6)
