"""Everything that the page of a difference knows, in one compressed block.

The ground (water, buildings, ways, names of places) is that of a run's own map, read back.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..inputs.finished_run import KEYS, FinishedRun
from ..run_changes import COUNTS, Changes
from ..street_changes import KM, SIDES
from ..study_parts import TIER_NAMES_ZH, TIERS
from .map_words import TIER_GLYPHS, TIER_NAMES_EN, plain
from .packing import Section, pack, unpack
from .payload import VERSION
from .payload_ground import SHAPE_TOLERANCE_M, degrees_bounds
from .payload_links import STREET_TOLERANCE_M
from .payload_shapes import lines_of, morton_order, narrowed, places_of, polygons_of, world
from .payload_words import SOURCES, listed, name, notices, number

_SHORTEST_M = 0.5
"""Stretches of street below this are counted and not drawn."""
_FOLDERS = re.compile(r"^(?:[A-Za-z]:)?[/\\].*[/\\]")
"""Of a file: a page that is mailed tells nothing of the machine that made it."""
_CHINESE = re.compile(r"^(?P<en>.*\.) (?P<zh>[\u3400-\u9fff].*)$", re.DOTALL)
_KEY_NAMES = {
    "any": ("任一层级", "facility of any tier"),
    "all": ("三级齐全", "full circle of all tiers"),
}

_COPIED = ("water", "waterline", "way", "boundary", "building")


@dataclass(frozen=True, slots=True)
class Ground:
    """What lies beneath, as a run's own map has it: its words and its arrays."""

    meta: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]


def ground_of(found: Changes) -> Ground | None:
    """Return the ground of the later run's map, of the earlier one's without; None without both."""
    for run in (found.after, found.before):
        block = run.map_block()
        if block is not None:
            meta, arrays = unpack(block)
            if meta.get("version") == VERSION:
                return Ground(meta, arrays)
    return None


def difference_payload(found: Changes) -> bytes:
    """Return the block of the page of a difference."""
    return pack(*difference_content(found, ground_of(found)))


def difference_content(
    found: Changes, ground: Ground | None
) -> tuple[dict[str, Any], list[Section]]:
    """Return the words and the numbers that `difference_payload` packs."""
    crs = str(found.streets.crs)
    names, strips = _strips(found.streets, crs)
    shapes = _area_shapes(found)
    area_names = list(shapes)
    sections = [
        *strips,
        *([] if found.homes is None else _homes(found.homes, crs)),
        *_facilities(found.facilities, crs),
        *polygons_of(
            "area", np.array(list(shapes.values()), dtype=object), crs, SHAPE_TOLERANCE_M,
            grouped=True,
        ),
        *([] if ground is None else _ground(ground)),
    ]  # fmt: skip
    bounds = (
        ground.meta["bounds"] if ground is not None
        else degrees_bounds(shapely.box(*found.streets.total_bounds), crs)
    )  # fmt: skip
    meta = {
        "version": VERSION,
        "title": difference_title(found),
        "sides": sides(found),
        "attribution": list(SOURCES),
        "tianditu": "" if ground is None else ground.meta["tianditu"],
        "kinds": [] if ground is None else ground.meta["kinds"],
        "places": [] if ground is None else ground.meta["places"],
        "bounds": bounds,
        "tiers": [_key(key, found.after) for key in KEYS],
        "whole": {
            "figures": [_figures(row) for _, row in found.table.iterrows()],
            "elderly": _totals(found),
        },
        "areas": [name(area) for area in area_names],
        "areaFigures": _area_figures(found, area_names),
        "facilities": [
            {"id": name(row["id"]), "name": name(row["name"]), "status": row["change"]}
            for _, row in found.facilities.iterrows()
        ],
        "streetNames": names,
        "warnings": [_two_languages(warning) for warning in found.warnings],
        "settings": [
            {column: _FOLDERS.sub("", plain(row[column])) for column in ("what", "before", "after")}
            for _, row in found.settings.iterrows()
        ],
    }
    return meta, [section for section in sections if len(section.array)]


def difference_title(found: Changes) -> str:
    """Return the title of the page: of the study, or of both where they differ."""
    titles = list(dict.fromkeys(map(_title, (found.before, found.after))))
    return " → ".join(titles) if len(titles) > 1 else f"{titles[0]}: {' → '.join(sides(found))}"


def sides(found: Changes) -> list[str]:
    """Return what each run is called: its folder, with the study where they differ."""
    runs = found.before, found.after
    folders = [plain(run.folder.resolve().name) for run in runs]
    if folders[0] == folders[1]:
        folders = [plain(str(run.folder)) for run in runs]
    walkers = [plain(run.summary["walker"]) for run in runs]
    if walkers[0] != walkers[1]:
        return [f"{folder} ({walker})" for folder, walker in zip(folders, walkers, strict=True)]
    return folders


def difference_notices(found: Changes) -> list[str]:
    """Return what must be shown beside every figure, of either run, each once."""
    lines = [line for run in (found.before, found.after) for line in run.summary.get("notices", [])]
    return notices(dict.fromkeys(lines))


def _title(run: FinishedRun) -> str:
    study = run.manifest["study"]
    return name(study.get("title")) or name(study.get("name"))


def _key(key: str, run: FinishedRun) -> dict[str, Any]:
    if key in _KEY_NAMES:
        zh, en = _KEY_NAMES[key]
        return {"id": key, "zh": zh, "en": en, "glyph": "", "of": None}
    return {
        "id": key, "zh": TIER_NAMES_ZH[key], "en": TIER_NAMES_EN[key], "glyph": TIER_GLYPHS[key],
        "of": TIERS.index(key), "minutes": run.summary["threshold_min"][key],
    }  # fmt: skip


def _figures(row: pd.Series) -> dict[str, Any]:
    people = None
    if not np.isnan(row["gained"]):
        people = {what: number(row[what], 3) for what in ("before", "after", *COUNTS)}
    km = {
        what: number(row[f"km_{what}"], 4) for what in ("before", "after", *KM, "both", "neither")
    }
    return {"people": people, "km": km}


def _totals(found: Changes) -> list[float | None]:
    homes = found.homes
    if homes is None:
        return [None, None]
    return [number(homes[f"elderly_{side}"].sum(), 3) for side in SIDES]


def _area_shapes(found: Changes) -> dict[str, shapely.Geometry]:
    """Return the areas of `Changes.areas` that have a shape."""
    for run in (found.before, found.after):
        if run.areas is not None:
            shapes = run.areas.to_crs(found.streets.crs)
            drawn = shapes[~shapes.geometry.is_empty]
            return dict(zip(drawn["area"].astype(str), drawn.geometry, strict=True))
    return {}


def _area_figures(found: Changes, names: list[str]) -> list[dict[str, Any]]:
    if found.areas is None:
        return []
    by_area = dict(iter(found.areas.groupby("area", sort=False)))
    return [
        {
            "figures": [_figures(row) for _, row in by_area[area].iterrows()],
            "elderly": [number(by_area[area][f"elderly_{side}"].iloc[0], 3) for side in SIDES],
        }
        for area in names
    ]


def _bits(frame: pd.DataFrame) -> NDArray[np.uint8]:
    """Return eight bits each: covered before by each tier, covered after, there before, after."""
    bits = np.zeros(len(frame), dtype=np.uint8)
    columns = [f"{side}_{tier}" for side in SIDES for tier in TIERS]
    for place, column in enumerate([*columns, "in_before", "in_after"]):
        bits |= np.where(frame[column].to_numpy(bool), 1 << place, 0).astype(np.uint8)
    return bits


def _strips(streets: gpd.GeoDataFrame, crs: str) -> tuple[list[str], list[Section]]:
    length = streets[["length_m_before", "length_m_after"]].max(axis=1).to_numpy(float)
    drawn = (length >= _SHORTEST_M) & (shapely.length(streets.geometry.to_numpy()) > 0)
    streets, length = streets[drawn], length[drawn]
    if not len(streets):
        return [], []
    lines = streets.geometry.to_numpy()
    first = shapely.get_coordinates(shapely.get_point(lines, 0))
    order = morton_order(world(first, crs))
    names, label = listed(streets["name"].to_numpy(object)[order])
    return names, [
        *lines_of("strip", lines[order], crs, STREET_TOLERANCE_M),
        Section("strip.bits", _bits(streets)[order]),
        Section("strip.name", narrowed(label, ("u1", "u2", "u4"))),
        Section("strip.m", length[order].astype("f4")),
    ]


def _homes(homes: gpd.GeoDataFrame, crs: str) -> list[Section]:
    places = world(shapely.get_coordinates(homes.geometry.to_numpy()), crs)
    order = morton_order(places)
    return [
        *places_of("home", places[order]),
        Section("home.bits", _bits(homes)[order]),
        Section("home.old", homes["elderly_before"].to_numpy("f4")[order]),
        Section("home.new", homes["elderly_after"].to_numpy("f4")[order]),
    ]


def _facilities(facilities: gpd.GeoDataFrame, crs: str) -> list[Section]:
    places = world(shapely.get_coordinates(facilities.geometry.to_numpy()), crs)
    tier = facilities["tier"].map(TIERS.index).to_numpy("u1")
    return [*places_of("facility", places), Section("facility.tier", tier)]


def _ground(ground: Ground) -> list[Section]:
    """Return the ground's sections; homes have become buildings, for they stand there as well."""
    arrays = dict(ground.arrays)
    parts = ("x", "y", "rings", "vx", "vy")
    if "home.x" in arrays:
        none = np.zeros(0, dtype=np.int64)
        home, other = (
            {part: arrays.get(f"{of}.{part}", none) for part in parts}
            for of in ("home", "building")
        )
        for each in (home, other):
            if not len(each["rings"]):
                each["rings"] = np.zeros(len(each["x"]), dtype=np.int64)
        for part in parts:
            both = np.concatenate([other[part], home[part]])
            arrays[f"building.{part}"] = narrowed(
                both, ("u2", "u4") if part == "rings" else ("i2", "i4")
            )
    return [
        Section(key, array, delta=key.endswith((".x", ".y")) and array.dtype.kind != "f")
        for key, array in arrays.items()
        if key.split(".")[0] in _COPIED
    ]


def _two_languages(text: str) -> dict[str, str]:
    """Return a warning in both languages: it ends with what it says in Chinese."""
    found = _CHINESE.match(text)
    return {"zh": text, "en": text} if found is None else found.groupdict()
