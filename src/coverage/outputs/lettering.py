"""The letters of the picture: one font that has them, and text cut down to what the font has.

A character that a font lacks would be drawn as a box. The font of the dependency
``noto-cjk-sans-otc`` (Noto Sans CJK, OFL 1.1) has every Chinese character in use and is the same on
every machine; where it was left out, a font of the system takes its place, and where there is none,
the picture says less rather than draw boxes.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from matplotlib import font_manager
from matplotlib.font_manager import FontPath, FontProperties
from matplotlib.ft2font import FT2Font, LoadFlags

from .map_words import plain

PACKAGE = "noto-cjk-sans-otc"
"""The package that carries the font."""
_FACE = "Noto Sans CJK SC"
_OF_THE_SYSTEM = (
    _FACE, "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "Microsoft YaHei",
    "PingFang SC", "Hiragino Sans GB", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimHei",
    "Droid Sans Fallback", "Heiti SC", "STHeiti", "DengXian", "SimSun", "Noto Serif CJK SC",
    "Arial Unicode MS",
)  # fmt: skip
"""Names under which Chinese fonts are found, the most legible first."""

_REGULAR = 400
_MEASURED_PX, _HINTED = 1000.0, 1.02
_LEFT_OUT = "…"
_DRAWN_AS_NOTHING = {"Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me", "So", "Sk"}
_SPLIT = re.compile(
    r"\s+|[!-\u024f]+[，。、；：！？）」』”%]*|.[，。、；：！？）」』”]*", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Lettering:
    """A font and what can be written with it; lengths are in the pixels of the picture."""

    path: FontPath
    chinese: bool = True
    """Whether Chinese can be written."""
    _font: FT2Font = field(init=False, repr=False)
    _advance: dict[str, float] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_font", FT2Font(self.path, face_index=self.path.face_index))
        self._font.set_size(_MEASURED_PX, 72)

    def properties(self, size: float) -> FontProperties:
        """Return the font in a size, as matplotlib wants it."""
        return FontProperties(fname=self.path, size=size)

    def has(self, character: str) -> bool:
        """Tell whether the font has a character."""
        return self._font.get_char_index(ord(character)) != 0

    def text(self, value: object, *, longest: int = 160) -> str:
        """Return a value of the data as text on one line that holds what the font can write.

        Marks and signs that it lacks go; letters that it lacks become one ``…`` a run, and a text
        of nothing else becomes empty.
        """
        shown = []
        for character in unicodedata.normalize("NFC", plain(value, longest=longest)):
            kind = unicodedata.category(character)
            if kind not in {"Cc", "Cf", "Cs"} and self.has(character):
                shown.append(character)
            elif kind[0] == "Z":
                shown.append(" ")
            elif kind not in _DRAWN_AS_NOTHING and shown[-1:] != [_LEFT_OUT]:
                shown.append(_LEFT_OUT)
        text = re.sub(r" +", " ", "".join(shown)).strip()
        # Nothing but gaps says nothing.
        return "" if _LEFT_OUT in shown and not any(map(str.isalnum, text)) else text

    def both(self, zh: str, en: str, between: str = " ") -> str:
        """Return both languages, or the second alone where the font knows no Chinese."""
        return f"{zh}{between}{en}" if self.chinese else en

    def width(self, text: str, size: float) -> float:
        """Return how wide a text is, rather too much than too little."""
        for letter in set(text).difference(self._advance):
            glyph = self._font.load_char(ord(letter), LoadFlags.NO_HINTING)
            self._advance[letter] = glyph.linearHoriAdvance / 65536 / _MEASURED_PX
        # Hinting moves every letter by up to half a pixel.
        return sum(self._advance[letter] for letter in text) * size * _HINTED

    def cut(self, text: str, size: float, width: float) -> str:
        """Return a text that is no wider, its end left out where needed."""
        if self.width(text, size) <= width:
            return text
        end = len(text)
        while end and self.width(text[:end] + _LEFT_OUT, size) > width:
            end -= 1
        return text[:end].rstrip() + _LEFT_OUT

    def lines(self, text: str, size: float, width: float, most: int) -> list[str]:
        """Return a text in at most so many lines, the last one cut if there is more of it.

        Lines break between words, and anywhere in Chinese but before its punctuation.
        """
        lines = [""]
        for part in self._parts(text, size, width):
            if lines[-1] and self.width(lines[-1] + part.rstrip(), size) > width:
                if len(lines) == most:
                    return [*lines[:-1], self.cut(lines[-1] + part + _LEFT_OUT, size, width)]
                lines.append("")
            lines[-1] += part if lines[-1] else part.lstrip()
        return [line.rstrip() for line in lines if line.strip()]

    def _parts(self, text: str, size: float, width: float) -> Iterator[str]:
        for part in _SPLIT.findall(text):
            # A word wider than a line breaks where it must.
            yield from part if self.width(part, size) > width else (part,)


def find_lettering(chinese: str) -> Lettering:
    """Return the first font that has every one of some characters, else the one with the most.

    Parameters
    ----------
    chinese
        The Chinese characters that are to be written.

    Returns
    -------
    lettering
        With the package's font if it is installed, else a font of the system, else matplotlib's
        own, which knows no Chinese.
    """
    if (path := _packaged()) is not None:
        return Lettering(path)
    best: tuple[int, FontPath | None] = (0, None)
    for path in _of_the_system():
        found = Lettering(path)
        count = sum(found.has(character) for character in chinese)
        if count == len(chinese):
            return found
        if count > best[0]:
            best = (count, path)
    if best[1] is not None:
        return Lettering(best[1])
    own = Path(font_manager.__file__).parent / "mpl-data/fonts/ttf/DejaVuSans.ttf"
    return Lettering(FontPath(str(own), 0), chinese=False)


def _packaged() -> FontPath | None:
    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError:
        return None
    for file in files:
        path = Path(str(file.locate()))
        if path.suffix == ".ttc" and path.is_file():
            faces = FT2Font(path).num_faces
            for index in range(faces):
                if FT2Font(path, face_index=index).family_name == _FACE:
                    return FontPath(str(path), index)
    return None


def _of_the_system() -> Iterator[FontPath]:
    """Yield fonts whose names promise Chinese, the most legible first."""
    entries = sorted(
        font_manager.fontManager.ttflist,
        key=lambda entry: (abs(_weight(entry) - _REGULAR), entry.fname, entry.index),
    )
    for name in _OF_THE_SYSTEM:
        for entry in entries:
            if entry.name == name and entry.style == "normal":
                yield FontPath(entry.fname, entry.index)


def _weight(entry: font_manager.FontEntry) -> int:
    weight = entry.weight
    return font_manager.weight_dict[weight] if isinstance(weight, str) else weight
