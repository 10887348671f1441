"""How complete a facility list is, against the numbers that a study knows there to be."""

from typing import TypedDict

import geopandas as gpd
import shapely

from ..errors import Findings
from ..study_parts import InventoryPart


class Count(TypedDict):
    """Facilities of a tier: how many the list has, how many there are."""

    found: int
    target: int


def take_inventory(
    facilities: gpd.GeoDataFrame,
    targets: InventoryPart | None,
    *,
    boundary: shapely.Geometry,
    findings: Findings,
) -> dict[str, Count]:
    """Count the facilities of each tier that has a target.

    Parameters
    ----------
    facilities
        With the column ``tier``.
    targets
        The study's numbers; see `coverage.study.InventoryPart`.
    boundary
        The study area, in the coordinate system of the facilities. Those beyond it, which serve
        people inside, are not what an official number counts.
    findings
        Takes a warning for each tier whose number differs.
    """
    inside = facilities[facilities.intersects(boundary)]
    counts: dict[str, Count] = {
        tier: Count(found=int((inside["tier"] == tier).sum()), target=target)
        for tier, target in targets or ()
        if target is not None
    }
    for tier, count in counts.items():
        if count["found"] != count["target"]:
            findings.warn("inventory", f"{tier}: {_compared(**count)}")
    return counts


def _compared(found: int, target: int) -> str:
    share = f" ({found / target:.1%})".replace("%", " %") if target else ""
    return f"{found:,} of {target:,} facilities{share}"
