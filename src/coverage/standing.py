"""Where homes and facilities stand before a change of the network, and where after it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .circle import Doors
from .contraction import Places, contracted
from .edits import Edited, Join, edited
from .links import Links
from .network import WalkingNetwork
from .patches import Patched, patched
from .snapping import Snapped, nearest_on, snap, usable_edges
from .study_parts import Direction
from .usable import ends_of, usable_after

_ROUNDING_M = 0.01
"""A street that is nearer than another is so by less than this only by rounding."""


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
    doors
        The homes.
    places
        Where they stand on the network.
    facility_xy
        Shape (F, 2), the facilities, metres.
    snapped
        Where they stand.
    home_places, facility_places
        The same in the contracted network; of those that stand nowhere any place.
    groups
        Facilities of which the nearest is asked for, as by tier.
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
    doors: Doors
    places: Snapped
    facility_xy: NDArray[np.float64]
    snapped: Snapped
    home_places: Places
    facility_places: Places
    groups: tuple[NDArray[np.int64], ...]
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


def standing(
    network: WalkingNetwork, *, doors: Doors, facility_xy: NDArray[np.float64],
    groups: tuple[NDArray[np.int64], ...], links: Links, direction: Direction, horizon_min: float,
    home_limit_m: float, facility_limit_m: float, anywhere: bool = False,
    places: Snapped | None = None,
) -> Before:  # fmt: skip
    """Return what changes are compared with; the parameters are as in `Before`.

    Where homes stand is worked out unless `places` says it.
    """
    usable = usable_edges(network)
    stands = np.arange(len(network.tail)) if anywhere else usable
    if places is None:
        places = doors.nearest(snap(network, doors.xy, onto=usable, limit_m=home_limit_m))
    snapped = snap(network, facility_xy, onto=stands, limit_m=facility_limit_m)
    on = contracted(network)
    return Before(
        network=network,
        usable=usable,
        stands=stands,
        anywhere=anywhere,
        doors=doors,
        places=places,
        facility_xy=facility_xy,
        snapped=snapped,
        home_places=on.places(places.edge, places.fraction),
        facility_places=on.places(snapped.edge, snapped.fraction),
        groups=groups,
        links=links,
        first=np.searchsorted(links.place, np.arange(len(doors.first))),
        direction=direction,
        horizon_min=horizon_min,
        home_limit_m=home_limit_m,
        facility_limit_m=facility_limit_m,
    )


def ground_after(before: Before, blocked: NDArray[np.int64], joins: list[Join]) -> Ground:
    """Return the network with edges closed and links added."""
    changed = patched(before.network, blocked, joins)
    if not len(blocked) and not joins:
        return Ground(changed, before.usable, before.stands)
    usable = usable_after(changed)
    stands = np.arange(changed.count) if before.anywhere else usable
    return Ground(changed, usable, stands)


def snap_near(
    changed: Patched, xy: NDArray[np.float64], *, onto: NDArray[np.int64], limit_m: float
) -> Snapped:
    """Attach a few points as `coverage.snapping.snap` does, looking only at the edges near them."""
    if not len(xy):
        return nowhere(0)
    near = _near(changed, onto, xy.min(axis=0) - limit_m, xy.max(axis=0) + limit_m)
    return _snapped(changed, near, xy, limit_m)


def _snapped(
    changed: Patched, onto: NDArray[np.int64], xy: NDArray[np.float64], limit_m: float
) -> Snapped:
    """Attach points to some edges as `coverage.snapping.snap` does; of components nobody asks."""
    edge, fraction, distance = nearest_on(changed.lines(onto), xy, limit_m=limit_m)
    found = edge >= 0
    edge[found] = onto[edge[found]]
    leg_s = distance / changed.before.walker.level_speed_mps
    return Snapped(edge, fraction, distance, leg_s, np.full(len(xy), -1))


def homes_after(before: Before, ground: Ground) -> tuple[Snapped, NDArray[np.int64]]:
    """Return where homes stand on the changed network, and those that stand elsewhere."""
    places, limit_m = ground.patched.moved(before.places), before.home_limit_m
    asked, near = _unsettled(
        ground, before.usable, ground.usable, places, before.doors.boxes(), limit_m
    )
    doors = before.doors.of(asked)
    stand = doors.nearest(_snapped(ground.patched, near, doors.xy, limit_m))
    return _replaced(places, asked, stand)


def facilities_after(before: Before, ground: Ground) -> tuple[Snapped, NDArray[np.int64]]:
    """Return where facilities stand on the changed network, and those that stand elsewhere."""
    snapped, xy = ground.patched.moved(before.snapped), before.facility_xy
    limit_m = before.facility_limit_m
    asked, near = _unsettled(ground, before.stands, ground.stands, snapped, (xy, xy), limit_m)
    return _replaced(snapped, asked, _snapped(ground.patched, near, xy[asked], limit_m))


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
    boxes: tuple[NDArray[np.float64], NDArray[np.float64]], limit_m: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:  # fmt: skip
    """Return which points may stand elsewhere now, and the edges on which they may.

    They stand where nobody may any more, or may be nearer to where one only now may.

    Parameters
    ----------
    old, new
        The edges that they might, and may stand on.
    places
        Where they stood, on the changed network.
    boxes
        Where they are: least and greatest coordinates of each.
    limit_m
        The longest straight leg.
    """
    changed = ground.patched
    was, now = (np.zeros(count, dtype=bool) for count in (len(changed.before.tail), changed.count))
    was[old] = True
    now[new] = True
    lost = np.asarray(places.found & ~now[places.edge])
    # Who keeps a street moves only to one that is as near.
    pad_m = np.full(len(lost), limit_m, dtype=float)
    keeps = places.found & ~lost
    pad_m[keeps] = np.minimum(limit_m, places.distance_m[keeps] + _ROUNDING_M)
    low, high = boxes[0] - pad_m[:, None], boxes[1] + pad_m[:, None]
    look = lost
    gained = np.flatnonzero(now & ~changed.edges(was))
    # A part of a cut edge is another edge, where several are equally near.
    alone = np.concatenate([np.intersect1d(gained, changed.links), changed.part])
    # Every one of these by itself; what they join to the rest lies together.
    for edges in (*alone[:, None], np.setdiff1d(gained, alone)):
        if len(edges):
            ends = changed.xy(np.concatenate(changed.ends(edges)))
            look |= ((ends.max(axis=0) >= low) & (ends.min(axis=0) <= high)).all(axis=1)
    asked = np.flatnonzero(look)
    if not len(asked):
        return asked, asked
    return asked, _near(changed, new, low[asked].min(axis=0), high[asked].max(axis=0))


def _near(
    changed: Patched, onto: NDArray[np.int64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the edges of `onto` that may meet a box, ascending."""
    if not len(onto):
        return onto
    # The new edges are few.
    count = len(changed.before.tail)
    near = np.concatenate(
        [ends_of(changed.before).near(low, high), np.arange(count, changed.count)]
    )
    at = np.minimum(np.searchsorted(onto, near), len(onto) - 1)
    return np.asarray(near[onto[at] == near])


def taken(places: Snapped, chosen: NDArray[np.int64]) -> Snapped:
    """Return the chosen places."""
    return Snapped(*(getattr(places, name)[chosen] for name in Snapped.__slots__))


def nowhere(count: int) -> Snapped:
    """Return so many points that stand on no street."""
    unknown = np.full(count, np.nan)
    none = np.full(count, -1, dtype=np.int64)
    return Snapped(none, unknown, unknown, unknown, none)
