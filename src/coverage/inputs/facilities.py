"""Facilities: points of service with a tier, from a table or a map file.

CSV, Excel (``.xlsx``), GeoJSON and GeoPackage, with Chinese or English headers, come to the same
table of text and then through the same checks.
"""

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from ..errors import Findings, InputError, Problem
from ..service_kinds import ACCEPTED, joined_services, read_services
from ..study_parts import TIER_NAMES_ZH, TIERS, Datum
from .datum import to_wgs84
from .facility_tiers import said_tier, tier_by_rules
from .map_points import read_map_points
from .tables import fold, numbers, read_table, rename_columns, require_columns, require_file
from .workbooks import read_workbook

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("编号", "代码", "机构编号", "机构代码", "序号"),
    "name": ("名称", "机构名称", "设施名称", "单位名称", "站点名称"),
    "tier": ("层级", "类型", "机构层级", "设施层级", "机构类型", "设施类型", "机构类别", "类别",
             "级别", "type"),
    "lon": ("经度", "lng", "long", "longitude"),
    "lat": ("纬度", "latitude"),
    "capacity": ("床位", "床位数", "床位数量", "床位(张)", "床位数(张)", "核定床位", "核定床位数",
                 "beds"),
    "address": ("地址", "机构地址", "详细地址", "设施地址", "addr"),
    "services": ("服务", "服务内容", "服务项目", "提供服务", "服务类型", "服务功能", "service"),
}  # fmt: skip
"""Columns of a facility file and what else each may be called; the first that is there is taken.

``x`` and ``y`` are not taken: they are metres as often as degrees.
"""

_KNOWN = {name.lower() for key, names in COLUMNS.items() for name in (key, *names)}
_TABLES = (".csv", ".tsv", ".txt")
_WORKBOOKS = (".xlsx", ".xlsm")
_MAPS = (".geojson", ".json", ".gpkg")
FORMATS = (*_TABLES, *_WORKBOOKS, *_MAPS)
"""Endings of the files that are read."""

_LISTED_MAX = 20


def read_facilities(
    path: Path,
    *,
    datum: Datum = "wgs84",
    sheet: str | None = None,
    findings: Findings | None = None,
) -> gpd.GeoDataFrame:
    """Read a facility file.

    Parameters
    ----------
    path
        A file of one of `FORMATS` with the columns of `COLUMNS`. ``name`` is needed; ``lon`` and
        ``lat`` are needed in tables, and come from the geometry in map files. Without ``tier``, or
        where it is empty, the tier is guessed from the name.
    datum
        What longitude and latitude are in, also those of a map file.
    sheet
        Sheet of a workbook or layer of a GeoPackage.
    findings
        Takes the warnings.

    Returns
    -------
    facilities
        EPSG:4326 points (WGS-84) in file order; the index is ``id`` (text), the columns are
        ``name``, ``tier`` (a tier's name), ``tier_guessed`` (whether it was guessed from the
        name), ``capacity`` (places, NaN where unknown), ``address`` and ``services`` (names of
        `SERVICES` with ``;`` between, empty for unknown).

    Raises
    ------
    InputError
        Listing every unusable cell with its row (or feature) and column.
    """
    told = Findings() if findings is None else findings
    local = Findings(warnings=told.warnings)
    table, lon, lat = _positioned(path, sheet, local)
    for row in table.index[table["name"].map(fold) == ""]:
        local.problem(
            f"{path.name}, {table.index.name} {row}, column name", "is empty.", "Give it a name."
        )
    ids = _ids(table, path, local)
    tiers, guessed = _tiers(table, path, local)
    _warn_of_guesses(path, ids[guessed], tiers[guessed], local)
    capacity = _capacity(table, path, local)
    services = _services(table, path, local)
    local.raise_if_any()
    points = to_wgs84(np.column_stack([lon, lat]), datum)
    address = table["address"] if "address" in table.columns else pd.Series("", index=table.index)
    return gpd.GeoDataFrame(
        {
            "name": table["name"].to_numpy(),
            "tier": tiers.to_numpy(),
            "tier_guessed": guessed.to_numpy(),
            "capacity": capacity.to_numpy(),
            "address": address.to_numpy(),
            "services": services.to_numpy(),
        },
        index=pd.Index(ids.to_numpy(), name="id"),
        geometry=gpd.points_from_xy(points[:, 0], points[:, 1]),
        crs="EPSG:4326",
    )


def lon_lat(table: pd.DataFrame, *, path: Path, findings: Findings) -> tuple[pd.Series, pd.Series]:
    """Return the columns ``lon`` and ``lat`` in degrees; each unusable cell is a problem."""
    lon = numbers(table, "lon", path=path, findings=findings, empty_allowed=False)
    lat = numbers(table, "lat", path=path, findings=findings, empty_allowed=False)
    _check_degrees(lon, lat, path=path, findings=findings)
    return lon, lat


def _positioned(
    path: Path, sheet: str | None, findings: Findings
) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Return the table with its columns named as in `COLUMNS`, longitude and latitude."""
    kind = require_file(path, "facilities").suffix.lower()
    if sheet is not None and kind not in (*_WORKBOOKS, ".gpkg"):
        raise InputError(
            Problem(path.name, "facilities: has no sheets or layers to choose from.",
                    "Take 'sheet' out of the study.")
        )  # fmt: skip
    if kind in _MAPS:
        table, lon, lat = read_map_points(
            path, purpose="facilities", layer=sheet, findings=findings
        )
        # Where the geometry says it, columns of coordinates are only a copy.
        spare = [c for c in table.columns if c.lower() in {"lon", "lat", *_names("lon", "lat")}]
        table = rename_columns(table.drop(columns=spare), COLUMNS, path=path)
        require_columns(table, ("name",), path=path, aliases=COLUMNS)
        _check_degrees(lon, lat, path=path, findings=findings)
        return table, lon, lat
    if kind in _WORKBOOKS:
        raw = read_workbook(path, purpose="facilities", sheet=sheet, known=_KNOWN)
    elif kind in _TABLES:
        raw = read_table(path, purpose="facilities")
    else:
        raise InputError(_not_read(path, kind))
    table = rename_columns(raw, COLUMNS, path=path)
    require_columns(table, ("name", "lon", "lat"), path=path, aliases=COLUMNS)
    return table, *lon_lat(table, path=path, findings=findings)


def _names(*keys: str) -> set[str]:
    return {name for key in keys for name in COLUMNS[key]}


def _not_read(path: Path, kind: str) -> Problem:
    if kind in {".xls", ".et", ".ods", ".xlsb"}:
        return Problem(str(path), f"facilities: {kind} workbooks are not read.",
                       "Save it in Excel or WPS as .xlsx.")  # fmt: skip
    return Problem(
        str(path),
        f"facilities: files ending in '{kind}' are not read.",
        f"Accepted: {', '.join(FORMATS)}.",
    )


def _check_degrees(lon: pd.Series, lat: pd.Series, *, path: Path, findings: Findings) -> None:
    kind = lon.index.name
    swapped = (lat.abs() > 90) & (lat.abs() <= 180) & (lon.abs() <= 90)
    for row in lon.index[swapped]:
        findings.problem(
            f"{path.name}, {kind} {row}, columns lon and lat",
            f"lon {lon[row]:g} and lat {lat[row]:g} look swapped.",
            "Longitude is the larger number in China (about 106.5 in Chongqing).",
        )
    for column, values, limit in (("lon", lon, 180), ("lat", lat, 90)):
        for row in values.index[(values.abs() > limit) & ~swapped]:
            findings.problem(
                f"{path.name}, {kind} {row}, column {column}",
                f"{values[row]:g} is out of range.",
                f"Write decimal degrees between -{limit} and {limit}.",
            )
    for row in lon.index[(lon == 0) & (lat == 0)]:
        findings.problem(
            f"{path.name}, {kind} {row}, columns lon and lat",
            "are 0, 0, which is in the sea off Africa.",
            "Leave out what has no position.",
        )


def _ids(table: pd.DataFrame, path: Path, findings: Findings) -> pd.Series:
    kind = table.index.name
    if "id" not in table.columns:
        return pd.Series([f"{kind}-{row}" for row in table.index], index=table.index)
    ids = table["id"].map(fold)
    for row in table.index[ids == ""]:
        findings.problem(f"{path.name}, {kind} {row}, column id", "is empty.", "Give it an id.")
    for value, rows in ids[ids != ""].groupby(ids[ids != ""]).groups.items():
        if len(rows) > 1:
            findings.problem(
                f"{path.name}, {kind}s {', '.join(map(str, rows))}, column id",
                f"the id '{value}' stands there {len(rows)} times.",
                "Every facility needs an id of its own.",
            )
    return ids


def _capacity(table: pd.DataFrame, path: Path, findings: Findings) -> pd.Series:
    if "capacity" not in table.columns:
        return pd.Series(np.nan, index=table.index)
    capacity = numbers(table, "capacity", path=path, findings=findings, empty_allowed=True)
    for row in table.index[capacity < 0]:
        findings.problem(
            f"{path.name}, {table.index.name} {row}, column capacity",
            "is negative.",
            "Write places or beds.",
        )
    return capacity


def _services(table: pd.DataFrame, path: Path, findings: Findings) -> pd.Series:
    if "services" not in table.columns:
        return pd.Series("", index=table.index, dtype=object)
    read = {row: read_services(str(said)) for row, said in table["services"].items()}
    for row, (_, unknown) in read.items():
        if unknown:
            findings.problem(
                f"{path.name}, {table.index.name} {row}, column services",
                f"{', '.join(map(repr, unknown))} "
                f"{'is not a service' if len(unknown) == 1 else 'are not services'}.",
                f"Accepted, several with ; between: {ACCEPTED}; leave it empty for unknown.",
            )
    offered = [joined_services(services) for services, _ in read.values()]
    return pd.Series(offered, index=table.index, dtype=object)


def _tiers(table: pd.DataFrame, path: Path, findings: Findings) -> tuple[pd.Series, pd.Series]:
    """Return the tiers and which of them are guesses: no type says them, only the name does."""
    said = table["tier"] if "tier" in table.columns else pd.Series("", index=table.index)
    tiers = said.map(said_tier).astype(object)
    guessed = said.map(fold) == ""
    tiers[guessed] = table["name"][guessed].map(tier_by_rules)
    accepted = f"Accepted: {', '.join(TIERS)}; or {', '.join(TIER_NAMES_ZH.values())}."
    for row in table.index[tiers.isna()]:
        name, found = table.at[row, "name"], said[row]
        where = f"{path.name}, {table.index.name} {row}, column tier"
        if found:
            findings.problem(where, f"'{found!s}' is not a tier.", accepted)
        else:
            findings.problem(
                where, f"is empty, and the name '{name!s}' does not tell the tier.", accepted
            )
    return tiers, guessed & tiers.notna()


def _warn_of_guesses(path: Path, ids: pd.Series, tiers: pd.Series, findings: Findings) -> None:
    if ids.empty:
        return
    shown = [f"{name} ({tier})" for name, tier in zip(ids, tiers, strict=True)][:_LISTED_MAX]
    findings.warn(
        path,
        f"the tier of {len(ids)} facilities is guessed from their names; write it in the column "
        f"tier: {', '.join(shown)}{' …' if len(ids) > _LISTED_MAX else ''}",
    )
