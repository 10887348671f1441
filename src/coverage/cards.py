"""Cards: the small tables that Jupyter shows for a study, a result, a walk.

Styles stand in the elements and name no colour of text or ground, so that a card fits a light and a
dark notebook. What comes from the data is escaped, and closed off where it runs from right to left.
"""

import re
from collections.abc import Iterable, Sequence
from html import escape

_CARD = "max-width:60em;margin:0 0 1em;line-height:1.5;overflow-wrap:anywhere"
_RULE = "1px solid rgba(128,128,128,.35)"
_NOTICE = (
    "margin:.3em 0;padding:.3em .7em;border-left:4px solid #c98500;background:rgba(201,133,0,.12)"
)
_CELL = f"padding:.25em .7em;border-bottom:{_RULE};background:none;vertical-align:baseline"
_NAME = "text-align:left;white-space:nowrap;font-weight:normal;opacity:.75"
_SMALL = "font-size:.88em;opacity:.75"


def text_of(value: object, *, longest: int = 160) -> str:
    """Return a value of the data as text on one line, cut if long; not yet markup."""
    text = str(value).encode("utf-8", "replace").decode("utf-8")
    text = re.sub(r"[\x00-\x1f\x7f\u2028\u2029]+", " ", text).strip()
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def datum(value: object, *, longest: int = 160) -> str:
    """Return a value of the data as markup: its text on one line, cut if long."""
    return f"<bdi>{escape(text_of(value, longest=longest))}</bdi>"


def card(title: str, *parts: str) -> str:
    """Return a card: a title and parts, all of them markup."""
    heading = f'<div style="font-weight:600;font-size:1.1em;margin:.2em 0">{title}</div>'
    return f'<div style="{_CARD}">{heading}{"".join(parts)}</div>'


def line(markup: str, *, small: bool = False) -> str:
    """Return a line of a card."""
    return f'<div style="{_SMALL if small else "margin:.2em 0"}">{markup}</div>'


def notices(texts: Iterable[object]) -> str:
    """Return notices, whole: they may say why a figure must not be used."""
    shown = [datum(text, longest=5_000) for text in texts]
    return "".join(f'<div role="note" style="{_NOTICE}">{text}</div>' for text in shown)


def folded(heading: str, texts: Sequence[object]) -> str:
    """Return lines of the data that open at a click on their heading; nothing without any."""
    if not texts:
        return ""
    lines = "".join(f"<li>{datum(text, longest=5_000)}</li>" for text in texts)
    return f'<details style="{_SMALL}"><summary>{heading}</summary><ul>{lines}</ul></details>'


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Return a table of names and values, all of them markup."""
    lines = (
        f'<tr><th scope="row" style="{_CELL};{_NAME}">{name}</th>'
        f'<td style="{_CELL};text-align:left">{value}</td></tr>'
        for name, value in rows
    )
    return _table("".join(lines))


def table(heads: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column names its rows; all of it markup.

    Parameters
    ----------
    heads
        The heading of each column in Chinese and in English.
    rows
        The cells of each row.
    """
    top = "".join(
        f'<th scope="col" style="{_CELL};text-align:{_side(column)}">{zh}'
        f'<br><span style="{_SMALL};font-weight:normal">{en}</span></th>'
        for column, (zh, en) in enumerate(heads)
    )
    lines = (
        "<tr>"
        + "".join(
            f'<td style="{_CELL};text-align:{_side(column)}">{cell}</td>'
            for column, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return _table(f"<tr>{top}</tr>{''.join(lines)}")


def _side(column: int) -> str:
    return "right;white-space:nowrap" if column else "left"


def _table(rows: str) -> str:
    style = "border-collapse:collapse;margin:.4em 0;font-size:1em"
    return f'<div style="overflow-x:auto"><table style="{style}">{rows}</table></div>'
