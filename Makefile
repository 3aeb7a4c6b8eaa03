# Everything that one does with this repository.  `make help` lists it.
# The only thing to have beforehand: make, and Python 3.11 or newer with its venv module.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.SUFFIXES:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
PYTHON := python3 python3.15 python3.14 python3.13 python3.12 python3.11
HOME_DIRECTORY := demo
TEST_WORKERS := 2
ARGS :=
SUPPLY_TOOLS := pip-audit==2.10.1 cyclonedx-bom==7.5.0

# The packages come from requirements.lock alone, each held to its hash; pip says nothing
# unless something is wrong.
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help install serve test coverage docs interop browser pictures lint supply fuzz bench bench-long load multihost anomaly anomaly-short lock clean

help:
	@echo 'make install   put the locked packages and kps itself into $(VENV)/'
	@echo 'make serve     make the demo home $(HOME_DIRECTORY)/ if there is none, and serve it'
	@echo 'make test      run the whole test suite (ARGS="tests/test_x.py" for a part)'
	@echo 'make coverage  the same, with the lines of the package that it runs (slower)'
	@echo 'make docs      walk the pages of docs/: run their commands, compare what they print'
	@echo 'make interop   run clients of other stacks against a served gateway (ARGS=... for a part)'
	@echo 'make browser   walk through the console in Chromium (ARGS=... for a part)'
	@echo 'make pictures  renew the pictures of the console in docs/images/'
	@echo 'make supply    licences, known weaknesses and a list (build/sbom.json) of the locked packages'
	@echo 'make lint      check style, types, the published WSDLs and the lock file'
	@echo 'make fuzz      feed every door, agreement files and the console what nobody would send'
	@echo 'make bench     measure against the bars, 15 minutes (ARGS=... for the options)'
	@echo 'make bench-long  the same with 10 million persons and a million requests; can be resumed'
	@echo 'make load      measure a grid of loads, 15 minutes; results and plot in benchmarks/results/'
	@echo 'make anomaly   break a gateway in every way of docs/reliability.md, 90 minutes (ARGS=...)'
	@echo 'make anomaly-short  one round of the most telling ways, 10 minutes'
	@echo 'make multihost run several gateways behind a proxy, and lose their database'
	@echo 'make lock      choose new package versions from setup.cfg into requirements.lock'
	@echo 'make clean     remove $(VENV)/ and what the tools left behind; $(HOME_DIRECTORY)/ stays'

install: $(VENV)/.locked $(VENV)/.installed
	@:

# A changed lock file means a new environment: nothing of the old one can linger.  A file that
# is only newer (after a checkout) changes nothing.
$(VENV)/.locked: requirements.lock
	@if cmp --silent requirements.lock $@; then touch $@; exit 0; fi; \
	for python in $(PYTHON); do \
	    if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
	        2>/dev/null; then found="$$python"; break; fi; \
	done; \
	if [ -z "$${found:-}" ]; then \
	    echo 'No Python 3.11 or newer with its venv module was found.'; \
	    echo 'Install one (on Debian: python3 and python3-venv), or name it: make install PYTHON=...'; \
	    exit 1; \
	fi; \
	echo "Making $(VENV)/ with $$("$$found" --version) ..."; \
	rm -rf $(VENV); \
	"$$found" -m venv $(VENV); \
	awk '/^[a-z]/ { keep = /^setuptools==/ } keep' requirements.lock > $(VENV)/first.lock; \
	if ! { $(PIP) install --no-deps --require-hashes -r $(VENV)/first.lock \
	    && $(PIP) install --no-build-isolation --require-hashes -r requirements.lock; }; then \
	    echo 'The locked packages could not be installed; pip says why above.'; \
	    exit 1; \
	fi; \
	cp requirements.lock $@

# The package itself, editable: nothing is fetched.
$(VENV)/.installed: $(VENV)/.locked setup.cfg pyproject.toml kps_soap/__init__.py
	@$(PIP) install --no-index --no-deps --no-build-isolation --editable .
	@touch $@

serve: install
	@if [ ! -e $(HOME_DIRECTORY)/demo.json ]; then $(BIN)/kps demo init $(HOME_DIRECTORY); fi
	@exec $(BIN)/kps serve --home $(HOME_DIRECTORY) $(ARGS)

# Files begin in the order of tests/conftest.py, the long ones first, and not by how many tests
# they have.  With ARGS only a part runs, in one process.
WHOLE_SUITE := -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder
test: install
	@$(BIN)/python -m pytest $(if $(ARGS),$(ARGS),$(WHOLE_SUITE))

# The whole suite once more, slower: which lines of the package does it run?
coverage: install
	@$(BIN)/python -m pytest $(WHOLE_SUITE) --cov --cov-report term

# Toolchains that are missing are skipped, each by name in the table at the end.  What comes from
# package registries is kept in .interop/.
interop: install
	@$(BIN)/python -m pytest tests/interop $(ARGS)

# Every command of the operators' pages in docs/, in order, and what it prints.
docs: install
	@$(BIN)/python -m pytest tests/docs $(ARGS)

# Needs a chromium; without one the tests skip themselves.  A picture of every page is left in
# build/browser/.
browser: install
	@$(BIN)/python -m pytest tests/browser $(ARGS)

# The same pictures with few colours, so that they are small, for the documents.
pictures: browser
	@$(BIN)/python -m tests.browser.pictures build/browser docs/images

lint: install
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --strict kps_soap
	@$(BIN)/kps wsdl check
	@$(BIN)/python -m pip --disable-pip-version-check check
	@$(BIN)/python -m pytest -q -p no:cacheprovider tests/test_layout.py -k lock_file

# pip-audit and cyclonedx-bom have a venv of their own, because nothing but this needs them.
# Where they or the service that knows of weaknesses cannot be reached, the report says so.
supply: install
	@mkdir -p build
	@rm -rf .venv-supply build/audit.json build/sbom.json
	@$(BIN)/python -m venv .venv-supply
	@if .venv-supply/bin/python -m pip --disable-pip-version-check --quiet install $(SUPPLY_TOOLS); \
	then \
	    .venv-supply/bin/pip-audit --requirement requirements.lock --require-hashes --no-deps \
	        --disable-pip --progress-spinner off --format json --output build/audit.json \
	        2> build/audit.log || true; \
	    .venv-supply/bin/cyclonedx-py environment $(BIN)/python \
	        --output-reproducible --sv 1.6 --of JSON --validate --output-file build/sbom.json; \
	fi
	@rm -rf .venv-supply
	@$(BIN)/python -m tests.supply.report build/audit.json build/sbom.json

# Each target is fed for so many seconds; what breaks one is left in tests/fuzz/kept/.
fuzz: install
	@KPS_FUZZ_SECONDS=$(or $(SECONDS),20) $(BIN)/python -m pytest tests/fuzz $(ARGS)

bench: install
	@$(BIN)/python -m benchmarks $(ARGS)

# Kept in build/bench-long/, so that it goes on where it ended.
bench-long: install
	@$(BIN)/python -m benchmarks --long $(ARGS)

load: install
	@$(BIN)/python -m benchmarks.grid $(ARGS)

# Needs root for network namespaces, haproxy and PostgreSQL; without them the tests skip themselves.
multihost: install
	@$(BIN)/python -m pytest tests/multihost $(ARGS)

# uv resolves once for every Python from 3.11 on and for every platform; it has a venv of its
# own, because nothing but this needs it.
lock:
	@python3 -m venv .venv-lock
	@.venv-lock/bin/python -m pip --disable-pip-version-check --quiet install uv
	@.venv-lock/bin/uv pip compile setup.cfg --quiet --no-config --upgrade --universal \
	    --python-version 3.11 --generate-hashes --extra client --extra test --extra build \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' \
	    --output-file requirements.lock
	@rm -rf .venv-lock

# Rounds leave their results in build/anomaly/results.jsonl; ARGS="--from 31" goes on there.  What
# a machine lacks (PostgreSQL, mount namespaces, a cgroup) is skipped by name.
anomaly: install
	@PYTHONPATH=.:tests $(BIN)/python -m anomaly $(ARGS)

anomaly-short: install
	@PYTHONPATH=.:tests $(BIN)/python -m anomaly --short --seconds 12 --patience 3 \
	    --place build/anomaly-short $(ARGS)

clean:
	@rm -rf $(VENV) .venv-lock .venv-supply .interop build dist ./*.egg-info .coverage .coverage.* htmlcov \
	    .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -path ./.git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
