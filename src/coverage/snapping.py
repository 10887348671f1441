"""Points onto edges: facilities, and later homes, at the nearest usable place on a street."""

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from .bounds import meeting
from .network import WalkingNetwork
from .new_links import NEW_BRIDGE
from .pace import ESCALATOR, LIFT, RIDE
from .study import Study
from .tags import in_tunnel
from .walkers import Walker

REAL_COMPONENT_M = 500.0
"""A component with less street than this is an inaccuracy of the map, not a neighbourhood."""

_NOT_USABLE = {"motorway", "motorway_link", NEW_BRIDGE}


@dataclass(frozen=True, slots=True)
class Snapped:
    """Where points stand on the network, in the points' order.

    Attributes
    ----------
    edge
        Shape (P,), the edge; -1 where none is within the limit.
    fraction
        Shape (P,), the place on the edge, 0 at its tail and 1 at its head; NaN if not snapped.
    distance_m
        Shape (P,), the straight leg to that place, metres; NaN if not snapped.
    leg_s
        Shape (P,), its seconds at the walker's level speed; NaN if not snapped.
    component
        Shape (P,), the component of the edge, 0 the largest; -1 if not snapped.
    """

    edge: NDArray[np.int64]
    fraction: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    leg_s: NDArray[np.float64]
    component: NDArray[np.int64]

    @property
    def found(self) -> NDArray[np.bool_]:
        """Which points are on the network, shape (P,)."""
        return self.edge >= 0

    def of(self, chosen: NDArray[np.int64]) -> "Snapped":
        """Return the chosen points, by position."""
        return Snapped(*(getattr(self, name)[chosen] for name in self.__slots__))

    def walked_by(self, walker: Walker) -> "Snapped":
        """Return the same places with the straight legs at another walker's pace."""
        return replace(self, leg_s=self.distance_m / walker.level_speed_mps)


def snap(
    network: WalkingNetwork,
    points_xy: NDArray[np.float64],
    *,
    onto: NDArray[np.int64],
    limit_m: float,
) -> Snapped:
    """Attach points to the nearest place on an edge.

    Parameters
    ----------
    network
        The walking network.
    points_xy
        Shape (P, 2), metres in the network's coordinate system.
    onto
        The edges to consider, ascending; see `usable_edges`.
    limit_m
        The longest straight leg, metres.

    Notes
    -----
    Of edges equally near the first in the network's order is taken.
    """
    # A thousandth more than the limit: what is just as far counts.
    reach_m = limit_m * 1.001
    ends = network.xy[network.tail[onto]], network.xy[network.head[onto]]
    near = meeting(np.minimum(*ends), np.maximum(*ends), points_xy - reach_m, points_xy + reach_m)
    onto = onto[near]
    lines = shapely.linestrings(np.stack([side[near] for side in ends], axis=1))
    edge, fraction, distance = nearest_on(lines, points_xy, limit_m=limit_m)
    found = edge >= 0
    edge[found] = onto[edge[found]]
    return Snapped(
        edge=edge,
        fraction=fraction,
        distance_m=distance,
        leg_s=distance / network.walker.level_speed_mps,
        component=np.where(found, network.components()[edge], -1),
    )


def nearest_on(
    lines: NDArray[np.object_], points_xy: NDArray[np.float64], *, limit_m: float
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return of each point the nearest of some lines, the place on it and the metres to it.

    Returns
    -------
    line, fraction, distance_m
        Shape (P,) each; -1 and NaN where none is within the limit.
    """
    count = len(points_xy)
    line = np.full(count, -1, dtype=np.int64)
    points = shapely.points(points_xy)
    if count and len(lines):
        point, candidate = shapely.STRtree(lines).query_nearest(
            points, max_distance=limit_m, all_matches=True
        )
        order = np.lexsort((candidate, point))
        point, candidate = point[order], candidate[order]
        first = np.r_[True, point[1:] != point[:-1]] if len(point) else np.zeros(0, dtype=bool)
        line[point[first]] = candidate[first]
    found = line >= 0
    fraction, distance = np.full(count, np.nan), np.full(count, np.nan)
    chosen = lines[line[found]]
    along = shapely.line_locate_point(chosen, points[found], normalized=True)
    # A line without length has no share; its place is its tail.
    fraction[found] = np.nan_to_num(along)
    distance[found] = shapely.distance(chosen, points[found])
    return line, fraction, distance


def usable_edges(
    network: WalkingNetwork, *, real: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Return the edges that a facility or a home may stand on, ascending.

    Usable is an edge that this walker can go along, that is not in a tunnel, a motorway, a lift, an
    escalator, a ride or a bridge yet to be built, and whose component has at least
    `REAL_COMPONENT_M` of street (the largest always counts).

    Parameters
    ----------
    network
        Timed for the walker.
    real
        Shape (E,), whether the edge's component has so much, where that is known of more than this
        network.
    """
    passable = np.isfinite(network.seconds_along) | np.isfinite(network.seconds_against)
    if real is None:
        component = network.components()
        street_m = np.where(passable, network.length_m, 0.0)
        enough = np.bincount(component, weights=street_m) >= REAL_COMPONENT_M
        enough[0] = True
        real = enough[component]
    return np.flatnonzero(passable & real & may_stand(network))


def may_stand(network: WalkingNetwork) -> NDArray[np.bool_]:
    """Return which edges are usable by what they are, shape (E,); see `usable_edges`."""
    barred = network.ways["highway"].isin(_NOT_USABLE).to_numpy() | in_tunnel(network.ways)
    carried = np.isin(network.features.kind, [LIFT, RIDE, ESCALATOR])
    return np.asarray(~barred[network.way] & ~carried)


def snap_facilities(
    study: Study,
    network: WalkingNetwork,
    facilities: gpd.GeoDataFrame,
    *,
    onto: NDArray[np.int64] | None = None,
) -> Snapped:
    """Return where the facilities stand on the network.

    Parameters
    ----------
    study
        Its rules say which edges they may stand on.
    network
        Timed for the walker.
    facilities
        Points in the network's coordinate system.
    onto
        Those edges, where they are known already.
    """
    if onto is None:
        # The comparison network is the OSMnx recipe's throughout: it snaps to any edge.
        own_rules = study.network.rules == "pedestrian"
        onto = usable_edges(network) if own_rules else np.arange(len(network.tail))
    points = shapely.get_coordinates(facilities.geometry.to_numpy())
    return snap(network, points, onto=onto, limit_m=study.facilities.snap_limit_m)
