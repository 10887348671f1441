"""Which of very many boxes may meet any of some others: looked up on a grid, no tree needed."""

import numpy as np
from numpy.typing import NDArray

_CELLS = 1024
"""Along the longer side of the grid: some megabytes, and a hundred metres in a large city."""


def meeting(
    low: NDArray[np.float64], high: NDArray[np.float64], others_low: NDArray[np.float64],
    others_high: NDArray[np.float64],
) -> NDArray[np.int64]:  # fmt: skip
    """Return which boxes may meet any of some others.

    Parameters
    ----------
    low, high
        Shape (N, 2), the corners of the boxes: south-west and north-east. Two alike are a point.
    others_low, others_high
        Shape (M, 2), those of the others.

    Returns
    -------
    positions
        Ascending; all boxes that meet or touch one of the others, and some that lie near one.
    """
    if len(others_low) == 0 or len(low) == 0:
        return np.zeros(0, dtype=np.int64)
    if not (np.isfinite(others_low).all() and np.isfinite(others_high).all()):
        # Around a point without a limit no box is too far.
        return np.arange(len(low))
    corner = others_low.min(axis=0)
    extent = others_high.max(axis=0) - corner
    side = max(float(extent.max()) / _CELLS, 1e-9)
    columns, rows = (np.floor(extent / side).astype(np.int64) + 1).tolist()
    begin, end = (_cells(part, corner, side, columns, rows) for part in (others_low, others_high))
    # How many of the others lie over each cell: counted in and out at their corners.
    over = np.zeros((columns + 1, rows + 1), dtype=np.int64)
    for x, y, sign in (
        (begin[0], begin[1], 1), (end[0] + 1, end[1] + 1, 1),
        (begin[0], end[1] + 1, -1), (end[0] + 1, begin[1], -1),
    ):  # fmt: skip
        np.add.at(over, (x, y), sign)
    taken = over.cumsum(axis=0).cumsum(axis=1)[:-1, :-1] > 0
    before = np.zeros((columns + 1, rows + 1), dtype=np.int64)
    before[1:, 1:] = taken.cumsum(axis=0).cumsum(axis=1)
    within = np.flatnonzero(np.all((high >= corner) & (low <= others_high.max(axis=0)), axis=1))
    begin, end = (_cells(part[within], corner, side, columns, rows) for part in (low, high))
    x, y, to_x, to_y = *begin, end[0] + 1, end[1] + 1
    found = before[to_x, to_y] - before[x, to_y] - before[to_x, y] + before[x, y]
    return within[found > 0]


def _cells(
    xy: NDArray[np.float64], corner: NDArray[np.float64], side: float, columns: int, rows: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the column and the row of places, those beyond the grid at its rim."""
    at = np.clip((xy - corner) / side, 0, [columns - 1, rows - 1])
    column, row = at.astype(np.int64).T
    return column, row
