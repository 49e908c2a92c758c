"""A few seconds of the fuzzing that `python -m tests.fuzz` does for a given time."""

from pathlib import Path

import pytest

from tests.fuzz.__main__ import fuzz
from tests.fuzz.attacks import ATTACKS


@pytest.mark.slow
@pytest.mark.parametrize("state", ["memory", "sqlite"])
@pytest.mark.skipif("sys.platform != 'linux'", reason="CPU time and memory are read from /proc")
def test_nothing_breaks_in_a_few_seconds(tmp_path: Path, state: str) -> None:
    """No 5xx, no exception, and no request takes long; every attack is used."""
    url = f"sqlite:///{tmp_path}/state.db" if state == "sqlite" else state
    findings = fuzz(seconds=8, state=url)
    assert findings.problems == []
    assert len(findings.requests) >= len(ATTACKS) - 2
    assert findings.statuses[200] > 0
