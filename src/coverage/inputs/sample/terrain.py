"""The ground of the sample town: a ridge between two rivers, with hills on the far banks.

All sample modules work in metres east (x) and north (y) of `ORIGIN_UTM` in `CRS`, and turn to
degrees only when they write.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.features import rasterize
from rasterio.transform import Affine
from scipy.ndimage import gaussian_filter, map_coordinates
from shapely import Geometry, Polygon

CRS = "EPSG:32648"
ORIGIN_UTM = (769_500.0, 3_344_490.0)
"""The town's centre, about 107.80 E 30.20 N, on the corner of a raster cell."""

RIVER_LEVEL_M = 165.0
TERRACE_M = 10.0
"""Height above the river of the terrace that carries the riverside roads."""
TERRACE_WIDTH_M = 50.0
NODATA = -32768

_HALF_WIDTH_M, _HALF_HEIGHT_M = 2_850.0, 2_640.0
_CELL_M = 30.0
_NOISE_M = 2.0
_ROOF_SHARE = 0.35
"""Share of a building's height that a 30 m surface model still shows."""

Array = NDArray[np.float64]

_TO_DEGREES = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)


def to_degrees(x_m: Any, y_m: Any) -> tuple[Any, Any]:
    """Return longitude and latitude (WGS 84 degrees) of local metres, scalars or arrays."""
    lon, lat = _TO_DEGREES.transform(np.add(x_m, ORIGIN_UTM[0]), np.add(y_m, ORIGIN_UTM[1]))
    return lon, lat


class Slope(Enum):
    """The four hillsides, each rising from its own river bank."""

    RIDGE_NORTH = "ridge north"
    RIDGE_SOUTH = "ridge south"
    FAR_NORTH = "far north"
    FAR_SOUTH = "far south"


@dataclass(frozen=True, slots=True)
class Terrain:
    """Analytic ground of the town; every curve is a function of x, west to east.

    Attributes
    ----------
    phases
        Where each of the nine waves of the land begins, radians.
    """

    phases: tuple[float, ...]

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> "Terrain":
        """Draw a terrain."""
        return cls(tuple(float(p) for p in rng.uniform(0, 2 * np.pi, 9)))

    def valley_bend_m(self, x: Array) -> Array:
        """Return how far north the whole landscape is shifted: rivers and ridge bend together."""
        return np.asarray(120 * np.sin(x / 620 + self.phases[8]))

    def river_centre_m(self, x: Array, *, north: bool) -> Array:
        """Return y of the middle of the north or the south river."""
        if north:
            own_bend = 650 + 60 * np.sin(x / 950 + self.phases[0])
        else:
            own_bend = -770 + 65 * np.sin(x / 1150 + self.phases[1])
        return np.asarray(self.valley_bend_m(x) + own_bend)

    def river_width_m(self, x: Array, *, north: bool) -> Array:
        """Return the width of a river, 210 to 270 m."""
        middle = 245.0 if north else 230.0
        return np.asarray(middle + 20 * np.sin(x / 700 + self.phases[2]))

    def crest_m(self, x: Array) -> Array:
        """Return y of the crest of the ridge."""
        return np.asarray(self.valley_bend_m(x) - 55 + 35 * np.sin(x / 800 + self.phases[3]))

    def bank_m(self, x: Array, slope: Slope) -> Array:
        """Return y of the water's edge at the foot of `slope`."""
        north = slope in (Slope.RIDGE_NORTH, Slope.FAR_NORTH)
        outward = 1 if slope in (Slope.FAR_NORTH, Slope.RIDGE_SOUTH) else -1
        half = self.river_width_m(x, north=north) / 2
        return np.asarray(self.river_centre_m(x, north=north) + outward * half)

    def y_at_distance(self, x: Array, slope: Slope, distance_m: Array | float) -> Array:
        """Return y of the points `distance_m` up the slope from the water's edge."""
        upward = 1 if slope in (Slope.RIDGE_SOUTH, Slope.FAR_NORTH) else -1
        return np.asarray(self.bank_m(x, slope) + upward * np.asarray(distance_m))

    def y_at_height(self, x: Array, slope: Slope, height_m: float) -> Array:
        """Return y of the contour `height_m` above the river, by bisection up the slope."""
        low = np.full_like(x, TERRACE_WIDTH_M)
        high = np.full_like(x, 1_600.0)
        if slope in (Slope.RIDGE_NORTH, Slope.RIDGE_SOUTH):
            high = np.abs(self.bank_m(x, slope) - self.crest_m(x))
        for _ in range(24):
            middle = (low + high) / 2
            below = self._slope_height_m(x, slope, middle) < height_m
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return self.y_at_distance(x, slope, (low + high) / 2)

    def elevation_m(self, x: Array, y: Array) -> Array:
        """Return the ground (on a river: the water) in metres above sea level."""
        height = np.zeros(np.broadcast(x, y).shape)
        crest = self.crest_m(x)
        for slope in Slope:
            upward = 1 if slope in (Slope.RIDGE_SOUTH, Slope.FAR_NORTH) else -1
            distance = upward * (y - self.bank_m(x, slope))
            here = distance > 0
            if slope is Slope.RIDGE_NORTH:
                here &= y >= crest
            elif slope is Slope.RIDGE_SOUTH:
                here &= y < crest
            height = np.where(here, self._slope_height_m(x, slope, distance), height)
        return RIVER_LEVEL_M + height

    def _slope_height_m(self, x: Array, slope: Slope, distance_m: Array) -> Array:
        terrace = np.interp(distance_m, [0, 6, 34], [0, 4, TERRACE_M])
        above = np.maximum(distance_m - TERRACE_WIDTH_M, 0)
        if slope in (Slope.RIDGE_NORTH, Slope.RIDGE_SOUTH):
            return np.asarray(terrace + self._ridge_rise_m(x, slope, above))
        return np.asarray(terrace + self._far_hill_rise_m(x, slope, above))

    def _ridge_rise_m(self, x: Array, slope: Slope, above_terrace_m: Array) -> Array:
        crest_distance = np.abs(self.bank_m(x, slope) - self.crest_m(x)) - TERRACE_WIDTH_M
        share = np.clip(above_terrace_m / crest_distance, 0, 1)
        phase = self.phases[4] if slope is Slope.RIDGE_NORTH else self.phases[5]
        # Gullies and spurs bend the contours without moving the terrace or the crest.
        bend = 0.035 * np.sin(x / 130 + phase) + 0.018 * np.sin(x / 61 + 2 * phase)
        bent = np.clip(share + 4 * bend * share * (1 - share), 0, 1)
        crest_height = 222 + 8 * np.sin(x / 600 + self.phases[6])
        return np.asarray((crest_height - TERRACE_M) * (1 - (1 - bent) ** 1.25))

    def _far_hill_rise_m(self, x: Array, slope: Slope, above_terrace_m: Array) -> Array:
        phase = self.phases[7] + (0.0 if slope is Slope.FAR_NORTH else 1.7)
        bend = 22 * np.sin(x / 170 + phase) * np.minimum(above_terrace_m, 250) / 250
        distance = np.maximum(above_terrace_m + bend, 0)
        knolls = 6 * np.sin(distance / 190 + x / 310 + phase) * np.minimum(distance / 700, 1)
        return np.asarray(170 * (1 - np.exp(-distance / 500)) + knolls)


@dataclass(frozen=True, slots=True)
class SurfaceModel:
    """A raster of heights such as a satellite gives: ground, some of the buildings, noise.

    Attributes
    ----------
    heights_m
        Rows from north to south, metres above sea level.
    """

    heights_m: NDArray[np.int16]

    @classmethod
    def surveyed(
        cls,
        terrain: Terrain,
        buildings: Sequence[tuple[Polygon, float]],
        rng: np.random.Generator,
    ) -> "SurfaceModel":
        """Survey the terrain with its buildings (footprint and height in metres each)."""
        shape = (round(2 * _HALF_HEIGHT_M / _CELL_M), round(2 * _HALF_WIDTH_M / _CELL_M))
        columns, rows = np.meshgrid(np.arange(shape[1]) + 0.5, np.arange(shape[0]) + 0.5)
        x, y = -_HALF_WIDTH_M + columns * _CELL_M, _HALF_HEIGHT_M - rows * _CELL_M
        ground = terrain.elevation_m(x, y)
        noise = gaussian_filter(rng.normal(size=shape), 0.6)
        noise *= _NOISE_M / noise.std()
        surface = ground + noise + _roof_bumps_m(buildings, shape)
        # Water is level, and noise does not take the bank below it.
        dry = np.maximum(surface, RIVER_LEVEL_M)
        heights = np.where(ground > RIVER_LEVEL_M, dry, RIVER_LEVEL_M)
        return cls(np.rint(heights).astype(np.int16))

    def at_m(self, x: Array, y: Array) -> Array:
        """Return the heights at points, bilinear between cell centres."""
        columns = (x + _HALF_WIDTH_M) / _CELL_M - 0.5
        rows = (_HALF_HEIGHT_M - y) / _CELL_M - 0.5
        return np.asarray(map_coordinates(self.heights_m.astype(float), [rows, columns], order=1))

    def write(self, path: Path) -> None:
        """Write the raster as a GeoTIFF in `CRS`."""
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            height=self.heights_m.shape[0],
            width=self.heights_m.shape[1],
            count=1,
            dtype="int16",
            crs=CRS,
            transform=_cells(_CELL_M, *ORIGIN_UTM),
            nodata=NODATA,
            compress="deflate",
        ) as raster:
            raster.write(self.heights_m, 1)


def _cells(size_m: float, origin_x: float, origin_y: float) -> Affine:
    # Spelled out: rasterio's own shorthands warn with affine 3.
    left, top = origin_x - _HALF_WIDTH_M, origin_y + _HALF_HEIGHT_M
    return Affine(size_m, 0.0, left, 0.0, -size_m, top)


def _roof_bumps_m(buildings: Sequence[tuple[Geometry, float]], shape: tuple[int, int]) -> Array:
    # Five by five samples a cell are enough to see how much of it a roof covers.
    fine = 5
    heights = rasterize(
        ((footprint, min(height_m, 60.0) * _ROOF_SHARE) for footprint, height_m in buildings),
        out_shape=(shape[0] * fine, shape[1] * fine),
        transform=_cells(_CELL_M / fine, 0, 0),
        dtype="float64",
    )
    return np.asarray(heights.reshape(shape[0], fine, shape[1], fine).mean(axis=(1, 3)))
