"""Every write: all files of a run beside each other first, then renamed into place."""

import json
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio

from .. import __version__
from ..errors import OutputError
from ..result import Result
from .maps import map_html
from .tables import tables, to_csv, to_workbook

ATTRIBUTION = "© OpenStreetMap contributors, ODbL 1.0"

_VERSIONS_OF = ("geopandas", "networkx", "numpy", "osmium", "osmnx", "pandas", "scipy", "shapely")
_STAGING = ".unfinished-"


def save(result: Result, folder: Path) -> Path:
    """Write the files of a run.

    Parameters
    ----------
    result
        What the analysis found.
    folder
        Where to; made if missing. Files of an earlier run are replaced at the end, each in one
        step, the manifest last; anything else in the folder is left alone.

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
        for name in (*written, "manifest.json"):
            (staging / name).replace(folder / name)
        if result.areas is None:
            (folder / "areas.csv").unlink(missing_ok=True)
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


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for left_over in folder.glob(f"{_STAGING}*"):
            shutil.rmtree(left_over, ignore_errors=True)
        staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=folder))
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written to ({error.strerror}).", "Choose another --out."
        ) from error
    try:
        yield staging
    except (OSError, pyogrio.errors.DataSourceError) as error:
        raise OutputError(
            f"The results could not be written to {folder} ({error}).",
            "Close programs that have its files open, free some space, or choose another --out.",
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _write_geopackage(result: Result, path: Path) -> None:
    layers = {
        "facilities": result.facilities,
        "streets": result.streets,
        "isochrones": result.isochrones,
        "gaps": result.gaps,
        "areas": result.areas,
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


def _write_layer(frame: gpd.GeoDataFrame, path: Path, name: str) -> None:
    named_index = isinstance(frame.index.name, str)
    flat = frame.reset_index() if named_index else frame.reset_index(drop=True)
    multi = flat.geom_type.str.startswith("Multi").any()
    pyogrio.write_dataframe(
        flat, path, layer=name, driver="GPKG", append=path.exists(), promote_to_multi=bool(multi)
    )


def _manifest(result: Result, staging: Path, written: list[str]) -> dict[str, object]:
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
