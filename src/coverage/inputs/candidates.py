"""Candidates: premises where a facility could open."""

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import pandas as pd

from ..errors import Findings
from ..groups import ALL_GROUPS
from ..service_kinds import ACCEPTED, read_services
from ..study_parts import TIERS
from .facilities import lon_lat
from .map_points import read_map_points
from .tables import fold, numbers, read_table, rename_columns, require_columns, require_file
from .workbooks import read_workbook

WORKBOOKS = (".xlsx", ".xlsm")
MAPS = (".geojson", ".json", ".gpkg")

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("编号",),
    "name": ("名称",),
    "lon": ("经度", "lng", "longitude"),
    "lat": ("纬度", "latitude"),
    "floor_area_m2": ("建筑面积", "面积"),
    "cost_cny": ("造价", "费用"),
    "capacity": ("床位", "床位数", "places", "beds"),
    "fits": ("适合", "适合层级", "适合服务"),
}
"""Columns of a candidate file and what else each may be called."""


def read_candidates(path: Path, *, findings: Findings | None = None) -> gpd.GeoDataFrame:
    """Read premises from a table, a workbook or a map file.

    Parameters
    ----------
    path
        CSV, ``.xlsx``, GeoJSON or GeoPackage; a map file's positions are its geometry's.
    findings
        Takes the warnings.

    Returns
    -------
    candidates
        EPSG:4326 points; the index is ``id``, the columns are ``name``, ``floor_area_m2``,
        ``cost_cny`` and ``capacity`` (places), NaN where unknown, and ``fits`` (tuple of tiers and
        services; all where not said).

    Raises
    ------
    InputError
        Listing every unusable cell with its row and column.
    """
    findings = Findings(warnings=[] if findings is None else findings.warnings)
    table, lon, lat = _positioned(path, findings)
    for row in table.index[table["id"] == ""]:
        findings.problem(f"{path.name}, row {row}, column id", "is empty.", "Give it an id.")
    twice = table["id"][table["id"].duplicated(keep=False) & (table["id"] != "")]
    for row, value in twice.items():
        findings.problem(
            f"{path.name}, row {row}, column id", f"'{value}' is not unique.",
            "Every candidate needs an id of its own.",
        )  # fmt: skip
    amounts = {
        column: numbers(table, column, path=path, findings=findings, empty_allowed=True)
        if column in table.columns
        else float("nan")
        for column in ("floor_area_m2", "cost_cny", "capacity")
    }
    for column, values in amounts.items():
        for row in () if isinstance(values, float) else table.index[values < 0]:
            findings.problem(
                f"{path.name}, row {row}, column {column}", "is negative.",
                "Write zero or more, or leave it empty where it is not known.",
            )  # fmt: skip
    fits: list[tuple[str, ...]] = [ALL_GROUPS] * len(table)
    if "fits" in table.columns:
        fits = []
        for row, text in table["fits"].items():
            services, others = read_services(text)
            said = [fold(part) for part in others]
            if unknown := [f"'{part}'" for part in said if part not in TIERS]:
                findings.problem(
                    f"{path.name}, row {row}, column fits",
                    f"{', '.join(unknown)} is neither a tier nor a service.",
                    f"Accepted, with ; between: {', '.join(TIERS)}, {ACCEPTED}.",
                )  # fmt: skip
            named = {*said, *services}
            fits.append(tuple(name for name in ALL_GROUPS if name in named) or ALL_GROUPS)
    findings.raise_if_any()
    return gpd.GeoDataFrame(
        {"name": table["name"], **amounts, "fits": fits},
        geometry=gpd.points_from_xy(lon, lat),
        crs="EPSG:4326",
    ).set_axis(table["id"].rename("id"), axis=0)


def _positioned(path: Path, findings: Findings) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Return the table with its columns named as in `COLUMNS`, longitude and latitude."""
    kind = require_file(path, "candidates").suffix.lower()
    if kind in MAPS:
        table, lon, lat = read_map_points(path, purpose="candidates", findings=findings)
        # Where the geometry says it, columns of coordinates are only a copy.
        spare = {"lon", "lat", *COLUMNS["lon"], *COLUMNS["lat"]}
        table = table.drop(columns=[c for c in table.columns if c.lower() in spare])
        table = rename_columns(table, COLUMNS, path=path)
        require_columns(table, ("id", "name"), path=path, aliases=COLUMNS)
        return table, lon, lat
    if kind in WORKBOOKS:
        known = {name.lower() for key, names in COLUMNS.items() for name in (key, *names)}
        table = read_workbook(path, purpose="candidates", sheet=None, known=known)
    else:
        table = read_table(path, purpose="candidates")
    table = rename_columns(table, COLUMNS, path=path)
    require_columns(table, ("id", "name", "lon", "lat"), path=path, aliases=COLUMNS)
    return table, *lon_lat(table, path=path, findings=findings)
