"""The stores that the tests of this folder run against."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mockbatch.stores.location import open_store
from mockbatch.stores.store import Store
from tests.support.redis_server import RedisServer, redis_server

#: The kinds of stores, each a parameter of `state_url`.
KINDS = ("sqlite", "redis")


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Run a Redis for all tests that only need one; `state_url` empties it."""
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def empty_redis(shared_redis: RedisServer) -> str:
    """Return the URL of a Redis that has nothing."""
    import redis

    with redis.Redis(port=shared_redis.port) as client:
        client.flushall()
    return shared_redis.url


@pytest.fixture(params=KINDS)
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty store, as `--state` takes it."""
    if request.param == "redis":
        return str(request.getfixturevalue("empty_redis"))
    return f"sqlite:///{tmp_path}/state.db"


@pytest.fixture
def store(state_url: str) -> Iterator[Store]:
    """Yield an empty store."""
    opened = open_store(state_url)
    yield opened
    opened.close()


@pytest.fixture
def rival(store: Store, state_url: str) -> Iterator[Store]:
    """Yield the same store, as another process opens it."""
    opened = open_store(state_url)
    yield opened
    opened.close()
