"""What may be walked, and by whom, decided by an OpenStreetMap way's tags.

`PEDESTRIAN` is read from top to bottom and the first rule that matches decides. `osmnx_walk` is
what OSMnx asks Overpass for when its network type is ``walk``, for comparison.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..streets import EVERYONE, NOBODY, ON_FOOT
from ..tags import OPEN_TUNNELS

Tags = Mapping[str, str]

TAGS = (
    "highway", "name", "area", "access", "foot", "sidewalk", "sidewalk:both", "sidewalk:left",
    "sidewalk:right", "service", "motorroad", "bridge", "tunnel", "layer", "level", "oneway:foot",
    "conveying", "incline", "step_count", "ramp", "ramp:wheelchair", "wheelchair", "handrail",
    "surface", "indoor", "covered", "construction", "oneway", "route", "aerialway", "duration",
)  # fmt: skip
"""The tags that a walking network keeps of a way."""

_NOT_BUILT = {"abandoned", "construction", "proposed", "planned", "razed", "no"}
_NOT_FOR_WALKING = {"bus_guideway", "busway", "raceway", "rest_area", "services", "escape",
                    "platform", "emergency_bay"}  # fmt: skip
_PATHS = {"footway", "path", "pedestrian", "corridor", "elevator", "living_street", "bridleway"}
_MINOR_ROADS = {"residential", "service", "unclassified", "track", "road"}
_MAJOR_ROADS = {"primary", "secondary", "tertiary"}
_RAMPS = {"primary_link", "secondary_link", "tertiary_link"}
_EXPRESSWAYS = {"trunk", "trunk_link"}
_MOTORWAYS = {"motorway", "motorway_link"}
_WITH_SIDEWALK = {*_EXPRESSWAYS, *_RAMPS, *_MAJOR_ROADS, *_MINOR_ROADS}
_CLOSED = ("no", "private", "military")
_OPEN_ON_FOOT = ("yes", "designated", "permissive", "destination", "customers", "official")
LIFT_CLOSED = _CLOSED
"""Values of ``access`` with which a lift serves nobody."""
_SIDE = {"yes", "both", "left", "right"}
_FERRY, _CABLE_CAR = {"ferry"}, {"cable_car", "gondola", "mixed_lift"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: its name, who may walk, when it applies, and why."""

    name: str
    who: str
    matches: Callable[[Tags], bool]
    why: str


def _is(key: str, *values: str) -> Callable[[Tags], bool]:
    accepted = frozenset(values)
    return lambda tags: tags.get(key) in accepted


def _highway(*classes: str) -> Callable[[Tags], bool]:
    return _is("highway", *classes)


def _both(one: Callable[[Tags], bool], other: Callable[[Tags], bool]) -> Callable[[Tags], bool]:
    return lambda tags: one(tags) and other(tags)


def _has_sidewalk(tags: Tags) -> bool:
    sides = (tags.get("sidewalk:both"), tags.get("sidewalk:left"), tags.get("sidewalk:right"))
    return tags.get("sidewalk") in _SIDE or "yes" in sides


def _says_no_sidewalk(tags: Tags) -> bool:
    return (tags.get("sidewalk") or tags.get("sidewalk:both")) in {"no", "none"}


def _sidewalk_is_apart(tags: Tags) -> bool:
    sides = (tags.get("sidewalk:left"), tags.get("sidewalk:right"))
    whole = (tags.get("sidewalk"), tags.get("sidewalk:both"))
    return "separate" in whole or sides == ("separate", "separate")


def _in_tunnel(tags: Tags) -> bool:
    return tags.get("tunnel", "no") not in OPEN_TUNNELS


def _off_the_ground(tags: Tags) -> bool:
    raised = tags.get("bridge", "no") != "no" or tags.get("layer", "0").lstrip("+-") != "0"
    return raised or _in_tunnel(tags)


def _no_highway(tags: Tags) -> bool:
    return "highway" not in tags


PEDESTRIAN: tuple[Rule, ...] = (
    Rule("not built", NOBODY, _highway(*_NOT_BUILT), "Not there yet, or no more."),
    Rule("not built", NOBODY, lambda t: t.get("construction") == "yes"
         or t.get("access") == "construction", "Closed while it is built."),
    Rule("foot=no", NOBODY, _is("foot", "no", "private", "use_sidepath"), "Signed so."),
    Rule("ride closed", NOBODY, _both(_no_highway, _is("access", *_CLOSED)), "Not for the public."),
    Rule("ferry", ON_FOOT, _both(_no_highway, _is("route", *_FERRY)),
         "A ride; only where the study turns ferries on."),
    Rule("cable car", ON_FOOT, _both(_no_highway, _is("aerialway", *_CABLE_CAR)),
         "A ride; only where the study turns cable cars on."),
    Rule("no street", NOBODY, _no_highway, "Neither a street nor a ride."),
    Rule("stairs", ON_FOOT, _both(_highway("steps"), lambda t: t.get("access") not in _CLOSED
         or t.get("foot") in _OPEN_ON_FOOT), "Not in a wheelchair."),
    Rule("foot=yes", EVERYONE, _is("foot", *_OPEN_ON_FOOT), "Signed so."),
    Rule("not for walking", NOBODY, _highway(*_NOT_FOR_WALKING), "Closed to people on foot."),
    Rule("motorway", NOBODY, _highway(*_MOTORWAYS), "Forbidden to walk by law."),
    Rule("motorroad", NOBODY, _both(_highway(*_WITH_SIDEWALK), _is("motorroad", "yes")),
         "Forbidden to walk by law."),
    Rule("access=no", NOBODY, _is("access", *_CLOSED), "Closed to the public."),
    Rule("path", EVERYONE, _highway(*_PATHS), "Made for walking."),
    Rule("sidewalk apart", NOBODY, _sidewalk_is_apart, "The sidewalk is a way of its own."),
    Rule("sidewalk", EVERYONE, _both(_highway(*_WITH_SIDEWALK), _has_sidewalk), "Has a sidewalk."),
    Rule("no sidewalk", NOBODY, _both(_highway(*_MAJOR_ROADS, *_RAMPS), _says_no_sidewalk),
         "A major road that says it has none."),
    Rule("expressway", NOBODY, _highway(*_EXPRESSWAYS),
         "Urban expressway (快速路) or its ramp, with no sidewalk in its tags."),
    Rule("road tunnel", NOBODY, _both(_highway(*_MAJOR_ROADS, *_RAMPS), _in_tunnel),
         "A road tunnel with no sidewalk in its tags."),
    Rule("flyover ramp", NOBODY, _both(_highway(*_RAMPS), _off_the_ground),
         "A ramp off the ground with no sidewalk in its tags."),
    Rule("road", EVERYONE, _highway(*_MAJOR_ROADS, *_RAMPS, *_MINOR_ROADS),
         "City streets and bridges have sidewalks unless told otherwise."),
    Rule("not a known way", NOBODY, lambda _: True, "A class that says nothing of walking."),
)  # fmt: skip

_OSMNX_HIGHWAY = re.compile(
    "abandoned|bus_guideway|construction|cycleway|motor|no|planned|platform|proposed|raceway"
    "|razed|rest_area|services"
)
"""Overpass regular expressions match anywhere in the value; so does `search` here."""

_OSMNX_REFUSES = {
    "area": "yes",
    "access": "private",
    "foot": "no",
    "service": "private",
    "sidewalk": "separate",
    "sidewalk:both": "separate",
    "sidewalk:left": "separate",
    "sidewalk:right": "separate",
}

OSMNX_WALK = Rule("osmnx-walk", EVERYONE, lambda tags: osmnx_walk(tags), "OSMnx asks for it.")
NOT_OSMNX_WALK = Rule("not osmnx-walk", NOBODY, lambda _: True, "OSMnx does not ask for it.")


def osmnx_walk(tags: Tags) -> bool:
    """Say whether OSMnx's own walk query would return a way with these tags (OSMnx 2.1)."""
    return (
        "highway" in tags
        and not _OSMNX_HIGHWAY.search(tags["highway"])
        and not any(value in tags.get(key, "") for key, value in _OSMNX_REFUSES.items())
    )


def decide(tags: Tags, *, rules: str = "pedestrian") -> Rule:
    """Return the rule that decides about a way with these tags.

    Parameters
    ----------
    tags
        The way's tags.
    rules
        ``pedestrian`` or ``osmnx-walk``; see `coverage.study.NetworkPart`.
    """
    table = PEDESTRIAN if rules == "pedestrian" else (OSMNX_WALK, NOT_OSMNX_WALK)
    return next(rule for rule in table if rule.matches(tags))


SQUARE_CLASSES = ("pedestrian", "footway")
"""Classes whose areas can be crossed on foot."""


def is_square(tags: Tags) -> bool:
    """Say whether an outline with these tags is an area that everyone may walk across."""
    return (
        tags.get("area") == "yes"
        and tags.get("highway") in SQUARE_CLASSES
        and decide(tags).who == EVERYONE
    )


def is_street(rule: Rule, tags: Tags, *, rides: tuple[str, ...], rules: str) -> bool:
    """Say whether a way belongs to the streets at all, be it walkable or not.

    Parameters
    ----------
    rule
        What `decide` returned.
    tags
        The way's tags.
    rides
        Which of ``ferry`` and ``cable car`` the study takes.
    rules
        As in `decide`.
    """
    if rule.name in {"ferry", "cable car"}:
        return rule.name in rides
    # The outline of an area is not a street; `is_square` says which can be crossed.
    outline = rules == "pedestrian" and tags.get("area") == "yes"
    return rule.name not in {"not built", "no street"} and not outline
