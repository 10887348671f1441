"""Places and people: the care in reach of each old person, and the people each facility serves.

Everything here works on D demand points, F facilities and K links between them, three parallel
arrays: ``demand`` and ``facility``, shape (K,), positions; ``minutes``, shape (K,), the walk. Pairs
beyond some horizon have no link, and no pair has two; a link of NaN minutes counts as none.
``elderly``, shape (D,), counts old people; ``capacity``, shape (F,), counts places, NaN where
nobody knows. A microsecond decides neither who is within a threshold nor who is nearest, as in
`coverage.reach`.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from .errors import UsageError
from .times import TIE_S

Decay = Literal["none", "steps", "gaussian"]

STEP_WEIGHTS = (1.0, 0.68, 0.22)
"""Weights of the first, second and last third of the threshold. Luo & Qi (2009) take them from a
Gaussian function for 0-10, 10-20 and 20-30 minutes (their slower decay)."""

PLANNED_PLACES_PER_1000 = (35.0, 40.0)
"""Places for 1,000 old people that China planned for 2020, all kinds of care taken together (State
Council, Guofa [2013] 35 and 40: 35-40). One tier alone need not reach it: pass a study's own."""

_TIE_MIN = TIE_S / 60


@dataclass(frozen=True, slots=True)
class Catchment:
    """Supply and access by floating catchments.

    Attributes
    ----------
    ratio
        Shape (F,), places for each (weighted) elderly person in the catchment; NaN where the
        capacity is unknown or nobody is in reach.
    access
        Shape (D,), places for each elderly person: the weighted sum of the ratios in reach; 0 where
        no facility with known places is.
    reach_elderly
        Shape (F,), elderly people in reach, weighted by the decay.
    unknown_capacity
        How many facilities have no known capacity, and so supply nothing.
    unreached_places
        Known places at facilities that nobody reaches. With them the places are conserved:
        sum(access * elderly) + unreached_places = sum of the known capacities.
    """

    ratio: NDArray[np.float64]
    access: NDArray[np.float64]
    reach_elderly: NDArray[np.float64]
    unknown_capacity: int
    unreached_places: float


@dataclass(frozen=True, slots=True)
class Load:
    """Demand over supply when everybody goes to the nearest facility.

    Attributes
    ----------
    elderly
        Shape (F,), elderly people who go there.
    per_place
        Shape (F,), those for each place: infinite where people go and there are no places, NaN
        where the capacity is unknown or where there are neither people nor places.
    overloaded, idle
        Shape (F,), above and below the thresholds; neither where `per_place` is NaN.
    unknown_capacity
        How many facilities have no known capacity; people go to them all the same.
    without_facility
        Elderly people without any link. With them the people are conserved:
        sum(elderly here) + without_facility = all elderly people.
    """

    elderly: NDArray[np.float64]
    per_place: NDArray[np.float64]
    overloaded: NDArray[np.bool_]
    idle: NDArray[np.bool_]
    unknown_capacity: int
    without_facility: float


@dataclass(frozen=True, slots=True)
class FacilityValue:
    """What each facility adds to coverage; elderly people, each of shape (F,).

    All attributes are columns: ``pd.DataFrame(dataclasses.asdict(value))`` is the table.

    Attributes
    ----------
    elderly_in_reach
        Within the threshold of this facility.
    elderly_only
        Of those, the ones no other facility reaches: who would lose coverage if it closed.
    elderly_shared
        Of those, the ones that another facility reaches as well.
    elderly_nearest
        Of those, the ones whose nearest facility this is. They add up to the people covered.
    """

    elderly_in_reach: NDArray[np.float64]
    elderly_only: NDArray[np.float64]
    elderly_shared: NDArray[np.float64]
    elderly_nearest: NDArray[np.float64]


def floating_catchment(
    elderly: NDArray[np.float64],
    capacity: NDArray[np.float64],
    demand: NDArray[np.int64],
    facility: NDArray[np.int64],
    minutes: NDArray[np.float64],
    *,
    threshold_min: float,
    decay: Decay = "none",
) -> Catchment:
    """Return access by the two-step floating catchment area method, plain or enhanced.

    Parameters
    ----------
    elderly, capacity, demand, facility, minutes
        See the module.
    threshold_min
        The edge of a catchment, minutes; a walk of exactly so long is inside.
    decay
        How much a person counts, and gets, by distance; see Notes.

    Raises
    ------
    UsageError
        Links that do not fit the points, negative people or places, an unknown decay.

    Notes
    -----
    Step one: ratio_j = capacity_j / sum_i(weight_ij * elderly_i). Step two: access_i =
    sum_j(weight_ij * ratio_j). With t minutes and the threshold T, the weight is

    ``none``
        1 (2SFCA: Luo & Wang 2003, Environment and Planning B 30:865-884);
    ``steps``
        `STEP_WEIGHTS` for t <= T/3, t <= 2T/3, t <= T (E2SFCA: Luo & Qi 2009, Health & Place
        15:1100-1107);
    ``gaussian``
        (exp(-(t/T)^2 / 2) - exp(-1/2)) / (1 - exp(-1/2)), which falls from 1 at the door to 0 at
        the threshold (Dai 2010, Health & Place 16:1038-1052). A facility all of whose people live
        exactly at the threshold is so reached by nobody.
    """
    _check(elderly, demand, facility, minutes, facilities=len(capacity), capacity=capacity)
    if not threshold_min > 0:
        raise UsageError(f"threshold_min is {threshold_min}.", "Give minutes above 0.")
    if decay not in get_args(Decay):
        raise UsageError(f"Unknown decay {decay!r}.", f"Accepted: {', '.join(get_args(Decay))}.")
    weight = _weights(minutes, threshold_min, decay)
    reach = _sums(facility, weight * elderly[demand], len(capacity))
    ratio = np.full(len(capacity), np.nan)
    np.divide(capacity, reach, out=ratio, where=reach > 0)
    return Catchment(
        ratio=ratio,
        access=_access(ratio, demand, facility, weight, len(elderly)),
        reach_elderly=reach,
        unknown_capacity=int(np.isnan(capacity).sum()),
        unreached_places=float(np.nansum(capacity[reach == 0])),
    )


def access_by_ratio(
    ratio: NDArray[np.float64],
    demand: NDArray[np.int64],
    facility: NDArray[np.int64],
    minutes: NDArray[np.float64],
    *,
    threshold_min: float,
    decay: Decay,
    count: int,
) -> NDArray[np.float64]:
    """Return step two of `floating_catchment` alone, for `count` demand points.

    Parameters are those; `ratio` is of shape (F,), NaN for a facility that supplies nothing.
    """
    weight = _weights(minutes, threshold_min, decay)
    return _access(ratio, demand, facility, weight, count)


def load(
    elderly: NDArray[np.float64],
    capacity: NDArray[np.float64],
    demand: NDArray[np.int64],
    facility: NDArray[np.int64],
    minutes: NDArray[np.float64],
    *,
    overloaded_above: float = 1000 / PLANNED_PLACES_PER_1000[0],
    idle_below: float = 1000 / PLANNED_PLACES_PER_1000[1],
) -> Load:
    """Return the load of each facility when each person goes to the nearest.

    Parameters
    ----------
    elderly, capacity, demand, facility, minutes
        See the module. All links count, however long. Of facilities equally near, people go to the
        one of the lower position.
    overloaded_above, idle_below
        Elderly people for each place; by default fewer places than the lower end of
        `PLANNED_PLACES_PER_1000` (28.6 people a place) and more than its upper end (25).

    Raises
    ------
    UsageError
        As `floating_catchment`, and thresholds in the wrong order.
    """
    _check(elderly, demand, facility, minutes, facilities=len(capacity), capacity=capacity)
    if not 0 <= idle_below <= overloaded_above:
        raise UsageError(
            f"idle_below is {idle_below} and overloaded_above {overloaded_above}.",
            "Give 0 <= idle_below <= overloaded_above.",
        )
    nearest = _nearest(demand, facility, minutes, points=len(elderly))
    goes = nearest >= 0
    visitors = _sums(nearest[goes], elderly[goes], len(capacity))
    per_place = np.full(len(capacity), np.nan)
    np.divide(visitors, capacity, out=per_place, where=capacity > 0)
    per_place[(capacity == 0) & (visitors > 0)] = np.inf
    return Load(
        elderly=visitors,
        per_place=per_place,
        overloaded=per_place > overloaded_above,
        idle=per_place < idle_below,
        unknown_capacity=int(np.isnan(capacity).sum()),
        without_facility=float(elderly[~goes].sum()),
    )


def facility_value(
    elderly: NDArray[np.float64],
    demand: NDArray[np.int64],
    facility: NDArray[np.int64],
    minutes: NDArray[np.float64],
    *,
    threshold_min: float,
    count: int,
) -> FacilityValue:
    """Return how many elderly people each facility reaches, alone, shared and as the nearest.

    Parameters
    ----------
    elderly, demand, facility, minutes
        See the module.
    threshold_min
        Minutes; a walk of exactly so long is covered.
    count
        How many facilities there are, F.

    Raises
    ------
    UsageError
        Links that do not fit the points, negative people.
    """
    _check(elderly, demand, facility, minutes, facilities=count)
    within = minutes <= threshold_min + _TIE_MIN
    demand, facility, minutes = demand[within], facility[within], minutes[within]
    alone = np.bincount(demand, minlength=len(elderly))[demand] == 1
    people = elderly[demand]
    nearest = _nearest(demand, facility, minutes, points=len(elderly))
    covered = nearest >= 0
    return FacilityValue(
        elderly_in_reach=_sums(facility, people, count),
        elderly_only=_sums(facility[alone], people[alone], count),
        elderly_shared=_sums(facility[~alone], people[~alone], count),
        elderly_nearest=_sums(nearest[covered], elderly[covered], count),
    )


def _weights(
    minutes: NDArray[np.float64], threshold_min: float, decay: Decay
) -> NDArray[np.float64]:
    """Return the weight of every link, 0 beyond the threshold and where minutes are NaN."""
    if decay == "gaussian":
        share = np.clip(minutes / threshold_min, 0.0, 1.0)
        # The formula times exp(1/2) above and below: exactly 0 at the threshold, never less.
        weight = np.expm1((1 - share) * (1 + share) / 2) / np.expm1(0.5)
        return np.where(minutes <= threshold_min + _TIE_MIN, weight, 0.0)
    steps = STEP_WEIGHTS if decay == "steps" else (1.0,)
    ends = threshold_min * np.arange(1, len(steps) + 1) / len(steps) + _TIE_MIN
    # NaN sorts after every end.
    weights: NDArray[np.float64] = np.array([*steps, 0.0])[np.searchsorted(ends, minutes)]
    return weights


def _access(
    ratio: NDArray[np.float64], demand: NDArray[np.int64], facility: NDArray[np.int64],
    weight: NDArray[np.float64], count: int,
) -> NDArray[np.float64]:  # fmt: skip
    supplied = np.where(np.isnan(ratio), 0.0, ratio)
    return _sums(demand, weight * supplied[facility], count)


def _nearest(
    demand: NDArray[np.int64],
    facility: NDArray[np.int64],
    minutes: NDArray[np.float64],
    *,
    points: int,
) -> NDArray[np.int64]:
    """Return the nearest facility of every point, the lower position of equals, -1 for none."""
    known = ~np.isnan(minutes)
    demand, facility, minutes = demand[known], facility[known], minutes[known]
    least = np.full(points, np.inf)
    np.minimum.at(least, demand, minutes)
    tied = minutes <= least[demand] + _TIE_MIN
    none = np.iinfo(np.int64).max
    nearest = np.full(points, none)
    np.minimum.at(nearest, demand[tied], facility[tied])
    return np.where(nearest == none, -1, nearest)


def _sums(
    position: NDArray[np.int64], people: NDArray[np.float64], count: int
) -> NDArray[np.float64]:
    return np.bincount(position, weights=people, minlength=count).astype(float)


def _check(
    elderly: NDArray[np.float64],
    demand: NDArray[np.int64],
    facility: NDArray[np.int64],
    minutes: NDArray[np.float64],
    *,
    facilities: int,
    capacity: NDArray[np.float64] | None = None,
) -> None:
    """Raise one `UsageError` with everything that does not fit."""
    wrong = []
    if not len(demand) == len(facility) == len(minutes):
        wrong.append(
            f"{len(demand)} demand, {len(facility)} facility and {len(minutes)} minutes values: "
            "give one of each for every link."
        )
    for name, position, size in (
        ("demand", demand, len(elderly)), ("facility", facility, facilities),
    ):  # fmt: skip
        if len(position) and not (position.min() >= 0 and position.max() < size):
            wrong.append(f"Positions in {name} must be 0 to {size - 1}.")
    if np.any(minutes < 0):
        wrong.append("minutes must be 0 or more, or NaN.")
    if not np.all(np.isfinite(elderly) & (elderly >= 0)):
        wrong.append("elderly must be finite and 0 or more.")
    if capacity is not None and np.any((capacity < 0) | np.isinf(capacity)):
        wrong.append("capacity must be finite and 0 or more, or NaN where unknown.")
    if wrong:
        raise UsageError(" ".join(wrong))
