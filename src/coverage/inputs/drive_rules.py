"""Where a car of a care station may go, and how fast, decided by an OpenStreetMap way's tags.

Speeds are what a car makes on the whole, waiting at lights included: the design speed of the
class times `URBAN_FACTOR`. A ``maxspeed`` in the tags takes the design speed's place where it is
lower.

Design speeds are the middle ones of what the Chinese code of urban roads lets a class have: 100,
80 or 60 km/h for 快速路 (expressway), 60, 50 or 40 for 主干路 (arterial), 50, 40 or 30 for 次干路
(collector), 40, 30 or 20 for 支路 (local). That is table 3.2.1 of CJJ 37-2012
(城市道路工程设计规范); the code itself could not be opened, and the table is taken from the
Encyclopedia of China (中国大百科全书, third edition, zgbk.com, entry 110895, table 2). Which tag is
which class follows OpenStreetMap's China tagging guidelines: ``trunk`` 快速路, ``primary`` 主干路,
``secondary`` 次干路, ``tertiary`` 支路. ``residential`` and ``unclassified`` are driven at the 30
km/h that article 45 of the regulations to the Road Traffic Safety Law (国务院令第405号) allows on
an urban road without a centre line, ``service`` at the lowest speed of a 支路. Chosen by this
project, for want of a source: a ``motorway``, which in a city is one of its expressways, at their
80 km/h; ramps at 40 and 30; 10 km/h where cars are guests (``living_street``).
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
"""What of its design speed a street gives on the whole: chosen by this project, so that arterial,
collector and local streets are driven at 30, 24 and 18 km/h. Between the first two lies what was
measured: 24.9 km/h on average inside Chongqing's inner ring at peak hours (重庆市主城区交通发展年度
报告 2012, as quoted by ce.cn on 2013-05-15). Visits are made by day, so it is on the cautious
side."""

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


def decide(tags: Tags) -> tuple[float, bool, bool] | None:
    """Return km/h, and whether a car may go along and against; None for a way of no car's.

    Returns
    -------
    decision
        In the order of `COLUMNS`.
    """
    if not may_drive(tags) or not any(ways := directions(tags)):
        return None
    return (speed_kmh(tags), *ways)


COLUMNS: Mapping[str, type] = {"speed_kmh": float, "along": bool, "against": bool}
"""What `decide` adds to a way's tags."""

FASTEST_KMH = max(DESIGN_KMH.values()) * URBAN_FACTOR
"""No street is driven faster."""
