"""A published client, unmodified, fares in `mockbatch survive` as docs/survive.md says."""

import json
from pathlib import Path

import pytest

from mockbatch.cli import main
from tests.docs.test_survive_docs import COLUMNS, PROGRAMS
from tests.support.client_environments import MAY_INSTALL, python_with, require

pytestmark = [MAY_INSTALL, pytest.mark.slow]

# Its run without leaps takes a minute.
LEFT_OUT = "stuck_in_progress"
OPENAI_BATCH_HELPER = 3


def test_openai_batch_helper_fares_as_the_page_says(capfd: pytest.CaptureFixture[str]) -> None:
    """In all default misfortunes but the one that takes long."""
    expected = {
        name: row.split(" | ")[OPENAI_BATCH_HELPER].strip("*") for name, row in COLUMNS.items()
    }
    del expected[LEFT_OUT]
    python = require(lambda: python_with("openai-batch-helper==0.1.1"))
    program: Path = PROGRAMS / "openai_batch_helper_answers.py"
    options = ["--jobs", "2", "--wall", "180", "--skip", LEFT_OUT, "--json"]
    main(["survive", *options, "--", str(python), str(program)])
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert {row["misfortune"]: row["verdict"] for row in rows} == expected
