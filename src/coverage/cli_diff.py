"""The command `care-circle diff`: two finished runs side by side."""

from pathlib import Path
from typing import Any

import click

from .cli_options import Folder


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option(
    "--out", type=Folder(path_type=Path), default=Path("data/processed/diff"), show_default=True,
    help="Folder for diff.html and diff_areas.csv.",
)  # fmt: skip
@click.option("--debug", is_flag=True, help="Show a traceback when something fails.")
def diff(before: str, after: str, out: Path, **_: Any) -> None:
    """Show two finished runs side by side: who and what gains and loses from A to B.

    A and B are folders of results, or names of studies with results in data/processed.
    """
    from .console_diff import show_difference
    from .difference import compare_runs
    from .outputs.store import ensure_writable, save_table

    found = compare_runs(before, after)
    ensure_writable(out)
    # All that can fail comes before the first file is replaced.
    page = found.map()
    paths = []
    if found.areas is not None:
        paths.append(save_table(found.areas, out, "diff_areas"))
    paths.append(page.save(out / "diff.html"))
    show_difference(found, paths)
