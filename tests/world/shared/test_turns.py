"""Two servers deliver the webhooks of one world in turn."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from mockbatch.webhooks import dispatcher
from mockbatch.webhooks.delivery import AttemptResult
from mockbatch.world.shared import watch
from mockbatch.world.shared.lock import SharedTurn
from tests.support.rival import PATIENCE_SECONDS
from tests.world.shared.conftest import NewServer, Server

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
        if turn._is_held and late:
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
