# Two commands on a fresh machine: `make run` and `make test`. Nothing needs to be installed before but python3 (>= 3.11, with venv), make and git.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
PY := "$(CURDIR)/$(VENV)/bin/python"
LOCKS := requirements-bootstrap.lock requirements.lock
STAMP := $(VENV)/.locked
# Some containers forbid Python to keep what it compiled: then each process that a test starts compiles all libraries anew.
unexport PYTHONDONTWRITEBYTECODE

# Whole files, in the order of tests/conftest.py: a file's tests share a database, a browser, a deployment. Three processes
# on two cores: many tests wait most of their time for what they killed, for a lease to end or for a clock.
WHOLE_FILES := -n 3 --dist loadfile --no-loadscope-reorder

.PHONY: run test check test-all bench chaos lint setup
run: setup
	@$(PY) -m app.cli up

check: lint
	@$(PY) -m pytest -q $(WHOLE_FILES) tests/architecture tests/core tests/web

lint: setup
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy .
	@$(PY) -c "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(cache_dir=None))"
	@$(PY) -m tools.lint

test: lint
	@$(PY) -m tools.browser
	@$(PY) -m pytest $(WHOLE_FILES)

test-all: lint
	@$(PY) -m tools.browser
	@WATTLINE_TESTS=all $(PY) -m pytest $(WHOLE_FILES)

bench: setup
	@$(PY) -m benchmarks

chaos: setup
	@$(PY) -m tests.faults.chaos $(if $(SEED),--seed $(SEED))

setup: $(STAMP)

$(STAMP): $(LOCKS)
	@sh tools/setup.sh "$(PYTHON)" "$(VENV)" && touch "$(STAMP)"
