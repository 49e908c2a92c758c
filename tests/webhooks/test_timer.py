"""The timer that wakes a world for its webhooks."""

from collections.abc import Iterator
from threading import Event, Thread
from threading import enumerate as all_threads

import pytest

from mockbatch.webhooks.timer import WakeUpTimer

SECONDS, LONG = 20, 3600


def thread_of(timer: WakeUpTimer) -> Thread:
    """Return the thread of a timer that is set."""
    assert timer._timer is not None
    return timer._timer


@pytest.fixture
def timer() -> Iterator[WakeUpTimer]:
    """Return a timer, which is stopped after the test."""
    timer = WakeUpTimer()
    yield timer
    timer.stop()


def test_it_fires_once(timer: WakeUpTimer) -> None:
    """It can be set again for the same key afterwards."""
    for _ in range(2):
        fired = Event()
        timer.set(0, fired.set, "key")
        assert fired.wait(SECONDS)


def test_an_equal_key_changes_nothing(timer: WakeUpTimer) -> None:
    """The timer goes on, in the same thread."""
    timer.set(LONG, lambda: None, "key")
    thread = thread_of(timer)
    timer.set(LONG, lambda: None, "key")
    assert thread_of(timer) is thread
    assert thread.is_alive()


@pytest.mark.parametrize("then", ["another key", "clear", "stop"])
def test_the_thread_of_before_ends(timer: WakeUpTimer, then: str) -> None:
    """When the timer is set for another key, cleared or stopped."""
    timer.set(LONG, lambda: None, "key")
    thread = thread_of(timer)
    if then == "another key":
        timer.set(LONG, lambda: None, then)
    elif then == "clear":
        timer.set(None, lambda: None, "key")
    else:
        timer.stop()
    thread.join(SECONDS)
    assert not thread.is_alive()
    assert timer.is_set == (then == "another key")


def test_a_stopped_timer_cannot_be_set(timer: WakeUpTimer) -> None:
    """It is stopped for good."""
    timer.stop()
    timer.set(0, lambda: None, "key")
    assert not timer.is_set


def test_its_thread_keeps_no_process_alive(timer: WakeUpTimer) -> None:
    """The thread is a daemon, and has a name of its own."""
    timer.set(LONG, lambda: None, "key")
    thread = thread_of(timer)
    assert thread.daemon
    assert "mockbatch-webhook-timer" in {thread.name for thread in all_threads()}
