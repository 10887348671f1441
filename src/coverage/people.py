"""The people of a study: where they live, which tiers they reach, who does not and why."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .causes import CAUSES, Facilities, Otherwise, find_causes, otherwise
from .circle import area_names, area_of, circle_by_area, circle_of, home_minutes
from .demand import Demand
from .fairness import fairness_of, gini_by_area
from .groups import Groups, tier_groups
from .inhabited import inhabited_areas
from .links import Links, find_links
from .network import WalkingNetwork
from .people_gaps import Uncovered, find_people_gaps, streets_left
from .pieces import Pieces
from .service import service_of
from .snapping import Snapped
from .study import Study

CIRCLE = "circle"
"""The gap of the whole circle: what some tier does not cover."""


@dataclass(frozen=True, slots=True)
class People:
    """What the walk to care is for the people of a study.

    Attributes
    ----------
    demand
        Where they live, and who could not be placed.
    homes
        `Demand.points` with minutes; see `coverage.circle.home_minutes`.
    links
        Every home and facility within the horizon.
    places
        Where the homes stand on the network.
    figures
        Of the whole study; see `coverage.circle.circle_of`.
    areas, zones
        The same by area and by zone; None when the study has none.
    gaps
        Of each tier and of the circle; see `coverage.people_gaps`.
    causes
        Elderly people not covered, by tier (and circle) and cause.
    service
        What each facility gives; see `coverage.service.service_of`.
    fairness
        Inequality by tier; see `coverage.fairness.fairness_of`.
    unlisted
        For each tier and the circle: elderly people and metres of street in no listed gap.
    """

    demand: Demand
    homes: gpd.GeoDataFrame
    links: Links
    places: Snapped
    figures: dict[str, float]
    areas: pd.DataFrame | None
    zones: pd.DataFrame | None
    gaps: gpd.GeoDataFrame
    causes: dict[str, dict[str, float]]
    service: pd.DataFrame
    fairness: dict[str, dict[str, Any]]
    unlisted: dict[str, tuple[float, float]]


def assess_people(
    study: Study,
    network: WalkingNetwork,
    demand: Demand,
    facilities: gpd.GeoDataFrame,
    snapped: Snapped,
    places: Snapped,
    *,
    inside: Pieces,
    covered: Mapping[str, Pieces],
    areas: gpd.GeoDataFrame | None,
    zones: gpd.GeoDataFrame | None,
) -> People:
    """Find out who reaches which tier, who does not, where, and why.

    Parameters
    ----------
    study
        The study.
    network
        Timed for its walker.
    demand
        Where people live.
    facilities, snapped
        The facilities (index: id), and where they stand.
    places
        Where the homes stand.
    inside
        The pieces of street in the study area.
    covered
        The pieces of street that each tier, ``any`` and ``all`` cover.
    areas, zones
        Polygons to report by (index: name), or None.
    """
    tiers = tier_groups(facilities)
    thresholds: dict[str, float] = {name: tier.threshold_min for name, tier in study.tiers}
    with ThreadPoolExecutor(1) as beside:
        # What needs no minutes, while they are looked for.
        areas_of = None if areas is None else beside.submit(area_of, demand.points, areas)
        left = beside.submit(
            streets_left, network, inside, [covered[name] for name in (*tiers, "all")]
        )
        links = find_links(
            network, snapped, places, direction=study.direction, horizon_min=study.horizon_min
        )
        homes = home_minutes(demand.points, places, links, tiers, thresholds, facilities.index)
        # Who is not covered is known before why, and drawing where they live leaves a core free.
        late = [~homes[f"covered_{tier}"].to_numpy(bool) for tier in tiers]
        late.append(np.logical_or.reduce(late))
        lived_in = homes["population"].to_numpy(float) > 0
        drawn = beside.submit(
            inhabited_areas,
            shapely.get_coordinates(homes.geometry.to_numpy()),
            [np.flatnonzero(some & lived_in) for some in late],
        )
        service, access = service_of(
            homes["elderly"].to_numpy(float), links, tiers,
            facilities["capacity"].to_numpy(float), thresholds,
            decay=study.population.decay if study.population else "none",
        )  # fmt: skip
        homes = homes.assign(**{f"access_{tier}": values for tier, values in access.items()})
        uncovered = uncovered_by(
            study, network, homes, places, facilities, snapped, tiers, thresholds, covered
        )
        homes = homes.assign(**{f"cause_{one.tier}": one.cause for one in uncovered})
        uncovered.append(circle_left(uncovered, covered["all"]))
        of = None if areas_of is None else areas_of.result()
        figures, fairness = circle_of(homes), fairness_of(homes, areas, thresholds, of)
        by_area = by_zone = None
        if areas is not None:
            by_area = circle_by_area(homes, areas, of).join(gini_by_area(homes, areas, of))
        if zones is not None:
            by_zone = circle_by_area(homes, zones)
        found = find_people_gaps(
            network, inside, homes, places, uncovered, area=area_names(homes, areas, of),
            facilities=facilities, left=left.result, drawn=drawn.result,
        )  # fmt: skip
    return People(
        demand=demand,
        homes=homes,
        links=links,
        places=places,
        figures=figures,
        areas=by_area,
        zones=by_zone,
        gaps=pd.concat([gaps for gaps, _, _ in found.values()]),
        causes={one.tier: elderly_by_cause(one.cause, homes) for one in uncovered},
        service=service,
        fairness=fairness,
        unlisted={tier: (elderly, metres) for tier, (_, elderly, metres) in found.items()},
    )


def uncovered_by(
    study: Study, network: WalkingNetwork, homes: gpd.GeoDataFrame, places: Snapped,
    facilities: gpd.GeoDataFrame, snapped: Snapped, groups: Groups,
    thresholds_min: Mapping[str, float], covered: Mapping[str, Pieces],
) -> list[Uncovered]:  # fmt: skip
    """Return what each group of facilities (a tier, a service) leaves uncovered, and why.

    Parameters
    ----------
    homes
        As `coverage.circle.home_minutes` returns them for these groups.
    thresholds_min, covered
        Minutes of each group, and the pieces of street that it covers.
    """
    other = otherwise(network)
    return [
        Uncovered(
            tier=name,
            minutes=homes[f"minutes_{name}"].to_numpy(float),
            cause=_causes(
                study, network, homes, places, facilities, snapped, name, members,
                thresholds_min[name], other,
            ),
            nearest=homes[f"nearest_{name}"].to_numpy(object),
            streets=covered[name],
        )
        for name, members in groups.items()
    ]  # fmt: skip


def _causes(
    study: Study, network: WalkingNetwork, homes: gpd.GeoDataFrame, places: Snapped,
    facilities: gpd.GeoDataFrame, snapped: Snapped, tier: str, members: NDArray[np.int64],
    threshold_min: float, other: Otherwise,
) -> NDArray[np.object_]:  # fmt: skip
    of_tier = Facilities(
        xy=shapely.get_coordinates(facilities.geometry.to_numpy()[members]),
        snapped=Snapped(*(getattr(snapped, name)[members] for name in Snapped.__slots__)),
    )
    return find_causes(
        network,
        shapely.get_coordinates(homes.geometry.to_numpy()),
        places,
        homes[f"minutes_{tier}"].to_numpy(float),
        of_tier,
        threshold_min=threshold_min,
        horizon_min=study.horizon_min,
        direction=study.direction,
        other=other,
    )


def circle_left(tiers: list[Uncovered], streets: Pieces) -> Uncovered:
    """Return what is not covered by every tier; of each home the tier that is farthest decides."""
    minutes = np.stack([tier.minutes for tier in tiers])
    missing = np.stack([tier.cause != "" for tier in tiers])
    # Among the tiers that are missing; one beyond the horizon is the farthest.
    far = np.where(missing, np.nan_to_num(minutes, nan=np.inf), -1.0)
    worst, home = np.argmax(far, axis=0), np.arange(minutes.shape[1])
    return Uncovered(
        tier=CIRCLE,
        minutes=minutes[worst, home],
        cause=np.stack([tier.cause for tier in tiers])[worst, home],
        nearest=np.stack([tier.nearest for tier in tiers])[worst, home],
        streets=streets,
    )


def elderly_by_cause(cause: NDArray[np.object_], homes: pd.DataFrame) -> dict[str, float]:
    """Return the elderly people of each cause of `CAUSES`."""
    elderly = homes["elderly"].to_numpy(float)
    return {name: float(elderly[cause == name].sum()) for name in CAUSES}


def people_summary(people: People) -> dict[str, Any]:
    """Return what ``summary.json`` says of the people; the README documents its keys."""
    demand = people.demand
    return {
        **{key: _number(value) for key, value in people.figures.items()},
        "homes": len(people.homes),
        "elderly_outside": _number(demand.outside[1]),
        "elderly_unplaced": _number(demand.unplaced[1]),
        "assumed": demand.assumed,
        "uncovered_by_cause": people.causes,
        "fairness": people.fairness,
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)
