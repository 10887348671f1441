"""What each facility gives: people in its reach, people only it reaches, its load, its access."""

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .access import Decay, access_by_ratio, facility_value, floating_catchment, load
from .links import Links


def service_of(
    elderly: NDArray[np.float64],
    links: Links,
    tiers: Mapping[str, NDArray[np.int64]],
    capacity: NDArray[np.float64],
    thresholds_min: Mapping[str, float],
    *,
    decay: Decay,
) -> tuple[pd.DataFrame, dict[str, NDArray[np.float64]]]:
    """Return what each facility gives, each measured within its own tier.

    Parameters
    ----------
    elderly
        Shape (D,), elderly people of every home.
    links
        Homes and facilities.
    tiers
        The positions of each tier's facilities.
    capacity
        Shape (F,), places; NaN where unknown.
    thresholds_min
        Minutes of each tier.
    decay
        How access falls with distance; see `coverage.access.floating_catchment`.

    Returns
    -------
    facilities
        Shape (F,): ``elderly_in_reach``, ``elderly_only``, ``elderly_shared``, ``elderly_nearest``
        (see `coverage.access.FacilityValue`), ``elderly_per_place`` (of those who go there when
        everybody goes to the nearest, whatever the distance; NaN without places), ``load``
        (``overloaded``, ``idle`` or empty) and ``places_per_elderly`` (the ratio of 2SFCA).
    access
        For each tier, shape (D,): places per elderly person (2SFCA).
    """
    rows = []
    access = {}
    for tier, members in tiers.items():
        own = links.of(members)
        position = np.searchsorted(members, own.facility)
        threshold = thresholds_min[tier]
        places = capacity[members]
        value = facility_value(
            elderly, own.place, position, own.minutes, threshold_min=threshold, count=len(members)
        )
        loads = load(elderly, places, own.place, position, own.minutes)
        catchment = floating_catchment(
            elderly, places, own.place, position, own.minutes, threshold_min=threshold, decay=decay
        )
        access[tier] = catchment.access
        rows.append(
            pd.DataFrame(
                {
                    **asdict(value),
                    # Without any place there is no number of people a place.
                    "elderly_per_place": np.where(places > 0, loads.per_place, np.nan),
                    "load": np.select([loads.overloaded, loads.idle], ["overloaded", "idle"], ""),
                    "places_per_elderly": catchment.ratio,
                },
                index=members,
            )
        )
    return pd.concat(rows).sort_index(), access


def service_parts(
    elderly: NDArray[np.float64],
    links: Links,
    tiers: Mapping[str, NDArray[np.int64]],
    thresholds_min: Mapping[str, float],
    *,
    decay: Decay,
) -> pd.DataFrame:
    """Return what some of the homes add to each facility; sums over all homes make `service_of`.

    Parameters are those of `service_of`.

    Returns
    -------
    parts
        Index: the facility's position. The four columns of `coverage.access.FacilityValue`,
        ``visitors`` (elderly people who go there when everybody goes to the nearest) and
        ``weighted`` (elderly people in the catchment, by the decay).
    """
    rows = []
    for tier, members in tiers.items():
        own = links.of(members)
        position = np.searchsorted(members, own.facility)
        threshold, unknown = thresholds_min[tier], np.full(len(members), np.nan)
        value = facility_value(
            elderly, own.place, position, own.minutes, threshold_min=threshold, count=len(members)
        )
        goes = load(elderly, unknown, own.place, position, own.minutes)
        catchment = floating_catchment(
            elderly, unknown, own.place, position, own.minutes, threshold_min=threshold, decay=decay
        )
        columns = {"visitors": goes.elderly, "weighted": catchment.reach_elderly}
        rows.append(pd.DataFrame({**asdict(value), **columns}, index=members))
    return pd.concat(rows).sort_index()


def service_together(parts: pd.DataFrame, capacity: NDArray[np.float64]) -> pd.DataFrame:
    """Return the facilities of `service_of` from the sums of `service_parts` over all homes.

    Parameters
    ----------
    parts
        Shape (F,).
    capacity
        Shape (F,), places; NaN where unknown.
    """
    # Everybody at a facility as one place with people, at its door.
    one, at_door = np.arange(len(parts)), np.zeros(len(parts))
    loads = load(parts["visitors"].to_numpy(float), capacity, one, one, at_door)
    catchment = floating_catchment(
        parts["weighted"].to_numpy(float), capacity, one, one, at_door, threshold_min=1.0
    )
    return parts.drop(columns=["visitors", "weighted"]).assign(
        elderly_per_place=np.where(capacity > 0, loads.per_place, np.nan),
        load=np.select([loads.overloaded, loads.idle], ["overloaded", "idle"], ""),
        places_per_elderly=catchment.ratio,
    )


def access_of(
    ratio: NDArray[np.float64],
    links: Links,
    tiers: Mapping[str, NDArray[np.int64]],
    thresholds_min: Mapping[str, float],
    *,
    decay: Decay,
    count: int,
) -> dict[str, NDArray[np.float64]]:
    """Return the access of `service_of` for `count` homes, given the facilities' ratios."""
    found = {}
    for tier, members in tiers.items():
        own = links.of(members)
        found[tier] = access_by_ratio(
            ratio[members], own.place, np.searchsorted(members, own.facility), own.minutes,
            threshold_min=thresholds_min[tier], decay=decay, count=count,
        )  # fmt: skip
    return found
