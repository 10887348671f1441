"""Bridges, the tunnel, lifts, footways, the square and the outer roads of the sample town."""

import math
from collections.abc import Sequence

import numpy as np

from .plan import Plan, Tags
from .streets import Town, climb_by_stairs
from .terrain import Array, Slope

_SIDEWALK_OFFSET_M = 8.0
_CROSSING_EVERY = 7
"""A crossing joins sidewalk and road at every so many nodes, about 300 m."""


def draw_bridges(town: Town) -> None:
    """Draw one road bridge over each river, from hillside to hillside above the banks."""
    spans = (
        (Slope.RIDGE_NORTH, Slope.FAR_NORTH, -430.0, "secondary", "北江", "North"),
        (Slope.RIDGE_SOUTH, Slope.FAR_SOUTH, 610.0, "primary", "南江", "South"),
    )
    for ridge, far, x, highway, river, river_en in spans:
        start = town.must(ridge, 1, x)
        end = town.must(far, 1, town.plan.points[start][0])
        name = {"name": f"示例{river}大桥", "name:en": f"Sample {river_en} Bridge"}
        deck = {"highway": highway, **name, "sidewalk": "both", "bridge": "yes", "layer": "1"}
        # The deck springs from the hillside roads themselves: a ramp down to it would be a cliff.
        town.plan.street([start, *_straight(town.plan, start, end, setback_m=40), end], deck)


def draw_tunnel(town: Town) -> None:
    """Draw the road tunnel that joins the two riverside roads under the ridge."""
    plan = town.plan
    start = town.must(Slope.RIDGE_NORTH, 0, 150)
    end = town.must(Slope.RIDGE_SOUTH, 0, 190)
    # The portals stand on the terrace, where the approaches are still level.
    inner = _straight(plan, start, end, setback_m=9)
    road = {"highway": "primary", "name": "示例穿岭隧道", "name:en": "Sample Tunnel"}
    plan.street([start, inner[0]], road)
    plan.street(inner, {**road, "tunnel": "yes", "layer": "-1", "foot": "no", "lit": "yes"})
    plan.street([inner[-1], end], road)


def _straight(plan: Plan, start: int, end: int, *, setback_m: float) -> list[int]:
    setback = setback_m / math.dist(plan.points[start], plan.points[end])
    shares = np.linspace(setback, 1 - setback, 6).tolist()
    return plan.nodes([plan.between(start, end, share) for share in shares])


def draw_lifts(town: Town) -> None:
    """Draw two public lifts, one mapped as a node and one as a way, and an escalator."""
    plan = town.plan
    low, high = _stand_between(town, Slope.RIDGE_NORTH, 4, -180.0)
    shaft = plan.node(*plan.between(low, high, 0.2))
    plan.node_tags[shaft] = {"highway": "elevator", "level": "0;9", "name": "示例松坪电梯"}
    plan.street([low, shaft], {"highway": "footway", "level": "0"})
    gangway = {"highway": "footway", "bridge": "yes", "layer": "1", "level": "9"}
    plan.street([shaft, high], gangway)

    low, high = _stand_between(town, Slope.RIDGE_SOUTH, 1, -330.0)
    bottom, top = plan.nodes([plan.between(low, high, share) for share in (0.2, 0.28)])
    plan.street([low, bottom], {"highway": "footway", "level": "0"})
    lift = {"highway": "elevator", "level": "0;8", "name": "示例竹影电梯", "wheelchair": "yes"}
    plan.street([bottom, top], lift)
    plan.street([top, high], {**gangway, "level": "8"})

    low, high = _stand_between(town, Slope.RIDGE_NORTH, 1, -620.0)
    ends = plan.nodes([plan.between(low, high, share) for share in (0.12, 0.85)])
    plan.street([low, ends[0]], {"highway": "footway"})
    escalator = {"highway": "steps", "conveying": "forward", "incline": "up"}
    plan.street(ends, {**escalator, "layer": "1", "name": "示例云台扶梯", "wheelchair": "no"})
    plan.street([ends[1], high], {"highway": "footway"})
    # Who comes down, or comes at night, takes the stair beside it.
    beside = town.must(Slope.RIDGE_NORTH, 1, plan.points[low][0] + 60)
    climb_by_stairs(town, Slope.RIDGE_NORTH, 1, beside, {"handrail": "yes"})


def _stand_between(town: Town, slope: Slope, level: int, x: float) -> tuple[int, int]:
    low = town.must(slope, level, x)
    high = town.nearest(slope, level + 1, town.plan.points[low], reach_m=260)
    assert high is not None
    town.stair_x.setdefault((slope, level), []).append(town.plan.points[low][0])
    return low, high


def draw_sidewalks(town: Town) -> None:
    """Draw the sidewalks that are mapped as ways of their own, with crossings to the road."""
    _draw_sidewalk(town, Slope.RIDGE_NORTH, town.top(Slope.RIDGE_NORTH), -1_100, 1_150)
    _draw_sidewalk(town, Slope.RIDGE_NORTH, 4, -800, 800)


def _draw_sidewalk(town: Town, slope: Slope, level: int, x_from: float, x_to: float) -> None:
    plan = town.plan
    inside = (n for n in town.level_nodes(slope, level) if x_from < plan.points[n][0] < x_to)
    road = sorted(inside, key=lambda n: plan.points[n][0])
    places = np.array([plan.points[n] for n in road])
    walk = plan.nodes(places + _SIDEWALK_OFFSET_M * _left_normals(places))
    plan.street(walk, {"highway": "footway", "footway": "sidewalk", "surface": "paving_stones"})
    for index in {*range(0, len(road), _CROSSING_EVERY), len(road) - 1}:
        marked = {"highway": "footway", "footway": "crossing", "crossing": "marked"}
        plan.street([walk[index], road[index]], marked)
        plan.node_tags.setdefault(road[index], {"highway": "crossing", "crossing": "marked"})


def _left_normals(places: Array) -> Array:
    along = np.gradient(places, axis=0)
    along /= np.hypot(along[:, 0], along[:, 1])[:, None]
    return np.column_stack([-along[:, 1], along[:, 0]])


def draw_promenade(town: Town) -> None:
    """Draw the walk along the water below the northern riverside road."""
    x = np.linspace(-760, 900, 39)
    y = town.terrain.y_at_distance(x, Slope.RIDGE_NORTH, 16.0)
    walk = town.plan.nodes(np.column_stack([x, y]))
    tags = {"highway": "footway", "name": "示例江滨步道", "surface": "wood"}
    town.plan.street(walk, tags)
    for index in (0, 12, 25, 38):
        place = town.plan.points[walk[index]]
        road = town.nearest(Slope.RIDGE_NORTH, 0, place, reach_m=80)
        assert road is not None
        town.plan.street([walk[index], road], {"highway": "footway"})


def draw_square(town: Town) -> None:
    """Draw the pedestrian square south of the crest road, mapped as an area."""
    plan = town.plan
    crest = sorted(
        town.level_nodes(Slope.RIDGE_SOUTH, town.top(Slope.RIDGE_SOUTH)),
        key=lambda n: abs(plan.points[n][0] - 60),
    )
    edge = sorted(crest[:3], key=lambda n: plan.points[n][0])
    far = plan.nodes([(plan.points[n][0], plan.points[n][1] - 48) for n in reversed(edge)])
    square = {"highway": "pedestrian", "area": "yes", "name": "示例中心广场"}
    plan.street([*edge, *far, edge[0]], {**square, "name:en": "Sample Central Square"})
    level = town.top(Slope.RIDGE_SOUTH) - 1
    town.stair_x.setdefault((Slope.RIDGE_SOUTH, level), []).append(plan.points[far[1]][0])
    below = town.nearest(Slope.RIDGE_SOUTH, level, plan.points[far[1]], reach_m=200)
    assert below is not None
    landing = plan.node(*plan.between(below, far[1], 0.5))
    plan.street([below, landing, far[1]], {"highway": "steps", "name": "示例广场梯道"})


def draw_quay(town: Town) -> None:
    """Draw the old quay, whose lanes join no other street: only boats land there."""
    x = np.linspace(-1_000, -720, 8)
    y = town.terrain.y_at_distance(x, Slope.RIDGE_SOUTH, 11.0)
    lane = town.plan.nodes(np.column_stack([x, y]))
    town.plan.street(lane[:6], {"highway": "residential", "name": "示例老码头"})
    town.plan.street(lane[5:], {"highway": "footway", "name": "示例老码头"})


def draw_outer_roads(town: Town) -> None:
    """Draw the country roads and the motorway beyond the town."""
    north_top, south_top = town.top(Slope.FAR_NORTH), 3
    west = _draw_winding(town, Slope.FAR_NORTH, north_top, -720, 2_430, "tertiary", "示例北乡公路")
    east = _draw_winding(town, Slope.FAR_NORTH, north_top, 520, 1_850, "tertiary", "示例石桥公路")
    south = _draw_winding(
        town, Slope.FAR_SOUTH, south_top, -480, -2_440, "tertiary", "示例南乡公路"
    )
    field_road = {"highway": "unclassified", "name": "示例田埂路"}
    _draw_lateral(town, west[-6], east[-1], field_road)
    _draw_lateral(town, south[-9], None, {**field_road, "name": "示例橘园路"})
    path_top = (town.plan.points[west[8]][0] - 420, town.plan.points[west[8]][1] + 60)
    path = town.plan.node(*path_top)
    bend = town.plan.node(path_top[0] + 200, path_top[1] + 70)
    town.plan.street([west[8], bend, path], {"highway": "path", "surface": "ground"})
    _draw_motorway(town, east[-1])


def _draw_winding(
    town: Town, slope: Slope, level: int, x: float, y_end: float, highway: str, name: str
) -> list[int]:
    start = town.must(slope, level, x)
    x0, y0 = town.plan.points[start]
    count = round(abs(y_end - y0) / 45) + 1
    share = np.linspace(0, 1, count)[1:]
    bends = 70 * np.sin(share * np.pi * 2 * count / 14) * np.minimum(share * 4, 1)
    inner = town.plan.nodes(np.column_stack([x0 + bends, y0 + share * (y_end - y0)]))
    town.plan.street([start, *inner], {"highway": highway, "name": name})
    return [start, *inner]


def _draw_lateral(town: Town, start: int, end: int | None, tags: Tags) -> None:
    x0, y0 = town.plan.points[start]
    x1, y1 = town.plan.points[end] if end is not None else (x0 + 1_150, y0 + 130)
    share = np.linspace(0, 1, 24)[1:-1]
    y = y0 + share * (y1 - y0) + 40 * np.sin(share * 3 * np.pi)
    inner = town.plan.nodes(np.column_stack([x0 + share * (x1 - x0), y]))
    last = [end] if end is not None else town.plan.nodes([(x1, y1)])
    town.plan.street([start, *inner, *last], tags)


def _draw_motorway(town: Town, link_start: int) -> None:
    plan = town.plan
    x0, y0 = plan.points[link_start]
    x = np.linspace(x0 + 260, 2_560, 30)
    y = y0 + 120 + 60 * np.sin((x - x[0]) / 600)
    tags = {"highway": "motorway", "ref": "S9999", "name": "示例高速", "oneway": "yes"}
    eastbound = plan.nodes(np.column_stack([x, y]))
    westbound = plan.nodes(np.column_stack([x, y + 18])[::-1])
    plan.street(eastbound, tags)
    plan.street(westbound, tags)
    link = {"highway": "motorway_link", "oneway": "yes"}
    _draw_link(plan, [link_start, eastbound[0]], (x0 + 130, y0 + 50), link)
    _draw_link(plan, [westbound[-1], link_start], (x0 + 120, y0 + 85), link)


def _draw_link(plan: Plan, ends: Sequence[int], via: tuple[float, float], tags: Tags) -> None:
    plan.street([ends[0], plan.node(*via), ends[1]], tags)
