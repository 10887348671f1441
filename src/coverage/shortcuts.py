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

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .links import find_links
from .load_bearing import near_names
from .new_links import LINK_PACES, LinkKind, link_features, link_seconds
from .pace import STAIRS
from .passing import Access, Passing
from .shortcut_gains import Candidates, nobody, old_walks, standing_on, winning
from .snapping import usable_edges

LIFT_PLAN_M, LIFT_RISE_M = 40.0, 6.0
BRIDGE_PLAN_M, BRIDGE_RISE_M, BRIDGE_WALK_MIN = 150.0, 3.0, 5.0
APART_M = 150.0
"""Places closer together than this compete; the best of them is listed."""
SHORTCUT_KINDS: tuple[LinkKind, ...] = ("lift", "escalator", "bridge")
BRIDGE = SHORTCUT_KINDS.index("bridge")
_FIRST, _MOST = 128, 512
"""Candidates evaluated together, at first and later: the memory for their times is bounded by it.
"""
_NODES = 4096
"""Nodes from which bridges are walked round together."""


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
    pace = np.array([LINK_PACES[one] for one in SHORTCUT_KINDS])
    links = link_features(pace[kind], plan_m[of], rise_m[of])
    there_s, back_s = link_seconds(links, network.walker)
    open_ = np.flatnonzero(np.isfinite(there_s) & np.isfinite(back_s))
    order = open_[np.lexsort((kind[open_], other[of][open_], one[of][open_]))]
    return Candidates(
        one[of][order], other[of][order], kind[order], there_s[order], back_s[order]
    )  # fmt: skip


def shortcuts(ask: Passing, *, count: int = 10) -> gpd.GeoDataFrame:
    """Return the places where a new link would win a tier for most elderly people, the best first.

    Returns
    -------
    places
        In the network's coordinate system: ``rank``, ``kind`` (of `SHORTCUT_KINDS`), ``near`` (the
        nearest street with a name), ``length_m`` (in plan), ``rise_m`` (NaN where unknown),
        ``link_min`` and ``walk_min`` (with the link and today, the slower way; NaN beyond the
        horizon), ``elderly_gained`` (people who win at least one tier, each counted once),
        ``elderly_gained_circle`` (whose circle becomes whole: every tier covers them, and before
        not), ``elderly_gained_<tier>``, the line.

    Notes
    -----
    Candidates are tried from the highest bound down, until it is below the last of the best. Of
    equal gains the quicker link comes first.
    """
    access = ask.access
    wanted = candidates(ask)
    wanted = wanted.of(_far_today(access, wanted))
    asked = winning(access, wanted)
    bound = asked.bounds()
    order = np.lexsort((np.arange(len(bound)), -bound))
    order = order[bound[order] > 0]
    old = old_walks(access, asked.uncovered)
    gained = nobody(access.tiers, len(bound))
    done = best = np.zeros(0, dtype=np.int64)
    size = _FIRST
    while len(order):
        last = gained.any[best[-1]] if len(best) >= count else 0.0
        if bound[order[0]] < last * (1 - 1e-12):
            break
        some, order = np.sort(order[:size]), order[size:]
        gained.put(some, asked.gains(some, old))
        done, size = np.concatenate([done, some]), min(2 * size, _MOST)
        best = _apart(access, wanted, done[gained.any[done] > 0], gained.any, count)
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
            "elderly_gained": gained.any[best],
            "elderly_gained_circle": gained.circle[best],
            **{f"elderly_gained_{tier}": gained.tier[tier][best] for tier in access.tiers},
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
    network, bridges = access.network, np.flatnonzero(wanted.kind == BRIDGE)
    near = [np.zeros(0, dtype=np.int64)]
    # By where they begin, so that what is near many of them is held for some at a time.
    bridges = bridges[np.argsort(wanted.one[bridges], kind="stable")]
    begins, of = np.unique(wanted.one[bridges], return_inverse=True)
    ends, at = np.unique(wanted.other[bridges], return_inverse=True)
    places = standing_on(access, ends)
    for first in range(0, len(begins), _NODES):
        stand = standing_on(access, begins[first : first + _NODES])
        found = find_links(network, stand, places, direction="worst", horizon_min=BRIDGE_WALK_MIN)
        within = found.minutes < BRIDGE_WALK_MIN
        key = (found.facility[within] + first) * len(ends) + found.place[within]
        own = slice(*np.searchsorted(of, [first, first + _NODES]))
        near.append(bridges[own][np.isin(of[own] * len(ends) + at[own], key)])
    return np.setdiff1d(np.arange(len(wanted)), np.concatenate(near))


def _apart(
    access: Access, wanted: Candidates, some: NDArray[np.int64], total: NDArray[np.float64],
    count: int,
) -> NDArray[np.int64]:  # fmt: skip
    """Return the best of those that lie closer together than `APART_M`, the best first."""
    slower = np.maximum(wanted.there_s, wanted.back_s)[some]
    some = some[np.lexsort((some, slower, -total[some]))]
    middle = (access.network.xy[wanted.one[some]] + access.network.xy[wanted.other[some]]) / 2
    taken: list[int] = []
    free = np.ones(len(some), dtype=bool)
    while len(taken) < count and free.any():
        taken.append(int(np.argmax(free)))
        free &= np.hypot(*(middle - middle[taken[-1]]).T) >= APART_M
        free[taken[-1]] = False
    return some[taken]
