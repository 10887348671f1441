"""Care that comes home: whom staff reach on foot and by car, the rounds, and who is beyond."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..drive import PARK_MIN
from ..findings import Findings
from ..home_visits import HomeVisits
from ..inputs.drive_rules import URBAN_FACTOR
from ..study_parts import TIERS, TierName, VisitsPart
from ..walkers import PACKAGED_WALKERS
from .colours import PLAIN, TIER_COLOURS, VISIT_COLOURS
from .map_words import VISIT_WORDS
from .report_maps import Ground, whole_map, whole_view
from .report_tables import cell, head, row_head, table
from .report_words import TIER, Markup, Words, count, joined, minutes, named, share, words

_BY: Mapping[str, Words] = {"foot": Words("步行", "on foot"), "car": Words("驾车", "by car")}
_BY_HEAD: Mapping[str, Words] = {"foot": Words("步行", "On foot"), "car": Words("驾车", "By car")}
_NOBODY: Mapping[str, Words] = {
    "uncovered": Words(
        "所有老年人都能按时步行到这些设施，无人需要上门。",
        "Everybody can walk to these facilities in time: nobody is to be visited.",
    ),
    "all": Words("研究区没有老年人，无人需要上门。", "No elderly people live here to be visited."),
}


@dataclass(frozen=True)
class _StaffGround(Ground):
    """The same with the facilities of some tiers, and streets that bear no minutes."""

    tiers: tuple[TierName, ...] = ()

    @cached_property
    def classes(self) -> list[str]:
        """The one colour."""
        return [PLAIN]

    @cached_property
    def colours(self) -> NDArray[np.object_]:
        """The colour of each street."""
        return np.full(len(self.streets), PLAIN, dtype=object)

    @cached_property
    def shown(self) -> NDArray[np.bool_]:
        """Which of the facilities are shown."""
        return np.asarray(self.findings.facilities["tier"].isin(self.tiers), dtype=bool)


def visits_section(findings: Findings, found: HomeVisits) -> Markup:
    """Return the part of the report about home visits; a sentence where nobody is to be visited."""
    part = findings.study.visits or VisitsPart()
    if found.to_visit.empty:
        return Markup(f"<p>{_NOBODY[part.who].html}</p>")
    parts = [f"<p>{_lead(findings, part).html}</p>", _map(findings, part, found),
             _rounds(part, found), _areas(found)]  # fmt: skip
    return Markup("".join(parts))


def _lead(findings: Findings, part: VisitsPart) -> Words:
    figures = findings.summary["visits"]
    reached = [
        words(
            "{by}可到 {n} 名（{share}）", "{n} ({share}) {by}",
            by=_BY[by], n=count(figures[by]["elderly_in_reach"]),
            share=share(figures[by]["share_in_reach"]),
        )
        for by in _BY if by in part.by
    ]  # fmt: skip
    whom = (
        words("全区老年人 {n} 名", "Of all {n} elderly people", n=count(figures["elderly"]))
        if part.who == "all"
        else words(
            "不能按时步行到{tiers}的老年人有 {n} 名",
            "Of the {n} elderly people who cannot walk to a {tiers} in time",
            n=count(figures["elderly"]), tiers=_tiers(part),
        )
    )  # fmt: skip
    return words(
        "{whom}。由最近的{tiers}派人，单程 {limit} 分钟内{reached}；{beyond} 名{ways}。",
        "{whom}, staff from the nearest {tiers} reach within {limit} minutes one way {reached}; "
        "{beyond} are {ways}.",
        whom=whom, tiers=_tiers(part), limit=f"{part.minutes:g}",
        reached=joined(reached, "、", " and "), beyond=count(figures["elderly_beyond_every_way"]),
        ways=Words("哪种方式都到不了", "beyond every way to go")
        if len(reached) > 1 else Words("到不了", "beyond"),
    )  # fmt: skip


def visits_method(findings: Findings) -> Words:
    """Return how whom staff reach is found, in a sentence or two."""
    part = findings.study.visits or VisitsPart()
    drive = words(
        "驾车遵守单行，速度为道路等级设计速度（标牌限速更低者从之）的 {factor} 倍，另加停车 {park} "
        "分钟（系数与停车时间为本程序自定）；",
        "cars keep to one-way streets and drive at {factor} of the design speed of a street's "
        "class, or of its limit where that is lower, and take {park} minutes more to park (factor "
        "and parking are this program's choice); ",
        factor=f"{URBAN_FACTOR:g}", park=f"{PARK_MIN:g}",
    )  # fmt: skip
    return words(
        "上门服务：工作人员步行按成年人每秒 {speed} 米；{drive}每轮从最近的未访住处依次走访，"
        "回程计入时间，轮次不少于实际所需。",
        "Home visits: staff walk at an adult's {speed} m/s; {drive}a round goes on to the nearest "
        "home not yet visited and has the way back in it, so that no more rounds are needed.",
        speed=f"{PACKAGED_WALKERS['adult'].level_speed_mps:.2f}",
        drive=drive if "car" in part.by else Words("", ""),
    )


def _tiers(part: VisitsPart) -> Words:
    return joined([TIER[tier] for tier in _ordered(part)], "或", " or ")


def _ordered(part: VisitsPart) -> list[TierName]:
    return [tier for tier in TIERS if tier in part.tiers]


def _map(findings: Findings, part: VisitsPart, found: HomeVisits) -> str:
    title = Words(
        "需上门服务的住处，按最先可行的到达方式",
        "Homes to be visited, by the first way in which staff get there",
    )
    shown = set(found.to_visit["reach"])
    keys = [
        f'<li><i class="dot" style="background:{colour}"></i>{Words(*VISIT_WORDS[how]).html}</li>'
        for how, colour in VISIT_COLOURS.items() if how in shown
    ]  # fmt: skip
    keys += [
        f'<li><i class="dot" style="background:{TIER_COLOURS[tier]}"></i>{TIER[tier].html}</li>'
        for tier in _ordered(part)
    ]
    return (
        f'<figure class="whole" id="visits"><h3 id="visits-title">{title.html}</h3>'
        '<div class="scroll" tabindex="0">'
        f"{_visits_map(findings, _ordered(part), found.to_visit)}</div>"
        f'<figcaption id="visits-says"><ul class="key">{"".join(keys)}</ul></figcaption></figure>'
    )


def _visits_map(findings: Findings, tiers: Sequence[TierName], homes: gpd.GeoDataFrame) -> Markup:
    """Return the map of the homes to be visited, by how staff get there."""
    ground = _StaffGround(findings, tiers[0], tiers=tuple(tiers))
    view = whole_view(ground)
    spots = np.rint(view.units(shapely.get_coordinates(homes.geometry.to_numpy()))).astype(int)
    reach = homes["reach"].to_numpy(object)
    # Who is beyond lies on top.
    dots = "".join(
        _dots(np.unique(spots[reach == how], axis=0), colour)
        for how, colour in VISIT_COLOURS.items()
    )
    return whole_map(ground, view, "visits", dots, [])


def _dots(spots: NDArray[np.int64], colour: str) -> str:
    """Return a dot at each spot, in whole units."""
    path = "".join(f"M{x} {y}h0" for x, y in spots.tolist())
    style = f'fill="none" stroke="{colour}" stroke-width="5" stroke-linecap="round"'
    return f'<path d="{path}" {style}/>' if path else ""


def _rounds(part: VisitsPart, found: HomeVisits) -> Markup:
    """Return what one visit to everybody in reach takes, by way to go and tier."""
    heads = [
        head(Words("方式", "Way to go"), kind="left"), head(Words("派出设施", "From"), kind="left"),
        head(Words("设施数", "Facilities")), head(Words("住处", "Homes")),
        head(Words("可到老年人", "People in reach")), head(Words("轮次", "Rounds")),
        head(Words("每轮探访人数", "Visits a round")),
        head(Words("每轮路上分钟", "Minutes on the way a round")),
    ]  # fmt: skip
    rows = [
        _round_cells(_BY_HEAD[by], TIER[tier], own)
        for by in _BY for tier in _ordered(part)
        if len(own := found.facilities[
            (found.facilities["by"] == by) & (found.facilities["tier"] == tier)
        ])
    ]  # fmt: skip
    park = (
        words("；每次驾车另加停车 {n} 分钟", "; every drive takes {n} minutes more to park",
              n=f"{PARK_MIN:g}")
        if "car" in part.by else Words("", "")
    )  # fmt: skip
    left = float(found.facilities["left_out"].sum())
    out = (
        words("；另有 {n} 人次往返超过一轮", "; {n} visits and the ways take longer than a round",
              n=count(left))
        if left >= 0.5 else Words("", "")
    )  # fmt: skip
    caption = words(
        "给每位可到的老年人上门一次所需的轮次：一人一轮 {hours} 小时，每人停留 {stay} 分钟"
        "{park}{out}。每处住所由最近的设施派人。",
        "The rounds that one visit to everybody in reach takes: a carer's round has {hours} hours, "
        "{stay} minutes with each person{park}{out}. The nearest facility sends to a home.",
        hours=f"{part.round_hours:g}",
        stay=f"{part.visit_min:g}",
        park=park,
        out=out,
    )
    return table("visits", caption, [Markup(f"<tr>{''.join(heads)}</tr>")], rows)


def _round_cells(by: Words, tier: Words, own: pd.DataFrame) -> str:
    rounds, visited = float(own["rounds"].sum()), float(own["visited"].sum())
    each, way = "", ""
    if rounds:
        each = f"{visited / rounds:.1f}"
        way = minutes(float((own["travel_min"].fillna(0.0) * own["rounds"]).sum()) / rounds)
    return (
        f"<tr>{row_head(by)}{cell(tier, 'left')}{cell(count(len(own)))}"
        f"{cell(count(own['homes'].sum()))}{cell(count(own['elderly'].sum()), 'share')}"
        f"{cell(count(rounds))}{cell(each)}{cell(way)}</tr>"
    )


def _areas(found: HomeVisits) -> Markup:
    """Return whom staff reach in each area, the area with most people beyond first."""
    ways = [by for by in _BY if by in set(found.areas["by"])]
    tables = {by: found.areas[found.areas["by"] == by].reset_index(drop=True) for by in ways}
    first = tables[ways[0]]
    beyond = first["beyond_every_way"]
    heads = [
        head(Words("片区", "Area"), kind="left"), head(Words("需上门老年人", "People to visit")),
        *(
            one for by in ways for one in (
                head(words("{by}可到", "Reached {by}", by=_BY[by])), head(Words("占比", "Share")),
            )
        ),
        head(Words("都到不了", "Beyond") if len(ways) > 1 else Words("到不了", "Beyond")),
    ]  # fmt: skip
    *places, total = range(len(first))
    places = [place for place in places if first["elderly"][place] > 0]
    far = first["elderly"] - first["in_reach"]
    places.sort(key=lambda place: (-beyond[place], -far[place]))
    cells = {
        place: _area_cells({by: tables[by].iloc[place] for by in ways}, beyond[place])
        for place in (*places, total)
    }
    rows = [f"<tr>{row_head(named(first['area'][p]))}{cells[p]}</tr>" for p in places]
    foot = f"<tr>{row_head(Words('合计', 'Total'))}{cells[total]}</tr>"
    caption = Words(
        "各片区需上门服务的老年人能否到达，到不了的人最多者在前，其次为步行到不了的人；"
        "无人需要上门的片区未列。",
        "Whom staff reach in each area, most people beyond first, then most who are not reached on "
        "foot; areas with nobody to visit are left out.",
    )
    return table("visits-areas", caption, [Markup(f"<tr>{''.join(heads)}</tr>")], rows, foot)


def _area_cells(by_way: Mapping[str, Any], beyond: float) -> str:
    first = next(iter(by_way.values()))
    cells = [cell(count(first["elderly"]))]
    for row in by_way.values():
        cells += [cell(count(row["in_reach"])), cell(share(row["share_in_reach"]))]
    return "".join([*cells, cell(count(beyond), "share")])
