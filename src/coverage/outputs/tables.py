"""Tables for people: CSV that Excel opens with Chinese intact, and one workbook."""

import io
from collections.abc import Mapping

import geopandas as gpd
import pandas as pd
import xlsxwriter

from ..result import Result

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def tables(result: Result) -> dict[str, pd.DataFrame]:
    """Return a run's tables by name: ``areas`` (if the study has any), ``gaps``, ``facilities``."""
    degrees = gpd.GeoSeries(result.facilities.geometry).to_crs("EPSG:4326")
    found = {
        "gaps": _plain(result.gaps),
        "facilities": _plain(
            result.facilities.assign(lon=degrees.x.round(6), lat=degrees.y.round(6))
        ),
    }
    return found if result.areas is None else {"areas": _plain(result.areas), **found}


def to_csv(table: pd.DataFrame) -> bytes:
    """Return a table as CSV in UTF-8 with a byte order mark, numbers to six digits."""
    safe = table.map(_harmless)
    text = safe.to_csv(index=False, float_format="%.6f", lineterminator="\r\n")
    return text.encode("utf-8-sig")


def to_workbook(sheets: Mapping[str, pd.DataFrame]) -> bytes:
    """Return the tables as one ``.xlsx``, a sheet each, text as text and numbers as numbers."""
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        # The clock belongs into the manifest; the same results give the same bytes.
        book.set_properties({"created": pd.Timestamp(2000, 1, 1).to_pydatetime()})
        bold = book.add_format({"bold": True})
        for name, table in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 1)
            for column, title in enumerate(table.columns):
                sheet.write_string(0, column, str(title), bold)
                for row, value in enumerate(table.iloc[:, column].tolist(), start=1):
                    _write(sheet, row, column, value)
            sheet.autofit()
    return buffer.getvalue()


def _plain(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    return pd.DataFrame(frame.drop(columns=frame.geometry.name)).reset_index()


def _write(sheet: xlsxwriter.worksheet.Worksheet, row: int, column: int, value: object) -> None:
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, str):
        sheet.write_string(row, column, value)
    elif not pd.isna(value):  # type: ignore[call-overload]
        sheet.write_number(row, column, value)


def _harmless(value: object) -> object:
    """Keep a text that a spreadsheet would run as a formula a text."""
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value
