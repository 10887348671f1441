"""Which streets and stairs carry the walk to care, and whose loss costs most people their circle.

A *link* is a street between two junctions, within one way. It is lost when nobody can go through
it from end to end any more. Who lives on it, and who walks to a facility on it, still gets in and
out by either end as before: their walks are not changed by its loss.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from .contraction import OneWay
from .network import WalkingNetwork
from .pace import ESCALATOR, LIFT, RIDE, STAIRS, STREET
from .passing import Passing
from .routes import KINDS
from .times import TIE_S, Arcs, each_of

_NEAR_M = 150.0
"""A street without a name is told by the nearest one that has, within so many metres."""

_RARE = (RIDE, LIFT, ESCALATOR, STAIRS, STREET)


def elderly_using(ask: Passing) -> dict[str, NDArray[np.float64]]:
    """Return how many elderly people each link carries to each tier, shape (L,).

    They are those whose quickest walk to their nearest facility of the tier, in the direction that
    counts and within the horizon, passes the link, or begins or ends on it. Where both walks count
    either is enough. Under ``any`` stand those whom it carries to at least one tier, each once.
    """
    access, links = ask.access, len(ask.links)
    carried: dict[str, NDArray[np.int64]] = {}
    for tier in access.tiers:
        pairs = access.nearest(tier)
        home, facility = access.links.place[pairs], access.links.facility[pairs]
        ends = (
            np.concatenate([home, home]),
            np.concatenate([ask.home_link[home], ask.facility_link[facility]]),
        )
        passed = [(access.links.place[pair], link) for pair, link in ask.within(pairs)]
        carried[tier] = np.unique(
            np.concatenate([home * links + link for home, link in [ends, *passed]])
        )
    carried["any"] = np.unique(np.concatenate(list(carried.values())))
    return {
        name: np.asarray(np.bincount(key % links, access.elderly[key // links], links), dtype=float)
        for name, key in carried.items()
    }


@dataclass(frozen=True, slots=True)
class Relying:
    """Homes all of whose covering walks to a tier pass one link, sorted by link and home.

    Attributes
    ----------
    link, home
        Shape (K,) each.
    """

    link: NDArray[np.int64]
    home: NDArray[np.int64]

    def on(self, link: int) -> NDArray[np.int64]:
        """Return the homes that rely on a link."""
        begin, end = np.searchsorted(self.link, [link, link + 1])
        return self.home[begin:end]


def relying(ask: Passing, tier: str) -> Relying:
    """Return who may lose a tier with a link: nobody else can.

    A home with a covering walk that does not pass the link keeps that walk.
    """
    access, count = ask.access, len(ask.links)
    covering = access.covering(tier)
    nearest = np.intersect1d(access.nearest(tier), covering)
    keys = [access.links.place[pair] * count + link for pair, link in ask.within(nearest)]
    known = np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *keys]))
    times = np.zeros(len(known) + 1, dtype=np.int64)
    # What the nearest facility's walk does not pass is not relied on: no more is kept.
    for pair, link in ask.within(covering):
        key = access.links.place[pair] * count + link
        place = np.searchsorted(known, key)
        place[np.append(known, -1)[place] != key] = len(known)
        times += np.bincount(place, minlength=len(times))
    needed = np.bincount(access.links.place[covering], minlength=len(access.elderly))
    whole = known[times[:-1] == needed[known // count]]
    order = np.lexsort((whole // count, whole % count))
    return Relying(whole[order] % count, whole[order] // count)


def lost_without(
    ask: Passing, link: int, relies: dict[str, Relying], graphs: dict[OneWay, Arcs]
) -> dict[str, NDArray[np.int64]]:
    """Return the homes that lose each tier with a link, exactly.

    Parameters
    ----------
    ask
        The network as links.
    link
        The link.
    relies
        From `relying`, for each tier.
    graphs
        ``ask.wanted.arcs(way)`` for each walk that counts; changed for the time of the call.
    """
    access, lost = ask.access, {}
    kept = {way: _close(ask, link, way, graphs[way]) for way in graphs}
    for tier, relied in relies.items():
        homes = relied.on(link)
        covering = access.covering(tier) if len(homes) else np.zeros(0, dtype=np.int64)
        pairs = covering[np.isin(access.links.place[covering], homes)]
        facility = access.links.facility[pairs]
        members, row = np.unique(ask.member[facility], return_inverse=True)
        chain = ask.homes.chain[access.links.place[pairs]]
        limit_s = access.thresholds_min[tier] * 60 + TIE_S
        slowest = np.zeros(len(pairs))
        for way, arcs in graphs.items() if len(pairs) else ():
            reached = dijkstra(
                arcs.matrix, indices=len(ask.on.junction) + members, limit=limit_s
            )  # fmt: skip
            tail_s, head_s = reached[row, ask.on.tail[chain]], reached[row, ask.on.head[chain]]
            quickest = np.minimum.reduce(ask.seconds(way, tail_s, head_s, pairs))
            slowest = np.maximum(slowest, quickest)
        lost[tier] = np.setdiff1d(homes, access.links.place[pairs[slowest <= limit_s]])
    for way, (place, seconds) in kept.items():
        graphs[way].matrix.data[place] = seconds
    return lost


def _close(
    ask: Passing, link: int, way: OneWay, arcs: Arcs
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Take a link out of the arcs; return which arcs that changed, and their seconds before.

    Beside it another chain may join the same two junctions: the quickest of those that stay counts.
    """
    on = ask.on
    from_tail, from_head = ask.spread(way)
    places: list[int] = []
    seconds: list[float] = []
    chains = np.flatnonzero(ask.link == link)
    for chain in chains[on.tail[chains] != on.head[chains]].tolist():
        for begin, end in ((on.tail[chain], on.head[chain]), (on.head[chain], on.tail[chain])):
            low, high = arcs.matrix.indptr[begin], arcs.matrix.indptr[begin + 1]
            beside = on.meeting[on.meeting_first[begin] : on.meeting_first[begin + 1]]
            beside = beside[ask.link[beside] != link]
            stays = np.concatenate([
                from_tail[beside[(on.tail[beside] == begin) & (on.head[beside] == end)]],
                from_head[beside[(on.head[beside] == begin) & (on.tail[beside] == end)]],
            ])  # fmt: skip
            for place in (low + np.flatnonzero(arcs.matrix.indices[low:high] == end)).tolist():
                places.append(place)
                seconds.append(float(stays.min(initial=np.inf)))
    place, first = np.unique(np.array(places, dtype=np.int64), return_index=True)
    before = arcs.matrix.data[place].copy()
    arcs.matrix.data[place] = np.array(seconds)[first] if len(first) else before
    return place, before


def losses(ask: Passing, *, count: int = 10, tier: str | None = None) -> gpd.GeoDataFrame:
    """Return the links whose loss costs most elderly people their circle, the worst first.

    Parameters
    ----------
    ask
        The network as links; see the head of this module for what a loss is.
    count
        How many to return at most. A link that costs nobody anything is none of them, and those
        that cost the very same people are one.
    tier
        Order by who loses this tier. None: by who loses at least one tier that they have.

    Returns
    -------
    links
        In the network's coordinate system: ``rank``, ``name`` (empty for none), ``near`` (the
        nearest street with a name, for one without), ``kind`` (`coverage.routes.KINDS`),
        ``highway``, ``osm_id``, ``length_m`` (in plan), ``steps``,
        ``alike`` (links that cost the very same people, itself counted: they lie in a row, and are
        told by one of them), ``elderly_lost`` (who lose at
        least one tier that they have, each counted once), ``elderly_lost_circle`` (whose circle
        was whole, every tier, and is no longer), ``elderly_lost_any`` (who keep no tier at all),
        ``elderly_lost_<tier>``, ``elderly_using_<tier>`` and
        ``elderly_using_any`` (see `elderly_using`) and the line.

    Notes
    -----
    No more can lose a tier than those who rely on the link (`relying`). The links are tried from
    the highest such bound down, until the next bound is below the last of the best.
    """
    access = ask.access
    relies = {name: relying(ask, name) for name in access.tiers}
    counted = list(relies) if tier is None else [tier]
    elderly, links = access.elderly, len(ask.links)
    key = np.unique(
        np.concatenate([relies[name].link * len(elderly) + relies[name].home for name in counted])
    )
    bound = np.bincount(key // max(len(elderly), 1), elderly[key % max(len(elderly), 1)], links)
    order = np.lexsort((np.arange(links), -bound))
    covered = np.stack([_homes(access.links.place[access.covering(n)], elderly) for n in relies])
    graphs = {way: ask.wanted.arcs(way) for way in access.ways}
    rows: dict[bytes, _Row] = {}
    for link in order[bound[order] > 0].tolist():
        last = sorted((row.by for row in rows.values()), reverse=True)[count - 1 : count]
        if last and bound[link] < last[0] * (1 - 1e-12):
            break
        gone = lost_without(ask, link, relies, graphs)
        without = np.stack([_homes(gone[name], elderly) for name in relies])
        alike = np.packbits(without).tobytes()
        if alike in rows:
            rows[alike].links.append(link)
            continue
        figures = {
            "elderly_lost": float(elderly[without.any(axis=0)].sum()),
            "elderly_lost_circle": float(elderly[covered.all(axis=0) & without.any(axis=0)].sum()),
            "elderly_lost_any": float(
                elderly[covered.any(axis=0) & ~(covered & ~without).any(axis=0)].sum()
            ),
            **{f"elderly_lost_{name}": float(elderly[gone[name]].sum()) for name in relies},
        }
        by = figures["elderly_lost" if tier is None else f"elderly_lost_{tier}"]
        if by > 0:
            rows[alike] = _Row(by, figures, [link])
    best = sorted(rows.values(), key=lambda row: (-row.by, min(row.links)))[:count]
    found = np.array([_telling(ask, row.links) for row in best], dtype=np.int64)
    names = ["elderly_lost", "elderly_lost_circle", "elderly_lost_any",
             *(f"elderly_lost_{name}" for name in relies)]  # fmt: skip
    using = elderly_using(ask)
    table = link_table(ask, found)
    return table.assign(
        alike=np.array([len(row.links) for row in best], dtype=np.int64),
        **{name: np.array([row.figures[name] for row in best], dtype=float) for name in names},
        **{f"elderly_using_{name}": using[name][found] for name in using},
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """Links that cost the very same people, and how many that are."""

    by: float
    figures: dict[str, float]
    links: list[int]


def _telling(ask: Passing, links: list[int]) -> int:
    """Return the link by which to tell several that lie in a row: the longest of the rarest kind.

    A planner knows the lift, not the piece of pavement before its door.
    """
    kind = ask.access.network.features.kind[ask.links.edge[ask.links.first[links]]]
    length = ask.links.total(ask.access.network.length_m)[links]
    rare = np.array([_RARE.index(int(k)) for k in kind])
    return links[int(np.lexsort((np.array(links), -length, rare))[0])]


def link_table(ask: Passing, found: NDArray[np.int64]) -> gpd.GeoDataFrame:
    """Return some links as lines with their names; see `losses` for the columns."""
    network, chains = ask.access.network, ask.links
    of, edges = each_of(chains.first, found)
    edges = chains.edge[edges]
    first = chains.edge[chains.first[found]]
    ways = network.ways.iloc[network.way[first]]
    lines = network.lines()[edges]
    shapes = [_joined(lines[of == k]) for k in range(len(found))]
    named = [name if isinstance(name, str) else "" for name in ways["name"]]
    # A lift has no length in plan and so no middle of its own line.
    middles = shapely.points(network.midpoints()[first])
    return gpd.GeoDataFrame(
        {
            "rank": np.arange(1, len(found) + 1),
            "name": np.array(named, dtype=object),
            "near": np.where([not n for n in named], near_names(network, middles), "")
            if named else np.array([], dtype=object),
            "kind": np.array([KINDS[k] for k in network.features.kind[first]], dtype=object),
            "highway": ways["highway"].to_numpy(object),
            "osm_id": ways.index.to_numpy(),
            "length_m": np.bincount(of, network.length_m[edges], len(found)),
            "steps": np.bincount(of, network.features.steps[edges], len(found)),
        },
        geometry=shapes, crs=network.crs,
    )  # fmt: skip


def _joined(lines: NDArray[np.object_]) -> shapely.Geometry:
    merged = shapely.line_merge(shapely.multilinestrings(lines))
    # Nothing is left of a lift, which has no length in plan; it keeps its two ends, at one place.
    return lines[0] if merged.is_empty else merged


def near_names(network: WalkingNetwork, points: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the name of the nearest named street to each point, empty for none near."""
    names = network.ways["name"].to_numpy(object)[network.way]
    named = np.flatnonzero([isinstance(name, str) for name in names])
    found = np.full(len(points), "", dtype=object)
    if len(named):
        tree = shapely.STRtree(network.lines()[named])
        point, line = tree.query_nearest(points, max_distance=_NEAR_M, all_matches=True)
        order = np.lexsort((line, point))
        first = order[np.flatnonzero(np.diff(point[order], prepend=-1))]
        found[point[first]] = names[named[line[first]]]
    return found


def _homes(some: NDArray[np.int64], elderly: NDArray[np.float64]) -> NDArray[np.bool_]:
    mask = np.zeros(len(elderly), dtype=bool)
    mask[some] = True
    return mask
