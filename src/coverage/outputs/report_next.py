"""Where the next facilities should open: table and map, and the lines that matter most."""

from typing import Any

import geopandas as gpd

from ..findings import Findings
from ..study_parts import TIERS, TierName
from ..where_next import WhereNext
from .map_words import UNKNOWN
from .report_charts import tiers_with_facilities
from .report_maps import Ground, proposals_map
from .report_tables import cell, head, row_head, table
from .report_words import TIER, Markup, Words, count, named, share, words

MOST_LINES = 10
_SOURCE = {
    "listed": Words("备选清单", "listed"),
    "osm": Words("开放街图", "OpenStreetMap"),
    "street": Words("街道等距点", "place on a street"),
}
_KIND = {
    "lift": Words("电梯", "lift"),
    "bridge": Words("天桥", "bridge"),
    "street": Words("街道", "street"),
    "stairs": Words("梯坎", "stairs"),
    "escalator": Words("自动扶梯", "escalator"),
    "ride": Words("乘载", "ride"),
}
_CIRCLE = Words("三级养老服务圈", "circle of all three tiers")
_NONE = Words(
    "没有一处备选能让更多老年人走到设施。",
    "No candidate would bring a facility within anybody's reach."
)  # fmt: skip


def next_section(findings: Findings, found: WhereNext) -> Markup:
    """Return the part of the report about proposals; a sentence where none helps."""
    if found.proposals.empty:
        parts = [f"<p>{_NONE.html}</p>"]
    else:
        parts = [f"<p>{_lead(found).html}</p>", _map(findings, found), _table(found)]
    for name, lines, gained in (
        ("weak-links", found.links, "elderly_lost"),
        ("shortcuts", found.shortcuts, "elderly_gained"),
    ):
        if lines is not None and not lines.empty:
            parts.append(_lines(name, lines, gained))
    return Markup("".join(parts))


def _lead(found: WhereNext) -> Words:
    last = found.proposals.iloc[-1]
    return words(
        "依次开设下列 {n} 处，可新增覆盖老年人 {gained} 名，覆盖率升至 {share}。每处的人数"
        "是在前几处已开设之后再新增的，因此须依序读，可以相加。",
        "The {n} below, opened in this order, would cover {gained} more elderly people, and raise "
        "the share covered to {share}. Each counts whom it adds to those before it: read in order, "
        "the figures may be added up.",
        n=count(len(found.proposals)), gained=count(float(found.running_gain.iloc[-1])),
        share=share(last["share_total"]),
    )  # fmt: skip


def _tier(findings: Findings, found: WhereNext) -> TierName:
    """Return the tier whose minutes lie under the map: that of the first proposal if it has one."""
    first = found.proposals["tier"].iloc[0]
    asked: list[TierName] = [tier for tier in TIERS if tier == first]
    return [*asked, *tiers_with_facilities(findings), TIERS[0]][0]


def _map(findings: Findings, found: WhereNext) -> str:
    tier = _tier(findings, found)
    title = words(
        "建议选址，底色为现状步行到{tier}的分钟数",
        "Proposals over today's streets, by minutes to the nearest {tier}",
        tier=TIER[tier],
    )
    says = Words(
        "菱形为建议选址，数字为开设顺序；圆点为现有设施。",
        "Diamonds are proposals, numbered in the order to open them; dots are facilities of today.",
    )
    return (
        '<figure class="whole" id="next">'
        f'<h3 id="next-title">{title.html}</h3><div class="scroll" tabindex="0">'
        f"{proposals_map(Ground(findings, tier), found.proposals)}</div>"
        f'<figcaption id="next-says">{says.html}</figcaption></figure>'
    )


def _table(found: WhereNext) -> Markup:
    heads = [
        head(Words("顺序", "Order"), kind="left"), head(Words("名称", "Name"), kind="left"),
        head(Words("层级", "Tier"), kind="left"), head(Words("新增老年人", "People gained")),
        head(Words("累计新增", "Running total")), head(Words("覆盖率", "Share then")),
        head(Words("费用（元）", "Cost, CNY")), head(Words("每人（元）", "CNY a person")),
        head(Words("来源", "Source"), kind="left"),
    ]  # fmt: skip
    running = found.running_gain
    rows = [_row(turn, row, running[turn]) for turn, row in found.proposals.iterrows()]
    caption = Words(
        f"建议开设顺序；“{UNKNOWN}”为未知。", f"In the order to open; “{UNKNOWN}” is unknown."
    )
    return table("proposals", caption, [Markup(f"<tr>{''.join(heads)}</tr>")], rows)


def _row(turn: Any, row: Any, running: float) -> str:
    tier, source = row["tier"], row["source"]
    return (
        f"<tr>{row_head(Words(str(turn), str(turn)))}{cell(named(row['name']), 'left')}"
        f"{cell(TIER.get(tier, _CIRCLE), 'left')}{cell(count(row['elderly_gained']), 'share')}"
        f"{cell(count(running))}{cell(share(row['share_total']))}{cell(count(row['cost_cny']))}"
        f"{cell(count(row['cny_per_person']))}{cell(_SOURCE.get(source, named(source)), 'left')}"
        "</tr>"
    )


def _lines(name: str, lines: gpd.GeoDataFrame, gained: str) -> Markup:
    loss = gained == "elderly_lost"
    caption = (
        Words(
            "关键路段：一旦中断，失去覆盖的老年人最多者。",
            "Weak links: the streets whose loss would cost most elderly people their cover.",
        )
        if loss
        else Words(
            "加装电梯、扶梯或架设天桥，新增覆盖老年人最多者；能否建设未作判断。",
            "Shortcuts: where a lift, an escalator or a bridge would win most elderly people; "
            "whether it can be built is not judged.",
        )
    )
    heads = [
        head(Words("位次", "Rank"), kind="left"), head(Words("名称", "Name"), kind="left"),
        head(Words("类型", "Kind"), kind="left"), head(Words("长度（米）", "Length, m")),
        head(Words("失去老年人", "People lost") if loss else Words("新增老年人", "People gained")),
    ]  # fmt: skip
    rows = [
        f"<tr>{row_head(Words(str(rank), str(rank)))}{cell(named(row.get('name', '')), 'left')}"
        f"{cell(_KIND.get(row['kind'], named(row['kind'])), 'left')}"
        f"{cell(count(row.get('length_m')))}{cell(count(row[gained]), 'share')}</tr>"
        for rank, (_, row) in enumerate(lines.head(MOST_LINES).iterrows(), start=1)
    ]
    return table(name, caption, [Markup(f"<tr>{''.join(heads)}</tr>")], rows)
