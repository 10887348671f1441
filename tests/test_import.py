"""`import coverage` is light, and other packages survive beside it."""

import subprocess
import sys


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_loads_nothing_heavy():
    loaded = run(
        "import sys, coverage; "
        "print([m for m in ('geopandas', 'osmnx', 'pandas', 'numpy', 'shapely', 'networkx', "
        "'pydantic', 'scipy', 'folium', 'click') if m in sys.modules])"
    )
    assert loaded == "[]"


def test_import_takes_less_than_50_ms():
    """The best of five, in fresh interpreters: the time of this import alone."""
    code = "import time; t = time.perf_counter(); import coverage; print(time.perf_counter() - t)"
    assert min(float(run(code)) for _ in range(5)) < 0.050


def test_numba_imports_and_compiles_beside_this_package():
    """numba finds a package called coverage and asks it whether a measurement is running."""
    code = (
        "import coverage, numba; "
        "print(coverage.Coverage.current(), numba.njit(lambda x: x + 1)(41))"
    )
    assert run(code) == "None 42"


def test_the_names_of_the_package_resolve():
    names = "Result Study check compare_walkers init_study load_study run save sensitivity"
    code = f"import coverage; print(*(getattr(coverage, n).__name__ for n in '{names}'.split()))"
    assert run(code) == names
    code = "import coverage\ntry:\n    coverage.nothing\nexcept AttributeError as e:\n    print(e)"
    assert run(code) == "module 'coverage' has no attribute 'nothing'"
