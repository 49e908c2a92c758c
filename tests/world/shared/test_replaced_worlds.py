"""A world that another server replaces while this one answers requests."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from mockbatch.files.upload import Upload
from mockbatch.stores.failure import state_full
from mockbatch.stores.sqlite import SqliteStore
from mockbatch.web.context import EXTENSION
from mockbatch.world.batch_input import find_batch_input
from mockbatch.world.shared.contents import SharedContents
from mockbatch.world.world import World
from tests.support.rival import PATIENCE_SECONDS
from tests.world.shared.conftest import BATCH, KEY, NewServer, Server, contents_in

READERS, REPLACEMENTS, BATCHES = 3, 40, 100

#: How a server replaces the world, and how many batches of one there are then.
REPLACEMENTS_OF_ONE: dict[str, tuple[Callable[[Server], Any], int]] = {
    "reset": (lambda server: server.call("POST", "/_mock/reset", {}), 0),
    "removed": (lambda server: server.call("DELETE", "/_mock/state"), 0),
    "state": (lambda server: server.call("PUT", "/_mock/state", server.get("/_mock/state")), 1),
}


def world_of(server: Server) -> World:
    """Return the world of the key, as a request gets it."""
    world = server.app.extensions[EXTENSION].worlds.find(KEY)
    assert isinstance(world, World)
    return world


@pytest.mark.parametrize("how", REPLACEMENTS_OF_ONE)
def test_a_request_that_has_begun_sees_the_world_as_it_was(
    one: Server, other: Server, how: str
) -> None:
    """The next one sees what has taken its place."""
    batch = one.create(one.upload())
    world = world_of(one)
    replace, left = REPLACEMENTS_OF_ONE[how]
    assert replace(other).status_code == 200
    assert len(one.get("/v1/batches")["data"]) == left
    assert world.batch(batch["id"]).id == batch["id"]
    assert [found.id for found in world.batches(10, None).items] == [batch["id"]]


@pytest.mark.parametrize("how", REPLACEMENTS_OF_ONE)
def test_a_change_in_progress_comes_before_the_replacement(
    one: Server, other: Server, new_server: NewServer, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """It succeeds, and is replaced with all that was there before."""
    file_id = one.upload()
    one.create(file_id)
    replace, left = REPLACEMENTS_OF_ONE[how]
    answers = []

    def find_and_lose(*arguments: Any) -> Any:
        found = find_batch_input(*arguments)
        answers.append(replace(other))
        return found

    with monkeypatch.context() as context:
        context.setattr("mockbatch.world.world.find_batch_input", find_and_lose)
        assert one.create(file_id)["object"] == "batch"
    assert [answer.status_code for answer in answers] == [200]
    state = other.get("/_mock/state")
    assert len(state["batches"]) == left
    for server in (one, new_server()):
        assert server.get("/_mock/state") == state


@pytest.mark.usefixtures("removed_at_once")
def test_an_upload_in_progress_leaves_no_content(
    one: Server, other: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its file goes with all that was there before the reset."""
    one.upload()
    upload = World.upload

    def reset_and_upload(*arguments: Any) -> Any:
        other.post("/_mock/reset")
        return upload(*arguments)

    with monkeypatch.context() as context:
        context.setattr(World, "upload", reset_and_upload)
        one.upload()
    for server in (one, other):
        assert server.get("/v1/files")["data"] == []
    assert contents_in(tmp_path) == []


def test_readers_never_see_a_world_half_replaced(one: Server, other: Server) -> None:
    """Nor do they miss a content, however often the world is replaced."""
    file_id = one.upload()
    batch, *_ = [one.create(file_id) for _ in range(BATCHES)]
    state = one.get("/_mock/state")
    is_over = Event()

    def read() -> int:
        count = 0
        while not is_over.is_set():
            assert one.get(f"/v1/batches/{batch['id']}")["id"] == batch["id"]
            assert len(one.get("/v1/batches?limit=100")["data"]) == BATCHES
            assert len(one.get("/_mock/state")["files"]) == 1
            count += 1
        return count

    with ThreadPoolExecutor(READERS) as pool:
        reading = [pool.submit(read) for _ in range(READERS)]
        try:
            for _ in range(REPLACEMENTS):
                assert other.call("PUT", "/_mock/state", state).status_code == 200
        finally:
            is_over.set()
        assert all(each.result(PATIENCE_SECONDS) for each in reading)


@pytest.mark.parametrize("is_refused", [False, True], ids=["stored", "refused"])
def test_a_read_waits_for_the_change_in_progress(
    one: Server, monkeypatch: pytest.MonkeyPatch, *, is_refused: bool
) -> None:
    """It shows what is stored, and nothing that is refused in the end."""
    file_id = one.upload()
    first = one.create(file_id)["id"]
    commit = SqliteStore.commit
    is_committing, may_commit = Event(), Event()

    def commit_late(*arguments: Any) -> Any:
        is_committing.set()
        assert may_commit.wait(PATIENCE_SECONDS)
        if is_refused:
            raise state_full("database or disk is full")
        return commit(*arguments)

    with ThreadPoolExecutor(2) as pool, monkeypatch.context() as context:
        context.setattr(SqliteStore, "commit", commit_late)
        body = {**BATCH, "input_file_id": file_id}
        creating = pool.submit(one.call, "POST", "/v1/batches", body)
        assert is_committing.wait(PATIENCE_SECONDS)
        reading = pool.submit(one.get, "/v1/batches")
        Event().wait(0.1)
        may_commit.set()
        created, read = creating.result(PATIENCE_SECONDS), reading.result(PATIENCE_SECONDS)
    assert created.status_code == (507 if is_refused else 200)
    listed = [batch["id"] for batch in read["data"]]
    assert listed == ([first] if is_refused else [created.json["id"], first])


@pytest.mark.usefixtures("removed_at_once")
def test_an_upload_that_two_clients_complete_leaves_one_content(
    one: Server, other: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The one that comes late gets an error, and removes the content that it has kept."""
    upload_id, part_id = one.begin_upload(b"{}\n")
    join, answers = Upload.join_parts, []
    path, body = f"/v1/uploads/{upload_id}/complete", {"part_ids": [part_id]}

    def join_and_lose(*arguments: Any) -> Any:
        content = join(*arguments)
        monkeypatch.setattr(Upload, "join_parts", join)
        answers.append(other.call("POST", path, body))
        return content

    monkeypatch.setattr(Upload, "join_parts", join_and_lose)
    assert one.call("POST", path, body).status_code == 400
    assert [answer.status_code for answer in answers] == [200]
    [file] = one.get("/v1/files")["data"]
    assert one.call("GET", f"/v1/files/{file['id']}/content").data == b"{}\n"
    assert len(contents_in(tmp_path)) == 1


@pytest.mark.usefixtures("removed_at_once")
def test_an_upload_of_one_part_that_cannot_be_completed_keeps_it(
    one: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client may try again: the content of the part has not been removed."""
    upload_id, part_id = one.begin_upload(b"{}\n")
    path, body = f"/v1/uploads/{upload_id}/complete", {"part_ids": [part_id]}

    def refuse(*_: object) -> Any:
        raise state_full("database or disk is full")

    with monkeypatch.context() as context:
        context.setattr(SqliteStore, "commit", refuse)
        assert one.call("POST", path, body).status_code == 507
    file = one.post(path, body)["file"]
    assert one.call("GET", f"/v1/files/{file['id']}/content").data == b"{}\n"


@pytest.mark.usefixtures("removed_at_once")
def test_a_part_that_comes_too_late_leaves_no_content(
    one: Server, other: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of an upload that another client has cancelled, nothing stays."""
    upload_id, _ = one.begin_upload(b"{}\n", rest=3)
    keep, answers = SharedContents.keep, []

    def lose_and_keep(*arguments: Any) -> Any:
        answers.append(other.call("POST", f"/v1/uploads/{upload_id}/cancel"))
        return keep(*arguments)

    monkeypatch.setattr(SharedContents, "keep", lose_and_keep)
    assert one.add_part(upload_id, b"{}\n").status_code == 400
    assert [answer.status_code for answer in answers] == [200]
    assert contents_in(tmp_path) == []
