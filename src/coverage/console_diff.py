"""What `care-circle diff` shows in the terminal."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .run_changes import Changes
from .study_parts import TIERS


def show_difference(found: Changes, paths: Sequence[Path]) -> None:
    """Print what differs in the studies, then the table, then where the files are."""
    console = Console(highlight=False)
    console.print(f"\n[bold]{escape(str(found.before.folder))} → {escape(str(found.after.folder))}")
    for notice in dict.fromkeys(
        [*found.before.summary.get("notices", []), *found.after.summary.get("notices", [])]
    ):
        console.print(f"[yellow]! {escape(notice)}[/yellow]")
    if found.settings.empty:
        console.print("The studies are the same. 两次设置相同。")
    for what, before, after in found.settings.itertuples(index=False):
        console.print(f"{escape(what)}: {escape(before)} → {escape(after)}", soft_wrap=True)
    for warning in found.warnings:
        console.print(f"[yellow]! {escape(warning)}[/yellow]", soft_wrap=True)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("", no_wrap=True)
    for head in ("km\n前", "km\n后", "change\n变化", "elderly\n前", "elderly\n后", "gained\n新增",
                 "lost\n失去", "other\n其他"):  # fmt: skip
        table.add_column(head, justify="right", no_wrap=True)
    for key, row in found.table.iterrows():
        other = row["new"] - row["vanished"] + row["recounted"]
        table.add_row(
            str(key), f"{row['km_before']:.1f}", f"{row['km_after']:.1f}",
            f"{row['km_change']:+.2f}", *map(_count, row[["before", "after", "gained", "lost"]]),
            _count(other),
        )  # fmt: skip
    console.print(table)
    if found.areas is not None:
        console.print(_by_area(found.areas))
    console.print(
        "other 其他: homes in one run only, or with another head-count 仅见于一方或人数变动"
    )
    for path in paths:
        console.print(escape(str(path)), soft_wrap=True)


def _by_area(areas: pd.DataFrame) -> Table:
    """Return the change in street and people of each area, tier by tier."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("area\n片区")
    for key in TIERS:
        table.add_column(f"{key}\nkm ±", justify="right", no_wrap=True)
        table.add_column("elderly\n老年人 ±", justify="right", no_wrap=True)
    for name, rows in areas.groupby("area", sort=False):
        by_key = rows.set_index("key").loc[list(TIERS)]
        cells = [
            text
            for km, people in by_key[["km_change", "change"]].itertuples(index=False)
            for text in (
                f"{round(km, 2) + 0.0:+.2f}",
                "—" if np.isnan(people) else f"{people:+,.0f}",
            )
        ]
        table.add_row(escape(str(name)), *cells)
    return table


def _count(value: float) -> str:
    return "—" if np.isnan(value) else f"{value:,.0f}"
