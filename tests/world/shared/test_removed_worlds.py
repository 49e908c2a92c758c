"""A world that is removed while other requests create or change it."""

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from mockbatch.batch import create
from mockbatch.stores.late_removal import LateRemoval
from mockbatch.stores.sqlite import SqliteStore
from mockbatch.web.context import EXTENSION
from mockbatch.world.keys import StoredName
from mockbatch.world.shared.registry import SharedWorlds
from mockbatch.world.shared.replica import Replica
from mockbatch.world.shared.world import SharedWorld
from tests.support.rival import PATIENCE_SECONDS
from tests.world.shared.conftest import BATCH, LINE, NewServer, Server, contents_in

pytestmark = pytest.mark.usefixtures("removed_at_once")

# For so long another request gets the time to end; one that waits for a lock does not.
WAIT_SECONDS = 0.2


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Yield the threads of other requests."""
    with ThreadPoolExecutor(2) as started:
        yield started


def remove(server: Server) -> TestResponse:
    """Remove the world."""
    return server.call("DELETE", "/_mock/state")


def remove_during(
    step: str, server: Server, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> list[Future[TestResponse]]:
    """Let a server remove the world just before each such step of a store; return its responses."""
    original = getattr(SqliteStore, step)
    removals: list[Future[TestResponse]] = []

    def be_late(*arguments: Any) -> Any:
        removals.append(pool.submit(remove, server))
        wait(removals, WAIT_SECONDS)
        return original(*arguments)

    monkeypatch.setattr(SqliteStore, step, be_late)
    return removals


def test_a_change_that_is_being_stored_is_waited_for(
    one: Server, other: Server, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was a 503, as were those that waited behind it."""
    file_id = one.upload()
    with monkeypatch.context() as context:
        removals = remove_during("commit", other, pool, context)
        response = one.call("POST", "/v1/batches", {**BATCH, "input_file_id": file_id})
    assert response.status_code == 200, response.text
    assert [each.result(PATIENCE_SECONDS).status_code for each in removals] == [200]
    for server in (one, other):
        assert server.get("/v1/batches")["data"] == []


def test_a_change_that_is_planned_meanwhile_releases_its_own_lock(
    one: Server, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not that of a request to the world that begins next, in the same process."""
    file_id = one.upload(LINE * 1001)
    plan = create.create_batch

    def begin_anew() -> Any:
        again = Server(one.app, one.app.test_client())
        assert remove(again).status_code == 200
        return again.create(again.upload(LINE * 1001))

    def plan_late(*arguments: Any) -> Any:
        monkeypatch.setattr(create, "create_batch", plan)
        assert pool.submit(begin_anew).result(PATIENCE_SECONDS)["object"] == "batch"
        return plan(*arguments)

    monkeypatch.setattr(create, "create_batch", plan_late)
    assert one.create(file_id)["object"] == "batch"
    assert len(one.get("/v1/batches")["data"]) == 1
    one.post("/_mock/reset")


def test_a_world_that_is_being_created_loses_no_content(
    one: Server,
    new_server: NewServer,
    pool: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """One with the files of `--load` is there with all of them, or not there."""
    one.upload()
    path = tmp_path / "start.json"
    path.write_text(json.dumps(one.get("/_mock/state")))
    assert remove(one).status_code == 200
    creating, removing = (new_server(load=path) for _ in range(2))
    with monkeypatch.context() as context:
        removals = remove_during("replace", removing, pool, context)
        creating.post("/_mock/clock/advance", {"seconds": 1})
    assert [each.result(PATIENCE_SECONDS).status_code for each in removals] == [200]
    assert contents_in(tmp_path) == []
    for server in (creating, removing):
        [file] = server.get("/v1/files")["data"]
        assert server.call("GET", f"/v1/files/{file['id']}/content").data == LINE


def test_an_upload_at_the_same_time_leaves_no_content(
    one: Server,
    other: Server,
    pool: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Its file belongs to the world that is removed."""
    one.upload()
    other.get("/v1/files")
    names = LateRemoval.names
    uploads: list[Future[str]] = []

    def upload_then_name(*arguments: Any) -> Any:
        found = names(*arguments)
        uploads.append(pool.submit(other.upload))
        wait(uploads, WAIT_SECONDS)
        return found

    with monkeypatch.context() as context:
        context.setattr(LateRemoval, "names", upload_then_name)
        assert remove(one).status_code == 200
    assert all(each.result(PATIENCE_SECONDS) for each in uploads)
    assert one.get("/v1/files")["data"] == []
    assert contents_in(tmp_path) == []


def test_the_world_that_begins_next_stays(
    one: Server, other: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although its first request comes before the removal has ended, in the same process."""
    one.upload()
    forget = SharedWorlds._forget
    uploaded: list[str] = []

    def forget_late(*arguments: Any) -> bool:
        monkeypatch.setattr(SharedWorlds, "_forget", forget)
        uploaded.append(one.upload())
        return forget(*arguments)

    monkeypatch.setattr(SharedWorlds, "_forget", forget_late)
    assert remove(one).status_code == 200
    [file_id] = uploaded
    created = one.create(file_id)["id"]
    for server in (one, other):
        assert [batch["id"] for batch in server.get("/v1/batches")["data"]] == [created]


def lock_files(folder: Path) -> list[str]:
    """Return the names of the files of locks."""
    return [path.name for path in (folder / "state.db-locks").iterdir()]


def test_removed_worlds_leave_no_locks(one: Server, other: Server, tmp_path: Path) -> None:
    """Each CI job may have a key of its own."""
    for _ in range(2):
        one.create(one.upload())
        other.post("/_mock/clock/advance", {"seconds": 1})
        one.post("/_mock/reset")
        other.post("/_mock/clock/advance", {"seconds": 1})
        assert remove(one).status_code == 200
        assert lock_files(tmp_path) == []
    assert remove(one).status_code == 200
    assert lock_files(tmp_path) == []


def test_resets_leave_no_locks(one: Server, other: Server, tmp_path: Path) -> None:
    """Each incarnation has one for its deliveries, which goes with it."""
    for _ in range(3):
        one.post("/_mock/clock/advance", {"seconds": 1})
        other.post("/_mock/reset")
    one.post("/_mock/clock/advance", {"seconds": 1})
    assert len([name for name in lock_files(tmp_path) if "delivery" in name]) == 1


def replicas_of(server: Server) -> dict[str, SharedWorld]:
    """Return the replicas that a server keeps."""
    replicas: dict[str, SharedWorld] = server.app.extensions[EXTENSION].worlds._replicas
    return replicas


def act_for(server: Server, act: str, key: str) -> None:
    """Let a server open the world of another key."""
    headers = {"Authorization": f"Bearer {key}"}
    if act == "read":
        response = server.client.get("/v1/batches", headers=headers)
    elif act == "list":
        owner = server.app.extensions[EXTENSION].settings.owner_key
        headers = {"Authorization": f"Bearer {owner}"}
        response = server.client.get("/_mock/worlds", headers=headers)
    else:
        response = server.client.post("/_mock/reset", headers=headers)
    assert response.status_code == 200, response.text


@pytest.mark.parametrize("act", ["read", "list", "create"])
def test_a_process_forgets_what_another_one_has_removed(
    one: Server, other: Server, act: str
) -> None:
    """Each CI job may have a key of its own, for which no request comes once it is over."""
    one.upload()
    other.get("/v1/files")
    [kept] = replicas_of(other).values()
    assert remove(one).status_code == 200
    if act != "create":
        act_for(one, "create", "sk-of-the-next-job")
    act_for(other, act, "sk-of-the-next-job")
    assert list(replicas_of(other)) == [StoredName.of("sk-of-the-next-job")]
    assert kept.status.has_ended


def test_a_world_that_begins_after_the_others_were_listed_is_kept(
    one: Server, other: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread of the same process creates it meanwhile."""
    act_for(other, "create", "sk-of-the-next-job")
    worlds = SqliteStore.worlds

    def list_then_create(store: SqliteStore) -> Any:
        found = worlds(store)
        monkeypatch.setattr(SqliteStore, "worlds", worlds)
        Server(one.app, one.app.test_client()).upload()
        return found

    monkeypatch.setattr(SqliteStore, "worlds", list_then_create)
    act_for(one, "read", "sk-of-the-next-job")
    assert len(replicas_of(one)) == 2
    assert len(one.get("/v1/files")["data"]) == 1


def test_a_reset_applies_its_settings_to_a_world_that_has_just_begun(
    one: Server, other: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process creates it while this one resets a key without a world."""
    create = Replica.create

    def create_late(replica: Replica) -> bool:
        monkeypatch.setattr(Replica, "create", create)
        other.upload()
        return create(replica)

    monkeypatch.setattr(Replica, "create", create_late)
    one.post("/_mock/reset", {"clock": "on-poll"})
    for server in (one, other):
        assert server.get("/_mock/clock")["mode"] == "on-poll"
        assert server.get("/v1/files")["data"] == []
