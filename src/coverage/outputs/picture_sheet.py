"""The sheet of ``map.png``: letters, rectangles and lines in pixels from its top left corner."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle
from matplotlib.patheffects import Normal, withStroke
from matplotlib.text import Text

from .lettering import Lettering

WIDTH, HEIGHT = 2400, 1700
"""Of the picture, pixels; one point is one pixel."""

TEXT_PX, SMALL_PX = 29.0, 24.0
INK, FAINT = "#1c1b19", "#5d5950"

Style = Mapping[str, Any]
"""How matplotlib is to draw something."""


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the sheet."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.top + self.height


class Sheet:
    """A sheet to write and draw on, over all of a figure."""

    def __init__(self, figure: Figure, lettering: Lettering) -> None:
        self.lettering = lettering
        self.axes: Axes = figure.add_axes((0, 0, 1, 1), zorder=2)
        self.axes.set_axis_off()
        self.axes.set_xlim(0, WIDTH)
        self.axes.set_ylim(HEIGHT, 0)

    def write(
        self, text: str, left: float, top: float, size: float = TEXT_PX, *, width: float = WIDTH,
        colour: str = INK, heavy: bool = False,
    ) -> None:  # fmt: skip
        """Write a line, cut to a width; what the font lacks is left out."""
        shown = self.lettering.cut(self.lettering.text(text, longest=1_000), size, width)
        written = self.axes.text(
            left, top + size, shown, color=colour, parse_math=False, va="baseline",
            fontproperties=self.lettering.properties(size),
        )  # fmt: skip
        if heavy:
            # The font comes in its regular weight alone.
            written.set_path_effects([withStroke(linewidth=size / 28, foreground=colour)])

    def rectangle(self, box: Box, style: Style) -> None:
        """Draw a rectangle."""
        self.axes.add_patch(Rectangle((box.left, box.top), box.width, box.height, **style))

    def line(self, start: tuple[float, float], end: tuple[float, float], style: Style) -> None:
        """Draw a line."""
        self.axes.plot((start[0], end[0]), (start[1], end[1]), **style)

    def mark(self, left: float, top: float, style: Style) -> None:
        """Draw a mark as `Axes.scatter` does."""
        self.axes.scatter([left], [top], **style)

    def scale(self, box: Box, metres_per_px: float) -> None:
        """Draw a scale bar and a north arrow."""
        metres = round_length(metres_per_px * (box.width - 120))
        part = metres / metres_per_px / 4
        for number in range(4):
            bar = Box(box.left + 4 + number * part, box.bottom - 26, part, 12)
            face = "white" if number % 2 else INK
            self.rectangle(bar, {"facecolor": face, "edgecolor": INK, "linewidth": 1.5})
        words = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
        self.write("0", box.left, box.bottom - 68, SMALL_PX)
        end = box.left + 4 + 4 * part
        self.write(words, end - self.lettering.width(words, SMALL_PX), box.bottom - 68, SMALL_PX)
        x, y = box.right - 34, box.bottom - 96
        arrow = [(x, y), (x + 17, y + 56), (x, y + 43), (x - 17, y + 56)]
        self.axes.add_patch(Polygon(arrow, facecolor=INK, edgecolor="none"))
        self.write("N", x - 9, y + 54, SMALL_PX)


def halo(text: Text) -> None:
    """Set a text off from what is under it."""
    text.set_path_effects([withStroke(linewidth=5, foreground="white"), Normal()])


def round_length(longest_m: float) -> float:
    """Return the longest of 1, 2 and 5 times a power of ten that is no longer, metres."""
    power = 10.0 ** math.floor(math.log10(longest_m))
    return next(power * digit for digit in (5, 2, 1) if power * digit <= longest_m)
