"""The greedy order: always the candidate next that helps most, since stations open one by one."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .siting_problem import Limits, Needs, SitingProblem

Scores = tuple[NDArray[np.float64], NDArray[np.float64]]
_NOTHING = 1e-12
_WORST = 64


def greedy_cover(
    problem: SitingProblem, needs: Needs, use: NDArray[np.int64], limits: Limits, *,
    by_cost: bool = False, to_the_end: bool = False,
) -> NDArray[np.int64]:  # fmt: skip
    """Return candidates in the order in which each next one covers the most more people.

    Where none covers anybody alone (somebody lacks several kinds), the one that fills most needs
    is next. Every step is one product of the sparse matrix, exact at once, so that nothing is left
    for lazy evaluation to save.

    Parameters
    ----------
    problem, needs, use, limits
        The problem, its needs, the candidates to choose from, and what to keep to.
    by_cost
        Take the most people per cost instead.
    to_the_end
        Count needs instead of people, until none is left: the greedy set cover.
    """
    filled = np.zeros(len(needs.group), dtype=bool)
    by_site = needs.matrix.T.tocsr()

    def scores() -> Scores:
        left = np.bincount(needs.group[~filled], minlength=len(needs.weight))
        some = np.where(filled, 0.0, 1.0 if to_the_end else needs.weight[needs.group])
        last = np.where(left[needs.group] == 1, some, 0.0)
        progress = by_site @ some
        return (progress if to_the_end else by_site @ last), progress

    def take(site: int) -> None:
        filled[by_site.indices[by_site.indptr[site] : by_site.indptr[site + 1]]] = True

    return _pick(problem, use, limits, scores, take, by_cost=by_cost)


def greedy_median(
    problem: SitingProblem, now: NDArray[np.float64], use: NDArray[np.int64], limits: Limits
) -> NDArray[np.int64]:
    """Return candidates in the order in which each next one saves the most person-minutes.

    Parameters
    ----------
    problem, use, limits
        As in `greedy_cover`.
    now
        Shape (D, kinds), minutes to standing sites; what lies beyond as long as it counts for.
    """
    best, kind = now.copy(), problem.kind[problem.site]
    weight = problem.weight[problem.place]

    def scores() -> Scores:
        saved = weight * np.maximum(best[problem.place, kind] - problem.minutes, 0.0)
        total = np.bincount(problem.site, weights=saved, minlength=len(problem.existing))
        return total.astype(float), total.astype(float)

    def take(site: int) -> None:
        own = problem.site == site
        np.minimum.at(best, (problem.place[own], kind[own]), problem.minutes[own])

    return _pick(problem, use, limits, scores, take)


def greedy_center(
    problem: SitingProblem, now: NDArray[np.float64], use: NDArray[np.int64], limits: Limits
) -> NDArray[np.int64]:
    """Return candidates in the order in which each next one leaves the shortest worst walk.

    Parameters are those of `greedy_median`; of equals the one that shortens the most walks.
    """
    best, kinds = now.reshape(-1).copy(), problem.kinds
    link = np.argsort(problem.site, kind="stable")
    site, minutes = problem.site[link], problem.minutes[link]
    row = problem.place[link] * kinds + problem.kind[site]
    with_walks, first = np.unique(site, return_index=True)
    reached = csr_array(
        (np.ones(len(row), dtype=bool), (row, site)), shape=(len(best), len(problem.existing))
    )

    def others() -> NDArray[np.float64]:
        """Return the worst walk in which each site has no say."""
        order = np.argsort(-best, kind="stable")
        found, unknown, done = np.zeros(len(problem.existing)), with_walks, 0
        # Almost every site is without a say in one of the worst few.
        while len(unknown) and done < len(order):
            worst = order[done : max(2 * done, _WORST)]
            without = ~reached[worst][:, unknown].toarray()
            some = without.any(axis=0)
            found[unknown[some]] = best[worst[without[:, some].argmax(axis=0)]]
            unknown, done = unknown[~some], done + len(worst)
        return found

    def scores() -> Scores:
        after = np.minimum(best[row], minutes)
        own, shorter = np.zeros(len(problem.existing)), np.zeros(len(problem.existing))
        own[with_walks] = np.maximum.reduceat(after, first)
        shorter[with_walks] = np.add.reduceat((after < best[row]).astype(float), first)
        return np.where(shorter > 0, -np.maximum(others(), own), -np.inf), shorter

    def take(chosen: int) -> None:
        own = slice(*np.searchsorted(site, [chosen, chosen + 1]))
        best[row[own]] = np.minimum(best[row[own]], minutes[own])

    return _pick(problem, use, limits, scores, take)


def _pick(
    problem: SitingProblem, use: NDArray[np.int64], limits: Limits, scores: Callable[[], Scores],
    take: Callable[[int], None], *, by_cost: bool = False,
) -> NDArray[np.int64]:  # fmt: skip
    """Return the order; of equals the better second score, then the first site."""
    cost = np.nan_to_num(problem.cost)
    least = None

    def next_of(here: NDArray[np.int64]) -> int | None:
        nonlocal least
        first, second = (values[here] for values in scores())
        least = least if least is not None else _NOTHING * max(float(second.max()), 0.0)
        helps = second > least
        if not helps.any():
            return None
        here, first, second = here[helps], first[helps], second[helps]
        if by_cost:
            per = np.maximum(cost[here], _NOTHING)
            first, second = first / per, second / per
        site = int(here[np.lexsort((here, -second, -first))[0]])
        take(site)
        return site

    return pick(problem, use, limits, next_of)


def pick(
    problem: SitingProblem, use: NDArray[np.int64], limits: Limits,
    next_of: Callable[[NDArray[np.int64]], int | None],
) -> NDArray[np.int64]:  # fmt: skip
    """Return the candidates that `next_of` takes, one after another, within the limits.

    It is given those that may still open and returns the one that does, None where none helps.
    """
    usable = np.zeros(len(problem.existing), dtype=bool)
    usable[use] = True
    cost = np.nan_to_num(problem.cost)
    left = limits.budget
    order: list[int] = []
    while len(order) < limits.count:
        usable &= cost <= left * (1 + _NOTHING)
        here = np.flatnonzero(usable)
        site = next_of(here) if len(here) else None
        if site is None:
            break
        order.append(site)
        left -= cost[site]
        usable[site] = False
        usable[limits.apart[limits.apart[:, 0] == site, 1]] = False
        usable[limits.apart[limits.apart[:, 1] == site, 0]] = False
    return np.array(order, dtype=np.int64)
