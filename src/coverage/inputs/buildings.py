"""Buildings from an OpenStreetMap file: outline, kind, levels, entrances."""

from array import array
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely
from numpy.typing import NDArray

from .osm_file import readable_osm

COLUMNS = ("osm_id", "kind", "name", "levels", "use", "entrances", "geometry")

_PER_DEGREE = 1e7
_OTHER_USE = ("amenity", "shop", "office", "tourism", "leisure", "public_transport", "railway")
_MOST_LEVELS = 150
_FIRST_POINT = Struct("<22x2d")
"""Of a MultiPolygon in WKB: byte order, kind and number of parts; of the first part the same, and
the number of points of its first ring; then its points (OGC 06-103r4, 8.2)."""
_HEAD = 2 * _FIRST_POINT.size
_BLOCK = 2**14
"""So many outlines wait as text, which is far larger than the shapes it becomes."""


def read_buildings(
    path: Path, *, within: shapely.Geometry | None = None, numbered: bool = False
) -> gpd.GeoDataFrame:
    """Read the buildings of an ``.osm`` or ``.osm.pbf`` file.

    Parameters
    ----------
    path
        The file.
    within
        EPSG:4326; buildings beyond its bounds are left out. None: all are read.
    numbered
        Whether the index is each one's number among all buildings of the file.

    Returns
    -------
    buildings
        EPSG:4326 polygons; ``osm_id`` (``way/…`` or ``relation/…``), ``kind`` (the value of
        ``building``), ``name`` (empty where untagged), ``levels`` (NaN where the tag is absent or
        absurd), ``use`` (whether tags name a use other than living), ``entrances`` (MultiPoint of
        the tagged ones, or None).

    Raises
    ------
    InputError
        When the file cannot be read; see `readable_osm`.
    """
    with readable_osm(path, purpose="buildings") as ordered:
        bounds = (-180.0, -90.0, 180.0, 90.0) if within is None else within.bounds
        found, numbers = _read(ordered, bounds)
        return found.set_index(pd.Index(numbers)) if numbered else found


def _read(
    path: Path, bounds: tuple[float, float, float, float]
) -> tuple[gpd.GeoDataFrame, NDArray[np.int64]]:
    as_wkb = osmium.geom.WKBFactory()
    texts: list[str] = []
    blocks = []
    # Column by column: the interpreter's search for cycles would go through every row again.
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS[:5]}
    numbers = array("q")
    met = 0
    for area in _areas(path):
        if not area.visible or area.tags.get("building") in {None, "no"}:
            continue
        met += 1
        # What crosses itself makes no outline.
        if area.num_rings()[0] == 0:
            continue
        text = as_wkb.create_multipolygon(area)
        if _begins_within(text, bounds):
            numbers.append(met - 1)
            texts.append(text)
            for column, value in zip(columns.values(), _row(area), strict=True):
                column.append(value)
            if len(texts) == _BLOCK:
                blocks.append(shapely.from_wkb(texts))
                texts.clear()
    polygons = np.concatenate([*blocks, shapely.from_wkb(np.array(texts, dtype=object))])
    single = shapely.get_num_geometries(polygons) == 1
    frame = pd.DataFrame(columns)
    frame["entrances"] = _entrances(polygons, _doors(path))
    shapes = np.where(single, shapely.get_geometry(polygons, 0), polygons)
    found = gpd.GeoDataFrame(frame, geometry=shapes, crs="EPSG:4326")
    return found, np.array(numbers, dtype=np.int64)


def _doors(path: Path) -> NDArray[np.int64]:
    """Return where entrances for people are tagged, in 1e-7 degrees, shape (K, 2)."""
    places = [
        (node.location.x, node.location.y)
        for node in _nodes(path, osmium.filter.KeyFilter("entrance"))
        if node.visible
        and node.tags.get("entrance") not in {"no", "emergency", "exit", "garage", "service"}
    ]
    return np.array(places, dtype=np.int64).reshape(-1, 2)


def _entrances(polygons: NDArray[np.object_], doors: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return the doors at the corners of each outline as a MultiPoint, None without one."""
    parts, building = shapely.get_parts(polygons, return_index=True)
    corners, part = shapely.get_coordinates(shapely.get_exterior_ring(parts), return_index=True)
    spots = np.round(corners * _PER_DEGREE).astype(np.int64)
    at_door = np.flatnonzero(np.isin(_as_one(spots), _as_one(doors)))
    # Each corner once, for a ring ends where it begins; in the order of their places.
    found = np.unique(
        np.column_stack([building[part[at_door]], corners[at_door]]).reshape(-1, 3), axis=0
    )
    entrances = np.full(len(polygons), None, dtype=object)
    those, first = np.unique(found[:, 0].astype(np.int64), return_index=True)
    for one, points in zip(those.tolist(), np.split(found[:, 1:], first[1:]), strict=False):
        entrances[one] = shapely.MultiPoint(points)
    return entrances


def _as_one(spots: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return places as one whole number each; a degree has 1e7 of them, so they fit."""
    return np.asarray(spots[:, 0] * 2**32 + spots[:, 1])


def buildings_of_features(features: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return downloaded buildings in the form of `read_buildings`; entrances are not known.

    Parameters
    ----------
    features
        EPSG:4326; the index is (element, id), the columns are tags.
    """
    polygons = features[features.geometry.geom_type.isin(["Polygon", "MultiPolygon"])]
    polygons = polygons.sort_index()

    def tag(key: str) -> pd.Series:
        if key not in polygons:
            return pd.Series(None, index=polygons.index, dtype=object)
        values: pd.Series = polygons[key].astype(object).where(polygons[key].notna(), None)
        return values

    other = pd.concat([tag(key).map(lambda v: v not in {None, "no"}) for key in _OTHER_USE], axis=1)
    frame = gpd.GeoDataFrame(
        {
            "osm_id": [f"{element}/{number}" for element, number in polygons.index],
            "kind": tag("building").to_numpy(),
            "name": tag("name").fillna("").to_numpy(),
            "levels": [_levels(text) for text in tag("building:levels")],
            "use": other.any(axis=1).to_numpy(),
            "entrances": None,
        },
        geometry=polygons.geometry.to_numpy(),
        crs="EPSG:4326",
    )
    return frame[(frame["kind"] != "no") & frame["kind"].notna()].reset_index(drop=True)


def _nodes(path: Path, chosen: Any) -> Iterator[Any]:
    yield from osmium.FileProcessor(str(path), osmium.osm.NODE).with_filter(chosen)


def _areas(path: Path) -> Iterator[Any]:
    yield from (
        osmium.FileProcessor(str(path))
        .with_areas(osmium.filter.KeyFilter("building"))
        .with_filter(osmium.filter.EntityFilter(osmium.osm.AREA))
    )


def _begins_within(text: str, bounds: tuple[float, float, float, float]) -> bool:
    """Say whether an outline's first point lies within bounds: read from its text, not a shape."""
    west, south, east, north = bounds
    x, y = _FIRST_POINT.unpack_from(bytes.fromhex(text[:_HEAD]))
    return bool(west <= x <= east and south <= y <= north)


def _row(area: Any) -> tuple[Any, ...]:
    tags = area.tags
    kind = "way" if area.from_way() else "relation"
    # Most say that they are buildings and nothing else.
    more = len(tags) > 1
    return (
        f"{kind}/{area.orig_id()}",
        tags.get("building"),
        tags.get("name", ""),
        _levels(tags.get("building:levels")) if more else np.nan,
        more and any(tags.get(key) not in {None, "no"} for key in _OTHER_USE),
    )


def _levels(text: str | None) -> float:
    try:
        levels = float(text or "nan")
    except ValueError:
        return np.nan
    return levels if 0 < levels <= _MOST_LEVELS else np.nan
