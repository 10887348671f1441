"""What if, in the terminal."""

from pathlib import Path

import numpy as np
import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .changes import said
from .service_kinds import SERVICE_NAMES_ZH
from .whatif import WhatIf

_TIERS = {"community": "社区站", "street": "街道中心", "district": "区县中心", "any": "任一",
          "all": "全部"}  # fmt: skip
_ZH = {**_TIERS, **SERVICE_NAMES_ZH}


def show_what_if(found: WhatIf, path: Path | None) -> None:
    """Print whom and what street some changes cover, before and after, and where that differs."""
    console = Console(highlight=False)
    study = found.findings.study
    console.print(f"\n[bold]{escape(study.title or study.name)}[/bold]")
    for notice in study.notices:
        console.print(f"[yellow]! {escape(notice)}[/yellow]")
    for change in found.changes:
        console.print(f"what if 如果: {escape(said(change))}")
    console.print("Elderly people covered 覆盖的老年人:")
    named = "tier 层级" if len(found.figures) == len(_TIERS) else "tier, service 层级、服务"
    shown = _table(named)
    for key, row in found.figures.iterrows():
        shown.add_row(f"{key} {_ZH[str(key)]}", *_cells(row))
    console.print(shown)
    areas = found.by_area
    if areas is not None:
        rows = [
            (str(area), key, values)
            for area, row in areas.iterrows()
            for key in map(str, found.figures.index)
            if (values := row[[f"{key}_{name}" for name in found.figures.columns]])[2:].any()
        ]
        if rows:
            shown = _table("area 片区", named)
            for area, key, values in rows:
                shown.add_row(escape(area), f"{key} {_ZH[key]}", *_cells(values))
            console.print(shown)
    console.print(
        "Kilometres of street within the minutes, new links too 时限内的街道公里（含新建连接）:"
    )
    shown = _table("tier 层级")
    for key, row in found.street_km().iterrows():
        shown.add_row(f"{key} {_ZH[str(key)]}", *_cells(row, 2))
    console.print(shown)
    if not len(found.changed):
        console.print("Nobody gains or loses any of them 没有人增加或失去覆盖。")
    if path is not None:
        console.print(f"Homes 住处: {escape(str(path))}", soft_wrap=True)


def _cells(row: pd.Series, decimals: int = 0) -> list[str]:
    return [f"{value:,.{decimals}f}" for value in np.asarray(row, dtype=float)]


def _table(*names: str) -> Table:
    shown = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in names:
        shown.add_column(name)
    for heading in ("before\n之前", "after\n之后", "gained\n增加", "lost\n失去"):
        shown.add_column(heading, justify="right", no_wrap=True)
    return shown
