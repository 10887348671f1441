"""Tiles of a study: who owns what, by which names things are known in all of them, what joins.

Every tile reads more than it owns (a halo), and every place, home, facility, node and piece of
street is owned by exactly one tile: by its own position, an edge by its middle. Boxes are half-open
and the outermost are unbounded, so that they share out the whole plane.

Positions in arrays differ from tile to tile. What has to be known in several of them is known by a
key that does not: a node by its OpenStreetMap id, an edge by the number of its way in the file and
its place in the way. Keys are ordered as nodes and edges are in a run that is not cut, so that ties
are decided alike.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .errors import UsageError
from .lifts import LIFT_NODE
from .network import WalkingNetwork
from .snapping import REAL_COMPONENT_M
from .squares import SQUARE
from .streets import Streets

_GRID = 64
_SEGMENTS = 2**16
_FIRST_SQUARE, _FIRST_LIFT = 2**31, 2**41
_FIRST_COPY = 2**60
_LEVELS = 64
_FIRST_CORNER = -(2**62)
_E7 = 1e7


@dataclass(frozen=True, slots=True)
class Tiling:
    """Boxes that share out the plane.

    Attributes
    ----------
    boxes
        Shape (T, 4): west, south, east, north, metres; west and south are inside, the others not.
    """

    boxes: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.boxes)

    def of(self, xy: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the tile of each point, shape (P,)."""
        x, y = xy[:, 0], xy[:, 1]
        tile = np.full(len(xy), -1)
        for number, (west, south, east, north) in enumerate(self.boxes):
            tile[(x >= west) & (x < east) & (y >= south) & (y < north)] = number
        return tile


def tiling_of(
    xy: NDArray[np.float64], count: int, bounds: tuple[float, float, float, float]
) -> Tiling:
    """Cut the plane into tiles with about as many points in each, along the longer side in turn.

    Parameters
    ----------
    xy
        Shape (P, 2), metres: what makes work, such as the facilities.
    count
        How many tiles.
    bounds
        West, south, east, north of the study area, which is cut evenly where points are few.
    """
    if len(xy) < 2 * count:
        west, south, east, north = bounds
        x, y = np.meshgrid(np.linspace(west, east, _GRID), np.linspace(south, north, _GRID))
        xy = np.column_stack([x.ravel(), y.ravel()])
    whole = np.array([-np.inf, -np.inf, np.inf, np.inf])
    return Tiling(np.array(_halved(xy, count, whole)))


def _halved(
    xy: NDArray[np.float64], count: int, box: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    if count == 1:
        return [box]
    axis = int(np.argmax(np.ptp(xy, axis=0))) if len(xy) else 0
    first = count // 2
    # Points of one place are not cut apart; a half-open box then takes them all.
    cut = float(np.quantile(xy[:, axis], first / count)) if len(xy) else 0.0
    low, high = box.copy(), box.copy()
    low[axis + 2] = high[axis] = cut
    below = xy[:, axis] < cut
    return [*_halved(xy[below], first, low), *_halved(xy[~below], count - first, high)]


def edge_keys(streets: Streets, place_in_file: str) -> NDArray[np.int64]:
    """Return the key of every segment, shape (E,), ascending as the segments are.

    Parameters
    ----------
    streets
        Those of a tile, every way whole, with the ways of squares and lifts.
    place_in_file
        The column of their ways' numbers in the file.
    """
    ways = streets.ways
    number = pd.to_numeric(ways[place_in_file], errors="coerce").fillna(0).to_numpy(np.int64)
    ids, rule = ways.index.to_numpy(np.int64), ways["rule"].to_numpy()
    # The ids of these are the negative of a square's number less one, and of a lift node's id.
    number = np.where(rule == SQUARE, _FIRST_SQUARE - 1 - ids, number)
    lift = _FIRST_LIFT + 2 * np.abs(ids) + (ids > 0)
    number = np.where(rule == LIFT_NODE, lift, number)
    first = np.full(len(ways), len(streets.way))
    np.minimum.at(first, streets.way, np.arange(len(streets.way)))
    within = np.arange(len(streets.way)) - first[streets.way]
    return np.asarray(number[streets.way] * _SEGMENTS + within)


def node_keys(cut: Streets, crossed: Streets, split: Streets) -> NDArray[np.int64]:
    """Return the key of every node of `split`: its id, and for new nodes what they stand for.

    Parameters
    ----------
    cut, crossed, split
        A tile's streets before squares, with squares, and with lifts taken apart.
    """
    keys = split.node_id.copy()
    old, corners = len(cut.node_id), len(crossed.node_id)
    corner = (split.lon_lat[old:corners] + np.array([180.0, 90.0])) * _E7
    spots = np.round(corner).astype(np.int64)
    # Alike only where 107 degrees lie between.
    keys[old:corners] = _FIRST_CORNER + (spots[:, 0] % 2**30) * 2**31 + spots[:, 1]
    if len(keys) > corners:
        link = (split.ways["rule"] == LIFT_NODE).to_numpy()[split.way]
        ends = np.concatenate([split.tail[link], split.head[link]])
        lift = np.zeros(len(keys), dtype=np.int64)
        lift[ends] = -np.tile(split.ways.index.to_numpy(np.int64)[split.way[link]], 2)
        of = lift[corners:]
        # Copies of one lift stand one after the other.
        first = np.flatnonzero(np.r_[True, of[1:] != of[:-1]])
        rank = np.arange(len(of)) - np.repeat(first, np.diff(np.r_[first, len(of)]))
        keys[corners:] = _FIRST_COPY + (2 * np.abs(of) + (of < 0)) * _LEVELS + rank
    return keys


def place_of(wanted: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the positions of keys among others, which are ascending; -1 for those not there."""
    if len(keys) == 0:
        return np.full(len(wanted), -1)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, at, -1)


@dataclass(frozen=True, slots=True)
class Parts:
    """The connected parts of a tile's own edges, and where they may go on in other tiles.

    Attributes
    ----------
    node, part
        Shape (N,), keys of the nodes of its own edges, ascending, and the part of each.
    shared
        Shape (N,), whether other tiles have edges there too.
    length_m, passable_m
        Shape (C,), metres of each part's own edges: all, and those that the walker can pass.
    lowest
        Shape (C,), the lowest node key of each.
    begins
        Shape (C,), whether one of its own edges begins in it.
    """

    node: NDArray[np.int64]
    part: NDArray[np.int64]
    shared: NDArray[np.bool_]
    length_m: NDArray[np.float64]
    passable_m: NDArray[np.float64]
    lowest: NDArray[np.int64]
    begins: NDArray[np.bool_]

    def at(self, node: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the parts at nodes given by their keys.

        Raises
        ------
        UsageError
            When this tile does not have them: it did not read an edge that is its own, because that
            reaches farther beyond the study than any halo.
        """
        found = place_of(node, self.node)
        if (found < 0).any():
            raise UsageError(
                "A street of this study has a segment so long that no tile holds it.",
                "Run the study in one piece: without --workers, --scheduler and --tiles.",
            )
        return self.part[found]

    def rim(self) -> "Parts":
        """Return the same with the shared nodes only."""
        return replace(
            self, node=self.node[self.shared], part=self.part[self.shared],
            shared=self.shared[self.shared],
        )  # fmt: skip


def parts_of(
    network: WalkingNetwork, keys: NDArray[np.int64], own: NDArray[np.bool_],
    inside: NDArray[np.bool_],
) -> Parts:  # fmt: skip
    """Return the parts of a tile's own edges.

    Parameters
    ----------
    network
        The tile's, timed for a walker.
    keys
        Shape (N,), of its nodes.
    own
        Shape (E,), which edges the tile owns.
    inside
        Shape (N,), which nodes it owns.
    """
    count = len(keys)
    passable = np.isfinite(network.seconds_along) | np.isfinite(network.seconds_against)
    joined = own & passable
    links = coo_array(
        (np.ones(int(joined.sum())), (network.tail[joined], network.head[joined])),
        shape=(count, count),
    )
    _, of = connected_components(links, directed=False)
    used, foreign = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    for ends in (network.tail, network.head):
        used[ends[own]] = True
        foreign[ends[~own]] = True
    node = np.flatnonzero(used)
    _, of_used = np.unique(of[node], return_inverse=True)
    part = np.full(count, -1)
    part[node] = of_used
    metres = network.length_m[own]
    by_part = part[network.tail[own]]
    size = int(of_used.max(initial=-1)) + 1
    order = np.argsort(keys[node])
    node = node[order]
    lowest = np.full(size, np.iinfo(np.int64).max)
    np.minimum.at(lowest, part[node], keys[node])
    return Parts(
        node=keys[node],
        part=part[node],
        # All edges at a node of its own are known to a tile; at others it cannot say.
        shared=foreign[node] | ~inside[node],
        length_m=np.bincount(by_part, weights=metres, minlength=size).astype(float),
        passable_m=np.bincount(
            by_part, weights=np.where(passable[own], metres, 0.0), minlength=size
        ).astype(float),
        lowest=lowest,
        begins=np.bincount(by_part, minlength=size) > 0,
    )


@dataclass(frozen=True, slots=True)
class Components:
    """The components of the whole network, by the parts of its tiles.

    Attributes
    ----------
    of_part
        For each tile, shape (C,), the component of each part; 0 is the longest.
    count
        How many there are, those left out in which no edge begins: ends of what cannot be passed.
    real
        Shape (K,), which components are long enough to stand on; see `usable_edges`.
    """

    of_part: tuple[NDArray[np.int64], ...]
    count: int
    real: NDArray[np.bool_]


def components_of(parts: list[Parts]) -> Components:
    """Join the parts of all tiles where they share a node."""
    sizes = [len(one.length_m) for one in parts]
    first = np.cumsum([0, *sizes])
    total = int(first[-1])
    node = np.concatenate([one.node[one.shared] for one in parts])
    part = np.concatenate(
        [one.part[one.shared] + at for one, at in zip(parts, first, strict=False)]
    )
    known, number = np.unique(node, return_inverse=True)
    links = coo_array((np.ones(len(part)), (part, total + number)), shape=(total + len(known),) * 2)
    _, label = connected_components(links, directed=False)
    _, label = np.unique(label[:total], return_inverse=True)
    count = int(label.max(initial=-1)) + 1
    length, passable = (
        np.bincount(
            label, weights=np.concatenate([getattr(one, name) for one in parts]), minlength=count
        )
        for name in ("length_m", "passable_m")
    )
    # Of components equally long the one with the lowest node comes first.
    lowest = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(lowest, label, np.concatenate([one.lowest for one in parts]))
    order = np.lexsort((lowest, -length))
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count)
    real = passable[order] >= REAL_COMPONENT_M
    real[:1] = True
    begins = np.concatenate([one.begins for one in parts])
    last = int(rank[label][begins].max(initial=-1))
    return Components(tuple(np.split(rank[label], first[1:-1])), last + 1, real)


def runs_of(pairs: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the run of each of some edges, from 0 in the order of their lowest keys.

    Parameters
    ----------
    pairs
        Shape (J, 2), keys of edges that belong together.
    keys
        Shape (P,), of edges; those in no pair are runs of their own.
    """
    known, number = np.unique(np.concatenate([keys, pairs.ravel()]), return_inverse=True)
    one, other = number[len(keys) :].reshape(-1, 2).T
    links = coo_array((np.ones(len(one)), (one, other)), shape=(len(known),) * 2)
    label = connected_components(links, directed=False)[1][number[: len(keys)]]
    lowest = np.full(int(label.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(lowest, label, keys)
    return np.asarray(np.unique(lowest[label], return_inverse=True)[1], dtype=np.int64)
