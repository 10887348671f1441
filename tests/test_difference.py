"""Two finished runs side by side: who gains, who loses, and that nobody is lost on the way."""

import json
import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner

import coverage
from conftest import CRS
from coverage.cli import main
from coverage.difference import compare_runs
from coverage.errors import InputError
from coverage.inputs.finished_run import KEYS
from coverage.matching import NEAR_M, same_homes

TIERS = ("community", "street", "district")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The sample for two walkers, and for the slower one without its busiest station."""
    folder = tmp_path_factory.mktemp("runs")
    for walker in ("adult", "senior"):
        result = coverage.run(coverage.load_study(walker=walker, raw=folder / "raw"))
        result.save(folder / walker)
    table = pd.read_csv(folder / "raw" / "sample" / "facilities.csv", dtype=str)
    busiest = result.facilities["elderly_only"].where(result.facilities["tier"] == "community")
    shorter = folder / "fewer.csv"
    table[table.iloc[:, 0] != busiest.idxmax()].to_csv(shorter, index=False)
    fewer = coverage.load_study(raw=folder / "raw", facilities__file=shorter)
    coverage.run(fewer).save(folder / "fewer")
    return folder, float(busiest.max())


def homes(*rows):
    """Make homes from (osm_id, place, x, y, elderly, covered by the community tier)."""
    table = pd.DataFrame(
        [row[:2] + row[4:5] for row in rows], columns=["osm_id", "place", "elderly"]
    )
    covered = [bool(row[5]) for row in rows]
    return gpd.GeoDataFrame(
        table.assign(covered_community=covered, covered_street=False, covered_district=False),
        geometry=[shapely.Point(row[2:4]) for row in rows], crs=CRS,
    )  # fmt: skip


def written(source: Path, target: Path, demand: gpd.GeoDataFrame) -> Path:
    """Write a run's folder anew with other homes, its summary made to fit."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(".cache"))
    demand.to_file(target / "coverage.gpkg", layer="demand", driver="GPKG")
    summary = json.loads((target / "summary.json").read_text(encoding="utf-8"))
    inside = demand["elderly"][demand["covered_community"]].sum()
    summary["people"] |= {
        "elderly": float(demand["elderly"].sum()), "elderly_community": float(inside),
        "elderly_any": float(inside), "elderly_street": 0.0, "elderly_district": 0.0,
        "elderly_all": 0.0,
    }  # fmt: skip
    (target / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    return target


def test_gained_and_lost_by_hand(runs, tmp_path):
    x, y = 768_000.0, 3_345_000.0
    before = homes(
        ("way/1", "p", x, y, 10, 0),  # gained, and counted as 11 after
        ("way/2", "p", x, y + 50, 20, 1),  # lost
        ("way/3", "p", x, y + 100, 30, 1),  # stays covered, two people more
        ("way/4", "p", x, y + 150, 40, 1),  # pulled down
        ("", "p", x, y + 200, 50, 1),  # moved by 3 m, stays covered
    )
    after = homes(
        ("", "p", x + 3, y + 200, 50, 1),
        ("way/3", "p", x, y + 100, 32, 1),
        ("way/2", "p", x, y + 50, 20, 0),
        ("way/1", "p", x, y, 11, 1),
        ("way/9", "p", x + 90, y, 7, 1),  # built
    )
    a = written(runs[0] / "senior", tmp_path / "a", before)
    b = written(runs[0] / "senior", tmp_path / "b", after)
    row = compare_runs(a, b).table.loc["community"]
    assert row[["before", "after", "change"]].tolist() == [140, 100, -40]
    assert row[["gained", "lost", "new", "vanished", "recounted"]].tolist() == [11, 20, 7, 40, 2]
    found = compare_runs(a, b)
    named = found.homes.set_index("osm_id")["change_community"]
    assert named[["way/1", "way/2", "way/3", "way/4", "way/9"]].tolist() == [
        "gained", "lost", "", "vanished", "new",
    ]  # fmt: skip
    assert any("2 of 6 homes are in one run only" in warning for warning in found.warnings)


def test_a_run_and_itself(runs):
    found = compare_runs(runs[0] / "senior", runs[0] / "senior")
    changes = [
        "km_change",
        "km_gained",
        "km_lost",
        "km_new",
        "km_vanished",
        "change",
        "gained",
        "lost",
        "new",
        "vanished",
    ]
    assert (found.table[changes] == 0).all(axis=None)
    assert (found.areas[["change", "gained", "lost"]] == 0).all(axis=None)
    assert found.settings.empty
    assert found.warnings == ()


@pytest.mark.parametrize("pair", [("adult", "senior"), ("senior", "fewer"), ("adult", "fewer")])
def test_totals_are_those_of_the_runs(runs, pair):
    found = compare_runs(runs[0] / pair[0], runs[0] / pair[1])
    told = [
        json.loads((runs[0] / name / "summary.json").read_text(encoding="utf-8")) for name in pair
    ]
    for key in KEYS:
        row = found.table.loc[key]
        assert row["before"] == told[0]["people"][f"elderly_{key}"]
        assert row["after"] == told[1]["people"][f"elderly_{key}"]
        assert row["before"] + row["gained"] - row["lost"] == row["after"]
        of_streets = row["km_gained"] - row["km_lost"] + row["km_new"] - row["km_vanished"]
        assert row["km_redrawn"] == pytest.approx(0, abs=1e-9)
        assert of_streets == pytest.approx(row["km_change"], abs=1e-5)
        by_area = found.areas[found.areas["key"] == key]
        for name in ("before", "after", "gained", "lost"):
            assert by_area[name].sum() == pytest.approx(row[name], abs=1e-6)
        for name in ("km_before", "km_after", "km_change", "km_gained", "km_lost"):
            assert by_area[name].sum() == pytest.approx(row[name], abs=1e-3)
        for side, run in (("before", found.before), ("after", found.after)):
            own = run.areas.set_index("area")[f"covered_km_{key}"]
            assert by_area[f"km_{side}"].to_numpy() == pytest.approx(
                own[by_area["area"]].to_numpy(), abs=2e-3
            )


@pytest.mark.parametrize("pair", [("adult", "senior"), ("senior", "fewer")])
def test_the_other_way_round_is_the_negative(runs, pair):
    there, back = (
        compare_runs(*(runs[0] / name for name in order)) for order in (pair, pair[::-1])
    )
    for one, other in ((there.table, back.table), (there.areas, back.areas)):
        assert (one["change"] == -other["change"]).all()
        assert (one["gained"] == other["lost"]).all()
        assert (one["lost"] == other["gained"]).all()
    assert np.allclose(there.table["km_gained"], back.table["km_lost"])


def test_what_differs_is_said(runs):
    found = compare_runs(runs[0] / "adult", runs[0] / "senior")
    assert found.settings.to_numpy().tolist() == [["walker", "adult", "senior"]]
    assert found.warnings == ()
    files = compare_runs(runs[0] / "senior", runs[0] / "fewer").settings["what"]
    assert any(what.startswith("facilities.file") for what in files)


def test_without_a_station_those_are_lost_who_had_no_other(runs):
    folder, only = runs
    row = compare_runs(folder / "senior", folder / "fewer").table.loc["community"]
    assert row["gained"] == 0
    assert row["lost"] == only > 0
    assert row["km_lost"] > 0


def test_other_thresholds_are_not_comparable(runs, tmp_path):
    other = shutil.copytree(runs[0] / "senior", tmp_path / "other")
    summary = json.loads((other / "summary.json").read_text(encoding="utf-8"))
    summary["threshold_min"]["street"] = 20
    (other / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    warnings = compare_runs(runs[0] / "senior", other).warnings
    assert [warning.startswith("Not comparable for street") for warning in warnings] == [True]


def test_bad_folders_are_all_told_at_once(runs, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError) as none:
        compare_runs(tmp_path / "empty", tmp_path / "nowhere")
    assert [problem.what for problem in none.value.problems] == [
        "holds no results of care-circle.", "is neither a folder nor a study with results.",
    ]  # fmt: skip
    unfinished = shutil.copytree(runs[0] / "senior", tmp_path / "unfinished")
    (unfinished / "manifest.json").unlink()
    damaged = shutil.copytree(runs[0] / "senior", tmp_path / "damaged")
    (damaged / "coverage.gpkg").write_bytes(b"no database")
    (damaged / "summary.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError) as both:
        compare_runs(unfinished, damaged)
    said = str(both.value)
    assert len(both.value.problems) == 3
    for part in ("lost manifest.json", "it is no JSON", "it is no GeoPackage"):
        assert part in said


def test_a_layer_of_another_run_does_not_fit(runs, tmp_path):
    mixed = shutil.copytree(runs[0] / "senior", tmp_path / "mixed")
    shutil.copy(runs[0] / "adult" / "summary.json", mixed)
    with pytest.raises(InputError, match="does not fit together"):
        compare_runs(mixed, mixed)


def test_a_layer_that_is_not_there_is_named(runs, tmp_path):
    import sqlite3

    old = shutil.copytree(runs[0] / "senior", tmp_path / "old")
    with sqlite3.connect(old / "coverage.gpkg") as database:
        for table in ("gpkg_contents", "gpkg_geometry_columns"):
            database.execute(f"DELETE FROM {table} WHERE table_name = 'demand'")
    database.close()
    with pytest.raises(InputError, match=r"no layer 'demand'; care-circle 0"):
        compare_runs(old, old)


def test_homes_further_off_are_not_the_same():
    a = homes(("", "", 0, 0, 1, 0), ("", "", 100, 0, 1, 0))
    b = homes(("", "", 100 + NEAR_M + 1, 0, 1, 0), ("", "", NEAR_M - 1, 0, 1, 0))
    assert same_homes(a, b).tolist() == [[0, 1]]


def test_the_command(runs, tmp_path):
    arguments = ["diff", str(runs[0] / "adult"), str(runs[0] / "senior"), "--out", str(tmp_path)]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert "walker: adult → senior" in done.output
    table = pd.read_csv(tmp_path / "diff_areas.csv")
    assert set(table["key"]) == set(KEYS)
    failed = CliRunner().invoke(main, ["diff", str(tmp_path), "nowhere"])
    assert isinstance(failed.exception, InputError | SystemExit)
    assert failed.exit_code != 0
