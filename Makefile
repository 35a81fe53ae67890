# make run    sets up, runs two examples on real UDP traffic and a replay, shows what happened
# make test   sets up and runs every test
# make check  ruff, mypy --strict and the order of the floors
# make docs   docs/modules.md from the modules' declarations, docs/checks.md from the rules of check,
#             packaging/sipproxy.1 from what --help shows
# make coverage  lines and branches of sip/, core/ and script/ that their own tests reach
# make bench  requests per second beside Kamailio, and microseconds of each stage
# make soak   the long tests (SIPPROXY_SOAK_SECONDS, SIPPROXY_SOAK_RATE: how long, how many calls a second)
# make corpus public cfgs beside kamailio -c, as far as they are at hand (MIRROR=folder)

VENV := .venv
PYTHON := $(VENV)/bin/python
MIRROR ?=
# Processes that run the tests; most tests of live servers wait. 0: the tests run in this one.
WORKERS ?= 2

# The tests start hundreds of short processes: compiled files halve their start, whatever the
# environment says.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test check coverage docs bench soak corpus test-all setup peers clean

run: setup
	@$(PYTHON) -m examples.demo

test: setup peers
	$(PYTHON) -m pytest -rs -n $(WORKERS) --dist loadgroup $(ARGS)

check: setup
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(PYTHON) -m pytest tests/test_floors.py

coverage: setup
	$(PYTHON) -m coverage run -m pytest tests/sip tests/core tests/script
	$(PYTHON) -m coverage report

docs: setup
	$(PYTHON) tools/modules_page.py
	$(PYTHON) tools/checks_page.py
	$(PYTHON) tools/man_page.py
	$(PYTHON) tools/tm_page.py

bench: setup peers
	$(PYTHON) benchmarks/stages.py
	$(PYTHON) benchmarks/tables.py
	$(PYTHON) benchmarks/reload.py
	$(PYTHON) benchmarks/flood.py
	$(PYTHON) benchmarks/replay.py
	$(PYTHON) benchmarks/compare.py $(ARGS)

soak: setup peers
	$(PYTHON) -m pytest -m soak --timeout=0 $(ARGS)

corpus: setup
	$(PYTHON) tests/corpus/run.py check $(if $(MIRROR),--mirror $(MIRROR))
	$(PYTHON) tests/corpus/run.py mutants $(if $(MIRROR),--mirror $(MIRROR))
	$(PYTHON) tests/corpus/run.py rules $(if $(MIRROR),--mirror $(MIRROR))
	$(PYTHON) tests/corpus/run.py replay $(if $(MIRROR),--mirror $(MIRROR))

test-all: peers
	@for python in python3.11 python3.12 python3.13 python3.14; do \
		command -v $$python >/dev/null || { echo "$$python is not here"; continue; }; \
		.ci/setup .venv-$$python $$python && .venv-$$python/bin/python -m pytest $(ARGS) || exit 1; \
	done

setup:
	@.ci/setup $(VENV)

peers:
	@.ci/peers

clean:
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis benchmarks/sipload benchmarks/sipsink benchmarks/flood
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +
