"""Writes the sample town's streets, buildings and rivers as an OpenStreetMap extract."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import osmium
from osmium.osm import Box, mutable
from shapely import Polygon

from .buildings import Building
from .plan import Plan, Point, Tags
from .terrain import to_degrees

SURVEYED = "2026-01-01T00:00:00Z"
_FIRST_NODE = 9_000_000_001
_FIRST_WAY = 900_000_001
_FIRST_RELATION = 9_000_001


@dataclass(slots=True)
class _Extract:
    """Objects in the order of their ids, places in local metres."""

    places: list[Point] = field(default_factory=list)
    node_tags: dict[int, Tags] = field(default_factory=dict)
    ways: list[tuple[list[int], Tags]] = field(default_factory=list)
    relations: list[tuple[list[tuple[str, int, str]], Tags]] = field(default_factory=list)

    def add_node(self, place: Point, tags: Tags | None = None) -> int:
        self.places.append(place)
        number = len(self.places) - 1
        if tags:
            self.node_tags[number] = tags
        return number

    def add_ring(self, polygon: Polygon, tags: Tags) -> list[int]:
        nodes = [self.add_node((x, y)) for x, y in polygon.exterior.coords[:-1]]
        self.ways.append(([*nodes, nodes[0]], tags))
        return nodes


def write_extract(
    path: Path, plan: Plan, buildings: Sequence[Building], rivers: Sequence[Polygon]
) -> None:
    """Write a PBF with nodes, ways and relations in the order of their ids."""
    extract = _Extract()
    _add_streets(extract, plan)
    _add_bus_route(extract)
    _add_rivers(extract, rivers)
    for building in buildings:
        front, *_ = extract.add_ring(building.footprint, building.tags)
        if building.has_entrance:
            extract.node_tags[front] = {"entrance": "main"}
    _add_points_of_interest(extract, buildings)
    _write(path, extract)


def _add_streets(extract: _Extract, plan: Plan) -> None:
    used = sorted({node for street in plan.streets for node in street.nodes})
    numbers = {n: extract.add_node(plan.points[n], plan.node_tags.get(n)) for n in used}
    for street in plan.streets:
        extract.ways.append(([numbers[n] for n in street.nodes], street.tags))


def _add_bus_route(extract: _Extract) -> None:
    avenue = [
        ("w", _FIRST_WAY + number, "")
        for number, (_, tags) in enumerate(extract.ways)
        if tags["highway"] == "primary" and tags.get("name") == "示例山城大道"
    ]
    tags = {"type": "route", "route": "bus", "ref": "示例1", "name": "示例1路"}
    extract.relations.append((avenue, tags))


def _add_rivers(extract: _Extract, rivers: Sequence[Polygon]) -> None:
    # Real extracts hold both the present tagging and the one it replaced.
    kinds = ({"natural": "water", "water": "river"}, {"waterway": "riverbank"})
    for river, kind, name in zip(rivers, kinds, ("示例北江", "示例南江"), strict=True):
        extract.add_ring(river, {**kind, "name": name})


def _add_points_of_interest(extract: _Extract, buildings: Sequence[Building]) -> None:
    kinds: tuple[Tags, ...] = (
        {"amenity": "pharmacy", "name": "示例药房"},
        {"shop": "supermarket", "name": "示例超市"},
        {"amenity": "social_facility", "social_facility": "day_care", "name": "示例日间照料"},
        {"amenity": "restaurant", "name": "示例面馆"},
        {"amenity": "bank", "name": "示例银行"},
        {"shop": "convenience", "name": "示例便利店"},
    )
    for number, building in enumerate(buildings[:: max(len(buildings) // 24, 1)]):
        middle = building.footprint.centroid
        extract.add_node((middle.x, middle.y), kinds[number % len(kinds)])


def _write(path: Path, extract: _Extract) -> None:
    lon, lat = to_degrees(*np.array(extract.places).T)
    header = osmium.io.Header()
    header.set("generator", "care-circle sample")
    header.set("osmosis_replication_timestamp", SURVEYED)
    header.add_box(Box(float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())))
    with osmium.SimpleWriter(str(path), header=header, overwrite=True) as writer:
        for node in _nodes(extract, lon.tolist(), lat.tolist()):
            writer.add_node(node)
        for number, (nodes, tags) in enumerate(extract.ways):
            refs = [_FIRST_NODE + n for n in nodes]
            writer.add_way(
                mutable.Way(
                    id=_FIRST_WAY + number, version=1, timestamp=SURVEYED, nodes=refs, tags=tags
                )
            )
        for number, (members, tags) in enumerate(extract.relations):
            writer.add_relation(
                mutable.Relation(
                    id=_FIRST_RELATION + number,
                    version=1,
                    timestamp=SURVEYED,
                    members=members,
                    tags=tags,
                )
            )


def _nodes(extract: _Extract, lon: list[float], lat: list[float]) -> Iterator[mutable.Node]:
    for number, place in enumerate(zip(lon, lat, strict=True)):
        yield mutable.Node(
            id=_FIRST_NODE + number,
            version=1,
            timestamp=SURVEYED,
            location=place,
            tags=extract.node_tags.get(number, {}),
        )
