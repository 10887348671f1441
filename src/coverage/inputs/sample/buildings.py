"""The buildings of the sample town, lined up along its streets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, Polygon, STRtree

from .plan import Plan, Tags

_STREET_CLEARANCE_M = 4.0
_WANTED = 430
_LINED = {"primary", "secondary", "tertiary", "residential", "living_street", "unclassified"}
_STOREY_M = 3.0


@dataclass(frozen=True, slots=True)
class _Kind:
    building: str
    share: float
    depth_m: tuple[float, float]
    length_m: tuple[float, float]
    storeys: tuple[int, int]


_KINDS = (
    _Kind("residential", 0.38, (11, 15), (18, 44), (3, 9)),
    _Kind("apartments", 0.24, (14, 20), (20, 40), (9, 33)),
    _Kind("yes", 0.22, (8, 14), (10, 26), (1, 7)),
    _Kind("commercial", 0.11, (14, 24), (20, 46), (2, 12)),
    _Kind("school", 0.03, (16, 20), (40, 60), (3, 5)),
    _Kind("hospital", 0.02, (20, 28), (40, 60), (4, 12)),
)


@dataclass(frozen=True, slots=True)
class Building:
    """One building: footprint in local metres, tags, and whether its entrance is mapped."""

    footprint: Polygon
    tags: Tags
    storeys: int
    has_entrance: bool

    @property
    def height_m(self) -> float:
        """Height above the ground, metres."""
        return self.storeys * _STOREY_M


def build_along_streets(
    plan: Plan, water: Sequence[Polygon], town_area: Polygon, rng: np.random.Generator
) -> list[Building]:
    """Place buildings beside the streets, clear of streets, water and one another.

    Parameters
    ----------
    plan
        The finished streets.
    water
        Rivers.
    town_area
        The study area; nine in ten plots outside it stay empty.
    rng
        Source of all chance here.
    """
    plots = _plots(plan, rng)
    footprints = np.array([footprint for footprint, _ in plots])
    taken = [plan.line(s).buffer(_STREET_CLEARANCE_M) for s in plan.streets if _is_above(s.tags)]
    taken += [shapely.buffer(river, 5) for river in water]
    blocked = np.zeros(len(footprints), dtype=bool)
    blocked[STRtree(taken).query(footprints, predicate="intersects")[0]] = True
    outside = ~shapely.contains(town_area, footprints)
    blocked |= outside & (rng.random(len(footprints)) < 0.9)
    order = rng.permutation(np.flatnonzero(~blocked))
    chosen = _without_overlaps(footprints, order)[:_WANTED]
    return [_furnished(footprints[i], plots[i][1], rng) for i in sorted(chosen)]


def _is_above(tags: Tags) -> bool:
    return tags.get("tunnel") != "yes"


def _plots(plan: Plan, rng: np.random.Generator) -> list[tuple[Polygon, _Kind]]:
    shares = [kind.share for kind in _KINDS]
    plots = []
    for street in plan.streets:
        if street.tags["highway"] not in _LINED or not street.at_grade:
            continue
        line = plan.line(street)
        for distance in np.arange(20, line.length - 15, 34):
            for side in (-1, 1):
                kind = _KINDS[int(rng.choice(len(_KINDS), p=shares))]
                plots.append((_beside(line, float(distance), side, kind, rng), kind))
    return plots


def _beside(
    line: LineString, distance_m: float, side: int, kind: _Kind, rng: np.random.Generator
) -> Polygon:
    depth = float(rng.uniform(*kind.depth_m))
    length = float(rng.uniform(*kind.length_m))
    place = line.interpolate(distance_m + float(rng.uniform(-8, 8)))
    ahead = line.interpolate(distance_m + 12)
    along = np.array([ahead.x - place.x, ahead.y - place.y])
    along /= np.hypot(*along) or 1.0
    across = side * np.array([-along[1], along[0]])
    middle = np.array([place.x, place.y]) + across * (depth / 2 + float(rng.uniform(7, 14)))
    a, b = along * length / 2, across * depth / 2
    # The front stands first, so that the entrance is on the street side.
    corners = [middle - a - b, middle + a - b, middle + a + b, middle - a + b]
    return Polygon(corners)


def _without_overlaps(footprints: NDArray[np.object_], order: NDArray[np.int64]) -> list[int]:
    near = STRtree(footprints).query(footprints, predicate="dwithin", distance=3.0)
    neighbours: dict[int, set[int]] = {}
    for one, other in near.T.tolist():
        neighbours.setdefault(one, set()).add(other)
    kept: set[int] = set()
    chosen = []
    for index in order.tolist():
        if not neighbours[index] & kept:
            kept.add(index)
            chosen.append(index)
    return chosen


def _furnished(footprint: Polygon, kind: _Kind, rng: np.random.Generator) -> Building:
    storeys = int(rng.integers(kind.storeys[0], kind.storeys[1] + 1))
    tags = {"building": kind.building}
    if rng.random() < 0.4:
        tags["building:levels"] = str(storeys)
    if kind.building in ("school", "hospital"):
        tags["amenity"] = kind.building
        tags["name"] = "示例小学" if kind.building == "school" else "示例医院"
    return Building(footprint, tags, storeys, bool(rng.random() < 0.15))
