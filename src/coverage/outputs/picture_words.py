"""What ``map.png`` says, each phrase in Chinese and in English, as plain text."""

import math

from ..findings import Findings
from ..study import Study
from ..study_parts import TIER_NAMES_ZH, TIERS, TierName
from .map_words import TIER_NAMES_EN, percent

Phrase = tuple[str, str]
"""The same in Chinese and in English."""

ATTRIBUTION = "© OpenStreetMap contributors, ODbL 1.0"

_BAND_MIN = 5

_DIRECTIONS: dict[str, Phrase] = {
    "to": ("去程", "the walk there"),
    "back": ("返程", "the walk home"),
    "worst": ("去程与返程取较长者", "the longer of the walks there and back"),
}


def shown_tier(findings: Findings) -> TierName:
    """Return the first tier that has a facility, from the smallest; the first when none has."""
    return next((tier for tier in TIERS if findings.summary["facilities"][tier]), TIERS[0])


def promise_of(study: Study, tier: TierName) -> float:
    """Return the minutes within which a tier should be reached."""
    return dict(study.tiers)[tier].threshold_min


def bands_of(study: Study, tier: TierName) -> list[float]:
    """Return the ends of a tier's bands, every five minutes up to its promise, as on the map."""
    promise = promise_of(study, tier)
    return [*map(float, range(_BAND_MIN, math.ceil(promise), _BAND_MIN)), promise]


def headline(findings: Findings, tier: TierName) -> Phrase:
    """Return the study in one sentence: who, or how much street, the tier covers."""
    zh, en = TIER_NAMES_ZH[tier], TIER_NAMES_EN[tier]
    minutes, people = f"{promise_of(findings.study, tier):g}", findings.summary["people"]
    if people is not None:
        total, covered = f"{people['elderly']:,.0f}", f"{people[f'elderly_{tier}']:,.0f}"
        share = percent(people[f"share_elderly_{tier}"])
        return (
            f"{total} 名老年人中，{covered} 名（{_closed(share)}）步行 {minutes} 分钟可达{zh}",
            f"{covered} of {total} elderly people, {share}, reach a {en} on foot in {minutes} min",
        )
    found = findings.summary["coverage"][tier]
    total, covered = f"{findings.summary['street_km']:,.1f}", f"{found['covered_km']:,.1f}"
    share = percent(found["share"])
    return (
        f"{total} 公里街道中，{covered} 公里（{_closed(share)}）步行 {minutes} 分钟可达{zh}",
        f"{covered} of {total} km of street, {share}, lie within {minutes} min on foot of a {en}",
    )


def terms(findings: Findings) -> Phrase:
    """Return under which terms that holds: the walker and the direction."""
    study, (zh, en) = findings.study, _DIRECTIONS[findings.study.direction]
    walker = f"{study.walker}, {study.walking.level_speed_mps:g} m/s"
    return f"步行者 {walker}；{zh}", f"walker {walker}; {en}"


def caveats(findings: Findings) -> list[str]:
    """Return what must be said beside every figure: the notices, and what is assumed."""
    people = findings.summary["people"]
    assumed = people["assumed"] if people is not None else ""
    return [*findings.study.notices, *([assumed] if assumed else [])]


def _closed(share: str) -> str:
    """Return a percentage as Chinese writes it, without a space."""
    return share.replace("\u00a0%", "%")
