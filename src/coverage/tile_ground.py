"""What a tile stands on: the streets of its box and halo, their heights, the network.

*Reading.* A tile takes every way that meets its box and halo, whole: what is decided by ways (the
steps of a stair, the rise that says which end is up) so is the same in every tile. Beyond the halo
lies a guard that is wider than the straight legs, so that whoever stands in the halo stands there.

*Heights.* The estimate is one problem over all streets; what a street some way off says is felt
less with every metre of street that the raster holds, and the end of a tile's streets lies its
halo and `OVERLAP_M` away from what it owns. A node's height is what the tile that owns it found,
in every tile. Of the nodes within `COMPARED_M` of its box each tile also compares what it found
itself: where that differs by more than `AGREED_M`, the end of the streets is felt, and it reads on
further. Where the raster does not know the ground, its median over all tiles stands in, as in one
run.
"""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from .columns import read_columns, write_columns
from .elevations import estimate_elevations
from .errors import Findings, UsageError
from .inputs.buildings import read_buildings
from .inputs.elevation import surface_heights
from .inputs.everything import segments_inside
from .inputs.osm_file import PLACE_IN_FILE, read_streets
from .inputs.without_streets import SmallInputs
from .lifts import split_lifts
from .network import WalkingNetwork, build_network, project
from .squares import cross_squares
from .streets import Streets
from .study import Study
from .tiles import Tiling, edge_keys, node_keys
from .walkers import PACKAGED_WALKERS

GUARD_M = 1000.0
"""Streets beyond the longest walk and the straight legs, metres: rounding, lifts that are drawn
long, buildings whose door is not at their middle."""
OVERLAP_M = 4000.0
"""Streets beyond those that are walked, for the heights, metres. With so many, 9 of 16 tiles of a
made municipality of a million nodes agree at once, and the others but for 1.7 mm at most."""
COMPARED_M = 1000.0
AGREED_M = 1e-6
"""Two tiles agree on a height within this, metres: a walk differs by less than a microsecond for
each street."""
FARTHEST_M = 1_000_000.0
"""Buildings of the file farther from the study than this are not read, metres."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What every tile is told.

    Attributes
    ----------
    study
        The study.
    inputs
        What it brings but the streets.
    tiling
        The boxes.
    folder
        Where tiles keep what they know between the rounds; every worker must see it.
    usual_m
        The median of the raster over all nodes, where it has holes.
    """

    study: Study
    inputs: SmallInputs
    tiling: Tiling
    folder: Path
    usual_m: float | None = None

    @property
    def walk_m(self) -> float:
        """The longest walk that decides anything in a tile, metres."""
        study = self.study
        fast = study.walking.fastest_speed_mps
        promised = max(tier.threshold_min for _, tier in study.tiers)
        adult = PACKAGED_WALKERS["adult"].fastest_speed_mps
        longest = max(study.horizon_min, *study.cutoffs_min)
        return 60 * max(longest * fast, promised * adult)

    @property
    def legs_m(self) -> float:
        """The longest straight legs at both ends of a walk, metres."""
        study = self.study
        home = study.population.snap_limit_m if study.population else 0.0
        return float(study.facilities.snap_limit_m + home)

    @property
    def halo_m(self) -> float:
        """How far a tile walks beyond its box, metres."""
        return self.walk_m + 2 * self.legs_m + GUARD_M

    def box(
        self, tile: int, around_m: float, *, beyond_m: float = 0.0
    ) -> tuple[float, float, float, float]:
        """Return a tile's box and more around it, metres; outer boxes end with the study's margin.

        Or `beyond_m` beyond it.
        """
        area = gpd.GeoSeries([self.inputs.area], crs="EPSG:4326").to_crs(self.inputs.crs)
        low, high = area.total_bounds[:2] - beyond_m, area.total_bounds[2:] + beyond_m
        west, south = np.maximum(self.tiling.boxes[tile, :2], low) - around_m
        east, north = np.minimum(self.tiling.boxes[tile, 2:], high) + around_m
        return float(west), float(south), float(east), float(north)

    def degrees(self, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        """Return the bounds of a box, EPSG:4326."""
        to_degrees = Transformer.from_crs(self.inputs.crs, "EPSG:4326", always_xy=True)
        west, south, east, north = to_degrees.transform_bounds(*box, densify_pts=99)
        return float(west), float(south), float(east), float(north)

    def kept(self, name: str, tile: int) -> Path:
        """Return where a tile keeps something."""
        return self.folder / f"{name}-{tile:05d}.columns"

    def keep(self, name: str, tile: int, value: object) -> None:
        """Write something that a tile knows, in one step."""
        path = self.kept(name, tile)
        unfinished = path.with_suffix(f".{np.random.default_rng().integers(2**62)}")
        with unfinished.open("wb") as file:
            write_columns(value, file)
        unfinished.replace(path)


@dataclass(frozen=True, slots=True)
class Land:
    """The streets of a tile.

    Attributes
    ----------
    streets
        Those of its box and halo, with the ways of squares and lifts.
    node_key, edge_key
        Of its nodes and segments; see `coverage.tiles`.
    surface_m
        As of `coverage.inputs.Inputs`.
    """

    streets: Streets
    node_key: NDArray[np.int64]
    edge_key: NDArray[np.int64]
    surface_m: NDArray[np.float64] | None


@dataclass(frozen=True, slots=True)
class Ground:
    """The walking network of a tile.

    Attributes
    ----------
    network
        Timed for nobody in particular, heights included.
    node_key, edge_key
        Of its nodes and edges, the latter ascending.
    inside, own
        Which nodes and which edges the tile owns.
    """

    network: WalkingNetwork
    node_key: NDArray[np.int64]
    edge_key: NDArray[np.int64]
    inside: NDArray[np.bool_]
    own: NDArray[np.bool_]


def read_land(plan: Plan, box: tuple[float, float, float, float], crossed_m: float) -> Land:
    """Read the streets that meet a box (metres); squares are whole but at its rim.

    Parameters
    ----------
    plan
        The plan.
    box
        West, south, east, north, metres.
    crossed_m
        How far within its rim every square must be known with all its streets, metres.
    """
    study, inputs = plan.study, plan.inputs
    file = study.network.file
    if file is None:
        raise AssertionError("tiles have a street file")
    bounds = plan.degrees(box)
    while True:
        streets = read_streets(
            study.path(file), rules=study.network.rules, findings=Findings(), within=bounds
        )
        wider = _around_squares(plan, streets, box, crossed_m, bounds)
        if wider == bounds:
            break
        bounds = wider
    kept = segments_inside(streets, inputs.area, study)
    cut = streets.keep(kept)
    if not kept.any() or not cut.walkable.any():
        raise UsageError(
            "A tile of this study has no street that can be walked.",
            "Take fewer tiles (--tiles), or check that streets and boundary are of one place.",
        )
    crossed, split = cut, cut
    if study.network.rules == "pedestrian":
        crossed = cross_squares(cut)
        split = split_lifts(crossed)
    surface_m = None
    if inputs.raster is not None:
        surface_m = surface_heights(inputs.raster, split.lon_lat)
    return Land(split, node_keys(cut, crossed, split), edge_keys(split, PLACE_IN_FILE), surface_m)


def _around_squares(
    plan: Plan, streets: Streets, box: tuple[float, float, float, float], crossed_m: float,
    bounds: tuple[float, float, float, float],
) -> tuple[float, float, float, float]:  # fmt: skip
    """Return bounds that hold whole what squares lie in the inner part of a box."""
    west, south, east, north = box
    inner = shapely.box(
        *plan.degrees((west + crossed_m, south + crossed_m, east - crossed_m, north - crossed_m))
    )
    met = [square for square in streets.squares if square.intersects(inner)]
    ends = np.array([bounds, *(square.bounds for square in met)])
    low, high = ends[:, :2].min(axis=0), ends[:, 2:].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def heights_of(plan: Plan, land: Land) -> NDArray[np.float64] | None:
    """Estimate the heights of a tile's nodes, metres; None without a raster."""
    if land.surface_m is None:
        return None
    xy = project(land.streets.lon_lat, plan.inputs.crs)
    return estimate_elevations(land.streets, xy, land.surface_m, usual_m=plan.usual_m).z


def ground_of(plan: Plan, land: Land, tile: int, z: NDArray[np.float64] | None) -> Ground:
    """Return the network of a tile, given the heights of its nodes."""
    crs, streets = plan.inputs.crs, land.streets
    network = build_network(streets, crs=crs, walker=PACKAGED_WALKERS["flat-900"], z=z)
    position = np.searchsorted(streets.node_id, network.node_id)
    return Ground(
        network=network,
        node_key=land.node_key[position],
        edge_key=land.edge_key[streets.walkable],
        inside=plan.tiling.of(network.xy) == tile,
        own=plan.tiling.of(network.midpoints()) == tile,
    )


def buildings_of(plan: Plan, tile: int) -> gpd.GeoDataFrame:
    """Return the buildings whose middle a tile owns, index: the number in the file."""
    file = plan.study.network.file
    if file is None:
        raise AssertionError("tiles have a street file")
    # All of the file's: those far away say how high their kind usually is.
    bounds = plan.degrees(plan.box(tile, GUARD_M, beyond_m=FARTHEST_M))
    found = read_buildings(plan.study.path(file), within=shapely.box(*bounds), numbered=True)
    local = found.to_crs(plan.inputs.crs)
    middle = shapely.get_coordinates(shapely.centroid(local.geometry.to_numpy()))
    return local[plan.tiling.of(middle.reshape(-1, 2)) == tile]


def read_kept(plan: Plan, name: str, tile: int) -> object:
    """Return what a tile kept."""
    return read_columns(plan.kept(name, tile))
