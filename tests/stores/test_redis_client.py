"""How often a request asks a Redis, and over which connections."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from mockbatch.web.context import EXTENSION
from tests.support.caller import Caller, app_of
from tests.support.redis_server import RedisServer, redis_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """Run a Redis of this test's own, which it may stop."""
    with redis_server(tmp_path) as started:
        yield started


@pytest.fixture
def api(server: RedisServer) -> Iterator[Caller]:
    """Yield a client of an app with worlds in the Redis of this test."""
    app = app_of(server={"state": server.url})
    yield Caller(app)
    app.extensions[EXTENSION].worlds.close()


def counted_scripts(server: RedisServer, act: Callable[[], object]) -> int:
    """Return how many scripts the server runs meanwhile."""
    with redis.Redis(port=server.port) as client:
        client.config_resetstat()
        act()
        stats = client.info("commandstats")
    return sum(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("eval", "evalsha"))


def test_a_request_needs_few_round_trips(api: Caller, server: RedisServer) -> None:
    """A retrieve asks the server twice; a create asks five times, and releases a lock."""
    made = [api.create()["id"] for _ in range(3)]
    assert counted_scripts(server, lambda: api.batch(made[0])) == 2
    request = api.batch_request()
    assert counted_scripts(server, lambda: api.post("/v1/batches", request)) == 6


def test_a_connection_that_the_server_has_closed_is_opened_again(
    api: Caller, server: RedisServer
) -> None:
    """After the server was restarted, the first request succeeds."""
    made = api.create()["id"]
    server.kill()
    server.start()
    assert api.batch(made)["id"] == made
