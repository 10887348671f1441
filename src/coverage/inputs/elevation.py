"""Ground heights from a raster."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
import shapely
from pyproj import Transformer

from ..errors import InputError, Problem
from .tables import require_file


@dataclass(frozen=True, slots=True)
class ElevationRaster:
    """A raster that can be used: where it is, its coordinate system, cell and extent.

    Attributes
    ----------
    path
        The file.
    crs
        Its coordinate system.
    cell_m
        Width and height of a cell in the units of `crs`.
    extent
        Its rectangle in EPSG:4326.
    """

    path: Path
    crs: str
    cell_m: tuple[float, float]
    extent: shapely.Polygon


def open_elevation(path: Path, boundary: shapely.Geometry | None) -> ElevationRaster:
    """Check that a raster holds heights where the study is.

    Parameters
    ----------
    path
        Any raster that GDAL reads, one band, metres.
    boundary
        The study area, EPSG:4326, or None if it is not known.

    Raises
    ------
    InputError
        When it is no raster, has no coordinate system, several bands or no value, or lies
        elsewhere.
    """
    require_file(path, "elevation")
    try:
        with rasterio.open(path) as raster:
            bands, crs = raster.count, raster.crs
            bounds, cell = raster.bounds, raster.res
            values = raster.read(1, masked=True)
    except rasterio.errors.RasterioIOError as error:
        raise InputError(
            Problem(str(path), f"elevation: is not a raster that can be read ({error}).",
                    "Give a GeoTIFF.")
        ) from error  # fmt: skip
    if crs is None:
        raise InputError(
            Problem(str(path), "elevation: does not say its coordinate system.",
                    "Export it with one.")
        )  # fmt: skip
    if bands != 1:
        raise InputError(
            Problem(str(path), f"elevation: has {bands} bands.", "Keep one band of heights.")
        )
    if not np.isfinite(np.ma.filled(values.astype(float), np.nan)).any():
        raise InputError(
            Problem(str(path), "elevation: every cell is empty.", "Export it again.")
        )
    to_degrees = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    extent = shapely.box(*to_degrees.transform_bounds(*bounds))
    if boundary is not None and not shapely.intersects(extent, boundary):
        found = ", ".join(f"{v:.3f}" for v in extent.bounds)
        raise InputError(
            Problem(
                str(path), f"elevation: lies elsewhere (west, south, east, north: {found}).",
                "Get the tile of the study area.",
            )
        )  # fmt: skip
    return ElevationRaster(path=path, crs=str(crs), cell_m=cell, extent=extent)
