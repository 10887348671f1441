"""Which datum points are in, told by how well they fit the streets.

A facility stands among streets. Read in the wrong datum it lands somewhere some 500 m off: often
among other streets, but also on a slope, in a river or in the middle of a block. One point says
little, many together tell: for each datum the room that a point needs to meet `STREET_M` metres of
street is compared with the room that it needs when it is shifted at random.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from scipy.spatial import cKDTree
from scipy.special import stdtr

from ..errors import Findings
from ..streets import Streets
from ..study_parts import Datum
from .datum import DATUM_NAMES, Degrees, from_wgs84, to_wgs84

STREET_M = 200
"""Metres of walkable street whose nearness is measured. The nearest street alone says less: a
random place in a city is also near some street, but seldom among several."""
FEWEST_PLACES = 5
"""Fewer places apart from each other say nothing."""
FEWEST_SURE_PLACES = 20
"""Fewer may all fit by luck, however well they fit."""
MOST_PLACES = 300
"""More are thinned out: they would not make the answer surer."""

_SAMPLE_M = 10
_FARTHEST_M = 200.0
"""A place without streets is not the worse for being even farther from them."""
_LOCAL_SHARE = 0.9
"""A list with this share of its points in the area is a list of the area."""
_CELL_M = 100.0
"""Points in one such cell are one place: they fit, or fit not, together."""
_RANDOM_SHIFTS_M = np.array(
    [
        (radius * np.cos(angle), radius * np.sin(angle))
        for radius in (200, 350, 500, 650)
        for angle in np.linspace(0, 2 * np.pi, 16, endpoint=False)
    ]
)
_CHANCE_OF_BEING_RANDOM = 1e-3
_CHANCE_OF_BEING_NO_BETTER = 0.05

COMPARED: tuple[Datum, ...] = ("wgs84", "gcj02", "bd09")


@dataclass(frozen=True, slots=True)
class DatumFit:
    """How points fit the streets when they are read in each datum.

    Attributes
    ----------
    places
        How many places were compared.
    read_as
        The datum in which the points were read.
    best
        The datum in which they fit best; `read_as` when there are fewer than `FEWEST_PLACES`.
    sure
        Whether `best` is another than `read_as` and fits so much better that it is not chance.
    street_m
        For each datum the mean distance to the nearest walkable street, metres.
    room_m
        For each datum the mean radius that holds `STREET_M` of walkable street, metres.
    """

    places: int
    read_as: Datum
    best: Datum
    sure: bool
    street_m: Mapping[Datum, float]
    room_m: Mapping[Datum, float]


def fit_datum(
    lon_lat: Degrees, *, read_as: Datum, streets: Streets, area: shapely.Geometry, crs: str
) -> DatumFit:
    """Compare how points fit the streets in WGS-84, GCJ-02 and BD-09.

    Parameters
    ----------
    lon_lat
        Shape (N, 2), degrees as the file has them.
    read_as
        What they are taken for.
    streets
        The streets of `area`.
    area
        Where the streets are complete, in `crs`. When nearly all points lie in it in some datum, a
        datum that puts points beyond it, where no streets are, is the worse for them. In a list of
        a larger region that says nothing: then points that leave it in one of the datums are not
        compared.
    crs
        Projected coordinate system, metres.

    Notes
    -----
    `sure` asks two things of `best`: that its places lie nearer to `STREET_M` of street than the
    same places shifted by 200 to 650 m in 64 ways (one-sided t-test, one in 1,000), and nearer
    than read as `read_as` (paired, one in 20). See ``tests/test_datum.py`` for how often it is
    right on parts of a real list.
    """
    read_as = "wgs84" if read_as == "cgcs2000" else read_as
    to_metres = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    shapely.prepare(area)
    xy = {
        datum: np.column_stack(to_metres.transform(*to_wgs84(lon_lat, datum).T))
        for datum in COMPARED
    }
    within = np.array([shapely.contains_xy(area, *xy[datum].T) for datum in COMPARED])
    is_local = within.any(axis=0).mean() >= _LOCAL_SHARE if within.size else False
    inside = within.any(axis=0) if is_local else within.all(axis=0)
    chosen = np.flatnonzero(inside)[_places(xy[read_as][inside])]
    samples = _samples(streets, to_metres)
    if len(chosen) < FEWEST_PLACES or len(samples) < STREET_M / _SAMPLE_M:
        return DatumFit(len(chosen), read_as, read_as, False, {}, {})
    tree = cKDTree(samples)
    street = {
        datum: np.minimum(tree.query(xy[datum][chosen])[0], _FARTHEST_M) for datum in COMPARED
    }
    room = {datum: _room(tree, xy[datum][chosen]) for datum in COMPARED}
    best = min(COMPARED, key=lambda datum: float(room[datum].mean()))
    sure = (
        best != read_as
        and len(chosen) >= FEWEST_SURE_PLACES
        and _chance(room[best] - _room_at_random(tree, xy[best][chosen], area))
        < _CHANCE_OF_BEING_RANDOM
        and _chance(room[best] - room[read_as]) < _CHANCE_OF_BEING_NO_BETTER
    )
    return DatumFit(
        places=len(chosen),
        read_as=read_as,
        best=best,
        sure=sure,
        street_m={datum: float(street[datum].mean()) for datum in COMPARED},
        room_m={datum: float(room[datum].mean()) for datum in COMPARED},
    )


def check_datum(
    file: Path,
    facilities: gpd.GeoDataFrame,
    *,
    stated: Datum | None,
    streets: Streets,
    area: shapely.Geometry,
    crs: str,
    findings: Findings,
) -> None:
    """Check that a facility list is in the datum in which it was read.

    Parameters
    ----------
    file
        The list.
    facilities
        All of its facilities as they were read, EPSG:4326.
    stated
        The datum that the study states; None when it states none and WGS-84 was assumed.
    streets, area, crs
        As in `fit_datum`.
    findings
        Takes a problem when an unstated datum is surely wrong, and a warning when a stated one is,
        or when an unstated one cannot be told.
    """
    read_as = stated or "wgs84"
    lon_lat = from_wgs84(shapely.get_coordinates(facilities.geometry.to_numpy()), read_as)
    fit = fit_datum(lon_lat, read_as=read_as, streets=streets, area=area, crs=crs)
    name, best = DATUM_NAMES[read_as], DATUM_NAMES[fit.best]
    line = f'datum = "{fit.best}"'
    if fit.sure and stated is None:
        findings.problem(
            file,
            f"facilities: the datum is not stated, and the points fit the streets as {best}, not "
            f"as {name}: {_compared(fit)}.",
            f"Write {line} under [facilities] in study.toml (or another, if you know it).",
        )
    elif fit.sure:
        findings.warn(
            file,
            f"the points are stated to be {name} but fit the streets far better as {best}: "
            f"{_compared(fit)}; check whether {line} is right",
        )
    elif stated is None and fit.places < FEWEST_PLACES:
        findings.warn(
            file,
            f"the datum is not stated and {fit.places} places among the streets are too few to "
            f"tell it; {name} is assumed. Write datum under [facilities]",
        )
    elif stated is None and fit.best != fit.read_as:
        findings.warn(
            file,
            f"the datum is not stated; {name} is assumed, but the points may be {best}: "
            f"{_compared(fit)}, too little to be sure. Write datum under [facilities]",
        )


def _compared(fit: DatumFit) -> str:
    was, would = fit.street_m[fit.read_as], fit.street_m[fit.best]
    room, better = fit.room_m[fit.read_as], fit.room_m[fit.best]
    return (
        f"on average of {fit.places} places the nearest street is {was:.0f} m away as they are and "
        f"{would:.0f} m after conversion, {STREET_M} m of street lie within {room:.0f} m and "
        f"{better:.0f} m"
    )


def _places(xy: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return one point of each cell, evenly thinned to at most `MOST_PLACES`."""
    _, first = np.unique(np.floor(xy / _CELL_M), axis=0, return_index=True)
    first = np.sort(first)
    if len(first) <= MOST_PLACES:
        return first
    return first[np.linspace(0, len(first) - 1, MOST_PLACES).round().astype(np.int64)]


def _samples(streets: Streets, to_metres: Transformer) -> NDArray[np.float64]:
    """Return points every `_SAMPLE_M` metres or less along the walkable streets."""
    xy = np.column_stack(to_metres.transform(*streets.lon_lat.T))
    walkable = streets.walkable
    tail, head = xy[streets.tail[walkable]], xy[streets.head[walkable]]
    # Many segments are shorter than the step: counted along all of them, not one by one.
    length = np.hypot(*(head - tail).T)
    reached = np.cumsum(length)
    if not len(reached):
        return np.zeros((0, 2))
    at = np.arange(_SAMPLE_M / 2, reached[-1], _SAMPLE_M)
    segment = np.searchsorted(reached, at)
    share = (at - (reached - length)[segment]) / length[segment]
    return np.asarray(tail[segment] + (head - tail)[segment] * share[:, None])


def _room(tree: cKDTree, xy: NDArray[np.float64]) -> NDArray[np.float64]:
    distance, _ = tree.query(xy, k=[STREET_M // _SAMPLE_M])
    return np.asarray(np.minimum(distance[..., 0], _FARTHEST_M))


def _room_at_random(
    tree: cKDTree, xy: NDArray[np.float64], area: shapely.Geometry
) -> NDArray[np.float64]:
    shifted = xy[:, None] + _RANDOM_SHIFTS_M
    inside = shapely.contains_xy(area, shifted[..., 0], shifted[..., 1])
    total = np.where(inside, _room(tree, shifted), 0.0).sum(axis=1)
    return np.asarray(total / np.maximum(inside.sum(axis=1), 1))


def _chance(differences: NDArray[np.float64]) -> float:
    """Return how probable a mean as low as this is if there is no difference (t-test)."""
    error = differences.std(ddof=1) / np.sqrt(len(differences))
    if error == 0:
        return 0.0 if differences.mean() < 0 else 1.0
    return float(stdtr(len(differences) - 1, differences.mean() / error))
