"""Fixtures for the tests of webhooks."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from mockbatch.client import WorldClient
from mockbatch.ids import Seed
from mockbatch.testing.servers import LocalServer
from mockbatch.web.app import create_app
from tests.support.webhook_recorder import START, server_settings

World = Callable[..., WorldClient]


@pytest.fixture(scope="session")
def server() -> Iterator[LocalServer]:
    """Serve; receivers have all the time that a slow machine may need."""
    made = LocalServer(create_app(server_settings(timeout=60)))
    yield made
    made.close()


@pytest.fixture(scope="session")
def hasty_server() -> Iterator[LocalServer]:
    """Serve; receivers have little time."""
    made = LocalServer(create_app(server_settings()))
    yield made
    made.close()


@pytest.fixture
def world(request: pytest.FixtureRequest, server: LocalServer) -> Iterator[World]:
    """Make worlds that begin on one second."""
    with ExitStack() as stack:
        yield maker(request, server, stack)


@pytest.fixture
def hasty_world(request: pytest.FixtureRequest, hasty_server: LocalServer) -> Iterator[World]:
    """Make worlds whose receivers have little time."""
    with ExitStack() as stack:
        yield maker(request, hasty_server, stack)


def maker(request: pytest.FixtureRequest, server: LocalServer, stack: ExitStack) -> World:
    """Return what makes worlds for a test."""

    def made(**options: Any) -> WorldClient:
        name = Seed.of(request.node.nodeid, options).hex(8)
        return stack.enter_context(server.world(name, **{"start_time": START, **options}))

    return made


@pytest.fixture
def mock(world: World) -> WorldClient:
    """Make a world whose clock stands still."""
    return world()


@pytest.fixture
def hasty(hasty_world: World) -> WorldClient:
    """Make a world whose clock stands still, and whose receivers have little time."""
    return hasty_world()
