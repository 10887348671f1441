"""This program, as the benchmarks call it: the only file here that knows its functions.

Each function does one step on what `prepare` left and returns what the rivals' answers are held
against. Answers are arrays, so that they can cross from one process to another.
"""

import json
import pickle
import shutil
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from answers import Answer
from watch import forget_peak, peak_mb, timed

import coverage
from coverage.contraction import contracted
from coverage.elevations import estimate_elevations
from coverage.errors import Findings
from coverage.inputs.elevation import open_elevation, surface_heights
from coverage.inputs.osm_file import read_streets
from coverage.isochrones import growing
from coverage.isochrones import isochrones as all_isochrones
from coverage.lifts import split_lifts
from coverage.nearest import Minutes, minutes_to_nearest
from coverage.network import WalkingNetwork, build_network, project
from coverage.preparation import walking_network
from coverage.reach import Reach, reach_of_each
from coverage.snapping import Snapped, snap, snap_facilities, usable_edges
from coverage.squares import cross_squares
from coverage.street_grid import spaces_of_each
from coverage.streets import Streets
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
    return Study(name="yuzhong", **_real_inputs(place))


def _real_inputs(place: Path) -> dict[str, Any]:
    place = place.resolve()
    return {
        "facilities": {"file": place / "facilities-standin.csv"},
        "network": {"file": street_file(place)},
        "elevation": {"file": next(place.glob("dem-*.tif"))},
        "areas": {"file": place / "subdistricts.geojson", "name_column": "subdistrict"},
    }


def study_of(place: Path) -> str:
    """Return the study of the real data as a file of its own, for the command."""
    lines = ['name = "yuzhong"']
    for name, table in _real_inputs(place).items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(str(v))}" for key, v in table.items())]
    return "\n".join(lines) + "\n"


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


def read(pbf: Path) -> Streets:
    """Read streets."""
    return read_streets(pbf, rules="pedestrian", findings=Findings())


def segments(streets: Streets) -> Answer:
    """Return streets' segments as pairs of OpenStreetMap nodes, with their way."""
    ends = np.stack([streets.node_id[streets.tail], streets.node_id[streets.head]])
    way = streets.ways.index.to_numpy()[streets.way]
    return {"segments": np.stack([ends.min(axis=0), ends.max(axis=0), way], axis=1)}


def contract(prepared: Prepared) -> None:
    """Make what all searches use, as rivals make their graphs."""
    contracted(prepared.network)


def crowded(prepared: Prepared, count: int) -> Prepared:
    """Return the network with so many facilities, anywhere beside its streets."""
    network, rng = prepared.network, np.random.default_rng(count)
    onto = usable_edges(network)
    edge = onto[rng.integers(0, len(onto), count)]
    beside = network.xy[network.tail[edge]] + rng.normal(0, 20, (count, 2))
    return replace(prepared, snapped=snap(network, beside, onto=onto, limit_m=300))


def nearest(prepared: Prepared) -> Minutes:
    """Time every node from its nearest facility."""
    return minutes_to_nearest(
        prepared.network, prepared.snapped, prepared.all, direction="back", horizon_min=HORIZON_MIN
    )


def nearest_both_ways(prepared: Prepared) -> Minutes:
    """Time every node there and back, the longer walk to one and the same facility."""
    return minutes_to_nearest(
        prepared.network, prepared.snapped, prepared.all, direction="worst",
        horizon_min=HORIZON_MIN,
    )  # fmt: skip


def reach(prepared: Prepared) -> Reach:
    """Cut what each facility reaches."""
    return reach_of_each(
        prepared.network, prepared.snapped, prepared.all, direction="back",
        cutoffs_min=(CUTOFF_MIN,),
    )  # fmt: skip


def reach_bands(prepared: Prepared) -> Reach:
    """Cut what each facility reaches there and back, at three cutoffs, as a run does."""
    return reach_of_each(
        prepared.network, prepared.snapped, prepared.all, direction="worst", cutoffs_min=BANDS_MIN
    )


def _nearest_answer(_prepared: Prepared, found: Minutes) -> Answer:
    return {"seconds": np.nan_to_num(found.node * 60, nan=np.inf)}


def _reach_answer(prepared: Prepared, found: Reach) -> Answer:
    """Return the nodes that are reached, facility by facility."""
    network = prepared.network
    nodes = []
    (of_each,) = found.pieces
    for k in range(len(prepared.all)):
        pieces = of_each[k]
        tails = network.tail[pieces.edge[pieces.start <= 0]]
        heads = network.head[pieces.edge[pieces.end >= 1]]
        nodes.append(np.unique(np.concatenate([tails, heads])))
    return {"nodes": np.concatenate(nodes), "counts": np.array([len(n) for n in nodes])}


ANSWERS: dict[str, Callable[[Prepared, Any], Answer]] = {
    "nearest": _nearest_answer, "reach": _reach_answer,
}  # fmt: skip
"""What rivals' answers are held against, from what a step returned."""


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
    """Return positions spread evenly over the facilities.

    In any order, so that the first of them, when time is up, are as spread as all.
    """
    spread = np.unique(np.linspace(0, count - 1, min(most, count)).astype(np.int64))
    return np.random.default_rng(count).permutation(spread)


def reach_at(kept: Path) -> Reach:
    """Return what `keep_reach` kept."""
    with (kept / "reach.pickle").open("rb") as file:
        return pickle.load(file)


def count(reached: Reach) -> int:
    """Return how many polygons there are to draw: of every facility and band."""
    return len(reached.facilities) * len(reached.pieces)


def polygons(prepared: Prepared, reached: Reach) -> np.ndarray:
    """Draw the isochrones of all facilities."""
    return spaces_of_each(growing(prepared.network, reached.pieces))


def polygons_answer(shapes: np.ndarray) -> Answer:
    """Return the facility, band and shape of every isochrone that is not empty."""
    facility, band = np.nonzero(~shapely.is_empty(shapes))
    wkb = shapely.to_wkb(shapes[facility, band])
    return {"facility": facility, "band": band, "wkb": wkb}


def isochrones(prepared: Prepared, reached: Reach) -> gpd.GeoDataFrame:
    """Draw the isochrones of all facilities and tiers, as a run does."""
    tier = prepared.facilities["tier"].to_numpy()
    members = {name: np.intersect1d(np.flatnonzero(tier == name), prepared.all) for name in TIERS}
    return all_isochrones(prepared.network, reached, prepared.facilities.index, members)


ASSESSED = ("coverage", "people")
"""The parts of a run that assess it and find gaps; others are worked out beside them."""


@dataclass(slots=True)
class _ByPart:
    """Runs the parts of a run, and knows what the map took of its step, and the GeoPackage.

    It keeps what computes `ASSESSED`, to be done once more with nothing beside it.
    """

    took: tuple[float, float, float] = (0.0, 0.0, 0.0)
    before_mb: float = 0.0
    stored_s: float = 0.0
    again: list[Callable[[], Any]] = field(default_factory=list)

    def __call__(self, step: str, compute: Callable[[], Any], *_uses: object) -> Any:
        if step in ASSESSED:
            self.again.append(compute)
        if step == "geopackage":
            took, found = timed(compute)
            self.stored_s = took["seconds"]
            return found
        if step != "map":
            return compute()
        self.before_mb = peak_mb()
        forget_peak()
        took, found = timed(compute)
        self.took = took["seconds"], peak_mb(), took["cpu_s"]
        forget_peak()
        return found


def whole_run(place: Path, out: Path) -> dict[str, Any]:
    """Run a study and save its results.

    Returns
    -------
    run
        ``steps``, each its seconds by the clock, peak MB and seconds of the processor; the map,
        which is not a part of the figures, is a step of its own and not in ``files``. ``homes``,
        and ``assessed_s``, the seconds by the clock for `ASSESSED` alone and for the GeoPackage.
    """
    steps: dict[str, tuple[float, float, float]] = {}

    @contextmanager
    def shown(name: str) -> Any:
        forget_peak()
        begin, busy = time.perf_counter(), time.process_time()
        yield
        seconds, cpu_s = time.perf_counter() - begin, time.process_time() - busy
        steps[name.split()[0]] = seconds, peak_mb(), cpu_s

    apart = _ByPart()
    study = study_at(place)
    result = coverage.run(study, progress=shown, keep=apart)
    assessed, _ = timed(lambda: [compute() for compute in apart.again])
    with shown("files"):
        coverage.save(result, out, keep=apart)
    seconds, peak, cpu_s = steps["files"]
    steps["files"] = seconds - apart.took[0], max(peak, apart.before_mb), cpu_s - apart.took[2]
    steps["map"] = apart.took
    shutil.rmtree(out)
    homes = 0 if result.people is None else len(result.people.homes)
    return {"steps": steps, "homes": homes, "assessed_s": assessed["seconds"] + apart.stored_s}
