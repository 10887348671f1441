"""Excel workbooks read as tables of text, so that the checks of CSV files hold for them too."""

import re
import warnings
import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
import pandas as pd
from openpyxl.utils.exceptions import InvalidFileException

from ..errors import Findings, InputError, Problem
from .tables import fold, require_file, text_table

UNPACKED_MAX = 256 * 2**20
"""Largest workbook taken, bytes when unpacked; a list of 3,000 facilities has some 2 MB."""
TITLE_ROWS_MAX = 10
"""How many rows of titles and notes may stand above the header."""

_ERROR = re.compile(r"#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!)")


def read_workbook(
    path: Path, *, purpose: str, sheet: str | None = None, known: Collection[str] = ()
) -> pd.DataFrame:
    """Read a sheet of an ``.xlsx`` file as text.

    Parameters
    ----------
    path
        The file.
    purpose
        What it is, for messages.
    sheet
        Name of the sheet; without it the first that is not hidden.
    known
        Column names in lower case. The first row with two of them is the header, so that a title
        may stand above it; without such a row it is the first row.

    Returns
    -------
    table
        As `read_table` returns it. A number is written in full (``106.573361``, ``40``), a formula
        is the value that Excel saved with it, and of merged cells only the first holds a value.

    Raises
    ------
    InputError
        When the file is no workbook or has no such sheet, or cells hold errors or formulas that
        were never calculated.
    """
    require_file(path, purpose)
    with _readable(path, purpose):
        _refuse_bomb(path, purpose)
        values = _cells(path, purpose, sheet, saved_values=True)
        formulas = _cells(path, purpose, sheet, saved_values=False)
    _check_cells(values, formulas, path)
    rows = [[_text(value) for value in row] for row in values]
    header = _header_at(rows, known)
    if not any(map(any, rows)):
        raise InputError(Problem(path.name, f"{purpose}: the sheet is empty.", "Name the right "
                                 "one with sheet = \"…\" in the study."))  # fmt: skip
    return text_table(rows[header:], path=path, purpose=purpose, first_row=header + 1)


@contextmanager
def _readable(path: Path, purpose: str) -> Iterator[None]:
    """Turn what openpyxl raises for a damaged file into an `InputError`."""
    damaged = (
        zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, IndexError, TypeError,
        AttributeError, NotImplementedError, OSError, EOFError, zipfile.LargeZipFile,
    )  # fmt: skip
    try:
        yield
    except InputError:
        raise
    except (*damaged, ValueError) as error:
        raise InputError(
            Problem(str(path), f"{purpose}: is not an Excel workbook that can be read "
                    f"({type(error).__name__}: {error}).",
                    "Open it in Excel and save it as .xlsx without a password, or as CSV UTF-8.")
        ) from error  # fmt: skip


def _refuse_bomb(path: Path, purpose: str) -> None:
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > UNPACKED_MAX:
        raise InputError(
            Problem(str(path), f"{purpose}: unpacks to {unpacked >> 20} MiB, more than the "
                    f"{UNPACKED_MAX >> 20} MiB that a list may have.",
                    "Copy the list alone into a new workbook.")
        )  # fmt: skip


def _cells(path: Path, purpose: str, sheet: str | None, *, saved_values: bool) -> list[list[Any]]:
    """Return a sheet's values, or its formulas, without empty cells at the end of rows."""
    with path.open("rb") as file, warnings.catch_warnings():
        # openpyxl tells of styles and of extensions that it leaves out; the values are whole.
        warnings.simplefilter("ignore", UserWarning)
        book = openpyxl.load_workbook(file, read_only=True, data_only=saved_values)
        try:
            chosen = _sheet(book, path, purpose, sheet)
            # Some programs save a wrong size, and rows beyond it would be lost.
            chosen.reset_dimensions()
            return [_without_end(row) for row in chosen.iter_rows(values_only=True)]
        finally:
            book.close()


def _sheet(book: Any, path: Path, purpose: str, name: str | None) -> Any:
    if name is None:
        visible = [one for one in book.worksheets if one.sheet_state == "visible"]
        if visible:
            return visible[0]
    elif name in (names := [one.title for one in book.worksheets]):
        return book.worksheets[names.index(name)]
    found = ", ".join(one.title for one in book.worksheets) or "none"
    missing = "no sheet that is not hidden" if name is None else f"no sheet '{name}'"
    raise InputError(
        Problem(path.name, f"{purpose}: has {missing}; its sheets: {found}.",
                'Write sheet = "…" in the study, with one of these names.')
    )  # fmt: skip


def _without_end(row: Any) -> list[Any]:
    values = list(row)
    while values and values[-1] is None:
        values.pop()
    return values


def _check_cells(values: list[list[Any]], formulas: list[list[Any]], path: Path) -> None:
    findings = Findings()
    for number, (row, made_by) in enumerate(zip(values, formulas, strict=True), start=1):
        for column, formula in enumerate(made_by):
            value = row[column] if column < len(row) else None
            where = f"{path.name}, row {number}, column {_letters(column)}"
            if value is None and formula is not None:
                findings.problem(
                    where, f"holds the formula {formula} without a saved value.",
                    "Open the workbook in Excel, save it, and try again.",
                )  # fmt: skip
            elif isinstance(value, str) and _ERROR.fullmatch(value):
                findings.problem(where, f"holds the error {value}.", "Write the value itself.")
    findings.raise_if_any()


def _letters(column: int) -> str:
    return str(openpyxl.utils.get_column_letter(column + 1))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _header_at(rows: list[list[str]], known: Collection[str]) -> int:
    for position, row in enumerate(rows[: TITLE_ROWS_MAX + 1]):
        if len({fold(value).lower() for value in row} & set(known)) > 1:
            return position
    return next((position for position, row in enumerate(rows) if any(row)), 0)
