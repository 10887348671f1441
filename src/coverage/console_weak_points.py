"""What `care-circle weak-points` shows in the terminal."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
    shown = _table("at 道路", "m", "using\n途经", "people\n老人", "circles\n三级")
    for rank, row in links.iterrows():
        shown.add_row(
            *_where(rank, row), f"{row['length_m']:.0f}", f"{row['elderly_using']:,.0f}",
            f"{row['elderly_lost']:,.0f}",
            f"{row['elderly_lost_circle']:,.0f}",
        )  # fmt: skip
    console.print(shown if len(links) else "  none 无")
    console.print("New links that win most elderly people a tier 新增后受益最大的连接:")
    shown = _table("at 附近", "m", "rise m\n高差", "min now\n现在", "then\n其后", "people\n老人",
                   "circles\n三级")  # fmt: skip
    for rank, row in shortcuts.iterrows():
        shown.add_row(
            *_where(rank, row), f"{row['length_m']:.0f}", _or_unknown(row["rise_m"]),
            _or_unknown(row["minutes_now"]), f"{row['minutes_then']:.1f}",
            f"{row['elderly_gained']:,.0f}", f"{row['elderly_gained_circle']:,.0f}",
        )  # fmt: skip
    console.print(shown if len(shortcuts) else "  none 无")
    console.print(
        "People count once, however many tiers change; circles are those of all three tiers that "
        "break or become whole. 每人计一次；circles 为三级齐全者的增减。"
    )
    for path in paths:
        console.print(f"Table 表格: {escape(str(path))}", soft_wrap=True)


def _table(at: str, *figures: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("", no_wrap=True)
    # Names break over lines where the terminal is narrow: cut off they would name nothing.
    for name in (at, "area 片区"):
        table.add_column(name, overflow="fold")
    table.add_column("kind", no_wrap=True)
    for name in figures:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _where(rank: Any, row: Any) -> tuple[str, str, str, str]:
    return str(rank), escape(row["name"] or "-"), escape(row["area"] or "-"), row["kind"]


def _or_unknown(value: float) -> str:
    return "-" if value != value else f"{value:.1f}"
