"""What goes into the block of the map comes out of it again, to the last bit."""

import json
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from numpy.typing import NDArray

from coverage.outputs.packing import TYPES, Section, pack, unpack

INTEGERS = [name for name, dtype in TYPES.items() if dtype.kind != "f"]


def test_the_layout_is_what_the_page_reads_byte_by_byte() -> None:
    """Three u16 counting up by 257, as differences, lowest bytes first.

    258, 515, 772 are stored as 258, 257, 257: low bytes 2 1 1, high bytes 1 1 1.
    """
    block = pack(
        {"名": "</script>"}, [Section("a.b", np.array([258, 515, 772], np.uint16), delta=True)]
    )
    raw = zlib.decompress(block, -15)
    length = int.from_bytes(raw[:4], "little")
    assert json.loads(raw[4 : 4 + length].decode()) == {
        "meta": {"名": "</script>"},
        "sections": [
            {
                "name": "a.b",
                "type": "u16",
                "count": 3,
                "offset": 0,
                "bytes": 6,
                "delta": True,
                "base": None,
                "factor": 1.0,
            }
        ],
    }
    start = (4 + length + 7) // 8 * 8
    assert raw[4 + length : start] == bytes(start - 4 - length)
    assert raw[start:] == bytes([2, 1, 1, 1, 1, 1, 0, 0])


def test_a_base_is_multiplied_and_rounded_half_up() -> None:
    """5 * 1.5 = 7.5 counts as 8; 65535 * 1.5 is beyond the type and so counts as 65535."""
    sections = [
        Section("first", np.array([5, 4, 65535], np.uint16)),
        Section("second", np.array([8, 5, 65535], np.uint16), base="first", factor=1.5),
    ]
    block = pack({}, sections)
    raw = zlib.decompress(block, -15)
    assert raw[-8:] == bytes([0, 255, 0, 0, 255, 0, 0, 0])
    assert unpack(block)[1]["second"].tolist() == [8, 5, 65535]


def test_sections_begin_at_multiples_of_eight() -> None:
    block = pack({}, [Section("a", np.arange(9, dtype=np.uint8)), Section("b", np.ones(1))])
    raw = zlib.decompress(block, -15)
    listed = json.loads(raw[4 : 4 + int.from_bytes(raw[:4], "little")])["sections"]
    assert [entry["offset"] for entry in listed] == [0, 16]
    assert len(raw) % 8 == 0


@given(st.data())
def test_every_type_and_code_comes_back(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(list(TYPES)))
    first: NDArray[Any] = data.draw(
        arrays_of.arrays(TYPES[kind], st.integers(0, 40), elements={"allow_nan": False})
        if kind not in INTEGERS
        else arrays_of.arrays(TYPES[kind], st.integers(0, 40))
    )
    second: NDArray[Any] = data.draw(st.permutations(first.tolist()).map(_as(first.dtype)))
    whole = kind in INTEGERS
    sections = [
        Section("first", first, delta=whole and data.draw(st.booleans())),
        Section(
            "second",
            second,
            base="first" if whole else None,
            factor=data.draw(st.floats(0.01, 8.0)),
        ),
    ]
    meta = {"text": data.draw(st.text()), "none": None, "list": [1, 2.5, True]}
    block = pack(meta, sections)
    assert block == pack(meta, sections)
    back_meta, back = unpack(block)
    assert back_meta == meta
    assert list(back) == ["first", "second"]
    for section in sections:
        np.testing.assert_array_equal(back[section.name], section.array)
        assert back[section.name].dtype == section.array.dtype


def test_of_several_ways_the_smallest_is_taken() -> None:
    """Steady steps are all alike as differences, and unlike each other as they are."""
    steps, noise = np.arange(0, 3000, 3, dtype=np.uint16), np.arange(1000, dtype=np.uint16) ** 3
    block = pack(
        {},
        [
            [Section("a", steps), Section("a", steps, delta=True)],
            Section("b", noise),
            [Section("c", noise), Section("c", noise, delta=True), Section("c", noise, base="b")],
        ],
    )
    raw = zlib.decompress(block, -15)
    listed = json.loads(raw[4 : 4 + int.from_bytes(raw[:4], "little")])["sections"]
    assert [(entry["delta"], entry["base"]) for entry in listed] == [
        (True, None),
        (False, None),
        (False, "b"),
    ]
    _, back = unpack(block)
    np.testing.assert_array_equal(back["a"], steps)
    np.testing.assert_array_equal(back["c"], noise)


def _as(dtype: np.dtype[Any]) -> Any:
    return lambda values: np.array(values, dtype)


def test_big_endian_is_turned() -> None:
    _, back = unpack(pack({}, [Section("a", np.array([1, 770], ">u2"))]))
    assert back["a"].tolist() == [1, 770]


def test_half_a_surrogate_pair_does_not_stop_the_map() -> None:
    assert unpack(pack({"name": "a\ud800b"}, []))[0] == {"name": "a?b"}


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ([Section("a", np.zeros(1)), Section("a", np.zeros(1))], "given twice"),
        ([Section("a", np.zeros((1, 1)))], "one dimension"),
        ([Section("a", np.zeros(1, np.int64))], "one of the types"),
        ([Section("a", np.zeros(1), delta=True)], "fractions"),
        ([Section("a", np.zeros(1, np.uint8), base="b")], "must come earlier"),
        (
            [
                Section("b", np.zeros(2, np.uint8)),
                Section("a", np.zeros(1, np.uint8), base="b"),
            ],
            "type and count",
        ),
        (
            [
                Section("b", np.zeros(1, np.uint8)),
                Section("a", np.zeros(1, np.uint8), base="b", delta=True),
            ],
            "both",
        ),
    ],
)
def test_a_section_that_breaks_a_rule_is_refused(sections: list[Section], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        pack({}, sections)


def test_no_nan_reaches_the_json() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        pack({"minutes": float("nan")}, [])
