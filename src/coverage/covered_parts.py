"""Where along a street it is covered, as text that one column of a table can hold.

Only streets that are covered in part say so: ``0-0.42 0.9-1`` for two stretches, shares of the
length from the first point of the street's line (of several lines, one after the other).
"""

import itertools

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .pieces import Pieces, union

_DECIMALS = 6
"""Of a share: a millimetre of a kilometre."""
TEXT = r"(?:0(?:\.\d+)?-(?:1|0\.\d+)(?: (?!$)|$))*"
"""What the text looks like."""


def joined_lines(
    ends: NDArray[np.float64], of: NDArray[np.int64], count: int
) -> NDArray[np.object_]:
    """Return straight stretches joined end to end, of each street those that are its own.

    Parameters
    ----------
    ends
        Shape (P, 2, 2), both ends of each stretch, metres.
    of
        Shape (P,), the street of each, 0 to `count` - 1, none left out.

    Returns
    -------
    lines
        Shape (count,), LineStrings, and MultiLineStrings of what does not meet.
    """
    order = np.argsort(of, kind="stable")
    ends, of = ends[order], of[order]
    first = np.searchsorted(of, np.arange(count + 1))
    # Most streets go on from one stretch to the next, and ever away from where they begin: such
    # need no search for what meets what, nor can they meet themselves.
    step = ends[:, 1] - ends[:, 0]
    whole_way = ends[first[1:] - 1, 1] - ends[first[:-1], 0]
    ahead = np.sum(step * whole_way[of], axis=1) > 1e-9 * np.sum(whole_way**2, axis=1)[of]
    ahead[1:] &= (of[1:] != of[:-1]) | np.all(ends[1:, 0] == ends[:-1, 1], axis=1)
    plain = np.bincount(of[~ahead], minlength=count) == 0
    some = plain[of]
    size = np.diff(first)[plain]
    corners = np.empty((len(ends[some]) + len(size), 2))
    begins = np.cumsum(size + 1) - size - 1
    later = np.ones(len(corners), dtype=bool)
    later[begins] = False
    corners[begins], corners[later] = ends[first[:-1][plain], 0], ends[some, 1]
    lines = np.empty(count, dtype=object)
    lines[plain] = shapely.linestrings(corners, indices=np.repeat(np.arange(len(size)), size + 1))
    _, other = np.unique(of[~some], return_inverse=True)
    lines[~plain] = shapely.line_merge(
        shapely.multilinestrings(shapely.linestrings(ends[~some]), indices=other)
    )
    return lines


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
    first = np.flatnonzero(np.append(True, some.edge[1:] != some.edge[:-1])[: len(some)])
    bounds = itertools.pairwise([*first.tolist(), len(said)])
    text[some.edge[first]] = [" ".join(said[begin:end]) for begin, end in bounds]
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
