# make demo    a real fault in a small real shop, from alert to postmortem
# make test    lint, types, tests
# make thorough    the tests that take minutes: whole live drills, studies over many cases
# make reliability    the faults of docs/reliability.md that take long to make
# make docs    the site of docs/, in site/; fetches nothing
# make conformance    builds and runs real servers of telemetry, and records their answers (minutes)
# All set up .venv themselves, once; and again when pyproject.toml or constraints.txt change.

SHELL := /bin/bash
BIN := .venv/bin
PIP = $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -c constraints.txt
# The builder comes first and is pinned too: no isolated build fetches another one.
INSTALL = set -o pipefail; $(PIP) -q setuptools && $(PIP) --no-build-isolation

# pip is silent or endless; this says how far it is, a line at a time.
define PROGRESS
awk '/^(Collecting|Requirement|Obtaining)/ { if (++n % 20 == 0) print "  " n " packages looked up" } \
     /^Installing collected/ { print "  unpacking (about half a minute)" } \
     /^ERROR|^error|^  error/ { print; bad = 1; next } bad { print } { fflush() }'
endef

.PHONY: demo test thorough reliability docs conformance setup lint clean

# A person at a terminal decides; without one the drill's commander approves, and the drill says so.
demo: .venv/demo.stamp
	@mkdir -p .warroom
	@$(BIN)/warroom graph --svg .warroom/graph.svg
	@if [ -t 0 ] && [ -t 1 ]; then $(BIN)/warroom drill bad-deploy --pages; \
	else $(BIN)/warroom drill bad-deploy --pages --approve-as-drill-commander; fi
	@echo "The picture of the response is .warroom/graph.svg; the incident's document, postmortem, messages"
	@echo "and charts are in .warroom/incidents/ (see also: $(BIN)/warroom show)"

test: lint
	@$(BIN)/python -m pytest -m "not live and not thorough and not reliability and not conformance" \
		-n 3 --dist loadfile $(PYTEST_ARGS)

# Files that have tests of a kind: the others need not even be read. (Real servers are thorough.)
having = $(sort $(shell grep -rlE "$(1)" tests --include='test_*.py'))

# Live tests mostly wait, and the drills among them measure: two at a time, in this order (drills, then
# browsers), and nothing else beside them. The others share the cores.
thorough: .venv/dev.stamp
	@$(BIN)/python -m pytest -m "thorough and not reliability and not conformance" -n 2 --dist loadfile \
		$(THOROUGH_ARGS) $(call having,mark\.thorough|support\.ways)
	@$(BIN)/python -m pytest -m live -n 2 --dist loadfile --no-loadscope-reorder \
		$(LIVE_ARGS) $(call having,mark\.live)

reliability: .venv/dev.stamp
	@$(BIN)/python -m pytest -m reliability $(PYTEST_ARGS)

docs: .venv/docs.stamp
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet
	@echo "The site is site/index.html"

# Servers and the build's caches lie outside the tree. What is recorded counts where all tests pass, in
# one process: `-n` records nothing.
conformance: export WARROOM_CONFORMANCE ?= $(HOME)/.cache/warroom-conformance
conformance: .venv/dev.stamp
	@$(BIN)/python -m warroom.evals.conformance.build
	@$(BIN)/python -m pytest -m conformance $(PYTEST_ARGS)

lint: .venv/dev.stamp
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright

setup: .venv/dev.stamp

.venv/demo.stamp: .venv/pyvenv.cfg pyproject.toml constraints.txt
	@echo "Setting up: Warroom and its drill (about a minute, once)"
	@$(INSTALL) -e ".[drills]" 2>&1 | $(PROGRESS)
	@touch $@

.venv/dev.stamp: .venv/demo.stamp
	@echo "Setting up: the tools for tests and lint (about half a minute, once)"
	@$(INSTALL) -e ".[drills,dev,docs]" 2>&1 | $(PROGRESS)
	@mkdir -p .venv/types && ln -sfn "$(CURDIR)" .venv/types/warroom
	@touch $@

.venv/docs.stamp: .venv/demo.stamp
	@echo "Setting up: what builds the site (a few seconds, once)"
	@$(INSTALL) -e ".[drills,docs]" 2>&1 | $(PROGRESS)
	@touch $@

# Any Python from 3.11 on that can make virtual environments; `make PYTHON=… demo` names one.
.venv/pyvenv.cfg:
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11 python; do \
		$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		found=$$python; \
		$$python -c 'import ensurepip, venv' 2>/dev/null || continue; \
		echo "Setting up: .venv with $$($$python --version)"; \
		exec $$python -m venv .venv; \
	done; \
	if [ -n "$$found" ]; then \
		echo "$$found cannot make virtual environments: its ensurepip or venv is missing."; \
		echo "On Debian or Ubuntu: apt-get install python3-venv"; \
	else \
		echo "Warroom needs Python 3.11 or newer; none was found on PATH."; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.11 demo"; \
	fi >&2; exit 1

clean:
	rm -rf .venv build dist site *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
