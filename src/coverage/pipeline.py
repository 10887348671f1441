"""The steps in order: inputs, network, travel times, isochrones, coverage, gaps, files."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .assessment import areas_coverage, coverage_of, streets_coverage, with_any_and_all
from .beside import Beside
from .by_service import assess_services
from .cache import Keep, compute_anew
from .catalogue import load_study
from .choices import choices_of
from .errors import Findings, InputError, UsageError
from .gaps import find_gaps
from .groups import service_groups, tier_groups
from .home_visits import home_visits, require_homes, senders, visits_summary
from .inputs.areas import excluded_area
from .inputs.everything import Inputs, read_inputs
from .isochrones import isochrones
from .nearest import Minutes, minutes_to_nearest
from .network import WalkingNetwork
from .next_step import where_next
from .notebook import steps_in_notebook
from .people import assess_people
from .pieces import Pieces
from .preparation import Ready, demand_of, homes_at, prepare
from .quality import assess_quality
from .reach import Reach, reach_of_each
from .result import Result
from .snapping import Snapped
from .study import Study
from .study_parts import BANDS_MIN, TIERS, TierName
from .summary import summarise
from .where_next import WhereNext, next_summary, nobody_yet

T = TypeVar("T")
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
    "visits 上门服务",
    "next 下一步",
)


def check(study: Study | str | Path) -> Inputs:
    """Read and check every input of a study and compute nothing.

    Raises
    ------
    InputError
        Listing every problem of every input.
    """
    return read_inputs(_loaded(study))


def run(
    study: Study | str | Path = "sample",
    *,
    progress: Progress | None = None,
    keep: Keep = compute_anew,
) -> Result:
    """Analyse a study.

    Parameters
    ----------
    study
        A study, the name of a packaged one, or the path of a TOML file.
    progress
        Shown each step of `STEPS` as it begins; without it a notebook shows them under the cell.
    keep
        Runs the parts of the steps, or knows their results from an earlier run: a
        `coverage.cache.Cache`. Without one everything is computed.

    Returns
    -------
    result
        Everything that the analysis found; `coverage.save` writes it.
    """
    study = _loaded(study)
    clock = Clock(progress or steps_in_notebook(), keep)
    with Beside() as beside:
        return _run(study, clock, beside)


def _run(study: Study, clock: "Clock", beside: Beside) -> Result:
    with clock.step(STEPS[0]) as keep:
        inputs = read_inputs(study, keep=keep)
    facilities = inputs.facilities
    with clock.step(STEPS[1]) as keep:
        ready = prepare(study, inputs, keep=keep)
        base, network, snapped, inside = ready.base, ready.network, ready.snapped, ready.inside
        demand = keep(
            "demand", lambda: demand_of(inputs, base),
            base, inputs.population, inputs.buildings, inputs.boundary,
        )  # fmt: skip
        places = None if demand is None else homes_at(study, ready, demand, keep=keep)
    keep_choices = clock.keep_of(STEPS[7])
    # The longest step that no other waits for.
    choosing = beside.start(
        lambda: keep_choices(
            "choices",
            lambda: choices_of(
                study, base, facilities, None if demand is None else demand.points,
                snapped=snapped, places=places, inside=inside, areas=inputs.areas,
                parts=ready.parts, look=beside.look,
            ),
            base, facilities, snapped, demand, places, inside, inputs.areas, ready.parts,
            list(study.offered), study.offered_min, study.network.rules,
            study.facilities.snap_limit_m, study.population,
        )
    )  # fmt: skip
    tiers = tier_groups(facilities)
    walk = (base, study.walking, snapped, study.direction)
    with clock.step(STEPS[2]) as keep:
        minutes = keep(
            "minutes", lambda: _minutes(study, network, snapped, tiers),
            *walk, tiers, study.horizon_min,
        )  # fmt: skip
        reach = keep(
            "reach",
            lambda: reach_of_each(
                network, snapped, np.arange(len(facilities)),
                direction=study.direction, cutoffs_min=study.cutoffs_min,
            ),
            *walk, study.cutoffs_min,
        )  # fmt: skip
    with clock.step(STEPS[3]) as keep:
        circles = keep(
            "isochrones", lambda: isochrones(network, reach, facilities.index, tiers),
            base, reach, list(facilities.index), tiers,
        )  # fmt: skip
    with clock.step(STEPS[4]) as keep:
        covered, overall, areas, streets = keep(
            "coverage", lambda: _coverage(study, inputs, ready, reach, minutes, tiers),
            base, reach, minutes, tiers, inside, ready.parts, inputs.areas, study.tiers,
        )  # fmt: skip
    with clock.step(STEPS[5]) as keep:
        people = None
        if demand is not None and places is not None:
            people = keep(
                "people",
                lambda: assess_people(
                    study, network, demand, facilities, snapped, places, inside=inside,
                    covered=covered, areas=inputs.areas, zones=inputs.zones,
                ),
                *walk, demand, places, facilities, inside, covered, inputs.areas, inputs.zones,
                study.tiers, study.population, study.horizon_min,
            )  # fmt: skip
            areas = (
                None if areas is None or people.areas is None else with_people(areas, people.areas)
            )
    with clock.step(STEPS[6]) as keep:
        if people is not None:
            gaps, unlisted = people.gaps, people.unlisted
        else:
            gaps, unlisted = keep(
                "gaps",
                lambda: _street_gaps(study, inputs, network, inside, covered, minutes, circles),
                base, inside, covered, minutes, circles, inputs.boundary, inputs.areas,
                facilities, study.tiers,
            )  # fmt: skip
        services = None
        if service_groups(facilities):
            services = keep(
                "services",
                lambda: assess_services(
                    study, network, facilities, snapped, reach, people, inside=inside,
                    parts=ready.parts, boundary=inputs.boundary, areas=inputs.areas,
                ),
                *walk, reach, people, facilities, inside, ready.parts, inputs.boundary,
                inputs.areas, study.service_threshold_min, study.horizon_min,
            )  # fmt: skip
    with clock.step(STEPS[7]) as keep:
        quality = keep(
            "quality", lambda: assess_quality(inputs.streets, network, ready.elevations),
            inputs.streets, base, study.walking, ready.elevations,
        )  # fmt: skip
        choices = choosing.result()
    table = _facilities(facilities, ready, reach)
    if people is not None:
        table = table.assign(
            **{str(name): people.service[name].to_numpy() for name in people.service}
        )
    result = Result(
        study=study,
        inputs=inputs,
        network=network,
        facilities=table,
        streets=streets,
        isochrones=circles,
        areas=areas,
        gaps=gaps,
        people=people,
        choices=choices,
        services=services,
        summary=summarise(
            study, inputs, network, table, overall, quality, gaps, unlisted, people, services
        ),
        seconds=clock.seconds,
        from_cache=tuple(clock.from_cache),
    )
    with clock.step(STEPS[8]) as keep:
        result = _with_visits(result, ready, keep)
    with clock.step(STEPS[9]) as keep:
        result = _with_next(result, keep)
    return replace(result, seconds=clock.seconds, from_cache=tuple(clock.from_cache))


def _with_visits(result: Result, ready: Ready, keep: Keep) -> Result:
    """Return the result with whom staff reach at home, where the study asks."""
    study, inputs, people = result.study, result.inputs, result.people
    if study.visits is None:
        return result
    try:
        require_homes(people is not None)
        senders(study, inputs.facilities)
    except UsageError as error:
        # That nobody can be sent must not take away what was found.
        return replace(result, summary=_warned(result.summary, f"visits: {error}"))
    if people is None:
        raise AssertionError("homes are known")
    found = keep(
        "visits",
        lambda: home_visits(study, inputs, ready, people.demand.points, people.links),
        ready.base, inputs.drive, result.facilities, people, inputs.areas, study.visits,
        study.tiers, study.population, study.facilities.snap_limit_m, study.network.rules,
    )  # fmt: skip
    summary = {**result.summary, "visits": visits_summary(study, found)}
    return replace(result, visits=found, summary=summary)


def _warned(summary: dict[str, Any], *warnings: str) -> dict[str, Any]:
    """Return a summary with warnings added to those that it has."""
    return {**summary, "warnings": [*summary["warnings"], *warnings]}


def _with_next(result: Result, keep: Keep) -> Result:
    """Return the result with what should be done next, where the study asks and has people."""
    if result.study.siting is None or result.people is None:
        return result
    told = Findings()
    try:
        found = _next(result, keep, told)
    except (InputError, UsageError) as error:
        # What cannot be proposed must not take away what was found.
        return replace(result, summary=_warned(result.summary, *told.warnings, f"siting: {error}"))
    note = nobody_yet(result.study.siting.service, found.figures["facilities_given"])
    warnings = [*told.warnings, *([f"siting: {note}"] if note else [])]
    summary = {**_warned(result.summary, *warnings), "next": next_summary(found)}
    return replace(result, next=found, summary=summary)


def _next(result: Result, keep: Keep, told: Findings) -> WhereNext:
    study, inputs = result.study, result.inputs
    excluded = excluded_area(study, inputs.crs, told)
    asked = (study.siting, study.candidates, study.tiers, study.direction, study.horizon_min)
    return keep(
        "next", lambda: where_next(result, excluded=excluded),
        result.network, result.people, result.facilities, inputs.candidates, inputs.zones,
        inputs.areas, inputs.boundary, excluded, asked, inputs.files,
        study.facilities.snap_limit_m, study.population, study.service_threshold_min,
    )  # fmt: skip


@dataclass(slots=True)
class Clock:
    """Times the steps of a run, and notes those of which every part was known already.

    Attributes
    ----------
    progress
        Shown each step's name.
    keep
        What runs their parts.
    seconds
        By the first word of each step's name. Of a step that is worked out beside others, how much
        longer than they it took.
    from_cache
        The first words of those known already.
    """

    progress: Progress
    keep: Keep = compute_anew
    seconds: dict[str, float] = field(default_factory=dict)
    from_cache: list[str] = field(default_factory=list)
    _known: dict[str, list[bool]] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[Keep]:
        """Time what happens inside; yields what runs the step's parts."""
        begin, word = time.perf_counter(), name.split()[0]
        with self.progress(name):
            yield self.keep_of(name)
        self.seconds[word] = time.perf_counter() - begin
        known = self._known.get(word)
        if known and all(known):
            self.from_cache.append(word)

    def keep_of(self, name: str) -> Keep:
        """Return what runs the parts of a step, and notes which of them were known."""
        parts = self._known.setdefault(name.split()[0], [])

        def keep(part: str, compute: Callable[[], T], /, *uses: object) -> T:
            known = True

            def computed() -> T:
                nonlocal known
                known = False
                return compute()

            value = self.keep(part, computed, *uses)
            parts.append(known)
            return value

        return keep


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


def with_people(areas: gpd.GeoDataFrame, people: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the areas with their people; where nobody lives counts are 0 and the rest unknown."""
    people = people.reindex(areas.index)
    counts = [c for c in people if str(c).startswith(("population", "elderly", "only_"))]
    return areas.join(people.assign(**{str(c): people[c].fillna(0.0) for c in counts}))


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


def _coverage(
    study: Study, inputs: Inputs, ready: Ready, reach: Reach, minutes: Mapping[str, Minutes],
    tiers: Mapping[str, NDArray[np.int64]],
) -> tuple[
    dict[str, Pieces], dict[str, float], gpd.GeoDataFrame | None, gpd.GeoDataFrame
]:  # fmt: skip
    """Return what the tiers cover, its figures for the whole and by area, and the streets."""
    covered = with_any_and_all(
        {name: reach.within(tier.threshold_min, tiers[name]) for name, tier in study.tiers}
    )
    areas = None
    if inputs.areas is not None:
        areas = areas_coverage(ready.base, ready.parts, inputs.areas, covered)
    return (
        covered,
        coverage_of(ready.base, ready.inside, covered),
        areas,
        streets_coverage(ready.base, ready.inside, minutes, covered),
    )


def _facilities(facilities: gpd.GeoDataFrame, ready: Ready, reach: Reach) -> gpd.GeoDataFrame:
    network, snapped = ready.base, ready.snapped
    found = snapped.found
    osm_id = network.ways.index.to_numpy()[network.way[snapped.edge]]
    reached = {
        f"street_km_{minutes}min": reach.of_each(minutes).length_m(network.length_m) / 1000
        for minutes in BANDS_MIN
    }
    # Where nobody says anything of services there is nothing to show.
    silent = [] if service_groups(facilities) else ["services"]
    table = facilities.drop(columns=silent, errors="ignore").assign(
        snapped=found,
        snap_m=snapped.distance_m,
        street_osm_id=pd.array(np.where(found, osm_id, 0), dtype="Int64").astype("Int64"),
        component=pd.array(np.where(found, snapped.component, 0), dtype="Int64"),
        **reached,
        any_street_m=ready.any_street_m,
    )
    table.loc[~found, ["street_osm_id", "component"]] = pd.NA
    return table
