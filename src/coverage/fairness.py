"""Who is worse off: inequality of minutes and of access, over people and by area."""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from .by_group import positions_by
from .circle import area_of
from .equity import gini, lift_to_median, lorenz, people_unknown, worst_decile
from .study_parts import TIERS

_LORENZ_STEPS = 20


def fairness_of(
    homes: gpd.GeoDataFrame, areas: gpd.GeoDataFrame | None, thresholds_min: dict[str, float]
) -> dict[str, dict[str, Any]]:
    """Return the inequality of each tier over all elderly people.

    Parameters
    ----------
    homes
        With ``elderly``, ``minutes_<tier>`` and ``access_<tier>``.
    areas
        Areas to compare, or None.
    thresholds_min
        Minutes of each tier.

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
        of = area_of(homes, areas)
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


def gini_by_area(homes: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return ``gini_minutes_<tier>`` and ``gini_access_<tier>`` of each area (index: name)."""
    elderly = homes["elderly"].to_numpy(float)
    values = {
        f"gini_{what}_{tier}": homes[f"{what}_{tier}"].to_numpy(float)
        for tier in TIERS
        for what in ("minutes", "access")
    }
    members = positions_by(area_of(homes, areas), len(areas))
    rows = {
        name: {column: gini(of[here], elderly[here]) for column, of in values.items()}
        for name, here in zip(areas.index, members, strict=True)
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("area")


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)
