"""What an analysis stands on: the timed network, where facilities stand, where people live."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from .assessment import pieces_by_area, pieces_inside
from .cache import Keep, compute_anew, digest
from .circle import snap_homes
from .demand import Demand, inside_only, spread_over_homes
from .elevations import Elevations, estimate_elevations
from .inputs.everything import Inputs
from .network import WalkingNetwork, build_network, project, timed
from .pieces import Pieces
from .snapping import Snapped, snap, snap_facilities, usable_edges
from .study import Study
from .walkers import PACKAGED_WALKERS

_ANYBODY = PACKAGED_WALKERS["flat-900"]
"""Whose seconds the kept network has; they are never used."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A study that can be walked.

    Attributes
    ----------
    base
        The walking network, timed for nobody in particular: the same for every walker.
    network
        The same timed for the study's walker.
    elevations
        What its heights come from; None without a raster.
    usable
        The edges that one may stand on; see `coverage.snapping.usable_edges`.
    snapped
        Where the facilities stand on it.
    any_street_m
        Shape (F,), metres from each facility to the nearest street, usable or not.
    inside
        The pieces of street in the study area.
    parts
        Those of each area; none where the study has no areas.
    """

    base: WalkingNetwork
    network: WalkingNetwork
    elevations: Elevations | None
    usable: NDArray[np.int64]
    snapped: Snapped
    any_street_m: NDArray[np.float64]
    inside: Pieces
    parts: dict[str, Pieces]


def prepare(study: Study, inputs: Inputs, *, keep: Keep = compute_anew) -> Ready:
    """Build the network, put the facilities onto it, and cut it to the study area.

    Parameters
    ----------
    study, inputs
        The study and what it brings.
    keep
        Runs the steps, or knows their results.
    """
    base, elevations = _base(inputs, keep)
    network = timed(base, study.walking)
    limit_m = study.facilities.snap_limit_m
    points = shapely.get_coordinates(inputs.facilities.geometry.to_numpy())
    usable = keep("usable", lambda: usable_edges(network), base, study.walking)
    # The comparison network is the OSMnx recipe's throughout: it snaps to any edge.
    pedestrian = study.network.rules == "pedestrian"
    onto = usable if pedestrian else np.arange(len(network.tail))
    # The same for every walker who may use the same streets: their list counts, not whose it is.
    standing, any_street_m = keep(
        "snapping",
        lambda: (
            snap_facilities(study, network, inputs.facilities, onto=onto),
            snap(network, points, onto=np.arange(len(network.tail)), limit_m=limit_m).distance_m,
        ),
        base, digest(onto), points, limit_m,
    )  # fmt: skip
    inside = keep("inside", lambda: pieces_inside(base, inputs.boundary), base, inputs.boundary)
    parts = {}
    if (areas := inputs.areas) is not None:
        parts = keep("areas", lambda: pieces_by_area(base, inside, areas), base, inside, areas)
    snapped = standing.walked_by(study.walking)
    return Ready(base, network, elevations, usable, snapped, any_street_m, inside, parts)


def homes_at(study: Study, ready: Ready, demand: Demand, *, keep: Keep = compute_anew) -> Snapped:
    """Return where the homes stand on the network."""
    limit_m = study.home_limit_m
    places = keep(
        "homes",
        lambda: snap_homes(ready.network, demand.points, limit_m=limit_m, onto=ready.usable),
        ready.base, digest(ready.usable), demand, limit_m,
    )  # fmt: skip
    return places.walked_by(study.walking)


def walking_network(
    study: Study, inputs: Inputs, *, keep: Keep = compute_anew
) -> tuple[WalkingNetwork, Elevations | None]:
    """Return the network timed for the study's walker, and what its heights come from."""
    base, elevations = _base(inputs, keep)
    return timed(base, study.walking), elevations


def demand_of(
    inputs: Inputs, network: WalkingNetwork, *, levels_more: float = 0.0
) -> Demand | None:
    """Return where people live, if the study says; see `coverage.demand.spread_over_homes`."""
    people = inputs.population
    if people is None:
        return None
    if people.points is not None:
        points = people.points.to_crs(network.crs).assign(osm_id="", entrances=None)
        points = points.rename(columns={"name": "place"})
        return inside_only(points, inputs.boundary, assumed=people.assumed)
    if people.areas is None:
        raise AssertionError("people come by polygon or by point")
    areas: gpd.GeoDataFrame = people.areas.to_crs(network.crs)
    points, unplaced = spread_over_homes(
        areas, inputs.buildings.to_crs(network.crs), network, levels_more=levels_more
    )
    return inside_only(points, inputs.boundary, unplaced=unplaced, assumed=people.assumed)


def _base(inputs: Inputs, keep: Keep) -> tuple[WalkingNetwork, Elevations | None]:
    streets, surface_m, crs = inputs.streets, inputs.surface_m, inputs.crs
    elevations = None
    if surface_m is not None:
        elevations = keep(
            "heights",
            lambda: estimate_elevations(streets, project(streets.lon_lat, crs), surface_m),
            streets, surface_m, crs,
        )  # fmt: skip
    z = None if elevations is None else elevations.z
    base = keep(
        "network",
        lambda: build_network(streets, crs=crs, walker=_ANYBODY, z=z),
        streets, crs, elevations,
    )  # fmt: skip
    return base, elevations
