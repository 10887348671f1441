"""The cache gives back what was computed from the same, and never stands in the way."""

import os

import numpy as np
import pytest

from coverage import cache as module
from coverage.cache import Cache, digest, file_digest


def counted(value, calls):
    def compute():
        calls.append(value)
        return value

    return compute


def test_a_step_is_computed_once_for_the_same_uses(tmp_path):
    calls = []
    for name in ("one", "two"):
        keep = Cache(tmp_path)
        found = keep("sum", counted({"x": 1.5}, calls), "file", 3, ("a", None))
        assert found == {"x": 1.5}, name
    assert calls == [{"x": 1.5}]
    assert (keep.from_cache, keep.computed, keep.troubles) == (["sum"], [], [])


@pytest.mark.parametrize("uses", [("file", 4), ("File", 3), ("file",), ("file", 3, None)])
def test_other_uses_are_another_result(tmp_path, uses):
    Cache(tmp_path)("sum", lambda: 1, "file", 3)
    keep = Cache(tmp_path)
    assert keep("sum", lambda: 2, *uses) == 2
    assert keep.computed == ["sum"]


def test_another_step_and_another_code_are_another_result(tmp_path, monkeypatch):
    Cache(tmp_path)("sum", lambda: 1, "file")
    assert Cache(tmp_path)("product", lambda: 2, "file") == 2
    monkeypatch.setattr(module, "own_source", lambda: "changed")
    assert Cache(tmp_path)("sum", lambda: 3, "file") == 3


def test_fresh_reads_nothing_and_keeps_the_new(tmp_path):
    Cache(tmp_path)("sum", lambda: 1, "file")
    assert Cache(tmp_path, fresh=True)("sum", lambda: 2, "file") == 2
    assert Cache(tmp_path)("sum", lambda: 3, "file") == 2


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 not a zip", None])
def test_a_corrupt_file_is_computed_anew_and_said(tmp_path, damage):
    Cache(tmp_path)("sum", lambda: np.arange(1000), "file")
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    keep = Cache(tmp_path)
    assert keep("sum", lambda: np.arange(1000), "file").sum() == 499_500
    assert keep.computed == ["sum"]
    assert "not whole" in keep.troubles[0]
    again = Cache(tmp_path)
    assert again("sum", lambda: None, "file").sum() == 499_500
    assert again.troubles == []


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path):
    in_the_way = tmp_path / "cache"
    in_the_way.write_text("a file")
    keep = Cache(in_the_way)
    assert keep("sum", lambda: 5, "file") == 5
    assert "cannot be written to" in keep.troubles[0]


def test_a_full_disk_leaves_no_half_file(tmp_path, monkeypatch):
    def full(value, to):
        to.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_columns", full)
    monkeypatch.setattr(module, "digest", lambda *uses: "0" * 32)
    keep = Cache(tmp_path)
    assert keep("sum", lambda: 5, "file") == 5
    assert "No space left" in keep.troubles[0]
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_write_leaves_no_half_file(tmp_path, monkeypatch):
    def interrupted(value, to):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "digest", lambda *uses: "0" * 32)
    monkeypatch.setattr(module, "write_columns", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Cache(tmp_path)("sum", lambda: 5, "file")
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_the_step_is_not_kept(tmp_path):
    def fails():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        Cache(tmp_path)("sum", fails, "file")
    assert Cache(tmp_path)("sum", lambda: 1, "file") == 1


def test_what_was_not_used_for_longest_goes_first(tmp_path):
    for number in range(4):
        Cache(tmp_path)("sum", lambda: np.zeros(1000), number)
    files = sorted(tmp_path.iterdir())
    for age, path in enumerate(files):
        os.utime(path, (1e9 - age, 1e9 - age))
    size = files[0].stat().st_size
    Cache(tmp_path).trim(most_bytes=2 * size)
    assert sorted(tmp_path.iterdir()) == files[:2]


def test_digests_tell_values_apart(tmp_path):
    assert digest(np.array([1, 2])) != digest(np.array([2, 1]))
    assert digest(np.array([1, 2], dtype="i4")) != digest(np.array([1, 2], dtype="i8"))
    assert digest("a", "b") != digest("ab")
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_digest(path) == expected


def test_a_result_is_known_again_by_the_step_that_made_it(tmp_path, monkeypatch):
    """The second step hashes no array: the first step's key stands for what it gave."""
    hashed = []
    real = module.digest
    monkeypatch.setattr(module, "digest", lambda *uses: hashed.append(uses) or real(*uses))
    for _ in range(2):
        keep = Cache(tmp_path)
        one, other = keep("both", lambda: (np.arange(5), np.arange(6)), "file")
        keep("sums", lambda one=one, other=other: one.sum() + other.sum(), one, other)
    assert not any(isinstance(use, np.ndarray) for uses in hashed for use in uses)
    assert keep.from_cache == ["both", "sums"]
    assert Cache(tmp_path)("sums", lambda: 0, other, one) == 0


def test_equal_values_are_the_same_uses(tmp_path):
    Cache(tmp_path)("sum", lambda: 1, np.arange(5))
    assert Cache(tmp_path)("sum", lambda: 2, np.arange(5)) == 1
    assert Cache(tmp_path)("sum", lambda: 2, np.arange(6)) == 2


def test_what_a_step_hands_on_keeps_its_first_name(tmp_path):
    """The second step gives back its input; the third must not ask for another key because of it."""
    for _ in range(2):
        keep = Cache(tmp_path)
        one = keep("one", lambda: np.arange(3), "file")
        keep("two", lambda one=one: (one, np.arange(4)), one)
        keep("three", lambda one=one: float(one.sum()), one)
    assert keep.from_cache == ["one", "two", "three"]
