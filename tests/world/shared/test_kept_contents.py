"""Contents are kept as long as the stored world needs them, and no longer."""

import errno
from pathlib import Path
from typing import Any

import pytest

from mockbatch.stores import late_removal
from mockbatch.stores.blobs import FolderBlobs
from mockbatch.stores.failure import state_full
from mockbatch.stores.sqlite import SqliteStore
from mockbatch.web.context import EXTENSION
from mockbatch.world.shared.contents import SharedContents
from tests.support.unstartable_thread import UnstartableThread
from tests.world.shared.conftest import KEY, LINE, NewServer, Server, contents_in


def refuse(*_: object) -> Any:
    """Have no room for a change."""
    raise state_full("database or disk is full")


def assert_readable(server: Server, count: int) -> None:
    """Check that there are so many files, each with its content."""
    files = server.get("/v1/files")["data"]
    assert len(files) == count
    for file in files:
        path = f"/v1/files/{file['id']}/content"
        assert server.call("GET", path).status_code == 200
    assert len(server.get("/_mock/state")["files"]) == count


def test_a_process_that_is_ended_in_mid_upload_keeps_the_content(
    one: Server, new_server: NewServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker of gunicorn may be ended just after the file has been stored."""
    one.upload()
    commit = SqliteStore.commit

    def commit_and_end(*arguments: Any) -> Any:
        commit(*arguments)
        raise SystemExit

    with monkeypatch.context() as context:
        context.setattr(SqliteStore, "commit", commit_and_end)
        with pytest.raises(SystemExit):
            one.upload(LINE * 2)
    one.app.extensions[EXTENSION].worlds._blobs.remove_noted()  # as at the end of the process
    assert_readable(new_server(), 2)


def test_a_process_without_threads_to_spare_keeps_what_is_needed(
    one: Server, new_server: NewServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is to be removed waits until a thread can be started."""
    upload_id, part_id = one.begin_upload(b"{}\n")

    with monkeypatch.context() as context:
        context.setattr(late_removal, "Thread", UnstartableThread)
        one.post(f"/v1/uploads/{upload_id}/complete", {"part_ids": [part_id]})
        assert one.call("DELETE", f"/v1/files/{one.upload()}").status_code == 200
    assert_readable(new_server(), 1)


@pytest.mark.usefixtures("removed_at_once")
def test_a_state_that_cannot_be_stored_leaves_no_contents(
    one: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each attempt left another copy of all of them."""
    one.create(one.upload())
    state, before = one.get("/_mock/state"), contents_in(tmp_path)
    with monkeypatch.context() as context:
        context.setattr(SqliteStore, "replace", refuse)
        for _ in range(3):
            assert one.call("PUT", "/_mock/state", state).status_code == 507
    assert contents_in(tmp_path) == before
    assert_readable(one, 1)


@pytest.mark.usefixtures("removed_at_once")
def test_a_state_for_which_descriptors_are_lacking_leaves_no_contents(
    one: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Two of its three contents were kept before that."""
    for count in (1, 2, 3):
        one.upload(LINE * count)
    state, before = one.get("/_mock/state"), contents_in(tmp_path)
    created: list[Path] = []
    create = FolderBlobs._create

    def create_two(blobs: FolderBlobs, path: Path) -> Any:
        if len(created) == 2:
            raise OSError(errno.EMFILE, "Too many open files")
        created.append(path)
        return create(blobs, path)

    with monkeypatch.context() as context:
        context.setattr(FolderBlobs, "_create", create_two)
        assert one.call("PUT", "/_mock/state", state).status_code == 500
    assert contents_in(tmp_path) == before
    assert_readable(one, 3)


@pytest.mark.usefixtures("removed_at_once")
def test_a_state_that_is_stored_keeps_its_contents_though_descriptors_are_lacking(
    one: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files of old locks are looked for when it has been stored."""
    one.upload()
    state = one.get("/_mock/state")

    def refuse_to_list(*_: object) -> Any:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as context:
        context.setattr(Path, "glob", refuse_to_list)
        assert one.call("PUT", "/_mock/state", state).status_code == 200
    assert_readable(one, 1)


@pytest.mark.usefixtures("removed_at_once")
def test_a_batch_that_cannot_be_stored_leaves_no_content(
    one: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A Message Batch brings its input with it."""
    one.upload()
    before = contents_in(tmp_path)
    params = {
        "model": "claude-3-5-haiku-20241022",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "Hello"}],
    }
    body = {"requests": [{"custom_id": "a", "params": params}]}
    headers = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
    monkeypatch.setattr(SqliteStore, "commit", refuse)
    response = one.client.post("/v1/messages/batches", json=body, headers=headers)
    assert response.status_code == 507, response.text
    assert contents_in(tmp_path) == before


@pytest.mark.usefixtures("removed_at_once")
@pytest.mark.parametrize("what", ["part", "completion"])
def test_a_reset_in_mid_upload_leaves_no_content(
    one: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, what: str
) -> None:
    """It comes to the same process as the part, or the completion, of the upload."""
    upload_id, part_id = one.begin_upload(b"{}\n", rest=3 if what == "part" else 0)
    keep = SharedContents.keep

    def keep_and_reset(*arguments: Any) -> Any:
        kept = keep(*arguments)
        monkeypatch.setattr(SharedContents, "keep", keep)
        one.post("/_mock/reset")
        return kept

    monkeypatch.setattr(SharedContents, "keep", keep_and_reset)
    if what == "part":
        one.add_part(upload_id, b"{}\n")
    else:
        one.call("POST", f"/v1/uploads/{upload_id}/complete", {"part_ids": [part_id]})
    assert one.get("/v1/files")["data"] == []
    assert contents_in(tmp_path) == []
