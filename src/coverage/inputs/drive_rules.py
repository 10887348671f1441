"""Where a car of a care station may go, and how fast, decided by an OpenStreetMap way's tags.

Speeds are what a car makes on the whole, waiting at lights included: the design speed of the
class times `URBAN_FACTOR`. Design speeds lie within what CJJ 37-2012 (城市道路工程设计规范) gives
each class: 60-100 km/h for 快速路, 40-60 for 主干路, 30-50 for 次干路, 20-40 for 支路; 10 km/h
where cars are guests. The factor 0.6 is this project's design value: with it a main road is driven
at 30 km/h. A ``maxspeed`` in the tags takes the design speed's place where it is lower.
"""

import re
from collections.abc import Mapping

Tags = Mapping[str, str]

DRIVE_TAGS = (
    "highway", "name", "area", "access", "vehicle", "motor_vehicle", "motorcar", "oneway",
    "oneway:motor_vehicle", "junction", "maxspeed", "service", "tunnel", "bridge", "layer",
)  # fmt: skip
"""The tags that a drive network keeps of a way."""

URBAN_FACTOR = 0.6
"""What of its design speed a street gives on the whole."""

DESIGN_KMH: Mapping[str, float] = {
    "motorway": 80, "motorway_link": 40,
    "trunk": 80, "trunk_link": 40,
    "primary": 50, "primary_link": 30,
    "secondary": 40, "secondary_link": 30,
    "tertiary": 30, "tertiary_link": 30,
    "unclassified": 30, "residential": 30, "road": 30,
    "service": 20, "living_street": 10,
}  # fmt: skip
"""The classes that a car may use, with their design speed in km/h; no other class is one."""

_CAR_KEYS = ("motorcar", "motor_vehicle", "vehicle", "access")
"""From the most particular: the first that a way has decides."""
# A carer is a customer and a guest of the compound: `private` and `destination` let them in, to
# their own door. Only what is closed to cars altogether, or to all but some other kind, is out.
_CLOSED = frozenset(
    {"no", "military", "agricultural", "forestry", "emergency", "bus", "psv", "construction"}
)
_ONE_WAY = frozenset({"yes", "1", "true"})
_BACKWARD = frozenset({"-1", "reverse"})
_CHANGING = frozenset({"reversible", "alternating"})
_RING = frozenset({"roundabout", "circular"})
_IMPLIED = frozenset({"motorway", "motorway_link"})
_MAXSPEED = re.compile(r"^(\d{1,3}(?:\.\d+)?)\s*(mph|km/h|kmh|kph)?$")
_KM_A_MILE = 1.609344


def may_drive(tags: Tags) -> bool:
    """Say whether a car of a care station may use a way with these tags."""
    if tags.get("highway") not in DESIGN_KMH or tags.get("area") == "yes":
        return False
    said = next((tags[key] for key in _CAR_KEYS if key in tags), "yes")
    return said not in _CLOSED


def directions(tags: Tags) -> tuple[bool, bool]:
    """Return whether a car may go along a way as it is drawn, and against it.

    A roundabout, a motorway and its ramps run one way unless the tags say no. A lane that changes
    its direction cannot be counted on in either.
    """
    said = tags.get("oneway:motor_vehicle", tags.get("oneway"))
    if said in _CHANGING:
        return False, False
    if said in _BACKWARD:
        return False, True
    implied = tags.get("junction") in _RING or tags.get("highway") in _IMPLIED
    one_way = said in _ONE_WAY or (implied and said != "no")
    return True, not one_way


def speed_kmh(tags: Tags) -> float:
    """Return what a car makes on a way that it may use, km/h."""
    design = DESIGN_KMH[tags["highway"]]
    limit = _MAXSPEED.match(tags.get("maxspeed", "").strip().lower())
    if limit and float(limit[1]) > 0:
        design = min(design, float(limit[1]) * (_KM_A_MILE if limit[2] == "mph" else 1.0))
    return design * URBAN_FACTOR


FASTEST_KMH = max(DESIGN_KMH.values()) * URBAN_FACTOR
"""No street is driven faster."""
