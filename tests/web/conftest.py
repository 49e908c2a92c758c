"""Fixtures for the tests of the web."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from flask import Flask

from mockbatch.http_server.server import HttpServer
from tests.support.caller import Caller, app_of


@pytest.fixture
def api() -> Caller:
    """Make a client of a fresh app."""
    return Caller(app_of())


@pytest.fixture
def serve() -> Iterator[Callable[[Flask], tuple[str, int]]]:
    """Serve apps on sockets until the test is over; gives their addresses."""
    with ExitStack() as stack:

        def start(app: Flask) -> tuple[str, int]:
            httpd = HttpServer(app)
            httpd.start()
            stack.callback(httpd.stop)
            return httpd.host, httpd.port

        yield start
