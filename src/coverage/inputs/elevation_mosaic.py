"""One elevation raster cut from several tiles."""

import math
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import rasterio
import shapely
from rasterio import Affine
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from ..errors import InputError, OutputError, Problem

MARGIN_CELLS = 3
"""Cells kept around the area, so that heights at its rim have neighbours to be read between."""
NODATA = -32768

_STRIP = 256
_SOFTWARE = "care-circle fetch elevation"


def merge_tiles(
    paths: Sequence[Path],
    area: shapely.Geometry,
    out: Path,
    *,
    title: str = "",
    notice: str = "",
) -> Path:
    """Cut the bounds of an area, and `MARGIN_CELLS` around them, out of tiles that join.

    The cells are those of the tiles, not resampled; only a tile with wider cells than the finest
    (GLO-30 north of 50°) is interpolated linearly onto the finest's. What no tile holds is empty
    (`NODATA`), never 0 m. The same tiles and area give the same bytes. Works in strips: some
    megabytes of memory, however large the area.

    Parameters
    ----------
    paths
        Rasters of one band in EPSG:4326.
    area
        EPSG:4326.
    out
        GeoTIFF to write, in one step.
    title, notice
        Written into its metadata as description and copyright.

    Raises
    ------
    InputError
        When a tile cannot be read, or none meets the area.
    OutputError
        When `out` cannot be written; an earlier one is as it was.
    """
    with ExitStack() as stack:
        tiles = [stack.enter_context(_opened(path)) for path in sorted(paths)]
        finest = min(tiles, key=lambda tile: tile.res, default=None)
        grid = finest and _grid(finest.transform, area.bounds, [tile.bounds for tile in tiles])
        if finest is None or grid is None:
            raise InputError(
                Problem("elevation", "none of the tiles meets the study area.",
                        "Fetch the tiles of this area.")
            )  # fmt: skip
        transform, width, height = grid
        dtype = np.result_type(*(tile.dtypes[0] for tile in tiles))
        views = [
            stack.enter_context(
                WarpedVRT(
                    tile, crs=tile.crs, transform=transform, width=width, height=height,
                    src_nodata=NODATA if tile.nodata is None else tile.nodata, nodata=NODATA,
                    resampling=(
                        Resampling.nearest if np.allclose(tile.res, finest.res, rtol=1e-6)
                        else Resampling.bilinear
                    ),
                )
            )
            for tile in tiles
        ]  # fmt: skip
        profile = {
            "driver": "GTiff", "count": 1, "dtype": dtype, "width": width, "height": height,
            "crs": finest.crs, "transform": transform, "nodata": NODATA,
            "tiled": True, "blockxsize": _STRIP, "blockysize": _STRIP, "bigtiff": "if_safer",
            "compress": "deflate", "predictor": 3 if dtype.kind == "f" else 2,
        }  # fmt: skip
        unfinished = out.with_name(f"{out.name}.part")
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            with rasterio.open(unfinished, "w", **profile) as raster:
                raster.update_tags(
                    TIFFTAG_SOFTWARE=_SOFTWARE, TIFFTAG_IMAGEDESCRIPTION=title,
                    TIFFTAG_COPYRIGHT=notice,
                )  # fmt: skip
                for top in range(0, height, _STRIP):
                    window = Window(0, top, width, min(_STRIP, height - top))
                    raster.write(_strip(views, window, dtype), 1, window=window)
            unfinished.replace(out)
        except (OSError, RasterioError) as error:
            raise OutputError(
                f"{out} could not be written ({error}).",
                "Close programs that have it open, or free some space.",
            ) from error
        finally:
            unfinished.unlink(missing_ok=True)
    return out


def is_mosaic(path: Path) -> bool:
    """Say whether a raster was written by `merge_tiles`."""
    try:
        with rasterio.open(path, driver="GTiff") as raster:
            return bool(raster.tags().get("TIFFTAG_SOFTWARE") == _SOFTWARE)
    except RasterioError:
        return False


def _opened(path: Path) -> rasterio.DatasetReader:
    try:
        return rasterio.open(path)
    except RasterioError as error:
        raise _unreadable(str(path), error) from error


def _unreadable(name: str, error: RasterioError) -> InputError:
    return InputError(
        Problem(name, f"elevation: is not a raster that can be read ({error}).", "Fetch it again.")
    )


def _grid(
    cells: Affine, wanted: Sequence[float], extents: Sequence[Sequence[float]]
) -> tuple[Affine, int, int] | None:
    """Return transform, width and height of the cells of a net that are wanted and there."""
    corners = np.array(extents)
    # Columns and rows of the net, counted from its own corner; a thousandth forgives rounding.
    west, south, east, north = wanted
    first_column, last_column, first_row, last_row = (
        (west - cells.c) / cells.a - MARGIN_CELLS,
        (east - cells.c) / cells.a + MARGIN_CELLS,
        (north - cells.f) / cells.e - MARGIN_CELLS,
        (south - cells.f) / cells.e + MARGIN_CELLS,
    )
    left = max(math.floor(first_column), round((corners[:, 0].min() - cells.c) / cells.a))
    right = min(math.ceil(last_column), round((corners[:, 2].max() - cells.c) / cells.a))
    top = max(math.floor(first_row), round((corners[:, 3].max() - cells.f) / cells.e))
    bottom = min(math.ceil(last_row), round((corners[:, 1].min() - cells.f) / cells.e))
    if left >= right or top >= bottom:
        return None
    corner = (cells.c + left * cells.a, cells.f + top * cells.e)
    transform = Affine(cells.a, 0.0, corner[0], 0.0, cells.e, corner[1])
    return transform, right - left, bottom - top


def _strip(views: Sequence[WarpedVRT], window: Window, dtype: np.dtype) -> np.ndarray:
    """Return the cells of a window: each from the first tile that has it."""
    cells = np.full((window.height, window.width), NODATA, dtype=dtype)
    for view in views:
        try:
            found = view.read(1, window=window).astype(dtype, copy=False)
        except RasterioError as error:
            raise _unreadable(view.name, error) from error
        empty = (cells == NODATA) & ~np.isnan(found)
        cells[empty] = found[empty]
    return cells
