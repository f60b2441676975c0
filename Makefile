# Two commands do everything: `make run` and `make test`. `make` alone lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed

# Checks load the settings, which insist on a key; any will do.
WITH_KEY = SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(48))')"

.DEFAULT_GOAL := help
.PHONY: help install run serve test bench bench-quick chaos chaos-quick check format lock clean

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 13

install: $(RUNTIME) ## create .venv with everything pinned

run: $(RUNTIME) ## set up what is missing and serve on 127.0.0.1:8000 (PORT)
	@$(BIN)/python manage.py quickstart

serve: $(RUNTIME) ## start the production server alone (HOST, PORT, WORKERS)
	@exec $(BIN)/python -m videoai.serve

test: $(DEV) ## run all tests, on SQLite or on DATABASE_URL (ARGS="-k quote")
	@$(BIN)/pytest --numprocesses auto --maxprocesses 4 $(ARGS)

bench: $(DEV) ## measure speed against its bars on PostgreSQL (ARGS="batches --strict")
	@$(BIN)/python -m tests.benchmarks $(ARGS)

bench-quick: $(DEV) ## the most telling of it, in under two minutes
	@$(BIN)/python -m tests.benchmarks --quick $(ARGS)

chaos: $(DEV) ## break PostgreSQL, Redis, disks and servers under load (ARGS="redis disk")
	@$(BIN)/python -m tests.chaos $(ARGS)

chaos-quick: $(DEV) ## the short form of it, in about three minutes
	@$(BIN)/python -m tests.chaos --quick $(ARGS)

check: $(DEV) ## lint, types, migrations, deployment settings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(WITH_KEY) $(BIN)/mypy
	$(WITH_KEY) $(BIN)/python manage.py makemigrations --check --dry-run
	$(WITH_KEY) HTTPS=true $(BIN)/python manage.py check --deploy --fail-level WARNING

format: $(DEV) ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(VENV)/bin/python ## pin the newest allowed versions, with hashes
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-header --quiet --output-file requirements.txt
	$(BIN)/uv pip compile pyproject.toml --group dev --constraint requirements.txt --upgrade --universal \
		--python-version 3.11 --generate-hashes --no-header --quiet --output-file requirements-dev.txt
	$(BIN)/uv pip compile --group audit --upgrade --universal \
		--python-version 3.11 --generate-hashes --no-header --quiet --output-file requirements-audit.txt

clean: ## remove the environment and caches; the database in var/ stays
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; PYTHON=python3.12 make … names another one." \
		if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Python's venv module is missing. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

$(RUNTIME): requirements.txt | $(VENV)/bin/python
	@echo "Installing what VideoAI needs…"
	@$(INSTALL) -r requirements.txt
	@touch $@

$(DEV): requirements-dev.txt requirements.txt | $(VENV)/bin/python
	@echo "Installing what VideoAI and its tests need…"
	@$(INSTALL) -r requirements-dev.txt
	@touch $@ $(RUNTIME)
