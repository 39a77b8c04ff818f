# Two commands do everything on a fresh machine with Python 3.11, git and make: `make demo` and `make test`.
# Both make their own .venv first, from the pinned versions in constraints.txt.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test test-all lint lab clean

demo: $(READY) ## migrate the shipped example into a sandbox; reports land in reports/
	$(BIN)/pb2hl demo demo --reports reports

test: $(READY) ## the tests, without the slow proofs
	$(BIN)/python -m pytest -n auto --dist loadfile

test-all: $(READY) ## the slow proofs and the browser tests (need Debian's chromium) as well
	$(BIN)/python -m pytest -n auto --dist loadfile -m "slow or browser or not slow"

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lab: $(READY) ## JupyterLab on the notebooks
	$(BIN)/jupyter lab notebooks

clean:
	rm -rf $(VENV) demo build dist

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { echo "pb2hl needs Python 3.11 or newer; say which with: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -c constraints.txt -e ".[test]"
	@touch $(READY)
