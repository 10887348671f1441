"""The command as a user runs it: in a shell, from a folder, with good and bad input."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coverage.catalogue import init_study
from coverage.console import _signed


def care_circle(*words, cwd, **options):
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "120"}
    return subprocess.run(
        [sys.executable, "-m", "coverage", *map(str, words)], cwd=cwd, env=environment,
        capture_output=True, text=True, encoding="utf-8", timeout=180, check=False, **options,
    )  # fmt: skip


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("template") / "town"
    init_study(folder)
    return folder


@pytest.fixture
def town(template, tmp_path) -> Path:
    """A study of the user's own, to be spoilt."""
    return shutil.copytree(template, tmp_path / "town")


def test_run_without_words_analyses_the_sample(tmp_path):
    done = care_circle("run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    out = tmp_path / "data" / "processed" / "sample"
    assert str(Path("data/processed/sample/map.html")) in done.stdout
    assert "Synthetic sample" in done.stdout
    assert {p.name for p in out.iterdir() if p.name != ".cache"} == {
        "areas.csv", "care-circle.xlsx", "coverage.gpkg", "facilities.csv", "gaps.csv",
        "manifest.json", "map.html", "map.png", "proposals.csv", "report.html", "service_gaps.csv",
        "services.csv", "shortcuts.csv", "summary.json", "visits.csv", "visits_areas.csv",
        "weak_links.csv", "zones.csv",
    }  # fmt: skip
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary["coverage"]["community"]["share"] > summary["coverage"]["district"]["share"]
    assert "Synthetic" in (out / "map.html").read_text(encoding="utf-8")


def test_quiet_prints_the_map_and_nothing_else(town, tmp_path):
    done = care_circle("run", town / "study.toml", "--quiet", "--out", "here", cwd=tmp_path)
    assert done.stdout.strip() == str(Path("here/map.html"))
    assert done.stderr == ""


def parts(done):
    """Return which parts of the steps a run computed, and which were kept from an earlier one."""
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    return [
        set(line.split(": ")[1].split(", "))
        for line in lines
        if line.startswith(("computed 计算: ", "kept 已缓存: "))
    ]


def test_a_second_run_computes_only_what_has_changed(town, tmp_path):
    def run(*words):
        done = care_circle("run", town, "-v", *words, "--out", "out", cwd=tmp_path)
        return done.stdout, *parts(done)

    said, computed, kept = run()
    assert {"streets", "network", "snapping", "isochrones", "choices", "map"} <= computed
    assert kept == {"-"}
    assert "isochrones" in said
    first = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir() if p.is_file()}
    said, computed, kept = run()
    assert computed == {"-"}
    assert "kept 已缓存" in said
    again = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir() if p.is_file()}
    del first["manifest.json"], again["manifest.json"]  # it has the clock
    assert again == first
    said, computed, kept = run("--walker", "adult")
    assert "walker 步行者 adult" in said
    assert {"streets", "heights", "network", "snapping", "demand"} <= kept
    assert {"minutes", "reach", "people"} <= computed
    _, computed, kept = run("--fresh")
    assert kept == {"-"}
    # Another list of facilities: the streets are not read again.
    lines = (town / "facilities.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (town / "facilities.csv").write_text("".join(lines[:-1]), encoding="utf-8")
    _, computed, kept = run()
    assert {"streets", "heights", "network", "buildings", "inside"} <= kept
    assert {"snapping", "minutes", "map"} <= computed


def test_damaged_and_unwritable_caches_are_done_without(town, tmp_path):
    first = care_circle("run", town, "--out", "out", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    summary = (tmp_path / "out" / "summary.json").read_bytes()
    for path in (tmp_path / "out" / ".cache").iterdir():
        path.write_bytes(path.read_bytes()[:100])
    done = care_circle("run", town, "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "is not whole" in done.stderr
    assert (tmp_path / "out" / "summary.json").read_bytes() == summary
    shutil.rmtree(tmp_path / "out" / ".cache")
    (tmp_path / "out" / ".cache").write_text("in the way")
    done = care_circle("run", town, "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "cannot be written to" in done.stderr
    assert (tmp_path / "out" / "summary.json").read_bytes() == summary


def test_check_computes_nothing(town, tmp_path):
    done = care_circle("check", town, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "the inputs can be used" in done.stdout
    assert not (tmp_path / "data").exists()


def test_init_then_check_then_run(tmp_path):
    done = care_circle("init", "my-town", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"care-circle run {Path('my-town/study.toml')}" in done.stdout
    assert care_circle("check", "my-town/study.toml", cwd=tmp_path).returncode == 0
    again = care_circle("init", "my-town", cwd=tmp_path)
    assert again.returncode == 2
    assert "not an empty folder" in again.stderr


def test_compare_and_route_on_the_sample(tmp_path):
    done = care_circle("compare", "sample", "--walkers", "adult,senior,wheelchair", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    table = (tmp_path / "data/processed/sample/walkers.csv").read_text(encoding="utf-8-sig")
    assert [line.split(",")[0] for line in table.splitlines()] == [
        "walker", "adult", "senior", "wheelchair",
    ]  # fmt: skip
    ends = ("--from", "107.7930,30.2018", "--to", "107.8070,30.2060")
    done = care_circle("route", "sample", *ends, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    there, back = done.stdout.splitlines()[-2:]
    assert there.startswith("there")
    assert back.startswith("back")


def test_studies_version_and_help(tmp_path):
    listed = care_circle("studies", cwd=tmp_path).stdout
    assert [line.split()[0] for line in listed.splitlines()] == [
        "sample", "central-chongqing", "yuzhong",
    ]  # fmt: skip
    assert care_circle("--version", cwd=tmp_path).stdout.startswith("care-circle, version ")
    for command in ("run", "check", "compare", "route", "fetch", "init", "studies"):
        shown = care_circle(command, "--help", cwd=tmp_path)
        assert shown.returncode == 0
        assert len(shown.stdout.splitlines()) > 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "yuzong"], "There is no study 'yuzong'. Did you mean 'yuzhong'?"),
        (["run", "sample", "--walker", "runner"], "walker 'runner' is not known"),
        (["run", "sample", "--directon", "to"], "No such option"),
        (["rum"], "No such command"),
        (
            ["run", "sample", "--facilities", "nowhere.csv"],
            "nowhere.csv: facilities: does not exist",
        ),
        (["run", "sample", "--elevation", "nowhere.tif"], "nowhere.tif: elevation: does not exist"),
        (["check", "sample", "--areas", "nowhere.gpkg"], "nowhere.gpkg: areas: does not exist"),
        (["compare", "sample", "--walkers", "adult,runner"], "Not a walker: runner. Known: adult"),
        (["route", "sample", "--from", "107.8", "--to", "107.8,30.2"], "--from takes LON,LAT"),
        (
            ["route", "sample", "--from", "nan,nan", "--to", "107.8,30.2"],
            "nan,nan is not a longitude and a latitude",
        ),
        (["run", "sample", "--out", ""], "it is empty. Give a path"),
        (
            ["route", "sample", "--from", "0,0", "--to", "107.8,30.2"],
            "no street within 300 m of the start",
        ),
    ],
)
def test_usage_errors(tmp_path, words, said):
    done = care_circle(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def spoil_key(town):
    toml = town / "study.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace("direction", "directoin", 1),
                    encoding="utf-8")  # fmt: skip


def spoil_facilities_and_areas(town):
    (town / "facilities.csv").write_text(
        "id,name,tier,lon,lat\nC1,a,clinic,x,30\n", encoding="utf-8"
    )
    (town / "subdistricts.geojson").write_text("nonsense", encoding="utf-8")


def spoil_streets(town):
    (town / "streets.osm.pbf").write_bytes(b"<html>404</html>")


def move_boundary(town):
    boundary = {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": {}, "geometry": {
            "type": "Polygon",
            "coordinates": [[[10, 50], [10.1, 50], [10.1, 50.1], [10, 50.1], [10, 50]]]}}],
    }  # fmt: skip
    (town / "boundary.geojson").write_text(json.dumps(boundary), encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (spoil_key, ["the key 'directoin' is not known. Did you mean 'direction'?"]),
        (
            spoil_facilities_and_areas,
            ["row 2, column tier", "row 2, column lon", "subdistricts.geojson", "problems"],
        ),
        (spoil_streets, ["streets.osm.pbf: streets: cannot be read as pbf"]),
        (
            move_boundary,
            ["streets: none of them lies in the study area",
             "facilities: none of them lies in the study area", "elevation: lies elsewhere"],
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["run", "check"])
def test_bad_input_is_told_whole_and_leaves_earlier_results(
    town, tmp_path, command, spoil, expected
):
    out = tmp_path / "out"
    if command == "run":
        assert care_circle("run", town, "--out", out, "-q", cwd=tmp_path).returncode == 0
    before = {p.name: p.read_bytes() for p in out.iterdir() if p.is_file()} if out.exists() else {}
    spoil(town)
    words = ("--out", out) if command == "run" else ()
    done = care_circle(command, town, *words, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    for part in expected:
        assert part in done.stderr
    assert "Traceback" not in done.stderr
    after = {p.name: p.read_bytes() for p in out.iterdir() if p.is_file()} if out.exists() else {}
    assert after == before


@pytest.mark.parametrize("words", [("run", "--debug"), ("--debug", "run")])
def test_debug_shows_the_traceback(town, tmp_path, words):
    spoil_key(town)
    done = care_circle(*words, town, cwd=tmp_path)
    assert "Traceback" in done.stderr
    assert done.returncode != 0


def test_an_output_that_is_a_file_is_refused(town, tmp_path):
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    done = care_circle("run", town, "--out", "out", cwd=tmp_path)
    assert done.returncode == 1
    assert "out cannot be written to" in done.stderr
    assert (tmp_path / "out").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("words", [("init", "data/town"), ("run", "sample"), ("check",)])
def test_inputs_that_cannot_be_written_are_told(tmp_path, words):
    (tmp_path / "data").write_text("mine", encoding="utf-8")
    done = care_circle(*words, cwd=tmp_path)
    assert done.returncode == 1
    assert "cannot be written to" in done.stderr
    assert "went wrong inside" not in done.stderr


def test_results_of_another_study_are_replaced_with_a_warning(town, tmp_path):
    out = ("--out", "out", "-q")
    assert care_circle("run", town, *out, cwd=tmp_path).stderr == ""
    toml = town / "study.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace('name = "', 'name = "new-', 1), encoding="utf-8")
    done = care_circle("run", town, *out, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "warning: out holds results of the study '" in done.stderr


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [(0.2, 0, "0"), (-0.2, 0, "0"), (-0.0, 0, "0"), (12.4, 0, "+12"), (-3.6, 0, "-4"),
     (-0.04, 1, "0.0"), (0.7, 1, "+0.7"), (-0.7, 1, "-0.7")],
)  # fmt: skip
def test_changes_have_one_sign(value, digits, shown):
    assert _signed(value, digits) == shown


def test_help_names_the_default_folder(tmp_path):
    shown = " ".join(care_circle("run", "--help", cwd=tmp_path).stdout.split())
    assert "(default: data/processed/STUDY)" in shown
    assert "<study>" not in shown


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for a child process")
def test_an_interrupted_run_ends_with_130_and_leaves_earlier_results(town, tmp_path):
    out = tmp_path / "out"
    assert care_circle("run", town, "--out", out, "-q", cwd=tmp_path).returncode == 0
    before = {p.name: p.read_bytes() for p in out.iterdir() if p.is_file()}
    running = subprocess.Popen(
        [sys.executable, "-m", "coverage", "run", str(town), "--out", str(out)],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
    )  # fmt: skip
    time.sleep(1.5)
    running.send_signal(signal.SIGINT)
    _, stderr = running.communicate(timeout=60)
    assert running.returncode == 130, stderr
    assert "Interrupted. Results are whole" in stderr
    assert "Traceback" not in stderr
    assert {p.name: p.read_bytes() for p in out.iterdir() if p.is_file()} == before
