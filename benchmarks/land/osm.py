"""Writes the municipality as an OpenStreetMap extract, objects in the order of their ids."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import osmium
from osmium.osm import Box, mutable

from .buildings import KINDS as BUILDING_KINDS
from .buildings import Buildings
from .draft import HIGHWAY, KINDS, NAMES, Array, Draft, Ints, Tags, Ways
from .terrain import Terrain, to_degrees

SURVEYED = "2026-01-01T00:00:00Z"
_FIRST_NODE, _FIRST_WAY, _FIRST_RELATION = 300_000_001, 20_000_001, 1_000_001
_BLOCK = 400
"""Nodes of one mapper's session have ids in a row; sessions follow one another anywhere."""
_NAME_SHARE = {
    "primary": 0.95, "secondary": 0.9, "tertiary": 0.7, "residential": 0.45, "trunk": 0.8,
    "motorway": 1.0, "living_street": 0.4, "unclassified": 0.25, "steps": 0.08, "footway": 0.03,
    "service": 0.04, "pedestrian": 0.3,
}  # fmt: skip
_SYLLABLES = "江山云竹松柏石桥溪龙凤华兴文武金银玉泉清平安乐福寿南北东西上下大小新老长青白黄红"
_ENDS = ("路", "街", "巷", "大道", "支路", "正街")
_PLACES: tuple[Tags, ...] = (
    {"amenity": "restaurant"}, {"shop": "convenience"}, {"amenity": "bank"}, {"natural": "tree"},
    {"amenity": "pharmacy"}, {"highway": "bus_stop"}, {"power": "tower"}, {"shop": "supermarket"},
    {"amenity": "social_facility", "social_facility": "nursing_home"},
)  # fmt: skip
_PLACE_SHARES = (0.2, 0.15, 0.05, 0.2, 0.08, 0.14, 0.12, 0.05, 0.01)


def write_extract(
    path: Path, draft: Draft, ways: Ways, buildings: Buildings, terrain: Terrain,
    rng: np.random.Generator,
) -> int:  # fmt: skip
    """Write the PBF; return how many nodes it holds."""
    corner = np.arange(6) < buildings.sides[:, None]
    corners = buildings.corners[corner]
    rivers = terrain.rivers()
    places = buildings.middles[:: max(len(buildings.sides) // max(len(ways.xy) // 25, 1), 1)]
    places = places + rng.normal(0, 20, places.shape)
    ring_first = len(ways.xy)
    river_first = ring_first + len(corners)
    place_first = river_first + sum(map(len, rivers))
    xy = np.concatenate([ways.xy, corners, *rivers, places])
    used = np.ones(len(xy), dtype=bool)
    used[:ring_first] = False
    used[ways.refs] = True
    for corners_of, _ in draft.rings:
        used[corners_of] = True
    number = _numbered(ways.refs, used, rng)
    tags = {int(number[node]): of for node, of in draft.node_tags.items() if used[node]}
    kinds = rng.choice(len(_PLACES), len(places), p=_PLACE_SHARES).tolist()
    tags |= {int(number[place_first + i]): _PLACES[kind] for i, kind in enumerate(kinds)}
    opens = ring_first + np.cumsum(buildings.sides) - buildings.sides
    tags |= {int(n): {"entrance": "main"} for n in number[opens[buildings.has_entrance]]}
    order = np.argsort(number[used])
    ids = number[used][order]
    lon_lat = to_degrees(xy[used])[order]
    header = osmium.io.Header()
    header.set("generator", "care-circle benchmarks")
    header.set("osmosis_replication_timestamp", SURVEYED)
    header.add_box(Box(*map(float, (*lon_lat.min(axis=0), *lon_lat.max(axis=0)))))
    way_tags = _way_tags(ways, terrain, rng)
    with osmium.SimpleWriter(str(path), 1 << 22, header, overwrite=True) as writer:
        for node in _nodes(ids, lon_lat, tags):
            writer.add_node(node)
        next_way = _FIRST_WAY
        refs = number[ways.refs]
        for first, size, of in zip(
            ways.first.tolist(), ways.lengths.tolist(), way_tags, strict=True
        ):
            writer.add_way(_way(next_way, refs[first : first + size].tolist(), of))
            next_way += 7
        outlines = []
        for node, sides, of, apart in _footprints(buildings, opens):
            ring = [*number[node : node + sides].tolist(), int(number[node])]
            writer.add_way(_way(next_way, ring, {} if apart else of))
            if apart:
                outlines.append((next_way, of))
            next_way += 3
        node = river_first
        for river in rivers:
            ring = [*number[node : node + len(river)].tolist(), int(number[node])]
            writer.add_way(_way(next_way, ring, {"natural": "water", "water": "river"}))
            next_way, node = next_way + 3, node + len(river)
        for corners_of, of in draft.rings:
            ring = number[[*corners_of, corners_of[0]]].tolist()
            writer.add_way(_way(next_way, ring, of))
            next_way += 3
        for position, (way, of) in enumerate(outlines):
            writer.add_relation(
                mutable.Relation(
                    id=_FIRST_RELATION + position,
                    version=1,
                    timestamp=SURVEYED,
                    members=[("w", way, "outer")],
                    tags={"type": "multipolygon", **of},
                )
            )
    return len(ids)


def _numbered(refs: Ints, used: np.ndarray, rng: np.random.Generator) -> Ints:
    """Return an id for every node: those of a way near one another, blocks of them anywhere."""
    seen, first = np.unique(refs, return_index=True)
    rest = np.setdiff1d(np.flatnonzero(used), seen)
    by_use = np.concatenate([seen[np.argsort(first, kind="stable")], rest])
    blocks = -(-len(by_use) // _BLOCK)
    place = rng.permutation(blocks)[np.arange(len(by_use)) // _BLOCK] * _BLOCK
    rank = np.argsort(np.argsort(place + np.arange(len(by_use)) % _BLOCK, kind="stable"))
    gaps = rng.integers(1, 40, len(by_use)).cumsum()
    number = np.zeros(len(used), dtype=np.int64)
    number[by_use] = _FIRST_NODE + gaps[rank]
    return number


def _nodes(ids: Ints, lon_lat: Array, tags: dict[int, Tags]) -> Iterator[mutable.Node]:
    for start in range(0, len(ids), 100_000):
        chunk = slice(start, start + 100_000)
        for number, place in zip(ids[chunk].tolist(), lon_lat[chunk].tolist(), strict=True):
            yield mutable.Node(
                id=number, version=1, timestamp=SURVEYED, location=place, tags=tags.get(number, {})
            )


def _way(number: int, refs: list[int], tags: Tags) -> mutable.Way:
    return mutable.Way(id=number, version=1, timestamp=SURVEYED, nodes=refs, tags=tags)


def _footprints(buildings: Buildings, opens: Ints) -> Iterator[tuple[int, int, Tags, bool]]:
    for node, sides, kind, storeys, says, apart in zip(
        opens.tolist(), buildings.sides.tolist(), buildings.kind.tolist(),
        buildings.storeys.tolist(), buildings.says_levels.tolist(),
        buildings.as_relation.tolist(), strict=True,
    ):  # fmt: skip
        tags = {"building": BUILDING_KINDS[kind]}
        if says:
            tags["building:levels"] = str(storeys)
        if tags["building"] in ("school", "hospital"):
            tags["amenity"] = tags["building"]
        yield node, sides, tags, apart


def _way_tags(ways: Ways, terrain: Terrain, rng: np.random.Generator) -> Sequence[Tags]:
    """Return the tags of every way: those of its kind, and what a mapper noted besides."""
    highway = HIGHWAY[ways.kind]
    count = len(highway)
    named = rng.random(count) < np.array([_NAME_SHARE.get(h, 0.0) for h in HIGHWAY])[ways.kind]
    word = rng.integers(0, len(_SYLLABLES), (count, 2)).tolist()
    end = rng.integers(0, len(_ENDS), count).tolist()
    ends = ways.xy[ways.refs[np.stack([ways.first, ways.first + ways.lengths - 1])]]
    low, high = (
        terrain.elevation_m(ends[0][:, 0], ends[0][:, 1]),
        terrain.elevation_m(ends[1][:, 0], ends[1][:, 1]),
    )
    rise = (high - low).tolist()
    draws = rng.random((count, 6)).tolist()
    tags: list[Tags] = []
    for way, kind in enumerate(ways.kind.tolist()):
        of = dict(KINDS[NAMES[kind]])
        road, draw = of["highway"], draws[way]
        if named[way]:
            of["name"] = "示例" + "".join(_SYLLABLES[s] for s in word[way]) + _ENDS[end[way]]
        if road == "steps":
            _note_steps(of, rise[way], draw)
        elif road in ("motorway", "trunk", "motorway_link", "trunk_link"):
            of["oneway"], of["maxspeed"] = "yes", "80"
        elif road in ("primary", "secondary", "tertiary", "residential"):
            if draw[0] < 0.22:
                of["oneway"] = "yes"
            if draw[1] < 0.15:
                of["lanes"] = str(1 + int(draw[2] * 4))
            if draw[3] < 0.04 and "sidewalk" not in of:
                of["sidewalk"] = ("both", "no", "left", "right", "separate")[int(draw[4] * 5)]
        if draw[5] < 0.06 and road not in ("elevator", "steps"):
            of["surface"] = ("asphalt", "concrete", "paving_stones")[int(draw[5] * 50)]
        elif draw[5] > 0.99 and road in ("footway", "path", "service"):
            of["access" if draw[4] < 0.5 else "foot"] = ("private", "permissive", "yes", "no")[
                int(draw[3] * 4)
            ]
        elif draw[5] > 0.985 and road not in ("steps", "elevator"):
            of["incline"] = f"{100 * rise[way] / 120:.0f}%"
        tags.append(of)
    return tags


def _note_steps(tags: Tags, rise_m: float, draw: list[float]) -> None:
    if draw[0] < 0.06 and abs(rise_m) > 3:
        tags["step_count"] = str(round(abs(rise_m) / 0.16))
    if draw[1] < 0.25 and abs(rise_m) > 2:
        tags["incline"] = "up" if rise_m > 0 else "down"
    if draw[2] < 0.1:
        tags["handrail"] = "yes"
    if draw[3] < 0.04:
        tags["ramp"] = "yes"
    elif draw[3] < 0.1:
        tags["wheelchair"] = "no"
