"""Siting: against PySAL spopt's example, against brute force, and what must hold on any problem."""

from importlib.util import find_spec
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from coverage.errors import InputError, UsageError
from coverage.siting import choose_sites
from coverage.siting_problem import not_implied, siting_problem


@pytest.fixture(scope="module")
def san_francisco():
    """Return spopt's example: 205 tracts, 16 stores, metres along streets."""
    # Only its files: importing spopt imports much that warns.
    folder = Path(find_spec("spopt").origin).parent / "tests" / "test_locate" / "data"
    table = pd.read_csv(
        folder / "SF_network_distance_candidateStore_16_censusTract_205_new.csv",
        dtype={"DestinationName": str},
    )
    tracts = np.unique(table["DestinationName"])
    stores = np.array(sorted(set(table["name"]), key=lambda name: int(name[6:])), dtype=object)
    weight = table.groupby("DestinationName")["demand"].first().to_numpy(float)
    problem = siting_problem(
        weight,
        np.searchsorted(tracts, table["DestinationName"]),
        pd.Index(stores).get_indexer(table["name"]),
        table["distance"].to_numpy(),
        existing=np.zeros(16, dtype=bool),
        name=stores,
    )
    return problem, tracts


def test_the_example_is_the_known_one(san_francisco):
    problem, tracts = san_francisco
    assert (len(tracts), len(problem.name), problem.weight.sum()) == (205, 16, 955_113)


def test_maximal_coverage_agrees_with_spopt(san_francisco):
    known = [448255, 671938, 791499, 875247, 927402, 941462, 950428, 955113]
    found = [choose_sites(san_francisco[0], "coverage", within=5000, p=p) for p in range(1, 9)]
    assert [one.value for one in found] == pytest.approx(known, abs=0.5)
    assert {one.status for one in found} == {"optimal"}
    assert all(one.greedy_value <= one.value + 1e-6 for one in found)


@pytest.mark.parametrize(("metres", "known"), [(5000, 8), (6000, 5), (8000, 3)])
def test_full_coverage_agrees_with_spopt(san_francisco, metres, known):
    found = choose_sites(san_francisco[0], "full", within=metres)
    assert (len(found.chosen), len(found.uncoverable)) == (known, 0)


def test_full_coverage_names_whom_no_site_covers(san_francisco):
    problem, tracts = san_francisco
    found = choose_sites(problem, "full", within=4000)
    nearest = np.full(205, np.inf)
    np.minimum.at(nearest, problem.place, problem.minutes)
    assert len(found.uncoverable) == 5
    assert list(tracts[found.uncoverable]) == list(tracts[nearest > 4000])


def test_median_and_center_agree_with_spopt(san_francisco):
    median = choose_sites(san_francisco[0], "median", p=4)
    assert median.value == pytest.approx(2848268129.71, abs=0.01)
    assert median.status == "optimal"
    center = choose_sites(san_francisco[0], "center", p=4)
    assert center.value == pytest.approx(7403.06, abs=0.01)


def invented(seed, *, kinds=1, standing=1):
    """Return a small problem on a plane, with metres for minutes."""
    rng = np.random.default_rng(seed)
    sites, homes = 7, 14
    xy, home = rng.uniform(0, 10, (sites, 2)), rng.uniform(0, 10, (homes, 2))
    distance = np.hypot(*(home[:, None] - xy[None]).transpose(2, 0, 1))
    place, site = np.nonzero(distance < 6)
    return siting_problem(
        rng.integers(1, 30, homes).astype(float), place, site, distance[place, site],
        existing=np.arange(sites) < standing, kind=np.arange(sites) % kinds,
        cost=rng.integers(1, 9, sites).astype(float), xy=xy,
    )  # fmt: skip


def walks(problem, opened):
    """Return the least walk of every home to every kind."""
    least = np.full((len(problem.weight), problem.kinds), np.inf)
    for place, site, minutes in zip(problem.place, problem.site, problem.minutes, strict=True):
        if problem.existing[site] or site in opened:
            kind = problem.kind[site]
            least[place, kind] = min(least[place, kind], minutes)
    return least


def sets(problem, most):
    for count in range(most + 1):
        yield from combinations(problem.candidates.tolist(), count)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), p=st.integers(1, 4), kinds=st.integers(1, 2))
def test_coverage_is_the_best_of_all_sets(seed, p, kinds):
    problem = invented(seed, kinds=kinds)

    def people(opened):
        return problem.weight[(walks(problem, opened) <= 4).all(axis=1)].sum()

    best = max(people(one) for one in sets(problem, p))
    try:
        found = choose_sites(problem, "coverage", within=4, p=p)
    except InputError:
        assert best == people(()), "an error, where a set helps"
        return
    assert found.value == pytest.approx(best)
    assert found.value == pytest.approx(people(found.chosen))
    assert found.greedy_value == pytest.approx(people(found.greedy))
    assert found.value >= found.greedy_value - 1e-9
    # Whatever opens, nobody loses.
    steps = [people(found.chosen[:n]) for n in range(len(found.chosen) + 1)]
    assert steps == sorted(steps)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), budget=st.integers(9, 20))
def test_a_budget_and_a_spacing_are_kept(seed, budget):
    problem = invented(seed)
    far = {
        (a, b): np.hypot(*(problem.xy[a] - problem.xy[b])) >= 2 for a in range(7) for b in range(7)
    }

    def allowed(opened):
        pairs = combinations([0, *opened], 2)
        return problem.cost[list(opened)].sum() <= budget and all(far[pair] for pair in pairs)

    def people(opened):
        return problem.weight[walks(problem, opened)[:, 0] <= 4].sum()

    best = max(people(one) for one in sets(problem, 6) if allowed(one))
    try:
        found = choose_sites(problem, "coverage", within=4, budget=budget, spacing_m=2)
    except InputError:
        assert best == people(())
        return
    assert allowed(found.chosen)
    assert allowed(found.greedy)
    assert found.value == pytest.approx(best)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), p=st.integers(1, 4))
def test_full_median_and_center_are_the_best_of_all_sets(seed, p):
    problem = invented(seed)
    reached = np.isfinite(walks(problem, problem.candidates)[:, 0])
    every = {one: walks(problem, one)[reached, 0] for one in sets(problem, 6)}

    coverable = walks(problem, problem.candidates)[:, 0] <= 4
    fewest = min(len(one) for one in every if (walks(problem, one)[coverable, 0] <= 4).all())
    if fewest:
        full = choose_sites(problem, "full", within=4)
        assert len(full.chosen) == fewest
        assert list(full.uncoverable) == list(np.flatnonzero(~coverable))
    few = {one: walk for one, walk in every.items() if len(one) <= p}
    for objective, of in (
        ("median", lambda walk: (problem.weight[reached] * walk).sum()),
        ("center", lambda walk: walk.max()),
    ):
        best = min(of(walk) for walk in few.values())
        try:
            found = choose_sites(problem, objective, p=p)
        except InputError:
            assert not np.isfinite(best) or best == of(few[()])
        else:
            assert found.value == pytest.approx(best)
            assert found.value <= found.greedy_value + 1e-9


def test_a_walk_that_is_none_counts_for_the_horizon():
    # Home 0 - site 0 (2 min); home 1 - site 1 (3 min); nobody reaches home 2.
    problem = siting_problem(
        np.array([10.0, 20, 5]), np.array([0, 1]), np.array([0, 1]), np.array([2.0, 3]),
        existing=np.array([False, False]),
    )  # fmt: skip
    found = choose_sites(problem, "median", p=1, beyond=60)
    assert list(found.chosen) == [1]
    assert found.value == pytest.approx(10 * 60 + 20 * 3 + 5 * 60)
    assert list(found.uncoverable) == [2]
    with pytest.raises(InputError, match="no choice can serve everybody"):
        choose_sites(problem, "median", p=1)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), objective=st.sampled_from(["coverage", "full", "median"]))
def test_the_order_of_the_rows_does_not_matter(seed, objective):
    problem = invented(seed, standing=0)
    rng = np.random.default_rng(seed + 1)
    home, row = rng.permutation(len(problem.weight)), rng.permutation(len(problem.place))
    weight = np.empty_like(problem.weight)
    weight[home] = problem.weight
    other = siting_problem(
        weight, home[problem.place[row]], problem.site[row], problem.minutes[row],
        existing=problem.existing, cost=problem.cost, xy=problem.xy,
    )  # fmt: skip
    asked = {"within": 4.0} if objective == "full" else {"within": 4.0, "p": 3, "beyond": 60.0}
    one, two = (choose_sites(each, objective, **asked) for each in (problem, other))
    assert list(one.chosen) == list(two.chosen)
    assert list(one.greedy) == list(two.greedy)
    assert one.value == pytest.approx(two.value, rel=1e-12)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"p": 0}, "p is 0: nothing would open"),
        ({"budget": 0.0}, "budget is 0: nothing could open"),
        ({"budget": 0.5}, "cheapest candidate costs"),
        ({"p": 7}, "only 6 candidates can be used"),
        ({}, "How many may open is not said"),
    ],
)
def test_what_allows_nothing_is_refused(asked, words):
    with pytest.raises(UsageError, match=words):
        choose_sites(invented(1), "coverage", within=4, **asked)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), rows=st.integers(1, 30), columns=st.integers(1, 12))
def test_rows_that_others_imply_are_left_out(seed, rows, columns):
    table = np.random.default_rng(seed).random((rows, columns)) < 0.3
    table[np.arange(rows), np.arange(rows) % columns] = True
    sets = [frozenset(np.flatnonzero(row)) for row in table]
    needed = [
        not any(
            other < own or (other == own and k < n) for k, other in enumerate(sets) if k != n
        )
        for n, own in enumerate(sets)
    ]  # fmt: skip
    assert list(not_implied(csr_array(table.astype(float)))) == needed


def test_a_worst_walk_in_which_many_have_a_say():
    # 200 homes in a row reach site 0 in their number of minutes; only the last reaches site 1.
    home = np.arange(200)
    problem = siting_problem(
        np.ones(200), np.append(home, 199), np.append(np.zeros(200, int), 1),
        np.append(home + 1.0, 5), existing=np.zeros(2, dtype=bool),
    )  # fmt: skip
    found = choose_sites(problem, "center", p=2)
    assert (list(found.greedy), found.value, found.status) == ([0, 1], 199, "optimal")
    with pytest.raises(InputError, match="no choice can serve everybody"):
        choose_sites(
            siting_problem(
                np.ones(3), np.array([0, 1, 2]), np.array([0, 1, 2]), np.ones(3),
                existing=np.zeros(3, dtype=bool),
            ),
            "center", p=2,
        )  # fmt: skip


def test_where_nobody_lives_nobody_is_to_be_served():
    problem = siting_problem(
        np.array([5.0, 0, 0]), np.array([0, 1]), np.array([0, 1]), np.array([1.0, 9]),
        existing=np.zeros(2, dtype=bool),
    )  # fmt: skip
    for objective, asked in (("full", {}), ("median", {"p": 1}), ("center", {"p": 1})):
        found = choose_sites(problem, objective, within=10, **asked)
        assert (list(found.chosen), list(found.uncoverable)) == ([0], [])


def test_bad_candidates_are_all_named():
    nothing = np.zeros(0, dtype=int)
    with pytest.raises(InputError, match="there are none"):
        siting_problem(np.ones(1), nothing, nothing, np.zeros(0), existing=np.array([True]))
    with pytest.raises(InputError) as told:
        siting_problem(
            np.ones(1), nothing, nothing, np.zeros(0), existing=np.zeros(3, dtype=bool),
            name=np.array(["a", "b", "c"], dtype=object), cost=np.array([1.0, -5, 2]),
            xy=np.array([[0.0, 0], [9, 9], [0, 0]]),
        )  # fmt: skip
    assert [p.where for p in told.value.problems] == ["candidate b", "candidates a and c"]


def test_candidates_that_help_nobody_are_said_to():
    far = siting_problem(
        np.ones(2), np.array([0]), np.array([0]), np.array([9.0]), existing=np.array([False])
    )
    with pytest.raises(InputError, match="no candidate helps anybody"):
        choose_sites(far, "coverage", within=5, p=1)
    done = siting_problem(
        np.ones(1), np.array([0, 0]), np.array([0, 1]), np.ones(2),
        existing=np.array([True, False]),
    )  # fmt: skip
    with pytest.raises(InputError, match="everybody is covered already"):
        choose_sites(done, "coverage", within=5, p=1)
