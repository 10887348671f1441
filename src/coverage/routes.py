"""The walk between two places: its minutes each way, its length, climb and steps."""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from .errors import UsageError
from .network import WalkingNetwork
from .snapping import Snapped, snap, usable_edges


@dataclass(frozen=True, slots=True)
class Route:
    """One walk.

    Attributes
    ----------
    minutes
        Travel time, both straight legs to the street included.
    length_m
        Street walked in plan, metres.
    climb_m, descent_m
        Heights gained and lost, metres, where heights are known.
    steps
        Steps walked, up or down.
    edges, forward
        The edges of the walk in order, and whether each is walked from tail to head; the first and
        the last are walked in part.
    """

    minutes: float
    length_m: float
    climb_m: float
    descent_m: float
    steps: float
    edges: NDArray[np.int64]
    forward: NDArray[np.bool_]


def route(
    network: WalkingNetwork,
    start_xy: tuple[float, float],
    end_xy: tuple[float, float],
    *,
    snap_limit_m: float = 300,
) -> Route:
    """Return the quickest walk from one place to another.

    Parameters
    ----------
    network
        The walking network.
    start_xy, end_xy
        Metres in the network's coordinate system.
    snap_limit_m
        How far a place may stand from a street.

    Raises
    ------
    UsageError
        When a place has no street within the limit, or no walk joins the two.
    """
    points = np.array([start_xy, end_xy], dtype=float)
    ends = snap(network, points, onto=usable_edges(network), limit_m=snap_limit_m)
    if not ends.found.all():
        which = " and ".join(np.array(["the start", "the end"])[~ends.found])
        raise UsageError(
            f"There is no street within {snap_limit_m:g} m of {which}.", "Choose another place."
        )
    arc_tail, arc_head, seconds, edge, share = _arcs(network, ends)
    count = len(network.node_id)
    start, end = count, count + 1
    order = np.lexsort((seconds, arc_head, arc_tail))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(arc_tail[order]) != 0) | (np.diff(arc_head[order]) != 0)
    kept = order[first]
    pointers = np.searchsorted(arc_tail[kept], np.arange(count + 3))
    graph = csr_array((seconds[kept], arc_head[kept], pointers), shape=(count + 2,) * 2)
    times, previous = dijkstra(graph, indices=start, return_predecessors=True)
    if not np.isfinite(times[end]):
        raise UsageError("No walk joins the two places.", "They stand on streets that do not meet.")
    nodes = [end]
    while nodes[-1] != start:
        nodes.append(int(previous[nodes[-1]]))
    nodes.reverse()
    arc_of = dict(
        zip(zip(arc_tail[kept].tolist(), arc_head[kept].tolist(), strict=True), kept.tolist(),
            strict=True)
    )  # fmt: skip
    walked = np.array([arc_of[pair] for pair in itertools.pairwise(nodes)])
    return _described(network, edge[walked], share[walked], float(times[end]))


def _arcs(
    network: WalkingNetwork, ends: Snapped
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64],
           NDArray[np.float64]]:  # fmt: skip
    """Return tail, head, seconds, edge and signed share of the edge for every arc.

    The start is node N, the end N + 1; a negative share is walked from head to tail.
    """
    count, edges = len(network.node_id), np.arange(len(network.tail))
    start, end = count, count + 1
    (one, other), (p, q) = ends.edge, ends.fraction
    rows = [
        (network.tail, network.head, network.seconds_along, edges, np.ones(len(edges))),
        (network.head, network.tail, network.seconds_against, edges, -np.ones(len(edges))),
    ]
    leg_out, leg_in = ends.leg_s
    along, against = network.seconds_along, network.seconds_against
    extra = [
        (start, network.head[one], leg_out + _part(1 - p, along[one]), one, 1 - p),
        (start, network.tail[one], leg_out + _part(p, against[one]), one, -p),
        (network.tail[other], end, leg_in + _part(q, along[other]), other, q),
        (network.head[other], end, leg_in + _part(1 - q, against[other]), other, q - 1),
    ]
    if one == other:
        pace = along[one] if q >= p else against[one]
        extra.append((start, end, leg_out + leg_in + _part(abs(q - p), pace), one, q - p))
    columns = [np.concatenate([np.atleast_1d(row[k]) for row in [*rows, *extra]]) for k in range(5)]
    usable = np.isfinite(columns[2])
    return tuple(column[usable] for column in columns)


def _part(share: float, seconds: float) -> float:
    return 0.0 if share == 0 else float(share * seconds)


def _described(
    network: WalkingNetwork, edge: NDArray[np.int64], share: NDArray[np.float64], seconds: float
) -> Route:
    part = np.abs(share)
    rise = np.nan_to_num(network.features.rise_m[edge]) * share
    return Route(
        minutes=seconds / 60,
        length_m=float((network.length_m[edge] * part).sum()),
        climb_m=float(rise[rise > 0].sum()),
        descent_m=float(-rise[rise < 0].sum()),
        steps=float((network.features.steps[edge] * part).sum()),
        edges=edge,
        forward=share >= 0,
    )
