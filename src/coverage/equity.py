"""Who is worse off: inequality over people, not over places.

Values belong to demand points or areas, shape (D,); ``weights``, shape (D,), say how many people
stand behind each. All measures are those of the people themselves: a point of 20 people is 20
people of one value, and a point of none is not there. Unknown values are NaN.
"""

import itertools
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .errors import UsageError
from .times import TIE_S

_ROUNDING = 1e-12
"""Shares of all people smaller than this are rounding."""


@dataclass(frozen=True, slots=True)
class WorstOff:
    """The part of the people with the longest minutes.

    Attributes
    ----------
    share
        Shape (D,), the share of each point's people who belong to it, 0..1; ``share > 0`` is a
        mask. Points at the rim share it alike, so that sum(share * weights) = `people` and the
        order of rows decides nothing.
    people
        How many belong to it.
    from_minutes
        The shortest minutes among them; NaN when all are beyond the horizon, or nobody lives here.
    """

    share: NDArray[np.float64]
    people: float
    from_minutes: float


@dataclass(frozen=True, slots=True)
class Lift:
    """What bringing each area up to the median would do; A areas.

    Attributes
    ----------
    elderly, covered
        Shape (A,), elderly people, and those covered.
    share
        Shape (A,), covered over elderly; NaN where no elderly people live.
    median_share
        The median of the shares, every area with elderly people counting once; NaN without any.
    gain
        Shape (A,), elderly people newly covered if this area alone came up to the median; 0 for
        areas at or above it and for those without elderly people.
    best
        The area that gains most, the lower position of equals; -1 when none gains.
    """

    elderly: NDArray[np.float64]
    covered: NDArray[np.float64]
    share: NDArray[np.float64]
    median_share: float
    gain: NDArray[np.float64]
    best: int


def gini(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return the Gini coefficient over people: 0 if all have the same, near 1 if one has all.

    Parameters
    ----------
    values
        Shape (D,), >= 0, what each person of a point has. People of unknown value (NaN) are left
        out; `people_unknown` counts them, and belongs beside the figure: minutes are unknown of
        just those who are worst off.
    weights
        Shape (D,), people, >= 0.

    Returns
    -------
    gini
        0 also when all have nothing; NaN when nobody is known.

    Raises
    ------
    UsageError
        Negative or infinite values; negative or unknown weights.

    Notes
    -----
    G = (1/mean) * integral of F(x) (1 - F(x)) dx, F the share of people with at most x (Dorfman
    1979, Review of Economics and Statistics 61:146-149). F is a step function, so the integral is
    an exact sum over the gaps between distinct values, and equals half the mean absolute difference
    of all pairs of people over the mean. No small-sample correction: when one of n has all, G is
    (n - 1)/n.
    """
    _check(values, weights, signed=False)
    return float(gini_by_group(values, weights, np.zeros(len(values), dtype=np.int64), 1)[0])


def gini_by_group(
    values: NDArray[np.float64], weights: NDArray[np.float64], of: NDArray[np.int64], count: int
) -> NDArray[np.float64]:
    """Return `gini` of each of so many groups, shape (count,).

    Parameters
    ----------
    values, weights
        As of `gini`.
    of
        Shape (D,), the group of each point, -1 for none.
    """
    _check(values, weights, signed=False)
    rows = np.flatnonzero(~np.isnan(values) & (weights > 0) & (of >= 0))
    rows = rows[np.lexsort((values[rows], of[rows]))]
    group, value = of[rows], values[rows]
    begins = np.searchsorted(group, np.arange(count + 1))
    some = begins[1:] > begins[:-1]
    greatest = np.zeros(count)
    greatest[some] = value[begins[1:][some] - 1]
    people = weights[rows] / np.bincount(group, weights=weights[rows], minlength=count)[group]
    value = np.divide(value, greatest[group], out=np.zeros(len(rows)), where=greatest[group] > 0)
    below, above = np.empty(len(rows)), np.empty(len(rows))
    # Group by group, and each from its own side: how few have most is lost in a difference of sums.
    for begin, end in itertools.pairwise(begins.tolist()):
        np.cumsum(people[begin:end], out=below[begin:end])
        np.cumsum(people[begin:end][::-1], out=above[begin:end][::-1])
    gap = np.diff(value, prepend=0.0)
    gap[begins[:-1][some]] = 0.0
    spread = np.bincount(group[1:], weights=gap[1:] * below[:-1] * above[1:], minlength=count)
    mean = np.bincount(group, weights=value * people, minlength=count)
    found = np.divide(spread, mean, out=np.zeros(count), where=mean > 0)
    return np.where(some, found, np.nan)


def lorenz(
    values: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the Lorenz curve: the share of all values that the poorest share of people has.

    Parameters are those of `gini`.

    Returns
    -------
    cum_people_share, cum_value_share
        Shape (V + 1,) each for V distinct values, from (0, 0) to (1, 1), straight between points.
        The diagonal when all have nothing; one pair of NaN when nobody is known.

    Notes
    -----
    Lorenz (1905), Publications of the American Statistical Association 9:209-219. `gini` is twice
    the area between the curve and the diagonal.
    """
    distinct, people = _distribution(values, weights, signed=False)
    if len(distinct) == 0:
        return np.array([np.nan]), np.array([np.nan])
    # All have nothing: each has the same share of it.
    relative = distinct / distinct[-1] if distinct[-1] > 0 else np.ones(1)
    cum_people, cum_value = np.cumsum(people), np.cumsum(people * relative)
    return (
        np.concatenate([[0.0], cum_people / cum_people[-1]]),
        np.concatenate([[0.0], cum_value / cum_value[-1]]),
    )


def weighted_quantile(
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    q: float,
    *,
    unknown: Literal["excluded", "highest"] = "excluded",
) -> float:
    """Return the value that a share `q` of the people do not exceed.

    Parameters
    ----------
    values
        Shape (D,), of any sign.
    weights
        Shape (D,), people, >= 0.
    q
        0 for the least, 0.5 for the median, 1 for the greatest.
    unknown
        ``excluded``: people of unknown value (NaN) are left out. ``highest``: they come last, as
        do people beyond the horizon in a ranking of minutes, and the answer is NaN when it falls
        among them.

    Returns
    -------
    quantile
        The least value x that at least the share q of people have or fall short of: one of the
        values, never between two (definition 1 of Hyndman & Fan 1996, The American Statistician
        50:361-365). NaN when nobody is known.

    Raises
    ------
    UsageError
        `q` outside 0..1, infinite values, negative or unknown weights.
    """
    if not 0 <= q <= 1:
        raise UsageError(f"q is {q}.", "Give a share between 0 and 1.")
    distinct, people = _distribution(values, weights, signed=True)
    if unknown == "highest":
        distinct, people = (
            np.append(distinct, np.nan),
            np.append(people, people_unknown(values, weights)),
        )
    total = people.sum()
    if total == 0:
        return float("nan")
    cum_share = np.cumsum(people) / total
    return float(distinct[np.searchsorted(cum_share, min(q, cum_share[-1]) - _ROUNDING)])


def people_unknown(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return how many people have no known value, those that the measures here leave out."""
    return float(weights[np.isnan(values)].sum())


def worst_decile(
    minutes: NDArray[np.float64], weights: NDArray[np.float64], *, fraction: float = 0.1
) -> WorstOff:
    """Return the tenth of the people with the longest minutes.

    Parameters
    ----------
    minutes
        Shape (D,), >= 0; NaN beyond the horizon, worse than any number.
    weights
        Shape (D,), people, >= 0.
    fraction
        How large a part of all people; a tenth unless said otherwise.

    Raises
    ------
    UsageError
        `fraction` outside 0..1, negative or infinite minutes, negative or unknown weights.
    """
    if not 0 <= fraction <= 1:
        raise UsageError(f"fraction is {fraction}.", "Give a share between 0 and 1.")
    _check(minutes, weights, signed=False)
    distinct, which = np.unique(np.where(np.isnan(minutes), np.inf, minutes), return_inverse=True)
    people = np.bincount(which, weights=weights, minlength=len(distinct))
    from_here = np.cumsum(people[::-1])[::-1]
    wanted = fraction * float(weights.sum())
    # What is left to take when everybody worse off has been taken.
    left = wanted - np.append(from_here, 0.0)[1:]
    taken = left > _ROUNDING * wanted
    share = np.where(taken, 1.0, 0.0)
    np.divide(left, people, out=share, where=taken & (people > left))
    among = distinct[(share > 0) & (people > 0)]
    from_minutes = float(among[0]) if len(among) and np.isfinite(among[0]) else float("nan")
    return WorstOff(share=share[which], people=wanted, from_minutes=from_minutes)


def lift_to_median(
    minutes: NDArray[np.float64],
    elderly: NDArray[np.float64],
    area: NDArray[np.int64],
    *,
    threshold_min: float,
    count: int,
) -> Lift:
    """Return which area adds most covered people if it is brought to the median of the areas.

    Parameters
    ----------
    minutes
        Shape (D,), to the nearest facility; NaN beyond the horizon, not covered.
    elderly
        Shape (D,), elderly people, >= 0.
    area
        Shape (D,), positions of areas; -1 in none, left out.
    threshold_min
        Minutes; a walk of exactly so long is covered.
    count
        How many areas there are, A.

    Raises
    ------
    UsageError
        Positions that are no areas, negative or infinite minutes, negative or unknown people.

    Notes
    -----
    This project's own measure: gain = max(0, median of the shares - share) * elderly people of the
    area. It asks no area to be better than half of the others already are, and so ranks by how
    far behind an area is times how many live there. Each gain is for that area alone, against
    today's median.
    """
    _check(minutes, elderly, signed=False)
    if len(area) != len(elderly) or (len(area) and not -1 <= area.min() <= area.max() < count):
        raise UsageError(
            f"area does not give each of {len(elderly)} points an area.",
            f"Give positions 0 to {count - 1}, or -1 for none.",
        )
    somewhere = area >= 0
    near = somewhere & (minutes <= threshold_min + TIE_S / 60)
    living = np.bincount(area[somewhere], weights=elderly[somewhere], minlength=count).astype(float)
    covered = np.bincount(area[near], weights=elderly[near], minlength=count).astype(float)
    share = np.full(count, np.nan)
    np.divide(covered, living, out=share, where=living > 0)
    inhabited = share[living > 0]
    median = float(np.median(inhabited)) if len(inhabited) else float("nan")
    gain = np.where(living > 0, np.maximum(median - share, 0.0) * living, 0.0)
    return Lift(
        elderly=living,
        covered=covered,
        share=share,
        median_share=median,
        gain=gain,
        best=int(np.argmax(gain)) if np.any(gain > 0) else -1,
    )


def _distribution(
    values: NDArray[np.float64], weights: NDArray[np.float64], *, signed: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the distinct known values that people have, ascending, and how many have each."""
    _check(values, weights, signed=signed)
    known = ~np.isnan(values) & (weights > 0)
    distinct, which = np.unique(values[known], return_inverse=True)
    people = np.bincount(which, weights=weights[known], minlength=len(distinct))
    return distinct, people.astype(float)


def _check(values: NDArray[np.float64], weights: NDArray[np.float64], *, signed: bool) -> None:
    """Raise one `UsageError` with everything that does not fit."""
    wrong = []
    if np.shape(values) != np.shape(weights):
        wrong.append(
            f"{np.shape(values)} values and {np.shape(weights)} weights: give one weight a value."
        )
    if np.any(np.isinf(values)):
        wrong.append("Values must be finite, or NaN where unknown.")
    if not signed and np.any(values < 0):
        wrong.append(f"{int(np.sum(values < 0))} values are negative: give 0 or more.")
    if not np.all(np.isfinite(weights) & (weights >= 0)):
        wrong.append("Weights must be finite and 0 or more.")
    if wrong:
        raise UsageError(" ".join(wrong))
