"""How long siting takes, beside spopt and at full size.

    python benchmarks/siting.py [--seconds 60] [--smoke]

First beside PySAL's spopt (solved by CBC, which it brings) on a town small enough for its dense
matrices: the values must be equal, or the benchmark ends. Building the model is in spopt's time,
as reducing the problem is in this program's. Then 20,000 demand points and 1,000 candidates, for
which the promise is 60 seconds and 2 GB: every goal with what limits it, by the clock and by
processor time, which other users of the machine change less, the peak of memory, the status, the
gap that was reached, and how far the one-by-one order is from it.
"""

import argparse
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.testing import assert_allclose
from scipy.spatial import cKDTree
from watch import forget_peak, peak_mb, timed

from coverage.siting import choose_sites
from coverage.siting_problem import SitingProblem, siting_problem

SIDE_M = 12_000.0
NEAR_M, FAR_M = 900.0, 2_700.0
"""What covers (16.7 minutes at 0.9 m/s), and the longest walk that counts (50 minutes)."""
FULL, SMALL, SMALLER, SMOKE = (20_000, 1_000, 20), (1_000, 60, 0), (300, 30, 0), (150, 15, 0)
"""Demand points, candidates and standing sites."""


def town(demand: int, candidates: int, standing: int, longest_m: float) -> SitingProblem:
    """Return people and sites spread over a square, with walks as the crow flies."""
    rng = np.random.default_rng(7)
    # As dense with sites whatever their number.
    side = SIDE_M * np.sqrt(candidates / FULL[1])
    homes = rng.uniform(0, side, (demand, 2))
    sites = rng.uniform(0, side, (standing + candidates, 2))
    near = cKDTree(homes).sparse_distance_matrix(
        cKDTree(sites), longest_m, output_type="coo_matrix"
    )
    return siting_problem(
        rng.integers(1, 60, demand).astype(float), near.row.astype(np.int64),
        near.col.astype(np.int64), near.data, existing=np.arange(len(sites)) < standing, xy=sites,
    )  # fmt: skip


def beside_spopt(size: tuple[int, int, int], p: int, goals: Sequence[str]) -> None:
    """Solve some goals with both, and print their times once the values agree."""
    import pulp
    from spopt.locate import LSCP, MCLP, PCenter, PMedian

    problem = town(*size, longest_m=np.inf)
    dense = np.zeros((size[0], size[1]))
    dense[problem.place, problem.site] = problem.minutes
    covers = float(np.ceil(dense.min(axis=1).max()))
    weight = problem.weight
    models = {
        "coverage": (lambda: MCLP.from_cost_matrix(dense, weight, NEAR_M, p), {"p": p}),
        "full": (lambda: LSCP.from_cost_matrix(dense, covers), {}),
        "median": (lambda: PMedian.from_cost_matrix(dense, weight, p), {"p": p}),
        "center": (lambda: PCenter.from_cost_matrix(dense, p), {"p": p}),
    }
    print(f"\nbeside spopt: {size[0]:,} demand points, {size[1]:,} candidates, p = {p}")
    for goal in goals:
        model, asked = models[goal]
        within = covers if goal == "full" else NEAR_M
        ours, found = timed(partial(choose_sites, problem, goal, within=within, **asked))
        theirs, solved = timed(_spopt, model)
        value = pulp.value(solved.problem.objective)
        assert_allclose(found.value, value, rtol=1e-6, err_msg=f"{goal} differs")
        print(
            f"  {goal:<9} {found.value:>14,.1f} both; care-circle {ours['seconds']:6.2f} s, spopt "
            f"{theirs['seconds']:6.2f} s: {theirs['seconds'] / ours['seconds']:5.1f} times",
            flush=True,
        )


def _spopt(model: Callable[[], Any]) -> Any:
    import pulp

    return model().solve(pulp.PULP_CBC_CMD(msg=False), results=False)


def at_size(size: tuple[int, int, int], seconds: float, scale: float) -> None:
    """Solve every goal at one size and print what it takes."""
    few, some, many = (max(round(scale * p), 1) for p in (5, 20, 100))
    near: list[tuple[str, dict[str, Any]]] = [
        ("coverage", {"p": few}), ("coverage", {"p": some}), ("coverage", {"p": many}),
        ("coverage", {"p": some, "spacing_m": 800.0}), ("full", {}),
    ]  # fmt: skip
    far: list[tuple[str, dict[str, Any]]] = [
        ("median", {"p": some, "beyond": FAR_M}), ("median", {"p": many, "beyond": FAR_M}),
        ("center", {"p": max(round(scale * 40), 1)}),
    ]  # fmt: skip
    for longest_m, goals, room in ((NEAR_M, near, np.inf), (FAR_M, far, np.inf),
                                   (NEAR_M, near[1:2], 2_000.0)):  # fmt: skip
        problem = town(*size, longest_m=longest_m)
        if np.isfinite(room):
            problem = replace(problem, capacity=np.full(len(problem.existing), room))
        print(
            f"\n{size[0]:,} demand points, {size[1]:,} candidates, {len(problem.place):,} walks up "
            f"to {longest_m:,.0f} m" + (f", room for {room:,.0f} each" if room < np.inf else "")
        )
        for goal, asked in goals:
            forget_peak()
            solve = partial(choose_sites, problem, goal, within=NEAR_M, seconds=seconds, **asked)
            took, found = timed(solve)
            said = ", ".join(f"{key} {value:g}" for key, value in asked.items() if key != "beyond")
            print(
                f"  {goal:<9} {said:<22} {took['seconds']:6.1f} s by the clock, "
                f"{took['cpu_s']:6.1f} s of the processor, {peak_mb():5,.0f} MB; "
                f"{found.status}, gap {found.gap:.4%}, "
                f"one by one {found.greedy_value / found.value:.2%} of it",
                flush=True,
            )


def main() -> None:
    """Measure beside the rival where it is installed, and at full size."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=50.0, help="for each search")
    parser.add_argument("--smoke", action="store_true", help="small and quick")
    options = parser.parse_args()
    if importlib.util.find_spec("spopt"):
        if options.smoke:
            beside_spopt(SMOKE, 3, ["coverage", "full", "median", "center"])
        else:
            beside_spopt(SMALL, 8, ["coverage", "full", "median"])
            # More than this takes its p-center, for which each pair is a choice, very long.
            beside_spopt(SMALLER, 5, ["center"])
    else:
        print("spopt is not installed: left out (benchmarks/requirements.txt has it)")
    if options.smoke:
        at_size((400, 40, 4), options.seconds, 0.1)
    else:
        at_size(FULL, options.seconds, 1.0)


if __name__ == "__main__":
    main()
