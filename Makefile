# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ifneq ($(wildcard ../shared/data/MANIFEST.json),)
export NODEEMB_DATA ?= $(abspath ../shared/data)
endif

.PHONY: setup demo test check bench proofs clean

setup: $(VENV)/.test

# A stamp is newer than what decides the installation, so each is made once.
$(VENV)/.test: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "nodeemb needs Python 3.11 or newer. Name one: make PYTHON=python3.12"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || \
	  { rm -rf $(VENV); echo "There is no venv module. On Debian: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test]"
	@touch $@

$(VENV)/.dev: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

# Reports are opened in a browser without a window. Where none can be installed, or it does
# not start, those tests skip and say so.
$(VENV)/.browser: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[browser]" \
	  && touch $@ || echo "No browser could be installed: tests that need one are skipped."

# Other programs that nodeemb is measured beside; one that is missing is told.
$(VENV)/.peers: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[peers]" \
	  && touch $@ || echo "The other programs could not be installed: those that are missing are told."

demo: setup
	$(BIN)/nodeemb evaluate

# by two processes, each of which takes over half of what the other has left
test: setup $(VENV)/.browser
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/unit -q -x

bench: setup $(VENV)/.peers
	$(BIN)/nodeemb bench --peers --history .results/bench.jsonl
	$(BIN)/python -m pytest -m bench tests/bench -s

proofs: setup
	$(BIN)/python -m pytest -m slow

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache
