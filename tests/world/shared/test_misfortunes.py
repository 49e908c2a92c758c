"""A store that fails: what a client gets, and that all is well afterwards."""

import logging
import sqlite3
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest

from mockbatch.errors import ApiError
from mockbatch.stores.failure import change_uncertain, state_full, state_unavailable
from mockbatch.stores.sqlite import SqliteStore
from mockbatch.stores.store import WAIT_SECONDS, Version
from mockbatch.web.context import EXTENSION
from tests.world.shared.conftest import BATCH, KEY, LINE, NewServer, Server, contents_in

pytestmark = pytest.mark.usefixtures("removed_at_once")

REQUESTS: tuple[tuple[str, str, Any], ...] = (
    ("GET", "/v1/batches", None),
    ("POST", "/v1/batches", {**BATCH, "input_file_id": "file-x"}),
    ("GET", "/_mock/clock", None),
    ("POST", "/_mock/reset", {}),
)


def assert_unavailable(response: Any) -> None:
    """Check that a response says, in the API's envelope, that the state cannot be used now."""
    assert response.status_code == 503, response.text
    assert response.json["error"]["code"] == "state_unavailable"
    assert response.json["error"]["type"] == "server_error"
    assert response.headers["Retry-After"] == "1"


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
def test_a_store_that_is_gone_is_a_503_until_it_is_back(
    one: Server, tmp_path: Path, method: str, path: str, body: Any
) -> None:
    """While the folder of the store is away, every request is a 503; then all is as before."""
    file_id = one.upload()
    away = tmp_path.with_name(f"{tmp_path.name}-away")
    tmp_path.rename(away)
    try:
        assert_unavailable(one.call(method, path, body))
    finally:
        away.rename(tmp_path)
    assert one.create(file_id)["input_file_id"] == file_id


def test_a_store_that_is_gone_is_reported_in_the_form_of_a_provider(
    one: Server, tmp_path: Path
) -> None:
    """Anthropic's clients get an error of theirs."""
    one.upload()
    headers = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
    away = tmp_path.with_name(f"{tmp_path.name}-away")
    tmp_path.rename(away)
    try:
        response = one.client.get("/v1/messages/batches", headers=headers)
    finally:
        away.rename(tmp_path)
    assert response.status_code == 503
    assert response.json["type"] == "error"
    assert "cannot be used now" in response.json["error"]["message"]


def test_requests_without_a_world_have_ids_of_their_own(one: Server, other: Server) -> None:
    """No world counts them: two processes would otherwise use the same ids."""
    ids = [
        server.call("GET", "/v1/batches").headers["x-request-id"]
        for server in (one, other)
        for _ in range(3)
    ]
    assert len(set(ids)) == len(ids)


def test_health_needs_no_store(one: Server, tmp_path: Path) -> None:
    """A server whose store is away is up."""
    one.upload()
    away = tmp_path.with_name(f"{tmp_path.name}-away")
    tmp_path.rename(away)
    try:
        assert one.get("/_mock/health")["status"] == "ok"
    finally:
        away.rename(tmp_path)


@pytest.mark.parametrize("first", ["GET", "POST"])
@pytest.mark.parametrize(
    "removed",
    [
        ("", "-wal", "-shm"),
        ("",),
        ("", "-files", "-locks"),
        ("", "-files", "-locks", "-wal", "-shm"),
    ],
    ids=lambda endings: " ".join(endings) or "only the file",
)
def test_a_store_that_was_emptied_is_a_new_world(
    one: Server,
    other: Server,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    removed: Sequence[str],
    first: str,
) -> None:
    """If someone has removed the files, the world is a new one, and the log says so once."""
    created = one.create(one.upload())["id"]
    assert [batch["id"] for batch in other.get("/v1/batches")["data"]] == [created]
    for ending in removed:
        path = tmp_path / f"state.db{ending}"
        if path.is_dir():
            rmtree(path)
        else:
            path.unlink()
    with caplog.at_level(logging.WARNING):
        for server in (one, other):
            if first == "GET":
                assert server.get("/v1/batches")["data"] == []
        again = one.create(one.upload())["id"]
        assert [batch["id"] for batch in other.get("/v1/batches")["data"]] == [again]
        assert other.create(other.upload())["object"] == "batch"
    lost = [line for line in caplog.messages if "no longer has the world of sk-...90" in line]
    # Once for each server, unless it has the new world before it notices.
    assert len(lost) == len(caplog.messages) == (2 if first == "GET" else 1)


def test_a_store_that_hangs_is_a_503_after_two_seconds(one: Server, tmp_path: Path) -> None:
    """If another program has the file locked, a change is refused, and a read goes on."""
    file_id = one.upload()
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as rival:
        rival.execute("BEGIN EXCLUSIVE")
        response = one.call("POST", "/v1/batches", {**BATCH, "input_file_id": file_id})
        assert_unavailable(response)
        assert "database is locked" in response.json["error"]["message"]
        rival.execute("ROLLBACK")
    assert one.get("/v1/batches")["data"] == []
    assert one.create(file_id)["object"] == "batch"


def test_requests_that_wait_for_the_file_are_refused_together(one: Server, tmp_path: Path) -> None:
    """None waits for those before it, in the same world or in another one; later ones hardly."""
    keys = [KEY] * 6 + ["sk-another-world-1", "sk-another-world-2"]

    def reset(key: str) -> int:
        headers = {"Authorization": f"Bearer {key}"}
        return one.app.test_client().post("/_mock/reset", headers=headers).status_code

    assert {*map(reset, keys)} == {200}
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as rival:
        rival.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        with ThreadPoolExecutor(len(keys)) as pool:
            assert {*pool.map(reset, keys)} == {503}
        assert WAIT_SECONDS * 0.9 < time.monotonic() - begun < WAIT_SECONDS * 1.6
        begun = time.monotonic()
        assert reset(KEY) == 503
        assert time.monotonic() - begun < WAIT_SECONDS / 2
        rival.execute("ROLLBACK")
    assert reset(KEY) == 200
    with one.app.extensions[EXTENSION].worlds._store._connections.using() as connection:
        assert connection.execute("PRAGMA busy_timeout").fetchone() == (1000 * WAIT_SECONDS,)


def test_a_full_disk_refuses_and_loses_nothing(
    one: Server, other: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change for which there is no room is a 507, and was never there for anybody."""
    file_id = one.upload()
    first = one.create(file_id)["id"]

    def fail(*_: object) -> Any:
        raise state_full("database or disk is full")

    with monkeypatch.context() as context:
        context.setattr(SqliteStore, "commit", fail)
        response = one.call("POST", "/v1/batches", {**BATCH, "input_file_id": file_id})
    assert response.status_code == 507
    assert "database or disk is full" in response.json["error"]["message"]
    for server in (one, other):
        assert [batch["id"] for batch in server.get("/v1/batches")["data"]] == [first]
    second = one.create(file_id)["id"]
    assert [batch["id"] for batch in other.get("/v1/batches")["data"]] == [second, first]


@pytest.mark.parametrize("error", [state_full("disk is full"), state_unavailable("it is down")])
@pytest.mark.parametrize("commits", [0, 1], ids=["upload", "create"])
def test_a_store_that_refuses_an_inline_input_does_not_blame_it(
    one: Server, monkeypatch: pytest.MonkeyPatch, error: ApiError, commits: int
) -> None:
    """No other input would help, so the error has no parameter."""
    one.upload()
    commit = SqliteStore.commit
    versions: list[Version] = []

    def fail_after_some(*arguments: Any) -> Version:
        if len(versions) == commits:
            raise replace(error)
        versions.append(commit(*arguments))
        return versions[-1]

    monkeypatch.setattr(SqliteStore, "commit", fail_after_some)
    body = {"endpoint": BATCH["endpoint"], "input": LINE.decode()}
    response = one.call("POST", "/_mock/batches", body)
    monkeypatch.undo()
    assert response.status_code in (503, 507), response.text
    assert response.json["error"]["param"] is None


def test_an_advance_gets_the_error_of_its_own_first_step(
    one: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk it is the same 507 as for other commands, and the clock has not moved."""
    one.post("/_mock/reset")
    before = one.get("/_mock/clock")["now"]

    def fail(*_: object) -> Any:
        raise state_full("database or disk is full")

    with monkeypatch.context() as context:
        context.setattr(SqliteStore, "commit", fail)
        response = one.call("POST", "/_mock/clock/advance", {"seconds": 3600})
    assert response.status_code == 507
    assert "database or disk is full" in response.json["error"]["message"]
    assert one.get("/_mock/clock")["now"] == before
    one.post("/_mock/clock/advance", {"seconds": 3600})
    assert one.get("/_mock/clock")["now"] == before + 3600


def upload_in_vain(server: Server) -> str:
    """Return the message of an upload that is refused because of its commit."""
    form = {"purpose": "batch", "file": (BytesIO(LINE), "in.jsonl")}
    headers = {"Authorization": f"Bearer {KEY}"}
    response = server.client.post("/v1/files", data=form, headers=headers)
    assert response.status_code in (503, 507), response.text
    return str(response.json["error"]["message"])


def test_an_upload_that_may_have_been_stored_keeps_its_content(
    one: Server, other: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If its file is there after all, it can be read, and its world can be saved."""
    first = one.upload()
    commit = SqliteStore.commit

    def lose_reply(*arguments: Any) -> Any:
        commit(*arguments)
        raise change_uncertain()

    with monkeypatch.context() as context:
        context.setattr(SqliteStore, "commit", lose_reply)
        assert "may have been stored" in upload_in_vain(one)
    for server in (one, other):
        ids = {file["id"] for file in server.get("/v1/files")["data"]}
        assert len(ids) == 2
        for id in ids - {first}:
            assert server.call("GET", f"/v1/files/{id}/content").data == LINE
        assert len(server.get("/_mock/state")["files"]) == 2


def test_an_upload_that_was_refused_leaves_no_content(
    one: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file that is certainly not there needs none."""
    one.upload()
    before = contents_in(tmp_path)

    def fail(*_: object) -> Any:
        raise state_full("database or disk is full")

    monkeypatch.setattr(SqliteStore, "commit", fail)
    upload_in_vain(one)
    assert contents_in(tmp_path) == before


def test_a_fault_that_cannot_be_counted_is_a_503(
    one: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a request cannot be counted, it is refused before it is handled."""
    match = {"method": "GET", "path": "/v1/batches"}
    one.post("/_mock/faults", {"match": match, "fault": {"status": 429}, "times": 1})

    def fail(*_: object) -> Any:
        raise state_full("database or disk is full")

    with monkeypatch.context() as context:
        context.setattr(SqliteStore, "commit", fail)
        assert one.call("GET", "/v1/batches").status_code == 507
    assert [one.call("GET", "/v1/batches").status_code for _ in range(2)] == [429, 200]


def damage(folder: Path) -> None:
    """Damage one cell of each world in the store of a folder."""
    with closing(sqlite3.connect(folder / "state.db", isolation_level=None)) as rival:
        rival.execute("UPDATE cells SET text = '{' WHERE name = 'clock'")


def test_a_cell_that_is_damaged_is_a_503(
    one: Server, new_server: NewServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A world that cannot be read is refused, and the log has the reason."""
    one.upload()
    damage(tmp_path)
    response = new_server().call("GET", "/v1/batches")
    assert (response.status_code, response.json["error"]["code"]) == (503, "state_unavailable")
    assert "Retry-After" not in response.headers
    assert "Remove it with DELETE /_mock/state" in response.json["error"]["message"]
    assert "cannot be read from the store" in caplog.text


def test_a_damaged_world_can_be_removed_alone(
    one: Server, new_server: NewServer, tmp_path: Path
) -> None:
    """Others are listed without it, and its key begins anew."""
    one.upload()
    damage(tmp_path)
    fresh = new_server()
    owner = {"Authorization": "Bearer sk-mockbatch"}
    assert fresh.client.post("/_mock/reset", headers=owner).status_code == 200
    assert fresh.call("POST", "/_mock/reset").status_code == 503
    listed = fresh.client.get("/_mock/worlds", headers=owner).json["worlds"]
    assert [world["files"] for world in listed] == [0]
    assert fresh.call("DELETE", "/_mock/state").status_code == 200
    assert contents_in(tmp_path) == []
    assert fresh.create(fresh.upload())["object"] == "batch"


def test_a_file_that_is_damaged_is_a_503_that_says_what_to_do(
    one: Server, new_server: NewServer, tmp_path: Path
) -> None:
    """Trying again is no use, and neither is removing the world."""
    one.upload()
    one.close()  # which moves the log into the file
    path = tmp_path / "state.db"
    page = 4096
    path.write_bytes(path.read_bytes()[:page].ljust(path.stat().st_size, b"\xff"))
    server = new_server()
    for method, url in (("GET", "/v1/batches"), ("DELETE", "/_mock/state")):
        response = server.call(method, url)
        assert (response.status_code, response.json["error"]["code"]) == (503, "state_unavailable")
        assert "Retry-After" not in response.headers
        message = response.json["error"]["message"]
        assert "is damaged: database disk image is malformed. " in message
        assert "Restore a backup; or stop all servers" in message
        assert "try again" not in message


def test_a_content_that_is_missing_is_a_503(one: Server, other: Server, tmp_path: Path) -> None:
    """A file whose content someone has removed is a 503, not an empty file; a retry is no use."""
    file_id = one.upload()
    for path in contents_in(tmp_path):
        path.unlink()
    response = other.call("GET", f"/v1/files/{file_id}/content")
    assert response.status_code == 503
    assert "does not find the content of this file" in response.json["error"]["message"]
    assert "Retry-After" not in response.headers


def test_a_content_that_cannot_be_removed_stays(
    one: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its file is deleted all the same, and the log has the reason."""
    file_id = one.upload()
    [path] = contents_in(tmp_path)
    path.unlink()
    path.mkdir()
    assert one.call("DELETE", f"/v1/files/{file_id}").status_code == 200
    assert one.call("GET", f"/v1/files/{file_id}").status_code == 404
    assert "could not be removed" in caplog.text


def test_a_world_with_a_content_that_cannot_be_removed_is_removed(
    one: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its key begins anew, and the log has the reason."""
    one.upload()
    [path] = contents_in(tmp_path)
    path.unlink()
    path.mkdir()
    assert one.call("DELETE", "/_mock/state").status_code == 200
    assert one.get("/v1/files")["data"] == []
    assert "could not be removed" in caplog.text


def test_a_damaged_content_is_a_500_that_says_what_to_do(
    one: Server, other: Server, tmp_path: Path
) -> None:
    """Trying again would not help."""
    file_id = one.upload()
    [path] = contents_in(tmp_path)
    path.write_bytes(b"cut")
    response = other.call("GET", f"/v1/files/{file_id}/content")
    assert response.status_code == 500
    assert "Retry-After" not in response.headers
    assert "Delete the file, or reset its world" in response.json["error"]["message"]
