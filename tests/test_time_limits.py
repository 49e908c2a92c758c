"""A test that hangs fails, wherever it hangs."""

import signal
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="needs SIGALRM")

CONFTEST = """
from tests.support import time_limits
from tests.support.time_limits import pytest_runtest_teardown, pytest_timeout_set_timer

time_limits.REPEAT_SECONDS = 0.2
"""
REPEATED_EXAMPLE = """
import time
from hypothesis import given, settings, strategies as st

@settings(deadline=None)
@given(st.integers())
def test_hangs(number):
    time.sleep(60)
"""
TEARDOWN = """
import time
import pytest

@pytest.fixture
def hanging():
    yield
    time.sleep(60)

def test_hangs(hanging):
    time.sleep(60)
"""


@pytest.mark.parametrize(
    ("module", "errors"), [(REPEATED_EXAMPLE, 0), (TEARDOWN, 1)], ids=["example", "teardown"]
)
def test_hanging_test_fails(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, module: str, errors: int
) -> None:
    """Also where hypothesis repeats the example, or a fixture hangs in its teardown too."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(module)
    result = pytester.runpytest_subprocess("-p", "no:schemathesis", "--timeout=0.5", timeout=40)
    result.assert_outcomes(failed=1, errors=errors)
