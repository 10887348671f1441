"""The choice of sites where some have room for so many people only.

Exact by the programs of `coverage.siting_assignment`; the greedy order is one by one, everybody
placed anew at every step. A site without a number of places has room for all.
"""

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .errors import InputError, Problem
from .siting_assignment import (
    Assignment,
    assign,
    assignment_of_minutes,
    assignment_within,
    gains_at_most,
    greedy_with_room,
    serve,
)
from .siting_choice import (
    EXACT,
    Choice,
    cannot,
    helps_nobody,
    made_choice,
    shortens_none,
    those_served,
    within_limits_nobody,
)
from .siting_models import Solved
from .siting_problem import Limits, Objective, SitingProblem

_NOBODY = 1e-6
"""What share of the people the solver's tolerances may lose."""
_ANY = 1e6
"""A gap at which a search ends with the first choice that fits."""


def choose_with_room(
    problem: SitingProblem, objective: Objective, limits: Limits, *,
    within: NDArray[np.float64], beyond: float,
) -> Choice:  # fmt: skip
    """Choose the sites to open where room is limited; see `coverage.siting.choose_sites`.

    Raises
    ------
    InputError
        When no candidate helps, there is no room for those who must be served, or no choice
        satisfies everything.
    """
    if objective == "median":
        return _median(problem, limits, beyond)
    if objective == "center":
        return _center(problem, limits)
    return _within(problem, limits, within, full=objective == "full")


def people_with_place(
    problem: SitingProblem, within: NDArray[np.float64], sites: NDArray[np.int64]
) -> float:
    """Return the people who have a place of every kind within some minutes, with `sites` open.

    Parameters
    ----------
    problem, within
        As for `coverage.siting_problem.needs_within`.
    sites
        Candidates that are open besides the standing sites.
    """
    who, needs = assignment_within(problem, within)
    return needs.already + serve(problem, who, _open(problem, sites)).value


def _within(problem: SitingProblem, limits: Limits, within: NDArray[np.float64], *, full: bool
            ) -> Choice:  # fmt: skip
    begin = time.monotonic()
    who, needs = assignment_within(problem, within, must=full)
    use = _offered(problem, who)
    nobody = np.zeros(0, dtype=np.int64)
    total = float(who.weight.sum())
    least = _NOBODY * total

    def value(sites: NDArray[np.int64]) -> float:
        return serve(problem, who, _open(problem, sites)).value

    now, most = value(nobody), value(use)
    if most <= now + least:
        if now >= total - least and len(needs.uncoverable) == 0:
            raise InputError(helps_nobody(covered=True))
        raise InputError(helps_nobody())
    if full:
        _check_room(problem, within, use)
    stages = [who] if problem.kinds == 1 else [who, who.each_alone()]
    if full:
        stages = [who.each_alone()]
    orders = [greedy_with_room(problem, stages, use, limits)]
    if np.isfinite(limits.budget):
        orders.append(greedy_with_room(problem, stages, use, limits, by_cost=True))
    worth = [value(order) for order in orders]
    greedy, greedy_value = orders[int(np.argmax(worth))], max(worth)
    complete = greedy_value >= total - least
    most_by_number = gains_at_most(problem, who, use, limits)
    if full:
        enough = most_by_number >= total * (1 - _NOBODY)
        lowest = float(np.argmax(enough)) if enough.any() else 0.0
        near = complete and len(greedy) <= lowest * (1 + limits.gap)
    else:
        lowest = -float(min(most_by_number[-1], total))
        near = greedy_value + needs.already >= (needs.already - lowest) / (1 + limits.gap) - least
    known = Solved(greedy, lowest, proven=True, feasible=True)
    left = _what_is_left(limits, begin)
    solved = known if near else assign(problem, who, _open(problem, use), left, fewest=full)
    if solved.feasible:
        solved = replace(solved, bound=max(solved.bound, lowest))
    best = greedy if solved.chosen is None else solved.chosen
    if full:
        if not solved.feasible or (solved.chosen is None and not complete):
            raise InputError(cannot("give everybody a place", solved))
        if complete and len(greedy) <= len(best):
            best = greedy
    elif value(best) <= greedy_value * (1 + EXACT):
        best = greedy
    # What is greedy on its own is in that order already.
    order = greedy if best is orders[0] and not full else _in_order(problem, stages, best)
    if full:
        return made_choice(
            order, float(len(order)), float(np.ceil(solved.bound - 1e-6)), solved, greedy,
            float(len(greedy)) if complete else float("nan"), needs.uncoverable,
        )  # fmt: skip
    if value(order) <= now + least:
        raise InputError(within_limits_nobody())
    return made_choice(
        order, needs.already + value(order), needs.already - solved.bound, solved, greedy,
        needs.already + greedy_value, needs.uncoverable,
    )  # fmt: skip


def _median(problem: SitingProblem, limits: Limits, beyond: float) -> Choice:
    begin = time.monotonic()
    problem, uncoverable = those_served(problem, beyond)
    now = np.minimum(problem.nearest_existing(), beyond)
    # Where somebody has no walk yet, any length above all walks takes its place in the sums.
    longest = float(problem.minutes.max(initial=0.0)) + 1
    who = assignment_of_minutes(problem, now, longest)
    use = _offered(problem, who)
    if len(use) == 0:
        raise InputError(shortens_none("anybody's walk"))
    start = float((problem.weight[:, None] * np.where(np.isinf(now), longest, now)).sum())

    def value(sites: NDArray[np.int64]) -> float:
        return start - serve(problem, who, _open(problem, sites), whole=True).value

    if who.must.any():
        _check_room(problem, _anywhere(problem), use)
    # To place one more person may lengthen the walk of another at every site.
    far = assignment_of_minutes(problem, now, longest * (len(use) + 2))
    greedy = greedy_with_room(problem, [far], use, limits)
    lowest = -float(gains_at_most(problem, who, use, limits)[-1])
    solved = assign(problem, who, _open(problem, use), _what_is_left(limits, begin))
    if solved.feasible:
        solved = replace(solved, bound=max(solved.bound, lowest))
    best = greedy if solved.chosen is None else solved.chosen
    if not solved.feasible or (solved.chosen is None and not np.isfinite(value(greedy))):
        raise InputError(cannot("give everybody a place", solved))
    if value(greedy) <= value(best) * (1 + EXACT):
        best = greedy
    order = greedy if best is greedy else _in_order(problem, [far], best)
    return made_choice(order, value(order), start + solved.bound, solved, greedy, value(greedy),
                       uncoverable)  # fmt: skip


def _center(problem: SitingProblem, limits: Limits) -> Choice:
    until = time.monotonic() + limits.seconds
    problem, uncoverable = those_served(problem, np.inf)
    least = _NOBODY * float(problem.weight.sum())
    use = np.unique(problem.site[~problem.existing[problem.site]])
    if len(use) == 0:
        raise InputError(shortens_none("the longest walk"))
    _check_room(problem, _anywhere(problem), use)
    reached = np.full((len(problem.weight), problem.kinds), np.inf)
    np.minimum.at(reached, (problem.place, problem.kind[problem.site]), problem.minutes)
    floor = float(reached.max(initial=0.0))
    radii = np.unique(problem.minutes[problem.minutes >= floor])

    def within(radius: float) -> tuple[Assignment, bool]:
        """Return who needs a place within a radius, and whether all have a site that near."""
        who, needs = assignment_within(problem, np.full(problem.kinds, radius), must=True)
        return who, len(needs.uncoverable) == 0

    def fits(sites: NDArray[np.int64], radius: float) -> bool:
        who, near = within(radius)
        short = float(who.weight.sum()) - serve(problem, who, _open(problem, sites)).value
        return near and short <= least

    def worst(sites: NDArray[np.int64]) -> float:
        low, high = 0, len(radii)
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if fits(sites, radii[middle]) else (middle + 1, high)
        return float(radii[low]) if low < len(radii) else np.inf

    def one_by_one(among: NDArray[np.int64], radius: float, keep: Limits) -> NDArray[np.int64]:
        return greedy_with_room(problem, [within(radius)[0].each_alone()], among, keep)

    best = one_by_one(use, float(radii[-1]), limits)
    now, best_worst = worst(np.zeros(0, dtype=np.int64)), worst(best)
    if now <= worst(use):
        raise InputError(shortens_none("the longest walk"))
    low, high = 0, int(np.searchsorted(radii, best_worst))
    solved = Solved(best, floor, proven=True, feasible=True)
    while low < high:
        middle = (low + high) // 2
        solved = Solved(None, np.inf, proven=True, feasible=False)
        if fits(use, radii[middle]):
            left = replace(limits, gap=_ANY, seconds=max(until - time.monotonic(), 0.1))
            who = within(radii[middle])[0]
            solved = assign(problem, who, _open(problem, use), left, fewest=True)
        if solved.chosen is None and solved.feasible:
            break
        if solved.chosen is None:
            low = middle + 1
        else:
            best, high = solved.chosen, middle
    best_worst = worst(best)
    if not np.isfinite(best_worst):
        raise InputError(cannot("give everybody a place", solved))
    greedy = one_by_one(use, best_worst, limits)
    greedy_worst = worst(greedy)
    if greedy_worst <= best_worst:
        best = greedy
    order = one_by_one(np.sort(best), best_worst, replace(limits, count=np.inf))
    order = np.concatenate([order, np.setdiff1d(best, order)])
    bound = best_worst if low >= high else float(radii[low])
    ended = Solved(best, bound, proven=low >= high, feasible=True)
    return made_choice(order, best_worst, bound, ended, greedy, greedy_worst, uncoverable)


def _what_is_left(limits: Limits, begin: float) -> Limits:
    """Return the limits with the time that is left, a tenth of it in any case."""
    left = limits.seconds - (time.monotonic() - begin)
    return replace(limits, seconds=max(left, 0.1 * limits.seconds))


def _in_order(
    problem: SitingProblem, stages: list[Assignment], best: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return sites in the order in which each next one adds most, those that add nothing last."""
    order = greedy_with_room(problem, stages, np.sort(best), Limits())
    left = np.setdiff1d(best, order)
    if len(left) and stages[0].gain is None:
        short = serve(problem, stages[0], _open(problem, order)).value
        if serve(problem, stages[0], _open(problem, best)).value <= short * (1 + EXACT):
            return order
    return np.concatenate([order, left])


def _open(problem: SitingProblem, sites: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the sites that are open, standing ones included, ascending."""
    return np.union1d(np.flatnonzero(problem.existing & ~problem.roomy), sites)


def _offered(problem: SitingProblem, who: Assignment) -> NDArray[np.int64]:
    """Return the candidates to which somebody could go, ascending."""
    sites = np.unique(who.site)
    return sites[~problem.existing[sites]]


def _anywhere(problem: SitingProblem) -> NDArray[np.float64]:
    """Return a walk that no walk is longer than, shape (kinds,)."""
    return np.full(problem.kinds, problem.minutes.max(initial=0.0))


def _check_room(
    problem: SitingProblem, within: NDArray[np.float64], use: NDArray[np.int64]
) -> None:
    """Refuse to serve everybody where there is not room for all, though every candidate opens."""
    who, needs = assignment_within(problem, within)
    found = serve(problem, who, _open(problem, use)).value
    total = float(who.weight.sum())
    if found < total * (1 - _NOBODY):
        raise InputError(Problem(
            "siting",
            f"there is room for {found + needs.already:,.0f} of the {total + needs.already:,.0f} "
            "people who have a facility or a candidate in reach, even if every candidate opens.",
            "Give more candidates or more room, or choose 'coverage' to give most people a place.",
        ))  # fmt: skip
