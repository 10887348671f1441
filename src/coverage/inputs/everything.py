"""All inputs of a study, read and checked together, so that every problem is told at once."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from ..errors import Findings, InputError, Problem
from ..lifts import split_lifts
from ..squares import cross_squares
from ..streets import Streets
from ..study import AreasPart, ElevationPart, PopulationPart, Study
from .areas import read_areas, read_boundary
from .buildings import COLUMNS, buildings_of_features, read_buildings
from .candidates import read_candidates
from .datum_fit import check_datum
from .elevation import open_elevation, surface_heights
from .facilities import read_facilities
from .facilities_osm import (
    TAGS,
    facilities_of_features,
    facilities_of_file,
    no_facilities,
    with_mapped,
)
from .inventory import Count, take_inventory
from .osm import download_features, download_streets, geocode
from .osm_file import read_streets
from .population import Population, read_population

_UTM_NORTH, _UTM_SOUTH = 84.0, -80.0
_WIDEST_DEGREES = 6.0
"""Width of a UTM zone, within which lengths are off by 0.1 % at most."""

P = TypeVar("P", AreasPart, ElevationPart, PopulationPart)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a study brings, read and checked.

    Attributes
    ----------
    crs
        The projected coordinate system of the study, metres (its UTM zone).
    boundary
        The study area, in `crs`.
    streets
        Streets that may be walked, in the study area and its margin.
    facilities
        As `read_facilities` returns them, in `crs`, those beyond the margin left out; those of
        OpenStreetMap after those of the list.
    inventory
        For each tier that the study has a number of: how many are in the study area, and how many
        there should be.
    areas, zones
        Polygons to report by, in `crs`, or None.
    surface_m
        The elevation raster's smoothed height at every node of `streets`, metres; NaN where it has
        none, None without a raster.
    population, candidates
        As their readers return them, or None.
    buildings
        EPSG:4326, where people are spread over them, else empty.
    files
        SHA-256 of every file that was read, by its path as the study gives it.
    warnings
        What a planner should know.
    """

    crs: str
    boundary: shapely.Geometry
    streets: Streets
    facilities: gpd.GeoDataFrame
    inventory: dict[str, Count]
    areas: gpd.GeoDataFrame | None
    zones: gpd.GeoDataFrame | None
    surface_m: NDArray[np.float64] | None
    population: Population | None
    buildings: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame | None
    files: dict[str, str]
    warnings: tuple[str, ...]


def read_inputs(study: Study) -> Inputs:
    """Read and check every input of a study.

    Raises
    ------
    InputError
        Listing every problem of every input.
    DownloadError
        When streets or a place have to be asked for and no server answers.
    """
    findings = Findings()
    files: dict[str, str] = {}
    areas = _areas(study, study.areas, "areas", files, findings)
    zones = _areas(study, study.zones, "zones", files, findings)
    boundary = _boundary(study, areas, files, findings)
    facilities = None
    with findings.gather():
        facilities = _listed(study, files, findings)
    elevation = population = candidates = None
    with findings.gather():
        if (part := _present(study, study.elevation)) is not None:
            elevation = open_elevation(_noted(study, part.file, files), boundary)
    with findings.gather():
        if (people := _present(study, study.population)) is not None:
            path = _noted(study, people.file, files)
            population = read_population(path, people, boundary, findings, areas=areas)
    with findings.gather():
        if study.candidates and _is_there(
            study, study.candidates.file, study.candidates.if_present
        ):
            candidates = read_candidates(_noted(study, study.candidates.file, files))
    streets = _street_file(study, files, findings)
    # Asking a server comes last, when nothing else can be wrong.
    if boundary is None or facilities is None:
        findings.raise_if_any()
        raise AssertionError("an input that is missing has left a problem")
    crs = _local_crs(boundary, findings)
    local = gpd.GeoSeries([boundary], crs="EPSG:4326").to_crs(crs).iloc[0]
    listed = facilities
    facilities = _in_reach(facilities.to_crs(crs), local, study, findings)
    if areas is not None and not areas.to_crs(crs).intersects(local).any():
        findings.problem(
            study.areas.file if study.areas else "areas",
            "areas: none of them meets the study area.", "Check that both are of one place.",
        )  # fmt: skip
    area = _network_area(boundary, local, crs, study)
    if streets is not None:
        with findings.gather():
            streets = _cut(streets, area, study)
            _check_datum(study, listed, streets, area, crs, findings)
    mapped = no_facilities()
    if study.facilities.from_osm and study.network.file is not None and streets is not None:
        with findings.gather():
            path = study.path(study.network.file)
            mapped = facilities_of_file(path, _facility_area(local, crs, study))
    findings.raise_if_any()
    if streets is None:
        streets = download_streets(
            area,
            rules=study.network.rules,
            rides=study.network.rides,
            truncate_by_edge=_keeps_crossing_segments(study),
            cache=study.path(study.network.osm_cache),
        )
        _check_datum(study, listed, streets, area, crs, findings)
        findings.raise_if_any()
        if study.facilities.from_osm:
            around = _facility_area(local, crs, study)
            cache = study.path(study.network.osm_cache)
            mapped = facilities_of_features(download_features(around, TAGS, cache=cache), around)
    if study.facilities.from_osm:
        facilities = with_mapped(facilities, mapped.to_crs(crs), findings=findings)
    inventory = take_inventory(facilities, study.inventory, boundary=local, findings=findings)
    # Of facilities equally near the first counts: in the order of their ids, not of a file's rows.
    facilities = facilities.sort_index(kind="stable")
    if study.network.rules == "pedestrian":
        # What OSMnx's recipe takes is left as it is.
        streets = split_lifts(cross_squares(streets))
    return Inputs(
        crs=crs,
        boundary=local,
        streets=streets,
        facilities=facilities,
        inventory=inventory,
        areas=None if areas is None else areas.to_crs(crs),
        zones=None if zones is None else zones.to_crs(crs),
        surface_m=None if elevation is None else surface_heights(elevation, streets.lon_lat),
        population=population,
        buildings=_buildings(study, population, area),
        candidates=None if candidates is None else candidates.to_crs(crs),
        files=files,
        warnings=tuple(findings.warnings),
    )


def network_area(study: Study) -> shapely.Geometry:
    """Return the study area with its margin, EPSG:4326; reads nothing but what says where it is.

    Raises
    ------
    InputError, DownloadError
        As `read_inputs` does.
    """
    findings = Findings()
    areas = _areas(study, study.areas, "areas", {}, findings)
    boundary = _boundary(study, areas, {}, findings)
    findings.raise_if_any()
    if boundary is None:
        raise AssertionError("a boundary that is missing has left a problem")
    series = gpd.GeoSeries([boundary], crs="EPSG:4326")
    crs = _local_crs(boundary, findings)
    return _network_area(boundary, series.to_crs(crs).iloc[0], crs, study)


def _local_crs(boundary: shapely.Geometry, findings: Findings) -> str:
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


def _noted(study: Study, relative: Path, files: dict[str, str]) -> Path:
    path = study.path(relative)
    if path.is_file():
        with path.open("rb") as content:
            files[str(relative)] = hashlib.file_digest(content, "sha256").hexdigest()
    return path


def _is_there(study: Study, file: Path, if_present: bool) -> bool:
    return not if_present or study.path(file).is_file()


def _present(study: Study, part: P | None) -> P | None:
    return part if part and _is_there(study, part.file, part.if_present) else None


def _areas(
    study: Study, part: AreasPart | None, purpose: str, files: dict[str, str], findings: Findings
) -> gpd.GeoDataFrame | None:
    part = _present(study, part)
    if part is None:
        return None
    with findings.gather():
        path = _noted(study, part.file, files)
        return read_areas(path, part.name_column, findings, purpose=purpose)
    return None


def _boundary(
    study: Study, areas: gpd.GeoDataFrame | None, files: dict[str, str], findings: Findings
) -> shapely.Geometry | None:
    with findings.gather():
        if study.boundary is not None:
            return read_boundary(_noted(study, study.boundary, files), findings)
        if study.place is not None:
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


def _street_file(study: Study, files: dict[str, str], findings: Findings) -> Streets | None:
    if study.network.file is None:
        return None
    with findings.gather():
        path = _noted(study, study.network.file, files)
        return read_streets(
            path, rules=study.network.rules, rides=study.network.rides, findings=findings
        )
    return None


def _listed(study: Study, files: dict[str, str], findings: Findings) -> gpd.GeoDataFrame:
    """Read the facility list; without one there are no facilities yet."""
    part = study.facilities
    if part.file is None:
        return no_facilities()
    return read_facilities(
        _noted(study, part.file, files),
        datum=part.datum or "wgs84",
        sheet=part.sheet,
        findings=findings,
    )


def _check_datum(
    study: Study,
    listed: gpd.GeoDataFrame,
    streets: Streets,
    area: shapely.Geometry,
    crs: str,
    findings: Findings,
) -> None:
    if study.facilities.file is not None:
        check_datum(
            study.facilities.file, listed, stated=study.facilities.datum, streets=streets,
            area=gpd.GeoSeries([area], crs="EPSG:4326").to_crs(crs).iloc[0], crs=crs,
            findings=findings,
        )  # fmt: skip


def _facility_area(boundary: shapely.Geometry, crs: str, study: Study) -> shapely.Geometry:
    """Return where a facility may serve the study area, EPSG:4326."""
    reach_m = max(study.margin_m, study.facilities.snap_limit_m)
    return gpd.GeoSeries([boundary.buffer(reach_m)], crs=crs).to_crs("EPSG:4326").iloc[0]


def _buildings(
    study: Study, population: Population | None, area: shapely.Geometry
) -> gpd.GeoDataFrame:
    """Return the buildings that people are spread over, EPSG:4326."""
    if population is None or population.areas is None:
        return gpd.GeoDataFrame(columns=list(COLUMNS), geometry="geometry", crs="EPSG:4326")
    if study.network.file is not None:
        return read_buildings(study.path(study.network.file))
    cache = study.path(study.network.osm_cache)
    return buildings_of_features(download_features(area, {"building": ()}, cache=cache))


def _in_reach(
    facilities: gpd.GeoDataFrame, boundary: shapely.Geometry, study: Study, findings: Findings
) -> gpd.GeoDataFrame:
    """Return the facilities in the study area and its margin; name those beyond in a warning."""
    if study.facilities.file is None:
        return facilities
    beyond = facilities.distance(boundary) > max(study.margin_m, study.facilities.snap_limit_m)
    if beyond.all():
        center = facilities.to_crs("EPSG:4326").geometry.iloc[0]
        findings.problem(
            study.facilities.file,
            "facilities: none of them lies in the study area or near it "
            f"(the first is at lon {center.x:.4f}, lat {center.y:.4f}).",
            "Check the place, and that lon and lat are degrees in the right columns.",
        )
        return facilities
    if beyond.any():
        names = ", ".join(map(str, facilities.index[beyond][:20]))
        more = " …" if beyond.sum() > 20 else ""
        findings.warn(
            study.facilities.file,
            f"{int(beyond.sum())} facilities lie beyond the network's margin "
            f"and are left out: {names}{more}",
        )
    return facilities[~beyond]


def _network_area(
    boundary: shapely.Geometry, local: shapely.Geometry, crs: str, study: Study
) -> shapely.Geometry:
    """Return the study area with its margin, EPSG:4326."""
    if not study.margin_m:
        return boundary
    return gpd.GeoSeries([local.buffer(study.margin_m)], crs=crs).to_crs("EPSG:4326").iloc[0]


def _cut(streets: Streets, area: shapely.Geometry, study: Study) -> Streets:
    """Cut the streets of a file to the study area and its margin."""
    shapely.prepare(area)
    inside = shapely.intersects_xy(area, streets.lon_lat)
    if _keeps_crossing_segments(study):
        kept = inside[streets.tail] | inside[streets.head]
        # With both ends outside a segment may still cross a corner of the area.
        rest = np.flatnonzero(~kept)
        ends = np.stack([streets.tail[rest], streets.head[rest]], axis=1)
        kept[rest] = shapely.intersects(area, shapely.linestrings(streets.lon_lat[ends]))
    else:
        kept = inside[streets.tail] & inside[streets.head]
    if not kept.any():
        west, south = streets.lon_lat.min(axis=0)
        east, north = streets.lon_lat.max(axis=0)
        raise InputError(
            Problem(
                str(study.network.file),
                "streets: none of them lies in the study area (they lie between lon "
                f"{west:.3f} and {east:.3f}, lat {south:.3f} and {north:.3f}).",
                "Check that the file and the boundary are of one place.",
            )
        )
    return streets.keep(kept).require_walkable()


def _keeps_crossing_segments(study: Study) -> bool:
    # OSMnx's own network ends with the last node inside.
    return study.network.rules == "pedestrian" or study.margin_m > 0
