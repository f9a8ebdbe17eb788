# Everything a developer or a stranger runs. Needs Python 3.11 and make; the rest is installed into .venv.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
ROWS ?= 10000000
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Images for containers often forbid bytecode: then each of the many processes would compile the house anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help install demo test check format bench covid19 gate studio clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP)  ## Make .venv and install the locked packages into it

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; give it as make PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

demo: install  ## Run the main job on the shop example (messy files made from a seed)
	@rm -rf out/demo
	@$(BIN)/python examples/shop/generate.py out/demo
	$(BIN)/millwright run examples/shop/contract.odcs.yaml out/demo/input --out out/demo/published

test: install  ## Run the tests
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: install  ## Run what CI runs beside the tests: format, lint, types, floors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install  ## Format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install  ## Time a job of ROWS rows against a script written by hand (DATA=folder of generate.py, reference.py)
	$(BIN)/millwright eval speed --fresh --rows $(ROWS) $(if $(DATA),--data $(DATA))

covid19: install  ## Print the agreement and the time of the covid19 suite (DATA=folder of the daily reports)
	$(BIN)/millwright eval covid19 --fresh $(if $(DATA),--data $(DATA))

gate: install  ## Judge the published tables of all examples with checkers of others, in .venv-gate (DATA=folder of data)
	MILLWRIGHT_GATE_VENV=.venv-gate $(BIN)/millwright eval gate --fresh $(if $(DATA),--data $(DATA))

studio: install  ## Serve the graphs for LangGraph Studio, offline (docs/studio.md)
	LANGSMITH_TRACING=false LANGGRAPH_CLI_NO_ANALYTICS=1 $(BIN)/langgraph dev --no-browser --no-reload

clean:  ## Remove what the commands above made
	rm -rf $(VENV) .venv-gate out .millwright .langgraph_api .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
