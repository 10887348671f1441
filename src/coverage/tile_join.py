"""Joining tiles: the tables, gaps and figures of a study from what its tiles gave back."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .assessment import OUTSIDE_AREAS, SCRAP_M, street_rows
from .circle import area_names, area_of, circle_by_area, circle_of
from .demand import Demand
from .fairness import fairness_of, gini_by_area
from .groups import service_groups, tier_groups
from .inputs.without_streets import SmallInputs
from .outputs.store import save_tables
from .outputs.tables import plain_table
from .people import circle_left, elderly_by_cause
from .people_gaps import Uncovered, left_of, people_gaps
from .pieces import Pieces, union
from .pipeline import with_people
from .study import Study
from .study_parts import BANDS_MIN, TIERS
from .summary import asked_and_covered, rounded, warnings_of
from .tile_assess import (
    KEYS,
    Found,
)
from .tile_ground import Plan
from .tile_place import Placed
from .tile_read import Stood
from .tiles import Components, runs_of

_NO_PIECES = Pieces(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))


@dataclass(frozen=True, slots=True)
class Tiled:
    """What a run in tiles found; the frames are those of `coverage.findings.Findings`.

    Attributes
    ----------
    homes
        As `coverage.people.People.homes`; None without people.
    facilities, streets, areas, gaps
        As of `Findings`; `areas` with their people, and no gaps where people are not known.
    zones
        As `coverage.people.People.zones`.
    summary
        What ``summary.json`` says.
    """

    study: Study
    inputs: SmallInputs
    facilities: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    areas: gpd.GeoDataFrame | None
    zones: pd.DataFrame | None
    homes: gpd.GeoDataFrame | None
    gaps: gpd.GeoDataFrame | None
    summary: dict[str, Any]
    seconds: dict[str, float]


def joined(
    plan: Plan, stood: Sequence[Stood], placed: Placed, found: Sequence[Found],
    service: pd.DataFrame | None, whole: Components, unplaced: tuple[float, float],
) -> Tiled:  # fmt: skip
    """Join what the tiles gave back.

    Parameters
    ----------
    plan
        The plan.
    stood, found
        Of every tile.
    placed
        All facilities, in the study's order.
    service
        What each facility gives, in that order; None without people.
    whole
        The components of the network.
    unplaced
        Population and elderly people of areas with neither a home nor a street.
    """
    study, inputs = plan.study, plan.inputs
    facilities = _facilities(inputs, placed, found, service)
    metres = np.sum([one.street_m for one in found], axis=0)
    overall, areas = _figures(metres[-1]), None
    if inputs.areas is not None:
        areas = _areas(inputs.areas, metres[:-1])
    streets = _streets(found, inputs.crs)
    summary = _summary(plan, stood, facilities, overall, whole)
    if inputs.population is None:
        return Tiled(
            study, inputs, facilities, streets, areas, None, None, None, _rounded(summary), {}
        )
    homes, left = _homes(found)
    by_area = zones = of = None
    if inputs.areas is not None and areas is not None:
        of = area_of(homes, inputs.areas)
        by_area = circle_by_area(homes, inputs.areas, of).join(
            gini_by_area(homes, inputs.areas, of)
        )
        areas = with_people(areas, by_area)
    if inputs.zones is not None:
        zones = circle_by_area(homes, inputs.zones)
    thresholds: dict[str, float] = {name: tier.threshold_min for name, tier in study.tiers}
    uncovered = [
        Uncovered(
            tier=tier,
            minutes=homes[f"minutes_{tier}"].to_numpy(float),
            cause=homes[f"cause_{tier}"].to_numpy(object),
            nearest=homes[f"nearest_{tier}"].to_numpy(object),
            streets=_NO_PIECES,
        )
        for tier in TIERS
    ]
    uncovered.append(circle_left(uncovered, _NO_PIECES))
    street = homes["street"].to_numpy(object)
    area = area_names(homes, inputs.areas, of)
    streets_left = partial(left_of, [left[one.tier] for one in uncovered])
    gaps = people_gaps(
        homes, street, uncovered, streets_left, area=area, facilities=inputs.facilities
    )
    outside = np.sum([one.outside for one in found], axis=0)
    demand = Demand(homes, (float(outside[0]), float(outside[1])), unplaced,
                    inputs.population.assumed)  # fmt: skip
    summary["people"] = {
        **circle_of(homes),
        "homes": len(homes),
        "elderly_outside": demand.outside[1],
        "elderly_unplaced": demand.unplaced[1],
        "assumed": demand.assumed,
        "uncovered_by_cause": {one.tier: elderly_by_cause(one.cause, homes) for one in uncovered},
        "fairness": fairness_of(homes, inputs.areas, thresholds, of),
    }
    summary["gaps"] = {
        tier: {
            "count": len(frame),
            "street_km": float(frame["street_m"].sum()) / 1000,
            "unlisted_km": unlisted_m / 1000,
            "elderly": float(frame["elderly"].sum()),
            "unlisted_elderly": unlisted,
        }
        for tier, (frame, unlisted, unlisted_m) in gaps.items()
    }
    return Tiled(
        study, inputs, facilities, streets, areas, zones, homes.drop(columns="street"),
        pd.concat([frame for frame, _, _ in gaps.values()]), _rounded(summary), {},
    )  # fmt: skip


def _facilities(
    inputs: SmallInputs, placed: Placed, found: Sequence[Found], service: pd.DataFrame | None
) -> gpd.GeoDataFrame:
    stands = placed.edge_key >= 0
    reach = pd.concat([one.reach_km for one in found]).sort_index()
    silent = [] if service_groups(inputs.facilities) else ["services"]
    table = inputs.facilities.drop(columns=silent, errors="ignore").assign(
        snapped=stands,
        snap_m=placed.distance_m,
        street_osm_id=pd.array(placed.street_osm_id, dtype="Int64"),
        component=pd.array(placed.component, dtype="Int64"),
        **{f"street_km_{b}min": reach[f"street_km_{b}min"].to_numpy(float) for b in BANDS_MIN},
        any_street_m=placed.any_street_m,
    )
    table.loc[~stands, ["street_osm_id", "component"]] = pd.NA
    if service is not None:
        table = table.assign(**{str(name): service[name].to_numpy() for name in service})
    return table


def _figures(metres: NDArray[np.float64]) -> dict[str, float]:
    """Return the figures of `coverage.assessment.coverage_of` from metres."""
    figures = {"street_km": metres[0] / 1000}
    for key, covered_m in zip(KEYS, metres[1:].tolist(), strict=True):
        figures[f"covered_km_{key}"] = covered_m / 1000
        figures[f"share_{key}"] = covered_m / metres[0] if metres[0] > 0 else np.nan
    return figures


def _areas(areas: gpd.GeoDataFrame, metres: NDArray[np.float64]) -> gpd.GeoDataFrame:
    """Return `coverage.assessment.areas_coverage` from metres, shape (A + 1, K + 1)."""
    names, shapes = list(map(str, areas.index)), list(areas.geometry)
    if metres[-1, 0] >= SCRAP_M:
        names, shapes = [*names, OUTSIDE_AREAS], [*shapes, shapely.Polygon()]
    rows = [_figures(row) for row in metres[: len(names)]]
    index = pd.Index(names, name="area")
    return gpd.GeoDataFrame(
        pd.DataFrame(rows, index=index), geometry=gpd.GeoSeries(shapes, index=index, crs=areas.crs)
    )


def _streets(found: Sequence[Found], crs: str) -> gpd.GeoDataFrame:
    """Return all streets, those that cross from tile to tile joined."""
    cut = pd.concat([one.cut for one in found], ignore_index=True)
    order = np.lexsort((cut["start"], cut["key"]))
    place = np.argsort(order)
    first = np.cumsum([0, *(len(one.cut) for one in found)])
    covered = {}
    for key in found[0].cut_covered:
        parts = [one.cut_covered[key] for one in found]
        piece = np.concatenate([p.edge + at for p, at in zip(parts, first, strict=False)])
        start, end = (np.concatenate([getattr(p, at) for p in parts]) for at in ("start", "end"))
        covered[key] = union(place[piece], start, end)
    cut = cut.iloc[order].reset_index(drop=True)
    pairs = np.concatenate([one.pairs for one in found])
    run = runs_of(pairs, cut["key"].to_numpy(np.int64))
    across = street_rows(cut.drop(columns=["key", "start"]), covered, run, crs=crs)
    frames = [frame for frame in (*(one.streets for one in found), across) if len(frame)]
    together: gpd.GeoDataFrame = pd.concat(frames or [across], ignore_index=True)
    return together.sort_values(["osm_id", "length_m"], kind="stable", ignore_index=True)


def _homes(found: Sequence[Found]) -> tuple[gpd.GeoDataFrame, dict[str, NDArray[np.float64]]]:
    """Return the homes in the order of a run that is not cut, and the streets not covered."""
    frames = [one.homes for one in found if one.homes is not None]
    order = np.concatenate([one.order for one in found])
    homes: gpd.GeoDataFrame = pd.concat(frames, ignore_index=True)
    homes = homes.iloc[np.argsort(order, kind="stable")].reset_index(drop=True)
    causes = [f"cause_{tier}" for tier in TIERS]
    access = [f"access_{tier}" for tier in TIERS]
    rest = [name for name in homes.columns if name not in (*causes, *access)]
    left = {tier: np.concatenate([one.left[tier] for one in found]) for tier in found[0].left}
    return homes[[*rest, *access, *causes]], left


def _summary(
    plan: Plan, stood: Sequence[Stood], facilities: gpd.GeoDataFrame, overall: dict[str, float],
    whole: Components,
) -> dict[str, Any]:  # fmt: skip
    """Return what ``summary.json`` says of anything but people; its keys are a whole run's."""
    study = plan.study
    street_file = plan.study.network.file
    street_m = sum(one.street_m for one in stood)
    unknown = sum(one.unknown_m for one in stood) / street_m if street_m else None
    quality: dict[str, Any] = {"absurd_tags": {}, "share_without_elevation": unknown}
    if plan.inputs.raster is not None:
        quality["elevation"] = {"residual_m": {"p50": None}}
    off = list(facilities.index[~facilities["snapped"]])
    counts: dict[str, int] = {
        tier: len(members) for tier, members in tier_groups(facilities).items()
    }
    known = plan.inputs.population is not None
    places = int(facilities["capacity"].isna().sum()) if known else 0
    return {
        **asked_and_covered(study, overall),
        "facilities": counts,
        "inventory": dict(plan.inputs.inventory),
        "network": {
            "source": "" if street_file is None else street_file.name,
            "rules": study.network.rules,
            "margin_m": study.margin_m,
            "crs": plan.inputs.crs,
            "nodes": sum(one.nodes for one in stood),
            "edges": sum(one.edges for one in stood),
            "street_km": street_m / 1000,
            "components": whole.count,
        },
        "snapping": {"not_snapped": off},
        "tiles": len(plan.tiling),
        "warnings": [
            *plan.inputs.warnings,
            *warnings_of(study, off, quality, counts, overall["street_km"], places),
        ],
    }


def _rounded(value: Any) -> Any:
    """Return figures as a whole run writes them: to six digits, unknown as None."""
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return rounded(value) if isinstance(value, float) else value


def save_tiled(found: Tiled, folder: Path) -> Path:
    """Write what a run in tiles found, and return the path of ``summary.json``.

    Tables as CSV, ``coverage.gpkg``, ``summary.json`` and ``manifest.json``, each as of a whole
    run; see `coverage.outputs.store.save_tables`.
    """
    degrees = gpd.GeoSeries(found.facilities.geometry).to_crs("EPSG:4326")
    frames = {
        "facilities": found.facilities, "gaps": found.gaps, "areas": found.areas,
        "demand": None if found.homes is None else found.homes.drop(columns="entrances"),
        "streets": found.streets,
    }  # fmt: skip
    tables = {
        "areas": found.areas, "gaps": found.gaps,
        "facilities": found.facilities.assign(lon=degrees.x.round(6), lat=degrees.y.round(6)),
    }  # fmt: skip
    plain = {name: plain_table(frame) for name, frame in tables.items() if frame is not None}
    if found.zones is not None:
        plain["zones"] = found.zones.reset_index()
    return save_tables(
        folder, tables=plain, frames={k: one for k, one in frames.items() if one is not None},
        summary=found.summary, study=found.study, files=found.inputs.files, seconds=found.seconds,
    )  # fmt: skip
