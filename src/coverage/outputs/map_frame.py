"""The words around the map: title, headline of each tier, notices and legend, as safe HTML."""

from html import escape

from ..findings import Findings
from ..gaps import SMALLEST_GAP_M
from ..people_gaps import SMALLEST_GAP_ELDERLY
from ..study import TIER_NAMES_ZH, TIERS, TierName
from .colours import BEYOND, GAP, TIER_COLOURS, UNREACHABLE, band_colour
from .map_layers import bands_of
from .map_words import (
    DIRECTIONS,
    TIER_GLYPHS,
    TIER_NAMES_EN,
    UNKNOWN,
    percent,
    plain,
    thresholds,
)


def escaped_title(result: Findings) -> str:
    """Return the study's title."""
    return escape(plain(result.study.title) or plain(result.study.name))


def header(result: Findings) -> str:
    """Return the bar above the map: the study, the tiers' shares, the headline, the notices."""
    study = result.study
    walker = f"{study.walker}（{study.walking.level_speed_mps:g} m/s）"
    zh, en = thresholds(study, TIER_NAMES_ZH), thresholds(study, TIER_NAMES_EN)
    terms = [
        "步行可达养老设施 Care on foot",
        f"时限 {zh} 分钟 within {en} min" if zh != en else f"时限 threshold {zh} 分钟 min",
        f"步行者 walker {walker}",
        DIRECTIONS[study.direction],
    ]
    return (
        '<header class="cc-head"><div class="cc-words">'
        f'<h1 dir="auto">{escaped_title(result)}</h1>'
        f'<p class="cc-terms">{escape(" · ".join(terms))}</p>'
        f"{''.join(_headline(result, tier) for tier in TIERS)}</div>"
        f'<div class="cc-tiers" role="group" aria-label="层级 Tier">'
        f"{''.join(_button(result, tier) for tier in TIERS)}</div></header>"
        f"{_notices(result)}{_warnings(result)}"
    )


def legend(result: Findings) -> str:
    """Return what the colours, dashes and marks of the map mean, the minutes for each tier."""
    alike: dict[float, list[TierName]] = {}
    for name, tier in result.study.tiers:
        alike.setdefault(tier.threshold_min, []).append(name)
    marks = [
        *(_key(_pin(tier), f"{TIER_NAMES_ZH[tier]} {TIER_NAMES_EN[tier]}") for tier in TIERS),
        _key(
            '<span class="cc-off"><span class="cc-badge">!</span></span>',
            "未接入路网 not connected to a street",
        ),
    ]
    return (
        '<details id="cc-legend" open><summary>图例 Legend</summary>'
        f"{''.join(_minutes_keys(result, tiers, named=len(alike) > 1) for tiers in alike.values())}"
        f"<ul>{''.join(marks)}</ul>"
        "<p>颜色：步行到最近设施的分钟数；线为街道（全段均值），浅色面为等时圈。"
        "Colour: minutes on foot to the nearest facility; lines are streets (mean), "
        "pale areas isochrones.<br>"
        f"{_gap_words(result)}</p>"
        "</details>"
    )


def _minutes_keys(result: Findings, tiers: list[TierName], *, named: bool) -> str:
    """Return the keys of tiers that promise the same minutes, to be shown when one of them is."""
    promise = f"{dict(result.study.tiers)[tiers[0]].threshold_min:g}"
    ends, horizon = bands_of(result.study, tiers[0]), result.study.horizon_min
    names = " · ".join(f"{TIER_NAMES_ZH[tier]} {TIER_NAMES_EN[tier]}" for tier in tiers)
    keys = [f'<li class="cc-of">{escape(names)}</li>'] if named else []
    keys += [_line(band_colour(end), f"≤ {end:g} 分钟 min") for end in ends]
    if max(ends) < horizon:
        keys.append(_line(BEYOND, f"{max(ends):g}–{horizon:g} 分钟 min"))
    keys += [
        _line(UNREACHABLE, "更远或走不到 farther, or no way", "dashed"),
        _key(
            f'<span class="cc-box" style="border-color:{GAP};background:{GAP}22"></span>',
            f"缺口 gap: {promise} 分钟内走不到 not within {promise} min",
        ),
    ]
    return f'<ul data-tiers="{" ".join(tiers)}">{"".join(keys)}</ul>'


def _gap_words(result: Findings) -> str:
    if result.people is not None:
        least = f"{SMALLEST_GAP_ELDERLY:g}"
        return (
            f"缺口：连片居住、走不到设施的地方，老年人 {least} 名以上。"
            f"A gap is a contiguous inhabited area with {least} elderly people or more."
        )
    return (
        f"缺口：连续街道 {SMALLEST_GAP_M:g} m 以上，远看为色块，近看为虚线。"
        f"A gap holds {SMALLEST_GAP_M:g} m of street or more; a patch from afar, dashed nearby."
    )


def tier_style() -> str:
    """Return the style sheet that gives each tier's markers their colour."""
    return "".join(
        f".cc-{tier}:not(.cc-off) .cc-badge{{background:{colour}}}"
        for tier, colour in TIER_COLOURS.items()
    )


def _headline(result: Findings, tier: TierName) -> str:
    found = result.summary["coverage"][tier]
    zh, en = TIER_NAMES_ZH[tier], TIER_NAMES_EN[tier]
    minutes = f"{dict(result.study.tiers)[tier].threshold_min:g}"
    total, covered = (_km(result.summary["street_km"]), _km(found["covered_km"]))
    share = percent(found["share"])
    people = result.summary["people"]
    if people is not None:
        total, covered = f"{people['elderly']:,.0f}", f"{people[f'elderly_{tier}']:,.0f}"
        share = percent(people[f"share_elderly_{tier}"])
        assumed = escape(f" [{people['assumed']}]") if people["assumed"] else ""
        return (
            f'<p class="cc-headline" data-tier="{tier}" hidden>'
            f"<b>{total} 名老年人中，{covered} 名（{share}）{minutes} 分钟步行可达{zh}。</b> "
            f"{covered} of {total} elderly people, {share}, reach a {en} in {minutes} min."
            f"{assumed}</p>"
        )
    return (
        f'<p class="cc-headline" data-tier="{tier}" hidden>'
        f"<b>{total} 公里街道中，{covered} 公里（{share}）{minutes} 分钟步行可达{zh}。</b> "
        f"{covered} of {total} km of street, {share}, lie within {minutes} min of a {en}.</p>"
    )


def _button(result: Findings, tier: TierName) -> str:
    summary = result.summary
    people = summary["people"]
    share = summary["coverage"][tier]["share"]
    if people is not None:
        share = people[f"share_elderly_{tier}"]
    facilities, gaps = summary["facilities"][tier], summary["gaps"][tier]["count"]
    return (
        f'<button type="button" data-tier="{tier}" aria-pressed="false">'
        f"<strong>{percent(share)}</strong>"
        f"{TIER_NAMES_ZH[tier]}<small>{TIER_NAMES_EN[tier]}</small>"
        f"<small>{facilities} 处设施 · {gaps} 处缺口 gaps</small></button>"
    )


def _notices(result: Findings) -> str:
    # As good as never cut: a notice may say why a figure must not be used.
    texts = [plain(line, longest=5_000) for line in result.study.notices]
    lines = [f'<li dir="auto">{escape(text)}</li>' for text in texts if text]
    return f'<ul class="cc-notices" role="note">{"".join(lines)}</ul>' if lines else ""


def _warnings(result: Findings) -> str:
    """Return how many doubts there are about the inputs; the lines come at a click."""
    texts = [plain(line, longest=5_000) for line in result.summary["warnings"]]
    lines = [f'<li dir="auto">{escape(text)}</li>' for text in texts if text]
    if not lines:
        return ""
    count = f"{len(lines)} 条数据提示 notes on the data"
    return (
        f'<details class="cc-warnings"><summary>{count}</summary>'
        f"<ul>{''.join(lines)}</ul></details>"
    )


def _km(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,.1f}"


def _line(colour: str, words: str, dash: str = "solid") -> str:
    return _key(f'<span class="cc-line" style="border-top:4px {dash} {colour}"></span>', words)


def _pin(tier: TierName) -> str:
    return f'<span class="cc-{tier}"><span class="cc-badge">{TIER_GLYPHS[tier]}</span></span>'


def _key(picture: str, words: str) -> str:
    return f'<li><span class="cc-key">{picture}</span><span>{escape(words)}</span></li>'
