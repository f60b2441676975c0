# Two commands do everything: `make run` and `make test`. `make` alone lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed
# The tools that look through the others stand apart from them.
AUDIT_VENV := .venv-audit
AUDIT_BIN := $(AUDIT_VENV)/bin
AUDIT := $(AUDIT_VENV)/.installed

# Checks load the settings, which insist on a key; any will do.
WITH_KEY = SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(48))')"

.DEFAULT_GOAL := help
.PHONY: help install run serve cluster test bench bench-quick chaos chaos-quick check migrate-check audit sbom \
	deploy-check format lock clean

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 15

install: $(RUNTIME) ## create .venv with everything pinned

run: $(RUNTIME) ## set up what is missing and serve on 127.0.0.1:8000 (PORT)
	@$(BIN)/python manage.py quickstart

serve: $(RUNTIME) ## start the production server alone (HOST, PORT, WORKERS)
	@exec $(BIN)/python -m videoai.serve

cluster: $(RUNTIME) ## the real thing on this machine: PostgreSQL with a replica, Redis, 2 apps, nginx (ARGS="--help")
	@exec $(BIN)/python -m videoai.deploy.local $(ARGS)

test: $(DEV) ## run all tests, on SQLite or on DATABASE_URL (ARGS="-k quote")
	@$(BIN)/pytest --numprocesses auto --maxprocesses 4 $(ARGS)

bench: $(DEV) ## measure speed against its bars on PostgreSQL (ARGS="batches --strict")
	@$(BIN)/python -m tests.benchmarks $(ARGS)

bench-quick: $(DEV) ## the most telling of it, in under two minutes
	@$(BIN)/python -m tests.benchmarks --quick $(ARGS)

chaos: $(DEV) ## break PostgreSQL, Redis, disks and servers under load (ARGS="redis disk")
	@$(BIN)/python -m tests.chaos $(ARGS)

chaos-quick: $(DEV) ## the short form of it, in two to three minutes
	@$(BIN)/python -m tests.chaos --quick $(ARGS)

check: $(DEV) ## lint, types, migrations, deployment settings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(WITH_KEY) $(BIN)/mypy
	$(WITH_KEY) $(BIN)/python manage.py makemigrations --check --dry-run
	$(WITH_KEY) HTTPS=true $(BIN)/python manage.py check --deploy --fail-level WARNING

migrate-check: $(DEV) ## run the previous release's tests on this schema (ARGS="-k quote")
	@$(BIN)/python -m tests.previous_release $(ARGS)

audit: $(DEV) $(AUDIT) ## known holes and licences of what we install
	@$(AUDIT_BIN)/python -m tests.supply_chain.audit $(BIN)/python

sbom: $(AUDIT) ## the bill of materials of what production installs, in var/sbom.json
	@$(AUDIT_BIN)/python -m tests.supply_chain.sbom var/sbom.json

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

# But for those whose schemas come with an operator.
MANIFESTS = $(filter-out %/kustomization.yaml %/database.example.yaml %/service-monitor.example.yaml, \
	$(wildcard videoai/deploy/kubernetes/*.yaml))

deploy-check: $(AUDIT) ## look through the files for Docker, Compose and Kubernetes
	$(AUDIT_BIN)/hadolint videoai/deploy/Dockerfile
	$(AUDIT_BIN)/yamllint --strict --config-file videoai/deploy/yamllint.yaml videoai/deploy
	$(AUDIT_BIN)/check-jsonschema --builtin-schema vendor.compose-spec videoai/deploy/compose.yaml
	$(AUDIT_BIN)/kubernetes-validate --strict --quiet $(MANIFESTS)

clean: ## remove the environment and caches; the database in var/ stays
	rm -rf $(VENV) $(AUDIT_VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis

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

$(AUDIT): requirements-audit.txt
	@echo "Installing what looks through the others…"
	@$(PYTHON) -m venv $(AUDIT_VENV)
	@$(AUDIT_BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-audit.txt
	@touch $@
