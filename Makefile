# `make serve` and `make test` need Python >= 3.10 and pip, nothing else.
PYTHON ?= python3
ARGS ?=

.PHONY: serve test check lint format contract bench dist clean

serve: .venv/serve
	.venv/bin/mockbatch serve --load fixtures/worlds/portkey-page.json $(ARGS)

test: .venv/test
	.venv/bin/python -m pytest --numprocesses auto --maxprocesses 4 $(ARGS)

check: lint test

lint: .venv/test
	.venv/bin/ruff format --config .ci/ruff.toml --check .
	.venv/bin/ruff check --config .ci/ruff.toml .
	.venv/bin/mypy

format: .venv/test
	.venv/bin/ruff format --config .ci/ruff.toml .
	.venv/bin/ruff check --config .ci/ruff.toml --fix .

# `make contract ARGS="--only files"` checks one group.
contract: .venv/test
	.venv/bin/python -m tests.contract $(ARGS)

# `make bench ONLY=journey` asks one question, `make bench ARGS=--json` prints JSON.
bench: .venv/test
	.venv/bin/python -m tests.benchmarks $(ONLY) $(ARGS)

dist: .venv/test
	.venv/bin/pip install --quiet build
	.venv/bin/python -m build

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/serve: .venv/bin/python setup.cfg
	.venv/bin/pip install --quiet --editable .[images,tls]
	touch $@

.venv/test: .venv/bin/python setup.cfg
	.venv/bin/pip install --quiet --editable .[test]
	touch $@ .venv/serve
