"""Junctions and links of the walking network, and where points stand on them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..chains import Chains
from ..network import WalkingNetwork
from ..pace import ESCALATOR, LIFT, STAIRS
from ..snapping import Snapped
from ..tags import is_set
from .packing import Section
from .payload_shapes import morton_order, narrowed, places_of, steps_of, world

OFF_STREET, IS_STAIRS, IS_BRIDGE, IS_COVERED, IS_CARRIED, IS_INSIDE = 1, 2, 4, 8, 16, 32
"""Bits of ``link.flags``: no street, stairs, on a bridge, in a tunnel or roofed, a lift or an
escalator, some of it in the study area."""
NOWHERE = 2**32 - 1
"""The link of a point that stands on none."""

STREET_TOLERANCE_M = 1.0
_U2 = 65535


@dataclass(frozen=True, slots=True)
class Links:
    """The chains of a network in the order and direction in which the map has them.

    Attributes
    ----------
    chains
        Chains within one way each.
    node
        Shape (N,), positions in the network of the chains' ends, near ones after each other.
    a, b
        Shape (L,), positions in `node`: a link runs from the lower to the higher.
    chain
        Shape (L,), the chain of each link, by a and b.
    turned
        Shape (L,), whether the link runs from the head of its chain to the tail.
    """

    chains: Chains
    node: NDArray[np.int64]
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    chain: NDArray[np.int64]
    turned: NDArray[np.bool_]

    def both_ways(self, of_chain: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values of chains, shape (..., 2, C), tail to head and back, as a to b and back."""
        ordered = of_chain[..., self.chain]
        return np.where(self.turned, ordered[..., ::-1, :], ordered)


def links_of(network: WalkingNetwork, chains: Chains) -> Links:
    """Return the links in the map's order."""
    ends = np.unique(np.concatenate([chains.tail, chains.head]))
    node = ends[morton_order(world(network.xy[ends], network.crs))]
    rank = np.zeros(len(network.node_id), dtype=np.int64)
    rank[node] = np.arange(len(node))
    tail, head = rank[chains.tail], rank[chains.head]
    a, b = np.minimum(tail, head), np.maximum(tail, head)
    chain = np.lexsort((b, a))
    return Links(chains, node, a[chain], b[chain], chain, (tail > head)[chain])


def node_sections(network: WalkingNetwork, links: Links) -> list[Section]:
    """Return the junctions."""
    return places_of("node", world(network.xy[links.node], network.crs))


def link_sections(
    network: WalkingNetwork,
    links: Links,
    *,
    name: NDArray[np.int64],
    kind: NDArray[np.int64],
    inside: NDArray[np.int64],
) -> list[Section]:
    """Return what is known of every link, its times apart.

    Parameters
    ----------
    network
        The walking network.
    links
        Its links.
    name, kind
        Shape (W,), of every way of the network, positions in the lists of names and kinds.
    inside
        The edges that lie in the study area, at least in part.
    """
    chains, features = links.chains, network.features
    lowest = chains.edge[chains.first[:-1]]
    way = network.way[lowest][links.chain]
    rises = np.nan_to_num(features.rise_m)
    climbs = np.stack(
        chains.seconds(np.maximum(rises, 0), np.maximum(-rises, 0))  # up along, up against
    )
    up, down = links.both_ways(climbs)
    return [
        Section("link.a", links.a.astype("u4"), delta=True),
        Section("link.b", links.b.astype("u4"), base="link.a"),
        *_inner_sections(network, links),
        Section("link.name", narrowed(name[way], ("u1", "u2", "u4"))),
        Section("link.kind", kind[way].astype("u1")),
        Section("link.flags", _flags(network, links, inside)),
        _decimetres("link.m", chains.total(features.length_m)[links.chain]),
        _decimetres("link.up", up),
        _decimetres("link.down", down),
        Section("link.steps", _capped(chains.total(features.steps)[links.chain])),
    ]


def place_sections(
    name: str, places: Snapped, network: WalkingNetwork, links: Links
) -> list[Section]:
    """Return the link on which each point stands, where on it, and the straight leg.

    Where: the share of the length from a (``.at``), and of the own walker's time, which slopes
    share out differently, from a to b (``.ab``) and from b to a (``.ba``).
    """
    found = places.found
    chains = links.chains
    edge = places.edge[found]
    forward = np.zeros(len(network.tail), dtype=bool)
    forward[chains.edge] = chains.forward
    on_edge = np.where(forward[edge], places.fraction[found], 1 - places.fraction[found])
    chain = chains.chain_of_edge[edge]
    link_of = np.empty(len(chains), dtype=np.int64)
    link_of[links.chain] = np.arange(len(chains))
    turned = links.turned[link_of[chain]]

    def share(weight: NDArray[np.float64], otherwise: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the share of the chain's weight before each place, where it has any."""
        open_ = np.where(np.isfinite(weight), weight, 0.0)
        before = chains.share_before(open_)[edge] + on_edge * open_[edge]
        total = chains.total(weight)[chain]
        known = np.isfinite(total) & (total > 0)
        return np.asarray(np.divide(before, total, out=otherwise.copy(), where=known))

    along, against = network.seconds_along, network.seconds_against
    at = share(network.length_m, np.zeros(len(edge)))
    ahead = share(np.where(forward, along, against), at)
    behind = share(np.where(forward, against, along), at)
    shares = {
        "at": np.where(turned, 1 - at, at),
        "ab": np.where(turned, 1 - behind, ahead),
        "ba": np.where(turned, 1 - ahead, behind),
    }
    link = np.full(len(found), NOWHERE)
    link[found] = link_of[chain]
    sections = [Section(f"{name}.link", link.astype("u4"))]
    for part, values in shares.items():
        everywhere = np.zeros(len(found))
        everywhere[found] = np.clip(values, 0, 1)
        sections.append(Section(f"{name}.{part}", np.rint(everywhere * _U2).astype("u2")))
    return [*sections, _decimetres(f"{name}.leg", np.nan_to_num(places.distance_m))]


def structures(ways: pd.DataFrame) -> NDArray[np.uint8]:
    """Return the flags of ways on bridges and in tunnels or under roofs, shape (W,)."""
    covered = is_set(ways, "tunnel") | is_set(ways, "covered")
    flags = np.where(is_set(ways, "bridge"), IS_BRIDGE, 0) + np.where(covered, IS_COVERED, 0)
    return flags.astype(np.uint8)


def _inner_sections(network: WalkingNetwork, links: Links) -> list[Section]:
    """Return the vertices strictly between a and b of every link."""
    chains = links.chains
    start = np.where(chains.forward, network.tail[chains.edge], network.head[chains.edge])
    vertices = np.diff(chains.first) + 1
    node = np.empty(len(start) + len(chains), dtype=np.int64)
    ends = np.cumsum(vertices) - 1
    between = np.ones(len(node), dtype=bool)
    between[ends] = False
    node[between], node[ends] = start, chains.head
    of = np.repeat(np.arange(len(chains)), vertices)
    lines = shapely.linestrings(network.xy[node], indices=of)
    lines = shapely.simplify(lines, STREET_TOLERANCE_M, preserve_topology=False)[links.chain]
    lines = np.where(links.turned, shapely.reverse(lines), lines)
    xy, line = shapely.get_coordinates(lines, return_index=True)
    units = world(xy, network.crs)
    end = np.r_[True, line[1:] != line[:-1]] | np.r_[line[1:] != line[:-1], True]
    steps = np.diff(units, axis=0, prepend=units[:1])
    return [
        Section("link.inner", np.bincount(line[~end], minlength=len(lines)).astype("u2")),
        *steps_of("link", ("dx", "dy"), steps[~end]),
    ]


def _flags(network: WalkingNetwork, links: Links, inside: NDArray[np.int64]) -> NDArray[np.uint8]:
    chains = links.chains
    first = chains.edge[chains.first[:-1]]
    kind = network.features.kind[first]
    within = np.zeros(len(chains), dtype=bool)
    within[chains.chain_of_edge[inside]] = True
    bits = {
        OFF_STREET: network.off_street[first],
        IS_STAIRS: kind == STAIRS,
        IS_CARRIED: (kind == LIFT) | (kind == ESCALATOR),
        IS_INSIDE: within,
    }
    flags = structures(network.ways)[network.way[first]]
    for bit, there in bits.items():
        flags |= np.where(there, bit, 0).astype(np.uint8)
    return np.asarray(flags[links.chain])


def _decimetres(name: str, metres: NDArray[np.float64]) -> Section:
    return Section(name, _capped(metres * 10))


def _capped(values: NDArray[np.float64]) -> NDArray[np.uint16]:
    return np.minimum(np.rint(values), _U2).astype("u2")
