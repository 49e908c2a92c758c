"""The pytest plugin: fixtures that need no conftest.

It imports nothing of mockbatch before a fixture is used.
"""

import os
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from flask import Flask

    from mockbatch.handle import Handle
    from mockbatch.server import RemoteServer, Server

_INI: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "clock": ("manual", str, "clock mode of each test's world: manual, on-poll, realtime, xN"),
    "pace": ("1", float, "the stages of a batch take this many times less than recorded"),
    "seed": ("0", str, "ids, order of output lines and texts come from it"),
    "poll_limit": ("100", int, "retrieves of one unfinished batch while nobody moves the clock"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini options and the command line option."""
    for name, (default, _, text) in _INI.items():
        parser.addini(f"mockbatch_{name}", text, default=default)
    parser.getgroup("mockbatch").addoption(
        "--mockbatch-url", metavar="URL", help="use the mockbatch server that runs at URL"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        "mockbatch(scenario, clock, pace, seed, start_time, poll_limit): "
        "how the world of the `mockbatch` fixture begins.",
    )


@pytest.fixture(scope="session")
def mockbatch_server(pytestconfig: pytest.Config) -> "Iterator[Server | RemoteServer]":
    """One server for the process, on a free port; `.world(**options)` makes a world."""
    from mockbatch.server import RemoteServer, Server

    url = pytestconfig.getoption("--mockbatch-url")
    server = RemoteServer(url) if url else Server()
    yield server
    server.close()


@pytest.fixture
def make_mockbatch(
    request: pytest.FixtureRequest, mockbatch_server: "Server | RemoteServer"
) -> "Iterator[Callable[..., Handle]]":
    """Make further worlds in one test: `make_mockbatch(scenario=..., clock=...)`."""
    made: list[Handle] = []

    def make(**options: Any) -> "Handle":
        # A name of its own for each test keeps ids the same from run to run.
        name = f"{request.node.nodeid} {len(made)}"
        made.append(mockbatch_server.world(name, **{**_ini(request.config), **options}))
        return made[-1]

    yield make
    for handle in made:
        handle.close()


@pytest.fixture
def mockbatch(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    make_mockbatch: "Callable[..., Handle]",
) -> "Iterator[Handle]":
    """Give a fresh world, to which clients that read the environment are pointed."""
    handle = make_mockbatch(**_marked(request))
    _set_environment(monkeypatch, handle)
    yield handle
    if handle.request_count == 0:
        from mockbatch.handle import MockBatchWarning

        warnings.warn(
            f"{request.node.nodeid} took the mockbatch fixture but no request reached the "
            "server: its client was built before the test, or reads other variables than "
            "OPENAI_BASE_URL and OPENAI_API_KEY.",
            MockBatchWarning,
            stacklevel=1,
        )


@pytest.fixture
def mockbatch_app(request: pytest.FixtureRequest) -> "Iterator[Flask]":
    """Give the Flask app of a fresh server, with a world as `.mock`; no socket."""
    from mockbatch.handle import Handle, wsgi_transport
    from mockbatch.server import begin, key
    from mockbatch.web.app import create_app

    app = create_app()
    handle = Handle("http://localhost", key(request.node.nodeid), wsgi_transport(app), app)
    app.mock = begin(handle, {**_ini(request.config), **_marked(request)})  # type: ignore[attr-defined]
    yield app
    handle.close()


def _set_environment(monkeypatch: pytest.MonkeyPatch, handle: "Handle") -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", handle.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", handle.api_key)
    for name in ("NO_PROXY", "no_proxy"):
        others = os.environ.get(name, "")
        monkeypatch.setenv(name, ",".join(filter(None, ["127.0.0.1,localhost", others])))
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)


def _ini(config: pytest.Config) -> dict[str, Any]:
    return {name: kind(config.getini(f"mockbatch_{name}")) for name, (_, kind, _) in _INI.items()}


def _marked(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the options of the markers; the one nearest to the test wins."""
    options: dict[str, Any] = {}
    for marker in request.node.iter_markers("mockbatch"):
        if marker.args:
            raise pytest.UsageError("@pytest.mark.mockbatch takes options by name only")
        options = {**marker.kwargs, **options}
    return options
