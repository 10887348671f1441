"""Siting with room for so many: known answers, and against networkx on every set of candidates."""

from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coverage.errors import InputError
from coverage.siting import choose_sites
from coverage.siting_capacity import people_with_place
from coverage.siting_problem import siting_problem

NOBODY = np.zeros(0, dtype=np.int64)


def street(minutes, weight, capacity, *, existing=(), kind=None):
    """Return a problem from a table of homes by sites; 0 is no walk."""
    table = np.asarray(minutes, dtype=float)
    place, site = np.nonzero(table)
    return siting_problem(
        np.asarray(weight, dtype=float), place, site, table[place, site],
        existing=np.isin(np.arange(table.shape[1]), existing),
        capacity=np.asarray(capacity, dtype=float),
        kind=None if kind is None else np.asarray(kind),
    )  # fmt: skip


#             site 0  1  2
# home 0 (10)      1  4  .
# home 1 (10)      2  2  .
# home 2 (10)      .  1  3
THREE = [[1, 4, 0], [2, 2, 0], [0, 1, 3]]


def test_most_people_get_a_place():
    problem = street(THREE, [10, 10, 10], [15, 12, 25])
    one = choose_sites(problem, "coverage", within=4, p=1)
    assert (list(one.chosen), one.value, one.gap) == ([0], pytest.approx(15), 0)
    # Site 0 holds 15 of homes 0 and 1, site 1 their other 5 and 7 of home 2; site 2 only home 2.
    two = choose_sites(problem, "coverage", within=4, p=2)
    assert (sorted(two.chosen), two.value) == ([0, 1], pytest.approx(27))
    assert choose_sites(problem, "coverage", within=4, p=3).value == pytest.approx(30)


def test_who_has_a_place_moves_over_for_others():
    # Site 1 holds 12 of both homes and comes first; beside it site 0 holds ten more of home 0.
    problem = street([[1, 1], [0, 1]], [10, 10], [10, 12])
    found = choose_sites(problem, "coverage", within=1, p=2)
    assert (list(found.greedy), found.greedy_value) == ([1, 0], pytest.approx(20))
    assert choose_sites(problem, "coverage", within=1, p=1).value == pytest.approx(12)


def test_greedy_below_the_best():
    # Homes 0..3 of 6; site 0 reaches the middle two (12 places), sites 1 and 2 a half each.
    problem = street(
        [[0, 1, 0], [1, 1, 0], [1, 0, 1], [0, 0, 1]], [6, 6, 6, 6], [12, 11, 11]
    )  # fmt: skip
    found = choose_sites(problem, "coverage", within=1, p=2)
    assert (list(found.chosen), found.value) == ([1, 2], pytest.approx(22))
    assert (list(found.greedy), found.greedy_value) == ([0, 1], pytest.approx(18))


def test_standing_sites_fill_up():
    # Site 0 stands with 8 places; with none of its own number it has room for both homes.
    problem = street([[1, 2], [1, 2]], [10, 10], [8, 9], existing=[0])
    assert people_with_place(problem, np.array([2.0]), NOBODY) == pytest.approx(8)
    found = choose_sites(problem, "coverage", within=2, p=1)
    assert found.value == pytest.approx(17)
    roomy = street([[1, 2], [1, 2]], [10, 10], [np.inf, 9], existing=[0])
    assert people_with_place(roomy, np.array([2.0]), NOBODY) == pytest.approx(20)
    with pytest.raises(InputError, match="everybody is covered already"):
        choose_sites(roomy, "coverage", within=2, p=1)


def test_full_needs_enough_room():
    assert list(
        choose_sites(street(THREE, [10, 10, 10], [20, 30, 10]), "full", within=4).chosen
    ) == [1]  # fmt: skip
    found = choose_sites(street(THREE, [10, 10, 10], [20, 12, 10]), "full", within=4)
    assert len(found.chosen) == 2
    with pytest.raises(InputError, match="room for 27 of the 30 people"):
        choose_sites(street(THREE, [10, 10, 10], [15, 12, 0]), "full", within=4)


def test_median_sends_who_finds_no_room_further():
    # Both homes are nearest to site 0, which holds one of them: home 1 goes on to site 1.
    problem = street([[1, 9], [2, 4]], [10, 10], [10, 20])
    found = choose_sites(problem, "median", p=2)
    assert found.value == pytest.approx(10 * 1 + 10 * 4)
    alone = choose_sites(problem, "median", p=1)
    assert (list(alone.chosen), alone.value) == ([1], pytest.approx(10 * 9 + 10 * 4))
    # With a length for those who find none, site 0 alone is better: (10 + 10 * 5).
    few = choose_sites(problem, "median", p=1, beyond=5)
    assert (list(few.chosen), few.value) == ([0], pytest.approx(10 * 1 + 10 * 5))
    with pytest.raises(InputError, match="room for 15 of the 20"):
        choose_sites(street([[1, 9], [2, 4]], [10, 10], [10, 5]), "median", p=2)


def test_center_with_room():
    problem = street([[1, 9], [2, 4]], [10, 10], [10, 20])
    assert choose_sites(problem, "center", p=2).value == 4
    assert choose_sites(problem, "center", p=1).value == 9
    with pytest.raises(InputError, match="room for 15 of the 20"):
        choose_sites(street([[1, 9], [2, 4]], [10, 10], [10, 5]), "center", p=2)


def test_the_circle_counts_who_has_a_place_of_every_kind():
    # Kinds: sites 0, 1 are of kind 0, site 2 is of kind 1 and holds 12.
    problem = street(
        [[1, 0, 1], [0, 1, 1]], [10, 10], [10, 10, 12], kind=[0, 0, 1]
    )  # fmt: skip
    assert choose_sites(problem, "coverage", within=1, p=2).value == pytest.approx(10)
    three = choose_sites(problem, "coverage", within=1, p=3)
    assert three.value == pytest.approx(12)
    assert three.greedy_value == pytest.approx(12)
    with pytest.raises(InputError, match="room for 12 of the 20"):
        choose_sites(problem, "full", within=1)


def invented(seed, *, kinds=1, standing=1):
    """Return a small problem with whole numbers of people, places and minutes."""
    rng = np.random.default_rng(seed)
    sites, homes = 6, 8
    xy, home = rng.uniform(0, 10, (sites, 2)), rng.uniform(0, 10, (homes, 2))
    distance = np.ceil(np.hypot(*(home[:, None] - xy[None]).transpose(2, 0, 1)))
    place, site = np.nonzero(distance < 7)
    capacity = rng.integers(5, 60, sites).astype(float)
    capacity[rng.random(sites) < 0.2] = np.inf
    return siting_problem(
        rng.integers(1, 30, homes).astype(float), place, site, distance[place, site],
        existing=np.arange(sites) < standing, kind=np.arange(sites) % kinds, capacity=capacity,
        cost=rng.integers(1, 9, sites).astype(float), xy=xy,
    )  # fmt: skip


def flow(problem, opened, within):
    """Return the people who have a place, by the greatest flow: through kind 0, then kind 1."""
    graph = nx.DiGraph()
    graph.add_nodes_from(["from", "to"])
    for s in opened:
        room = problem.capacity[s]
        ends = ("from", ("site", s)) if problem.kind[s] == 0 else (("site", s), "to")
        graph.add_edge(*ends, **({} if np.isinf(room) else {"capacity": room}))
    for d, people in enumerate(problem.weight):
        graph.add_edge(("home", d, 0), ("home", d, 1), capacity=people)
        if problem.kinds == 1:
            graph.add_edge(("home", d, 1), "to", capacity=people)
    for d, s, minutes in zip(problem.place, problem.site, problem.minutes, strict=True):
        if s in opened and minutes <= within:
            if problem.kind[s] == 0:
                graph.add_edge(("site", s), ("home", d, 0), capacity=problem.weight[d])
            else:
                graph.add_edge(("home", d, 1), ("site", s), capacity=problem.weight[d])
    return nx.maximum_flow_value(graph, "from", "to")


def cheapest(problem, opened, beyond):
    """Return the least person-minutes by the cheapest flow, kinds one by one."""
    total = 0
    for kind in range(problem.kinds):
        graph = nx.DiGraph()
        everybody = int(problem.weight.sum())
        graph.add_node("from", demand=-everybody)
        graph.add_edge("from", "nowhere", capacity=everybody, weight=0)
        for s in opened:
            if problem.kind[s] == kind:
                room = min(problem.capacity[s], everybody)
                graph.add_edge("from", ("site", s), capacity=int(room), weight=0)
        for d, people in enumerate(problem.weight):
            graph.add_node(("home", d), demand=int(people))
            graph.add_edge("nowhere", ("home", d), weight=beyond)
        for d, s, minutes in zip(problem.place, problem.site, problem.minutes, strict=True):
            if s in opened and problem.kind[s] == kind and minutes < beyond:
                graph.add_edge(("site", s), ("home", d), weight=int(minutes))
        total += nx.min_cost_flow_cost(graph)
    return total


def sets(problem, most):
    standing = tuple(np.flatnonzero(problem.existing).tolist())
    for count in range(most + 1):
        for one in combinations(problem.candidates.tolist(), count):
            yield one, standing + one


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), p=st.integers(1, 4), kinds=st.integers(1, 2))
def test_coverage_is_the_best_of_all_sets(seed, p, kinds):
    problem = invented(seed, kinds=kinds)
    every = {one: flow(problem, all_, 4) for one, all_ in sets(problem, p)}
    best = max(every.values())
    assert people_with_place(problem, np.full(kinds, 4.0), NOBODY) == pytest.approx(every[()])
    try:
        found = choose_sites(problem, "coverage", within=4, p=p)
    except InputError:
        assert best == pytest.approx(every[()])
        return
    assert found.value == pytest.approx(best)
    assert found.value == pytest.approx(every[tuple(sorted(found.chosen))])
    assert found.greedy_value == pytest.approx(every[tuple(sorted(found.greedy))])
    assert found.greedy_value <= found.value + 1e-6
    assert found.gap == 0


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_every_step_of_greedy_adds_the_most(seed):
    problem = invented(seed)
    try:
        found = choose_sites(problem, "coverage", within=4, p=3)
    except InputError:
        return
    for step, taken in enumerate(found.greedy):
        before = found.greedy[:step].tolist()
        reached = {
            s: flow(problem, [0, *before, s], 4) for s in problem.candidates if s not in before
        }
        assert reached[taken] == pytest.approx(max(reached.values()))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), budget=st.integers(5, 15))
def test_a_budget_is_kept(seed, budget):
    problem = invented(seed)
    few = {
        one: flow(problem, all_, 4) for one, all_ in sets(problem, 5)
        if problem.cost[list(one)].sum() <= budget
    }  # fmt: skip
    try:
        found = choose_sites(problem, "coverage", within=4, budget=budget)
    except InputError:
        assert max(few.values()) == pytest.approx(few[()])
        return
    assert found.value == pytest.approx(max(few.values()))
    assert found.greedy_value == pytest.approx(few[tuple(sorted(found.greedy))])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), kinds=st.integers(1, 2))
def test_full_is_the_fewest_of_all_sets(seed, kinds):
    problem = invented(seed, kinds=kinds)
    reached = np.zeros((len(problem.weight), kinds), dtype=bool)
    near = problem.minutes <= 4
    reached[problem.place[near], problem.kind[problem.site[near]]] = True
    coverable = problem.weight[reached.all(axis=1)].sum()
    only = problem.of_places(reached.all(axis=1))
    fit = [one for one, all_ in sets(only, 5) if flow(only, all_, 4) == coverable]
    try:
        found = choose_sites(problem, "full", within=4)
    except InputError:
        assert not fit or fit[0] == ()
        return
    assert len(found.chosen) == min(map(len, fit))
    assert tuple(sorted(found.chosen)) in fit
    assert not len(found.chosen) > found.greedy_value


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), p=st.integers(1, 3), kinds=st.integers(1, 2))
def test_median_is_the_least_of_all_sets(seed, p, kinds):
    problem = invented(seed, kinds=kinds)
    every = {one: cheapest(problem, all_, 20) for one, all_ in sets(problem, p)}
    try:
        found = choose_sites(problem, "median", p=p, beyond=20)
    except InputError:
        assert min(every.values()) == every[()]
        return
    assert found.value == pytest.approx(min(every.values()))
    assert found.greedy_value == pytest.approx(every[tuple(sorted(found.greedy))])
    assert found.value <= found.greedy_value + 1e-6


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), p=st.integers(1, 4), kinds=st.integers(1, 2))
def test_median_and_center_that_serve_all(seed, p, kinds):
    problem = invented(seed, kinds=kinds)
    linked = np.zeros((len(problem.weight), kinds), dtype=bool)
    linked[problem.place, problem.kind[problem.site]] = True
    problem = problem.of_places(linked.all(axis=1))
    everybody = problem.weight.sum()
    whole = [(one, all_) for one, all_ in sets(problem, p) if flow(problem, all_, 99) == everybody]
    least = {one: cheapest(problem, all_, 10**6) for one, all_ in whole}
    radius = {
        one: min(r for r in range(8) if flow(problem, all_, r) == everybody) for one, all_ in whole
    }
    for objective, by_set in (("median", least), ("center", radius)):
        try:
            found = choose_sites(problem, objective, p=p)
        except InputError:
            assert not by_set or min(by_set.values()) == by_set.get((), np.nan)
            continue
        assert found.value == pytest.approx(min(by_set.values()))
        assert found.greedy_value == pytest.approx(
            by_set.get(tuple(sorted(found.greedy)), np.inf)
        )  # fmt: skip
        assert found.value <= found.greedy_value + 1e-6


def test_more_room_never_hurts_and_room_for_all_is_no_limit():
    for seed in range(12):
        problem = invented(seed)

        def least(capacity, problem=problem):
            return choose_sites(
                siting_problem(
                    problem.weight, problem.place, problem.site, problem.minutes,
                    existing=problem.existing, capacity=capacity,
                ),
                "median", p=2, beyond=20,
            ).value  # fmt: skip

        values = [least(problem.capacity * times) for times in (3.0, 1.0, 0.3)]
        assert values == pytest.approx(sorted(values))
        assert least(np.full(6, np.inf)) == pytest.approx(least(np.full(6, 1e6)))
