"""The first page of the report: one sentence, one card a tier, the circle of three, the areas."""

import math

from ..findings import Findings
from ..study_parts import TIERS, TierName
from .colours import TIER_COLOURS
from .report_charts import tiers_with_facilities
from .report_svg import number, picture, text
from .report_tables import areas_table
from .report_words import (
    TIER_HEAD,
    Markup,
    Words,
    count,
    english,
    figures_of,
    joined,
    keeper,
    km,
    reach,
    share,
    walk,
    walker_name,
    words,
)

_NO_AREAS = Words(
    "本研究未划分片区，没有分片区的表。",
    "The study names no areas, so there is no table by area.",
)


def overall(findings: Findings) -> str:
    """Return what stands first: the headline, the tiers, their circle, the table by area."""
    shown = tiers_with_facilities(findings)
    cards = "".join(_card(findings, tier) for tier in TIERS)
    rings = f'<div class="circle">{_rings(findings)}{_circle_words(findings)}</div>'
    table = areas_table(findings)
    if findings.areas is None:
        table = Markup(f'<p class="missing">{_NO_AREAS.html}</p>')
    return (
        f'<section class="overall"><p class="headline">{_headline(findings, shown).html}</p>'
        f'<div class="figures"><div class="tiers">{cards}</div>{rings}</div>{table}</section>'
    )


def _headline(findings: Findings, shown: list[TierName]) -> Words:
    summary, study = findings.summary, findings.study
    if not shown:
        return Words(
            "研究区内外没有任何层级的养老设施，步行覆盖为零。",
            "There is no facility of any tier in the study area or near it: nothing is covered.",
        )
    tier = shown[0]
    covered, part = figures_of(summary, tier)
    can = reach(study, tier)
    if findings.people is None:
        return words(
            "研究区 {total}街道中，{covered}（{part}）{can}。",
            "From {covered} of {total} of street ({part}) {walker} {can}.",
            total=km(summary["street_km"]), covered=km(covered), part=share(part), can=can,
            walker=walker_name(study.walking),
        )  # fmt: skip
    people = summary["people"]
    by_cause = people["uncovered_by_cause"][tier]
    missing = sum(by_cause.values())
    first = words(
        "{total} 名老年人中，{covered} 名（{part}）{can}",
        "Of {total} elderly people, {covered} ({part}) {can}",
        total=count(people["elderly"]), covered=count(covered), part=share(part), can=can,
    )  # fmt: skip
    if missing < 0.5:
        return joined([first, Words("。", ".")], "", "")
    most = max(by_cause, key=lambda cause: float(by_cause[cause]))
    return words(
        "{first}；其余 {missing} 名中，{n} 名（{share}）的首要障碍是{cause}。",
        "{first}; of the {missing} who cannot, {n} ({share}) are kept away by {cause}.",
        first=first, missing=count(missing), n=count(by_cause[most]),
        share=share(by_cause[most] / missing), cause=keeper(most),
    )  # fmt: skip


def _card(findings: Findings, tier: TierName) -> str:
    summary = findings.summary
    colour = TIER_COLOURS[tier]
    title = f'<h2><i class="dot" style="background:{colour}"></i>{TIER_HEAD[tier].html}</h2>'
    if not summary["facilities"][tier]:
        none = Words("没有该层级设施，全部未覆盖。", "There is none, so nothing is covered.")
        return f'<article class="tier none">{title}<p>{none.html}</p></article>'
    covered, part = figures_of(summary, tier)
    people = summary["people"]
    lines = []
    if people is not None:
        lines.append(words("覆盖老年人 {n} 名", "{n} elderly people covered", n=count(covered)))
        lines.append(
            words("半数老年人在 {half}内", "half of all within {half}",
                  half=walk(people[f"minutes_median_{tier}"], findings.study))
            if people[f"minutes_median_{tier}"] is not None
            else words("半数以上老年人{far}", "for most of them {far}",
                       far=walk(None, findings.study))
        )  # fmt: skip
    else:
        lines.append(words("覆盖街道 {n}", "{n} of street covered", n=km(covered)))
    lines.append(_facilities_and_gaps(findings, tier))
    return (
        f'<article class="tier">{title}<p class="share">{share(part).html}</p>'
        f"{''.join(f'<p>{line.html}</p>' for line in lines)}</article>"
    )


def _facilities_and_gaps(findings: Findings, tier: TierName) -> Words:
    summary = findings.summary
    listed, gaps = summary["facilities"][tier], summary["gaps"][tier]["count"]
    target = summary["inventory"].get(tier)
    known = (
        words("（应有 {n} 处）", " (of {n} there should be)", n=count(target["target"]))
        if target
        else Words("", "")
    )
    missing = Words("没有缺口", "no gaps")
    if gaps:
        missing = words("缺口 {n} 处", "{some}", n=count(gaps), some=english(gaps, "gap"))
    return words("设施 {n} 处{known} · {missing}", "{some}{known} · {missing}", n=count(listed),
                 some=english(listed, "facility", "facilities"), known=known,
                 missing=missing)  # fmt: skip


def _circle_words(findings: Findings) -> str:
    """Return the three-tier circle in numbers: how many reach how many tiers."""
    summary = findings.summary
    people = summary["people"]
    head = Words("三级养老服务圈", "The circle of three tiers")
    if people is None:
        rows = [
            (Words("三级均可达", "All three tiers"), summary["coverage"]["all"]),
            (Words("至少一级可达", "At least one"), summary["coverage"]["any"]),
        ]
        items = "".join(
            f"<dt>{name.html}</dt><dd>{km(row['covered_km']).html}</dd>"
            f"<dd>{share(row['share']).html}</dd>"
            for name, row in rows
        )
        return f'<div><h2 id="circle-title">{head.html}</h2><dl id="circle-says">{items}</dl></div>'
    names = (
        Words("三级均可达", "All three tiers"), Words("两级可达", "Two of them"),
        Words("一级可达", "One of them"), Words("均不可达", "None"),
    )  # fmt: skip
    reached = [0.0, 0.0, 0.0, 0.0]
    for key, value in people.items():
        if key.startswith("only_"):
            tiers = key.removeprefix("only_").split("_")
            reached[3 - sum(tier in TIERS for tier in tiers)] += value
    total = people["elderly"]
    items = "".join(
        f"<dt>{name.html}</dt><dd>{count(value)}</dd>"
        f"<dd>{share(value / total if total else None).html}</dd>"
        for name, value in zip(names, reached, strict=True)
    )
    return f'<div><h2 id="circle-title">{head.html}</h2><dl id="circle-says">{items}</dl></div>'


def _rings(findings: Findings) -> Markup:
    """Return the three tiers as rings, each closed as far as it covers."""
    parts = []
    for tier, radius in zip(TIERS, (46.0, 66.0, 86.0), strict=True):
        _, part = figures_of(findings.summary, tier)
        round_ = 2 * math.pi * radius
        ring = f'cx="110" cy="110" r="{number(radius)}" fill="none" stroke-width="15"'
        parts.append(f'<circle {ring} stroke="#ebe7df"/>')
        if part:
            parts.append(
                f'<circle {ring} stroke="{TIER_COLOURS[tier]}" transform="rotate(-90 110 110)" '
                f'stroke-dasharray="{number(round_ * part)} {number(round_ * (1 - part) + 1)}"/>'
            )
    _, whole = figures_of(findings.summary, "all")
    parts += [
        text(110, 112, share(whole), "ring-figure", anchor="middle"),
        text(110, 130, Words("三级均可达", "all three"), "q", anchor="middle"),
    ]
    return picture("circle", 220, parts, width=220, kind="rings")
