"""The p-median of many people and candidates, by a bound that leaves few of them to decide.

Relaxing that everybody goes to one site splits the problem by sites (Cornuéjols, Fisher and
Nemhauser 1977, Management Science 23); subgradient steps tighten the bound (Held, Wolfe and
Crowder 1974). What by the bound is in no better choice than the best known one is left out
(Beasley 1993), and a mixed integer program decides the rest. The best known one comes from swaps
of an open site for a closed one (Teitz and Bart 1968; all swaps at once as in Whitaker 1983).
"""

import time
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .siting_assignment import Assignment, assign
from .siting_greedy import pick
from .siting_models import Solved
from .siting_problem import Limits, SitingProblem

_FEW_WALKS, _MANY_WALKS = 40_000, 400_000
"""So few walks left are handed to the solver at once, and so many never: they would not fit."""
_PATIENCE = 15
"""Steps without a better bound after which they are halved."""
_STEP_LEAST = 0.002
_LOOK_EACH = 20
"""Steps after which it is looked for a better choice and for what can be left out."""
_SHARE_OF_TIME = 0.6
"""Of the time, for the bound; the rest is the solver's."""
_NOTHING = 1e-9


def median_sites(
    problem: SitingProblem, who: Assignment, use: NDArray[np.int64], limits: Limits, *,
    start: float, known: NDArray[np.int64],
) -> Solved:  # fmt: skip
    """Choose the sites that gain most, where all have room for all.

    Parameters
    ----------
    problem, who, use, limits
        As for `coverage.siting_assignment.assign`.
    start
        Person-minutes without any of the gains, to which the gap relates.
    known
        A choice that keeps to the limits, to start from.
    """
    begin = time.monotonic()
    search = _Search(problem, who, use, limits, start, np.isin(use, known))
    search.tighten(begin + _SHARE_OF_TIME * limits.seconds, begin + limits.seconds)
    if search.done():
        return Solved(use[search.opened], -search.bound, proven=True, feasible=True)
    left = max(begin + limits.seconds - time.monotonic(), 0.1)
    return search.decide(replace(limits, seconds=left))


@dataclass(slots=True)
class _Search:
    """A search in progress; walks are sorted by cell, and sites are positions in `use`."""

    problem: SitingProblem
    who: Assignment
    use: NDArray[np.int64]
    limits: Limits
    base: float
    opened: NDArray[np.bool_]
    best: float = -np.inf
    bound: float = np.inf
    price: NDArray[np.float64] = field(init=False)
    cell: NDArray[np.int64] = field(init=False)
    column: NDArray[np.int64] = field(init=False)
    gain: NDArray[np.float64] = field(init=False)
    start: NDArray[np.int64] = field(init=False)
    cost: NDArray[np.float64] = field(init=False)
    apart: NDArray[np.bool_] | None = field(init=False)

    def __post_init__(self) -> None:
        order = np.lexsort((self.who.site, self.who.cell))
        self.cell = self.who.cell[order]
        self.column = np.searchsorted(self.use, self.who.site[order])
        assert self.who.gain is not None
        self.gain = (self.who.gain * self.who.people)[order]
        self.start = np.searchsorted(self.cell, np.arange(len(self.who.group)))
        self.cost = np.nan_to_num(self.problem.cost[self.use])
        self.apart = None
        if len(self.limits.apart):
            position = np.full(len(self.problem.existing), -1)
            position[self.use] = np.arange(len(self.use))
            a, b = position[self.limits.apart].T
            both = (a >= 0) & (b >= 0)
            self.apart = np.zeros((len(self.use), len(self.use)), dtype=bool)
            self.apart[a[both], b[both]] = self.apart[b[both], a[both]] = True
        self.price = self._served(self.opened)
        self._offer(self.opened)

    def done(self) -> bool:
        """Say whether the best choice is as near to the bound as asked for."""
        most = max(self.limits.gap, _NOTHING) * abs(self.base - self.best)
        return bool(np.isfinite(self.best) and self.bound - self.best <= most)

    def tighten(self, until: float, at_last: float) -> None:
        """Lower the bound by subgradient steps, and look for better choices on the way.

        From `until` on what is left is the solver's, unless that is too much: then not before
        `at_last`.
        """
        if len(self.gain) <= _FEW_WALKS:
            return
        price, size, since = self.price.copy(), 1.0, 0
        direction = np.zeros(len(price))
        for step in range(10**6):
            bound, share, worth = self._relaxed(price)
            if bound < self.bound - _NOTHING * abs(bound):
                since = 0 if bound < self.bound * (1 - 1e-5) else since + 1
                self.bound, self.price = bound, price.copy()
            else:
                since += 1
            if since >= _PATIENCE:
                size, since, price = size / 2, 0, self.price.copy()
                direction[:] = 0
                bound, share, worth = self._relaxed(price)
            if step % _LOOK_EACH == 0:
                self._offer(self._by_worth(worth))
                walks = int(self._undecided()[0].sum())
                late = time.monotonic() > until and walks <= _MANY_WALKS
                if self.done() or (walks <= _FEW_WALKS and step) or size < _STEP_LEAST or late:
                    return
            if time.monotonic() > at_last:
                return
            taken = share[self.column] * (self.gain > price[self.cell])
            slope = 1 - np.bincount(self.cell, weights=taken, minlength=len(price))
            # A part of the last direction, so that steps do not swing to and fro (Camerini 1975).
            direction = slope + 0.3 * direction
            length = float(direction @ direction)
            if length == 0:
                return
            known = self.best if np.isfinite(self.best) else 0.9 * bound
            price = price - size * max(bound - known, _NOTHING * abs(bound)) / length * direction
            price = np.where(self.who.must, price, np.maximum(price, 0.0))

    def decide(self, limits: Limits) -> Solved:
        """Leave out what no better choice has, and solve the rest."""
        kept, fixed = self._undecided()
        known = self.use[self.opened] if np.isfinite(self.best) else None
        if int(kept.sum()) > _MANY_WALKS:
            return Solved(known, -self.bound, proven=False, feasible=True)
        surely = self._served(fixed)
        kept &= self.gain > surely[self.cell]
        must = self.who.must & (surely <= 0)
        cells, cell = np.unique(self.cell[kept], return_inverse=True)
        open_to = ~fixed
        if self.apart is not None:
            open_to &= ~self.apart[fixed].any(axis=0)
        if np.setdiff1d(np.flatnonzero(must), cells).size or not kept.any():
            return self._ended(Solved(None, -np.inf, proven=True, feasible=False))
        rest = Assignment(
            np.ones(len(cells)), np.arange(len(cells)), cell, self.use[self.column[kept]],
            self.gain[kept] - surely[self.cell[kept]], must[cells],
        )  # fmt: skip
        sure = float(surely.sum())
        unit = max(abs(self.best - sure) if np.isfinite(self.best) else self.bound - sure, _NOTHING)
        limits = replace(
            limits, count=limits.count - fixed.sum(),
            budget=limits.budget - float(self.cost[fixed].sum()),
            gap=min(self.limits.gap * abs(self.base - max(self.best, 0.0)) / unit, 1.0),
        )  # fmt: skip
        solved = assign(self.problem, rest, self.use[open_to], limits)
        if solved.chosen is not None:
            self._keep(fixed | np.isin(self.use, solved.chosen))
        return self._ended(replace(solved, bound=solved.bound - sure))

    def _ended(self, rest: Solved) -> Solved:
        """Return what the search comes to, with what solving the rest has shown."""
        known = np.isfinite(self.best)
        if not rest.feasible and not known:
            return rest
        most = self.best if not rest.feasible else max(-rest.bound, self.best)
        return Solved(
            self.use[self.opened] if known else None, -min(self.bound, most), rest.proven, True
        )

    def _served(self, opened: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return what each cell gains with some sites open."""
        there = np.where(opened[self.column], self.gain, 0.0)
        return np.asarray(np.maximum.reduceat(there, self.start))

    def _relaxed(
        self, price: NDArray[np.float64]
    ) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        """Return the bound at some prices, the shares of sites open for it, and their worth."""
        more = np.maximum(self.gain - price[self.cell], 0.0)
        worth = np.bincount(self.column, weights=more, minlength=len(self.use)).astype(float)
        share = self._shares(worth)
        return float(price.sum() + share @ worth), share, worth

    def _shares(self, worth: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the shares that are worth most within the number, or within the budget."""
        found = np.ones(len(worth))
        if self.limits.count < len(worth):
            most = np.argsort(-worth, kind="stable")[: int(self.limits.count)]
            found = np.isin(np.arange(len(worth)), most).astype(float)
        if np.isfinite(self.limits.budget):
            order = np.lexsort((-worth, -worth / np.maximum(self.cost, _NOTHING)))
            cost = self.cost[order]
            left = self.limits.budget - (np.cumsum(cost) - cost)
            by_cost = np.empty(len(worth))
            by_cost[order] = np.clip(left / np.maximum(cost, _NOTHING), 0.0, 1.0)
            found = min(found, by_cost, key=lambda share: float(share @ worth))
        return found

    def _undecided(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return the walks that a better choice may have, and the sites that it surely has."""
        none = np.zeros(len(self.use), dtype=bool)
        if not np.isfinite(self.best) or not np.isfinite(self.bound):
            return np.ones(len(self.gain), dtype=bool), none
        _, share, worth = self._relaxed(self.price)
        loss = np.zeros(len(worth))
        by_count = bool(((share == 0) | (share == 1)).all()) and np.isfinite(self.limits.count)
        if by_count and share.sum() == self.limits.count < len(worth):
            loss = np.where(share == 1, worth - worth[share == 0].max(),
                            worth - worth[share == 1].min())  # fmt: skip
        elif np.isfinite(self.limits.budget):
            part = (share < 1) & (self.cost > 0)
            per = float((worth[part] / self.cost[part]).max()) if part.any() else 0.0
            loss = worth - per * self.cost
        # Opening one that the bound has closed, and closing one that it has open, lowers it.
        low = np.where(share > 0, 0.0, np.minimum(loss, 0.0))
        spare = self.bound - self.best
        fixed = (share == 1) & (loss >= spare * (1 + _NOTHING) + _NOTHING) & (loss > 0)
        slack = np.minimum(self.gain - self.price[self.cell], 0.0)
        return slack + low[self.column] > -spare * (1 + _NOTHING) - _NOTHING, fixed

    def _by_worth(self, worth: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return a choice that keeps to the limits, those worth most first."""

        def next_of(here: NDArray[np.int64]) -> int:
            return int(here[np.argmax(worth[np.searchsorted(self.use, here)])])

        return np.isin(self.use, pick(self.problem, self.use, self.limits, next_of))

    def _offer(self, opened: NDArray[np.bool_]) -> None:
        """Better a choice by swaps, and keep it if it is the best."""
        self._keep(opened)
        for _ in range(4 * max(int(opened.sum()), 1)):
            swapped = self._swap(opened)
            if swapped is None:
                break
            opened = swapped
        self._keep(opened)

    def _keep(self, opened: NDArray[np.bool_]) -> None:
        served = self._served(opened)
        if (served[self.who.must] > 0).all() and served.sum() > self.best * (1 + _NOTHING):
            self.opened, self.best = opened, float(served.sum())

    def _swap(self, opened: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
        """Return the choice after the best swap of two sites; None where none gains anything."""
        there = np.where(opened[self.column], self.gain, 0.0)
        best = np.maximum.reduceat(there, self.start)
        hit = np.flatnonzero((there == best[self.cell]) & (there > 0))[::-1]
        by = np.full(len(best), -1)
        by[self.cell[hit]] = self.column[hit]
        there[by[self.cell] == self.column] = 0.0
        second = np.maximum.reduceat(there, self.start)
        inside = np.flatnonzero(opened)
        turn = np.full(len(opened) + 1, len(inside))
        turn[inside] = np.arange(len(inside))
        count, width = len(opened), len(inside) + 1
        adds = np.bincount(
            self.column, np.maximum(self.gain - best[self.cell], 0.0), minlength=count
        )
        loses = np.bincount(turn[by], best - second, minlength=width)
        again = np.maximum(np.minimum(self.gain, best[self.cell]) - second[self.cell], 0.0)
        pair = self.column * width + turn[by][self.cell]
        back = np.bincount(pair, again, minlength=count * width).reshape(count, width)
        net = (adds[:, None] - loses[None, :] + back)[:, :-1]
        net[opened] = -np.inf
        if np.isfinite(self.limits.budget):
            left = self.limits.budget - self.cost[opened].sum()
            net[self.cost[:, None] - self.cost[inside][None, :] > left + _NOTHING] = -np.inf
        if self.apart is not None:
            barred = self.apart[:, inside]
            net[(barred.sum(axis=1)[:, None] - barred) > 0] = -np.inf
        if net.size == 0 or net.max() <= _NOTHING * max(float(best.sum()), 1.0):
            return None
        into, out = np.unravel_index(int(np.argmax(net)), net.shape)
        swapped = opened.copy()
        swapped[into], swapped[inside[out]] = True, False
        return swapped
