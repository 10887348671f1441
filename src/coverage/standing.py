"""Where homes and facilities stand before a change of the network, and where after it."""

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from .circle import snap_homes
from .edits import Edited, Join, edited
from .links import Links
from .network import WalkingNetwork
from .patches import Patched, patched
from .snapping import Snapped, snap
from .study_parts import Direction
from .usable import ends_of, usable_after

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
    anywhere
        Whether facilities may stand on any edge, usable or not.
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
    anywhere: bool
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
    patched
        The change, beside the network before.
    usable, stands
        As in `Before`.
    """

    patched: Patched
    usable: NDArray[np.int64]
    stands: NDArray[np.int64]

    @property
    def blocked(self) -> NDArray[np.int64]:
        """The closed edges."""
        return self.patched.blocked

    @property
    def joins(self) -> list[Join]:
        """The links."""
        return self.patched.joins

    @property
    def edited(self) -> Edited:
        """The whole changed network, made anew whenever it is asked for."""
        return edited(self.patched.before, self.blocked, self.joins)

    @property
    def changed(self) -> bool:
        """Whether it is another network at all."""
        return len(self.blocked) > 0 or len(self.joins) > 0


def ground_after(before: Before, blocked: NDArray[np.int64], joins: list[Join]) -> Ground:
    """Return the network with edges closed and links added."""
    changed = patched(before.network, blocked, joins)
    if not len(blocked) and not joins:
        return Ground(changed, before.usable, before.stands)
    usable = usable_after(changed)
    stands = np.arange(changed.count) if before.anywhere else usable
    return Ground(changed, usable, stands)


def snap_near(
    network: WalkingNetwork | Patched, xy: NDArray[np.float64], *, onto: NDArray[np.int64],
    limit_m: float,
) -> Snapped:  # fmt: skip
    """Attach a few points as `coverage.snapping.snap` does, looking only at the edges near them."""
    if isinstance(network, WalkingNetwork):
        network = patched(network, np.zeros(0, dtype=np.int64), [])
    near = _near(network, onto, xy, limit_m)
    if not len(near):
        return nowhere(len(xy))
    local = network.cut_out(near)
    return _back(snap(local, xy, onto=np.arange(len(near)), limit_m=limit_m), near)


def homes_after(before: Before, ground: Ground) -> tuple[Snapped, NDArray[np.int64]]:
    """Return where homes stand on the changed network, and those that stand elsewhere."""
    changed = ground.patched
    places = changed.moved(before.places)
    xy = shapely.get_coordinates(shapely.centroid(before.points.geometry.to_numpy()))
    doors = before.points["entrances"].notna().to_numpy()
    limit_m = before.home_limit_m + _BUILDING_M * doors
    look = _unsettled(ground, before.usable, ground.usable, places, xy, limit_m)
    asked = np.flatnonzero(look)
    if not len(asked):
        return places, asked
    pad = before.home_limit_m + _BUILDING_M
    near = _near(changed, ground.usable, xy[asked], pad)
    if not len(near):
        return _replaced(places, asked, nowhere(len(asked)))
    local = changed.cut_out(near)
    some = before.points.iloc[asked]
    stand = _back(
        snap_homes(local, some, limit_m=before.home_limit_m, onto=np.arange(len(near))), near
    )
    return _replaced(places, asked, stand)


def facilities_after(before: Before, ground: Ground) -> tuple[Snapped, NDArray[np.int64]]:
    """Return where facilities stand on the changed network, and those that stand elsewhere."""
    snapped = ground.patched.moved(before.snapped)
    limit_m = before.facility_limit_m
    xy = before.facility_xy
    look = _unsettled(ground, before.stands, ground.stands, snapped, xy, np.full(len(xy), limit_m))
    asked = np.flatnonzero(look)
    if not len(asked):
        return snapped, asked
    stand = snap_near(
        ground.patched, before.facility_xy[asked], onto=ground.stands, limit_m=limit_m
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
    ground: Ground, old: NDArray[np.int64], new: NDArray[np.int64], places: Snapped,
    xy: NDArray[np.float64], limit_m: NDArray[np.float64],
) -> NDArray[np.bool_]:  # fmt: skip
    """Return which points stand where nobody may now, or may be nearer to where one only now may.

    Parameters
    ----------
    old, new
        The edges that they might, and may stand on.
    places
        Where they stood, on the changed network.
    xy, limit_m
        Where they are, and the longest straight leg of each.
    """
    changed = ground.patched
    was, now = (np.zeros(count, dtype=bool) for count in (len(changed.before.tail), changed.count))
    was[old] = True
    now[new] = True
    look = np.asarray(places.found & ~now[places.edge])
    # Of edges equally near the first counts, and the later parts of a cut edge come last.
    look |= places.edge >= len(was)
    gained = np.flatnonzero(now & ~changed.edges(was))
    links = np.intersect1d(gained, changed.links)
    # Every link by itself; what they join to the rest lies together.
    for edges in (*links[:, None], np.setdiff1d(gained, links)):
        if len(edges):
            low, high = _box(changed.xy(np.concatenate(changed.ends(edges))))
            beside = (xy >= low - limit_m[:, None]) & (xy <= high + limit_m[:, None])
            look |= beside.all(axis=1)
    return look


def _box(xy: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return xy.min(axis=0), xy.max(axis=0)


def _near(
    changed: Patched, onto: NDArray[np.int64], xy: NDArray[np.float64], pad_m: float
) -> NDArray[np.int64]:
    """Return the edges of `onto` that may be within a distance of one of the points, ascending."""
    if not len(xy) or not len(onto):
        return onto[:0]
    low, high = _box(xy)
    # The new edges are few.
    count = len(changed.before.tail)
    near = np.concatenate(
        [ends_of(changed.before).near(low - pad_m, high + pad_m), np.arange(count, changed.count)]
    )
    at = np.minimum(np.searchsorted(onto, near), len(onto) - 1)
    return np.asarray(near[onto[at] == near])


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
