"""Links: every home and every facility within a horizon of it, with the minutes of the walk."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .network import WalkingNetwork
from .reach import TIE_S, Engine, OneWay, facility_rows, paces, share_of
from .snapping import Snapped
from .study import Direction


@dataclass(frozen=True, slots=True)
class Links:
    """Pairs of a place and a facility, sorted by place and facility.

    Attributes
    ----------
    place, facility
        Shape (K,), positions of places and facilities.
    to_min, back_min
        Shape (K,), minutes to the facility and back from it, both straight legs included; infinite
        beyond the horizon.
    minutes
        Shape (K,), minutes in the direction that counts: `to`, `back` or the larger.
    """

    place: NDArray[np.int64]
    facility: NDArray[np.int64]
    to_min: NDArray[np.float64]
    back_min: NDArray[np.float64]
    minutes: NDArray[np.float64]

    def of(self, facilities: NDArray[np.int64]) -> "Links":
        """Return the links of some facilities."""
        kept = np.isin(self.facility, facilities)
        return Links(*(getattr(self, name)[kept] for name in self.__slots__))

    def nearest(self, count: int, field: str = "minutes") -> NDArray[np.float64]:
        """Return the least minutes of each of `count` places, NaN where there is no link."""
        best = np.full(count, np.inf)
        np.minimum.at(best, self.place, getattr(self, field))
        return np.where(np.isfinite(best), best, np.nan)

    def nearest_facility(self, count: int) -> NDArray[np.int64]:
        """Return the facility of the least minutes, the first of equal ones; -1 for none."""
        order = np.lexsort((self.facility, self.minutes, self.place))
        order = order[np.isfinite(self.minutes[order])]
        place, first = np.unique(self.place[order], return_index=True)
        found = np.full(count, -1)
        found[place] = self.facility[order][first]
        return found


def find_links(
    network: WalkingNetwork,
    snapped: Snapped,
    places: Snapped,
    *,
    direction: Direction,
    horizon_min: float,
    engine: Engine = "scipy",
) -> Links:
    """Find all pairs of a place and a facility within the horizon.

    Parameters
    ----------
    network
        The walking network.
    snapped, places
        Where facilities and homes stand on it; those not snapped have no links.
    direction
        Which walk counts.
    horizon_min
        Longest walk, minutes.
    engine
        As in `coverage.reach.nearest_seconds`.
    """
    limit_s = horizon_min * 60
    everyone = np.flatnonzero(snapped.found)
    homes = np.flatnonzero(places.found)
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64],
                      NDArray[np.float64]]] = []  # fmt: skip
    both = zip(
        facility_rows(network, snapped, everyone, "to", limit_s, engine),
        facility_rows(network, snapped, everyone, "back", limit_s, engine),
        strict=True,
    )
    for (chunk, to_rows), (_, back_rows) in both:
        to = seconds_at_places(network, snapped, chunk, to_rows, places, homes, "to")
        back = seconds_at_places(network, snapped, chunk, back_rows, places, homes, "back")
        near = np.minimum(to, back) if direction == "worst" else to if direction == "to" else back
        row, column = np.nonzero(near <= limit_s + TIE_S)
        found.append((homes[column], chunk[row], to[row, column] / 60, back[row, column] / 60))
    if not found:
        nothing = np.zeros(0)
        return Links(nothing.astype(np.int64), nothing.astype(np.int64), nothing, nothing, nothing)
    place, facility, to_min, back_min = (
        np.concatenate([block[k] for block in found]) for k in range(4)
    )
    minutes = {"to": to_min, "back": back_min, "worst": np.maximum(to_min, back_min)}[direction]
    kept = np.isfinite(minutes) & (minutes <= horizon_min + TIE_S / 60)
    order = np.lexsort((facility, place))
    order = order[kept[order]]
    return Links(place[order], facility[order], to_min[order], back_min[order], minutes[order])


def seconds_at_places(
    network: WalkingNetwork, snapped: Snapped, facilities: NDArray[np.int64],
    rows: NDArray[np.float64], places: Snapped, homes: NDArray[np.int64], direction: OneWay,
) -> NDArray[np.float64]:  # fmt: skip
    """Return seconds between facilities and homes, shape (F, H), given those at every node."""
    from_tail, from_head = paces(network, direction)
    edge, at = places.edge[homes], places.fraction[homes]
    seconds = np.minimum(
        rows[:, network.tail[edge]] + share_of(at, from_tail[edge]),
        rows[:, network.head[edge]] + share_of(1 - at, from_head[edge]),
    )
    # A home on the facility's own edge walks along it, not over its ends.
    by_edge = np.argsort(edge, kind="stable")
    for row, facility in enumerate(facilities.tolist()):
        own = snapped.edge[facility]
        low, high = np.searchsorted(edge[by_edge], [own, own + 1])
        here = by_edge[low:high]
        gap = at[here] - snapped.fraction[facility]
        pace = np.where(gap >= 0, from_tail[own], from_head[own])
        along = snapped.leg_s[facility] + share_of(np.abs(gap), pace)
        seconds[row, here] = np.minimum(seconds[row, here], along)
    return seconds + places.leg_s[homes]
