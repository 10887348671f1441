"""What is worked out tile by tile, in four rounds; see `coverage.tiled` for what happens between.

Each round is a plain function of the plan and a tile's number. It reads what the tile kept in the
round before, keeps what the next one needs, and gives back what all tiles have to know: small.
Asked twice, as when a worker dies, a round gives the same again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .demand import (
    BUILDING,
    FRONTAGE,
    first_area_of,
    home_streets,
    is_home,
    levels,
)
from .network import project, timed
from .tile_ground import (
    COMPARED_M,
    OVERLAP_M,
    Ground,
    Land,
    Plan,
    buildings_of,
    ground_of,
    heights_of,
    read_kept,
    read_land,
)
from .tiles import Parts, parts_of, place_of

STREETS_LAST = 2**62
"""Added to the key of a street that stands in for homes: those come after all buildings."""


@dataclass(frozen=True, slots=True)
class Read:
    """What a tile gives back of its reading.

    Attributes
    ----------
    unknown
        How many of its nodes the raster does not know.
    levels
        ``kind`` and ``levels`` of its home buildings that say their levels.
    """

    unknown: int
    levels: pd.DataFrame


def read_streets_around(plan: Plan, tile: int, overlap_m: float) -> int:
    """Read a tile's streets, and return how many of their nodes the raster does not know."""
    around_m = plan.halo_m + overlap_m
    land = read_land(plan, plan.box(tile, around_m), overlap_m)
    plan.keep("land", tile, land)
    return 0 if land.surface_m is None else int(np.isnan(land.surface_m).sum())


def read_tile(plan: Plan, tile: int) -> Read:
    """Read a tile's streets and buildings."""
    unknown = read_streets_around(plan, tile, OVERLAP_M)
    said = pd.DataFrame({"kind": pd.Series(dtype=object), "levels": pd.Series(dtype=float)})
    if plan.inputs.population is not None and plan.inputs.population.areas is not None:
        homes = buildings_of(plan, tile)
        homes = homes[is_home(homes)]
        plan.keep("buildings", tile, homes)
        said = pd.DataFrame(homes[["kind", "levels"]]).dropna()
    return Read(unknown, said)


def surfaces(plan: Plan, tile: int) -> NDArray[np.float64]:
    """Return the raster's heights at the nodes that a tile owns."""
    land: Any = read_kept(plan, "land", tile)
    own = plan.tiling.of(project(land.streets.lon_lat, plan.inputs.crs)) == tile
    return np.asarray(land.surface_m[own])


@dataclass(frozen=True, slots=True)
class Stood:
    """What a tile gives back of its network.

    Attributes
    ----------
    parts, flat
        Its connected parts for the study's walker, and for the same on the flat.
    off_m
        How far its own heights are off those of its neighbours at most, metres.
    nodes, edges, street_m, unknown_m
        How many of each it owns, metres of street, and of street whose rise is not known.
    places
        Where people may live: ``order`` (among all such places), ``area`` and ``weight``.
    """

    parts: Parts
    flat: Parts
    off_m: float
    nodes: int
    edges: int
    street_m: float
    unknown_m: float
    places: pd.DataFrame


def raise_tile(plan: Plan, tile: int) -> None:
    """Estimate the heights of a tile's nodes."""
    land: Any = read_kept(plan, "land", tile)
    z = heights_of(plan, land)
    if z is not None:
        own = np.flatnonzero(plan.tiling.of(project(land.streets.lon_lat, plan.inputs.crs)) == tile)
        own = own[np.argsort(land.node_key[own])]
        plan.keep("heights", tile, (z, land.node_key[own], z[own]))


def _heights(plan: Plan, tile: int, land: Land) -> tuple[NDArray[np.float64] | None, float]:
    """Return the heights of a tile's nodes as their owners have them, and how far it was off."""
    if land.surface_m is None:
        return None, 0.0
    kept: Any = read_kept(plan, "heights", tile)
    mine = kept[0]
    xy = project(land.streets.lon_lat, plan.inputs.crs)
    west, south, east, north = plan.box(tile, COMPARED_M)
    near = (xy[:, 0] >= west) & (xy[:, 0] < east) & (xy[:, 1] >= south) & (xy[:, 1] < north)
    owner = plan.tiling.of(xy)
    z, off_m = mine.copy(), 0.0
    for other in np.setdiff1d(owner, [tile]).tolist():
        here = np.flatnonzero(owner == other)
        theirs: Any = read_kept(plan, "heights", other)
        at = place_of(land.node_key[here], theirs[1])
        # Who does not have a node, far beyond the study, says nothing of it.
        here, at = here[at >= 0], at[at >= 0]
        z[here] = theirs[2][at]
        apart = np.abs(z[here] - mine[here])[near[here]]
        off_m = max(off_m, float(np.max(np.nan_to_num(apart), initial=0.0)))
    return z, off_m


def stand_tile(plan: Plan, tile: int, levels_of: Mapping[str, float]) -> Stood:
    """Make a tile's network and say how it hangs together.

    Parameters
    ----------
    plan, tile
        The plan and the tile.
    levels_of
        Usual levels by kind of building; see `coverage.demand.usual_levels`.
    """
    land: Any = read_kept(plan, "land", tile)
    z, off_m = _heights(plan, tile, land)
    ground = ground_of(plan, land, tile, z)
    plan.keep("ground", tile, ground)
    base = ground.network
    network = timed(base, plan.study.walking)
    flat = timed(base, network.walker.on_the_flat)
    parts = tuple(
        parts_of(one, ground.node_key, ground.own, ground.inside) for one in (network, flat)
    )
    plan.keep("parts", tile, parts)
    return Stood(
        parts=parts[0].rim(),
        flat=parts[1].rim(),
        off_m=off_m,
        nodes=int(ground.inside.sum()),
        edges=int(ground.own.sum()),
        street_m=float(base.length_m[ground.own].sum()),
        unknown_m=float(base.length_m[ground.own & ~np.isfinite(base.features.rise_m)].sum()),
        places=_places(plan, tile, ground, levels_of),
    )


def _places(plan: Plan, tile: int, ground: Ground, levels_of: Mapping[str, float]) -> pd.DataFrame:
    """Return where people may live in a tile, and keep who they would be."""
    people, crs = plan.inputs.population, plan.inputs.crs
    columns = ["order", "area", "weight"]
    if people is None:
        return pd.DataFrame(columns=columns)
    if people.points is not None:
        points = people.points.to_crs(crs).assign(osm_id="", entrances=None)
        points = points.rename(columns={"name": "place"})
        xy = shapely.get_coordinates(points.geometry.to_numpy())
        own = points[plan.tiling.of(xy) == tile]
        plan.keep("homes", tile, (own, own.index.to_numpy(np.int64)))
        return pd.DataFrame(columns=columns)
    if people.areas is None:
        raise AssertionError("people come by polygon or by point")
    areas = people.areas.to_crs(crs)
    homes: Any = read_kept(plan, "buildings", tile)
    network = ground.network
    lived = home_streets(network)
    lived = lived[ground.own[lived]]
    shapes = homes.geometry.to_numpy()
    centre, middle = shapely.centroid(shapes), shapely.points(network.midpoints()[lived])
    floor = shapely.area(shapes) * levels(homes, usual=levels_of)
    home_area, street_area = first_area_of(centre, areas), first_area_of(middle, areas)
    # Streets count only where no home does.
    street_area[np.isin(street_area, home_area[floor > 0])] = -1
    count = len(homes)
    places = pd.DataFrame(
        {
            "order": np.concatenate(
                [homes.index.to_numpy(np.int64), ground.edge_key[lived] + STREETS_LAST]
            ),
            "area": np.concatenate([home_area, street_area]),
            "weight": np.concatenate([floor, network.length_m[lived]]),
        }
    )
    own = gpd.GeoDataFrame(
        {
            "source": np.where(np.arange(len(places)) < count, BUILDING, FRONTAGE),
            "osm_id": np.concatenate([homes["osm_id"], np.full(len(lived), "")]),
            "place": np.where(
                places["area"] >= 0, areas["name"].to_numpy(object)[places["area"]], ""
            ),
            "entrances": np.concatenate([homes["entrances"], np.full(len(lived), None)]),
        },
        geometry=np.concatenate([centre, middle]),
        crs=crs,
    )
    used = ((places["area"] >= 0) & (places["weight"] > 0)).to_numpy()
    order = places["order"].to_numpy(np.int64)
    plan.keep("homes", tile, (own[used].reset_index(drop=True), order[used]))
    return places[used].reset_index(drop=True)
