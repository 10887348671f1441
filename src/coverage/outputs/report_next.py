"""Where the next facilities should open: table and map, and the lines that matter most."""

from collections.abc import Callable, Sequence
from typing import Any

import geopandas as gpd
import pandas as pd

from ..findings import Findings
from ..study_parts import TIERS, TierName
from ..where_next import WhereNext
from .map_words import UNKNOWN
from .report_charts import tiers_with_facilities
from .report_maps import Ground, proposals_map
from .report_tables import cell, head, row_head, table
from .report_words import (
    SERVICE,
    SERVICE_HEAD,
    TIER,
    Markup,
    Words,
    count,
    joined,
    minutes,
    named,
    share,
    words,
)

_Figures = Sequence[tuple[Words, Callable[[Any], str]]]
"""Heads of columns, each with what makes its cell of a row."""
MOST_LINES = 10
MOST_ZONES = 20
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

_NOTHING = Words("无备选可新增覆盖", "none wins anybody")


def next_section(findings: Findings, found: WhereNext) -> Markup:
    """Return the part of the report about proposals; a sentence where none helps."""
    if found.proposals.empty:
        parts = [f"<p>{_NONE.html}</p>"]
    else:
        parts = [f"<p>{_lead(found).html}</p>", _map(findings, found), _table(found)]
    for lines, made in ((found.links, _links), (found.shortcuts, _shortcuts)):
        if lines is not None and not lines.empty:
            parts.append(made(lines))
    if found.zones is not None and not found.zones.empty:
        parts.append(_zones(found.zones))
    return Markup("".join(parts))


def _lead(found: WhereNext) -> Words:
    """Return what the proposals do together, and what none of the facilities does yet."""
    lead = _gains(found)
    if found.figures["capacity"]:
        room = Words(
            "本次计入床位：步行可达但无床位者不算覆盖；床位数未知的设施视为可容纳所有人。",
            "Room is counted: who is in reach and finds no place is not covered, and a facility "
            "whose places are not known has room for all.",
        )
        lead = joined([lead, room])
    service = found.proposals["service"].iloc[0]
    if not service:
        return lead
    opens = words(
        "选址对象为提供{name}服务的设施，不论层级。",
        "What opens offers {name}, whatever its tier.",
        name=SERVICE[service],
    )
    nobody = Words(
        "目前没有设施提供该服务，开设第一处之前无人覆盖。",
        "No facility offers it yet: nobody is covered before the first one opens.",
    )
    parts = [opens, *([] if found.figures["facilities_given"] else [nobody]), lead]
    return joined(parts)


def _gains(found: WhereNext) -> Words:
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
    tier, service = _tier(findings, found), found.proposals["service"].iloc[0] or None
    if service is None:
        title = words(
            "建议选址，底色为现状步行到{tier}的分钟数",
            "Proposals over today's streets, by minutes to the nearest {tier}",
            tier=TIER[tier],
        )
        dots = Words("圆点为现有设施。", "dots are facilities of today.")
    else:
        name = SERVICE[service]
        title = words(
            "建议选址与现状{name}缺口", "Proposals over today's gaps in {name}", name=name
        )
        dots = words(
            "圆点为现有提供{name}的设施；着色处为缺口。",
            "dots are facilities of today that offer {name}, shaded areas its gaps.",
            name=name,
        )
    says = joined([
        Words(
            "菱形为建议选址，数字为开设顺序；",
            "Diamonds are proposals, numbered in the order to open them;",
        ),
        dots,
    ])  # fmt: skip
    return (
        '<figure class="whole" id="next">'
        f'<h3 id="next-title">{title.html}</h3><div class="scroll" tabindex="0">'
        f"{proposals_map(Ground(findings, tier, service), found.proposals)}</div>"
        f'<figcaption id="next-says">{says.html}</figcaption></figure>'
    )


def _table(found: WhereNext) -> Markup:
    heads = [
        head(Words("顺序", "Order"), kind="left"), head(Words("名称", "Name"), kind="left"),
        head(_opens_head(found.proposals), kind="left"),
        head(Words("新增老年人", "People gained")),
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


def _opens_head(table: pd.DataFrame) -> Words:
    """Return what a column of `_opens` is headed: a choice sites tiers or services, never both."""
    by_service = bool((table["service"] != "").any())
    return Words("服务", "Service") if by_service else Words("层级", "Tier")


def _opens(row: Any) -> Words:
    if service := row["service"]:
        return SERVICE_HEAD[service]
    return TIER.get(row["tier"], _CIRCLE)


def _row(turn: Any, row: Any, running: float) -> str:
    source = row["source"]
    return (
        f"<tr>{row_head(Words(str(turn), str(turn)))}{cell(named(row['name']), 'left')}"
        f"{cell(_opens(row), 'left')}{cell(count(row['elderly_gained']), 'share')}"
        f"{cell(count(running))}{cell(share(row['share_total']))}{cell(count(row['cost_cny']))}"
        f"{cell(count(row['cny_per_person']))}{cell(_SOURCE.get(source, named(source)), 'left')}"
        "</tr>"
    )


def _links(links: gpd.GeoDataFrame) -> Markup:
    caption = Words(
        "关键路段：一旦中断，失去养老服务圈任一层级的老年人最多者，每人计一次；末列为"
        "其中三级原本齐全者。影响同一批人的前后相连路段只列一处。",
        "Weak links: the streets whose loss would cost most elderly people a tier of their circle, "
        "each counted once; the last column is of those who had all three. Streets in a row that "
        "cost the same people are listed once.",
    )
    figures: _Figures = [
        (Words("踏步", "Steps"), lambda row: cell(count(row["steps"]) if row["steps"] else "")),
        (Words("途经老年人", "People using it"), lambda row: cell(count(row["elderly_using"]))),
        (Words("失去老年人", "People lost"), lambda row: cell(count(row["elderly_lost"]), "share")),
        (Words("圈由全变缺", "Circles broken"),
         lambda row: cell(count(row["elderly_lost_circle"]))),
    ]  # fmt: skip
    return _lines("weak-links", caption, links, figures)


def _shortcuts(shortcuts: gpd.GeoDataFrame) -> Markup:
    caption = Words(
        "加装电梯、扶梯或架设天桥，可使最多老年人新得养老服务圈任一层级之处，每人计一次；"
        "末列为三级因此齐全者。能否建设未作判断。",
        "Shortcuts: where a lift, an escalator or a bridge would win most elderly people a tier of "
        "their circle, each counted once; the last column is of those who then have all three. "
        "Whether it can be built is not judged.",
    )
    figures: _Figures = [
        (Words("高差（米）", "Rise, m"), lambda row: cell(count(row["rise_m"]))),
        (Words("两端现走（分钟）", "Between its ends today, min"),
         lambda row: cell(minutes(row["minutes_now"]))),
        (Words("新建后（分钟）", "With it, min"), lambda row: cell(minutes(row["minutes_then"]))),
        (Words("新增老年人", "People gained"),
         lambda row: cell(count(row["elderly_gained"]), "share")),
        (Words("圈由缺变全", "Circles made whole"),
         lambda row: cell(count(row["elderly_gained_circle"]))),
    ]  # fmt: skip
    return _lines("shortcuts", caption, shortcuts, figures)


def _lines(name: str, caption: Words, lines: gpd.GeoDataFrame, figures: _Figures) -> Markup:
    """Return the table of the first lines: what they are, and a column for each of the figures."""
    heads = [
        head(Words("位次", "Rank"), kind="left"), head(Words("名称或附近道路", "At"), kind="left"),
        head(Words("片区", "Area"), kind="left"), head(Words("类型", "Kind"), kind="left"),
        head(Words("长度（米）", "Length, m")),
        *(head(said) for said, _ in figures),
    ]  # fmt: skip
    rows = [
        f"<tr>{_line_cells(rank, row)}{''.join(shown(row) for _, shown in figures)}</tr>"
        for rank, row in lines.head(MOST_LINES).iterrows()
    ]
    return table(name, caption, [Markup(f"<tr>{''.join(heads)}</tr>")], rows)


def _line_cells(rank: Any, row: Any) -> str:
    # A lift has no length.
    return (
        f"{row_head(Words(str(rank), str(rank)))}{cell(named(row['name']), 'left')}"
        f"{cell(named(row['area']), 'left')}"
        f"{cell(_KIND.get(row['kind'], named(row['kind'])), 'left')}"
        f"{cell(count(row['length_m']) if row['length_m'] else '')}"
    )


def _zones(zones: pd.DataFrame) -> Markup:
    caption = words(
        "更新片区：若在片区内开设一处最能新增覆盖的备选设施，每百万元新增覆盖的老年人"
        "由多到少；“{unknown}”为未知，片区内没有备选能新增覆盖的列在最后。",
        "Renewal zones, by the elderly people that a million CNY wins if the candidate in the zone "
        "that wins most opens; “{unknown}” is unknown. Zones without one come last.",
        unknown=UNKNOWN,
    )
    heads = [
        head(Words("位次", "Rank"), kind="left"), head(Words("更新片区", "Zone"), kind="left"),
        head(Words("备选设施", "Candidate"), kind="left"),
        head(_opens_head(zones), kind="left"), head(Words("新增老年人", "People gained")),
        head(Words("费用（元）", "Cost, CNY")), head(Words("每百万元", "A million CNY wins")),
    ]  # fmt: skip
    rows = [_zone(name, row) for name, row in zones.head(MOST_ZONES).iterrows()]
    return table("zones-ranked", caption, [Markup(f"<tr>{''.join(heads)}</tr>")], rows)


def _zone(name: Any, row: Any) -> str:
    turn = str(row["rank"])
    if not row["candidate"]:
        nothing = cell(_NOTHING, "left") + cell("") * 4
        return f"<tr>{row_head(Words(turn, turn))}{cell(named(name), 'left')}{nothing}</tr>"
    return (
        f"<tr>{row_head(Words(turn, turn))}{cell(named(name), 'left')}"
        f"{cell(named(row['candidate_name'] or row['candidate']), 'left')}"
        f"{cell(_opens(row), 'left')}{cell(count(row['elderly_gained']))}"
        f"{cell(count(row['cost_cny']))}{cell(count(row['elderly_per_million_cny']), 'share')}</tr>"
    )
