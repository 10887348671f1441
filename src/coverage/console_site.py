"""Proposals printed to a terminal."""

from pathlib import Path

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .groups import sited_groups
from .proposals import Proposals
from .service_kinds import SERVICE_NAMES_ZH
from .where_next import WhereNext, nobody_yet

_AREAS = 8


def show_proposals(proposals: Proposals, path: Path) -> None:
    """Print the proposals, how good they are, and what could not be considered."""
    console = Console(highlight=False)
    asked = proposals.asked
    opens = f"{asked.service} {SERVICE_NAMES_ZH[asked.service]}" if asked.service else asked.tier
    table = Table(
        title=f"Where to open next 下一处开在哪里: {opens}",
        box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True,
    )  # fmt: skip
    table.add_column("", no_wrap=True)
    # Names break over lines where the terminal is narrow: cut off they would name nothing.
    table.add_column("candidate 候选点", overflow="fold")
    table.add_column("area 片区", overflow="fold")
    for name in ("gained\n新增老人", "covered\n其后覆盖", "cost CNY\n造价"):
        table.add_column(name, justify="right", no_wrap=True)
    for number, row in proposals.table.iterrows():
        cost = "" if row["cost_cny"] != row["cost_cny"] else f"{row['cost_cny']:,.0f}"
        table.add_row(
            str(number), escape(" ".join(dict.fromkeys([row["candidate"], row["name"]]))),
            escape(str(row["area"])),
            f"{row['elderly_gained']:,.0f}", f"{row['share_total']:.1%}", cost,
        )  # fmt: skip
    console.print(table)
    choice = proposals.choice
    console.print(
        f"elderly covered {proposals.covered_before:,.0f} → {proposals.covered_after:,.0f}; "
        f"one by one (greedy) {proposals.covered_greedy:,.0f}; {choice.status}, gap "
        f"{choice.gap:.2%}; {proposals.uncoverable:,.0f} cannot be covered by any candidate"
    )
    if line := _reached(proposals):
        console.print(line)
    if len(proposals.uncoverable_by_area):
        by_area = [f"{area} {n:,.0f}" for area, n in proposals.uncoverable_by_area.items()]
        others = f" … and {len(by_area) - _AREAS} areas more" if len(by_area) > _AREAS else ""
        listed = ", ".join(by_area[:_AREAS])
        console.print(
            f"out of reach of every facility and candidate: {escape(listed)}{others}",
            soft_wrap=True,
        )
    if asked.capacity:
        people = "person" if asked.people_per_place == 1 else "people"
        console.print(
            f"[yellow]note[/yellow] room is counted, {asked.people_per_place:g} elderly {people} a "
            "place: who is in reach and finds no place is not covered; a facility or candidate "
            "whose places are not known has room for all",
            soft_wrap=True,
        )
    if note := nobody_yet(asked.service, proposals.given):
        console.print(f"[yellow]note[/yellow] {note}", soft_wrap=True)
    for candidate, why in proposals.not_usable["why"].head(20).items():
        console.print(
            f"[yellow]not usable[/yellow] {escape(str(candidate))}: {why}", soft_wrap=True
        )
    if (more := len(proposals.not_usable) - 20) > 0:
        console.print(f"[yellow]not usable[/yellow] … and {more} more, listed in {path.parent}")
    console.print(f"[bold]{escape(str(path))}[/bold]", soft_wrap=True)


def _reached(proposals: Proposals) -> str:
    """Return what the choice comes to where it is more than people covered."""
    choice, objective = proposals.choice, proposals.asked.objective
    greedy = choice.greedy_value
    if objective == "full":
        alone = f"{greedy:.0f}" if np.isfinite(greedy) else "none that covers all"
        return f"fewest facilities {choice.value:.0f}; one by one (greedy) {alone}"
    if objective == "center":
        alone = f"{greedy:.1f} min" if np.isfinite(greedy) else "some have none"
        return f"longest walk {choice.value:.1f} min; one by one (greedy) {alone}"
    if objective == "median":
        walks = proposals.elderly * len(sited_groups(proposals.asked))
        each = [value / walks for value in (choice.value, greedy)]
        return f"mean walk {each[0]:.2f} min; one by one (greedy) {each[1]:.2f} min"
    return ""


def show_next(found: WhereNext) -> None:
    """Print in a few lines what a run proposes; its files say all of it."""
    console, figures = Console(highlight=False), found.figures
    service = figures["service"]
    opens = f"service {service}" if service else f"tier {figures['tier']}"
    console.print(
        f"where next 下一步: {len(found.proposals)} proposals of {opens}, elderly "
        f"people covered {figures['elderly_covered_before']:,.0f} → "
        f"{figures['elderly_covered_after']:,.0f}",
        soft_wrap=True,
    )
    for number, row in found.proposals.iterrows():
        console.print(
            f"  {number}. {escape(str(row['name'] or row['candidate']))} "
            f"+{row['elderly_gained']:,.0f}",
            soft_wrap=True,
        )
    for title, lines, column in (
        ("hardest to lose 最怕中断", found.links, "elderly_lost"),
        ("best new link 最佳新连接", found.shortcuts, "elderly_gained"),
    ):
        if lines is not None and len(lines):
            first = lines.iloc[0]
            console.print(
                f"{title}: {escape(str(first['name']))} ({first['kind']}, "
                f"{first['length_m']:.0f} m), {first[column]:,.0f} elderly people",
                soft_wrap=True,
            )
