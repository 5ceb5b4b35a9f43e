# The developers' only vocabulary; CI uses the same words. Each target does its own set-up.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: bench check check-all clean demo help lock schemas soak test

PYTHON ?= python3
ARGS ?=

bin := .venv/bin
pip := $(bin)/pip --quiet --no-input --disable-pip-version-check
uv_version := 0.13.9

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

demo: .venv/installed ## the whole PKI on this machine, from an empty folder (ARGS="…" is passed on)
	$(bin)/vcc-pki demo $(ARGS)

test: .venv/installed ## the tests, without the slow ones (ARGS="-k …" is passed to pytest)
	@ci/debian-packages && ci/node-packages
	$(bin)/pytest -n 2 --dist worksteal -m "not slow and not soak" $(ARGS)

check: .venv/installed ## ruff, mypy and the import contracts
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/lint-imports --no-logo

check-all: check ## check, then every test including the slow ones
	@ci/debian-packages && ci/node-packages
	$(bin)/pytest -n 2 --dist worksteal -m "not soak" $(ARGS)

soak: .venv/installed ## what takes an hour: years hour by hour, two daemons, many histories, every write failing
	@ci/debian-packages && ci/node-packages
	$(bin)/pytest -n 2 --dist worksteal -m soak -o faulthandler_timeout=1800 $(ARGS)

bench: .venv/installed ## what validating, issuing, revoking and doing nothing cost (a report)
	@$(bin)/python -m tests.bench $(ARGS)

schemas: .venv/installed ## schema/v1/*.schema.json anew from the types
	@$(bin)/python ci/schemas

lock: ## requirements.lock anew from pyproject.toml (ARGS=--upgrade for the newest versions)
	@$(PYTHON) -m venv build/lock
	@build/lock/bin/pip --quiet --no-input --disable-pip-version-check install uv==$(uv_version)
	build/lock/bin/uv pip compile --quiet --universal --extra test --generate-hashes \
		--only-binary :all: --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
		$(ARGS) --output-file requirements.lock pyproject.toml

clean: ## everything that the other targets made
	rm -rf .venv build dist demo .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Exactly the locked versions, verified by hash, as wheels only: no package's build script is run.
.venv/locked: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed; name one with: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "python3-venv is missing; on Debian: sudo apt-get install python3-venv" >&2; exit 1; }
	@echo "setting up .venv" >&2
	@$(PYTHON) -m venv --clear .venv
	@$(pip) install --require-hashes --only-binary :all: -r requirements.lock
	@touch $@

# The three wings themselves, editable.
.venv/installed: .venv/locked pyproject.toml
	@$(pip) install --no-deps --no-build-isolation --editable .
	@touch $@
