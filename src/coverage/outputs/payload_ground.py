"""What lies beneath the streets of the map: water, buildings, ways that nobody walks, names."""

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from ..inputs.everything import Inputs
from ..network import project
from ..streets import Streets
from .packing import Section
from .payload_links import STREET_TOLERANCE_M, structures
from .payload_shapes import (
    lines_of,
    morton_order,
    outlines_of,
    places_of,
    polygons_of,
    world,
)
from .payload_words import name

BUILDING_TOLERANCE_M = 0.5
SHAPE_TOLERANCE_M = 3.0
WATER = "water"
"""The kind of a place that is a river or a lake."""

_NAMED_WATER_M2 = 20_000.0
_AROUND_M = 200.0


def water_sections(inputs: Inputs) -> list[Section]:
    """Return water as one surface, and streams as lines."""
    ground, crs = inputs.ground, inputs.crs
    # A river comes in many pieces; drawn one by one their seams would show.
    surface = shapely.union_all(shapely.make_valid(ground.water.geometry.to_numpy()))
    return [
        *polygons_of("water", np.array([surface]), crs, SHAPE_TOLERANCE_M, grouped=False),
        *lines_of("waterline", ground.waterways.geometry.to_numpy(), crs, SHAPE_TOLERANCE_M),
    ]


def building_sections(inputs: Inputs, homes: Sequence[str], extent: Sequence[float]) -> list[
    Section
]:  # fmt: skip
    """Return the buildings that are no homes.

    Parameters
    ----------
    inputs
        With all buildings.
    homes
        Ids of those that are homes.
    extent
        West, south, east and north of the network, metres in the study's coordinate system.
    """
    west, south, east, north = extent
    seen = shapely.box(west - _AROUND_M, south - _AROUND_M, east + _AROUND_M, north + _AROUND_M)
    others = inputs.buildings[~inputs.buildings["osm_id"].isin(set(homes))]
    shapes = others.to_crs(inputs.crs).geometry.to_numpy()
    shapes = shapes[shapely.intersects(shapes, seen)]
    if len(shapes) == 0:
        return []
    centres = world(shapely.get_coordinates(shapely.centroid(shapes)), inputs.crs)
    order = morton_order(centres)
    centres, shapes = centres[order], shapes[order]
    return [
        *places_of("building", centres),
        *outlines_of("building", shapes, centres, inputs.crs, BUILDING_TOLERANCE_M),
    ]


def way_sections(streets: Streets, kind: NDArray[np.int64], crs: str) -> list[Section]:
    """Return the ways that nobody may walk.

    Parameters
    ----------
    streets
        All streets.
    kind
        Shape (W,), of every way, the position in the list of kinds.
    crs
        Metres.
    """
    segment = np.flatnonzero(~streets.walkable)
    if len(segment) == 0:
        return []
    tail, head, way = streets.tail[segment], streets.head[segment], streets.way[segment]
    # A way begins where a segment does not go on from the end of the one before.
    begins = np.r_[True, (tail[1:] != head[:-1]) | (way[1:] != way[:-1])]
    line = np.cumsum(begins) - 1
    ends = np.r_[begins[1:], True]
    node = np.concatenate([tail, head[ends]])
    of = np.concatenate([line, line[ends]])
    order = np.argsort(of, kind="stable")
    xy = project(streets.lon_lat[node[order]], crs)
    lines = shapely.linestrings(xy, indices=of[order])
    first = np.flatnonzero(begins)
    near = morton_order(world(xy[np.searchsorted(of[order], np.arange(len(first)))], crs))
    return [
        *lines_of("way", lines[near], crs, STREET_TOLERANCE_M),
        Section("way.kind", kind[way[first]][near].astype("u1")),
        Section("way.flags", structures(streets.ways)[way[first]][near]),
    ]


def places(inputs: Inputs) -> list[dict[str, Any]]:
    """Return names on the ground with their kinds and where they stand, units of the world."""
    ground = inputs.ground
    named = ground.places
    xy = shapely.get_coordinates(named.geometry.to_numpy())
    found = _placed(named["name"], named["kind"], xy, inputs.crs)
    water = ground.water[(ground.water["name"] != "") & (ground.water.area >= _NAMED_WATER_M2)]
    # Of a river in many pieces the largest is named.
    water = water.assign(area=water.area).sort_values("area", ascending=False, kind="stable")
    water = water.drop_duplicates("name")
    points = shapely.get_coordinates(shapely.point_on_surface(water.geometry.to_numpy()))
    return found + _placed(water["name"], [WATER] * len(water), points, inputs.crs)


def degrees_bounds(shape: shapely.Geometry, crs: str) -> list[list[float]]:
    """Return the south-west and the north-east corner of a shape, latitude first."""
    west, south, east, north = gpd.GeoSeries([shape], crs=crs).to_crs("EPSG:4326").total_bounds
    return [[round(south, 6), round(west, 6)], [round(north, 6), round(east, 6)]]


def _placed(
    names: Sequence[object], place_kinds: Sequence[object], xy: NDArray[np.float64], crs: str
) -> list[dict[str, Any]]:
    units = world(xy, crs).tolist() if len(xy) else []
    return [
        {"name": name(text), "kind": str(kind), "x": x, "y": y}
        for text, kind, (x, y) in zip(names, place_kinds, units, strict=True)
    ]
