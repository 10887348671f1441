"""The inputs of a study but its street file, which tiles read each for themselves."""

from dataclasses import dataclass

import geopandas as gpd
import shapely

from ..errors import Findings, UsageError
from ..study import Study
from .elevation import ElevationRaster, open_elevation
from .everything import facilities_in_reach, read_listed
from .extent import (
    areas_of,
    boundary_of,
    facility_area,
    local_crs,
    noted,
    present,
    with_margin,
)
from .facilities_osm import facilities_of_file, with_mapped
from .inventory import Count, take_inventory
from .population import Population, read_population
from .tables import require_file


@dataclass(frozen=True, slots=True)
class SmallInputs:
    """What a study brings but its streets; the words are those of `coverage.inputs.Inputs`.

    Attributes
    ----------
    area
        The study area with its margin, EPSG:4326.
    raster
        The elevation raster, checked and not read; None without one.
    """

    crs: str
    boundary: shapely.Geometry
    area: shapely.Geometry
    facilities: gpd.GeoDataFrame
    inventory: dict[str, Count]
    areas: gpd.GeoDataFrame | None
    zones: gpd.GeoDataFrame | None
    raster: ElevationRaster | None
    population: Population | None
    files: dict[str, str]
    warnings: tuple[str, ...]


def read_without_streets(study: Study) -> SmallInputs:
    """Read and check the inputs of a study that is to be cut into tiles.

    Raises
    ------
    UsageError
        When its streets come from a server, or it takes rides.
    InputError
        Listing every problem of every input.
    """
    if study.network.file is None:
        raise UsageError(
            f"The study '{study.name}' asks a server for its streets; tiles need a file.",
            "Set [network] file, or give --streets.",
        )
    if study.network.rides:
        raise UsageError(
            f"The study '{study.name}' takes rides, which reach farther than any halo of a tile.",
            "Leave out [network] rides, or run it in one piece: without --workers, --scheduler "
            "and --tiles.",
        )
    findings = Findings()
    files: dict[str, str] = {}
    areas = areas_of(study, study.areas, "areas", files, findings)
    zones = areas_of(study, study.zones, "zones", files, findings)
    boundary = boundary_of(study, areas, files, findings)
    facilities = raster = population = None
    with findings.gather():
        facilities = read_listed(study, files, findings)
    with findings.gather():
        if (part := present(study, study.elevation)) is not None:
            raster = open_elevation(noted(study, part.file, files), boundary)
    with findings.gather():
        if (people := present(study, study.population)) is not None:
            path = noted(study, people.file, files)
            population = read_population(path, people, boundary, findings, areas=areas)
    with findings.gather():
        street_file = noted(study, study.network.file, files)
        require_file(street_file, "streets")
    if boundary is None or facilities is None:
        findings.raise_if_any()
        raise AssertionError("an input that is missing has left a problem")
    crs = local_crs(boundary, findings)
    local = gpd.GeoSeries([boundary], crs="EPSG:4326").to_crs(crs).iloc[0]
    if study.facilities.file is not None and study.facilities.datum is None:
        findings.warn(
            study.facilities.file,
            "does not say its datum, and a run in tiles does not compare it with the streets: "
            "`care-circle check` does.",
        )
    facilities = facilities_in_reach(facilities.to_crs(crs), local, study, findings)
    findings.raise_if_any()
    if study.facilities.from_osm:
        mapped = facilities_of_file(street_file, facility_area(local, crs, study))
        facilities = with_mapped(facilities, mapped.to_crs(crs), findings=findings)
    inventory = take_inventory(facilities, study.inventory, boundary=local, findings=findings)
    findings.raise_if_any()
    return SmallInputs(
        crs=crs,
        boundary=local,
        area=with_margin(boundary, local, crs, study),
        # Of facilities equally near the first counts: in the order of their ids.
        facilities=facilities.sort_index(kind="stable"),
        inventory=inventory,
        areas=None if areas is None else areas.to_crs(crs),
        zones=None if zones is None else zones.to_crs(crs),
        raster=raster,
        population=population,
        files=files,
        warnings=tuple(findings.warnings),
    )
