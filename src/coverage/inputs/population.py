"""Where people live: totals by polygon, people by raster cell, or people by point."""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.windows import Window

from ..errors import Findings, InputError, Problem
from ..study_parts import PopulationPart
from .areas import read_polygons, warn_of_overlaps
from .facilities import lon_lat
from .tables import numbers, read_table, rename_columns, require_columns, require_file

CITYWIDE_ELDERLY_SHARE = 0.24
"""Share of elderly people in Chongqing, 2024 (city civil affairs, press conference on urban
renewal); taken, and called an assumption, where a study says nothing of the elderly."""

_RASTERS = (".tif", ".tiff", ".vrt", ".img")
_TABLES = (".csv", ".txt")
_POINT_COLUMNS = {
    "id": ("编号",),
    "name": ("名称", "小区", "小区名称", "街道", "社区", "subdistrict"),
    "lon": ("经度", "lng", "longitude"),
    "lat": ("纬度", "latitude"),
}


@dataclass(frozen=True, slots=True)
class Population:
    """People as a study has them.

    Attributes
    ----------
    areas
        EPSG:4326 polygons with ``name``, ``population`` and ``elderly``, to be spread over their
        buildings; None when people come by point.
    points
        EPSG:4326 points with the same columns and ``source`` (``cell`` or ``compound``); None when
        people come by polygon.
    assumed
        What is an assumption, in words; empty when the elderly are counted.
    """

    areas: gpd.GeoDataFrame | None
    points: gpd.GeoDataFrame | None
    assumed: str

    @property
    def totals(self) -> tuple[float, float]:
        """All people, and all elderly people."""
        rows = self.points if self.areas is None else self.areas
        if rows is None:
            return 0.0, 0.0
        return float(rows["population"].sum()), float(rows["elderly"].sum())


def read_population(
    path: Path,
    part: PopulationPart,
    boundary: shapely.Geometry | None,
    findings: Findings,
    *,
    areas: gpd.GeoDataFrame | None = None,
) -> Population:
    """Read people from polygons, a raster or a table, by the kind of file.

    Parameters
    ----------
    path
        The file.
    part
        How to read it.
    boundary
        The study area, EPSG:4326; of a raster only the cells in it are read.
    findings
        Takes the warnings.
    areas
        The study's areas (index: name), which a table without positions names.

    Raises
    ------
    InputError
        Listing every missing column and every number that is absent, negative or no number.
    """
    require_file(path, "population")
    suffix = path.suffix.lower()
    if suffix in _RASTERS:
        return _from_raster(path, part, boundary, findings)
    if suffix in _TABLES:
        return _from_table(path, part, areas)
    return _from_polygons(path, part, findings)


def _from_polygons(path: Path, part: PopulationPart, findings: Findings) -> Population:
    frame = read_polygons(path, purpose="population", findings=findings)
    columns = list(map(str, frame.columns.drop(frame.geometry.name)))
    local = Findings()
    where = [f"feature {position + 1}" for position in range(len(frame))]
    people = _counted(frame, part.population_column, "population_column", path, where, local)
    elderly, assumed = _elderly(frame, part, people, columns, path, where, local)
    local.raise_if_any()
    _more_elderly_than_people(people, elderly, path, where)
    name = frame[columns[0]].astype(str) if columns else pd.Series(where)
    if "name" in columns:
        name = frame["name"].astype(str)
    areas = frame[[frame.geometry.name]].assign(name=name, population=people, elderly=elderly)
    warn_of_overlaps(areas.set_index("name"), path, findings)
    return Population(areas=areas, points=None, assumed=assumed)


def _from_table(path: Path, part: PopulationPart, areas: gpd.GeoDataFrame | None) -> Population:
    table = rename_columns(read_table(path, purpose="population"), _POINT_COLUMNS, path=path)
    by_area = "lon" not in table and "lat" not in table and "name" in table
    local = Findings()
    if not by_area:
        require_columns(table, ("lon", "lat"), path=path, aliases=_POINT_COLUMNS)
        lon, lat = lon_lat(table, path=path, findings=local)
    columns = list(map(str, table.columns))
    where = [f"row {row}" for row in table.index]
    as_numbers = table.copy()
    wanted = (part.population_column, part.elderly_column, part.households_column,
              part.share_column)  # fmt: skip
    for column in wanted:
        if column in columns:
            as_numbers[column] = numbers(
                table, column, path=path, findings=local, empty_allowed=False
            )
    if part.households_column:
        households = _counted(
            as_numbers, part.households_column, "households_column", path, where, local
        )
        people = households * part.people_per_household
    else:
        people = _counted(
            as_numbers, part.population_column, "population_column", path, where, local
        )
    elderly, assumed = _elderly(as_numbers, part, people, columns, path, where, local)
    local.raise_if_any()
    _more_elderly_than_people(people, elderly, path, where)
    if part.households_column:
        each = f"{part.people_per_household:g} people a household"
        assumed = f"{each}; {assumed}" if assumed else each
    name = table["name"] if "name" in columns else pd.Series("", index=table.index)
    if by_area:
        shapes = _shapes_of(table["name"], areas, path)
        frame = gpd.GeoDataFrame(
            {"name": name, "population": people, "elderly": elderly},
            geometry=shapes, crs="EPSG:4326",
        )  # fmt: skip
        return Population(areas=frame.reset_index(drop=True), points=None, assumed=assumed)
    points = gpd.GeoDataFrame(
        {"name": name, "population": people, "elderly": elderly, "source": "compound"},
        geometry=gpd.points_from_xy(lon, lat),
        crs="EPSG:4326",
    ).reset_index(drop=True)
    return Population(areas=None, points=points, assumed=assumed)


def _shapes_of(names: pd.Series, areas: gpd.GeoDataFrame | None, path: Path) -> NDArray[np.object_]:
    """Return the polygon of each area that a table names; every unknown one is a problem."""
    if areas is None:
        raise InputError(
            Problem(path.name, "population: has no positions, and the study has no [areas].",
                    "Add lon and lat, or name the areas' file.")
        )  # fmt: skip
    findings = Findings()
    known = ", ".join(map(str, areas.index[:12]))
    for row, name in names.items():
        if name not in areas.index:
            findings.problem(
                f"{path.name}, row {row}, column name", f"'{name}' is not an area of the study.",
                f"Known: {known}{' …' if len(areas) > 12 else ''}.",
            )  # fmt: skip
    for name in names[names.duplicated()].unique():
        findings.problem(path.name, f"the area '{name}' stands there twice.", "Keep one row.")
    findings.raise_if_any()
    return np.asarray(areas.geometry.loc[names].to_numpy())


def _from_raster(
    path: Path, part: PopulationPart, boundary: shapely.Geometry | None, findings: Findings
) -> Population:
    try:
        with rasterio.open(path) as raster:
            _check_raster(raster, part, path)
            layers = _people_layers(raster, part, boundary)
            crs, transform = raster.crs, layers.transform
    except rasterio.errors.RasterioIOError as error:
        raise InputError(
            Problem(str(path), f"population: is not a raster that can be read ({error}).",
                    "Give a GeoTIFF.")
        ) from error  # fmt: skip
    negative = (layers.people < 0) | (layers.elderly < 0)
    if negative.any():
        findings.warn(path, f"{int(negative.sum())} cells have negative people; taken as nobody")
    people = np.where(negative, 0.0, layers.people)
    elderly = np.where(negative, 0.0, layers.elderly)
    row, column = np.nonzero(people > 0)
    if len(row) == 0:
        raise InputError(
            Problem(str(path), "population: nobody lives in the study area in this raster.",
                    "Get the raster of the study's place; it may lie elsewhere.")
        )  # fmt: skip
    x = transform.c + transform.a * (column + 0.5) + transform.b * (row + 0.5)
    y = transform.f + transform.d * (column + 0.5) + transform.e * (row + 0.5)
    lon, lat = Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(x, y)
    points = gpd.GeoDataFrame(
        {"name": "", "population": people[row, column], "elderly": elderly[row, column],
         "source": "cell"},
        geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326",
    )  # fmt: skip
    return Population(areas=None, points=points, assumed=layers.assumed)


@dataclass(frozen=True, slots=True)
class _Layers:
    people: NDArray[np.float64]
    elderly: NDArray[np.float64]
    transform: rasterio.Affine
    assumed: str


def _check_raster(raster: rasterio.DatasetReader, part: PopulationPart, path: Path) -> None:
    if raster.crs is None:
        raise InputError(
            Problem(str(path), "population: does not say its coordinate system.",
                    "Export it with one.")
        )  # fmt: skip
    missing = [b for b in (*part.population_bands, *part.elderly_bands) if b not in raster.indexes]
    if missing:
        raise InputError(
            Problem(str(path), f"population: has {raster.count} bands, not a band {missing[0]}.",
                    "Bands are numbered from 1.")
        )  # fmt: skip


def _people_layers(
    raster: rasterio.DatasetReader, part: PopulationPart, boundary: shapely.Geometry | None
) -> _Layers:
    window = Window(0, 0, raster.width, raster.height)
    if boundary is not None:
        to_raster = Transformer.from_crs("EPSG:4326", raster.crs, always_xy=True)
        found = _window_of(raster, to_raster.transform_bounds(*boundary.bounds))
        if found is None:
            empty = np.zeros((0, 0))
            return _Layers(empty, empty, raster.transform, "")
        window = found
    t, left, top = raster.transform, window.col_off, window.row_off
    transform = rasterio.Affine(
        t.a, t.b, t.c + t.a * left + t.b * top, t.d, t.e, t.f + t.d * left + t.e * top
    )

    def total(bands: tuple[int, ...]) -> NDArray[np.float64]:
        stack = raster.read(list(bands), window=window, masked=True)
        values = np.ma.filled(stack.astype(float), np.nan)
        return np.asarray(np.nan_to_num(values).sum(axis=0))

    people = total(part.population_bands)
    if part.elderly_bands:
        return _Layers(people, total(part.elderly_bands), transform, "")
    share = CITYWIDE_ELDERLY_SHARE if part.elderly_share is None else part.elderly_share
    return _Layers(people, people * share, transform, _assumption(share))


def _window_of(
    raster: rasterio.DatasetReader, box: tuple[float, float, float, float]
) -> Window | None:
    """Return the part of a raster that a box in its own coordinates covers; None for none."""
    west, south, east, north = box
    inverse = ~raster.transform
    x, y = np.array([west, west, east, east]), np.array([south, north, south, north])
    column = inverse.a * x + inverse.b * y + inverse.c
    row = inverse.d * x + inverse.e * y + inverse.f
    left, top = max(int(np.floor(column.min())), 0), max(int(np.floor(row.min())), 0)
    right = min(int(np.ceil(column.max())), raster.width)
    bottom = min(int(np.ceil(row.max())), raster.height)
    return Window(left, top, right - left, bottom - top) if right > left and bottom > top else None


def _elderly(
    frame: pd.DataFrame, part: PopulationPart, people: pd.Series, columns: list[str], path: Path,
    where: list[str], findings: Findings,
) -> tuple[pd.Series, str]:  # fmt: skip
    """Return elderly people, and what is assumed: as counted, else by a share."""
    if part.elderly_column in columns:
        return _counted(frame, part.elderly_column, "elderly_column", path, where, findings), ""
    if part.share_column is not None:
        share = _counted(frame, part.share_column, "share_column", path, where, findings)
        for position in np.flatnonzero(share > 1):
            findings.problem(
                f"{path.name}, {where[position]}, {part.share_column}",
                f"{share.iloc[position]:g} is not a share.", "Write 30 % as 0.30.",
            )  # fmt: skip
        return people * share, f"elderly share by column '{part.share_column}' (assumed 假设)"
    known = CITYWIDE_ELDERLY_SHARE if part.elderly_share is None else part.elderly_share
    return people * known, _assumption(known)


def _assumption(share: float) -> str:
    return f"elderly share {share:.0%} (assumed 假设)"


def _counted(
    frame: pd.DataFrame, column: str, key: str, path: Path, where: list[str], findings: Findings
) -> pd.Series:
    """Return a column of numbers that are not negative; every other is a problem."""
    if column not in frame.columns:
        found = ", ".join(str(c) for c in frame.columns if c != "geometry")
        findings.problem(
            path, f"population: the column '{column}' is missing; found: {found}.", f"Set {key}."
        )
        return pd.Series(0.0, index=frame.index)
    values = pd.to_numeric(frame[column], errors="coerce").astype(float)
    for position in np.flatnonzero(~((values >= 0) & np.isfinite(values))):
        findings.problem(
            f"{path.name}, {where[position]}, {column}",
            f"'{frame[column].iloc[position]}' is not a number of people.",
            "Write a number, 0 or more.",
        )
    return values


def _more_elderly_than_people(
    people: pd.Series, elderly: pd.Series, path: Path, where: list[str]
) -> None:
    findings = Findings()
    for position in np.flatnonzero((elderly > people * (1 + 1e-9)).to_numpy()):
        findings.problem(
            f"{path.name}, {where[position]}", "has more elderly people than people.",
            "Check the two columns.",
        )  # fmt: skip
    findings.raise_if_any()
