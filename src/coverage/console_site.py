"""Proposals printed to a terminal."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .proposals import Proposals
from .service_kinds import SERVICE_NAMES_ZH
from .where_next import WhereNext, nobody_yet


def show_proposals(proposals: Proposals, path: Path) -> None:
    """Print the proposals, how good they are, and what could not be considered."""
    console = Console(highlight=False)
    asked = proposals.asked
    opens = f"{asked.service} {SERVICE_NAMES_ZH[asked.service]}" if asked.service else asked.tier
    table = Table(title=f"Where to open next 下一处开在哪里: {opens}")
    what = "service" if asked.service else "tier"
    for name in ("", "candidate", what, "elderly gained", "covered then", "cost CNY", "area"):
        table.add_column(name)
    for number, row in proposals.table.iterrows():
        cost = "" if row["cost_cny"] != row["cost_cny"] else f"{row['cost_cny']:,.0f}"
        table.add_row(
            str(number), escape(" ".join(dict.fromkeys([row["candidate"], row["name"]]))),
            row[what],
            f"{row['elderly_gained']:,.0f}", f"{row['share_total']:.1%}", cost,
            escape(str(row["area"])),
        )  # fmt: skip
    console.print(table)
    choice = proposals.choice
    console.print(
        f"elderly covered {proposals.covered_before:,.0f} → {proposals.covered_after:,.0f}; "
        f"one by one (greedy) {proposals.covered_greedy:,.0f}; {choice.status}, gap "
        f"{choice.gap:.2%}; {proposals.uncoverable:,.0f} cannot be covered by any candidate"
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
