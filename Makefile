# make run          set up and run the main comparison on the embedded walkers
# make test         set up and pass the tests
# make bench-check  set up and train at laptop size: are networks at least as good as a linear reference?
PYTHON ?= python3
BIN := .venv/bin
RUN_ARGS ?=

.PHONY: run test bench-check lint setup clean
.venv/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --constraint constraints.txt torch==2.13.0
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	rm -rf gaitbench.egg-info # would hide what is installed from whoever runs in this folder
	touch $@

setup: .venv/.ready

run: setup
	$(BIN)/gaitbench run $(RUN_ARGS)

test: setup
	$(BIN)/python -m pytest -n auto --dist loadfile

bench-check: setup
	$(BIN)/python -m pytest -m bench

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf .venv build dist *.egg-info
