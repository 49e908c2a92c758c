"""docs/examples/survive: the program survives, and the workflow runs it."""

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mockbatch.cli import main

EXAMPLE = Path(__file__).parents[2] / "docs/examples/survive"
WORKFLOW: dict[Any, Any] = yaml.safe_load((EXAMPLE / "survive.yml").read_text())
# One for each guard; all twenty take a minute or two.
MISFORTUNES = [
    *("all_failed", "validation_failed", "expired_partial", "stuck_in_progress"),
    *("unicode_separators", "missing_lines", "file_not_visible_yet", "batch_not_visible_yet"),
    *("create_response_lost", "poll_429", "download_truncated_silent"),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    "misfortunes",
    [MISFORTUNES[:2], pytest.param(MISFORTUNES, marks=pytest.mark.slow)],
    ids=["two", "all"],
)
def test_the_program_survives(misfortunes: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    """It delivers what there is and tells the rest, in each misfortune."""
    only = [word for name in misfortunes for word in ("--only", name)]
    command = [sys.executable, str(EXAMPLE / "answer.py")]
    status = main(["survive", "--json", "--jobs", "2", *only, "--", *command])
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    verdicts = {row["misfortune"]: row["verdict"] for row in rows if row["misfortune"] != "happy"}
    assert verdicts == dict.fromkeys(misfortunes, "handled")
    assert status == 0


def test_the_workflow_runs_it(capfd: pytest.CaptureFixture[str]) -> None:
    """With options that the command has, and no rights but to read."""
    steps = [step["run"] for step in WORKFLOW["jobs"]["survive"]["steps"] if "run" in step]
    [words] = [shlex.split(step) for step in steps if "survive" in step]
    options, command = words[: words.index("--")], words[words.index("--") + 1 :]
    assert options[:2] == ["mockbatch", "survive"]
    assert main(["survive", *options[2:], "--only", "no_such_name", "--", sys.executable]) == 2
    assert "no_such_name" in capfd.readouterr().err  # and no option was refused
    assert (EXAMPLE / command[1]).exists()
    assert WORKFLOW["permissions"] == {"contents": "read"}
