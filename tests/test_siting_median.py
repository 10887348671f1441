"""The p-median by bound, swaps and what is left to decide: the best of all sets, whatever limits."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from coverage import siting_median
from coverage.errors import InputError
from coverage.siting import choose_sites
from coverage.siting_problem import siting_problem


@pytest.fixture(autouse=True)
def nothing_is_few(monkeypatch):
    """Let small problems go the way of large ones, to the end."""
    monkeypatch.setattr(siting_median, "_FEW_WALKS", 0)


def invented(seed, *, kinds=1, homes=25, sites=9):
    rng = np.random.default_rng(seed)
    xy, home = rng.uniform(0, 10, (sites, 2)), rng.uniform(0, 10, (homes, 2))
    distance = np.hypot(*(home[:, None] - xy[None]).transpose(2, 0, 1))
    place, site = np.nonzero(distance < 6)
    return siting_problem(
        rng.integers(0, 30, homes).astype(float), place, site, distance[place, site],
        existing=np.arange(sites) < 1, kind=np.arange(sites) % kinds,
        cost=rng.integers(1, 9, sites).astype(float), xy=xy,
    )  # fmt: skip


def minutes(problem, opened, beyond):
    least = np.full((len(problem.weight), problem.kinds), beyond)
    for place, site, walk in zip(problem.place, problem.site, problem.minutes, strict=True):
        if problem.existing[site] or site in opened:
            kind = problem.kind[site]
            least[place, kind] = min(least[place, kind], walk)
    lived = problem.weight > 0
    return float((problem.weight[lived, None] * least[lived]).sum())


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6), p=st.none() | st.integers(1, 5),
    budget=st.none() | st.integers(9, 25), spacing=st.sampled_from([0.0, 2.5]),
    beyond=st.sampled_from([8.0, np.inf]), kinds=st.integers(1, 2),
)  # fmt: skip
def test_the_median_is_the_least_of_all_sets(seed, p, budget, spacing, beyond, kinds):
    if p is None and budget is None:
        p = 3
    problem = invented(seed, kinds=kinds)
    far = np.hypot(*(problem.xy[:, None] - problem.xy[None]).transpose(2, 0, 1)) >= spacing
    far |= problem.kind[:, None] != problem.kind[None]
    # Who could be served only where nothing may open at all is not asked for.
    usable = (far[0] & ((budget is None) | (problem.cost <= (budget or 0)))) | problem.existing
    linked = np.zeros((len(problem.weight), kinds), dtype=bool)
    own = usable[problem.site]
    linked[problem.place[own], problem.kind[problem.site[own]]] = True
    whom = problem if np.isfinite(beyond) else problem.of_places(linked.all(axis=1))

    def allowed(one):
        return (
            (p is None or len(one) <= p)
            and (budget is None or problem.cost[list(one)].sum() <= budget)
            and all(far[pair] for pair in combinations([0, *one], 2))
        )

    every = {
        one: minutes(whom, one, beyond)
        for count in range(9)
        for one in combinations(range(1, 9), count)
        if allowed(one)
    }
    best = min(every.values())
    try:
        found = choose_sites(
            problem, "median", p=p, budget=budget, spacing_m=spacing, beyond=beyond
        )
    except InputError:
        assert best == every[()]
        return
    assert found.value == pytest.approx(best)
    assert (found.gap, found.status) == (0, "optimal")
    assert every[tuple(sorted(found.chosen))] == pytest.approx(best)
    assert every[tuple(sorted(found.greedy))] == pytest.approx(found.greedy_value)


def town(seed):
    """Return 400 homes and 60 candidates, where greedy is not the best."""
    rng = np.random.default_rng(seed)
    homes, sites = rng.normal(5_000, 2_000, (400, 2)), rng.normal(5_000, 2_000, (66, 2))
    near = cKDTree(homes).sparse_distance_matrix(cKDTree(sites), 2_000, output_type="coo_matrix")
    return siting_problem(
        rng.integers(1, 60, 400).astype(float), near.row.astype(np.int64),
        near.col.astype(np.int64), near.data, existing=np.arange(66) < 6, xy=sites,
    )  # fmt: skip


@pytest.mark.parametrize("p", [3, 8, 25])
def test_bound_and_solver_agree_with_the_solver_alone(monkeypatch, p):
    for seed in range(3):
        one = choose_sites(town(seed), "median", p=p, beyond=2_000)
        monkeypatch.setattr(siting_median, "_FEW_WALKS", 10**9)
        two = choose_sites(town(seed), "median", p=p, beyond=2_000)
        monkeypatch.setattr(siting_median, "_FEW_WALKS", 0)
        assert (one.status, two.status) == ("optimal", "optimal")
        assert one.value == pytest.approx(two.value, rel=1e-9)
        assert one.value <= one.greedy_value


def test_a_gap_and_a_time_limit_are_told():
    rough = choose_sites(town(1), "median", p=8, beyond=2_000, gap=0.2)
    assert rough.status == "within the gap"
    assert 0 < rough.gap <= 0.2
    assert rough.bound < rough.value
    short = choose_sites(town(1), "median", p=8, beyond=2_000, seconds=1e-6)
    exact = choose_sites(town(1), "median", p=8, beyond=2_000)
    assert short.bound <= exact.value <= short.value
    assert short.status == "time limit" or short.gap == 0
