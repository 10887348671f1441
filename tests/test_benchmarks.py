"""What the benchmarks say of what they measured."""

from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import answers
    import promises

    return answers, promises


def line(step, who, cpu_s, *, nodes=10_000, done=1):
    return {
        "place": f"{nodes:,}", "nodes": nodes, "step": step, "who": who, "seconds": 2 * cpu_s,
        "cpu_s": cpu_s, "cpu_each_s": cpu_s / done, "done": done, "peak_mb": 300.0,
    }  # fmt: skip


def test_bytes_come_back_with_the_zeros_they_end_in(benchmarks, tmp_path):
    answers, _ = benchmarks
    shapes = np.array([b"\x01\x00", b"", b"\x00\x00\x00"], dtype=object)
    answers.keep(tmp_path / "a.npz", {"wkb": shapes, "band": np.arange(3)})
    back = answers.kept(tmp_path / "a.npz")
    assert back["wkb"].tolist() == shapes.tolist()
    assert back["band"].tolist() == [0, 1, 2]


def test_a_ratio_is_judged_at_the_largest_place_and_told_of_all(benchmarks):
    _, promises = benchmarks
    lines = [
        line("nearest", "care-circle", 0.1), line("nearest", "networkx", 0.5),
        line("nearest", "care-circle", 0.4, nodes=40_000),
        line("nearest", "networkx", 3.6, nodes=40_000),
    ]  # fmt: skip
    ratio, growth = promises.promises(lines, {}, [])
    assert ratio.met
    assert ratio.measured == "9.0 × at 40,000; 5.0 to 9.0 × at all places"
    assert growth.met
    assert growth.measured == "1.00 × the least (10, 10 µs)"


def test_the_slowest_crowd_and_the_growth_from_the_smallest_count(benchmarks):
    _, promises = benchmarks
    lines = [
        line("reach of 100", "care-circle", 0.02, done=100),
        line("reach of 400", "care-circle", 0.12, done=400),
    ]
    rate, linear = promises.promises(lines, {}, [])
    assert not rate.met
    assert rate.measured == "5,000 with 100, 3,333 with 400"
    assert not linear.met
    assert linear.measured == "1.50 × from 100 to 400"


def test_the_map_is_no_part_of_end_to_end(benchmarks):
    _, promises = benchmarks
    steps = {
        "inputs": (50.0, 900.0, 40.0),
        "map": (500.0, 9000.0, 500.0),
        "files": (30.0, 800.0, 9),
    }
    run = {"nodes": 995_122, "steps": steps, "homes": 273_673, "assessed_s": 21.5}
    whole, assessed = promises.promises([], {"1,000,000": run}, [])
    assert whole.met
    assert whole.measured == "49.0 s (80.0 s by the clock), 0.9 GB"
    assert assessed.measured == "21.5 s"
    assert not assessed.met


@pytest.mark.parametrize(
    ("clock_s", "cpu_s", "met"), [(110, 130, True), (130, 110, True), (130, 121, False)]
)
def test_neither_a_busy_machine_nor_two_busy_cores_break_a_promise(benchmarks, clock_s, cpu_s, met):
    _, promises = benchmarks
    run = {"nodes": 995_122, "homes": 1, "assessed_s": 1, "steps": {"all": (clock_s, 900, cpu_s)}}
    whole, _ = promises.promises([], {"1,000,000": run}, [])
    assert whole.met == met
