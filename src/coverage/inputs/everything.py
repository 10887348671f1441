"""All inputs of a study, read and checked together, so that every problem is told at once."""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from ..cache import Keep, compute_anew
from ..errors import Findings, InputError, Problem
from ..lifts import split_lifts
from ..squares import cross_squares
from ..streets import Streets
from ..study import Study
from .buildings import COLUMNS, buildings_of_features, read_buildings
from .candidates import read_candidates
from .datum_fit import check_datum
from .drivable import download_streets_to_drive, drivable_of_file, drives
from .elevation import open_elevation, surface_heights
from .extent import (
    areas_of,
    boundary_of,
    facility_area,
    is_there,
    local_crs,
    noted,
    present,
    with_margin,
)
from .facilities import read_facilities
from .facilities_osm import (
    TAGS,
    facilities_of_features,
    facilities_of_file,
    no_facilities,
    with_mapped,
)
from .ground import Ground, no_ground, read_ground, read_water
from .inventory import Count, take_inventory
from .osm_file import read_streets
from .population import Population, read_population

"""Width of a UTM zone, within which lengths are off by 0.1 % at most."""


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
        EPSG:4326: of the street file; downloaded where people are spread over them, else empty.
    ground
        What the map shows beneath the streets, in `crs`, within the margin and some way beyond.
    files
        SHA-256 of every file that was read, by its path as the study gives it.
    warnings
        What a planner should know.
    drive
        Streets that a car may use, where the study sends staff by car to the people it knows of.
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
    ground: Ground
    candidates: gpd.GeoDataFrame | None
    files: dict[str, str]
    warnings: tuple[str, ...]
    drive: Streets | None = None


def read_inputs(study: Study, *, keep: Keep = compute_anew) -> Inputs:
    """Read and check every input of a study.

    Parameters
    ----------
    study
        The study.
    keep
        Reads the large files, or knows what an earlier run read.

    Raises
    ------
    InputError
        Listing every problem of every input.
    DownloadError
        When streets or a place have to be asked for and no server answers.
    """
    findings = Findings()
    files: dict[str, str] = {}
    areas = areas_of(study, study.areas, "areas", files, findings)
    zones = areas_of(study, study.zones, "zones", files, findings)
    boundary = boundary_of(study, areas, files, findings)
    facilities = None
    with findings.gather():
        facilities = read_listed(study, files, findings)
    elevation = population = candidates = None
    with findings.gather():
        if (part := present(study, study.elevation)) is not None:
            elevation = open_elevation(noted(study, part.file, files), boundary)
    with findings.gather():
        if (people := present(study, study.population)) is not None:
            path = noted(study, people.file, files)
            population = read_population(path, people, boundary, findings, areas=areas)
    with findings.gather():
        listed_at = study.candidates.file if study.candidates else None
        if (
            listed_at
            and study.candidates
            and is_there(study, listed_at, study.candidates.if_present)
        ):
            candidates = read_candidates(noted(study, listed_at, files), findings=findings)
    water = no_ground()
    with findings.gather():
        if study.ground and is_there(study, study.ground.water, study.ground.if_present):
            water = read_water(noted(study, study.ground.water, files))
    streets = _street_file(study, files, findings, keep)
    # Asking a server comes last, when nothing else can be wrong.
    if boundary is None or facilities is None:
        findings.raise_if_any()
        raise AssertionError("an input that is missing has left a problem")
    crs = local_crs(boundary, findings)
    local = gpd.GeoSeries([boundary], crs="EPSG:4326").to_crs(crs).iloc[0]
    listed = facilities
    facilities = facilities_in_reach(facilities.to_crs(crs), local, study, findings)
    if areas is not None and not areas.to_crs(crs).intersects(local).any():
        findings.problem(
            study.areas.file if study.areas else "areas",
            "areas: none of them meets the study area.", "Check that both are of one place.",
        )  # fmt: skip
    area = with_margin(boundary, local, crs, study)
    if streets is not None:
        with findings.gather():
            streets = _cut(streets, area, study, keep)
            _check_datum(study, listed, streets, area, crs, findings, keep)
    mapped = no_facilities()
    if study.facilities.from_osm and study.network.file is not None and streets is not None:
        with findings.gather():
            path = study.path(study.network.file)
            mapped = facilities_of_file(path, facility_area(local, crs, study))
    drive, by_car = None, drives(study) and population is not None
    if by_car and streets is not None:
        with findings.gather():
            sha = files.get(str(study.network.file))
            drive = drivable_of_file(study, local, crs, sha=sha, keep=keep)
    findings.raise_if_any()
    if streets is None:
        # Imported when something is to be downloaded: OSMnx takes a second.
        from .osm import download_features, download_streets

        streets = download_streets(
            area,
            rules=study.network.rules,
            rides=study.network.rides,
            truncate_by_edge=_keeps_crossing_segments(study),
            cache=study.path(study.network.osm_cache),
        )
        _check_datum(study, listed, streets, area, crs, findings, keep)
        findings.raise_if_any()
        if study.facilities.from_osm:
            around = facility_area(local, crs, study)
            cache = study.path(study.network.osm_cache)
            mapped = facilities_of_features(download_features(around, TAGS, cache=cache), around)
        if by_car:
            drive = download_streets_to_drive(study, local, crs)
    if study.facilities.from_osm:
        facilities = with_mapped(facilities, mapped.to_crs(crs), findings=findings)
    inventory = take_inventory(facilities, study.inventory, boundary=local, findings=findings)
    # Of facilities equally near the first counts: in the order of their ids, not of a file's rows.
    facilities = facilities.sort_index(kind="stable")
    if study.network.rules == "pedestrian":
        # What OSMnx's recipe takes is left as it is.
        cut = streets
        streets = keep("squares and lifts", lambda: split_lifts(cross_squares(cut)), cut)
    surface_m = None
    if elevation is not None and study.elevation is not None:
        raster, lon_lat = elevation, streets.lon_lat
        sha = files[str(study.elevation.file)]
        surface_m = keep("surface", lambda: surface_heights(raster, lon_lat), sha, lon_lat)
    return Inputs(
        crs=crs,
        boundary=local,
        streets=streets,
        facilities=facilities,
        inventory=inventory,
        areas=None if areas is None else areas.to_crs(crs),
        zones=None if zones is None else zones.to_crs(crs),
        surface_m=surface_m,
        population=population,
        buildings=_buildings(study, population, area, files, keep),
        ground=keep(
            "ground",
            lambda: read_ground(_street_path(study), water, area, crs),
            files.get(str(study.network.file)),
            water,
            area,
            crs,
        ),
        candidates=None if candidates is None else candidates.to_crs(crs),
        files=files,
        warnings=tuple(findings.warnings),
        drive=drive,
    )


def _street_file(
    study: Study, files: dict[str, str], findings: Findings, keep: Keep
) -> Streets | None:
    if study.network.file is None:
        return None
    rules, rides = study.network.rules, study.network.rides
    with findings.gather():
        path = noted(study, study.network.file, files)

        def read() -> tuple[Streets, list[str]]:
            own = Findings()
            found = read_streets(path, rules=rules, rides=rides, findings=own)
            own.raise_if_any()
            return found, own.warnings

        sha = files.get(str(study.network.file))
        streets, warnings = keep("streets", read, path.name, sha, rules, rides)
        findings.warnings += warnings
        return streets
    return None


def _street_path(study: Study) -> Path | None:
    return None if study.network.file is None else study.path(study.network.file)


def read_listed(study: Study, files: dict[str, str], findings: Findings) -> gpd.GeoDataFrame:
    """Read the facility list; without one there are no facilities yet."""
    part = study.facilities
    if part.file is None:
        return no_facilities()
    return read_facilities(
        noted(study, part.file, files),
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
    keep: Keep,
) -> None:
    file, stated = study.facilities.file, study.facilities.datum
    if file is None:
        return

    def compare() -> list[str]:
        own = Findings()
        check_datum(
            file, listed, stated=stated, streets=streets,
            area=gpd.GeoSeries([area], crs="EPSG:4326").to_crs(crs).iloc[0], crs=crs, findings=own,
        )  # fmt: skip
        own.raise_if_any()
        return own.warnings

    with findings.gather():
        findings.warnings += keep("datum", compare, file.name, listed, stated, streets, area, crs)


def _buildings(
    study: Study, population: Population | None, area: shapely.Geometry, files: dict[str, str],
    keep: Keep,
) -> gpd.GeoDataFrame:  # fmt: skip
    """Return the buildings that people are spread over, or else those to be seen, EPSG:4326."""
    spread = population is not None and population.areas is not None
    if (path := _street_path(study)) is not None:
        # People of an area that reaches beyond the network are spread over all its buildings.
        within = None if spread else area
        sha = files.get(str(study.network.file))
        return keep("buildings", lambda: read_buildings(path, within=within), sha, within)
    if not spread:
        return gpd.GeoDataFrame(columns=list(COLUMNS), geometry="geometry", crs="EPSG:4326")
    from .osm import download_features

    cache = study.path(study.network.osm_cache)
    return buildings_of_features(download_features(area, {"building": ()}, cache=cache))


def facilities_in_reach(
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


def _cut(streets: Streets, area: shapely.Geometry, study: Study, keep: Keep) -> Streets:
    """Return the streets of a file in the study area and its margin."""
    crossing = _keeps_crossing_segments(study)
    return keep(
        "cut", lambda: _inside(streets, area, study), streets, area, crossing,
    )  # fmt: skip


def _inside(streets: Streets, area: shapely.Geometry, study: Study) -> Streets:
    kept = segments_inside(streets, area, study)
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


def segments_inside(streets: Streets, area: shapely.Geometry, study: Study) -> NDArray[np.bool_]:
    """Return which segments are of the study, shape (E,); `area` is EPSG:4326."""
    shapely.prepare(area)
    inside = shapely.intersects_xy(area, streets.lon_lat)
    if not _keeps_crossing_segments(study):
        return np.asarray(inside[streets.tail] & inside[streets.head])
    kept = inside[streets.tail] | inside[streets.head]
    # With both ends outside a segment may still cross a corner of the area.
    rest = np.flatnonzero(~kept)
    ends = np.stack([streets.tail[rest], streets.head[rest]], axis=1)
    kept[rest] = shapely.intersects(area, shapely.linestrings(streets.lon_lat[ends]))
    return np.asarray(kept)


def _keeps_crossing_segments(study: Study) -> bool:
    # OSMnx's own network ends with the last node inside.
    return study.network.rules == "pedestrian" or study.margin_m > 0
