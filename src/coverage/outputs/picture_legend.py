"""The legend of ``map.png``: rows of a line, a box or a mark and what it means."""

from dataclasses import dataclass
from typing import Any

from .picture_sheet import FAINT, Box, Sheet, Style

_ROW_PX = 48.0
"""The height of a row, if there is room for it."""
_TALL, _ABOVE = 1.66, 0.3
"""The height of a row of two lines, and the room above a heading, in rows."""
_KEY_PX = 78.0


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the legend; without line, box and mark it is a heading."""

    zh: str
    en: str = ""
    line: Style | None = None
    box: Style | None = None
    mark: Style | None = None
    brief: bool = False
    """Whether both languages stand on one line."""

    @property
    def heading(self) -> bool:
        """Whether it is a heading."""
        return self.line is None and self.box is None and self.mark is None

    @property
    def height(self) -> float:
        """Its height in rows of one line."""
        return _TALL if self.en and not self.brief else 1.0


def draw_legend(sheet: Sheet, panel: Box, columns: list[list[Row]]) -> None:
    """Draw rows in columns beside each other, as large as there is room."""
    units = max(_height(rows) for rows in columns)
    high = min(_ROW_PX, panel.height / units)
    wide = panel.width / len(columns)
    for number, rows in enumerate(columns):
        _draw_rows(
            sheet, Box(panel.left + number * wide, panel.top, wide, panel.height), rows, high
        )


def _height(rows: list[Row]) -> float:
    return sum(row.height + (_ABOVE if row.heading else 0) for row in rows)


def _draw_rows(sheet: Sheet, panel: Box, rows: list[Row], high: float) -> None:
    size, top = high * 0.61, panel.top - high * _ABOVE
    for row in rows:
        top += high * _ABOVE if row.heading else 0
        left = panel.left if row.heading else panel.left + _KEY_PX
        room = panel.right - left
        first, second = row.zh, row.en
        if row.brief or (row.en and not sheet.lettering.chinese):
            first, second = sheet.lettering.both(row.zh, row.en), ""
        sheet.write(first, left, top, size, width=room, heavy=row.heading)
        sheet.write(second, left, top + high * 0.78, size * 0.8, width=room, colour=FAINT)
        _draw_key(sheet, row, panel.left, top + size * 0.75)
        top += high * row.height


def _draw_key(sheet: Sheet, row: Row, left: float, middle: float) -> None:
    if row.line is not None:
        sheet.line((left + 2, middle), (left + 62, middle), row.line)
    if row.box is not None:
        style: dict[str, Any] = {"edgecolor": "none", **row.box}
        sheet.rectangle(Box(left + 4, middle - 12, 56, 24), style)
    if row.mark is not None:
        sheet.mark(left + 32, middle, row.mark)
