"""A Redis that is killed, hangs and drops connections while clients create batches."""

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread

import pytest

from mockbatch.stores import redis_locks
from mockbatch.stores.redis_client import RedisClient
from mockbatch.stores.redis_locks import RedisLocks
from mockbatch.typing import Json
from mockbatch.web.context import EXTENSION
from mockbatch.webhooks import dispatcher
from mockbatch.webhooks.delivery import AttemptResult
from mockbatch.world.shared import watch
from tests.support.caller import Caller, app_of, lines
from tests.support.redis_server import DURABLE, RedisServer, redis_server
from tests.support.webhook_recorder import wait_until

SERVERS, CLIENTS_OF_SERVER = 3, 2
DISTURBANCES = 12
ADVANCE_SECONDS = 90_000
PATIENCE_SECONDS = 30


class Client:
    """Creates and lists batches at one server until it is stopped, and records the responses."""

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
        server.drop_connections()


def advance_at_last(caller: Caller) -> None:
    """Advance the clock; if the server is refused by the store, try again."""
    body = {"seconds": ADVANCE_SECONDS}
    while (response := caller.post("/_mock/clock/advance", body)).status_code == 503:
        assert "may have been stored" not in response.text
    caller.good(response)


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


class SlowReceiver:
    """Receives webhooks instead of the network, and lets their sender wait."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.received: list[str] = []
        self.is_called, self.may_respond = Event(), Event()
        monkeypatch.setattr(dispatcher, "post", self._receive)

    def _receive(self, _target: object, headers: dict[str, str], *_: object) -> AttemptResult:
        self.received.append(headers["webhook-id"])
        self.is_called.set()
        assert self.may_respond.wait(PATIENCE_SECONDS)
        return AttemptResult(status_code=200)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> SlowReceiver:
    """Return what receives the webhooks."""
    return SlowReceiver(monkeypatch)


@pytest.fixture
def unwatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let servers deliver only what a request is about."""
    monkeypatch.setattr(watch, "INTERVAL_SECONDS", 3600)


def note_looks(monkeypatch: pytest.MonkeyPatch, is_back: Event) -> list[str]:
    """List each look for whether the holder of a lock is there; it comes back once it may."""
    free, keep_connected = RedisLocks._free_if_abandoned, RedisClient.keep_connected
    looks: list[str] = []

    def free_and_note(locks: RedisLocks, key: str) -> bool:
        was_free = free(locks, key)
        looks.append(key)
        return was_free

    def keep_connected_late(client: RedisClient) -> None:
        is_back.wait(PATIENCE_SECONDS)
        keep_connected(client)

    monkeypatch.setattr(RedisLocks, "_free_if_abandoned", free_and_note)
    monkeypatch.setattr(RedisClient, "keep_connected", keep_connected_late)
    # Nothing else connects it, and it is in time however slow the machine is.
    monkeypatch.setattr(redis_locks, "_RENEWAL_ROUNDS", 36_000)
    monkeypatch.setattr(redis_locks, "_ABSENT_SECONDS", 3600)
    return looks


@pytest.mark.usefixtures("unwatched")  # before the servers start
def test_a_webhook_is_sent_once_though_connections_are_dropped(
    server: RedisServer,
    callers: Sequence[Caller],
    receiver: SlowReceiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its sender keeps its turn, for which another advance waits, and both advances add up."""
    is_back = Event()
    looks = note_looks(monkeypatch, is_back)
    sender, rival, _ = callers
    sender.post("/_mock/webhooks/endpoints", {"url": "http://127.0.0.1:9/"})
    sender.create()
    before = sender.clock()["now"]
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(advance_at_last, sender)
        assert receiver.is_called.wait(PATIENCE_SECONDS)
        second = pool.submit(advance_at_last, rival)
        try:
            wait_until(lambda: len(looks) >= 2)
            server.drop_connections()
            looks.clear()
            wait_until(lambda: len(looks) >= 3)
        finally:
            is_back.set()
            receiver.may_respond.set()
        for each in (first, second):
            each.result(PATIENCE_SECONDS)
    assert len(receiver.received) == 1
    assert rival.clock()["now"] == before + 2 * ADVANCE_SECONDS
