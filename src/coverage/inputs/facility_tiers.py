"""Which tier a facility is of, by what its type or its name says."""

import re
from dataclasses import dataclass

from ..study_parts import TIER_NAMES_ZH, TIERS, TierName
from .tables import fold


@dataclass(frozen=True, slots=True)
class TierRule:
    """One row of the table: words that decide for a tier, and why."""

    words: re.Pattern[str]
    tier: TierName
    why: str


def _rule(words: str, tier: TierName, why: str) -> TierRule:
    return TierRule(re.compile(words, re.IGNORECASE), tier, why)


_ALONE = r"(?<!\bnon)(?<!\bnon[- ])(?<![a-z])"
"""Before an English word: neither another letter nor its negation."""
_CENTRE = (
    r" (?:(?:elderly|elder|eldercare|aged|senior|care|nursing|service|services)[- ])*"
    r"(?:station|cent(?:re|er))\b"
)
"""After an English tier: only words of care for the old, so that no hospital, shop or community
centre of a street is taken."""

TIER_RULES: tuple[TierRule, ...] = (
    _rule("服务站|驿站|日间照料|日间照护|日托|托老所|互助(养老)?(点|站)|养老服务点",
          "community", "A station or day care, also when the name of a street stands before it."),
    _rule("失能|特困|集中照护|集中供养", "district",
          "The district's centre for the disabled and the destitute, in its own words."),
    _rule("(?<!儿童)福利院|(?<!儿童)福利中心|护理院|养护院|敬老院", "district",
          "Care around the clock; 敬老院 is taken for a home for the destitute (特困供养)."),
    _rule("(?<![社小校园])[区县]级?(综合)?养老(综合)?服务(指导)?中心", "district",
          "A district's or a county's centre; not 社区 or 小区, which end in the same sign."),
    _rule("(^|[^道镇乡])社区.*(养老|老年|为老|助老|居家|照料|照护).*(中心|站|点)", "community",
          "A named community's centre, also when its street's name stands before it."),
    _rule("(街道|镇|乡).*(养老|老年|为老|助老|居家|照料|照护).*中心", "street",
          "A street's or a town's centre for the old."),
    _rule(rf"{_ALONE}day[- ]?care\b", "community", "Day care, in English."),
    _rule(rf"{_ALONE}nursing home\b", "district", "Care around the clock, in English."),
    _rule(rf"{_ALONE}community{_CENTRE}", "community", "A community's, in English."),
    _rule(rf"{_ALONE}(street|town|sub-?district){_CENTRE}", "street", "A street's, in English."),
    _rule(rf"{_ALONE}(?<!sub-)(?<!sub )district{_CENTRE}", "district", "A district's, in English."),
)  # fmt: skip
"""Read from top to bottom; the first rule whose words stand in the text decides.

What no rule knows (养老院, 老年公寓, 康养中心 and other names that fit any tier) stays unknown.
"""

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_SAID: dict[str, TierName] = {
    **dict(zip(TIERS, TIERS, strict=True)),
    **{TIER_NAMES_ZH[tier]: tier for tier in TIERS},
    **dict.fromkeys(("社区", "社区级"), TIERS[0]),
    **dict.fromkeys(("街道", "街道级", "乡镇", "镇街", "街镇", "乡镇级", "镇街级"), TIERS[1]),
    **dict.fromkeys(("区县", "区县级", "区级", "县级"), TIERS[2]),
}


def said_tier(text: str) -> TierName | None:
    """Return the tier that a type says, exactly or in words that `TIER_RULES` know.

    English must be the whole type: its words stand in other types too ("street community centre"),
    and a type is not told as a guess.
    """
    plain = _plain(text)
    if said := _SAID.get(plain):
        return said
    if _CHINESE.search(plain):
        return tier_by_rules(plain)
    # "Day-care centre" is as whole as "day care".
    words = re.sub(r"(?<=care|home) (station|cent(re|er))$", "", plain)
    exact = (rule.tier for rule in TIER_RULES
             if rule.words.fullmatch(plain) or rule.words.fullmatch(words))  # fmt: skip
    return next(exact, None)


def tier_by_rules(text: str) -> TierName | None:
    """Return the tier of the first of `TIER_RULES` that matches a type or a name, or None."""
    return next((rule.tier for rule in TIER_RULES if rule.words.search(_plain(text))), None)


def is_unambiguous(text: str) -> bool:
    """Say whether all of `TIER_RULES` that match agree; English must be the whole text."""
    if not _CHINESE.search(text):
        return said_tier(text) is not None
    return len({rule.tier for rule in TIER_RULES if rule.words.search(_plain(text))}) == 1


def _plain(text: str) -> str:
    # Between Chinese signs a space has no meaning; between words it has.
    return re.sub(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])", "", fold(text)).lower()
