"""The study: one analysis, its inputs, tiers and walker, as frozen models; TOML in and out."""

import difflib
import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, get_args

import tomli_w
from pydantic import BaseModel, Field, ValidationError, model_validator

from .errors import InputError, Problem
from .service_kinds import SERVICES
from .study_card import study_card
from .study_parts import (
    BANDS_MIN,
    HOME_LIMIT_M,
    SLIDER_MIN,
    AreasPart,
    CandidatesPart,
    Direction,
    ElevationPart,
    FacilitiesPart,
    GroundPart,
    InventoryPart,
    NetworkPart,
    Number,
    Part,
    PopulationPart,
    ServicePart,
    ServicesPart,
    SitingPart,
    TiersPart,
    VisitsPart,
)
from .walkers import PACKAGED_WALKERS, RIDE_MPS, Walker


class Study(Part):
    """One analysis: a place, its inputs, the tiers and the walker.

    Paths are relative to `base`, the folder of the study's TOML.
    """

    name: str = Field(pattern=r"^[\w][\w.-]*$")
    title: str = ""
    place: str | tuple[str, ...] | None = None
    boundary: Path | None = None
    notices: tuple[str, ...] = ()
    direction: Direction = "worst"
    walker: str = "senior"
    compare: tuple[str, ...] = ("adult", "senior", "senior-80", "cane", "wheelchair")
    horizon_min: Number = Field(default=60, ge=15, le=180)
    network: NetworkPart = NetworkPart()
    facilities: FacilitiesPart
    tiers: TiersPart = TiersPart()
    areas: AreasPart | None = None
    elevation: ElevationPart | None = None
    population: PopulationPart | None = None
    zones: AreasPart | None = None
    candidates: CandidatesPart | None = None
    siting: SitingPart | None = None
    ground: GroundPart | None = None
    inventory: InventoryPart | None = None
    visits: VisitsPart | None = None
    services: ServicesPart | None = None
    walkers: dict[str, Walker] = Field(default={})
    base: Path = Field(default=Path(), exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _walkers_take_the_name_of_their_table(cls, values: Any) -> Any:
        if isinstance(values, dict) and isinstance(own := values.get("walkers"), dict):
            named = {k: {"name": k, **v} if isinstance(v, dict) else v for k, v in own.items()}
            return {**values, "walkers": named}
        return values

    @model_validator(mode="after")
    def _place_walker_and_horizon_exist(self) -> Self:
        if self.place is not None and self.boundary is not None:
            raise ValueError("give 'place' or 'boundary', not both")
        names = (self.place,) if isinstance(self.place, str) else self.place
        if names is not None and (not names or not all(name.strip() for name in names)):
            raise ValueError("'place' is empty; write it as 'District, City, Country'")
        if self.place is None and self.boundary is None and self.areas is None:
            raise ValueError(
                "the study area is not given: set 'place' (a name that OpenStreetMap knows), "
                "'boundary' (a polygon file) or '[areas]'"
            )
        known = {**PACKAGED_WALKERS, **self.walkers}
        if self.walker not in known:
            raise ValueError(f"walker '{self.walker}' is not known; known are {', '.join(known)}")
        if others := [name for name in self.compare if name not in known]:
            raise ValueError(
                f"compare: {', '.join(others)} are not known; known are {', '.join(known)}"
            )
        if max(tier.threshold_min for _, tier in self.tiers) > self.horizon_min:
            raise ValueError("horizon_min must not be below a tier's threshold_min")
        if any(part.threshold_min > self.horizon_min for _, part in self.services or ()):
            raise ValueError("horizon_min must not be below a service's threshold_min")
        return self

    @property
    def walking(self) -> Walker:
        """The walker of this study."""
        return {**PACKAGED_WALKERS, **self.walkers}[self.walker]

    @property
    def offered(self) -> tuple[Walker, ...]:
        """The walkers that map and report offer, this study's own first."""
        known = {**PACKAGED_WALKERS, **self.walkers}
        return tuple(known[name] for name in dict.fromkeys((self.walker, *self.compare)))

    @property
    def home_limit_m(self) -> float:
        """Longest straight leg of a home, metres; as by default where nothing is said of people."""
        return HOME_LIMIT_M if self.population is None else self.population.snap_limit_m

    @property
    def offered_min(self) -> tuple[float, ...]:
        """The minutes that map and report offer, ascending, the tiers' thresholds among them."""
        return tuple(sorted({*map(float, SLIDER_MIN), *(t.threshold_min for _, t in self.tiers)}))

    @property
    def service_threshold_min(self) -> dict[str, float]:
        """The promised minutes of every service."""
        named: dict[str, ServicePart] = {str(name): part for name, part in self.services or ()}
        return {name: named.get(name, ServicePart()).threshold_min for name in SERVICES}

    @property
    def cutoffs_min(self) -> tuple[float, ...]:
        """The bands and the thresholds of tiers and services in minutes, ascending."""
        promised = [part.threshold_min for _, part in (*self.tiers, *(self.services or ()))]
        return tuple(sorted({*map(float, BANDS_MIN), *promised, ServicePart().threshold_min}))

    @property
    def margin_m(self) -> float:
        """How far the network reaches beyond the study area, metres, rounded up to 10 m.

        It is the longest walk that map, report and services show, at the fastest walker's fastest
        pace.
        """
        margin = self.network.margin_m
        if margin != "auto":
            return margin
        if self.network.rules == "osmnx-walk":
            return 0.0
        fastest = max(walker.fastest_speed_mps for walker in self.offered)
        if self.network.rides:
            fastest = max(fastest, RIDE_MPS)
        longest_walk_m = max(*self.offered_min, *self.cutoffs_min) * 60 * fastest
        return math.ceil(longest_walk_m / 10) * 10.0

    def path(self, relative: Path) -> Path:
        """Return `relative` as seen from the study's folder."""
        return self.base / relative.expanduser()

    def _repr_html_(self) -> str:
        """Return the study as Jupyter shows it."""
        return study_card(self.model_dump(exclude_none=True))

    def to_toml(self) -> str:
        """Return the study, as resolved, as TOML."""
        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))


def study_from_toml(
    text: str, *, source: str = "study.toml", base: Path = Path(), changes: Mapping[str, Any] = {}
) -> Study:
    """Read a study from TOML text; see `coverage.load_study`.

    Parameters
    ----------
    text
        The TOML.
    source
        What to call it in messages.
    base
        Folder from which its relative paths are seen.
    changes
        Values that replace the text's own, keys with dots written as double underscores.

    Raises
    ------
    InputError
        Naming every key that is wrong.
    """
    try:
        values = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        twice = "overwrite" in str(error) or "twice" in str(error)
        do = "Every table and key stands there once." if twice else "Text values need quotes."
        raise InputError(Problem(source, f"is not valid TOML: {error}.", do)) from error
    _apply(values, changes)
    if "base" in values:
        raise InputError(Problem(source, "the key 'base' is not known.", "Delete it."))
    try:
        return Study(**{**values, "base": base})
    except ValidationError as error:
        found = {str(p := _as_problem(detail, source)): p for detail in error.errors()}
        raise InputError(*found.values()) from error


def siting_asked(study: "Study", asked: Mapping[str, Any]) -> SitingPart:
    """Return what a study asks of siting, with some of it asked otherwise; None changes nothing.

    Who asks for a number or a budget means it instead of the study's own, and so who asks for a
    tier or a service.

    Raises
    ------
    InputError
        Naming every key that is wrong.
    """
    asked = {key: value for key, value in asked.items() if value is not None}
    own = {} if study.siting is None else study.siting.model_dump(exclude_unset=True)
    if {"p", "budget_cny"} & set(asked) or asked.get("objective") == "full":
        own = {key: value for key, value in own.items() if key not in {"p", "budget_cny"}}
    if {"tier", "service"} & set(asked):
        own = {key: value for key, value in own.items() if key not in {"tier", "service"}}
    try:
        return SitingPart(**{**own, **asked})
    except ValidationError as error:
        raise InputError(*(
            _as_problem({**detail, "loc": ("siting", *detail["loc"])}, study.name)
            for detail in error.errors()
        )) from error  # fmt: skip


def _apply(values: dict[str, Any], changes: Mapping[str, Any]) -> None:
    for dotted, value in changes.items():
        if value is None:
            continue
        *parents, key = dotted.split("__")
        table = values
        for parent in parents:
            table = table.setdefault(parent, {})
        table[key] = value.absolute() if isinstance(value, Path) else value


_PLAIN = {
    "tuple_type": "a list in [ ] is needed",
    "dict_type": "a table is needed",
    "model_type": "a table is needed",
    "string_type": "text in quotes is needed",
    "path_type": "the path of a file, in quotes, is needed",
    "float_parsing": "a number is needed",
    "float_type": "a number is needed",
    "int_parsing": "a whole number is needed",
    "int_type": "a whole number is needed",
    "int_from_float": "a whole number is needed",
    "bool_parsing": "true or false is needed",
    "bool_type": "true or false is needed",
    "string_pattern_mismatch": "only letters, digits and . _ - are taken",
}
"""What pydantic's kinds of error are called for people."""


def _as_problem(detail: Any, source: str) -> Problem:
    # Of a value that may be of several kinds pydantic also names the kind.
    kinds = ("literal[", "tuple[", "function-", "constrained-")
    location = [
        part
        for part in map(str, detail["loc"])
        if part not in {"float", "str"} and not part.startswith(kinds)
    ]
    key = ".".join(location) or "study"
    if detail["type"] == "extra_forbidden":
        known = _known_keys(location[:-1])
        close = difflib.get_close_matches(location[-1], known, n=1, cutoff=0.5)
        guess = f"Did you mean '{close[0]}'?" if close else f"Known here: {', '.join(known)}."
        return Problem(source, f"the key '{key}' is not known.", guess)
    if detail["type"] == "missing":
        return Problem(source, f"the key '{key}' is missing.", "See `care-circle init DIR`.")
    found = detail["input"]
    shown = "" if isinstance(found, dict) else f" (found {found!r})"
    message = _PLAIN.get(detail["type"], detail["msg"].removeprefix("Value error, "))
    return Problem(
        source, f"{key}: {message}{shown}.", "See `care-circle init DIR` for a template."
    )


def _known_keys(tables: list[str]) -> list[str]:
    model: type[BaseModel] = Study
    for table in tables:
        if model is Study and table == "walkers":
            return list(Walker.model_fields)
        field = model.model_fields.get(table)
        if field is None:
            continue
        choices = [field.annotation, *get_args(field.annotation)]
        models = [c for c in choices if isinstance(c, type) and issubclass(c, BaseModel)]
        model = models[0] if models else model
    return [key for key in model.model_fields if key not in {"base"}]
