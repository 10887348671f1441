"""Where the next facility should open: exact by mixed integer programming, and one by one."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .errors import InputError, Problem
from .siting_greedy import greedy_center, greedy_cover, greedy_median
from .siting_models import Solved, assign, max_cover, min_cover
from .siting_problem import (
    Limits,
    Needs,
    Objective,
    SitingProblem,
    check_limits,
    close_pairs,
    needs_within,
    not_dominated,
)

_SAME_PLACE_M = 0.01
_EXACT = 1e-9


@dataclass(frozen=True, slots=True)
class Choice:
    """Sites to open.

    Attributes
    ----------
    chosen
        The best set found, in the order in which each next one helps most.
    value, bound
        What it achieves, and what no choice can surpass: people covered (standing sites
        included), sites, person-minutes, or minutes of the worst walk.
    gap
        How far the one is from the other, as a share of the value; 0 is proven best.
    status
        ``optimal``, ``within the gap`` asked for, or ``time limit``.
    greedy, greedy_value
        The greedy order and what it achieves.
    uncoverable
        Demand points that neither a standing site nor a candidate can serve, ascending; the choice
        is made for the others.
    """

    chosen: NDArray[np.int64]
    value: float
    bound: float
    gap: float
    status: Literal["optimal", "within the gap", "time limit"]
    greedy: NDArray[np.int64]
    greedy_value: float
    uncoverable: NDArray[np.int64]


def choose_sites(
    problem: SitingProblem,
    objective: Objective,
    *,
    within: float | NDArray[np.float64] = np.inf,
    p: int | None = None,
    budget: float | None = None,
    spacing_m: float = 0.0,
    beyond: float = np.inf,
    gap: float = 0.0,
    seconds: float = 60.0,
) -> Choice:
    """Choose the sites to open.

    Parameters
    ----------
    problem
        The problem.
    objective
        ``coverage``: the most people within `within`; ``full``: everybody who can be, with the
        fewest sites; ``median``: the least person-minutes; ``center``: the shortest worst walk.
    within
        The longest walk that covers, one or one for each kind.
    p, budget
        How many may open, what they may cost together, or both; neither for ``full``. With a
        budget a candidate without a known cost is not chosen.
    spacing_m
        How far apart sites of one kind must stand, standing ones included, metres.
    beyond
        What a walk counts for, in ``median``, where there is none; infinite: everybody who can be
        served has to be.
    gap, seconds
        Relative gap at which to stop, and time after which to stop with the best so far. Only a
        search that the clock ends may give another answer the next time.

    Raises
    ------
    UsageError
        When `p` or `budget` allow nothing.
    InputError
        When no candidate helps, or no choice satisfies everything.
    """
    cutoff = np.broadcast_to(np.asarray(within, dtype=float), problem.kinds)
    usable = ~problem.existing & ~_too_near(problem, spacing_m)
    if budget is not None:
        check_limits(problem, objective, p, budget)
        usable &= problem.cost <= budget
    elif p is not None or objective != "full":
        check_limits(problem, objective, p, budget)
    else:
        check_limits(problem, objective, None, None)
    problem = problem.only(usable | problem.existing)
    limits = Limits(
        np.inf if p is None else p, np.inf if budget is None else budget,
        _apart(problem, spacing_m), gap, seconds,
    )  # fmt: skip
    if objective == "median":
        return _median(problem, limits, beyond)
    if objective == "center":
        return _center(problem, limits)
    if np.isfinite(problem.capacity).any() and problem.kinds == 1:
        return _with_capacity(problem, limits, float(cutoff[0]), full=objective == "full")
    needs = needs_within(problem, cutoff)
    use = _worth(problem, needs, limits)
    if len(use) == 0:
        raise InputError(_helps_nobody(needs))
    return _full(problem, needs, use, limits) if objective == "full" else _coverage(
        problem, needs, use, limits
    )  # fmt: skip


def people_covered(needs: Needs, sites: NDArray[np.int64]) -> float:
    """Return the people who have all they need once some sites are open."""
    filled = needs.matrix[:, sites].sum(axis=1) > 0
    met = np.bincount(needs.group[filled], minlength=len(needs.weight)) == needs.open_needs
    return needs.already + float(needs.weight[met].sum())


def _coverage(problem: SitingProblem, needs: Needs, use: NDArray[np.int64], limits: Limits
              ) -> Choice:  # fmt: skip
    orders = [greedy_cover(problem, needs, use, limits)]
    if np.isfinite(limits.budget):
        orders.append(greedy_cover(problem, needs, use, limits, by_cost=True))
    greedy = max(orders, key=lambda order: people_covered(needs, order))
    solved = max_cover(problem, needs, use, limits)
    best = greedy if solved.chosen is None else solved.chosen
    if people_covered(needs, best) <= people_covered(needs, greedy) * (1 + _EXACT):
        best = greedy
    order = greedy_cover(problem, needs, np.sort(best), replace(limits, count=np.inf))
    value = people_covered(needs, order)
    return _choice(order, value, needs.already - solved.bound, solved, greedy,
                   people_covered(needs, greedy), needs.uncoverable)  # fmt: skip


def _full(problem: SitingProblem, needs: Needs, use: NDArray[np.int64], limits: Limits) -> Choice:
    greedy = greedy_cover(problem, needs, use, limits, to_the_end=True)
    solved = min_cover(problem, needs, use, limits)
    complete = bool((needs.matrix[:, greedy].sum(axis=1) > 0).all())
    if not solved.feasible or (solved.chosen is None and not complete):
        raise InputError(_cannot("cover everybody whom some candidate covers", solved))
    if solved.chosen is None or (complete and len(greedy) <= len(solved.chosen)):
        best = greedy
    else:
        best = solved.chosen
    order = greedy_cover(problem, needs, np.sort(best), replace(limits, count=np.inf))
    order = np.concatenate([order, np.setdiff1d(best, order)])
    return _choice(order, float(len(order)), float(np.ceil(solved.bound - 1e-6)), solved,
                   greedy, float(len(greedy)) if complete else float("nan"),
                   needs.uncoverable)  # fmt: skip


def _median(problem: SitingProblem, limits: Limits, beyond: float) -> Choice:
    problem, uncoverable = _served(problem, beyond)
    now = np.minimum(problem.nearest_existing(), beyond)
    kind = problem.kind[problem.site]
    before = now[problem.place, kind]
    kept = ~problem.existing[problem.site] & (problem.minutes < before)
    if not kept.any():
        raise InputError(_helps_nobody(None))
    place, site, minutes = problem.place[kept], problem.site[kept], problem.minutes[kept]
    must = np.isinf(now).reshape(-1)
    # Where somebody has no walk yet, any length above all walks takes its place in the sums.
    long = float(problem.minutes.max()) + 1
    finite = np.where(np.isinf(now), long, now)
    use = np.unique(site)
    gain = problem.weight[place] * (finite[place, kind[kept]] - minutes)
    row, cell = np.unique(place * problem.kinds + kind[kept], return_inverse=True)
    solved = assign(
        problem, use, limits, place=cell, site=site, gain=gain, people=problem.weight[place],
        must=must[row],
    )  # fmt: skip
    greedy = greedy_median(problem, finite, use, limits)

    def value(sites: NDArray[np.int64]) -> float:
        after, own = now.copy(), np.isin(problem.site, sites)
        np.minimum.at(after, (problem.place[own], kind[own]), problem.minutes[own])
        # Nobody's walk that does not exist is none, not unknown.
        people = problem.weight[:, None] > 0
        return float(np.where(people, problem.weight[:, None] * after, 0.0).sum())

    best = greedy if solved.chosen is None else solved.chosen
    if not solved.feasible or (solved.chosen is None and not np.isfinite(value(greedy))):
        raise InputError(_cannot("serve everybody whom some candidate serves", solved))
    if value(greedy) <= value(best) * (1 + _EXACT):
        best = greedy
    order = greedy_median(problem, finite, np.sort(best), replace(limits, count=np.inf))
    start = float((problem.weight[:, None] * finite).sum())
    return _choice(order, value(order), start + solved.bound, solved, greedy,
                   value(greedy), uncoverable)  # fmt: skip


def _center(problem: SitingProblem, limits: Limits) -> Choice:
    problem, uncoverable = _served(problem, np.inf)
    kind, now = problem.kind[problem.site], problem.nearest_existing()
    use = np.unique(problem.site[~problem.existing[problem.site]])
    if len(use) == 0:
        raise InputError(_helps_nobody(None))

    def value(sites: NDArray[np.int64]) -> float:
        after, own = now.copy(), np.isin(problem.site, sites)
        np.minimum.at(after, (problem.place[own], kind[own]), problem.minutes[own])
        return float(after.max(initial=0.0))

    floor = value(use)
    greedy = greedy_center(problem, now, use, limits)
    radii = np.unique(problem.minutes[problem.minutes >= floor])
    best, worst = greedy, value(greedy)
    low, high, solved = 0, int(np.searchsorted(radii, worst)), Solved(greedy, floor, True, True)
    high = min(high, len(radii))
    while low < high:
        middle = (low + high) // 2
        needs = needs_within(problem, np.full(problem.kinds, radii[middle]))
        # A radius within which standing sites reach everybody needs nobody.
        fits = len(needs.group) == 0 and len(needs.uncoverable) == 0
        chosen = np.zeros(0, dtype=np.int64)
        if not fits and len(needs.uncoverable) == 0:
            some = _worth(problem, needs, limits)
            solved = min_cover(problem, needs, some, replace(limits, gap=0.0))
            if not solved.proven and solved.chosen is None:
                break
            fits = solved.chosen is not None
            chosen = chosen if solved.chosen is None else solved.chosen
        if fits:
            best, high = chosen, middle
        else:
            low = middle + 1
    if not np.isfinite(value(best)):
        raise InputError(_cannot("serve everybody whom some candidate serves", solved))
    bound = value(best) if low >= high else float(radii[low])
    proven = Solved(best, bound, low >= high, True)
    order = greedy_center(problem, now, np.sort(best), replace(limits, count=np.inf))
    order = np.concatenate([order, np.setdiff1d(best, order)])
    return _choice(order, value(order), bound, proven, greedy, value(greedy), uncoverable)


def _with_capacity(problem: SitingProblem, limits: Limits, within: float, *, full: bool) -> Choice:
    """Choose where sites have room for so many people only; a point's people may be divided."""
    near = problem.minutes <= within
    place, site = problem.place[near], problem.site[near]
    people = problem.weight[place]
    some = np.bincount(place, minlength=len(problem.weight)) > 0
    number = np.cumsum(some) - 1
    must = np.full(int(some.sum()), full)
    use = np.unique(site)
    if problem.existing[use].all():
        raise InputError(_helps_nobody(None))
    solved = assign(
        problem, use, limits, place=number[place], site=site, gain=people, people=people,
        must=must, count_only=full,
    )  # fmt: skip
    if solved.chosen is None:
        raise InputError(_cannot("give everybody a place" if full else "be found", solved))

    def value(sites: NDArray[np.int64]) -> float:
        opened = np.concatenate([use[problem.existing[use]], sites])
        own = np.isin(site, opened)
        if not own.any():
            return 0.0
        # With the sites given, the fewest or the most is only who goes where: the same program.
        given = replace(problem, existing=np.isin(np.arange(len(problem.existing)), opened))
        served = assign(
            given, np.sort(opened), Limits(), place=number[place[own]], site=site[own],
            gain=people[own], people=people[own], must=np.zeros_like(must),
        )  # fmt: skip
        return -served.bound

    order: list[int] = []
    rest = set(solved.chosen.tolist())
    while rest:
        step = max(sorted(rest), key=lambda s: value(np.array([*order, s])))
        order.append(step)
        rest.remove(step)
    chosen = np.array(order, dtype=np.int64)
    reached = float(len(order)) if full else value(chosen)
    bound = float(np.ceil(solved.bound - 1e-6)) if full else -solved.bound
    return _choice(chosen, reached, bound, solved, chosen, reached, np.flatnonzero(~some))


def _choice(
    chosen: NDArray[np.int64], value: float, bound: float, solved: Solved,
    greedy: NDArray[np.int64], greedy_value: float, uncoverable: NDArray[np.int64],
) -> Choice:  # fmt: skip
    apart = abs(value - bound) / abs(value) if value else abs(bound)
    if apart <= _EXACT * 100:
        apart, bound = 0.0, value
    status: Literal["optimal", "within the gap", "time limit"] = "optimal"
    if not solved.proven:
        status = "time limit"
    elif apart > 0:
        status = "within the gap"
    return Choice(chosen, value, bound, apart, status, greedy, greedy_value, uncoverable)


def _served(problem: SitingProblem, beyond: float) -> tuple[SitingProblem, NDArray[np.int64]]:
    """Return the problem of those who have a walk to some site of every kind, and the others."""
    linked = np.zeros((len(problem.weight), problem.kinds), dtype=bool)
    linked[problem.place, problem.kind[problem.site]] = True
    served = np.asarray(linked.all(axis=1))
    others = np.flatnonzero(~served)
    return (problem if np.isfinite(beyond) else problem.of_places(served)), others


def _worth(problem: SitingProblem, needs: Needs, limits: Limits) -> NDArray[np.int64]:
    if len(limits.apart):
        return np.flatnonzero(needs.matrix.sum(axis=0) > 0)
    return np.flatnonzero(not_dominated(problem, needs))


def _too_near(problem: SitingProblem, spacing_m: float) -> NDArray[np.bool_]:
    """Return which candidates stand too near to a standing site of their kind, shape (S,)."""
    near = np.zeros(len(problem.existing), dtype=bool)
    if spacing_m <= 0:
        return near
    for kind in range(problem.kinds):
        own = problem.kind == kind
        new, standing = np.flatnonzero(own & ~problem.existing), np.flatnonzero(
            own & problem.existing
        )  # fmt: skip
        if len(new) and len(standing):
            apart = problem.xy[new][:, None, :] - problem.xy[standing][None, :, :]
            near[new] = (np.hypot(apart[..., 0], apart[..., 1]) < spacing_m).any(axis=1)
    return near


def _apart(problem: SitingProblem, spacing_m: float) -> NDArray[np.int64]:
    """Return the pairs that cannot both open: too near, or one place as two kinds."""
    pairs = close_pairs(problem, max(spacing_m, _SAME_PLACE_M))
    between = problem.xy[pairs[:, 0]] - problem.xy[pairs[:, 1]]
    distance = np.hypot(between[:, 0], between[:, 1])
    same = problem.kind[pairs[:, 0]] == problem.kind[pairs[:, 1]]
    barred = (same & (distance < spacing_m)) | (distance <= _SAME_PLACE_M)
    return np.asarray(pairs[barred])


def _helps_nobody(needs: Needs | None) -> Problem:
    covered = needs is not None and len(needs.uncoverable) == 0 and len(needs.group) == 0
    if covered:
        return Problem("siting", "everybody is covered already.", "No further site is needed.")
    return Problem(
        "siting", "no candidate helps anybody who is not served already.",
        "Give candidates nearer to where people are not covered, or less spacing.",
    )  # fmt: skip


def _cannot(what: str, solved: Solved) -> Problem:
    if solved.feasible:
        return Problem("siting", "no choice was found in the time given.", "Give more seconds.")
    return Problem(
        "siting", f"no choice can {what} within the limits.",
        "Allow more sites, a larger budget, less spacing or more room, or choose 'coverage'.",
    )  # fmt: skip
