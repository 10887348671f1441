"""Gaps in people: contiguous inhabited areas that are not covered, with head-count and cause."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .by_group import heaviest_names, names_by_weight, weighted_medians
from .causes import CAUSES
from .inhabited import Inhabited, inhabited_areas
from .network import WalkingNetwork
from .pieces import Pieces, subtract
from .snapping import Snapped

SMALLEST_GAP_ELDERLY = 10.0
"""Gaps with fewer elderly people are counted and not listed."""
_MOST_STREETS = 3
_SHAPES_AT_ONCE = 5_000
"""That a thread looks up."""

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


Gaps = tuple[gpd.GeoDataFrame, float, float]
"""Gaps, and elderly people and metres of street that are uncovered and in no listed gap."""


def find_people_gaps(
    network: WalkingNetwork,
    inside: Pieces,
    points: gpd.GeoDataFrame,
    places: Snapped,
    uncovered: Sequence[Uncovered],
    *,
    area: NDArray[np.object_],
    facilities: gpd.GeoDataFrame,
    drawn: Future[Inhabited] | None = None,
) -> dict[str, Gaps]:
    """Find the gaps of some tiers, of each those with the most elderly people first.

    Parameters
    ----------
    network
        The walking network.
    inside
        The pieces of street in the study area.
    points, places
        The homes, and where they stand on the network.
    uncovered
        What each tier does not cover.
    area
        Shape (D,), the name of the area that each home lies in; empty without areas.
    facilities
        All facilities (index: id, column ``name``).
    drawn
        The areas that those people make up whom each tier does not cover, where somebody draws
        them already.

    Returns
    -------
    gaps
        By tier. Index ``<tier>-<rank>``, columns `COLUMNS` and ``geometry``: elderly people and
        people; the cause of most of the elderly and its share of them; the area with most; up to
        three street names by elderly people; the facility that is nearest for most; their median
        minutes (NaN when half or more are beyond the horizon); metres of uncovered street within.
    """
    return people_gaps(
        points,
        street_names(network, places),
        uncovered,
        [pieces_left(network, inside, one) for one in uncovered],
        area=area,
        facilities=facilities,
        drawn=drawn,
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
    metres = (left.end - left.start) * network.length_m[left.edge]
    return np.column_stack([network.ends_of(left).mean(axis=1), metres])


def people_gaps(
    points: gpd.GeoDataFrame,
    street: NDArray[np.object_],
    uncovered: Sequence[Uncovered],
    left: Sequence[NDArray[np.float64]],
    *,
    area: NDArray[np.object_],
    facilities: gpd.GeoDataFrame,
    drawn: Future[Inhabited] | None = None,
) -> dict[str, Gaps]:
    """Find the gaps as `find_people_gaps`, without the network.

    Parameters
    ----------
    points
        The homes.
    street
        Shape (D,), the name of the street that each stands on, None for none.
    uncovered
        What each tier does not cover.
    left
        Their streets as `pieces_left` returns them.
    area, facilities, drawn
        As of `find_people_gaps`.
    """
    population = points["population"].to_numpy(float)
    homes = [np.flatnonzero((one.cause != "") & (population > 0)) for one in uncovered]
    xy = shapely.get_coordinates(points.geometry.to_numpy())
    with ThreadPoolExecutor(1) as beside:
        drawing = beside.submit(inhabited_areas, xy, homes) if drawn is None else drawn
        # Most are streets of several sets.
        middles = np.concatenate([np.zeros((0, 2)), *(one[:, :2] for one in left)])
        which, known = pd.factorize(middles[:, 0] + 1j * middles[:, 1])
        tree = shapely.STRtree(shapely.points(known.real, known.imag))
        inhabited = drawing.result()
    if [len(of) for of in inhabited.of] != [len(home) for home in homes]:
        raise AssertionError("areas were drawn of other people")
    of_streets = _areas_of(tree, np.split(which, np.cumsum([len(one) for one in left])[:-1]),
                           inhabited)  # fmt: skip
    table = {
        "elderly": points["elderly"].to_numpy(float), "population": population, "area": area,
        "street": street,
    }  # fmt: skip
    found = {}
    for one, home, areas, of, of_street, streets in zip(
        uncovered, homes, inhabited.areas, inhabited.of, of_streets, left, strict=True
    ):
        # From the shapes of all sets to those of this one: -1 for no shape.
        own = np.full(len(inhabited.shapes) + 1, -1)
        own[areas] = np.arange(len(areas))
        found[one.tier] = _gaps(
            one, home, {name: values[home] for name, values in table.items()},
            inhabited.shapes[areas], own[of], own[of_street], streets[:, 2], facilities,
            points.crs,
        )  # fmt: skip
    return found


def _areas_of(
    tree: shapely.STRtree, sets: Sequence[NDArray[np.int64]], inhabited: Inhabited
) -> list[NDArray[np.int64]]:
    """Return of each set of spots, positions in the tree, the area that each spot lies in."""
    shape, spot = _contained(tree, inhabited.shapes)
    found = []
    for areas, own in zip(inhabited.areas, sets, strict=True):
        is_own = np.zeros(len(inhabited.shapes), dtype=bool)
        is_own[areas] = True
        of_spot = np.full(len(tree), -1)
        of_spot[spot[is_own[shape]]] = shape[is_own[shape]]
        found.append(of_spot[own])
    return found


def _contained(
    tree: shapely.STRtree, shapes: NDArray[np.object_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return all pairs of a shape and a spot in it, looked up in several threads."""
    begins = np.arange(0, len(shapes), _SHAPES_AT_ONCE)
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(
            lambda begin: tree.query(shapes[begin : begin + _SHAPES_AT_ONCE], predicate="contains"),
            begins,
        ))  # fmt: skip
    shape = [pairs[0] + begin for pairs, begin in zip(found, begins, strict=True)]
    nothing = np.zeros(0, dtype=np.int64)
    return np.concatenate([nothing, *shape]), np.concatenate([nothing, *(one[1] for one in found)])


def _gaps(
    uncovered: Uncovered, home: NDArray[np.int64], homes: Mapping[str, NDArray[Any]],
    shapes: NDArray[np.object_], shape: NDArray[np.int64], street_of: NDArray[np.int64],
    street_m: NDArray[np.float64], facilities: gpd.GeoDataFrame, crs: Any,
) -> Gaps:  # fmt: skip
    """Return the gaps of one tier, given its areas and which of them homes and streets are in."""
    elderly, population = homes["elderly"], homes["population"]
    people = np.bincount(shape + 1, weights=elderly, minlength=len(shapes) + 1)[1:]
    listed = np.flatnonzero(people >= SMALLEST_GAP_ELDERLY)
    # Of equal ones the westernmost first.
    west, south, _, _ = shapely.bounds(shapes[listed]).T
    listed = listed[np.lexsort((south, west, -people[listed]))]
    count = len(listed)
    # From the shapes to their ranks: -1 for those not listed, and for no shape.
    rank = np.full(len(shapes) + 1, -1)
    rank[listed] = np.arange(count)
    of, weight = rank[shape], elderly
    cause, nearest = uncovered.cause[home], uncovered.nearest[home]
    main = heaviest_names(cause, weight, of, count)
    mostly = np.bincount(
        of + 1, weights=np.where(cause == np.append(main, "")[of], weight, 0.0), minlength=count + 1
    )[1:]
    nearest_id = heaviest_names(nearest, weight, of, count)
    in_gap = rank[street_of]
    rows = {
        "tier": np.full(count, uncovered.tier, dtype=object),
        "elderly": people[listed],
        "population": np.bincount(of + 1, weights=population, minlength=count + 1)[1:],
        "cause": main,
        "cause_zh": [CAUSES[name] for name in main],
        "cause_share": mostly / people[listed],
        "area": heaviest_names(homes["area"], weight, of, count),
        "streets": names_by_weight(homes["street"], weight, of, count, most=_MOST_STREETS),
        "nearest_facility": nearest_id,
        "nearest_name": pd.Series(nearest_id).map(facilities["name"]).fillna("").to_numpy(object),
        "minutes": weighted_medians(uncovered.minutes[home], weight, of, count),
        "street_m": np.bincount(in_gap + 1, weights=street_m, minlength=count + 1)[1:],
        "geometry": shapes[listed],
    }
    index = pd.Index([f"{uncovered.tier}-{n:02d}" for n in range(1, count + 1)], name="gap")
    gaps = gpd.GeoDataFrame(
        rows, index=index, columns=[*COLUMNS, "geometry"], geometry="geometry", crs=crs
    )
    return (
        gaps,
        float(elderly.sum() - people[listed].sum()),
        float(street_m[in_gap < 0].sum()),
    )
