"""What the other tests say about scenarios and webhooks is true of worlds in a store."""

import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 1500
TESTS = ("tests/scenarios/test_catalogue.py", "tests/webhooks/test_deliveries.py")


@pytest.mark.slow
@pytest.mark.timeout(SECONDS)
def test_scenarios_and_webhooks_are_the_same_in_a_store() -> None:
    """The tests of the catalogue and of webhooks pass with worlds that are in a store."""
    plugin = ("-p", "tests.support.shared_worlds", "-p", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", "-q", "-x", *plugin, *TESTS]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
