"""How often a request asks a Redis, and over which connections."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Barrier, Thread, get_ident
from time import monotonic, sleep
from typing import Any

import pytest
import redis

from mockbatch.stores import redis_connection
from mockbatch.stores.redis import RedisStore
from mockbatch.stores.redis_client import RedisClient
from mockbatch.stores.redis_connection import RedisConnection
from mockbatch.stores.store import WAIT_SECONDS
from mockbatch.web.context import EXTENSION
from tests.support.caller import Caller, app_of
from tests.support.redis_server import DURABLE, RedisServer, redis_server
from tests.support.webhook_recorder import wait_until

# A script that takes some hundred microseconds, and returns its argument.
SLOW = "local n = 0; for i = 1, 100000 do n = n + i end; return tonumber(ARGV[1])"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """Run a Redis of this test's own, which it may stop."""
    with redis_server(tmp_path, *DURABLE) as started:
        yield started


@pytest.fixture
def api(server: RedisServer) -> Iterator[Caller]:
    """Yield a client of an app with worlds in the Redis of this test."""
    app = app_of(server={"state": server.url})
    yield Caller(app)
    app.extensions[EXTENSION].worlds.close()


def count_waits(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> int:
    """Return for how many replies of the server a request waits."""
    asked: list[object] = []
    ask = RedisConnection.ask

    def counting(connection: Any, *command: Any) -> Any:
        asked.append(command)
        return ask(connection, *command)

    with monkeypatch.context() as context:
        context.setattr(RedisConnection, "ask", counting)
        act()
    return len(asked)


def test_a_request_needs_few_round_trips(api: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """A retrieve waits for the server once, a create three times."""
    made = [api.create()["id"] for _ in range(3)]
    assert count_waits(monkeypatch, lambda: api.batch(made[0])) == 1
    request = api.batch_request()
    assert count_waits(monkeypatch, lambda: api.post("/v1/batches", request)) == 3


def test_a_request_is_in_the_journal_after_its_response(api: Caller, server: RedisServer) -> None:
    """Another process that asks next finds it, although nothing has waited for its entry."""
    api.upload()
    other = app_of(server={"state": server.url})
    for number in range(2, 31):
        api.get("/v1/models")
        journal = Caller(other).get("/_mock/requests").json
        assert [entry["id"] for entry in journal["requests"]] == list(range(1, number + 1))
    other.extensions[EXTENSION].worlds.close()


def test_requests_are_read_after_those_sent_over_other_connections(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine, Redis handled a read before an entry that had been sent before it.

    It handles all that has come before it sends the next replies, so the reader waits for one.
    """
    store, commands = RedisStore(server.url), list[str]()
    ask = RedisConnection.ask
    send: Callable[..., Any] = redis.Connection.send_command

    def note_ask(connection: RedisConnection, *command: Any) -> Any:
        reply = ask(connection, *command)
        commands.append(f"{command[0]} {reply.decode()}")
        return reply

    def note_send(connection: Any, *command: Any, **options: Any) -> Any:
        commands.append(command[0])
        return send(connection, *command, **options)

    store.count("w")  # which connects
    monkeypatch.setattr(RedisConnection, "ask", note_ask)
    monkeypatch.setattr(redis.Connection, "send_command", note_send)
    store.count("w")
    assert commands == ["PING PONG", "HGET"]
    store.records("w")
    assert commands[2] == "PING PONG"
    store.close()


def test_a_server_that_hangs_is_waited_for_once(server: RedisServer) -> None:
    """A reply that nothing has waited for does not prolong the wait for the next one."""
    client = RedisClient(server.url)
    client.ask("PING")
    server.pause()
    try:
        client.post("return 1", [], [])
        begun = monotonic()
        with pytest.raises(redis.exceptions.TimeoutError):
            client.ask("PING")
        assert monotonic() - begun < 2 * WAIT_SECONDS
    finally:
        server.resume()
    assert client.ask("PING") == b"PONG"
    client.close_thread()


def test_a_refusal_that_nothing_waits_for_is_logged(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The reply to a command is read before that of the next one, and an error is a warning."""
    client = RedisClient(server.url)
    client.post("return redis.error_reply('ERR refused')", [], [])
    assert client.ask("PING") == b"PONG"
    assert "the store has refused what nothing waits for: refused" in caplog.text
    client.close_thread()


def test_a_connection_that_the_server_has_closed_is_opened_again(
    api: Caller, server: RedisServer
) -> None:
    """After the server was restarted, the first request succeeds."""
    made = api.create()["id"]
    server.kill()
    server.start()
    assert api.batch(made)["id"] == made


def count_looks(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """Return a list that grows when this thread looks for a reply that has not come yet."""
    looks: list[None] = []
    thread = get_ident()

    def look() -> None:
        if get_ident() == thread:
            looks.append(None)

    monkeypatch.setattr(os, "sched_yield", look)
    return looks


def test_late_replies_are_looked_for_less_and_less(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that has looked for one in vain sleeps at once for the next ones."""
    client = RedisClient(server.url)
    client.ask("PING")
    looks = count_looks(monkeypatch)
    monkeypatch.setattr(redis_connection, "_LOOK_SECONDS", 60)
    monkeypatch.setattr(redis_connection, "_LOOKS", 1)
    for _ in range(30):
        client.ask("BLPOP", "nothing", "0.01")
    assert len(looks) == 3  # for the replies 1, 10 and 27
    client.close_thread()


def test_a_thread_that_loses_its_processor_looks_no_more(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others use it, and each look would take long; a reply that has come meanwhile is read."""
    client = RedisClient(server.url)
    client.ask("PING")
    looks: list[None] = []

    def use_processor() -> None:
        looks.append(None)
        sleep(0.01)

    monkeypatch.setattr(os, "sched_yield", use_processor)
    monkeypatch.setattr(redis_connection, "_LOOK_SECONDS", 0.005)
    for number in range(9):
        assert client.ask("EVAL", SLOW, 0, number) == number
    assert len(looks) == 1
    client.close_thread()


def test_threads_that_wait_beside_each_other_sleep(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By looking for their replies, they would keep each other from running."""
    client = RedisClient(server.url)

    def wait() -> None:
        client.ask("BLPOP", "list", "20")
        client.close_thread()

    waiting = Thread(target=wait)
    waiting.start()
    while not client._of_process().waiting:
        sleep(0.001)
    looks = count_looks(monkeypatch)
    for _ in range(100):
        client.ask("PING")
    client.ask("RPUSH", "list", "1")
    assert not looks
    waiting.join()
    client.close_thread()


def test_threads_that_come_first_at_once_have_one_name(server: RedisServer) -> None:
    """By it, others see whether the process that has a lock is still connected."""
    for _ in range(50):
        client, both = RedisClient(server.url), Barrier(2)
        names: list[str] = []

        def connect(client: RedisClient = client, both: Barrier = both) -> None:
            both.wait()
            names.extend([client.name, client.ask("CLIENT", "GETNAME").decode()])  # noqa: B023
            client.close_thread()

        threads = [Thread(target=connect) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(names) == 4
        assert len(set(names)) == 1


def test_an_interrupt_leaves_no_reply_to_the_next_command(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reply that Ctrl-C has left unread is not taken for that of the next command."""
    client = RedisClient(server.url)
    client.post("return 1", [], [])
    connection = client._local.connection._connection
    wait_until(connection.can_read)

    def interrupt() -> None:
        connection.disconnect()  # as redis-py does
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr(connection, "read_response", interrupt)
        with pytest.raises(KeyboardInterrupt):
            client.ask("PING")
    assert client.ask("ECHO", "next") == b"next"
    client.close_thread()
