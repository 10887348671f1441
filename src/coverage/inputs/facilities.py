"""Facilities: points of service with a tier, from a CSV file with Chinese or English headers."""

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from ..errors import Findings, InputError
from ..study import TIER_NAMES_ZH, TIERS
from .tables import fold, numbers, read_table, rename_columns, require_columns

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("编号", "代码"),
    "name": ("名称", "机构名称"),
    "tier": ("层级", "类型"),
    "lon": ("经度", "lng", "longitude"),
    "lat": ("纬度", "latitude"),
    "capacity": ("床位", "床位数"),
    "address": ("地址",),
}
"""Columns of a facility file and what else each may be called."""

_TIER_OF = {
    **{tier: tier for tier in TIERS},
    **{name: tier for tier, name in TIER_NAMES_ZH.items()},
    "社区": "community",
    "街道": "street",
    "区县": "district",
}


def read_facilities(path: Path) -> gpd.GeoDataFrame:
    """Read a facility file.

    Parameters
    ----------
    path
        CSV with the columns of `COLUMNS`; ``name``, ``tier``, ``lon`` and ``lat`` are needed.

    Returns
    -------
    facilities
        EPSG:4326 points in file order; the index is ``id`` (text), the columns are ``name``,
        ``tier`` (a tier's name), ``capacity`` (places, NaN where unknown) and ``address``.

    Raises
    ------
    InputError
        Listing every unusable cell with its row and column.
    """
    table = rename_columns(read_table(path, purpose="facilities"), COLUMNS)
    require_columns(table, ("name", "tier", "lon", "lat"), path=path, aliases=COLUMNS)
    findings = Findings()
    ids = _ids(table, path, findings)
    tiers = _tiers(table, path, findings)
    lon, lat = lon_lat(table, path=path, findings=findings)
    capacity = pd.Series(np.nan, index=table.index)
    if "capacity" in table.columns:
        capacity = numbers(table, "capacity", path=path, findings=findings, empty_allowed=True)
        for row in table.index[capacity < 0]:
            findings.problem(
                f"{path.name}, row {row}, column capacity", "is negative.", "Write places or beds."
            )
    findings.raise_if_any()
    address = table["address"] if "address" in table.columns else pd.Series("", index=table.index)
    return gpd.GeoDataFrame(
        {
            "name": table["name"].to_numpy(),
            "tier": tiers.to_numpy(),
            "capacity": capacity.to_numpy(),
            "address": address.to_numpy(),
        },
        index=pd.Index(ids.to_numpy(), name="id"),
        geometry=gpd.points_from_xy(lon, lat),
        crs="EPSG:4326",
    )


def lon_lat(
    table: pd.DataFrame, *, path: Path, findings: Findings
) -> tuple[pd.Series, pd.Series]:
    """Return the columns ``lon`` and ``lat`` in degrees; each unusable cell is a problem."""
    lon = numbers(table, "lon", path=path, findings=findings, empty_allowed=False)
    lat = numbers(table, "lat", path=path, findings=findings, empty_allowed=False)
    swapped = (lat.abs() > 90) & (lat.abs() <= 180) & (lon.abs() <= 90)
    for row in table.index[swapped]:
        findings.problem(
            f"{path.name}, row {row}, columns lon and lat",
            f"lon {lon[row]:g} and lat {lat[row]:g} look swapped.",
            "Longitude is the larger number in China (about 106.5 in Chongqing).",
        )
    for column, values, limit in (("lon", lon, 180), ("lat", lat, 90)):
        for row in table.index[(values.abs() > limit) & ~swapped]:
            findings.problem(
                f"{path.name}, row {row}, column {column}",
                f"{values[row]:g} is out of range.",
                f"Write decimal degrees between -{limit} and {limit}.",
            )
    for row in table.index[(lon == 0) & (lat == 0)]:
        findings.problem(
            f"{path.name}, row {row}, columns lon and lat",
            "are 0, 0, which is in the sea off Africa.",
            "Leave out what has no position.",
        )
    return lon, lat


def _ids(table: pd.DataFrame, path: Path, findings: Findings) -> pd.Series:
    if "id" not in table.columns:
        return pd.Series([f"row-{row}" for row in table.index], index=table.index)
    ids = table["id"].map(fold)
    for row in table.index[ids == ""]:
        findings.problem(f"{path.name}, row {row}, column id", "is empty.", "Give it an id.")
    for value, rows in ids[ids != ""].groupby(ids[ids != ""]).groups.items():
        if len(rows) > 1:
            findings.problem(
                f"{path.name}, rows {', '.join(map(str, rows))}, column id",
                f"the id '{value}' stands there {len(rows)} times.",
                "Every facility needs an id of its own.",
            )
    return ids


def _tiers(table: pd.DataFrame, path: Path, findings: Findings) -> pd.Series:
    tiers = table["tier"].map(lambda text: _TIER_OF.get(fold(text).lower()))
    for row in table.index[tiers.isna()]:
        found = table.at[row, "tier"]
        findings.problem(
            f"{path.name}, row {row}, column tier",
            f"'{found}' is not a tier." if found else "is empty.",
            f"Accepted: {', '.join(TIERS)}; or {', '.join(TIER_NAMES_ZH.values())}.",
        )
    return tiers
