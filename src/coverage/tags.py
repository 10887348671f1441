"""Numbers in OpenStreetMap tags: read where they make sense, counted where they do not."""

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

OPEN_TUNNELS = ("no", "building_passage", "covered")
"""Values of ``tunnel`` that are not under ground: passages through buildings, roofed ways."""
MOST_STEPS = 3000
STEEPEST = 1.5
"""A stair of 56 degrees; what claims to be steeper is a slip of the keyboard."""

_GRADE = re.compile(r"^([+-]?\d+(?:\.\d+)?)\s*(%|°)$")


def step_counts(ways: pd.DataFrame) -> tuple[NDArray[np.float64], int]:
    """Return ``step_count`` of every way (NaN where absent or absurd), and how many are absurd."""

    def parse(text: str) -> float:
        count = int(text) if text.isdecimal() else 0
        return float(count) if 1 <= count <= MOST_STEPS else np.nan

    return _numbers(ways, "step_count", parse)


def inclines(ways: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Return what ``incline`` says of every way.

    Returns
    -------
    sign
        +1 where the way climbs as drawn, -1 where it falls, NaN where the tag does not say.
    grade
        Rise over length, NaN where the tag gives no number.
    absurd
        How many tags say neither.
    """
    said = ways["incline"]
    sign = said.map({"up": 1.0, "down": -1.0}).to_numpy(dtype=float, na_value=np.nan)

    def parse(text: str) -> float:
        match = _GRADE.match(text)
        if text in {"up", "down"}:
            return 0.0
        if match is None:
            return np.nan
        number = float(match[1])
        grade = number / 100 if match[2] == "%" else float(np.tan(np.radians(number)))
        return grade if abs(grade) <= STEEPEST else np.nan

    grade, absurd = _numbers(ways, "incline", parse)
    grade = np.where(np.isnan(sign), grade, np.nan)
    return np.where(np.isnan(sign), np.sign(grade), sign), grade, absurd


def layers(ways: pd.DataFrame) -> tuple[NDArray[np.float64], int]:
    """Return the ``layer`` of every way, and how many are absurd.

    Without the tag a bridge is on layer 1, a tunnel on -1 and everything else on 0.
    """

    def parse(text: str) -> float:
        number = float(text) if re.fullmatch(r"[+-]?\d+(\.\d+)?", text) else np.nan
        return number if abs(number) <= 10 else np.nan

    layer, absurd = _numbers(ways, "layer", parse)
    implied = is_set(ways, "bridge").astype(float) - in_tunnel(ways).astype(float)
    said = ~np.isnan(layer) & (layer != 0)
    return np.where(said, layer, implied), absurd


def is_set(ways: pd.DataFrame, key: str) -> NDArray[np.bool_]:
    """Return where a tag is there and does not say no, shape (W,)."""
    if key not in ways:
        return np.zeros(len(ways), dtype=bool)
    values = ways[key]
    return (values.notna() & (values != "no")).to_numpy(dtype=bool)


def in_tunnel(ways: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which ways run under ground; a passage through a building does not."""
    if "tunnel" not in ways:
        return np.zeros(len(ways), dtype=bool)
    return is_set(ways, "tunnel") & ~ways["tunnel"].isin(list(OPEN_TUNNELS)).to_numpy()


def _numbers(
    ways: pd.DataFrame, key: str, parse: Callable[[str], float]
) -> tuple[NDArray[np.float64], int]:
    """Parse a column, once for each distinct value."""
    said = ways[key]
    parsed = {text: parse(str(text).strip()) for text in said.dropna().unique()}
    values = said.map(parsed).to_numpy(dtype=float, na_value=np.nan)
    return values, int((said.notna().to_numpy() & np.isnan(values)).sum())
