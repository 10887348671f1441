"""Street within the promised minutes after a change: what is gained and lost of it."""

from collections.abc import Mapping

import numpy as np
import shapely
from numpy.typing import NDArray

from .assessment import pieces_in, with_any_and_all
from .concerned import facilities_near
from .pieces import Pieces, PieceSets, intersect, subtract, union_of
from .placing import Placed
from .reach import reach_of_each
from .repair import joined, on_part, part_reached
from .snapping import Snapped
from .standing import Before, facilities_after, taken


def street_change_m(
    before: Before, done: Placed, tiers: Mapping[str, NDArray[np.int64]],
    tiers_before: Mapping[str, NDArray[np.int64]], thresholds_min: Mapping[str, float],
    boundary: shapely.Geometry,
) -> dict[str, tuple[float, float]]:  # fmt: skip
    """Return the metres of street that each tier, any and all gain and lose by some changes.

    Only where a facility whose reach is another reaches is it compared. A new link is street, too.

    Parameters
    ----------
    before, done
        What was, and the changes.
    tiers, tiers_before
        The facilities of each tier, positions: after the changes, those that open following those
        of before; and before them.
    thresholds_min
        The promised minutes of each tier.
    boundary
        The study area.
    """
    limit_min = max(thresholds_min.values())
    ground, changed = done.ground, done.ground.patched
    count = len(before.snapped.edge)
    snapped, moved = before.snapped, np.zeros(0, dtype=np.int64)
    if ground.changed:
        snapped, moved = facilities_after(before, ground)
    ends = np.array([edge for join in ground.joins for edge in join.edges], dtype=np.int64)
    touched = np.union1d(ground.blocked, ends)
    other = np.union1d(moved, done.closed)
    if len(touched):
        other = np.union1d(other, facilities_near(before, touched, limit_min))
    cutoffs = tuple(sorted(set(thresholds_min.values())))
    was = _reach(before, before.snapped, other, cutoffs)
    stay = np.setdiff1d(other, done.closed)
    sources = joined(taken(snapped, stay), done.stand)
    now = _reach_after(before, done, sources, cutoffs)
    number = np.concatenate([stay, count + np.arange(len(done.opened))])

    old = len(before.network.tail)
    edges = np.unique(np.concatenate([sets.edge for sets in (*was, *now)]))
    known = edges[edges < old]
    rest = np.zeros(0, dtype=np.int64)
    if len(known):
        rest = np.setdiff1d(facilities_near(before, known, limit_min), other)
    same = [_within(sets, edges) for sets in _reach(before, before.snapped, rest, cutoffs)]

    def covered(
        found: list[PieceSets], facilities: NDArray[np.int64],
        members: Mapping[str, NDArray[np.int64]],
    ) -> dict[str, Pieces]:  # fmt: skip
        """Return what each tier, any and all cover of the edges."""
        own = {}
        for tier, minutes in thresholds_min.items():
            at = cutoffs.index(minutes)
            own[tier] = union_of(
                found[at].union(np.isin(facilities, members[tier])),
                same[at].union(np.isin(rest, members[tier])),
            )
        return with_any_and_all(own)

    inside = _inside(before, done, edges, boundary)
    length_m = np.concatenate(
        [before.network.length_m, changed.patch.network.length_m[len(changed.touched) :]]
    )
    then, after = covered(was, other, tiers_before), covered(now, number, tiers)
    return {
        key: (
            intersect(inside, subtract(after[key], then[key])).length_m(length_m),
            intersect(inside, subtract(then[key], after[key])).length_m(length_m),
        )
        for key in after
    }


def _reach(
    before: Before, snapped: Snapped, facilities: NDArray[np.int64], cutoffs: tuple[float, ...]
) -> list[PieceSets]:
    """Return what facilities reach on the network before the change within each cutoff."""
    return list(
        reach_of_each(
            before.network, snapped, facilities, direction=before.direction, cutoffs_min=cutoffs
        ).pieces
    )


def _reach_after(
    before: Before, done: Placed, sources: Snapped, cutoffs: tuple[float, ...]
) -> list[PieceSets]:
    """Return what facilities reach after the change, on the edges of before and the links."""
    changed = done.ground.patched
    every = np.arange(len(sources.edge))
    if not done.ground.changed:
        return _reach(before, sources, every, cutoffs)
    network, edges = part_reached(before, done.ground, sources)
    at = np.full(changed.count, -1)
    at[edges] = np.arange(len(edges))
    found = reach_of_each(
        network, on_part(at, sources), every, direction=before.direction, cutoffs_min=cutoffs
    )
    return [_uncut(sets, edges, done) for sets in found.pieces]


def _uncut(sets: PieceSets, edges: NDArray[np.int64], done: Placed) -> PieceSets:
    """Return pieces of a part of the changed network on the edges of before and the links."""
    changed = done.ground.patched
    origin = np.arange(changed.count)
    begin, long = np.zeros(changed.count), np.ones(changed.count)
    origin[changed.part], begin[changed.part] = changed.cut_edge, changed.begin
    long[changed.part] = changed.end - changed.begin
    on = edges[sets.edge]
    edge = origin[on]
    start, end = (begin[on] + share * long[on] for share in (sets.start, sets.end))
    order = np.lexsort((start, edge, sets.owner))
    return PieceSets(sets.first, edge[order], start[order], end[order])


def _within(sets: PieceSets, edges: NDArray[np.int64]) -> PieceSets:
    """Return the pieces on some edges, ascending."""
    kept = np.isin(sets.edge, edges)
    first = np.concatenate([[0], np.cumsum(kept)])[sets.first]
    return PieceSets(first, sets.edge[kept], sets.start[kept], sets.end[kept])


def _inside(
    before: Before, done: Placed, edges: NDArray[np.int64], boundary: shapely.Geometry
) -> Pieces:
    """Return what of some edges of before and of the links is street of the study area."""
    network, changed = before.network, done.ground.patched
    old = edges[edges < len(network.tail)]
    old = old[~network.off_street[old]]
    ends = np.stack([network.xy[network.tail[old]], network.xy[network.head[old]]], axis=1)
    lines = np.concatenate([shapely.linestrings(ends), changed.lines(changed.links)])
    return pieces_in(boundary, np.concatenate([old, changed.links]), lines)
