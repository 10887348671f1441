"""What a map shows beneath the streets: water, and names of places. No figure depends on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import osmium
import pandas as pd
import shapely

from .areas import POLYGONS, read_shapes
from .osm_file import readable_osm

PLACES = (
    "city", "borough", "suburb", "town", "quarter", "neighbourhood", "village", "hamlet", "island",
    "islet", "locality",
)  # fmt: skip
"""Values of OpenStreetMap's ``place`` that are named on a map."""
STATION = "station"
"""The kind of a place that is a railway or metro station."""

_WATER = (
    ("natural", "water"), ("waterway", "riverbank"), ("waterway", "dock"), ("landuse", "reservoir"),
)  # fmt: skip
_LINES = ("river", "stream", "canal")
_LINE_TYPES = (1, 5)
_NAME_COLUMNS = ("name", "名称")
_PER_DEGREE = 1e7
_SEEN_BEYOND = 0.2
"""Share of the network's extent that a wide screen shows beyond it."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Water and names, all in one coordinate system.

    Attributes
    ----------
    water
        Polygons with ``name`` (empty where unknown).
    waterways
        Lines with ``name``: rivers and streams that no polygon of `water` holds.
    places
        Points with ``name`` and ``kind`` (one of `PLACES`, or `STATION`).
    """

    water: gpd.GeoDataFrame
    waterways: gpd.GeoDataFrame
    places: gpd.GeoDataFrame


def no_ground(crs: str = "EPSG:4326") -> Ground:
    """Return a ground with nothing on it."""
    return Ground(
        *(_frame([], columns, crs) for columns in (("name",), ("name",), ("name", "kind")))
    )


def read_water(path: Path) -> Ground:
    """Read water from a file of polygons and lines.

    Parameters
    ----------
    path
        GeoJSON, GeoPackage or Shapefile; a column ``name`` names it.

    Returns
    -------
    ground
        EPSG:4326, without places. Invalid shapes are mended; what has no extent is left out.

    Raises
    ------
    InputError
        When the file cannot be read or holds something else; see `read_shapes`.
    """
    frame = read_shapes(
        path, purpose="water", kinds=(*POLYGONS, *_LINE_TYPES), wanted=("polygon", "line")
    )
    column = next((c for c in frame.columns if str(c).casefold() in _NAME_COLUMNS), None)
    names = pd.Series("", index=frame.index) if column is None else frame[column].fillna("")
    shapes = gpd.GeoDataFrame(
        {"name": names.astype(str).to_numpy()},
        geometry=shapely.make_valid(frame.geometry.to_numpy()),
        crs=frame.crs,
    ).explode(ignore_index=True)
    return _with_water(shapes, no_ground().places)


def ground_of_file(path: Path) -> Ground:
    """Read the ground of an ``.osm`` or ``.osm.pbf`` file, EPSG:4326.

    Raises
    ------
    InputError
        When the file cannot be read; see `readable_osm`.
    """
    with readable_osm(path, purpose="ground") as ordered:
        return _read(ordered)


def read_ground(file: Path | None, water: Ground, area: shapely.Geometry, crs: str) -> Ground:
    """Return the ground of a street file with more water, so far as a screen shows it.

    Parameters
    ----------
    file
        ``.osm`` or ``.osm.pbf``; None where streets come from elsewhere.
    water
        As `read_water` returns it.
    area
        The extent of the network, EPSG:4326; a wide screen shows some more.
    crs
        To return it in, metres.
    """
    west, south, east, north = area.bounds
    beyond = _SEEN_BEYOND * max(east - west, north - south)
    frame = shapely.box(west - beyond, south - beyond, east + beyond, north + beyond)
    return framed(water if file is None else together(water, ground_of_file(file)), frame, crs)


def together(*grounds: Ground) -> Ground:
    """Return what is on any of the grounds, in the coordinate system of the first."""
    return Ground(*(
        pd.concat([getattr(ground, part) for ground in grounds], ignore_index=True)
        for part in Ground.__slots__
    ))  # fmt: skip


def framed(ground: Ground, frame: shapely.Polygon, crs: str) -> Ground:
    """Return the ground within a frame, in another coordinate system.

    Parameters
    ----------
    ground
        EPSG:4326.
    frame
        EPSG:4326.
    crs
        To return it in, metres.
    """
    water = _cut(ground.water, frame, crs)
    lines = _cut(ground.waterways, frame, crs)
    # The middle of a river is no line of its own where its banks are drawn.
    drawn = lines.sindex.query(water.geometry, predicate="covers")[1]
    places = ground.places[ground.places.intersects(frame)].reset_index(drop=True)
    return Ground(
        water=water,
        waterways=lines.drop(index=lines.index[drawn]).reset_index(drop=True),
        places=places.to_crs(crs),
    )


def _cut(shapes: gpd.GeoDataFrame, frame: shapely.Polygon, crs: str) -> gpd.GeoDataFrame:
    near = shapes[shapes.intersects(frame)]
    cut = near.set_geometry(near.geometry.intersection(frame)).explode(ignore_index=True)
    kinds = shapely.get_type_id(shapes.geometry.to_numpy())
    # A shape that only touches the frame leaves a line or a point of itself.
    kept = shapely.get_type_id(cut.geometry.to_numpy()) == (kinds[0] if len(kinds) else 3)
    return cut[kept].reset_index(drop=True).to_crs(crs)


def _read(path: Path) -> Ground:
    shapes: list[tuple[str, shapely.Geometry]] = []
    places: list[tuple[str, str, shapely.Point]] = []
    stations: set[str] = set()
    for found in _objects(path):
        if not found.visible:
            continue
        if found.is_node():
            place = _place(found)
            # Each line of a metro has a node of its own for the station where it meets another.
            if place is None or (place[1] == STATION and place[0] in stations):
                continue
            places.append(place)
            if place[1] == STATION:
                stations.add(place[0])
        elif found.is_way():
            if (line := _line(found)) is not None:
                shapes.append(line)
        else:
            shapes.extend(_polygons(found))
    return _with_water(
        _frame(shapes, ("name",)).explode(ignore_index=True), _frame(places, ("name", "kind"))
    )


def _objects(path: Path) -> Iterator[Any]:
    keys = ("natural", "waterway", "landuse", "place", "railway")
    kinds = osmium.osm.NODE | osmium.osm.WAY | osmium.osm.AREA
    yield from (
        osmium.FileProcessor(str(path))
        .with_areas(osmium.filter.TagFilter(*_WATER))
        .with_filter(osmium.filter.EntityFilter(kinds))
        .with_filter(osmium.filter.KeyFilter(*keys))
    )


def _place(node: Any) -> tuple[str, str, shapely.Point] | None:
    kind, name = node.tags.get("place"), _name(node.tags)
    if node.tags.get("railway") == "station":
        kind = STATION
    if not name or kind not in (*PLACES, STATION) or not node.location.valid():
        return None
    return name, kind, shapely.Point(node.location.x / _PER_DEGREE, node.location.y / _PER_DEGREE)


def _line(way: Any) -> tuple[str, shapely.LineString] | None:
    tags = way.tags
    if tags.get("waterway") not in _LINES or tags.get("tunnel", "no") != "no":
        return None
    # An extract ends where it was cut; the rest of the way has no nodes.
    points = _points(node for node in way.nodes if node.location.valid())
    return (_name(tags), shapely.LineString(points)) if len(points) > 1 else None


def _polygons(area: Any) -> Iterator[tuple[str, shapely.Geometry]]:
    if not any(area.tags.get(key) == value for key, value in _WATER):
        return
    for outer in area.outer_rings():
        holes = [_points(inner) for inner in area.inner_rings(outer)]
        if len(outer) >= 4:
            yield _name(area.tags), shapely.make_valid(shapely.Polygon(_points(outer), holes))


def _points(nodes: Any) -> list[tuple[float, float]]:
    return [(node.x / _PER_DEGREE, node.y / _PER_DEGREE) for node in nodes]


def _name(tags: Any) -> str:
    return str(tags.get("name") or tags.get("name:zh") or "")


def _with_water(shapes: gpd.GeoDataFrame, places: gpd.GeoDataFrame) -> Ground:
    """Tell polygons from lines; neither of no extent."""
    kinds = shapely.get_type_id(shapes.geometry.to_numpy())
    polygons = shapes[(kinds == 3) & (shapely.area(shapes.geometry.to_numpy()) > 0)]
    lines = shapes[(kinds == 1) & (shapely.length(shapes.geometry.to_numpy()) > 0)]
    return Ground(polygons.reset_index(drop=True), lines.reset_index(drop=True), places)


def _frame(rows: list[Any], columns: tuple[str, ...], crs: str = "EPSG:4326") -> gpd.GeoDataFrame:
    frame = pd.DataFrame(rows, columns=[*columns, "geometry"])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=crs)
