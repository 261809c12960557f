# Vesalius. Bare `make` lists what there is; CI calls the same targets.
DATA ?= data
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
TEST_WORKERS ?= 3

.DEFAULT_GOAL := help
.PHONY: help demo serve setup setup-dev peers web test check types format bench bench-scale faults docs lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: setup web ## install, build, start everything and load the sample hospital (DATA=folder)
	@$(BIN)/vesalius demo --data $(DATA) $(ARGS)

serve: setup web ## install, build and start everything, empty (DATA=folder)
	@$(BIN)/vesalius serve --data $(DATA) $(ARGS)

setup: ## the Python environment of the product
	@scripts/setup run

setup-dev: ## the Python environment of the developers and the tests
	@scripts/setup dev

peers: ## other people's programs the tests run against (apt, where you may)
	@scripts/peers

web: setup ## build the browser application and the viewer
	@$(BIN)/python scripts/build_web.py

test: setup-dev peers ## every test, in parallel (≤ 25 minutes on 2 cores)
	@$(BIN)/python scripts/build_web.py
	@scripts/test $(ARGS)

check: setup-dev ## style, types, import law, dependencies, the web application's own checks
	$(BIN)/ruff check src tests bench scripts
	$(BIN)/ruff format --check src tests bench scripts
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/deptry src
	$(BIN)/python scripts/build_web.py --check

format: setup-dev ## format the Python code
	$(BIN)/ruff check --fix src tests bench scripts
	$(BIN)/ruff format src tests bench scripts

bench: setup-dev peers ## measure against the peers; writes docs/reference/benchmark.{md,json}
	$(BIN)/python -m bench $(ARGS)

bench-scale: setup-dev ## load a million Observations and measure the record on them
	$(BIN)/python -m bench.fhir_scale $(ARGS)

faults: setup-dev peers ## the long fault runs; writes docs/reference/faults.{md,json}
	$(BIN)/python -m tests.faults $(ARGS)

docs: setup-dev ## generate the reference pages and the conformance statements
	$(BIN)/python scripts/generate_docs.py

lock: ## resolve the dependencies anew into requirements/*.txt
	@scripts/lock

clean: ## remove what was built (data stays)
	rm -rf build web/dist web/dist-viewer .mypy_cache .ruff_cache .pytest_cache
