"""What a run prints of the services that facilities offer."""

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from .result import Result
from .service_kinds import SERVICE_NAMES_ZH

_HEADINGS = ("places\n设施", "min\n分钟", "km\n覆盖", "share\n占比")
_OF_PEOPLE = ("people\n老年人", "share\n占比")


def show_services(result: Result) -> None:
    """Print a line for each service that some facility offers; nothing where none does."""
    services: dict[str, dict[str, Any]] = result.summary.get("services", {})
    if not services:
        return
    people = result.people is not None
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("service 服务", no_wrap=True)
    for heading in (*_HEADINGS, *(_OF_PEOPLE if people else ()), "gaps\n缺口"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, zh in SERVICE_NAMES_ZH.items():
        if (found := services.get(name)) is None:
            continue
        cells = [f"{name} {zh}", str(found["facilities"]), f"{found['threshold_min']:g}",
                 f"{found['covered_km']:.2f}", _share(found["share"])]  # fmt: skip
        if people:
            cells += [f"{found['elderly']:,.0f}", _share(found["share_elderly"])]
        table.add_row(*cells, str(found["gaps"]))
    Console(highlight=False).print(table)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"
