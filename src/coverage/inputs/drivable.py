"""The streets that staff drive home visits on: those of the study's file, else downloaded."""

import geopandas as gpd
import numpy as np
import shapely

from ..cache import Keep
from ..drive import PARK_MIN
from ..errors import DownloadError, Findings, InputError, Problem
from ..network import project
from ..streets import Streets
from ..study import Study
from .drive_rules import FASTEST_KMH
from .osm_file import read_drivable

CACHE = "drive"
"""The folder in the study's ``osm_cache`` for recorded responses of streets to drive: the time of
the walking streets is that of the responses beside theirs."""


def drives(study: Study) -> bool:
    """Tell whether a study sends staff by car."""
    return study.visits is not None and "car" in study.visits.by


def drivable_of_file(
    study: Study, boundary: shapely.Geometry, crs: str, *, sha: str | None, keep: Keep
) -> Streets:
    """Read the streets for cars from the study's street file, as far as a drive in time can go.

    Parameters
    ----------
    study
        One with a street file.
    boundary
        The study area, in `crs`.
    crs
        Projected coordinate system, metres.
    sha
        The file's hash, None for one that cannot be read.
    keep
        Reads, or knows what an earlier run read.

    Returns
    -------
    streets
        As `coverage.inputs.osm_file.read_drivable` returns them.

    Raises
    ------
    InputError
        When the file is missing or damaged, or holds no street for cars near the study area.
    """
    if study.network.file is None:
        raise AssertionError("a study with a street file has one")
    path, box = study.path(study.network.file), _box(study, boundary)
    return keep(
        "drive",
        # That nodes are missing has been said of the walking streets, which are of all ways.
        lambda: _near(read_drivable(path, findings=Findings()), box, crs),
        path.name, sha, box.bounds, crs,
    )  # fmt: skip


def download_streets_to_drive(study: Study, boundary: shapely.Geometry, crs: str) -> Streets:
    """Download the streets for cars through OSMnx, as far as a drive in time can go.

    Parameters
    ----------
    study, boundary, crs
        As in `drivable_of_file`.

    Raises
    ------
    InputError
        When there is none.
    DownloadError
        When the server cannot be reached or answers wrongly.
    """
    box = _box(study, boundary)
    area = gpd.GeoSeries([box], crs=crs).to_crs("EPSG:4326").iloc[0]
    # Imported when something is to be downloaded: OSMnx takes a second.
    from .osm import download_drivable

    try:
        streets = download_drivable(area, cache=study.path(study.network.osm_cache) / CACHE)
    except DownloadError as error:
        # Who has recorded the walking streets alone can still send staff on foot.
        raise DownloadError(
            f"Streets to drive: {error.what}", f"{error.do} Or leave 'car' out of [visits] by."
        ) from error
    return _near(streets, box, crs)


def _box(study: Study, boundary: shapely.Geometry) -> shapely.Polygon:
    """Return where a drive can lead.

    It starts at a facility, in the margin at most, and gets no farther from there in its time.
    """
    minutes = study.visits.minutes if study.visits else 0.0
    margin_m = max(study.margin_m, study.facilities.snap_limit_m)
    beyond_m = margin_m + max(minutes - PARK_MIN, 0.0) / 60 * FASTEST_KMH * 1000
    west, south, east, north = boundary.bounds
    return shapely.box(west - beyond_m, south - beyond_m, east + beyond_m, north + beyond_m)


def _near(streets: Streets, box: shapely.Polygon, crs: str) -> Streets:
    west, south, east, north = box.bounds
    xy = project(streets.lon_lat, crs)
    inside = np.asarray(((xy >= [west, south]) & (xy <= [east, north])).all(axis=1))
    kept = inside[streets.tail] & inside[streets.head]
    if not kept.any():
        raise InputError(
            Problem(
                streets.source, "streets to drive: none of them lies in the study area or near it.",
                "Take an extract with its roads, or leave 'car' out of [visits] by.",
            )
        )  # fmt: skip
    return streets.keep(kept)
