"""Two servers deliver the webhooks of one world in turn."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from mockbatch.stores.failure import state_full
from mockbatch.stores.sqlite import SqliteStore
from mockbatch.stores.sqlite_connections import SqliteConnections
from mockbatch.web.context import EXTENSION
from mockbatch.webhooks import dispatcher, outbox
from mockbatch.webhooks.delivery import AttemptResult
from mockbatch.world.shared import watch
from mockbatch.world.shared.turn import SharedTurn
from tests.support.rival import PATIENCE_SECONDS
from tests.support.webhook_recorder import wait_until
from tests.world.shared.conftest import KEY, NewServer, Server

ENDPOINT = {"url": "http://127.0.0.1:9/"}
UNTIL_THE_END = {"seconds": 90_000}
# More than any test needs.
MOST_TURNS = 100


@pytest.fixture(autouse=True)
def _unwatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let servers deliver only what a request is about."""
    monkeypatch.setattr(watch, "INTERVAL_SECONDS", 3600)


Receive = Callable[[Callable[[], object]], list[str]]


@pytest.fixture
def receive(monkeypatch: pytest.MonkeyPatch) -> Receive:
    """Return what has a function called for each webhook, and lists their ids."""

    def start(act: Callable[[], object]) -> list[str]:
        received: list[str] = []

        def post(_target: object, headers: dict[str, str], *_: object) -> AttemptResult:
            received.append(headers["webhook-id"])
            act()
            return AttemptResult(status_code=200)

        monkeypatch.setattr(dispatcher, "post", post)
        return received

    return start


@pytest.mark.parametrize("is_advance", [True, False], ids=["advance", "command"])
def test_what_ends_while_another_server_has_the_turn_is_delivered(
    one: Server,
    other: Server,
    receive: Receive,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_advance: bool,
) -> None:
    """On a clock that stands still, by the one that has it, even if it has found nothing more."""
    received = receive(lambda: None)
    file_id = one.upload()
    one.post("/_mock/webhooks/endpoints", ENDPOINT)
    first, second = (one.create(file_id)["id"] for _ in range(2))
    release, late = SharedTurn.release, [second]

    def complete_then_release(turn: SharedTurn) -> None:
        if turn._held and late:
            before = list(received)
            other.post(f"/_mock/batches/{late.pop()}/complete")
            assert received == before
        release(turn)

    if is_advance:
        one.post(f"/_mock/batches/{first}/complete")
    monkeypatch.setattr(SharedTurn, "release", complete_then_release)
    if is_advance:
        one.post("/_mock/clock/advance", {"seconds": 1})
    else:
        one.post(f"/_mock/batches/{first}/complete")
    assert not late
    assert len(set(received)) == len(received) == 2
    deliveries = other.get("/_mock/webhooks/deliveries")["deliveries"]
    assert [delivery["status"] for delivery in deliveries] == ["delivered"] * 2


REPLACEMENTS: dict[str, tuple[str, str]] = {
    "reset": ("POST", "/_mock/reset"),
    "removal": ("DELETE", "/_mock/state"),
}


@pytest.mark.parametrize("how", REPLACEMENTS)
@pytest.mark.parametrize("is_same", [True, False], ids=["same server", "other server"])
def test_a_delivery_of_the_world_before_holds_up_nothing(
    one: Server, other: Server, receive: Receive, how: str, *, is_same: bool
) -> None:
    """The webhooks of the world that has begun anew are sent while it is still on its way."""
    is_called, may_respond = threading.Event(), threading.Event()

    def hold() -> None:
        if not is_called.is_set():
            is_called.set()
            assert may_respond.wait(PATIENCE_SECONDS)

    received = receive(hold)
    one.post("/_mock/webhooks/endpoints", ENDPOINT)
    one.create(one.upload())
    server = Server(one.app, one.app.test_client()) if is_same else other
    with ThreadPoolExecutor(1) as pool:
        advancing = pool.submit(one.call, "POST", "/_mock/clock/advance", UNTIL_THE_END)
        try:
            assert is_called.wait(PATIENCE_SECONDS)
            assert server.call(*REPLACEMENTS[how]).status_code == 200
            server.post("/_mock/webhooks/endpoints", ENDPOINT)
            batch = server.create(server.upload())["id"]
            server.post(f"/_mock/batches/{batch}/complete")
            assert len(received) == 2
            server.post("/_mock/clock/advance", {"seconds": 1})
        finally:
            may_respond.set()
        assert advancing.result(PATIENCE_SECONDS).status_code == 200
    [delivery] = server.get("/_mock/webhooks/deliveries")["deliveries"]
    assert delivery["status"] == "delivered"


@pytest.mark.parametrize(
    ("path", "body"),
    [("/_mock/clock/advance", UNTIL_THE_END), ("/_mock/batches/{id}/complete", {})],
    ids=["advance", "command"],
)
def test_a_store_that_fails_after_a_change_is_not_said_to_have_stored_nothing(
    one: Server, receive: Receive, monkeypatch: pytest.MonkeyPatch, path: str, body: object
) -> None:
    """The clock has moved to the end of the batch, or the batch has ended, when it fails."""
    one.post("/_mock/webhooks/endpoints", ENDPOINT)
    id = one.create(one.upload())["id"]

    def fail(*_: object) -> None:
        raise state_full("database or disk is full")

    receive(lambda: monkeypatch.setattr(SqliteStore, "commit", fail))
    response = one.call("POST", path.format(id=id), body)
    monkeypatch.undo()
    assert response.status_code == 503, response.text
    assert "may have been stored" in response.json["error"]["message"]
    assert one.get(f"/v1/batches/{id}")["status"] == "completed"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("deliveries/{delivery}/redeliver", {}),
        ("endpoints/{endpoint}/test", {"event_type": "batch.completed"}),
    ],
    ids=["redelivery", "sample"],
)
def test_a_store_that_fails_after_a_webhook_is_not_said_to_have_stored_nothing(
    one: Server, receive: Receive, monkeypatch: pytest.MonkeyPatch, path: str, body: object
) -> None:
    """A client that tried again because of that would send it once more."""
    receive(lambda: None)
    endpoint = one.post("/_mock/webhooks/endpoints", ENDPOINT)["id"]
    one.create(one.upload())
    one.post("/_mock/clock/advance", UNTIL_THE_END)
    [delivery] = one.get("/_mock/webhooks/deliveries")["deliveries"]

    def fail(*_: object) -> None:
        raise state_full("database or disk is full")

    received = receive(lambda: monkeypatch.setattr(SqliteStore, "commit", fail))
    path = path.format(delivery=delivery["id"], endpoint=endpoint)
    response = one.call("POST", f"/_mock/webhooks/{path}", body)
    monkeypatch.undo()
    assert len(received) == 1
    assert response.status_code == 503, response.text
    assert "may have been stored" in response.json["error"]["message"]


def test_a_delivery_that_is_no_longer_kept_is_not_retried(
    one: Server, other: Server, receive: Receive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that saw it on its way, and then only that it was gone, failed for good."""
    monkeypatch.setattr(outbox, "MAX_FINISHED", 2)
    looked: list[object] = []

    def look() -> None:
        if not looked:
            looked.append(other.get("/v1/batches"))

    received = receive(look)
    file_id = one.upload()
    one.post("/_mock/webhooks/endpoints", ENDPOINT)
    for _ in range(6):
        one.create(file_id)
    one.post("/_mock/clock/advance", UNTIL_THE_END)
    assert other.post("/_mock/clock/advance", {"seconds": 1})["events"] == []
    assert len(received) == 6


def test_all_servers_keep_the_same_past_deliveries(
    one: Server, new_server: NewServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that end first go first, for one that has read them in another order, too."""
    monkeypatch.setattr(outbox, "MAX_FINISHED", 3)
    results = iter([AttemptResult(status_code=500)])
    accepted = AttemptResult(status_code=200)
    monkeypatch.setattr(dispatcher, "post", lambda *_: next(results, accepted))
    one.post("/_mock/webhooks/endpoints", ENDPOINT)
    file_id = one.upload()
    for _ in range(3):
        one.create(file_id)
    one.post("/_mock/clock/advance", UNTIL_THE_END)
    other = new_server()
    other.get("/v1/batches")
    one.create(file_id)
    one.post("/_mock/clock/advance", UNTIL_THE_END)
    kept = one.get("/_mock/webhooks/deliveries")
    assert len(kept["deliveries"]) == 3
    for server in (other, new_server()):
        assert server.get("/_mock/webhooks/deliveries") == kept


def test_the_turn_of_the_world_before_does_not_disturb_the_next_one(
    new_server: NewServer, receive: Receive
) -> None:
    """An advance of each waits for its receiver, and another one waited behind the first."""
    server = new_server(clock="x3600")
    called, may_respond = ([threading.Event(), threading.Event()] for _ in range(2))

    def hold() -> None:
        number = len(received) - 1
        if number < 2:
            called[number].set()
            assert may_respond[number].wait(PATIENCE_SECONDS)

    received = receive(hold)

    def advance() -> int:
        client = Server(server.app, server.app.test_client())
        return client.call("POST", "/_mock/clock/advance", UNTIL_THE_END).status_code

    def begin() -> None:
        server.post("/_mock/webhooks/endpoints", ENDPOINT)
        server.create(server.upload())

    begin()
    waiting = server.app.extensions[EXTENSION].worlds.find(KEY).webhooks.dispatcher._idle._waiters
    with ThreadPoolExecutor(3) as pool:
        advances = [pool.submit(advance)]
        try:
            assert called[0].wait(PATIENCE_SECONDS)
            advances.append(pool.submit(advance))
            wait_until(lambda: waiting)
            server.post("/_mock/reset")
            begin()
            advances.append(pool.submit(advance))
            assert called[1].wait(PATIENCE_SECONDS)
            now = server.get("/_mock/clock")["now"]
            may_respond[0].set()
            assert [each.result(PATIENCE_SECONDS) for each in advances[:2]] == [200] * 2
            assert server.get("/_mock/clock")["now"] == now, "the clock ran during an advance"
        finally:
            for event in may_respond:
                event.set()
        assert advances[2].result(PATIENCE_SECONDS) == 200


def test_a_removal_that_fails_leaves_the_turn_where_it_is(
    one: Server, other: Server, receive: Receive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process sent a webhook that was on its way."""
    is_called, may_respond = threading.Event(), threading.Event()

    def hold() -> None:
        is_called.set()
        assert may_respond.wait(PATIENCE_SECONDS)

    received = receive(hold)
    one.post("/_mock/webhooks/endpoints", ENDPOINT)
    one.create(one.upload())
    writing = SqliteConnections.writing

    @contextmanager
    def fail_at_last(connections: SqliteConnections) -> Iterator[sqlite3.Connection]:
        with writing(connections) as connection:
            yield connection
            raise state_full("database or disk is full")

    with ThreadPoolExecutor(1) as pool:
        advancing = pool.submit(one.call, "POST", "/_mock/clock/advance", UNTIL_THE_END)
        try:
            assert is_called.wait(PATIENCE_SECONDS)
            with monkeypatch.context() as context:
                context.setattr(SqliteConnections, "writing", fail_at_last)
                assert other.call("DELETE", "/_mock/state").status_code == 507
            turn = other.app.extensions[EXTENSION].worlds.find(KEY).webhooks.dispatcher.turn
            assert not turn.try_acquire()
        finally:
            may_respond.set()
        assert advancing.result(PATIENCE_SECONDS).status_code == 200
    assert len(received) == 1


def test_an_advance_that_is_refused_its_turn_leaves_that_of_others(
    one: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that ends lost pauses may have it in the same process."""
    one.upload()
    world = one.app.extensions[EXTENSION].worlds.find(KEY)
    turn = world.webhooks.dispatcher.turn
    assert turn.try_acquire()

    def refuse(*_: object) -> None:
        raise state_full("database or disk is full")

    with monkeypatch.context() as context:
        context.setattr(SqliteStore, "acquire", refuse)
        assert one.call("POST", "/_mock/clock/advance", {"seconds": 1}).status_code == 507
    assert turn._held
    turn.release()
    one.post("/_mock/clock/advance", {"seconds": 1})


def test_a_read_that_ends_lost_pauses_sends_nothing(
    one: Server, other: Server, receive: Receive
) -> None:
    """It would have to wait for the receivers."""
    received = receive(lambda: None)
    one.post("/_mock/webhooks/endpoints", ENDPOINT)
    batch = one.create(one.upload())["id"]
    other.get("/v1/batches")
    world = one.app.extensions[EXTENSION].worlds.find(KEY)
    world.clock._count_pauses(1)  # as of a process that was killed in an advance
    world.clock.move_to(world.now() + UNTIL_THE_END["seconds"])
    assert other.get(f"/v1/batches/{batch}")["status"] == "completed"
    assert other.get("/_mock/clock")["now"] == world.now()
    one.get("/v1/batches")
    assert not world.clock.state().pauses
    assert received == []
    other.post("/_mock/clock/advance", {"seconds": 1})
    assert len(received) == 1


def test_an_advance_that_waits_for_its_turn_ends_after_a_reset(
    one: Server,
    other: Server,
    new_server: NewServer,
    receive: Receive,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of its world nothing is left to deliver, and the new world is as if it had not been."""
    is_called, may_respond, waits = (threading.Event() for _ in range(3))

    def hold() -> None:
        is_called.set()
        assert may_respond.wait(PATIENCE_SECONDS)

    receive(hold)
    one.post("/_mock/webhooks/endpoints", ENDPOINT)
    one.create(one.upload())
    third = new_server()
    acquire, try_acquire, tried = SharedTurn.acquire, SharedTurn.try_acquire, []

    def report_and_acquire(turn: SharedTurn) -> None:
        if is_called.is_set():
            waits.set()
        acquire(turn)

    def count_and_try(turn: SharedTurn) -> bool:
        tried.append(turn)
        assert len(tried) < MOST_TURNS, "it takes its turn without end"
        return try_acquire(turn)

    monkeypatch.setattr(SharedTurn, "acquire", report_and_acquire)
    monkeypatch.setattr(SharedTurn, "try_acquire", count_and_try)
    with ThreadPoolExecutor(2) as pool:
        delivering = pool.submit(one.call, "POST", "/_mock/clock/advance", UNTIL_THE_END)
        assert is_called.wait(PATIENCE_SECONDS)
        waiting = pool.submit(other.call, "POST", "/_mock/clock/advance", UNTIL_THE_END)
        try:
            assert waits.wait(PATIENCE_SECONDS)
            third.post("/_mock/reset")
            begun = third.get("/_mock/clock")["now"]
        finally:
            may_respond.set()
        statuses = [each.result(PATIENCE_SECONDS).status_code for each in (delivering, waiting)]
    assert statuses == [200, 200]
    assert len(tried) < MOST_TURNS
    assert third.get("/_mock/clock")["now"] == begun
    assert third.post("/_mock/clock/advance", UNTIL_THE_END)["events"] == []
