"""The words of the map in both languages, and the facts of facilities and gaps.

Words of ours come as ``zh`` and ``en``; texts of the data as they are.
"""

import math
from collections.abc import Iterable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..causes import CAUSES
from ..groups import said_services, thresholds_of
from ..service_kinds import SERVICE_NAMES_EN, SERVICE_NAMES_ZH
from ..study import Study
from ..study_parts import BANDS_MIN, TIER_NAMES_ZH, VisitsPart
from ..walkers import PACKAGED_WALKERS, Walker
from ..where_next import WhereNext
from .colours import TIER_COLOURS, VISIT_COLOURS
from .map_words import TIER_GLYPHS, TIER_NAMES_EN, VISIT_WORDS, plain
from .payload_shapes import world
from .picture_words import ATTRIBUTION
from .warning_words import assumption, warning_zh

SOURCES = (ATTRIBUTION,)
"""Who must be named wherever the map is shown."""
LONGEST = 400
"""Characters of a name of the data; what is longer is cut."""
_LONGEST_NOTICE = 5_000
"""As good as never cut: a notice may say why a figure must not be used."""

_WALKERS = {
    "adult": ("健康成人", "adult"),
    "senior": ("老年人", "older person"),
    "senior-80": ("高龄老人（80岁以上）", "person over 80"),
    "cane": ("持杖老人", "older person with a cane"),
    "wheelchair": ("轮椅使用者", "wheelchair user"),
    "flat-900": ("平路步行者（对照）", "walker on the flat (for comparison)"),
}
_KINDS = {
    "motorway": ("高速公路", "motorway", 0),
    "trunk": ("快速路", "expressway", 0),
    "primary": ("主干路", "primary road", 1),
    "secondary": ("次干路", "secondary road", 2),
    "tertiary": ("支路", "tertiary road", 3),
    "busway": ("公交专用道", "bus road", 3),
    "unclassified": ("一般道路", "minor road", 4),
    "residential": ("居住区道路", "residential street", 4),
    "living_street": ("生活街巷", "living street", 4),
    "pedestrian": ("步行街", "pedestrian street", 4),
    "service": ("内部道路", "service road", 4),
    "road": ("未分类道路", "road of unknown class", 4),
    "construction": ("在建道路", "road under construction", 4),
    "track": ("机耕路", "track", 5),
    "footway": ("步行道", "footway", 5),
    "path": ("小径", "path", 5),
    "cycleway": ("自行车道", "cycleway", 5),
    "bridleway": ("小径", "bridleway", 5),
    "corridor": ("室内通道", "indoor passage", 5),
    "crossing": ("过街通道", "crossing", 5),
    "platform": ("站台", "platform", 5),
    "elevator": ("电梯", "lift", 5),
    "ferry": ("轮渡", "ferry", 5),
    "cable car": ("索道", "cable car", 5),
    "steps": ("梯坎", "steps", 6),
}
_OTHER_KIND = ("其他道路", 4)
_RIDES = ("ferry", "cable car")


def tags_of(ways: pd.DataFrame) -> list[str]:
    """Return what kind of street each way is: its ``highway``, or the ride that it is."""
    codes, different = pd.factorize(ways["highway"].to_numpy(object), use_na_sentinel=False)
    tags = np.array([plain(tag) for tag in different], dtype=object)[codes]
    if "rule" in ways:
        tags = np.where(ways["rule"].isin(_RIDES), ways["rule"], tags)
    return [str(tag) for tag in tags]


def kinds(tags: Iterable[str]) -> list[dict[str, Any]]:
    """Return the kinds of street of some tags, the widest first; ``rank`` 0 to 6 by importance."""
    found = []
    for tag in sorted(set(tags)):
        base = tag.removesuffix("_link")
        zh, en, rank = _KINDS.get(base, (_OTHER_KIND[0], tag or "street", _OTHER_KIND[1]))
        if base != tag:
            zh, en = f"{zh}匝道", f"{en} ramp"
        found.append({"tag": tag, "zh": zh, "en": en, "rank": rank})
    return sorted(found, key=lambda kind: (kind["rank"], kind["tag"]))


def walkers(offered: Iterable[Walker]) -> list[dict[str, Any]]:
    """Return the walkers; one of a study's own goes by its name in both languages."""
    found = []
    for walker in offered:
        own = PACKAGED_WALKERS.get(walker.name) != walker
        zh, en = (walker.name, walker.name) if own else _WALKERS[walker.name]
        found.append({"id": walker.name, "zh": zh, "en": en, "mps": walker.level_speed_mps})
    return found


def tiers(study: Study) -> list[dict[str, Any]]:
    """Return the tiers with their promise in minutes."""
    return [
        {
            "id": name,
            "zh": TIER_NAMES_ZH[name],
            "en": TIER_NAMES_EN[name],
            "threshold": tier.threshold_min,
            "glyph": TIER_GLYPHS[name],
            "colour": TIER_COLOURS[name],
        }
        for name, tier in study.tiers
    ]


def causes() -> list[dict[str, str]]:
    """Return the causes in the order in which they are tried."""
    return [{"id": cause, "zh": zh, "en": cause} for cause, zh in CAUSES.items()]


def warnings(lines: Iterable[str]) -> list[dict[str, str]]:
    """Return warnings in both languages."""
    return [{"zh": warning_zh(line), "en": line} for line in notices(lines)]


def assumed(text: str) -> dict[str, str] | None:
    """Return what is assumed in both languages; None where all is counted."""
    if not (text := name(text)):
        return None
    zh, en = assumption(text)
    return {"zh": zh, "en": en}


def notices(lines: Iterable[object]) -> list[str]:
    """Return notices or warnings, those that say something."""
    return [text for line in lines if (text := plain(line, longest=_LONGEST_NOTICE))]


def name(value: object) -> str:
    """Return a name of the data on one line."""
    return plain(value, longest=LONGEST)


def facilities(frame: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Return the facts of all facilities, in the frame's order."""
    people = "elderly_in_reach" in frame
    return [
        {
            "id": name(identifier),
            "name": name(row["name"]),
            "tier": row["tier"],
            "address": name(row["address"]),
            "capacity": number(row["capacity"]),
            "snapped": bool(row["snapped"]),
            "snap_m": number(row["snap_m"], 1),
            "streetKm": {f"{m}": number(row[f"street_km_{m}min"], 3) for m in BANDS_MIN},
            "elderlyInReach": number(row["elderly_in_reach"], 3) if people else None,
            "elderlyOnly": number(row["elderly_only"], 3) if people else None,
            # Absent where nothing is said of them.
            **({"services": [_service(own) for own in said.split(";")]} if said else {}),
        }
        for (identifier, row), said in zip(frame.iterrows(), said_services(frame), strict=True)
    ]


def gaps(frame: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Return the facts of all gaps, in the frame's order."""
    people = "elderly" in frame
    return [
        {
            "id": name(identifier),
            "tier": row["tier"],
            "rank": int(str(identifier).rsplit("-", 1)[-1]),
            "elderly": number(row["elderly"], 3) if people else None,
            "street_m": number(row["street_m"], 1),
            "area": name(row["area"]),
            "cause": {"zh": row["cause_zh"], "en": row["cause"]} if people else None,
            "causeShare": number(row["cause_share"], 4) if people else None,
            "nearest": name(row["nearest_facility"]),
            "minutes": number(row["minutes"], 2),
            "streets": name(row["streets"]) if people else "",
        }
        for identifier, row in frame.iterrows()
    ]


def proposals(found: WhereNext, study: Study) -> list[dict[str, Any]]:
    """Return the facts of all proposals in the order to open them, places in units of the world."""
    frame, running, limits = found.proposals, found.running_gain, thresholds_of(study)
    spots = np.column_stack([frame.geometry.x, frame.geometry.y])
    units = world(spots, str(frame.crs)).tolist()
    return [
        {
            "n": int(str(turn)),
            "x": x,
            "y": y,
            "name": name(row["name"]),
            "tier": row["tier"],
            # Absent for a tier, so that the block of a study without services is what it was.
            **(
                {"service": _service(row["service"]), "minutes": limits[row["service"]]}
                if row["service"]
                else {}
            ),
            "gained": number(row["elderly_gained"], 3),
            "running": number(running[turn], 3),
            "total": number(row["elderly_total"], 3),
            "share": number(row["share_total"], 6),
            "cost": number(row["cost_cny"], 2),
            "each": number(row["cny_per_person"], 2),
            "floor": number(row["floor_area_m2"], 1),
            "source": row["source"],
            "area": name(row["area"]),
        }
        for (turn, row), (x, y) in zip(frame.iterrows(), units, strict=True)
    ]


def visits(study: Study) -> dict[str, Any]:
    """Return how staff go, within how many minutes, and what the codes of homes mean, from 1."""
    part = study.visits or VisitsPart()
    return {
        "minutes": part.minutes,
        "by": [by for by in ("foot", "car") if by in part.by],
        "ways": [
            {"id": how, "zh": VISIT_WORDS[how][0], "en": VISIT_WORDS[how][1], "colour": colour}
            for how, colour in VISIT_COLOURS.items()
        ],
    }


def _service(name: str) -> dict[str, str]:
    return {"id": name, "zh": SERVICE_NAMES_ZH[name], "en": SERVICE_NAMES_EN[name]}


def listed(texts: NDArray[np.object_]) -> tuple[list[str], NDArray[np.int64]]:
    """Return the different names of the data, the empty one first, and each one's position."""
    codes, different = pd.factorize(texts, use_na_sentinel=False)
    clean = [name(text) for text in different]
    names = ["", *sorted(set(clean) - {""})]
    position = {text: place for place, text in enumerate(names)}
    return names, np.array([position[text] for text in clean], dtype=np.int64)[codes]


def number(value: Any, digits: int = 6) -> float | None:
    """Return a rounded number; None, which JSON calls null, for an unknown one."""
    if value is None or value is pd.NA or math.isnan(value):
        return None
    return round(float(value), digits) + 0.0
