"""What becomes of a known program in Node, in each misfortune of the default list."""

import json
import shutil
from pathlib import Path

import pytest

from mockbatch.cli import main
from mockbatch.survive.misfortunes import DEFAULT
from tests.support.shimmed import Runner

PROGRAM = Path(__file__).parent / "programs" / "node.mjs"
# It lacks two guards, and gives up on a batch that never ends.
NOT_HANDLED = {
    "stuck_in_progress": "reported",
    "create_response_lost": "duplicated work",
    "download_truncated_silent": "lost results",
}


@pytest.mark.slow
def test_a_program_in_node(node: Runner, capfd: pytest.CaptureFixture[str]) -> None:
    """Its timers are skipped, and it falls on the two guards that it lacks."""
    status = main(
        ["survive", "--json", "--jobs", "2", "--", str(shutil.which("node")), str(PROGRAM)]
    )
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    verdicts = {row["misfortune"]: row["verdict"] for row in rows if row["misfortune"] != "happy"}
    assert verdicts == {name: NOT_HANDLED.get(name, "handled") for name in DEFAULT}
    assert status == 1
