"""What is special about worlds in a Redis: its failures, and how they are reported."""

import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest
import redis

from mockbatch.errors import ApiError
from mockbatch.stores import late_removal
from mockbatch.stores.failure import StoreUnreachableError
from mockbatch.stores.location import check_store, open_blobs, open_store
from mockbatch.stores.redis import RedisStore
from mockbatch.stores.redis_blobs import MOST_BYTES
from mockbatch.stores.redis_client import RedisClient
from mockbatch.stores.store import CHANGE, NOTHING, PLANNING, WAIT_SECONDS, Version
from mockbatch.web.context import EXTENSION
from mockbatch.world import batch_input, world
from mockbatch.world.shared.turn import SharedTurn
from tests.support.caller import Caller, app_of, error_of
from tests.support.redis_server import DURABLE, RedisServer, redis_server
from tests.support.serving import ROOT
from tests.support.webhook_recorder import wait_until

CLIENTS, PATIENCE_SECONDS = 8, 30


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """Run a Redis of this test's own, which it may stop."""
    with redis_server(tmp_path, *DURABLE) as started:
        yield started


def api_of(server: RedisServer) -> Iterator[Caller]:
    """Yield a client of an app with worlds in a Redis."""
    app = app_of(server={"state": server.url})
    yield Caller(app)
    app.extensions[EXTENSION].worlds.close()


@pytest.fixture
def api(server: RedisServer) -> Iterator[Caller]:
    """Yield a client of an app with worlds in the Redis of this test."""
    yield from api_of(server)


def time_refusal(caller: Caller) -> str:
    """Return the message of a 503 to be retried soon."""
    answer = caller.get("/v1/batches")
    assert error_of(answer)[:2] == (503, "state_unavailable")
    assert answer.headers["Retry-After"] == "1"
    return str(answer.json["error"]["message"])


def test_a_server_that_is_down_is_a_503_at_once(
    server: RedisServer, api: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is retried meanwhile, and all is well when it is back."""
    batch = api.create()
    server.kill()
    # redis-py retries for 3.65 seconds by default, and sleeps in between.
    monkeypatch.setattr("redis.retry.sleep", pytest.fail)
    assert "the store cannot be reached" in time_refusal(api)
    server.start()
    assert api.good(api.get("/v1/batches"))["data"][0]["id"] == batch["id"]


def test_a_server_that_hangs_is_a_503_after_two_seconds(server: RedisServer, api: Caller) -> None:
    """The message says how long was waited; afterwards the world is as before."""
    batch = api.create()
    server.pause()
    try:
        began = time.monotonic()
        message = time_refusal(api)
        seconds = time.monotonic() - began
    finally:
        server.resume()
    assert "has not answered for 2 s" in message
    assert 2 <= seconds < 3.5
    assert api.good(api.get("/v1/batches"))["data"][0]["id"] == batch["id"]


def test_an_emptied_server_is_a_new_world(
    server: RedisServer, api: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says so, once."""
    api.create()
    with redis.Redis(port=server.port) as client:
        client.flushall()
    with caplog.at_level(logging.WARNING, "mockbatch"):
        for _ in range(2):
            assert api.good(api.get("/v1/batches"))["data"] == []
    lines = [line for line in caplog.messages if "no longer has the world" in line]
    assert len(lines) == 1


def test_a_world_of_another_format_is_refused(
    server: RedisServer, api: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    """It is not read, changed or reset, the log says what to do, and other worlds are served."""
    batch = api.create()
    with redis.Redis(port=server.port, decode_responses=True) as client:
        [world] = client.keys("mockbatch:*:w")
        assert client.hget(world, "format") == "1"
        client.hset(world, "format", 2)
        before = client.hgetall(world)
        for answer in (api.get("/v1/batches"), api.post("/_mock/reset", {})):
            assert error_of(answer)[:2] == (503, "state_unavailable")
            assert answer.headers["Retry-After"] == "1"
            message = answer.json["error"]["message"]
            assert "it has format 2, which this version of mockbatch cannot read" in message
        assert client.hgetall(world) == before
        assert "a world in the store has format 2" in caplog.text
        assert "use the version that wrote it" in caplog.text
        assert Caller(api.app, "sk-other-world").create()
        client.hset(world, "format", 1)
    assert api.batch(batch["id"])["id"] == batch["id"]


def test_a_world_without_a_format_is_read(server: RedisServer, api: Caller) -> None:
    """Mockbatch 0.2.0 has written no number, and its worlds are those of format 1."""
    batch = api.create()
    with redis.Redis(port=server.port) as client:
        [world] = client.keys("mockbatch:*:w")
        client.hdel(world, "format")
    assert api.batch(batch["id"])["id"] == batch["id"]


def test_a_full_server_refuses_and_loses_nothing(server: RedisServer, api: Caller) -> None:
    """Without memory left, a command is a 507, and reading goes on."""
    wanted = api.batch_request()
    batch = api.good(api.post("/v1/batches", wanted))
    with redis.Redis(port=server.port) as client:
        client.config_set("maxmemory", 1)
        assert error_of(api.post("/v1/batches", wanted))[0] == 507
        client.config_set("maxmemory", 0)
    assert [one["id"] for one in api.good(api.get("/v1/batches"))["data"]] == [batch["id"]]


def test_a_policy_that_drops_keys_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """At the start the log names the policy, and the one to set."""
    with redis_server(tmp_path, "--maxmemory-policy", "allkeys-lru") as server:
        check_store(server.url)
    assert "the maxmemory-policy of the store is allkeys-lru" in caplog.text
    assert "noeviction" in caplog.text


def test_the_usual_policy_is_no_warning(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that drops nothing is opened in silence."""
    check_store(server.url)
    assert not caplog.records


def test_a_server_that_is_down_at_the_start_is_an_error(server: RedisServer) -> None:
    """Who starts mockbatch learns at once that the URL is wrong."""
    server.kill()
    with pytest.raises(StoreUnreachableError, match=r"no Redis can be used there: .*refused"):
        app_of(server={"state": server.url})


def test_a_server_that_waits_for_its_store_starts_without_it(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Each request is a 503 at once, the log says why, and all is well when Redis is back."""
    server.kill()
    app = app_of(server={"state": server.url, "waits_for_store": True})
    caller = Caller(app)
    begun = time.monotonic()
    assert "the store cannot be reached" in time_refusal(caller)
    assert time.monotonic() - begun < WAIT_SECONDS
    [line] = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert "no Redis can be used there" in line
    server.start()
    assert caller.batch(caller.create()["id"])
    app.extensions[EXTENSION].worlds.close()


def test_a_server_that_still_loads_may_be_there_later(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not a mistake of the URL, unlike a refused command."""

    def fail(error: Exception) -> None:
        def info(*_: object) -> None:
            raise error

        monkeypatch.setattr(redis.Redis, "info", info)

    for temporary in (
        redis.exceptions.BusyLoadingError("loading"),
        redis.exceptions.TimeoutError(),
    ):
        fail(temporary)
        with pytest.raises(StoreUnreachableError):
            check_store(server.url)
    fail(redis.exceptions.ResponseError("DB index is out of range"))
    with pytest.raises(ValueError, match="out of range") as refused:
        check_store(server.url)
    assert not isinstance(refused.value, StoreUnreachableError)


@pytest.mark.parametrize("scheme", ["redis", "valkey"])
def test_valkey_is_the_same(server: RedisServer, scheme: str) -> None:
    """Both names stand for the same protocol."""
    store = open_store(server.url.replace("redis", scheme))
    store.replace("w", NOTHING, "label", {"a": "1"})
    assert open_store(server.url).pull("w", NOTHING).cells == [("a", "1")]


def test_without_the_extra_the_error_names_it() -> None:
    """The package of the client is not part of the core."""
    program = (
        "import sys; sys.modules['redis'] = None;"
        "from mockbatch.stores.location import check_store; check_store('redis://127.0.0.1:1')"
    )
    # In a process of its own: a thread of another test may still need the package.
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    advice = "it needs an extra: pip install 'mockbatch[redis]', in a checkout '.[redis]'"
    assert f"ValueError: {advice}\n" in ended.stderr


def test_a_user_needs_no_more_rights_than_documented(server: RedisServer) -> None:
    """Batches run, and a lock of a process that has died is found to be free."""
    page = (ROOT / "docs" / "shared_state.md").read_text()
    [rules] = [line for line in page.splitlines() if line.startswith("~mockbatch:*")]
    with redis.Redis(port=server.port, decode_responses=True) as client:
        client.execute_command("ACL", "SETUSER", "app", "on", ">secret", *rules.split())
        app = app_of(server={"state": server.url.replace("redis://", "redis://app:secret@")})
        caller = Caller(app)
        batch = caller.create()
        caller.good(caller.post("/_mock/clock/advance", {"seconds": 90_000}))
        assert caller.batch(batch["id"])["status"] == "completed"
        [world] = client.keys("mockbatch:*:w")
        client.set(f"{world.removesuffix('w')}change", "mockbatch-gone/1")
        caller.good(caller.post("/_mock/clock", {"mode": "realtime"}))
        caller.good(caller.call("DELETE", "/_mock/state"))
        assert client.acl_log() == []
    app.extensions[EXTENSION].worlds.close()


def test_a_wrong_password_at_the_start_is_an_error(tmp_path: Path) -> None:
    """The message says where to put the right one."""
    with redis_server(tmp_path, "--requirepass", "secret") as server:
        for url in (server.url, server.url.replace("redis://", "redis://:wrong@")):
            with pytest.raises(ValueError, match="redis://:PASSWORD@HOST") as refused:
                check_store(url)
            assert not isinstance(refused.value, StoreUnreachableError)
        right = open_store(server.url.replace("redis://", "redis://:secret@"))
        assert right.pull("w", NOTHING).version == NOTHING
        right.close()


def test_worlds_that_the_server_has_dropped_take_no_room(server: RedisServer) -> None:
    """With another policy than noeviction it may drop the fields of a world, but not its name."""
    store = RedisStore(server.url)
    store.replace("a", NOTHING, "", {}, most=1)
    with redis.Redis(port=server.port) as client:
        client.delete("mockbatch:{a}:w")
    assert store.worlds() == []
    store.replace("b", NOTHING, "", {}, most=1)
    with pytest.raises(ApiError, match="--limit worlds=N"):
        store.replace("c", NOTHING, "", {}, most=1)


@pytest.mark.parametrize("error", [redis.exceptions.ConnectionError, redis.exceptions.TimeoutError])
def test_a_commit_whose_reply_was_lost_or_late_is_done(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """The store looks whether its own change is there; it is neither lost nor made twice."""
    store = RedisStore(server.url)
    seen = store.replace("w", NOTHING, "label", {"a": "1"})
    run = RedisClient.run

    def lose_reply(*arguments: Any) -> None:
        run(*arguments)
        raise error

    monkeypatch.setattr(RedisClient, "run", lose_reply)
    version = store.commit("w", seen, {"a": "2"})
    monkeypatch.undo()
    assert version == (seen.id, seen.number + 1)
    assert store.pull("w", NOTHING)[:2] == (version, [("a", "2")])


def test_a_commit_whose_reply_was_lost_before_another_one_may_be_done(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the world has changed again, the message does not say that nothing was changed."""
    store, rival = RedisStore(server.url), RedisStore(server.url)
    seen = store.replace("w", NOTHING, "label", {"a": "1"})
    run = RedisClient.run

    def lose_reply(*arguments: Any) -> None:
        run(*arguments)
        monkeypatch.undo()
        rival.commit("w", Version(seen.id, seen.number + 1), {"b": "1"})
        raise redis.exceptions.ConnectionError

    monkeypatch.setattr(RedisClient, "run", lose_reply)
    with pytest.raises(ApiError, match="which may have been stored") as caught:
        store.commit("w", seen, {"a": "2"})
    assert "Nothing was changed" not in caught.value.message
    assert store.pull("w", NOTHING).cells == [("a", "2"), ("b", "1")]


def test_a_commit_that_never_arrived_is_an_error(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that broke before is a 503, and the world is as it was."""
    store = RedisStore(server.url)
    seen = store.replace("w", NOTHING, "label", {"a": "1"})

    def break_connection(*_: Any) -> None:
        raise redis.exceptions.ConnectionError("broken")

    monkeypatch.setattr(RedisClient, "run", break_connection)
    with pytest.raises(ApiError, match="cannot be reached"):
        store.commit("w", seen, {"a": "2"})
    monkeypatch.undo()
    assert store.pull("w", NOTHING).cells == [("a", "1")]


def test_a_commit_that_arrives_too_late_is_refused(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that was reported as a 503 does not happen afterwards."""
    store = RedisStore(server.url)
    seen = store.replace("w", NOTHING, "label", {"a": "1"})
    run, late = RedisClient.run, []

    def be_late(*arguments: Any) -> None:
        late.append(arguments)
        raise redis.exceptions.TimeoutError("late")

    monkeypatch.setattr(RedisClient, "run", be_late)
    with pytest.raises(ApiError, match="has not answered for 2 s"):
        store.commit("w", seen, {"a": "2"})
    monkeypatch.undo()
    [arguments] = late
    assert run(*arguments) == 0
    assert store.pull("w", NOTHING).cells == [("a", "1")]


def test_a_plan_whose_lock_was_lost_is_refused(server: RedisServer) -> None:
    """Another process may have planned something meanwhile, even if nothing has changed yet."""
    store = RedisStore(server.url)
    seen = store.replace("w", NOTHING, "label", {"a": "1"})
    store.acquire("w", PLANNING)
    with redis.Redis.from_url(server.url) as client:
        assert client.delete("mockbatch:{w}:planning") == 1  # as if it had expired
    store.acquire("w", CHANGE)
    with pytest.raises(ApiError, match="it has changed meanwhile"):
        store.commit("w", seen, {"a": "2"})
    for lock in (CHANGE, PLANNING):
        store.release("w", lock)
    assert store.pull("w", NOTHING).cells == [("a", "1")]


@pytest.mark.parametrize("error", [redis.exceptions.ConnectionError, redis.exceptions.TimeoutError])
def test_a_removal_whose_reply_was_lost_or_late_may_be_done(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """The message does not say that nothing was changed."""
    store = RedisStore(server.url)
    store.replace("w", NOTHING, "label", {"a": "1"})
    execute = redis.client.Pipeline.execute

    def lose_reply(*arguments: Any) -> None:
        execute(*arguments)
        raise error

    monkeypatch.setattr(redis.client.Pipeline, "execute", lose_reply)
    with pytest.raises(ApiError, match="may have been stored") as caught:
        store.remove("w")
    monkeypatch.undo()
    assert "Nothing was changed" not in caught.value.message
    assert caught.value.headers == {"Retry-After": "1"}
    assert store.pull("w", NOTHING).version == NOTHING


def test_a_server_that_hangs_in_a_commit_says_that_the_outcome_is_unknown(
    server: RedisServer,
) -> None:
    """If it cannot be asked either, the message says that the change may have been stored."""
    store = RedisStore(server.url)
    seen = store.replace("w", NOTHING, "label", {"a": "1"})
    server.pause()
    try:
        with pytest.raises(ApiError, match="may have been stored"):
            store.commit("w", seen, {"a": "2"})
    finally:
        server.resume()


def test_a_server_that_hangs_lets_all_wait_as_long(
    server: RedisServer, api: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients that want the same lock then do not wait for the server one after the other."""
    wanted = api.batch_request()
    begun, find = Barrier(CLIENTS + 1), batch_input.find_batch_input

    def find_together(*arguments: Any) -> Any:
        found = find(*arguments)
        for _ in range(2):
            begun.wait(PATIENCE_SECONDS)
        return found

    def create(_: object) -> tuple[int, float]:
        answer = Caller(api.app).post("/v1/batches", wanted)
        return answer.status_code, time.monotonic()

    with monkeypatch.context() as context, ThreadPoolExecutor(CLIENTS) as pool:
        context.setattr(world, "find_batch_input", find_together)
        answers = pool.map(create, range(CLIENTS))
        begun.wait(PATIENCE_SECONDS)
        server.pause()
        try:
            began = time.monotonic()
            begun.wait(PATIENCE_SECONDS)
            ended = list(answers)
        finally:
            server.resume()
    assert {status for status, _ in ended} == {503}
    assert max(at for _, at in ended) - began < 2 * WAIT_SECONDS
    assert api.good(api.post("/v1/batches", wanted))["object"] == "batch"


def test_a_server_that_hangs_lets_all_advances_wait_as_long(
    server: RedisServer, api: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that wait for each other in one process do not wait for the server in turn."""
    api.create()
    [found] = api.app.extensions[EXTENSION].worlds.all().values()
    waiting = found.webhooks.dispatcher._idle._waiters
    is_paused, acquire = Event(), SharedTurn.acquire

    def acquire_late(turn: SharedTurn) -> None:
        assert is_paused.wait(PATIENCE_SECONDS)
        acquire(turn)

    def advance(_: object) -> tuple[int, float]:
        answer = Caller(api.app).post("/_mock/clock/advance", {"seconds": 1})
        return answer.status_code, time.monotonic()

    with monkeypatch.context() as context, ThreadPoolExecutor(CLIENTS) as pool:
        context.setattr(SharedTurn, "acquire", acquire_late)
        answers = pool.map(advance, range(CLIENTS))
        wait_until(lambda: len(waiting) == CLIENTS - 1)
        server.pause()
        try:
            began = time.monotonic()
            is_paused.set()
            ended = list(answers)
        finally:
            server.resume()
    assert {status for status, _ in ended} == {503}
    assert max(at for _, at in ended) - began < 2 * WAIT_SECONDS
    assert api.advance(1)["events"] == []


@pytest.mark.slow
def test_a_server_that_hangs_in_a_change_is_waited_for_twice(
    server: RedisServer, api: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once for the change and once for its outcome, and not again to release its locks."""
    wanted = api.batch_request()
    commit = RedisStore.commit

    def hang(*arguments: Any) -> Version:
        server.pause()
        return commit(*arguments)

    try:
        with monkeypatch.context() as context:
            context.setattr(RedisStore, "commit", hang)
            began = time.monotonic()
            answer = api.post("/v1/batches", wanted)
            seconds = time.monotonic() - began
    finally:
        server.resume()
    assert error_of(answer)[:2] == (503, "state_unavailable")
    assert answer.headers["Retry-After"] == "1"
    assert "may have been stored" in answer.json["error"]["message"]
    assert "Nothing was changed" not in answer.json["error"]["message"]
    assert seconds < 3 * WAIT_SECONDS
    assert api.good(api.post("/v1/batches", wanted))["object"] == "batch"


def test_what_was_committed_survives_a_crash_of_the_server(
    tmp_path: Path,
) -> None:
    """With `appendfsync always`, a server that is killed has all it had when it is back."""
    with redis_server(tmp_path, *DURABLE) as server:
        api = next(callers := api_of(server))
        made = [api.create()["id"] for _ in range(3)]
        fault = {"match": {"path": "/v1/models"}, "fault": {"status": 500}, "times": 3}
        api.good(api.post("/_mock/faults", fault))
        assert api.get("/v1/models").status_code == 500
        before = api.good(api.get("/_mock/state"))
        server.kill()
        server.start()
        after = next(again := api_of(server))
        assert after.good(after.get("/_mock/state")) == before
        listed = [batch["id"] for batch in after.good(after.get("/v1/batches"))["data"]]
        for opened in (callers, again):
            next(opened, None)
    assert listed == made[::-1]


def test_small_contents_are_in_the_store(server: RedisServer) -> None:
    """Without --files, a content up to 1 MiB is kept beside its world."""
    blobs = open_blobs(server.url, None)
    name = blobs.put("w", [b"one", b"two"])
    with blobs.open("w", name) as content:
        assert content.read() == b"onetwo"
    blobs.remove("w", name)
    with pytest.raises(ApiError, match="the content of this file in its store"):
        blobs.open("w", name)


def test_the_contents_of_a_world_have_names(server: RedisServer) -> None:
    """Those of other worlds are not among them."""
    blobs = open_blobs(server.url, None)
    names = {blobs.put("w", [b"1"]) for _ in range(3)}
    blobs.put("other", [b"2"])
    assert set(blobs.names("w")) == names
    assert not blobs.names("none")


def test_the_contents_of_a_world_are_removed_with_it(
    api: Caller, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of other worlds stay."""
    monkeypatch.setattr(late_removal, "DELAY_SECONDS", 0.01)
    api.upload()
    blobs = open_blobs(server.url, None)
    blobs.put("other", [b"2"])
    [stored] = open_store(server.url).worlds()
    assert len(blobs.names(stored.name)) == 1
    assert api.delete("/_mock/state").status_code == 200
    wait_until(lambda: not blobs.names(stored.name))
    assert len(blobs.names("other")) == 1


def test_big_contents_need_a_folder(server: RedisServer, tmp_path: Path) -> None:
    """The error of a file over 1 MiB names the option; with a folder it is kept there."""
    with pytest.raises(ApiError, match="--files DIR") as caught:
        open_blobs(server.url, None).put("w", [b"x" * MOST_BYTES, b"x"])
    assert caught.value.status == 413
    blobs = open_blobs(server.url, str(tmp_path / "files"))
    name = blobs.put("w", [b"x" * MOST_BYTES, b"x"])
    with blobs.open("w", name) as content:
        assert len(content.read()) == MOST_BYTES + 1


def test_contents_in_the_store_are_found_after_it_got_a_folder(
    server: RedisServer, tmp_path: Path
) -> None:
    """What was uploaded without --files can be read, used and removed with it."""
    before = app_of(server={"state": server.url})
    made = Caller(before).create()
    before.extensions[EXTENSION].worlds.close()
    after = app_of(server={"state": server.url, "files": str(tmp_path / "files")})
    api = Caller(after)
    assert api.get(f"/v1/files/{made['input_file_id']}/content").status_code == 200
    request = api.batch_request(input_file_id=made["input_file_id"])
    assert api.good(api.post("/v1/batches", request))["status"] == "validating"
    assert api.get("/_mock/state").status_code == 200
    [stored] = open_store(server.url).worlds()
    blobs = open_blobs(server.url, None)
    assert len(blobs.names(stored.name)) == 1
    assert api.delete("/_mock/state").status_code == 200
    after.extensions[EXTENSION].worlds.close()
    assert not blobs.names(stored.name)


def test_a_server_that_restarts_without_its_data_has_new_worlds(tmp_path: Path) -> None:
    """A server that keeps nothing on disk loses its worlds and scripts; new batches are kept."""
    with redis_server(tmp_path, "--appendonly", "no") as server:
        api = next(callers := api_of(server))
        api.create()
        server.kill()
        server.start()
        assert api.good(api.get("/v1/batches"))["data"] == []
        made = api.create()["id"]
        assert api.batch(made)["id"] == made
        next(callers, None)
