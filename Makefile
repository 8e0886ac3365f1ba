# Every target sets up what it needs, from a bare clone, inside this folder.

PYTHON ?= python3
VENV := .venv
BENCH_VENV := .venv-bench
BIN := $(VENV)/bin
CHECKED := src tests $(wildcard benchmarks examples docs)
PIP_FLAGS := --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: install demo serve test check bench docs docs-serve clean help python-version

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed  ## Install the product and its development tools into .venv

demo: install  ## Run everything on embedded defaults and the market simulator
	$(BIN)/tradeworthy demo

serve: install  ## Open the dashboard over a running demo at http://127.0.0.1:5005; Ctrl+C ends both
	$(BIN)/tradeworthy serve --make-secret --link --demo $(ARGS)

test: install  ## Run the tests; ARGS="tests/core -k name" narrows them
	$(BIN)/python -m pytest $(ARGS)

check: install  ## Lint, formatting, types and the order of the rooms
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/mypy $(CHECKED)
	$(BIN)/lint-imports

docs: install  ## Build the documentation into site/
	$(BIN)/python -m docs.make_reference
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

docs-serve: install  ## Show the documentation at http://127.0.0.1:8000 while it is written
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve

bench: $(BENCH_VENV)/.installed  ## Measure the speed beside its peers, in an environment of its own
	$(BENCH_VENV)/bin/python -m benchmarks $(ARGS)

clean:  ## Remove build outputs and both environments; the home folder stays
	rm -rf $(VENV) $(BENCH_VENV) build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests $(wildcard benchmarks examples docs) -type d -name __pycache__ -prune -exec rm -rf {} +

python-version:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is $$($(PYTHON) --version 2>&1); Tradeworthy needs Python 3.11 or newer." \
	       "Name one: make install PYTHON=python3.11" >&2; exit 1; }

$(VENV)/.installed: pyproject.toml constraints.txt | python-version
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install $(PIP_FLAGS) --editable '.[dev]'
	$(BIN)/python -m tradeworthy.desks.divergence.warming
	@touch $@

$(BENCH_VENV)/.installed: pyproject.toml constraints.txt | python-version
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip install $(PIP_FLAGS) --editable '.[bench]'
	@touch $@
