# Two commands do everything on a fresh machine with Python 3.11 to 3.14 (with venv), git and make: `make demo` and `make test`.
# Both make their own .venv first, from the pinned versions in constraints.txt.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
WS ?= demo
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test proofs test-all lint lab docs audit release clean

demo: $(READY) ## migrate the shipped example into a sandbox; reports land in reports/
	@$(BIN)/pb2hl demo demo --reports reports

test: $(READY) ## the tests, without the slow proofs
	$(BIN)/python -m pytest -n auto --dist loadfile

proofs: $(READY) ## the exhaustive proofs: a kill at every write of every step (about an hour)
	$(BIN)/python -m pytest -n auto --dist loadfile -m exhaustive

test-all: $(READY) ## the slow proofs and the browser tests (need Debian's chromium) as well
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not exhaustive"

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lab: $(READY) ## JupyterLab on a workspace, the notebooks as copies inside it: make lab WS=acme
	$(BIN)/pb2hl lab $(WS)

docs: $(READY) ## the documentation site in docs/_build, without the network once its packages are there
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[docs]"
	@$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build
	@echo "docs/_build/index.html"

audit: $(READY) ## look the pinned versions up in a database of known holes, where one can be reached
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[release]"
	@$(BIN)/pip-audit --progress-spinner off --skip-editable --timeout 20 > $(VENV)/audit.log 2>&1; code=$$?; \
	  if grep -q "Found [0-9]* known vulnerabilit" $(VENV)/audit.log; then cat $(VENV)/audit.log; exit $$code; \
	  elif [ $$code -ne 0 ]; then echo "UNCHECKED: no database of known holes can be reached from here"; \
	  else echo "known holes: none found; UNCHECKED, for the database does not know them: $$(grep -c 'could not be audited' $(VENV)/audit.log) packages"; fi

release: lint test audit ## wheel, source distribution and bill of materials (CycloneDX) in dist/
	rm -rf dist && mkdir -p dist
	$(BIN)/python -m build --outdir dist .
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-format JSON --output-file dist/pb2hl.cdx.json $(BIN)/python
	@ls -l dist

clean:
	rm -rf $(VENV) demo build dist

# A .venv that another Python made, or that was left half made, is made anew.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { echo "pb2hl needs Python 3.11 or newer; say which with: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c "import ensurepip, venv" 2>/dev/null || { echo "this Python has no venv module; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@[ -e $(READY) ] && [ "$$($(BIN)/python -c 'import sys; print(sys.version_info[:3], sys.base_prefix)' 2>/dev/null)" = "$$($(PYTHON) -c 'import sys; print(sys.version_info[:3], sys.base_prefix)')" ] \
	  || { rm -rf $(VENV); echo "Making $(VENV) with $$($(PYTHON) --version)"; $(PYTHON) -m venv $(VENV); }
	@echo "Installing the packages, which takes a minute or two; nothing else is downloaded"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --progress-bar off -c constraints.txt -e ".[test]" > $(VENV)/install.log 2>&1 \
	  || { tail -20 $(VENV)/install.log; echo "The installation failed; all of it is in $(VENV)/install.log"; exit 1; }
	@touch $(READY)
