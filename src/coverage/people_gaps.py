"""Gaps in people: contiguous inhabited areas that are not covered, with head-count and cause."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .by_group import Names, heaviest, heaviest_names, names_by_weight, names_of, weighted_medians
from .causes import CAUSES
from .inhabited import Inhabited, inhabited_areas
from .network import WalkingNetwork
from .pieces import Pieces, subtract
from .snapping import Snapped
from .spots import Spots, spots_of

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


@dataclass(frozen=True, slots=True)
class Left:
    """What each of some tiers leaves uncovered of the streets.

    Attributes
    ----------
    middles
        The middles of all pieces, each once: most are left by several tiers.
    which, metres
        By tier, shape (P,) each: of each of its pieces the position in `middles`, and the length,
        metres.
    """

    middles: Spots
    which: list[NDArray[np.int64]]
    metres: list[NDArray[np.float64]]


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
    left: Callable[[], Left] | None = None,
    drawn: Callable[[], Inhabited] | None = None,
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
    left
        Returns what `streets_left` finds, where somebody looks for it already.
    drawn
        Returns the areas that those people make up whom each tier does not cover, where somebody
        draws them already.

    Returns
    -------
    gaps
        By tier. Index ``<tier>-<rank>``, columns `COLUMNS` and ``geometry``: elderly people and
        people; the cause of most of the elderly and its share of them; the area with most; up to
        three street names by elderly people; the facility that is nearest for most; their median
        minutes (NaN when half or more are beyond the horizon); metres of uncovered street within.
    """
    if left is None:
        covered = [one.streets for one in uncovered]
        left = partial(streets_left, network, inside, covered)
    return people_gaps(
        points,
        street_names(network, places),
        uncovered,
        left,
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


def streets_left(network: WalkingNetwork, inside: Pieces, covered: Sequence[Pieces]) -> Left:
    """Return what is left of the streets by tiers that cover some pieces."""
    left = [subtract(inside, pieces) for pieces in covered]
    which, cut, count = [], [], len(inside)
    for one in left:
        # Most are pieces of the study area as they are.
        at = np.searchsorted(inside.edge, one.edge)
        own = (inside.start[at] != one.start) | (inside.end[at] != one.end)
        cut.append(one.keep(own))
        at[own] = count + np.arange(len(cut[-1]))
        which.append(at)
        count += len(cut[-1])
    middles = np.concatenate([network.ends_of(one).mean(axis=1) for one in (inside, *cut)])
    metres = [(one.end - one.start) * network.length_m[one.edge] for one in left]
    return Left(spots_of(middles), which, metres)


def left_of(pieces: Sequence[NDArray[np.float64]]) -> Left:
    """Return what is left by tiers, given the pieces of each as `pieces_left` returns them.

    For who has no network: tiles hand their pieces back as middles.
    """
    middles = np.concatenate([np.zeros((0, 2)), *(one[:, :2] for one in pieces)])
    which, known = pd.factorize(middles[:, 0] + 1j * middles[:, 1])
    return Left(
        spots_of(np.column_stack([known.real, known.imag])),
        np.split(which, np.cumsum([len(one) for one in pieces])[:-1]),
        [one[:, 2] for one in pieces],
    )


def pieces_left(network: WalkingNetwork, inside: Pieces, covered: Pieces) -> NDArray[np.float64]:
    """Return what is not covered of the streets: middles (x, y) and metres, shape (P, 3)."""
    left = subtract(inside, covered)
    metres = (left.end - left.start) * network.length_m[left.edge]
    return np.column_stack([network.ends_of(left).mean(axis=1), metres])


def people_gaps(
    points: gpd.GeoDataFrame,
    street: NDArray[np.object_],
    uncovered: Sequence[Uncovered],
    left: Callable[[], Left],
    *,
    area: NDArray[np.object_],
    facilities: gpd.GeoDataFrame,
    drawn: Callable[[], Inhabited] | None = None,
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
        Returns their streets; called while the areas are drawn.
    area, facilities, drawn
        As of `find_people_gaps`.
    """
    population = points["population"].to_numpy(float)
    homes = [np.flatnonzero((one.cause != "") & (population > 0)) for one in uncovered]
    xy = shapely.get_coordinates(points.geometry.to_numpy())
    with ThreadPoolExecutor(1) as beside:
        if drawn is None:
            drawn = beside.submit(inhabited_areas, xy, homes).result
        streets, table = left(), _Homes(
            points["elderly"].to_numpy(float), population, names_of(area), names_of(street)
        )  # fmt: skip
        why = [(names_of(one.cause), names_of(one.nearest)) for one in uncovered]
        inhabited = drawn()
    if [len(of) for of in inhabited.of] != [len(home) for home in homes]:
        raise AssertionError("areas were drawn of other people")
    of_streets = _areas_of(streets, inhabited)
    found = {}
    for one, (cause, nearest), home, areas, of, of_street, metres in zip(
        uncovered, why, homes, inhabited.areas, inhabited.of, of_streets, streets.metres,
        strict=True,
    ):  # fmt: skip
        # From the shapes of all sets to those of this one: -1 for no shape.
        own = np.full(len(inhabited.shapes) + 1, -1)
        own[areas] = np.arange(len(areas))
        found[one.tier] = _gaps(
            one.tier, table.of(home), cause.of(home), nearest.of(home), one.minutes[home],
            inhabited.shapes[areas], own[of], own[of_street], metres, facilities,
            points.crs,
        )  # fmt: skip
    return found


def _areas_of(left: Left, inhabited: Inhabited) -> list[NDArray[np.int64]]:
    """Return of each tier the area that each of its pieces of street lies in, -1 for none."""
    shape, spot = left.middles.within(inhabited.shapes)
    found = []
    for areas, own in zip(inhabited.areas, left.which, strict=True):
        is_own = np.zeros(len(inhabited.shapes), dtype=bool)
        is_own[areas] = True
        of_spot = np.full(len(left.middles), -1)
        of_spot[spot[is_own[shape]]] = shape[is_own[shape]]
        found.append(of_spot[own])
    return found


@dataclass(frozen=True, slots=True)
class _Homes:
    """Shape (H,) each: people of homes, and the names of the area and the street they are in."""

    elderly: NDArray[np.float64]
    population: NDArray[np.float64]
    area: Names
    street: Names

    def of(self, homes: NDArray[np.int64]) -> "_Homes":
        """Return some of the homes."""
        return _Homes(
            self.elderly[homes], self.population[homes], self.area.of(homes),
            self.street.of(homes),
        )  # fmt: skip


def _gaps(
    tier: str, homes: _Homes, cause: Names, nearest: Names, minutes: NDArray[np.float64],
    shapes: NDArray[np.object_], shape: NDArray[np.int64], street_of: NDArray[np.int64],
    street_m: NDArray[np.float64], facilities: gpd.GeoDataFrame, crs: Any,
) -> Gaps:  # fmt: skip
    """Return the gaps of one tier, given its areas and which of them homes and streets are in."""
    people = np.bincount(shape + 1, weights=homes.elderly, minlength=len(shapes) + 1)[1:]
    listed = np.flatnonzero(people >= SMALLEST_GAP_ELDERLY)
    # Of equal ones the westernmost first.
    west, south, _, _ = shapely.bounds(shapes[listed]).T
    listed = listed[np.lexsort((south, west, -people[listed]))]
    count = len(listed)
    # From the shapes to their ranks: -1 for those not listed, and for no shape.
    rank = np.full(len(shapes) + 1, -1)
    rank[listed] = np.arange(count)
    of, weight = rank[shape], homes.elderly
    code = heaviest(cause.code, weight, of, count)
    main = cause.known[code]
    mostly = np.bincount(
        of + 1, weights=np.where(cause.code == np.append(code, -1)[of], weight, 0.0),
        minlength=count + 1,
    )[1:]  # fmt: skip
    nearest_id = heaviest_names(nearest, weight, of, count)
    in_gap = rank[street_of]
    rows = {
        "tier": np.full(count, tier, dtype=object),
        "elderly": people[listed],
        "population": np.bincount(of + 1, weights=homes.population, minlength=count + 1)[1:],
        "cause": main,
        "cause_zh": [CAUSES[name] for name in main],
        "cause_share": mostly / people[listed],
        "area": heaviest_names(homes.area, weight, of, count),
        "streets": names_by_weight(homes.street, weight, of, count, most=_MOST_STREETS),
        "nearest_facility": nearest_id,
        "nearest_name": pd.Series(nearest_id).map(facilities["name"]).fillna("").to_numpy(object),
        "minutes": weighted_medians(minutes, weight, of, count),
        "street_m": np.bincount(in_gap + 1, weights=street_m, minlength=count + 1)[1:],
        "geometry": shapes[listed],
    }
    index = pd.Index([f"{tier}-{n:02d}" for n in range(1, count + 1)], name="gap")
    gaps = gpd.GeoDataFrame(
        rows, index=index, columns=[*COLUMNS, "geometry"], geometry="geometry", crs=crs
    )
    return (
        gaps,
        float(homes.elderly.sum() - people[listed].sum()),
        float(street_m[in_gap < 0].sum()),
    )
