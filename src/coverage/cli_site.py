"""The command `care-circle site`: where the next facilities should open."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from .cli_options import Folder, analysed, load, study_argument, with_changes
from .service_kinds import ACCEPTED, SERVICES, said_service


class _Service(click.ParamType[str]):
    """A service by its name, in Chinese or English."""

    name = "service"

    def convert(self, value: Any, param: Any, context: Any) -> Any:
        """Return its name as the program has it."""
        service = said_service(str(value))
        if service is None:
            self.fail(f"'{value}' is no service. Known are {ACCEPTED}.", param, context)
        return service


class _Tier(click.Choice[str]):
    """A tier; a service in its place is told where it belongs."""

    def convert(self, value: Any, param: Any, context: Any) -> Any:
        """Return the tier."""
        if value not in self.choices and (service := said_service(str(value))) is not None:
            self.fail(f"'{value}' is a service: use --service {service}.", param, context)
        return super().convert(value, param, context)


@click.command()
@study_argument
@with_changes
@click.option(
    "--tier", type=_Tier(["community", "street", "district", "circle"]),
    help="What to open; circle: what gives people all three tiers.",
)  # fmt: skip
@click.option(
    "--service", type=_Service(), metavar="NAME",
    help=f"A service to offer, in place of a tier ({', '.join(SERVICES)}): facilities of any tier "
    "that offer it count as given, and candidates that fit it are considered.",
)  # fmt: skip
@click.option("--p", type=int, help="How many may open (5 where neither this nor a budget is set).")
@click.option("--budget", type=float, help="What they may cost together, CNY.")
@click.option(
    "--objective", type=click.Choice(["coverage", "full", "median", "center"]),
    help="Most people covered, all with the fewest, least minutes, or shortest worst walk.",
)  # fmt: skip
@click.option(
    "--capacity", is_flag=True, default=None,
    help="Facilities and candidates serve only as many as they have places (column capacity).",
)  # fmt: skip
@click.option(
    "--people-per-place", type=float, help="Elderly people whom one place is for (default 1)."
)
@click.option("--spacing", type=float, help="Metres between facilities of one tier.")
@click.option(
    "--candidates",
    type=click.Path(path_type=Path),
    help="Premises: CSV, XLSX, GeoJSON, GeoPackage.",
)
@click.option("--exclude", type=click.Path(path_type=Path), help="Polygons where nothing may open.")
@click.option(
    "--from-osm", is_flag=True, help="Also disused and vacant premises in the streets' file."
)
@click.option("--from-streets", is_flag=True, help="Also places along the streets.")
@click.option(
    "--out", type=Folder(path_type=Path),
    help="Folder for proposals.csv (default: data/processed/STUDY).",
)  # fmt: skip
def site(
    study: str, tier: str | None, service: str | None, p: int | None, budget: float | None,
    objective: str | None, capacity: bool | None, people_per_place: float | None,
    spacing: float | None, candidates: Path | None, exclude: Path | None, from_osm: bool,
    from_streets: bool, out: Path | None, **options: Any,
) -> None:  # fmt: skip
    """Propose where the next facilities of STUDY should open, in the order to open them."""
    if tier is not None and service is not None:
        raise click.UsageError("--tier and --service exclude each other: give one of them.")
    from .console_site import show_proposals
    from .errors import Findings
    from .inputs.areas import excluded_area
    from .outputs.store import save_table
    from .proposals import propose
    from .study import siting_asked
    from .study_parts import CandidatesPart

    loaded = load(study, options)
    asked = siting_asked(loaded, {
        "tier": tier, "service": service, "p": p, "budget_cny": budget, "objective": objective,
        "capacity": capacity, "people_per_place": people_per_place, "spacing_m": spacing,
        "excluded": None if exclude is None else exclude.absolute(),
    })  # fmt: skip
    loaded = loaded.model_copy(update={"siting": asked})
    if candidates is not None or from_osm or from_streets:
        part = loaded.candidates
        file = candidates.absolute() if candidates else (part.file if part else None)
        loaded = loaded.model_copy(update={"candidates": CandidatesPart(
            file=file, from_osm=from_osm, from_streets=from_streets,
            if_present=part is not None and part.if_present and candidates is None,
        )})  # fmt: skip
    plain, folder = analysed(loaded.model_copy(update={"siting": None, "visits": None}), out)
    result = replace(plain, study=loaded)
    told = Findings()
    excluded = excluded_area(loaded, result.network.crs, told)
    for warning in told.warnings:
        click.echo(f"warning: {warning}", err=True)
    proposals = propose(result, excluded=excluded)
    place = proposals.table.to_crs("EPSG:4326").geometry
    table = proposals.table.drop(columns="geometry").assign(
        lon=place.x.round(6), lat=place.y.round(6)
    )
    path = save_table(table.reset_index(), folder, "proposals")
    if len(proposals.not_usable):
        save_table(proposals.not_usable.reset_index(), folder, "candidates_not_usable")
    show_proposals(proposals, path)
