# Two commands matter: `make demo` and `make test`. Both do all set-up on a machine with Python >= 3.11, git and make.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONDONTWRITEBYTECODE :=
.PHONY: help setup setup-test system demo test check bench soak docs clean

help:
	@echo "make demo   set up and run Waman on real recordings, ending with the report's path"
	@echo "make test   set up and pass every test"
	@echo "make check  the quick loop: ruff, mypy --strict, import-linter, fast tests"
	@echo "make bench  run the benchmarks; make soak the long fault and load runs; make docs the generated pages"

$(VENV)/.core: requirements.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "waman: error: no $(PYTHON)"; echo "waman: hint: install Python 3.11 or newer, or say make PYTHON=/path/to/python3"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "waman: error: Python 3.11 or newer is needed"; echo "waman: hint: make PYTHON=python3.12 demo"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@echo "compiling what is compiled on first use (about a minute, once)"
	$(BIN)/waman doctor --quiet
	@touch $@

$(VENV)/.test: requirements-test.txt $(VENV)/.core
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.txt
	@touch $@

setup: $(VENV)/.core
setup-test: $(VENV)/.test system

# Chromium for the page tests, where this user may install it; without it those tests are skipped with a message.
system:
	@bash tools/install_system_parts.sh

demo: setup
	$(BIN)/waman demo demo

check: $(VENV)/.test
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 -m "not slow and not samples and not browser and not interop"

test: setup-test
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/waman sample fetch || echo "the recordings could not be fetched: the tests that need them will say so"
	$(BIN)/python -m pytest -n 2 -m "not slow"

bench: $(VENV)/.test
	@set -e; for b in bench/*.py; do case $$b in bench/_*|bench/soak_*) ;; *) echo "== $$b"; $(BIN)/python $$b;; esac; done

soak: $(VENV)/.test
	$(BIN)/python -m pytest -m slow
	@set -e; for b in bench/soak_*.py; do [ -e "$$b" ] || continue; echo "== $$b"; $(BIN)/python $$b; done

docs: $(VENV)/.core
	$(BIN)/python tools/make_reference.py

clean:
	rm -rf $(VENV) demo .mypy_cache .ruff_cache
