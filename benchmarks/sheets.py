"""What the benchmarks write: a CSV of every measurement, tables to read, and a plot."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

OURS = "care-circle"
TARGETS = {
    ("read", "OSMnx, simplified"): 20.0, ("nearest", "networkx"): 8.0,
    ("reach", "networkx cutoff"): 4.0, ("reach", "networkx ego_graph"): 25.0,
    ("polygons", "buffer each, union"): 10.0,
}  # fmt: skip
"""Ratios that are promised."""
EACH = {"read": "file", "nearest": "network", "reach": "facility", "polygons": "polygon",
        "nearest both ways": "network", "reach bands": "facility"}  # fmt: skip
LIMIT = (
    "The limit, for scale (C++ with a bucket queue, elsewhere, on one core and 258,000 nodes): "
    "nearest facility of every node 0.016 s; reach of each facility 57,000 facilities/s."
)

Line = Mapping[str, Any]


def write(
    folder: Path, lines: Sequence[Line], runs: Mapping[str, Mapping[str, Any]], *, machine: str,
    repeats: int,
) -> None:  # fmt: skip
    """Write `measurements.csv`, `ratios.md`, `runs.md` and, where matplotlib is, `growth.svg`."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "measurements.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: _short(v) for k, v in line.items()} for line in lines)
    head = f"Medians of {repeats} on {machine}. Peak: of the whole process, imports included."
    head += " Ratio: by the clock; the next: by processor time, where others used the machine.\n\n"
    (folder / "ratios.md").write_text(head + _ratios(lines) + f"\n{LIMIT}\n", "utf-8")
    if runs:
        (folder / "runs.md").write_text(head + _runs(runs) + "\n" + _flat(runs), "utf-8")
    _plot(folder / "growth.svg", lines)


def _short(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _ratios(lines: Sequence[Line]) -> str:
    rows = ["| place | step | who | seconds | for each | ratio | of CPU | promised | peak MB | "
            "compared |", "|---|---|---|---:|---:|---:|---:|---:|---:|---|"]  # fmt: skip
    ours = {(x["place"], x["step"]): x for x in lines if x["who"] == OURS}
    for line in lines:
        mine = ours[line["place"], line["step"]]
        ratio = busy = promised = ""
        if line["who"] != OURS:
            ratio = f"{line['each_s'] / mine['each_s']:.1f} ×"
            busy = f"{line['cpu_each_s'] / mine['cpu_each_s']:.1f} ×"
            target = TARGETS.get((line["step"], line["who"]))
            promised = f"{target:.0f} ×" if target else ""
        sampled = line["who"] != OURS and line["done"] < mine["done"]
        each = f"{_time(line['each_s'])} a {EACH[line['step']]}"
        each += f" (of {line['done']})" if sampled else ""
        rows.append(
            f"| {line['place']} | {line['step']} | {line['who']} | {line['seconds']:.3f} | {each}"
            f" | {ratio} | {busy} | {promised} | {line['peak_mb']:.0f} | {line['agrees']} |"
        )
    return "\n".join(rows) + "\n"


def _time(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} µs"


def _runs(runs: Mapping[str, Mapping[str, Any]]) -> str:
    steps = [k for k in next(iter(runs.values())) if k not in ("nodes", "peak_mb")]
    rows = ["| place | " + " | ".join(steps) + " | all s | peak MB |",
            "|---|" + "---:|" * (len(steps) + 2)]  # fmt: skip
    for name, run in runs.items():
        seconds = [run[step][0] for step in steps]
        cells = " | ".join(f"{s:.2f}" for s in seconds)
        peak = max(run["peak_mb"], *(run[step][1] for step in steps))
        rows.append(f"| {name} | {cells} | {sum(seconds):.1f} | {peak:.0f} |")
    return "\n".join(rows) + "\n"


def _flat(runs: Mapping[str, Mapping[str, Any]]) -> str:
    """Return how the cost for each node grows."""
    steps = [k for k in next(iter(runs.values())) if k not in ("nodes", "peak_mb")]
    rows = ["Microseconds for each walking node:\n", "| place | " + " | ".join(steps) + " | all |",
            "|---|" + "---:|" * (len(steps) + 1)]  # fmt: skip
    for name, run in runs.items():
        each = [run[step][0] / run["nodes"] * 1e6 for step in steps]
        rows.append(f"| {name} | {' | '.join(f'{e:.1f}' for e in each)} | {sum(each):.1f} |")
    return "\n".join(rows) + "\n"


def _plot(path: Path, lines: Sequence[Line]) -> None:
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot (benchmarks/requirements.txt has it)")
        return
    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    # The same figures give the same file.
    matplotlib.rcParams["svg.hashsalt"] = "care-circle"
    steps = ("read", "nearest", "reach", "polygons")
    figure, axes = plt.subplots(1, 4, figsize=(15, 4), constrained_layout=True)
    for axis, step in zip(axes, steps, strict=True):
        of_step = [x for x in lines if x["step"] == step and x["place"] != "Yuzhong"]
        for who in dict.fromkeys(x["who"] for x in of_step):
            points = [(x["nodes"], x["each_s"]) for x in of_step if x["who"] == who]
            wide = {"linewidth": 2.5, "color": "black"} if who == OURS else {}
            axis.loglog(*zip(*points, strict=True), marker="o", label=who, **wide)
        axis.set(title=f"{step}: seconds a {EACH[step]}", xlabel="walking nodes")
        axis.grid(visible=True, which="major", alpha=0.3)
        axis.legend(fontsize=8)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
