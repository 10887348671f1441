"""Towns: dense grids bent to the hillside, with stairs between parallel streets."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from .draft import NUMBER, Array, Draft, Ints, number_of
from .terrain import Terrain

_COLUMN_M, _ROW_M = 88.0, 58.0
_OBLONG = 1.7
STEEP = 0.17
"""Rise over length from which a climb between two streets is a stair."""
_GENTLE = 0.10
_SQUARES = 0.004
"""Squares for each block."""

_MINOR = ("residential", "service", "footway", "unclassified", "living_street", "alley")
_MINOR_SHARES = (0.42, 0.20, 0.20, 0.06, 0.06, 0.06)
_CLIMBS = ("footway", "residential", "service", "path", "passage", "unclassified")
_CLIMB_SHARES = (0.46, 0.22, 0.20, 0.06, 0.02, 0.04)
_SPURS = ("driveway", "service", "footway", "residential", "steps", "closed path", "path")
_SPUR_SHARES = (0.24, 0.24, 0.28, 0.12, 0.05, 0.02, 0.05)


@dataclass(frozen=True, slots=True)
class Town:
    """One settlement.

    Attributes
    ----------
    number
        Its rank, 0 the largest.
    centre
        Metres.
    cells
        How many junctions it was given.
    nodes
        Shape (rows, columns), the junction of every place of its grid, -1 for none.
    height
        Of the ground there, metres.
    """

    number: int
    centre: Array
    cells: int
    nodes: Ints
    height: Array

    @property
    def junctions(self) -> Ints:
        """The junctions, one after another."""
        return self.nodes[self.nodes >= 0]


def radius_m(cells: NDArray[np.int64] | int) -> NDArray[np.float64]:
    """Return about how far a town of so many junctions reaches, metres."""
    return np.sqrt(np.asarray(cells) * _COLUMN_M * _ROW_M * 1.25 / np.pi) * np.sqrt(_OBLONG) + 60


def draw_town(
    draft: Draft, terrain: Terrain, number: int, centre: Array, cells: int, rng: np.random.Generator
) -> Town:
    """Draw a town's streets."""
    town = _laid_out(draft, terrain, number, centre, cells, rng)
    classes = _row_classes(town, rng)
    _draw_rows(draft, town, classes, rng)
    _draw_columns(draft, town, rng)
    _draw_spurs(draft, town, rng)
    _draw_squares(draft, town, rng)
    _draw_bridges(draft, terrain, town)
    return town


def _laid_out(
    draft: Draft, terrain: Terrain, number: int, centre: Array, cells: int, rng: np.random.Generator
) -> Town:
    area = cells * _COLUMN_M * _ROW_M * 1.5
    rows = 2 * int(np.ceil(np.sqrt(area / np.pi / _OBLONG) / _ROW_M)) + 3
    columns = 2 * int(np.ceil(np.sqrt(area / np.pi * _OBLONG) / _COLUMN_M)) + 3
    v, u = np.meshgrid(
        (np.arange(rows) - rows // 2) * _ROW_M, (np.arange(columns) - columns // 2) * _COLUMN_M,
        indexing="ij",
    )  # fmt: skip
    # Streets follow the hillside: rows run across the fall of the land.
    step = 150.0
    around = centre[:, None] + step * np.array([[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]])
    east, west, north, south = terrain.elevation_m(*around)
    turn = np.arctan2(north - south, east - west) - np.pi / 2
    phases = rng.uniform(0, 2 * np.pi, 4)
    # A slow swirl, so that no two quarters run alike; its slope is far below 1: nothing folds.
    u = u + 95 * np.sin(v / 620 + phases[0]) + 40 * np.sin(v / 240 + phases[1])
    v = v + 110 * np.sin(u / 640 + phases[2]) + 26 * np.sin(u / 210 + phases[3])
    u, v = u + rng.uniform(-9, 9, u.shape), v + rng.uniform(-4, 4, v.shape)
    x, y = _turned(u, v, turn, centre)
    height = terrain.elevation_m(x, y)
    # Along a row the street keeps its height where half a block up or down is enough.
    wanted = uniform_filter1d(height, min(15, columns), axis=1, mode="nearest")
    v = v + np.clip((wanted - height) / 0.25, -0.33 * _ROW_M, 0.33 * _ROW_M)
    x, y = _turned(u, v, turn, centre)
    height = terrain.elevation_m(x, y)
    bank = terrain.bank_m(x, y)
    away = np.hypot((u - u.mean()) / _OBLONG, v - v.mean()) / (np.sqrt(area / np.pi / _OBLONG))
    fringe = 0.22 * np.sin(u / 330 + phases[1]) * np.sin(v / 270 + phases[3])
    park = np.sin(x / 450 + phases[0]) * np.sin(y / 380 + phases[2]) > 0.93
    away = away + fringe + rng.uniform(0, 0.15, u.shape) + np.where(park | (bank < 25), 1e6, 0.0)
    # Where a town has no room for all its junctions, it has fewer.
    order = np.argsort(away, axis=None, kind="stable")[:cells]
    order = order[away.ravel()[order] < 1e5]
    nodes = np.full(u.shape, -1, dtype=np.int64)
    order = np.sort(order)
    nodes.ravel()[order] = draft.nodes(np.column_stack([x.ravel()[order], y.ravel()[order]]))
    return Town(number, np.asarray(centre), cells, nodes, height)


def _turned(u: Array, v: Array, turn: float, centre: Array) -> tuple[Array, Array]:
    cos, sin = np.cos(turn), np.sin(turn)
    return centre[0] + u * cos - v * sin, centre[1] + u * sin + v * cos


def _row_classes(town: Town, rng: np.random.Generator) -> Ints:
    """Return the kind of every edge along a row, shape (rows, columns - 1)."""
    rows, columns = town.nodes.shape
    run = np.arange(columns - 1) // 5
    minor = rng.choice(number_of(_MINOR), size=(rows, run[-1] + 1), p=_MINOR_SHARES)
    kind = minor[:, run]
    middle = rows // 2
    large = town.cells >= 900
    for row in range(rows):
        if (row - middle) % 9 == 0:
            name = "secondary with sidewalks" if row % 2 else "primary"
            if large and (row - middle) % 18 == 0:
                name = "primary with sidewalks"
            kind[row] = NUMBER[name if town.cells >= 60 else "tertiary"]
        elif (row - middle) % 3 == 0:
            kind[row] = NUMBER["tertiary" if row % 2 else "residential"]
    return kind


def _draw_rows(draft: Draft, town: Town, kind: Ints, rng: np.random.Generator) -> None:
    one, other = town.nodes[:, :-1], town.nodes[:, 1:]
    is_main = np.isin(kind, number_of(["primary", "primary with sidewalks", "tertiary",
                                       "secondary with sidewalks"]))  # fmt: skip
    kept = (one >= 0) & (other >= 0) & (rng.random(one.shape) < np.where(is_main, 0.97, 0.8))
    row, column = np.nonzero(kept)
    kinds = kind[row, column]
    # A way goes on while the edges touch and are of one kind, up to two blocks.
    breaks = rng.random(len(row)) < 0.62
    goes_on = (row[1:] == row[:-1]) & (column[1:] == column[:-1] + 1) & (kinds[1:] == kinds[:-1])
    way = np.cumsum(np.r_[True, ~goes_on | breaks[1:]]) - 1
    bend = rng.normal(0, 1, (len(row), 3)) * [3.0, 2.0, 1.0]
    draft.link(
        one[kept], other[kept], kinds, bend_m=bend, way=way, place=town.number,
    )  # fmt: skip
    if town.cells >= 900:
        _draw_sidewalks(draft, town, kind, kept, rng)


def _draw_sidewalks(
    draft: Draft, town: Town, kind: Ints, kept: NDArray[np.bool_], rng: np.random.Generator
) -> None:
    xy = draft.xy()
    with_walk = kept & (kind == NUMBER["primary with sidewalks"])
    row, column = np.nonzero(with_walk)
    a, b = town.nodes[row, column], town.nodes[row, column + 1]
    along = xy[b] - xy[a]
    length = np.hypot(*along.T)
    for side in (-1, 1):
        off = side * 8.0 * np.column_stack([-along[:, 1], along[:, 0]]) / length[:, None]
        first = draft.nodes(xy[a] + off + along * 0.1)
        last = draft.nodes(xy[a] + off + along * 0.9)
        walk = np.full(len(a), NUMBER["sidewalk"])
        draft.link(first, last, walk, bend_m=rng.normal(0, 0.6, (len(a), 3)), place=town.number)
        follows = np.flatnonzero((row[1:] == row[:-1]) & (column[1:] == column[:-1] + 1))
        around = np.full(len(follows), NUMBER["sidewalk"])
        draft.link(last[follows], first[follows + 1], around, place=town.number)
        crossing = np.full(len(a), NUMBER["crossing"])
        draft.link(first, a, crossing, place=town.number)


def _draw_columns(draft: Draft, town: Town, rng: np.random.Generator) -> None:
    xy = draft.xy()
    low, high = town.nodes[:-1], town.nodes[1:]
    main = np.zeros(low.shape, dtype=bool)
    main[:, np.arange(low.shape[1]) % 7 == 3] = True
    kept = (low >= 0) & (high >= 0) & (rng.random(low.shape) < np.where(main, 0.92, 0.46))
    row, column = np.nonzero(kept)
    a, b, main = low[kept], high[kept], main[kept]
    length = np.hypot(*(xy[b] - xy[a]).T)
    grade = np.abs(town.height[row + 1, column] - town.height[row, column]) / length
    kind = rng.choice(number_of(_CLIMBS), size=len(a), p=_CLIMB_SHARES)
    kind[main] = NUMBER["tertiary"]
    winding = main & (grade > _GENTLE)
    kind[winding] = NUMBER["residential"]
    stair = (grade > STEEP) & (~main | (grade > 0.45))
    kind[stair] = NUMBER["steps"]
    bend = rng.normal(0, 1, (len(a), 3)) * [3.0, 2.0, 1.5]
    # A road up a steep slope swings out to both sides.
    bend[winding & ~stair, 1] += 14.0
    drawn_down = rng.random(len(a)) < 0.4
    tail, head = np.where(drawn_down, b, a), np.where(drawn_down, a, b)
    bend[drawn_down, 1] *= -1
    lifts = np.flatnonzero(stair & (grade > 0.25) & (rng.random(len(a)) < 0.02))
    _draw_lifts(draft, town, a[lifts], b[lifts], rng)
    # A quarter of the stairs begin with a level stretch.
    split = np.flatnonzero(stair & (rng.random(len(a)) < 0.25))
    middle = draft.nodes(xy[tail[split]] + 0.35 * (xy[head[split]] - xy[tail[split]]))
    level = np.full(len(split), NUMBER["footway"])
    draft.link(tail[split], middle, level, place=town.number)
    tail[split] = middle
    draft.link(tail, head, kind, bend_m=bend, place=town.number)
    _draw_crossings_above(draft, town, rng)


def _draw_lifts(draft: Draft, town: Town, low: Ints, high: Ints, rng: np.random.Generator) -> None:
    xy = draft.xy()
    along = xy[high] - xy[low]
    off = np.column_stack([-along[:, 1], along[:, 0]]) * 0.18
    shaft = draft.nodes(xy[low] + along * 0.3 + off)
    as_node = rng.random(len(low)) < 0.6
    top = shaft.copy()
    top[~as_node] = draft.nodes((xy[low] + along * 0.42 + off)[~as_node])
    ground, gangway = (np.full(len(low), NUMBER[n]) for n in ("ground floor", "gangway"))
    draft.link(low, shaft, ground, place=town.number)
    draft.link(top, high, gangway, place=town.number)
    ride = np.full(int((~as_node).sum()), NUMBER["elevator"])
    draft.link(shaft[~as_node], top[~as_node], ride, place=town.number)
    for node in shaft[as_node].tolist():
        draft.node_tags[node] = {"highway": "elevator", "level": "0;9"}


def _draw_crossings_above(draft: Draft, town: Town, rng: np.random.Generator) -> None:
    """Draw footbridges and underpasses, without a junction, over every main row."""
    xy, nodes = draft.xy(), town.nodes
    rows = np.arange(1, nodes.shape[0] - 1)
    rows = rows[(rows - nodes.shape[0] // 2) % 9 == 0]
    if town.cells < 200 or len(rows) == 0:
        return
    low, high = nodes[rows - 1][:, :-1], nodes[rows + 1][:, 1:]
    row, column = np.nonzero((low >= 0) & (high >= 0) & (rng.random(low.shape) < 0.16))
    a, b = low[row, column], high[row, column]
    along = xy[b] - xy[a]
    up, down = draft.nodes(xy[a] + 0.36 * along), draft.nodes(xy[a] + 0.64 * along)
    below = rng.random(len(a)) < 0.3
    deck = np.where(below, NUMBER["footway tunnel"], NUMBER["footway bridge"])
    steps = np.where(rng.random(len(a)) < 0.05, NUMBER["escalator"], NUMBER["steps"])
    draft.link(a, up, steps, place=town.number)
    draft.link(up, down, deck, place=town.number)
    draft.link(down, b, np.full(len(a), NUMBER["steps"]), place=town.number)


def _draw_spurs(draft: Draft, town: Town, rng: np.random.Generator) -> None:
    """Draw dead ends into the blocks: yards, gates, garages."""
    xy, nodes = draft.xy(), town.nodes
    corner = nodes[:-1, :-1]
    whole = (corner >= 0) & (nodes[:-1, 1:] >= 0) & (nodes[1:, :-1] >= 0)
    row, column = np.nonzero(whole & (rng.random(corner.shape) < 0.26))
    start = corner[row, column]
    east, north = xy[nodes[row, column + 1]] - xy[start], xy[nodes[row + 1, column]] - xy[start]
    a, b = rng.uniform(0.25, 0.5, (2, len(start)))
    end = draft.nodes(xy[start] + a[:, None] * east + b[:, None] * north)
    kind = rng.choice(number_of(_SPURS), size=len(start), p=_SPUR_SHARES)
    bend = rng.normal(0, 1, (len(start), 3)) * [3.0, 1.5, 1.0]
    draft.link(start, end, kind, bend_m=bend, place=town.number)


def _draw_squares(draft: Draft, town: Town, rng: np.random.Generator) -> None:
    """Draw pedestrian areas along a street, with a way up from their far side."""
    xy, nodes = draft.xy(), town.nodes
    corner = nodes[:-1, :-1]
    whole = (corner >= 0) & (nodes[:-1, 1:] >= 0) & (nodes[1:, :-1] >= 0)
    row, column = np.nonzero(whole & (rng.random(corner.shape) < _SQUARES))
    one, other, above = nodes[row, column], nodes[row, column + 1], nodes[row + 1, column]
    north = 0.55 * (xy[above] - xy[one])
    near, far = draft.nodes(xy[one] + north), draft.nodes(xy[other] + north)
    draft.link(near, above, np.full(len(near), NUMBER["footway"]), place=town.number)
    tags = {"highway": "pedestrian", "area": "yes"}
    draft.rings += [(np.array(ring), tags) for ring in zip(one, other, far, near, strict=True)]


def _draw_bridges(draft: Draft, terrain: Terrain, town: Town) -> None:
    """Join the banks of a river that runs through the town, by some of its rows and columns."""
    xy = draft.xy()
    for lines, every, widest in ((town.nodes.T, 12, 16), (town.nodes, 18, 11)):
        for line in lines[3::every]:
            here = np.flatnonzero(line >= 0)
            gap = np.diff(here)
            for at in np.flatnonzero((gap > 2) & (gap < widest)).tolist():
                ends = line[here[at : at + 2]]
                middle = xy[ends].mean(axis=0)
                if terrain.bank_m(middle[0], middle[1]) < 0:
                    draft.link(ends[:1], ends[1:], np.array([NUMBER["secondary bridge"]]),
                               place=town.number)  # fmt: skip
