"""A finished run, read back from the folder of its results."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio

from ..cache import file_digest
from ..covered_parts import TEXT
from ..errors import Findings, InputError, Problem
from ..study_parts import TIERS

PROCESSED = Path("data/processed")
"""Where a run leaves its results, in a folder of the study's name."""
KEYS = (*TIERS, "any", "all")
"""What coverage is told of: each tier, any of them, all of them."""
_GEOPACKAGE = "coverage.gpkg"
_MAP = "map.html"
_BLOCK = re.compile(r'id="care-circle-packed">([A-Za-z0-9+/=]+)</script>')
_COLUMNS = {
    "streets": {"osm_id", "name", "length_m", *(f"minutes_{tier}" for tier in TIERS),
                *(f"covered_{key}" for key in KEYS), *(f"parts_{tier}" for tier in TIERS)},
    "demand": {"osm_id", "place", "elderly", *(f"covered_{tier}" for tier in TIERS)},
    "areas": {"area", *(f"covered_km_{key}" for key in KEYS)},
    "facilities": {"id", "name", "tier"},
}  # fmt: skip
_SAME_PEOPLE = 1e-3
"""So far may the homes' people be from the summary's, which is rounded."""
_AGAIN = "Run the study again: care-circle run STUDY."


@dataclass(frozen=True, slots=True, eq=False)
class FinishedRun:
    """What a run left in its folder.

    Attributes
    ----------
    folder
        Where it was read from.
    summary, manifest
        The content of ``summary.json`` and ``manifest.json``.
    streets, facilities
        The layers of these names, in the study's coordinate system.
    homes
        The layer ``demand``; None for a study that does not say where people live.
    areas
        The layer ``areas``; None for a study without.
    """

    folder: Path
    summary: Mapping[str, Any]
    manifest: Mapping[str, Any]
    streets: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    homes: gpd.GeoDataFrame | None
    areas: gpd.GeoDataFrame | None

    @property
    def touched(self) -> bool:
        """Whether the GeoPackage has been changed since the run, as an edit in QGIS does."""
        noted = self.manifest["outputs"].get(_GEOPACKAGE)
        return bool(noted != file_digest(self.folder / _GEOPACKAGE))

    def map_block(self) -> bytes | None:
        """Return the packed block of the run's own map; None where the folder has no map.

        Raises
        ------
        InputError
            When the map cannot be read or holds no block.
        """
        path = self.folder / _MAP
        try:
            page = path.read_text(encoding="utf-8")
            found = _BLOCK.search(page)
            if found is not None:
                return base64.b64decode(found[1], validate=True)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise InputError(Problem(str(path), f"cannot be read ({error}).", _AGAIN)) from error
        raise InputError(Problem(str(path), "is damaged: it holds no map.", _AGAIN))


def results_folder(run: str | Path) -> Path:
    """Return the folder of a run: the path as it is, or the study's in `PROCESSED` by its name."""
    folder = Path(run)
    named = PROCESSED / folder
    return named if not folder.exists() and named.is_dir() else folder


def read_runs(*runs: str | Path) -> tuple[FinishedRun, ...]:
    """Read finished runs.

    Parameters
    ----------
    runs
        Each the folder of a run's results, or the name of a study with results in `PROCESSED`.

    Raises
    ------
    InputError
        With every problem of every folder: none of ours, unfinished, made by another version that
        left a layer out, damaged.
    """
    findings, read = Findings(), []
    # The same folder twice has its problems once.
    for folder in dict.fromkeys(map(results_folder, runs)):
        with findings.gather():
            read.append((folder, _read(folder)))
    findings.raise_if_any()
    found = dict(read)
    return tuple(found[results_folder(run)] for run in runs)


def _read(folder: Path) -> FinishedRun:
    if not folder.is_dir():
        known = sorted(path.parent.name for path in PROCESSED.glob("*/manifest.json"))
        names = f" Studies with results: {', '.join(known)}." if known else ""
        raise InputError(
            Problem(str(folder), "is neither a folder nor a study with results.",
                    f"Give the folder that a run has written to, or run the study first.{names}")
        )  # fmt: skip
    files = ("summary.json", "manifest.json", _GEOPACKAGE)
    missing = [name for name in files if not (folder / name).is_file()]
    if len(missing) == len(files):
        raise InputError(
            Problem(str(folder), "holds no results of care-circle.",
                    "Give the folder that a run has written to, by default data/processed/STUDY.")
        )  # fmt: skip
    findings = Findings()
    if missing:
        findings.problem(str(folder), f"is unfinished or has lost {' and '.join(missing)}.", _AGAIN)
    documents: dict[str, Any] = {}
    for name in (one for one in files[:2] if one not in missing):
        with findings.gather():
            documents[name] = _document(folder / name)
    layers: dict[str, gpd.GeoDataFrame] = {}
    if _GEOPACKAGE not in missing:
        manifest = documents.get("manifest.json")
        made_by = "another version" if manifest is None else _version(manifest)
        summary = documents.get("summary.json")
        with findings.gather():
            layers = _layers(folder / _GEOPACKAGE, summary, made_by)
    findings.raise_if_any()
    run = FinishedRun(
        folder=folder,
        summary=documents["summary.json"],
        manifest=documents["manifest.json"],
        streets=layers["streets"],
        facilities=layers["facilities"],
        homes=layers.get("demand") if documents["summary.json"]["people"] else None,
        areas=layers.get("areas"),
    )
    _check_people(run)
    return run


_EXPECTED: Mapping[str, tuple[str, ...]] = {
    "summary.json": ("study", "walker", "direction", "threshold_min", "street_km", "coverage",
                     "people"),
    "manifest.json": ("study", "inputs", "streets", "versions", "outputs"),
}  # fmt: skip
"""What each document must hold for a comparison."""


def _document(path: Path) -> dict[str, Any]:
    where = str(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(Problem(where, f"cannot be read ({error.strerror}).")) from error
    except ValueError as error:
        raise InputError(Problem(where, "is damaged: it is no JSON.", _AGAIN)) from error
    expected = _EXPECTED[path.name]
    if not isinstance(content, dict):
        raise InputError(Problem(where, "is none of care-circle's.", _AGAIN))
    lacking = [key for key in expected if key not in content]
    for key in expected:
        # `study` is a name in the summary; a study without homes has no people.
        named = path.name == "summary.json" and key == "study"
        nobody = key == "people" and content.get(key) is None
        if key in content and key in _TABLES and not (named or nobody):
            lacking += [] if isinstance(content[key], dict) else [key]
    if path.name == "summary.json" and not lacking:
        lacking += _lacking_figures(content)
    if lacking:
        raise InputError(
            Problem(where, f"has no usable {', '.join(lacking)}: another version wrote it.", _AGAIN)
        )
    return content


_TABLES = {"study", "threshold_min", "coverage", "people", "inputs", "streets", "versions",
           "outputs"}  # fmt: skip


def _lacking_figures(summary: Mapping[str, Any]) -> list[str]:
    lacking = [f"threshold_min.{tier}" for tier in TIERS if tier not in summary["threshold_min"]]
    for key in KEYS:
        figures = summary["coverage"].get(key)
        if not isinstance(figures, dict) or "covered_km" not in figures:
            lacking.append(f"coverage.{key}")
    people = summary["people"]
    if people is not None:
        wanted = ("elderly", *(f"elderly_{key}" for key in KEYS))
        lacking += [f"people.{name}" for name in wanted if name not in people]
    return lacking


def _version(manifest: Mapping[str, Any]) -> str:
    return f"care-circle {manifest['versions'].get('care-circle', 'of an unknown version')}"


def _layers(
    path: Path, summary: Mapping[str, Any] | None, made_by: str
) -> dict[str, gpd.GeoDataFrame]:
    """Return the layers that a comparison needs and that the file has."""
    try:
        there = {str(name) for name in pyogrio.list_layers(path)[:, 0]}
    except (pyogrio.errors.DataSourceError, OSError) as error:
        raise InputError(Problem(str(path), "is damaged: it is no GeoPackage.", _AGAIN)) from error
    findings = Findings()
    needed = ["streets", "facilities"]
    if summary is not None and summary["people"] is not None:
        needed.append("demand")
    for name in needed:
        if name not in there:
            findings.problem(
                str(path), f"has no layer '{name}'; {made_by} wrote it, this one needs it.", _AGAIN
            )
    layers = {}
    for name in (layer for layer in _COLUMNS if layer in there):
        with findings.gather():
            layers[name] = _layer(path, name)
    findings.raise_if_any()
    return layers


def _layer(path: Path, name: str) -> gpd.GeoDataFrame:
    try:
        frame = pyogrio.read_dataframe(path, layer=name)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise InputError(
            Problem(str(path), f"is damaged: its layer '{name}' cannot be read.", _AGAIN)
        ) from error
    lacking = sorted(_COLUMNS[name] - set(frame.columns))
    if lacking or not isinstance(frame, gpd.GeoDataFrame):
        what = f"columns {', '.join(lacking)}" if lacking else "geometry"
        raise InputError(
            Problem(str(path), f"has no {what} in its layer '{name}': another version wrote it.",
                    _AGAIN)
        )  # fmt: skip
    if frame.crs is None or frame.crs.is_geographic:
        raise InputError(
            Problem(str(path), f"has no metric coordinate system in its layer '{name}'.", _AGAIN)
        )
    if name == "streets":
        for tier in TIERS:
            if not frame[f"parts_{tier}"].fillna("").astype(str).str.fullmatch(TEXT).all():
                raise InputError(
                    Problem(str(path), f"has no parts in parts_{tier} of its layer "
                            "'streets'.", _AGAIN)
                )  # fmt: skip
    return frame


def _check_people(run: FinishedRun) -> None:
    """Refuse a folder whose files are of two runs: its people would not add up."""
    if run.homes is None:
        return
    elderly = run.homes["elderly"].to_numpy(float)
    covered = np.stack([run.homes[f"covered_{tier}"].to_numpy(bool) for tier in TIERS])
    masks = {**dict(zip(TIERS, covered, strict=True)), "any": covered.any(0), "all": covered.all(0)}
    told = run.summary["people"]
    sums = {f"elderly_{key}": float(elderly[mask].sum()) for key, mask in masks.items()}
    for name, found in {"elderly": float(elderly.sum()), **sums}.items():
        if told[name] is None or abs(found - told[name]) > _SAME_PEOPLE:
            raise InputError(
                Problem(str(run.folder), f"does not fit together: {name} is {told[name]} in "
                        f"summary.json and {found:g} in {_GEOPACKAGE}.", _AGAIN)
            )  # fmt: skip
