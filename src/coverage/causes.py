"""Why a home is not covered, decided by walking again under other conditions."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .links import find_links
from .network import WalkingNetwork, timed
from .snapping import Snapped
from .study_parts import Direction
from .walkers import PACKAGED_WALKERS

FAR = 4.0
"""Who is near a facility as the crow flies and has no walk to it within so many horizons cannot
pass."""
_TURNED: Mapping[Direction, Direction] = {"to": "back", "back": "to", "worst": "worst"}
"""The walk as it is for whoever stands at its other end."""

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

    def covered_as(those: WalkingNetwork) -> NDArray[np.bool_]:
        # The legs are walked at this walker's pace on either network.
        links = find_links(
            those, facilities.snapped, places, direction=direction, horizon_min=threshold_min
        )
        return np.asarray(links.nearest(count) <= threshold_min + 1e-6 / 60)

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
    if passable is None:
        passable = ~np.isnan(minutes)
        asked = np.flatnonzero(uncovered & places.found & connected & near & ~passable)
        # Few: near a facility and yet beyond the horizon. So the search starts at the homes.
        passable[asked] = can_pass(
            network, places.of(asked), facilities.snapped, horizon_min, direction
        )
    return np.select(
        [
            ~uncovered,
            ~places.found,
            ~connected,
            ~near,
            ~passable & covered_as(other.adult),
            covered_as(other.flat),
        ],
        ["", "not snapped", "disconnected", "no facility", "barrier", "climb"],
        "detour",
    ).astype(object)


def can_pass(
    network: WalkingNetwork, places: Snapped, facilities: Snapped, horizon_min: float,
    direction: Direction,
) -> NDArray[np.bool_]:  # fmt: skip
    """Return which homes have a walk to any of the facilities in `FAR` times the horizon."""
    links = find_links(
        network, places, facilities, direction=_TURNED[direction], horizon_min=horizon_min * FAR
    )
    found = np.zeros(len(places.edge), dtype=bool)
    found[links.facility] = True
    return found
