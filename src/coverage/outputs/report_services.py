"""What each service covers, whatever the tier of those who offer it, and what it lacks most."""

from typing import Any

import numpy as np
import pandas as pd

from ..assessment import OUTSIDE_AREAS
from ..by_service import WHOLE, Services
from ..findings import Findings
from ..service_kinds import ServiceName
from .report_tables import cell, head, median_minutes, missing_tint, row_head, table
from .report_words import (
    CAUSE,
    SERVICE_HEAD,
    Markup,
    Words,
    count,
    joined,
    km,
    km_count,
    named,
    share,
    words,
)

_NOTHING = Words("—", "—")
_NO_GAP = Words("没有缺口", "none")
_NOBODY = Words("没有设施提供", "no facility offers it")


def services_section(findings: Findings) -> Markup:
    """Return the part of the report about services; empty where nobody offers or asks for one."""
    services, missing = findings.services, _missing(findings)
    if services is None and not missing:
        return Markup("")
    parts = [f"<p>{_lead(findings).html}</p>", _table(findings, missing)]
    if services is not None and findings.areas is not None:
        parts.append(_by_area(services, people=findings.people is not None))
    return Markup("".join(parts))


def _missing(findings: Findings) -> list[ServiceName]:
    """Return the services that the study names and nobody offers."""
    offered = {} if findings.services is None else findings.services.groups
    return [name for name, _ in findings.study.services or () if name not in offered]


def _lead(findings: Findings) -> Words:
    said = [
        Words(
            "一处设施可提供多项服务；下表按服务统计，不论设施属于哪一层级。",
            "A facility may offer several services. Here each service is counted by itself, "
            "whatever the tier of those who offer it.",
        )
    ]
    if findings.services is not None and findings.services.silent:
        said.append(
            words(
                "{all} 处设施中有 {n} 处未填服务内容，按不提供任何服务计。",
                "Of {all} facilities {n} say nothing of their services, and count as offering "
                "none.",
                all=count(len(findings.facilities)),
                n=count(findings.services.silent),
            )
        )
    return joined(said)


def _table(findings: Findings, missing: list[ServiceName]) -> Markup:
    people = findings.people is not None
    heads = [
        head(Words("服务", "Service"), kind="left"),
        head(Words("提供设施", "Facilities")),
        head(Words("时限（分钟）", "Within, min")),
        head(Words("覆盖老年人", "Elderly covered") if people else Words("覆盖公里", "Covered km")),
        head(Words("占比", "Share")),
        *([head(Words("中位分钟", "Median min"))] if people else []),
        head(Words("缺口", "Gaps")),
        head(Words("最大缺口", "The largest gap"), kind="left"),
    ]
    rows = []
    if findings.services is not None:
        table_of = findings.services.table
        whole = table_of[table_of["area"] == WHOLE]
        by = "share_elderly" if people else "share"
        rows = [
            _row(findings, findings.services, row)
            for _, row in whole.sort_values(by, kind="stable").iterrows()
        ]
    rows = [*(_without(findings, name) for name in missing), *rows]
    caption = Words(
        "各项服务的覆盖情况，覆盖率最低者在前；橙色越深，未覆盖越多。",
        "What each service covers, the lowest share first. The deeper the orange, the more is "
        "not covered.",
    )
    return table("services", caption, [Markup(f"<tr>{''.join(heads)}</tr>")], rows)


def _row(findings: Findings, services: Services, row: Any) -> str:
    people, name = findings.people is not None, row["service"]
    part = row["share_elderly"] if people else row["share"]
    amount = count(row["elderly_covered"]) if people else km_count(row["covered_km"])
    gaps = services.gaps[services.gaps["service"] == name]
    median = cell(median_minutes(row["minutes_median"], False, findings)) if people else ""
    return (
        f"<tr>{row_head(SERVICE_HEAD[name])}{cell(count(len(services.groups[name])))}"
        f"{cell(f'{services.threshold_min[name]:g}')}{cell(amount)}"
        f"{cell(share(part), 'share', missing_tint(part))}{median}{cell(count(len(gaps)))}"
        f"{cell(_largest(gaps, people=people), 'left')}</tr>"
    )


def _without(findings: Findings, name: ServiceName) -> str:
    """Return the row of a service that the study names and nobody offers."""
    people = findings.people is not None
    limit = findings.study.service_threshold_min[name]
    median = cell(_NOTHING) if people else ""
    none = cell(share(0.0), "share", missing_tint(0.0))
    return (
        f"<tr>{row_head(SERVICE_HEAD[name])}{cell('0')}{cell(f'{limit:g}')}{cell('0')}{none}"
        f"{median}{cell(_NOTHING)}{cell(_NOBODY, 'left')}</tr>"
    )


def _largest(gaps: pd.DataFrame, *, people: bool) -> Words:
    """Return where the largest gap is, how large, and its main cause."""
    if gaps.empty:
        return _NO_GAP
    row = gaps.iloc[0]
    # Its streets only where no area says it shorter: the table of gaps has them all.
    place = named(row["area"] or (row["streets"] if people else ""))
    if not people:
        return words(
            "{place}：街道 {km}",
            "{place}: {km} of street",
            place=place,
            km=km(row["street_m"] / 1000),
        )
    return words(
        "{place}：{n} 名，{cause}",
        "{place}: {n} people, {cause}",
        place=place,
        n=count(row["elderly"]),
        cause=CAUSE[row["cause"]].name,
    )


def _by_area(services: Services, *, people: bool) -> Markup:
    """Return the share of each service in each area, the areas in the order of their average."""
    value = "share_elderly" if people else "share"
    own = services.table[services.table["area"] != WHOLE]
    # An area where nobody lives has no share of anybody.
    own = own[own[value].notna()]
    if own.empty:
        return Markup("")
    # The table has a row for each service, area by area.
    areas = own["area"].to_numpy(object)[:: len(services.groups)]
    shares = own[value].to_numpy(float).reshape(len(areas), -1)
    order = np.lexsort((shares.mean(axis=1), areas == OUTSIDE_AREAS))
    heads = [
        head(Words("片区", "Area"), kind="left"),
        *(head(SERVICE_HEAD[name]) for name in services.groups),
    ]
    rows = [
        f"<tr>{row_head(named(areas[at]))}"
        + "".join(cell(share(part), "share", missing_tint(part)) for part in shares[at].tolist())
        + "</tr>"
        for at in order
    ]
    caption = (
        Words(
            "各片区老年人在时限内能走到各项服务的占比，平均最低的片区在前。",
            "Share of the elderly people of each area who can walk to each service in time, the "
            "area with the lowest average first.",
        )
        if people
        else Words(
            "各片区街道在时限内能走到各项服务的占比，平均最低的片区在前。",
            "Share of the street of each area from which each service can be walked to in time, "
            "the area with the lowest average first.",
        )
    )
    return table(
        "services-by-area", caption, [Markup(f"<tr>{''.join(heads)}</tr>")], rows, kind="services"
    )
