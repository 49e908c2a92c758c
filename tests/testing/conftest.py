"""What the tests of the pytest plugin have in common."""

import pytest

from mockbatch import MockBatch
from tests.support.plugin_runs import Run, in_this_process


@pytest.fixture(scope="package", autouse=True)
def imported() -> None:
    """Import what tests use: a run within this process forgets what it imported first."""
    with MockBatch() as mock:
        mock.client.files.list()


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Run tests in this process; `submit` and `pytest` are there for them."""
    return in_this_process(pytester)
