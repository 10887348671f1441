"""What differs between two runs: people and streets gained and lost, in all and by area."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .assessment import OUTSIDE_AREAS
from .circle import area_of
from .inputs.finished_run import KEYS, FinishedRun
from .matching import same_facilities, same_homes
from .street_changes import shares_by_area, street_figures, streets_of_both
from .study_parts import TIERS

COUNTS = ("gained", "lost", "new", "vanished", "recounted")
"""Why covered people differ; ``before + gained - lost + new - vanished + recounted = after``."""
_NOBODY = dict.fromkeys(("before", "after", *COUNTS, "change"), np.nan)
_ROUNDED = 9
_SECRET = "ground.tianditu_key"
_UNSAID = {"name", "title", "notices", "compare"}
"""Keys of a study that change no figure of coverage."""


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """Two runs beside each other.

    Attributes
    ----------
    before, after
        The runs.
    table
        Index: each tier, ``any``, ``all``. ``km_before``, ``km_after``, ``km_change``,
        ``km_gained``, ``km_lost`` (on streets of both runs, place by place), ``km_new`` and
        ``km_vanished`` (covered, on streets of one run only), ``km_redrawn`` (covered in both, and
        drawn longer or shorter), ``km_both`` and ``km_neither`` (covered both times, neither time);
        of elderly people ``before``, ``after``, ``change`` and the `COUNTS`, NaN where a run does
        not know them.
    areas
        One row for each area and key: ``area``, ``key``, ``elderly_before``, ``elderly_after``,
        then as `table`, with ``share_before``, ``share_after``, ``share_change`` of people. What
        lies in no area has rows of its own, so that areas add up. None without areas.
    homes
        All homes of either run, in the first one's coordinate system: ``osm_id``, ``place``,
        ``area``, ``in_before``, ``in_after``, ``elderly_before``, ``elderly_after`` and for each
        key ``change_<key>``: one of `COUNTS`' first four, else empty. None without people.
    facilities
        All facilities of either run, in the first one's coordinate system: ``id``, ``name``,
        ``tier``, and ``change``: ``both``, ``opened`` or ``closed``. One that moves or changes its
        tier closes and opens.
    streets
        All streets of either run, cut so that each row changes as a whole: see
        `coverage.street_changes.streets_of_both`.
    settings
        What differs in the two studies, in words: ``what``, ``before``, ``after``.
    warnings
        Why the two may not be compared, in words.
    """

    before: FinishedRun
    after: FinishedRun
    table: pd.DataFrame
    areas: pd.DataFrame | None
    homes: gpd.GeoDataFrame | None
    facilities: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    settings: pd.DataFrame
    warnings: tuple[str, ...]


def changes_of(before: FinishedRun, after: FinishedRun) -> dict[str, Any]:
    """Return the fields of `Changes` for two runs."""
    crs = before.streets.crs
    streets = streets_of_both(before.streets, after.streets.to_crs(crs))
    homes = None
    if before.homes is not None and after.homes is not None:
        homes = _homes(before.homes, after.homes.to_crs(crs))
    shapes = before.areas if before.areas is not None else after.areas
    areas = None
    if shapes is not None:
        shapes = shapes.to_crs(crs)
        drawn = shapes.geometry.to_numpy()
        shapes = shapes[~shapely.is_empty(drawn) & ~shapely.is_missing(drawn)]
        names = np.append(shapes["area"].to_numpy(object), OUTSIDE_AREAS)
        if homes is not None:
            homes["area"] = names[area_of(homes, shapes)]
        by_name = dict(zip(names[:-1], shapes.geometry, strict=True))
        areas = _areas(homes, streets, shares_by_area(streets, by_name, OUTSIDE_AREAS))
    return {
        "before": before,
        "after": after,
        "table": _table(before, after, homes, streets),
        "areas": areas,
        "homes": homes,
        "facilities": _facilities(before.facilities, after.facilities.to_crs(crs)),
        "streets": streets,
        "settings": pd.DataFrame(_settings(before, after), columns=["what", "before", "after"]),
        "warnings": tuple(_warnings(before, after, homes)),
    }


def _both(before: pd.DataFrame, after: pd.DataFrame, pairs: NDArray[np.int64]) -> tuple[Any, Any]:
    """Return, for every row of either, its positions in the two; -1 for none."""
    only_before = np.setdiff1d(np.arange(len(before)), pairs[:, 0])
    only_after = np.setdiff1d(np.arange(len(after)), pairs[:, 1])
    none = np.full(len(only_after), -1), np.full(len(only_before), -1)
    return (
        np.concatenate([pairs[:, 0], only_before, none[0]]),
        np.concatenate([pairs[:, 1], none[1], only_after]),
    )


def _at(values: NDArray[Any], position: NDArray[np.int64], unknown: Any) -> NDArray[Any]:
    if not len(values):
        return np.full(len(position), unknown)
    return np.where(position >= 0, values[position], unknown)


def _masks(homes: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    tiers = {str(tier): homes[f"covered_{tier}"].to_numpy(bool) for tier in TIERS}
    stack = np.stack(list(tiers.values()))
    return {**tiers, "any": np.asarray(stack.any(axis=0)), "all": np.asarray(stack.all(axis=0))}


def _homes(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    a, b = _both(before, after, same_homes(before, after))
    in_a, in_b = a >= 0, b >= 0
    columns: dict[str, NDArray[Any]] = {}
    for name in ("osm_id", "place"):
        old, new = before[name].to_numpy(object), after[name].to_numpy(object)
        columns[name] = np.where(in_a, _at(old, a, ""), _at(new, b, ""))
    columns |= {
        "in_before": in_a, "in_after": in_b,
        "elderly_before": _at(before["elderly"].to_numpy(float), a, 0.0),
        "elderly_after": _at(after["elderly"].to_numpy(float), b, 0.0),
    }  # fmt: skip
    masks = _masks(before), _masks(after)
    for key in KEYS:
        was, now = _at(masks[0][key], a, False), _at(masks[1][key], b, False)
        columns[f"before_{key}"], columns[f"after_{key}"] = was, now
        columns[f"change_{key}"] = np.select(
            [in_a & in_b & ~was & now, in_a & in_b & was & ~now, ~in_a & now, ~in_b & was],
            ["gained", "lost", "new", "vanished"], default="",
        ).astype(object)  # fmt: skip
    points = np.where(
        in_a, _at(before.geometry.to_numpy(), a, None), _at(after.geometry.to_numpy(), b, None)
    )
    return gpd.GeoDataFrame(columns, geometry=points, crs=before.crs)


def _facilities(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    a, b = _both(before, after, same_facilities(before, after))
    columns: dict[str, NDArray[Any]] = {}
    # As it is called now, where it still is.
    for name in ("id", "name", "tier", "geometry"):
        old, new = before[name].to_numpy(object), after[name].to_numpy(object)
        columns[name] = np.where(b >= 0, _at(new, b, ""), _at(old, a, ""))
    points = columns.pop("geometry")
    columns["change"] = np.select([a < 0, b < 0], ["opened", "closed"], "both").astype(object)
    return gpd.GeoDataFrame(columns, geometry=points, crs=before.crs)


def _people(homes: pd.DataFrame, key: str) -> dict[str, float]:
    """Return covered elderly people before and after, and why they differ.

    Of a home in both runs, those who gain are counted as they are after, those who lose as they
    were before; ``recounted`` is what its head-count has changed where it is covered in both.
    """
    old, new = homes["elderly_before"].to_numpy(float), homes["elderly_after"].to_numpy(float)
    was, now = homes[f"before_{key}"].to_numpy(bool), homes[f"after_{key}"].to_numpy(bool)
    why = homes[f"change_{key}"].to_numpy(object)
    figures = {
        "before": old[was].sum(), "after": new[now].sum(),
        "gained": new[why == "gained"].sum(), "lost": old[why == "lost"].sum(),
        "new": new[why == "new"].sum(), "vanished": old[why == "vanished"].sum(),
        "recounted": (new - old)[was & now].sum(),
    }  # fmt: skip
    figures = {name: round(float(value), _ROUNDED) for name, value in figures.items()}
    return {**figures, "change": round(figures["after"] - figures["before"], _ROUNDED) + 0.0}


def _table(
    before: FinishedRun, after: FinishedRun, homes: gpd.GeoDataFrame | None,
    streets: gpd.GeoDataFrame,
) -> pd.DataFrame:  # fmt: skip
    rows = []
    for key in KEYS:
        told = [float(run.summary["coverage"][key]["covered_km"]) for run in (before, after)]
        row = street_figures(streets, key) | {
            "km_before": told[0], "km_after": told[1], "km_change": round(told[1] - told[0], 6),
        }  # fmt: skip
        if homes is not None:
            row |= _people(homes, key)
        else:
            row |= _NOBODY
            for side, run in (("before", before), ("after", after)):
                if run.summary["people"] is not None:
                    row[side] = float(run.summary["people"][f"elderly_{key}"])
        rows.append(row)
    return pd.DataFrame(rows, index=pd.Index(KEYS, name="key"))


def _areas(
    homes: gpd.GeoDataFrame | None, streets: gpd.GeoDataFrame, shares: dict[str, NDArray[Any]]
) -> pd.DataFrame:
    rows = []
    groups = {} if homes is None else dict(iter(homes.groupby("area", sort=False)))
    for name, share in shares.items():
        group = groups.get(name)
        if name == OUTSIDE_AREAS and group is None and not share.any():
            continue
        if group is None and homes is not None:
            group = homes.iloc[:0]
        totals = [
            np.nan if group is None else float(group[f"elderly_{side}"].sum())
            for side in ("before", "after")
        ]
        for key in KEYS:
            people = _NOBODY if group is None else _people(group, key)
            part = [
                people[side] / total if total > 0 else np.nan
                for side, total in zip(("before", "after"), totals, strict=True)
            ]
            km = street_figures(streets, key, share)
            rows.append(
                {"area": name, "key": key, "elderly_before": totals[0],
                 "elderly_after": totals[1], **people, "share_before": part[0],
                 "share_after": part[1], "share_change": part[1] - part[0], **km,
                 "km_change": km["km_after"] - km["km_before"]}
            )  # fmt: skip
    return pd.DataFrame(rows)


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key))
    else:
        yield name, value


def _settings(before: FinishedRun, after: FinishedRun) -> Iterator[tuple[str, str, str]]:
    """Yield what differs: the study, the files by their hash, the streets' date, the program."""
    told = []
    for run in (before, after):
        study = {k: v for k, v in run.manifest["study"].items() if k not in _UNSAID}
        values = {what: value for what, value in _flat(study) if what != _SECRET}
        values["OpenStreetMap of"] = run.manifest["streets"].get("osm_timestamp")
        values["care-circle"] = run.manifest["versions"].get("care-circle")
        values |= {f"file {_own_name(name)}": f"sha256 {str(digest)[:12]}…"
                   for name, digest in run.manifest["inputs"].items()}  # fmt: skip
        told.append(values)
    for what in dict.fromkeys([*told[0], *told[1]]):
        sides = [values.get(what) for values in told]
        if sides[0] != sides[1]:
            old, new = ("—" if side is None else str(side) for side in sides)
            yield what, old, new


def _own_name(name: str) -> str:
    """Return a file's own name."""
    return name.replace("\\", "/").rsplit("/", 1)[-1]


def _warnings(
    before: FinishedRun, after: FinishedRun, homes: gpd.GeoDataFrame | None
) -> Iterator[str]:
    here, there = before.streets, after.streets.to_crs(before.streets.crs)
    west, south, east, north = here.total_bounds
    other = there.total_bounds
    apart = other[0] > east or other[2] < west or other[1] > north or other[3] < south
    length = [float(run.summary["street_km"]) for run in (before, after)]
    studies = [run.manifest["study"] for run in (before, after)]
    if apart:
        yield "Not comparable: the two runs are of different places. 两次结果地点不同，不可比。"
    elif any(studies[0].get(key) != studies[1].get(key) for key in ("place", "boundary")):
        yield "Not comparable: the study areas differ. 研究范围不同，不可比。"
    elif abs(length[1] - length[0]) > 0.05 * max(length):
        yield (
            f"The study areas may differ: {length[0]:.1f} km of street before, {length[1]:.1f} km "
            "after. 街道总长相差较大，研究范围可能不同。"
        )
    limits = [run.summary["threshold_min"] for run in (before, after)]
    for tier in TIERS:
        if limits[0][tier] != limits[1][tier]:
            yield (
                f"Not comparable for {tier}: within {limits[0][tier]:g} minutes before, "
                f"{limits[1][tier]:g} after. 时限不同，不可比。"
            )
    known = [run.homes is not None for run in (before, after)]
    if known[0] != known[1]:
        yield "Only one of the runs knows where people live: they are not compared. 仅一方有人口。"
    if homes is not None and len(homes):
        alone = int((~(homes["in_before"] & homes["in_after"])).sum())
        if alone:
            yield (
                f"{alone} of {len(homes)} homes are in one run only: they count as new or "
                "vanished. 部分住处仅见于一次结果。"
            )
    if before.areas is not None and after.areas is not None:
        sides = [list(run.areas["area"]) for run in (before, after) if run.areas is not None]
        if sides[0] != sides[1]:
            yield "The areas differ: the first run's are used for both. 片区不同，按前者统计。"
    for run in (before, after):
        if run.touched:
            yield f"{run.folder}: coverage.gpkg was changed after its run. 该文件在运行后被改动。"
