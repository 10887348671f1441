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
from scipy.sparse import csr_array, hstack, vstack

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
    rows += limiting(problem, use, limits, more=groups)
    value = np.concatenate([np.zeros(len(use)), -needs.weight])
    return solve(value, use, rows, limits)


def min_cover(problem: SitingProblem, needs: Needs, use: NDArray[np.int64], limits: Limits
              ) -> Solved:  # fmt: skip
    """Fill every need with the fewest candidates of `use`."""
    rows: list[Row] = [
        (needs.matrix[:, use], 1.0, np.inf),
        *limiting(problem, use, limits, more=0),
    ]
    return solve(np.ones(len(use)), use, rows, limits)


def limiting(
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


def solve(
    value: NDArray[np.float64], use: NDArray[np.int64],
    rows: list[Row], limits: Limits,
    standing: NDArray[np.bool_] | None = None,
) -> Solved:  # fmt: skip
    """Solve a program with columns of 0 or 1 for sites, and of shares after them.

    Parameters
    ----------
    value
        What each column is worth, to be made least.
    use
        The sites, as many as the first columns.
    rows, limits
        What binds the columns, and when to stop.
    standing
        Which of `use` are open in any case, and so not chosen.
    """
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
