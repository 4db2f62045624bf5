# EchoSynth: `make demo` shows it, `make test` proves it, `make help` lists the rest.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check
NEEDS  := pyproject.toml setup.py constraints.txt

# Tests run side by side, a file on one core each: what a file's tests share is made once.
CORES ?= auto
# Options for `make demo`, `make test`, `make bench` and `make fuzz`, e.g. make test ARGS="-m 'not slow'"
ARGS ?=
# For `make fuzz`: all campaigns together.
MINUTES ?= 10

.DEFAULT_GOAL := help
.PHONY: help demo test lint format bench calibrate fuzz clean

help:  ## list what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo '  Options: PYTHON=python3.12 picks the interpreter, ARGS="..." is passed on, CORES=1 runs tests one by one.'

demo: $(VENV)/.fast  ## label map -> synthetic echo -> segmentation, into demo/ (sets up the fast path: no torch)
	@$(BIN)/echosynth demo $(ARGS)

test: lint  ## lint, type-check and run all tests, the slow ones too (sets up everything, torch included)
	@$(BIN)/python -m pytest --numprocesses $(CORES) --dist loadfile $(ARGS)

lint: $(VENV)/.full  ## ruff (rules and format) and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(VENV)/.full  ## let ruff rewrite the code in the project's format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/.full  ## measure the figures, print them, and write them into Docs/benchmarks.md
	@$(BIN)/python Testing/benchmarks/run.py $(ARGS)

calibrate: $(VENV)/.full  ## fit the constants of traffic light and intervals anew and compare them with the shipped ones (needs CAMUS)
	@$(BIN)/python Testing/calibration/traffic_light.py $(ARGS)
	@$(BIN)/python Testing/calibration/intervals.py

fuzz: $(VENV)/.full  ## try damaged files, odd requests and kills for MINUTES=10; prints counts, and faults with their seeds
	@$(BIN)/python Testing/fuzz/run.py --minutes $(MINUTES) $(ARGS)

clean:  ## remove the environment, caches and build outputs; runs/ and demo/ stay
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment that is already there is kept: the fast and the full set-up share it.
$(VENV)/.created:
	@command -v $(PYTHON) >/dev/null || { echo "'$(PYTHON)' was not found. Python 3.11 or newer is needed: 'apt-get install python3 python3-venv', or 'make PYTHON=/path/to/python'." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "'$(PYTHON)' is $$($(PYTHON) --version 2>&1); Python 3.11 or newer is needed. Name another: 'make PYTHON=python3.12'." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "'$(PYTHON)' cannot make environments. On Debian and Ubuntu: 'apt-get install python3-venv'." >&2; exit 1; }
	@$(BIN)/python -c 'import pip' 2>/dev/null || { echo "Making $(VENV) ..."; $(PYTHON) -m venv $(VENV); }
	@touch $@

$(VENV)/.fast: $(VENV)/.created $(NEEDS)
	@echo "Installing the fast path into $(VENV) (numpy, onnxruntime, the image readers) ..."
	@$(PIP) install --constraint constraints.txt --editable .
	@touch $@

# torch is named in the same command as everything else, so that nothing replaces the build that was taken.
$(VENV)/.full: $(VENV)/.created $(NEEDS)
	@echo "Installing everything into $(VENV) (torch, monai, the test tools); the first time this takes minutes ..."
	@$(PIP) install --constraint constraints.txt torch==2.13.0 --editable '.[full,cluster,dev]'
	@touch $(VENV)/.fast $@
