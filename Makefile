# Two commands are all a newcomer needs: `make demo` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SIDE_BY_SIDE ?= 2
PIP    := $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: demo serve test quick fuzz lint format types docs bench lock clean

demo: $(VENV)/.demo ## plan the examples, print the rankings, write the reports
	$(BIN)/python scripts/demo.py

serve: $(VENV)/.web ## the page and the HTTP API on this machine alone
	$(BIN)/millwright serve

test: $(VENV)/.test lint types ## everything: lint, types, all tests; the files side by side
	$(BIN)/python -m pytest -n $(SIDE_BY_SIDE) --dist loadfile

quick: $(VENV)/.test ## the fast tests only
	$(BIN)/python -m pytest -m "not slow" -x

fuzz: $(VENV)/.test ## the properties on new random examples each time; what fails is printed with its seed
	MILLWRIGHT_EXAMPLES=search $(BIN)/python -m pytest -m "not slow"

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.test
	$(BIN)/mypy

bench: $(VENV)/.core ## ratios of speed, printed; never a test
	for f in benchmarks/bench_*.py; do $(BIN)/python $$f; done

lock: ## make requirements/ anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --extra build -o requirements/core.txt
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --extra build --extra paper -c requirements/core.txt -o requirements/demo.txt
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --extra build --extra web -c requirements/core.txt -o requirements/web.txt
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --all-extras -c requirements/core.txt -o requirements/test.txt

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Millwright needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Say: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: requirements/core.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) install --require-hashes -r requirements/core.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.demo: requirements/demo.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) install --require-hashes -r requirements/demo.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $@ $(VENV)/.core

$(VENV)/.web: requirements/web.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) install --require-hashes -r requirements/web.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $@ $(VENV)/.core $(VENV)/.demo

$(VENV)/.test: requirements/test.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) install --require-hashes -r requirements/test.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $(VENV)/.core $(VENV)/.demo $(VENV)/.web $@
