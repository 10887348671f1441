"""Whether a rival found what this program found, to a stated tolerance, before it is timed."""

from pathlib import Path

import answers
import numpy as np
import shapely
from answers import Answer

NEAREST_S = {"pandana": 1.0}
"""pandana rounds the seconds of every arc to thousandths, which adds up along a walk."""
EXACT_S = 1e-6
LEAST_IOU = 0.985
_MOST_AT_CUTOFF = 1e-4
"""Share of nodes that may lie so near a cutoff that rounding decides."""


def agreement(step: str, who: str, ours: Path, theirs: Path) -> str:
    """Say in words how far two answers agree.

    Raises
    ------
    AssertionError
        When they differ by more than the tolerance: then nothing may be compared.
    """
    if not theirs.is_file():
        return "not compared"
    one, other = answers.kept(ours), answers.kept(theirs)
    return {"read": _read, "nearest": _nearest, "reach": _reach, "polygons": _polygons}[step](
        who, one, other
    )


def _read(who: str, ours: Answer, theirs: Answer) -> str:
    # A rival keeps ways that are no streets (outlines of squares) as well.
    mine = {tuple(row) for row in np.unique(ours["segments"], axis=0).tolist()}
    same_ways = np.isin(theirs["segments"][:, 2], np.unique(ours["segments"][:, 2]))
    others = {tuple(row) for row in theirs["segments"][same_ways].tolist()}
    assert mine == others, f"{who}: {len(mine ^ others)} segments of the same ways differ"
    return f"{len(mine):,} segments equal"


def _nearest(who: str, ours: Answer, theirs: Answer) -> str:
    a, b = ours["seconds"], theirs["seconds"]
    tolerance = NEAREST_S.get(who, EXACT_S)
    both = np.isfinite(a) & np.isfinite(b)
    at_horizon = int((np.isfinite(a) != np.isfinite(b)).sum())
    off = float(np.abs(a[both] - b[both]).max(initial=0.0))
    assert off <= tolerance, f"{who}: times differ by {off:g} s"
    assert at_horizon <= max(_MOST_AT_CUTOFF * len(a), 2), f"{who}: {at_horizon} nodes differ"
    return f"within {max(off, 0):.2g} s at {int(both.sum()):,} nodes"


def _reach(who: str, ours: Answer, theirs: Answer) -> str:
    ends = np.cumsum(ours["counts"])
    differ = total = 0
    their_ends = np.cumsum(theirs["counts"])
    for row, facility in enumerate(theirs["facility"].tolist()):
        mine = ours["nodes"][ends[facility] - ours["counts"][facility] : ends[facility]]
        other = theirs["nodes"][their_ends[row] - theirs["counts"][row] : their_ends[row]]
        differ += len(np.setxor1d(mine, other))
        total += len(other)
    assert differ <= max(_MOST_AT_CUTOFF * total, 2), f"{who}: {differ} of {total} nodes differ"
    return f"{total:,} nodes of {len(theirs['facility'])} facilities equal"


def _polygons(who: str, ours: Answer, theirs: Answer) -> str:
    mine = dict(
        zip(zip(ours["facility"].tolist(), ours["band"].tolist(), strict=True),
            ours["wkb"].tolist(), strict=True)
    )  # fmt: skip
    least = 1.0
    for facility, band, wkb in zip(
        theirs["facility"].tolist(), theirs["band"].tolist(), theirs["wkb"].tolist(), strict=True
    ):
        other = shapely.from_wkb(wkb)
        if other.is_empty and (facility, band) not in mine:
            continue
        one = shapely.from_wkb(mine[facility, band])
        least = min(least, one.intersection(other).area / one.union(other).area)
    assert least >= LEAST_IOU, f"{who}: intersection over union {least:.4f}"
    return f"least IoU {least:.4f} of {len(theirs['band'])}"
