"""What a run shows in the terminal: steps as they go, and a short summary at the end."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from .causes import CAUSES
from .inputs.everything import Inputs
from .pipeline import Progress as ShowStep
from .routes import Route
from .study import Study
from .study_parts import TIERS, TierName

_SHORT_ZH: dict[TierName, str] = {
    "community": "社区站",
    "street": "街道中心",
    "district": "区县中心",
}


@contextmanager
def show_steps(count: int, *, quiet: bool) -> Iterator[ShowStep]:
    """Show a bar on stderr while the steps run; yields what `coverage.run` takes as progress."""
    console = Console(stderr=True, quiet=quiet)
    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=count)

        @contextmanager
        def step(name: str) -> Iterator[None]:
            bar.update(task, description=name)
            yield
            bar.advance(task)

        yield step


class Summed(Protocol):
    """What a run found, by its headline figures."""

    @property
    def summary(self) -> dict[str, Any]:
        """The content of ``summary.json``."""


def show_summary(
    result: Summed, map_path: Path, seconds: Mapping[str, float], from_cache: Sequence[str]
) -> None:
    """Print the headline figures, what every step took, and where the files are."""
    console = Console(highlight=False)
    summary = result.summary
    gaps = summary.get("gaps")
    console.print(f"\n[bold]{escape(summary['title'])}[/bold]")
    for notice in summary["notices"]:
        console.print(f"[yellow]! {escape(notice)}[/yellow]")
    console.print(
        f"walker 步行者 {escape(summary['walker'])}, direction 方向 {summary['direction']}; of "
        f"{summary['street_km']:.2f} km of street in the study area 研究区街道:"
    )
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("tier 层级", no_wrap=True)
    for heading in (
        "facilities\n设施",
        "minutes\n分钟",
        "covered km\n覆盖",
        "share\n占比",
        "gaps\n缺口",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for tier in TIERS:
        _add_row(
            table, f"{tier} {_SHORT_ZH[tier]}", summary["coverage"][tier],
            str(summary["facilities"][tier]), f"{summary['threshold_min'][tier]:g}",
            str(gaps[tier]["count"]) if gaps else "",
        )  # fmt: skip
    _add_row(table, "any 任一层级", summary["coverage"]["any"], "", "", "")
    _add_row(table, "all 全部三级", summary["coverage"]["all"], "", "", "")
    console.print(table)
    _show_people(console, summary.get("people"), gaps or {})
    _show_warnings(console, summary["warnings"])
    steps = [
        f"{step} {took:.1f} s{' (kept 已缓存)' if step in from_cache else ''}"
        for step, took in seconds.items()
    ]
    console.print(f"[dim]steps 步骤: {' · '.join(steps)}[/dim]")
    if map_path.suffix == ".html":
        console.print(f"Map 地图: {escape(str(map_path))}", soft_wrap=True)
    console.print(f"All results 全部结果: {escape(str(map_path.parent))}", soft_wrap=True)


def show_troubles(troubles: Sequence[str]) -> None:
    """Print on stderr what went wrong and did no harm."""
    console = Console(stderr=True, highlight=False)
    for trouble in dict.fromkeys(troubles):
        console.print(f"[yellow]warning[/yellow] {escape(trouble)}", soft_wrap=True)


@contextmanager
def show_download() -> Iterator[Callable[[str, int, int | None], None]]:
    """Show a bar for every file; yields a function of name, bytes so far and all bytes."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def progress(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total)
            bar.update(tasks[name], completed=done, total=total)

        yield progress


def _show_people(
    console: Console, people: dict[str, Any] | None, gaps: dict[str, dict[str, Any]]
) -> None:
    """Print the circle in elderly people, and why people are outside it."""
    if people is None:
        return
    assumed = f" ({people['assumed']})" if people["assumed"] else ""
    console.print(f"Elderly people 老年人: {people['elderly']:,.0f}{escape(assumed)}")
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("tier 层级", no_wrap=True)
    for heading in ("covered\n覆盖", "share\n占比", "median min\n中位分钟", "gaps\n缺口"):
        table.add_column(heading, justify="right", no_wrap=True)
    for tier in TIERS:
        median = people[f"minutes_median_{tier}"]
        table.add_row(
            f"{tier} {_SHORT_ZH[tier]}", f"{people[f'elderly_{tier}']:,.0f}",
            _percent(people[f"share_elderly_{tier}"]),
            "beyond" if median is None else f"{median:.1f}", str(gaps[tier]["count"]),
        )  # fmt: skip
    for key, name in (("any", "any 任一层级"), ("all", "all 全部三级")):
        table.add_row(name, f"{people[f'elderly_{key}']:,.0f}",
                      _percent(people[f"share_elderly_{key}"]), "", "")  # fmt: skip
    console.print(table)
    for tier in TIERS:
        causes = people["uncovered_by_cause"][tier].items()
        said = ", ".join(f"{name} {CAUSES[name]} {count:,.0f}" for name, count in causes if count)
        if said:
            console.print(f"not covered 未覆盖, {tier}: {said}", soft_wrap=True)
    for key, where in (
        ("elderly_outside", "outside the study area"),
        ("elderly_unplaced", "without a home or street"),
    ):
        if people[key]:
            console.print(
                f"{people[key]:,.0f} elderly people live {where} and are not counted here"
            )


def _percent(share: float | None) -> str:
    return "unknown" if share is None else f"{share:.1%}"


def _signed(value: float, digits: int) -> str:
    """Return a change with its sign, and none where it rounds to nothing."""
    text = f"{value:+.{digits}f}"
    return text if float(text) else text[1:]


def show_comparison(study: Study, table: pd.DataFrame, path: Path) -> None:
    """Print walkers side by side."""
    console = Console(highlight=False)
    console.print(f"\n[bold]{escape(study.title or study.name)}[/bold]")
    for notice in study.notices:
        console.print(f"[yellow]! {escape(notice)}[/yellow]")
    street_km = float(table["street_km"].iloc[0])
    console.print(
        f"Covered share of {street_km:.2f} km of street, and kilometres lost to slope and stairs "
        "覆盖占比（坡道与台阶造成的损失，公里）:"
    )
    shown = Table(box=SIMPLE_HEAD, pad_edge=False)
    shown.add_column("walker 步行者", no_wrap=True)
    for tier in TIERS:
        shown.add_column(f"{tier}\n{_SHORT_ZH[tier]}", justify="right", no_wrap=True)
    for name, row in table.iterrows():
        cells = [
            f"{row[f'share_{tier}']:.1%} ({_signed(-row[f'lost_km_{tier}'], 1)})" for tier in TIERS
        ]
        shown.add_row(escape(str(name)), *cells)
    console.print(shown)
    console.print(f"Table 表格: {escape(str(path))}", soft_wrap=True)


def show_bands(study: Study, bands: pd.DataFrame, path: Path) -> None:
    """Print how far the headline figures move, and what moves them."""
    console = Console(highlight=False)
    console.print(f"\n[bold]{escape(study.title or study.name)}[/bold]")
    for notice in study.notices:
        console.print(f"[yellow]! {escape(notice)}[/yellow]")
    of = "street 街道" if study.population is None else "elderly people 老年人"
    console.print(f"Share of {of} covered, and over all repetitions 覆盖占比及区间:")
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("tier 层级", no_wrap=True)
    for heading in ("share", "lowest", "highest"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("driven most by 主要因素", no_wrap=True)
    for key, row in bands.iterrows():
        table.add_row(
            str(key), *(f"{row[name]:.1%}" for name in ("share", "lowest", "highest")),
            f"{row['driver']}: {row['driver_spread']:.1%}" if row["driver"] else "",
        )  # fmt: skip
    console.print(table)
    console.print(f"All repetitions 全部结果: {escape(str(path))}", soft_wrap=True)


def show_route(study: Study, there_and_back: Sequence[Route]) -> None:
    """Print the walk there and the walk back."""
    console = Console(highlight=False)
    console.print(f"walker 步行者 {escape(study.walker)}")
    for name, walk in zip(("there 去", "back  回"), there_and_back, strict=True):
        console.print(
            f"{name}  {walk.minutes:6.1f} min 分钟  {walk.length_m:6.0f} m 米  "
            f"{_signed(walk.climb_m, 0)} m  {_signed(-walk.descent_m, 0)} m  "
            f"{walk.steps:.0f} steps 级台阶"
        )


def show_inputs(study: Study, inputs: Inputs) -> None:
    """Print what `care-circle check` found."""
    console = Console(highlight=False)
    counts = inputs.facilities["tier"].value_counts()
    tiers = ", ".join(f"{counts.get(tier, 0)} {tier}" for tier in TIERS)
    console.print(f"[bold]{escape(study.title or study.name)}[/bold]: the inputs can be used.")
    console.print(f"streets     {len(inputs.streets.tail)} segments of "
                  f"{len(inputs.streets.ways)} ways, {escape(inputs.streets.source)}")  # fmt: skip
    console.print(f"facilities  {len(inputs.facilities)} ({tiers})")
    for name in ("areas", "zones", "candidates"):
        frame = getattr(inputs, name)
        if frame is not None:
            console.print(f"{name:<11} {len(frame)}")
    if inputs.population is not None:
        people, elderly = inputs.population.totals
        console.print(f"population  {people:,.0f}, elderly {elderly:,.0f}")
    if inputs.surface_m is not None:
        known = np.isfinite(inputs.surface_m).mean()
        console.print(f"elevation   known at {known:.0%} of the street nodes")
    _show_warnings(console, list(inputs.warnings))


def _show_warnings(console: Console, warnings: list[str]) -> None:
    for warning in warnings:
        console.print(f"[yellow]warning[/yellow] {escape(warning)}", soft_wrap=True)


def _add_row(
    table: Table, name: str, figures: dict[str, float | None], facilities: str, minutes: str,
    gaps: str,
) -> None:  # fmt: skip
    share = figures["share"]
    table.add_row(
        name, facilities, minutes, f"{figures['covered_km'] or 0:.2f}",
        "unknown" if share is None else f"{share:.1%}", gaps,
    )  # fmt: skip
