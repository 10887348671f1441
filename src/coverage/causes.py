"""Why a home is not covered, decided by walking again under other conditions."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .links import any_within
from .network import WalkingNetwork, timed
from .snapping import Snapped
from .study_parts import Direction
from .walkers import PACKAGED_WALKERS

FAR = 4.0
"""Who is near a facility as the crow flies and has no walk to it within so many horizons cannot
pass."""

CAUSES: Mapping[str, str] = {
    "not snapped": "未接入路网",
    "disconnected": "路网不通",
    "no facility": "附近无设施",
    "barrier": "无法通行",
    "climb": "坡道台阶",
    "detour": "绕行",
}
"""Causes in the order in which they are tried, with their Chinese names.

- *not snapped*: no street within the limit;
- *disconnected*: the home's streets do not connect to any facility's, whoever walks;
- *no facility*: none lies within the distance walked on the level in the threshold, as the crow
  flies;
- *barrier*: an adult is covered, this walker cannot pass at all;
- *climb*: this walker would be covered in a city without slopes, stairs and lifts;
- *detour*: near as the crow flies, too far by street even on the flat.
"""


@dataclass(frozen=True, slots=True)
class Facilities:
    """A tier's facilities: where they stand, and where on the network."""

    xy: NDArray[np.float64]
    snapped: Snapped


@dataclass(frozen=True, slots=True)
class Otherwise:
    """The same streets walked under other conditions, for every tier alike.

    Attributes
    ----------
    flat
        Without slopes, stairs and lifts, by this walker.
    adult
        By an adult.
    component
        Shape (E,), the component of every edge of `flat`.
    """

    flat: WalkingNetwork
    adult: WalkingNetwork
    component: NDArray[np.int64]


def otherwise(network: WalkingNetwork) -> Otherwise:
    """Return the network as `find_causes` walks it again."""
    flat = timed(network, network.walker.on_the_flat)
    return Otherwise(flat, timed(network, PACKAGED_WALKERS["adult"]), flat.components())


def find_causes(
    network: WalkingNetwork,
    homes_xy: NDArray[np.float64],
    places: Snapped,
    minutes: NDArray[np.float64],
    facilities: Facilities,
    *,
    threshold_min: float,
    horizon_min: float,
    direction: Direction,
    other: Otherwise | None = None,
    connected: NDArray[np.bool_] | None = None,
    passable: NDArray[np.bool_] | None = None,
) -> NDArray[np.object_]:
    """Return why each home is not covered by a tier; empty for those that are.

    Parameters
    ----------
    network
        Timed for the study's walker.
    homes_xy
        Shape (D, 2), metres.
    places
        The homes on the network.
    minutes
        Shape (D,), minutes to the tier; NaN beyond the horizon.
    facilities
        The tier's.
    threshold_min, horizon_min
        Minutes.
    direction
        Which walk counts.
    other
        `otherwise` of the network, where several tiers share it.
    connected, passable
        Shape (D,), whether each home's streets connect to any facility's, and whether this walker
        can pass to one at all, however far; worked out on `network` unless given.
    """
    count = len(minutes)
    uncovered = ~(minutes <= threshold_min + 1e-6 / 60)

    other = otherwise(network) if other is None else other

    def covered_as(those: WalkingNetwork, asked: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which of the homes asked about are covered on another network."""
        covered = np.zeros(count, dtype=bool)
        # The legs are walked at this walker's pace on either network.
        covered[asked] = any_within(
            those, facilities.snapped, places.of(np.flatnonzero(asked)), direction=direction,
            limit_min=threshold_min,
        )  # fmt: skip
        return covered

    crow_m = threshold_min * 60 * network.walker.level_speed_mps
    near = np.zeros(count, dtype=bool)
    if len(facilities.xy) and count:
        # One at the distance itself is near.
        within = np.nextafter(crow_m, np.inf)
        apart, _ = cKDTree(facilities.xy).query(homes_xy, distance_upper_bound=within)
        near = np.isfinite(apart)
    if connected is None:
        there = facilities.snapped.edge[facilities.snapped.found]
        connected = np.isin(other.component[places.edge], np.unique(other.component[there]))
    asked = uncovered & places.found & connected & near
    if passable is None:
        passable = ~np.isnan(minutes)
        beyond = np.flatnonzero(asked & ~passable)
        passable[beyond] = any_within(
            network, facilities.snapped, places.of(beyond), direction=direction,
            limit_min=horizon_min * FAR,
        )  # fmt: skip
    return np.select(
        [
            ~uncovered,
            ~places.found,
            ~connected,
            ~near,
            covered_as(other.adult, asked & ~passable),
            covered_as(other.flat, asked),
        ],
        ["", "not snapped", "disconnected", "no facility", "barrier", "climb"],
        "detour",
    ).astype(object)
