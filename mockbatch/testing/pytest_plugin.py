"""The pytest plugin: fixtures that need no conftest.

Nothing else of mockbatch is imported before a fixture is used, so that a test run without
batches pays next to nothing for the plugin.
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
    from mockbatch.testing.servers import LocalServer, RemoteServer
    from mockbatch.world.world import World

_INI: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "clock": ("manual", str, "clock mode of each test's world: manual, on-poll, realtime, xN"),
    "pace": ("1", float, "how many times faster than recorded a batch passes its stages"),
    "seed": ("0", str, "seed of ids, generated texts and the order of output lines"),
    "poll_limit": ("100", int, "retrieves of an unfinished batch allowed while time stands still"),
}


class _WorldLog:
    """Which test or fixture created which worlds, for the report of a failed test.

    A World of this process is kept beside its client: it outlives the client, and can be read
    without a request.
    """

    def __init__(self) -> None:
        self.item: pytest.Item | None = None
        self.fixtures: list[pytest.FixtureDef[Any]] = []  # being set up, the innermost last
        self._worlds: dict[object, list[tuple[WorldClient, World | None]]] = {}

    def begin(self, item: pytest.Item) -> None:
        """Start a test: forget the worlds of the one before it."""
        self._worlds.pop(self.item, None)
        self.item = item

    def add(self, client: "WorldClient", app: "Flask | None") -> None:
        """Add a new world; it belongs to the fixture being set up if that outlives the test."""
        owner: object = self.item
        if self.fixtures and self.fixtures[-1].scope != "function":
            owner = self.fixtures[-1]
        world = None
        if app is not None:
            world = app.extensions["mockbatch"].worlds.find(client.api_key)
        self._worlds.setdefault(owner, []).append((client, world))

    def end(self, fixture: pytest.FixtureDef[Any]) -> None:
        """Pass the worlds of a finished fixture on to the test after which it ends."""
        if fixture in self._worlds:
            worlds = self._worlds.pop(fixture)
            if fixture.argname in getattr(self.item, "fixturenames", ()):
                self._worlds[self.item] = worlds + self._worlds.get(self.item, [])

    def sections(self, item: pytest.Item) -> list[tuple[str, str]]:
        """Return a section for each world that a test may have used."""
        names = getattr(item, "fixturenames", ())
        owners = [
            owner
            for owner in self._worlds
            if owner is item or getattr(owner, "argname", "") in names
        ]
        if not owners:
            return []
        from mockbatch.testing.failure_report import render

        return [
            ("mockbatch", render(client, world))
            for owner in owners
            for client, world in self._worlds[owner]
        ]


_WORLD_LOG: pytest.StashKey[_WorldLog] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini options and the command line option."""
    for name, (default, _, text) in _INI.items():
        parser.addini(f"mockbatch_{name}", text, default=default)
    parser.getgroup("mockbatch").addoption(
        "--mockbatch-url", metavar="URL", help="use the mockbatch server that runs at URL"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and the log of worlds."""
    config.stash[_WORLD_LOG] = _WorldLog()
    config.addinivalue_line(
        "markers",
        "mockbatch(scenario, clock, pace, seed, start_time, poll_limit, skip_sleep): "
        "options of the world of the `mockbatch` fixture; with skip_sleep=True every sleep of the "
        "test moves the simulated clock instead of waiting.",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Record which test creates the worlds that follow."""
    item.config.stash[_WORLD_LOG].begin(item)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Record which fixture creates the worlds that follow."""
    fixtures = request.config.stash[_WORLD_LOG].fixtures
    fixtures.append(fixturedef)
    try:
        return (yield)
    finally:
        fixtures.pop()


def pytest_fixture_post_finalizer(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> None:
    """Record that a fixture has ended."""
    request.config.stash[_WORLD_LOG].end(fixturedef)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add a section for each of a failed test's worlds to its report."""
    report = yield
    if report.failed:
        report.sections.extend(item.config.stash[_WORLD_LOG].sections(item))
    return report


@pytest.fixture(scope="session")
def mockbatch_server(pytestconfig: pytest.Config) -> "Iterator[LocalServer | RemoteServer]":
    """Provide one server for the process; `.world(**options)` creates a world on it."""
    from mockbatch.testing.servers import LocalServer, RemoteServer

    log, url = pytestconfig.stash[_WORLD_LOG], pytestconfig.getoption("--mockbatch-url")
    server: LocalServer | RemoteServer

    def on_world(world: "WorldClient") -> None:
        log.add(world, server.app)

    defaults = _ini(pytestconfig)
    if url:
        server = RemoteServer(url, defaults=defaults, on_world=on_world)
    else:
        server = LocalServer(defaults=defaults, on_world=on_world)
    yield server
    server.close()


@pytest.fixture
def make_mockbatch(
    request: pytest.FixtureRequest, mockbatch_server: "LocalServer | RemoteServer"
) -> "Iterator[Callable[..., WorldClient]]":
    """Create further worlds in one test: `make_mockbatch(scenario=..., clock=...)`."""
    worlds: list[WorldClient] = []

    def make(**options: Any) -> "WorldClient":
        # Named after the test, a world has the same ids from run to run.
        name = f"{request.node.nodeid} {len(worlds)}"
        worlds.append(mockbatch_server.world(name, **options))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()


@pytest.fixture
def mockbatch(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    make_mockbatch: "Callable[..., WorldClient]",
) -> "Iterator[WorldClient]":
    """Provide a fresh world, to which the OpenAI SDK's environment variables point."""
    options = _marker_options(request)
    skip_sleep = options.pop("skip_sleep", False)
    world = make_mockbatch(**options)
    _set_environment(monkeypatch, world)
    if iscoroutinefunction(getattr(request.node, "obj", None)):
        world.warn_if_asyncio_clock_frozen()
    with world.skip_sleep() if skip_sleep else nullcontext():
        yield world
    failures = world.failures
    if not world.was_reached:
        from mockbatch.client import MockBatchWarning

        warnings.warn(
            f"{request.node.nodeid} took the mockbatch fixture but no request reached the "
            "server: its client was built before the test, or reads other variables than "
            "OPENAI_BASE_URL and OPENAI_API_KEY.",
            MockBatchWarning,
            stacklevel=1,
        )
    if failures:
        # A bug in mockbatch must not leave a test green.
        pytest.fail(f"mockbatch itself failed: {failures[0].method} {failures[0].path}")


@pytest.fixture
def mockbatch_app(request: pytest.FixtureRequest) -> "Iterator[Flask]":
    """Provide the Flask app of a fresh server, with a world as `.mock`; no socket."""
    from mockbatch.testing.servers import app_world
    from mockbatch.web.app import create_app

    options = {**_ini(request.config), **_marker_options(request)}
    skip_sleep = options.pop("skip_sleep", False)
    app = create_app()
    world = app.mock = app_world(app, request.node.nodeid, options)  # type: ignore[attr-defined]
    request.config.stash[_WORLD_LOG].add(world, app)
    with world.skip_sleep() if skip_sleep else nullcontext():
        yield app
    world.close()


def _set_environment(monkeypatch: pytest.MonkeyPatch, world: "WorldClient") -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", world.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", world.api_key)
    monkeypatch.setenv("OPENAI_WEBHOOK_SECRET", world.webhook_secret)
    for name in ("NO_PROXY", "no_proxy"):
        others = os.environ.get(name, "")
        monkeypatch.setenv(name, ",".join(filter(None, ["127.0.0.1,localhost", others])))
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)


def _ini(config: pytest.Config) -> dict[str, Any]:
    """Return the world options that the ini file sets, or their defaults."""
    options = {}
    for name, (_, convert, _) in _INI.items():
        text = config.getini(f"mockbatch_{name}")
        try:
            options[name] = convert(text)
        except ValueError:
            raise pytest.UsageError(f"mockbatch_{name}: {text!r} is not a number") from None
    return options


def _marker_options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the options of the markers; the marker nearest to the test wins."""
    options: dict[str, Any] = {}
    for marker in request.node.iter_markers("mockbatch"):
        if marker.args:
            raise pytest.UsageError("@pytest.mark.mockbatch takes keyword arguments only")
        options = {**marker.kwargs, **options}
    if "scenario" in options:
        options["pinned"] = True
    return options
