"""The command `care-circle`: a thin shell over the pipeline."""

import os
import sys
from pathlib import Path
from typing import Any

import click

from . import __version__
from .cli_diff import diff
from .cli_options import Folder, load, lon_lat, study_argument, with_changes
from .cli_site import site
from .cli_tiles import in_tiles, run_tiles, with_tiles
from .cli_visits import visits
from .cli_weak_points import weak_points
from .cli_whatif import whatif
from .errors import CareCircleError


class _Errors(click.Group):
    """Turns every expected error into one message on stderr and an exit code."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        argv = kwargs.get("args") or (args[0] if args else None) or sys.argv[1:]
        debug = "--debug" in argv
        try:
            return super().main(*args, **{**kwargs, "standalone_mode": False})
        except (click.exceptions.Abort, KeyboardInterrupt):
            click.echo(
                "Interrupted. Results are whole: either the earlier ones or the new ones.", err=True
            )
            # When the signal met Python code run by an extension module, sys.exit would let the
            # interpreter end by the signal instead of this code. All that had to be left is left.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(130)
        except click.ClickException as error:
            error.show()
            sys.exit(2)
        except CareCircleError as error:
            if debug:
                raise
            _stop(f"Error: {error}", error.exit_code)
        # What is left is a fault of ours: told without noise, and whole with --debug.
        except Exception as error:
            if debug:
                raise
            _stop(
                f"Error: something went wrong inside care-circle ({type(error).__name__}: "
                f"{error}).\nRun again with --debug and send us what it prints.",
                1,
            )


def _stop(message: str, code: int) -> None:
    click.echo(message, err=True)
    sys.exit(code)


@click.group(cls=_Errors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="care-circle")
@click.option(
    "--debug", is_flag=True, expose_value=False, help="Show a traceback when something fails."
)
def main() -> None:
    """Who can walk to elder care within 15 minutes, and who cannot?

    能否步行十五分钟到达养老服务?
    """


@main.command()
@study_argument
@with_changes
@click.option(
    "--out", type=Folder(path_type=Path),
    help="Folder for the results (default: data/processed/STUDY).",
)  # fmt: skip
@click.option(
    "--also", multiple=True, type=click.Choice(["geoparquet", "geojson"]),
    help="Also write a file of every layer in this format; may be given twice.",
)  # fmt: skip
@click.option("--fresh", is_flag=True, help="Compute everything, whatever earlier runs kept.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but the map's path.")
@click.option("--verbose", "-v", is_flag=True, help="Also print which parts of the steps ran.")
@with_tiles
def run(
    study: str, out: Path | None, also: tuple[str, ...], fresh: bool, quiet: bool, verbose: bool,
    **options: Any,
) -> None:  # fmt: skip
    """Analyse STUDY (default: sample) and write map, tables and GeoPackage.

    STUDY is a packaged name (see `care-circle studies`) or the path of a TOML file. What a run has
    computed is kept in .cache in the folder of its results: the next one computes only what has
    changed.

    \b
    With --workers, --scheduler or --tiles the study is cut into tiles, for studies that one process
    cannot hold. Such a run writes, with the same figures,
      areas.csv, facilities.csv, gaps.csv, zones.csv, summary.json, manifest.json and, in
      coverage.gpkg, the layers facilities, gaps, areas, demand and streets;
    it writes no map, report, picture or workbook, and computes no isochrones, services, visits,
    choices of walkers or proposals. Gaps need [population]. Streets come from a file; nothing is
    kept in .cache.
    """
    from . import pipeline
    from .cache import Cache
    from .console import show_steps, show_summary, show_troubles
    from .console_services import show_services
    from .console_site import show_next
    from .console_visits import show_visits
    from .outputs.layers import require_formats
    from .outputs.store import ensure_writable, other_study, save

    loaded = load(study, options)
    require_formats(also)
    folder = out or Path("data/processed") / loaded.name
    ensure_writable(folder)
    if other := other_study(folder, loaded.name):
        click.echo(
            f"warning: {folder} holds results of the study '{other}'; those of '{loaded.name}' "
            "take their place. Choose another --out to keep both.",
            err=True,
        )
    if in_tiles(options):
        run_tiles(loaded, folder, options, also=also, quiet=quiet)
        return
    keep = Cache(folder / ".cache", fresh=fresh)
    with show_steps(len(pipeline.STEPS) + 1, quiet=quiet) as progress:
        result = pipeline.run(loaded, progress=progress, keep=keep)
        files = pipeline.Clock(progress, keep)
        with files.step("files 写出结果") as keep_files:
            map_path = save(result, folder, also=also, keep=keep_files)
    keep.trim()
    show_troubles(keep.troubles)
    if quiet:
        click.echo(map_path)
    else:
        show_summary(
            result, map_path, {**result.seconds, **files.seconds},
            [*result.from_cache, *files.from_cache],
        )  # fmt: skip
        if result.next is not None:
            show_next(result.next)
        show_services(result)
        show_visits(result)
    if verbose:
        click.echo(f"computed 计算: {', '.join(keep.computed) or '-'}")
        click.echo(f"kept 已缓存: {', '.join(keep.from_cache) or '-'}")


@main.command()
@study_argument
@with_changes
def check(study: str, **options: Any) -> None:
    """Read and check every input of STUDY, report all problems at once, compute nothing.

    STUDY is a packaged name (see `care-circle studies`) or the path of a TOML file.
    """
    from . import pipeline
    from .console import show_inputs

    loaded = load(study, options)
    show_inputs(loaded, pipeline.check(loaded))


@main.command()
@study_argument
@with_changes
@click.option(
    "--walkers", default="adult,senior,senior-80,cane,wheelchair", show_default=True,
    help="Walkers to compare, commas between.",
)  # fmt: skip
@click.option(
    "--out", type=Folder(path_type=Path),
    help="Folder for walkers.csv (default: data/processed/STUDY).",
)  # fmt: skip
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but the table's path.")
def compare(study: str, walkers: str, out: Path | None, quiet: bool, **options: Any) -> None:
    """Compare walkers: what each covers, and what slope and stairs take from them.

    STUDY is a packaged name (see `care-circle studies`) or the path of a TOML file.
    """
    from .comparison import compare_walkers
    from .console import show_comparison, show_steps
    from .outputs.store import ensure_writable, save_table

    loaded = load(study, options)
    folder = out or Path("data/processed") / loaded.name
    ensure_writable(folder)
    names = [name.strip() for name in walkers.split(",") if name.strip()]
    with show_steps(len(names) + 1, quiet=quiet) as progress:
        table = compare_walkers(loaded, names, progress=progress)
    path = save_table(table.reset_index(), folder, "walkers")
    if quiet:
        click.echo(path)
    else:
        show_comparison(loaded, table, path)


@main.command()
@study_argument
@with_changes
@click.option("--repetitions", type=click.IntRange(1, 1000), default=30, show_default=True)
@click.option(
    "--out", type=Folder(path_type=Path),
    help="Folder for sensitivity.csv (default: data/processed/STUDY).",
)  # fmt: skip
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but the table's path.")
def sensitivity(
    study: str, repetitions: int, out: Path | None, quiet: bool, **options: Any
) -> None:
    """Tell how sure the headline figures are, over ranges of what nobody knows exactly.

    STUDY is a packaged name (see `care-circle studies`) or the path of a TOML file.
    """
    from .console import show_bands, show_steps
    from .outputs.store import ensure_writable, save_table
    from .repetitions import sensitivity as repeat

    loaded = load(study, options)
    folder = out or Path("data/processed") / loaded.name
    ensure_writable(folder)
    with show_steps(repetitions + 1, quiet=quiet) as progress:
        bands, runs = repeat(loaded, repetitions=repetitions, progress=progress)
    path = save_table(runs.reset_index(), folder, "sensitivity")
    if quiet:
        click.echo(path)
    else:
        show_bands(loaded, bands, path)


@main.command()
@study_argument
@with_changes
@click.option("--from", "start", required=True, metavar="LON,LAT", help="Where the walk begins.")
@click.option("--to", "end", required=True, metavar="LON,LAT", help="Where it ends.")
def route(study: str, start: str, end: str, **options: Any) -> None:
    """Show the walk between two places in both directions: minutes, metres, climb, steps.

    STUDY is a packaged name (see `care-circle studies`) or the path of a TOML file.
    """
    import numpy as np

    from .console import show_route
    from .inputs.everything import read_inputs
    from .network import project
    from .preparation import walking_network
    from .routes import route as walk

    loaded = load(study, options)
    places = np.array([lon_lat(start, "--from"), lon_lat(end, "--to")])
    inputs = read_inputs(loaded)
    network, _ = walking_network(loaded, inputs)
    here, there = map(tuple, project(places, inputs.crs))
    show_route(loaded, [walk(network, here, there), walk(network, there, here)])


@main.group()
def fetch() -> None:
    """Get inputs of a study from public servers."""


@fetch.command("elevation")
@study_argument
@click.option(
    "--source", type=click.Choice(["glo30", "srtm"]), default="glo30", show_default=True,
    help="Copernicus GLO-30 or SRTM, both about 30 m.",
)  # fmt: skip
@click.option("--mirror", metavar="URL", help="Another server with the same paths.")
@click.option("--osm-cache", type=click.Path(path_type=Path), help="Recorded responses.")
@click.option("--out", type=Folder(path_type=Path),
              help="Where the raster goes (default: the study's [elevation] file).")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace a raster that is already there.")
@click.option("--debug", is_flag=True, help="Show a traceback when something fails.")
def fetch_elevation(
    study: str, source: Any, mirror: str | None, osm_cache: Path | None, out: Path | None,
    overwrite: bool, **_: Any,
) -> None:  # fmt: skip
    """Get the elevation tiles that STUDY needs and cut them to one raster.

    STUDY is a packaged name (see `care-circle studies`) or the path of a TOML file. What is there
    already is not fetched again; a download that was broken off goes on where it stopped.
    """
    from .catalogue import load_study
    from .console import show_download
    from .inputs.elevation_download import fetch_elevation as fetch_tiles
    from .inputs.extent import network_area

    loaded = load_study(study, network__osm_cache=osm_cache)
    part = loaded.elevation
    target = out or loaded.path(part.file if part else Path("elevation.tif"))
    with show_download() as progress:
        fetched = fetch_tiles(
            network_area(loaded), target, source=source, base_url=mirror, progress=progress,
            overwrite=overwrite,
        )  # fmt: skip
    for note in fetched.notes:
        click.echo(f"note: {note}")
    if fetched.missing:
        click.echo(f"no such tile (sea): {', '.join(tile.name for tile in fetched.missing)}")
    click.echo(f"Elevation 高程: {fetched.path}")
    click.echo(fetched.attribution)
    if part is None:
        click.echo(f'Add to the study: [elevation] file = "{fetched.path.name}"')


@main.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--debug", is_flag=True, help="Show a traceback when something fails.")
def init(folder: Path, **_: Any) -> None:
    """Make DIR a working study to start from: a template of every input, and study.toml."""
    from .catalogue import init_study

    toml = init_study(folder)
    click.echo(f"A working study is in {folder}. Replace its files with your own, then:")
    click.echo(f"  care-circle check {toml}")
    click.echo(f"  care-circle run {toml}")


@main.command()
def studies() -> None:
    """List the packaged studies."""
    from .catalogue import packaged_studies

    titles = packaged_studies()
    width = max(map(len, titles))
    for name, title in titles.items():
        click.echo(f"{name:<{width}}  {title}")


for command in (diff, site, whatif, visits, weak_points):
    main.add_command(command)
