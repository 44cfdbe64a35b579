# Works on a fresh machine that has only Python: each target sets up what it needs.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test check docs bench lock clean setup

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-6s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## set up, then train on 1,797 handwritten digits and on a table, with a page for each
	@$(PYTHON) scripts/setup.py demo $(ARGS)

test: ## set up, then run the tests (ARGS="-k words" for some of them)
	@$(PYTHON) scripts/setup.py test $(ARGS)

check: setup ## lint, format, types, the order of the house, the documents
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pytest --quiet tests/test_layers.py tests/test_docs.py

docs: setup ## write docs/command-line.md anew from the commands
	$(BIN)/python scripts/reference.py

bench: setup ## measure headstart and plain Keras side by side
	$(BIN)/python bench/frozen.py $(ARGS)

lock: ## write requirements/*.txt anew from pyproject.toml (ARGS=--upgrade for the newest)
	@PYTHON=$(PYTHON) scripts/lock.sh $(ARGS)

clean: ## remove .venv and caches; results under runs/ stay
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup:
	@$(PYTHON) scripts/setup.py
