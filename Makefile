# The workshop's verbs. Each sets up what it needs first; set-up speaks on standard error only,
# so that the last line of standard output belongs to the command itself.

PYTHON ?= python3
SEEDS  ?= 200
YEARS  ?= 0
SCHEDULES ?= 0
BENCH  ?= killing publish footprint breaker jobs face browser_warm browser_faults browser_leaks browser_day extract
BIN    := .venv/bin
READY  := .venv/.ready

# `make -C elsewhere demo` would otherwise end standard output with "Leaving directory".
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := help
.PHONY: help demo run test lint sim bench docs audit fix setup anchors lock chromium rig

help: ## Say what each verb does.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup chromium ## Rehearse the whole engine on the sandbox network, e.g. ARGS="--for 90s --json".
	@$(BIN)/bowerbird demo $(ARGS)

run: setup chromium ## Run the engine for real, with the settings of this folder.
	@$(BIN)/bowerbird run $(ARGS)

test: setup chromium rig ## Lint, then run every test; with ARGS="-m network" run pytest alone with these arguments.
	@$(if $(strip $(ARGS)),true,$(MAKE) lint) >&2
	@$(BIN)/python -m pytest $(or $(ARGS),--numprocesses=2 --dist=loadfile --durations=10 --durations-min=2)

lint: setup ## Check style, types, who may import whom, and that each public name is explained.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy src tests tools $(wildcard bench)
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python tools/explained.py src tests $(wildcard bench)

sim: setup ## Judge the engine over simulated worlds, e.g. SEEDS=2000, YEARS=1 SEEDS=40, or SCHEDULES=100000.
	@$(BIN)/bowerbird simulate --seeds $(SEEDS) --years $(YEARS) --schedules $(SCHEDULES) $(ARGS)

bench: anchors chromium ## Measure each figure against its anchor, or one of them with BENCH=publish.
	@for name in $(BENCH); do $(BIN)/python -m bench.$$name $(ARGS) || exit 1; done

docs: setup chromium ## Draw the generated parts of docs/ and packaging/ anew, and take a picture of every page.
	@$(BIN)/python tools/rules.py $(filter --check,$(ARGS))
	@$(BIN)/python -m tools.pictures $(ARGS)
	@$(BIN)/python tools/docs.py $(filter --check,$(ARGS))

audit: setup ## Compare what is locked with known advisories: our own table, and today's where they can be reached.
	@$(BIN)/python tools/audit.py

fix: setup ## Let ruff repair and format what it can.
	@$(BIN)/ruff check --fix --exit-zero .
	@$(BIN)/ruff format .

setup: $(READY) ## Build .venv from the hash-locked requirements; nothing to do when they have not changed.
	@:

$(READY): requirements/dev.txt pyproject.toml
	@echo "Setting up (the first time about a minute) ..." >&2
	@sh tools/setup.sh "$(PYTHON)" >&2
	@touch $@

anchors: .venv/.anchors ## Install what the benches are held against, from its own hash-locked file.
	@:

.venv/.anchors: $(READY) requirements/bench.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt >&2
	@touch $@

lock: setup ## Pin every requirement with its hashes anew; ARGS=--upgrade takes newer versions.
	@sh tools/lock.sh $(ARGS) >&2

chromium: setup ## Find a Chromium, or install one.
	@sh tools/chromium.sh >/dev/null

rig: setup ## Fetch the servers of the network and prometheus tests, where this machine can.
	@if [ -f tests/network/install.sh ]; then sh tools/rig.sh >&2; fi
