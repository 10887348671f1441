"""Reading tables as planners have them: UTF-8 with or without BOM, GBK, full-width digits."""

import csv
import difflib
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from ..errors import Findings, InputError, Problem

TITLE_ROWS_MAX = 4
"""How many lines of titles may stand above the header of a CSV file."""
_HEADER_MIN = 3
"""Every table has a name or a number and its longitude and latitude."""
_LINE_END = re.compile(r"\r\n|\r|\n")
_SEPARATOR_LINE = re.compile(r"""["']?sep=([,;\t])["']?[\s,;]*""", re.IGNORECASE)


def require_file(path: Path, purpose: str) -> Path:
    """Return `path` if it is a file with something in it, else raise `InputError`."""
    if not path.is_file():
        what = "is a folder, not a file." if path.is_dir() else "does not exist."
        raise InputError(
            Problem(str(path), f"{purpose}: {what}", "Put the file there or change the path.")
        )
    if path.stat().st_size == 0:
        raise InputError(Problem(str(path), f"{purpose}: is empty.", "Export it again."))
    return path


def read_table(path: Path, *, purpose: str) -> pd.DataFrame:
    """Read a CSV file as text.

    Parameters
    ----------
    path
        The file; comma, semicolon or tab between its values; UTF-8, GBK or GB 18030. Blank lines,
        a line ``sep=;`` and titles (lines of one value) may stand above the header.
    purpose
        What it is, for messages.

    Returns
    -------
    table
        All values as stripped strings, full-width characters folded (NFKC) in the header only;
        the index, named ``row``, is the row number that a spreadsheet shows. Wholly empty rows are
        left out.

    Raises
    ------
    InputError
        When the file is missing, empty or not a text table, or a quote is not closed.
    """
    text = _decode(require_file(path, purpose), purpose)
    if not text.strip():
        raise InputError(Problem(str(path), f"{purpose}: is empty.", "Export it again."))
    delimiter = _delimiter(text)
    rows = _csv_rows(text, delimiter, path, purpose)
    header = _header_at(rows)
    _refuse_swallowed_rows(rows, header, delimiter, path)
    return text_table(rows[header:], path=path, purpose=purpose, first_row=header + 1)


def _delimiter(text: str) -> str:
    """Return what stands between values in the first line that has any of comma, ; and tab."""
    lines = [line for line in _LINE_END.split(text, maxsplit=50) if line.strip()]
    if said := _SEPARATOR_LINE.fullmatch(lines[0]):
        return said[1]
    first = next((line for line in lines if any(sign in line for sign in ",;\t")), lines[0])
    return max(",;\t", key=first.count)


def _csv_rows(text: str, delimiter: str, path: Path, purpose: str) -> list[list[str]]:
    # Without strict, a quote that is not closed makes the rest of the file one value.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    try:
        rows.extend(reader)
    except csv.Error as error:
        where = f"{path.name}, row {len(rows) + 1}"
        if "field larger" in str(error):
            raise InputError(
                Problem(where, f"{purpose}: holds a value that no table has ({error}).",
                        "Look for a quote that is not closed, or export the file as CSV again.")
            ) from error  # fmt: skip
        raise InputError(
            Problem(where, f'{purpose}: a quote (") opens in this row and is not closed at the '
                    "end of its value.",
                    'Close it, or write a quote inside a value twice ("").')
        ) from error  # fmt: skip
    return rows


def _header_at(rows: Sequence[Sequence[str]]) -> int:
    """Return where the header is: below blank lines, a line ``sep=`` and titles."""
    filled = [sum(1 for value in row if value.strip()) for row in rows]
    first = next(position for position, count in enumerate(filled) if count)
    # The separator itself was taken for one, which leaves "sep=" and nothing.
    alone = "".join(rows[first]).strip()
    if alone.lower() == "sep=" or _SEPARATOR_LINE.fullmatch(alone):
        first = next((at for at in range(first + 1, len(rows)) if filled[at]), first)
    if filled[first] > 1:
        return first
    near = [at for at in range(first, len(rows)) if filled[at]][: TITLE_ROWS_MAX + 1]
    # Only lines of one value are titles: the first with more is the header, or nothing is.
    header = next((at for at in near if filled[at] > 1), first)
    return header if filled[header] >= _HEADER_MIN else first


def _refuse_swallowed_rows(
    rows: Sequence[Sequence[str]], header: int, delimiter: str, path: Path
) -> None:
    """Refuse values with line breaks that hold whole rows: a quote closed too late."""
    needed = len(rows[header]) - 1
    findings = Findings()
    for number, row in enumerate(rows[header:], start=header + 1):
        for value in row:
            if needed > 1 and _LINE_END.search(value) and value.count(delimiter) >= needed:
                findings.problem(
                    f"{path.name}, row {number}",
                    f'a quote (") that opens here takes in the rows below ({value[:20]!r} …).',
                    "Close the quote in its row.",
                )
    findings.raise_if_any()


def text_table(
    rows: Sequence[Sequence[str]], *, path: Path, purpose: str, first_row: int = 1
) -> pd.DataFrame:
    """Make a table of rows of text as `read_table` returns it.

    Parameters
    ----------
    rows
        The header, then the values.
    path, purpose
        The file and what it is, for messages.
    first_row
        The header's row number in the file.
    """
    header = [fold(name) for name in rows[0]]
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise InputError(
            Problem(f"{path.name}, row {first_row}",
                    f"the column {', '.join(twice)} stands there twice.", "Keep one of them.")
        )  # fmt: skip
    numbered = [
        (number, [value.strip() for value in row])
        for number, row in enumerate(rows[1:], start=first_row + 1)
        if any(value.strip() for value in row)
    ]
    findings = Findings()
    for number, row in numbered:
        if len(row) > len(header) and any(row[len(header) :]):
            findings.problem(
                f"{path.name}, row {number}",
                f"has {len(row)} values under {len(header)} columns.",
                "Put a value that holds a comma between quotes.",
            )
    findings.raise_if_any()
    width = len(header)
    body = [(row + [""] * width)[:width] for _, row in numbered]
    index = pd.Index([number for number, _ in numbered], name="row")
    table = pd.DataFrame(body, columns=header, index=index, dtype=str)
    if table.empty:
        raise InputError(Problem(path.name, f"{purpose}: has a header and no rows.", "Add rows."))
    table.attrs["header"] = f"{path.name}, row {first_row}"
    return table


def fold(text: str) -> str:
    """Return `text` stripped, with full-width letters, digits and signs made half-width."""
    return unicodedata.normalize("NFKC", text).strip()


def rename_columns(
    table: pd.DataFrame, aliases: Mapping[str, Sequence[str]], *, path: Path
) -> pd.DataFrame:
    """Return `table` with known names of a column, in either language, replaced by its key.

    Of several columns that mean the same the one that stands first in `aliases` is taken.

    Raises
    ------
    InputError
        When there are two columns of longitude or latitude: they may be in two datums.
    """
    names = {str(column).lower(): column for column in reversed(table.columns)}
    found = {
        key: [names[name.lower()] for name in (key, *others) if name.lower() in names]
        for key, others in aliases.items()
    }
    findings = Findings()
    for key in ("lon", "lat"):
        if len(same := found.get(key, [])) > 1:
            findings.problem(
                _header(table, path), f"the columns {' and '.join(same)} both mean '{key}'.",
                "Keep the right one.",
            )  # fmt: skip
    findings.raise_if_any()
    return table.rename(columns={columns[0]: key for key, columns in found.items() if columns})


def require_columns(
    table: pd.DataFrame, needed: Sequence[str], *, path: Path, aliases: Mapping[str, Sequence[str]]
) -> None:
    """Raise `InputError` naming every column of `needed` that `table` lacks."""
    findings = Findings()
    for column in needed:
        if column in table.columns:
            continue
        others = [str(name) for name in table.columns if name not in aliases]
        close = difflib.get_close_matches(column, others, n=1, cutoff=0.6)
        also = f" (or {', '.join(aliases[column][:2])})" if aliases.get(column) else ""
        guess = f"Is '{close[0]}' meant? " if close else ""
        findings.problem(
            _header(table, path),
            f"the column '{column}'{also} is missing; found: {', '.join(map(str, table.columns))}.",
            f"{guess}Name the column '{column}'.",
        )
    findings.raise_if_any()


def numbers(
    table: pd.DataFrame, column: str, *, path: Path, findings: Findings, empty_allowed: bool
) -> pd.Series:
    """Return a text column as floats; empty cells are NaN, each bad cell is a problem."""
    text = table[column].map(fold)
    values = pd.to_numeric(text.where(text != ""), errors="coerce")
    values = values.where(values.abs() != float("inf"))
    for row in table.index[values.isna()]:
        found = table.at[row, column]
        where = f"{path.name}, {table.index.name} {row}, column {column}"
        if text.at[row] != "":
            findings.problem(
                where, f"'{found!s}' is not a number.", "Write digits, such as 106.5734."
            )
        elif not empty_allowed:
            findings.problem(where, "is empty.", "Fill it in or delete the row.")
    return values.astype(float)


def _header(table: pd.DataFrame, path: Path) -> str:
    return str(table.attrs.get("header", path.name))


def _decode(path: Path, purpose: str) -> str:
    raw = path.read_bytes()
    if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise InputError(
            Problem(str(path), f"{purpose}: is an Excel workbook, not a CSV file.",
                    "Save it as CSV UTF-8 in Excel.")
        )  # fmt: skip
    if b"\x00" in raw[:4096] and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(
            Problem(str(path), f"{purpose}: is not a text file.", "Export the table as CSV.")
        )
    if raw.lstrip()[:1] == b"<":
        raise InputError(
            Problem(str(path), f"{purpose}: is a web page or XML, not a CSV file.",
                    "Download the table itself.")
        )  # fmt: skip
    _refuse_mixed(raw, path, purpose)
    encodings = ("utf-16",) if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else ()
    for encoding in (*encodings, "utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError(
        Problem(str(path), f"{purpose}: is neither UTF-8 nor GBK text.", "Save it as CSV UTF-8.")
    )


def _refuse_mixed(raw: bytes, path: Path, purpose: str) -> None:
    """Refuse a file most of which is UTF-8: read as GBK, every name would be other signs."""
    if _is_utf8(raw) or raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return
    lines = [(at, line) for at, line in enumerate(raw.split(b"\n"), 1) if not line.isascii()]
    bad = [at for at, line in lines if not _is_utf8(line)]
    if len(bad) < len(lines) / 2:
        raise InputError(
            Problem(f"{path.name}, line {bad[0]}", f"{purpose}: is not UTF-8 as most of the file "
                    "is; parts in two encodings were put together.",
                    "Write the line again, and save the file as CSV UTF-8.")
        )  # fmt: skip


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
