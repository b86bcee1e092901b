# Lensloop's commands. `make` alone lists them; Python 3.11 or newer and make are all they need.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

# Run from a folder of uv's own: nothing else needs them.
PIP_AUDIT := 2.10.1
CYCLONEDX := 7.5.0
UV_VERSION := $(shell sed -n 's/^uv==\([0-9.]*\).*/\1/p' requirements.in)
BIN := .venv/bin
PY := $(BIN)/python
# A file's tests stay together, because they share what is slow to start.
PYTEST := $(PY) -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
# Tests of the rules and of what has neither a process nor a port of its own.
PURE = $(wildcard $(addprefix tests/,model rollout wire dataset trigger pages cli review tools test_*.py))
CDK := node_modules/.bin/cdk --no-notices
# Node 24 (from PyPI) and the tools of this project come before whatever else the machine has.
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Before what may take longer than ten seconds.
ALIVE := sh tools/alive.sh
# Downloads are kept in the home folder, where other projects find them too; here, where that cannot be written.
ifneq ($(shell d="$${XDG_CACHE_HOME:-$$HOME/.cache}"; mkdir -p "$$d" 2>/dev/null && [ -w "$$d" ] || echo no),)
export PIP_CACHE_DIR ?= $(CURDIR)/.build/cache/pip
export UV_CACHE_DIR ?= $(CURDIR)/.build/cache/uv
export npm_config_cache ?= $(CURDIR)/.build/cache/npm
export CDK_HOME ?= $(CURDIR)/.build/cache/cdk
export JSII_RUNTIME_PACKAGE_CACHE_ROOT ?= $(CURDIR)/.build/jsii
endif
# As it was typed: make would read the $ in a folder's name as a variable of its own.
override IMAGES := $(value IMAGES)
export IMAGES
override NEW := $(value NEW)
export NEW

TOOLS := .venv/.uv-$(UV_VERSION)
READY := .venv/.ready
DEV := .venv/.ready-dev
NODE := node_modules/.ready
CHANNEL := .build/.training-channel-local
OFFLINE := .build/.what-synthesis-fetches
# PyTorch stands in for what SageMaker's image has, so it lies beside our environment and not in it.
TORCH := .build/finetune
# PyTorch's own index of CPU builds; empty takes pip's own configuration.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
MXNET := .build/mxnet/.ready
SDK := .build/sagemaker/.ready

.PHONY: help demo demo-gap test quick check lint types pure coverage mutants bench up down status deploy-local deploy destroy install mxnet finetune-deps experiments lock audit sbom clean

help: ## Show this list
	@echo "Lensloop: drop labelled pictures into a bucket, and a better classifier reaches your cameras."
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "Start with: make demo"

## The whole loop on this machine

demo: $(READY) $(NODE) $(CHANNEL) ## Watch the whole loop on this machine; IMAGES=<folder> takes your own pictures, KEEP=1 leaves it up
	@$(PY) -m demo $(if $(IMAGES),--images "$$IMAGES") $(if $(FOLDERS_ARE_LABELS),--folders-are-labels) $(if $(KEEP),--keep)

demo-gap: $(READY) $(NODE) $(CHANNEL) ## Watch what answers to a camera's uncertain frames bring in a new place; IMAGES=<folder> NEW=<folder> take your own
	@$(PY) -m demo --gap $(if $(IMAGES),--images "$$IMAGES") $(if $(NEW),--new "$$NEW") $(if $(FOLDERS_ARE_LABELS),--folders-are-labels) $(if $(KEEP),--keep)

test: $(DEV) $(NODE) $(CHANNEL) ## Run all tests, the whole loop end to end included
	@$(PYTEST)

quick: $(DEV) ## Format, lint, types and the pure tests, in under a minute
	@began=$$(date +%s); $(MAKE) -j2 lint types pure && echo "· all of it in $$(($$(date +%s) - began)) s"

check: $(DEV) $(NODE) $(CHANNEL) ## Format, lint, types, templates, then all tests: what CI runs
	@$(MAKE) lint types
	@echo "· templates"; $(CDK) synth --quiet
	@echo "· tests"; $(PYTEST)

lint:
	@echo "· format and lint"; $(BIN)/ruff format --check . && $(BIN)/ruff check .

types:
	@echo "· types"; $(BIN)/mypy .

pure:
	@echo "· pure tests"; $(PYTEST) -q -m "not slow" --durations=0 --durations-min=5 $(PURE)

coverage: $(DEV) ## Print which lines of rules, steps and commands no test of their own runs
	@$(PYTEST) -q -m "not slow" --durations=0 --durations-min=5 --cov --cov-report=term $(PURE) tests/lambdas

mutants: $(DEV) ## Change every rule in one place and see a test fail (up to an hour); ONLY=<module> takes one
	@nice $(PY) -m tools.mutants $(ONLY)

bench: $(DEV) $(NODE) $(CHANNEL) ## Measure against the goals and against others; ONLY=<name> runs one
	@$(PY) -m bench $(ONLY)

## The local cloud, to play with through the AWS CLI and SDKs

up: $(READY) ## Start the local cloud and leave it running
	@$(PY) -m local up

down: $(READY) ## Stop the local cloud, with everything it started
	@$(PY) -m local down

status: $(READY) ## Say whether the local cloud runs, and how to talk to it
	@$(PY) -m local status

deploy-local: $(READY) $(NODE) $(CHANNEL) ## Deploy the stacks to the local cloud that `make up` started
	@$(PY) -m local deploy

## AWS

deploy: $(READY) $(NODE) ## Deploy to the AWS account of your credentials (settings: cdk.json)
	@account=$$($(PY) -m cli.account) && echo "· bootstrapping $$account (nothing to do when it was done before)" \
	  && $(CDK) bootstrap "$$account" && $(CDK) deploy --all && $(PY) -m cli.allowance

destroy: $(READY) $(NODE) ## Remove functions, workflows and roles from AWS; pictures, releases and state stay
	@echo "· asking AWS whose credentials these are"
	@account=$$($(PY) -m cli.account) && echo "From $$account this removes the retraining and fleet stacks." && \
	echo "It keeps the storage stack: the bucket with your pictures and releases, the state table, the cameras'" && \
	echo "groups and policy, and the group in SageMaker's Model Registry. A later \`make deploy\` takes them up again; to be rid of them, empty and delete them by hand (the bucket's policy first: it keeps releases)." && \
	echo "Cameras stay registered and keep classifying with the release they have." && \
	echo "· looking up the stacks (some seconds; nothing is fetched, and you are asked first)" && \
	$(CDK) destroy '*-retraining' '*-fleet'

## Upkeep

install: $(READY) $(DEV) $(NODE) $(CHANNEL) $(OFFLINE) ## Install everything now (the other commands do it when needed)

mxnet: $(MXNET) ## Install MXNet itself, which some tests hold our converter against (needs Python 3.11; they skip without it)

finetune-deps: $(TORCH)/.ready ## Fetch PyTorch (200 MB), for `algorithm: finetune` on the local cloud and its tests

import-extras: $(READY) ## Install what reads videos, HEIC, Kaggle and Hugging Face, for `lensloop import` (70 MB)
	@VIRTUAL_ENV="$$PWD/.venv" $(ALIVE) $(BIN)/uv pip install --quiet --require-hashes -r requirements-import.txt

experiments: $(SDK) ## Install the SageMaker SDK in an environment of its own, for `lensloop experiment` (0.7 GB)

lock: $(TOOLS) ## Pin and hash the dependencies again, after a change of requirements*.in
	@for name in requirements requirements-import requirements-dev requirements-training; do \
	  $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 $$name.in -o $$name.txt; done
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 requirements-mxnet.in -o requirements-mxnet.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 requirements-sagemaker.in -o requirements-sagemaker.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.7 \
	  --custom-compile-command "make lock" camera/requirements.in -o camera/requirements.txt
	@$(BIN)/npm install --package-lock-only --ignore-scripts --no-audit --no-fund

audit: $(DEV) $(NODE) ## Ask the public lists which of the pinned packages have known vulnerabilities (needs the network)
	@for file in requirements requirements-import requirements-dev requirements-training requirements-sagemaker camera/requirements; do \
	  echo "· $$file.txt"; $(BIN)/uv tool run --quiet pip-audit==$(PIP_AUDIT) --require-hashes --disable-pip -r $$file.txt || failed=1; done; \
	echo "· package-lock.json"; $(BIN)/npm audit --no-fund --loglevel=error || failed=1; exit $${failed:-0}

sbom: $(DEV) $(NODE) ## Write what is in here, package by package, to sbom/ (CycloneDX)
	@mkdir -p sbom
	@for file in requirements requirements-training camera/requirements; do \
	  $(BIN)/uv tool run --quiet --from cyclonedx-bom==$(CYCLONEDX) cyclonedx-py requirements $$file.txt \
	  --output-reproducible -o sbom/$$(echo $$file | tr / -).cdx.json; done
	@$(BIN)/npm sbom --sbom-format cyclonedx --package-lock-only --loglevel=error > sbom/node.cdx.json
	@ls sbom

clean: ## Remove everything that these commands made (stop the local cloud first: make down)
	@if [ -x $(PY) ] && [ -d .local ]; then $(PY) -m local down; fi
	rm -rf .venv node_modules .build .local cdk.out .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage mutants sbom bench/results.json

# Puts `lensloop` beside this Python; it runs this folder's code.
COMMAND = VIRTUAL_ENV="$$PWD/.venv" $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --offline --editable .

# What the commands above need. A stamp is written only after success, so that an interrupted install is taken up again.

$(TOOLS):
	@python=; for candidate in python3 python3.13 python3.12 python3.11 python; do \
	  if $$candidate -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; \
	  then python=$$candidate; break; fi; done; \
	if [ -z "$$python" ]; then \
	  echo "Lensloop needs Python 3.11 or newer; found $$(python3 --version 2>&1 || echo none). Install it from your package manager or python.org." >&2; exit 1; fi; \
	if ! $$python -c 'import venv, ensurepip' 2>/dev/null; then \
	  echo "$$($$python --version) lacks its venv module; on Debian and Ubuntu: sudo apt install python3-venv." >&2; exit 1; fi; \
	echo "· preparing $$($$python --version) in .venv"; \
	$(ALIVE) $$python -m venv .venv && $(ALIVE) $(PY) -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

# The same environment serves tests and demo: once the tests' tools are in, they stay.
$(READY): $(TOOLS) requirements.txt pyproject.toml
	@echo "· installing the Python packages, pinned and hashed (about a minute the first time)"
	@echo "  into this folder; downloads are kept in $${UV_CACHE_DIR:-$${XDG_CACHE_HOME:-~/.cache}/uv}, which UV_CACHE_DIR moves"
	@VIRTUAL_ENV="$$PWD/.venv" $(ALIVE) $(BIN)/uv pip sync --quiet --require-hashes requirements.txt $$(ls $(DEV) 2>/dev/null | sed 's/.*/requirements-dev.txt/')
	@$(COMMAND)
	@touch $@

$(DEV): $(READY) requirements-dev.txt
	@echo "· installing what the tests need"
	@VIRTUAL_ENV="$$PWD/.venv" $(ALIVE) $(BIN)/uv pip sync --quiet --require-hashes requirements.txt requirements-dev.txt
	@$(COMMAND)
	@touch $@

$(NODE): $(READY) package.json package-lock.json
	@echo "· installing the CDK CLI and the demo's pictures from npm"
	@echo "  into this folder; downloads are kept in $${npm_config_cache:-~/.npm}, which npm_config_cache moves"
	@$(ALIVE) $(BIN)/npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null
	@touch $@

$(CHANNEL): $(READY) requirements-training.txt
	@echo "· packing what travels with a training job"
	@$(ALIVE) $(PY) -c 'from pathlib import Path; from stacks.training.channel import dependencies; dependencies(Path.cwd(), "local")'
	@mkdir -p $(@D) && touch $@

# MXNet is retired: it wants a Python and a numpy of its time, so it has an environment of its own (decision 0013).
$(MXNET): $(TOOLS) requirements-mxnet.txt
	@echo "· installing MXNet 1.9.1 for the tests (50 MB)"
	@$(BIN)/uv venv --quiet --allow-existing --python 3.11 $(@D)
	@VIRTUAL_ENV="$$PWD/$(@D)" $(ALIVE) $(BIN)/uv pip sync --quiet --require-hashes requirements-mxnet.txt
	@touch $@

$(TORCH)/.ready: $(TOOLS) requirements-finetune.txt
	@echo "· fetching PyTorch into $(TORCH) (a minute or two)"
	@rm -rf $(TORCH)
	@$(ALIVE) $(PY) -m pip install --quiet --disable-pip-version-check --target $(TORCH) \
	  $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) -r requirements-finetune.txt
	@touch $@

# The SageMaker SDK is larger than all else together, so nothing but experiments has it (decision 0002).
$(SDK): $(TOOLS) requirements-sagemaker.txt
	@echo "· installing the SageMaker SDK for experiments (0.7 GB, about a minute)"
	@$(BIN)/uv venv --quiet --allow-existing --python $(PY) $(@D)
	@VIRTUAL_ENV="$$PWD/$(@D)" $(ALIVE) $(BIN)/uv pip sync --quiet --require-hashes requirements-sagemaker.txt
	@touch $@

# What a synthesis for AWS would otherwise fetch or resolve by itself the first time.
$(OFFLINE): $(READY) requirements.txt requirements-training.txt
	@echo "· fetching what the stacks carry to AWS, so that \`cdk synth\` needs no network"
	@$(ALIVE) $(PY) -c 'from stacks.assets import code, packages; from stacks.training import channel, image; \
	  channel.dependencies(code.ROOT, "sagemaker"); image.uris("ml.m5.xlarge"); \
	  [packages.unpacked(code.ROOT, package) for package in (*code.PAGES, "pillow")]'
	@mkdir -p $(@D) && touch $@
