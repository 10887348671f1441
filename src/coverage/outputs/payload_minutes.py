"""Minutes and seconds of every choice as whole numbers, each told from one that is like it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..circle import TIE_MIN
from ..walkers import Walker
from .packing import Section

BEYOND = 255
"""Code of what lies beyond the last minute, or has no way."""
IMPASSABLE = 65535
"""Tenths of a second of a link that a walker cannot pass."""

_QUANTA = (8, 4)


def quantum(minutes: Sequence[float]) -> int:
    """Return in how many codes a minute is divided, so that the last of `minutes` has one."""
    return next(q for q in _QUANTA if max(minutes) * q < BEYOND)


def minute_codes(
    values: NDArray[np.floating], minutes: Sequence[float], per_minute: int
) -> NDArray[np.uint8]:
    """Return codes, rounded up, of minutes; `BEYOND` for NaN and for more than the last cut.

    Parameters
    ----------
    values
        Minutes, of any shape.
    minutes
        The cuts that may be asked for, ascending.
    per_minute
        See `quantum`.

    Returns
    -------
    codes
        ``code / per_minute <= cut`` exactly when the value is within the cut (by a microsecond, as
        everywhere), for every cut that differs from the others by a code or more.
    """
    cuts = np.asarray(minutes, dtype=float)
    values = np.asarray(values, dtype=float)
    within = np.searchsorted(cuts + TIE_MIN, values)
    last = np.floor(cuts * per_minute)
    lowest, highest = np.r_[0, last + 1], np.r_[last, BEYOND]
    code = np.ceil((np.nan_to_num(values) - TIE_MIN) * per_minute)
    code = np.minimum(np.maximum(code, lowest[within]), highest[within])
    return np.where(within < len(cuts), code, BEYOND).astype(np.uint8)


def minutes_of(
    name: str, codes: NDArray[np.uint8], walkers: Sequence[Walker]
) -> list[list[Section]]:
    """Return the ways to store codes, shape (W, D, T, N), one section for each choice.

    A choice is told from its neighbour in place, from the first direction of the same walker, or
    from another walker, whose minutes differ by about the ratio of their speeds.
    """
    sections = []
    for walker, direction, tier in np.ndindex(codes.shape[:3]):
        own = f"{name}.{walker}.{direction}.{tier}"
        others = dict.fromkeys((0, walker - 1)) if walker else {}
        bases = [
            *([(f"{name}.{walker}.0.{tier}", 1.0)] if direction else []),
            *((f"{name}.{o}.{direction}.{tier}", _ratio(walkers, o, walker)) for o in others),
        ]
        array = codes[walker, direction, tier]
        sections.append(
            [
                Section(own, array),
                Section(own, array, delta=True),
                *(Section(own, array, base=base, factor=factor) for base, factor in bases),
            ]
        )
    return sections


def times_of(
    seconds: NDArray[np.float64], walkers: Sequence[Walker], *, metres: str
) -> list[list[Section]]:
    """Return the ways to store the seconds along links, shape (W, 2, L), infinite where there is
    none.

    Parameters
    ----------
    seconds
        From a to b and from b to a.
    walkers
        Whose they are.
    metres
        The section with the links' lengths in decimetres, as u16.
    """
    tenths = np.minimum(np.rint(np.where(np.isinf(seconds), 0, seconds) * 10), IMPASSABLE - 1)
    units = np.where(np.isinf(seconds), IMPASSABLE, tenths).astype("u2")
    sections = []
    for walker in range(len(walkers)):
        for way, label in enumerate(("ab", "ba")):
            own, array = f"time.{walker}.{label}", units[walker, way]
            if walker:
                base, factor = f"time.0.{label}", _ratio(walkers, 0, walker)
            elif way:
                base, factor = "time.0.ab", 1.0
            else:
                # A decimetre takes as many tenths of a second as a metre takes seconds.
                base, factor = metres, 1 / walkers[0].level_speed_mps
            sections.append([Section(own, array), Section(own, array, base=base, factor=factor)])
    return sections


def _ratio(walkers: Sequence[Walker], other: int, walker: int) -> float:
    return round(walkers[other].level_speed_mps / walkers[walker].level_speed_mps, 4)
