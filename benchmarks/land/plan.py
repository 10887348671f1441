"""The municipality's streets, whole: where its towns lie, and everything between them."""

from dataclasses import dataclass

import numpy as np

from . import country
from .draft import Array, Draft, Edges, Ways, formed
from .terrain import Terrain
from .towns import Town, draw_town, radius_m

FULL_NODES = 1_000_000
FULL_SIDE_M = 200_000.0

_JUNCTIONS_IN_TOWNS = 0.17
"""Junctions of towns for each walking node."""
_NODES_A_TOWN = 800
_PATHS = 0.008


@dataclass(frozen=True, slots=True)
class Municipality:
    """Land, towns and streets."""

    terrain: Terrain
    towns: list[Town]
    draft: Draft
    edges: Edges
    ways: Ways


def half_side_m(nodes: int) -> float:
    """Return half the side of the land: its streets are as dense at every size."""
    return FULL_SIDE_M / 2 * np.sqrt(nodes / FULL_NODES)


def drawn(nodes: int, seed: np.random.SeedSequence) -> Municipality:
    """Draw a municipality of so many walking nodes."""
    land, where, streets, roads, bends = (np.random.default_rng(s) for s in seed.spawn(5))
    terrain = Terrain.drawn(half_side_m(nodes), land)
    sizes = town_sizes(nodes)
    centres = _placed(terrain, sizes, where)
    draft = Draft()
    towns = [
        draw_town(draft, terrain, number, centre, int(size), streets)
        for number, (centre, size) in enumerate(zip(centres, sizes, strict=True))
    ]
    towns = [town for town in towns if len(town.junctions)]
    country.draw_roads(draft, terrain, towns, roads)
    country.draw_footpaths(draft, int(nodes * _PATHS), terrain, roads)
    country.draw_expressways(draft, towns, roads)
    country.draw_motorways(draft, towns, roads)
    return Municipality(terrain, towns, draft, draft.all_edges(), formed(draft, nodes, bends))


def town_sizes(nodes: int) -> np.ndarray:
    """Return the junctions of each town, by rank: one large city, a long tail of villages."""
    count = max(nodes // _NODES_A_TOWN, 8)
    weight = 1 / (np.arange(count) + 1.0) ** 0.95
    weight[0] *= 2
    return np.maximum(weight / weight.sum() * nodes * _JUNCTIONS_IN_TOWNS, 6).astype(np.int64)


def _placed(terrain: Terrain, sizes: np.ndarray, rng: np.random.Generator) -> Array:
    """Place towns apart from one another, by preference low and near water."""
    radius = radius_m(sizes)
    centres = np.zeros((len(sizes), 2))
    for town in range(1, len(sizes)):
        room = max(terrain.half_m - radius[town] - 300, 500.0)
        for crowding in np.linspace(1.0, 0.0, 12):
            tried = rng.uniform(-room, room, (24, 2))
            apart = np.hypot(
                *np.moveaxis(tried[:, None] - centres[None, :town], 2, 0)
            ) - crowding * (radius[:town] + radius[town] + 400)
            fit = np.flatnonzero(apart.min(axis=1) > 0)
            if len(fit):
                height = terrain.elevation_m(*tried[fit].T)
                bank = terrain.bank_m(*tried[fit].T)
                centres[town] = tried[fit[np.argmin(height + np.where(bank < 60, 400, 0))]]
                break
        else:
            centres[town] = tried[0]
    return centres
