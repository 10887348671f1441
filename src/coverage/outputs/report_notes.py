"""The report's small print: methods, quality of the data, limits, sources, and how to repeat it."""

from collections.abc import Iterable, Mapping
from typing import Any

from ..findings import Findings
from ..people_gaps import SMALLEST_GAP_ELDERLY
from ..study_parts import TIERS
from ..summary import MOVED_M, PASSED_M
from .map_words import plain
from .report_tables import cell, head, row_head, table
from .report_visits import visits_method
from .report_words import (
    DIRECTION,
    LONGEST,
    TIER_HEAD,
    Markup,
    Words,
    count,
    datum,
    english,
    joined,
    km,
    minutes_words,
    share,
    walker_head,
    words,
)
from .warning_words import warning_zh

_RULES: Mapping[str, Words] = {
    "foot=no": Words("禁止步行", "closed to people on foot"),
    "motorway": Words("高速公路", "motorways"),
    "motorroad": Words("机动车专用路", "roads for motor vehicles only"),
    "access=no": Words("不对公众开放", "closed to the public"),
    "ride closed": Words("不对公众开放的渡运", "rides closed to the public"),
    "not for walking": Words("非步行设施", "not for walking"),
    "sidewalk apart": Words("人行道另行绘制", "the sidewalk is mapped apart"),
    "no sidewalk": Words("主要道路、标注无人行道", "major roads that say they have no sidewalk"),
    "expressway": Words("快速路及匝道、未标注人行道", "expressways and ramps without a sidewalk"),
    "road tunnel": Words("车行隧道、未标注人行道", "road tunnels without a sidewalk"),
    "flyover ramp": Words("高架匝道、未标注人行道", "flyover ramps without a sidewalk"),
    "not a known way": Words("类别不明", "of no known class"),
    "not osmnx-walk": Words("OSMnx 步行规则不取", "not taken by OSMnx's walk filter"),
}
_CLASSES: Mapping[str, Words] = {
    "primary": Words("主干路", "primary roads"),
    "secondary": Words("次干路", "secondary roads"),
    "tertiary": Words("支路", "tertiary roads"),
    "residential": Words("居住区道路", "residential streets"),
    "footway": Words("步行道", "footways"),
    "steps": Words("梯坎", "stairs"),
}
_NAMED_MOST = 12

_LIMITS = (
    Words(
        "高程栅格格距约 30 米，看到的是屋顶：楼群之间推算的地面可能偏高数十米。"
        "整片偏移不影响坡度，但局部坡度仍有误差；轮椅的坡度限制即按推算坡度判断。",
        "A raster of some 30 m sees roofs: between towers the estimated ground can be tens of "
        "metres high. A shift of a whole neighbourhood leaves its grades right; single grades may "
        "still be off, and the limit of a wheelchair is judged on them.",
    ),
    Words(
        "超过时限的分钟数在研究区边缘附近为上限：路网与设施只取到边界外一段最远步行距离。",
        "Beyond the promise, minutes near the boundary are upper bounds: streets and facilities "
        "are known only one longest walk beyond it.",
    ),
    Words(
        "未计入门禁、路缘石、等候过街和开放时间；标注为私有的道路不通行，小区内部也是如此。",
        "Gates, kerbs, waiting at crossings and opening hours are not read; private ways are "
        "closed, also inside compounds.",
    ),
    Words(
        "OpenStreetMap 由志愿者绘制：未绘出的梯坎和通道不会被走到，未绘出的住宅分不到人口。",
        "OpenStreetMap is as good as its mappers: a stairway that is not mapped is not walked, a "
        "home that is not mapped has no people.",
    ),
    Words(
        "结论反映步行可达，不代表服务质量、床位紧张程度和个人意愿。",
        "The figures are of walking alone: they say nothing of the quality of care, of who is "
        "admitted, or of what people prefer.",
    ),
)


def bullets(items: Iterable[Words]) -> Markup:
    """Return phrases as a list."""
    return Markup(f"<ul>{''.join(f'<li>{item.html}</li>' for item in items)}</ul>")


# ---- methods ----


def methods(findings: Findings) -> Markup:
    """Return how the figures come about, in short."""
    study, walker = findings.study, findings.study.walking
    stairs = {
        "counted": words(
            "梯坎按级计时，上行每级 {up} 秒、下行 {down} 秒，长梯坎上行更慢",
            "stairs take {up} s a step up and {down} s down, more on a long flight up",
            up=f"{walker.step_up_s:g}", down=f"{walker.step_down_s:g}",
        ),
        "impassable": Words("梯坎不可通行", "stairs cannot be passed"),
        "level": Words("梯坎按平路计", "stairs count as level"),
    }[walker.stairs]  # fmt: skip
    slope = (
        Words("坡度按托布勒函数增减速度", "slopes change the speed by Tobler's function")
        if walker.slope == "tobler"
        else Words("不计坡度", "slopes are ignored")
    )
    items = [
        words(
            "步行者为{name}：平路每秒 {speed} 米；{slope}；{stairs}。时限：{limits}。",
            "The walker: {name}, {speed} m/s on the level; {slope}; {stairs}. Promised: {limits}.",
            name=walker_head(walker), speed=f"{walker.level_speed_mps:.2f}", slope=slope,
            stairs=stairs, limits=minutes_words(study),
        ),
        words(
            "方向：{direction}。往返取同一设施：老人去得了，也要回得来。",
            "Direction: {direction}. Both walks are of the same facility: who gets there must "
            "also get home.",
            direction=DIRECTION[study.direction],
        )
        if study.direction == "worst"
        else words("方向：{direction}。", "Direction: {direction}.",
                   direction=DIRECTION[study.direction]),
        Words(
            "覆盖按路段上的步行时间判定：时限在路段中途用尽时，从该处精确截断；不以等时圈面积代替。",
            "What is covered follows from the time on the street, cut to the metre where the "
            "minutes end; never from areas drawn around it.",
        ),
        words(
            "路网延伸到研究区外 {margin} 米，区外设施照常服务区内居民；结果只统计区内。",
            "Streets and facilities reach {margin} m beyond the study area and serve it from "
            "there; figures are of the study area only.",
            margin=f"{study.margin_m:,.0f}",
        ),
        Words(
            "道路高程由高程栅格在路网上整体估算：贴近地面，同时受各类道路可能坡度的约束，桥梁、"
            "隧道不贴地，上下层交叉留足净空。",
            "Heights are estimated on the network as a whole: near the raster on the ground, "
            "within the grades that each class of street can have, free of it on bridges and in "
            "tunnels, clear where ways cross.",
        )
        if "elevation" in findings.summary["quality"]
        else Words("本研究没有高程数据，全部街道按平路计。",
                   "The study has no heights: every street counts as level."),
    ]  # fmt: skip
    if findings.people is not None:
        items += [
            Words(
                "人口落到住宅：片区总数按建筑面积分摊，或直接采用格网、小区数据；总数一人不差。",
                "People live in homes: totals of areas are spread by floor area, cells and "
                "compounds are taken as they are; totals are kept to the last person.",
            ),
            words(
                "缺口为连片居住的未覆盖地区（老年人 {least} 名以上）。原因依次判断：未接入路网、"
                "路网不通、附近无设施、无法通行、坡道台阶、绕行。",
                "A gap is a contiguous inhabited area that is not covered ({least} elderly people "
                "or more). Its cause is sought in the order: no street near, streets that do not "
                "connect, no facility near, a barrier, slopes and stairs, a detour.",
                least=f"{SMALLEST_GAP_ELDERLY:g}",
            ),
        ]
    if findings.visits is not None:
        items.append(visits_method(findings))
    return bullets(items)


# ---- quality of the data ----


def quality(findings: Findings) -> Markup:
    """Return how good the data are, in words, and every warning."""
    summary = findings.summary
    items = [*_streets(summary), *_heights(summary["quality"]), *_snapping(findings)]
    if findings.people is not None:
        items += _people(findings)
    items += [_inventory(tier, found) for tier, found in summary["inventory"].items()]
    said = [line for line in summary["warnings"] if plain(line)]
    warned = Markup("")
    if said:
        lines = [
            Words(datum(warning_zh(line), longest=LONGEST), datum(line, longest=5_000))
            for line in said
        ]
        warned = Markup(f"<h4>{Words('数据提示', 'Notes on the data').html}</h4>{bullets(lines)}")
    return Markup(f"{bullets(items)}{_left_out(summary['quality'])}{warned}")


def _streets(summary: Mapping[str, Any]) -> list[Words]:
    network, found = summary["network"], summary["quality"]
    by_source = found["stairs_km_by_source"]
    whole = sum(by_source.values())
    items = [
        words(
            "步行路网共 {km}（含研究区外延伸部分），其中研究区内 {inside}；互不连通的部分 {parts} "
            "个。",
            "The walking network has {km} of street, its margin included, {inside} of it in the "
            "study area; it falls into {parts} parts that do not connect.",
            km=km(network["street_km"]), inside=km(summary["street_km"]),
            parts=count(network["components"]),
        )
        if network["components"] > 1
        else words("步行路网共 {km}，全部连通。", "The walking network has {km}, all connected.",
                   km=km(network["street_km"])),
    ]  # fmt: skip
    if whole:
        items.append(
            words(
                "梯坎 {n} 段、{km}、约 {steps} 级：级数 {tagged} 有实测标注，{dem} 由高差推算，"
                "{default} 由长度推算。",
                "{n} stairways, {km}, some {steps} steps: counted on the ground for {tagged} of "
                "them by length, inferred from their rise for {dem}, from their length for "
                "{default}.",
                n=count(found["stairs"]),
                km=km(whole),
                steps=count(found["steps"]),
                tagged=share(by_source["tagged"] / whole),
                dem=share(by_source["dem"] / whole),
                default=share(by_source["default"] / whole),
            )
        )
    items.append(
        words("电梯 {lifts} 部，自动扶梯 {moving} 段。", "{some} and {others}.",
              some=english(found["lifts"], "lift"),
              others=english(found["escalators"], "escalator"),
              lifts=count(found["lifts"]), moving=count(found["escalators"]))
    )  # fmt: skip
    return items


def _heights(found: Mapping[str, Any]) -> list[Words]:
    if "elevation" not in found:
        return [Words("没有高程数据，坡度未知，按平路计。",
                      "There are no heights: grades are unknown and count as level.")]  # fmt: skip
    heights = found["elevation"]
    items = [
        words(
            "{part} 的街道没有高程（在栅格范围以外），按平路计；立体交叉 {crossings} 处，{clear} "
            "处净空足够。",
            "{part} of the street has no height (outside the raster) and counts as level; of "
            "{crossings} crossings on different levels {clear} are clear.",
            part=share(found["share_without_elevation"]),
            crossings=count(heights["crossings"]),
            clear=count(heights["clear_crossings"]),
        ),
    ]
    half = heights["residual_m"]["p50"]
    if half is not None:
        items.append(
            words(
                "推算高程与栅格相差：半数街道在 {half} 米以内，九成在 {most} 米以内。",
                "Heights differ from the raster by {half} m or less on half of the streets, by "
                "{most} m or less on nine tenths.",
                half=f"{half:.1f}",
                most=f"{heights['residual_m']['p90']:.1f}",
            )
        )
    grades = [
        words("{name} {grade}", "{name} {grade}", name=said,
              grade=share(heights["grade_by_class"][tag]["p90"]))
        for tag, said in _CLASSES.items()
        if heights["grade_by_class"].get(tag, {}).get("p90") is not None
    ]  # fmt: skip
    if grades:
        items.append(
            words("较陡路段的坡度（各类道路第 90 百分位）：{grades}。",
                  "Grades from which the steepest tenth of each class begins: {grades}.",
                  grades=joined(grades, "，", ", "))
        )  # fmt: skip
    agreeing = heights["incline_tags_agreeing"]
    if agreeing["judged"]:
        items.append(
            words("标注了坡向的 {n} 段中，推算方向一致的 {same} 段。",
                  "Of {n} ways tagged as going up or down, {same} do so in the estimate.",
                  n=count(agreeing["judged"]), same=count(agreeing["agreeing"]))
        )  # fmt: skip
    return items


def _snapping(findings: Findings) -> list[Words]:
    found = findings.summary["snapping"]
    items = []
    if not any(found.values()):
        return [Words("全部设施都接入了路网，离街道不远。",
                      "Every facility stands close to a street that can be walked.")]  # fmt: skip
    said = {
        "not_snapped": words(
            "{limit} 米内没有可步行街道、未接入路网的设施",
            "Facilities without a walkable street within {limit} m",
            limit=f"{findings.study.facilities.snap_limit_m:g}",
        ),
        "moved_over_50_m": words("离街道超过 {m} 米的设施",
                                 "Facilities more than {m} m off a street",
                                 m=f"{MOVED_M:g}"),
        "passed_a_nearer_street": words(
            "跳过了更近但不能停留的街道（隧道等）的设施",
            "Facilities that pass a street nearer by {m} m or more, which they may not stand on "
            "(a tunnel, say)", m=f"{PASSED_M:g}"),
        "off_the_main_component": Words("不在主路网上的设施", "Facilities off the main network"),
    }  # fmt: skip
    for what, phrase in said.items():
        names = [plain(findings.facilities["name"].get(one, one)) or one for one in found[what]]
        if names:
            more = len(names) > _NAMED_MOST
            listed = [Words(*[datum(name, longest=40)] * 2) for name in names[:_NAMED_MOST]]
            items.append(
                words("{phrase} {n} 处：{names}{more}。", "{phrase} ({n}): {names}{more}.",
                      phrase=phrase, n=count(len(names)), names=joined(listed, "、", ", "),
                      more=Words("等", " and more") if more else Words("", ""))
            )  # fmt: skip
    return items


def _people(findings: Findings) -> list[Words]:
    people = findings.summary["people"]
    items = [
        words("人口 {all} 名、老年人 {old} 名，落在 {homes} 处住处。",
              "{all} people, {old} of them elderly, in {homes} homes.",
              all=count(people["population"]), old=count(people["elderly"]),
              homes=count(people["homes"]))
    ]  # fmt: skip
    if people["elderly_outside"] >= 0.5:
        items.append(
            words("另有 {n} 名老年人住在研究区以外，未计入。",
                  "{n} elderly people more live outside the study area and are not counted.",
                  n=count(people["elderly_outside"]))
        )  # fmt: skip
    if people["elderly_unplaced"] >= 0.5:
        items.append(
            words("另有 {n} 名老年人所在片区没有住宅和街道，无法落位。",
                  "{n} elderly people more live in areas with neither homes nor streets.",
                  n=count(people["elderly_unplaced"]))
        )  # fmt: skip
    return items


def _inventory(tier: str, found: Mapping[str, int]) -> Words:
    return words("{tier}：清单 {found} 处，应有 {target} 处。",
                 "{tier}: {found} of {target} facilities are listed.",
                 tier={str(t): TIER_HEAD[t] for t in TIERS}[tier], found=count(found["found"]),
                 target=count(found["target"]))  # fmt: skip


def _left_out(found: Mapping[str, Any]) -> Markup:
    rules = {name: row for name, row in found["ways_left_out"].items() if row["km"] > 0}
    if not rules:
        return Markup("")
    rows = [
        f"<tr>{row_head(_RULES.get(name) or Words(*[datum(name)] * 2))}{cell(count(row['ways']))}"
        f"{cell(km(row['km']))}</tr>"
        for name, row in sorted(rules.items(), key=lambda item: -item[1]["km"])
    ]
    heads = [head(Words("规则", "Rule"), kind="left"), head(Words("段数", "Ways")),
             head(Words("长度", "Length"))]  # fmt: skip
    caption = Words("未作为步行路的道路（含延伸部分）",
                    "Ways left out of the walking network, its margin included")  # fmt: skip
    return table("left-out", caption, [Markup(f"<tr>{''.join(heads)}</tr>")], rows, kind="small")


def limits() -> Markup:
    """Return what the figures cannot say."""
    return bullets(_LIMITS)
