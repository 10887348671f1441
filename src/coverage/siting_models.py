"""The siting models as mixed integer programs, solved by HiGHS.

Coverage is Church and ReVelle's maximal covering (1974), full coverage Toregas' set covering
(1971), the median Hakimi's (1964) with only those walks that shorten one, and the center is set
covering within a radius that is halved until it fits (Minieka 1970).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, hstack, identity, vstack

from .siting_problem import Limits, Needs, SitingProblem

Row = tuple[Any, Any, Any]
"""Rows of a program: their matrix, the least and the most of each."""
_WHOLE = 0.5
_INFEASIBLE, _LIMIT = 2, 1


@dataclass(frozen=True, slots=True)
class Solved:
    """What the solver found.

    Attributes
    ----------
    chosen
        Sites to open, ascending; None when it found none in time.
    bound
        What no choice can surpass: the program's own objective, to be made least.
    proven
        Whether the search ended by itself.
    feasible
        False when it proved that there is no choice at all.
    """

    chosen: NDArray[np.int64] | None
    bound: float
    proven: bool
    feasible: bool


def max_cover(problem: SitingProblem, needs: Needs, use: NDArray[np.int64], limits: Limits
              ) -> Solved:  # fmt: skip
    """Cover the most people with the candidates of `use`."""
    groups = len(needs.weight)
    own = csr_array(
        (np.ones(len(needs.group)), (np.arange(len(needs.group)), needs.group)),
        shape=(len(needs.group), groups),
    )
    rows: list[Row] = [(hstack([-needs.matrix[:, use], own]), -np.inf, 0.0)]
    rows += _limiting(problem, use, limits, more=groups)
    value = np.concatenate([np.zeros(len(use)), -needs.weight])
    return _solve(value, use, rows, limits)


def min_cover(problem: SitingProblem, needs: Needs, use: NDArray[np.int64], limits: Limits
              ) -> Solved:  # fmt: skip
    """Fill every need with the fewest candidates of `use`."""
    rows: list[Row] = [
        (needs.matrix[:, use], 1.0, np.inf),
        *_limiting(problem, use, limits, more=0),
    ]
    return _solve(np.ones(len(use)), use, rows, limits)


def assign(
    problem: SitingProblem, use: NDArray[np.int64], limits: Limits, *,
    place: NDArray[np.int64], site: NDArray[np.int64], gain: NDArray[np.float64],
    people: NDArray[np.float64], must: NDArray[np.bool_], count_only: bool = False,
) -> Solved:  # fmt: skip
    """Assign people to sites for the greatest gain, or with the fewest sites.

    Parameters
    ----------
    problem, use, limits
        The problem, the sites that may serve (standing ones do), and what to keep to.
    place, site, gain
        Shape (L,), who could be assigned where, and what that gains if all of them are.
    people
        Shape (L,), how many they are.
    must
        Shape (P,), which places have to be assigned in whole.
    count_only
        Make the number of sites least, whatever is gained.
    """
    links, places = len(place), len(must)
    position = np.full(len(problem.existing), -1)
    position[use] = np.arange(len(use))
    each, column = np.arange(links), position[site]
    opened = csr_array((-np.ones(links), (each, column)), shape=(links, len(use)))
    whole = csr_array((np.ones(links), (place, each)), shape=(places, links))
    none = csr_array((places, len(use)))
    rows: list[Row] = [
        (hstack([opened, identity(links)]), -np.inf, 0.0),
        (hstack([none, whole]), np.where(must, 1.0, 0.0), 1.0),
    ]
    limited = np.flatnonzero(np.isfinite(problem.capacity[use]))
    if len(limited):
        load = csr_array((people, (column, each)), shape=(len(use), links))[limited]
        room = csr_array(
            (-problem.capacity[use[limited]], (np.arange(len(limited)), limited)),
            shape=(len(limited), len(use)),
        )
        rows.append((hstack([room, load]), -np.inf, 0.0))
    rows += _limiting(problem, use, limits, more=links)
    value = np.concatenate([np.zeros(len(use)), -gain])
    if count_only:
        value = np.concatenate([(~problem.existing[use]).astype(float), np.zeros(links)])
    return _solve(value, use, rows, limits, standing=problem.existing[use])


def _limiting(
    problem: SitingProblem, use: NDArray[np.int64], limits: Limits, *, more: int
) -> list[Row]:
    """Return the rows of number, budget and spacing, with `more` columns after the sites'."""
    new = ~problem.existing[use]
    rows: list[Row] = []
    blank = csr_array((1, more))
    if np.isfinite(limits.count):
        rows.append((hstack([csr_array(new[None, :].astype(float)), blank]), -np.inf, limits.count))
    if np.isfinite(limits.budget):
        cost = np.where(new, np.nan_to_num(problem.cost[use]), 0.0)
        rows.append((hstack([csr_array(cost[None, :]), blank]), -np.inf, limits.budget))
    position = np.full(len(problem.existing), -1)
    position[use] = np.arange(len(use))
    pairs = position[limits.apart]
    pairs = pairs[(pairs >= 0).all(axis=1)]
    if len(pairs):
        each = np.repeat(np.arange(len(pairs)), 2)
        apart = csr_array(
            (np.ones(2 * len(pairs)), (each, pairs.reshape(-1))), shape=(len(pairs), len(use))
        )
        rows.append((hstack([apart, csr_array((len(pairs), more))]), -np.inf, 1.0))
    return rows


def _solve(
    value: NDArray[np.float64], use: NDArray[np.int64],
    rows: list[Row], limits: Limits,
    standing: NDArray[np.bool_] | None = None,
) -> Solved:  # fmt: skip
    count = len(value)
    lower, whole = np.zeros(count), np.zeros(count)
    whole[: len(use)] = 1
    fixed = np.zeros(len(use), dtype=bool) if standing is None else standing
    lower[: len(use)] = fixed
    # Weights of one size whatever the unit: the solver's tolerances are absolute.
    scale = float(np.abs(value).max()) or 1.0
    low = np.concatenate([np.broadcast_to(np.asarray(b, float), a.shape[0]) for a, b, _ in rows])
    high = np.concatenate([np.broadcast_to(np.asarray(b, float), a.shape[0]) for a, _, b in rows])
    found = milp(
        value / scale,
        integrality=whole,
        bounds=Bounds(lower, np.ones(count)),
        constraints=LinearConstraint(vstack([a for a, _, _ in rows]).tocsc(), low, high),
        options={"time_limit": limits.seconds, "mip_rel_gap": limits.gap},
    )
    if found.status == _INFEASIBLE:
        return Solved(None, np.inf, proven=True, feasible=False)
    bound = found.mip_dual_bound
    bound = -np.inf if bound is None else float(bound) * scale
    if found.x is None:
        return Solved(None, bound, proven=False, feasible=True)
    opened = use[(found.x[: len(use)] > _WHOLE) & ~fixed]
    return Solved(opened, bound, proven=found.status != _LIMIT, feasible=True)
