"""How many steps a stairway has, and where the number comes from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .tags import step_counts

RISER_M = 0.15
"""Height of an outdoor step, metres: GB 50352-2019, 6.7.1 (at most 0.15 m)."""
TREAD_M = 0.30
"""Depth of an outdoor step, metres: GB 50352-2019, 6.7.1 (at least 0.30 m)."""
SEEN_BY_RASTER_M = 30.0
"""A stairway shorter than a cell of the raster has no rise that the raster could know, metres."""

TAGGED, DEM, DEFAULT, NONE = "tagged", "dem", "default", ""
"""Where a number of steps comes from; `NONE` for what is no stairway."""

_MOST_LANDINGS = 3.0
"""A stairway has at least a third of the steps that its length would allow; the rest is landings.
A rise that asks for fewer is the raster's error."""
_DEEPEST_CROWDING = 1.25
"""Nor has it over 1.25 of them: treads of 0.24 m."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps of every edge.

    Attributes
    ----------
    count
        Shape (E,), steps on the edge (a share of its way's); 0 where there is no stairway.
    flight
        Shape (E,), steps of the whole flight that the edge belongs to.
    source
        Shape (E,), `TAGGED`, `DEM`, `DEFAULT` or `NONE`.
    """

    count: NDArray[np.float64]
    flight: NDArray[np.float64]
    source: NDArray[np.object_]


def count_steps(
    ways: pd.DataFrame,
    way: NDArray[np.int64],
    ends: NDArray[np.int64],
    length_m: NDArray[np.float64],
    rise_m: NDArray[np.float64],
    is_stair: NDArray[np.bool_],
) -> Steps:
    """Count the steps of every stairway: as tagged, else by rise, else by length.

    Parameters
    ----------
    ways
        The ways' tags.
    way
        Shape (E,), the way of each edge.
    ends
        Shape (E, 2), nodes at tail and head.
    length_m, rise_m
        Shape (E,), metres; the rise from tail to head, NaN where unknown.
    is_stair
        Shape (E,), which edges are stairs.
    """
    tagged, _ = step_counts(ways)
    stairs = np.flatnonzero(is_stair)
    of = way[stairs]
    count = len(ways)
    metres = np.bincount(of, weights=length_m[stairs], minlength=count)
    # Unknown on one edge is unknown for the way.
    rise = np.abs(np.bincount(of, weights=rise_m[stairs], minlength=count))
    by_length = metres / TREAD_M
    by_rise = rise / RISER_M
    plausible = (by_rise >= by_length / _MOST_LANDINGS) & (by_rise <= by_length * _DEEPEST_CROWDING)
    by_rise = np.where(plausible & (metres >= SEEN_BY_RASTER_M), by_rise, np.nan)
    chosen = np.where(~np.isnan(tagged), tagged, np.where(~np.isnan(by_rise), by_rise, by_length))
    source = np.where(~np.isnan(tagged), TAGGED, np.where(~np.isnan(by_rise), DEM, DEFAULT))
    share = np.divide(length_m[stairs], metres[of], out=np.zeros(len(of)), where=metres[of] > 0)
    steps = np.zeros(len(way))
    steps[stairs] = chosen[of] * share
    flight = np.zeros(len(way))
    flight[stairs] = _flights(ends[stairs], steps[stairs], ends)
    sources = np.full(len(way), NONE, dtype=object)
    sources[stairs] = source[of]
    return Steps(count=steps, flight=flight, source=sources)


def _flights(
    stairs: NDArray[np.int64], steps: NDArray[np.float64], every: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the steps of each stair edge's flight: stairs that follow one another unbranched."""
    size = int(every.max()) + 1 if len(every) else 0
    degree = np.bincount(every.ravel(), minlength=size)
    nodes = stairs.ravel()
    edges = np.repeat(np.arange(len(stairs)), 2)
    order = np.argsort(nodes, kind="stable")
    nodes, edges = nodes[order], edges[order]
    follows = np.flatnonzero((nodes[1:] == nodes[:-1]) & (degree[nodes[1:]] == 2))
    links = coo_array(
        (np.ones(len(follows)), (edges[follows], edges[follows + 1])), shape=(len(stairs),) * 2
    )
    _, flight = connected_components(links, directed=False)
    return np.asarray(np.bincount(flight, weights=steps)[flight]) if len(stairs) else steps
