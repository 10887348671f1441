"""Who is given a place where sites have room for so many people only: the programs.

Who goes where is the best for all together, as a planner would assign it, not everybody's nearest
site; the people of one demand point may be divided among sites. Where nobody lives nobody needs a
place. With the sites open this is a transport problem; to choose them is the capacitated facility
location problem (Sridharan 1995, European Journal of Operational Research 87).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack, identity, vstack

from .siting_greedy import pick
from .siting_models import Row, Solved, limiting, solve
from .siting_problem import Limits, Needs, SitingProblem, needs_within

_NOTHING = 1e-9
_SHARE_OF_TIME = 0.5


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who could go where, and what it is worth.

    Attributes
    ----------
    weight
        Shape (G,), people of each group; none is empty.
    group
        Shape (R,), the group of each cell: the people of a group who need one kind of site.
    cell, site
        Shape (L,), which cell could go to which site.
    gain
        Shape (L,), what each person gains by going there; None where what counts is the people
        whose every cell has a place.
    must
        Shape (R,), which cells have to be assigned in whole.
    """

    weight: NDArray[np.float64]
    group: NDArray[np.int64]
    cell: NDArray[np.int64]
    site: NDArray[np.int64]
    gain: NDArray[np.float64] | None
    must: NDArray[np.bool_]

    @property
    def people(self) -> NDArray[np.float64]:
        """How many people each link is for, shape (L,)."""
        return np.asarray(self.weight[self.group[self.cell]])

    def each_alone(self) -> "Assignment":
        """Return the assignment in which a place of one kind counts without the others."""
        return Assignment(self.weight[self.group], np.arange(len(self.group)), self.cell,
                          self.site, self.gain, self.must)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Served:
    """The best assignment to given sites.

    Attributes
    ----------
    value
        What it is worth: people with all they need, or the gains; -inf where there is none.
    price
        Shape (R,), what one more person of each cell would be worth where there is room.
    """

    value: float
    price: NDArray[np.float64]


def assignment_within(
    problem: SitingProblem, within: NDArray[np.float64], *, must: bool = False
) -> tuple[Assignment, Needs]:
    """Return who needs a place within some minutes, and the needs that it was made of.

    Parameters
    ----------
    problem, within
        As for `coverage.siting_problem.needs_within`.
    must
        Whether everybody has to be given a place.
    """
    needs = needs_within(problem, within)
    lived = needs.weight > 0
    number, kept = np.cumsum(lived) - 1, lived[needs.group]
    links = needs.matrix[kept].tocoo()
    row, site = (np.asarray(axis, dtype=np.int64) for axis in links.coords)
    group = number[needs.group[kept]]
    return Assignment(
        needs.weight[lived], group, row, site, None, np.full(len(group), must)
    ), needs  # fmt: skip


def assignment_of_minutes(
    problem: SitingProblem, now: NDArray[np.float64], long: float
) -> Assignment:
    """Return who could have a shorter walk where, and how much shorter.

    Parameters
    ----------
    problem
        The problem.
    now
        Shape (D, kinds), what counts for who is given no place: minutes to a site with room for
        all, or those that no walk counts for; infinite where a place must be given.
    long
        What stands for an infinite walk in the gains.
    """
    kind = problem.kind[problem.site]
    kept = (problem.minutes < now[problem.place, kind]) & (problem.weight[problem.place] > 0)
    kept &= ~problem.roomy[problem.site]
    place, kind = problem.place[kept], kind[kept]
    finite = np.where(np.isinf(now), long, now)
    rows, cell = np.unique(place * problem.kinds + kind, return_inverse=True)
    points, group = np.unique(rows // problem.kinds, return_inverse=True)
    return Assignment(
        problem.weight[points], group, cell, problem.site[kept],
        finite[place, kind] - problem.minutes[kept], np.isinf(now).reshape(-1)[rows],
    )  # fmt: skip


def serve(
    problem: SitingProblem, who: Assignment, sites: NDArray[np.int64], *, whole: bool = False
) -> Served:  # fmt: skip
    """Assign people to open sites for the most that can be had: a linear program.

    Parameters
    ----------
    problem, who, sites
        The problem, who could go where, and the sites that are open.
    whole
        Whether those who have to be assigned are; without it they are worth what they gain.
    """
    own = np.isin(who.site, sites)
    reached = np.zeros(len(who.group), dtype=bool)
    reached[who.cell[own]] = True
    if whole and (who.must & ~reached).any():
        return Served(-np.inf, np.zeros(len(reached)))
    price, asks = np.zeros(len(reached)), reached
    if who.gain is None:
        # Who has no site of some kind in reach is out of the program: there the price is in full.
        lacks = np.bincount(who.group[~reached], minlength=len(who.weight))[who.group]
        price, asks = (~reached) / np.maximum(lacks, 1), reached & (lacks == 0)
    if not asks.any():
        return Served(0.0, price)
    few = _of_cells(who, asks, own & asks[who.cell])
    value, own_price = _serve(problem, few, whole=whole)
    price[asks] = own_price
    return Served(value, price)


def _of_cells(who: Assignment, asks: NDArray[np.bool_], own: NDArray[np.bool_]) -> Assignment:
    """Return the assignment of some cells by some of their links, renumbered."""
    number = np.cumsum(asks) - 1
    groups, group = np.unique(who.group[asks], return_inverse=True)
    return Assignment(
        who.weight[groups], group, number[who.cell[own]], who.site[own],
        None if who.gain is None else who.gain[own], who.must[asks],
    )  # fmt: skip


def _serve(
    problem: SitingProblem, who: Assignment, *, whole: bool
) -> tuple[float, NDArray[np.float64]]:
    """Return the value and the prices where every link is to an open site."""
    cell, people, cells = who.cell, who.people, len(who.group)
    opened, column = np.unique(who.site, return_inverse=True)
    links = len(cell)
    each = np.arange(links)
    sums = csr_array((np.ones(links), (cell, each)), shape=(cells, links))
    if who.gain is None:
        complete = csr_array(
            (np.ones(cells), (np.arange(cells), who.group)), shape=(cells, len(who.weight))
        )
        rows, most = [hstack([-sums, complete])], [np.zeros(cells)]
        gain = np.concatenate([np.zeros(links), who.weight])
    else:
        rows, most = [sums], [np.ones(cells)]
        gain = who.gain * people
    more = len(gain) - links
    room = problem.capacity[opened]
    limited = np.flatnonzero(np.isfinite(room))
    load = csr_array((people, (column, each)), shape=(len(opened), links))[limited]
    rows.append(hstack([load, csr_array((len(limited), more))]))
    most.append(room[limited])
    if whole and who.must.any():
        rows.append(hstack([-sums[who.must], csr_array((int(who.must.sum()), more))]))
        most.append(np.full(int(who.must.sum()), -1.0))
    scale = float(np.abs(gain).max()) or 1.0
    found = linprog(
        -gain / scale, A_ub=vstack(rows).tocsc(), b_ub=np.concatenate(most), bounds=(0, 1),
        method="highs",
    )  # fmt: skip
    if found.x is None:
        return -np.inf, np.zeros(cells)
    price = -found.ineqlin.marginals[:cells] * scale
    return float(gain @ found.x), np.asarray(price / who.weight[who.group])


def adds_at_most(problem: SitingProblem, who: Assignment, price: NDArray[np.float64]
                 ) -> NDArray[np.float64]:  # fmt: skip
    """Return what each site can add at most to an assignment with such prices, shape (S,).

    By duality: with the prices kept, a site is worth the people who would pay most to come, as
    many as it has room for.
    """
    worth = price[who.cell] if who.gain is None else who.gain - price[who.cell]
    worth = np.maximum(worth, 0.0)
    order = np.lexsort((-worth, who.site))
    site, people = who.site[order], who.people[order]
    before = np.cumsum(people) - people
    first = np.searchsorted(site, site)
    room = np.clip(problem.capacity[site] - (before - before[first]), 0.0, people)
    total = np.bincount(site, weights=worth[order] * room, minlength=len(problem.existing))
    return np.asarray(total, dtype=float)


def gains_at_most(
    problem: SitingProblem, who: Assignment, use: NDArray[np.int64], limits: Limits
) -> NDArray[np.float64]:
    """Return what no more than 0, 1, 2, … candidates of `use` reach, by duality, ascending.

    Up to as many as `limits` allow; the last is above every choice. At the prices of today's sites
    the candidates' parts add up, so that the best few of them bound any few.
    """
    now = serve(problem, who, np.flatnonzero(problem.existing & ~problem.roomy))
    adds = adds_at_most(problem, who, now.price)[use]
    count = int(min(limits.count, len(use)))
    reached = now.value + np.append(0.0, np.cumsum(np.sort(adds)[::-1][:count]))
    if np.isfinite(limits.budget):
        cost = np.maximum(np.nan_to_num(problem.cost[use]), _NOTHING)
        order = np.argsort(-adds / cost, kind="stable")
        before = np.cumsum(cost[order]) - cost[order]
        part = np.clip((limits.budget - before) / cost[order], 0.0, 1.0)
        reached = np.minimum(reached, now.value + float(part @ adds[order]))
    # The parts are of linear programs, as exact as their solver.
    return np.asarray(reached * (1 + _NOTHING))


def assign(
    problem: SitingProblem, who: Assignment, use: NDArray[np.int64], limits: Limits, *,
    fewest: bool = False,
) -> Solved:  # fmt: skip
    """Choose sites and assign people to them for the most that can be had, or with the fewest.

    Parameters
    ----------
    problem, who, limits
        The problem, who could go where, and what to keep to.
    use
        The sites that may serve; those of them that stand do.
    fewest
        Make the number of new sites least, with those assigned who have to be.
    """
    kept = np.isin(who.site, use)
    cell, site, people = who.cell[kept], who.site[kept], who.people[kept]
    links, cells, groups = len(cell), len(who.group), len(who.weight)
    position = np.full(len(problem.existing), -1)
    position[use] = np.arange(len(use))
    each, column = np.arange(links), position[site]
    opened = csr_array((-np.ones(links), (each, column)), shape=(links, len(use)))
    sums = csr_array((np.ones(links), (cell, each)), shape=(cells, links))
    counted = who.gain is None and not fewest
    more = links + (groups if counted else 0)

    def wide(sites: Any, shares: Any, whole: Any = None) -> Any:
        height = shares.shape[0]
        sites = csr_array((height, len(use))) if sites is None else sites
        blank = csr_array((height, groups)) if whole is None else whole
        return hstack([sites, shares, blank] if counted else [sites, shares])

    rows: list[Row] = [(wide(opened, identity(links)), -np.inf, 0.0)]
    if counted:
        complete = csr_array((-np.ones(cells), (np.arange(cells), who.group)), (cells, groups))
        rows.append((wide(None, sums, complete), 0.0, np.inf))
    if fewest or who.must.any() or not counted:
        rows.append((wide(None, sums), who.must.astype(float), np.inf if counted else 1.0))
    limited = np.flatnonzero(np.isfinite(problem.capacity[use]))
    load = csr_array((people, (column, each)), shape=(len(use), links))[limited]
    room = csr_array(
        (-problem.capacity[use[limited]], (np.arange(len(limited)), limited)),
        shape=(len(limited), len(use)),
    )
    rows.append((wide(room, load), -np.inf, 0.0))
    rows += limiting(problem, use, limits, more=more)
    standing = problem.existing[use]
    if fewest:
        value = np.concatenate([(~standing).astype(float), np.zeros(more)])
    elif who.gain is None:
        value = np.concatenate([np.zeros(len(use) + links), -who.weight])
    else:
        value = np.concatenate([np.zeros(len(use)), -who.gain[kept] * people])
    return solve(value, use, rows, limits, standing=standing)


def greedy_with_room(
    problem: SitingProblem, stages: Sequence[Assignment], use: NDArray[np.int64], limits: Limits,
    *, by_cost: bool = False,
) -> NDArray[np.int64]:  # fmt: skip
    """Return candidates in the order in which each next one adds most, others placed anew.

    Candidates are tried from the one that could add most until no other could add more, so that
    few are. After half the time of `limits` the first that adds something is taken.

    Parameters
    ----------
    problem, use, limits
        The problem, the candidates to choose from, and what to keep to.
    stages
        What counts; the second where none adds anything to the first, and so on.
    by_cost
        Take the most per cost instead.
    """
    opened = np.flatnonzero(problem.existing & ~problem.roomy)
    now = [serve(problem, who, opened) for who in stages]
    cost = np.maximum(np.nan_to_num(problem.cost), _NOTHING) if by_cost else np.ones(
        len(problem.existing)
    )  # fmt: skip

    until = time.monotonic() + _SHARE_OF_TIME * limits.seconds

    def next_of(here: NDArray[np.int64]) -> int | None:
        nonlocal opened, now
        for stage, who in enumerate(stages):
            most = adds_at_most(problem, who, now[stage].price)[here]
            least = _NOTHING * max(abs(now[stage].value), float(who.weight.sum()), 1.0)
            best, best_per, best_served = None, 0.0, now[stage]
            for k in np.lexsort((here, -most / cost[here])):
                if most[k] <= least or most[k] / cost[here[k]] <= best_per:
                    break
                served = serve(problem, who, np.append(opened, here[k]))
                adds = served.value - now[stage].value
                if adds > least and adds / cost[here[k]] > best_per * (1 + _NOTHING):
                    best, best_per, best_served = int(here[k]), adds / cost[here[k]], served
                    if time.monotonic() > until:
                        break
            if best is not None:
                opened = np.append(opened, best)
                now = [
                    best_served if other == stage else serve(problem, stages[other], opened)
                    for other in range(len(stages))
                ]
                return best
        return None

    return pick(problem, use, limits, next_of)
