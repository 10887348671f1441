"""The tables of the report: tier by area, causes and what they ask for, facilities relied on."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from ..assessment import OUTSIDE_AREAS
from ..findings import Findings
from ..study_parts import TierName
from .colours import BEYOND, GAP, band_colour
from .report_charts import CAUSE_COLOURS, tiers_with_facilities
from .report_maps import street_classes
from .report_words import (
    CAUSE,
    TIER,
    TIER_HEAD,
    TIER_SHORT,
    Markup,
    Words,
    count,
    joined,
    km,
    km_count,
    minutes,
    named,
    promised,
    share,
    words,
)

_MOST_FACILITIES = 10


def table(
    name: str, caption: Words, heads: Sequence[Markup], rows: Iterable[str], foot: str = "",
    *, kind: str = "",
) -> Markup:  # fmt: skip
    """Return a table with its caption, that scrolls on a narrow screen.

    Parameters
    ----------
    name
        Of the table in the page; also its class unless `kind` is another.
    """
    kind = kind or name
    feet = f"<tfoot>{foot}</tfoot>" if foot else ""
    # No <caption>: it would scroll away with the table.
    return Markup(
        f'<p class="caption" id="table-{name}">{caption.html}</p><div class="scroll" tabindex="0" '
        f'role="region" aria-labelledby="table-{name}">'
        f'<table class="{kind}" aria-labelledby="table-{name}">'
        f"<thead>{''.join(heads)}</thead><tbody>{''.join(rows)}</tbody>{feet}</table></div>"
    )


def cell(content: Words | str, kind: str = "", tint: str = "") -> str:
    """Return a cell; a number unless said otherwise."""
    about = f' class="{kind}"' if kind else ""
    about += f' style="background:{tint}"' if tint else ""
    return f"<td{about}>{content.html if isinstance(content, Words) else content}</td>"


def head(content: Words, *, span: int = 1, down: int = 1, kind: str = "") -> str:
    """Return the head of a column."""
    about = f' colspan="{span}"' if span > 1 else ""
    about += f' rowspan="{down}"' if down > 1 else ""
    about += f' class="{kind}"' if kind else ""
    return f'<th scope="col"{about}>{content.html}</th>'


def row_head(content: Words) -> str:
    """Return the head of a row."""
    return f'<th scope="row">{content.html}</th>'


# ---- tier by area ----


def areas_table(findings: Findings) -> Markup:
    """Return what each tier covers in each area, the worst first; empty without areas."""
    shown = tiers_with_facilities(findings)
    areas = findings.areas
    if areas is None or not shown:
        return Markup("")
    people = findings.people is not None
    share_of = "share_elderly_{}" if people else "share_{}"
    if people:
        # Of streets beyond every area nothing is to be told where nobody lives.
        areas = areas[(areas.index != OUTSIDE_AREAS) | (areas["elderly"] > 0)]
    order = areas.assign(_last=areas.index == OUTSIDE_AREAS).sort_values(
        ["_last", *(share_of.format(tier) for tier in shown)], kind="stable"
    )
    first = [
        head(Words("片区", "Area"), down=2, kind="left"),
        head(Words("老年人", "Elderly") if people else Words("街道公里", "Street km"), down=2),
        *(head(TIER_HEAD[tier], span=3 if people else 2, kind="group") for tier in shown),
    ]
    each = [
        head(Words("覆盖", "covered") if people else Words("覆盖公里", "covered km"), kind="new"),
        head(Words("占比", "share")),
        *([head(Words("中位分钟", "median min"))] if people else []),
    ]
    heads = [Markup(f"<tr>{''.join(first)}</tr>"), Markup(f"<tr>{''.join(each * len(shown))}</tr>")]
    rows = [
        f"<tr>{row_head(named(name))}{_area_cells(row, findings, shown)}</tr>"
        for name, row in order.iterrows()
    ]
    sums = _area_cells(_total(findings), findings, shown)
    whole = f"<tr>{row_head(Words('合计', 'Total'))}{sums}</tr>"
    caption = words(
        "各片区覆盖情况，{tier}覆盖率最低者在前。橙色越深，未覆盖越多；分钟的颜色与地图一致。",
        "What is covered, by area; the lowest share of the {tier} first. The deeper the orange, "
        "the more is not covered; minutes have the colours of the maps.",
        tier=TIER[shown[0]],
    )
    return table("areas", caption, heads, rows, whole)


def _total(findings: Findings) -> Mapping[str, Any]:
    """Return the figures of the whole study under the names of an area's."""
    summary = findings.summary
    if summary["people"] is not None:
        return dict(summary["people"])
    figures = {"street_km": summary["street_km"]}
    for tier, found in summary["coverage"].items():
        figures[f"covered_km_{tier}"], figures[f"share_{tier}"] = (
            found["covered_km"],
            found["share"],
        )
    return figures


def _area_cells(
    row: Mapping[str, Any] | pd.Series, findings: Findings, shown: Sequence[TierName]
) -> str:
    people = findings.people is not None
    cells = [cell(count(row["elderly"]) if people else km_count(row["street_km"]))]
    for tier in shown:
        part = row[f"share_elderly_{tier}"] if people else row[f"share_{tier}"]
        covered = count(row[f"elderly_{tier}"]) if people else km_count(row[f"covered_km_{tier}"])
        cells += [cell(covered, "new"), cell(share(part), "share", missing_tint(part))]
        if people:
            half = row[f"minutes_median_{tier}"]
            nobody = not row["elderly"]
            cells.append(
                cell(
                    median_minutes(half, nobody, findings),
                    "",
                    _minutes_tint(half, findings, tier, nobody),
                )
            )
    return "".join(cells)


def median_minutes(value: float | None, nobody: bool, findings: Findings) -> str:
    """Return minutes, of those beyond the horizon as such; nothing of nobody."""
    if (value is None or value != value) and not nobody:
        return f"&gt;&#8201;{findings.study.horizon_min:g}"
    return minutes(value)


def missing_tint(part: float | None) -> str:
    """Return the colour behind a share: the deeper, the more is not covered."""
    if part is None or part != part:
        return ""
    return f"{GAP}{round((1 - part) * 0.36 * 255):02x}"


def _minutes_tint(value: float | None, findings: Findings, tier: TierName, nobody: bool) -> str:
    if nobody:
        return ""
    ends, _ = street_classes(findings, tier)
    # Rounded as it is shown, so that 15.0 never has two colours.
    within = [end for end in ends if value is not None and value <= end]
    return f"{band_colour(within[0]) if within else BEYOND}38"


# ---- causes ----


def causes_table(findings: Findings) -> Markup:
    """Return what each cause means, what it asks for, and how many people it concerns."""
    if findings.people is None:
        return Markup("")
    by_tier = findings.people.causes
    shown = [t for t in tiers_with_facilities(findings) if sum(by_tier[t].values()) > 0]
    used = [cause for cause in CAUSE if any(by_tier[t][cause] > 0 for t in shown)]
    if not used:
        return Markup("")
    heads = [
        head(Words("原因", "Cause"), kind="left"),
        head(Words("含义", "What it says"), kind="left"),
        head(Words("对策", "What it asks for"), kind="left"),
        *(head(TIER_SHORT[tier]) for tier in shown),
    ]
    rows = [
        f'<tr><th scope="row"><i class="swatch" style="background:{CAUSE_COLOURS[cause]}"></i>'
        f"{CAUSE[cause].name.html}</th>{cell(CAUSE[cause].meaning, 'left')}"
        f"{cell(CAUSE[cause].action, 'left')}"
        f"{''.join(cell(count(by_tier[tier][cause])) for tier in shown)}</tr>"
        for cause in used
    ]
    caption = Words(
        "原因、含义与对策（未覆盖老年人数，按层级）",
        "Causes, what they say and ask for (elderly people not covered, by tier)",
    )
    return table("causes", caption, [Markup(f"<tr>{''.join(heads)}</tr>")], rows)


# ---- facilities ----


def facilities_table(findings: Findings) -> Markup:
    """Return the facilities on which most people rely alone; empty where nobody does."""
    if findings.people is None:
        return Markup("")
    relied = findings.facilities[findings.facilities["elderly_only"] >= 0.5]
    relied = relied.sort_values("elderly_only", ascending=False, kind="stable")
    relied = relied.head(_MOST_FACILITIES)
    if relied.empty:
        return Markup("")
    places = bool((relied["capacity"] > 0).any())
    heads = [
        head(Words("设施", "Facility"), kind="left"),
        head(Words("层级", "Tier"), kind="left"),
        head(Words("可达老年人", "Elderly in reach")),
        head(Words("仅此一处可达", "Only from here")),
        *([head(Words("每床位老年人", "Elderly a place"))] if places else []),
    ]
    rows = []
    for _, row in relied.iterrows():
        load = cell(_load(row["elderly_per_place"], row["load"])) if places else ""
        rows.append(
            f"<tr>{row_head(named(row['name']))}{cell(TIER_SHORT[row['tier']], 'left')}"
            f"{cell(count(row['elderly_in_reach']))}{cell(count(row['elderly_only']))}{load}</tr>"
        )
    caption = words(
        "最不可替代的设施：若停办，“仅此一处可达”的老年人在时限内再无同级设施可去",
        "The facilities most relied on: should one close, those whom only it reaches have no "
        "other of its tier within the promise",
    )
    return table("facilities", caption, [Markup(f"<tr>{''.join(heads)}</tr>")], rows)


def _load(per_place: float, load: str) -> Words:
    said = {"overloaded": Words("超负荷", "overloaded"), "idle": Words("富余", "room to spare")}
    if per_place != per_place:
        return Words("未填床位", "not given")
    amount = f"{per_place:,.1f}"
    return words("{n}（{load}）", "{n} ({load})", n=amount, load=said[load]) if load else Words(
        amount, amount
    )  # fmt: skip


# ---- gaps that have no card ----


def gaps_table(findings: Findings, tiers: Sequence[TierName], most: int) -> Markup:
    """Return the largest gaps of some tiers, without their maps."""
    people = findings.people is not None
    chosen = [
        (name, row)
        for tier in tiers
        for name, row in findings.gaps[findings.gaps["tier"] == tier].head(most).iterrows()
    ]
    if not chosen:
        return Markup("")
    heads = [
        head(Words("层级", "Tier"), kind="left"),
        head(Words("所在片区", "Area"), kind="left"),
        head(Words("老年人", "Elderly") if people else Words("街道", "Street")),
        *([head(Words("主要原因", "Main cause"), kind="left")] if people else []),
        head(Words("最近设施", "Nearest facility"), kind="left"),
        head(Words("分钟", "min")),
    ]
    limits = promised(findings.study)
    rows = []
    for _, row in chosen:
        cause = cell(CAUSE[row["cause"]].name, "left") if people else ""
        amount = count(row["elderly"]) if people else km(row["street_m"] / 1000)
        nearest = named(row["nearest_name"]) if row["nearest_facility"] else Words("—", "—")
        rows.append(
            f"<tr>{row_head(TIER_SHORT[row['tier']])}{cell(_area(row['area']), 'left')}"
            f"{cell(amount)}{cause}{cell(nearest, 'left')}"
            f"{cell(median_minutes(row['minutes'], False, findings))}</tr>"
        )
    caption = words(
        "{tiers}的主要缺口（时限 {limits} 分钟）", "The largest gaps of the {tiers} ({limits} min)",
        tiers=joined([TIER[tier] for tier in tiers], "、", " and the "),
        limits=" / ".join(dict.fromkeys(f"{limits[tier]:g}" for tier in tiers)),
    )  # fmt: skip
    return table("gaps", caption, [Markup(f"<tr>{''.join(heads)}</tr>")], rows)


def _area(name: object) -> Words:
    return named(name) if name else Words("—", "—")
