"""Where along a street it is covered, as text that one column of a table can hold.

Only streets that are covered in part say so: ``0-0.42 0.9-1`` for two stretches, shares of the
length from the first point of the street's line (of several lines, one after the other).
"""

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .pieces import Pieces, union

_DECIMALS = 6
"""Of a share: a millimetre of a kilometre."""
TEXT = r"(?:0(?:\.\d+)?-(?:1|0\.\d+)(?: (?!$)|$))*"
"""What the text looks like."""


def parts_along(
    lines: NDArray[np.object_], of: NDArray[np.int64], stretches: NDArray[np.object_]
) -> Pieces:
    """Return where straight stretches lie on lines.

    Parameters
    ----------
    lines
        Shape (S,), LineStrings and MultiLineStrings, metres.
    of
        Shape (P,), the line that each stretch lies on.
    stretches
        Shape (P,), LineStrings of two points.

    Returns
    -------
    parts
        Their edges are positions in `lines`.
    """
    total = shapely.length(lines)[of]
    known = total > 0
    of, stretches, total = of[known], stretches[known], total[known]
    # The ends of a closed line are one place; the middle of a stretch is always one of its own.
    middle = shapely.line_interpolate_point(stretches, 0.5, normalized=True)
    along, half = shapely.line_locate_point(lines[of], middle), shapely.length(stretches) / 2
    start, end = (np.round((along + side * half) / total, _DECIMALS) + 0.0 for side in (-1, 1))
    return union(of, start, end)


def parts_text(parts: Pieces, count: int) -> NDArray[np.object_]:
    """Return the text for each of so many streets, empty where nothing or all is covered."""
    text = np.full(count, "", dtype=object)
    some = parts.keep((parts.start > 0) | (parts.end < 1))
    ends = zip(some.start.tolist(), some.end.tolist(), strict=True)
    said = [f"{_plain(start)}-{_plain(end)}" for start, end in ends]
    joined = pd.Series(said, dtype=object).groupby(some.edge).agg(" ".join)
    text[joined.index.to_numpy(np.int64)] = joined.to_numpy(object)
    return text


def parts_read(text: NDArray[np.object_], share: NDArray[np.float64]) -> Pieces:
    """Return what of each street is covered.

    Parameters
    ----------
    text
        Shape (S,), as of `parts_text`: of the form `TEXT`.
    share
        Shape (S,), the share of each that is covered: where the text is empty, nothing or all.
    """
    silent = text == ""
    full = np.flatnonzero(silent & (share > 0.5))
    words = pd.Series(text[~silent], index=np.flatnonzero(~silent), dtype=object)
    words = words.str.split(" ").explode()
    ends = np.array([one.split("-") for one in words], dtype=float).reshape(-1, 2)
    return union(
        np.concatenate([full, words.index.to_numpy(np.int64)]),
        np.concatenate([np.zeros(len(full)), ends[:, 0]]),
        np.concatenate([np.ones(len(full)), ends[:, 1]]),
    )


def _plain(share: float) -> str:
    return f"{share:.{_DECIMALS}f}".rstrip("0").rstrip(".")
