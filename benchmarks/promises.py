"""What is promised of this program's speed, and whether what was measured keeps it.

Ratios are judged by processor time, which other users of the machine change least. Seconds are
judged by the lesser of processor time and clock. Both say more than the clock of a machine that has
nothing else to do: the one where work is done on two cores at once, the other where others work on
the machine. Memory is of the whole process.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

OURS = "care-circle"
RATIOS = {
    ("read", "OSMnx, simplified"): 20.0,
    ("nearest", "networkx"): 8.0,
    ("reach", "networkx cutoff"): 4.0,
    ("reach", "networkx ego_graph"): 25.0,
    ("polygons", "buffer each, union"): 10.0,
}
"""How many times faster than a rival each step is to be."""
FULL_NODES = 900_000
"""What has so many walking nodes is of full size."""
RATE_A_S = 4_000.0
RATE_NODES = 258_000
MANY = "reach of "
LINEAR = 1.25
"""By how much a facility may cost more among four times as many."""
FLAT = 2.0
_MB = 1_000.0

Line = Mapping[str, Any]
Run = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Promise:
    """One figure that is asked for, and what was measured."""

    what: str
    asked: str
    measured: str
    met: bool

    def row(self) -> str:
        """Return a line of a table."""
        met = "yes" if self.met else "**no**"
        return f"| {self.what} | {self.asked} | {self.measured} | {met} |"


def promises(
    lines: Sequence[Line], runs: Mapping[str, Run], commands: Sequence[Line]
) -> list[Promise]:
    """Return every promise that what was measured can tell of."""
    return [
        *_ratios(lines), *_rate(lines), *_growth(lines, runs), *_full(lines, runs),
        *_commands(commands),
    ]  # fmt: skip


def table(found: Sequence[Promise]) -> str:
    """Return the promises as a table to read."""
    head = "| promised | asked | measured | met |\n|---|---:|---|---|\n"
    return head + "".join(f"{one.row()}\n" for one in found)


def _of(lines: Sequence[Line], step: str, who: str = OURS) -> list[Line]:
    found = [x for x in lines if x["step"] == step and x["who"] == who]
    return sorted(found, key=lambda x: int(x["nodes"]))


def _ratios(lines: Sequence[Line]) -> Iterator[Promise]:
    for (step, who), least in RATIOS.items():
        ours = {x["place"]: x for x in _of(lines, step)}
        theirs = [x for x in _of(lines, step, who) if x["place"] in ours]
        if not theirs:
            continue
        ratios = [x["cpu_each_s"] / ours[x["place"]]["cpu_each_s"] for x in theirs]
        last = theirs[-1]["place"]
        measured = f"{ratios[-1]:.1f} × at {last}"
        if len(ratios) > 1:
            measured += f"; {min(ratios):.1f} to {max(ratios):.1f} × at all places"
        yield Promise(f"{step}, beside {who}", f"≥ {least:.0f} ×", measured, ratios[-1] >= least)


def _rate(lines: Sequence[Line]) -> Iterator[Promise]:
    many = sorted((x for x in lines if x["step"].startswith(MANY)), key=lambda x: int(x["done"]))
    if not many:
        return
    rates = [1 / x["cpu_each_s"] for x in many]
    measured = ", ".join(
        f"{rate:,.0f} with {x['done']:,}" for x, rate in zip(many, rates, strict=True)
    )
    yield Promise(
        f"facilities/s, each one's reach, {many[0]['nodes']:,} nodes, one core",
        f"≥ {RATE_A_S:,.0f}", measured, min(rates) >= RATE_A_S,
    )  # fmt: skip
    growth = many[-1]["cpu_each_s"] / many[0]["cpu_each_s"]
    yield Promise(
        "reach linear in facilities", f"≤ {LINEAR} × each",
        f"{growth:.2f} × from {many[0]['done']:,} to {many[-1]['done']:,}", growth <= LINEAR,
    )  # fmt: skip


def _growth(lines: Sequence[Line], runs: Mapping[str, Run]) -> Iterator[Promise]:
    made = [x for x in lines if x["place"] != "Yuzhong"]
    for step in dict.fromkeys(step for step, _ in RATIOS):
        points = [(x["nodes"], x["cpu_s"]) for x in _of(made, step)]
        yield from _flat(step, points)
    points = [(run["nodes"], without_map(run).cpu_s) for name, run in runs.items()
              if name != "Yuzhong"]  # fmt: skip
    yield from _flat("a whole run but the map", sorted(points))


def _flat(what: str, points: Sequence[tuple[int, float]]) -> Iterator[Promise]:
    """Judge what a node costs at the largest against the least that it costs at any size."""
    if len(points) < 2:
        return
    each = [seconds / nodes * 1e6 for nodes, seconds in points]
    growth = each[-1] / min(each)
    said = ", ".join(f"{e:.3g}" for e in each)
    yield Promise(
        f"{what}: cost a node, {points[0][0]:,} to {points[-1][0]:,} nodes", f"≤ {FLAT:.0f} ×",
        f"{growth:.2f} × the least ({said} µs)", growth <= FLAT,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Took:
    """What a whole run took: seconds by the clock and of the processor, and its peak, MB."""

    clock_s: float
    cpu_s: float
    peak_mb: float


def without_map(run: Run) -> Took:
    """Return what a run's steps but the map took."""
    steps = [took for name, took in run["steps"].items() if name != "map"]
    clock, peak, busy = zip(*steps, strict=True)
    return Took(sum(clock), sum(busy), max(peak))


def _full(lines: Sequence[Line], runs: Mapping[str, Run]) -> Iterator[Promise]:
    for name, run in runs.items():
        if run["nodes"] >= FULL_NODES:
            took = without_map(run)
            yield Promise(
                f"{name} nodes end to end, PBF to all outputs but the map", "< 120 s, 6 GB",
                f"{_seconds(took.cpu_s, took.clock_s)}, {took.peak_mb / _MB:.1f} GB",
                min(took.cpu_s, took.clock_s) < 120 and took.peak_mb < 6 * _MB,
            )  # fmt: skip
            yield Promise(
                f"assessment, gaps and GeoPackage of its {run['homes']:,} homes, by the clock",
                "< 20 s", f"{run['assessed_s']:.1f} s", run["assessed_s"] < 20,
            )  # fmt: skip
    full = [x for x in lines if x["nodes"] >= FULL_NODES and x["place"] != "Yuzhong"]
    for line in _of(full, "read whole file"):
        peak = line["peak_mb"]
        yield Promise(
            f"{line['place']} nodes read, buildings passed over", "< 20 s, 2.5 GB",
            f"{_seconds(line['cpu_s'], line['seconds'])}, {peak / _MB:.1f} GB",
            _least(line) < 20 and peak < 2.5 * _MB,
        )  # fmt: skip
    of_each, of_all = _of(full, "polygons"), _of(full, "isochrones")
    if of_each and of_all:
        own, everyone = of_each[0], of_all[0]
        yield Promise(
            "isochrones of all its facilities, one core", "< 25 s on two",
            _seconds(own["cpu_s"], own["seconds"]), _least(own) < 25,
        )  # fmt: skip
        tiers_s, clock_s = (everyone[key] - own[key] for key in ("cpu_s", "seconds"))
        yield Promise(
            "and of its tiers", "< 10 s", _seconds(tiers_s, clock_s), min(tiers_s, clock_s) < 10
        )


def _commands(commands: Sequence[Line]) -> Iterator[Promise]:
    for line in commands:
        yield Promise(
            f"`care-circle run` on Yuzhong, {line['name']}", f"< {line['most_s']:.0f} s",
            _seconds(line["cpu_s"], line["seconds"]), _least(line) < line["most_s"],
        )  # fmt: skip


def _least(line: Mapping[str, Any]) -> float:
    return min(line["cpu_s"], line["seconds"])


def _seconds(cpu_s: float, clock_s: float) -> str:
    return f"{cpu_s:.1f} s ({clock_s:.1f} s by the clock)"
