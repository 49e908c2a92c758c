"""A Redis that is killed, hangs and drops connections while clients create batches."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event, Thread

import pytest
import redis

from mockbatch.typing import Json
from mockbatch.web.context import EXTENSION
from tests.support.caller import Caller, app_of, lines
from tests.support.redis_server import DURABLE, RedisServer, redis_server

SERVERS, CLIENTS_OF_SERVER = 3, 2
DISTURBANCES = 12


class Client:
    """Creates and lists batches at one server until it is stopped, and notes what it was told."""

    def __init__(self, caller: Caller, requests: Sequence[Json], stopped: Event) -> None:
        self._caller, self._requests, self._stopped = caller, requests, stopped
        self.created: list[str] = []
        self.listed: set[str] = set()
        #: How many creates failed, but may have been stored.
        self.uncertain_count = 0
        self.statuses: set[int] = set()

    def run(self) -> None:
        """Send the requests that create batches, and list, again and again."""
        while not self._stopped.is_set():
            for request in self._requests:
                self._create(request)
            response = self._caller.get("/v1/batches")
            self.statuses.add(response.status_code)
            if response.status_code == 200:
                self.listed |= {batch["id"] for batch in response.json["data"]}

    def _create(self, request: Json) -> None:
        response = self._caller.post("/v1/batches", request)
        self.statuses.add(response.status_code)
        if response.status_code == 200:
            self.created.append(response.json["id"])
        else:
            self.uncertain_count += "may have been stored" in response.text


def disturb(server: RedisServer, chosen: random.Random) -> None:
    """Let the server do one of the things that clients have to cope with."""
    kind = chosen.choice(["kill", "drop connections", "hang"])
    if kind == "kill":
        server.kill()
        Event().wait(chosen.uniform(0, 0.1))
        server.start()
    elif kind == "hang":
        server.pause()
        Event().wait(chosen.uniform(0, 0.2))
        server.resume()
    else:
        with redis.Redis.from_url(server.url) as client:
            client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


def all_ids(caller: Caller) -> list[str]:
    """Return the ids of all batches, page by page."""
    ids: list[str] = []
    has_more = True
    while has_more:
        after = f"&after={ids[-1]}" if ids else ""
        page = caller.good(caller.get(f"/v1/batches?limit=100{after}"))
        ids += [batch["id"] for batch in page["data"]]
        has_more = page["has_more"]
    return ids


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """Run a Redis that has on disk whatever it has answered."""
    with redis_server(tmp_path, *DURABLE) as started:
        yield started


@pytest.fixture
def callers(server: RedisServer) -> Iterator[Sequence[Caller]]:
    """Yield clients of several servers with the same worlds."""
    apps = [app_of(server={"state": server.url}) for _ in range(SERVERS)]
    yield [Caller(app) for app in apps]
    for app in apps:
        app.extensions[EXTENSION].worlds.close()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_no_batch_is_lost_or_made_twice(
    server: RedisServer, callers: Sequence[Caller], seed: int
) -> None:
    """Each 200 stands for one batch, and each batch that was ever listed stays.

    Besides, there are only those whose 503 says that they may have been stored.
    """
    chosen, stopped = random.Random(seed), Event()
    # The locks for a batch of many lines are acquired one after the other.
    requests = [callers[0].batch_request(lines(count)) for count in (1, 1, 1001)]
    clients = [Client(caller, requests, stopped) for caller in [*callers] * CLIENTS_OF_SERVER]
    threads = [Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    try:
        for _ in range(DISTURBANCES):
            Event().wait(chosen.uniform(0.1, 0.4))
            disturb(server, chosen)
        Event().wait(1)
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
    created = [id for client in clients for id in client.created]
    kept, *others = [all_ids(caller) for caller in callers]
    assert all(ids == kept for ids in others)
    assert len(set(kept)) == len(kept)
    assert len(set(created)) == len(created) > 0
    assert set(created) <= set(kept)
    assert all(client.listed <= set(kept) for client in clients)
    assert len(kept) - len(created) <= sum(client.uncertain_count for client in clients)
    assert {200} < {*(status for client in clients for status in client.statuses)} <= {200, 503}
