"""Subdistricts, facilities, renewal zones and idle premises of the sample town."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, Point, Polygon, STRtree

from .plan import Plan, Street
from .terrain import Array, Slope, Terrain

TOTAL_POPULATION = 45_000
TOTAL_ELDERLY = 12_000

_HALF_WIDTH_M = 1_400.0
_GRID_X_M = np.linspace(-_HALF_WIDTH_M, _HALF_WIDTH_M, 29)
_SITE_CLEARANCE_M = (4.0, 28.0)
"""How far a site stands from the nearest walkable street: clear of it, yet at its door."""
_OUTSIDE_REACH_M = 700.0
_BEYOND_NORTH_M = 1_000.0
"""North of this, and outside the study area, lie only the villages on the far hill."""

_NOT_A_FRONTAGE = {
    "motorway", "motorway_link", "trunk", "trunk_link", "steps", "elevator", "path",
}  # fmt: skip


_LEAST_M2 = {
    "day_care": 200, "dining": 150, "university": 300, "nursing": 800, "rehab": 400,
    "emergency": 0,
}  # fmt: skip
"""Floor area that a service is given in this town, square metres; no standard."""


@dataclass(frozen=True, slots=True)
class Subdistrict:
    """One subdistrict with its residents; `polygon` in local metres."""

    name: str
    polygon: Polygon
    population: int
    elderly: int


@dataclass(frozen=True, slots=True)
class Site:
    """A facility in local metres; `capacity` in persons served, `services` that it offers."""

    identifier: str
    name: str
    tier: str
    place: Point
    capacity: int
    address: str
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Premises:
    """An idle building that could be let; `fits`: tiers and services it is large enough for."""

    identifier: str
    name: str
    place: Point
    floor_area_m2: int
    cost_cny: int
    fits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Zone:
    """A renewal zone with its budget."""

    name: str
    kind: str
    polygon: Polygon
    budget_cny: int


@dataclass(frozen=True, slots=True)
class _Quarter:
    """A subdistrict before it is drawn: between two east-west lines, from column to column."""

    name: str
    north: str
    south: str
    columns: tuple[int, int]
    weight: float
    stations: int


# The east of the north bank has no station on purpose: a gap to find.
_QUARTERS = (
    _Quarter("示例·江北岸西街道", "north", "north river", (0, 14), 0.12, 1),
    _Quarter("示例·江北岸东街道", "north", "north river", (14, 28), 0.10, 0),
    _Quarter("示例·云台街道", "north river", "crest", (0, 12), 0.17, 4),
    _Quarter("示例·松坪街道", "north river", "crest", (12, 28), 0.23, 5),
    _Quarter("示例·竹影街道", "crest", "south river", (0, 16), 0.18, 3),
    _Quarter("示例·望岚街道", "crest", "south river", (16, 28), 0.12, 2),
    _Quarter("示例·南岸街道", "south river", "south", (0, 28), 0.08, 1),
)
_STREET_TIER = ("示例·云台街道", "示例·松坪街道", "示例·竹影街道", "示例·江北岸西街道")
_DISTRICT_TIER = ("示例·松坪街道", "示例·竹影街道")


def draw_subdistricts(terrain: Terrain, rng: np.random.Generator) -> list[Subdistrict]:
    """Draw the subdistricts; they share their borders vertex by vertex."""
    lines = _border_lines(terrain)
    weights = np.array([q.weight for q in _QUARTERS]) * rng.uniform(0.9, 1.1, len(_QUARTERS))
    population = _shared_out(TOTAL_POPULATION, weights)
    ageing = population * rng.uniform(0.85, 1.15, len(_QUARTERS))
    elderly = _shared_out(TOTAL_ELDERLY, ageing)
    return [
        Subdistrict(quarter.name, _between(lines, quarter), int(people), int(old))
        for quarter, people, old in zip(_QUARTERS, population, elderly, strict=True)
    ]


def outline(subdistricts: Sequence[Subdistrict]) -> Polygon:
    """Return the study area: all subdistricts together, with every vertex of their borders."""
    whole = shapely.union_all([part.polygon for part in subdistricts])
    assert isinstance(whole, Polygon)
    return whole


def _border_lines(terrain: Terrain) -> dict[str, Array]:
    x = _GRID_X_M
    bend = terrain.valley_bend_m(x)
    ys = {
        "north": bend + 1_225 + 35 * np.sin(x / 420 + 1) + 18 * np.sin(x / 150),
        "north river": terrain.river_centre_m(x, north=True),
        # Beside the crest road, not on it: a street along a border belongs to one side.
        "crest": terrain.crest_m(x) - 75,
        "south river": terrain.river_centre_m(x, north=False),
        "south": bend - 1_265 + 30 * np.sin(x / 380) + 15 * np.sin(x / 130),
    }
    lines = {name: np.column_stack([x, y]) for name, y in ys.items()}
    for shift, line in zip((-30, 15, 45, -10, 25), lines.values(), strict=True):
        line[[0, -1], 0] += [shift, -shift]
    return lines


def _between(lines: dict[str, Array], quarter: _Quarter) -> Polygon:
    first, last = quarter.columns
    south = lines[quarter.south][first : last + 1]
    north = lines[quarter.north][first : last + 1]
    return Polygon(np.vstack([south, north[::-1]]))


def _shared_out(total: int, weights: Array) -> NDArray[np.int64]:
    exact = weights / weights.sum() * total
    counts = np.floor(exact).astype(np.int64)
    short = total - counts.sum()
    counts[np.argsort(counts - exact)[:short]] += 1
    return np.asarray(counts)


class Frontages:
    """Places at the side of walkable streets, drawn at random.

    Parameters
    ----------
    plan
        The finished streets.
    rng
        Source of all chance here.
    """

    def __init__(self, plan: Plan, rng: np.random.Generator) -> None:
        walkable = [s for s in plan.streets if _is_walkable(s)]
        self._all = STRtree([plan.line(s) for s in walkable])
        self._lines = [plan.line(s) for s in walkable if _has_frontage(s)]
        lengths = np.array([line.length for line in self._lines])
        self._shares = lengths / lengths.sum()
        self._rng = rng

    def draw(self, accept: Callable[[Point], bool]) -> Point:
        """Return a random frontage that `accept` agrees to."""
        for place in self._candidates():
            _, gaps = self._all.query_nearest(place, return_distance=True)
            if _SITE_CLEARANCE_M[0] <= gaps[0] <= _SITE_CLEARANCE_M[1] and accept(place):
                return place
        raise AssertionError("the town has no such frontage")

    def _candidates(self) -> Iterator[Point]:
        for _ in range(20_000):
            line = self._lines[int(self._rng.choice(len(self._lines), p=self._shares))]
            yield _beside(line, self._rng)


def _beside(line: LineString, rng: np.random.Generator) -> Point:
    (x0, y0), (x1, y1) = sorted(pairwise(line.coords))[int(rng.integers(len(line.coords) - 1))]
    share, offset = float(rng.random()), float(rng.choice([-1, 1]) * rng.uniform(6, 20))
    length = float(np.hypot(x1 - x0, y1 - y0))
    across = (-(y1 - y0) / length * offset, (x1 - x0) / length * offset)
    return Point(x0 + share * (x1 - x0) + across[0], y0 + share * (y1 - y0) + across[1])


def _is_walkable(street: Street) -> bool:
    tags = street.tags
    return (
        tags["highway"] not in {"motorway", "motorway_link"}
        and tags.get("foot") != "no"
        and tags.get("access") != "private"
        and "tunnel" not in tags
    )


def _has_frontage(street: Street) -> bool:
    tags = street.tags
    return (
        street.at_grade
        and not street.is_area
        and tags["highway"] not in _NOT_A_FRONTAGE
        and "老码头" not in tags.get("name", "")
    )


def place_facilities(
    subdistricts: Sequence[Subdistrict],
    frontages: Frontages,
    water: Sequence[Polygon],
    rng: np.random.Generator,
) -> list[Site]:
    """Place stations and centres, dense on the ridge, sparse across the rivers."""
    river = shapely.union_all(water)
    area = outline(subdistricts)
    polygons = {part.name: part.polygon for part in subdistricts}
    sites: list[Site] = []

    def add(tier: str, name: str, within: Callable[[Point], bool], spacing_m: float) -> None:
        same_tier = [site.place for site in sites if site.tier == tier]

        def suits(p: Point) -> bool:
            apart = all(p.distance(other) > spacing_m for other in same_tier)
            return apart and within(p) and not river.intersects(p)

        place = frontages.draw(suits)
        low, high = {"community": (30, 80), "street": (90, 200), "district": (220, 400)}[tier]
        identifier = f"{tier[0].upper()}{len(same_tier) + 1:03d}"
        capacity = int(rng.integers(low // 5, high // 5 + 1)) * 5
        address = f"示例街道示例路{int(rng.integers(1, 300))}号"
        services = _services(tier, len(same_tier) + 1)
        sites.append(Site(identifier, name, tier, place, capacity, address, services))

    for quarter in _QUARTERS:
        plain = _plain(quarter.name)
        for number in range(quarter.stations):
            name = f"示例{plain}第{number + 1}社区养老服务站"
            add("community", name, polygons[quarter.name].buffer(-20).contains, 260.0)
    for village, north in (("示例柏溪村社区养老服务站", True), ("示例西渡社区养老服务站", False)):
        add("community", village, _outside(area, north=north), 260.0)
    for subdistrict in _STREET_TIER:
        name = f"示例{_plain(subdistrict)}街道养老服务中心"
        add("street", name, polygons[subdistrict].buffer(-40).contains, 300.0)
    for number, subdistrict in enumerate(_DISTRICT_TIER):
        name = f"示例区第{number + 1}失能特困集中照护中心"
        add("district", name, polygons[subdistrict].buffer(-40).contains, 600.0)
    return sites


def _services(tier: str, number: int) -> tuple[str, ...]:
    """Return what a facility offers, by its number and not by chance: places stay as drawn."""
    if tier == "community":
        by_number = {"dining": number % 2 == 1, "university": number % 4 == 0,
                     "emergency": number % 3 == 0}  # fmt: skip
        return ("day_care", *(name for name, offered in by_number.items() if offered))
    if tier == "street":
        nursing = ("nursing",) if number % 2 == 1 else ()
        return ("day_care", "dining", "university", *nursing, "rehab")
    return ("nursing", "rehab", "emergency")


def _plain(subdistrict: str) -> str:
    return subdistrict.removeprefix("示例·").removesuffix("街道")


def _outside(area: Polygon, *, north: bool) -> Callable[[Point], bool]:
    def accept(place: Point) -> bool:
        beyond = place.y > _BEYOND_NORTH_M if north else place.x < -_HALF_WIDTH_M
        return beyond and 60 < float(area.distance(place)) < _OUTSIDE_REACH_M

    return accept


def place_premises(
    area: Polygon, frontages: Frontages, water: Sequence[Polygon], rng: np.random.Generator
) -> list[Premises]:
    """Place two dozen idle premises inside the study area."""
    inside = area.buffer(-20).difference(shapely.union_all(water))
    uses = ("闲置商铺", "闲置幼儿园", "闲置厂房", "闲置办公楼", "闲置社区用房")
    found = []
    for number in range(1, 26):
        place = frontages.draw(inside.contains)
        use = uses[int(rng.integers(len(uses)))]
        floor_area = int(np.exp(rng.uniform(np.log(90), np.log(3_000))) // 10 * 10)
        cost = int(floor_area * rng.uniform(900, 2_600) // 1_000 * 1_000)
        tiers = ("community", "street", "district")
        fits = (
            *tiers[: 1 + (floor_area >= 600) + (floor_area >= 1_800)],
            *(name for name, least_m2 in _LEAST_M2.items() if floor_area >= least_m2),
        )
        found.append(
            Premises(f"P{number:02d}", f"示例{use}{number}号", place, floor_area, cost, fits)
        )
    return found


def draw_zones(terrain: Terrain) -> list[Zone]:
    """Draw the renewal zones: patches of hillside between two contours."""
    plots = (
        ("示例·云台老旧片区", "old_district", Slope.RIDGE_NORTH, 55, 140, -1_150, -560, 38_000_000),
        ("示例·松坪老旧片区", "old_district", Slope.RIDGE_NORTH, 85, 175, 380, 980, 45_000_000),
        ("示例·竹影旧厂片区", "industrial", Slope.RIDGE_SOUTH, 20, 85, -700, 150, 60_000_000),
        ("示例·北岸滨江片区", "riverside", Slope.FAR_NORTH, 15, 70, 250, 1_050, 26_000_000),
    )
    zones = []
    for name, kind, slope, low_m, high_m, x_from, x_to, budget in plots:
        x = np.linspace(x_from, x_to, 13)
        low = np.column_stack([x, terrain.y_at_height(x, slope, low_m)])
        high = np.column_stack([x, terrain.y_at_height(x, slope, high_m)])
        zones.append(Zone(name, kind, Polygon(np.vstack([low, high[::-1]])), budget))
    return zones


def draw_rivers(terrain: Terrain) -> list[Polygon]:
    """Return the water of the north and the south river."""
    x = np.linspace(-2_800, 2_800, 113)
    banks = ((Slope.RIDGE_NORTH, Slope.FAR_NORTH), (Slope.FAR_SOUTH, Slope.RIDGE_SOUTH))
    return [
        Polygon(
            np.vstack(
                [
                    np.column_stack([x, terrain.bank_m(x, south)]),
                    np.column_stack([x, terrain.bank_m(x, north)])[::-1],
                ]
            )
        )
        for south, north in banks
    ]
