# PYTHON: the interpreter that makes .venv (3.11 to 3.13). VENV: where to make it.
PYTHON ?= python3
# WORKERS: processes that share the tests; 0: this one alone.
VENV ?= .venv
WORKERS ?= auto
BIN := $(VENV)/bin

.PHONY: run test check bench docs format clean

run: $(VENV)/installed ## serve on http://127.0.0.1:8080 with SQLite in ./data
	$(BIN)/cim-adapter serve

test: $(VENV)/installed ## the whole suite
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --maxprocesses 8 --dist worksteal

check: $(VENV)/installed ## format, lint, types, import contracts, generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cim-adapter wsdl build --check

bench: $(VENV)/installed ## measure, beside a stock stack, and print the table
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.files

docs: $(VENV)/installed ## write the pages that are made from the code
	$(BIN)/python -m cim_adapter.reference docs

format: $(VENV)/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) data dist

# Made anew when the dependencies or the interpreter change.
$(VENV)/installed: pyproject.toml constraints.txt $(VENV)/made-by-$(notdir $(PYTHON))
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench,dev,parquet,postgres]'
	touch $@

$(VENV)/made-by-$(notdir $(PYTHON)):
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	touch $@
