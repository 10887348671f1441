"""Where a lift, an escalator or a bridge would win most people their circle.

Two junctions of streets that lie near each other in plan are joined by one new link, walked both
ways, timed by the rules of `coverage.pace`:

- *lift*: at most `LIFT_PLAN_M` apart and at least `LIFT_RISE_M` in height; its wait, doors and
  ride, and the way between the two in plan at the walker's level speed;
- *escalator*: beside one flight of stairs of at least that rise, at most `BRIDGE_PLAN_M` long;
- *bridge*: at most `BRIDGE_PLAN_M` apart, of like height (`BRIDGE_RISE_M`) or of unknown, and at
  least `BRIDGE_WALK_MIN` to walk today; level, or sloped as its ends are.

All these distances are this project's choice. Whether one can be built there nobody says here.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .features import level_streets
from .links import Links, find_links
from .load_bearing import near_names
from .pace import ESCALATOR, LIFT, STAIRS, EdgeFeatures, edge_seconds
from .passing import Access, Passing
from .snapping import Snapped, usable_edges
from .times import TIE_S

LIFT_PLAN_M, LIFT_RISE_M = 40.0, 6.0
BRIDGE_PLAN_M, BRIDGE_RISE_M, BRIDGE_WALK_MIN = 150.0, 3.0, 5.0
APART_M = 150.0
"""Places closer together than this compete; the best of them is listed."""
SHORTCUT_KINDS = ("lift", "escalator", "bridge")
_CHUNK = 48
"""Candidates evaluated together: the memory for their times is bounded by it."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs of nodes that a new link could join.

    Attributes
    ----------
    one, other
        Shape (K,), positions of nodes.
    kind
        Shape (K,), positions in `SHORTCUT_KINDS`.
    there_s, back_s
        Shape (K,), seconds from `one` to `other` and from `other` to `one`.
    """

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    kind: NDArray[np.int64]
    there_s: NDArray[np.float64]
    back_s: NDArray[np.float64]

    def of(self, chosen: NDArray[np.int64]) -> "Candidates":
        """Return the chosen ones."""
        return Candidates(*(getattr(self, name)[chosen] for name in self.__slots__))


def candidates(ask: Passing) -> Candidates:
    """Return the pairs of junctions that a new link could join, whatever it would win."""
    network = ask.access.network
    usable = usable_edges(network)
    ends = np.unique(np.concatenate([ask.links.tail, ask.links.head]))
    node = np.intersect1d(ends, np.concatenate([network.tail[usable], network.head[usable]]))
    pairs = cKDTree(network.xy[node]).query_pairs(BRIDGE_PLAN_M, output_type="ndarray")
    one, other = np.sort(node[pairs.reshape(-1, 2)], axis=1).T
    plan_m = np.hypot(*(network.xy[other] - network.xy[one]).T)
    rise_m = network.z[other] - network.z[one]
    lift = (plan_m <= LIFT_PLAN_M) & (np.abs(rise_m) >= LIFT_RISE_M)
    bridge = ~(np.abs(rise_m) > BRIDGE_RISE_M)
    first = ask.links.edge[ask.links.first[:-1]]
    stairs = network.features.kind[first] == STAIRS
    flight = np.sort(np.column_stack([ask.links.tail[stairs], ask.links.head[stairs]]), axis=1)
    count = len(network.node_id)
    escalator = np.isin(one * count + other, flight @ [count, 1]) & (np.abs(rise_m) >= LIFT_RISE_M)
    of, kind = np.nonzero(np.column_stack([lift, escalator, bridge]))
    there_s, back_s = _seconds(ask.access, plan_m[of], rise_m[of], kind)
    open_ = np.flatnonzero(np.isfinite(there_s) & np.isfinite(back_s))
    order = open_[np.lexsort((kind[open_], other[of][open_], one[of][open_]))]
    return Candidates(
        one[of][order], other[of][order], kind[order], there_s[order], back_s[order]
    )  # fmt: skip


def _seconds(
    access: Access, plan_m: NDArray[np.float64], rise_m: NDArray[np.float64],
    kind: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    """Return the seconds of new links both ways; an escalator runs both ways, by two belts."""
    plain, walker = level_streets(plan_m), access.network.walker
    values = {name: getattr(plain, name) for name in EdgeFeatures.__slots__}
    values["kind"] = np.array([LIFT, ESCALATOR, plain.kind[0] if len(kind) else 0],
                              dtype=np.int8)[kind]  # fmt: skip
    values["rise_m"], values["inclined"] = rise_m, kind == 1
    there_s, back_s = edge_seconds(EdgeFeatures(**values), walker)
    if walker.stairs == "level":
        # For this walker a lift is a level street already.
        return there_s, back_s
    gallery_s = np.where(kind == 0, plan_m / walker.level_speed_mps, 0.0)
    return there_s + gallery_s, back_s + gallery_s


def standing_on(access: Access, node: NDArray[np.int64]) -> Snapped:
    """Return nodes as places on the network, without a straight leg."""
    network = access.network
    both = np.isfinite(network.seconds_along) & np.isfinite(network.seconds_against)
    # The last written counts: edges open both ways, of them the first.
    edges = np.lexsort((-np.arange(len(both)), both))
    at = np.full(len(network.node_id), -1)
    at[network.head[edges]] = edges
    at[network.tail[edges]] = edges
    edge, zero = at[node], np.zeros(len(node))
    fraction = np.where(network.tail[edge] == node, 0.0, 1.0)
    return Snapped(edge, fraction, zero, zero, np.zeros(len(node), dtype=np.int64))


@dataclass(frozen=True, slots=True)
class _Near:
    """Minutes between some nodes and all homes or all facilities.

    Attributes
    ----------
    node
        Shape (N,), ascending.
    towards, away
        Shape (N, P), seconds of the walk to the node from each place, and from the node to each;
        infinite beyond the limit.
    """

    node: NDArray[np.int64]
    towards: NDArray[np.float64]
    away: NDArray[np.float64]


def _near(
    access: Access, node: NDArray[np.int64], places: Snapped, some: NDArray[np.int64], limit: float
) -> _Near:
    """Return the seconds between nodes and some places, within a limit in minutes."""
    stand = standing_on(access, node)
    chosen = Snapped(*(getattr(places, name)[some] for name in Snapped.__slots__))
    tables = []
    for way, field in (("to", "to_min"), ("back", "back_min")):
        found: Links = find_links(
            access.network, stand, chosen,
            direction="to" if way == "to" else "back", horizon_min=limit,
        )  # fmt: skip
        table = np.full((len(node), len(some)), np.inf)
        table[found.facility, found.place] = getattr(found, field) * 60
        tables.append(table)
    return _Near(node, *tables)


def gains(access: Access, wanted: Candidates) -> dict[str, NDArray[np.float64]]:
    """Return, for each tier, the elderly people who become covered with each one link, exactly.

    The walk with the link is the walk without it, or leads through it one way or the other: as
    walks of their own, to and back, to one and the same facility.
    """
    limit = max(access.thresholds_min.values())
    masks = {tier: _uncovered(access, tier) for tier in access.tiers}
    homes = np.flatnonzero(np.logical_or.reduce(list(masks.values())))
    every = np.unique(np.concatenate(list(access.tiers.values())))
    place = np.full(len(access.facilities.edge), -1)
    place[every] = np.arange(len(every))
    gained = {tier: np.zeros(len(wanted.one)) for tier in access.tiers}
    old = _old(access, homes, every, place)
    for begin in range(0, len(wanted.one), _CHUNK):
        chunk = wanted.of(np.arange(begin, min(begin + _CHUNK, len(wanted.one))))
        node = np.unique(np.concatenate([chunk.one, chunk.other]))
        to_homes = _near(access, node, access.homes, homes, limit)
        to_care = _near(access, node, access.facilities, every, limit)
        for k in range(len(chunk.one)):
            one, other = np.searchsorted(node, [chunk.one[k], chunk.other[k]])
            near = np.flatnonzero(np.isfinite(
                np.minimum(to_homes.towards[[one, other]], to_homes.away[[one, other]]).min(axis=0)
            ))  # fmt: skip
            slowest = np.zeros((len(near), len(every)))
            for way in access.ways:
                there, back = chunk.there_s[k], chunk.back_s[k]
                home = to_homes.towards if way == "to" else to_homes.away
                care = to_care.away if way == "to" else to_care.towards
                ahead, behind = (there, back) if way == "to" else (back, there)
                by_one = home[one][near, None] + ahead + care[other][None, :]
                by_other = home[other][near, None] + behind + care[one][None, :]
                walk = np.minimum(old[way][near], np.minimum(by_one, by_other))
                slowest = np.maximum(slowest, walk)
            for tier, members in access.tiers.items():
                limit_s = access.thresholds_min[tier] * 60 + TIE_S
                own = slowest[:, place[members]] <= limit_s
                won = own.any(axis=1) & masks[tier][homes[near]]
                gained[tier][begin + k] = access.elderly[homes[near[won]]].sum()
    return gained


def _uncovered(access: Access, tier: str) -> NDArray[np.bool_]:
    mask = access.homes.found & (access.elderly > 0)
    mask[access.links.place[access.covering(tier)]] = False
    return np.asarray(mask)


def _old(
    access: Access, homes: NDArray[np.int64], every: NDArray[np.int64], place: NDArray[np.int64]
) -> dict[str, NDArray[np.float64]]:
    """Return the seconds today between homes and facilities, shape (H, F), each way."""
    row = np.full(len(access.elderly), -1)
    row[homes] = np.arange(len(homes))
    chosen = Snapped(*(getattr(access.homes, name)[homes] for name in Snapped.__slots__))
    tables = {}
    for way in access.ways:
        found = find_links(
            access.network, access.facilities, chosen, direction=way,
            horizon_min=max(access.thresholds_min.values()),
        )  # fmt: skip
        tables[str(way)] = np.full((len(homes), len(every)), np.inf)
        known = place[found.facility] >= 0
        minutes = found.to_min if way == "to" else found.back_min
        tables[str(way)][found.place[known], place[found.facility[known]]] = minutes[known] * 60
    return tables


def bounds(access: Access, wanted: Candidates) -> NDArray[np.float64]:
    """Return how many elderly people each link can win at most, all tiers counted once each.

    A home that is won walks through the link at least one of the ways that count. Beyond it the
    walk to a facility is left that the link brings nearer; before it no home is
    nearer than as the crow flies at the walker's highest speed, and only homes that have more than
    the threshold to walk today can be won.
    """
    network = access.network
    node = np.unique(np.concatenate([wanted.one, wanted.other]))
    stand = standing_on(access, node)
    homes_xy = _home_xy(access)
    # Escalators carry faster than a walker walks.
    speed = max(network.walker.fastest_speed_mps, _fastest(access))
    total = np.zeros(len(wanted.one))
    one, other = np.searchsorted(node, wanted.one), np.searchsorted(node, wanted.other)
    for way in access.ways:
        found = find_links(
            network, access.facilities, stand, direction=way,
            horizon_min=max(access.thresholds_min.values()),
        )  # fmt: skip
        minutes = found.to_min if way == "to" else found.back_min
        there_s, back_s = wanted.there_s, wanted.back_s
        ahead, behind = (there_s, back_s) if way == "to" else (back_s, there_s)
        for tier, members in access.tiers.items():
            missing = np.flatnonzero(_uncovered(access, tier))
            if len(missing) == 0:
                continue
            tree = cKDTree(homes_xy[missing])
            for here, there, seconds in ((one, other, ahead), (other, one, behind)):
                left_s = np.full(len(one), -np.inf)
                for member in members.tolist():
                    at = found.facility == member
                    care_s = np.full(len(node), np.inf)
                    care_s[found.place[at]] = minutes[at] * 60
                    rest_s = access.thresholds_min[tier] * 60 - seconds - care_s[there]
                    # The link must be a shorter way to that facility from where it begins.
                    helps = care_s[here] > care_s[there] + seconds - TIE_S
                    left_s = np.maximum(left_s, np.where(helps, rest_s, -np.inf))
                some = np.flatnonzero(left_s > -2 * TIE_S)
                radius = np.maximum(left_s[some], 0) * speed + 1e-3
                xy = network.xy[node[here[some]]]
                inside = tree.query_ball_point(xy, radius)
                total[some] += [access.elderly[missing[near]].sum() for near in inside]
    return total


def _home_xy(access: Access) -> NDArray[np.float64]:
    """Return where the homes stand on their streets, shape (H, 2)."""
    network, edge = access.network, np.maximum(access.homes.edge, 0)
    tail, head = network.xy[network.tail[edge]], network.xy[network.head[edge]]
    return np.asarray(tail + (head - tail) * np.nan_to_num(access.homes.fraction)[:, None])


def _fastest(access: Access) -> float:
    """Return the highest speed in plan on any edge, metres per second."""
    network = access.network
    seconds = np.minimum(network.seconds_along, network.seconds_against)
    plan_m = np.hypot(*(network.xy[network.head] - network.xy[network.tail]).T)
    moving = np.isfinite(seconds) & (plan_m > 0)
    with np.errstate(divide="ignore"):
        return float(np.max(plan_m[moving] / seconds[moving], initial=0.0))


def shortcuts(ask: Passing, *, count: int = 10) -> gpd.GeoDataFrame:
    """Return the places where a new link would win most elderly people a tier, the best first.

    Returns
    -------
    places
        In the network's coordinate system: ``rank``, ``kind`` (of `SHORTCUT_KINDS`), ``near`` (the
        nearest street with a name), ``length_m`` (in plan), ``rise_m`` (NaN where unknown),
        ``link_min`` and ``walk_min`` (with the link and today, the slower way; NaN beyond the
        horizon), ``elderly_gained`` (tiers won, over people), ``elderly_gained_<tier>``, the line.

    Notes
    -----
    Candidates are tried from the highest bound down, until it is below the last of the best. Of
    equal gains the quicker link comes first.
    """
    access = ask.access
    wanted = candidates(ask)
    bound = bounds(access, wanted)
    order = np.lexsort((np.arange(len(bound)), -bound))
    order = order[bound[order] > 0]
    done = np.zeros(0, dtype=np.int64)
    gained = {tier: np.zeros(len(bound)) for tier in access.tiers}
    total = np.zeros(len(bound))
    best = done
    while len(order):
        last = total[best[count - 1]] if len(best) >= count else 0.0
        if bound[order[0]] < last * (1 - 1e-12):
            break
        some, order = order[:_CHUNK], order[_CHUNK:]
        some = some[_far_today(access, wanted.of(some))]
        for tier, people in gains(access, wanted.of(some)).items():
            gained[tier][some] = people
            total[some] += people
        done = np.concatenate([done, some])
        best = _apart(access, wanted, done[total[done] > 0], total)
    best = best[:count]
    chosen = wanted.of(best)
    xy = access.network.xy
    lines = shapely.linestrings(np.stack([xy[chosen.one], xy[chosen.other]], axis=1))
    middles = shapely.points((xy[chosen.one] + xy[chosen.other]) / 2)
    frame = pd.DataFrame(
        {
            "rank": np.arange(1, len(best) + 1),
            "kind": np.array(SHORTCUT_KINDS, dtype=object)[chosen.kind],
            "near": near_names(access.network, middles),
            "length_m": shapely.length(lines),
            "rise_m": access.network.z[chosen.other] - access.network.z[chosen.one],
            "link_min": np.maximum(chosen.there_s, chosen.back_s) / 60,
            "walk_min": _walk_today(access, chosen, access.horizon_min),
            "elderly_gained": total[best],
            **{f"elderly_gained_{tier}": gained[tier][best] for tier in access.tiers},
        }
    )
    return gpd.GeoDataFrame(frame, geometry=lines, crs=access.network.crs)


def _walk_today(access: Access, wanted: Candidates, horizon_min: float) -> NDArray[np.float64]:
    """Return the minutes of the slower way between the two nodes today; NaN beyond the horizon."""
    node = np.unique(np.concatenate([wanted.one, wanted.other]))
    stand = standing_on(access, node)
    found = find_links(access.network, stand, stand, direction="worst", horizon_min=horizon_min)
    table = np.full((len(node), len(node)), np.nan)
    table[found.place, found.facility] = found.minutes
    return np.asarray(table[np.searchsorted(node, wanted.one), np.searchsorted(node, wanted.other)])


def _far_today(access: Access, wanted: Candidates) -> NDArray[np.int64]:
    """Return those that are not bridges, and bridges between what is far to walk today."""
    near = _walk_today(access, wanted, BRIDGE_WALK_MIN) < BRIDGE_WALK_MIN
    return np.flatnonzero((wanted.kind != SHORTCUT_KINDS.index("bridge")) | ~near)


def _apart(
    access: Access, wanted: Candidates, some: NDArray[np.int64], total: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the best of those that lie closer together than `APART_M`, the best first."""
    slower = np.maximum(wanted.there_s, wanted.back_s)[some]
    some = some[np.lexsort((some, slower, -total[some]))]
    middle = (access.network.xy[wanted.one[some]] + access.network.xy[wanted.other[some]]) / 2
    taken: list[int] = []
    for k in range(len(some)):
        if not taken or np.hypot(*(middle[taken] - middle[k]).T).min() >= APART_M:
            taken.append(k)
    return some[taken]
