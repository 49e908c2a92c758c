# `make serve` and `make test` need Python >= 3.10 and pip, nothing else.
PYTHON ?= python3
ARGS ?=

# The tests start hundreds of processes: compiled modules save each of them a part of a second.
test test-all: export PYTHONDONTWRITEBYTECODE =

.PHONY: serve test test-all check docs lint format contract bench dist clean

serve: .venv/serve
	.venv/bin/mockbatch serve --load fixtures/worlds/portkey-page.json $(ARGS)

# All but the tests that are marked slow, with a tenth of Hypothesis's examples; `make test-all`
# runs everything.
test: .venv/test
	.venv/bin/python -m pytest --numprocesses auto --maxprocesses 4 -m "not slow" \
		--hypothesis-profile quick $(ARGS)

test-all: .venv/test
	.venv/bin/python -m pytest --numprocesses auto --maxprocesses 4 $(ARGS)

check: lint docs test-all dist

# The documentation as a site, in build/docs; a warning is an error.
docs: .venv/docs
	.venv/bin/sphinx-build --quiet --fail-on-warning --keep-going --conf-dir docs . build/docs


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
	.venv/bin/python -m compileall -q mockbatch  # as pip installs it
	.venv/bin/python -m tests.benchmarks $(ONLY) $(ARGS)

# The same bytes each time; PROJECT_URL makes the links of the README absolute.
dist: .venv/test
	.venv/bin/pip install --quiet twine
	.venv/bin/python .ci/dist.py
	.venv/bin/twine check --strict dist/*

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

.venv/docs: .venv/bin/python setup.cfg
	.venv/bin/pip install --quiet --editable .[docs]
	touch $@
