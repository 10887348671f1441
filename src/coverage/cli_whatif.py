"""The command `care-circle whatif`."""

from pathlib import Path
from typing import Any

import click

from .cli_options import Folder, analysed, load, study_argument, with_changes

_LINK = "LON,LAT,LON,LAT[,METRES]"
_LINKS = {"--add-lift": "lift", "--add-escalator": "escalator", "--add-link": "bridge"}

_FACILITY = "LON,LAT,TIER[,SERVICE…]"


def _parts(texts: tuple[str, ...], option: str, form: str, wrong: list[str]) -> list[list[str]]:
    """Return the values between the commas of each use of an option."""
    least = form.split("[")[0].count(",") + 1
    most = float("inf") if form.endswith("…]") else form.count(",") + 1
    found = []
    for text in texts:
        parts = [part.strip() for part in text.replace("，", ",").split(",")]
        if least <= len(parts) <= most:
            found.append(parts)
        else:
            wrong.append(f"{option} takes {form}, not '{text}'.")
    return found


def _numbers(parts: list[str], option: str, wrong: list[str]) -> list[float]:
    try:
        return [float(part) for part in parts]
    except ValueError:
        wrong.append(f"{option}: '{','.join(parts)}' are not all numbers.")
        return []


@click.command("whatif")
@study_argument
@with_changes
@click.option("--add", multiple=True, metavar=_FACILITY,
              help="A facility that opens, and what it offers if it does.")  # fmt: skip
@click.option("--close", multiple=True, metavar="ID", help="A facility that closes.")
@click.option("--block", multiple=True, type=int, metavar="WAY",
              help="A way nobody may walk, by its OpenStreetMap id.")  # fmt: skip
@click.option("--add-lift", multiple=True, metavar=_LINK, help="A lift between streets.")
@click.option("--add-escalator", multiple=True, metavar=_LINK,
              help="A pair of escalators between streets.")  # fmt: skip
@click.option("--add-link", multiple=True, metavar=_LINK,
              help="A footbridge between streets; METRES if ramps make it longer.")  # fmt: skip
@click.option("--out", type=Folder(path_type=Path),
              help="Folder of its results; the homes that change go to whatif.csv.")  # fmt: skip
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
def whatif(
    study: str, add: tuple[str, ...], close: tuple[str, ...], block: tuple[int, ...],
    add_lift: tuple[str, ...], add_escalator: tuple[str, ...], add_link: tuple[str, ...],
    out: Path | None, quiet: bool, **options: Any,
) -> None:  # fmt: skip
    """Tell who gains and who loses if facilities open or close, ways close, or lifts are built.

    STUDY is a packaged name (see `care-circle studies`) or the path of a TOML file. Every option
    for a change may be given several times; all changes are made together.
    """
    from .changes import Blocked, Closed, Linked, Opened
    from .inputs.facility_tiers import said_tier
    from .whatif import what_if

    wrong: list[str] = []
    changes: list[Any] = []
    for lon, lat, tier, *services in _parts(add, "--add", _FACILITY, wrong):
        if place := _numbers([lon, lat], "--add", wrong):
            # Any text, where the type names the tiers: `what_if` tells of an unknown one together
            # with all other problems.
            opened = said_tier(tier) or tier
            changes.append(Opened((place[0], place[1]), opened, tuple(services)))  # type: ignore[arg-type]
    changes += [Closed(name) for name in close] + [Blocked(way) for way in block]
    for (option, kind), texts in zip(
        _LINKS.items(), (add_lift, add_escalator, add_link), strict=True
    ):
        for parts in _parts(texts, option, _LINK, wrong):
            if at := _numbers(parts, option, wrong):
                length_m = at[4] if at[4:] else None
                # All kinds are written above; mypy takes them for any text.
                changes.append(Linked((at[0], at[1]), (at[2], at[3]), kind, length_m))  # type: ignore[arg-type]
    if wrong:
        raise click.UsageError(" ".join(wrong))
    if not changes:
        raise click.UsageError(
            "Nothing changes: give --add, --close, --block, --add-lift, --add-escalator or "
            "--add-link."
        )
    from .console_whatif import show_what_if
    from .outputs.store import save_table

    result, _ = analysed(load(study, options), out, quiet=quiet)
    found = what_if(result, changes)
    path = None
    if out is not None:
        homes = found.changed.drop(columns=["entrances"])
        places = homes.geometry.centroid.to_crs("EPSG:4326")
        homes = homes.drop(columns="geometry").assign(
            lon=places.x.round(7).to_numpy(), lat=places.y.round(7).to_numpy()
        )
        path = save_table(homes, out, "whatif")
    show_what_if(found, path)
