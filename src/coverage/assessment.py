"""Coverage of streets: how much of them lies within the promised minutes, where, by tier."""

import itertools
from collections.abc import Mapping
from dataclasses import replace
from functools import reduce
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .covered_parts import joined_lines, parts_along, parts_text
from .nearest import Minutes
from .network import WalkingNetwork
from .pieces import SLIVER, Pieces, intersect, parts_by_edge, subtract, union, union_of, whole
from .times import each_of

OUTSIDE_AREAS = "outside every area 片区之外"
SCRAP_M = 1.0
"""Less street than this in none of the areas is rounding, metres."""
_ENDS = ["x0", "y0", "x1", "y1"]


def pieces_inside(network: WalkingNetwork, area: shapely.Geometry) -> Pieces:
    """Return the pieces of street that lie in a polygon of the network's coordinate system.

    Lines of sight across a square and rides carry walks and are no streets.
    """
    streets = np.flatnonzero(~network.off_street)
    return pieces_in(area, streets, network.lines()[streets])


def pieces_in(
    area: shapely.Geometry, streets: NDArray[np.int64], lines: NDArray[np.object_]
) -> Pieces:
    """Return what of some streets, given with their lines, lies in a polygon."""
    shapely.prepare(area)
    shapes = np.full(len(lines), area, dtype=object)
    inside = shapely.covers(area, lines)
    rim = np.flatnonzero(~inside)
    return _cut(shapes, streets, lines, inside, rim[shapely.intersects(area, lines[rim])])


def _cut(
    shapes: NDArray[np.object_], key: NDArray[np.int64], lines: NDArray[np.object_],
    inside: NDArray[np.bool_], crossing: NDArray[np.int64],
) -> Pieces:  # fmt: skip
    """Return what of each line lies in its polygon, under its key; keys are ascending.

    `inside` are those that lie in it as a whole, `crossing` those that lie in it in part.
    """
    # Ends inside and no crossing of the rim; `covers` also takes edges that run along it.
    parts, which = shapely.get_parts(
        shapely.intersection(lines[crossing], shapes[crossing]), return_index=True
    )
    real = shapely.get_type_id(parts) == 1
    parts, line = parts[real], crossing[which[real]]
    ends = [
        shapely.line_locate_point(lines[line], shapely.get_point(parts, at), normalized=True)
        for at in (0, -1)
    ]
    as_a_whole = whole(key[inside])
    return union(
        np.concatenate([as_a_whole.edge, key[line]]),
        np.concatenate([as_a_whole.start, np.minimum(*ends)]),
        np.concatenate([as_a_whole.end, np.maximum(*ends)]),
    )


def with_any_and_all(covered: Mapping[str, Pieces]) -> dict[str, Pieces]:
    """Return the tiers' covered pieces with ``any`` (of some tier) and ``all`` (of every)."""
    tiers = list(covered.values())
    return {**covered, "any": union_of(*tiers), "all": reduce(intersect, tiers)}


def coverage_of(
    network: WalkingNetwork, inside: Pieces, covered: Mapping[str, Pieces]
) -> dict[str, float]:
    """Return street kilometres and shares of one part of the network.

    Returns
    -------
    figures
        ``street_km``; for each key of `covered` ``covered_km_<key>`` and ``share_<key>``, the
        covered kilometres over ``street_km`` (NaN where there is no street).
    """
    figures = coverages_of(network, {"": inside}, covered)
    return {str(name): float(values.iloc[0]) for name, values in figures.items()}


def coverages_of(
    network: WalkingNetwork, parts: Mapping[str, Pieces], covered: Mapping[str, Pieces]
) -> pd.DataFrame:
    """Return the kilometres and shares of `coverage_of` for parts of the network (index: name)."""
    every, count = parts_by_edge(list(parts.values()), network.length_m), len(parts)
    street_m = np.bincount(every.place, weights=every.metres, minlength=count)
    figures = {"street_km": street_m / 1000}
    for key, pieces in covered.items():
        # Each covered piece beside the pieces of its edge.
        one, other = each_of(every.first, pieces.edge)
        shared = np.minimum(pieces.end[one], every.end[other]) - np.maximum(
            pieces.start[one], every.start[other]
        )
        covered_m = np.bincount(
            every.place[other], minlength=count,
            weights=np.maximum(shared, 0.0) * network.length_m[every.edge[other]],
        )  # fmt: skip
        figures[f"covered_km_{key}"] = covered_m / 1000
        figures[f"share_{key}"] = np.divide(
            covered_m, street_m, out=np.full(count, np.nan), where=street_m > 0
        )
    return pd.DataFrame(figures, index=list(parts))


def pieces_by_area(
    network: WalkingNetwork, inside: Pieces, areas: gpd.GeoDataFrame
) -> dict[str, Pieces]:
    """Return the pieces of street in each area, and in none of them, as `OUTSIDE_AREAS`.

    What lies in two areas, or along the rim between them, counts in the first; the parts add up to
    `inside` but for scraps under `SCRAP_M`.
    """
    *parts, rest = every_part(network, inside, areas)
    names = list(map(str, areas.index))
    if rest.length_m(network.length_m) >= SCRAP_M:
        names, parts = [*names, OUTSIDE_AREAS], [*parts, rest]
    return dict(zip(names, parts, strict=True))


def every_part(network: WalkingNetwork, inside: Pieces, areas: gpd.GeoDataFrame) -> list[Pieces]:
    """Return the pieces of street in each area, and last in none of them, scraps included."""
    parts = _by_area(network, inside, areas.geometry.to_numpy())
    return [*parts, subtract(inside, union_of(*parts)) if parts else inside]


def areas_coverage(
    network: WalkingNetwork,
    parts: Mapping[str, Pieces],
    areas: gpd.GeoDataFrame,
    covered: Mapping[str, Pieces],
) -> gpd.GeoDataFrame:
    """Return `areas` (index: name) with the figures of `coverage_of` for each.

    `parts` are those of `pieces_by_area`; streets in none of the areas get a row of their own with
    an empty geometry, so that the rows add up to the whole.
    """
    names = list(parts)
    shapes = [*areas.geometry, shapely.Polygon()][: len(names)]
    return gpd.GeoDataFrame(
        coverages_of(network, parts, covered).rename_axis("area"),
        geometry=gpd.GeoSeries(shapes, index=pd.Index(names, name="area"), crs=areas.crs),
    )


def _by_area(network: WalkingNetwork, inside: Pieces, areas: NDArray[np.object_]) -> list[Pieces]:
    """Return the pieces of `inside` that lie in each area and in none before it."""
    streets = inside.edge[np.append(True, inside.edge[1:] != inside.edge[:-1])[: len(inside)]]
    lines = network.lines()[streets]
    shapely.prepare(areas)
    area, street = shapely.STRtree(lines).query(areas, predicate="intersects")
    order = np.lexsort((street, area))
    area, street = area[order], street[order]
    shapes, met = areas[area], lines[street]
    covers = shapely.covers(shapes, met)
    found = _cut(shapes, np.arange(len(area)), met, covers, np.flatnonzero(~covers))
    pair, number = found.edge, np.bincount(street, minlength=len(streets))
    # Most streets meet one area; only what several meet has to be given out in their order.
    alone = number[street[pair]] == 1
    order = np.argsort(street[pair[alone]], kind="stable")
    parts = [intersect(_on(found.keep(alone).keep(order), streets[street]), inside)]
    owner = np.full(len(network.tail), -1)
    owner[streets[street]] = area
    owners = [owner[parts[0].edge]]
    several = np.zeros(len(network.tail), dtype=bool)
    several[streets[number > 1]] = True
    rest = inside.keep(several[inside.edge])
    # First the first area of every street, then the second: no street is met twice at a time.
    by_street = np.lexsort((area, street))
    turn = np.empty(len(area), dtype=np.int64)
    turn[by_street] = np.arange(len(area)) - (np.cumsum(number) - number)[street[by_street]]
    for time in range(int(number.max(initial=0)) if len(rest) else 0):
        those = np.flatnonzero(~alone & (turn[pair] == time))
        those = those[np.argsort(street[pair[those]], kind="stable")]
        owner[streets[street[pair[those]]]] = area[pair[those]]
        first = intersect(_on(found.keep(those), streets[street]), rest)
        rest = subtract(rest, first)
        parts.append(first)
        owners.append(owner[first.edge])
    every = Pieces(*(np.concatenate([getattr(part, name) for part in parts])
                     for name in Pieces.__slots__))  # fmt: skip
    of = np.concatenate(owners)
    order = np.lexsort((every.start, every.edge, of))
    ends = np.searchsorted(of[order], np.arange(len(areas) + 1))
    return [every.keep(order[begin:end]) for begin, end in itertools.pairwise(ends.tolist())]


def _on(pieces: Pieces, edges: NDArray[np.int64]) -> Pieces:
    """Return pieces that name positions of edges with the edges themselves."""
    return replace(pieces, edge=edges[pieces.edge])


def streets_coverage(
    network: WalkingNetwork,
    inside: Pieces,
    minutes: Mapping[str, Minutes],
    covered: Mapping[str, Pieces],
) -> gpd.GeoDataFrame:
    """Return the streets of the study area, one row for each run between two junctions.

    Returns
    -------
    streets
        In the network's coordinate system; ``osm_id``, ``name``, ``highway``, ``length_m`` (the
        part inside the study area), for each tier ``minutes_<tier>`` (mean along the street, NaN
        when a part lies beyond the horizon), for each key of `covered` ``covered_<key>`` (share of
        its length), and for each tier ``parts_<tier>``: where, see `coverage.covered_parts`.
    """
    table = street_pieces(network, inside, minutes)
    along = {key: within_each(inside, pieces) for key, pieces in covered.items()}
    _, label = np.unique(network.street_pieces()[inside.edge], return_inverse=True)
    return street_rows(table, along, label, crs=network.crs)


def street_pieces(
    network: WalkingNetwork, inside: Pieces, minutes: Mapping[str, Minutes]
) -> pd.DataFrame:
    """Return what `street_rows` joins: one row for each piece of street of the study area.

    Returns
    -------
    table
        Shape (P,): ``osm_id``, ``name``, ``highway``, ``metres``, for each tier ``minutes_<tier>``,
        and the ends ``x0``, ``y0``, ``x1``, ``y1``.
    """
    way = network.way[inside.edge]
    ends = network.ends_of(inside).reshape(-1, 4)
    return pd.DataFrame(
        {
            "osm_id": network.ways.index.to_numpy()[way],
            # As they are: pandas would make a text column of a million, which takes its time.
            "name": pd.Series(network.ways["name"].to_numpy(object)[way], dtype=object),
            "highway": pd.Series(network.ways["highway"].to_numpy(object)[way], dtype=object),
            "metres": (inside.end - inside.start) * network.length_m[inside.edge],
            **{f"minutes_{tier}": times.edge[inside.edge] for tier, times in minutes.items()},
            **{name: ends[:, column] for column, name in enumerate(_ENDS)},
        }
    )


def within_each(inside: Pieces, covered: Pieces) -> Pieces:
    """Return what is covered of each piece, as fractions of that, by its number for an edge."""
    low = np.searchsorted(covered.edge, inside.edge, side="left")
    count = np.searchsorted(covered.edge, inside.edge, side="right") - low
    piece = np.repeat(np.arange(len(inside)), count)
    other = low[piece] + np.arange(len(piece)) - np.repeat(np.cumsum(count) - count, count)
    # On the edge, as any two sets are intersected; then on the piece.
    both = union(
        piece,
        np.maximum(inside.start[piece], covered.start[other]),
        np.minimum(inside.end[piece], covered.end[other]),
    )
    begin, long = inside.start[both.edge], (inside.end - inside.start)[both.edge]
    return Pieces(both.edge, (both.start - begin) / long, (both.end - begin) / long)


def street_rows(
    table: pd.DataFrame, covered: Mapping[str, Pieces], label: NDArray[np.int64], *, crs: str
) -> gpd.GeoDataFrame:
    """Return one row for each run of pieces of street.

    Parameters
    ----------
    table
        Shape (P,), as `street_pieces` returns it.
    covered
        What each tier, ``any`` and ``all`` cover of the pieces; see `within_each`.
    label
        Shape (P,), the run of each piece, from 0, none left out.
    crs
        The pieces' coordinate system.
    """
    count = int(label.max(initial=-1)) + 1
    metres = table["metres"].to_numpy(float)
    length = np.bincount(label, weights=metres, minlength=count)
    first = np.full(count, len(label))
    np.minimum.at(first, label, np.arange(len(label)))
    columns: dict[str, NDArray[Any]] = {
        name: table[name].to_numpy()[first] for name in ("osm_id", "name", "highway")
    }
    columns["length_m"] = length
    # A run without length (two nodes at one place) weighs its parts alike.
    weight = np.where(length[label] > 0, metres, 1.0)
    total = np.bincount(label, weights=weight, minlength=count)
    for name in filter(lambda name: name.startswith("minutes_"), map(str, table.columns)):
        weighted = weight * table[name].to_numpy(float)
        columns[name] = np.bincount(label, weights=weighted, minlength=count) / total
    ends = table[_ENDS].to_numpy(float).reshape(-1, 2, 2)
    shapes = joined_lines(ends, label, count)
    for key, pieces in covered.items():
        on = label[pieces.edge]
        covered_m = np.bincount(
            on, weights=(pieces.end - pieces.start) * metres[pieces.edge], minlength=count
        )
        share = np.divide(covered_m, length, out=np.zeros(count), where=length > 0)
        columns[f"covered_{key}"] = np.minimum(share, 1.0)
        if f"minutes_{key}" in columns:
            some = pieces.keep(((share > 0) & (share < 1 - SLIVER))[on])
            tail, head = ends[some.edge, 0], ends[some.edge, 1]
            places = np.stack([some.start, some.end], axis=1)[:, :, None]
            stretches = shapely.linestrings(tail[:, None] + (head - tail)[:, None] * places)
            columns[f"parts_{key}"] = parts_text(
                parts_along(shapes, label[some.edge], stretches), count
            )
    streets = gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)
    return streets.sort_values(["osm_id", "length_m"], kind="stable", ignore_index=True)
