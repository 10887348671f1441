"""What the command `visits` prints."""

from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .drive import PARK_MIN
from .home_visits import HomeVisits
from .study import Study

_BY = {"foot": "foot 步行", "car": "car 驾车"}


def show_visits(study: Study, visits: HomeVisits, paths: list[Path]) -> None:
    """Print whom staff reach at home, by way to go and area, and the carers needed."""
    console = Console(highlight=False)
    part = visits.part
    console.print(f"\n[bold]{escape(study.title or study.name)}[/bold]")
    for notice in study.notices:
        console.print(f"[yellow]! {escape(notice)}[/yellow]")
    whom = "everybody" if part.who == "all" else "those who cannot walk to these tiers in time"
    console.print(
        f"Elderly people whom staff of {', '.join(part.tiers)} facilities reach at home within "
        f"{part.minutes:g} min one way, of {whom} 上门服务可及的老年人"
        + (f"; every drive takes {PARK_MIN:g} min more to park" if "car" in part.by else "")
    )
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
    for by, own in visits.facilities.groupby("by", sort=False):
        rounds, visited = int(own["rounds"].sum()), float(own["visited"].sum())
        each = f"{visited / rounds:.1f}" if rounds else "-"
        left_out = float(own["left_out"].sum())
        console.print(
            f"{_BY[str(by)]}: one visit of {part.visit_min:g} min each = {rounds:,} rounds of "
            f"{part.round_hours:g} h, or as many carers at once; {each} visits a round"
            + (
                f"; with no way back in time for any round: {left_out:,.0f} people"
                if left_out
                else ""
            )
        )
    for warning in visits.warnings:
        console.print(f"[yellow]warning: {escape(warning)}[/yellow]", soft_wrap=True)
    for path in paths:
        console.print(f"Table 表格: {escape(str(path))}", soft_wrap=True)
