"""What `care-circle weak-points` shows in the terminal."""

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .study import Study


def show_weak_points(
    study: Study, links: gpd.GeoDataFrame, shortcuts: gpd.GeoDataFrame, paths: Sequence[Path]
) -> None:
    """Print the links that cost most, the new ones that win most, and where the tables are."""
    console = Console(highlight=False)
    console.print(f"\n[bold]{escape(study.title or study.name)}[/bold]")
    for notice in study.notices:
        console.print(f"[yellow]! {escape(notice)}[/yellow]")
    console.print("Links whose loss costs most elderly people a tier 失去后影响最大的路段:")
    shown = Table("", "street 道路", "kind", "m", "lose a tier", "lose all", box=SIMPLE_HEAD)
    for row in links.itertuples():
        shown.add_row(
            str(row.rank), escape(row.name or f"({row.near or '-'})"), row.kind,
            f"{row.length_m:.0f}", f"{row.elderly_lost:,.0f}", f"{row.elderly_lost_any:,.0f}",
        )  # fmt: skip
    console.print(shown if len(links) else "  none 无")
    console.print("New links that win most elderly people a tier 新增后受益最大的连接:")
    shown = Table("", "near 附近", "kind", "m", "rise m", "min now", "new", "gained",
                  box=SIMPLE_HEAD)  # fmt: skip
    for row in shortcuts.itertuples():
        shown.add_row(
            str(row.rank), escape(row.near or "-"), row.kind, f"{row.length_m:.0f}",
            _or_unknown(row.rise_m), _or_unknown(row.walk_min), f"{row.link_min:.1f}",
            f"{row.elderly_gained:,.0f}",
        )  # fmt: skip
    console.print(shown if len(shortcuts) else "  none 无")
    console.print("A street without a name is told by the nearest named one, in brackets.")
    for path in paths:
        console.print(f"Table 表格: {escape(str(path))}", soft_wrap=True)


def _or_unknown(value: float) -> str:
    return "-" if value != value else f"{value:.1f}"
