"""The benchmarks: this program beside its rivals, step by step, in one run on the same input.

    python benchmarks/suite.py [--sizes 10000 100000 1000000] [--yuzhong DIR] [--smoke]

Every measurement is a process of its own. A rival's answer is compared with this program's, and a
rival that differs ends the run. Rivals that are not installed are named and left out. Tables go to
`--out` (benchmarks/results by default, and then into docs/benchmarks.md; a scratch folder with
--smoke) after every place, so that what was measured is not lost.
"""

import argparse
import importlib.util
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import osmium
import sheets
from compare import agreement
from measure import MANY, OURS
from municipality import SIZES, write_municipality
from ours import study_of
from promises import RATE_NODES, without_map

HERE = Path(__file__).parent
STEPS: dict[str, tuple[str, ...]] = {
    "read": ("OSMnx", "OSMnx, simplified"),
    "nearest": ("networkx", "igraph", "pandana", "scipy"),
    "reach": ("networkx cutoff", "networkx ego_graph", "igraph", "scipy"),
    "polygons": ("buffer each, union", "the same, coarse", "buffer of all"),
}
NEEDS = {"igraph": "igraph", "pandana": "pandana"}
"""Rivals that are not among this program's own dependencies, and their modules."""
ALONE = ("read whole file", "nearest both ways", "reach bands", "isochrones")
"""Steps that a run of this program does and no rival can be asked for."""
MOST_NODES = {"OSMnx": 300_000, "OSMnx, simplified": 300_000, "pandana": 300_000}
"""Beyond it these are left out: reading would take an hour, pandana some 15 GB."""
CROWDS = (1_500, 3_000, 6_000)
"""Facilities anywhere, to see whether their cost is linear."""
SMOKE_SIZE = 10_000
SMOKE_CROWDS = (50, 100)
PAGE = HERE.parent / "docs" / "benchmarks.md"


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
    more_mb: float
    build_s: float | None
    rounds: int
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
    most_nodes: Mapping[str, int] = field(default_factory=lambda: MOST_NODES)
    lines: list[Measured] = field(default_factory=list)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    commands: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def place(
        self, name: str, folder: Path, *, whole_run: bool, crowds: Sequence[int] = ()
    ) -> None:
        """Measure everything at one place."""
        kept = self.scratch / f"{name} kept"
        kept.mkdir(exist_ok=True)
        _say(f"{name}: preparing")
        (ready,) = self._do([self._task("prepare", OURS, folder, kept)])
        size = ready["size"]["walking_nodes"]
        (_,) = self._do([self._task("keep reach", OURS, folder, kept)])
        ways = _highways_apart(folder, kept)
        _say(f"{name}: {size:,} walking nodes, {ready['size']['facilities']:,} facilities, "
             f"{ways:,} highway ways")  # fmt: skip
        for step, rivals in STEPS.items():
            self._step(name, size, step, self._who(rivals, name, size), folder, kept)
        for step in (*ALONE, *(f"{MANY}{count:,}" for count in crowds)):
            self._step(name, size, step, [], folder, kept)
        if whole_run:
            (run,) = self._do([self._task("run", OURS, folder, kept)])
            self.runs[name] = {"nodes": size, **run["run"]}
            took = without_map(self.runs[name])
            _say(f"{name}: whole run but the map {took.clock_s:.1f} s, {took.cpu_s:.1f} s of the "
                 f"processor, {took.peak_mb:,.0f} MB")  # fmt: skip

    def command(self, folder: Path) -> None:
        """Time the command on the real data, first from nothing and then from what it kept."""
        study, out = self.scratch / "yuzhong.toml", self.scratch / "yuzhong out"
        study.write_text(study_of(folder), encoding="utf-8")
        shutil.rmtree(out, ignore_errors=True)
        for name, most_s in (("cold", 12.0), ("warm", 3.0)):
            begin, before_s = time.perf_counter(), _children_s()
            subprocess.run(
                [sys.executable, "-c", "from coverage.cli import main; main()", "run", str(study),
                 "--out", str(out), "--quiet"], check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip
            seconds, cpu_s = time.perf_counter() - begin, _children_s() - before_s
            self.commands.append(
                {"name": name, "most_s": most_s, "seconds": seconds, "cpu_s": cpu_s}
            )
            _say(f"Yuzhong by the command, {name}: {seconds:.1f} s, {cpu_s:.1f} s of the processor")

    def _who(self, rivals: Sequence[str], name: str, size: int) -> list[str]:
        those = [rival for rival in rivals if _is_installed(rival)]
        able = [rival for rival in those if size <= self.most_nodes.get(rival, size)]
        self.left_out += [
            f"{rival} is left out at {name}: at so many nodes it takes too long or too much memory."
            for rival in those if rival not in able
        ]  # fmt: skip
        return able

    def _step(
        self, name: str, size: int, step: str, rivals: list[str], folder: Path, kept: Path
    ) -> None:
        everyone = [OURS, *rivals]
        tasks = [self._task(step, who, folder, kept) for who in everyone]
        # In turn, so that a slow minute of the machine falls on all.
        rounds, begin = [self._do(tasks)], time.perf_counter()
        while len(rounds) < self.repeat and time.perf_counter() - begin < self.budget_s:
            rounds.append(self._do(tasks))
        for position, who in enumerate(everyone):
            found = [one[position] for one in rounds]
            middle = sorted(found, key=lambda f: f["cpu_s"] / f["done"])[len(found) // 2]
            agrees = ""
            if who != OURS:
                ours, theirs = (Path(tasks[k]["answer"]) for k in (0, position))
                agrees = agreement(step, who, ours, theirs)
            line = Measured(
                name, size, step, who, middle["seconds"], middle["cpu_s"], middle["done"],
                statistics.median(f["peak_mb"] for f in found),
                statistics.median(f["more_mb"] for f in found),
                middle.get("build_s"), len(rounds), agrees,
            )  # fmt: skip
            self.lines.append(line)
            _say(f"{name:>12} {step:<18} {who:<20} {line.cpu_s:9.3f} s {line.done:6d} done "
                 f"{line.more_mb:7.0f} MB  {agrees}")  # fmt: skip

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


def _highways_apart(folder: Path, kept: Path) -> int:
    """Write the highway ways and their nodes as XML, for OSMnx, and as PBF; return how many."""
    (pbf,) = folder.glob("*.osm.pbf")
    xml, ways = kept / "highways.osm", 0
    with osmium.BackReferenceWriter(str(xml), ref_src=str(pbf), overwrite=True) as writer:
        for way in osmium.FileProcessor(str(pbf), osmium.osm.WAY).with_filter(
            osmium.filter.KeyFilter("highway")
        ):
            writer.add(way)
            ways += 1
    with osmium.SimpleWriter(str(kept / "highways.osm.pbf"), overwrite=True) as writer:
        for one in osmium.FileProcessor(str(xml)):
            writer.add(one)
    return ways


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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
    parser.add_argument(
        "--budget-s",
        type=float,
        default=30.0,
        help="for each rival and step, and for repeating a step",
    )
    parser.add_argument("--most", type=int, default=200, help="facilities that a rival is given")
    parser.add_argument(
        "--slow-most",
        type=int,
        default=max(MOST_NODES.values()),
        help="walking nodes beyond which the slowest rivals are left out",
    )
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
        bench.most_nodes = dict.fromkeys(MOST_NODES, options.slow_most)
        sizes, out, page = options.sizes, options.out, None
        if out == HERE / "results" and not options.smoke:
            page = PAGE
        if options.smoke:
            sizes, out = [SMOKE_SIZE], Path(temporary) / "results"
            bench.repeat, bench.budget_s, bench.most = 1, 1.5, 12
        whole_run = not (options.no_run or options.smoke)
        machine = (
            f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
            f"{os.getloadavg()[0]:.1f} processes waiting for them at the beginning; medians of up "
            f"to {bench.repeat} rounds"
        )

        def write() -> None:
            sheets.write(
                out, [line.row() for line in bench.lines], bench.runs, bench.commands,
                machine=machine, left_out=bench.left_out, page=page,
            )  # fmt: skip

        for nodes in sizes:
            folder = scratch / f"municipality-{nodes}"
            if not (folder / "study.toml").is_file():
                write_municipality(folder, nodes)
            crowds = SMOKE_CROWDS if options.smoke else CROWDS if nodes == RATE_NODES else ()
            bench.place(f"{nodes:,}", folder, whole_run=whole_run, crowds=crowds)
            write()
        if options.yuzhong and options.yuzhong.is_dir() and not options.smoke:
            bench.place("Yuzhong", options.yuzhong, whole_run=whole_run)
            bench.command(options.yuzhong)
            write()
        for name in ("ratios", "promises"):
            _say("\n" + (out / f"{name}.md").read_text("utf-8"))


if __name__ == "__main__":
    main()
