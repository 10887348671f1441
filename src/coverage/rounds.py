"""Rounds: how many a facility's staff make to visit everybody once, travel included."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_TIE = 1e-9


@dataclass(frozen=True, slots=True)
class Rounds:
    """The rounds from one facility.

    Attributes
    ----------
    count
        How many rounds; a carer makes one.
    visits
        People visited; a part of a person where head-counts are shares.
    travel_min, visit_min
        Minutes on the way and minutes with people, all rounds together.
    left_out
        People whose home is too far for even one visit and the way back within a round.
    """

    count: int
    visits: float
    travel_min: float
    visit_min: float
    left_out: float


def nearest_neighbour_tour(between_min: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return homes in the order of a tour: always on to the nearest not yet visited.

    Parameters
    ----------
    between_min
        Shape (m + 1, m + 1), minutes from row to column; the last place is the facility, where the
        tour begins. Of places equally near the first is taken; those that cannot be reached from
        where the tour stands come by their distance from the facility.

    Returns
    -------
    order
        Shape (m,), positions of homes.
    """
    count = len(between_min) - 1
    order = np.empty(count, dtype=np.int64)
    open_ = np.ones(count, dtype=bool)
    at = count
    for step in range(count):
        ahead = np.where(open_, between_min[at, :count], np.inf)
        if not np.isfinite(ahead).any():
            ahead = np.where(open_, between_min[count, :count], np.inf)
        # Nothing can be reached: the first that is open.
        at = int(np.argmin(ahead)) if np.isfinite(ahead).any() else int(np.argmax(open_))
        order[step] = at
        open_[at] = False
    return order


def rounds_of(
    between_min: NDArray[np.float64],
    people: NDArray[np.float64],
    *,
    round_min: float,
    visit_min: float,
) -> Rounds:
    """Send carers along the nearest-neighbour tour, each for one round.

    A carer leaves the facility for the first home of the tour with people left, visits as many as
    leave time for the way back, and goes on to the next home of the tour while one more visit
    there and the way back still fit. Then the next carer starts. It is a simple plan that can be
    followed by hand, not the best one: the true number of rounds is no larger.

    Parameters
    ----------
    between_min
        Shape (m + 1, m + 1), as in `nearest_neighbour_tour`; infinite where there is no way.
    people
        Shape (m,), people to visit in each home.
    round_min
        Length of a round, minutes.
    visit_min
        Minutes with each person.
    """
    base = len(people)
    count, visits, travel, left_out = 0, 0.0, 0.0, 0.0
    at, used = base, 0.0
    for home in nearest_neighbour_tour(between_min).tolist():
        left = float(people[home])
        back = float(between_min[home, base])
        while left > 0:
            way = float(between_min[at, home])
            spare = round_min - used - way - back
            # A part of a person takes a part of a visit; nobody's visit is broken off.
            fits = np.floor(spare / visit_min + _TIE) if np.isfinite(spare) else 0.0
            now = left if left * visit_min <= spare + _TIE else max(fits, 0.0)
            if now <= 0:
                if at == base:
                    left_out += left
                    break
                travel += float(between_min[at, base])
                at, used = base, 0.0
                continue
            count += at == base
            travel += way
            used += way + now * visit_min
            visits += now
            left -= now
            # Who stays for more people of the same home has no way to go.
            at = home
            if left > 0:
                travel += back
                at, used = base, 0.0
    if at != base:
        travel += float(between_min[at, base])
    return Rounds(count, visits, travel, visits * visit_min, left_out)
