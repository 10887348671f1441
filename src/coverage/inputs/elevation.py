"""Ground heights from a raster."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.windows import Window
from scipy.ndimage import gaussian_filter, map_coordinates

from ..errors import InputError, Problem
from .tables import require_file

LOWEST_M, HIGHEST_M = -500.0, 9000.0
"""No ground lies lower or higher, metres."""
SMOOTHING_M = 30.0
"""Standard deviation of the Gaussian that takes roofs off the surface, metres."""
_FILLED_FROM = 0.6
"""An empty cell is filled where so much of the Gaussian's weight is known around it."""
_METRES_PER_DEGREE = 111_320.0
_BLOCK_CELLS = 1024


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
            found = _survey(raster)
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
    if not found.known:
        raise InputError(Problem(str(path), "elevation: every cell is empty.", "Export it again."))
    if found.beyond:
        raise InputError(
            Problem(
                str(path),
                f"elevation: {found.beyond} cells are no heights in metres "
                f"(such as {found.worst:g}).",
                "Declare the value of empty cells as nodata, and give metres.",
            )
        )
    to_degrees = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    extent = shapely.box(*to_degrees.transform_bounds(*bounds))
    if boundary is not None and not shapely.intersects(extent, boundary):
        lies = ", ".join(f"{v:.3f}" for v in extent.bounds)
        raise InputError(
            Problem(
                str(path), f"elevation: lies elsewhere (west, south, east, north: {lies}).",
                "Get the tile of the study area.",
            )
        )  # fmt: skip
    return ElevationRaster(path=path, crs=str(crs), cell_m=cell, extent=extent)


def surface_heights(raster: ElevationRaster, lon_lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the smoothed surface at points, bilinear between cells.

    Parameters
    ----------
    raster
        What `open_elevation` returned.
    lon_lat
        Shape (N, 2), degrees.

    Returns
    -------
    surface
        Shape (N,), metres; NaN outside the raster and where it has no value.
    """
    to_raster = Transformer.from_crs("EPSG:4326", raster.crs, always_xy=True)
    x, y = to_raster.transform(lon_lat[:, 0], lon_lat[:, 1])
    surface = np.full(len(lon_lat), np.nan)
    with rasterio.open(raster.path) as source:
        inverse = ~source.transform
        column = inverse.a * x + inverse.b * y + inverse.c
        row = inverse.d * x + inverse.e * y + inverse.f
        unit_m = 1.0 if source.crs.is_projected else _METRES_PER_DEGREE
        sigma = SMOOTHING_M / (np.array(source.res)[::-1] * unit_m)
        # Block by block, so that memory does not grow with the raster.
        for here in _by_block(row, column):
            window = _window(row[here], column[here], sigma, source.height, source.width)
            if window is not None:
                surface[here] = _sampled(source, window, sigma, row[here], column[here])
    return surface


def _sampled(
    source: rasterio.DatasetReader, window: Window, sigma: NDArray[np.float64],
    row: NDArray[np.float64], column: NDArray[np.float64],
) -> NDArray[np.float64]:  # fmt: skip
    """Return the smoothed surface at places within a window, in rows and columns of the raster."""
    band = source.read(1, window=window, masked=True).astype(float)
    values = np.ma.filled(band, np.nan)
    known = np.isfinite(values)
    # Weighing by what is known keeps an edge of nodata from pulling heights towards 0, and fills a
    # single empty cell from its neighbours.
    weight = gaussian_filter(known.astype(float), sigma, mode="constant")
    smooth = gaussian_filter(np.where(known, values, 0.0), sigma, mode="constant")
    enough = known | (weight > _FILLED_FROM)
    smooth = np.divide(smooth, weight, out=np.full_like(smooth, np.nan), where=enough)
    # Cells stand for their middles.
    places = np.stack([row - window.row_off - 0.5, column - window.col_off - 0.5])
    return np.asarray(map_coordinates(smooth, places, order=1, mode="constant", cval=np.nan))


def _by_block(row: NDArray[np.float64], column: NDArray[np.float64]) -> Iterator[NDArray[np.int64]]:
    """Yield the places of each square block of the raster that has any."""
    somewhere = np.flatnonzero(np.isfinite(row) & np.isfinite(column))
    blocks = np.floor(np.stack([row, column])[:, somewhere] / _BLOCK_CELLS)
    order = np.lexsort(blocks)
    ends = np.flatnonzero((np.diff(blocks[:, order], axis=1) != 0).any(axis=0)) + 1
    yield from np.split(somewhere[order], ends)


@dataclass(frozen=True, slots=True)
class _Survey:
    """What a raster's cells hold: whether any is known; how many are no heights, and the worst."""

    known: bool
    beyond: int
    worst: float


def _survey(raster: rasterio.DatasetReader) -> _Survey:
    known, beyond, worst = False, 0, 0.0
    for top in range(0, raster.height, _BLOCK_CELLS):
        rows = min(_BLOCK_CELLS, raster.height - top)
        band = raster.read(1, window=Window(0, top, raster.width, rows), masked=True)
        values = np.asarray(band.compressed(), dtype=float)
        values = values[np.isfinite(values)]
        known = known or len(values) > 0
        off = values[(values < LOWEST_M) | (values > HIGHEST_M)]
        beyond += len(off)
        if len(off) and np.abs(off).max() > abs(worst):
            worst = float(off[np.argmax(np.abs(off))])
    return _Survey(known, beyond, worst)


def _window(
    row: NDArray[np.float64], column: NDArray[np.float64], sigma: NDArray[np.float64],
    height: int, width: int,
) -> Window | None:  # fmt: skip
    """Return the part of the raster that the points need, None when they need none."""
    reach = np.ceil(4 * sigma) + 2
    top, left = (int(max(v.min() - r, 0)) for v, r in ((row, reach[0]), (column, reach[1])))
    bottom = int(min(row.max() + reach[0], height))
    right = int(min(column.max() + reach[1], width))
    if bottom <= top or right <= left:
        return None
    return Window(left, top, right - left, bottom - top)
