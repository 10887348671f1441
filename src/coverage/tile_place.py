"""Putting facilities in place: each by the tile that owns it, and all others take its word."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from .network import WalkingNetwork, timed
from .snapping import Snapped, snap, snap_facilities, usable_edges
from .tile_ground import (
    Ground,
    Plan,
    read_kept,
)
from .tiles import Components, place_of


@dataclass(frozen=True, slots=True)
class Labels:
    """The component in the whole of every edge of a tile, shape (E,), and whether it is real."""

    walker: NDArray[np.int64]
    flat: NDArray[np.int64]
    real: NDArray[np.bool_]


def _labels(plan: Plan, ground: Ground, whole: tuple[Components, Components]) -> Labels:
    """Look up the components of a tile's edges with the tiles that own them."""
    network = ground.network
    owner = plan.tiling.of(network.midpoints())
    tail = ground.node_key[network.tail]
    found = np.zeros((2, len(owner)), dtype=np.int64)
    for tile in np.unique(owner).tolist():
        here = owner == tile
        kept: Any = read_kept(plan, "parts", tile)
        for which in (0, 1):
            found[which, here] = whole[which].of_part[tile][kept[which].at(tail[here])]
    return Labels(found[0], found[1], whole[0].real[found[0]])


@dataclass(frozen=True, slots=True)
class Placed:
    """Where facilities stand, each told by the tile that owns it; positions in the study's list.

    Attributes
    ----------
    facility
        Shape (F,).
    edge_key, fraction, distance_m
        Shape (F,), the place on an edge; -1 and NaN for none.
    any_street_m
        Shape (F,), metres to the nearest street, usable or not.
    street_osm_id
        Shape (F,), of the edge's way; 0 for none.
    component, flat
        Shape (F,), of the edge, for the walker and on the flat; -1 for none.
    """

    facility: NDArray[np.int64]
    edge_key: NDArray[np.int64]
    fraction: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    any_street_m: NDArray[np.float64]
    street_osm_id: NDArray[np.int64]
    component: NDArray[np.int64]
    flat: NDArray[np.int64]


def place_tile(plan: Plan, tile: int, whole: tuple[Components, Components]) -> Placed:
    """Put the facilities that a tile owns onto its network."""
    study, facilities = plan.study, plan.inputs.facilities
    ground: Any = read_kept(plan, "ground", tile)
    labels = _labels(plan, ground, whole)
    plan.keep("labels", tile, labels)
    network = timed(ground.network, study.walking)
    xy = shapely.get_coordinates(facilities.geometry.to_numpy()).reshape(-1, 2)
    own = np.flatnonzero(plan.tiling.of(xy) == tile)
    stand = snap_facilities(study, network, facilities.iloc[own], onto=_onto(plan, network, labels))
    every = np.arange(len(network.tail))
    near = snap(network, xy[own], onto=every, limit_m=study.facilities.snap_limit_m)
    at = np.where(stand.found, stand.edge, 0)

    def there(values: NDArray[Any]) -> NDArray[np.int64]:
        return np.asarray(np.where(stand.found, values[at], -1), dtype=np.int64)

    return Placed(
        facility=own,
        edge_key=there(ground.edge_key),
        fraction=stand.fraction,
        distance_m=stand.distance_m,
        any_street_m=near.distance_m,
        street_osm_id=np.where(
            stand.found, network.ways.index.to_numpy(np.int64)[network.way[at]], 0
        ),
        component=there(labels.walker),
        flat=there(labels.flat),
    )


def _onto(plan: Plan, network: WalkingNetwork, labels: Labels) -> NDArray[np.int64]:
    if plan.study.network.rules != "pedestrian":
        return np.arange(len(network.tail))
    return usable_edges(network, real=labels.real)


def standing(plan: Plan, keys: NDArray[np.int64], placed: Placed) -> Snapped:
    """Return where all facilities stand on a part of the network; elsewhere is nowhere."""
    at = place_of(placed.edge_key, keys)
    here = at >= 0
    return Snapped(
        edge=at,
        fraction=np.where(here, placed.fraction, np.nan),
        distance_m=np.where(here, placed.distance_m, np.nan),
        leg_s=np.where(here, placed.distance_m / plan.study.walking.level_speed_mps, np.nan),
        component=np.where(here, placed.component, -1),
    )
