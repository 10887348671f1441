"""How evenly care is spread: who is worse off, where the places are, which facilities are full."""

from ..access import PLANNED_PLACES_PER_1000
from ..findings import Findings
from ..study_parts import TierName
from .colours import GAP, TIER_COLOURS
from .report_charts import DASHES, tiers_with_facilities
from .report_svg import Bar, Figure, Part, key, line, picture, polyline, stacked, text
from .report_words import TIER_HEAD, Words, count, joined, named, share, walk, words


def fairness_section(findings: Findings) -> str:
    """Return who is worse off, and how full the facilities are; for a study with people."""
    shown = tiers_with_facilities(findings)
    said = "".join(f"<li>{line.html}</li>" for line in _who_is_worse_off(findings, shown))
    drawn = [f for f in (access_curve(findings), facility_loads(findings)) if f is not None]
    without = Words(
        "设施未填床位数，故没有床位分布与负荷图。",
        "No facility says how many places it has, so there are no charts of places.",
    )
    charts = "".join(figure.html for figure in drawn)
    shown_charts = f'<div class="charts">{charts}</div>' if drawn else f"<p>{without.html}</p>"
    return f"{f'<ul>{said}</ul>' if said else ''}{shown_charts}"


def _who_is_worse_off(findings: Findings, shown: list[TierName]) -> list[Words]:
    fairness, lines = findings.summary["people"]["fairness"], []
    for tier in shown:
        found = fairness[tier]
        gain = found.get("lift_elderly") or 0.0
        far = walk(found["worst_tenth_from_min"], findings.study)
        line = words(
            "{tier}：路最远的一成老年人需 {far}以上。" if found["worst_tenth_from_min"] is not None
            else "{tier}：路最远的一成老年人{far}。",
            "{tier}: the tenth with the longest walk needs {far} or more."
            if found["worst_tenth_from_min"] is not None
            else "{tier}: for the tenth with the longest walk it is {far}.",
            tier=TIER_HEAD[tier], far=far,
        )  # fmt: skip
        if found.get("lift_area") and gain >= 0.5:
            more = words(
                "若把{area}提高到各片区的中位水平，可多覆盖 {n} 名，增量居各片区之首。",
                "Bringing {area} to the median of the areas would cover {n} more, the most of any.",
                area=named(found["lift_area"]), n=count(gain),
            )  # fmt: skip
            line = joined([line, more])
        lines.append(line)
    return lines


def access_curve(findings: Findings) -> Figure | None:
    """Return the Lorenz curves of places within reach, with Gini's coefficient."""
    people = findings.summary["people"]
    shown = [t for t in tiers_with_facilities(findings) if _has_places(findings, t)]
    shown = [t for t in shown if people and people["fairness"][t]["lorenz_access"]]
    if people is None or not shown:
        return None
    left, top, side = 48.0, 12.0, 216.0
    drawn = []
    for step in (0, 0.5, 1):
        x, y = left + side * step, top + side * (1 - step)
        drawn += [
            line(left, y, left + side, y, "grid"), line(x, top, x, top + side, "grid"),
            text(left - 6, y + 4, share(step), "q", anchor="end"),
            text(x, top + side + 16, share(step), "q", anchor="middle"),
        ]  # fmt: skip
    drawn.append(line(left, top + side, left + side, top, "equal"))
    drawn.append(
        text(left + side / 2, top + side + 34,
             Words("老年人累计占比（床位最少者在前）", "elderly people, the worst served "
                   "first"), "q",
             anchor="middle")
    )  # fmt: skip
    for place, tier in enumerate(shown):
        steps = people["fairness"][tier]["lorenz_access"]
        xs = [left + side * i / (len(steps) - 1) for i in range(len(steps))]
        drawn.append(
            polyline(xs, [top + side * (1 - v) for v in steps], TIER_COLOURS[tier], DASHES[tier])
        )
        x, y = left + side + 22, top + 40 + 44 * place
        drawn += [
            polyline([x, x + 26], [y - 4, y - 4], TIER_COLOURS[tier], DASHES[tier]),
            text(x + 33, y, TIER_HEAD[tier], "b small"),
            text(x + 33, y + 17, words("基尼系数 {g}", "Gini {g}",
                                       g=f"{people['fairness'][tier]['gini_access']:.2f}"), "q"),
        ]  # fmt: skip
    drawn.append(
        text(left + side + 22, top + 12, Words("斜线：人人相同", "diagonal: all alike"), "q")
    )
    return Figure(
        "lorenz",
        words("床位分布是否均衡", "Are places spread evenly over people?"),
        words(
            "纵轴为时限内可用床位的累计占比。曲线离斜线越远，床位越集中在少数老年人身边；基尼系数 "
            "0 表示人人相同，1 表示集中于一人。",
            "Upwards: share of all places within reach. The farther a curve lies from the "
            "diagonal, the fewer people have the places near them. Gini: 0 when all have the "
            "same, 1 when one has all.",
        ),
        picture("lorenz", top + side + 42, drawn),
    )


def facility_loads(findings: Findings) -> Figure | None:
    """Return how many facilities are overloaded or idle when everybody goes to the nearest."""
    shown = [t for t in tiers_with_facilities(findings) if _has_places(findings, t)]
    if findings.people is None or not shown:
        return None
    table = findings.facilities
    colours = {"idle": "#c9d3d6", "": "#1c8c8c", "overloaded": GAP}
    bars = []
    for tier in shown:
        known = table[(table["tier"] == tier) & table["elderly_per_place"].notna()]
        counts = {load: int((known["load"] == load).sum()) for load in colours}
        parts = [
            Part(counts[load], colour, count(counts[load]), load != "idle")
            for load, colour in colours.items()
        ]
        heading = words(
            "{tier}：富余 {idle} 处，适中 {right} 处，超负荷 {over} 处",
            "{tier}: {idle} with room, {right} about right, {over} overloaded",
            tier=TIER_HEAD[tier], idle=count(counts["idle"]), right=count(counts[""]),
            over=count(counts["overloaded"]),
        )  # fmt: skip
        bars.append(Bar(heading, tuple(parts)))
    fewest, most = PLANNED_PLACES_PER_1000
    drawn, y = stacked(bars, top=0)
    legend, y = key(
        [
            (colours["idle"], Words("富余", "room to spare")),
            (colours[""], Words("适中", "about right")),
            (colours["overloaded"], Words("超负荷", "overloaded")),
        ],
        top=y + 2, columns=3,
    )  # fmt: skip
    return Figure(
        "loads",
        words("床位是否够用：各级设施的负荷", "Are there enough places?"),
        words(
            "假定每位老年人都去最近的设施：每张床位对应超过 {high} 名老年人为超负荷，不足 {low} "
            "名为富余（国家规划每千名老年人 {fewest} 至 {most} 张床位）。",
            "If everybody went to the nearest: overloaded above {high} elderly people a place, "
            "room to spare below {low} (the national plan: {fewest} to {most} places for 1,000).",
            high=f"{1000 / fewest:.1f}",
            low=f"{1000 / most:g}",
            fewest=f"{fewest:g}",
            most=f"{most:g}",
        ),
        picture("loads", y + 4, [*drawn, *legend]),
    )


def _has_places(findings: Findings, tier: TierName) -> bool:
    table = findings.facilities
    return bool((table["capacity"][table["tier"] == tier] > 0).any())
