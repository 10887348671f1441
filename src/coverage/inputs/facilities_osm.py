"""Care facilities from OpenStreetMap's tags.

What the wiki documents as care for the old (pages ``amenity=social_facility``,
``social_facility:for=senior``, ``social_facility=nursing_home``, ``amenity=nursing_home``) is
taken. No value of ``healthcare`` is: the documented ones are medical (clinic, hospice, nurse …).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely

from ..errors import Findings, InputError, Problem
from ..service_kinds import ServiceName, joined_services
from ..study_parts import TierName
from .facility_tiers import is_unambiguous, tier_by_rules
from .osm_file import readable_osm

TAGS: Mapping[str, tuple[str, ...]] = {
    "amenity": ("social_facility", "nursing_home"),
    "social_facility": ("nursing_home", "assisted_living", "group_home", "day_care"),
}
"""What is asked for; `is_elder_care` then decides."""
_WANTED = osmium.filter.TagFilter(
    *((key, value) for key, values in TAGS.items() for value in values)
)

DEFAULT_TIERS: Mapping[str, TierName] = {
    "day_care": "community",
    "assisted_living": "street",
    "group_home": "street",
    "nursing_home": "district",
}
"""Tier of a kind whose name tells nothing: day care is what a station gives; places to live with
some help are the beds of a street's centre; nursing around the clock is the district's. Any other
kind (outreach, a meal, unsaid) counts as a community's."""

TAGGED_SERVICES: tuple[tuple[str, str, ServiceName], ...] = (
    ("social_facility", "day_care", "day_care"),
    ("social_facility", "nursing_home", "nursing"),
    ("amenity", "nursing_home", "nursing"),
    ("social_facility", "soup_kitchen", "dining"),
    ("healthcare", "rehabilitation", "rehab"),
)
"""What a tag says of the services; no other tag says one clearly."""

SAME_PLACE_M = 100.0
"""A mapped facility this near to a listed one of its tier is taken for the same, metres: an
address is often found at the gate of a compound, a map shows the building."""
_SHOWN_MAX = 20

_KINDS_FOR_ANYBODY = frozenset(DEFAULT_TIERS)
_FOR_THE_OLD = {"senior", "seniors", "elderly"}
_FOR_OTHERS = ("儿童", "孤儿", "救助", "精神", "戒毒")
"""Words in the names of homes that do not say for whom they are, and are not for the old."""
_GONE = ("disused", "abandoned", "demolished")

Tags = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """One object: its id such as ``node/123``, its tags, and its shape in EPSG:4326."""

    id: str
    tags: Tags
    shape: shapely.Geometry


def is_elder_care(tags: Tags) -> bool:
    """Say whether tags describe a place of care that takes the old.

    ``social_facility:for`` names the old, or the kind is one of those that usually do and nobody
    is named (then a name that speaks of children, rescue and the like rules it out).
    """
    if any(tags.get(key, "no") != "no" for key in _GONE):
        return False
    kind = _kind(tags)
    if tags.get("amenity") not in TAGS["amenity"] and kind not in _KINDS_FOR_ANYBODY:
        return False
    for_whom = {part.strip() for part in tags.get("social_facility:for", "").split(";")} - {""}
    if for_whom:
        return bool(for_whom & _FOR_THE_OLD)
    return kind in _KINDS_FOR_ANYBODY and not any(word in _name(tags) for word in _FOR_OTHERS)


def facilities_of_file(path: Path, area: shapely.Geometry) -> gpd.GeoDataFrame:
    """Read care facilities from an ``.osm`` or ``.osm.pbf`` file.

    Parameters
    ----------
    path
        The file: nodes, closed ways and multipolygons count.
    area
        EPSG:4326; what lies outside is left out.

    Returns
    -------
    facilities
        As `facilities_of` returns them.

    Raises
    ------
    InputError
        When the file cannot be read.
    """
    return facilities_of(objects_of_file(path, _WANTED, purpose="facilities"), area)


def facilities_of_features(features: gpd.GeoDataFrame, area: shapely.Geometry) -> gpd.GeoDataFrame:
    """Take care facilities from features as OSMnx returns them; see `facilities_of`.

    Parameters
    ----------
    features
        EPSG:4326; the index is (element, id), the columns are tags.
    area
        EPSG:4326; what lies outside is left out.
    """
    tags = features.drop(columns="geometry")
    found = (
        Found(
            f"{element}/{number}",
            {key: str(value) for key, value in row.items() if isinstance(value, str)},
            shape,
        )
        for (element, number), row, shape in zip(
            features.index, tags.to_dict("records"), features.geometry, strict=True
        )
    )
    return facilities_of(found, area)


def facilities_of(found: Iterable[Found], area: shapely.Geometry) -> gpd.GeoDataFrame:
    """Return those objects that are care for the old as facilities, by id.

    Returns
    -------
    facilities
        As `read_facilities` returns them. The tier comes from the name by `TIER_RULES`, else from
        `DEFAULT_TIERS`; ``tier_guessed`` is False only where all rules that match agree. A place
        without a name is called by its id. A shape becomes its centroid, or a point inside where
        the centroid is not.
    """
    shapely.prepare(area)
    rows = [
        {"id": one.id, **_facility(one), "geometry": place}
        for one in found
        if is_elder_care(one.tags) and area.intersects(place := place_of(one.shape))
    ]
    columns = ["id", "name", "tier", "tier_guessed", "capacity", "address", "services",
               "geometry"]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns).astype({"tier_guessed": bool, "capacity": float})
    return gpd.GeoDataFrame(frame.set_index("id").sort_index(), crs="EPSG:4326")


def no_facilities() -> gpd.GeoDataFrame:
    """Return a table of facilities without any."""
    return facilities_of((), shapely.Point())


def with_mapped(
    listed: gpd.GeoDataFrame, mapped: gpd.GeoDataFrame, *, findings: Findings
) -> gpd.GeoDataFrame:
    """Add the facilities of OpenStreetMap to those of the list.

    Parameters
    ----------
    listed, mapped
        In one projected coordinate system, metres.
    findings
        Takes a warning that names what was added with a guessed tier, and what was left out.

    Returns
    -------
    facilities
        The listed ones, then the mapped ones, but for those within `SAME_PLACE_M` of a listed one
        of the same tier: these are taken for the same.

    Raises
    ------
    InputError
        When there is none at all.
    """
    if len(listed) == 0 and len(mapped) == 0:
        raise InputError(
            Problem("OpenStreetMap", "facilities: has none in the study area or near it.",
                    "Name a list with file = \"…\" under [facilities].")
        )  # fmt: skip
    twice = [
        bool((listed.geometry[listed["tier"] == tier].distance(place) <= SAME_PLACE_M).any())
        for tier, place in zip(mapped["tier"], mapped.geometry, strict=True)
    ]
    again, added = mapped[twice], mapped[np.logical_not(twice)]
    if len(again):
        findings.warn(
            "OpenStreetMap",
            f"{len(again)} facilities lie within {SAME_PLACE_M:g} m of a listed one of their tier "
            f"and are taken for the same: {_shown(again)}",
        )
    if (guessed := added[added["tier_guessed"]]).size:
        findings.warn(
            "OpenStreetMap",
            f"the tier of {len(guessed)} facilities is guessed from their names and tags: "
            f"{_shown(guessed)}",
        )
    if len(added) == 0:
        return listed
    return added if len(listed) == 0 else pd.concat([listed, added])


def _shown(facilities: gpd.GeoDataFrame) -> str:
    named = facilities.index + " " + facilities["name"] + " (" + facilities["tier"] + ")"
    return ", ".join(named[:_SHOWN_MAX]) + (" …" if len(named) > _SHOWN_MAX else "")


def _facility(one: Found) -> dict[str, object]:
    name = _name(one.tags)
    tier = tier_by_rules(name)
    capacity = one.tags.get("capacity", one.tags.get("beds", "")).strip()
    street, number = one.tags.get("addr:street", ""), one.tags.get("addr:housenumber", "")
    return {
        "name": name or one.id,
        "tier": tier or DEFAULT_TIERS.get(_kind(one.tags), "community"),
        "tier_guessed": not is_unambiguous(name),
        "capacity": float(capacity) if capacity.isdecimal() else np.nan,
        "address": one.tags.get("addr:full", f"{street}{number}"),
        "services": joined_services(
            service
            for key, value, service in TAGGED_SERVICES
            if value in map(str.strip, one.tags.get(key, "").split(";"))
        ),
    }


def _kind(tags: Tags) -> str:
    # The older scheme has the kind in the amenity itself.
    older = "nursing_home" if tags.get("amenity") == "nursing_home" else ""
    return tags.get("social_facility", older)


def _name(tags: Tags) -> str:
    return next((tags[key] for key in ("name", "name:zh", "official_name") if key in tags), "")


def place_of(shape: shapely.Geometry) -> shapely.Point:
    """Return the centroid of a shape, or a point inside where the centroid is not."""
    center = shape.centroid
    return center if shape.intersects(center) else shape.point_on_surface()


def objects_of_file(path: Path, *wanted: Any, purpose: str) -> Iterator[Found]:
    """Yield the nodes and areas of a file that pass one of osmium's filters.

    Raises
    ------
    InputError
        When the file cannot be read; it names the purpose.
    """
    with readable_osm(path, purpose=purpose) as ordered:
        for each in wanted:
            yield from _objects(ordered, each)


def _objects(path: Path, wanted: Any) -> Iterator[Found]:
    nodes: Iterator[Any] = iter(
        osmium.FileProcessor(str(path), osmium.osm.NODE).with_filter(wanted)
    )
    for node in nodes:
        place = node.location
        yield Found(f"node/{node.id}", dict(node.tags), shapely.Point(place.lon, place.lat))
    areas: Iterator[Any] = iter(
        osmium.FileProcessor(str(path))
        .with_areas(wanted)
        .with_filter(osmium.filter.EntityFilter(osmium.osm.AREA))
        .with_filter(wanted)
    )
    for area in areas:
        rings = [[(node.lon, node.lat) for node in ring] for ring in area.outer_rings()]
        kind = "way" if area.from_way() else "relation"
        yield Found(
            f"{kind}/{area.orig_id()}",
            dict(area.tags),
            shapely.union_all([shapely.Polygon(ring) for ring in rings]),
        )
