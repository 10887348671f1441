"""What the report says, in Chinese and in English, and how it becomes safe markup.

A phrase is a `Words`: finished markup in both languages. Text of the data enters a phrase only as a
value of `words`, which escapes it; what stands in a template is ours.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from ..assessment import OUTSIDE_AREAS
from ..causes import CAUSES
from ..service_kinds import SERVICE_NAMES_EN, SERVICE_NAMES_ZH, SERVICES
from ..study import Study
from ..study_parts import TIER_NAMES_ZH, TIERS, TierName
from ..walkers import PACKAGED_WALKERS, Walker
from .map_words import TIER_NAMES_EN, UNKNOWN, kilometres, percent, plain
from .payload_words import walkers

LONGEST = 5_000
"""Characters of a notice or a warning: as good as never cut."""

_HAN = "\u3400-\u9fff"
_CJK = f"\u3000-\u303f{_HAN}\uff00-\uffef"
_ENGLISH = f"[^{_CJK}]*[A-Za-z]{{3}}[^{_CJK}]*?"
_ZH_EN = re.compile(rf"([^A-Za-z]*[{_CJK}])\s*({_ENGLISH})")
_EN_ZH = re.compile(rf"({_ENGLISH})\s*([{_HAN}][^A-Za-z]*)")


class Markup(str):
    """Finished markup, not to be escaped again."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Words:
    """A phrase in both languages, each finished markup."""

    zh: str
    en: str

    @property
    def html(self) -> Markup:
        """The phrase for a page that shows one of its languages at a time."""
        return Markup(f'<span lang="zh">{self.zh}</span><span lang="en">{self.en}</span>')

    @property
    def svg(self) -> Markup:
        """The same inside a text of a picture, which knows no ``<bdi>``."""
        zh, en = (re.sub("</?bdi>", "", part) for part in (self.zh, self.en))
        return Markup(f'<tspan lang="zh">{zh}</tspan><tspan lang="en">{en}</tspan>')


def words(zh: str, en: str, /, **values: object) -> Words:
    """Return a phrase with its values filled in, each in the phrase's language and escaped.

    Parameters
    ----------
    zh, en
        Templates of ours, markup; ``{name}`` stands for a value.
    values
        `Words` give each language its own, `Markup` stays as it is, all else is text.
    """
    return Words(
        zh.format_map({name: _part(value, "zh") for name, value in values.items()}),
        en.format_map({name: _part(value, "en") for name, value in values.items()}),
    )


def joined(parts: Iterable[Words], zh: str = "", en: str = " ") -> Words:
    """Return phrases in a row."""
    parts = list(parts)
    return Words(zh.join(part.zh for part in parts), en.join(part.en for part in parts))


def datum(value: object, *, longest: int = 160) -> Markup:
    """Return text of the data as text: escaped, and closed off where it runs from right to left."""
    return Markup(f"<bdi>{escape(plain(value, longest=longest))}</bdi>")


def named(value: object) -> Words:
    """Return a name of the data; the names that we gave ourselves in both languages."""
    if value == OUTSIDE_AREAS:
        return Words("片区之外", "outside every area")
    if not plain(value):
        return Words("（无名）", "(unnamed)")
    return Words(*[datum(value, longest=80)] * 2)


def _part(value: object, language: str) -> str:
    if isinstance(value, Words):
        return value.zh if language == "zh" else value.en
    return value if isinstance(value, Markup) else escape(str(value))


# ---- numbers: every one of the report is written here ----


def count(value: float | None) -> str:
    """Return a number of people or things, whole."""
    # Rounded half up, as a reader would, so that 0.5 people are not nobody.
    return UNKNOWN if value is None or value != value else f"{int(value + 0.5):,}"


def english(value: float, one: str, many: str = "") -> str:
    """Return a number of things with their English name; of many, one of them with an s."""
    amount = count(value)
    return f"{amount} {one if amount == '1' else many or f'{one}s'}"


def share(value: float | None) -> Words:
    """Return a share as a percentage."""
    text = escape(percent(value))
    return Words(text.replace("\u00a0%", "%"), text)


def km(value: float | None) -> Words:
    """Return kilometres with their unit."""
    text = escape(kilometres(value))
    return Words(text.replace(" km", " 公里"), text)


def km_count(value: float | None) -> str:
    """Return kilometres without their unit."""
    return "0" if value == 0 else kilometres(value).removesuffix(" km")


def minutes(value: float | None) -> str:
    """Return minutes to one digit, without the unit."""
    return UNKNOWN if value is None or value != value else f"{value:.1f}"


def walk(value: float | None, study: Study) -> Words:
    """Return a walk in minutes; one beyond the study's horizon as such."""
    if value is None or value != value:
        return words(
            "超过 {limit} 分钟或走不到", "over {limit} minutes or no way",
            limit=f"{study.horizon_min:g}",
        )  # fmt: skip
    return words("{n} 分钟", "{n} min", n=minutes(value))


# ---- words of the field ----

TIER: Mapping[TierName, Words] = {t: Words(TIER_NAMES_ZH[t], TIER_NAMES_EN[t]) for t in TIERS}
TIER_HEAD: Mapping[TierName, Words] = {
    tier: Words(name.zh, name.en.capitalize()) for tier, name in TIER.items()
}
"""At the beginning of a line."""
SERVICE: Mapping[str, Words] = {
    name: Words(SERVICE_NAMES_ZH[name], SERVICE_NAMES_EN[name]) for name in SERVICES
}
SERVICE_HEAD: Mapping[str, Words] = {
    service: Words(name.zh, name.en.capitalize()) for service, name in SERVICE.items()
}
"""At the beginning of a line."""
TIER_SHORT: Mapping[TierName, Words] = {
    "community": Words("社区", "Community"),
    "street": Words("街道", "Street"),
    "district": Words("区县", "District"),
}
DIRECTION: Mapping[str, Words] = {
    "to": Words("从家走到设施", "the walk there"),
    "back": Words("从设施走回家", "the walk home"),
    "worst": Words("去程与返程均计，取较长者", "there and back, the longer of the two"),
}
_REACH: Mapping[str, Words] = {
    "to": Words("{n} 分钟内可步行到达{tier}", "can walk to a {tier} within {n} minutes"),
    "back": Words("{n} 分钟内可从{tier}步行返家", "can walk home from a {tier} within {n} minutes"),
    "worst": Words(
        "步行前往{tier}及返家均不超过 {n} 分钟",
        "can walk to a {tier} and home again, each within {n} minutes",
    ),
}


@dataclass(frozen=True, slots=True)
class CauseWords:
    """What a cause is called (also after "kept away by"), what it says, what it asks for."""

    name: Words
    keeper: str
    meaning: Words
    action: Words


CAUSE: Mapping[str, CauseWords] = {
    "not snapped": CauseWords(
        Words(CAUSES["not snapped"], "no street near"),
        "the lack of a street nearby",
        Words("住处附近没有可步行的街道数据", "no walkable street is mapped near the home"),
        Words("先核实小区出入口与道路数据", "check entrances and street data first"),
    ),
    "disconnected": CauseWords(
        Words(CAUSES["disconnected"], "streets do not connect"),
        "streets that do not connect",
        Words("住处所在街道与设施所在街道互不连通", "no walkable way joins home and facility"),
        Words("打通步行连接；若属漏绘，补全地图", "join the streets, or complete the map"),
    ),
    "no facility": CauseWords(
        Words(CAUSES["no facility"], "no facility near"),
        "the lack of a facility nearby",
        Words("直线距离以内就没有同级设施", "none within reach even as the crow flies"),
        Words("新增设施，优先利用闲置用房", "open a facility, first in premises that stand idle"),
    ),
    "barrier": CauseWords(
        Words(CAUSES["barrier"], "barrier"),
        "a barrier",
        Words("普通成年人走得到，该步行者无法通行", "an adult gets there, this walker cannot pass"),
        Words("无障碍改造：坡道、电梯、平整路面", "remove the barrier: ramps, lifts, even paving"),
    ),
    "climb": CauseWords(
        Words(CAUSES["climb"], "slopes and stairs"),
        "slopes and stairs",
        Words("距离不远，坡道和台阶使其超时", "near enough, were it not for slopes and stairs"),
        Words(
            "加装电梯、扶梯和休息平台，或在高差另一侧就近增点",
            "lifts, escalators and landings, or a facility on this side of the climb",
        ),
    ),
    "detour": CauseWords(
        Words(CAUSES["detour"], "detour"),
        "a detour",
        Words("直线距离不远，沿街须绕行", "near as the crow flies, far by street"),
        Words(
            "打通断头路、小区通道和过街设施；难以打通的就近增点",
            "open passages and crossings; where none can be opened, add a facility",
        ),
    ),
}


def reach(study: Study, tier: TierName) -> Words:
    """Return what people can do who are covered by a tier."""
    template, limit = _REACH[study.direction], promised(study)[tier]
    return words(template.zh, template.en, tier=TIER[tier], n=f"{limit:g}")


def walker_name(walker: Walker) -> Words:
    """Return what a walker is called, within a sentence; a study's own by its name."""
    name = walker_head(walker)
    if PACKAGED_WALKERS.get(walker.name) != walker:
        return name
    article = "an" if name.en[0] in "AEIO" else "a"
    return Words(name.zh, f"{article} {name.en[0].lower()}{name.en[1:]}")


def walker_head(walker: Walker) -> Words:
    """Return what a walker is called, at the beginning of a line."""
    (name,) = walkers([walker])
    zh, en = (datum(name[language], longest=32) for language in ("zh", "en"))
    if PACKAGED_WALKERS.get(walker.name) != walker:
        return Words(zh, en)
    return Words(name["zh"], name["en"].capitalize())


def keeper(cause: str) -> Words:
    """Return what keeps people away, after "kept away by"."""
    return Words(CAUSE[cause].name.zh, CAUSE[cause].keeper)


def by_language(text: str) -> tuple[str, str] | None:
    """Return the halves, Chinese and English, of a text that says first the one, then the other.

    None for a text in one language, or in a mixture of them.
    """
    text = plain(text, longest=LONGEST)
    if found := _ZH_EN.fullmatch(text):
        zh, en = found.groups()
    elif found := _EN_ZH.fullmatch(text):
        en, zh = found.groups()
    else:
        return None
    return _bare(zh), _bare(en)


def _bare(text: str) -> str:
    text = text.strip()
    return text[1:-1] if text[:1] + text[-1:] in {"()", "（）"} else text


def promised(study: Study) -> dict[TierName, float]:
    """Return the minutes of every tier."""
    return {name: tier.threshold_min for name, tier in study.tiers}


def minutes_words(study: Study) -> Words:
    """Return the promised minutes: one number, or one for each tier where they differ."""
    limits = promised(study)
    if len(set(limits.values())) == 1:
        return words("{n} 分钟", "{n} minutes", n=f"{limits['community']:g}")
    each = [
        words(
            "{tier} {n} 分钟",
            "{name} {n} minutes",
            tier=TIER_SHORT[tier],
            name=TIER_SHORT[tier].en.lower(),
            n=f"{limit:g}",
        )
        for tier, limit in limits.items()
    ]
    return joined(each, "、", ", ")


def figures_of(summary: Mapping[str, Any], tier: str) -> tuple[float | None, float | None]:
    """Return what a tier (or ``any``, ``all``) covers, and its share: people, else kilometres."""
    people = summary["people"]
    if people is None:
        return summary["coverage"][tier]["covered_km"], summary["coverage"][tier]["share"]
    return people[f"elderly_{tier}"], people[f"share_elderly_{tier}"]
