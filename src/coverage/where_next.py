"""Where the next facilities should open, and which lines of the network matter most."""

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from .summary import rounded


@dataclass(frozen=True, slots=True)
class WhereNext:
    """What is proposed; all frames are in the coordinate system of the network.

    Attributes
    ----------
    proposals
        Index ``proposal``: 1, 2, … in the order to open them. Points with ``candidate`` (its id),
        ``name``, ``tier`` or ``service`` (the other is empty), ``elderly_gained`` (people whom it
        adds to those before it), ``elderly_total`` and ``share_total`` (covered once it is open),
        ``cost_cny`` and ``cny_per_person`` (NaN where unknown), ``floor_area_m2``, ``source`` and
        ``area``.
    figures
        Of the choice as a whole, as ``summary.json`` holds them: the optimum, the greedy order
        and what is between them.
    links
        Lines whose loss would cost most people a tier of their circle; see
        `coverage.next_step.weak_links`. None where nobody asked.
    shortcuts
        Lines that would win it for most; see `coverage.next_step.best_shortcuts`. None where
        nobody asked.
    zones
        Renewal zones, the one that gains most for its money first; see
        `coverage.zones_ranked.rank_zones`. None without zones.
    """

    proposals: gpd.GeoDataFrame
    figures: dict[str, Any]
    links: gpd.GeoDataFrame | None = None
    shortcuts: gpd.GeoDataFrame | None = None
    zones: pd.DataFrame | None = None

    @property
    def running_gain(self) -> pd.Series:
        """People gained by each proposal and all before it, indexed as they are."""
        gained = self.proposals["elderly_gained"].to_numpy(float)
        return pd.Series(np.cumsum(gained), index=self.proposals.index)

    @property
    def running_cost_cny(self) -> pd.Series:
        """Money for each proposal and all before it; unknown from the first unknown cost on."""
        costs = self.proposals["cost_cny"].to_numpy(float)
        return pd.Series(np.cumsum(costs), index=self.proposals.index)


def middles(lines: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Return the middle of each line; of one without length in plan, as a lift, where it stands."""
    points = lines.interpolate(0.5, normalized=True)
    return points.where(lines.length > 0, lines.centroid)


def nobody_yet(service: str | None, given: int) -> str:
    """Return what must be known where no facility offers the service to site; else empty."""
    if service is None or given:
        return ""
    return f"no facility offers {service} yet, so nobody is covered before the first one opens"


def next_summary(found: WhereNext) -> dict[str, Any]:
    """Return what ``summary.json`` says under ``next``; unknown is None."""
    running, costs = found.running_gain, found.running_cost_cny
    return {
        "proposals": [
            {
                "proposal": int(str(number)),
                "candidate": str(row["candidate"]),
                "name": str(row["name"]),
                "tier": str(row["tier"]),
                "service": str(row["service"]),
                "elderly_gained": rounded(row["elderly_gained"]),
                "elderly_gained_running": rounded(running[number]),
                "elderly_total": rounded(row["elderly_total"]),
                "share_total": rounded(row["share_total"]),
                "cost_cny": rounded(row["cost_cny"]),
                "cost_cny_running": rounded(costs[number]),
                "source": str(row["source"]),
                "area": str(row["area"]),
            }
            for number, row in found.proposals.iterrows()
        ],
        "figures": dict(found.figures),
        "weak_links": _lines(found.links),
        "shortcuts": _lines(found.shortcuts),
    }


def _lines(lines: gpd.GeoDataFrame | None) -> list[dict[str, Any]] | None:
    """Return lines by rank with the degrees of their middles; None where nobody asked."""
    if lines is None:
        return None
    spots = middles(lines).to_crs("EPSG:4326")
    table = pd.DataFrame(lines.drop(columns=lines.geometry.name)).assign(lon=spots.x, lat=spots.y)
    return [
        {str(key): rounded(one) if isinstance(one, float) else one for key, one in row.items()}
        for row in table.reset_index().to_dict("records")
    ]
