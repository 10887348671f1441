"""The links of homes and facilities after a change, found again only where the change can tell.

A walk changes only if it passed a street that is closed now, or passes a link that is new. Lower
bounds of such walks come from one search out of the changed streets; the facilities for which one
of them can matter are searched anew, on the part of the changed network that they reach.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from .contraction import Contraction, OneWay, Places, contracted
from .links import Links, find_links
from .network import WalkingNetwork
from .snapping import Snapped
from .standing import Before, Ground, facilities_after, homes_after, taken
from .study_parts import Direction
from .times import TIE_S, each_of

_NO_LINKS = Links(
    np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0), np.zeros(0)
)


@dataclass(frozen=True, slots=True)
class After:
    """What a change does.

    Attributes
    ----------
    homes
        Shape (T,), the homes whose pairs may have changed, ascending.
    places
        Where these T stand.
    links
        Their pairs after the change; `place` is a position in `homes`, and the facilities opened
        come after the F of before.
    searched
        How many facilities and homes were searched for.
    """

    homes: NDArray[np.int64]
    places: Snapped
    links: Links
    searched: int


def repair(before: Before, ground: Ground, opened: Snapped, closed: NDArray[np.int64]) -> After:
    """Return the pairs of all homes that a change may touch.

    Parameters
    ----------
    before
        What was.
    ground
        The network after the change.
    opened
        Where the new facilities stand on it.
    closed
        The facilities that close, positions.
    """
    count = len(before.snapped.edge)
    network, places, snapped = before.network, before.places, before.snapped
    moved = again = np.zeros(0, dtype=np.int64)
    if ground.changed:
        places, moved = homes_after(before, ground)
        snapped, shifted = facilities_after(before, ground)
        again = np.setdiff1d(np.union1d(_told(before, ground), shifted), closed)
    sources = _joined(taken(snapped, again), opened)
    number = np.concatenate([again, count + np.arange(len(opened.edge))])
    homes_alone = taken(places, moved)
    targets = places
    everyone = _joined(snapped, opened)
    if not len(number) and not len(moved):
        return _together(before, places, _NO_LINKS, moved, closed, 0)
    if ground.changed:
        network, edges = _part(before, ground, _joined(sources, homes_alone))
        at = np.full(ground.patched.count, -1)
        at[edges] = np.arange(len(edges))
        sources, homes_alone, targets, everyone = (
            _on(at, one) for one in (sources, homes_alone, targets, everyone)
        )
    found = find_links(
        network, sources, targets, direction=before.direction, horizon_min=before.horizon_min
    )
    found = replace(found, facility=number[found.facility])
    if len(moved):
        found = _with_moved(found, network, homes_alone, everyone, moved, again, closed, before)
    return _together(before, places, found, moved, np.union1d(again, closed), len(sources.edge))


def _with_moved(
    found: Links, network: WalkingNetwork, homes: Snapped, everyone: Snapped,
    moved: NDArray[np.int64], again: NDArray[np.int64], closed: NDArray[np.int64], before: Before,
) -> Links:  # fmt: skip
    """Add the pairs of homes that stand elsewhere now: searched from them, so to is back."""
    swapped: dict[Direction, Direction] = {"to": "back", "back": "to", "worst": "worst"}
    pairs = find_links(
        network, homes, everyone, direction=swapped[before.direction],
        horizon_min=before.horizon_min,
    )  # fmt: skip
    # Those of the facilities searched from are there already, and of the new ones.
    new = (pairs.place < len(before.snapped.edge)) & ~np.isin(
        pairs.place, np.concatenate([again, closed])
    )
    return Links(
        np.concatenate([found.place, moved[pairs.facility[new]]]),
        np.concatenate([found.facility, pairs.place[new]]),
        np.concatenate([found.to_min, pairs.back_min[new]]),
        np.concatenate([found.back_min, pairs.to_min[new]]),
        np.concatenate([found.minutes, pairs.minutes[new]]),
    )


def _together(
    before: Before, places: Snapped, found: Links, moved: NDArray[np.int64],
    gone: NDArray[np.int64], searched: int,
) -> After:  # fmt: skip
    """Put what was found in the place of the pairs that no longer hold, for the homes touched."""
    old = before.links
    is_gone = np.zeros(len(before.snapped.edge), dtype=bool)
    is_gone[gone] = True
    touched = np.zeros(len(before.places.edge), dtype=bool)
    if len(gone):
        touched[old.place[is_gone[old.facility]]] = True
    touched[found.place] = True
    touched[moved] = True
    homes = np.flatnonzero(touched)
    place, row = each_of(before.first, homes)
    stays = ~is_gone[old.facility[row]] & ~np.isin(homes[place], moved)
    place, row = place[stays], row[stays]
    at = np.concatenate([place, np.searchsorted(homes, found.place)])
    facility = np.concatenate([old.facility[row], found.facility])
    order = np.lexsort((facility, at))
    values = (
        np.concatenate([getattr(old, name)[row], getattr(found, name)])[order]
        for name in ("to_min", "back_min", "minutes")
    )
    return After(
        homes, taken(places, homes), Links(at[order], facility[order], *values),
        searched + len(moved),
    )  # fmt: skip


def _told(before: Before, ground: Ground) -> NDArray[np.int64]:
    """Return the facilities with a pair that the changed network can have changed."""
    on = contracted(before.network)
    limit_s = before.horizon_min * 60 + TIE_S
    told = np.zeros(len(before.snapped.edge), dtype=bool)
    if len(ground.blocked):
        home, facility = _away(before, on, np.unique(on.chain[ground.blocked]), limit_s)
        homes = np.flatnonzero(np.isfinite(np.minimum(home["to"], home["back"])))
        _, row = each_of(before.first, homes)
        links = before.links
        at, by = links.place[row], links.facility[row]
        to_s, back_s = links.to_min[row] * 60, links.back_min[row] * 60
        hit = (home["to"][at] + facility["back"][by] <= np.minimum(to_s, limit_s) + TIE_S) | (
            home["back"][at] + facility["to"][by] <= np.minimum(back_s, limit_s) + TIE_S
        )
        told[by[hit]] = True
    if ground.joins:
        patch = ground.patched.patch
        links_s = np.minimum(patch.network.seconds_along, patch.network.seconds_against)[
            patch.links
        ]
        ends = np.unique([edge for join in ground.joins for edge in join.edges])
        home, facility = _away(before, on, np.unique(on.chain[ends]), limit_s)
        told |= _won(before, home, facility, float(links_s.min()), limit_s)
    return np.flatnonzero(told)


def _won(
    before: Before, home: dict[OneWay, NDArray[np.float64]],
    facility: dict[OneWay, NDArray[np.float64]], link_s: float, limit_s: float,
) -> NDArray[np.bool_]:  # fmt: skip
    """Return which facilities a walk over a new link may bring nearer to a home."""
    homes = np.flatnonzero(np.isfinite(np.minimum(home["to"], home["back"])))
    near = np.flatnonzero(np.isfinite(np.minimum(facility["to"], facility["back"])))
    won = np.zeros(len(before.snapped.edge), dtype=bool)
    column = np.full(len(won), -1)
    column[near] = np.arange(len(near))
    place, row = each_of(before.first, homes)
    inside = column[before.links.facility[row]] >= 0
    place, row = place[inside], row[inside]
    ways: tuple[tuple[OneWay, OneWay, NDArray[np.float64]], ...] = (
        ("to", "back", before.links.to_min), ("back", "to", before.links.back_min),
    )  # fmt: skip
    for there, from_there, minutes in ways:
        now = np.full((len(homes), len(near)), limit_s)
        now[place, column[before.links.facility[row]]] = np.minimum(minutes[row] * 60, limit_s)
        bound = home[there][homes][:, None] + link_s + facility[from_there][near][None, :]
        won[near[(bound <= now + TIE_S).any(axis=0)]] = True
    return won


def _away(
    before: Before, on: Contraction, chains: NDArray[np.int64], limit_s: float
) -> tuple[dict[OneWay, NDArray[np.float64]], dict[OneWay, NDArray[np.float64]]]:
    """Return seconds that homes and facilities are at least away from some chains.

    Returns
    -------
    homes, facilities
        For ``to`` the walk to the chains, for ``back`` the walk from them; 0 within a chain and
        infinite beyond the limit.
    """
    start = np.unique(np.concatenate([on.tail[chains], on.head[chains]]))
    changed = np.zeros(len(on.chains), dtype=bool)
    changed[chains] = True
    homes: dict[OneWay, NDArray[np.float64]] = {}
    facilities: dict[OneWay, NDArray[np.float64]] = {}
    ways: tuple[OneWay, OneWay] = ("to", "back")
    for way in ways:
        seconds = dijkstra(on.graph[way], indices=start, limit=limit_s, min_only=True)
        for points, into in ((before.places, homes), (before.snapped, facilities)):
            found = np.flatnonzero(points.found)
            stand = on.places(points.edge[found], points.fraction[found])
            away = np.full(len(points.edge), np.inf)
            away[found] = _seconds(on, seconds, stand, changed, way) + points.leg_s[found]
            into[way] = away
    return homes, facilities


def _seconds(
    on: Contraction, seconds: NDArray[np.float64], stand: Places, changed: NDArray[np.bool_],
    way: OneWay,
) -> NDArray[np.float64]:  # fmt: skip
    by_tail, by_head = stand.entered(way)
    there = np.minimum(
        seconds[on.tail[stand.chain]] + by_tail, seconds[on.head[stand.chain]] + by_head
    )
    return np.where(changed[stand.chain], 0.0, there)


def _part(
    before: Before, ground: Ground, sources: Snapped
) -> tuple[WalkingNetwork, NDArray[np.int64]]:
    """Return the part of the changed network that the sources reach, and its edges."""
    on, changed = contracted(before.network), ground.patched
    count = len(on.chain)
    origin = np.arange(changed.count)
    origin[changed.part] = changed.cut_edge
    edges = origin[sources.edge[sources.found]]
    ends = np.array([edge for join in ground.joins for edge in join.edges], dtype=np.int64)
    chains = np.unique(on.chain[np.concatenate([edges[edges < count], ends])])
    inside = np.zeros(len(on.chains), dtype=bool)
    inside[chains] = True
    start = np.unique(np.concatenate([on.tail[chains], on.head[chains]]))
    if len(start):
        limit_s = before.horizon_min * 60 + TIE_S
        for graph in on.graph.values():
            reached = np.isfinite(dijkstra(graph, indices=start, limit=limit_s, min_only=True))
            inside[on.meeting[each_of(on.meeting_first, np.flatnonzero(reached))[1]]] = True
    chosen = changed.edges(inside[on.chain])
    chosen[changed.links] = True
    kept = np.flatnonzero(chosen)
    # Of homes and facilities that stand nowhere any more nothing is left to search.
    if not len(kept):
        kept = np.arange(min(1, len(chosen)))
    return changed.cut_out(kept), kept


def _on(at: NDArray[np.int64], places: Snapped) -> Snapped:
    """Return places on a network as places on a part of it; off it they are nowhere."""
    return replace(places, edge=np.where(places.found, at[places.edge], -1))


def _joined(one: Snapped, other: Snapped) -> Snapped:
    return Snapped(
        *(np.concatenate([getattr(one, name), getattr(other, name)]) for name in Snapped.__slots__)
    )
