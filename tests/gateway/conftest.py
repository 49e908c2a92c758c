"""Fixtures for the tests with the real gateway: it is installed and started once a session."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.mock_server import MockServer
from tests.gateway.running import HERE, OPENAI, running_gateway
from tests.support.client_environments import node_with, require


@pytest.fixture(scope="session")
def modules() -> Path:
    """Return the folder with the gateway's packages."""
    return require(lambda: node_with(HERE))


@pytest.fixture(scope="session")
def upstream() -> Iterator[MockServer]:
    """Serve the mock that the gateway takes for OpenAI."""
    with MockServer() as server:
        yield server


@pytest.fixture(scope="session")
def gateway(
    modules: Path, upstream: MockServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Run the real gateway in front of `upstream` and return its URL."""
    scratch = tmp_path_factory.mktemp("gateway")
    with running_gateway(modules, upstream.url, scratch, (OPENAI,)) as url:
        yield url
