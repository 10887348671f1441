"""Subdistricts with their people, and the facilities."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from scipy.spatial import cKDTree

from .draft import Array, Edges, Ints, curve
from .plan import FULL_NODES
from .towns import Town, radius_m

TIERS = ("community", "street", "district")
FULL_FACILITIES = (2_871, 220, 52)
FULL_AREAS = 1_031
FULL_POPULATION = 31_900_000

_FEWEST = (24, 4, 2)
_FEWEST_AREAS = 6
_ELDERLY_SHARE = 0.23
_SETBACK_M = (5.0, 25.0)
_RIM_M = 1_500.0
"""So much land lies around the study area."""
_BORDER_STEP_M = 400.0


@dataclass(frozen=True, slots=True)
class Subdistricts:
    """Areas that cover the study area.

    Attributes
    ----------
    polygons
        Shape (A,), metres.
    population, elderly
        Shape (A,), whole people.
    """

    polygons: np.ndarray
    population: Ints
    elderly: Ints


@dataclass(frozen=True, slots=True)
class Facilities:
    """Facilities: places in metres, tiers as positions in `TIERS`, places for people."""

    xy: Array
    tier: Ints
    capacity: Ints


def subdistricts(
    towns: Sequence[Town], half_m: float, homes_xy: Array, nodes: int, rng: np.random.Generator
) -> Subdistricts:
    """Divide the land among the towns, the large ones several times."""
    wanted = max(round(FULL_AREAS * nodes / FULL_NODES), _FEWEST_AREAS)
    weight = np.array([town.cells for town in towns], dtype=float) ** 0.75
    share = np.floor(weight / weight.sum() * wanted).astype(np.int64)
    share[: max(wanted - int(share.sum()), 0)] += 1
    half = half_m - _RIM_M
    seeds = np.concatenate(
        [
            town.centre + rng.normal(0, 0.45, (count, 2)) * radius_m(town.cells) * (count > 1)
            for town, count in zip(towns, share.tolist(), strict=True)
        ]
    )
    seeds = seeds[np.abs(seeds).max(axis=1) < half]
    box = shapely.box(-half, -half, half, half)
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=box, ordered=True)
    )
    cells = shapely.segmentize(shapely.intersection(cells, box), _BORDER_STEP_M)
    polygons = shapely.transform(cells, _winding)
    _, home_area = cKDTree(seeds).query(homes_xy)
    lives = np.bincount(home_area, minlength=len(seeds)) * rng.uniform(0.8, 1.2, len(seeds)) + 1
    people = _shared_out(round(FULL_POPULATION * nodes / FULL_NODES), lives)
    old = people * _ELDERLY_SHARE * rng.uniform(0.7, 1.3, len(seeds))
    return Subdistricts(polygons, people, np.minimum(np.round(old).astype(np.int64), people))


def _winding(xy: Array) -> Array:
    """Bend borders; neighbours share them, so both sides bend alike."""
    x, y = xy.T
    return np.column_stack([x + 170 * np.sin(y / 510), y + 170 * np.sin(x / 470)])


def _shared_out(total: int, weight: Array) -> Ints:
    ideal = total * weight / weight.sum()
    counts = np.floor(ideal).astype(np.int64)
    order = np.argsort(counts - ideal, kind="stable")
    counts[order[: total - int(counts.sum())]] += 1
    return counts


def facilities(
    xy: Array, edges: Edges, towns: Sequence[Town], frontage: Ints, half_m: float, nodes: int,
    rng: np.random.Generator,
) -> Facilities:  # fmt: skip
    """Place facilities at the side of streets: centres in the largest towns, stations everywhere.

    Parameters
    ----------
    xy, edges
        The streets.
    towns
        Largest first.
    frontage
        Edges that facilities may stand on, as often as people live there.
    half_m
        Half the side of the land.
    nodes
        Walking nodes, which the numbers follow.
    rng
        Source of all chance here.
    """
    counts = [
        max(round(full * nodes / FULL_NODES), fewest)
        for full, fewest in zip(FULL_FACILITIES, _FEWEST, strict=True)
    ]
    middle = curve(xy, edges, frontage, np.full(len(frontage), 0.5))
    inside = np.abs(middle).max(axis=1) < half_m - _RIM_M - 300
    frontage, middle = frontage[inside], middle[inside]
    of_people = rng.choice(len(frontage), counts[0])
    tree = cKDTree(middle)
    centres = np.array([town.centre for town in towns])
    weight = np.array([town.cells for town in towns]) ** 0.6
    for_towns = []
    for count in counts[1:]:
        town = np.repeat(np.arange(len(towns)), _shared_out(count, weight))
        spread = rng.normal(0, 0.35, (count, 2)) * radius_m(np.array([towns[t].cells for t in town]
                                                                     ))[:, None]  # fmt: skip
        for_towns.append(tree.query(centres[town] + spread)[1])
    edge = frontage[np.concatenate([of_people, *for_towns])]
    tier = np.repeat(np.arange(3), counts)
    share = rng.uniform(0.1, 0.9, len(edge))
    here, ahead = curve(xy, edges, edge, share), curve(xy, edges, edge, share + 0.02)
    along = (ahead - here) / np.hypot(*(ahead - here).T)[:, None]
    off = rng.uniform(*_SETBACK_M, len(edge)) * rng.choice([-1, 1], len(edge))
    place = here + off[:, None] * np.column_stack([-along[:, 1], along[:, 0]])
    low, high = np.array([(6, 17), (18, 41), (44, 81)])[tier].T
    return Facilities(place, tier, rng.integers(low, high) * 5)
