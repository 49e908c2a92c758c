"""What the pytest plugin costs every run, one without a batch in it too."""

import subprocess
import sys

from tests.benchmarks.measuring import Row

RUNS = 9
IMPORT = """
import time
import pytest
begun = time.process_time()
import mockbatch.testing.pytest_plugin
print(time.process_time() - begun)
"""


def measure() -> list[Row]:
    """Return the row of one import, in a process that has imported pytest."""
    found = sorted(
        float(subprocess.check_output([sys.executable, "-c", IMPORT])) for _ in range(RUNS)
    )
    seconds = found[RUNS // 2]
    return [Row("importing the pytest plugin", "ms", seconds * 1000, goal=10, stretch=3)]
