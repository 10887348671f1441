"""Words and numbers as the map shows them, Chinese first."""

import math
import re
from collections.abc import Mapping

import pandas as pd

from ..study import Study
from ..study_parts import TierName
from ..visits import BEYOND, NOT_SNAPPED

TIER_NAMES_EN: Mapping[str, str] = {
    "community": "community station",
    "street": "street centre",
    "district": "district centre",
}
TIER_GLYPHS: Mapping[str, str] = {"community": "社", "street": "街", "district": "区"}

VISIT_WORDS: Mapping[str, tuple[str, str]] = {
    "foot": ("步行可到", "reached on foot"),
    "car": ("仅驾车可到", "reached by car alone"),
    BEYOND: ("都到不了", "beyond every way to go"),
    NOT_SNAPPED: ("附近没有街道", "no street near"),
}
"""How staff get to a home that is to be visited; see `coverage.home_visits.HomeVisits.homes`."""

DIRECTIONS: Mapping[str, str] = {
    "to": "去程 walk there",
    "back": "返程 walk back",
    "worst": "往返取长 longer of both ways",
}

UNKNOWN = "—"


def plain(value: object, *, longest: int = 160) -> str:
    """Return a value of the data as text on one line, cut if long; empty for an unknown one."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    text = str(value).encode("utf-8", "replace").decode("utf-8")
    text = re.sub(r"[\x00-\x1f\x7f]+", " ", text).strip()
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def kilometres(value: float | None) -> str:
    """Return kilometres to one digit, to two below one."""
    if value is None or math.isnan(value):
        return UNKNOWN
    return f"{value:,.2f} km" if value < 0.995 else f"{value:,.1f} km"


def percent(share: float | None) -> str:
    """Return a share as a percentage, finer near 0 and 1 so that neither is claimed falsely."""
    if share is None or math.isnan(share):
        return UNKNOWN
    if 0 < share < 0.001:
        return "< 0.1\u00a0%"
    if 0.999 < share < 1:
        return "> 99.9\u00a0%"
    digits = 1 if 0 < share < 0.1 or 0.99 < share < 1 else 0
    return f"{share * 100:.{digits}f}\u00a0%"


def thresholds(study: Study, names: Mapping[str, str]) -> str:
    """Return the promised minutes: one number, or one for each tier where they differ."""
    promised: dict[TierName, float] = {name: tier.threshold_min for name, tier in study.tiers}
    if len(set(promised.values())) == 1:
        return f"{promised['community']:g}"
    return " / ".join(f"{names[tier]} {minutes:g}" for tier, minutes in promised.items())
