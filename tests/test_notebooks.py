"""The notebooks: committed clean, read by Chinese planners first, and run from top to bottom."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from matplotlib import font_manager

import coverage

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
PLANNED = ["01-first-look", "02-your-own-district", "03-stairs-and-slopes", "04-where-next"]
LONGEST_S = 60

CHINESE = re.compile(r"[\u4e00-\u9fff]")
NOT_PROSE = re.compile(r"`[^`]*`|\[[^\]]*\]\([^)]*\)")


def cells_of(name: str, kind: str) -> list[dict[str, Any]]:
    notebook = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def test_all_are_there():
    assert set(PLANNED) <= set(NOTEBOOKS)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_they_are_committed_without_outputs(name):
    text = (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")
    notebook = json.loads(text)
    nbformat.validate(notebook)
    for cell in cells_of(name, "code"):
        assert (cell["outputs"], cell["execution_count"]) == ([], None), cell["id"]
    # What one machine or another editor would add, and change again.
    assert {key: sorted(part) for key, part in notebook["metadata"].items()} == {
        "kernelspec": ["display_name", "language", "name"],
        "language_info": ["name"],
    }
    assert all(cell["metadata"] == {} for cell in notebook["cells"])
    assert text == json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_their_cells_have_names_and_not_random_ids(name):
    ids = [cell["id"] for kind in ("markdown", "code") for cell in cells_of(name, kind)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", ident) for ident in ids)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_section_is_in_chinese_with_an_english_summary(name):
    for cell in cells_of(name, "markdown"):
        chinese, _, english = "".join(cell["source"]).partition("> **English.** ")
        prose = [line for line in chinese.splitlines() if line and not line.startswith("#")]
        assert CHINESE.search("".join(prose)), cell["id"]
        assert re.search(r"[a-z]{3}", english), cell["id"]
        assert not CHINESE.search(english), cell["id"]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_figure_is_typed_into_the_prose(name):
    for cell in cells_of(name, "markdown"):
        assert not re.search(r"\d", NOT_PROSE.sub("", "".join(cell["source"]))), cell["id"]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_their_cells_are_short(name):
    for cell in cells_of(name, "code"):
        assert len(cell["source"]) <= 25, cell["id"]


@dataclass
class Run:
    """One notebook after its run: what its cells show, and what it took and left."""

    name: str
    cells: dict[str, list[dict[str, Any]]]
    seconds: float
    left: list[str]

    def shown(self, cell: str, kind: str) -> str:
        data = [output["data"] for output in self.cells[cell] if "data" in output]
        return "".join("".join(part[kind]) for part in data if kind in part)


RUNS: dict[str, Run] = {}


@pytest.fixture
def run(request, tmp_path) -> Run:
    name = request.param
    if name not in RUNS:
        RUNS[name] = execute(name, tmp_path)
    return RUNS[name]


def execute(name: str, scratch: Path, code: str = "") -> Run:
    # Otherwise the first chart on a new machine would say that it looks for fonts.
    assert font_manager.fontManager.ttflist
    folder, executed = scratch / "cwd", scratch / "executed.ipynb"
    folder.mkdir()
    private = ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    # A process of its own: what Jupyter itself warns of is no error of ours.
    begin = os.times()
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("execute_notebook.py"),
         FOLDER / f"{name}.ipynb", executed, code],
        cwd=folder, env={**os.environ, **{key: str(scratch / key) for key in private}},
        capture_output=True, text=True, timeout=5 * LONGEST_S, check=False,
    )  # fmt: skip
    end = os.times()
    assert done.returncode == 0, done.stderr
    notebook = json.loads(executed.read_text(encoding="utf-8"))
    return Run(
        name=name,
        cells={cell["id"]: cell.get("outputs", []) for cell in notebook["cells"]},
        # Of the processor, the kernel's among them: others may be at work on the machine.
        seconds=sum(
            getattr(end, name) - getattr(begin, name)
            for name in ("children_user", "children_system")
        ),
        left=[str(path) for path in folder.rglob("*")],
    )


def of(*names: str):
    return pytest.mark.parametrize("run", names, indirect=True)


@pytest.mark.notebooks
@of(*NOTEBOOKS)
def test_they_run_from_top_to_bottom(run):
    outputs = [output for outputs in run.cells.values() for output in outputs]
    assert outputs
    assert [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"] == []
    assert run.left == [], "a notebook writes to its temporary folder only"
    assert run.seconds < LONGEST_S


class Markup(HTMLParser):
    """What a browser makes of an output: its tags with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


@pytest.mark.notebooks
@of("01-first-look")
def test_the_first_shows_its_steps_its_figures_and_the_map(run):
    assert "gaps 缺口" in run.shown("analyse", "text/plain")
    assert "✓" in run.shown("analyse", "text/plain")
    assert "社区养老服务站" in run.shown("headline", "text/html")
    (frame,) = Markup(run.shown("show-map", "text/html")).found
    assert frame[0] == "iframe"
    assert "示例山城" in (frame[1]["srcdoc"] or "")
    assert (frame[1]["srcdoc"] or "").lower().startswith("<!doctype html>")
    assert run.shown("curve-chart", "image/png")
    assert "map.html" in run.shown("save-all", "text/html")


@pytest.mark.notebooks
@of("02-your-own-district")
def test_the_second_lists_every_problem_at_once(run):
    table = run.shown("check-it", "text/html")
    for told in ("社区食堂", "row 3, column lon", "C004", "is negative", "约五百"):
        assert told in table, told
    assert "拄杖 cane" in run.shown("what-ifs-table", "text/html")


@pytest.mark.notebooks
@of("03-stairs-and-slopes")
def test_the_third_draws_its_walk_up_a_stairway(run):
    assert run.shown("compare-chart", "image/png")
    assert run.shown("profile-chart", "image/png")
    assert "<td>stairs</td>" in run.shown("profile-table", "text/html")


@pytest.mark.notebooks
@of("04-where-next")
def test_the_fourth_gains_what_it_foretold(run):
    foretold = re.search(
        r"可新覆盖老年人 \*\*([\d,]+)\*\*", run.shown("shortlist-sentence", "text/markdown")
    )
    gained = re.search(r"增加 \*\*([\d,]+)\*\*", run.shown("run-again-sentence", "text/markdown"))
    assert foretold
    assert gained
    assert foretold[1] == gained[1] != "0"


HOSTILE = [
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "quotes \" ' ` $x$ <b>&amp;",
    "مركز الرعاية 12",
    "😀👵🏽",
    "梯坎" * 150,
]


@pytest.mark.notebooks
def test_hostile_names_are_text_in_a_notebook(tmp_path):
    folder = tmp_path / "study"
    toml = coverage.init_study(folder)
    facilities = pd.read_csv(folder / "facilities.csv", dtype=str)
    facilities["name"] = [HOSTILE[k % len(HOSTILE)] for k in range(len(facilities))]
    facilities.to_csv(folder / "facilities.csv", index=False)
    areas = json.loads((folder / "subdistricts.geojson").read_text(encoding="utf-8"))
    for feature, name in zip(areas["features"], [*HOSTILE, "x"], strict=True):
        feature["properties"]["name"] = name
    (folder / "subdistricts.geojson").write_text(json.dumps(areas), encoding="utf-8")
    text = re.sub(r"(?m)^title = .*$", f"title = '{HOSTILE[1]}'", toml.read_text(encoding="utf-8"))
    toml.write_text(text, encoding="utf-8")
    code = (
        "import coverage\n_load = coverage.load_study\n"
        f"coverage.load_study = lambda *_, **__: _load({str(folder)!r})\n"
    )
    run = execute("01-first-look", tmp_path, code)
    shown = [Markup(run.shown(cell, "text/html")) for cell in run.cells]
    tags = {tag for page in shown for tag, _ in page.found}
    assert not tags & {"script", "img"}
    everything = "".join(page.text for page in shown)
    for name in HOSTILE[:5]:
        assert name in everything, name
    assert "<b>&amp;" in everything
    for cell in run.cells:
        assert "alert" not in run.shown(cell, "text/markdown"), cell
