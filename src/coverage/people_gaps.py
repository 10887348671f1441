"""Gaps in people: contiguous inhabited areas that are not covered, with head-count and cause."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .causes import CAUSES
from .gaps import areas_at, heaviest, positions_by, weighted_median
from .inhabited import inhabited_areas
from .network import WalkingNetwork
from .pieces import Pieces, subtract
from .snapping import Snapped

SMALLEST_GAP_ELDERLY = 10.0
"""Gaps with fewer elderly people are counted and not listed."""
_MOST_STREETS = 3

COLUMNS = ["tier", "elderly", "population", "cause", "cause_zh", "cause_share", "area", "streets",
           "nearest_facility", "nearest_name", "minutes", "street_m"]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Uncovered:
    """What one tier (or the circle of all) leaves uncovered.

    Attributes
    ----------
    tier
        Its name.
    minutes
        Shape (D,), minutes of every home; NaN beyond the horizon.
    cause
        Shape (D,), why it is not covered; empty where it is.
    nearest
        Shape (D,), ids of the nearest facility, empty for none.
    streets
        The covered pieces of street.
    """

    tier: str
    minutes: NDArray[np.float64]
    cause: NDArray[np.object_]
    nearest: NDArray[np.object_]
    streets: Pieces


def find_people_gaps(
    network: WalkingNetwork,
    inside: Pieces,
    points: gpd.GeoDataFrame,
    places: Snapped,
    uncovered: Uncovered,
    *,
    areas: gpd.GeoDataFrame | None,
    facilities: gpd.GeoDataFrame,
) -> tuple[gpd.GeoDataFrame, float, float]:
    """Find the gaps of one tier, those with the most elderly people first.

    Parameters
    ----------
    network
        The walking network.
    inside
        The pieces of street in the study area.
    points, places
        The homes, and where they stand on the network.
    uncovered
        What the tier does not cover.
    areas
        Areas to name the gaps by (index: name), or None.
    facilities
        All facilities (index: id, column ``name``).

    Returns
    -------
    gaps
        Index ``<tier>-<rank>``, columns `COLUMNS` and ``geometry``: elderly people and people; the
        cause of most of the elderly and its share of them; the area with most; up to three street
        names by elderly people; the facility that is nearest for most; their median minutes (NaN
        when half or more are beyond the horizon); metres of uncovered street within.
    unlisted_elderly, unlisted_m
        Elderly people and metres of street that are uncovered and in no listed gap.
    """
    return people_gaps(
        points,
        street_names(network, places),
        uncovered,
        pieces_left(network, inside, uncovered),
        areas=areas,
        facilities=facilities,
    )


def street_names(network: WalkingNetwork, places: Snapped) -> NDArray[np.object_]:
    """Return the name of the street of each place, None for none."""
    names = np.full(len(places.edge), None, dtype=object)
    way = network.way[places.edge[places.found]]
    names[places.found] = network.ways["name"].to_numpy(object)[way]
    return names


def pieces_left(
    network: WalkingNetwork, inside: Pieces, uncovered: Uncovered
) -> NDArray[np.float64]:
    """Return what is not covered of the streets: middles (x, y) and metres, shape (P, 3)."""
    left = subtract(inside, uncovered.streets)
    middles = shapely.line_interpolate_point(network.lines_of(left), 0.5, normalized=True)
    metres = (left.end - left.start) * network.length_m[left.edge]
    return np.column_stack([shapely.get_coordinates(middles).reshape(-1, 2), metres])


def people_gaps(
    points: gpd.GeoDataFrame,
    street: NDArray[np.object_],
    uncovered: Uncovered,
    left: NDArray[np.float64],
    *,
    areas: gpd.GeoDataFrame | None,
    facilities: gpd.GeoDataFrame,
) -> tuple[gpd.GeoDataFrame, float, float]:
    """Find the gaps as `find_people_gaps`, without the network.

    Parameters
    ----------
    points
        The homes.
    street
        Shape (D,), the name of the street that each stands on, None for none.
    uncovered
        What the tier does not cover.
    left
        Its streets as `pieces_left` returns them.
    areas, facilities
        As of `find_people_gaps`.
    """
    elderly = points["elderly"].to_numpy(float)
    home = np.flatnonzero((uncovered.cause != "") & (points["population"] > 0).to_numpy())
    xy = shapely.get_coordinates(points.geometry.to_numpy()[home])
    shapes = inhabited_areas(xy)
    of = np.full(len(points), -1)
    of[home] = _shape_at(shapely.points(xy), shapes, "intersects")
    people = np.bincount(of[home], weights=elderly[home], minlength=len(shapes))
    listed = np.flatnonzero(people >= SMALLEST_GAP_ELDERLY)
    listed = listed[np.argsort(-people[listed], kind="stable")]
    street_of, street_m = _shape_at(shapely.points(left[:, :2]), shapes, "contains"), left[:, 2]
    area_of = areas_at(points.geometry.to_numpy(), areas)
    uncovered_m = np.bincount(street_of + 1, weights=street_m, minlength=len(shapes) + 1)[1:]
    population = points["population"].to_numpy(float)
    members = positions_by(of, len(shapes))
    rows = []
    for gap in listed:
        here = members[gap]
        weight = elderly[here]
        cause = heaviest(uncovered.cause[here], weight)
        nearest = heaviest(uncovered.nearest[here], weight)
        rows.append(
            {
                "tier": uncovered.tier,
                "elderly": people[gap],
                "population": float(population[here].sum()),
                "cause": cause,
                "cause_zh": CAUSES[cause],
                "cause_share": float(weight[uncovered.cause[here] == cause].sum() / weight.sum()),
                "area": heaviest(area_of[here], weight),
                "streets": _street_names(street[here], weight),
                "nearest_facility": nearest,
                "nearest_name": facilities["name"].get(nearest, ""),
                "minutes": weighted_median(uncovered.minutes[here], weight),
                "street_m": float(uncovered_m[gap]),
                "geometry": shapes[gap],
            }
        )
    index = pd.Index([f"{uncovered.tier}-{n:02d}" for n in range(1, len(rows) + 1)], name="gap")
    gaps = gpd.GeoDataFrame(
        rows, index=index, columns=[*COLUMNS, "geometry"], geometry="geometry", crs=points.crs
    )
    in_listed = np.isin(street_of, listed)
    return (
        gaps,
        float(elderly[home].sum() - people[listed].sum()),
        float(street_m[~in_listed].sum()),
    )


def _shape_at(
    spots: NDArray[np.object_],
    shapes: NDArray[np.object_],
    relation: Literal["contains", "intersects"],
) -> NDArray[np.int64]:
    """Return the shape that each spot lies in, -1 for none."""
    of = np.full(len(spots), -1)
    # Asked by shape: a large one is made ready once for all its spots.
    shape, spot = shapely.STRtree(spots).query(shapes, predicate=relation)
    of[spot] = shape
    return of


def _street_names(names: NDArray[np.object_], weight: NDArray[np.float64]) -> str:
    people: Counter[str] = Counter()
    for name, elderly in zip(names.tolist(), weight.tolist(), strict=True):
        if isinstance(name, str):
            people[name] += elderly
    first = sorted(people.items(), key=lambda item: (-item[1], item[0]))[:_MOST_STREETS]
    return "、".join(name for name, _ in first)
