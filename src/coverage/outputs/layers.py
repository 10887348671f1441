"""The layers of a run: a GeoPackage of them all, styled for QGIS, and files of each on request."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, get_args

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

from ..errors import UsageError
from ..findings import Findings
from .map_words import plain
from .qgis_styles import GEOMETRY, layer_styles

Format = Literal["geoparquet", "geojson"]
"""A format in which layers are written beside the GeoPackage, where asked for."""
FORMATS: tuple[Format, ...] = get_args(Format)

_STYLES = "layer_styles"
_ROW = "fid"
"""The column of the row's number in a GeoPackage."""
_ENDINGS: Mapping[Format, str] = {"geoparquet": "parquet", "geojson": "geojson"}
_ARROW_SINCE = (3, 12)
"""The first GDAL whose files are known here to be the same, fed by columns or by rows."""


@dataclass(frozen=True, slots=True)
class _About:
    """What a layer is called for people, what it holds, and what its geometries are."""

    title: str
    holds: str
    geometry: str


_ABOUT: Mapping[str, _About] = {
    "facilities": _About(
        "养老服务设施 Care facilities",
        "设施、所属层级及其可达街道与老年人口 Facilities with their tier and what they reach",
        "Point",
    ),
    "proposals": _About(
        "建议选址 Proposals",
        "建议依次开设的设施及各自新增覆盖的老年人 Where to open next, in order, with people gained",
        "Point",
    ),
    "shortcuts": _About(
        "加装捷径 Shortcuts",
        "加装电梯、扶梯或架桥可新增覆盖的老年人 Lifts, escalators, bridges that would win most",
        "MultiLineString",
    ),
    "weak_links": _About(
        "关键路段 Weak links",
        "一旦中断影响老年人最多的路段 Streets whose loss costs most people their way",
        "MultiLineString",
    ),
    "candidates": _About(
        "备选点 Candidates", "可用于新设设施的场所 Premises where a facility could open", "Point"
    ),
    "visits": _About(
        "上门服务 Home visits",
        "需上门服务的住处及工作人员能否到达 Homes to be visited, and whether staff get there",
        "Point",
    ),
    "gaps": _About(
        "覆盖缺口 Gaps",
        "时限内走不到设施的连片区域及原因 Contiguous areas beyond the promised minutes, and why",
        "MultiPolygon",
    ),
    "service_gaps": _About(
        "服务缺口 Service gaps",
        "时限内得不到某项服务的连片区域及原因 Contiguous areas beyond a service's minutes, and why",
        "MultiPolygon",
    ),
    "areas": _About("片区 Areas", "各片区覆盖情况 Coverage of each area", "MultiPolygon"),
    "zones": _About(
        "更新片区 Zones",
        "各更新片区覆盖情况与单位投入效益 Coverage of each zone, and what money wins there",
        "MultiPolygon",
    ),
    "demand": _About(
        "需求点 Demand",
        "居住地点、人口及到各层级的步行分钟 Homes with people and minutes to each tier",
        "Point",
    ),
    "streets": _About(
        "街道 Streets",
        "街道及到各层级的步行分钟（全段均值） Streets with mean minutes to each tier",
        "MultiLineString",
    ),
    "isochrones": _About(
        "等时圈 Isochrones",
        "各设施与各层级的步行可达范围，供读图，不作统计 Areas in reach, for looking, not counting",
        "MultiPolygon",
    ),
}
"""All layers, in the order in which they lie over each other, the topmost first."""


def require_formats(also: Iterable[str]) -> tuple[Format, ...]:
    """Return formats in the order of `FORMATS`, each once.

    Raises
    ------
    UsageError
        For a format that is not known, or that needs a package which is not installed.
    """
    asked = set(also)
    if unknown := sorted(asked - set(FORMATS)):
        raise UsageError(
            f"'{unknown[0]}' is not a format.", f"Known formats are {', '.join(FORMATS)}."
        )
    if "geoparquet" in asked and find_spec("pyarrow") is None:
        raise UsageError(
            "GeoParquet needs the package pyarrow, which is not installed.",
            'Install it: pip install "care-circle[geoparquet]"',
        )
    return tuple(known for known in FORMATS if known in asked)


def layers_of(findings: Findings) -> dict[str, gpd.GeoDataFrame]:
    """Return the layers of a run by name, the topmost first; those that it lacks are left out.

    A named index has become the first column. All are in the study's coordinate system.
    """
    candidates, found, services = findings.inputs.candidates, findings.next, findings.services
    frames = {
        "facilities": findings.facilities,
        "candidates": None
        if candidates is None
        else candidates.assign(fits=[";".join(tiers) for tiers in candidates["fits"]]),
        "proposals": None if found is None else found.proposals,
        "shortcuts": None if found is None else found.shortcuts,
        "weak_links": None if found is None else found.links,
        "visits": None if findings.visits is None else findings.visits.to_visit,
        "gaps": findings.gaps,
        "service_gaps": None if services is None else services.gaps,
        "areas": findings.areas,
        "zones": _zones(findings),
        "demand": _homes(findings),
        "streets": findings.streets,
        "isochrones": findings.isochrones,
    }
    return {
        name: _flat(frame, about.geometry)
        for name, about in _ABOUT.items()
        if (frame := frames[name]) is not None
    }


def write_geopackage(findings: Findings, path: Path) -> None:
    """Write all layers to a new GeoPackage, each with its default style in QGIS.

    The same findings give the same bytes: the file's own clock shows the time of the data. They do
    so with pyarrow and without, which hands large layers over in columns and so in less time.
    """
    layers = layers_of(findings)
    clock = (findings.inputs.streets.timestamp or "2000-01-01T00:00:00Z").replace("Z", ".000Z")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": clock})
    try:
        for name, frame in layers.items():
            _write_layer(frame, path, name, findings.study.notices)
        styles = layer_styles(findings, layers, clock)
        pyogrio.write_dataframe(
            styles, path, layer=_STYLES, driver="GPKG", append=True, layer_options={"FID": "id"}
        )
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def write_frames(
    frames: Mapping[str, gpd.GeoDataFrame], path: Path, notices: Iterable[str]
) -> None:
    """Write some layers of `layers_of` to a new GeoPackage, without styles."""
    for name, frame in frames.items():
        _write_layer(_flat(frame, _ABOUT[name].geometry), path, name, notices)


def write_layers(findings: Findings, folder: Path, formats: Iterable[Format]) -> None:
    """Write a file of each layer in each format.

    ``geoparquet``: ``<layer>.parquet``, GeoParquet 1.1 in the study's coordinate system.
    ``geojson``: ``<layer>.geojson``, after RFC 7946: WGS-84, seven decimals.
    """
    for chosen in formats:
        for name, frame in layers_of(findings).items():
            path = folder / f"{name}.{_ENDINGS[chosen]}"
            if chosen == "geoparquet":
                frame.to_parquet(path, index=False, compression="zstd", schema_version="1.1.0")
            else:
                pyogrio.write_dataframe(
                    frame.to_crs("EPSG:4326"), path, layer=name, driver="GeoJSON",
                    layer_options={"RFC7946": "YES"},
                )  # fmt: skip


def _write_layer(frame: gpd.GeoDataFrame, path: Path, name: str, notices: Iterable[str]) -> None:
    about = _ABOUT[name]
    # Whoever gets the file alone must be told as well.
    said = " · ".join([about.holds, *(plain(notice, longest=2_000) for notice in notices)])
    pyogrio.write_dataframe(
        frame, path, layer=name, driver="GPKG", append=path.exists(),
        geometry_type=about.geometry, promote_to_multi=about.geometry.startswith("Multi"),
        layer_options={
            "IDENTIFIER": about.title, "DESCRIPTION": said, "GEOMETRY_NAME": GEOMETRY,
            "FID": _ROW,
        },
        use_arrow=_in_columns(frame, about.geometry),
    )  # fmt: skip


def _in_columns(frame: gpd.GeoDataFrame, geometry: str) -> bool:
    """Return whether a layer can be handed to GDAL in columns, and gains by it."""
    # Polygons are copied once more on that way, which costs what their columns gain.
    if frame.empty or geometry == "MultiPolygon" or find_spec("pyarrow") is None:
        return False
    if pyogrio.__gdal_version__ < _ARROW_SINCE:
        return False
    # Arrow has columns of one kind only; a user's file may mix numbers and texts.
    loose = [name for name in frame if pd.api.types.is_object_dtype(frame[name])]
    return all(pd.api.types.infer_dtype(frame[name]) in ("string", "empty") for name in loose)


def _homes(findings: Findings) -> gpd.GeoDataFrame | None:
    people, services = findings.people, findings.services
    if people is None:
        return None
    homes = people.homes.drop(columns="entrances")
    return homes if services is None or services.homes is None else homes.join(services.homes)


def _zones(findings: Findings) -> gpd.GeoDataFrame | None:
    zones, people, found = findings.inputs.zones, findings.people, findings.next
    if zones is None or people is None or people.zones is None:
        return zones
    figures = people.zones
    if found is not None and found.zones is not None:
        figures = found.zones.join(figures)
    # A figure takes the place of a column of the user's that has its name.
    return zones.drop(columns=[name for name in figures if name in zones]).join(figures)


def _flat(frame: gpd.GeoDataFrame, geometry: str) -> gpd.GeoDataFrame:
    """Return a frame that one table can hold: its index a column, its geometries of one type."""
    taken = {GEOMETRY, _ROW}
    names = {}
    flat = frame.reset_index(drop=not isinstance(frame.index.name, str))
    for name in flat.columns.drop(flat.geometry.name):
        names[name], number = str(name), 2
        # To a database, Name and name are one.
        while names[name].casefold() in taken:
            names[name] = f"{name}_{number}"
            number += 1
        taken.add(names[name].casefold())
    # A lift is a street without extent, and so a collection of nothing.
    nothing = shapely.from_wkt(f"{geometry.upper()} EMPTY")
    shapes = flat.geometry.where(~flat.geometry.is_empty, nothing)
    return flat.set_geometry(shapes).rename(columns=names)
