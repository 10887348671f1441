"""Elevation tiles of public collections: which a study needs, and whether a file is one."""

import gzip
import math
import warnings
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np
import rasterio
import shapely
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from ..errors import InputError, Problem

ElevationSource = Literal["glo30", "srtm"]

BUCKETS: Mapping[ElevationSource, str] = MappingProxyType({
    "glo30": "https://copernicus-dem-30m.s3.amazonaws.com",
    "srtm": "https://s3.amazonaws.com/elevation-tiles-prod",
})  # fmt: skip
"""Where the tiles are, both in the Registry of Open Data on AWS: copernicus-dem, terrain-tiles."""

ATTRIBUTION: Mapping[ElevationSource, str] = MappingProxyType({
    "glo30": (
        "produced using Copernicus WorldDEM-30 © DLR e.V. 2010-2014 and © Airbus Defence and Space "
        "GmbH 2014-2018 provided under COPERNICUS by the European Union and ESA; all rights "
        "reserved. The organisations in charge of the Copernicus programme by law or by "
        "delegation do not incur any liability for any use of the Copernicus WorldDEM-30."
    ),
    "srtm": (
        "SRTM and GMTED2010 data courtesy of the U.S. Geological Survey, ETOPO1 of the U.S. "
        "National Oceanic and Atmospheric Administration; by Terrain Tiles (Mapzen) on AWS."
    ),
})  # fmt: skip
"""What has to be shown with anything made from the heights.

``glo30``: the two notices of the licence of COP-DEM-GLO-30, article 6 (b) and (c), to the letter.
``srtm``: public domain (NASA, USGS); the credit is asked for by USGS and by Terrain Tiles.
"""

_HGT_SIDE = 3601
_HGT_BYTES = _HGT_SIDE * _HGT_SIDE * 2
_CRS = rasterio.crs.CRS.from_epsg(4326)


@dataclass(frozen=True, slots=True)
class Tile:
    """One degree cell of a collection.

    Attributes
    ----------
    source
        Its collection.
    name
        Its south-west corner, such as ``N29E106``.
    key
        Its path in the bucket.
    file_name
        What it is called here; for SRTM that of the unpacked file, by which GDAL knows its place.
    bounds
        West, south, east and north of the cell, degrees (EPSG:4326). The cells of the raster lie
        around the corners of this net, and so its own bounds are half a cell off.
    """

    source: ElevationSource
    name: str
    key: str
    file_name: str
    bounds: tuple[int, int, int, int]

    @property
    def url(self) -> str:
        """Its public address."""
        return self.url_at(None)

    @property
    def packed_name(self) -> str:
        """What a browser calls the file that it saves."""
        return self.key.rpartition("/")[2]

    def url_at(self, base_url: str | None) -> str:
        """Return its address at a mirror of the bucket."""
        return f"{(base_url or BUCKETS[self.source]).rstrip('/')}/{self.key}"


class NotThisTileError(Exception):
    """A file is not, or not wholly, the tile that it should be."""


def tiles_for(area: shapely.Geometry, source: ElevationSource = "glo30") -> tuple[Tile, ...]:
    """Return the tiles whose degree cells an area meets, from south to north, west to east.

    Parameters
    ----------
    area
        EPSG:4326. A cell that it only touches from outside does not count.
    source
        ``glo30``: Copernicus DEM GLO-30, a surface model with the buildings in it, 1 arc-second,
        heights above EGM2008. ``srtm``: the 1 arc-second SRTM of Terrain Tiles ("skadi"), above
        EGM96.

    Raises
    ------
    InputError
        When the area is empty or not in degrees.
    """
    if area.is_empty:
        raise InputError(Problem("study area", "is empty.", "Check the place or the boundary."))
    west, south, east, north = area.bounds
    if min(west + 180, 180 - east, south + 90, 90 - north) < 0:
        raise InputError(
            Problem("study area", f"is not in degrees (west {west:g}, south {south:g}).",
                    "Convert it to EPSG:4326.")
        )  # fmt: skip
    rows, columns = np.meshgrid(
        np.arange(math.floor(south), min(math.floor(north) + 1, 90)),
        np.arange(math.floor(west), min(math.floor(east) + 1, 180)),
        indexing="ij",
    )
    lats, lons = rows.ravel(), columns.ravel()
    shapely.prepare(area)
    # A tenth of a millimetre less all round: the neighbour along a common side stays out.
    inside = shapely.intersects(
        area, shapely.box(lons + 1e-9, lats + 1e-9, lons + 1 - 1e-9, lats + 1 - 1e-9)
    )
    if not inside.any():
        inside = shapely.intersects(area, shapely.box(lons, lats, lons + 1, lats + 1))
    corners = zip(lons[inside].tolist(), lats[inside].tolist(), strict=True)
    return tuple(_tile(source, lon, lat) for lon, lat in corners)


def _tile(source: ElevationSource, lon: int, lat: int) -> Tile:
    row = f"{'S' if lat < 0 else 'N'}{abs(lat):02d}"
    column = f"{'W' if lon < 0 else 'E'}{abs(lon):03d}"
    if source == "glo30":
        stem = f"Copernicus_DSM_COG_10_{row}_00_{column}_00_DEM"
        key, file_name = f"{stem}/{stem}.tif", f"{stem}.tif"
    else:
        key, file_name = f"skadi/{row}/{row}{column}.hgt.gz", f"{row}{column}.hgt"
    return Tile(source, row + column, key, file_name, (lon, lat, lon + 1, lat + 1))


def unpack(packed: Path, hgt: Path) -> None:
    """Unpack a gzip file to a whole HGT, never writing much more than one has.

    Raises
    ------
    NotThisTileError
        When it is no gzip file, breaks off, or unpacks to anything but 3601 by 3601 cells.
    """
    # Some browsers unpack while they save and keep the name.
    plain = packed.stat().st_size == _HGT_BYTES
    size = 0
    try:
        with packed.open("rb") if plain else gzip.open(packed) as source, hgt.open("wb") as target:
            while size <= _HGT_BYTES and (piece := source.read(2**20)):
                size += len(piece)
                target.write(piece)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise NotThisTileError(_what_is(packed, f"cannot be unpacked ({error})")) from error
    if size != _HGT_BYTES:
        found = "more" if size > _HGT_BYTES else str(size)
        raise NotThisTileError(
            f"unpacks to {found} bytes; a tile of {_HGT_SIDE} by {_HGT_SIDE} cells has {_HGT_BYTES}"
        )


def check_tile(tile: Tile, path: Path) -> None:
    """Check that a file is this tile: one band, EPSG:4326, in its place, readable throughout.

    Raises
    ------
    NotThisTileError
        Saying what it is instead.
    """
    try:
        with warnings.catch_warnings():
            # That a raster does not say where it lies is found below and told as an error.
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            # Only this one driver: others follow what is written in a file to further files.
            driver = "GTiff" if tile.source == "glo30" else "SRTMHGT"
            with rasterio.open(path, driver=driver) as raster:
                if raster.count != 1:
                    raise NotThisTileError(f"has {raster.count} bands instead of one")
                if raster.crs != _CRS:
                    raise NotThisTileError(
                        f"is in {raster.crs or 'no coordinate system'}, not EPSG:4326"
                    )
                cell = max(raster.res)
                if np.abs(np.subtract(raster.bounds, tile.bounds)).max() > cell or cell > 0.1:
                    found = ", ".join(f"{degrees:.4f}" for degrees in raster.bounds)
                    raise NotThisTileError(
                        f"lies elsewhere (west, south, east, north: {found}) and is not {tile.name}"
                    )
                for _, window in raster.block_windows(1):
                    raster.read(1, window=window)
    except RasterioError as error:
        raise NotThisTileError(
            _what_is(path, f"is not a raster that can be read ({error})")
        ) from error


def _what_is(path: Path, otherwise: str) -> str:
    with path.open("rb") as file:
        head = file.read(64).lstrip()
    if head.startswith(b"<"):
        return "is a web page, not a tile (the sign-in page of this network?)"
    return otherwise
