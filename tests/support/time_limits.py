"""Hooks that let a test fail for certain when it hangs.

pytest-timeout fails a test once, and stops counting when it has failed. Hypothesis repeats an
example that failed, and it hangs again; a `with` block or a fixture may hang for the same reason
as its test, when it cleans up. The hooks interrupt these too.
"""

import signal
from collections.abc import Generator
from threading import current_thread, main_thread
from typing import Any

import pytest

# A test that goes on after its time limit is interrupted again at this interval.
REPEAT_SECONDS = 30
TIME_LIMIT: pytest.StashKey[Any] = pytest.StashKey()


class TestHangs(BaseException):
    """A test took longer than its time limit. Hypothesis repeats no example that raises this."""

    __test__ = False


@pytest.hookimpl(wrapper=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> Generator[None, Any, Any]:
    """Interrupt a test repeatedly, and with an exception that ends it."""
    item.stash[TIME_LIMIT] = settings
    result = yield
    if settings.method == "signal" and current_thread() is main_thread():
        _interrupt_repeatedly(settings.timeout)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Give the teardown of fixtures a time limit, also after the test has failed."""
    if TIME_LIMIT not in item.stash:
        yield
        return
    item.ihook.pytest_timeout_set_timer(item=item, settings=item.stash[TIME_LIMIT])
    try:
        yield
    finally:
        item.ihook.pytest_timeout_cancel_timer(item=item)


def _interrupt_repeatedly(seconds: float) -> None:
    """Take over pytest-timeout's signal handler, which fails the test, and its timer."""
    fail: Any = signal.getsignal(signal.SIGALRM)

    def interrupt(*arguments: Any) -> None:
        __tracebackhide__ = True
        try:
            fail(*arguments)
        except pytest.fail.Exception as failure:
            raise TestHangs(failure.msg) from None

    signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds, REPEAT_SECONDS)
