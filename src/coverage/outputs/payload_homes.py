"""Where people live, and what keeps them from care."""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..causes import CAUSES
from ..choices import Choices
from ..circle import area_of
from ..demand import COMPOUND
from ..findings import Findings
from ..people import People
from ..snapping import Snapped
from ..study_parts import TIERS
from .colours import VISIT_COLOURS
from .packing import Section
from .payload_ground import BUILDING_TOLERANCE_M
from .payload_links import Links, place_sections
from .payload_minutes import minute_codes, minutes_of
from .payload_shapes import morton_order, narrowed, outlines_of, places_of, world
from .payload_words import listed

NO_CAUSE = 255
"""The cause of a home that is covered."""
NO_MINUTES = 65_535
"""Tenths of minutes of a home that staff do not reach."""
_UNSIGNED = ("u1", "u2", "u4")
_U1 = 255


def home_sections(
    result: Findings, people: People, choices: Choices, links: Links, per_minute: int
) -> tuple[list[Section | list[Section]], list[str]]:
    """Return the homes, near ones after each other, and the list of their names.

    Parameters
    ----------
    result, people, choices
        What was found.
    links
        Of the network.
    per_minute
        See `coverage.outputs.payload_minutes.quantum`.
    """
    if choices.home_min is None or choices.home_places is None:
        raise ValueError("there are people, and the choices say nothing of them")
    crs = result.network.crs
    centres = world(shapely.get_coordinates(people.homes.geometry.to_numpy()), crs)
    order = morton_order(centres)
    homes, centres = people.homes.iloc[order], centres[order]
    places = Snapped(*(getattr(choices.home_places, part)[order] for part in Snapped.__slots__))
    shapes, building_names = _buildings(result, homes)
    names, label = _labels(homes, building_names)
    codes = minute_codes(choices.home_min[..., order], choices.minutes, per_minute)
    return [
        *places_of("home", centres),
        *outlines_of("home", shapes, centres, crs, BUILDING_TOLERANCE_M),
        Section("home.elderly", homes["elderly"].to_numpy("f8")),
        Section("home.population", homes["population"].to_numpy("f8")),
        *place_sections("home", places, result.network, links),
        Section("home.area", _areas(result, homes, len(choices.area_names))),
        Section("home.label", narrowed(label, _UNSIGNED)),
        *(
            Section(f"home.cause.{number}", _causes(homes, tier))
            for number, tier in enumerate(TIERS)
        ),
        *minutes_of("min.home", codes, choices.walkers),
        *_visits(result, order),
    ], names


def _buildings(
    result: Findings, homes: gpd.GeoDataFrame
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Return the outline and the name of each home's building; None and empty without one."""
    buildings = result.inputs.buildings
    position = pd.Index(buildings["osm_id"]).get_indexer(homes["osm_id"])
    there = position >= 0
    shapes, names = np.full(len(homes), None), np.full(len(homes), "", dtype=object)
    shapes[there] = buildings.geometry.iloc[position[there]].to_crs(result.network.crs).to_numpy()
    names[there] = buildings["name"].to_numpy(object)[position[there]]
    return shapes, names


def _labels(
    homes: gpd.GeoDataFrame, building_names: NDArray[np.object_]
) -> tuple[list[str], NDArray[np.int64]]:
    """Return the names of homes, the empty one first, and of each home the position of its own."""
    compound = (homes["source"] == COMPOUND).to_numpy()
    return listed(np.where(compound, homes["place"].to_numpy(object), building_names))


def _areas(result: Findings, homes: gpd.GeoDataFrame, count: int) -> NDArray[Any]:
    """Return the position of each home's area, the greatest of the type for none."""
    kind = np.dtype("u1" if count < _U1 else "u2")
    none = np.iinfo(kind).max
    if result.inputs.areas is None:
        return np.full(len(homes), none, dtype=kind)
    of = area_of(homes, result.inputs.areas)
    return np.where(of < count, of, none).astype(kind)


def _visits(result: Findings, order: NDArray[np.int64]) -> list[Section]:
    """Return how staff get to each home, from 1, 0 where nobody is to be visited, and minutes.

    Minutes are tenths, `NO_MINUTES` beyond the limit.
    """
    if result.visits is None:
        return []
    homes = result.visits.homes.iloc[order]
    code = homes["reach"].map({how: n for n, how in enumerate(VISIT_COLOURS, start=1)})
    asked = (homes["to_visit"] > 0).to_numpy()
    tenths = {
        name: np.nan_to_num(homes[name].to_numpy(float) * 10, nan=NO_MINUTES)
        for name in ("minutes_foot", "minutes_car")
        if name in homes
    }
    return [
        Section("home.visit", np.where(asked, code, 0).astype("u1")),
        *(
            Section(f"home.visit.{name.removeprefix('minutes_')}", np.rint(values).astype("u2"))
            for name, values in tenths.items()
        ),
    ]


def _causes(homes: gpd.GeoDataFrame, tier: str) -> NDArray[np.uint8]:
    number = {cause: position for position, cause in enumerate(CAUSES)}
    codes = homes[f"cause_{tier}"].map(number).fillna(NO_CAUSE)
    return np.asarray(codes, dtype=np.uint8)
