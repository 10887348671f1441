"""The command `care-circle`: a thin shell over the pipeline."""

import sys
from pathlib import Path
from typing import Any

import click

from . import __version__
from .errors import CareCircleError


class _Errors(click.Group):
    """Turns every expected error into one message on stderr and an exit code."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        argv = kwargs.get("args") or (args[0] if args else None) or sys.argv[1:]
        debug = "--debug" in argv
        try:
            return super().main(*args, **{**kwargs, "standalone_mode": False})
        except click.exceptions.Abort:
            _stop("Interrupted; earlier results are as they were.", 130)
        except KeyboardInterrupt:
            _stop("Interrupted; earlier results are as they were.", 130)
        except click.ClickException as error:
            error.show()
            sys.exit(2)
        except CareCircleError as error:
            if debug:
                raise
            _stop(f"Error: {error}", error.exit_code)
        except Exception as error:  # the last line of defence: a fault of ours, told without noise
            if debug:
                raise
            _stop(
                f"Error: something went wrong inside care-circle ({type(error).__name__}: {error}). "
                "Run again with --debug and send us what it prints.",
                1,
            )


def _stop(message: str, code: int) -> None:
    click.echo(message, err=True)
    sys.exit(code)


@click.group(cls=_Errors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="care-circle")
def main() -> None:
    """Who can walk to elder care within 15 minutes, and who cannot?

    能否步行十五分钟到达养老服务?
    """


_study = click.argument("study", default="sample")
_changes = [
    click.option("--walker", help="Walker to use in the place of the study's."),
    click.option(
        "--direction",
        type=click.Choice(["to", "back", "worst"]),
        help="Walk to the facility, back from it, or the longer of both.",
    ),
    click.option("--facilities", type=click.Path(path_type=Path), help="Facility list (CSV)."),
    click.option("--areas", type=click.Path(path_type=Path), help="Polygons to report by."),
    click.option(
        "--streets", type=click.Path(path_type=Path), help="OpenStreetMap file (.osm, .osm.pbf)."
    ),
    click.option(
        "--osm-cache", type=click.Path(path_type=Path), help="Folder of OSMnx's recorded responses."
    ),
    click.option(
        "--rules",
        type=click.Choice(["pedestrian", "osmnx-walk"]),
        help="Which streets may be walked; osmnx-walk compares with the OSMnx recipe.",
    ),
    click.option("--margin", type=float, help="Metres of network beyond the study area."),
    click.option("--notice", multiple=True, help="A line to show on every output."),
    click.option("--debug", is_flag=True, help="Show a traceback when something fails."),
]


def _with_changes(command: Any) -> Any:
    for option in reversed(_changes):
        command = option(command)
    return command


def _load(study: str, options: dict[str, Any]) -> Any:
    from .catalogue import load_study

    loaded = load_study(
        study,
        walker=options["walker"],
        direction=options["direction"],
        facilities__file=options["facilities"],
        areas__file=options["areas"],
        network__file=options["streets"],
        network__osm_cache=options["osm_cache"],
        network__rules=options["rules"],
        network__margin_m=options["margin"],
    )
    if options["notice"]:
        loaded = loaded.model_copy(update={"notices": (*loaded.notices, *options["notice"])})
    return loaded


@main.command()
@_study
@_with_changes
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder for the results.",
    show_default="data/processed/<study>",
)  # fmt: skip
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but the map's path.")
@click.option("--verbose", "-v", is_flag=True, help="Also print the seconds of every step.")
def run(study: str, out: Path | None, quiet: bool, verbose: bool, **options: Any) -> None:
    """Analyse STUDY (default: sample) and write map, tables and GeoPackage.

    STUDY is a packaged name (see `care-circle studies`) or the path of a TOML file.
    """
    from . import pipeline
    from .console import show_steps, show_summary
    from .outputs.store import save

    loaded = _load(study, options)
    folder = out or Path("data/processed") / loaded.name
    with show_steps(len(pipeline.STEPS) + 1, quiet=quiet) as progress:
        result = pipeline.run(loaded, progress=progress)
        with progress("files 写出结果"):
            map_path = save(result, folder)
    if quiet:
        click.echo(map_path)
    else:
        show_summary(result, map_path, verbose=verbose)


@main.command()
@_study
@_with_changes
def check(study: str, **options: Any) -> None:
    """Read and check every input of STUDY, report all problems at once, compute nothing.

    STUDY is a packaged name (see `care-circle studies`) or the path of a TOML file.
    """
    from . import pipeline
    from .console import show_inputs

    loaded = _load(study, options)
    show_inputs(loaded, pipeline.check(loaded))


@main.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--debug", is_flag=True, help="Show a traceback when something fails.")
def init(folder: Path, debug: bool) -> None:
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
