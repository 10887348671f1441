"""A study in tiles has the figures of the study in one piece: to the last person and metre."""

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path

import distributed
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import coverage
from conftest import make_network
from coverage import tile_read, tiled, workers
from coverage.cache import own_source
from coverage.catalogue import load_study
from coverage.cli_tiles import run_tiles
from coverage.errors import UsageError
from coverage.service_kinds import SERVICES
from coverage.tile_ground import read_kept
from coverage.tiled import run_in_tiles
from coverage.tiles import Tiling, components_of, parts_of, runs_of, tiling_of
from coverage.workers import on_cluster
from test_cli import care_circle

NEAR = 1e-8
"""Sums of sums round otherwise than sums."""


def quietly(_name):
    return nullcontext()


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("tiles"))
        loaded = load_study("sample")
        return loaded.model_copy(
            update={"siting": None, "visits": None, "base": loaded.base.absolute()}
        )


@pytest.fixture(scope="module")
def whole(study):
    return coverage.run(study)


def in_tiles(study, tiles, folder, **more):
    return run_in_tiles(study, tiles=tiles, folder=folder, progress=quietly, **more)


def same_frames(found, wanted, *, apart=("entrances",)):
    assert list(found.columns) == list(wanted.columns)
    assert list(found.index) == list(wanted.index)
    for column in wanted.columns.difference(apart):
        one, other = found[column], wanted[column]
        if column == "geometry":
            alike = shapely.equals_exact(
                one.to_numpy(), other.to_numpy(), tolerance=1e-6, normalize=True
            )
            assert alike.all(), column
        elif pd.api.types.is_float_dtype(other):
            np.testing.assert_allclose(
                one.to_numpy(float), other.to_numpy(float), rtol=NEAR, atol=NEAR, err_msg=column
            )
        else:
            nothing = "nothing"
            assert one.fillna(nothing).tolist() == other.fillna(nothing).tolist(), column


def same_figures(found, wanted, path=""):
    """Every figure that the run in tiles gives is the whole run's."""
    if isinstance(found, dict):
        for key, value in found.items():
            if (path, key) != ("", "tiles"):
                same_figures(value, wanted[key], f"{path}/{key}")
    elif isinstance(found, float):
        assert found == pytest.approx(wanted, rel=NEAR, abs=2e-6), path
    else:
        assert found == wanted, path


def same(found, whole):
    same_frames(found.facilities, whole.facilities)
    same_frames(found.streets, whole.streets)
    same_frames(found.areas, whole.areas)
    same_frames(found.homes, whole.people.homes)
    same_frames(found.gaps, whole.gaps)
    if whole.people.zones is not None:
        same_frames(found.zones, whole.people.zones)
    same_figures(found.summary, whole.summary)


@pytest.mark.parametrize("tiles", [1, 2, 5, 16])
def test_the_sample_in_tiles_is_the_sample(study, whole, tiles, tmp_path):
    same(in_tiles(study, tiles, tmp_path), whole)


def test_a_wheelchair_on_the_other_decay(study, tmp_path):
    changed = study.model_copy(
        update={
            "walker": "wheelchair",
            "direction": "to",
            "horizon_min": 20,
            "population": study.population.model_copy(update={"decay": "gaussian"}),
        }
    )
    same(in_tiles(changed, 3, tmp_path), coverage.run(changed))


@pytest.fixture
def narrow(monkeypatch):
    """Little overlap, so that tiles of a small municipality do not see all of it."""
    for module in (tile_read, tiled):
        monkeypatch.setattr(module, "OVERLAP_M", 500.0)


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """A made municipality, and walks so short that no tile has to see all of it."""
    folder = tmp_path_factory.mktemp("wide")
    maker = Path(__file__).parent.parent / "benchmarks" / "municipality.py"
    words = [sys.executable, maker, "--nodes", "6000", "--out", folder]
    subprocess.run(words, check=True, capture_output=True)
    study = load_study(folder / "study.toml")
    soon = {name: tier.model_copy(update={"threshold_min": 8}) for name, tier in study.tiers}
    return study.model_copy(
        update={
            "horizon_min": 15,
            "tiers": study.tiers.model_copy(update=soon),
            "walkers": {"slow": study.walking.model_copy(update={"level_speed_mps": 0.5})},
            "walker": "slow",
        }
    )


@pytest.fixture(scope="module")
def wide_whole(wide):
    return coverage.run(wide)


def edges_of(plan, tile):
    return len(read_kept(plan, "ground", tile).network.tail)


def test_tiles_that_see_a_part_of_the_study(narrow, wide, wide_whole, tmp_path):
    seen = []

    def runs(work, calls):
        found = [work(*call) for call in calls]
        if work is tiled.assess_tile:
            seen.extend(edges_of(plan, tile) for plan, tile, *_ in calls)
        return found

    same(in_tiles(wide, 6, tmp_path, runs=runs), wide_whole)
    every = len(wide_whole.network.tail)
    assert max(seen) < every
    assert min(seen) < 0.8 * every


def test_heights_that_do_not_agree_make_tiles_read_on(narrow, wide, wide_whole, tmp_path):
    read = []

    def runs(work, calls):
        found = [work(*call) for call in calls]
        if work is tiled.read_tile:
            # As if the first streets read were too few.
            for plan, tile in calls:
                tiled.read_streets_around(plan, tile, -2200.0)
        if work is tiled.read_streets_around:
            read.extend(overlap_m for _, _, overlap_m in calls)
        return found

    same(in_tiles(wide, 4, tmp_path, runs=runs), wide_whole)
    assert read
    assert min(read) == 1000.0


def test_every_point_is_of_one_tile():
    tiling = tiling_of(np.random.default_rng(3).normal(size=(500, 2)) * 1e3, 7, (0, 0, 1, 1))
    tile = tiling.of(np.random.default_rng(4).normal(size=(2000, 2)) * 1e5)
    assert set(tile) == set(range(7))
    counts = np.bincount(tiling.of(np.random.default_rng(3).normal(size=(500, 2)) * 1e3))
    assert counts.min() > 50
    # On a border it is the eastern or northern one.
    east = tiling.boxes[:, [0, 1]]
    finite = np.flatnonzero(np.isfinite(east).all(axis=1))
    assert tiling.of(east[finite]).tolist() == finite.tolist()


def test_few_points_are_cut_evenly():
    tiling = tiling_of(np.zeros((1, 2)), 4, (0.0, 0.0, 100.0, 100.0))
    spots = np.array([[10, 10], [90, 10], [10, 90], [90, 90]], dtype=float)
    assert sorted(tiling.of(spots)) == [0, 1, 2, 3]


@settings(max_examples=40, deadline=None)
@given(
    edges=st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15)), min_size=1, max_size=30),
    cuts=st.lists(st.integers(1, 3), min_size=1, max_size=2, unique=True),
)
def test_components_of_tiles_are_those_of_the_whole(edges, cuts):
    """A grid of 4 x 4 nodes 1,000 m apart, any edges, cut in columns."""
    edges = [(one, other) for one, other in edges if one != other]
    if not edges:
        return
    nodes = {n: (1000.0 * (n % 4), 1000.0 * (n // 4)) for n in range(16)}
    network = make_network(nodes, edges)
    rims = [-np.inf, *(1000.0 * cut - 500 for cut in sorted(cuts)), np.inf]
    boxes = [(west, -np.inf, east, np.inf) for west, east in pairwise(rims)]
    tiling = Tiling(np.array(boxes))
    owner, at = tiling.of(network.midpoints()), tiling.of(network.xy)
    parts = [parts_of(network, network.node_id, owner == t, at == t) for t in range(len(tiling))]
    whole = components_of([part.rim() for part in parts])
    found = np.full(len(network.tail), -1)
    for tile, part in enumerate(parts):
        here = owner == tile
        found[here] = whole.of_part[tile][part.at(network.node_id[network.tail[here]])]
    wanted = network.components()
    pairs = set(zip(found.tolist(), wanted.tolist(), strict=True))
    assert len(pairs) == len(set(found.tolist())) == len(set(wanted.tolist()))
    length = np.bincount(found, weights=network.length_m)
    assert (np.diff(length) <= 1e-6).all()


def test_runs_go_on_from_tile_to_tile():
    pairs = np.array([[10, 11], [12, 11], [30, 31]])
    assert runs_of(pairs, np.array([31, 12, 20, 10, 30])).tolist() == [2, 0, 1, 0, 2]


def test_a_study_without_people_has_streets_and_facilities(study, tmp_path):
    bare = study.model_copy(update={"population": None})
    found, whole = in_tiles(bare, 3, tmp_path), coverage.run(bare)
    assert found.homes is None
    assert found.gaps is None
    same_frames(found.streets, whole.streets)
    same_frames(found.areas, whole.areas)
    same_frames(found.facilities, whole.facilities)
    same_figures(found.summary, whole.summary)


def test_the_rules_of_the_recipe_to_compare_with(study, tmp_path):
    recipe = study.model_copy(
        update={"network": study.network.model_copy(update={"rules": "osmnx-walk"})}
    )
    same(in_tiles(recipe, 3, tmp_path), coverage.run(recipe))


def test_streets_of_a_server_and_rides_are_refused(study, tmp_path):
    asked = study.network.model_copy(update={"file": None})
    with pytest.raises(UsageError, match="tiles need a file"):
        in_tiles(study.model_copy(update={"network": asked}), 2, tmp_path)
    rides = study.network.model_copy(update={"rides": ("ferry",)})
    with pytest.raises(UsageError, match="takes rides"):
        in_tiles(study.model_copy(update={"network": rides}), 2, tmp_path)


@pytest.fixture(scope="module")
def whole_out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    done = care_circle("run", "--out", "whole", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "whole"


def test_the_command_writes_the_tables_of_a_whole_run(whole_out, tmp_path):
    out = shutil.copytree(whole_out, tmp_path / "out")
    done = care_circle("run", "--tiles", 4, "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    # What such a run does not write would else stand there from another.
    written = {path.name for path in out.iterdir() if path.name != ".cache"}
    assert written == {
        "areas.csv", "coverage.gpkg", "facilities.csv", "gaps.csv", "manifest.json",
        "summary.json", "zones.csv",
    }  # fmt: skip
    for name in ("areas.csv", "facilities.csv", "gaps.csv", "zones.csv"):
        one, other = (pd.read_csv(at / name, encoding="utf-8-sig") for at in (out, whole_out))
        if name == "zones.csv":
            # A whole run also ranks them by what it proposes.
            one, other = one.set_index("area"), other.set_index("area")
            other = other.loc[one.index, one.columns]
        pd.testing.assert_frame_equal(one, other, rtol=1e-6, atol=2e-6)
    for layer in ("facilities", "gaps", "areas", "demand", "streets"):
        one, other = (gpd.read_file(at / "coverage.gpkg", layer=layer) for at in (out, whole_out))
        # Services are of runs in one piece.
        same_frames(one, other.drop(columns=[c for c in other if c.endswith(SERVICES)]))
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["outputs"]) == written - {"manifest.json"}
    assert "map, report, picture" in done.stdout


@pytest.mark.parametrize(
    ("options", "also", "said"),
    [
        ({"workers": 2, "scheduler": "tcp://x:1"}, (), "Give one of them"),
        ({"tiles": 2}, ("geojson",), "--also is of runs in one piece"),
    ],
)
def test_what_does_not_go_together_is_said(study, tmp_path, options, also, said):
    every = {"workers": None, "scheduler": None, "tiles": None, "worker_memory": "auto", **options}
    with pytest.raises(UsageError, match=said):
        run_tiles(study, tmp_path, every, also=also, quiet=True)
    assert not list(tmp_path.iterdir())


def test_no_scheduler_is_told_plainly(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "ANSWERS_WITHIN_S", 1)
    with (
        pytest.raises(UsageError, match="No Dask scheduler answers"),
        on_cluster(tmp_path, scheduler="tcp://127.0.0.1:9"),
    ):
        pass


def dies_at_first(mark, work, *call):
    """Kill the process that does this, once; a test's own worker."""
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return work(*call)


@pytest.mark.skipif(os.name != "posix", reason="kills a worker as an administrator would")
def test_a_cluster_with_dying_workers_finds_the_same(study, whole, tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    with on_cluster(tmp_path / "kept", workers=2, memory="4GB") as cluster:

        def runs(work, calls):
            if work not in (tiled.read_tile, tiled.assess_tile):
                return cluster(work, calls)
            mark = marks / work.__name__
            return cluster(dies_at_first, [(mark, work, *call) for call in calls])

        found = in_tiles(study, 4, tmp_path / "kept" / "tiles", runs=runs)
    assert {mark.name for mark in marks.iterdir()} == {"read_tile", "assess_tile"}
    same(found, whole)


def test_a_scheduler_of_ones_own(study, whole, tmp_path):
    with (
        distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            dashboard_address=None,
            local_directory=str(tmp_path),
        ) as cluster,
        on_cluster(tmp_path / "kept", scheduler=cluster.scheduler_address) as runs,
    ):
        same(in_tiles(study, 2, tmp_path / "kept", runs=runs), whole)


class Client:
    """A cluster of which only the answers are known."""

    def __init__(self, versions, seen):
        self._answers = [versions, seen]

    def run(self, _work):
        return self._answers.pop(0)


@pytest.mark.parametrize(
    ("versions", "seen", "said"),
    [
        ({}, {}, "has no workers"),
        ({"tcp://b": "older"}, {"tcp://b": True}, "another version of care-circle.*tcp://b"),
        ({"tcp://b": own_source()}, {"tcp://b": False}, "do not see the folder.*tcp://b"),
    ],
)
def test_workers_that_cannot_do_it_are_told_before(tmp_path, versions, seen, said):
    with pytest.raises(UsageError, match=said):
        workers.require_fit(Client(versions, seen), "tcp://a", tmp_path)
    assert not list(tmp_path.iterdir())


_YUZHONG = """\
name = "yuzhong-tiles"
[network]
file = "{data}/yuzhong-260426.osm.pbf"
[facilities]
file = "{data}/facilities-standin.csv"
datum = "wgs84"
[areas]
file = "{data}/subdistricts.geojson"
name_column = "subdistrict"
[elevation]
file = "{data}/dem-srtm30-utm48n.tif"
[population]
file = "people.geojson"
"""


@pytest.fixture(scope="module")
def peninsula(yuzhong, tmp_path_factory):
    """Yuzhong with invented people; a sixth of its nodes lie beyond the raster."""
    folder = tmp_path_factory.mktemp("yuzhong")
    people = gpd.read_file(yuzhong / "subdistricts.geojson")[["subdistrict", "geometry"]]
    rank = np.arange(len(people))
    people = people.rename(columns={"subdistrict": "name"}).assign(
        population=30_000 + 1_001 * rank, elderly=7_001 + 307 * rank
    )
    people.to_file(folder / "people.geojson")
    (folder / "study.toml").write_text(_YUZHONG.format(data=yuzhong.as_posix()), encoding="utf-8")
    return load_study(folder / "study.toml")


@pytest.fixture(scope="module")
def peninsula_whole(peninsula):
    return coverage.run(peninsula)


@pytest.mark.realdata
@pytest.mark.parametrize("tiles", [2, 16])
def test_yuzhong_in_tiles_is_yuzhong(peninsula, peninsula_whole, tiles, tmp_path):
    same(in_tiles(peninsula, tiles, tmp_path), peninsula_whole)
