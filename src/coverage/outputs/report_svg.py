"""Pictures of the report as inline SVG: crisp in print, each text in both languages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from .report_words import Markup, Words

WIDTH = 460.0
"""Width of a chart in its own units: two stand beside each other on a page, one on a phone."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture with what it shows and what it says.

    Attributes
    ----------
    name
        Its id in the page.
    title
        What it shows.
    says
        What a reader should take from it, in a sentence or two; its description for those who
        cannot see it.
    picture
        The SVG.
    """

    name: str
    title: Words
    says: Words
    picture: Markup

    @property
    def html(self) -> Markup:
        """The figure as part of the page."""
        return Markup(
            f'<figure id="{self.name}"><h3 id="{self.name}-title">{self.title.html}</h3>'
            f"{self.picture}"
            f'<figcaption id="{self.name}-says">{self.says.html}</figcaption></figure>'
        )


def picture(
    name: str, height: float, parts: Iterable[str], *, width: float = WIDTH, kind: str = "chart"
) -> Markup:
    """Return an SVG that is described by the title and the caption of its figure."""
    return Markup(
        f'<svg class="{kind}" viewBox="0 0 {number(width)} {number(height)}" role="img" '
        f'aria-labelledby="{name}-title" aria-describedby="{name}-says">{"".join(parts)}</svg>'
    )


def number(value: float) -> str:
    """Return a coordinate to a tenth of a unit."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def text(x: float, y: float, content: Words | str, kind: str = "", *, anchor: str = "") -> str:
    """Return a text; `anchor` is ``middle`` or ``end``, `kind` a class of the style sheet."""
    said = content.svg if isinstance(content, Words) else escape(content)
    about = f' class="{kind}"' if kind else ""
    about += f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{number(x)}" y="{number(y)}"{about}>{said}</text>'


def rect(x: float, y: float, width: float, height: float, fill: str) -> str:
    """Return a filled rectangle; none that is too narrow to be seen."""
    if width < 0.05 or height < 0.05:
        return ""
    return (
        f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}" '
        f'height="{number(height)}" fill="{fill}"/>'
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """Return a straight line of a class of the style sheet."""
    return (
        f'<line x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}" '
        f'class="{kind}"/>'
    )


def polyline(xs: Sequence[float], ys: Sequence[float], colour: str, dash: str = "") -> str:
    """Return a curve through points."""
    points = " ".join(f"{number(x)},{number(y)}" for x, y in zip(xs, ys, strict=True))
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<polyline points="{points}" class="curve" stroke="{colour}"{dashed}/>'


def dot(x: float, y: float, radius: float, fill: str) -> str:
    """Return a dot."""
    return f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}" fill="{fill}"/>'


def apart(places: Sequence[float], gap: float, least: float, most: float) -> list[float]:
    """Move labels as little as needed to stand `gap` apart, between `least` and `most`."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = [places[i] for i in order]
    for i, place in enumerate(moved):
        moved[i] = max(place, moved[i - 1] + gap if i else least)
    for i in reversed(range(len(moved))):
        last = i == len(moved) - 1
        moved[i] = min(moved[i], most if last else moved[i + 1] - gap)
    at = dict(zip(order, moved, strict=True))
    return [at[i] for i in range(len(places))]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a stacked bar: how much, its colour, and the label upon it."""

    value: float
    fill: str
    label: Words | str
    dark: bool = True


@dataclass(frozen=True, slots=True)
class Bar:
    """A stacked bar with its heading."""

    heading: Words
    parts: tuple[Part, ...]

    @property
    def total(self) -> float:
        """The length of the whole bar."""
        return sum(part.value for part in self.parts)


def stacked(bars: Sequence[Bar], *, top: float, digit: float = 7.6) -> tuple[list[str], float]:
    """Return stacked bars on one scale, and where they end.

    A label that does not fit upon its part is left out: what it says must also stand elsewhere.
    """
    longest = max((bar.total for bar in bars), default=0.0) or 1.0
    drawn, y = [], top
    for bar in bars:
        drawn.append(text(0, y + 12, bar.heading, "b"))
        x = 0.0
        for part in bar.parts:
            width = WIDTH * part.value / longest
            drawn.append(rect(x, y + 19, max(width - 1, 0.6) if width else 0, 24, part.fill))
            length = len(part.label.en if isinstance(part.label, Words) else part.label)
            if width > length * digit + 8:
                kind = "on" if part.dark else "off"
                drawn.append(text(x + width / 2, y + 35.5, part.label, kind, anchor="middle"))
            x += width
        y += 58
    return drawn, y


def key(
    entries: Sequence[tuple[str, Words]], *, top: float, columns: int
) -> tuple[list[str], float]:
    """Return what colours mean, in columns, and where the list ends."""
    drawn = []
    for place, (fill, meaning) in enumerate(entries):
        x, y = WIDTH / columns * (place % columns), top + 20 * (place // columns)
        drawn += [rect(x, y + 2, 12, 12, fill), text(x + 18, y + 12.5, meaning, "q")]
    return drawn, top + 20 * -(-len(entries) // columns)
