"""Where the next facility should open: exact by mixed integer programming, and one by one."""

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .errors import InputError
from .siting_assignment import assignment_of_minutes
from .siting_capacity import choose_with_room
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
from .siting_greedy import greedy_center, greedy_cover, greedy_median
from .siting_median import median_sites
from .siting_models import Solved, max_cover, min_cover
from .siting_problem import (
    Limits,
    Needs,
    Objective,
    SitingProblem,
    check_limits,
    close_pairs,
    needs_within,
    not_dominated,
    not_implied,
)

_SAME_PLACE_M = 0.01
_ANY = 1e6
"""A gap at which a search ends with the first choice that fits."""
_ROUNDS = 6


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
    """Choose the sites to open. A demand point without people has no say.

    Where sites have room for so many only, people are assigned as is best for all together, those
    of one point to several sites if need be; a standing site without a number has room for all.

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
    lived = np.flatnonzero(problem.weight > 0)
    problem = problem.only(usable | problem.existing).of_places(problem.weight > 0)
    limits = Limits(
        np.inf if p is None else p, np.inf if budget is None else budget,
        _apart(problem, spacing_m), gap, seconds,
    )  # fmt: skip
    choice = _choose(problem, objective, limits, cutoff, beyond)
    if len(choice.chosen) == 0:
        raise InputError(within_limits_nobody())
    return replace(choice, uncoverable=lived[choice.uncoverable])


def _choose(
    problem: SitingProblem, objective: Objective, limits: Limits, within: NDArray[np.float64],
    beyond: float,
) -> Choice:  # fmt: skip
    if problem.limited:
        return choose_with_room(problem, objective, limits, within=within, beyond=beyond)
    if objective == "median":
        return _median(problem, limits, beyond)
    if objective == "center":
        return _center(problem, limits)
    needs = needs_within(problem, within)
    use = _worth(problem, needs, limits)
    if len(use) == 0:
        covered = len(needs.uncoverable) == 0 and len(needs.group) == 0
        raise InputError(helps_nobody(covered=covered))
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
    if people_covered(needs, best) <= people_covered(needs, greedy) * (1 + EXACT):
        best = greedy
    order = greedy_cover(problem, needs, np.sort(best), replace(limits, count=np.inf))
    value = people_covered(needs, order)
    if value <= needs.already * (1 + EXACT):
        raise InputError(within_limits_nobody())
    return made_choice(order, value, needs.already - solved.bound, solved, greedy,
                   people_covered(needs, greedy), needs.uncoverable)  # fmt: skip


def _full(problem: SitingProblem, needs: Needs, use: NDArray[np.int64], limits: Limits) -> Choice:
    greedy = greedy_cover(problem, needs, use, limits, to_the_end=True)
    solved = _fewest(problem, needs, use, limits)
    complete = bool((needs.matrix[:, greedy].sum(axis=1) > 0).all())
    if not solved.feasible or (solved.chosen is None and not complete):
        raise InputError(cannot("cover everybody whom some candidate covers", solved))
    if solved.chosen is None or (complete and len(greedy) <= len(solved.chosen)):
        best = greedy
    else:
        best = solved.chosen
    order = greedy_cover(problem, needs, np.sort(best), replace(limits, count=np.inf))
    order = np.concatenate([order, np.setdiff1d(best, order)])
    return made_choice(order, float(len(order)), float(np.ceil(solved.bound - 1e-6)), solved,
                   greedy, float(len(greedy)) if complete else float("nan"),
                   needs.uncoverable)  # fmt: skip


def _median(problem: SitingProblem, limits: Limits, beyond: float) -> Choice:
    problem, uncoverable = those_served(problem, beyond)
    now = np.minimum(problem.nearest_existing(), beyond)
    # Where somebody has no walk yet, any length above all walks takes its place in the sums.
    long = float(problem.minutes.max(initial=0.0)) + 1
    finite = np.where(np.isinf(now), long, now)
    who = assignment_of_minutes(problem, now, long)
    use, kind = np.unique(who.site), problem.kind[problem.site]
    if len(use) == 0:
        raise InputError(shortens_none("anybody's walk"))
    greedy = greedy_median(problem, finite, use, limits)

    def value(sites: NDArray[np.int64]) -> float:
        after, own = now.copy(), np.isin(problem.site, sites)
        np.minimum.at(after, (problem.place[own], kind[own]), problem.minutes[own])
        return float((problem.weight[:, None] * after).sum())

    known, start = greedy, float((problem.weight[:, None] * finite).sum())
    if not np.isfinite(value(greedy)):
        needs = needs_within(problem, np.full(problem.kinds, long))
        some = _fewest(problem, needs, _worth(problem, needs, limits), replace(limits, gap=_ANY))
        if some.chosen is None:
            raise InputError(cannot("serve everybody whom some candidate serves", some))
        known = some.chosen
    solved = median_sites(problem, who, use, limits, start=start, known=known)
    best = greedy if solved.chosen is None else solved.chosen
    if not solved.feasible or (solved.chosen is None and not np.isfinite(value(greedy))):
        raise InputError(cannot("serve everybody whom some candidate serves", solved))
    if value(greedy) <= value(best) * (1 + EXACT):
        best = greedy
    order = greedy_median(problem, finite, np.sort(best), replace(limits, count=np.inf))
    return made_choice(order, value(order), start + solved.bound, solved, greedy,
                   value(greedy), uncoverable)  # fmt: skip


def _center(problem: SitingProblem, limits: Limits) -> Choice:
    until = time.monotonic() + limits.seconds
    problem, uncoverable = those_served(problem, np.inf)
    kind, now = problem.kind[problem.site], problem.nearest_existing()
    use = np.unique(problem.site[~problem.existing[problem.site]])
    if len(use) == 0:
        raise InputError(shortens_none("the longest walk"))

    def value(sites: NDArray[np.int64]) -> float:
        after, own = now.copy(), np.isin(problem.site, sites)
        np.minimum.at(after, (problem.place[own], kind[own]), problem.minutes[own])
        return float(after.max(initial=0.0))

    floor = value(use)
    if value(use[:0]) <= floor:
        raise InputError(shortens_none("the longest walk"))
    greedy = greedy_center(problem, now, use, limits)
    radii = np.unique(problem.minutes[problem.minutes >= floor])
    best, last = greedy, Solved(greedy, floor, True, True)
    # Below `low` nothing fits; from `high` on something does; `unknown` is where time ran out.
    low, high = 0, min(int(np.searchsorted(radii, value(greedy))), len(radii))
    unknown = low
    while unknown < high:
        middle = (unknown + high) // 2
        left = until - time.monotonic()
        if left <= 0:
            break
        last = _fits(problem, radii[middle], replace(limits, seconds=max(left / 3, 0.1)))
        if last.chosen is not None:
            best, high = last.chosen, middle
        elif last.feasible:
            unknown = middle + 1
        else:
            low = unknown = middle + 1
    if not np.isfinite(value(best)):
        raise InputError(cannot("serve everybody whom some candidate serves", last))
    ended = low >= high
    bound = value(best) if ended else float(radii[low])
    few = problem.only(np.isin(np.arange(len(problem.existing)), best))
    order = greedy_center(few, now, np.sort(best), replace(limits, count=np.inf))
    order = np.concatenate([order, np.setdiff1d(best, order)])
    return made_choice(order, value(order), bound, Solved(best, bound, ended, True), greedy,
                       value(greedy), uncoverable)  # fmt: skip


def _fits(problem: SitingProblem, radius: float, limits: Limits) -> Solved:
    """Return some sites within the limits that everybody has within a radius, if there are."""
    needs = needs_within(problem, np.full(problem.kinds, radius))
    if len(needs.uncoverable):
        return Solved(None, np.inf, proven=True, feasible=False)
    if len(needs.group) == 0:
        return Solved(np.zeros(0, dtype=np.int64), 0.0, proven=True, feasible=True)
    use = _worth(problem, needs, limits)
    quick = greedy_cover(problem, needs, use, limits, to_the_end=True)
    if (needs.matrix[:, quick].sum(axis=1) > 0).all():
        return Solved(quick, 0.0, proven=True, feasible=True)
    return _fewest(problem, needs, use, replace(limits, gap=_ANY))


def _fewest(problem: SitingProblem, needs: Needs, use: NDArray[np.int64], limits: Limits) -> Solved:
    """Fill every need with the fewest sites, after what others imply is left out."""
    for _ in range(_ROUNDS):
        # One that has been left out must not make another needless.
        left = np.zeros(len(problem.existing))
        left[use] = 1
        matrix = csr_array(needs.matrix * left)
        matrix.eliminate_zeros()
        least = not_implied(matrix)
        needs = replace(needs, matrix=matrix[least], group=needs.group[least])
        fewer = use if len(limits.apart) else _worth(problem, needs, limits)
        if least.all() and len(fewer) == len(use):
            break
        use = fewer
    return min_cover(problem, needs, use, limits)


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
