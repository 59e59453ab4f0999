# The only commands of this project; each says what it lacks when it cannot go on. None needs root.
#
#   make demo      set up what is missing, start the stack with sample data, print its address and accounts
#   make stop      stop it                        make status    say what runs (FORMAT=json for scripts)
#   make logs      print the end of each log (PART=nginx: of one; FOLLOW=1: go on)
#   make reset     stop it and delete its data (asks first; YES=1 answers)
#   make test      set up and run every test (TESTS="tests/unit -k name" chooses)
#   make check     format, lint, types, import rules; starts nothing
#   make bench     print the table of ratios
#   make docs      write the pages that repeat the code
#   make screenshots  make the pictures of the documentation from the running stack
#
# STACK=demo names the stack; PORT= its published port and PROFILE= its profile, at first set-up; DATA= its folder.

STACK ?= demo
PORT ?=
DATA ?=
PROFILE ?=
YES ?=
FORMAT ?= text
PART ?=
FOLLOW ?=
TESTS ?=
PYTHON ?= python3

VENV := .venv
IN_VENV := PYTHONPATH="$(CURDIR)" $(VENV)/bin/python
NATIVE := $(IN_VENV) -m deploy.native
WHICH := --stack "$(STACK)" $(if $(DATA),--data "$(DATA)")

.DEFAULT_GOAL := help
.PHONY: help setup demo stop status logs reset test check bench docs screenshots

help:
	@sed -n 's/^# \{0,1\}//p' Makefile | sed '/^STACK/q'

# Quick when there is nothing to do: it compares requirements.lock with what was installed last.
setup:
	@$(PYTHON) deploy/bootstrap.py $(VENV)

demo: setup
	@$(NATIVE) up $(WHICH) $(if $(PORT),--port "$(PORT)") $(if $(PROFILE),--profile "$(PROFILE)")

stop: setup
	@$(NATIVE) down $(WHICH)

status: setup
	@$(NATIVE) status $(WHICH) --format "$(FORMAT)"

logs: setup
	@$(NATIVE) logs $(WHICH) $(if $(FOLLOW),--follow) $(PART)

reset: setup
	@$(NATIVE) reset $(WHICH) $(if $(YES),--yes)

test: setup
	@$(NATIVE) setup --with-tests
	@$(IN_VENV) -m pytest --numprocesses 2 $(TESTS)

check: setup
	@$(IN_VENV) -m ruff format --check .
	@$(IN_VENV) -m ruff check .
	@$(IN_VENV) -m mypy
	@$(VENV)/bin/lint-imports
	@$(IN_VENV) docs/generate.py --check

bench: setup
	@$(IN_VENV) -m benchmarks

docs: setup
	@$(IN_VENV) docs/generate.py

screenshots: setup
	@$(NATIVE) setup --with-tests
	@$(IN_VENV) docs/screenshots.py --stack "$(STACK)"
