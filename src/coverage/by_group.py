"""Figures of many groups at once, without a loop over them.

Rows are grouped by ``of``, shape (R,): the number of each row's group, 0..count-1; rows of -1 are
in none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Names:
    """Names of rows.

    Attributes
    ----------
    code
        Shape (R,), of each row its name's position in `known`; -1 for none.
    known
        The names, each once, in the order of the alphabet.
    """

    code: NDArray[np.int64]
    known: NDArray[np.object_]

    def of(self, rows: NDArray[np.int64]) -> "Names":
        """Return the names of some rows."""
        return Names(self.code[rows], self.known)


def names_of(names: NDArray[np.object_]) -> Names:
    """Return names of rows by number; rows of None and NaN have none."""
    code, known = pd.factorize(names, sort=True)
    return Names(code, np.asarray(known, dtype=object))


def heaviest(
    code: NDArray[np.int64], weight: NDArray[np.float64], of: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """Return each group's code with the greatest sum of weights, the least of equal ones.

    Rows of a negative code count for nothing; a group of none has -1.
    """
    group, code, _ = _sums(code, weight, of)
    groups, first = np.unique(group, return_index=True)
    found = np.full(count, -1)
    found[groups] = code[first]
    return found


def heaviest_names(
    names: Names, weight: NDArray[np.float64], of: NDArray[np.int64], count: int
) -> NDArray[np.object_]:
    """Return each group's name with the greatest sum of weights; empty for a group of none.

    Of equal ones the first in the alphabet.
    """
    return np.append(names.known, "")[heaviest(names.code, weight, of, count)]


def names_by_weight(
    names: Names, weight: NDArray[np.float64], of: NDArray[np.int64], count: int, *, most: int
) -> NDArray[np.object_]:  # fmt: skip
    """Return each group's names, `most` at most, those with most weight first, as one text.

    Rows without a name count for nothing.
    """
    group, code, _ = _sums(names.code, weight, of)
    place = np.arange(len(group)) - np.searchsorted(group, group)
    found = np.full(count, "", dtype=object)
    for nth in range(most):
        rows = np.flatnonzero(place == nth)
        names_here = names.known[code[rows]]
        found[group[rows]] += names_here if nth == 0 else "、" + names_here
    return found


def weighted_medians(
    values: NDArray[np.float64], weight: NDArray[np.float64], of: NDArray[np.int64], count: int
) -> NDArray[np.float64]:
    """Return the weighted median of each group; see `weighted_quantiles`."""
    (medians,) = weighted_quantiles(values, weight, of, count, (0.5,))
    return np.asarray(medians)


def weighted_quantiles(
    values: NDArray[np.float64], weight: NDArray[np.float64], of: NDArray[np.int64], count: int,
    shares: Sequence[float],
) -> NDArray[np.float64]:  # fmt: skip
    """Return weighted quantiles of each group, shape (shares, count); NaN for a group of none.

    Each is the least value that the share (0..1) of the weight has or falls short of; NaN counts as
    larger than any number.
    """
    rows = np.flatnonzero(of >= 0)
    rows = rows[np.lexsort((values[rows], of[rows]))]
    group = of[rows]
    total = np.bincount(group, weights=weight[rows], minlength=count)
    before = np.concatenate([[0.0], np.cumsum(weight[rows])])
    begins = np.searchsorted(group, np.arange(count + 1))
    within = before[1:] - before[begins[group]]
    found = np.full((len(shares), count), np.nan)
    for quantile, share in zip(found, shares, strict=True):
        # Sums over all groups round; a share that is reached must not be missed for it.
        enough = within >= total[group] * share - 1e-12 * max(float(before[-1]), 1.0)
        hit = np.flatnonzero(enough)
        groups, first = np.unique(group[hit], return_index=True)
        quantile[groups] = values[rows[hit[first]]]
    return found


def _sums(
    code: NDArray[np.int64], weight: NDArray[np.float64], of: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return group, code and sum of weights: by group, the heaviest first, then the least code."""
    rows = np.flatnonzero((of >= 0) & (code >= 0))
    codes = int(code.max(initial=0)) + 1
    key, which = np.unique(of[rows] * codes + code[rows], return_inverse=True)
    sums = np.bincount(which, weights=weight[rows], minlength=len(key)).astype(float)
    group, code = np.divmod(key, codes)
    order = np.lexsort((code, -sums, group))
    return group[order], code[order], sums[order]
