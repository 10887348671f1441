"""Changes of the walking network: ways closed, and links added between places on its edges."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .network import WalkingNetwork, each_edge_field
from .new_links import LINK_PACES, NEW_BRIDGE, LinkKind, link_features, link_seconds
from .pace import EdgeFeatures

_HIGHWAYS = {"lift": "elevator", "escalator": "steps", "bridge": NEW_BRIDGE}
_SHARED = ("length_m", "rise_m", "steps", "lift_share", "ride_s")
"""Features that a part of an edge has in proportion to its length."""


@dataclass(frozen=True, slots=True)
class Join:
    """A link between two places on edges.

    Attributes
    ----------
    edges, fractions
        Where it begins and ends.
    kind
        See `coverage.new_links`; a bridge and a footway slope as their ends do.
    length_m
        Metres in plan; None for the straight distance.
    """

    edges: tuple[int, int]
    fractions: tuple[float, float]
    kind: LinkKind
    length_m: float | None = None


@dataclass(frozen=True, slots=True)
class Edited:
    """A network with changes, and where the edges and places of the one before are in it.

    Attributes
    ----------
    network
        The changed network. An edge in which a link ends is cut there: its first part keeps its
        position, the others follow after all edges of before, and the links come last.
    cut_edge
        Shape (S,), the edge of before of every part of a cut edge, sorted by edge and begin.
    begin, end
        Shape (S,), where the part begins and ends on it, fractions.
    part
        Shape (S,), the part's position in `network`.
    links
        Shape (L,), the positions of the links.
    """

    network: WalkingNetwork
    cut_edge: NDArray[np.int64]
    begin: NDArray[np.float64]
    end: NDArray[np.float64]
    part: NDArray[np.int64]
    links: NDArray[np.int64]


def edited(network: WalkingNetwork, blocked: NDArray[np.int64], joins: list[Join]) -> Edited:
    """Return the network with some edges closed and some links added.

    Parameters
    ----------
    network
        The walking network.
    blocked
        Edges that nobody may walk any more.
    joins
        The links.
    """
    along, against = network.seconds_along.copy(), network.seconds_against.copy()
    along[blocked] = against[blocked] = np.inf
    goes = replace(
        network.features,
        along=_without(network.features.along, blocked),
        against=_without(network.features.against, blocked),
    )
    closed = replace(network, features=goes, seconds_along=along, seconds_against=against)
    nothing, none = np.zeros(0, dtype=np.int64), np.zeros(0)
    if not joins:
        return Edited(closed, nothing, none, none, nothing, nothing)
    return _joined(closed, joins)


def cut_out(network: WalkingNetwork, edges: NDArray[np.int64]) -> WalkingNetwork:
    """Return the network of some edges alone, in their order, with the nodes that they need."""
    ends = np.concatenate([network.tail[edges], network.head[edges]])
    node, at = np.unique(ends, return_inverse=True)
    return replace(
        network,
        node_id=network.node_id[node],
        xy=network.xy[node],
        z=network.z[node],
        tail=at[: len(edges)].astype(np.int64),
        head=at[len(edges) :].astype(np.int64),
        **each_edge_field(lambda values: values[edges], network),
    )


def _without(allowed: NDArray[np.bool_], blocked: NDArray[np.int64]) -> NDArray[np.bool_]:
    left = allowed.copy()
    left[blocked] = False
    return left


def _joined(network: WalkingNetwork, joins: list[Join]) -> Edited:
    """Cut the edges where links end, and add the links."""
    edge = np.array([end for join in joins for end in join.edges])
    fraction = np.array([end for join in joins for end in join.fractions])
    # Each place in the middle of an edge once, and the nodes that stand there.
    inner = (fraction > 0) & (fraction < 1)
    keys = np.unique(np.column_stack([edge, fraction])[inner], axis=0)
    at_edge, at = keys[:, 0].astype(np.int64), keys[:, 1]
    new = len(network.node_id) + np.arange(len(keys))
    tail, head = network.tail[at_edge], network.head[at_edge]
    xy = network.xy[tail] + (network.xy[head] - network.xy[tail]) * at[:, None]
    z = network.z[tail] + (network.z[head] - network.z[tail]) * at
    ends = np.where(fraction > 0, network.head[edge], network.tail[edge])
    for key, (on, where) in enumerate(zip(at_edge, at, strict=True)):
        ends[(edge == on) & (fraction == where)] = new[key]
    nodes = replace(
        network,
        node_id=np.concatenate([network.node_id, network.node_id.max() + 1 + np.arange(len(keys))]),
        xy=np.concatenate([network.xy, xy]),
        z=np.concatenate([network.z, z]),
    )
    split = _split(nodes, at_edge, at, new)
    return _with_links(split, joins, ends[0::2], ends[1::2])


def _split(
    network: WalkingNetwork, edge: NDArray[np.int64], at: NDArray[np.float64],
    node: NDArray[np.int64],
) -> Edited:  # fmt: skip
    """Cut edges at places sorted by edge and fraction, where these nodes stand."""
    count = len(network.tail)
    cut, times = np.unique(edge, return_counts=True)
    # Each cut edge has one part more than it has cuts.
    cut_edge = np.repeat(cut, times + 1)
    first = np.cumsum(times + 1) - (times + 1)
    last = first + times
    is_first, is_last = np.zeros(len(cut_edge), dtype=bool), np.zeros(len(cut_edge), dtype=bool)
    is_first[first], is_last[last] = True, True
    begin, end = np.zeros(len(cut_edge)), np.ones(len(cut_edge))
    begin[~is_first], end[~is_last] = at, at
    from_node, to_node = network.tail[cut_edge], network.head[cut_edge]
    from_node[~is_first], to_node[~is_last] = node, node
    part = np.empty(len(cut_edge), dtype=np.int64)
    part[is_first] = cut
    part[~is_first] = count + np.arange(len(edge))
    source = np.concatenate([np.arange(count), cut_edge[~is_first]])
    share = np.ones(len(source))
    share[part] = end - begin
    tails, heads = network.tail[source], network.head[source]
    tails[part], heads[part] = from_node, to_node
    whole = each_edge_field(lambda values: values[source], network)
    shared = {name: getattr(whole["features"], name) * share for name in _SHARED}
    parts = replace(
        network,
        tail=tails,
        head=heads,
        **whole | {
            "features": replace(whole["features"], **shared),
            "seconds_along": whole["seconds_along"] * share,
            "seconds_against": whole["seconds_against"] * share,
        },
    )  # fmt: skip
    return Edited(parts, cut_edge, begin, end, part, np.zeros(0, dtype=np.int64))


def _with_links(
    split: Edited, joins: list[Join], tail: NDArray[np.int64], head: NDArray[np.int64]
) -> Edited:
    network = split.network
    straight = np.hypot(*(network.xy[head] - network.xy[tail]).T)
    length = np.array(
        [far if join.length_m is None else join.length_m
         for join, far in zip(joins, straight, strict=True)]
    )  # fmt: skip
    rise = network.z[head] - network.z[tail]
    pace = np.array([LINK_PACES[join.kind] for join in joins])
    features = link_features(pace, length, rise)
    along, against = link_seconds(features, network.walker)
    ids = int(min(network.ways.index.min(), 0)) - 1 - np.arange(len(joins))
    nothing = np.full(len(joins), None, dtype=object)
    rows = pd.DataFrame(
        dict.fromkeys(network.ways.columns, nothing), dtype=object,
        index=pd.Index(ids, name=network.ways.index.name),
    )  # fmt: skip
    rows["highway"] = [_HIGHWAYS.get(join.kind, "footway") for join in joins]
    for tag, tagged in (("bridge", "bridge"), ("conveying", "escalator")):
        if tag in rows:
            rows[tag] = ["yes" if join.kind == tagged else None for join in joins]
    together: dict[str, Any] = {
        one.name: np.concatenate([getattr(network.features, one.name), getattr(features, one.name)])
        for one in fields(EdgeFeatures)
    }
    count = len(network.tail)
    return replace(
        split,
        links=count + np.arange(len(joins)),
        network=replace(
            network,
            tail=np.concatenate([network.tail, tail]),
            head=np.concatenate([network.head, head]),
            features=EdgeFeatures(**together),
            steps_source=np.concatenate(
                [network.steps_source, np.full(len(joins), "", dtype=object)]
            ),
            seconds_along=np.concatenate([network.seconds_along, along]),
            seconds_against=np.concatenate([network.seconds_against, against]),
            way=np.concatenate([network.way, len(network.ways) + np.arange(len(joins))]),
            ways=pd.concat([network.ways, rows]),
        ),
    )
