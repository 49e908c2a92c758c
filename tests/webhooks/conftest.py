"""Fixtures for the tests of webhooks: worlds on a server whose receivers have little time."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from told import START, server_settings

from mockbatch.handle import Handle
from mockbatch.ids import Seed
from mockbatch.server import Server
from mockbatch.web.app import create_app


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Serve; a receiver has a quarter of a second."""
    made = Server(create_app(server_settings()))
    yield made
    made.close()


@pytest.fixture
def world(request: pytest.FixtureRequest, server: Server) -> Iterator[Callable[..., Handle]]:
    """Make worlds that begin on one second."""
    with ExitStack() as stack:

        def made(**options: Any) -> Handle:
            name = Seed.of(request.node.nodeid, options).hex(8)
            return stack.enter_context(server.world(name, **{"start_time": START, **options}))

        yield made


@pytest.fixture
def mock(world: Callable[..., Handle]) -> Handle:
    """Make a world whose clock stands still."""
    return world()
