"""Every write: all files of a run beside each other first, then renamed into place."""

import json
import os
import platform
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from types import FrameType

import geopandas as gpd
import pandas as pd
import pyogrio

from .. import __version__
from ..errors import OutputError
from ..findings import Findings
from .maps import map_html
from .tables import tables, to_csv, to_workbook

ATTRIBUTION = "© OpenStreetMap contributors, ODbL 1.0"

_VERSIONS_OF = ("geopandas", "networkx", "numpy", "osmium", "osmnx", "pandas", "scipy", "shapely")
_STAGING = ".unfinished-"
_ABANDONED_S = 24 * 3600
"""A left-over so old is nobody's, whatever process has its number by now."""


def save(result: Findings, folder: Path) -> Path:
    """Write the files of a run.

    Parameters
    ----------
    result
        What the analysis found.
    folder
        Where to; made if missing. Files of an earlier run are replaced at the end, each in one
        step, the manifest last, and those that this run has no more are removed; anything else in
        the folder is left alone.

    Returns
    -------
    map
        The path of ``map.html``.

    Raises
    ------
    OutputError
        When the folder or a file cannot be written; earlier results stay whole.
    """
    with _staging(folder) as staging:
        _write_geopackage(result, staging / "coverage.gpkg")
        sheets = tables(result)
        for name, table in sheets.items():
            (staging / f"{name}.csv").write_bytes(to_csv(table))
        (staging / "care-circle.xlsx").write_bytes(to_workbook(sheets))
        _write_json(staging / "summary.json", result.summary)
        (staging / "map.html").write_text(map_html(result), encoding="utf-8", newline="\n")
        written = sorted(path.name for path in staging.iterdir())
        _write_json(staging / "manifest.json", _manifest(result, staging, written))
        _, earlier = _earlier_run(folder)
        with _uninterrupted():
            for name in written:
                (staging / name).replace(folder / name)
            for name in earlier - set(written):
                (folder / name).unlink(missing_ok=True)
            (staging / "manifest.json").replace(folder / "manifest.json")
    return folder / "map.html"


def save_table(table: pd.DataFrame, folder: Path, name: str) -> Path:
    """Write one table as CSV beside the files of a run, and return its path.

    Raises
    ------
    OutputError
        When it cannot be written; an earlier table stays whole.
    """
    path = folder / f"{name}.csv"
    with _staging(folder) as staging:
        (staging / path.name).write_bytes(to_csv(table))
        (staging / path.name).replace(path)
    return path


def ensure_writable(folder: Path) -> None:
    """Make the folder if it is missing, and try it, before hours go into results for it.

    Raises
    ------
    OutputError
        When it cannot be written to.
    """
    with _staging(folder):
        pass


def other_study(folder: Path, name: str) -> str | None:
    """Return the name of the study whose results are in the folder, if it is another one."""
    there, _ = _earlier_run(folder)
    return None if there in (None, name) else there


def _earlier_run(folder: Path) -> tuple[str | None, set[str]]:
    """Return the study and the files of the run that the folder's manifest tells of."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        study, outputs = manifest["study"]["name"], set(manifest["outputs"])
    except (OSError, ValueError, KeyError, TypeError):
        return None, set()  # none, or not one of ours: nothing there is ours to judge
    # A manifest that was tampered with must not reach out of its folder.
    return str(study), {name for name in outputs if Path(str(name)).name == name}


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold a Ctrl-C back until the block is done, so that no half of the files is exchanged."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is interrupted, and only it may set handlers
        return
    held: list[tuple[int, FrameType | None]] = []
    handler = signal.signal(signal.SIGINT, lambda number, frame: held.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if held and callable(handler):
        handler(*held[0])


def _abandoned(left_over: Path) -> bool:
    """Tell whether no run writes there any more; another may write to the folder right now."""
    try:
        if time.time() - left_over.stat().st_mtime > _ABANDONED_S:
            return True
    except FileNotFoundError:
        return False
    pid = left_over.name.removeprefix(_STAGING).split("-")[0]
    # On Windows os.kill would end the process that it is to ask after.
    if os.name != "posix" or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for left_over in filter(_abandoned, folder.glob(f"{_STAGING}*")):
            shutil.rmtree(left_over, ignore_errors=True)
        staging = Path(tempfile.mkdtemp(prefix=f"{_STAGING}{os.getpid()}-", dir=folder))
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written to ({error.strerror}).", "Choose another --out."
        ) from error
    try:
        yield staging
    except (OSError, pyogrio.errors.DataSourceError, pyogrio.errors.FeatureError) as error:
        raise OutputError(
            f"The results could not be written to {folder} ({error}).",
            "Close programs that have its files open, free some space, or choose another --out.",
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _write_geopackage(result: Findings, path: Path) -> None:
    layers = {
        "facilities": result.facilities,
        "streets": result.streets,
        "isochrones": result.isochrones,
        "gaps": result.gaps,
        "areas": result.areas,
        "zones": _zones(result),
        "demand": None if result.people is None else result.people.homes.drop(columns="entrances"),
    }
    # The file's own clock: the time of the data, so that the same results give the same bytes.
    clock = (result.inputs.streets.timestamp or "2000-01-01T00:00:00Z").replace("Z", ".000Z")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": clock})
    try:
        for name, frame in layers.items():
            if frame is not None:
                _write_layer(frame, path, name)
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _zones(result: Findings) -> gpd.GeoDataFrame | None:
    zones = result.inputs.zones
    if zones is None or result.people is None or result.people.zones is None:
        return zones
    figures = result.people.zones
    # A figure takes the place of a column of the user's that has its name.
    return zones.drop(columns=[name for name in figures if name in zones]).join(figures)


def _write_layer(frame: gpd.GeoDataFrame, path: Path, name: str) -> None:
    named_index = isinstance(frame.index.name, str)
    flat = frame.reset_index() if named_index else frame.reset_index(drop=True)
    multi = flat.geom_type.str.startswith("Multi").any()
    pyogrio.write_dataframe(
        flat, path, layer=name, driver="GPKG", append=path.exists(), promote_to_multi=bool(multi)
    )


def _manifest(result: Findings, staging: Path, written: list[str]) -> dict[str, object]:
    return {
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": {step: round(seconds, 3) for step, seconds in result.seconds.items()},
        "versions": {
            "care-circle": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in _VERSIONS_OF},
        },
        "study": json.loads(result.study.model_dump_json()),
        "inputs": result.inputs.files,
        "streets": {
            "source": result.inputs.streets.source,
            "osm_timestamp": result.inputs.streets.timestamp,
            "attribution": ATTRIBUTION,
        },
        "notices": list(result.study.notices),
        "warnings": result.summary["warnings"],
        "outputs": {name: sha256((staging / name).read_bytes()).hexdigest() for name in written},
    }


def _write_json(path: Path, content: object) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
