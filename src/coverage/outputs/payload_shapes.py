"""Shapes of the map as whole numbers: each vertex once, as the step from the one before.

Places are whole units of a Web Mercator world 2^27 units wide, about 0.26 m at 30 degrees: a step
fits into two bytes, and a pixel at zoom z is 2^(19 - z) units.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from .packing import Section

WORLD_UNITS = 2**27
"""Width of the world."""

Whole = NDArray[np.int64]


def world(xy: NDArray[np.float64], crs: str) -> Whole:
    """Return places, shape (N, 2), metres in `crs`, as units of the world, x east and y south."""
    to_degrees = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    lon, lat = to_degrees.transform(xy[:, 0], xy[:, 1])
    return world_of_degrees(np.column_stack([lon, lat]))


def world_of_degrees(lon_lat: NDArray[np.float64]) -> Whole:
    """Return places, shape (N, 2), degrees (EPSG:4326), as units of the world."""
    lon, lat = lon_lat[:, 0], lon_lat[:, 1]
    x = (lon + 180) / 360
    y = (1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2
    return np.rint(np.column_stack([x, y]) * WORLD_UNITS).astype(np.int64)


def morton_order(places: Whole) -> Whole:
    """Return the order in which near places, shape (N, 2), stand near each other: the Z curve.

    Equal places keep their order.
    """
    key = _spread(places[:, 0]) | (_spread(places[:, 1]) << np.uint64(1))
    return np.argsort(key, kind="stable")


def narrowed(values: NDArray[Any], types: Sequence[str] = ("i2", "i4")) -> NDArray[Any]:
    """Return whole numbers in the first of some types that holds them all."""
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    for name in types:
        limits = np.iinfo(name)
        if limits.min <= low and high <= limits.max:
            return values.astype(name)
    raise ValueError(f"{low} to {high} do not fit into {types[-1]}")


def places_of(name: str, places: Whole) -> list[Section]:
    """Return ``.x`` and ``.y`` of some places, near ones after each other."""
    return [
        Section(f"{name}.{axis}", places[:, column].astype("i4"), delta=True)
        for column, axis in enumerate("xy")
    ]


def steps_of(name: str, axes: Sequence[str], steps: Whole) -> list[Section]:
    """Return steps, shape (N, 2), as two sections."""
    return [
        Section(f"{name}.{axis}", narrowed(steps[:, column])) for column, axis in enumerate(axes)
    ]


def lines_of(name: str, lines: NDArray[np.object_], crs: str, tolerance_m: float) -> list[Section]:
    """Return lines: the first vertex of each, the number of further ones, the steps to them.

    Parameters
    ----------
    name
        Of the sections, before the dot.
    lines
        LineStrings in `crs`, none of them empty.
    crs
        Metres.
    tolerance_m
        How far a line may move.
    """
    if len(lines) == 0:
        return []
    simple = shapely.simplify(lines, tolerance_m, preserve_topology=False)
    xy, line = shapely.get_coordinates(simple, return_index=True)
    vertices = world(xy, crs)
    first = np.r_[True, line[1:] != line[:-1]]
    further = np.bincount(line, minlength=len(lines)) - 1
    return [
        Section(f"{name}.inner", further.astype("u2")),
        *places_of(name, vertices[first]),
        *steps_of(name, ("dx", "dy"), _from_before(vertices)[~first]),
    ]


def polygons_of(
    name: str, shapes: NDArray[np.object_], crs: str, tolerance_m: float, *, grouped: bool
) -> list[Section]:
    """Return polygons: rings of each, vertices of each ring, the first vertex and the steps.

    Parameters
    ----------
    name
        Of the sections, before the dot.
    shapes
        Polygons and multipolygons in `crs`; empty ones have no polygon.
    crs
        Metres.
    tolerance_m
        How far an outline may move.
    grouped
        Whether to say how many polygons each of `shapes` has.
    """
    if len(shapes) == 0:
        return []
    simple = shapely.simplify(shapes, tolerance_m)
    parts, of = shapely.get_parts(simple, return_index=True)
    kept = (shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)
    parts, of = parts[kept], of[kept]
    sections = []
    if grouped:
        count = np.bincount(of, minlength=len(shapes))
        sections.append(Section(f"{name}.polygons", count.astype("u2")))
    if len(parts) == 0:
        return sections
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    vertices = world(xy, crs)
    # The last vertex of a ring is its first again.
    last = np.r_[ring[1:] != ring[:-1], True]
    vertices, ring = vertices[~last], ring[~last]
    first = np.r_[True, ring[1:] != ring[:-1]]
    return [
        *sections,
        Section(f"{name}.parts", np.bincount(part).astype("u2")),
        Section(f"{name}.rings", np.bincount(ring).astype("u4")),
        *places_of(name, vertices[first]),
        *steps_of(name, ("dx", "dy"), _from_before(vertices)[~first]),
    ]


def outlines_of(
    name: str, shapes: NDArray[np.object_], centres: Whole, crs: str, tolerance_m: float
) -> list[Section]:
    """Return the outer ring of the largest polygon of each shape, as steps from its centre.

    Parameters
    ----------
    name
        Of the sections, before the dot.
    shapes
        Shape (N,), polygons, multipolygons or None in `crs`.
    centres
        Shape (N, 2), units of the world.
    crs
        Metres.
    tolerance_m
        How far an outline may move.
    """
    count = np.zeros(len(shapes), dtype=np.int64)
    parts, of = shapely.get_parts(shapes, return_index=True)
    polygons = shapely.get_type_id(parts) == 3
    parts, of = parts[polygons], of[polygons]
    if len(parts) == 0:
        return []
    order = np.lexsort((-shapely.area(parts), of))
    parts, of = parts[order], of[order]
    largest = np.r_[True, of[1:] != of[:-1]]
    parts, of = parts[largest], of[largest]
    xy, ring = shapely.get_coordinates(
        shapely.get_exterior_ring(shapely.simplify(parts, tolerance_m)), return_index=True
    )
    vertices = world(xy, crs)
    last = np.r_[ring[1:] != ring[:-1], True]
    vertices, ring = vertices[~last], ring[~last]
    first = np.r_[True, ring[1:] != ring[:-1]]
    steps = _from_before(vertices)
    steps[first] = vertices[first] - centres[of[ring[first]]]
    count[of] = np.bincount(ring, minlength=len(of))
    return [
        Section(f"{name}.rings", count.astype("u2")),
        *steps_of(name, ("vx", "vy"), steps),
    ]


def _from_before(vertices: Whole) -> Whole:
    return np.diff(vertices, axis=0, prepend=vertices[:1])


def _spread(values: Whole) -> NDArray[np.uint64]:
    """Return whole numbers below 2^32 with a free bit after each of theirs."""
    spread = values.astype(np.uint64)
    for shift, mask in (
        (16, 0x0000FFFF0000FFFF), (8, 0x00FF00FF00FF00FF), (4, 0x0F0F0F0F0F0F0F0F),
        (2, 0x3333333333333333), (1, 0x5555555555555555),
    ):  # fmt: skip
        spread = (spread | (spread << np.uint64(shift))) & np.uint64(mask)
    return spread
