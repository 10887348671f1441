"""Places and streets from OpenStreetMap's servers; the only importer of OSMnx."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import geopandas as gpd
import networkx as nx
import osmnx as ox
import pandas as pd
import requests
import shapely

from ..errors import DownloadError, InputError, Problem
from ..streets import Streets
from ..study_parts import NetworkRules
from .drive_rules import DESIGN_KMH, DRIVE_TAGS
from .osm_graphs import drivable_of, streets_of
from .walk_rules import SQUARE_CLASSES, TAGS, is_square

T = TypeVar("T")

RETRY_WAITS_S: tuple[float, ...] = (5.0, 30.0)
"""Seconds waited before each further try when a server is busy."""

_RIDE_FILTERS = {"ferry": '["route"="ferry"]', "cable car": '["aerialway"]'}
_BUSY = {429, 502, 503, 504}
_REMEDY = (
    "Check the connection and try again later; or give recorded responses with --osm-cache DIR "
    "(they answer only the question that they were recorded for: the same place, --rules and "
    "--margin; those of OSMnx's own graph_from_place answer --rules osmnx-walk); or download an "
    ".osm.pbf extract and give it with --streets."
)


class _ServerBusyError(Exception):
    """A server answered that it has no time now."""


class _WrongAnswerError(Exception):
    """A server refused the question."""


def geocode(
    places: Sequence[str], *, cache: Path, retry_waits_s: Sequence[float] = RETRY_WAITS_S
) -> shapely.Geometry:
    """Return the union of the polygons that Nominatim has for the places.

    Parameters
    ----------
    places
        Names, such as ``Yuzhong District, Chongqing, China``.
    cache
        Folder of recorded responses.
    retry_waits_s
        Seconds before each further try when the server is busy.

    Returns
    -------
    boundary
        EPSG:4326.

    Raises
    ------
    InputError
        When a place is not known, or is not an area.
    DownloadError
        When the server cannot be reached or answers wrongly.
    """
    polygons = []
    for place in places:
        try:
            frame = _ask(partial(ox.geocode_to_gdf, place), "Nominatim", cache, retry_waits_s)
        except (ox._errors.InsufficientResponseError, TypeError) as error:
            raise InputError(
                Problem(
                    f"place '{place}'",
                    "OpenStreetMap knows no area of this name.",
                    "Write it as 'District, City, Country' or give a 'boundary' file.",
                )
            ) from error
        polygons.append(frame.geometry.iloc[0])
    return shapely.union_all(polygons)


def download_streets(
    area: shapely.Geometry,
    *,
    rules: NetworkRules,
    rides: tuple[str, ...] = (),
    truncate_by_edge: bool,
    cache: Path,
    retry_waits_s: Sequence[float] = RETRY_WAITS_S,
) -> Streets:
    """Download the streets of an area that may be walked.

    Parameters
    ----------
    area
        EPSG:4326 polygon. OSMnx asks for 500 m more and cuts back to it.
    rules
        ``osmnx-walk`` makes the call of ``osmnx.graph_from_place(..., network_type="walk")``, to
        the letter, so that its recorded response answers; ``pedestrian`` asks for every highway
        and decides by this program's own table.
    rides
        Which of ``ferry`` and ``cable car`` to take.
    truncate_by_edge
        Whether to keep segments with one end inside, or only those with both.
    cache, retry_waits_s
        As in `geocode`.

    Raises
    ------
    InputError
        When there is no street in the area.
    DownloadError
        When the server cannot be reached or answers wrongly.
    """

    wanted = [_RIDE_FILTERS[ride] for ride in rides]
    graph = _graph(
        area,
        None if rules == "osmnx-walk" else ['["highway"]', *wanted],
        Problem("streets", "OpenStreetMap has no streets in the study area.",
                "Check the place or the boundary."),
        truncate_by_edge=truncate_by_edge, cache=cache, retry_waits_s=retry_waits_s,
    )  # fmt: skip
    streets = streets_of(graph, rules, rides, timestamp=_timestamp(cache))
    if rules == "pedestrian":
        # A street query brings ways; squares that are multipolygons are asked for by themselves.
        squares = _multipolygon_squares(area, cache, retry_waits_s)
        streets = replace(streets, squares=(*streets.squares, *squares))
    return streets


def download_drivable(
    area: shapely.Geometry, *, cache: Path, retry_waits_s: Sequence[float] = RETRY_WAITS_S
) -> Streets:
    """Download the streets of an area that a car may use.

    Parameters
    ----------
    area
        EPSG:4326 polygon; segments with one end inside are kept.
    cache, retry_waits_s
        As in `geocode`.

    Returns
    -------
    streets
        As `coverage.inputs.osm_file.read_drivable` returns them.

    Raises
    ------
    InputError
        When there is none in the area.
    DownloadError
        When the server cannot be reached or answers wrongly.
    """
    none = Problem(
        "streets to drive", "OpenStreetMap has no street that a car may use in the study area.",
        "Check the place or the boundary, or leave 'car' out of [visits] by.",
    )  # fmt: skip
    graph = _graph(
        area, [f'["highway"~"^({"|".join(DESIGN_KMH)})$"]'], none,
        truncate_by_edge=True, cache=cache, retry_waits_s=retry_waits_s, keep_oneway=True,
    )  # fmt: skip
    streets = drivable_of(graph, timestamp=_timestamp(cache))
    if len(streets.tail) == 0:
        raise InputError(none)
    return streets


def download_features(
    area: shapely.Geometry,
    tags: Mapping[str, Sequence[str]],
    *,
    cache: Path,
    retry_waits_s: Sequence[float] = RETRY_WAITS_S,
) -> gpd.GeoDataFrame:
    """Download what has one of the tags: nodes, ways and relations.

    Parameters
    ----------
    area
        EPSG:4326 polygon.
    tags
        Keys and the values asked for; no values ask for any.
    cache, retry_waits_s
        As in `geocode`.

    Returns
    -------
    features
        EPSG:4326; the index is (element, id), the columns are tags. Empty when there is none.

    Raises
    ------
    DownloadError
        When the server cannot be reached or answers wrongly.
    """
    asked: dict[str, bool | str | list[str]] = {
        key: list(values) or True for key, values in tags.items()
    }
    try:
        return _ask(lambda: ox.features_from_polygon(area, asked), "Overpass", cache, retry_waits_s)
    except ox._errors.InsufficientResponseError:
        none = pd.MultiIndex.from_tuples([], names=["element", "id"])
        return gpd.GeoDataFrame(index=none, geometry=[], crs="EPSG:4326")


def _multipolygon_squares(
    area: shapely.Geometry, cache: Path, retry_waits_s: Sequence[float]
) -> list[shapely.Polygon]:
    wanted = {"highway": SQUARE_CLASSES}
    found = download_features(area, wanted, cache=cache, retry_waits_s=retry_waits_s)
    squares = []
    for (element, _), row in found.sort_index().iterrows():
        tags = {key: row[key] for key in found.columns if isinstance(row[key], str)}
        if element == "relation" and is_square({**tags, "area": "yes"}):
            squares += [
                part for part in shapely.get_parts(row.geometry) if part.geom_type == "Polygon"
            ]
    return squares


def _graph(
    area: shapely.Geometry, question: list[str] | None, none: Problem, *, truncate_by_edge: bool,
    cache: Path, retry_waits_s: Sequence[float], keep_oneway: bool = False,
) -> nx.MultiDiGraph:  # fmt: skip
    """Return what Overpass has for a question; no question is OSMnx's own of its walk network.

    Parameters
    ----------
    none
        The problem when it has nothing.
    keep_oneway
        Whether the tag `oneway` stays as it is; OSMnx then draws a way that runs backward in the
        direction of travel.
    """

    def ask() -> nx.MultiDiGraph:
        return ox.graph_from_polygon(
            area,
            network_type="walk",
            custom_filter=question,
            simplify=False,
            retain_all=True,
            truncate_by_edge=truncate_by_edge,
        )

    try:
        return _ask(ask, "Overpass", cache, retry_waits_s, all_oneway=keep_oneway)
    except (ox._errors.InsufficientResponseError, ValueError) as error:
        raise InputError(none) from error


def _ask(
    call: Callable[[], T], server: str, cache: Path, retry_waits_s: Sequence[float],
    *, all_oneway: bool = False,
) -> T:  # fmt: skip
    for wait_s in (*retry_waits_s, None):
        try:
            with _settings(cache, all_oneway=all_oneway):
                return call()
        except _ServerBusyError as busy:
            if wait_s is None:
                raise DownloadError(f"{server} is too busy ({busy}).", _REMEDY) from busy
            time.sleep(wait_s)
        except (_WrongAnswerError, KeyError) as error:
            raise DownloadError(f"{server} answered wrongly: {_short(error)}.", _REMEDY) from error
        except ox._errors.InsufficientResponseError as error:
            # OSMnx raises this for an answer that is no JSON as well as for an empty one.
            if not isinstance(error.__cause__, json.JSONDecodeError):
                raise
            raise DownloadError(f"{server} answered wrongly: no JSON.", _REMEDY) from error
        except OSError as error:
            raise DownloadError(
                f"{server} cannot be reached ({_short(error)}).", _REMEDY
            ) from error
    raise AssertionError("the last try returns or raises")


@contextmanager
def _settings(cache: Path, *, all_oneway: bool) -> Iterator[None]:
    """Set what OSMnx keeps in module globals, and put it back."""
    values = {
        "use_cache": True,
        "cache_folder": str(cache),
        "useful_tags_node": sorted({*ox.settings.useful_tags_node, "highway", "access"}),
        "useful_tags_way": sorted({*ox.settings.useful_tags_way, *TAGS, *DRIVE_TAGS}),
        "all_oneway": all_oneway,
        # Asks the server's status first and waits a minute when that fails; `_look_at`
        # reacts to what the server really says instead.
        "overpass_rate_limit": False,
        # Otherwise a lookup goes to a third party's server.
        "doh_url_template": None,
        "requests_kwargs": {
            **ox.settings.requests_kwargs,
            "hooks": {"response": [_look_at]},
        },
    }
    before = {name: getattr(ox.settings, name) for name in values}
    try:
        for name, value in values.items():
            setattr(ox.settings, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(ox.settings, name, value)


def _look_at(response: requests.Response, *_: Any, **__: Any) -> None:
    """Raise when a response must not be taken for data, before OSMnx records it."""
    body = response.content
    response.close()
    # OSMnx would sleep for 55 s and ask again, without end.
    if response.status_code in _BUSY:
        raise _ServerBusyError(f"{response.status_code} {response.reason}")
    if response.status_code >= 400:
        raise _WrongAnswerError(f"{response.status_code} {response.reason}")
    if response.url.endswith("/interpreter"):
        # Overpass says 200 and sends the part it had when it ran out of time.
        if b'"remark"' in body[-2000:] and b"runtime error" in body[-2000:]:
            raise _ServerBusyError("it ran out of time or memory")
        if b'"elements"' not in body:
            raise _WrongAnswerError("something that is not data")


def _timestamp(cache: Path) -> str | None:
    """Return the data's time if all responses recorded in the folder agree on one."""
    found = set()
    for file in cache.glob("*.json"):
        with file.open(encoding="utf-8") as response:
            match = re.search(r'"timestamp_osm_base":\s*"([^"]+)"', response.read(1000))
        if match:
            found.add(match[1])
    return found.pop() if len(found) == 1 else None


def _short(error: Exception) -> str:
    kind = "" if isinstance(error, _WrongAnswerError) else f"{type(error).__name__}: "
    return f"{kind}{str(error)[:200]}"
