"""What a run leaves: files that other programs open, the same bytes each time, whole or not at all."""

import csv
import dataclasses
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from hashlib import sha256
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import coverage
from coverage.errors import OutputError
from coverage.outputs import maps, store
from coverage.outputs.tables import to_csv, to_workbook


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return coverage.run(coverage.load_study("sample", raw=tmp_path_factory.mktemp("raw")))


@pytest.fixture
def folder(result, tmp_path) -> Path:
    store.save(result, tmp_path / "out")
    return tmp_path / "out"


def test_the_geopackage_holds_its_layers(result, folder):
    layers = list(gpd.list_layers(folder / "coverage.gpkg")["name"])
    assert layers == [
        "facilities", "proposals", "shortcuts", "weak_links", "candidates", "visits", "gaps",
        "service_gaps", "areas", "zones", "demand", "streets", "isochrones", "layer_styles",
    ]  # fmt: skip
    streets = gpd.read_file(folder / "coverage.gpkg", layer="streets")
    assert str(streets.crs) == result.network.crs
    inside_m = result.summary["street_km"] * 1000
    assert_allclose(streets["length_m"].sum(), inside_m, atol=1e-3)
    covered_m = (streets["length_m"] * streets["covered_community"]).sum()
    assert_allclose(
        covered_m / 1000, result.summary["coverage"]["community"]["covered_km"], atol=1e-6
    )
    circles = gpd.read_file(folder / "coverage.gpkg", layer="isochrones")
    assert circles.is_valid.all()
    zones = gpd.read_file(folder / "coverage.gpkg", layer="zones")
    assert str(zones.crs) == result.network.crs
    figures = result.people.zones["elderly"].reindex(result.inputs.zones.index)
    assert zones["elderly"].tolist() == figures.tolist()


def test_areas_add_up_to_the_summary(result, folder):
    with (folder / "areas.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["area"].startswith("示例")
    for key in ("street_km", "covered_km_community", "covered_km_any", "covered_km_all"):
        total = sum(float(row[key]) for row in rows)
        whole = result.summary["street_km"] if key == "street_km" else (
            result.summary["coverage"][key.removeprefix("covered_km_")]["covered_km"]
        )  # fmt: skip
        assert total == pytest.approx(whole, abs=1e-4)


def test_gaps_and_covered_street_are_all_the_street(result):
    for tier, gaps in result.summary["gaps"].items():
        key = "all" if tier == "circle" else tier
        covered = result.summary["coverage"][key]["covered_km"]
        whole = covered + gaps["street_km"] + gaps["unlisted_km"]
        assert whole == pytest.approx(result.summary["street_km"], abs=1e-5)


def test_the_manifest_names_inputs_outputs_versions_and_source(result, folder):
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["streets"]["attribution"] == "© OpenStreetMap contributors, ODbL 1.0"
    assert (
        manifest["inputs"]["facilities.csv"]
        == sha256(result.study.path(Path("facilities.csv")).read_bytes()).hexdigest()
    )
    for name, digest in manifest["outputs"].items():
        assert sha256((folder / name).read_bytes()).hexdigest() == digest
    assert set(manifest["outputs"]) == {p.name for p in folder.iterdir()} - {"manifest.json"}
    assert manifest["versions"]["care-circle"] == coverage.__version__
    assert manifest["study"]["walker"] == "senior"
    assert manifest["notices"] == list(result.study.notices)


def test_the_same_inputs_give_the_same_bytes(result, folder, tmp_path):
    again = coverage.run(result.study)
    store.save(again, tmp_path / "again")
    for file in folder.iterdir():
        if file.name != "manifest.json":
            assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes(), file.name


def test_a_failure_while_writing_leaves_earlier_results_whole(result, folder, monkeypatch):
    before = {p.name: p.read_bytes() for p in folder.iterdir()}

    def full_disk(_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(maps, "map_html", full_disk)
    with pytest.raises(OutputError, match="No space left"):
        store.save(result, folder)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_what_else_is_in_the_folder_stays(result, folder):
    (folder / "my-notes.txt").write_text("mine", encoding="utf-8")
    store.save(result, folder)
    assert (folder / "my-notes.txt").read_text(encoding="utf-8") == "mine"


def test_left_overs_of_dead_runs_go_and_those_of_living_ones_stay(folder):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead, alive, unknown, old = (
        folder / f".unfinished-{rest}"
        for rest in (f"{ended.pid}-x", f"{os.getpid()}-x", "x", f"{os.getpid()}-old")
    )
    for left_over in (dead, alive, unknown, old):
        left_over.mkdir()
    two_days_ago = time.time() - 2 * 24 * 3600
    os.utime(old, (two_days_ago, two_days_ago))
    store.ensure_writable(folder)
    left = {alive, unknown} if os.name == "posix" else {dead, alive, unknown}
    assert set(folder.glob(".unfinished*")) == left


def test_what_a_run_has_no_more_is_removed(result, folder):
    other = result.study.model_copy(update={"name": "other"})
    without = dataclasses.replace(
        result, study=other, areas=None, people=dataclasses.replace(result.people, zones=None)
    )
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["outputs"]["../mine.csv"] = ""
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (folder.parent / "mine.csv").write_text("mine", encoding="utf-8")
    assert store.other_study(folder, "other") == "sample"
    store.save(without, folder)
    assert not (folder / "areas.csv").exists()
    assert not (folder / "zones.csv").exists()
    assert (folder.parent / "mine.csv").exists()
    assert store.other_study(folder, "other") is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"study": {"name": "x"}, "outputs": 3}'])
def test_a_manifest_of_another_program_is_none_of_ours(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text, encoding="utf-8")
    assert store.other_study(tmp_path, "sample") is None


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send to oneself")
def test_an_interrupt_waits_until_the_files_are_exchanged(result, folder, monkeypatch):
    replace = Path.replace

    def interrupted(self, target):
        if self.name == "coverage.gpkg":
            os.kill(os.getpid(), signal.SIGINT)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    study = result.study.model_copy(update={"name": "other"})
    with pytest.raises(KeyboardInterrupt):
        store.save(dataclasses.replace(result, study=study), folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["study"]["name"] == "other"
    assert not list(folder.glob(".unfinished*"))


HOSTILE = ["=1+1", "+cmd", "-2", "@x", "甲,乙", '引"号', "</script>", "🏥", ""]


def test_names_are_text_in_csv_and_workbook():
    table = pd.DataFrame({"name": HOSTILE, "metres": [1.5, -2.0, float("nan"), 3, 4, 5, 6, 7, 8]})
    text = to_csv(table)
    assert text.startswith("\ufeff".encode())
    rows = list(csv.reader(io.StringIO(text.decode("utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == ["'=1+1", "'+cmd", "'-2", "'@x", *HOSTILE[4:]]
    assert [row[1] for row in rows[1:4]] == ["1.5", "-2", ""]
    with zipfile.ZipFile(io.BytesIO(to_workbook({"表": table}))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<v>1.5</v>" in sheet


def test_the_workbook_shows_numbers_as_their_columns_ask():
    table = pd.DataFrame(
        {"name": ["x"], "share_any": [0.5], "covered_km_any": [1.234], "minutes_any": [3.21],
         "elderly_any": [12.4], "snap_m": [7.7]}
    )  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(to_workbook({"a": table}))) as book:
        styles = book.read("xl/styles.xml").decode()
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    own = dict(re.findall(r'numFmtId="(\d+)" formatCode="(.*?)"', styles))
    builtin = {"0": None, "1": "0", "2": "0.00", "3": "#,##0"}
    used = re.findall(r'<xf numFmtId="(\d+)"', styles.split("<cellXfs")[1])
    cells = re.findall(r'<c r="([A-F])2"(?: s="(\d+)")?', sheet)
    shown = {cell: {**builtin, **own}[used[int(style or 0)]] for cell, style in cells}
    assert shown == {"A": None, "B": "0.0%", "C": "0.00", "D": "0.0", "E": "#,##0", "F": "#,##0"}
    assert "<v>1.234</v>" in sheet


def test_streets_without_heights_are_warned_of(result):
    """Only where heights would matter: a walker who knows no slopes needs none."""
    flat = result.study.model_copy(update={"elevation": None})
    said = coverage.run(flat).summary["warnings"]
    assert any("100% of the street counts as level: there is no raster" in line for line in said)
    nobody_climbs = coverage.run(flat.model_copy(update={"walker": "flat-900"}))
    assert not any("level" in line for line in nobody_climbs.summary["warnings"])
