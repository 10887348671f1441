"""Everything that the map's page knows, in one compressed block.

The page draws, searches and finds ways by itself and so needs the network, not pictures of it.
Every figure that it shows as a result is the engine's, from ``curve.km`` and ``curve.elderly``.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..assessment import pieces_inside
from ..choices import Choices
from ..findings import Findings
from ..study_parts import SLIDER_MIN, TIERS
from . import payload_words as words
from .colours import BEYOND, GAP, UNREACHABLE, band_colour
from .packing import Section, pack
from .payload_ground import (
    SHAPE_TOLERANCE_M,
    building_sections,
    degrees_bounds,
    places,
    water_sections,
    way_sections,
)
from .payload_homes import home_sections
from .payload_links import Links, link_sections, links_of, node_sections, place_sections
from .payload_minutes import minute_codes, minutes_of, quantum, times_of
from .payload_shapes import polygons_of, world

VERSION = 1
"""Of the block's content; the page refuses another."""

_BAND_MIN = 5
_EXACT = 2.0**20
"""Figures are kept to a millionth: of a person, or to a millimetre of a kilometre of street."""


def payload_of(result: Findings, *, tianditu: str = "") -> bytes:
    """Return the block of the map.

    Parameters
    ----------
    result
        What the analysis found, with its choices.
    tianditu
        Key for the tiles of 天地图, empty for none.

    Raises
    ------
    ValueError
        When the findings were made without choices.
    """
    return pack(*content_of(result, tianditu=tianditu))


def content_of(
    result: Findings, *, tianditu: str = ""
) -> tuple[dict[str, Any], list[Section | list[Section]]]:
    """Return the words and the numbers that `payload_of` packs."""
    choices = result.choices
    if choices is None:
        raise ValueError("the map needs the choices, and these findings have none")
    network, inputs, people = result.network, result.inputs, result.people
    links = links_of(network, choices.chains)
    per_minute = quantum(choices.minutes)
    street_names, name = words.listed(network.ways["name"].to_numpy(object))
    tags, every_tag = words.tags_of(network.ways), words.tags_of(inputs.streets.ways)
    kinds = words.kinds([*tags, *every_tag])
    place = {kind["tag"]: number for number, kind in enumerate(kinds)}
    kind, every_kind = (
        np.array([place[tag] for tag in some], dtype=np.int64) for some in (tags, every_tag)
    )
    inside = pieces_inside(network, inputs.boundary).edge
    along = minute_codes(choices.street_min[..., links.chain], choices.minutes, per_minute)
    sections: list[Section | list[Section]] = [
        *node_sections(network, links),
        *link_sections(network, links, name=name, kind=kind, inside=inside),
        *times_of(links.both_ways(choices.chain_seconds), choices.walkers, metres="link.m"),
        *minutes_of("min.street", along, choices.walkers),
    ]
    home_names: list[str] = []
    home_ids: list[str] = []
    if people is not None:
        homes, home_names = home_sections(result, people, choices, links, per_minute)
        home_ids = people.homes["osm_id"].tolist()
        sections += homes
    extent = (*network.xy.min(axis=0), *network.xy.max(axis=0))
    sections += [
        *_facilities(result, choices, links),
        *building_sections(inputs, home_ids, extent),
        *way_sections(inputs.streets, every_kind, inputs.crs),
        *water_sections(inputs),
        *_areas(result, choices),
        *([] if result.gaps.empty else _polygons("gap", result.gaps.geometry.to_numpy(), result)),
        *polygons_of(
            "boundary", np.array([inputs.boundary]), inputs.crs, SHAPE_TOLERANCE_M, grouped=False
        ),
        *_curves(choices),
    ]
    about = _about(result, choices, per_minute)
    about |= {
        "streetNames": street_names,
        "homeNames": home_names,
        "kinds": kinds,
        "tianditu": tianditu,
    }
    # Absent rather than empty: without proposals the block is what it always was.
    if result.next is not None:
        about["proposals"] = words.proposals(result.next, result.study)
    if result.visits is not None:
        about["visits"] = words.visits(result.study)
    return about, [section for section in sections if not _is_empty(section)]


def _about(result: Findings, choices: Choices, per_minute: int) -> dict[str, Any]:
    """Return what the page says in words, lists of names apart."""
    study, people = result.study, result.people
    homes_limit_m = study.population.snap_limit_m if study.population else None
    return {
        "version": VERSION,
        "title": words.name(study.title) or words.name(study.name),
        "study": words.name(study.name),
        "notices": words.notices(study.notices),
        "warnings": words.warnings(result.summary["warnings"]),
        "assumed": None if people is None else words.assumed(people.demand.assumed),
        "attribution": list(words.SOURCES),
        "walkers": words.walkers(choices.walkers),
        "directions": list(choices.directions),
        "tiers": words.tiers(study),
        "minutes": list(choices.minutes),
        "quantum": per_minute,
        "own": {"walker": 0, "direction": choices.directions.index(study.direction), "tier": 0},
        "hasPeople": people is not None,
        "totals": _totals(result, choices),
        "areas": [words.name(area) for area in choices.area_names],
        "bounds": degrees_bounds(result.inputs.boundary, result.inputs.crs),
        "causes": words.causes(),
        "facilities": words.facilities(result.facilities),
        "gaps": words.gaps(result.gaps),
        "places": places(result.inputs),
        "snapLimit": study.facilities.snap_limit_m,
        "limits": {"facilitySnap": study.facilities.snap_limit_m, "homeSnap": homes_limit_m},
        "colours": {
            "bands": [[end, band_colour(end)] for end in _band_ends(choices)],
            "gap": GAP,
            "beyond": BEYOND,
            "unreachable": UNREACHABLE,
        },
    }


def _band_ends(choices: Choices) -> list[float]:
    """Return where bands end: every five minutes, and at the promises."""
    every_five = range(_BAND_MIN, max(SLIDER_MIN) + 1, _BAND_MIN)
    promised = [minutes for minutes in choices.minutes if minutes > max(SLIDER_MIN)]
    return [*map(float, every_five), *promised]


def _totals(result: Findings, choices: Choices) -> dict[str, Any]:
    """Return kilometres of street and elderly people of the study area and of each area."""
    whole = result.summary["street_km"]
    names = list(choices.area_names)
    by_area = [] if result.areas is None else result.areas["street_km"].reindex(names).tolist()
    totals: dict[str, Any] = {
        "km": [words.number(km) for km in (whole, *by_area)], "elderly": None, "population": None,
    }  # fmt: skip
    if (people := result.people) is not None:
        of_areas: list[float] = []
        if people.areas is not None:
            of_areas = people.areas["elderly"].reindex(names, fill_value=0.0).tolist()
        totals["elderly"] = [words.number(n) for n in (people.figures["elderly"], *of_areas)]
        totals["population"] = words.number(people.figures["population"])
    return totals


def _facilities(result: Findings, choices: Choices, links: Links) -> Iterator[Section]:
    frame = result.facilities
    units = world(shapely.get_coordinates(frame.geometry.to_numpy()), result.network.crs)
    yield Section("facility.x", units[:, 0].astype("i4"))
    yield Section("facility.y", units[:, 1].astype("i4"))
    yield Section("facility.tier", frame["tier"].map(TIERS.index).to_numpy("u1"))
    yield from place_sections("facility", choices.facility_places, result.network, links)


def _areas(result: Findings, choices: Choices) -> list[Section]:
    """Return the areas; what lies in none of them has no shape."""
    if result.inputs.areas is None:
        return []
    shapes = result.inputs.areas.geometry.reindex(list(choices.area_names))
    return _polygons("area", shapes.fillna(shapely.Polygon()).to_numpy(), result)


def _polygons(name: str, shapes: NDArray[np.object_], result: Findings) -> list[Section]:
    return polygons_of(name, shapes, result.network.crs, SHAPE_TOLERANCE_M, grouped=True)


def _curves(choices: Choices) -> Iterator[Section]:
    for name, figures in (("km", choices.street_km), ("elderly", choices.elderly)):
        if figures is not None:
            yield Section(f"curve.{name}", np.round(figures.ravel() * _EXACT) / _EXACT)


def _is_empty(section: Section | Sequence[Section]) -> bool:
    return len((section if isinstance(section, Section) else section[0]).array) == 0
