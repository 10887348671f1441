"""Where a study is: its area, its areas to report by, its coordinate system; and its files."""

from pathlib import Path
from typing import TypeVar

import geopandas as gpd
import shapely

from ..cache import file_digest
from ..errors import Findings, InputError, Problem
from ..study import Study
from ..study_parts import AreasPart, ElevationPart, PopulationPart
from .areas import read_areas, read_boundary

_UTM_NORTH, _UTM_SOUTH = 84.0, -80.0
_WIDEST_DEGREES = 6.0

P = TypeVar("P", AreasPart, ElevationPart, PopulationPart)


def network_area(study: Study) -> shapely.Geometry:
    """Return the study area with its margin, EPSG:4326; reads nothing but what says where it is.

    Raises
    ------
    InputError, DownloadError
        As `read_inputs` does.
    """
    findings = Findings()
    areas = areas_of(study, study.areas, "areas", {}, findings)
    boundary = boundary_of(study, areas, {}, findings)
    findings.raise_if_any()
    if boundary is None:
        raise AssertionError("a boundary that is missing has left a problem")
    series = gpd.GeoSeries([boundary], crs="EPSG:4326")
    crs = local_crs(boundary, findings)
    return with_margin(boundary, series.to_crs(crs).iloc[0], crs, study)


def local_crs(boundary: shapely.Geometry, findings: Findings) -> str:
    """Return the UTM zone of a study area's middle."""
    west, south, east, north = boundary.bounds
    if north > _UTM_NORTH or south < _UTM_SOUTH:
        raise InputError(
            Problem("boundary", "the study area reaches beyond 84° N or 80° S.",
                    "No metric coordinate system is used there.")
        )  # fmt: skip
    if east - west > _WIDEST_DEGREES:
        findings.warn(
            "boundary", f"the study area is {east - west:.1f}° wide; lengths far from its middle "
            "are off by more than 0.1 %",
        )  # fmt: skip
    return str(gpd.GeoSeries([boundary], crs="EPSG:4326").estimate_utm_crs())


def noted(study: Study, relative: Path, files: dict[str, str]) -> Path:
    """Return a file's path, its SHA-256 put down in `files` by the name that the study gives it."""
    path = study.path(relative)
    if path.is_file():
        files[str(relative)] = file_digest(path)
    return path


def is_there(study: Study, file: Path, if_present: bool) -> bool:
    """Tell whether a part's file is to be read: one that may be missing, only if it is there."""
    return not if_present or study.path(file).is_file()


def present(study: Study, part: P | None) -> P | None:
    """Return a part whose file is to be read, else None."""
    return part if part and is_there(study, part.file, part.if_present) else None


def areas_of(
    study: Study, part: AreasPart | None, purpose: str, files: dict[str, str], findings: Findings
) -> gpd.GeoDataFrame | None:
    """Read polygons to report by, if the study names any; problems go to `findings`."""
    part = present(study, part)
    if part is None:
        return None
    with findings.gather():
        path = noted(study, part.file, files)
        return read_areas(path, part.name_column, findings, purpose=purpose)
    return None


def boundary_of(
    study: Study, areas: gpd.GeoDataFrame | None, files: dict[str, str], findings: Findings
) -> shapely.Geometry | None:
    """Return the study area, EPSG:4326; None when a problem has been noted."""
    with findings.gather():
        if study.boundary is not None:
            return read_boundary(noted(study, study.boundary, files), findings)
        if study.place is not None:
            # Imported when somebody is to be asked: OSMnx takes a second.
            from .osm import geocode

            places = (study.place,) if isinstance(study.place, str) else study.place
            return geocode(places, cache=study.path(study.network.osm_cache))
        if areas is not None:
            return areas.union_all()
        if not findings.problems:
            findings.problem(
                study.areas.file if study.areas else "boundary",
                "the study area: the areas' file is not there, and nothing else says where it is.",
                "Put the file there, or set 'place' or 'boundary'.",
            )
    return None


def facility_area(boundary: shapely.Geometry, crs: str, study: Study) -> shapely.Geometry:
    """Return where a facility may serve the study area, EPSG:4326."""
    reach_m = max(study.margin_m, study.facilities.snap_limit_m)
    return gpd.GeoSeries([boundary.buffer(reach_m)], crs=crs).to_crs("EPSG:4326").iloc[0]


def with_margin(
    boundary: shapely.Geometry, local: shapely.Geometry, crs: str, study: Study
) -> shapely.Geometry:
    """Return the study area with its margin, EPSG:4326."""
    if not study.margin_m:
        return boundary
    return gpd.GeoSeries([local.buffer(study.margin_m)], crs=crs).to_crs("EPSG:4326").iloc[0]
