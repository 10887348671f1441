"""The parts of a study: one frozen model for each table of its TOML."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from .service_kinds import ACCEPTED, SERVICES, ServiceName, said_service

Direction = Literal["to", "back", "worst"]
TierName = Literal["community", "street", "district"]
NetworkRules = Literal["pedestrian", "osmnx-walk"]
Datum = Literal["wgs84", "gcj02", "bd09", "cgcs2000"]

TIERS: tuple[TierName, ...] = get_args(TierName)
TIER_NAMES_ZH: Mapping[str, str] = {
    "community": "社区养老服务站",
    "street": "街道养老服务中心",
    "district": "区县失能特困集中照护中心",
}
BANDS_MIN = (5, 10, 15)
"""Minutes of the three bands that every map and table shows."""
SLIDER_MIN = tuple(range(3, 31))
"""Minutes that the map's slider offers."""


def _no_truth_value(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("number", "a number is needed, not true or false")
    return value


Number = Annotated[float, BeforeValidator(_no_truth_value)]
"""A number; `true` is none."""


class Part(BaseModel):
    """A table of the study: read once, never changed, no key unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FilePart(Part):
    """A part read from one file. With `if_present` a missing file leaves the part out."""

    file: Path
    if_present: bool = False


class NetworkPart(Part):
    """Where the streets come from and which of them may be walked.

    Attributes
    ----------
    file
        `.osm` or `.osm.pbf`. Without it OSMnx downloads the streets.
    osm_cache
        Folder of OSMnx's recorded responses; read first, and written after a download.
    rides
        Which of ``ferry`` and ``cable car`` may be used; none unless the study says so.
    rules
        ``pedestrian``: this program's own table. ``osmnx-walk``: what OSMnx's walk network holds,
        for comparison.
    margin_m
        How far the network reaches beyond the study area, metres. ``auto``: the longest walk at
        the walker's fastest speed; for ``osmnx-walk`` 0, which is what OSMnx itself does.
    """

    file: Path | None = None
    osm_cache: Path = Path("osm-cache")
    rides: tuple[Literal["ferry", "cable car"], ...] = ()
    rules: NetworkRules = "pedestrian"
    margin_m: Number | Literal["auto"] = "auto"

    @model_validator(mode="after")
    def _margin_is_a_length(self) -> Self:
        if self.margin_m != "auto" and not 0 <= self.margin_m <= 20_000:
            raise ValueError("margin_m must be 'auto' or 0 to 20000 metres")
        return self


class FacilitiesPart(Part):
    """Where the facilities come from: a list, OpenStreetMap, or both.

    Attributes
    ----------
    from_osm
        Whether to take care facilities from OpenStreetMap's tags.
    file
        The list: CSV, ``.xlsx``, GeoJSON or GeoPackage.
    sheet
        Sheet of the workbook or layer of the GeoPackage.
    datum
        What the list's coordinates are in. Unstated they are taken for WGS-84, and refused when
        they fit the streets far better in another datum.
    snap_limit_m
        How far a facility may stand from a street, metres.
    """

    # Before `file`, which is checked against it.
    from_osm: bool = False
    file: Path | None = Field(default=None, validate_default=True)
    sheet: str | None = None
    datum: Datum | None = None
    snap_limit_m: Number = Field(default=300, gt=0, le=5_000)

    @field_validator("file")
    @classmethod
    def _there_is_a_source(cls, file: Path | None, info: ValidationInfo) -> Path | None:
        if file is None and not info.data.get("from_osm"):
            raise PydanticCustomError("missing", "needed unless from_osm = true")
        return file


class TierPart(Part):
    """One tier; `threshold_min` is its promised walk in minutes."""

    threshold_min: Number = Field(default=15, gt=0, le=60)


class TiersPart(Part):
    """The three tiers."""

    community: TierPart = TierPart()
    street: TierPart = TierPart()
    district: TierPart = TierPart()

    # pydantic's own yields (str, Any); this one says which names and what parts.
    def __iter__(self) -> Iterator[tuple[TierName, TierPart]]:  # type: ignore[override]
        """Iterate over (name, tier) from the smallest facility to the largest."""
        return ((name, getattr(self, name)) for name in TIERS)


class AreasPart(FilePart):
    """Polygons to report by; `name_column` holds their names."""

    name_column: str = "name"


class ElevationPart(FilePart):
    """A raster of ground heights in metres."""


HOME_LIMIT_M: float = 300
"""How far a home may stand from a street unless a study says otherwise, metres."""


class PopulationPart(FilePart):
    """Where people live; the kind of file says how they are given.

    Polygons (GeoJSON, GeoPackage, Shapefile) hold totals that are spread over their buildings; a
    raster holds people by cell; a table holds people by point, or totals by the name of an area.

    Attributes
    ----------
    population_column, elderly_column
        Columns of people and of elderly people, in polygons and tables. Without the second the
        elderly are a share.
    households_column, people_per_household
        For a table that counts households instead of people.
    elderly_share
        Share of elderly people, 0 to 1, where they are not counted: an assumption, and called one.
    share_column
        Column of polygons or tables with a share for each row.
    population_bands, elderly_bands
        Bands of a raster, from 1, that add up to the people and to the elderly.
    decay
        How access to places falls with distance: ``none`` (2SFCA), ``steps`` or ``gaussian``
        (enhanced 2SFCA); see `coverage.access`.
    snap_limit_m
        How far a home may stand from a street, metres.
    """

    population_column: str = "population"
    elderly_column: str = "elderly"
    households_column: str | None = None
    people_per_household: Number = Field(default=2.45, gt=0, le=20)
    elderly_share: Number | None = Field(default=None, ge=0, le=1)
    share_column: str | None = None
    population_bands: tuple[int, ...] = (1,)
    elderly_bands: tuple[int, ...] = ()
    decay: Literal["none", "steps", "gaussian"] = "none"
    snap_limit_m: Number = Field(default=HOME_LIMIT_M, gt=0, le=5_000)


class GroundPart(Part):
    """What the map shows beneath the streets; no figure depends on it.

    Attributes
    ----------
    water
        Polygons and lines of water, beside what the street file has.
    tianditu_key
        The key that 天地图 gives for its tiles; without one the map asks its reader.
    if_present
        Whether a missing file leaves the water out.
    """

    water: Path
    tianditu_key: str = ""
    if_present: bool = False


class CandidatesPart(Part):
    """Premises where a facility could open: a list, OpenStreetMap, or places along streets.

    Attributes
    ----------
    from_osm
        Whether to take disused and vacant premises and kindergartens of the street file.
    from_streets
        Whether to take places at regular distances along the usable streets of the study area.
    file
        The list: CSV, ``.xlsx``, GeoJSON or GeoPackage.
    if_present
        Whether a missing list leaves the part out.
    every_m
        Distance between places along a street, metres.
    """

    # Before `file`, which is checked against them.
    from_osm: bool = False
    from_streets: bool = False
    file: Path | None = Field(default=None, validate_default=True)
    if_present: bool = False
    every_m: Number = Field(default=250, ge=20, le=5_000)

    @field_validator("file")
    @classmethod
    def _there_is_a_source(cls, file: Path | None, info: ValidationInfo) -> Path | None:
        if file is None and not (info.data.get("from_osm") or info.data.get("from_streets")):
            raise PydanticCustomError("missing", "needed unless from_osm or from_streets is true")
        return file


def _service_of(value: Any) -> Any:
    """Return the service that a word names in Chinese or English, and anything else unchanged."""
    if not isinstance(value, str):
        return value
    if (service := said_service(value)) is None:
        raise PydanticCustomError(
            "service", "no such service; known are {known}", {"known": ACCEPTED}
        )
    return service


def _no_service(value: Any) -> Any:
    """Refuse a service in the place of a tier, with the key where it belongs."""
    if isinstance(value, str) and value not in TIERS and (service := said_service(value)):
        raise PydanticCustomError(
            "tier", "that is a service, no tier; write service = \"{service}\"",
            {"service": service},
        )  # fmt: skip
    return value


class SitingPart(Part):
    """Where the next facilities should open.

    Attributes
    ----------
    tier
        The tier to open, or ``circle``: what gives people all three.
    service
        The service to offer, in place of a tier: a facility of any tier that offers it counts.
    objective
        ``coverage``: the most elderly people within the tier's minutes; ``full``: all who can be,
        with the fewest sites; ``median``: the least person-minutes; ``center``: the shortest worst
        walk.
    p, budget_cny
        How many may open, and what they may cost together; without either, 5 open.
    spacing_m
        How far apart facilities of one tier must stand, those there are included, metres.
    capacity
        Whether a facility serves only as many as it has places for; one whose places are not known
        has room for all. Who is in reach and finds no place then counts as not covered.
    people_per_place
        How many elderly people one place is for. The national plan's 35 to 40 places for 1,000
        elderly people are 25 to 28.6 of them for each.
    excluded
        Polygons in which nothing may open.
    gap, seconds
        Relative gap at which the search may stop, and the time after which it does.
    lines
        Whether a run also looks for the streets whose loss would cost most, and for the places
        where a lift, an escalator or a bridge would win most.
    """

    tier: Annotated[TierName | Literal["circle"], BeforeValidator(_no_service)] = "community"
    service: Annotated[ServiceName | None, BeforeValidator(_service_of)] = None
    objective: Literal["coverage", "full", "median", "center"] = "coverage"
    p: int | None = Field(default=None, ge=1)
    budget_cny: Number | None = Field(default=None, gt=0)
    spacing_m: Number = Field(default=0, ge=0, le=20_000)
    capacity: bool = False
    people_per_place: Number = Field(default=1, gt=0, le=10_000)
    excluded: Path | None = None
    gap: Number = Field(default=0, ge=0, lt=1)
    seconds: Number = Field(default=60, gt=0, le=86_400)
    lines: bool = True

    @model_validator(mode="after")
    def _a_tier_or_a_service(self) -> Self:
        if self.service is not None and "tier" in self.model_fields_set:
            raise ValueError("give 'tier' or 'service', not both")
        return self

    @model_validator(mode="after")
    def _full_finds_the_fewest(self) -> Self:
        if self.objective == "full" and (self.p is not None or self.budget_cny is not None):
            raise ValueError(
                "full coverage finds the fewest sites itself: leave out p and budget_cny"
            )
        return self

    # A study as resolved is read again, and must not name what is refused together.
    @model_serializer(mode="wrap")
    def _only_what_is_sited(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = dump(self)
        if self.service is not None:
            values.pop("tier", None)
        return values


class InventoryPart(Part):
    """How many facilities of each tier the study area is known to have.

    The whole of Chongqing has 52 district, 220 street and 2,871 community facilities (city civil
    affairs, press conference on urban renewal, 2024). These are numbers of the 38 districts and
    counties together: a study of one district, or of the nine central ones, needs its own.
    """

    community: int | None = Field(default=None, ge=0)
    street: int | None = Field(default=None, ge=0)
    district: int | None = Field(default=None, ge=0)

    # pydantic's own yields (str, Any); this one says which names and what they have.
    def __iter__(self) -> Iterator[tuple[TierName, int | None]]:  # type: ignore[override]
        """Iterate over (name of the tier, number) from the smallest facility to the largest."""
        return ((name, getattr(self, name)) for name in TIERS)


class VisitsPart(Part):
    """Care that comes home: staff who go from the facilities to old people.

    Attributes
    ----------
    minutes
        The longest way to a home, one way.
    by
        ``foot`` (the walker ``adult``), ``car``, or both.
    tiers
        Whose facilities send staff.
    round_hours
        Length of one carer's round, from the facility and back to it.
    visit_min
        Minutes at each person's home.
    who
        ``uncovered``: those who cannot walk to any of these tiers in time; ``all``: everybody.
    """

    minutes: Number = Field(default=15, gt=0, le=120)
    by: tuple[Literal["foot", "car"], ...] = Field(default=("foot", "car"), min_length=1)
    tiers: tuple[TierName, ...] = Field(default=("community", "street"), min_length=1)
    round_hours: Number = Field(default=4, gt=0, le=24)
    visit_min: Number = Field(default=30, gt=0, le=480)
    who: Literal["uncovered", "all"] = "uncovered"


class ServicePart(Part):
    """One service; `threshold_min` is its promised walk in minutes."""

    threshold_min: Number = Field(default=15, gt=0, le=60)


class ServicesPart(Part):
    """The services that have a promised walk of their own; any other has `ServicePart`'s."""

    day_care: ServicePart | None = None
    dining: ServicePart | None = None
    university: ServicePart | None = None
    nursing: ServicePart | None = None
    rehab: ServicePart | None = None
    emergency: ServicePart | None = None

    # pydantic's own yields (str, Any); this one says which names and what they have.
    def __iter__(self) -> Iterator[tuple[ServiceName, ServicePart]]:  # type: ignore[override]
        """Iterate over (name, service) of those that the study names."""
        return ((name, part) for name in SERVICES if (part := getattr(self, name)) is not None)
