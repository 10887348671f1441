"""What differs between two runs street by street: stretches that are covered as a whole or not."""

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .assessment import pieces_in
from .covered_parts import parts_read
from .pieces import Pieces, intersect, pairs_on_one_edge, subtract, union, union_of, whole
from .same_lines import Stretches, same_stretches
from .study_parts import TIERS

SIDES = ("before", "after")
KM = ("gained", "lost", "new", "vanished", "redrawn")
"""Why covered street differs; ``before + gained - lost + new - vanished + redrawn = after``."""
_SHORTEST = 1e-9

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


class _Lines:
    """The streets of a run as single lines, and what of each is covered."""

    def __init__(self, streets: gpd.GeoDataFrame) -> None:
        shapes = streets.geometry.to_numpy()
        lines, self.street = shapely.get_parts(shapes, return_index=True)
        drawn = shapely.length(lines)
        total = np.bincount(self.street, weights=drawn, minlength=len(shapes))
        # Lengths are the street's own, which a projection draws a little longer or shorter.
        metres = streets["length_m"].to_numpy(float)
        scale = np.divide(metres, total, out=np.zeros(len(total)), where=total > 0)
        real = (drawn > 0) & (scale[self.street] > 0)
        before = np.cumsum(drawn) - drawn
        first = np.searchsorted(self.street, self.street)
        self.lines, self.length_m = lines[real], (drawn * scale[self.street])[real]
        start = ((before - before[first]) / np.where(total > 0, total, 1)[self.street])[real]
        share = (drawn / np.where(total > 0, total, 1)[self.street])[real]
        self.street = self.street[real].astype(np.int64)
        self.ids = streets["osm_id"].to_numpy(object)[self.street]
        self.covered = {
            str(tier): _onto(
                parts_read(
                    streets[f"parts_{tier}"].fillna("").to_numpy(object),
                    streets[f"covered_{tier}"].to_numpy(float),
                ),
                self.street, start, start + share,
            )
            for tier in TIERS
        }  # fmt: skip


def _onto(pieces: Pieces, of: Whole, start: Floats, end: Floats) -> Pieces:
    """Return pieces as shares of parts of their edges.

    Parameters
    ----------
    pieces
        On edges.
    of, start, end
        Shape (N,), the edge of each part and where the part begins and ends on it; from the later
        to the earlier place for a part that runs the other way.
    """
    ends = np.minimum(start, end), np.maximum(start, end)
    part, at = pairs_on_one_edge(Pieces(of, *ends), pieces)
    low = np.maximum(ends[0][part], pieces.start[at])
    high = np.minimum(ends[1][part], pieces.end[at])
    width = (end - start)[part]
    shares = [(place - start[part]) / width for place in (low, high)]
    meet = high > low
    return union(part[meet], np.minimum(*shares)[meet], np.maximum(*shares)[meet])


def streets_of_both(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the streets of either run in stretches that change as a whole.

    Parameters
    ----------
    before, after
        As of `coverage.inputs.finished_run.FinishedRun`, in one coordinate system.

    Returns
    -------
    stretches
        ``name``; ``in_before``, ``in_after``; ``length_m_before``, ``length_m_after``, 0 where it
        is not; for each key ``before_<key>`` and ``after_<key>``, whether it is covered, never
        where it is not; for each tier ``minutes_before_<tier>`` and ``minutes_after_<tier>``, the
        mean along the street it is part of.
    """
    sides = _Lines(before), _Lines(after)
    same = same_stretches(sides[0].lines, sides[1].lines, sides[0].ids, sides[1].ids)
    rows = _with_the_rest(same, len(sides[0].lines), len(sides[1].lines))
    there = rows.a >= 0, rows.b >= 0
    spans = ((rows.a, rows.a_start, rows.a_end), (rows.b, rows.b_start, rows.b_end))
    covered = [
        {tier: _onto(pieces, *span) for tier, pieces in side.covered.items()}
        for side, span in zip(sides, spans, strict=True)
    ]
    row, start, end = _cut(len(rows.a), [*covered[0].values(), *covered[1].values()])
    middle = (start + end) / 2
    columns: dict[str, Any] = {f"in_{side}": there[n][row] for n, side in enumerate(SIDES)}
    names = []
    for n, side in enumerate(SIDES):
        line = np.where(there[n], spans[n][0], 0)[row]
        metres = np.abs(spans[n][2] - spans[n][1])[row] * (end - start)
        length = _at(sides[n].length_m, line)
        columns[f"length_m_{side}"] = np.where(there[n][row], metres * length, 0.0)
        own = (before, after)[n]
        street = _at(sides[n].street, line).astype(np.int64)
        names.append(_at(own["name"].fillna("").to_numpy(object), street))
        for tier in TIERS:
            minutes = _at(own[f"minutes_{tier}"].to_numpy(float), street)
            columns[f"minutes_{side}_{tier}"] = np.where(there[n][row], minutes, np.nan)
        inside = {tier: _holds(covered[n][tier], row, middle) for tier in map(str, TIERS)}
        stack = np.stack(list(inside.values()))
        for key, mask in {**inside, "any": stack.any(axis=0), "all": stack.all(axis=0)}.items():
            columns[f"{side}_{key}"] = mask
    columns["name"] = np.where(there[0][row], names[0], names[1])
    shapes = np.full(len(row), None, dtype=object)
    # Where it is in both, as it is drawn after.
    for n, here in ((0, there[0] & ~there[1]), (1, there[1])):
        chosen = np.flatnonzero(here[row])
        line, low, high = (part[row[chosen]] for part in spans[n])
        shapes[chosen] = _substrings(
            sides[n].lines, line.astype(np.int64),
            low + start[chosen] * (high - low), low + end[chosen] * (high - low),
        )  # fmt: skip
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=before.crs)


def street_figures(
    streets: pd.DataFrame, key: str, share: Floats | None = None
) -> dict[str, float]:
    """Return kilometres covered before and after, and why they differ, of what is in a part.

    Parameters
    ----------
    streets
        As of `streets_of_both`.
    key
        One of `coverage.inputs.finished_run.KEYS`.
    share
        Shape (N,), how much of each lies in the part; all of it without.
    """
    km = [
        streets[f"length_m_{side}"].to_numpy(float) / 1000 * (1.0 if share is None else share)
        for side in SIDES
    ]
    was, now = (streets[f"{side}_{key}"].to_numpy(bool) for side in SIDES)
    both = (streets["in_before"] & streets["in_after"]).to_numpy(bool)
    return {
        "km_before": float(km[0][was].sum()), "km_after": float(km[1][now].sum()),
        "km_gained": float(km[1][both & now & ~was].sum()),
        "km_lost": float(km[0][both & was & ~now].sum()),
        "km_new": float(km[1][~both & now].sum()), "km_vanished": float(km[0][~both & was].sum()),
        "km_redrawn": float((km[1] - km[0])[was & now].sum()),
        "km_both": float(km[1][was & now].sum()),
        "km_neither": float(np.maximum(*km)[~was & ~now].sum()),
    }  # fmt: skip


def shares_by_area(
    streets: gpd.GeoDataFrame, areas: Mapping[str, shapely.Geometry], rest: str
) -> dict[str, Floats]:
    """Return how much of each stretch lies in each area, and in none, under the name `rest`.

    What lies in two areas counts in the first, and scraps in none under a metre are left out, as in
    `coverage.assessment.pieces_by_area`.
    """
    lines = streets.geometry.to_numpy()
    tree, left = shapely.STRtree(lines), whole(np.arange(len(lines)))
    parts = {}
    for name, shape in areas.items():
        near = np.sort(tree.query(shape, predicate="intersects")).astype(np.int64)
        part = intersect(left, pieces_in(shape, near, lines[near]))
        left = subtract(left, part)
        parts[name] = part
    metres = streets[["length_m_before", "length_m_after"]].max(axis=1).to_numpy(float)
    parts[rest] = left if left.length_m(metres) >= 1.0 else left.keep(np.zeros(len(left), bool))
    ones = np.ones(len(lines))
    return {name: part.length_by_edge_m(ones) for name, part in parts.items()}


def _with_the_rest(same: Stretches, count_a: int, count_b: int) -> Stretches:
    """Return stretches with those that only the one or only the other has; -1 for no line."""
    only = []
    for count, line, start, end in (
        (count_a, same.a, same.a_start, same.a_end),
        (count_b, same.b, same.b_start, same.b_end),
    ):
        used = union(line, np.minimum(start, end), np.maximum(start, end))
        only.append(subtract(whole(np.arange(count)), used))
    a, b = only
    no_a, no_b = np.full(len(a), -1), np.full(len(b), -1)
    nan_a, nan_b = np.zeros(len(a)), np.zeros(len(b))
    return Stretches(
        np.concatenate([same.a, a.edge, no_b]), np.concatenate([same.b, no_a, b.edge]),
        np.concatenate([same.a_start, a.start, nan_b]), np.concatenate([same.a_end, a.end, nan_b]),
        np.concatenate([same.b_start, nan_a, b.start]), np.concatenate([same.b_end, nan_a, b.end]),
    )  # fmt: skip


def _cut(count: int, sets: list[Pieces]) -> tuple[Whole, Floats, Floats]:
    """Return stretches in parts between all places where one of some sets begins or ends."""
    everything = union_of(whole(np.arange(count)))
    row = np.concatenate([everything.edge, everything.edge, *(np.tile(s.edge, 2) for s in sets)])
    place = np.concatenate([
        everything.start, everything.end, *(np.concatenate([s.start, s.end]) for s in sets)
    ])  # fmt: skip
    order = np.lexsort((place, row))
    row, place = row[order], place[order]
    goes_on = (row[1:] == row[:-1]) & (place[1:] - place[:-1] > _SHORTEST)
    at = np.flatnonzero(goes_on)
    return row[at], place[at], place[at + 1]


def _holds(pieces: Pieces, row: Whole, place: Floats) -> NDArray[np.bool_]:
    """Tell which places lie in pieces."""
    if not len(pieces):
        return np.zeros(len(row), dtype=bool)
    at = np.searchsorted(pieces.start + 2.0 * pieces.edge, place + 2.0 * row, side="right") - 1
    at = np.maximum(at, 0)
    return np.asarray(
        (pieces.edge[at] == row) & (pieces.start[at] <= place) & (place < pieces.end[at])
    )


def _at(values: NDArray[Any], position: Whole) -> NDArray[Any]:
    """Return values at positions, of any kind where there are none at all."""
    return values[position] if len(values) else np.zeros(len(position), dtype=values.dtype)


def _substrings(
    lines: NDArray[np.object_], line: Whole, start: Floats, end: Floats
) -> NDArray[np.object_]:
    """Return parts of lines between two shares of their length, in the order of the lines."""
    if not len(line):
        return np.zeros(0, dtype=object)
    low, high = np.minimum(start, end), np.maximum(start, end)
    xy, of = shapely.get_coordinates(lines, return_index=True)
    steps = np.hypot(*np.diff(xy, axis=0, prepend=xy[:1]).T)
    steps[np.r_[True, of[1:] != of[:-1]]] = 0.0
    along = np.cumsum(steps)
    first = np.searchsorted(of, np.arange(len(lines)))
    last = np.searchsorted(of, np.arange(len(lines)), side="right") - 1
    place = (along - along[first][of]) / (along[last] - along[first])[of] + 2.0 * of
    begins = np.searchsorted(place, low + 2.0 * line, side="right")
    count = np.maximum(np.searchsorted(place, high + 2.0 * line, side="left") - begins, 0)
    row = np.repeat(np.arange(len(line)), count)
    vertex = begins[row] + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    ends = [
        shapely.get_coordinates(shapely.line_interpolate_point(lines[line], at, normalized=True))
        for at in (low, high)
    ]
    rows = np.arange(len(line))
    every = np.concatenate([ends[0], xy[vertex], ends[1]])
    owner = np.concatenate([rows, row, rows])
    turn = np.concatenate([np.zeros(len(rows)), np.ones(len(row)), np.full(len(rows), 2)])
    order = np.lexsort((turn, owner))
    return np.asarray(shapely.linestrings(every[order], indices=owner[order]))
