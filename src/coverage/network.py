"""The walking network: directed, timed edges as arrays; and as GeoDataFrames."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .features import edge_features
from .pace import RIDE, EdgeFeatures, edge_seconds
from .pieces import Pieces
from .squares import SQUARE
from .streets import Streets
from .walkers import Walker


@dataclass(frozen=True, slots=True, weakref_slot=True)
class WalkingNetwork:
    """Straight edges between nodes, each with the seconds that one walker takes either way.

    Attributes
    ----------
    crs
        Projected coordinate system in metres, such as ``EPSG:32648``.
    node_id
        Shape (N,), OpenStreetMap ids (or any unique whole numbers).
    xy
        Shape (N, 2), metres in `crs`.
    z
        Shape (N,), height of every node, metres; NaN where unknown.
    tail, head
        Shape (E,), positions in `node_id`.
    features
        What the pace of every edge depends on: length, rise, kind, steps.
    steps_source
        Shape (E,), where the number of steps comes from; see `coverage.stairs`.
    seconds_along, seconds_against
        Shape (E,), from tail to head and from head to tail; infinite where this walker cannot go.
    way
        Shape (E,), positions in `ways`.
    ways
        One row a way; the index is the OpenStreetMap id, the columns are its tags.
    walker
        Whose seconds these are.
    """

    crs: str
    node_id: NDArray[np.int64]
    xy: NDArray[np.float64]
    z: NDArray[np.float64]
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    features: EdgeFeatures
    steps_source: NDArray[np.object_]
    seconds_along: NDArray[np.float64]
    seconds_against: NDArray[np.float64]
    way: NDArray[np.int64]
    ways: pd.DataFrame
    walker: Walker

    @property
    def length_m(self) -> NDArray[np.float64]:
        """Length of every edge in plan, shape (E,), metres."""
        return self.features.length_m

    @property
    def off_street(self) -> NDArray[np.bool_]:
        """Which edges carry walks and are no streets: across squares, and rides; shape (E,)."""
        rides = np.asarray(self.features.kind == RIDE)
        if "rule" not in self.ways:
            return rides
        return np.asarray(rides | (self.ways["rule"] == SQUARE).to_numpy()[self.way])

    @property
    def symmetric(self) -> bool:
        """Whether every edge takes the same time both ways."""
        return bool(np.array_equal(self.seconds_along, self.seconds_against))

    def lines(self) -> NDArray[np.object_]:
        """Return the edges as E LineStrings in `crs`."""
        ends = np.stack([self.xy[self.tail], self.xy[self.head]], axis=1)
        return np.asarray(shapely.linestrings(ends))

    def lines_of(self, pieces: Pieces) -> NDArray[np.object_]:
        """Return the pieces as P LineStrings in `crs`."""
        return np.asarray(shapely.linestrings(self.ends_of(pieces)))

    def ends_of(self, pieces: Pieces) -> NDArray[np.float64]:
        """Return both ends of the pieces, shape (P, 2, 2), metres."""
        tail, head = self.xy[self.tail[pieces.edge]], self.xy[self.head[pieces.edge]]
        along = head - tail
        shares = (pieces.start[:, None], pieces.end[:, None])
        return np.stack([tail + along * share for share in shares], axis=1)

    def midpoints(self) -> NDArray[np.float64]:
        """Return the middles of the edges, shape (E, 2), metres."""
        return (self.xy[self.tail] + self.xy[self.head]) / 2

    def components(self) -> NDArray[np.int64]:
        """Return the component of every edge, shape (E,), 0 the one with most street length."""
        passable = np.isfinite(self.seconds_along) | np.isfinite(self.seconds_against)
        links = coo_array(
            (np.ones(int(passable.sum())), (self.tail[passable], self.head[passable])),
            shape=(len(self.node_id),) * 2,
        )
        _, of_node = connected_components(links, directed=False)
        label = of_node[self.tail]
        length = np.bincount(label, weights=self.length_m, minlength=of_node.max() + 1)
        rank = np.empty(len(length), dtype=np.int64)
        rank[np.argsort(-length, kind="stable")] = np.arange(len(length))
        return np.asarray(rank[label])

    def street_pieces(self) -> NDArray[np.int64]:
        """Label runs of edges of one way between junctions, shape (E,), from 0.

        Two edges of a way belong together when they meet at a node where nothing else meets them.
        """
        _, one, other = self.joints()
        links = coo_array((np.ones(len(one)), (one, other)), shape=(len(self.tail),) * 2)
        return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)

    def joints(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return the nodes at which `street_pieces` joins two edges, and the two edges of each."""
        count = len(self.tail)
        nodes = np.concatenate([self.tail, self.head])
        edges = np.tile(np.arange(count), 2)
        order = np.argsort(nodes, kind="stable")
        nodes, edges = nodes[order], edges[order]
        degree = np.bincount(nodes, minlength=len(self.node_id))
        first = np.flatnonzero(np.r_[True, nodes[1:] != nodes[:-1]])
        plain = first[degree[nodes[first]] == 2]
        one, other = edges[plain], edges[plain + 1]
        same = self.way[one] == self.way[other]
        return nodes[plain[same]], one[same], other[same]

    def to_frames(self) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
        """Return the nodes (index: id) and the edges (index: position) as GeoDataFrames."""
        nodes = gpd.GeoDataFrame(
            index=pd.Index(self.node_id, name="node_id"),
            geometry=shapely.points(self.xy),
            crs=self.crs,
        )
        tags = self.ways.iloc[self.way].reset_index()
        edges = gpd.GeoDataFrame(
            {
                "u": self.node_id[self.tail],
                "v": self.node_id[self.head],
                "osm_id": tags.iloc[:, 0].to_numpy(),
                "highway": tags["highway"].to_numpy(),
                "name": tags["name"].to_numpy(),
                "length_m": self.length_m,
                "rise_m": self.features.rise_m,
                "steps": self.features.steps,
                "seconds_along": self.seconds_along,
                "seconds_against": self.seconds_against,
            },
            geometry=self.lines(),
            crs=self.crs,
        )
        return nodes, edges


def each_edge_field(of: Callable[..., NDArray[Any]], *networks: WalkingNetwork) -> dict[str, Any]:
    """Return what a function makes of every field that edges have but their ends, by name.

    Parameters
    ----------
    of
        Takes one array of each network, shape (E,), all of one field.
    networks
        One or several.
    """
    features = {
        one.name: of(*(getattr(network.features, one.name) for network in networks))
        for one in fields(EdgeFeatures)
    }
    plain = ("steps_source", "seconds_along", "seconds_against", "way")
    return {"features": EdgeFeatures(**features)} | {
        name: of(*(getattr(network, name) for network in networks)) for name in plain
    }


def build_network(
    streets: Streets,
    *,
    crs: str,
    walker: Walker,
    z: NDArray[np.float64] | None = None,
) -> WalkingNetwork:
    """Time the streets for a walker.

    Parameters
    ----------
    streets
        All streets; those that nobody may walk are left out here.
    crs
        Projected coordinate system, metres; lengths are planar in it (in a UTM zone the scale is
        off by at most 0.04 % at its middle and 0.1 % at its rim).
    walker
        Who walks.
    z
        Shape (N,), height of every node of `streets`, metres, NaN where unknown; None: all unknown.
    """
    heights = np.full(len(streets.node_id), np.nan) if z is None else z
    kept = streets.keep(streets.walkable)
    xy = project(kept.lon_lat, crs)
    length_m = np.hypot(*(xy[kept.head] - xy[kept.tail]).T)
    heights = heights[np.searchsorted(streets.node_id, kept.node_id)]
    rise_m = heights[kept.head] - heights[kept.tail]
    features, source = edge_features(kept, length_m, rise_m)
    network = WalkingNetwork(
        crs=crs,
        node_id=kept.node_id,
        xy=xy,
        z=heights,
        tail=kept.tail,
        head=kept.head,
        features=features,
        steps_source=source,
        seconds_along=length_m,
        seconds_against=length_m,
        way=kept.way,
        ways=kept.ways,
        walker=walker,
    )
    return timed(network, walker)


def timed(network: WalkingNetwork, walker: Walker) -> WalkingNetwork:
    """Return the same streets timed for another walker."""
    along, against = edge_seconds(network.features, walker)
    return replace(network, seconds_along=along, seconds_against=against, walker=walker)


def project(lon_lat: NDArray[np.float64], crs: str) -> NDArray[np.float64]:
    """Return degrees (EPSG:4326), shape (N, 2), as metres in `crs`."""
    to_metres = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    return np.column_stack(to_metres.transform(lon_lat[:, 0], lon_lat[:, 1]))
