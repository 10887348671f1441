"""Who is worse off: inequality of minutes and of access, over people and by area."""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .circle import area_of
from .equity import gini, gini_by_group, lift_to_median, lorenz, people_unknown, worst_decile
from .study_parts import TIERS

_LORENZ_STEPS = 20


def fairness_of(
    homes: gpd.GeoDataFrame, areas: gpd.GeoDataFrame | None, thresholds_min: dict[str, float],
    of: NDArray[np.int64] | None = None,
) -> dict[str, dict[str, Any]]:  # fmt: skip
    """Return the inequality of each tier over all elderly people.

    Parameters
    ----------
    homes
        With ``elderly``, ``minutes_<tier>`` and ``access_<tier>``.
    areas
        Areas to compare, or None.
    thresholds_min
        Minutes of each tier.
    of
        `coverage.circle.area_of` of the homes, where known.

    Returns
    -------
    fairness
        For each tier: ``gini_minutes`` (over people within the horizon; ``elderly_beyond`` are not
        in it), ``gini_access`` (of 2SFCA), ``lorenz_access`` (cumulative shares of access at each
        twentieth of the people, the worst served first), ``worst_tenth_from_min`` (the tenth of
        the people with the longest walks has at least so many minutes) and, with areas,
        ``lift_area`` and ``lift_elderly``: which area adds most covered people when it is brought
        to the median of the areas' shares, and how many.
    """
    elderly = homes["elderly"].to_numpy(float)
    position = None
    if areas is not None:
        of = area_of(homes, areas) if of is None else of
        position = np.where(of < len(areas), of, -1)
    found: dict[str, dict[str, Any]] = {}
    for tier in TIERS:
        minutes = homes[f"minutes_{tier}"].to_numpy(float)
        access = homes[f"access_{tier}"].to_numpy(float)
        people, share = lorenz(access, elderly)
        steps = np.linspace(0, 1, _LORENZ_STEPS + 1)
        known = len(people) > 1 and not np.isnan(share).any()
        found[tier] = {
            "gini_minutes": _number(gini(minutes, elderly)),
            "elderly_beyond": _number(people_unknown(minutes, elderly)),
            "gini_access": _number(gini(access, elderly)),
            "lorenz_access": [round(float(v), 4) for v in np.interp(steps, people, share)]
            if known
            else None,
            "worst_tenth_from_min": _number(worst_decile(minutes, elderly).from_minutes),
        }
        if areas is not None and position is not None:
            lift = lift_to_median(
                minutes, elderly, position, threshold_min=thresholds_min[tier], count=len(areas)
            )
            found[tier]["lift_area"] = str(areas.index[lift.best]) if lift.best >= 0 else None
            found[tier]["lift_elderly"] = _number(float(lift.gain.max(initial=0.0)))
    return found


def gini_by_area(
    homes: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, of: NDArray[np.int64] | None = None
) -> pd.DataFrame:
    """Return ``gini_minutes_<tier>`` and ``gini_access_<tier>`` of each area (index: name).

    `of` is `coverage.circle.area_of` of the homes, where known.
    """
    elderly = homes["elderly"].to_numpy(float)
    of = area_of(homes, areas) if of is None else of
    group = np.where(of < len(areas), of, -1)
    columns = {
        f"gini_{what}_{tier}": gini_by_group(
            homes[f"{what}_{tier}"].to_numpy(float), elderly, group, len(areas)
        )
        for tier in TIERS
        for what in ("minutes", "access")
    }
    return pd.DataFrame(columns, index=areas.index).rename_axis("area")


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)
