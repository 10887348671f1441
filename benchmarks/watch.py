"""Seconds and memory of a piece of work in this process."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def timed(call: Callable[..., Any], *words: Any) -> tuple[dict[str, float], Any]:
    """Return the seconds of one call by the clock and of the processor, and what it returned."""
    begin, busy = time.perf_counter(), time.process_time()
    found = call(*words)
    return {
        "seconds": time.perf_counter() - begin,
        "cpu_s": time.process_time() - busy,
    }, found


def forget_peak() -> None:
    """Begin to look for the peak anew."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        # Not on this system: the peak of a step is then the peak so far.
        return


def peak_mb() -> float:
    """Return the most memory this process held since it was last forgotten, megabytes."""
    return _status_mb("VmHWM")


def held_mb() -> float:
    """Return the memory this process holds, megabytes; its peak where only that is known."""
    return _status_mb("VmRSS")


def _status_mb(key: str) -> float:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024
