"""The pytest plugin: fixtures that need no conftest.

It imports nothing of mockbatch before a fixture is used.
"""

import os
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import nullcontext
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from flask import Flask

    from mockbatch.client import WorldClient
    from mockbatch.testing.servers import RemoteServer, Server
    from mockbatch.world.world import World

_INI: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "clock": ("manual", str, "clock mode of each test's world: manual, on-poll, realtime, xN"),
    "pace": ("1", float, "the stages of a batch take this many times less than recorded"),
    "seed": ("0", str, "ids, order of output lines and texts come from it"),
    "poll_limit": ("100", int, "retrieves of one unfinished batch while nobody moves the clock"),
}


class _Worlds:
    """Who made which worlds, so that the report of a failed test can show its own.

    The World itself is kept where it is of this process: it outlives its handle, and is read
    without a request.
    """

    def __init__(self) -> None:
        self.item: pytest.Item | None = None
        self.fixtures: list[pytest.FixtureDef[Any]] = []  # being set up, the innermost last
        self._made: dict[object, list[tuple[WorldClient, World | None]]] = {}

    def begin(self, item: pytest.Item) -> None:
        """Forget the worlds of the test before this one."""
        self._made.pop(self.item, None)
        self.item = item

    def add(self, handle: "WorldClient", app: "Flask | None") -> None:
        """Keep a new world, as the fixture's that is being set up if it outlives the test."""
        owner: object = self.item
        if self.fixtures and self.fixtures[-1].scope != "function":
            owner = self.fixtures[-1]
        world = None
        if app is not None:
            world = app.extensions["mockbatch"].worlds.all().get(handle.api_key)
        self._made.setdefault(owner, []).append((handle, world))

    def end(self, fixture: pytest.FixtureDef[Any]) -> None:
        """Let a fixture's worlds be those of the test at whose end it goes."""
        if fixture in self._made:
            made = self._made.pop(fixture)
            if fixture.argname in getattr(self.item, "fixturenames", ()):
                self._made[self.item] = made + self._made.get(self.item, [])

    def sections(self, item: pytest.Item) -> list[tuple[str, str]]:
        """Return a section for each world that a test may have used."""
        names = getattr(item, "fixturenames", ())
        owners = [one for one in self._made if one is item or getattr(one, "argname", "") in names]
        if not owners:
            return []
        from mockbatch.testing.failure_report import told

        return [("mockbatch", told(*made)) for one in owners for made in self._made[one]]


_WORLDS: pytest.StashKey[_Worlds] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini options and the command line option."""
    for name, (default, _, text) in _INI.items():
        parser.addini(f"mockbatch_{name}", text, default=default)
    parser.getgroup("mockbatch").addoption(
        "--mockbatch-url", metavar="URL", help="use the mockbatch server that runs at URL"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.stash[_WORLDS] = _Worlds()
    config.addinivalue_line(
        "markers",
        "mockbatch(scenario, clock, pace, seed, start_time, poll_limit, skip_sleep): "
        "how the world of the `mockbatch` fixture begins; skip_sleep=True lets the sleeps of "
        "the whole test move its clock instead of waiting.",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Note whose worlds come."""
    item.config.stash[_WORLDS].begin(item)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Note which fixture makes worlds."""
    fixtures = request.config.stash[_WORLDS].fixtures
    fixtures.append(fixturedef)
    try:
        return (yield)
    finally:
        fixtures.pop()


def pytest_fixture_post_finalizer(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> None:
    """Note that a fixture is over."""
    request.config.stash[_WORLDS].end(fixturedef)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what happened in its worlds, when a test has failed."""
    report = yield
    if report.failed:
        report.sections.extend(item.config.stash[_WORLDS].sections(item))
    return report


@pytest.fixture(scope="session")
def mockbatch_server(pytestconfig: pytest.Config) -> "Iterator[Server | RemoteServer]":
    """One server for the process, on a free port; `.world(**options)` makes a world."""
    from mockbatch.testing.servers import RemoteServer, Server

    defaults, url = _ini(pytestconfig), pytestconfig.getoption("--mockbatch-url")
    server = RemoteServer(url) if url else Server()
    server.defaults = defaults
    worlds, make = pytestconfig.stash[_WORLDS], server.world

    def world(name: str | None = None, **options: Any) -> "WorldClient":
        handle = make(name, **options)
        worlds.add(handle, getattr(server, "app", None))
        return handle

    server.world = world  # type: ignore[method-assign]
    yield server
    server.close()


@pytest.fixture
def make_mockbatch(
    request: pytest.FixtureRequest, mockbatch_server: "Server | RemoteServer"
) -> "Iterator[Callable[..., WorldClient]]":
    """Make further worlds in one test: `make_mockbatch(scenario=..., clock=...)`."""
    made: list[WorldClient] = []

    def make(**options: Any) -> "WorldClient":
        # A name of its own for each test keeps ids the same from run to run.
        name = f"{request.node.nodeid} {len(made)}"
        made.append(mockbatch_server.world(name, **options))
        return made[-1]

    yield make
    for handle in made:
        handle.close()


@pytest.fixture
def mockbatch(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    make_mockbatch: "Callable[..., WorldClient]",
) -> "Iterator[WorldClient]":
    """Give a fresh world, to which clients that read the environment are pointed."""
    options = _marked(request)
    skips = options.pop("skip_sleep", False)
    handle = make_mockbatch(**options)
    _set_environment(monkeypatch, handle)
    if iscoroutinefunction(getattr(request.node, "obj", None)):
        handle.warn_if_asyncio_stands_still()
    with handle.skip_sleep() if skips else nullcontext():
        yield handle
    failures = handle.failures
    if not handle.was_reached:
        from mockbatch.client import MockBatchWarning

        warnings.warn(
            f"{request.node.nodeid} took the mockbatch fixture but no request reached the "
            "server: its client was built before the test, or reads other variables than "
            "OPENAI_BASE_URL and OPENAI_API_KEY.",
            MockBatchWarning,
            stacklevel=1,
        )
    if failures:
        # No test may stay green on a bug of the mock's own.
        pytest.fail(f"mockbatch itself failed: {failures[0].method} {failures[0].path}")


@pytest.fixture
def mockbatch_app(request: pytest.FixtureRequest) -> "Iterator[Flask]":
    """Give the Flask app of a fresh server, with a world as `.mock`; no socket."""
    from mockbatch.client import WorldClient, wsgi_transport
    from mockbatch.testing.servers import begin, key
    from mockbatch.web.app import create_app

    options = {**_ini(request.config), **_marked(request)}
    skips = options.pop("skip_sleep", False)
    app = create_app()
    handle = WorldClient("http://localhost", key(request.node.nodeid), wsgi_transport(app), app)
    app.mock = begin(handle, options, app)  # type: ignore[attr-defined]
    request.config.stash[_WORLDS].add(handle, app)
    with handle.skip_sleep() if skips else nullcontext():
        yield app
    handle.close()


def _set_environment(monkeypatch: pytest.MonkeyPatch, handle: "WorldClient") -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", handle.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", handle.api_key)
    monkeypatch.setenv("OPENAI_WEBHOOK_SECRET", handle.webhook_secret)
    for name in ("NO_PROXY", "no_proxy"):
        others = os.environ.get(name, "")
        monkeypatch.setenv(name, ",".join(filter(None, ["127.0.0.1,localhost", others])))
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)


def _ini(config: pytest.Config) -> dict[str, Any]:
    found = {}
    for name, (_, kind, _) in _INI.items():
        text = config.getini(f"mockbatch_{name}")
        try:
            found[name] = kind(text)
        except ValueError:
            raise pytest.UsageError(f"mockbatch_{name}: {text!r} is no number") from None
    return found


def _marked(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the options of the markers; the one nearest to the test wins."""
    options: dict[str, Any] = {}
    for marker in request.node.iter_markers("mockbatch"):
        if marker.args:
            raise pytest.UsageError("@pytest.mark.mockbatch takes options by name only")
        options = {**marker.kwargs, **options}
    if "scenario" in options:
        options["pinned"] = True
    return options
