"""The fixture `misfortune`: a test function runs once for each misfortune."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from mockbatch.typing import Json

if TYPE_CHECKING:
    from mockbatch.client import WorldClient
    from mockbatch.testing.servers import LocalServer, RemoteServer

__tracebackhide__ = True

FIXTURE = "misfortune"
OPTION = "--mockbatch-misfortunes"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each misfortune for a function that takes the fixture."""
    if FIXTURE not in metafunc.fixturenames or _is_parametrized(metafunc):
        return
    from mockbatch.survive.misfortunes import UnknownMisfortuneError, choose

    names = [name for name in metafunc.config.getoption(OPTION).split(",") if name]
    try:
        chosen = choose(() if names == ["all"] else names, everything=names == ["all"])
    except UnknownMisfortuneError as error:
        raise pytest.UsageError(f"{OPTION}: {error}") from None
    metafunc.parametrize(FIXTURE, [one.name for one in chosen], indirect=True)


def _is_parametrized(metafunc: pytest.Metafunc) -> bool:
    markers = metafunc.definition.iter_markers("parametrize")
    return any(FIXTURE in str(marker.args[:1]) for marker in markers)


@pytest.fixture
def misfortune(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    mockbatch: "WorldClient",
    mockbatch_server: "LocalServer | RemoteServer",
) -> Iterator[str]:
    """Make a misfortune happen in the world of `mockbatch`; the value is its name.

    Sleeps of the test move the clock, and `time.time` and `time.monotonic` with it.
    """
    from mockbatch.client.clock import SleepClock
    from mockbatch.client.skip_sleep import skip_sleep
    from mockbatch.survive.misfortunes import misfortune as find
    from mockbatch.testing.survival import LimitedTime, Survival

    app = mockbatch_server.app
    if app is None:
        pytest.fail("the fixture misfortune needs a server in this process", pytrace=False)
    one = find(request.param)
    body: dict[str, Json] = {"scenario": one.scenario, "params": one.parameters, "marks": True}
    mockbatch.call("POST", "/_mock/reset", body)
    world = app.extensions["mockbatch"].worlds.find(mockbatch.api_key)
    one.arm(world)
    limited = LimitedTime(SleepClock(mockbatch, lambda: app), world)
    _shift_clocks(monkeypatch, limited)
    with _capture_log() as lines, skip_sleep(limited):
        mockbatch.judge_survival = Survival(one, world, lines).judge
        yield one.name


def _shift_clocks(monkeypatch: pytest.MonkeyPatch, limited: Any) -> None:
    """Move the clocks of the process with the simulated one, so that deadlines can pass."""
    for name in ("time", "monotonic"):
        real = getattr(time, name)
        monkeypatch.setattr(time, name, lambda real=real: real() + limited.skipped_seconds)


@contextmanager
def _capture_log() -> Iterator[list[str]]:
    """Yield the list to which messages logged within the block are appended."""
    lines: list[str] = []

    class _Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    collector = _Collector(logging.WARNING)
    logging.getLogger().addHandler(collector)
    try:
        yield lines
    finally:
        logging.getLogger().removeHandler(collector)
