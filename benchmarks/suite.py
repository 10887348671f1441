"""The benchmarks: this program beside its rivals, step by step, in one run on the same input.

    python benchmarks/suite.py [--sizes 10000 100000 1000000] [--yuzhong DIR] [--smoke]

Every measurement is a process of its own. A rival's answer is compared with this program's first;
one that differs is not timed. Rivals that are not installed are named and left out. Tables go to
`--out` (benchmarks/results by default, a scratch folder with --smoke).
"""

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import osmium
import sheets
from compare import agreement
from measure import OURS
from municipality import SIZES, write_municipality

HERE = Path(__file__).parent
STEPS: dict[str, tuple[str, ...]] = {
    "read": ("OSMnx", "OSMnx, simplified"),
    "nearest": ("networkx", "igraph", "pandana", "scipy"),
    "reach": ("networkx cutoff", "networkx ego_graph", "igraph", "scipy"),
    "polygons": ("buffer each, union", "buffer of all"),
}
NEEDS = {"igraph": "igraph", "pandana": "pandana"}
"""Rivals that are not among this program's own dependencies, and their modules."""
ALONE = ("nearest both ways", "reach bands")
"""Steps that a run of this program does and no rival can be asked for."""
SMOKE_SIZE = 10_000
_LONGEST_READ_NODES = 1_000_000


@dataclass(frozen=True, slots=True)
class Measured:
    """One line of the table: medians over the repetitions."""

    place: str
    nodes: int
    step: str
    who: str
    seconds: float
    cpu_s: float
    done: int
    peak_mb: float
    build_s: float | None
    agrees: str

    def row(self) -> dict[str, Any]:
        """Return the fields, and seconds for each piece of work: a file, a facility, a polygon."""
        done = max(self.done, 1)
        return {**asdict(self), "each_s": self.seconds / done, "cpu_each_s": self.cpu_s / done}


@dataclass(slots=True)
class Bench:
    """What is measured, where, and what came of it."""

    scratch: Path
    repeat: int
    budget_s: float
    most: int
    together: bool
    lines: list[Measured] = field(default_factory=list)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)

    def place(self, name: str, folder: Path, *, whole_run: bool) -> None:
        """Measure everything at one place."""
        kept = self.scratch / f"{name} kept"
        kept.mkdir(exist_ok=True)
        _say(f"{name}: preparing")
        (ready,) = self._do([self._task("prepare", OURS, folder, kept)])
        size = ready["size"]["walking_nodes"]
        (_,) = self._do([self._task("keep reach", OURS, folder, kept)])
        ways = _highways_as_xml(folder, kept / "highways.osm")
        _say(f"{name}: {size:,} walking nodes, {ready['size']['facilities']:,} facilities, "
             f"{ways:,} highway ways")  # fmt: skip
        for step, rivals in STEPS.items():
            self._step(name, size, step, [r for r in rivals if _is_installed(r)], folder, kept)
        for step in ALONE:
            self._step(name, size, step, [], folder, kept)
        if whole_run:
            (run,) = self._do([self._task("run", OURS, folder, kept)])
            self.runs[name] = {"nodes": size, "peak_mb": run["peak_mb"], **run["steps"]}
            _say(f"{name}: whole run {run['seconds']:.1f} s, {run['peak_mb']:,.0f} MB")

    def _step(
        self, name: str, size: int, step: str, rivals: list[str], folder: Path, kept: Path
    ) -> None:
        everyone = [OURS, *rivals]
        tasks = [self._task(step, who, folder, kept) for who in everyone]
        # In turn, so that a slow minute of the machine falls on all.
        rounds = [self._do(tasks) for _ in range(self.repeat)]
        for position, who in enumerate(everyone):
            found = [one[position] for one in rounds]
            middle = sorted(found, key=lambda f: f["seconds"] / f["done"])[len(found) // 2]
            agrees = ""
            if who != OURS:
                ours, theirs = (Path(tasks[k]["answer"]) for k in (0, position))
                agrees = agreement(step, who, ours, theirs)
            line = Measured(
                name, size, step, who, middle["seconds"], middle["cpu_s"], middle["done"],
                statistics.median(f["peak_mb"] for f in found), middle.get("build_s"), agrees,
            )  # fmt: skip
            self.lines.append(line)
            _say(f"{name:>12} {step:<18} {who:<20} {line.seconds:9.3f} s {line.done:6d} done "
                 f"{line.peak_mb:7.0f} MB  {agrees}")  # fmt: skip

    def _task(self, step: str, who: str, folder: Path, kept: Path) -> dict[str, Any]:
        return {
            "step": step, "who": who, "place": str(folder), "kept": str(kept),
            "answer": str(kept / f"{step} {who}.npz"), "budget_s": self.budget_s,
            "most": self.most,
        }  # fmt: skip

    def _do(self, tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if self.together:
            return _in_a_process(tasks)
        return [_in_a_process([task])[0] for task in tasks]


def _in_a_process(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
        json.dump(tasks, file)
    try:
        done = subprocess.run(
            [sys.executable, str(HERE / "measure.py"), file.name],
            stdout=subprocess.PIPE, check=True, text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
    finally:
        Path(file.name).unlink()
    return [json.loads(line) for line in done.stdout.splitlines()]


def _highways_as_xml(folder: Path, xml: Path) -> int:
    """Write the highway ways and their nodes as XML for OSMnx; return the number of ways."""
    (pbf,) = folder.glob("*.osm.pbf")
    ways = 0
    with osmium.BackReferenceWriter(str(xml), ref_src=str(pbf), overwrite=True) as writer:
        for way in osmium.FileProcessor(str(pbf), osmium.osm.WAY).with_filter(
            osmium.filter.KeyFilter("highway")
        ):
            writer.add(way)
            ways += 1
    return ways


def _is_installed(rival: str) -> bool:
    return importlib.util.find_spec(NEEDS.get(rival, "coverage")) is not None


def _say(line: str) -> None:
    print(line, flush=True)


def main() -> None:
    """Measure, compare, write the tables, print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--yuzhong", type=Path, help="folder of the real data")
    parser.add_argument("--scratch", type=Path, help="where to keep what is generated")
    parser.add_argument("--out", type=Path, default=HERE / "results")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--budget-s", type=float, default=30.0, help="for each rival and step")
    parser.add_argument("--most", type=int, default=200, help="facilities that a rival is given")
    parser.add_argument("--no-run", action="store_true", help="leave out whole runs")
    parser.add_argument("--smoke", action="store_true", help="small, quick, kept nowhere")
    options = parser.parse_args()
    for rival in sorted(NEEDS):
        if not _is_installed(rival):
            _say(f"{rival} is not installed: left out (benchmarks/requirements.txt has it)")
    with tempfile.TemporaryDirectory() as temporary:
        scratch = options.scratch or Path(temporary)
        scratch.mkdir(parents=True, exist_ok=True)
        bench = Bench(scratch, options.repeat, options.budget_s, options.most, options.smoke)
        sizes, out, repeats = options.sizes, options.out, options.repeat
        if options.smoke:
            sizes, out = [SMOKE_SIZE], Path(temporary) / "results"
            bench.repeat, bench.budget_s, bench.most, repeats = 1, 1.5, 12, 1
        for nodes in sizes:
            folder = scratch / f"municipality-{nodes}"
            if not (folder / "study.toml").is_file():
                write_municipality(folder, nodes)
            bench.place(f"{nodes:,}", folder, whole_run=not (options.no_run or options.smoke))
        if options.yuzhong and options.yuzhong.is_dir() and not options.smoke:
            bench.place("Yuzhong", options.yuzhong, whole_run=not options.no_run)
        machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"
        sheets.write(
            out, [line.row() for line in bench.lines], bench.runs,
            machine=machine, repeats=repeats,
        )  # fmt: skip
        _say("\n" + (out / "ratios.md").read_text("utf-8"))


if __name__ == "__main__":
    main()
