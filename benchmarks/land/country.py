"""The country between the towns: roads, hamlets, footpaths, expressways and motorways."""

import itertools
from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay, cKDTree

from .draft import NUMBER, WALKED, Array, Draft, Ints, number_of
from .terrain import Terrain
from .towns import Town

_STEP_M = 60.0
_HAMLET_M = (350.0, 1_100.0)
_TRACKS = ("track", "unclassified", "residential", "path", "footway", "service", "steps")
_TRACK_SHARES = (0.22, 0.28, 0.16, 0.20, 0.06, 0.05, 0.03)
_LONGEST_ROAD_M = 30_000.0


def draw_roads(
    draft: Draft, terrain: Terrain, towns: Sequence[Town], rng: np.random.Generator
) -> None:
    """Join neighbouring towns by valley roads with hamlets along them."""
    centres = np.array([town.centre for town in towns])
    component = _components(draft)
    joined = [_main_part(town, component) for town in towns]
    for one, other in _neighbours(centres, rng):
        xy = draft.xy()
        ends = (
            _gate(xy, joined[one], centres[other]), _gate(xy, joined[other], centres[one])
        )  # fmt: skip
        first = min(one, other)
        size = len(towns)
        kind = "secondary" if first < size / 25 else "tertiary" if first < size / 3 else (
            "unclassified")  # fmt: skip
        _draw_road(draft, terrain, xy[list(ends)], ends, kind, rng)


def _neighbours(centres: Array, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Return pairs of towns that no third lies between, and some more."""
    triangles = Delaunay(centres).simplices
    pairs = np.unique(np.sort(triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1), axis=0)
    middle = centres[pairs].mean(axis=1)
    half = np.hypot(*(centres[pairs[:, 0]] - centres[pairs[:, 1]]).T) / 2
    near, _ = cKDTree(centres).query(middle)
    free = near >= half * 0.999
    # From a large town roads lead every way.
    longer = (rng.random(len(pairs)) < 0.06) | (pairs[:, 0] < max(len(centres) // 60, 1))
    return [tuple(p) for p in pairs[(free | longer) & (half * 2 < _LONGEST_ROAD_M)].tolist()]


def _components(draft: Draft) -> Ints:
    edges = draft.all_edges()
    walked = WALKED[edges.kind]
    links = coo_array(
        (np.ones(int(walked.sum())), (edges.tail[walked], edges.head[walked])),
        shape=(draft.count, draft.count),
    )
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)


def _main_part(town: Town, component: Ints) -> Ints:
    """Return the junctions of a town that most of it can walk to."""
    nodes = town.junctions
    return nodes[component[nodes] == np.argmax(np.bincount(component[nodes]))]


def _gate(xy: Array, nodes: Ints, towards: Array) -> int:
    return int(nodes[np.argmin(np.hypot(*(xy[nodes] - towards).T))])


def _draw_road(
    draft: Draft, terrain: Terrain, between: Array, ends: tuple[int, int], kind: str,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    along = between[1] - between[0]
    length = float(np.hypot(*along))
    left = np.array([-along[1], along[0]]) / max(length, 1.0)
    steps = max(int(length / _STEP_M), 2)
    share = np.linspace(0, 1, steps + 1)
    waves = np.arange(1, 2 + int(length / 1_500))
    height = rng.normal(0, 1, len(waves)) * 0.075 * length / waves
    sway = np.sin(np.pi * share[:, None] * waves) @ height
    course = between[0] + along * share[:, None] + left * sway[:, None]
    wet = terrain.bank_m(course[:, 0], course[:, 1]) < 15
    wet[[0, -1]] = False
    banks = np.flatnonzero(wet[1:] != wet[:-1])
    banks = banks + (wet[banks])  # the dry side of either bank
    gaps = rng.uniform(*_HAMLET_M, int(length / _HAMLET_M[0]) + 1)
    stops = np.round(np.cumsum(gaps) / max(length, 1.0) * steps).astype(np.int64)
    stops = stops[stops < steps]
    stops = stops[~wet[stops]]
    at = np.unique(np.concatenate([stops, banks]))
    at = at[(at > 0) & (at < steps)]
    nodes = draft.nodes(course[at])
    chain = np.concatenate([[ends[0]], nodes, [ends[1]]])
    place = np.concatenate([[0], at, [steps]])
    bridge = np.array([bool(wet[i : j + 1].any()) for i, j in itertools.pairwise(place)])
    kinds = np.where(bridge, NUMBER[f"{kind} bridge"], NUMBER[kind])
    metres = np.diff(place) * _STEP_M
    bend = rng.normal(0, 1, (len(kinds), 3)) * np.array([0.05, 0.05, 0.04]) * metres[:, None]
    bend[bridge] = 0
    cut = (rng.random(len(kinds)) < 0.6) | np.r_[True, kinds[1:] != kinds[:-1]]
    draft.link(chain[:-1], chain[1:], kinds, bend_m=bend, way=np.cumsum(cut) - 1)
    hamlets = np.isin(at, stops) & ~np.isin(at, banks)
    _draw_tracks(draft, terrain, nodes[hamlets], course[at[hamlets]], left, rng)


def _draw_tracks(
    draft: Draft, terrain: Terrain, nodes: Ints, xy: Array, left: Array, rng: np.random.Generator
) -> None:
    """Draw what leads from a road to its farms: dead ends, some of which fork."""
    for round_ in range(3):
        chosen = rng.random(len(nodes)) < (0.9, 0.55, 0.4)[round_]
        nodes, xy = nodes[chosen], xy[chosen]
        if len(nodes) == 0:
            return
        for _ in range(1 if round_ == 0 else 2):
            angle = np.arctan2(left[1], left[0]) + rng.choice([0, np.pi], len(nodes))
            angle = angle + rng.normal(0, 0.7 + 0.3 * round_, len(nodes))
            reach = rng.uniform(60, 420, len(nodes)) / (1 + 0.4 * round_)
            ends_xy = xy + np.column_stack([np.cos(angle), np.sin(angle)]) * reach[:, None]
            dry = terrain.bank_m(ends_xy[:, 0], ends_xy[:, 1]) > 10
            ends = draft.nodes(ends_xy[dry])
            kind = rng.choice(number_of(_TRACKS), size=int(dry.sum()), p=_TRACK_SHARES)
            bend = rng.normal(0, 0.09, (len(ends), 3)) * reach[dry][:, None]
            draft.link(nodes[dry], ends, kind, bend_m=bend)
        nodes, xy = ends, ends_xy[dry]


def draw_footpaths(draft: Draft, count: int, terrain: Terrain, rng: np.random.Generator) -> None:
    """Draw paths over the hills, from country junctions to others nearby."""
    xy, edges = draft.xy(), draft.all_edges()
    degree = np.bincount(np.concatenate([edges.tail, edges.head]), minlength=len(xy))
    rural = np.unique(np.concatenate([edges.tail[edges.place < 0], edges.head[edges.place < 0]]))
    ends = rural[degree[rural] <= 2]
    starts = rng.choice(ends, min(count, len(ends)), replace=False)
    far, near = cKDTree(xy[rural]).query(xy[starts], k=9)
    target = rural[near[:, -1]]
    middle = (xy[starts] + xy[target]) / 2
    fit = (far[:, -1] > 120) & (far[:, -1] < 1_500) & (terrain.bank_m(*middle.T) > 20)
    starts, target, far = starts[fit], target[fit], far[fit, -1]
    bend = rng.normal(0, 0.08, (len(starts), 3)) * far[:, None]
    kind = rng.choice(number_of(["path", "footway", "track"]), size=len(starts), p=[0.7, 0.2, 0.1])
    draft.link(starts, target, kind, bend_m=bend)


def draw_expressways(draft: Draft, towns: Sequence[Town], rng: np.random.Generator) -> None:
    """Draw roads on stilts through the large towns; nobody walks there."""
    for town in towns:
        if town.cells < 700:
            continue
        xy = draft.xy()
        for row in range(town.nodes.shape[0] // 4, town.nodes.shape[0] - 2, 22):
            low, high = town.nodes[row], town.nodes[row + 1]
            columns = np.flatnonzero((low >= 0) & (high >= 0))
            if len(columns) < 8:
                continue
            line = draft.nodes((xy[low[columns]] + xy[high[columns]]) / 2)
            piece = np.arange(len(columns) - 1) // 9
            names = rng.choice(
                ["trunk bridge", "trunk bridge", "signed trunk", "trunk"], int(piece[-1]) + 1
            )
            draft.link(line[:-1], line[1:], number_of(names)[piece], way=piece, place=town.number)
            ramps = np.arange(4, len(columns), 16)
            kind = np.full(len(ramps), NUMBER["trunk_link bridge"])
            draft.link(line[ramps], low[columns[ramps]], kind, place=town.number)


def draw_motorways(draft: Draft, towns: Sequence[Town], rng: np.random.Generator) -> None:
    """Draw motorways of two carriageways from each large town to the next."""
    if len(towns) < 3:
        return
    large = towns[: max(len(towns) // 40, 3)]
    centres = np.array([town.centre for town in large])
    _, near = cKDTree(centres).query(centres, k=min(3, len(large)))
    pairs = {tuple(sorted((a, int(b)))) for a, row in enumerate(near) for b in row[1:]}
    for a, b in sorted(pairs):
        along = centres[b] - centres[a]
        length = float(np.hypot(*along))
        left = np.array([-along[1], along[0]]) / length
        count = max(int(length / 700), 2)
        share = np.linspace(0, 1, count + 1)
        sway = np.sin(share * np.pi) * 0.05 * length
        for off in (-9.0, 9.0):
            course = centres[a] + along * share[:, None] + left * (sway + off)[:, None]
            line = draft.nodes(course)
            kind = rng.choice(
                number_of(["motorway", "motorway bridge", "motorway tunnel"]), size=count,
                p=[0.5, 0.25, 0.25],
            )  # fmt: skip
            draft.link(line[:-1], line[1:], kind)
