"""What the commands share: the study they work on, and the options that change it."""

from pathlib import Path
from typing import Any

import click


def lon_lat(text: str, option: str) -> tuple[float, float]:
    """Return longitude and latitude, degrees, of an option's LON,LAT."""
    try:
        lon, lat = (float(part) for part in text.replace("，", ",").split(","))
    except ValueError:
        raise click.UsageError(f"{option} takes LON,LAT in degrees, not '{text}'.") from None
    if not (abs(lon) <= 180 and abs(lat) <= 90):  # so that not-a-number is none either
        raise click.UsageError(f"{option}: {text} is not a longitude and a latitude.")
    return lon, lat


class Folder(click.Path):
    """A path to write to; an empty one, as from an unset variable, would be the current folder."""

    def convert(self, value: Any, *rest: Any) -> Any:
        """Return the path."""
        if value == "":
            self.fail("it is empty. Give a path, '.' for this folder.", *rest)
        return super().convert(value, *rest)


study_argument = click.argument("study", default="sample")
_changes = [
    click.option("--walker", help="Walker to use in the place of the study's."),
    click.option(
        "--direction",
        type=click.Choice(["to", "back", "worst"]),
        help="Walk to the facility, back from it, or the longer of both.",
    ),
    click.option(
        "--facilities",
        type=click.Path(path_type=Path),
        help="Facility list (CSV, XLSX, GeoJSON, GeoPackage).",
    ),
    click.option("--areas", type=click.Path(path_type=Path), help="Polygons to report by."),
    click.option(
        "--streets", type=click.Path(path_type=Path), help="OpenStreetMap file (.osm, .osm.pbf)."
    ),
    click.option(
        "--osm-cache", type=click.Path(path_type=Path), help="Folder of OSMnx's recorded responses."
    ),
    click.option(
        "--population",
        type=click.Path(path_type=Path),
        help="Where people live: polygons with totals, a raster, or a table.",
    ),
    click.option(
        "--elevation", type=click.Path(path_type=Path), help="Raster of ground heights (GeoTIFF)."
    ),
    click.option(
        "--water", type=click.Path(path_type=Path), help="Polygons and lines of water, for the map."
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


def with_changes(command: Any) -> Any:
    """Give a command the options that change a study."""
    for option in reversed(_changes):
        command = option(command)
    return command


def load(study: str, options: dict[str, Any], **changes: Any) -> Any:
    """Return the study with the changes of `with_changes` and a command's own."""
    from .catalogue import load_study

    loaded = load_study(
        study,
        walker=options["walker"],
        direction=options["direction"],
        facilities__file=options["facilities"],
        areas__file=options["areas"],
        areas__if_present=False if options["areas"] else None,
        population__file=options["population"],
        population__if_present=False if options["population"] else None,
        elevation__file=options["elevation"],
        elevation__if_present=False if options["elevation"] else None,
        ground__water=options["water"],
        ground__if_present=False if options["water"] else None,
        network__file=options["streets"],
        network__osm_cache=options["osm_cache"],
        network__rules=options["rules"],
        network__margin_m=options["margin"],
        **changes,
    )
    if options["notice"]:
        loaded = loaded.model_copy(update={"notices": (*loaded.notices, *options["notice"])})
    return loaded


def analysed(study: Any, out: Path | None, *, quiet: bool = False) -> tuple[Any, Path]:
    """Return the analysis of a study and the folder that its tables go to.

    Like `care-circle run`, and with what it keeps, so that a command after a run begins where that
    one ended.

    Parameters
    ----------
    study
        As `load` returns it.
    out
        The folder that was asked for; None for the study's own.
    quiet
        Whether to print no steps.
    """
    from . import pipeline
    from .cache import Cache
    from .console import show_steps, show_troubles
    from .outputs.store import ensure_writable

    folder = out or Path("data/processed") / study.name
    ensure_writable(folder)
    keep = Cache(folder / ".cache")
    with show_steps(len(pipeline.STEPS), quiet=quiet) as progress:
        result = pipeline.run(study, progress=progress, keep=keep)
    keep.trim()
    show_troubles(keep.troubles)
    return result, folder
