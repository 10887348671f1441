"""What a pedestrian may walk along, decided by an OpenStreetMap way's tags.

`PEDESTRIAN` is read from top to bottom and the first rule that matches decides. `osmnx_walk` is
what OSMnx asks Overpass for when its network type is ``walk``, for comparison.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Tags = Mapping[str, str]

TAGS = (
    "highway", "name", "area", "access", "foot", "sidewalk", "sidewalk:both", "sidewalk:left",
    "sidewalk:right", "service", "motorroad", "bridge", "tunnel", "layer", "level", "oneway:foot",
    "conveying", "incline", "step_count", "ramp", "ramp:wheelchair", "wheelchair", "handrail",
    "surface", "indoor", "covered",
)  # fmt: skip
"""The tags that a walking network keeps of a way."""

_NOT_BUILT = {"abandoned", "construction", "proposed", "planned", "razed", "no", "platform"}
_NOT_FOR_WALKING = {"bus_guideway", "busway", "raceway", "rest_area", "services", "escape"}
_PATHS = {"footway", "path", "pedestrian", "steps", "corridor", "elevator", "living_street",
          "bridleway"}  # fmt: skip
_MINOR_ROADS = {"residential", "service", "unclassified", "track", "road"}
_MAJOR_ROADS = {"primary", "secondary", "tertiary"}
_RAMPS = {"primary_link", "secondary_link", "tertiary_link"}
_EXPRESSWAYS = {"trunk", "trunk_link"}
_MOTORWAYS = {"motorway", "motorway_link"}
_SIDE = {"yes", "both", "left", "right"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: what it is called, whether it lets people walk, when, and why."""

    name: str
    walkable: bool
    matches: Callable[[Tags], bool]
    why: str


def _is(key: str, *values: str) -> Callable[[Tags], bool]:
    accepted = frozenset(values)
    return lambda tags: tags.get(key) in accepted


def _has_sidewalk(tags: Tags) -> bool:
    return (
        tags.get("sidewalk") in _SIDE
        or tags.get("sidewalk:both") == "yes"
        or "yes" in (tags.get("sidewalk:left"), tags.get("sidewalk:right"))
    )


def _sidewalk_is_apart(tags: Tags) -> bool:
    both = (tags.get("sidewalk:left"), tags.get("sidewalk:right"))
    return (
        "separate" in (tags.get("sidewalk"), tags.get("sidewalk:both"))
        or both == ("separate", "separate")
    )  # fmt: skip


def _off_the_ground(tags: Tags) -> bool:
    return (
        tags.get("bridge", "no") != "no"
        or tags.get("tunnel", "no") != "no"
        or tags.get("layer", "0") != "0"
    )


def _in_tunnel(tags: Tags) -> bool:
    return tags.get("tunnel", "no") not in {"no", "building_passage"}


def _highway_in(*classes: str) -> Callable[[Tags], bool]:
    return _is("highway", *classes)


PEDESTRIAN: tuple[Rule, ...] = (
    Rule("not built", False, _highway_in(*_NOT_BUILT), "Not there, or not a way."),
    Rule("not for walking", False, _highway_in(*_NOT_FOR_WALKING), "Closed to people on foot."),
    Rule("area", False, _is("area", "yes"), "An outline; its rim is not a street."),
    Rule("foot=no", False, _is("foot", "no", "private", "use_sidepath"), "Signed so."),
    Rule("foot=yes", True, _is("foot", "yes", "designated", "permissive", "destination",
                               "customers", "official"), "Signed so."),
    Rule("motorway", False, _highway_in(*_MOTORWAYS), "Forbidden to walk by law."),
    Rule("motorroad", False, _is("motorroad", "yes"), "Forbidden to walk by law."),
    Rule("access=no", False, _is("access", "no", "private", "military"), "Closed to the public."),
    Rule("path", True, _highway_in(*_PATHS), "Made for walking."),
    Rule("sidewalk apart", False, _sidewalk_is_apart, "The sidewalk is a way of its own."),
    Rule("sidewalk", True, lambda t: t.get("highway") in {*_EXPRESSWAYS, *_RAMPS, *_MAJOR_ROADS,
                                                           *_MINOR_ROADS} and _has_sidewalk(t),
         "Has a sidewalk."),
    Rule("expressway", False, _highway_in(*_EXPRESSWAYS),
         "Urban expressway (快速路) or its ramp, with no sidewalk in its tags."),
    Rule("road tunnel", False, lambda t: t.get("highway") in {*_MAJOR_ROADS, *_RAMPS}
         and _in_tunnel(t), "A road tunnel with no sidewalk in its tags."),
    Rule("flyover ramp", False, lambda t: t.get("highway") in _RAMPS and _off_the_ground(t),
         "A ramp off the ground with no sidewalk in its tags."),
    Rule("road", True, _highway_in(*_MAJOR_ROADS, *_RAMPS, *_MINOR_ROADS),
         "City streets have sidewalks unless told otherwise."),
    Rule("not a known way", False, lambda _: True, "A class that says nothing of walking."),
)  # fmt: skip

_OSMNX_HIGHWAY = re.compile(
    "abandoned|bus_guideway|construction|cycleway|motor|no|planned|platform|proposed|raceway"
    "|razed|rest_area|services"
)
"""Overpass regular expressions match anywhere in the value; so does `search` here."""


def osmnx_walk(tags: Tags) -> bool:
    """Say whether OSMnx's own walk query would return a way with these tags (OSMnx 2.1)."""
    refused = {"area": "yes", "access": "private", "foot": "no", "service": "private"} | dict.fromkeys(
        ("sidewalk", "sidewalk:both", "sidewalk:left", "sidewalk:right"), "separate"
    )
    return not _OSMNX_HIGHWAY.search(tags["highway"]) and not any(
        value in tags.get(key, "") for key, value in refused.items()
    )


def decide(tags: Tags) -> Rule:
    """Return the rule of `PEDESTRIAN` that decides about a way with these tags."""
    return next(rule for rule in PEDESTRIAN if rule.matches(tags))
