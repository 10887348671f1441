"""The links of homes and facilities after a change, found again only where the change can tell.

The facilities or the homes that it can concern are searched from anew, whichever are fewer, on the
part of the changed network that they reach.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from .concerned import Concerned, concerned
from .contraction import contracted
from .links import Links, find_links
from .network import WalkingNetwork
from .snapping import Snapped
from .standing import Before, Ground, facilities_after, homes_after, taken
from .study_parts import Direction
from .times import TIE_S, each_of

_HOMES_A_FACILITY = 2
"""Homes that are as soon searched from as one facility."""
_NO_LINKS = Links(
    np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0), np.zeros(0)
)


@dataclass(frozen=True, slots=True)
class After:
    """What a change does.

    Attributes
    ----------
    homes
        Shape (T,), the homes whose nearest facilities may be others or at other times, ascending.
    places
        Where these T stand.
    links
        Their pairs after the change; `place` is a position in `homes`, and the facilities opened
        come after the F of before. Each home's nearest of every group are right, in every
        direction; of longer walks some may be as they were.
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
    again = moved = nobody = np.zeros(0, dtype=np.int64)
    told = Concerned(nobody, nobody)
    if ground.changed:
        places, moved = homes_after(before, ground)
        snapped, again = facilities_after(before, ground)
        told = concerned(before, ground, np.union1d(again, closed))
    # From where fewer searches are needed; those out of homes meet fewer places.
    if len(told.homes) <= _HOMES_A_FACILITY * len(told.facilities):
        moved, told = np.union1d(moved, told.homes), Concerned(nobody, nobody)
    anew = _Anew.of(before, np.union1d(again, closed), told, moved)
    again = np.setdiff1d(np.union1d(again, told.facilities), closed)
    number = np.concatenate([again, count + np.arange(len(opened.edge))])
    sources, homes = joined(taken(snapped, again), opened), taken(places, moved)
    targets, everyone = places, joined(snapped, opened)
    if not len(number) and not len(moved):
        return _together(before, places, _NO_LINKS, anew)
    if ground.changed:
        network, edges = part_reached(before, ground, joined(sources, homes))
        at = np.full(ground.patched.count, -1)
        at[edges] = np.arange(len(edges))
        sources, homes, targets, everyone = (
            on_part(at, one) for one in (sources, homes, targets, everyone)
        )
    found = _NO_LINKS
    if len(number):
        found = find_links(
            network, sources, targets, direction=before.direction, horizon_min=before.horizon_min
        )
        found = replace(found, facility=number[found.facility])
        # Of the facilities told, walks of other homes are as they were.
        only = np.append(anew.told, np.zeros(len(opened.edge), dtype=bool))[found.facility]
        found = _chosen(found, ~anew.home[found.place] & (~only | anew.told_home[found.place]))
    if len(moved):
        found = _with_homes(found, network, homes, everyone, moved, closed, before)
    after = _together(before, places, found, anew)
    return replace(after, searched=len(number) + len(moved))


@dataclass(frozen=True, slots=True)
class _Anew:
    """Which pairs do not hold any more.

    Attributes
    ----------
    facility
        Shape (F,), facilities none of whose pairs hold.
    told, told_home
        Shape (F,) and (homes,): the pairs of these with each other do not hold.
    home
        Shape (homes,), homes none of whose pairs hold.
    """

    facility: NDArray[np.bool_]
    told: NDArray[np.bool_]
    told_home: NDArray[np.bool_]
    home: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        before: Before,
        facilities: NDArray[np.int64],
        told: Concerned,
        homes: NDArray[np.int64],
    ) -> "_Anew":
        """Return it by positions."""
        count, people = len(before.snapped.edge), len(before.places.edge)

        def mask(chosen: NDArray[np.int64], size: int) -> NDArray[np.bool_]:
            found = np.zeros(size, dtype=bool)
            found[chosen] = True
            return found

        whole = mask(facilities, count)
        return cls(
            whole, mask(told.facilities, count) & ~whole, mask(told.homes, people),
            mask(homes, people),
        )  # fmt: skip

    def pairs(self, home: NDArray[np.int64], facility: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which of some pairs do not hold."""
        between = self.told[facility] & self.told_home[home]
        return np.asarray(self.facility[facility] | self.home[home] | between)


def _with_homes(
    found: Links, network: WalkingNetwork, homes: Snapped, everyone: Snapped,
    moved: NDArray[np.int64], closed: NDArray[np.int64], before: Before,
) -> Links:  # fmt: skip
    """Add the pairs of homes that are searched from, where to is back."""
    swapped: dict[Direction, Direction] = {"to": "back", "back": "to", "worst": "worst"}
    pairs = find_links(
        network, homes, everyone, direction=swapped[before.direction],
        horizon_min=before.horizon_min,
    )  # fmt: skip
    pairs = _chosen(pairs, ~np.isin(pairs.place, closed))
    return Links(
        np.concatenate([found.place, moved[pairs.facility]]),
        np.concatenate([found.facility, pairs.place]),
        np.concatenate([found.to_min, pairs.back_min]),
        np.concatenate([found.back_min, pairs.to_min]),
        np.concatenate([found.minutes, pairs.minutes]),
    )


def _together(before: Before, places: Snapped, found: Links, anew: _Anew) -> After:
    """Put what was found in the place of the pairs that do not hold, for the homes touched."""
    old = before.links
    touched = anew.home | anew.told_home
    if anew.facility.any():
        touched[old.place[anew.facility[old.facility]]] = True
    touched[found.place] = True
    homes = np.flatnonzero(touched)
    place, row = each_of(before.first, homes)
    stays = ~anew.pairs(old.place[row], old.facility[row])
    place, row = place[stays], row[stays]
    at = np.concatenate([place, np.searchsorted(homes, found.place)])
    facility = np.concatenate([old.facility[row], found.facility])
    order = np.argsort(at * (facility.max(initial=0) + 1) + facility)
    values = (
        np.concatenate([getattr(old, name)[row], getattr(found, name)])[order]
        for name in ("to_min", "back_min", "minutes")
    )
    return After(homes, taken(places, homes), Links(at[order], facility[order], *values), 0)


def _chosen(links: Links, chosen: NDArray[np.bool_]) -> Links:
    return Links(*(getattr(links, name)[chosen] for name in Links.__slots__))


def part_reached(
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


def on_part(at: NDArray[np.int64], places: Snapped) -> Snapped:
    """Return places on a network as places on a part of it; off it they are nowhere."""
    return replace(places, edge=np.where(places.found, at[places.edge], -1))


def joined(one: Snapped, other: Snapped) -> Snapped:
    """Return the places of both, one after the other."""
    return Snapped(
        *(np.concatenate([getattr(one, name), getattr(other, name)]) for name in Snapped.__slots__)
    )
