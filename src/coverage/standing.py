"""Where homes and facilities stand before a change of the network, and where after it."""

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from .circle import snap_homes
from .edits import Edited, Join, cut_out, edited
from .links import Links
from .network import WalkingNetwork
from .snapping import Snapped, snap, usable_edges
from .study_parts import Direction

_BUILDING_M = 2_000.0
"""No entrance is farther than this from the middle of its building."""


@dataclass(frozen=True, slots=True)
class Before:
    """What a change is compared with.

    Attributes
    ----------
    network
        The walking network.
    usable, stands
        The edges that homes, and that facilities may stand on, ascending.
    points
        The homes.
    places
        Where they stand on the network.
    facility_xy
        Shape (F, 2), the facilities, metres.
    snapped
        Where they stand.
    links
        The pairs within the horizon.
    first
        Shape (homes + 1,), where each home's pairs begin in `links`.
    direction
        Which walk counts.
    horizon_min
        Longest walk, minutes.
    home_limit_m, facility_limit_m
        Longest straight legs, metres.
    """

    network: WalkingNetwork
    usable: NDArray[np.int64]
    stands: NDArray[np.int64]
    points: gpd.GeoDataFrame
    places: Snapped
    facility_xy: NDArray[np.float64]
    snapped: Snapped
    links: Links
    first: NDArray[np.int64]
    direction: Direction
    horizon_min: float
    home_limit_m: float
    facility_limit_m: float


@dataclass(frozen=True, slots=True)
class Ground:
    """The network after a change.

    Attributes
    ----------
    blocked, joins
        The change.
    edited
        The changed network.
    usable, stands
        As in `Before`.
    """

    blocked: NDArray[np.int64]
    joins: list[Join]
    edited: Edited
    usable: NDArray[np.int64]
    stands: NDArray[np.int64]

    @property
    def changed(self) -> bool:
        """Whether it is another network at all."""
        return len(self.blocked) > 0 or len(self.joins) > 0


def ground_after(before: Before, blocked: NDArray[np.int64], joins: list[Join]) -> Ground:
    """Return the network with edges closed and links added."""
    changed = edited(before.network, blocked, joins)
    if not len(blocked) and not joins:
        return Ground(blocked, joins, changed, before.usable, before.stands)
    usable = usable_edges(changed.network)
    everywhere = len(before.stands) == len(before.network.tail)
    stands = np.arange(len(changed.network.tail)) if everywhere else usable
    return Ground(blocked, joins, changed, usable, stands)


def snap_near(
    network: WalkingNetwork, xy: NDArray[np.float64], *, onto: NDArray[np.int64], limit_m: float
) -> Snapped:
    """Attach a few points as `coverage.snapping.snap` does, looking only at the edges near them."""
    near = _near(network, onto, xy, limit_m)
    if not len(near):
        return nowhere(len(xy))
    local = cut_out(network, near)
    return _back(snap(local, xy, onto=np.arange(len(near)), limit_m=limit_m), near)


def homes_after(before: Before, ground: Ground) -> tuple[Snapped, NDArray[np.int64]]:
    """Return where homes stand on the changed network, and those that stand elsewhere."""
    changed = ground.edited
    places = changed.moved(before.places)
    xy = shapely.get_coordinates(shapely.centroid(before.points.geometry.to_numpy()))
    doors = before.points["entrances"].notna().to_numpy()
    look = _unsettled(ground, before.usable, ground.usable, places)
    look |= _beside_links(ground, ground.usable, xy, before.home_limit_m + _BUILDING_M * doors)
    asked = np.flatnonzero(look)
    if not len(asked):
        return places, asked
    pad = before.home_limit_m + _BUILDING_M
    near = _near(changed.network, ground.usable, xy[asked], pad)
    if not len(near):
        return _replaced(places, asked, nowhere(len(asked)))
    local = cut_out(changed.network, near)
    some = before.points.iloc[asked]
    stand = _back(
        snap_homes(local, some, limit_m=before.home_limit_m, onto=np.arange(len(near))), near
    )
    return _replaced(places, asked, stand)


def facilities_after(before: Before, ground: Ground) -> tuple[Snapped, NDArray[np.int64]]:
    """Return where facilities stand on the changed network, and those that stand elsewhere."""
    snapped = ground.edited.moved(before.snapped)
    limit_m = before.facility_limit_m
    look = _unsettled(ground, before.stands, ground.stands, snapped)
    look |= _beside_links(ground, ground.stands, before.facility_xy, np.full(len(look), limit_m))
    asked = np.flatnonzero(look)
    if not len(asked):
        return snapped, asked
    stand = snap_near(
        ground.edited.network, before.facility_xy[asked], onto=ground.stands, limit_m=limit_m
    )
    return _replaced(snapped, asked, stand)


def _replaced(
    places: Snapped, asked: NDArray[np.int64], stand: Snapped
) -> tuple[Snapped, NDArray[np.int64]]:
    old = taken(places, asked)
    same = (old.edge == stand.edge) & ((old.fraction == stand.fraction) | ~stand.found)
    other = ~same
    moved = asked[other]
    new = {name: getattr(places, name).copy() for name in Snapped.__slots__}
    for name, values in new.items():
        values[moved] = getattr(stand, name)[other]
    return Snapped(**new), moved


def _unsettled(
    ground: Ground, old: NDArray[np.int64], new: NDArray[np.int64], places: Snapped
) -> NDArray[np.bool_]:
    """Return which points stand where nobody may stand now; all, if there are more places now."""
    count = len(ground.edited.network.tail)
    was = np.zeros(count - len(ground.edited.links) - len(ground.edited.part)
                   + len(np.unique(ground.edited.cut_edge)), dtype=bool)  # fmt: skip
    was[old] = True
    was, now = ground.edited.edges(was), np.zeros(count, dtype=bool)
    now[new] = True
    gained = now & ~was
    gained[ground.edited.links] = False
    if gained.any():
        return np.ones(len(places.edge), dtype=bool)
    return np.asarray(places.found & ~now[places.edge])


def _beside_links(
    ground: Ground, onto: NDArray[np.int64], xy: NDArray[np.float64],
    limit_m: NDArray[np.float64],
) -> NDArray[np.bool_]:  # fmt: skip
    """Return which points may be nearer to a new link than to what they stand on."""
    found = np.zeros(len(xy), dtype=bool)
    network = ground.edited.network
    for link in np.intersect1d(ground.edited.links, onto).tolist():
        ends = network.xy[[network.tail[link], network.head[link]]]
        box = (xy >= ends.min(axis=0) - limit_m[:, None]) & (
            xy <= ends.max(axis=0) + limit_m[:, None]
        )
        found |= box.all(axis=1)
    return found


def _near(
    network: WalkingNetwork, onto: NDArray[np.int64], xy: NDArray[np.float64], pad_m: float
) -> NDArray[np.int64]:
    """Return the edges of `onto` that may be within a distance of one of the points."""
    if not len(xy):
        return onto[:0]
    low, high = xy.min(axis=0) - pad_m, xy.max(axis=0) + pad_m
    one, other = network.xy[network.tail[onto]], network.xy[network.head[onto]]
    beside = (np.maximum(one, other) >= low) & (np.minimum(one, other) <= high)
    return onto[beside.all(axis=1)]


def _back(stand: Snapped, edges: NDArray[np.int64]) -> Snapped:
    """Return places on a part of a network as places on the whole."""
    edge = stand.edge.copy()
    edge[stand.found] = edges[stand.edge[stand.found]]
    return replace(stand, edge=edge)


def taken(places: Snapped, chosen: NDArray[np.int64]) -> Snapped:
    """Return the chosen places."""
    return Snapped(*(getattr(places, name)[chosen] for name in Snapped.__slots__))


def nowhere(count: int) -> Snapped:
    """Return so many points that stand on no street."""
    unknown = np.full(count, np.nan)
    none = np.full(count, -1, dtype=np.int64)
    return Snapped(none, unknown, unknown, unknown, none)
