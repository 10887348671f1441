"""What the pace of every edge depends on, read from tags and heights."""

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .lifts import LIFT_NODE
from .pace import ESCALATOR, LIFT, RIDE, RIDE_WAIT_S, STAIRS, STREET, EdgeFeatures
from .stairs import count_steps
from .streets import ON_FOOT, Streets
from .tags import inclines, is_set
from .walkers import RIDE_MPS

_DURATION = re.compile(r"^(?:(\d{1,2}):)?(\d{1,3})(?::\d{2})?$")


def edge_features(
    streets: Streets, length_m: NDArray[np.float64], rise_m: NDArray[np.float64]
) -> tuple[EdgeFeatures, NDArray[np.object_]]:
    """Return the features of every segment, and where the steps of its stairs come from.

    Parameters
    ----------
    streets
        The walkable streets.
    length_m, rise_m
        Shape (E,), metres in plan, and from tail to head (NaN where unknown).

    Notes
    -----
    Escalators (``conveying``): ``forward`` and ``backward`` run one way; ``yes`` and ``reversible``
    are taken for a pair that serves both ways, as one way in the map often is. ``oneway:foot`` is
    honoured. Stairs count as a ramp with ``ramp:wheelchair=yes`` or ``wheelchair=yes``.
    """
    ways, of = streets.ways, streets.way
    highway = ways["highway"].to_numpy()
    moves = is_set(ways, "conveying") & np.isin(highway.astype(str), ["steps", "footway", "path"])
    by_way = np.select(
        [moves, highway == "steps", highway == "elevator",
         ways["rule"].isin(["ferry", "cable car"]).to_numpy()],
        [ESCALATOR, STAIRS, LIFT, RIDE],
        STREET,
    ).astype(np.int8)  # fmt: skip
    kind = by_way[of]
    steps = count_steps(
        ways, of, np.column_stack([streets.tail, streets.head]), length_m, rise_m, kind == STAIRS
    )
    conveying, one_way = ways["conveying"], ways["oneway:foot"]
    # An escalator with `oneway` is not a pair; the tag means nothing for people on a street.
    goes = ways["oneway"].where(moves)
    forward_only = (
        (conveying == "forward")
        | goes.isin(["yes", "1", "true"])
        | one_way.isin(["yes", "1", "true"])
    )
    backward_only = (
        (conveying == "backward") | goes.isin(["-1", "reverse"]) | one_way.isin(["-1", "reverse"])
    )
    wheels = ways["wheelchair"]
    ramp = (ways["ramp:wheelchair"] == "yes") | (wheels == "yes")
    rolls = (wheels != "no") & ((ways["who"] != ON_FOOT) | ramp)
    return EdgeFeatures(
        kind=kind,
        length_m=length_m,
        rise_m=rise_m,
        climbs=_climbs(ways, of, rise_m),
        steps=steps.count,
        flight_steps=steps.flight,
        ramp=ramp.to_numpy(dtype=bool)[of],
        along=~backward_only.to_numpy(dtype=bool)[of],
        against=~forward_only.to_numpy(dtype=bool)[of],
        wheelchair=rolls.to_numpy(dtype=bool)[of],
        inclined=(highway == "steps")[of],
        lift_share=_lift_share(streets, kind),
        ride_s=_ride_seconds(ways, of, length_m),
    ), steps.source


def level_streets(length_m: NDArray[np.float64]) -> EdgeFeatures:
    """Return the features of plain streets whose heights nobody knows."""
    count = len(length_m)
    return EdgeFeatures(
        kind=np.full(count, STREET, dtype=np.int8),
        length_m=length_m,
        rise_m=np.full(count, np.nan),
        climbs=np.zeros(count, dtype=np.int8),
        steps=np.zeros(count),
        flight_steps=np.zeros(count),
        ramp=np.zeros(count, dtype=bool),
        along=np.ones(count, dtype=bool),
        against=np.ones(count, dtype=bool),
        wheelchair=np.ones(count, dtype=bool),
        inclined=np.zeros(count, dtype=bool),
        lift_share=np.ones(count),
        ride_s=np.full(count, np.nan),
    )


def _climbs(
    ways: pd.DataFrame, of: NDArray[np.int64], rise_m: NDArray[np.float64]
) -> NDArray[np.int8]:
    """Return which way is up: as tagged, else by the rise of the whole way, else unknown."""
    said, _, _ = inclines(ways)
    rise = np.bincount(of, weights=rise_m, minlength=len(ways))
    sign = np.where(np.isnan(said), np.sign(rise), said)
    return np.nan_to_num(sign).astype(np.int8)[of]


def _lift_share(streets: Streets, kind: NDArray[np.int8]) -> NDArray[np.float64]:
    """Return 1 over the segments of each lift that is drawn as a way; a lift node's links are 1."""
    drawn = (kind == LIFT) & (streets.ways["rule"] != LIFT_NODE).to_numpy()[streets.way]
    segments = np.bincount(streets.way[drawn], minlength=len(streets.ways))
    return np.where(drawn, 1 / np.maximum(segments[streets.way], 1), 1.0)


def _ride_seconds(
    ways: pd.DataFrame, of: NDArray[np.int64], length_m: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Share the minutes of each ferry or cable car, waiting included, over its segments."""
    metres = np.bincount(of, weights=length_m, minlength=len(ways))
    seconds = np.full(len(ways), np.nan)
    for way in np.flatnonzero(ways["rule"].isin(["ferry", "cable car"]).to_numpy()):
        match = _DURATION.match(str(ways["duration"].iloc[way] or ""))
        ride = metres[way] / RIDE_MPS
        if match:
            ride = 3600 * int(match[1] or 0) + 60 * int(match[2])
        seconds[way] = ride + RIDE_WAIT_S
    share = np.divide(length_m, metres[of], out=np.ones(len(of)), where=metres[of] > 0)
    return seconds[of] * share
