"""Every write: all files of a run beside each other first, then renamed into place."""

import json
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from numpy.typing import NDArray

from ..cache import Keep, compute_anew
from ..errors import OutputError
from ..findings import Findings
from ..study import Study
from .layers import require_formats, write_frames, write_geopackage, write_layers
from .picture_words import ATTRIBUTION
from .report_page import report_html
from .tables import about, tables, to_csv, to_workbook
from .versions import versions

_OF_THE_RUN = {"seconds", "from_cache"}
"""What tells of the run and not of the study: the same results have the same files."""
_STAGING = ".unfinished-"
_ABANDONED_S = 24 * 3600
"""A left-over so old is nobody's, whatever process has its number by now."""


def save(
    result: Findings, folder: Path, *, also: Iterable[str] = (), keep: Keep = compute_anew
) -> Path:
    """Write the files of a run.

    Parameters
    ----------
    result
        What the analysis found.
    folder
        Where to; made if missing. Files of an earlier run are replaced at the end, each in one
        step, the manifest last, and those that this run has no more are removed; anything else in
        the folder is left alone.
    also
        Formats to write every layer in beside the GeoPackage: ``geoparquet``, ``geojson``.
    keep
        Draws and writes, or knows what an earlier run drew from the same.

    Returns
    -------
    map
        The path of ``map.html``.

    Raises
    ------
    OutputError
        When the folder or a file cannot be written; earlier results stay whole.
    UsageError
        For a format that is not known, or whose package is not installed.
    """
    formats = require_formats(also)
    writers: dict[str, Callable[[Path], None]] = {
        "geopackage": lambda to: write_geopackage(result, to / "coverage.gpkg"),
        **{f"layers {name}": partial(write_layers, result, formats=(name,)) for name in formats},
        "tables": lambda to: _write_tables(result, to),
        "map": lambda to: _write_map(result, to),
        "report": lambda to: _write_page(to / "report.html", report_html(result)),
        "picture": lambda to: _write_picture(result, to),
    }
    uses = [getattr(result, f.name) for f in fields(result) if f.name not in _OF_THE_RUN]
    with staged(folder) as staging:
        for step, write in writers.items():
            _put(keep(step, partial(_made, write, staging), versions(), *uses), staging)
        written = sorted(path.name for path in staging.iterdir())
        _write_json(staging / "manifest.json", _manifest(result, staging, written))
        _exchange(staging, folder, written)
    return folder / "map.html"


def save_tables(
    folder: Path, *, tables: Mapping[str, pd.DataFrame], frames: Mapping[str, gpd.GeoDataFrame],
    summary: Mapping[str, Any], study: Study, files: Mapping[str, str],
    seconds: Mapping[str, float],
) -> Path:  # fmt: skip
    """Write tables, layers and figures of a run that has no more, and return the summary's path.

    Parameters
    ----------
    folder
        As of `save`: files of an earlier run that this one has not are removed.
    tables
        By name, each to be a CSV.
    frames
        Layers of the GeoPackage by name, the topmost first.
    summary
        The content of ``summary.json``.
    study, files, seconds
        For the manifest: the study, hashes of its inputs, seconds of every step.

    Raises
    ------
    OutputError
        When the folder or a file cannot be written; earlier results stay whole.
    """
    with staged(folder) as staging:
        for name, table in tables.items():
            (staging / f"{name}.csv").write_bytes(to_csv(table))
        write_frames(frames, staging / "coverage.gpkg", study.notices)
        _write_json(staging / "summary.json", summary)
        written = sorted(path.name for path in staging.iterdir())
        manifest = {
            **_about_run(study, seconds, staging, written),
            "inputs": dict(files),
            "streets": {"source": summary["network"]["source"], "attribution": ATTRIBUTION},
            "warnings": summary["warnings"],
        }
        _write_json(staging / "manifest.json", manifest)
        _exchange(staging, folder, written)
    return folder / "summary.json"


def _exchange(staging: Path, folder: Path, written: list[str]) -> None:
    """Put the files of a run in the place of those of the run before."""
    _, earlier = _earlier_run(folder)
    with _uninterrupted():
        for name in written:
            (staging / name).replace(folder / name)
        for name in earlier - set(written):
            (folder / name).unlink(missing_ok=True)
        (staging / "manifest.json").replace(folder / "manifest.json")


def _made(write: Callable[[Path], None], staging: Path) -> dict[str, NDArray[np.uint8]]:
    """Have a writer write its files into a folder; return them by name, as bytes.

    Those are read from the files where somebody asks for them: a GeoPackage may be large.
    """
    made = {}
    with tempfile.TemporaryDirectory(dir=staging) as folder:
        write(Path(folder))
        for path in sorted(Path(folder).iterdir()):
            path = path.rename(staging / path.name)
            size = path.stat().st_size
            made[path.name] = np.asarray(
                np.memmap(path, dtype=np.uint8, mode="r") if size else np.zeros(0, np.uint8)
            )
    return made


def _put(made: Mapping[str, NDArray[np.uint8]], folder: Path) -> None:
    """Write those files that an earlier run made; those of this one are there.

    Their bytes are let go with this call: some systems move no file that is held.
    """
    for name, content in made.items():
        if not (folder / name).exists():
            (folder / name).write_bytes(content.data)


def _write_tables(result: Findings, folder: Path) -> None:
    sheets = tables(result)
    for name, table in sheets.items():
        (folder / f"{name}.csv").write_bytes(to_csv(table))
    (folder / "care-circle.xlsx").write_bytes(to_workbook(sheets, about(result)))
    _write_json(folder / "summary.json", result.summary)


def _write_map(result: Findings, folder: Path) -> None:
    # Folium takes its time, which only those who draw a map should spend.
    from .maps import map_html

    _write_page(folder / "map.html", map_html(result))


def _write_picture(result: Findings, folder: Path) -> None:
    # matplotlib takes its time, which only those who write a picture should spend.
    from .picture import map_png

    (folder / "map.png").write_bytes(map_png(result))


def _write_page(path: Path, page: str) -> None:
    path.write_text(page, encoding="utf-8", newline="\n")


def save_table(table: pd.DataFrame, folder: Path, name: str) -> Path:
    """Write one table as CSV beside the files of a run, and return its path.

    Raises
    ------
    OutputError
        When it cannot be written; an earlier table stays whole.
    """
    path = folder / f"{name}.csv"
    with staged(folder) as staging:
        (staging / path.name).write_bytes(to_csv(table))
        (staging / path.name).replace(path)
    return path


def save_page(page: str, path: Path) -> Path:
    """Write one page, in one step, and return its path.

    Raises
    ------
    OutputError
        When it cannot be written; an earlier page stays whole.
    """
    with staged(path.parent) as staging:
        (staging / path.name).write_text(page, encoding="utf-8", newline="\n")
        (staging / path.name).replace(path)
    return path


def ensure_writable(folder: Path) -> None:
    """Make the folder if it is missing, and try it, before hours go into results for it.

    Raises
    ------
    OutputError
        When it cannot be written to.
    """
    with staged(folder):
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
def staged(folder: Path) -> Iterator[Path]:
    """Give a folder within another for what is not finished; it goes when all is done.

    Raises
    ------
    OutputError
        When it cannot be made, or what is done inside meets a fault of the disk.
    """
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
    except (
        OSError, pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError,
        pyogrio.errors.FeatureError,
    ) as error:  # fmt: skip
        raise OutputError(
            f"The results could not be written to {folder} ({error}).",
            "Close programs that have its files open, free some space, or choose another --out.",
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _manifest(result: Findings, staging: Path, written: list[str]) -> dict[str, object]:
    return {
        **_about_run(result.study, result.seconds, staging, written),
        "inputs": result.inputs.files,
        "streets": {
            "source": result.inputs.streets.source,
            "osm_timestamp": result.inputs.streets.timestamp,
            "attribution": ATTRIBUTION,
        },
        "warnings": result.summary["warnings"],
    }


def _about_run(
    study: Study, seconds: Mapping[str, float], staging: Path, written: list[str]
) -> dict[str, object]:
    return {
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": {step: round(took, 3) for step, took in seconds.items()},
        "versions": versions(),
        "study": json.loads(study.model_dump_json()),
        "notices": list(study.notices),
        "outputs": {name: sha256((staging / name).read_bytes()).hexdigest() for name in written},
    }


def _write_json(path: Path, content: object) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
