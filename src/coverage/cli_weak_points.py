"""The command `care-circle weak-points`: streets not to lose, and where a new link would help."""

from pathlib import Path
from typing import Any

import click

from .cli_options import Folder, analysed, load, study_argument, with_changes


@click.command("weak-points")
@study_argument
@with_changes
@click.option(
    "--out", type=Folder(path_type=Path),
    help="Folder for weak_links.csv and shortcuts.csv (default: data/processed/STUDY).",
)  # fmt: skip
def weak_points(study: str, out: Path | None, **options: Any) -> None:
    """Tell which streets and stairs STUDY can least lose, and where a lift or bridge wins most.

    STUDY is a packaged name (see `care-circle studies`) or the path of a TOML file. It must say
    where people live.
    """
    from .console_weak_points import show_weak_points
    from .next_step import best_shortcuts, weak_links
    from .outputs.store import save_table
    from .outputs.tables import line_table
    from .passing import passing
    from .weak_points import access_of, require_population

    loaded = load(study, options)
    require_population(loaded)
    result, folder = analysed(loaded.model_copy(update={"siting": None, "visits": None}), out)
    ask = passing(access_of(result))
    links, places = weak_links(result, ask), best_shortcuts(result, ask)
    tables = {"weak_links": line_table(links), "shortcuts": line_table(places)}
    paths = [save_table(table, folder, name) for name, table in tables.items()]
    show_weak_points(loaded, links, places, paths)
