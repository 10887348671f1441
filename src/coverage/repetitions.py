"""How sure the headline figures are: coverage again, over ranges of what nobody knows exactly."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .assessment import coverage_of, pieces_inside, with_any_and_all
from .circle import snap_homes
from .demand import Demand
from .inputs.everything import Inputs, read_inputs
from .links import find_links
from .network import WalkingNetwork, timed
from .notebook import steps_in_notebook
from .pieces import Pieces
from .preparation import demand_of, walking_network
from .reach import reach_of_each
from .snapping import Snapped, snap, usable_edges
from .study import Study
from .study_parts import TIERS

KEYS = (*TIERS, "any", "all")


@dataclass(frozen=True, slots=True)
class Variation:
    """One set of assumptions; the defaults are the study's own.

    Attributes
    ----------
    speed, stairs, snap_limit
        Factors on the level speed, on the seconds a step and on the snap limits.
    threshold_more_min
        Minutes added to every threshold.
    levels_more
        Levels added to every inferred one.
    """

    speed: float = 1.0
    stairs: float = 1.0
    snap_limit: float = 1.0
    threshold_more_min: float = 0.0
    levels_more: float = 0.0


RANGES: dict[str, tuple[float, float]] = {
    "speed": (0.85, 1.15),
    "stairs": (0.70, 1.30),
    "snap_limit": (0.5, 1.5),
    "threshold_more_min": (-2.0, 2.0),
    "levels_more": (-1.0, 1.0),
}
"""Level speed and seconds a step spread by 15 and 30 % between groups of old people; 13 to 17
minutes are "about a quarter of an hour"; untagged buildings are a level higher or lower."""
NAMES = {
    "speed": "level speed ±15 % 平地速度",
    "stairs": "seconds a step ±30 % 台阶用时",
    "snap_limit": "snap limit ±50 % 吸附距离",
    "threshold_more_min": "threshold ±2 min 时限",
    "levels_more": "inferred levels ±1 推定层数",
}
REPETITIONS = 30
_SEED = 20240115


def sensitivity(
    study: Study,
    *,
    repetitions: int = REPETITIONS,
    progress: Callable[[str], AbstractContextManager[None]] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Repeat the coverage over documented ranges.

    Parameters
    ----------
    study
        The study. Its inputs are read, its network built and its people placed once.
    repetitions
        How many times in all: the study itself, both ends of each of `RANGES` alone, and the rest
        with all of them drawn at random (uniformly, seeded).
    progress
        Shown each repetition's name.

    Returns
    -------
    bands
        Index: `KEYS`. The share covered (of elderly people, of street where the study does not say
        where people live): ``share``, ``lowest``, ``highest`` over all repetitions, ``driver`` (the
        assumption whose two ends differ most) and ``driver_spread`` (by how much).
    runs
        One row a repetition: its assumptions and ``share_<key>``.
    """
    show = progress or steps_in_notebook()
    with show("study 研究"):
        inputs = read_inputs(study)
        network, _ = walking_network(study, inputs)
    rng = np.random.default_rng(_SEED)
    plans = [("as the study says", Variation())]
    for name, ends in RANGES.items():
        plans += [(name, replace(Variation(), **{name: end})) for end in ends]
    while len(plans) < repetitions:
        drawn = {name: float(rng.uniform(*ends)) for name, ends in RANGES.items()}
        plans.append(("all", Variation(**drawn)))
    model = _Model(study, inputs, network)
    rows = []
    for label, variation in plans[:repetitions]:
        with show(label):
            shares = model.shares(variation)
        values = {name: getattr(variation, name) for name in RANGES}
        rows.append({"varied": label, **values, **{f"share_{k}": shares[k] for k in KEYS}})
    runs = pd.DataFrame(rows).rename_axis("repetition")
    return _bands(runs), runs


def _bands(runs: pd.DataFrame) -> pd.DataFrame:
    rows = {}
    for key in KEYS:
        shares = runs[f"share_{key}"]
        alone = runs[runs["varied"].isin(list(RANGES))].groupby("varied", sort=False)
        spread = alone[f"share_{key}"].agg(lambda s: s.max() - s.min())
        driver = spread.idxmax() if len(spread) and spread.max() > 0 else ""
        rows[key] = {
            "share": shares.iloc[0],
            "lowest": shares.min(),
            "highest": shares.max(),
            "driver": NAMES.get(str(driver), ""),
            "driver_spread": float(spread.max()) if len(spread) else np.nan,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("reaches")


class _Model:
    """Holds what repetitions share, so that each computes only what its assumptions change."""

    def __init__(self, study: Study, inputs: Inputs, network: WalkingNetwork) -> None:
        self.study, self.inputs, self.network = study, inputs, network
        of_tier = inputs.facilities["tier"].to_numpy()
        self.tiers = {tier: np.flatnonzero(of_tier == tier) for tier in TIERS}
        self.demands: dict[float, Demand | None] = {}
        self.facilities: dict[float, Snapped] = {}
        self.homes: dict[tuple[float, float], Snapped] = {}
        self.onto = usable_edges(network)

    def shares(self, variation: Variation) -> dict[str, float]:
        """Return the share that each of `KEYS` covers."""
        walker = self.study.walking
        walker = walker.model_copy(
            update={
                "level_speed_mps": walker.level_speed_mps * variation.speed,
                "step_up_s": walker.step_up_s * variation.stairs,
                "step_down_s": walker.step_down_s * variation.stairs,
            }
        )
        network = timed(self.network, walker)
        thresholds: dict[str, float] = {
            name: tier.threshold_min + variation.threshold_more_min
            for name, tier in self.study.tiers
        }
        demand = self._demand(variation.levels_more)
        facilities = _paced(self._facilities(variation.snap_limit), network)
        if demand is None:
            return self._of_street(network, facilities, thresholds)
        homes = _paced(self._homes(demand, variation), network)
        links = find_links(
            network, facilities, homes, direction=self.study.direction,
            horizon_min=max(thresholds.values()),
        )  # fmt: skip
        count = len(demand.points)
        covered = np.stack(
            [
                links.of(self.tiers[tier]).nearest(count) <= thresholds[tier] + 1e-6 / 60
                for tier in TIERS
            ]
        )
        elderly = demand.points["elderly"].to_numpy(float)
        masks = [*covered, covered.any(axis=0), covered.all(axis=0)]
        return {
            key: float(elderly[mask].sum() / elderly.sum()) if elderly.sum() else np.nan
            for key, mask in zip(KEYS, masks, strict=True)
        }

    def _of_street(
        self, network: WalkingNetwork, facilities: Snapped, thresholds: dict[str, float]
    ) -> dict[str, float]:
        reach = reach_of_each(
            network, facilities, np.arange(len(facilities.edge)), direction=self.study.direction,
            cutoffs_min=tuple(sorted(set(thresholds.values()))),
        )  # fmt: skip
        covered: dict[str, Pieces] = {
            tier: reach.within(thresholds[tier], self.tiers[tier]) for tier in TIERS
        }
        inside = pieces_inside(network, self.inputs.boundary)
        figures = coverage_of(network, inside, with_any_and_all(covered))
        return {key: figures[f"share_{key}"] for key in KEYS}

    def _demand(self, more: float) -> Demand | None:
        if more not in self.demands:
            self.demands[more] = demand_of(self.inputs, self.network, levels_more=more)
        return self.demands[more]

    def _facilities(self, factor: float) -> Snapped:
        if factor not in self.facilities:
            xy = shapely.get_coordinates(self.inputs.facilities.geometry.to_numpy())
            limit_m = self.study.facilities.snap_limit_m * factor
            self.facilities[factor] = snap(self.network, xy, onto=self.onto, limit_m=limit_m)
        return self.facilities[factor]

    def _homes(self, demand: Demand, variation: Variation) -> Snapped:
        key = (variation.levels_more, variation.snap_limit)
        if key not in self.homes:
            part = self.study.population
            limit_m = (part.snap_limit_m if part else 300.0) * variation.snap_limit
            self.homes[key] = snap_homes(self.network, demand.points, limit_m=limit_m)
        return self.homes[key]


def _paced(places: Snapped, network: WalkingNetwork) -> Snapped:
    """Return the same places with their straight legs at the walker's pace."""
    leg_s: NDArray[np.float64] = places.distance_m / network.walker.level_speed_mps
    return replace(places, leg_s=leg_s)
