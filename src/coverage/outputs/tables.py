"""Tables for people: CSV that Excel opens with Chinese intact, and one workbook."""

import gc
import io
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

import geopandas as gpd
import pandas as pd
import xlsxwriter

from ..findings import Findings
from ..home_visits import HomeVisits
from ..study_parts import TIER_NAMES_ZH
from ..where_next import middles
from .column_words import column_words
from .map_words import DIRECTIONS, thresholds
from .picture_words import ATTRIBUTION, headline, shown_tier

Line = tuple[str, str]
"""A label and what it says."""

# Wide forms too: spreadsheets of East Asia take them for the narrow ones.
_FORMULA_STARTS = tuple("=+-@＝＋－＠\t\r\n")
_SHOWN = (
    (re.compile(r"^share_|_share$"), "0.0%"),
    (re.compile(r"(^|_)km(_|$)"), "0.00"),
    (re.compile(r"^minutes(_|$)|_per_place$"), "0.0"),
    (re.compile(r"^gini_|_per_elderly$"), "0.000"),
    (re.compile(r"^(lon|lat)$"), "0.000000"),
    (re.compile(r"^visits_per_round$|^travel_min$"), "0.0"),
    (re.compile(r"^(elderly|population$|capacity$|only_)"), "#,##0"),
    (
        re.compile(r"^(homes|visited|left_out|rounds|in_reach|beyond(_every_way)?|not_snapped)$"),
        "#,##0",
    ),
    (re.compile(r"^steps$|_m2?$|^cost_cny$|^cny_per_"), "#,##0"),
    (re.compile(r"_id$|^component$"), "0"),
)
"""Which columns are shown how in a sheet, by their names; the first that fits."""
_SHEETS: Mapping[str, str] = {
    "areas": "片区 areas", "gaps": "缺口 gaps", "facilities": "设施 facilities",
    "zones": "更新片区 zones", "proposals": "建议选址 proposals", "services": "服务 services",
    "service_gaps": "服务缺口 service gaps", "weak_links": "关键路段 weak links",
    "shortcuts": "加装捷径 shortcuts", "visits": "上门服务 visits",
    "visits_areas": "上门服务片区 visits areas",
}  # fmt: skip
_ABOUT = "说明 about"
_NARROWEST, _WIDEST = 9, 44
"""Widths of a column, digits."""
_LONGEST_CELL = 32_000
"""A little below what a cell can hold, characters."""


def tables(result: Findings) -> dict[str, pd.DataFrame]:
    """Return a run's tables: ``gaps``, ``facilities``; ``areas``, ``zones``, ``proposals`` if any.

    Where lines were asked about also ``weak_links`` and ``shortcuts``; where home visits were, also
    ``visits`` (facility by way to go) and ``visits_areas``.
    Where facilities offer services also ``services`` (area by service) and ``service_gaps``.
    """
    degrees = gpd.GeoSeries(result.facilities.geometry).to_crs("EPSG:4326")
    found = {
        "gaps": plain_table(result.gaps),
        "facilities": plain_table(
            result.facilities.assign(lon=degrees.x.round(6), lat=degrees.y.round(6))
        ),
    }
    if result.people is not None and result.people.zones is not None:
        found["zones"] = _zones(result, result.people.zones)
    if result.next is not None:
        spots = result.next.proposals.geometry.to_crs("EPSG:4326")
        running = result.next.running_gain
        found["proposals"] = plain_table(
            result.next.proposals.assign(
                elderly_gained_running=running, lon=spots.x.round(6), lat=spots.y.round(6)
            )
        )
        for name, lines in (
            ("weak_links", result.next.links), ("shortcuts", result.next.shortcuts),
        ):  # fmt: skip
            if lines is not None:
                found[name] = line_table(lines)
    if result.visits is not None:
        found |= visits_tables(result.visits)
    if result.services is not None:
        found["services"] = result.services.table
        found["service_gaps"] = plain_table(result.services.gaps)
    return found if result.areas is None else {"areas": plain_table(result.areas), **found}


def visits_tables(found: HomeVisits) -> dict[str, pd.DataFrame]:
    """Return care that comes home by facility and by area, each by way to go."""
    return {"visits": found.facilities, "visits_areas": found.areas}


def line_table(lines: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return lines with the degrees of their middles, as a table shows them."""
    spots = middles(lines).to_crs("EPSG:4326")
    return plain_table(lines.assign(lon=spots.x.round(6), lat=spots.y.round(6)))


def _zones(result: Findings, zones: pd.DataFrame) -> pd.DataFrame:
    """Return the zones' figures, in the order of what money wins in them where that is known."""
    if result.next is None or result.next.zones is None:
        return zones.reset_index()
    ranked = result.next.zones
    rest = [name for name in zones.index if name not in ranked.index]
    every = pd.Index([*ranked.index, *rest], name=zones.index.name)
    return pd.concat([ranked.reindex(every), zones.reindex(every)], axis=1).reset_index()


def about(result: Findings) -> list[Line]:
    """Return what a reader of the tables alone must know, with a label each."""
    study, people = result.study, result.summary["people"]
    zh, en = headline(result, shown_tier(result))
    return [
        ("研究 Study", study.title or study.name),
        *(("注意 Notice", notice) for notice in study.notices),
        *([("假设 Assumed", people["assumed"])] if people and people["assumed"] else []),
        ("结论", zh),
        ("Headline", en),
        ("步行者 Walker", f"{study.walker}, {study.walking.level_speed_mps:g} m/s"),
        ("方向 Direction", DIRECTIONS[study.direction]),
        ("时限（分钟） Minutes", thresholds(study, TIER_NAMES_ZH)),
        ("数据来源 Source", ATTRIBUTION),
        *(("数据提示 Note", warning) for warning in result.summary["warnings"]),
    ]


def to_csv(table: pd.DataFrame) -> bytes:
    """Return a table as CSV in UTF-8 with a byte order mark, numbers to at most six digits.

    A text that a spreadsheet would run as a formula has an apostrophe before it: names come from
    files of others, and a CSV is opened with a click.
    """
    safe = table.copy(deep=False)
    for place, dtype in enumerate(table.dtypes):
        if not pd.api.types.is_numeric_dtype(dtype):
            values = table.iloc[:, place].tolist()
            safe.isetitem(place, pd.array(_each(_harmless, values), dtype=object))
    text = safe.to_csv(index=False, float_format=_number, lineterminator="\r\n")
    return text.encode("utf-8-sig")


def to_workbook(sheets: Mapping[str, pd.DataFrame], said: Iterable[Line] = ()) -> bytes:
    """Return the tables as one ``.xlsx``, a sheet each, text as text and numbers as numbers.

    Numbers are whole in their cells and shown to the digits that their column's name calls for. A
    column is headed by its name in Chinese, where it has one, over the name it has in the CSV.

    Parameters
    ----------
    sheets
        The tables by name.
    said
        What a first sheet says, if anything; see `about`.
    """
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with _uncollected(), xlsxwriter.Workbook(buffer, options) as book:
        # The clock belongs into the manifest; the same results give the same bytes.
        book.set_properties({"created": pd.Timestamp(2000, 1, 1).to_pydatetime()})
        if lines := list(said):
            _write_about(book, lines)
        head = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#e8eef0", "bottom": 1}
        )
        formats = {shown: book.add_format({"num_format": shown}) for _, shown in _SHOWN}
        for name, table in sheets.items():
            sheet = book.add_worksheet(_SHEETS.get(name, name))
            sheet.freeze_panes(1, 1)
            sheet.set_row(0, 50)
            for column, title in enumerate(map(str, table.columns)):
                words = column_words(title)
                heading = title if words is None else f"{words[0]}\n{title}"
                values = table.iloc[:, column].tolist()
                sheet.write_string(0, column, _text(heading), head)
                sheet.set_column(column, column, _width(title, values))
                shown = formats.get(_shown(title))
                for row, value in enumerate(_each(_cell, values), start=1):
                    if value is None:
                        continue
                    if isinstance(value, str):
                        sheet.write_string(row, column, value)
                    elif isinstance(value, bool):
                        sheet.write_boolean(row, column, value)
                    else:
                        sheet.write_number(row, column, value, shown)
            sheet.autofilter(0, 0, max(len(table), 1), max(len(table.columns) - 1, 0))
    return buffer.getvalue()


def _write_about(book: xlsxwriter.Workbook, lines: list[Line]) -> None:
    sheet = book.add_worksheet(_ABOUT)
    bold = book.add_format({"bold": True, "valign": "top"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    warned = book.add_format({"text_wrap": True, "valign": "top", "bg_color": "#ffe9b8"})
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 96)
    for row, (label, text) in enumerate(lines):
        marked = label.endswith(("Notice", "Assumed"))
        sheet.write_string(row, 0, label, bold)
        sheet.write_string(row, 1, _text(text), warned if marked else wrapped)


def plain_table(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return a frame without its geometry, its index a column."""
    return pd.DataFrame(frame.drop(columns=frame.geometry.name)).reset_index()


def _shown(title: str) -> str:
    """Return how a column's numbers are shown; an empty text leaves it to the program."""
    return next((shown for names, shown in _SHOWN if names.search(title)), "")


def _width(title: str, values: list[object]) -> float:
    """Return how wide a column is, in digits: its texts, or two lines of what it is called."""
    texts = {value for value in values if isinstance(value, str)}
    longest = max(map(_digits, texts), default=0)
    words = column_words(title)
    # Its Chinese name may take two lines of the three; its own name takes one.
    heading = max(_digits(title), _digits(words[0]) / 2 + 2 if words else 0)
    return min(max(_NARROWEST, longest + 1, heading + 3), _WIDEST)


def _digits(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _number(value: object) -> str:
    """Return a number to six digits, without those that say nothing: 30, not 30.000000."""
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the collector of cycles away while millions of cells are made, none in a cycle."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _each(of: Callable[[object], object], values: list[object]) -> list[object]:
    """Return what a function makes of each value, worked out once for each text."""
    made = {text: of(text) for text in {value for value in values if isinstance(value, str)}}
    return [made[value] if isinstance(value, str) else of(value) for value in values]


def _cell(value: object) -> bool | str | float | None:
    """Return what a cell of a sheet holds, None for nothing."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, (int, float)) and math.isfinite(value):
        return value
    return None


def _text(value: str) -> str:
    """Return a text that a file can hold: half characters replaced, cut to what a cell takes."""
    return value.encode("utf-8", "replace").decode("utf-8")[:_LONGEST_CELL]


def _harmless(value: object) -> object:
    """Keep a text that a spreadsheet would run as a formula a text."""
    if not isinstance(value, str):
        return value
    return f"'{_text(value)}" if value.startswith(_FORMULA_STARTS) else _text(value)
