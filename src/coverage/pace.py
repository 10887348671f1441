"""The pace of an edge: the seconds a walker takes along it, each way, for all edges at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .stairs import RISER_M, TREAD_M
from .walkers import TOBLER_BEST_GRADE, TOBLER_STEEPNESS, Walker

STREET, STAIRS, ESCALATOR, LIFT, RIDE = 0, 1, 2, 3, 4
"""Kinds of edge, each timed by its own rule."""

FATIGUE_FROM_STEPS, FATIGUE_FULL_STEPS, FATIGUE_FACTOR = 20.0, 200.0, 2.0
"""Going up, a step takes its own time on a flight of up to 20 steps (one storey), twice that on one
of 200 and more, in between in proportion. That the mean pace up a long stairway is half that up a
short one is from Kretz et al. 2008 (Upstairs walking speed distributions on a long stairway); the
20 and 200 steps between which it falls are this project's choice."""
ESCALATOR_MPS = 0.5
"""Nominal speed of a public escalator along its slope: GB 16899-2011 / EN 115."""
ESCALATOR_ANGLE_DEG = 30.0
"""Usual inclination: its slope is longer than its plan by 1 / cos 30°."""
LIFT_WAIT_S, LIFT_DOORS_S, LIFT_MPS = 30.0, 10.0, 1.0
"""Waiting, doors and speed of a lift: this project's design values. 30 s is the average wait that
lift planners call satisfactory; 1 m/s is a common rated speed of a low lift."""
LIFT_USUAL_RISE_M = 10.0
"""Rise of a lift whose ends have no known height, metres."""
RIDE_WAIT_S = 300.0
"""Waiting for a ferry or cable car, seconds."""


@dataclass(frozen=True, slots=True)
class EdgeFeatures:
    """What the pace of an edge depends on; every array has the shape (E,).

    Attributes
    ----------
    kind
        `STREET`, `STAIRS`, `ESCALATOR`, `LIFT` or `RIDE`.
    length_m
        Metres in plan.
    rise_m
        From tail to head, metres; NaN where unknown.
    climbs
        +1 where tail to head is up, -1 where it is down, 0 where nobody knows: of the tags, else of
        the rise.
    steps, flight_steps
        Steps of the edge and of the flight it belongs to.
    ramp
        Stairs with a ramp that a wheelchair can use.
    along, against
        Whether the edge may be walked from tail to head, and from head to tail.
    wheelchair
        Whether a wheelchair may use the edge at all, by its tags.
    inclined
        Escalators that climb, unlike moving walkways.
    lift_share
        The edge's share of its lift: 1, or less where a lift is drawn in several segments.
    ride_s
        Seconds of a ride, waiting included; NaN for what is none.
    """

    kind: NDArray[np.int8]
    length_m: NDArray[np.float64]
    rise_m: NDArray[np.float64]
    climbs: NDArray[np.int8]
    steps: NDArray[np.float64]
    flight_steps: NDArray[np.float64]
    ramp: NDArray[np.bool_]
    along: NDArray[np.bool_]
    against: NDArray[np.bool_]
    wheelchair: NDArray[np.bool_]
    inclined: NDArray[np.bool_]
    lift_share: NDArray[np.float64]
    ride_s: NDArray[np.float64]

    @property
    def grade(self) -> NDArray[np.float64]:
        """Rise over length from tail to head; 0 where unknown or without length."""
        known = np.isfinite(self.rise_m) & (self.length_m > 0)
        return np.divide(self.rise_m, self.length_m, out=np.zeros(len(known)), where=known)


def slope_factor(grade: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return speed over level speed at a grade (rise over length): Tobler's function, scaled."""
    best = abs(TOBLER_BEST_GRADE)
    return np.asarray(np.exp(-TOBLER_STEEPNESS * (np.abs(grade - TOBLER_BEST_GRADE) - best)))


def edge_seconds(
    edges: EdgeFeatures, walker: Walker
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the seconds from tail to head and from head to tail.

    Returns
    -------
    along, against
        Shape (E,), seconds; infinite where this walker cannot go.
    """
    along = _one_way(edges, walker, edges.grade, edges.climbs)
    against = _one_way(edges, walker, -edges.grade, -edges.climbs)
    return np.where(edges.along, along, np.inf), np.where(edges.against, against, np.inf)


def _one_way(
    edges: EdgeFeatures, walker: Walker, grade: NDArray[np.float64], climbs: NDArray[np.int8]
) -> NDArray[np.float64]:
    level_s = edges.length_m / walker.level_speed_mps
    street_s = level_s / slope_factor(grade) if walker.slope == "tobler" else level_s
    if walker.stairs == "counted":
        # What is steeper than stairs is climbed like stairs: Tobler's function has no end.
        as_stairs = np.abs(np.nan_to_num(edges.rise_m)) / RISER_M
        a_step = np.where(grade > 0, walker.step_up_s, walker.step_down_s)
        steep = np.abs(grade) > RISER_M / TREAD_M
        climbed = np.maximum(as_stairs * a_step, level_s)
        street_s = np.where(steep, np.minimum(street_s, climbed), street_s)
    stairs_s = _stairs_seconds(edges, walker, level_s, climbs)
    slope_m = edges.length_m / np.cos(np.radians(ESCALATOR_ANGLE_DEG))
    # A moving walkway (no steps) is level, and walked on.
    belt_s = np.minimum(edges.length_m / ESCALATOR_MPS, street_s)
    escalator_s = np.where(edges.inclined, slope_m / ESCALATOR_MPS, belt_s)
    usual = LIFT_USUAL_RISE_M * edges.lift_share
    rise = np.where(np.isfinite(edges.rise_m), np.abs(edges.rise_m), usual)
    lift_s = (LIFT_WAIT_S + LIFT_DOORS_S) * edges.lift_share + rise / LIFT_MPS
    if walker.stairs == "level":
        # A city without heights has no stairs to climb and no lifts to wait for.
        stairs_s = escalator_s = lift_s = street_s
    elif not walker.escalators:
        escalator_s = np.full(len(level_s), np.inf)
    seconds = np.select(
        [edges.kind == STREET, edges.kind == STAIRS, edges.kind == ESCALATOR, edges.kind == LIFT],
        [street_s, stairs_s, escalator_s, lift_s],
        edges.ride_s,
    )
    if walker.stairs == "impassable":
        on_ramp = (edges.kind == STAIRS) & edges.ramp
        # A ramp is built for wheels: slow by its slope, and passable whatever the raster says.
        seconds = np.where(on_ramp, street_s, seconds)
        barred = ~edges.wheelchair | np.isin(edges.kind, [ESCALATOR, RIDE])
        seconds = np.where(barred & ~on_ramp, np.inf, seconds)
    if walker.max_grade_up is not None:
        too_steep = (edges.kind == STREET) & (grade > walker.max_grade_up)
        seconds = np.where(too_steep, np.inf, seconds)
    return np.asarray(seconds)


def _stairs_seconds(
    edges: EdgeFeatures, walker: Walker, level_s: NDArray[np.float64], climbs: NDArray[np.int8]
) -> NDArray[np.float64]:
    if walker.stairs == "impassable":
        return np.full(len(level_s), np.inf)
    stretch = (edges.flight_steps - FATIGUE_FROM_STEPS) / (FATIGUE_FULL_STEPS - FATIGUE_FROM_STEPS)
    fatigue = 1 + (FATIGUE_FACTOR - 1) * np.clip(stretch, 0.0, 1.0)
    up, down = walker.step_up_s * fatigue, np.full(len(level_s), walker.step_down_s)
    # Where nobody knows which end is up, both ways take the mean.
    a_step = np.select([climbs > 0, climbs < 0], [up, down], (up + down) / 2)
    # Landings are walked; no stairway is quicker than a street of its length.
    return np.asarray(np.maximum(edges.steps * a_step, level_s))
