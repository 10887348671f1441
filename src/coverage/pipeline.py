"""The steps in order: inputs, network, travel times, isochrones, coverage, gaps, files."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .assessment import (
    areas_coverage,
    coverage_of,
    pieces_by_area,
    pieces_inside,
    streets_coverage,
    with_any_and_all,
)
from .catalogue import load_study
from .choices import choices_of
from .demand import Demand, inside_only, spread_over_homes
from .elevations import Elevations, estimate_elevations
from .gaps import find_gaps
from .inputs.everything import Inputs, read_inputs
from .isochrones import isochrones
from .nearest import Minutes, minutes_to_nearest
from .network import WalkingNetwork, build_network, project
from .people import assess_people
from .pieces import Pieces
from .quality import assess_quality
from .reach import Reach, reach_of_each
from .result import Result
from .snapping import Snapped, snap, snap_facilities
from .study import BANDS_MIN, TIERS, Study, TierName
from .summary import summarise

Progress = Callable[[str], AbstractContextManager[None]]
"""Shown a step's name when it begins; what it returns is left when the step ends."""

STEPS = (
    "inputs 读取输入",
    "network 步行网络",
    "travel times 步行时间",
    "isochrones 等时圈",
    "coverage 覆盖",
    "people 人口",
    "gaps 缺口",
    "choices 各种选择",
)


def check(study: Study | str | Path) -> Inputs:
    """Read and check every input of a study and compute nothing.

    Raises
    ------
    InputError
        Listing every problem of every input.
    """
    return read_inputs(_loaded(study))


def run(study: Study | str | Path = "sample", *, progress: Progress | None = None) -> Result:
    """Analyse a study.

    Parameters
    ----------
    study
        A study, the name of a packaged one, or the path of a TOML file.
    progress
        Shown each step of `STEPS` as it begins.

    Returns
    -------
    result
        Everything that the analysis found; `coverage.save` writes it.
    """
    study = _loaded(study)
    clock = _Clock(progress or (lambda _: nullcontext()))
    with clock.step(STEPS[0]):
        inputs = read_inputs(study)
    with clock.step(STEPS[1]):
        network, elevations = walking_network(study, inputs)
        snapped = snap_facilities(study, network, inputs.facilities)
        any_street_m = _to_any_street(study, network, inputs.facilities)
        inside = pieces_inside(network, inputs.boundary)
    tiers: dict[str, NDArray[np.int64]] = {
        tier: np.flatnonzero((inputs.facilities["tier"] == tier).to_numpy()) for tier in TIERS
    }
    with clock.step(STEPS[2]):
        minutes = _minutes(study, network, snapped, tiers)
        reach = reach_of_each(
            network,
            snapped,
            np.arange(len(inputs.facilities)),
            direction=study.direction,
            cutoffs_min=study.cutoffs_min,
        )
    with clock.step(STEPS[3]):
        circles = isochrones(network, reach, inputs.facilities.index, tiers)
    with clock.step(STEPS[4]):
        covered = with_any_and_all(
            {name: reach.within(tier.threshold_min, tiers[name]) for name, tier in study.tiers}
        )
        overall = coverage_of(network, inside, covered)
        areas = None
        if inputs.areas is not None:
            areas = areas_coverage(network, inside, inputs.areas, covered)
        streets = streets_coverage(network, inside, minutes, covered)
    people = None
    with clock.step(STEPS[5]):
        demand = demand_of(inputs, network)
        if demand is not None:
            people = assess_people(
                study, network, demand, inputs.facilities, snapped, inside=inside, covered=covered,
                areas=inputs.areas, zones=inputs.zones,
            )  # fmt: skip
            areas = None if areas is None or people.areas is None else _joined(areas, people.areas)
    with clock.step(STEPS[6]):
        if people is not None:
            gaps, unlisted = people.gaps, people.unlisted
        else:
            gaps, unlisted = _street_gaps(study, inputs, network, inside, covered, minutes, circles)
    with clock.step(STEPS[7]):
        parts = {} if inputs.areas is None else pieces_by_area(network, inside, inputs.areas)
        choices = choices_of(
            study, network, inputs.facilities, None if demand is None else demand.points,
            inside=inside, areas=inputs.areas, parts=parts,
        )  # fmt: skip
    facilities = _facilities(inputs.facilities, snapped, reach, network)
    facilities["any_street_m"] = any_street_m
    if people is not None:
        facilities = facilities.assign(
            **{str(name): people.service[name].to_numpy() for name in people.service}
        )
    return Result(
        study=study,
        inputs=inputs,
        network=network,
        facilities=facilities,
        streets=streets,
        isochrones=circles,
        areas=areas,
        gaps=gaps,
        people=people,
        choices=choices,
        summary=summarise(
            study, inputs, network, facilities, overall,
            assess_quality(inputs.streets, network, elevations),
            gaps, unlisted,
            people,
        ),
        seconds=clock.seconds,
    )  # fmt: skip


def walking_network(study: Study, inputs: Inputs) -> tuple[WalkingNetwork, Elevations | None]:
    """Return the network timed for the study's walker, and what its heights come from."""
    elevations = None
    if inputs.surface_m is not None:
        metres = project(inputs.streets.lon_lat, inputs.crs)
        elevations = estimate_elevations(inputs.streets, metres, inputs.surface_m)
    z = None if elevations is None else elevations.z
    return build_network(inputs.streets, crs=inputs.crs, walker=study.walking, z=z), elevations


@dataclass(slots=True)
class _Clock:
    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Any:
        begin = time.perf_counter()
        with self.progress(name):
            yield
        self.seconds[name.split()[0]] = time.perf_counter() - begin


def _loaded(study: Study | str | Path) -> Study:
    return study if isinstance(study, Study) else load_study(study)


def _street_gaps(
    study: Study, inputs: Inputs, network: WalkingNetwork, inside: Pieces,
    covered: Mapping[str, Pieces], minutes: Mapping[str, Minutes], circles: gpd.GeoDataFrame,
) -> tuple[gpd.GeoDataFrame, dict[str, tuple[float, float]]]:  # fmt: skip
    """Return the gaps of street of every tier, for a study that does not say where people live."""
    found = {
        tier: find_gaps(
            network,
            inside,
            covered[tier],
            minutes[tier],
            tier=tier,
            beyond_min=dict(study.tiers)[tier].threshold_min,
            covered_space=_circle(circles, tier, study),
            boundary=inputs.boundary,
            areas=inputs.areas,
            facilities=inputs.facilities,
        )
        for tier in TIERS
    }
    unlisted: dict[str, tuple[float, float]] = {
        tier: (0.0, metres) for tier, (_, metres) in found.items()
    }
    return pd.concat([gaps for gaps, _ in found.values()]), unlisted


def _joined(areas: gpd.GeoDataFrame, people: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the areas with their people; where nobody lives counts are 0 and the rest unknown."""
    people = people.reindex(areas.index)
    counts = [c for c in people if str(c).startswith(("population", "elderly", "only_"))]
    return areas.join(people.assign(**{str(c): people[c].fillna(0.0) for c in counts}))


def demand_of(
    inputs: Inputs, network: WalkingNetwork, *, levels_more: float = 0.0
) -> Demand | None:
    """Return where people live, if the study says; see `coverage.demand.spread_over_homes`."""
    people = inputs.population
    if people is None:
        return None
    if people.points is not None:
        points = people.points.to_crs(network.crs).assign(osm_id="", entrances=None)
        points = points.rename(columns={"name": "place"})
        return inside_only(points, inputs.boundary, assumed=people.assumed)
    if people.areas is None:
        raise AssertionError("people come by polygon or by point")
    areas = people.areas.to_crs(network.crs)
    points, unplaced = spread_over_homes(
        areas, inputs.buildings.to_crs(network.crs), network, levels_more=levels_more
    )
    return inside_only(points, inputs.boundary, unplaced=unplaced, assumed=people.assumed)


def _to_any_street(
    study: Study, network: WalkingNetwork, facilities: gpd.GeoDataFrame
) -> NDArray[np.float64]:
    """Return the metres to the nearest street, be it one that a facility may stand on or not."""
    points = shapely.get_coordinates(facilities.geometry.to_numpy())
    limit_m = study.facilities.snap_limit_m
    return snap(network, points, onto=np.arange(len(network.tail)), limit_m=limit_m).distance_m


def _minutes(
    study: Study, network: WalkingNetwork, snapped: Snapped, tiers: Mapping[str, NDArray[np.int64]]
) -> dict[str, Minutes]:
    return {
        tier: minutes_to_nearest(
            network, snapped, members, direction=study.direction, horizon_min=study.horizon_min
        )
        for tier, members in tiers.items()
    }


def _circle(circles: gpd.GeoDataFrame, tier: TierName, study: Study) -> shapely.Geometry:
    """Return the tier's isochrone at its threshold; empty when it reaches nothing."""
    threshold = dict(study.tiers)[tier].threshold_min
    of_tier = (circles["scope"] == "tier") & (circles["tier"] == tier)
    return circles.geometry[of_tier & (circles["minutes"] == threshold)].union_all()


def _facilities(
    facilities: gpd.GeoDataFrame, snapped: Snapped, reach: Reach, network: WalkingNetwork
) -> gpd.GeoDataFrame:
    found = snapped.found
    osm_id = network.ways.index.to_numpy()[network.way[snapped.edge]]
    reached = {
        f"street_km_{minutes}min": reach.of_each(minutes).length_m(network.length_m) / 1000
        for minutes in BANDS_MIN
    }
    table = facilities.assign(
        snapped=found,
        snap_m=snapped.distance_m,
        street_osm_id=pd.array(np.where(found, osm_id, 0), dtype="Int64").astype("Int64"),
        component=pd.array(np.where(found, snapped.component, 0), dtype="Int64"),
        **reached,
    )
    table.loc[~found, ["street_osm_id", "component"]] = pd.NA
    return table
