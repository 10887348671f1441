"""The numbers of the map in one compressed block.

The block is a raw deflate stream (no header, no checksum) of::

    u32      length of the JSON in bytes, little endian
    JSON     UTF-8: {"meta": {...}, "sections": [...]}, then zeros up to a multiple of 8
    sections one after the other, each followed by zeros up to a multiple of 8

``sections`` lists ``name``, ``type`` (``u8 i8 u16 i16 u32 i32 f32 f64``), ``count``, ``offset``
(from the first byte after the JSON and its zeros), ``bytes`` (without the zeros), ``delta``,
``base`` and ``factor``. The bytes of a section stand in *planes*: the lowest byte of every element,
then the second, and so on, because neighbours share their high bytes and deflate finds that.
``delta`` stands for differences to the element before (the first as it is); ``base`` stands for
differences to ``floor(base[i] * factor + 0.5)``, kept within the range of the type, of a section
that comes earlier and has the same type and count. Differences wrap around in the integers of the
section; no section has both.
"""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

TYPES: dict[str, np.dtype[Any]] = {
    "u8": np.dtype("<u1"),
    "i8": np.dtype("<i1"),
    "u16": np.dtype("<u2"),
    "i16": np.dtype("<i2"),
    "u32": np.dtype("<u4"),
    "i32": np.dtype("<i4"),
    "f32": np.dtype("<f4"),
    "f64": np.dtype("<f8"),
}
"""The types of a section by their names in the JSON."""

_NAMES = {dtype: name for name, dtype in TYPES.items()}
_ALIGNMENT = 8
_LEVEL = 7
"""Of deflate: a city takes 1 s; level 9 makes it 1 % smaller in 8 s."""


@dataclass(frozen=True, slots=True)
class Section:
    """One array of the block and how it is stored.

    Attributes
    ----------
    name
        Lower-case, parts joined by dots: ``"node.x"``.
    array
        (N,) of one of `TYPES`.
    delta
        Store differences between neighbours (integers only).
    base
        Name of an earlier section of the same type and count to store differences to.
    factor
        What `base` is multiplied by first.
    """

    name: str
    array: NDArray[Any]
    delta: bool = False
    base: str | None = None
    factor: float = 1.0


def pack(meta: Mapping[str, Any], sections: Iterable[Section | Sequence[Section]]) -> bytes:
    """Everything in one raw deflate stream; the same input gives the same bytes.

    Parameters
    ----------
    meta
        What JSON can hold, without NaN. Half a surrogate pair in a text becomes ``?``.
    sections
        In the order in which they are to be decoded; names are unique. Of several ways to store one
        array, given together, the smallest is taken.

    Raises
    ------
    ValueError
        For a section that breaks a rule of this module.
    """
    listed: list[dict[str, Any]] = []
    earlier: dict[str, NDArray[Any]] = {}
    body = bytearray()
    for given in sections:
        section = given if isinstance(given, Section) else _smallest(given, earlier)
        array = _checked(section, earlier)
        stored = _planes(_encoded(array, section, earlier))
        listed.append(
            {
                "name": section.name,
                "type": _NAMES[array.dtype],
                "count": len(array),
                "offset": len(body),
                "bytes": len(stored),
                "delta": section.delta,
                "base": section.base,
                "factor": section.factor,
            }
        )
        body += stored + _padding(len(stored))
        earlier[section.name] = array
    words = json.dumps(
        {"meta": meta, "sections": listed},
        ensure_ascii=False,
        allow_nan=False,
        separators=(",", ":"),
    ).encode("utf-8", "replace")
    head = len(words).to_bytes(4, "little") + words
    squeeze = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, 9)
    return squeeze.compress(head + _padding(len(head)) + bytes(body)) + squeeze.flush()


def unpack(block: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The exact inverse of `pack`: the meta and the arrays by name.

    It is what the page's JavaScript does, in Python: the reference for it.
    """
    raw = zlib.decompress(block, -zlib.MAX_WBITS)
    length = int.from_bytes(raw[:4], "little")
    content = json.loads(raw[4 : 4 + length].decode("utf-8"))
    start = 4 + length + len(_padding(4 + length))
    arrays: dict[str, NDArray[Any]] = {}
    for entry in content["sections"]:
        dtype, count = TYPES[entry["type"]], int(entry["count"])
        begin = start + int(entry["offset"])
        planes = np.frombuffer(raw[begin : begin + int(entry["bytes"])], np.uint8)
        array = planes.reshape(dtype.itemsize, count).T.copy().reshape(-1).view(dtype)
        if entry["delta"]:
            array = np.cumsum(array, dtype=dtype)
        elif entry["base"] is not None:
            array = array + _prediction(arrays[entry["base"]], entry["factor"])
        arrays[entry["name"]] = array
    return content["meta"], arrays


def _smallest(ways: Sequence[Section], earlier: Mapping[str, NDArray[Any]]) -> Section:
    """The way to store an array that deflate makes most of."""

    def size(section: Section) -> int:
        array = _checked(section, earlier)
        return len(zlib.compress(_planes(_encoded(array, section, earlier)), 1))

    return min(ways, key=size)


def _checked(section: Section, earlier: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """The array in little endian, when the section keeps the rules."""
    array = np.ascontiguousarray(section.array)
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    if section.name in earlier:
        raise ValueError(f"section {section.name!r} is given twice")
    if array.ndim != 1 or array.dtype not in _NAMES:
        raise ValueError(
            f"section {section.name!r} must have one dimension and one of the types "
            f"{', '.join(TYPES)}; it has {array.ndim} and {array.dtype}"
        )
    if not section.delta and section.base is None:
        return array
    if section.delta and section.base is not None:
        raise ValueError(f"section {section.name!r} cannot have both delta and a base")
    if array.dtype.kind == "f":
        raise ValueError(f"section {section.name!r} holds fractions, which have no differences")
    if section.base is not None:
        base = earlier.get(section.base)
        if base is None or base.dtype != array.dtype or len(base) != len(array):
            raise ValueError(
                f"the base {section.base!r} of section {section.name!r} must come earlier and "
                "have its type and count"
            )
    return array


def _encoded(
    array: NDArray[Any], section: Section, earlier: Mapping[str, NDArray[Any]]
) -> NDArray[Any]:
    """What is stored for an array: itself, or wrapped differences."""
    if section.delta:
        stored = array.copy()
        stored[1:] -= array[:-1]
        return stored
    if section.base is not None:
        return np.asarray(array - _prediction(earlier[section.base], section.factor))
    return array


def _prediction(base: NDArray[Any], factor: float) -> NDArray[Any]:
    """The base times the factor, rounded half up, the most or the least of its type beyond it."""
    limits = np.iinfo(base.dtype)
    return np.clip(np.floor(base * float(factor) + 0.5), limits.min, limits.max).astype(base.dtype)


def _planes(array: NDArray[Any]) -> bytes:
    """The lowest byte of every element, then the second, ..."""
    return array.view(np.uint8).reshape(len(array), array.dtype.itemsize).T.tobytes()


def _padding(length: int) -> bytes:
    return bytes(-length % _ALIGNMENT)
