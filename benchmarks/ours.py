"""This program, as the benchmarks call it: the only file here that knows its functions.

Each function does one step on what `prepare` left and returns what the rivals' answers are held
against. Answers are arrays, so that they can cross from one process to another.
"""

import pickle
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

import coverage
from coverage.elevations import estimate_elevations
from coverage.errors import Findings
from coverage.inputs.elevation import open_elevation, surface_heights
from coverage.inputs.osm_file import read_streets
from coverage.isochrones import isochrones
from coverage.lifts import split_lifts
from coverage.nearest import minutes_to_nearest
from coverage.network import WalkingNetwork, build_network, project
from coverage.preparation import walking_network
from coverage.reach import reach_of_each
from coverage.snapping import Snapped, snap_facilities
from coverage.squares import cross_squares
from coverage.study import Study
from coverage.study_parts import TIERS
from coverage.walkers import PACKAGED_WALKERS

CUTOFF_MIN = 15.0
BANDS_MIN = (5.0, 10.0, 15.0)
HORIZON_MIN = 60.0


@dataclass(frozen=True, slots=True)
class Prepared:
    """A timed network with its facilities on it."""

    network: WalkingNetwork
    snapped: Snapped
    facilities: gpd.GeoDataFrame

    @property
    def all(self) -> np.ndarray:
        """Positions of all facilities that stand on the network."""
        return np.flatnonzero(self.snapped.found)


def study_at(place: Path) -> Study:
    """Return the study in a folder; the folder of the real Yuzhong has none of its own."""
    if (place / "study.toml").is_file():
        return coverage.load_study(place / "study.toml")
    return Study(
        name="yuzhong",
        facilities={"file": place / "facilities-standin.csv"},
        network={"file": street_file(place)},
        elevation={"file": next(place.glob("dem-*.tif"))},
        areas={"file": place / "subdistricts.geojson", "name_column": "subdistrict"},
    )


def street_file(place: Path) -> Path:
    """Return the PBF of a place."""
    return next(place.glob("*.osm.pbf"))


def network_of(pbf: Path, dem: Path | None, crs: str = "EPSG:32648") -> WalkingNetwork:
    """Read a file whole, estimate heights where a raster is given, and time it for a senior."""
    streets = read_streets(pbf, rules="pedestrian", findings=Findings())
    streets = split_lifts(cross_squares(streets))
    z = None
    if dem is not None:
        surface = surface_heights(open_elevation(dem, None), streets.lon_lat)
        z = estimate_elevations(streets, project(streets.lon_lat, crs), surface).z
    return build_network(streets, crs=crs, walker=PACKAGED_WALKERS["senior"], z=z)


def prepare(place: Path, kept: Path) -> dict[str, int]:
    """Read a place and keep its network for the steps that begin there; return its size."""
    study = study_at(place)
    inputs = coverage.check(study)
    network, _ = walking_network(study, inputs)
    snapped = snap_facilities(study, network, inputs.facilities)
    prepared = Prepared(network, snapped, inputs.facilities)
    with (kept / "prepared.pickle").open("wb") as file:
        pickle.dump(prepared, file, protocol=5)
    _write_arcs(prepared, kept / "arcs.npz")
    return {
        "walking_nodes": len(network.node_id),
        "walking_edges": len(network.tail),
        "facilities": len(prepared.all),
    }


def _write_arcs(prepared: Prepared, path: Path) -> None:
    """Leave rivals the same graph: facilities as nodes of their own, joined to their edge's ends.

    What they time is the walk from the facility.
    """
    network, snapped, those = prepared.network, prepared.snapped, prepared.all
    edge, at, leg = snapped.edge[those], snapped.fraction[those], snapped.leg_s[those]
    along, against = network.seconds_along, network.seconds_against
    count = len(network.node_id)
    source = count + np.arange(len(those))
    tail = np.concatenate([network.tail, network.head, source, source])
    head = np.concatenate([network.head, network.tail, network.head[edge], network.tail[edge]])
    ahead = np.where(at == 1, 0.0, (1 - at) * along[edge])
    behind = np.where(at == 0, 0.0, at * against[edge])
    seconds = np.concatenate([along, against, leg + ahead, leg + behind])
    passable = np.isfinite(seconds)
    # Apart from the streets: who matches places to nodes shall find these and no corner beside.
    place = np.column_stack([source, np.zeros(len(those))]) - 1e6
    np.savez(
        path, tail=tail[passable], head=head[passable], seconds=seconds[passable],
        xy=np.concatenate([network.xy, place]), facility=source,
    )  # fmt: skip


def prepared_at(kept: Path) -> Prepared:
    """Return what `prepare` kept."""
    with (kept / "prepared.pickle").open("rb") as file:
        return pickle.load(file)


def read(place: Path) -> dict[str, np.ndarray]:
    """Read streets; return their segments as pairs of OpenStreetMap nodes, with their way."""
    streets = read_streets(street_file(place), rules="pedestrian", findings=Findings())
    ends = np.stack([streets.node_id[streets.tail], streets.node_id[streets.head]])
    way = streets.ways.index.to_numpy()[streets.way]
    return {"segments": np.stack([ends.min(axis=0), ends.max(axis=0), way], axis=1)}


def nearest(prepared: Prepared) -> dict[str, np.ndarray]:
    """Time every node from its nearest facility."""
    found = minutes_to_nearest(
        prepared.network, prepared.snapped, prepared.all, direction="back", horizon_min=HORIZON_MIN
    )
    return {"seconds": np.nan_to_num(found.node * 60, nan=np.inf)}


def nearest_both_ways(prepared: Prepared) -> dict[str, np.ndarray]:
    """Time every node there and back, the longer walk to one and the same facility."""
    minutes_to_nearest(
        prepared.network, prepared.snapped, prepared.all, direction="worst",
        horizon_min=HORIZON_MIN,
    )  # fmt: skip
    return {}


def reach(prepared: Prepared) -> dict[str, np.ndarray]:
    """Cut what each facility reaches; return its nodes, facility by facility."""
    found = reach_of_each(
        prepared.network, prepared.snapped, prepared.all, direction="back",
        cutoffs_min=(CUTOFF_MIN,),
    )  # fmt: skip
    network = prepared.network
    nodes = []
    (of_each,) = found.pieces
    for k in range(len(prepared.all)):
        pieces = of_each[k]
        tails = network.tail[pieces.edge[pieces.start <= 0]]
        heads = network.head[pieces.edge[pieces.end >= 1]]
        nodes.append(np.unique(np.concatenate([tails, heads])))
    return {"nodes": np.concatenate(nodes), "counts": np.array([len(n) for n in nodes])}


def reach_bands(prepared: Prepared) -> dict[str, np.ndarray]:
    """Cut what each facility reaches there and back, at three cutoffs, as a run does."""
    reach_of_each(
        prepared.network, prepared.snapped, prepared.all, direction="worst", cutoffs_min=BANDS_MIN
    )
    return {}


def keep_reach(kept: Path, most: int) -> None:
    """Keep the reach of the facilities, and the lines of some of them for the rivals."""
    prepared = prepared_at(kept)
    found = reach_of_each(
        prepared.network, prepared.snapped, prepared.all, direction="back", cutoffs_min=BANDS_MIN
    )
    with (kept / "reach.pickle").open("wb") as file:
        pickle.dump(found, file, protocol=5)
    chosen = chosen_of(len(prepared.all), most)
    lines = [
        (k, b, prepared.network.lines_of(sets[k]))
        for k in chosen.tolist()
        for b, sets in enumerate(found.pieces)
    ]
    with (kept / "lines.pickle").open("wb") as file:
        pickle.dump([(k, b, shapely.to_wkb(line)) for k, b, line in lines], file, protocol=5)


def chosen_of(count: int, most: int) -> np.ndarray:
    """Return positions spread evenly over the facilities."""
    return np.unique(np.linspace(0, count - 1, min(most, count)).astype(np.int64))


def polygons(prepared: Prepared, kept: Path) -> dict[str, np.ndarray]:
    """Draw the isochrones of all facilities and tiers; return those of the facilities."""
    with (kept / "reach.pickle").open("rb") as file:
        found = pickle.load(file)
    tier = prepared.facilities["tier"].to_numpy()
    standing = set(prepared.all.tolist())
    tiers = {
        name: np.array([k for k in np.flatnonzero(tier == name) if k in standing], dtype=np.int64)
        for name in TIERS
    }
    circles = isochrones(prepared.network, found, prepared.facilities.index, tiers)
    of_one = circles[circles["scope"] == "facility"]
    place = pd.Series(np.arange(len(prepared.all)), index=prepared.facilities.index[prepared.all])
    band = of_one["minutes"].map(BANDS_MIN.index).to_numpy()
    return {
        "facility": place.loc[of_one["facility"].astype(place.index.dtype)].to_numpy(),
        "band": band,
        "wkb": shapely.to_wkb(of_one.geometry.to_numpy()),
    }


def whole_run(place: Path, out: Path) -> dict[str, Any]:
    """Run a study and save its results; return seconds and peak memory by step."""
    steps: dict[str, Any] = {}

    @contextmanager
    def shown(name: str) -> Any:
        _forget_peak()
        begin = time.perf_counter()
        yield
        steps[name.split()[0]] = (time.perf_counter() - begin, peak_mb())

    study = study_at(place)
    result = coverage.run(study, progress=shown)
    with shown("save"):
        coverage.save(result, out)
    shutil.rmtree(out)
    return steps


def _forget_peak() -> None:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        # Not on this system: the peak of a step is then the peak so far.
        return


def peak_mb() -> float:
    """Return the most memory this process held since it was last forgotten, megabytes."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
