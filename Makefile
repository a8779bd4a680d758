# Everything that can be done with the relay; `make` alone lists it.

PYTHON ?= python3
VENV ?= .venv
SAM_VENV ?= .venv-sam
SECOND_AWS_VENV ?= .venv-second-aws
ARCHITECTURE ?= $(or $(shell $(PYTHON) deploy.py architecture 2>/dev/null),arm64)
INPUTS ?= 100000
ENGINE ?= hypothesis
SEEDS ?= 5000
ON_SECOND_AWS ?= $(addprefix tests/integration/,bulk mateo storage submit) $(wildcard tests/integration/test_*.py)
TODAY ?=
QUICK ?= tests/unit tests/fuzz tests/integration tests/statemachine tests/template tests/docs tests/simulation

export PYTHONPATH := $(CURDIR)/layers/import_relay/python
export SAM := $(abspath $(SAM_VENV))/bin/sam
export SECOND_AWS_PYTHON := $(abspath $(SECOND_AWS_VENV))/bin/python
export SAM_CLI_TELEMETRY := 0

BIN := $(VENV)/bin
# `make build` removes compiled files from the layers; the check keeps its own.
CHECK := PYTHONPYCACHEPREFIX=$(VENV)/compiled $(BIN)/python -m import_relay.check layers/connections/connections.toml
PYTEST = $(BIN)/python -m pytest $(if $(TODAY),--today $(TODAY))
INSTALL := -m pip install --quiet --no-compile --no-deps --require-hashes
# The console script `relay`, which runs the code of this clone.
INSTALL_RELAY := -m pip install --quiet --no-deps --no-build-isolation --no-index --editable .
LOCK := .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --annotation-style line $(UPGRADE)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo up test quick slow second-aws lint check bench fuzz simulate switches crash check-connections build deploy mateo \
	countries kinds lock clean

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---------------------------------------------------------------- run it here

demo: $(VENV)/.local  ## see it work: webhooks to reports, a day's limit included (CONTACTS=50000 for more)
	@$(BIN)/python -m local demo $(ARGS)

up: $(VENV)/.local  ## start the relay, AWS and Mateo on this machine and keep them running
	@$(CHECK) $(addprefix --secrets ,$(wildcard local/example_secrets.json))
	@$(BIN)/python -m local up $(ARGS)

mateo: $(VENV)/.local  ## start only the Import API (port 4010)
	@$(BIN)/python -m mateo_emulator $(ARGS)

# ---------------------------------------------------------------- develop it

test: $(VENV)/.dev $(SAM_VENV)/.sam  ## run all tests (TODAY=2028-02-29 on another date)
	@quick=passed; slow=passed; \
		$(MAKE) quick || quick=failed; \
		$(MAKE) slow || slow=failed; \
		printf '\nquick tests (`make quick`): %s\nslow tests (`make slow`): %s\n' $$quick $$slow; \
		[ $$quick$$slow = passedpassed ]

quick: $(VENV)/.dev
	$(PYTEST) -n auto $(QUICK)

slow: $(VENV)/.dev $(SAM_VENV)/.sam
	$(PYTEST) -n 2 --dist loadfile --no-loadscope-reorder tests/end_to_end tests/built

second-aws: $(VENV)/.dev $(SAM_VENV)/.sam $(SECOND_AWS_VENV)/.second-aws  ## deploy onto an AWS of another make; stores and handlers on it
	AWS_FAKE=ministack $(BIN)/python -m pytest -n 2 $(ON_SECOND_AWS)
	$(BIN)/python -m pytest tests/second_aws

lint: $(VENV)/.dev  ## the quick part of check: lint, types, import rules, connections.toml
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(CHECK)

check: lint $(SAM_VENV)/.sam  ## lint and the template
	$(BIN)/cfn-lint template.yaml
	AWS_REGION=eu-central-1 $(SAM) validate --lint

bench: $(VENV)/.dev  ## measure CPU, memory, requests and cost
	@$(BIN)/python -m tests.benchmarks $(ARGS)

fuzz: $(VENV)/.dev  ## try hostile webhooks on every kind (INPUTS=2000 KIND=hubspot ENGINE=atheris)
	@$(BIN)/python -m tests.fuzz --inputs $(INPUTS) --engine $(ENGINE) $(if $(KIND),--kind $(KIND))

simulate: $(VENV)/.dev  ## the relay in a simulated world: SEEDS=5000 of them, or SEED=42 with its trace
	@$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(SEEDS)) $(ARGS)

switches: $(VENV)/.dev  ## the whole relay against each way that Mateo may turn out to be
	@$(BIN)/python -m tests.switches $(ARGS)

crash: $(VENV)/.dev  ## kill the functions before and after each call they make (ARGS="--help" for less)
	@$(BIN)/python -m tests.crash $(ARGS)

countries: $(VENV)/.dev  ## write the table of country names again
	@$(BIN)/python -m tests.support.country_names

kinds: $(VENV)/.dev  ## write the table of kinds in docs/connections.md again
	@$(BIN)/python -m tests.docs.kinds_table

lock: .venv-lock/.lock  ## write the pinned requirements again (UPGRADE=--upgrade for newer versions)
	$(LOCK) requirements/relay.in --output-file layers/dependencies/requirements.txt
	$(LOCK) requirements/local.in --constraint layers/dependencies/requirements.txt --output-file requirements/local.txt
	$(LOCK) requirements/dev.in --constraint requirements/local.txt --output-file requirements/dev.txt
	$(LOCK) requirements/sam.in --output-file requirements/sam.txt
	$(LOCK) requirements/second_aws.in --output-file requirements/second_aws.txt
	$(LOCK) requirements/lock.in --output-file requirements/lock.txt

clean:  ## remove everything that was installed, built or recorded here
	rm -rf $(VENV) $(SAM_VENV) .venv-* .aws-sam .local .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---------------------------------------------------------------- deploy it

check-connections: $(VENV)/.relay
	@$(CHECK)

build: check-connections $(SAM_VENV)/.sam  ## sam build (ARCHITECTURE=x86_64 for that processor)
	@python313=$$(.ci/find-python 3.13) && \
		find functions layers -name __pycache__ -type d -prune -exec rm -rf {} + && \
		PATH="$$python313:$$PATH" AWS_REGION=$${AWS_REGION:-eu-central-1} \
		$(SAM) build --parameter-overrides Architecture=$(ARCHITECTURE)

deploy: build $(VENV)/.local  ## sam deploy --guided; the answers stay in samconfig.local.toml
	@ARCHITECTURE=$(ARCHITECTURE) $(SAM_VENV)/bin/python deploy.py

# ---------------------------------------------------------------- installed once, and again when a file changes

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed, but $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12" >&2; \
		exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# What checks connections.toml before a deployment: the packages of the functions themselves.
$(VENV)/.relay: layers/dependencies/requirements.txt | $(VENV)/.python
	@$(BIN)/python $(INSTALL) -r layers/dependencies/requirements.txt
	@touch $@

$(VENV)/.local: requirements/local.txt pyproject.toml | $(VENV)/.python
	@echo "Installing into $(VENV), once ..."
	@$(BIN)/python $(INSTALL) -r requirements/local.txt
	@$(BIN)/python $(INSTALL_RELAY)
	@touch $@ $(VENV)/.relay

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/.python
	@echo "Installing what tests need into $(VENV), once ..."
	@$(BIN)/python $(INSTALL) -r requirements/dev.txt
	@$(BIN)/python $(INSTALL_RELAY)
	@touch $@ $(VENV)/.local $(VENV)/.relay

$(SAM_VENV)/.sam: requirements/sam.txt | $(VENV)/.python
	@echo "Installing SAM CLI into $(SAM_VENV), once ..."
	@$(BIN)/python -m venv $(SAM_VENV)
	@$(SAM_VENV)/bin/python $(INSTALL) -r requirements/sam.txt
	@touch $@

# Functions run in its process's Python, which has to be the runtime's.
$(SECOND_AWS_VENV)/.second-aws: requirements/second_aws.txt
	@echo "Installing a second AWS into $(SECOND_AWS_VENV), once ..."
	@python313=$$(.ci/find-python 3.13) && "$$python313/python3.13" -m venv $(SECOND_AWS_VENV)
	@$(SECOND_AWS_VENV)/bin/python $(INSTALL) -r requirements/second_aws.txt
	@touch $@

.venv-lock/.lock: | $(VENV)/.python
	@$(BIN)/python -m venv .venv-lock
	@.venv-lock/bin/python $(INSTALL) -r requirements/lock.txt
	@touch $@
