"""Premises that OpenStreetMap shows to be disused, vacant or kindergartens."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import osmium
import pandas as pd
import shapely

from ..groups import ALL_GROUPS
from .facilities_osm import objects_of_file, place_of

_PREMISES = ("shop", "building", "amenity", "office", "healthcare", "leisure")
_YES = {"yes", "true", "1"}


def _wanted() -> tuple[Any, ...]:
    """Return the filters of which an object passes one; `is_premises` then decides."""
    return (
        osmium.filter.KeyFilter("disused", *(f"disused:{key}" for key in _PREMISES)),
        osmium.filter.TagFilter(("shop", "vacant"), ("building", "kindergarten")),
    )


def is_premises(tags: Mapping[str, str]) -> bool:
    """Say whether tags describe a disused or vacant premises or a kindergarten's building."""
    if any(tags.get(f"disused:{key}") for key in _PREMISES):
        return True
    if tags.get("shop") == "vacant" or tags.get("building") == "kindergarten":
        return True
    return tags.get("disused") in _YES and any(key in tags for key in _PREMISES)


def candidates_of_file(path: Path, area: shapely.Geometry) -> gpd.GeoDataFrame:
    """Read premises from an ``.osm`` or ``.osm.pbf`` file, as `read_candidates` returns them.

    Parameters
    ----------
    path
        The file: nodes, closed ways and multipolygons count.
    area
        EPSG:4326; what lies outside is left out.

    Raises
    ------
    InputError
        When the file cannot be read.
    """
    shapely.prepare(area)
    found = {one.id: one for one in objects_of_file(path, *_wanted(), purpose="candidates")}
    rows = [
        (one.id, one.tags.get("name", one.id), place)
        for one in found.values()
        if is_premises(one.tags) and area.intersects(place := place_of(one.shape))
    ]
    frame = pd.DataFrame(rows, columns=["id", "name", "geometry"])
    return gpd.GeoDataFrame(
        frame.assign(
            floor_area_m2=float("nan"), cost_cny=float("nan"), capacity=float("nan"),
            fits=pd.Series([ALL_GROUPS] * len(rows), dtype=object),
        )
        .set_index("id").sort_index(),
        crs="EPSG:4326",
    )  # fmt: skip
