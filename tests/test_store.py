"""What a run leaves: files that other programs open, the same bytes each time, whole or not at all."""

import csv
import io
import json
import zipfile
from hashlib import sha256
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import coverage
from coverage.errors import OutputError
from coverage.outputs import store
from coverage.outputs.tables import to_csv, to_workbook


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return coverage.run(coverage.load_study("sample", raw=tmp_path_factory.mktemp("raw")))


@pytest.fixture
def folder(result, tmp_path) -> Path:
    store.save(result, tmp_path / "out")
    return tmp_path / "out"


def test_the_geopackage_holds_its_layers(result, folder):
    layers = set(gpd.list_layers(folder / "coverage.gpkg")["name"])
    assert layers == {"facilities", "streets", "isochrones", "gaps", "areas"}
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
        covered = result.summary["coverage"][tier]["covered_km"]
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

    monkeypatch.setattr(store, "map_html", full_disk)
    with pytest.raises(OutputError, match="No space left"):
        store.save(result, folder)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_what_else_is_in_the_folder_stays(result, folder):
    (folder / "my-notes.txt").write_text("mine", encoding="utf-8")
    (folder / ".unfinished-old").mkdir()
    store.save(result, folder)
    assert (folder / "my-notes.txt").read_text(encoding="utf-8") == "mine"
    assert not list(folder.glob(".unfinished*"))


HOSTILE = ["=1+1", "+cmd", "-2", "@x", "甲,乙", '引"号', "</script>", "🏥", ""]


def test_names_are_text_in_csv_and_workbook():
    table = pd.DataFrame({"name": HOSTILE, "metres": [1.5, -2.0, float("nan"), 3, 4, 5, 6, 7, 8]})
    text = to_csv(table)
    assert text.startswith("\ufeff".encode())
    rows = list(csv.reader(io.StringIO(text.decode("utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == ["'=1+1", "'+cmd", "'-2", "'@x", *HOSTILE[4:]]
    assert [row[1] for row in rows[1:4]] == ["1.500000", "-2.000000", ""]
    with zipfile.ZipFile(io.BytesIO(to_workbook({"表": table}))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<v>1.5</v>" in sheet
