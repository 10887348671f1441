"""What may change in a study: facilities open and close, ways close, links are built."""

from dataclasses import dataclass

from .new_links import LinkKind
from .study_parts import TierName

LonLat = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Opened:
    """A facility that opens at a longitude and latitude, degrees.

    `services` are what it offers, by any name that a facility list may have for them.
    """

    lon_lat: LonLat
    tier: TierName = "community"
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Closed:
    """A facility that closes, by its id."""

    id: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """A way that nobody may walk any more, by its OpenStreetMap id."""

    osm_id: int


@dataclass(frozen=True, slots=True)
class Linked:
    """A link between the streets nearest to two places, degrees.

    It is `length_m` metres long in plan, as a bridge with its ramps; None: the straight distance.
    """

    start: LonLat
    end: LonLat
    kind: LinkKind = "lift"
    length_m: float | None = None


Change = Opened | Closed | Blocked | Linked


def said(change: Change) -> str:
    """Return a change in words."""
    if isinstance(change, Opened):
        offers = f", offering {', '.join(change.services)}" if change.services else ""
        lon, lat = change.lon_lat
        return f"开设 open {change.tier} at {lon:.6f},{lat:.6f}{offers}"
    if isinstance(change, Closed):
        return f"关闭 close {change.id}"
    if isinstance(change, Blocked):
        return f"封闭 block way {change.osm_id}"
    start, end = (f"{lon:.6f},{lat:.6f}" for lon, lat in (change.start, change.end))
    far = "" if change.length_m is None else f", {change.length_m:g} m"
    return f"新建 build {change.kind} from {start} to {end}{far}"
