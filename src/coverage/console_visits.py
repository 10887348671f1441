"""What the commands `visits` and `run` print of care that comes home."""

from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .drive import PARK_MIN
from .findings import Findings
from .study_parts import VisitsPart

_BY = {"foot": "foot 步行", "car": "car 驾车"}


def show_visits(findings: Findings) -> None:
    """Print how many staff reach at home and the rounds that takes; nothing where nobody asked."""
    if findings.visits is None:
        return
    console = Console(highlight=False)
    _show_question(findings, console)
    _show_rounds(findings, console)


def show_visits_by_area(findings: Findings, paths: list[Path]) -> None:
    """Print whom staff reach at home, by way to go and area, and the carers needed.

    Parameters
    ----------
    findings
        Of a study that asks for visits.
    paths
        Of the tables written.
    """
    console, study, visits = Console(highlight=False), findings.study, findings.visits
    if visits is None:
        raise AssertionError("a study that asks for visits has them")
    console.print(f"\n[bold]{escape(study.title or study.name)}[/bold]")
    for notice in study.notices:
        console.print(f"[yellow]! {escape(notice)}[/yellow]")
    _show_question(findings, console)
    if len(visits.to_visit):
        shown = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
        for heading in ("by 方式", "area 片区"):
            shown.add_column(heading, no_wrap=True)
        for heading in ("elderly", "in reach", "share", "beyond", "no street"):
            shown.add_column(heading, justify="right", no_wrap=True)
        for _, row in visits.areas.iterrows():
            share = "-" if row["elderly"] == 0 else f"{row['share_in_reach']:.1%}"
            shown.add_row(
                _BY[row["by"]], escape(str(row["area"])), f"{row['elderly']:,.0f}",
                f"{row['in_reach']:,.0f}", share, f"{row['beyond']:,.0f}",
                f"{row['not_snapped']:,.0f}",
            )  # fmt: skip
        console.print(shown)
    _show_rounds(findings, console)
    for warning in findings.inputs.warnings:
        console.print(f"[yellow]warning: {escape(warning)}[/yellow]", soft_wrap=True)
    for path in paths:
        console.print(f"Table 表格: {escape(str(path))}", soft_wrap=True)


def _show_question(findings: Findings, console: Console) -> None:
    part = findings.study.visits or VisitsPart()
    whom = "everybody" if part.who == "all" else "those who cannot walk to these tiers in time"
    console.print(
        f"Elderly people whom staff of {', '.join(part.tiers)} facilities reach at home within "
        f"{part.minutes:g} min one way, of {whom} 上门服务可及的老年人"
        + (f"; every drive takes {PARK_MIN:g} min more to park" if "car" in part.by else "")
    )


def _show_rounds(findings: Findings, console: Console) -> None:
    part, visits = findings.study.visits or VisitsPart(), findings.visits
    if visits is None:
        return
    if not len(visits.to_visit):
        console.print(
            "Nobody is to be visited: everybody can walk to these tiers in time. 无需上门"
            if part.who == "uncovered"
            else "Nobody is to be visited: no elderly people live here. 无需上门"
        )
        return
    for by, own in visits.facilities.groupby("by", sort=False):
        total = visits.areas[visits.areas["by"] == by].iloc[-1]
        rounds, visited = int(own["rounds"].sum()), float(own["visited"].sum())
        each = f"{visited / rounds:.1f}" if rounds else "-"
        left_out = float(own["left_out"].sum())
        console.print(
            f"{_BY[str(by)]}: {total['in_reach']:,.0f} of {total['elderly']:,.0f} in reach, "
            f"{total['beyond'] + total['not_snapped']:,.0f} beyond; one visit of "
            f"{part.visit_min:g} min each = {rounds:,} rounds of {part.round_hours:g} h, or as "
            f"many carers at once; {each} visits a round"
            + (
                f"; with no way back in time for any round: {left_out:,.0f} people"
                if left_out
                else ""
            )
        )
