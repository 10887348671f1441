"""Seconds of walks between rows and columns, where they are within a limit: sparse and sorted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .contraction import OneWay
from .links import Links


@dataclass(frozen=True, slots=True)
class Table:
    """Seconds of a walk between N rows and M columns, where it is within a limit.

    Attributes
    ----------
    columns
        M.
    first
        Shape (N + 1,), where each row begins.
    key, seconds
        Shape (R + 1,), row x M + column, ascending, and a last one that no pair has.
    """

    columns: int
    first: NDArray[np.int64]
    key: NDArray[np.int64]
    seconds: NDArray[np.float64]

    def at(self, row: NDArray[np.int64], column: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the seconds of some pairs, infinite where there are none."""
        key = row * self.columns + column
        place = np.searchsorted(self.key[:-1], key)
        return np.where(self.key[place] == key, self.seconds[place], np.inf)


def table_of(
    row: NDArray[np.int64], column: NDArray[np.int64], minutes: NDArray[np.float64],
    rows: int, columns: int,
) -> Table:  # fmt: skip
    """Return a table of pairs of a row and a column, of those whose minutes are finite."""
    known = np.flatnonzero(np.isfinite(minutes))
    key = row[known] * columns + column[known]
    order = np.argsort(key)
    key, seconds = key[order], minutes[known[order]] * 60
    first = np.searchsorted(key, np.arange(rows + 1) * columns)
    return Table(columns, first, np.append(key, -1), np.append(seconds, np.inf))


def each_way(found: Links) -> tuple[tuple[OneWay, NDArray[np.float64]], ...]:
    """Return the minutes of links by the way that they are walked."""
    return (("to", found.to_min), ("back", found.back_min))
