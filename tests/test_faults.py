"""Whatever befalls a run, earlier results stay whole, it says what happened, and the next recovers.

Each case is the command in a process of its own, as a user runs it.
"""

import json
import os
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pytest

from coverage.catalogue import init_study

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and limits of POSIX")

_ENVIRONMENT = {**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "120"}
_KILLS = 12
_RUN = [sys.executable, "-m", "coverage", "run"]
# A Python program so that the limit is the run's own: no file may grow beyond so many bytes, which
# is what a full disk looks like to a program.
_ON_A_FULL_DISK = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
from coverage.cli import main
main()
"""


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("town") / "town"
    init_study(folder)
    return folder


def run(town, out, *words, program=_RUN, **options):
    return subprocess.run(
        [*program, *words, str(town), "--out", str(out)], env=_ENVIRONMENT, capture_output=True,
        text=True, encoding="utf-8", timeout=180, check=False, **options,
    )  # fmt: skip


def contents(out: Path) -> dict[str, str]:
    """Return the hash of every result but the manifest, which tells of the clock."""
    return {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in out.iterdir()
        if path.is_file() and path.name != "manifest.json"
    }


def assert_whole(out: Path) -> None:
    """The manifest names every result with the hash that it has."""
    named = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["outputs"]
    assert {name: found for name, found in contents(out).items() if name in named} == named
    assert not list(out.glob(".unfinished-*"))


@pytest.fixture(scope="module")
def finished(town, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("finished") / "out"
    done = run(town, out)
    assert done.returncode == 0, done.stderr
    return out


def test_killed_at_any_moment_it_resumes_and_comes_to_the_same(town, finished, tmp_path):
    out, kept = tmp_path / "out", 0
    for _ in range(_KILLS):
        process = subprocess.Popen(
            [*_RUN, str(town), "--out", str(out)], env=_ENVIRONMENT, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        # Until it has kept one step more than the run before it: every step is met once.
        while process.poll() is None and len(list(out.glob(".cache/*.columns"))) <= kept:
            time.sleep(0.005)
        if process.poll() is not None:
            break
        process.kill()
        process.wait()
        kept = len(list(out.glob(".cache/*.columns")))
        assert not (out / "manifest.json").exists() or kept
    assert kept > 5, "it was killed too seldom to tell anything"
    done = run(town, out, "-v")
    assert done.returncode == 0, done.stderr
    # What the killed runs had done is not done again.
    assert "streets" in done.stdout.split("kept 已缓存:")[1]
    assert contents(out) == contents(finished)
    assert_whole(out)


@pytest.mark.parametrize("most_bytes", [4_000, 400_000])
def test_a_full_disk_leaves_earlier_results_whole(town, finished, tmp_path, most_bytes):
    out = tmp_path / "out"
    assert run(town, out).returncode == 0
    earlier = contents(out)
    full = [sys.executable, "-c", _ON_A_FULL_DISK, str(most_bytes), "run"]
    done = run(town, out, "--walker", "cane", "--fresh", program=full)
    assert done.returncode == 1, done.stderr
    assert "could not be written" in done.stderr or "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert contents(out) == earlier
    assert_whole(out)
    assert run(town, out).returncode == 0
    assert contents(out) == contents(finished)


def test_two_runs_at_once_in_one_folder(town, finished, tmp_path):
    out = tmp_path / "out"
    both = [
        subprocess.Popen(
            [*_RUN, str(town), "--out", str(out)], env=_ENVIRONMENT, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, encoding="utf-8",
        )
        for _ in range(2)
    ]  # fmt: skip
    for process in both:
        _, said = process.communicate(timeout=180)
        assert process.returncode == 0, said
    assert contents(out) == contents(finished)
    assert_whole(out)


def test_a_folder_that_may_only_be_read_is_refused_before_anything_is_computed(town, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(0o500)
    # Root may write everywhere, unless that power is taken from the process.
    powerless = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
    done = run(town, out, program=[*(powerless if os.geteuid() == 0 else []), *_RUN])
    out.chmod(0o700)
    assert done.returncode == 1
    assert "cannot be written to" in done.stderr
    assert "--out" in done.stderr
    assert list(out.iterdir()) == []
