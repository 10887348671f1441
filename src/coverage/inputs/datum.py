"""Datums of Chinese coordinates: GCJ-02 and BD-09 to WGS-84 and back.

WGS-84 is what GPS and OpenStreetMap use. GCJ-02 shifts it by some hundreds of metres in a way that
varies from place to place (Amap and Tencent show it); BD-09 shifts GCJ-02 further (Baidu). In
Chongqing they lie some 500 m and 1 km off. CGCS2000, the national datum, equals WGS-84 within
centimetres and is taken as it is.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from ..study_parts import Datum

Degrees = NDArray[np.float64]
"""Shape (N, 2): longitude and latitude."""

DATUM_NAMES: Mapping[Datum, str] = {
    "wgs84": "WGS-84",
    "gcj02": "GCJ-02 (Amap, Tencent)",
    "bd09": "BD-09 (Baidu)",
    "cgcs2000": "CGCS2000",
}

CHINA = (72.004, 0.8293, 137.8347, 55.8271)
"""West, south, east and north of the box in which the shifts apply, degrees. It is the box of the
published routine; it also holds neighbours of China, where the shifts are not used."""

_SEMI_MAJOR_M = 6378245.0
_ECCENTRICITY_2 = 0.00669342162296594323
"""Krasovsky 1940, on which the shift of GCJ-02 is computed."""
_ORIGIN = np.array([105.0, 35.0])
_BAIDU_SHIFT = np.array([0.0065, 0.006])
_BAIDU_WAVE = np.pi * 3000 / 180

_CONVERGED_DEG = 1e-11
_MOST_ROUNDS = 30


def to_wgs84(lon_lat: Degrees, datum: Datum) -> Degrees:
    """Return coordinates of a datum as WGS-84.

    Parameters
    ----------
    lon_lat
        Shape (N, 2), degrees; NaN stays NaN.
    datum
        What they are in.

    Returns
    -------
    lon_lat
        Shape (N, 2), degrees. Converting back meets the input within 1e-10 degrees (0.01 mm),
        except within 2 km of the border of `CHINA`, where the shifts begin. Points outside `CHINA`
        come back as they are: the shifts are not used there.

    Notes
    -----
    Who made GCJ-02 never published its formulas. These are the ones that became public in 2010 as
    ``eviltransform``; the ones of BD-09 are of the same kind. They agree with an independent
    program (geocoordinates-rs 0.14) within 0.1 m on the places of Yuzhong. Both are inverted by
    fixed-point iteration: the shift changes by less than 2 % of the way walked, so that each round
    leaves at most a fiftieth of the error.
    """
    if datum == "bd09":
        return _inside_china(lon_lat, lambda points: _undone(_gcj02, _undone(_bd09, points)))
    if datum == "gcj02":
        return _inside_china(lon_lat, lambda points: _undone(_gcj02, points))
    return lon_lat.copy()


def from_wgs84(lon_lat: Degrees, datum: Datum) -> Degrees:
    """Return WGS-84 coordinates in a datum; the inverse of `to_wgs84`."""
    if datum == "bd09":
        return _inside_china(lon_lat, lambda points: _bd09(_gcj02(points)))
    if datum == "gcj02":
        return _inside_china(lon_lat, _gcj02)
    return lon_lat.copy()


def _inside_china(lon_lat: Degrees, convert: Callable[[Degrees], Degrees]) -> Degrees:
    west, south, east, north = CHINA
    lon, lat = lon_lat[:, 0], lon_lat[:, 1]
    inside = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    converted = lon_lat.copy()
    converted[inside] = convert(lon_lat[inside])
    return converted


def _gcj02(wgs84: Degrees) -> Degrees:
    east, north = _gcj02_shift_m(*(wgs84 - _ORIGIN).T)
    lat = np.radians(wgs84[:, 1])
    flattening = 1 - _ECCENTRICITY_2 * np.sin(lat) ** 2
    parallel_m = _SEMI_MAJOR_M / np.sqrt(flattening) * np.cos(lat)
    meridian_m = _SEMI_MAJOR_M * (1 - _ECCENTRICITY_2) / flattening**1.5
    return wgs84 + np.degrees(np.column_stack([east / parallel_m, north / meridian_m]))


def _gcj02_shift_m(x: Degrees, y: Degrees) -> tuple[Degrees, Degrees]:
    """Return the shifts to the east and to the north, metres, at degrees from the origin."""

    def waves(degrees: Degrees, *terms: tuple[float, float]) -> Degrees:
        total = np.zeros_like(degrees)
        for amplitude, per_pi in terms:
            total += amplitude * np.sin(degrees * np.pi * per_pi)
        return total * 2 / 3

    root = np.sqrt(np.abs(x))
    shared = waves(x, (20, 6), (20, 2)) + 0.1 * x * y
    east = 300 + x + 2 * y + 0.1 * x**2 + 0.1 * root
    east += waves(x, (20, 1), (40, 1 / 3), (150, 1 / 12), (300, 1 / 30))
    north = -100 + 2 * x + 3 * y + 0.2 * y**2 + 0.2 * root
    north += waves(y, (20, 1), (40, 1 / 3), (160, 1 / 12), (320, 1 / 30))
    return east + shared, north + shared


def _bd09(gcj02: Degrees) -> Degrees:
    x, y = gcj02.T
    distance = np.hypot(x, y) + 2e-5 * np.sin(y * _BAIDU_WAVE)
    angle = np.arctan2(y, x) + 3e-6 * np.cos(x * _BAIDU_WAVE)
    shifted = np.column_stack([distance * np.cos(angle), distance * np.sin(angle)])
    return np.asarray(shifted + _BAIDU_SHIFT)


def _undone(shifted: Callable[[Degrees], Degrees], points: Degrees) -> Degrees:
    guess = points.copy()
    for _ in range(_MOST_ROUNDS):
        error = shifted(guess) - points
        guess -= error
        if np.abs(error).max(initial=0.0) < _CONVERGED_DEG:
            break
    return guess
