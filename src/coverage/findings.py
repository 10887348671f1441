"""What an analysis found."""

from dataclasses import dataclass
from typing import Any

import geopandas as gpd

from .by_service import Services
from .choices import Choices
from .home_visits import HomeVisits
from .inputs.everything import Inputs
from .network import WalkingNetwork
from .people import People
from .study import Study
from .where_next import WhereNext


@dataclass(frozen=True, slots=True)
class Findings:
    """What an analysis found; all frames are in the coordinate system of `network`.

    Attributes
    ----------
    study
        The study as resolved.
    inputs
        What it brought.
    network
        The walking network, timed for the study's walker.
    facilities
        Index: id. ``name``, ``tier``, ``capacity`` (places), ``address``, ``services`` (where any
        facility says some), ``snapped``, ``snap_m``
        (straight leg to the street, metres), ``street_osm_id``, ``component`` (of the network, 0
        the largest), ``street_km_5min`` … ``street_km_15min`` (street reached, each street once),
        ``any_street_m`` (to the nearest street, usable or not, metres).
    streets
        See `coverage.assessment.streets_coverage`.
    isochrones
        See `coverage.isochrones.isochrones`.
    areas
        See `coverage.assessment.areas_coverage`; None when the study names no areas.
    gaps
        Street that is not covered; see `coverage.gaps.find_gaps`; all tiers.
    people
        Who is covered, who is not and why; None when the study says nothing of where people live.
    choices
        What every walker offered reaches in each direction within each minute, for map and
        report; None where nobody asks for it.
    services
        What each service covers; None when no facility says that it offers one.
    summary
        The headline figures, as ``summary.json`` holds them.
    seconds
        Seconds of every step.
    next
        Where the next facilities should open; None where the study does not ask.
    visits
        Whom staff reach at home; None where the study does not ask.
    from_cache
        The steps that an earlier run had done already.
    """

    study: Study
    inputs: Inputs
    network: WalkingNetwork
    facilities: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    isochrones: gpd.GeoDataFrame
    areas: gpd.GeoDataFrame | None
    gaps: gpd.GeoDataFrame
    people: People | None
    summary: dict[str, Any]
    seconds: dict[str, float]
    choices: Choices | None = None
    next: WhereNext | None = None
    visits: HomeVisits | None = None
    services: Services | None = None
    from_cache: tuple[str, ...] = ()
