# `make run` and `make test` need python3 (3.11 or newer) with venv and pip, and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test notebooks lint types bench bench-smoke install clean

run: $(VENV)/.installed
	$(BIN)/care-circle run sample

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest

# Every notebook from top to bottom, as a test.
notebooks: $(VENV)/.installed-test
	$(BIN)/python -m pytest -m notebooks

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-test
	$(BIN)/mypy

# Beside rivals, in an environment of its own; DATA is a folder with yuzhong/ in it.
DATA ?= ../shared/data
BENCH_VENV := .bench-venv
bench: $(BENCH_VENV)/.installed
	$(BENCH_VENV)/bin/python benchmarks/suite.py --yuzhong $(DATA)/yuzhong $(BENCH)
	$(BENCH_VENV)/bin/python benchmarks/siting.py

# Small and quick, to see that the benchmarks run; rivals that are not installed are left out.
bench-smoke: $(VENV)/.installed
	$(BIN)/python benchmarks/suite.py --smoke
	$(BIN)/python benchmarks/whatif.py --smoke
	$(BIN)/python benchmarks/siting.py --smoke

install: $(VENV)/.installed-test

clean:
	rm -rf $(VENV) $(BENCH_VENV)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; say which one with: make PYTHON=python3.12 run" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@ $(VENV)/.installed

$(BENCH_VENV)/.installed: pyproject.toml benchmarks/requirements.txt
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
	  --editable '.[geoparquet]' --requirement benchmarks/requirements.txt
	@touch $@
