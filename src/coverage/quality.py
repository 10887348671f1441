"""The quality report: what every choice between the map and the minutes did, in numbers."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .elevations import Elevations
from .network import WalkingNetwork, project
from .pace import ESCALATOR, LIFT, STAIRS, STREET
from .stairs import DEFAULT, DEM, TAGGED
from .streets import NOBODY, Streets
from .tags import inclines, layers, step_counts

_PERCENTILES = (50, 90)


def assess_quality(
    streets: Streets, network: WalkingNetwork, elevations: Elevations | None
) -> dict[str, Any]:
    """Return the quality report of a network; the README documents its keys.

    Parameters
    ----------
    streets
        All streets, those that nobody may walk included.
    network
        The walking network made of them.
    elevations
        What the network's heights come from; None without an elevation raster.
    """
    kind, length = network.features.kind, network.length_m
    report: dict[str, Any] = {
        "ways_left_out": _left_out(streets, network.crs),
        "stairs_km_by_source": {
            source: _km(length[(kind == STAIRS) & (network.steps_source == source)])
            for source in (TAGGED, DEM, DEFAULT)
        },
        "stairs": len(set(network.way[kind == STAIRS].tolist())),
        "steps": round(float(network.features.steps.sum())),
        "lifts": len(set(network.way[kind == LIFT].tolist())),
        "escalators": len(set(network.way[kind == ESCALATOR].tolist())),
        "absurd_tags": {
            "step_count": step_counts(network.ways)[1],
            "incline": inclines(network.ways)[2],
            "layer": layers(network.ways)[1],
        },
        "share_without_elevation": _share(length, ~np.isfinite(network.features.rise_m)),
    }
    if elevations is not None:
        residual = np.abs(elevations.residual_m[np.isfinite(elevations.residual_m)])
        report["elevation"] = {
            "nodes_without": int((~np.isfinite(elevations.z)).sum()),
            "residual_m": _percentiles(residual, np.ones(len(residual))),
            "edges_at_class_limit": int(elevations.at_limit.sum()),
            "crossings": elevations.crossings,
            "clear_crossings": elevations.clear_crossings,
            "incline_tags_agreeing": _agreement(network),
            "grade_by_class": _grades(network),
        }
    return report


def _left_out(streets: Streets, crs: str) -> dict[str, dict[str, float]]:
    """Return ways and kilometres that nobody may walk, by rule."""
    closed = (streets.ways["who"] == NOBODY).to_numpy()
    xy = project(streets.lon_lat, crs)
    length = np.hypot(*(xy[streets.head] - xy[streets.tail]).T)
    metres = np.bincount(streets.way, weights=length, minlength=len(streets.ways))
    table = pd.DataFrame({"rule": streets.ways["rule"].to_numpy(), "m": metres})[closed]
    grouped = table.groupby("rule")["m"].agg(["size", "sum"])
    return {
        str(rule): {"ways": int(row["size"]), "km": round(row["sum"] / 1000, 3)}
        for rule, row in grouped.iterrows()
    }


def _agreement(network: WalkingNetwork) -> dict[str, int]:
    """Return how many ways tagged up or down (with known heights) rise as their tags say."""
    sign, _, _ = inclines(network.ways)
    rise = np.bincount(network.way, weights=network.features.rise_m, minlength=len(network.ways))
    judged = np.isfinite(sign) & (sign != 0) & np.isfinite(rise)
    return {"judged": int(judged.sum()), "agreeing": int((sign * rise > 0)[judged].sum())}


def _grades(network: WalkingNetwork) -> dict[str, dict[str, float | None]]:
    """Return percentiles of the absolute grade by class, weighted by length."""
    known = np.isfinite(network.features.rise_m) & np.isin(network.features.kind, [STREET, STAIRS])
    highway = network.ways["highway"].to_numpy()[network.way]
    grade = np.abs(network.features.grade)
    return {
        str(name): _percentiles(grade[here], network.length_m[here])
        for name in sorted({str(h) for h in highway[known]})
        if (here := known & (highway == name)).any()
    }


def _percentiles(
    values: NDArray[np.float64], weight: NDArray[np.float64]
) -> dict[str, float | None]:
    if len(values) == 0 or weight.sum() == 0:
        return dict.fromkeys([f"p{percent}" for percent in _PERCENTILES])
    order = np.argsort(values, kind="stable")
    running = np.cumsum(weight[order])
    return {
        f"p{percent}": round(
            float(values[order[np.searchsorted(running, running[-1] * percent / 100)]]), 4
        )
        for percent in _PERCENTILES
    }


def _km(length_m: NDArray[np.float64]) -> float:
    return round(float(length_m.sum()) / 1000, 3)


def _share(length_m: NDArray[np.float64], chosen: NDArray[np.bool_]) -> float | None:
    total = float(length_m.sum())
    return round(float(length_m[chosen].sum()) / total, 4) if total else None
