"""The streets of the sample town, drawn on its terrain."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .plan import Plan, Point, Street, Tags
from .terrain import Array, Slope, Terrain

_VERTEX_SPACING_M = 44.0
_RAMP_SPACING_M = 32.0
_LEAST_STAIR_GRADE = 0.2
_TOWN_X_M = 1_420.0
"""Half the width of the built-up town; beyond it run only the roads to the outer towns."""

_LOWER_SLOPES = (Slope.FAR_NORTH, Slope.FAR_SOUTH)


@dataclass(frozen=True, slots=True)
class Road:
    """A road that follows a contour.

    Attributes
    ----------
    slope, level
        Hillside, and the position among its contours, 0 at the river.
    x_from, x_to
        Its two ends, metres east.
    highway, name, name_en
        OSM tags.
    """

    slope: Slope
    level: int
    x_from: float
    x_to: float
    highway: str
    name: str
    name_en: str = ""


_RIDGE_HEIGHTS_M = (38.0, 67.0, 97.0, 128.0, 159.0, 190.0)
_FAR_HEIGHTS_M = (40.0, 75.0, 105.0, 128.0)
_CREST_LEVEL = len(_RIDGE_HEIGHTS_M) + 1

# The crest is drawn once, as the top of the north slope; the south slope borrows it.
_ROADS = (
    Road(Slope.RIDGE_NORTH, 0, -2550, 2550, "secondary", "示例滨江北路", "Sample Riverside Road N"),
    Road(Slope.RIDGE_NORTH, 1, -1500, 1350, "residential", "示例云台一路"),
    Road(Slope.RIDGE_NORTH, 2, -1300, 1500, "tertiary", "示例云台二路", "Sample Yuntai 2nd Road"),
    Road(Slope.RIDGE_NORTH, 3, -1380, 150, "residential", "示例云台三路"),
    Road(Slope.RIDGE_NORTH, 3, 420, 1450, "living_street", "示例云台三支路"),
    Road(Slope.RIDGE_NORTH, 4, -2000, 2550, "secondary", "示例环山北路", "Sample Ring Road N"),
    Road(Slope.RIDGE_NORTH, 5, -1250, 1380, "residential", "示例松坪路"),
    Road(Slope.RIDGE_NORTH, 6, -1450, -260, "living_street", "示例松坪上街"),
    Road(Slope.RIDGE_NORTH, 6, 40, 1300, "residential", "示例松坪后街"),
    Road(Slope.RIDGE_NORTH, _CREST_LEVEL, -2550, 2550, "primary", "示例山城大道", "Sample Avenue"),
    Road(Slope.RIDGE_SOUTH, 0, -2550, 2300, "secondary", "示例滨江南路", "Sample Riverside Road S"),
    Road(Slope.RIDGE_SOUTH, 1, -1350, 1450, "residential", "示例竹影一路"),
    Road(Slope.RIDGE_SOUTH, 2, -2000, 2550, "secondary", "示例环山南路", "Sample Ring Road S"),
    Road(Slope.RIDGE_SOUTH, 3, -1450, 1250, "residential", "示例竹影三路"),
    Road(Slope.RIDGE_SOUTH, 4, -1300, -100, "residential", "示例竹影四路"),
    Road(Slope.RIDGE_SOUTH, 4, 180, 1480, "tertiary", "示例竹影五路", "Sample Zhuying 5th Road"),
    Road(Slope.RIDGE_SOUTH, 5, -1400, 1300, "residential", "示例望岚路"),
    Road(Slope.RIDGE_SOUTH, 6, -1200, 1400, "living_street", "示例望岚上街"),
    Road(Slope.FAR_NORTH, 0, -2550, 2550, "tertiary", "示例北岸沿江路", "Sample North Bank Road"),
    Road(Slope.FAR_NORTH, 1, -2000, 1800, "secondary", "示例北岸大街", "Sample North Bank Street"),
    Road(Slope.FAR_NORTH, 2, -1380, 1100, "residential", "示例柏溪一路"),
    Road(Slope.FAR_NORTH, 3, -1250, 600, "residential", "示例柏溪二路"),
    Road(Slope.FAR_NORTH, 4, -1500, 1450, "unclassified", "示例柏溪村道"),
    Road(Slope.FAR_SOUTH, 0, -2550, 2550, "trunk", "示例南岸快速路", "Sample Expressway"),
    Road(Slope.FAR_SOUTH, 1, -1700, 2000, "secondary", "示例南岸大街", "Sample South Bank Street"),
    Road(Slope.FAR_SOUTH, 2, -900, 1400, "residential", "示例橘坡一路"),
    Road(Slope.FAR_SOUTH, 3, -600, 900, "unclassified", "示例橘坡村道"),
)


@dataclass(slots=True)
class Town:
    """The plan while it is drawn, with the contour roads' nodes by slope and level."""

    terrain: Terrain
    rng: np.random.Generator
    plan: Plan = field(default_factory=Plan)
    contours: dict[tuple[Slope, int], list[int]] = field(default_factory=dict)
    stair_x: dict[tuple[Slope, int], list[float]] = field(default_factory=dict)
    """East coordinates of the stairs that climb from each level, so that none are too close."""

    def top(self, slope: Slope) -> int:
        """Return the highest level of a slope."""
        return len(_FAR_HEIGHTS_M) if slope in _LOWER_SLOPES else _CREST_LEVEL

    def contour_y(self, slope: Slope, level: int, x: Array) -> Array:
        """Return y of a level's contour."""
        if level == 0:
            return self.terrain.y_at_distance(x, slope, 40.0)
        if slope in _LOWER_SLOPES:
            return self.terrain.y_at_height(x, slope, _FAR_HEIGHTS_M[level - 1])
        if level == _CREST_LEVEL:
            return self.terrain.crest_m(x)
        return self.terrain.y_at_height(x, slope, _RIDGE_HEIGHTS_M[level - 1])

    def level_nodes(self, slope: Slope, level: int) -> list[int]:
        """Return the nodes of a level's roads."""
        if level == _CREST_LEVEL:
            slope = Slope.RIDGE_NORTH
        return self.contours.get((slope, level), [])

    def nearest(self, slope: Slope, level: int, to: Point, *, reach_m: float) -> int | None:
        """Return the level's node nearest to a point, or None when all are out of reach."""
        nodes = self.level_nodes(slope, level)
        gaps = {n: math.dist(self.plan.points[n], to) for n in nodes}
        best = min(nodes, key=lambda n: gaps[n], default=None)
        return best if best is not None and gaps[best] <= reach_m else None

    def on_contour(self, slope: Slope, level: int, x: float) -> int | None:
        """Return the level's node nearest to `x`, or None where it has no road."""
        nodes = self.level_nodes(slope, level)
        best = min(nodes, key=lambda n: abs(self.plan.points[n][0] - x), default=None)
        return best if best is not None and abs(self.plan.points[best][0] - x) <= 50 else None

    def must(self, slope: Slope, level: int, x: float) -> int:
        """Return the level's node nearest to `x`, on a road that the layout puts there."""
        node = self.on_contour(slope, level, x)
        assert node is not None, f"no road at {slope.value} level {level}, x {x}"
        return node


def draw_contour_roads(town: Town) -> None:
    """Draw the roads that follow the hillsides."""
    for road in _ROADS:
        count = round((road.x_to - road.x_from) / _VERTEX_SPACING_M) + 1
        x = np.linspace(road.x_from, road.x_to, count)
        x[1:-1] += town.rng.uniform(-9, 9, count - 2)
        y = town.contour_y(road.slope, road.level, x)
        nodes = town.plan.nodes(np.column_stack([x, y]))
        town.contours.setdefault((road.slope, road.level), []).extend(nodes)
        tags = {"highway": road.highway, "name": road.name}
        if road.name_en:
            tags["name:en"] = road.name_en
        if road.highway == "trunk":
            _draw_trunk(town, nodes, tags)
        else:
            town.plan.street(nodes, tags)


def _draw_trunk(town: Town, nodes: Sequence[int], tags: Tags) -> None:
    # As in real data: part of the expressway says that it may not be walked, part says nothing.
    places = [town.plan.points[n][0] for n in nodes]
    cut = next(i for i, x in enumerate(places) if x > -300)
    town.plan.street(nodes[: cut + 1], {**tags, "foot": "no", "maxspeed": "60"})
    town.plan.street(nodes[cut:], {**tags, "maxspeed": "60"})


def draw_ramp(
    town: Town, slope: Slope, level: int, x_from: float, x_to: float, tags: Tags
) -> Street | None:
    """Draw a road that climbs from one contour to the next while it runs along the hillside."""
    start = town.on_contour(slope, level, x_from)
    end = town.on_contour(slope, level + 1, x_to)
    if start is None or end is None:
        return None
    inner = [town.plan.node(*p) for p in _climb(town, slope, level, start, end)]
    return town.plan.street([start, *inner, end], tags)


def _climb(town: Town, slope: Slope, level: int, start: int, end: int) -> list[Point]:
    (x0, _), (x1, _) = town.plan.points[start], town.plan.points[end]
    count = max(round(abs(x1 - x0) / _RAMP_SPACING_M), 2) + 1
    along = np.linspace(0, 1, count)[1:-1]
    x = x0 + along * (x1 - x0)
    # Leaving and reaching the contours gently keeps the bends drivable.
    share = along + 0.5 * (along**2 * (3 - 2 * along) - along)
    low, high = (town.contour_y(slope, step, x) for step in (level, level + 1))
    return list(zip(x.tolist(), (low + share * (high - low)).tolist(), strict=True))


def draw_serpentines(town: Town) -> None:
    """Draw the roads that zigzag up each slope, with a hairpin on every contour."""
    for slope in Slope:
        lower = slope in _LOWER_SLOPES
        hill = "坡上" if lower else "盘山"
        for level in range(town.top(slope)):
            western, eastern = (-1_180.0, -850.0), (800.0, 1_120.0)
            if level % 2:
                western, eastern = western[::-1], eastern[::-1]
            tags = {"highway": "tertiary", "name": f"示例{hill}西路"}
            draw_ramp(town, slope, level, *western, tags)
            tags = {"highway": "residential", "name": f"示例{hill}东路"}
            oneway = {"oneway": "yes"} if level in (1, 3) and not lower else {}
            draw_ramp(town, slope, level, *eastern, {**tags, **oneway})


def draw_link_roads(town: Town) -> None:
    """Draw single climbs between two contours, in town and beyond it."""
    links = (
        (Slope.RIDGE_NORTH, 6, -560, -310, "residential", "示例岭上支路"),
        (Slope.RIDGE_NORTH, 6, 480, 250, "residential", "示例岭东支路"),
        (Slope.RIDGE_SOUTH, 6, 560, 340, "residential", "示例岭南支路"),
        (Slope.RIDGE_SOUTH, 6, -480, -250, "residential", "示例岚前支路"),
        (Slope.RIDGE_SOUTH, 3, -760, -520, "residential", "示例竹影横路"),
        (Slope.RIDGE_SOUTH, 4, 480, 700, "living_street", "示例竹影里"),
        (Slope.RIDGE_NORTH, 3, 560, 760, "residential", "示例云台横路"),
        (Slope.RIDGE_NORTH, 4, -640, -420, "residential", "示例松坪横路"),
        (Slope.FAR_NORTH, 0, -250, 20, "residential", "示例渡口坡路"),
        (Slope.FAR_NORTH, 1, 150, 400, "residential", "示例柏溪横路"),
        (Slope.FAR_SOUTH, 1, 150, 420, "residential", "示例橘坡横路"),
        (Slope.FAR_SOUTH, 2, -450, -150, "residential", "示例橘坡里"),
        (Slope.FAR_NORTH, 0, -1_950, -1_600, "unclassified", "示例西渡路"),
        (Slope.FAR_NORTH, 0, 1_400, 1_700, "unclassified", "示例东渡路"),
    )
    for slope, level, x_from, x_to, highway, name in links:
        draw_ramp(town, slope, level, x_from, x_to, {"highway": highway, "name": name})
    link = {"highway": "trunk_link", "oneway": "yes"}
    draw_ramp(town, Slope.FAR_SOUTH, 0, -1_500, -1_250, {**link, "foot": "no"})
    draw_ramp(town, Slope.FAR_SOUTH, 0, 1_250, 1_500, link)


def draw_spurs(town: Town) -> None:
    """Draw short dead ends into the blocks: yards, gates and garages."""
    for slope in Slope:
        # No yard opens onto the expressway.
        for level in range(1 if slope is Slope.FAR_SOUTH else 0, town.top(slope)):
            gap = 640.0 if slope in _LOWER_SLOPES else 520.0
            offset = float(town.rng.uniform(0, gap))
            for x in np.arange(-_TOWN_X_M + offset, _TOWN_X_M, gap):
                _draw_spur(town, slope, level, float(x))


def _draw_spur(town: Town, slope: Slope, level: int, x_from: float) -> None:
    start = town.on_contour(slope, level, x_from)
    if start is None:
        return
    side = float(town.rng.choice([-1, 1]))
    run = float(town.rng.uniform(60, 100))
    x0 = town.plan.points[start][0]
    x = x0 + side * np.array([0.4, 1.0]) * run
    low, high = (town.contour_y(slope, step, x) for step in (level, level + 1))
    y = low + np.array([0.22, 0.5]) * (high - low)
    kinds: list[Tags] = [
        {"highway": "service", "access": "private", "service": "driveway"},
        {"highway": "service"},
        {"highway": "residential", "name": "示例小院巷"},
        {"highway": "living_street"},
    ]
    tags = kinds[int(town.rng.choice(len(kinds), p=[0.35, 0.35, 0.2, 0.1]))]
    inner = town.plan.nodes(np.column_stack([x, y]))
    town.plan.node_tags[inner[-1]] = {"noexit": "yes"}
    town.plan.street([start, *inner], tags)


def draw_stairs(town: Town) -> None:
    """Draw stair streets that climb a whole slope, then single flights between them."""
    for number, x in enumerate((-1_020.0, -310.0, 360.0, 960.0)):
        for slope in (Slope.RIDGE_NORTH, Slope.RIDGE_SOUTH):
            side = "北" if slope is Slope.RIDGE_NORTH else "南"
            name = f"示例云梯{'一二三四'[number]}巷{side}段"
            _draw_stair_street(town, slope, x + float(town.rng.uniform(-60, 60)), name)
    for slope in Slope:
        lower = slope in _LOWER_SLOPES
        for level in range(town.top(slope)):
            spacing = 620.0 if lower else 175.0
            x = -_TOWN_X_M + float(town.rng.uniform(0, spacing))
            while x < _TOWN_X_M:
                _draw_flight(town, slope, level, x)
                x += spacing * float(town.rng.uniform(0.75, 1.25))


def _draw_stair_street(town: Town, slope: Slope, x: float, name: str) -> None:
    node = town.on_contour(slope, 0, x)
    for level in range(town.top(slope)):
        if node is not None:
            node = climb_by_stairs(town, slope, level, node, {"name": name})
        if node is None:
            node = town.on_contour(slope, level + 1, x)


def _draw_flight(town: Town, slope: Slope, level: int, x: float) -> None:
    start = town.on_contour(slope, level, x)
    if start is None or (slope is Slope.FAR_SOUTH and level == 0 and x < 0):
        return
    taken = town.stair_x.get((slope, level), [])
    if all(abs(town.plan.points[start][0] - other) > 90 for other in taken):
        climb_by_stairs(town, slope, level, start, {})


def climb_by_stairs(town: Town, slope: Slope, level: int, start: int, tags: Tags) -> int | None:
    """Draw a stair from a node straight up to the next contour; return where it arrives.

    Where the hill is too gentle for steps it is a footway.
    """
    end = town.nearest(slope, level + 1, town.plan.points[start], reach_m=260)
    if end is None:
        return None
    town.stair_x.setdefault((slope, level), []).append(town.plan.points[start][0])
    bends = [town.plan.node(*_jittered(town, town.plan.between(start, end, s))) for s in (0.3, 0.7)]
    course = [start, *bends, end]
    footway = {**tags, "highway": "footway"}
    if _grade(town, start, end) < _LEAST_STAIR_GRADE:
        town.plan.street(course, footway)
        return end
    if town.rng.random() < 0.25:
        town.plan.street(course[:2], footway)
        course = course[1:]
    # Mappers draw stairs in either direction.
    drawn = course if town.rng.random() < 0.6 else course[::-1]
    town.plan.street(drawn, {"highway": "steps", **tags})
    return end


def _grade(town: Town, start: int, end: int) -> float:
    x, y = np.array([town.plan.points[start], town.plan.points[end]]).T
    heights = town.terrain.elevation_m(x, y)
    return float(abs(heights[1] - heights[0]) / np.hypot(x[1] - x[0], y[1] - y[0]))


def _jittered(town: Town, point: Point) -> Point:
    dx, dy = town.rng.uniform(-5, 5, 2)
    return point[0] + float(dx), point[1] + float(dy)
