"""Tables for people: CSV that Excel opens with Chinese intact, and one workbook."""

import io
import math
import re
from collections.abc import Mapping

import geopandas as gpd
import pandas as pd
import xlsxwriter

from ..findings import Findings

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_SHOWN = (
    (re.compile(r"^share_|_share$"), "0.0%"),
    (re.compile(r"(^|_)km(_|$)"), "0.00"),
    (re.compile(r"^minutes(_|$)"), "0.0"),
    (re.compile(r"^(elderly(?!_per_)|population$|capacity$|only_)"), "0"),
)
"""Which columns are shown how in a sheet, by their names; the first that fits."""


def tables(result: Findings) -> dict[str, pd.DataFrame]:
    """Return a run's tables: ``areas`` (if any), ``gaps``, ``facilities``, ``zones`` (if any)."""
    degrees = gpd.GeoSeries(result.facilities.geometry).to_crs("EPSG:4326")
    found = {
        "gaps": _plain(result.gaps),
        "facilities": _plain(
            result.facilities.assign(lon=degrees.x.round(6), lat=degrees.y.round(6))
        ),
    }
    if result.people is not None and result.people.zones is not None:
        found["zones"] = result.people.zones.reset_index()
    return found if result.areas is None else {"areas": _plain(result.areas), **found}


def to_csv(table: pd.DataFrame) -> bytes:
    """Return a table as CSV in UTF-8 with a byte order mark, numbers to at most six digits."""
    safe = table.map(_harmless)
    text = safe.to_csv(index=False, float_format=_number, lineterminator="\r\n")
    return text.encode("utf-8-sig")


def to_workbook(sheets: Mapping[str, pd.DataFrame]) -> bytes:
    """Return the tables as one ``.xlsx``, a sheet each, text as text and numbers as numbers.

    Numbers are whole in their cells and shown to the digits that their column's name calls for.
    """
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        # The clock belongs into the manifest; the same results give the same bytes.
        book.set_properties({"created": pd.Timestamp(2000, 1, 1).to_pydatetime()})
        bold = book.add_format({"bold": True})
        formats = {shown: book.add_format({"num_format": shown}) for _, shown in _SHOWN}
        for name, table in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 1)
            for column, title in enumerate(table.columns):
                sheet.write_string(0, column, str(title), bold)
                shown = formats.get(_shown(str(title)))
                for row, value in enumerate(table.iloc[:, column].tolist(), start=1):
                    _write(sheet, row, column, value, shown)
            sheet.autofit()
    return buffer.getvalue()


def _plain(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    return pd.DataFrame(frame.drop(columns=frame.geometry.name)).reset_index()


def _shown(title: str) -> str:
    """Return how a column's numbers are shown; an empty text leaves it to the program."""
    return next((shown for names, shown in _SHOWN if names.search(title)), "")


def _number(value: object) -> str:
    """Return a number to six digits, without those that say nothing: 30, not 30.000000."""
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _write(
    sheet: xlsxwriter.worksheet.Worksheet, row: int, column: int, value: object,
    shown: xlsxwriter.format.Format | None,
) -> None:  # fmt: skip
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, str):
        sheet.write_string(row, column, value)
    elif isinstance(value, (int, float)) and math.isfinite(value):
        sheet.write_number(row, column, value, shown)


def _harmless(value: object) -> object:
    """Keep a text that a spreadsheet would run as a formula a text."""
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value
