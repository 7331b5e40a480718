# Everything runs in .venv with locked versions; nothing needs root.
PYTHON ?= python3
BOARD  ?= host
PY     := .venv/bin/python
CTL    := .venv/bin/bridgectl
PYTEST_ARGS ?=

# What a target cannot do without is asked for by the name that make takes.
named = $(if $($(1)),,$(error $(1) is missing: add $(1)=$(2)))

.DEFAULT_GOAL := help
.PHONY: help venv run test lint build bundle flash ota provision settings emulate figures cuts fuzz trace wiring pictures clean

help: ## Show this list
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: .venv/.made ## Make the virtual environment with the locked versions

.venv/.made: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.10 or newer is needed; name one with PYTHON=") if sys.version_info < (3, 10) else 0'
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: venv ## The bridge on a simulated site (SENSOR=/dev/ttyUSB0 PLANT=/dev/ttyUSB1 BROKER=host:port PLAIN=1)
	@$(PY) -m bridgectl.run $(if $(SENSOR),--sensor $(SENSOR)) $(if $(PLANT),--plant $(PLANT)) \
	  $(if $(BROKER),--broker $(BROKER)) $(if $(PLAIN),--plain) $(RUN_ARGS)

test: venv ## All tests, on all cores
	@$(PY) -m bridgectl.tests $(PYTEST_ARGS)

lint: venv ## Ruff, and types against the stubs of both boards
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m bridgectl.types

build: venv ## Compile a board's slot into build/BOARD (BOARD=esp32, rp2040 or host), bytes per module
	@$(PY) -m bridgectl.device.build $(BOARD)

bundle: venv ## Make the update bundle of BOARD in build/
	@$(CTL) bundle $(BOARD)

flash: venv ## Copy the firmware of BOARD to the board at PORT
	$(call named,PORT,/dev/ttyACM0)
	@$(CTL) flash $(PORT) --board $(BOARD)

ota: venv ## Send the bundle of BOARD to the board at PORT; it installs it by itself
	$(call named,PORT,/dev/ttyACM0)
	@$(CTL) ota $(PORT) --board $(BOARD)

provision: venv ## Give the board at PORT its SN and hotspot password (SETTINGS="name=value ..." too)
	$(call named,PORT,/dev/ttyACM0)
	$(call named,SN,MY-SERIAL-01)
	@$(CTL) provision $(PORT) $(SN) $(foreach pair,$(SETTINGS),--set $(pair))

settings: venv ## Show the settings of the board at PORT over USB, or change them (SETTINGS="name=value name=value")
	$(call named,PORT,/dev/ttyACM0)
	@$(CTL) settings $(PORT) $(if $(SETTINGS),set $(SETTINGS))

emulate: venv ## Boot the rp2040 bundle on the emulated chip and print figures (UF2=path of an image of your own)
	@$(PY) -m bridgectl.emulator $(if $(UF2),--uf2 $(UF2)) $(RUNS)

figures: venv ## Measure everything and print one JSON object a line
	@$(PY) -m bridgectl.figures

cuts: venv ## Cut the power at every flash operation, and PAIRS of cuts (120000: a quarter of an hour)
	@$(PY) -m bridgectl.figures.cuts $(or $(PAIRS),120000)

fuzz: venv ## Fuzz every decoder for SECONDS (600)
	@$(PY) -m bridgectl.fuzzing --seconds $(or $(SECONDS),600)

trace: venv ## Every id of the specification, the tests that prove it, and their result
	@$(PY) -m bridgectl.docs.trace

wiring: venv ## Draw the wiring from the one table of the terminal
	@$(PY) -m bridgectl.docs.wiring

pictures: venv ## Take the pictures of the pages anew (needs Chromium)
	@$(PY) -m bridgectl.docs.pictures

clean: ## Remove what was made
	rm -rf build .venv .pytest_cache .ruff_cache .hypothesis
