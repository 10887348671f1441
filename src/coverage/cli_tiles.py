"""Options of `care-circle run` for a study in tiles, on several processes or machines."""

from pathlib import Path
from typing import Any

import click

from .errors import UsageError

TILES_A_WORKER = 2
"""Unless a number is asked for: one at work, one waiting."""
TILES_OF_A_CLUSTER = 16

_options = [
    click.option(
        "--workers", type=click.IntRange(1, 1024),
        help="Work in tiles, with so many processes on this machine.",
    ),
    click.option(
        "--scheduler", metavar="ADDRESS",
        help="Work in tiles, with the workers of a Dask scheduler, such as tcp://host:8786.",
    ),
    click.option(
        "--tiles", type=click.IntRange(1, 100_000),
        help="How many tiles the study is cut into "
        f"(default: {TILES_A_WORKER} for each worker, {TILES_OF_A_CLUSTER} with --scheduler).",
    ),
    click.option(
        "--worker-memory", metavar="SIZE", default="auto",
        help="The most that each of --workers may take, such as 1.5GB; more tiles need less.",
    ),
]  # fmt: skip


def with_tiles(command: Any) -> Any:
    """Add the options."""
    for option in reversed(_options):
        command = option(command)
    return command


def in_tiles(options: dict[str, Any]) -> bool:
    """Say whether any option asks for tiles."""
    return any(options[name] is not None for name in ("workers", "scheduler", "tiles"))


def run_tiles(
    loaded: Any, folder: Path, options: dict[str, Any], *, also: tuple[str, ...], quiet: bool
) -> None:
    """Run a study in tiles, write what such a run has, and show it."""
    from contextlib import nullcontext

    from .console import show_steps, show_summary
    from .outputs.store import staged
    from .pipeline import Clock
    from .tile_join import save_tiled
    from .tiled import STEPS, run_in_tiles
    from .workers import on_cluster, one_after_the_other

    workers, scheduler, tiles = (options[name] for name in ("workers", "scheduler", "tiles"))
    if workers is not None and scheduler is not None:
        raise UsageError(
            "--workers starts processes here, --scheduler asks those of a cluster.",
            "Give one of them.",
        )
    if also:
        raise UsageError("--also is of runs in one piece.", "Leave it out, or the tiles.")
    if tiles is None:
        tiles = TILES_OF_A_CLUSTER if scheduler else TILES_A_WORKER * workers
    # Other machines stand in other folders.
    loaded = loaded.model_copy(update={"base": loaded.base.absolute()})
    with staged(folder.absolute()) as kept, show_steps(len(STEPS) + 1, quiet=quiet) as progress:
        alone = workers in (None, 1) and scheduler is None and options["worker_memory"] == "auto"
        cluster = (
            nullcontext(one_after_the_other)
            if alone
            else on_cluster(
                kept, scheduler=scheduler, workers=workers or 1, memory=options["worker_memory"]
            )
        )
        with cluster as runs:
            found = run_in_tiles(
                loaded, tiles=tiles, folder=kept / "tiles", runs=runs, progress=progress
            )
        clock = Clock(progress)
        with clock.step("files 写出结果"):
            path = save_tiled(found, folder)
    if quiet:
        click.echo(path)
    else:
        show_summary(found, path, {**found.seconds, **clock.seconds}, [])
        click.echo(
            "A run in tiles writes tables, layers and figures; map, report, picture, isochrones, "
            "services and what to do next are of runs in one piece."
        )
