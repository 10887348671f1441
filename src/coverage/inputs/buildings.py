"""Buildings from an OpenStreetMap file: outline, kind, levels, entrances."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely

from .osm_file import readable_osm

COLUMNS = ("osm_id", "kind", "name", "levels", "use", "entrances", "geometry")

_PER_DEGREE = 1e7
_OTHER_USE = ("amenity", "shop", "office", "tourism", "leisure", "public_transport", "railway")
_MOST_LEVELS = 150


def read_buildings(path: Path, *, within: shapely.Geometry | None = None) -> gpd.GeoDataFrame:
    """Read the buildings of an ``.osm`` or ``.osm.pbf`` file.

    Parameters
    ----------
    path
        The file.
    within
        EPSG:4326; buildings beyond its bounds are left out. None: all are read.

    Returns
    -------
    buildings
        EPSG:4326 polygons; ``osm_id`` (``way/…`` or ``relation/…``), ``kind`` (the value of
        ``building``), ``name`` (empty where untagged), ``levels`` (NaN where the tag is absent or
        absurd), ``use`` (whether tags name a use other than living), ``entrances`` (MultiPoint of
        the tagged ones, or None).

    Raises
    ------
    InputError
        When the file cannot be read; see `readable_osm`.
    """
    with readable_osm(path, purpose="buildings") as ordered:
        return _read(ordered, (-180.0, -90.0, 180.0, 90.0) if within is None else within.bounds)


def _read(path: Path, bounds: tuple[float, float, float, float]) -> gpd.GeoDataFrame:
    doors = {
        node.id
        for node in _nodes(path, osmium.filter.KeyFilter("entrance"))
        if node.visible
        and node.tags.get("entrance") not in {"no", "emergency", "exit", "garage", "service"}
    }
    rows = [
        _row(area, doors)
        for area in _areas(path)
        if area.visible
        and area.tags.get("building") not in {None, "no"}
        and _begins_within(area, bounds)
    ]
    frame = pd.DataFrame([row for row in rows if row is not None], columns=list(COLUMNS))
    return gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:4326")


def buildings_of_features(features: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return downloaded buildings in the form of `read_buildings`; entrances are not known.

    Parameters
    ----------
    features
        EPSG:4326; the index is (element, id), the columns are tags.
    """
    polygons = features[features.geometry.geom_type.isin(["Polygon", "MultiPolygon"])]
    polygons = polygons.sort_index()

    def tag(key: str) -> pd.Series:
        if key not in polygons:
            return pd.Series(None, index=polygons.index, dtype=object)
        values: pd.Series = polygons[key].astype(object).where(polygons[key].notna(), None)
        return values

    other = pd.concat([tag(key).map(lambda v: v not in {None, "no"}) for key in _OTHER_USE], axis=1)
    frame = gpd.GeoDataFrame(
        {
            "osm_id": [f"{element}/{number}" for element, number in polygons.index],
            "kind": tag("building").to_numpy(),
            "name": tag("name").fillna("").to_numpy(),
            "levels": [_levels(text) for text in tag("building:levels")],
            "use": other.any(axis=1).to_numpy(),
            "entrances": None,
        },
        geometry=polygons.geometry.to_numpy(),
        crs="EPSG:4326",
    )
    return frame[(frame["kind"] != "no") & frame["kind"].notna()].reset_index(drop=True)


def _nodes(path: Path, chosen: Any) -> Iterator[Any]:
    yield from osmium.FileProcessor(str(path), osmium.osm.NODE).with_filter(chosen)


def _areas(path: Path) -> Iterator[Any]:
    yield from (
        osmium.FileProcessor(str(path))
        .with_areas(osmium.filter.KeyFilter("building"))
        .with_filter(osmium.filter.EntityFilter(osmium.osm.AREA))
    )


def _begins_within(area: Any, bounds: tuple[float, float, float, float]) -> bool:
    """Say whether the first node lies within bounds: before a city's rings are read one by one."""
    west, south, east, north = bounds
    first = next((node for ring in area.outer_rings() for node in ring), None)
    return first is not None and west <= first.lon <= east and south <= first.lat <= north


def _row(area: Any, doors: set[int]) -> tuple[Any, ...] | None:
    polygons, entrances = [], []
    for outer in area.outer_rings():
        shell = [(node.x / _PER_DEGREE, node.y / _PER_DEGREE) for node in outer]
        if len(shell) < 4:
            continue
        holes = [
            [(node.x / _PER_DEGREE, node.y / _PER_DEGREE) for node in inner]
            for inner in area.inner_rings(outer)
        ]
        polygons.append(shapely.Polygon(shell, holes))
        entrances += [
            (node.x / _PER_DEGREE, node.y / _PER_DEGREE) for node in outer if node.ref in doors
        ]
    if not polygons:
        return None
    tags = area.tags
    kind = "way" if area.from_way() else "relation"
    shape = polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)
    return (
        f"{kind}/{area.orig_id()}",
        tags.get("building"),
        tags.get("name", ""),
        _levels(tags.get("building:levels")),
        any(tags.get(key) not in {None, "no"} for key in _OTHER_USE),
        shapely.MultiPoint(sorted(set(entrances))) if entrances else None,
        shape,
    )


def _levels(text: str | None) -> float:
    try:
        levels = float(text or "nan")
    except ValueError:
        return np.nan
    return levels if 0 < levels <= _MOST_LEVELS else np.nan
