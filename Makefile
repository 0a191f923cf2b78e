# Everything a newcomer or CI needs. Only python3 (with venv and pip), make and git are expected to be here.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test test-long bench docs lock clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# uv installs in parallel and checks the hashes of the lock; the one on the PATH is used where there is one.
UV = $(shell command -v uv || echo $(BIN)/uv) pip install --python $(BIN)/python --quiet
export PYTHONUNBUFFERED := 1

help:            ## show this list
	@grep -hE '^[a-z-]+: .*##|^[a-z-]+:  *##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	@command -v uv >/dev/null || $(BIN)/pip install --quiet uv

$(VENV)/.base: $(BIN)/python locks/base.txt pyproject.toml
	$(UV) --require-hashes -r locks/base.txt
	$(UV) --no-deps -e .
	@touch $@

$(VENV)/.dev: $(BIN)/python locks/dev.txt pyproject.toml
	$(UV) --require-hashes -r locks/dev.txt
	$(UV) --no-deps -e .
	@touch $@ $(VENV)/.base

setup: $(VENV)/.base ## install what `audiocot` needs into .venv

setup-dev: $(VENV)/.dev ## install what the tests need too

demo: setup      ## render scenes, build a verified dataset from them, check it against the truth
	$(BIN)/audiocot demo

test: setup-dev  ## ruff, import contracts, mypy, pytest
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist loadfile

test-long: setup-dev ## the tests that take minutes
	$(BIN)/pytest -m long

bench: setup-dev ## measure ingest and annotators beside bare ffmpeg; prints what docs/benchmarks.md records
	$(BIN)/python -m tests.bench

docs: setup-dev  ## regenerate the tables in docs/ from the classes
	$(BIN)/python -m schemas.docs > docs/tables.md
	$(BIN)/python -m flows.recipe_docs

lock:            ## compile locks/*.txt (versions and hashes, no addresses) from pyproject.toml
	$(PYTHON) locks/compile.py

clean:           ## remove what builds made (not .venv)
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
