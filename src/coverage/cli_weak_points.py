"""The command `care-circle weak-points`: streets not to lose, and where a new link would help."""

from pathlib import Path
from typing import Any

import click

from .cli_options import Folder, load, study_argument, with_changes


@click.command("weak-points")
@study_argument
@with_changes
@click.option(
    "--out", type=Folder(path_type=Path),
    help="Folder for links.csv and shortcuts.csv (default: data/processed/STUDY).",
)  # fmt: skip
def weak_points(study: str, out: Path | None, **options: Any) -> None:
    """Tell which streets and stairs STUDY can least lose, and where a lift or bridge wins most.

    STUDY is a packaged name (see `care-circle studies`) or the path of a TOML file. It must say
    where people live.
    """
    import pandas as pd

    from . import pipeline
    from .console_weak_points import show_weak_points
    from .load_bearing import losses
    from .outputs.store import ensure_writable, save_table
    from .passing import passing
    from .shortcuts import shortcuts
    from .weak_points import access_of, require_population

    loaded = load(study, options)
    require_population(loaded)
    folder = out or Path("data/processed") / loaded.name
    ensure_writable(folder)
    ask = passing(access_of(pipeline.run(loaded)))
    tables = {"links": losses(ask), "shortcuts": shortcuts(ask)}
    paths = [
        save_table(
            pd.DataFrame(table.drop(columns="geometry")).assign(
                wkt=table.to_crs("EPSG:4326").geometry.to_wkt()
            ),
            folder,
            name,
        )
        for name, table in tables.items()
    ]
    show_weak_points(loaded, tables["links"], tables["shortcuts"], paths)
