"""One measurement in a process of its own: `python measure.py TASKS.json`; prints JSON lines.

A task is ``{"step", "who", "place", "kept", "answer", "budget_s", "most"}``. What comes before the
step (imports, the graph, for this program its contracted network) is not in its seconds. The peak
is of the whole process; by how much it is above what was held before the graph, stands beside it.
"""

import argparse
import importlib
import json
import os
from pathlib import Path
from typing import Any

import answers
from watch import forget_peak, held_mb, peak_mb, timed

OURS = "care-circle"
MANY = "reach of "
"""Begins the name of a step with so many facilities anywhere."""


def measure(task: dict[str, Any]) -> dict[str, Any]:
    """Do one task; return its seconds, how many pieces of work it did, and the peak in MB."""
    place, kept = Path(task["place"]), Path(task["kept"])
    if task["who"] == OURS:
        found = _ours(task["step"], place, kept, task["most"])
    else:
        found = _rival(task, kept)
    answer = found.pop("answer", None)
    if answer:
        answers.keep(Path(task["answer"]), answer)
    return found


def _ours(step: str, place: Path, kept: Path, most: int) -> dict[str, Any]:
    import ours

    if step in ("prepare", "keep reach", "run"):
        return _once(ours, step, place, kept, most)
    if step in ("read", "read whole file"):
        file = kept / "highways.osm.pbf" if step == "read" else ours.street_file(place)
        before = _begun()
        took, streets = timed(ours.read, file)
        return {**took, **_memory(before), "done": 1, "answer": ours.segments(streets)}
    prepared = ours.prepared_at(kept)
    if step in ("polygons", "isochrones"):
        reached = ours.reach_at(kept)
        before = _begun()
        took, shapes = timed(getattr(ours, step), prepared, reached)
        answer = ours.polygons_answer(shapes) if step == "polygons" else None
        return {**took, **_memory(before), "done": ours.count(reached), "answer": answer}
    if step.startswith(MANY):
        prepared = ours.crowded(prepared, int(step.removeprefix(MANY).replace(",", "")))
    before = _begun()
    built, _ = timed(ours.contract, prepared)
    does = ours.reach if step.startswith(MANY) else getattr(ours, step.replace(" ", "_"))
    took, found = timed(does, prepared)
    memory = _memory(before)
    answer = ours.ANSWERS[step](prepared, found) if step in ours.ANSWERS else None
    return {
        **took, **memory, "done": 1 if "nearest" in step else len(prepared.all),
        "build_s": built["cpu_s"], "answer": answer,
    }  # fmt: skip


def _once(ours: Any, step: str, place: Path, kept: Path, most: int) -> dict[str, Any]:
    if step == "prepare":
        took, size = timed(ours.prepare, place, kept)
        return {**took, "done": 1, "size": size}
    if step == "keep reach":
        took, _ = timed(ours.keep_reach, kept, most)
        return {**took, "done": 1}
    took, run = timed(ours.whole_run, place, kept / "out")
    return {**took, "done": 1, "run": run}


def _rival(task: dict[str, Any], kept: Path) -> dict[str, Any]:
    import ours
    import rivals

    step, who, budget = task["step"], task["who"], task["budget_s"]
    importlib.import_module(rivals.MODULES[who])
    if step == "read":
        simplify = who == "OSMnx, simplified"
        before = _begun()
        took, graph = timed(rivals.osmnx_read, kept / "highways.osm", simplify)
        memory = _memory(before)
        answer = None if simplify else rivals.segments_of(graph)
        return {**took, **memory, "done": 1, "answer": answer}
    if step == "polygons":
        lines = rivals.lines_at(kept)
        before = _begun()
        took, answer = timed(rivals.polygons_within, who, lines, budget)
        return {**took, **_memory(before), "done": len(answer["band"]), "answer": answer}
    arcs = rivals.Arcs.at(kept)
    before = _begun()
    kind = who if step == "nearest" else rivals.REACH[who][0]
    built, graph = timed(rivals.GRAPHS[kind], arcs)
    if step == "nearest":
        took, answer = timed(rivals.NEAREST[who], graph, arcs)
        done = 1
    else:
        chosen = ours.chosen_of(len(arcs.facility), task["most"])
        took, answer = timed(rivals.reach_within, who, graph, arcs, chosen, budget)
        done = len(answer["counts"])
    return {**took, **_memory(before), "done": done, "build_s": built["cpu_s"], "answer": answer}


def _begun() -> float:
    forget_peak()
    return held_mb()


def _memory(before_mb: float) -> dict[str, float]:
    peak = peak_mb()
    return {"peak_mb": peak, "more_mb": peak - before_mb}


def main() -> None:
    """Do the tasks of a file, one after another, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tasks", type=Path)
    tasks = json.loads(parser.parse_args().tasks.read_text("utf-8"))
    # What libraries print, in C++ as well, must not stand between the lines of the answer.
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with lines:
        for task in tasks:
            print(json.dumps(measure(task)), file=lines, flush=True)


if __name__ == "__main__":
    main()
