"""The pytest plugin: fixtures that need no conftest.

Nothing else of mockbatch is imported before a fixture is used, so that a test run without
batches pays next to nothing for the plugin.
"""

import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, nullcontext
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

import pytest

from mockbatch.testing.misfortunes import misfortune, pytest_generate_tests  # noqa: F401
from mockbatch.testing.plugin_options import (
    MARKER,
    add_options,
    check_ini_names,
    ini_defaults,
    read_test_options,
    unused_choice,
    watches_sleep,
)
from mockbatch.testing.world_log import WorldLog

if TYPE_CHECKING:
    from flask import Flask

    from mockbatch.client import WorldClient
    from mockbatch.client.sleep_watch import SleepWatch
    from mockbatch.testing.servers import LocalServer, RemoteServer

__tracebackhide__ = True

_WORLD_LOG: pytest.StashKey[WorldLog] = pytest.StashKey()


class RunEnvironment:
    """A server from the start of the run, to which the environment points until its end."""

    def __init__(self, config: pytest.Config) -> None:
        self.server = _start_server(config)
        self._monkeypatch = pytest.MonkeyPatch()
        from mockbatch.testing.environment import set_environment

        set_environment(self._monkeypatch, self.server.prepare_shared_world())

    def close(self) -> None:
        """Stop the server, and put the environment back."""
        self._monkeypatch.undo()
        self.server.close()


_WATCH: "pytest.StashKey[SleepWatch]" = pytest.StashKey()
_HAS_FAILED: pytest.StashKey[bool] = pytest.StashKey()
_INTERRUPTED: pytest.StashKey[list[tuple[str, str]]] = pytest.StashKey()
_RUN_ENVIRONMENT: pytest.StashKey[RunEnvironment] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Set the environment, if the ini file asks for it, before a conftest builds a client."""
    early_config.stash[_WORLD_LOG] = WorldLog()
    if early_config.getini("mockbatch_env"):
        environment = early_config.stash[_RUN_ENVIRONMENT] = RunEnvironment(early_config)
        early_config.add_cleanup(environment.close)  # runs after a failed import of a conftest too


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; do what an earlier hook could not if a conftest loads this plugin."""
    check_ini_names(config)
    unused_choice(config)
    if _WORLD_LOG not in config.stash:
        pytest_load_initial_conftests(config)
    config.addinivalue_line("markers", MARKER)
    if config.getoption("mockbatch_keep", default=False):
        from mockbatch.testing.keep import Keeper

        config.pluginmanager.register(Keeper(config.stash[_WORLD_LOG]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Watch a test's sleeps, and read its worlds when Ctrl-C ends it."""
    try:
        with _watch_sleep(item) if watches_sleep(item) else nullcontext():
            return (yield)
    except KeyboardInterrupt:
        item.config.stash[_INTERRUPTED] = item.config.stash[_WORLD_LOG].sections(item)
        raise


def _watch_sleep(item: pytest.Item) -> AbstractContextManager[None]:
    """Return a context manager that fails a sleep which is endless unless time is skipped."""
    from mockbatch.client.sleep_watch import SleepWatch, watch_sleep

    log = item.config.stash[_WORLD_LOG]
    watch = item.stash[_WATCH] = SleepWatch(lambda: log.standing_clock(item), pytest.fail)
    return watch_sleep(watch)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test whose webhook receiver has raised; report what the test has not used."""
    __tracebackhide__ = True
    log = item.config.stash[_WORLD_LOG]
    try:
        result = yield
    except BaseException as failure:
        error = log.pop_webhook_error(item)
        if error is not None and failure.__context__ is None and failure is not error:
            failure.__context__ = error  # the traceback shows both
        raise
    error = log.pop_webhook_error(item)
    if error is not None:
        raise error
    _report_unused(item)
    return result


def _report_unused(item: pytest.Item) -> None:
    """Warn of what a test set up but did not use, or fail it, as the ini file says."""
    __tracebackhide__ = True
    choice = unused_choice(item.config)
    unused = [] if choice == "ignore" else item.config.stash[_WORLD_LOG].describe_unused(item)
    if unused and choice == "error":
        pytest.fail("mockbatch: " + "\n".join(unused), pytrace=False)
    for sentence in unused:
        from mockbatch.client import MockBatchUnusedWarning

        warnings.warn(f"{item.nodeid}: {sentence}", MockBatchUnusedWarning, stacklevel=1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that has caught the failure for its endless sleep."""
    result = yield
    watch = item.stash.get(_WATCH, None)
    if watch is not None and watch.message is not None:
        pytest.fail(watch.message, pytrace=False)
    return result


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
        item.stash[_HAS_FAILED] = True
        if _WATCH in item.stash:
            item.stash[_WATCH].message = None
        report.sections.extend(item.config.stash[_WORLD_LOG].sections(item))
    return report


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Show the worlds of a test that Ctrl-C has ended, which has no report."""
    for title, text in config.stash.get(_INTERRUPTED, ()):
        terminalreporter.section(title, "-")
        terminalreporter.write_line(text)


@pytest.fixture(scope="session")
def mockbatch_server(pytestconfig: pytest.Config) -> "Iterator[LocalServer | RemoteServer]":
    """Provide one server for the process; `.world(**options)` creates a world on it."""
    if _RUN_ENVIRONMENT in pytestconfig.stash:
        yield pytestconfig.stash[_RUN_ENVIRONMENT].server
        return
    server = _start_server(pytestconfig)
    yield server
    server.close()


def _start_server(config: pytest.Config) -> "LocalServer | RemoteServer":
    from mockbatch.testing.servers import LocalServer, RemoteServer

    log, url = config.stash[_WORLD_LOG], config.known_args_namespace.mockbatch_url
    server: LocalServer | RemoteServer

    def on_world(world: "WorldClient") -> None:
        log.add(world, server.app)

    options: dict[str, Any] = {"defaults": ini_defaults(config), "on_world": on_world}
    options["owner_name"] = log.owner_name
    server = RemoteServer(url, **options) if url else LocalServer(**options)
    return server


@pytest.fixture
def make_mockbatch(
    request: pytest.FixtureRequest, mockbatch_server: "LocalServer | RemoteServer"
) -> "Iterator[Callable[..., WorldClient]]":
    """Create further worlds in one test: `make_mockbatch(scenario=..., clock=...)`."""
    worlds: list[WorldClient] = []

    def make(**options: Any) -> "WorldClient":
        # Named after the test, a world has the same seed from run to run.
        name = f"{request.node.nodeid} (world {len(worlds) + 1} of make_mockbatch)"
        worlds.append(mockbatch_server.world(name, **options))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()


@pytest.fixture
def mockbatch(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    mockbatch_server: "LocalServer | RemoteServer",
) -> "Iterator[WorldClient]":
    """Provide a fresh world, to which the OpenAI SDK's environment variables point."""
    from mockbatch.testing.environment import set_environment

    options, flags = read_test_options(request)
    create = mockbatch_server.world if "own_key" in flags else mockbatch_server.shared_world
    with create(request.node.nodeid, **options) as world:
        set_environment(monkeypatch, world)
        if iscoroutinefunction(getattr(request.node, "obj", None)):
            world.warn_if_asyncio_clock_frozen()
        with world.skip_sleep() if "skip_sleep" in flags else nullcontext():
            yield world
        if world.closed:
            return
        failures, was_reached = world.review()
    if not was_reached and not request.node.stash.get(_HAS_FAILED, False):
        from mockbatch.client import MockBatchWarning

        warnings.warn(
            f"{request.node.nodeid} took the mockbatch fixture but no request reached the "
            "server: its client was built before the test (mockbatch_env = true in the ini file "
            "is for those), or reads other variables than OPENAI_BASE_URL and OPENAI_API_KEY.",
            MockBatchWarning,
            stacklevel=1,
        )
    if failures:
        # A bug in mockbatch must not leave a test green.
        message = f"mockbatch itself failed: {failures[0].method} {failures[0].path}"
        pytest.fail(message, pytrace=False)


@pytest.fixture
def mockbatch_app(request: pytest.FixtureRequest) -> "Iterator[Flask]":
    """Provide the Flask app of a fresh server, with a world as `.mock`; no socket."""
    from mockbatch.testing.servers import app_world
    from mockbatch.web.app import create_app

    options, flags = read_test_options(request)
    options = {**ini_defaults(request.config), **options}
    app = create_app()
    world = app.mock = app_world(app, request.node.nodeid, options)  # type: ignore[attr-defined]
    request.config.stash[_WORLD_LOG].add(world, app)
    with world.skip_sleep() if "skip_sleep" in flags else nullcontext():
        yield app
    world.close()
