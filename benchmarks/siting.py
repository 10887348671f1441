"""How long siting takes: 20,000 demand points and 1,000 candidates on a plane.

Run as ``python benchmarks/siting.py``; prints seconds, gap and the peak of memory.
"""

import resource
import time

import numpy as np
from scipy.spatial import cKDTree

from coverage.siting import choose_sites
from coverage.siting_problem import siting_problem

DEMAND, CANDIDATES, STANDING, SIDE_M, WALK_M = 20_000, 1_000, 100, 20_000.0, 900.0


def main() -> None:
    """Solve coverage for several p, and full coverage."""
    rng = np.random.default_rng(7)
    homes = rng.normal(SIDE_M / 2, SIDE_M / 5, (DEMAND, 2))
    sites = rng.normal(SIDE_M / 2, SIDE_M / 5, (STANDING + CANDIDATES, 2))
    near = cKDTree(homes).sparse_distance_matrix(cKDTree(sites), WALK_M, output_type="coo_matrix")
    problem = siting_problem(
        rng.integers(1, 60, DEMAND).astype(float), near.row.astype(np.int64),
        near.col.astype(np.int64), near.data,
        existing=np.arange(len(sites)) < STANDING, xy=sites,
    )  # fmt: skip
    print(f"{DEMAND} demand points, {CANDIDATES} candidates, {len(near.data)} walks")
    for asked in ({"p": 5}, {"p": 20}, {"p": 100}, {"p": 20, "spacing_m": 800.0}, None):
        begin = time.perf_counter()
        objective = "full" if asked is None else "coverage"
        found = choose_sites(problem, objective, within=WALK_M, seconds=50.0, **(asked or {}))
        print(
            f"{objective} {asked or ''}: {time.perf_counter() - begin:.1f} s, {found.status}, "
            f"gap {found.gap:.4%}, greedy {found.greedy_value / found.value:.2%} of the best found"
        )
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak_mb:.0f} MB")


if __name__ == "__main__":
    main()
