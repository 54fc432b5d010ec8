# The menu. `make demo` and `make test` do all the set-up they need on a fresh machine.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup check test test-fast demo demo-clean cluster cluster-down images rollout-proof bench soak requirements

VENV := .venv
PY := $(VENV)/bin/python

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(VENV)/.ready ## the virtual environment with everything the gates and tests need

$(VENV)/.ready: pyproject.toml hack/setup
	@hack/setup $(VENV)
	@touch $@

check: setup ## format, lint, types, layers, docstrings of tests: seconds, no cluster
	@hack/check

test: setup ## everything CI runs: checks, unit, API and cluster tests (builds Kubernetes the first time)
	@hack/test

test-fast: setup ## checks and the tests that need no cluster
	@hack/test --fast

demo: setup ## a real cluster, a trained model, predictions, an update under load
	@hack/demo/demo

demo-clean: ## removes every trace of the demo
	@hack/demo/demo --clean

cluster: ## bring up the local cluster and say how to use it
	@hack/cluster/cluster up && hack/cluster/cluster env

cluster-down: ## remove the local cluster without a trace
	@hack/cluster/cluster down

images: ## build both images with docker or buildah
	@hack/images/build

rollout-proof: setup ## every way to change a model, under load: REQUESTS=1000000 RATE=1.3 for a long one
	@hack/cluster/cluster build && hack/images/build >/dev/null
	@SLIPWAY_PROOF_REQUESTS=$${REQUESTS:-100000} SLIPWAY_PROOF_RATE=$${RATE:-1} $(VENV)/bin/pytest -q tests/cluster/test_rollout_proof.py; cat reports/rollout-proof.md

bench: setup ## the model server beside its peers, in one run; ARGS="--case NAME" runs a part
	@$(PY) bench/speed.py $(ARGS)

soak: setup ## a million requests over every protocol: does memory stay flat? SOAK="--requests 100000" for less
	@$(PY) bench/soak.py $(SOAK)

requirements: setup ## pin the images' dependencies again
	@hack/requirements
