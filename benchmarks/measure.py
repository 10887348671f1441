"""One measurement in a process of its own: `python measure.py TASKS.json`; prints JSON lines.

A task is ``{"step", "who", "place", "kept", "answer", "budget_s", "most"}``. What comes before the
step (imports, the graph) is not in its seconds; the peak is of the whole process.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

OURS = "care-circle"


def timed(call: Callable[..., Any], *words: Any) -> tuple[dict[str, float], Any]:
    """Return the seconds of one call by the clock and of the processor, and what it returned."""
    begin, busy = time.perf_counter(), time.process_time()
    found = call(*words)
    return {
        "seconds": time.perf_counter() - begin,
        "cpu_s": time.process_time() - busy,
    }, found


def measure(task: dict[str, Any]) -> dict[str, Any]:
    """Do one task; return its seconds, how many pieces of work it did, and the peak in MB."""
    place, kept = Path(task["place"]), Path(task["kept"])
    if task["who"] == OURS:
        found = _ours(task["step"], place, kept, task["most"])
    else:
        found = _rival(task, kept)
    answer = found.pop("answer", None)
    if answer:
        np.savez(task["answer"], **{k: _plain(v) for k, v in answer.items()})
    from ours import peak_mb

    return {**found, "peak_mb": peak_mb()}


def _plain(values: np.ndarray) -> np.ndarray:
    return values.astype(np.bytes_) if values.dtype == object else values


def _ours(step: str, place: Path, kept: Path, most: int) -> dict[str, Any]:
    import ours

    if step == "prepare":
        took, size = timed(ours.prepare, place, kept)
        return {**took, "done": 1, "size": size}
    if step == "keep reach":
        took, _ = timed(ours.keep_reach, kept, most)
        return {**took, "done": 1}
    if step == "run":
        took, steps = timed(ours.whole_run, place, kept / "out")
        return {**took, "done": 1, "steps": steps}
    if step == "read":
        took, answer = timed(ours.read, place)
        return {**took, "done": 1, "answer": answer}
    prepared = ours.prepared_at(kept)
    count = len(prepared.all)
    if step == "polygons":
        took, answer = timed(ours.polygons, prepared, kept)
        return {**took, "done": len(answer["band"]), "answer": answer}
    took, answer = timed(getattr(ours, step.replace(" ", "_")), prepared)
    return {**took, "done": 1 if "nearest" in step else count, "answer": answer}


def _rival(task: dict[str, Any], kept: Path) -> dict[str, Any]:
    import rivals

    step, who, budget = task["step"], task["who"], task["budget_s"]
    if step == "read":
        simplify = who == "OSMnx, simplified"
        took, graph = timed(rivals.osmnx_read, kept / "highways.osm", simplify)
        answer = None if simplify else rivals.segments_of(graph)
        return {**took, "done": 1, "answer": answer}
    if step == "polygons":
        lines = rivals.lines_at(kept)
        took, answer = timed(rivals.polygons_within, who, lines, budget)
        return {**took, "done": len(answer["band"]), "answer": answer}
    arcs = rivals.Arcs.at(kept)
    kind = who if step == "nearest" else rivals.REACH[who][0]
    built, graph = timed(rivals.GRAPHS[kind], arcs)
    if step == "nearest":
        took, answer = timed(rivals.NEAREST[who], graph, arcs)
        return {**took, "done": 1, "build_s": built["seconds"], "answer": answer}
    import ours

    chosen = ours.chosen_of(len(arcs.facility), task["most"])
    took, answer = timed(rivals.reach_within, who, graph, arcs, chosen, budget)
    done = len(answer["counts"])
    return {**took, "done": done, "build_s": built["seconds"], "answer": answer}


def main() -> None:
    """Do the tasks of a file, one after another, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tasks", type=Path)
    tasks = json.loads(parser.parse_args().tasks.read_text("utf-8"))
    # What libraries print, in C++ as well, must not stand between the lines of the answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with answers:
        for task in tasks:
            print(json.dumps(measure(task)), file=answers, flush=True)


if __name__ == "__main__":
    main()
