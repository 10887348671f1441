"""What the benchmarks write: a CSV of every measurement, tables to read, a plot, the docs' page."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from promises import MANY, OURS, RATE_NODES, RATIOS, promises, table, without_map

EACH = {"read": "file", "nearest": "network", "reach": "facility", "polygons": "polygon",
        "nearest both ways": "network", "reach bands": "facility",
        "isochrones": "polygon", "read whole file": "file"}  # fmt: skip
LIMIT_REACH_A_S = 57_000.0
LIMIT_NEAREST_S = (0.02, 0.05)
LIMIT = (
    f"The limit, for scale: a compiled kernel (C++, bucket queue, one core, {RATE_NODES:,} nodes, "
    f"measured elsewhere) finds the nearest facility of every node in {LIMIT_NEAREST_S[0]} to "
    f"{LIMIT_NEAREST_S[1]} s and the reach of each facility at {LIMIT_REACH_A_S:,.0f} a second."
)
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
"""Between these a page of the docs holds what was measured last."""

Line = Mapping[str, Any]
Run = Mapping[str, Any]


def write(
    folder: Path, lines: Sequence[Line], runs: Mapping[str, Run], commands: Sequence[Line], *,
    machine: str, left_out: Sequence[str], page: Path | None,
) -> None:  # fmt: skip
    """Write `measurements.csv`, the tables and, where matplotlib is, `growth.svg` and `.png`.

    Where a `page` is given, what it holds between its marks becomes the tables.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "measurements.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: _short(v) for k, v in line.items()} for line in lines)
    parts = {
        "promises": f"{machine}.\n\n{table(promises(lines, runs, commands))}",
        "ratios": _ratios(lines) + f"\n{LIMIT}\n" + "".join(f"\n{one}\n" for one in left_out),
    }
    if runs:
        parts["runs"] = _runs(runs) + "\n" + _a_node(runs)
    for name, text in parts.items():
        (folder / f"{name}.md").write_text(text, "utf-8")
    _plot(folder / "growth", lines, runs)
    if page is not None:
        _show(page, parts)


def _show(page: Path, parts: Mapping[str, str]) -> None:
    head, _, rest = page.read_text("utf-8").partition(BEGIN)
    tail = rest.partition(END)[2]
    titles = {"promises": "What is promised", "ratios": "Beside rivals", "runs": "Whole runs"}
    text = "\n".join(f"### {titles[name]}\n\n{part}" for name, part in parts.items())
    page.write_text(f"{head}{BEGIN}\n\n{text}\n{END}{tail}", "utf-8")


def _short(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _each(step: str) -> str:
    return "facility" if step.startswith(MANY) else EACH[step]


def _ratios(lines: Sequence[Line]) -> str:
    rows = ["| place | step | who | for each | by the clock | of CPU | promised | its graph | "
            "more MB | peak MB | compared |",
            "|---|---|---|---:|---:|---:|---:|---:|---:|---:|---|"]  # fmt: skip
    ours = {(x["place"], x["step"]): x for x in lines if x["who"] == OURS}
    for line in lines:
        mine = ours[line["place"], line["step"]]
        ratio = busy = promised = ""
        if line["who"] != OURS:
            ratio = f"{line['each_s'] / mine['each_s']:.1f} ×"
            busy = f"{line['cpu_each_s'] / mine['cpu_each_s']:.1f} ×"
            target = RATIOS.get((line["step"], line["who"]))
            promised = f"{target:.0f} ×" if target else ""
        sampled = line["who"] != OURS and line["done"] < mine["done"]
        each = f"{_time(line['cpu_each_s'])} a {_each(line['step'])}"
        each += f" (of {line['done']})" if sampled else ""
        built = "" if line["build_s"] is None else _time(line["build_s"])
        rows.append(
            f"| {line['place']} | {line['step']} | {line['who']} | {each} | {ratio} | {busy} | "
            f"{promised} | {built} | {line['more_mb']:.0f} | {line['peak_mb']:.0f} | "
            f"{line['agrees']} |"
        )
    return "\n".join(rows) + "\n"


def _time(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} µs"


def _runs(runs: Mapping[str, Run]) -> str:
    steps = list(next(iter(runs.values()))["steps"])
    rows = ["Seconds by the clock of each step; the map apart from the other files.\n",
            "| place | " + " | ".join(steps) + " | all but the map | of the processor | peak MB |",
            "|---|" + "---:|" * (len(steps) + 3)]  # fmt: skip
    for name, run in runs.items():
        cells = " | ".join(f"{run['steps'][step][0]:.2f}" for step in steps)
        took = without_map(run)
        rows.append(
            f"| {name} | {cells} | {took.clock_s:.1f} | {took.cpu_s:.1f} | {took.peak_mb:.0f} |"
        )
    return "\n".join(rows) + "\n"


def _a_node(runs: Mapping[str, Run]) -> str:
    """Return how the cost for each node grows."""
    steps = list(next(iter(runs.values()))["steps"])
    rows = ["Microseconds of the processor for each walking node:\n",
            "| place | " + " | ".join(steps) + " | all but the map |",
            "|---|" + "---:|" * (len(steps) + 1)]  # fmt: skip
    for name, run in runs.items():
        each = [run["steps"][step][2] / run["nodes"] * 1e6 for step in steps]
        each.append(without_map(run).cpu_s / run["nodes"] * 1e6)
        rows.append(f"| {name} | {' | '.join(f'{e:.1f}' for e in each)} |")
    return "\n".join(rows) + "\n"


_NODES = 7e3, 1.5e6
"""What all plots show, so that they can be held beside each other."""
_PANELS = {
    "read": ("nodes", "µs a node"), "nearest": ("nodes", "µs a node"),
    "reach": ("done", "µs a facility"), "polygons": ("done", "µs a polygon"),
}  # fmt: skip
"""What a step's cost is shown for: nodes, or what it has done."""


def _plot(path: Path, lines: Sequence[Line], runs: Mapping[str, Run]) -> None:
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot (benchmarks/requirements.txt has it)")
        return
    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    # The same figures give the same file.
    matplotlib.rcParams["svg.hashsalt"] = "care-circle"
    figure, axes = plt.subplots(2, 3, figsize=(14, 8), constrained_layout=True)
    made = [x for x in lines if x["place"] != "Yuzhong"]
    for axis, (step, (per, unit)) in zip(axes.flat, _PANELS.items(), strict=False):
        of_step = [x for x in made if x["step"] == step]
        for who in dict.fromkeys(x["who"] for x in of_step):
            points = [(x["nodes"], x["cpu_s"] / x[per] * 1e6) for x in of_step if x["who"] == who]
            own = {"linewidth": 2.5, "color": "black"} if who == OURS else {}
            axis.plot(*zip(*points, strict=True), marker="o", label=who, **own)
        if step == "reach":
            axis.axhline(1e6 / LIMIT_REACH_A_S, color="grey", ls=":", label="compiled (the limit)")
        if step == "nearest":
            axis.axhspan(*(s / RATE_NODES * 1e6 for s in LIMIT_NEAREST_S), color="grey", alpha=0.3,
                         label="compiled (the limit)")  # fmt: skip
        _dress(axis, f"{step}: {unit}, processor time")
    made_runs = {name: run for name, run in runs.items() if name != "Yuzhong"}
    _plot_cost(axes.flat[4], made_runs)
    _plot_memory(axes.flat[5], made_runs)
    figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})
    figure.savefig(path.with_suffix(".png"), dpi=110, metadata={"Software": None})
    plt.close(figure)


def _plot_cost(axis: Any, runs: Mapping[str, Run]) -> None:
    if not runs:
        axis.set_axis_off()
        return
    nodes = [run["nodes"] for run in runs.values()]
    for step in _largest(runs, 2):
        each = [run["steps"][step][2] / run["nodes"] * 1e6 for run in runs.values()]
        axis.plot(nodes, each, marker="o", label=step)
    every = [without_map(run).cpu_s / run["nodes"] * 1e6 for run in runs.values()]
    axis.plot(nodes, every, marker="o", color="black", linewidth=2.5, label="all but the map")
    _dress(axis, "a whole run: µs a node, processor time")


def _plot_memory(axis: Any, runs: Mapping[str, Run]) -> None:
    if not runs:
        axis.set_axis_off()
        return
    nodes = [run["nodes"] for run in runs.values()]
    for step in _largest(runs, 1):
        axis.plot(nodes, [run["steps"][step][1] / 1000 for run in runs.values()], marker="o",
                  label=step)  # fmt: skip
    _dress(axis, "a whole run: peak memory of a step, GB")
    axis.set(yscale="linear", ylim=(0, None))


def _largest(runs: Mapping[str, Run], of: int) -> list[str]:
    """Return the steps of the last run that took most of one thing."""
    last = list(runs.values())[-1]["steps"]
    return sorted(last, key=lambda step: -last[step][of])[:6]


def _dress(axis: Any, title: str) -> None:
    axis.set(title=title, xlabel="walking nodes", xscale="log", yscale="log", xlim=_NODES)
    axis.grid(visible=True, which="major", alpha=0.3)
    axis.legend(fontsize=8)
