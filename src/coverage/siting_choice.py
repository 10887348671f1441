"""What a choice of sites comes to, and what is said where there is none."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .errors import Problem
from .siting_models import Solved
from .siting_problem import SitingProblem

EXACT = 1e-9


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


def made_choice(
    chosen: NDArray[np.int64], value: float, bound: float, solved: Solved,
    greedy: NDArray[np.int64], greedy_value: float, uncoverable: NDArray[np.int64],
) -> Choice:  # fmt: skip
    """Return a choice with how far its value is from its bound, and what that is called."""
    apart = abs(value - bound) / abs(value) if value else abs(bound)
    if apart <= EXACT * 100:
        apart, bound = 0.0, value
    status: Literal["optimal", "within the gap", "time limit"] = "optimal"
    if apart > 0:
        status = "within the gap" if solved.proven else "time limit"
    return Choice(chosen, value, bound, apart, status, greedy, greedy_value, uncoverable)


def those_served(problem: SitingProblem, beyond: float) -> tuple[SitingProblem, NDArray[np.int64]]:
    """Return the problem of those who have a walk to some site of every kind, and the others."""
    linked = np.zeros((len(problem.weight), problem.kinds), dtype=bool)
    linked[problem.place, problem.kind[problem.site]] = True
    served = np.asarray(linked.all(axis=1))
    others = np.flatnonzero(~served)
    return (problem if np.isfinite(beyond) else problem.of_places(served)), others


def shortens_none(walk: str) -> Problem:
    """Return what to say where no candidate makes a walk shorter."""
    return Problem(
        "siting", f"no candidate shortens {walk}.",
        "Give candidates nearer to those who walk far, or less spacing.",
    )  # fmt: skip


def helps_nobody(*, covered: bool = False) -> Problem:
    """Return what to say where no candidate helps, or where nobody needs one."""
    if covered:
        return Problem("siting", "everybody is covered already.", "No further site is needed.")
    return Problem(
        "siting", "no candidate helps anybody who is not served already.",
        "Give candidates nearer to where people are not covered, with room for them, or less "
        "spacing.",
    )  # fmt: skip


def cannot(what: str, solved: Solved) -> Problem:
    """Return what to say where no choice was found that keeps to the limits."""
    if solved.feasible:
        return Problem("siting", "no choice was found in the time given.", "Give more seconds.")
    return Problem(
        "siting", f"no choice can {what} within the limits.",
        "Allow more sites, a larger budget, less spacing or more room, or choose 'coverage'.",
    )  # fmt: skip


def within_limits_nobody() -> Problem:
    """Return what to say where candidates help, and none that the limits allow."""
    return Problem(
        "siting", "no choice within the limits helps anybody.",
        "Allow more sites, a larger budget or less spacing.",
    )  # fmt: skip
