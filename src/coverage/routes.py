"""The walk between two places: its minutes, its length, climb and steps, and its profile."""

import itertools
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from .cards import card, facts
from .errors import UsageError
from .network import WalkingNetwork
from .snapping import Snapped, snap, usable_edges

KINDS = ("street", "stairs", "escalator", "lift", "ride")
"""Names of the kinds of edge of `coverage.pace`, by their numbers."""


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
    edges
        Shape (K,), the edges of the walk in order.
    begins, ends
        Shape (K,), the places on each edge where the walk enters and leaves it, 0 at its tail and 1
        at its head.
    legs_min
        Minutes of the straight legs at the start and at the end.
    """

    minutes: float
    length_m: float
    climb_m: float
    descent_m: float
    steps: float
    edges: NDArray[np.int64] = field(repr=False)
    begins: NDArray[np.float64] = field(repr=False)
    ends: NDArray[np.float64] = field(repr=False)
    legs_min: tuple[float, float]

    @property
    def forward(self) -> NDArray[np.bool_]:
        """Which edges are walked from tail to head, shape (K,)."""
        return np.asarray(self.ends >= self.begins)

    def _repr_html_(self) -> str:
        """Return the walk as Jupyter shows it."""
        rows = [
            ("用时 Minutes", f"{self.minutes:.1f} 分钟 min"),
            ("路程 Street walked", f"{self.length_m:,.0f} 米 m"),
            ("上升 / 下降 Climb / descent", f"↑ {self.climb_m:.0f} · ↓ {self.descent_m:.0f} 米 m"),
            ("台阶 Steps", f"{self.steps:,.0f} 级 steps"),
        ]
        return card("一次步行 A walk", facts(rows))


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
    arc_tail, arc_head, seconds, edge, begin, leave = _arcs(network, ends)
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
    return _described(
        network, edge[walked], begin[walked], leave[walked], ends.leg_s, float(times[end])
    )


def profile(network: WalkingNetwork, walk: Route) -> pd.DataFrame:
    """Return what a walk passes through, place by place.

    Parameters
    ----------
    network
        The network that the walk was found on, timed for the same walker.
    walk
        From `route`.

    Returns
    -------
    profile
        One row for each end of an edge that the walk meets, K + 1 in all, its straight legs left
        out: ``along_m`` (street walked so far, metres in plan), ``height_m`` (NaN where unknown),
        ``steps`` (so far), ``minutes`` (since the start, its straight leg included; with the leg at
        the end the last are `Route.minutes`), and of the edge that ends there ``kind`` (one of
        `KINDS`, empty in the first row) and ``name`` of the street (empty where it has none).
    """
    edge, part = walk.edges, np.abs(walk.ends - walk.begins)
    pace = np.where(walk.forward, network.seconds_along[edge], network.seconds_against[edge])
    seconds = np.where(part > 0, part, 0.0) * np.where(part > 0, pace, 0.0)
    at_node = np.concatenate([[walk.begins[0]], walk.ends])
    of = np.concatenate([edge[:1], edge])
    tail_z, head_z = network.z[network.tail[of]], network.z[network.head[of]]
    names = network.ways["name"].to_numpy(object)[network.way[edge]]
    return pd.DataFrame(
        {
            "along_m": _running(network.length_m[edge] * part),
            "height_m": tail_z + (head_z - tail_z) * at_node,
            "steps": _running(network.features.steps[edge] * part),
            "minutes": walk.legs_min[0] + _running(seconds) / 60,
            "kind": ["", *(KINDS[kind] for kind in network.features.kind[edge].tolist())],
            "name": ["", *(name if isinstance(name, str) else "" for name in names)],
        },
    ).rename_axis("place")


def _running(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([[0.0], np.cumsum(values)])


def _arcs(
    network: WalkingNetwork, ends: Snapped
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64],
           NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    """Return tail, head, seconds, edge and where on it the walk enters and leaves, for every arc.

    The start is node N, the end N + 1.
    """
    count, edges = len(network.node_id), np.arange(len(network.tail))
    start, end = count, count + 1
    (one, other), (p, q) = ends.edge, ends.fraction
    none, full = np.zeros(len(edges)), np.ones(len(edges))
    rows = [
        (network.tail, network.head, network.seconds_along, edges, none, full),
        (network.head, network.tail, network.seconds_against, edges, full, none),
    ]
    leg_out, leg_in = ends.leg_s
    along, against = network.seconds_along, network.seconds_against
    extra = [
        (start, network.head[one], leg_out + _part(1 - p, along[one]), one, p, 1.0),
        (start, network.tail[one], leg_out + _part(p, against[one]), one, p, 0.0),
        (network.tail[other], end, leg_in + _part(q, along[other]), other, 0.0, q),
        (network.head[other], end, leg_in + _part(1 - q, against[other]), other, 1.0, q),
    ]
    if one == other:
        pace = along[one] if q >= p else against[one]
        extra.append((start, end, leg_out + leg_in + _part(abs(q - p), pace), one, p, q))
    columns = [np.concatenate([np.atleast_1d(row[k]) for row in [*rows, *extra]]) for k in range(6)]
    usable = np.isfinite(columns[2])
    return tuple(column[usable] for column in columns)


def _part(share: float, seconds: float) -> float:
    return 0.0 if share == 0 else float(share * seconds)


def _described(
    network: WalkingNetwork, edge: NDArray[np.int64], begin: NDArray[np.float64],
    leave: NDArray[np.float64], legs_s: NDArray[np.float64], seconds: float,
) -> Route:  # fmt: skip
    share = leave - begin
    part = np.abs(share)
    rise = np.nan_to_num(network.features.rise_m[edge]) * share
    leg_out, leg_in = (float(leg) / 60 for leg in legs_s)
    return Route(
        minutes=seconds / 60,
        length_m=float((network.length_m[edge] * part).sum()),
        climb_m=float(rise[rise > 0].sum()),
        descent_m=float(-rise[rise < 0].sum()),
        steps=float((network.features.steps[edge] * part).sum()),
        edges=edge,
        begins=begin,
        ends=leave,
        legs_min=(leg_out, leg_in),
    )
