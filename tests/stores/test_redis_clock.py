"""Worlds in a Redis whose clock differs from that of the machine."""

import time

import pytest

from mockbatch import clock
from mockbatch.stores.location import open_store
from mockbatch.stores.redis import RedisStore
from mockbatch.stores.store import DUE, NOTHING
from mockbatch.web.context import EXTENSION
from tests.support.caller import START, Caller, app_of


def test_a_redis_knows_by_its_own_clock_which_worlds_are_due(
    empty_redis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by that of this machine, which may differ."""
    now = time.time()
    monkeypatch.setattr(clock, "wall_time", lambda: now + 7200)
    store = RedisStore(empty_redis)
    store.replace("a", NOTHING, "", {DUE: str(now + 3600)})
    assert store.due() == []
    store.replace("b", NOTHING, "", {DUE: str(now - 1)})
    assert store.due() == [("b", "")]


@pytest.mark.parametrize("ahead_seconds", [-1000, 1000])
def test_a_world_begins_by_the_clock_of_redis(
    empty_redis: str, monkeypatch: pytest.MonkeyPatch, ahead_seconds: int
) -> None:
    """When it is new, reset or restored, whatever the clock of its machine says."""
    monkeypatch.setattr(clock, "wall_time", lambda: time.time() + ahead_seconds)
    app = app_of(server={"state": empty_redis}, clock="realtime")
    api = Caller(app)

    def passed_seconds() -> float:
        now: float = api.good(api.get("/_mock/clock"))["now"]
        return now - START

    api.create()
    assert 0 <= passed_seconds() < 60
    assert api.post("/_mock/reset", {}).status_code == 200
    assert 0 <= passed_seconds() < 60
    api.create()
    state = api.good(api.get("/_mock/state"))
    assert api.call("PUT", "/_mock/state", json=state).status_code == 200
    assert 0 <= passed_seconds() < 60
    app.extensions[EXTENSION].worlds.close()


def test_a_webhook_is_due_by_the_clock_of_redis(
    empty_redis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the process of another machine that finds it sends it in time."""
    monkeypatch.setattr(clock, "wall_time", lambda: time.time() + 1000)
    app = app_of(server={"state": empty_redis}, clock="realtime")
    api = Caller(app)
    api.good(api.post("/_mock/webhooks/endpoints", {"url": "http://127.0.0.1:9/"}))
    api.create()
    store = open_store(empty_redis)
    [stored] = store.worlds()
    due = dict(store.pull(stored.name, NOTHING).cells)[DUE]
    assert due is not None
    assert 0 < float(due) - time.time() < 600  # when the batch ends
    app.extensions[EXTENSION].worlds.close()
