"""The command `care-circle visits`."""

from pathlib import Path
from typing import Any

import click

from .cli_options import Folder, analysed, load, study_argument, with_changes


@click.command()
@study_argument
@with_changes
@click.option("--minutes", type=float, help="Longest way to a home, one way (15).")
@click.option("--by", help="How staff go: foot, car, or foot,car.")
@click.option("--tiers", help="Whose facilities send staff, commas between (community,street).")
@click.option("--round-hours", type=float, help="Length of a carer's round (4).")
@click.option("--visit-min", type=float, help="Minutes with each person (30).")
@click.option("--who", type=click.Choice(["uncovered", "all"]), help="Whom to visit (uncovered).")
@click.option(
    "--out", type=Folder(path_type=Path),
    help="Folder for visits.csv and visits_areas.csv (default: data/processed/STUDY).",
)  # fmt: skip
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but the tables' paths.")
def visits(
    study: str, minutes: float | None, by: str | None, tiers: str | None,
    round_hours: float | None, visit_min: float | None, who: str | None, out: Path | None,
    quiet: bool, **options: Any,
) -> None:  # fmt: skip
    """Care that comes home: whom staff reach from their facilities, on foot and by car.

    STUDY is a packaged name (see `care-circle studies`) or the path of a TOML file.
    """
    from .console_visits import show_visits_by_area
    from .home_visits import require_homes, senders
    from .outputs.store import save_table
    from .outputs.tables import visits_tables
    from .study_parts import VisitsPart

    loaded = load(
        study, options,
        visits__minutes=minutes, visits__by=_words(by), visits__tiers=_words(tiers),
        visits__round_hours=round_hours, visits__visit_min=visit_min, visits__who=who,
    )  # fmt: skip
    # What a study does not say of visits is asked by default, and nothing else of it.
    loaded = loaded.model_copy(update={"visits": loaded.visits or VisitsPart(), "siting": None})
    require_homes(loaded.population is not None)
    result, folder = analysed(loaded, out, quiet=quiet)
    if result.visits is None:
        require_homes(result.people is not None)
        senders(loaded, result.inputs.facilities)
        raise AssertionError("where somebody can be sent, visits are found")
    paths = [
        save_table(table, folder, name) for name, table in visits_tables(result.visits).items()
    ]
    if quiet:
        for path in paths:
            click.echo(path)
    else:
        show_visits_by_area(result, paths)


def _words(text: str | None) -> list[str] | None:
    return None if text is None else [word.strip() for word in text.split(",") if word.strip()]
