"""The largest gaps as cards: a little map, how many people, why, and what it asks for."""

from typing import Any

from ..findings import Findings
from ..gaps import SMALLEST_GAP_M
from ..people_gaps import SMALLEST_GAP_ELDERLY
from ..study_parts import TierName
from .colours import GAP, TIER_COLOURS
from .report_charts import tiers_with_facilities
from .report_maps import Ground, gap_map, overview_map, street_classes
from .report_tables import gaps_table
from .report_words import (
    CAUSE,
    TIER,
    Markup,
    Words,
    count,
    datum,
    joined,
    km,
    named,
    promised,
    share,
    walk,
    words,
)

MOST_CARDS = 8
_MOST_OF_OTHER_TIERS = 4


def gap_tier(findings: Findings) -> TierName | None:
    """Return the tier whose gaps are shown: the nearest to people that has facilities and gaps."""
    counts = findings.summary["gaps"]
    with_gaps = [t for t in tiers_with_facilities(findings) if counts[t]["count"]]
    return with_gaps[0] if with_gaps else None


def gaps_section(findings: Findings) -> Markup:
    """Return the part of the report about gaps; a sentence where there are none."""
    tier = gap_tier(findings)
    if tier is None:
        return Markup(f"<p>{_no_gaps(findings).html}</p>")
    gaps = findings.gaps[(findings.gaps["tier"] == tier) & ~findings.gaps.geometry.is_empty]
    shown = gaps.head(MOST_CARDS)
    ground = Ground(findings, tier)
    cards = [
        _card(ground, f"gap-{rank}", rank, row)
        for rank, (_, row) in enumerate(shown.iterrows(), start=1)
    ]
    others = [t for t in tiers_with_facilities(findings) if t != tier]
    return Markup(
        f"<p>{_lead(findings, tier, len(shown)).html}</p>"
        '<figure class="whole" id="overview">'
        f'<h3 id="overview-title">{_overview_title(tier).html}</h3>'
        f'<div class="scroll" tabindex="0">{overview_map(ground, list(shown.geometry))}</div>'
        f'<figcaption id="overview-says">{map_key(findings, tier)}</figcaption></figure>'
        f'<div class="cards">{"".join(cards)}</div>'
        f"{gaps_table(findings, others, _MOST_OF_OTHER_TIERS)}"
    )


def map_key(findings: Findings, tier: TierName) -> Markup:
    """Return what the colours and marks of the little maps mean."""
    ends, colours = street_classes(findings, tier)
    limit, horizon = promised(findings.study)[tier], f"{findings.study.horizon_min:g}"
    said = [words("≤ {n} 分钟", "≤ {n} min", n=f"{end:g}") for end in ends]
    said += [
        words("{low}–{high} 分钟", "{low}–{high} min", low=f"{limit:g}", high=horizon),
        words("超过 {n} 分钟或走不到", "over {n} min, or no way", n=horizon),
    ]
    keys = [
        f'<li><i class="stroke" style="background:{colour}"></i>{phrase.html}</li>'
        for colour, phrase in zip(colours, said, strict=True)
    ]
    keys += [
        f'<li><i class="box" style="border-color:{GAP};background:{GAP}22"></i>'
        f"{Words('缺口', 'gap').html}</li>",
        f'<li><i class="dot" style="background:{TIER_COLOURS[tier]}"></i>{TIER[tier].html}</li>',
        f'<li><i class="flight"></i>{Words("梯坎", "stairs").html}</li>',
    ]
    return Markup(f'<ul class="key">{"".join(keys)}</ul>')


def _no_gaps(findings: Findings) -> Words:
    if not tiers_with_facilities(findings):
        return Words(
            "研究区内没有任何设施，缺口无从比较：全部街道与居民都未覆盖。",
            "There is no facility at all, so there are no gaps to compare: nothing is covered.",
        )
    return Words("没有缺口。", "There are no gaps.")


def _lead(findings: Findings, tier: TierName, shown: int) -> Words:
    figures = findings.summary["gaps"][tier]
    values = {
        "tier": TIER[tier], "n": count(figures["count"]), "shown": count(shown),
        "limit": f"{promised(findings.study)[tier]:g}",
    }  # fmt: skip
    if findings.people is None:
        return words(
            "缺口指连片的、{limit} 分钟内走不到{tier}的街道（{least} 米以上）。全区共 {n} 处，"
            "合计 {km}；下列最大的 {shown} 处。",
            "A gap is contiguous street ({least} m or more) from which no {tier} can be reached "
            "in {limit} minutes. There are {n}, {km} in all; below are the largest {shown}.",
            **values, km=km(figures["street_km"]), least=f"{SMALLEST_GAP_M:g}",
        )  # fmt: skip
    return words(
        "缺口指连片居住、{limit} 分钟内走不到{tier}的地方（老年人 {least} 名以上）。全区共 {n} "
        "处，涉及老年人 {people} 名；下列人数最多的 {shown} 处。",
        "A gap is a contiguous inhabited area ({least} elderly people or more) from which no "
        "{tier} can be reached in {limit} minutes. There are {n}, with {people} elderly people; "
        "below are the {shown} with most.",
        **values, people=count(figures["elderly"]), least=f"{SMALLEST_GAP_ELDERLY:g}",
    )  # fmt: skip


def _overview_title(tier: TierName) -> Words:
    return words(
        "缺口在哪里：各街道步行到最近{tier}的分钟数",
        "Where the gaps are: streets by minutes on foot to the nearest {tier}",
        tier=TIER[tier],
    )


def _card(ground: Ground, name: str, rank: int, row: Any) -> str:
    findings = ground.findings
    people = findings.people is not None
    amount = (
        words("{n} 名老年人", "{n} elderly people", n=count(row["elderly"]))
        if people
        else words("{km}街道", "{km} of street", km=km(row["street_m"] / 1000))
    )
    facts = [*_why(row)] if people else []
    facts.append(_nearest(findings, row))
    facts_html = "".join(f"<dt>{term.html}</dt><dd>{fact.html}</dd>" for term, fact in facts)
    return (
        f'<article class="card">{gap_map(ground, name, row.geometry, row["nearest_facility"])}'
        f'<h3 id="{name}-title"><b class="no">{rank}</b>{_place(row, people).html}</h3>'
        f'<p class="amount">{amount.html}</p><dl id="{name}-says">{facts_html}</dl></article>'
    )


def _place(row: Any, people: bool) -> Words:
    """Return where a gap is: its area, and its streets where they have names."""
    parts = [named(row["area"])] if row["area"] else []
    if people and row["streets"]:
        parts.append(Words(*[datum(row["streets"], longest=48)] * 2))
    return joined(parts, " · ", " · ") if parts else Words("（无名）", "(unnamed)")


def _why(row: Any) -> list[tuple[Words, Words]]:
    cause = CAUSE[row["cause"]]
    return [
        (
            Words("主因", "Cause"),
            words("{name}（{part}）：{meaning}", "{name} ({part}): {meaning}", name=cause.name,
                  part=share(row["cause_share"]), meaning=cause.meaning),
        ),
        (Words("对策", "Action"), cause.action),
    ]  # fmt: skip


def _nearest(findings: Findings, row: Any) -> tuple[Words, Words]:
    term = Words("最近设施", "Nearest")
    if not row["nearest_facility"]:
        return term, Words("走不到任何同级设施", "no facility of this tier can be reached")
    return term, words(
        "{name}，步行 {walk}", "{name}, {walk} on foot", name=named(row["nearest_name"]),
        walk=walk(row["minutes"], findings.study),
    )  # fmt: skip
