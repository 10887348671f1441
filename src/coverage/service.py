"""What each facility gives: people in its reach, people only it reaches, its load, its access."""

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .access import Decay, facility_value, floating_catchment, load
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
