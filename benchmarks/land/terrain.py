"""The land: parallel ridges, hills on them, and rivers along and across the folds."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.transform import Affine
from rasterio.windows import Window
from scipy.ndimage import gaussian_filter, map_coordinates

CRS = "EPSG:32648"
CENTRE_UTM = (654_990.0, 3_299_990.0)
"""About 106.6 E, 29.8 N: 100 km either way stays in the zone."""
MARGIN_M = 3_000.0
WATER_M = 168.0

_GRID_M = 60.0
_CELL_M = 30.0
_NODATA = -32768
_FOLD_ANGLE = np.radians(35.0)
_RIDGE_EVERY_M, _RIDGE_M, _RIDGE_WIDTH_M = 14_000.0, 360.0, 1_700.0
_CROSS_RIVER_EVERY_M = 45_000.0
_WAVES_M = ((6_000.0, 60.0), (2_300.0, 34.0), (900.0, 27.0), (420.0, 11.0))
"""Wavelength and height of the hills; each runs in three directions."""
_HALF_RIVER_M = 130.0
_NOISE_M = 2.0

Array = NDArray[np.float64]

_TO_DEGREES = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)


def to_degrees(xy: Array) -> Array:
    """Return metres from the centre, shape (N, 2), as longitude and latitude."""
    lon, lat = _TO_DEGREES.transform(xy[:, 0] + CENTRE_UTM[0], xy[:, 1] + CENTRE_UTM[1])
    return np.column_stack([lon, lat])


@dataclass(frozen=True, slots=True)
class Terrain:
    """Heights of a square of land on a grid of 60 m.

    Attributes
    ----------
    half_m
        Half the side of the square, metres, without `MARGIN_M`.
    heights_m
        Rows from south to north.
    phases
        Where each wave begins, radians.
    """

    half_m: float
    heights_m: NDArray[np.float32]
    phases: Array

    @classmethod
    def drawn(cls, half_m: float, rng: np.random.Generator) -> "Terrain":
        """Draw the land of a square."""
        phases = rng.uniform(0, 2 * np.pi, 16)
        whole = np.ceil((half_m + MARGIN_M) / _GRID_M) * _GRID_M
        axis = np.arange(-whole, whole + _GRID_M / 2, _GRID_M)
        heights = np.empty((len(axis), len(axis)), dtype=np.float32)
        blank = cls(half_m, heights, phases)
        for start in range(0, len(axis), 256):
            x, y = np.meshgrid(axis, axis[start : start + 256])
            heights[start : start + 256] = blank._formed(x, y)
        return blank

    def bank_m(self, x: Array, y: Array) -> Array:
        """Return the distance to the nearest river's edge, negative on the water."""
        s, t = self._along_across(x, y)
        valley = _RIDGE_EVERY_M * 2
        along = _from_nearest(t - self._wiggle(s) - 900.0, valley)
        across = _from_nearest(s - self._bend(t) - 3_000.0, _CROSS_RIVER_EVERY_M)
        return np.minimum(np.abs(along), np.abs(across)) * 0.95 - _HALF_RIVER_M

    def elevation_m(self, x: Array, y: Array) -> Array:
        """Return heights at points, metres above sea level."""
        whole = (len(self.heights_m) - 1) / 2
        places = [np.asarray(y) / _GRID_M + whole, np.asarray(x) / _GRID_M + whole]
        heights = map_coordinates(self.heights_m, places, order=1, mode="nearest")
        return heights.astype(float)

    def rivers(self) -> list[Array]:
        """Return the outlines of the rivers in stretches of a few kilometres, each (K, 2)."""
        whole = self.half_m + MARGIN_M - 200
        reach, half = whole * np.sqrt(2), _HALF_RIVER_M / 0.95
        course = np.arange(-reach, reach + 1, 150.0)
        stretches = []
        for k in range(-int(reach // (2 * _RIDGE_EVERY_M)) - 1, int(reach // _RIDGE_EVERY_M) + 2):
            middle = self._wiggle(course) + 900.0 + 2 * _RIDGE_EVERY_M * k
            stretches += _stretches(course, middle - half, course, middle + half)
        for k in range(-int(reach // _CROSS_RIVER_EVERY_M) - 1, int(reach // 20_000) + 2):
            middle = self._bend(course) + 3_000.0 + _CROSS_RIVER_EVERY_M * k
            stretches += _stretches(middle - half, course, middle + half, course)
        cos, sin = np.cos(_FOLD_ANGLE), np.sin(_FOLD_ANGLE)
        turned = [st @ np.array([[cos, sin], [-sin, cos]]) for st in stretches]
        return [xy for xy in turned if np.abs(xy).max() < whole]

    def _along_across(self, x: Array, y: Array) -> tuple[Array, Array]:
        cos, sin = np.cos(_FOLD_ANGLE), np.sin(_FOLD_ANGLE)
        return x * cos + y * sin, y * cos - x * sin

    def _wiggle(self, s: Array) -> Array:
        return 1_500 * np.sin(s / 9_000 + self.phases[0]) + 450 * np.sin(s / 2_600 + 1)

    def _bend(self, t: Array) -> Array:
        return 2_200 * np.sin(t / 6_500 + self.phases[1]) + 500 * np.sin(t / 1_900)

    def _formed(self, x: Array, y: Array) -> Array:
        s, t = self._along_across(x, y)
        from_ridge = _from_nearest(t - self._wiggle(s) - _RIDGE_EVERY_M / 2, _RIDGE_EVERY_M)
        relief = 150 + _RIDGE_M * np.exp(-((from_ridge / _RIDGE_WIDTH_M) ** 2))
        for number, (wave, height) in enumerate(_WAVES_M):
            for turn in range(3):
                angle = turn * np.pi / 3 + number
                phase = self.phases[4 + number * 3 + turn - 1]
                course = x * np.cos(angle) + y * np.sin(angle)
                relief += height / 1.7 * np.sin(course * (2 * np.pi / wave) + phase)
        bank = self.bank_m(x, y)
        rise = np.clip(bank / 1_400, 0, 1)
        # A terrace along the water, then up to the hills.
        terrace = np.clip(bank / 60, 0, 1) * 14
        return WATER_M + terrace + np.maximum(relief, 6) * rise * (2 - rise)

    def write(self, path: Path, roofs_xy: Array, roofs_m3: Array, rng: np.random.Generator) -> None:
        """Write a surface model of 30 m cells: ground, noise, and what it sees of roofs.

        Parameters
        ----------
        path
            The GeoTIFF.
        roofs_xy, roofs_m3
            Middles of buildings and the volume that shows of each.
        rng
            Source of the noise.
        """
        whole = np.ceil((self.half_m + MARGIN_M) / _CELL_M) * _CELL_M
        size = round(2 * whole / _CELL_M)
        row = np.floor((whole - roofs_xy[:, 1]) / _CELL_M).astype(np.int64)
        column = np.floor((roofs_xy[:, 0] + whole) / _CELL_M).astype(np.int64)
        order = np.argsort(row, kind="stable")
        row, column, volume = row[order], column[order], roofs_m3[order]
        x = -whole + (np.arange(size) + 0.5) * _CELL_M
        with rasterio.open(
            path, "w", driver="GTiff", height=size, width=size, count=1, dtype="int16", crs=CRS,
            transform=Affine(_CELL_M, 0.0, CENTRE_UTM[0] - whole, 0.0, -_CELL_M,
                             CENTRE_UTM[1] + whole),
            nodata=_NODATA, compress="deflate", zlevel=1, predictor=2, tiled=True,
            blockxsize=256, blockysize=256,
        ) as raster:  # fmt: skip
            for top in range(0, size, 256):
                rows = min(256, size - top)
                y = whole - (top + np.arange(rows) + 0.5) * _CELL_M
                ground = self.elevation_m(*np.meshgrid(x, y)).astype(np.float32)
                noise = gaussian_filter(rng.standard_normal(ground.shape, dtype=np.float32), 0.6)
                noise *= _NOISE_M / max(float(noise.std()), 1e-9)
                here = slice(*np.searchsorted(row, [top, top + rows]))
                cell = (row[here] - top) * size + column[here]
                bumps = np.bincount(cell, weights=volume[here] / _CELL_M**2, minlength=rows * size)
                surface = np.maximum(ground + noise, WATER_M) + bumps.reshape(rows, size)
                surface = np.where(ground <= WATER_M, WATER_M, surface)
                raster.write(
                    np.rint(surface).astype(np.int16), 1, window=Window(0, top, size, rows)
                )


def _from_nearest(values: Array, every: float) -> Array:
    """Return the distance, with its sign, from the nearest multiple of `every`."""
    return values - every * np.round(values / every)


def _stretches(left_x: Array, left_y: Array, right_x: Array, right_y: Array) -> list[Array]:
    """Cut the space between two banks into outlines of forty points of either bank."""
    left, right = np.column_stack([left_x, left_y]), np.column_stack([right_x, right_y])
    return [
        np.concatenate([left[i : i + 41], right[i : i + 41][::-1]])
        for i in range(0, len(left) - 41, 40)
    ]
