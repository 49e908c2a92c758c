"""A reset of a shared world removes its contents, and nothing that is still needed."""

import json
from pathlib import Path
from typing import Any

import pytest

from mockbatch.files.content import CHUNK_BYTES
from mockbatch.stores.blobs import FolderBlobs
from mockbatch.stores.failure import state_unavailable
from mockbatch.stores.late_removal import LateRemoval
from mockbatch.stores.sqlite import SqliteStore
from mockbatch.stores.store import Version
from mockbatch.web.context import EXTENSION
from mockbatch.world.shared import contents
from tests.world.shared.conftest import LINE, NewServer, Server, contents_in

pytestmark = pytest.mark.usefixtures("removed_at_once")

RESETS: dict[str, tuple[str, str, Any]] = {
    "reset": ("POST", "/_mock/reset", {}),
    "removal": ("DELETE", "/_mock/state", None),
}


@pytest.mark.parametrize("how", RESETS)
def test_it_removes_the_contents_of_the_world(
    how: str, one: Server, other: Server, tmp_path: Path
) -> None:
    """Those of files and parts, whichever process has stored them."""
    one.upload()
    other.create(other.upload())
    one.begin_upload(b"abc")
    assert len(contents_in(tmp_path)) == 3
    method, path, body = RESETS[how]
    assert one.call(method, path, body).status_code == 200
    assert contents_in(tmp_path) == []


def test_a_removal_leaves_the_world_that_begins_meanwhile(
    one: Server, other: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Only the contents that the removed world had are removed with it."""
    one.upload()
    old = contents_in(tmp_path)
    remove, ids = LateRemoval.remove, []

    def begin_anew(blobs: LateRemoval, world: str, name: str) -> None:
        monkeypatch.setattr(LateRemoval, "remove", remove)
        ids.append(other.upload())
        remove(blobs, world, name)

    monkeypatch.setattr(LateRemoval, "remove", begin_anew)
    assert one.call("DELETE", "/_mock/state").status_code == 200
    [id] = ids
    for server in (one, other):
        assert server.call("GET", f"/v1/files/{id}/content").data == LINE
    [kept] = contents_in(tmp_path)
    assert kept not in old


def test_a_content_that_is_put_before_a_removal_stays(
    one: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It may be that of a file in the world that begins next."""
    one.upload()
    blobs, names = FolderBlobs(tmp_path / "state.db-files"), []
    remove = SqliteStore.remove

    def be_late(store: SqliteStore, world: str) -> None:
        names.append(blobs.put(world, [LINE]))
        remove(store, world)

    monkeypatch.setattr(SqliteStore, "remove", be_late)
    assert one.call("DELETE", "/_mock/state").status_code == 200
    assert [path.name for path in contents_in(tmp_path)] == names


def test_it_leaves_other_worlds_alone(one: Server, tmp_path: Path) -> None:
    """A world of another key keeps its contents."""
    file_id = one.upload()
    one.client.post("/_mock/reset", json={}, headers={"Authorization": "Bearer sk-somebody-else"})
    assert one.call("GET", f"/v1/files/{file_id}/content").data == LINE
    assert len(contents_in(tmp_path)) == 1


def test_a_download_that_has_begun_goes_on(
    one: Server, other: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The content of a large file is open, so it is whole even if it is removed meanwhile."""
    monkeypatch.setattr(contents, "IN_MEMORY_BYTES", 0)
    data = LINE * (CHUNK_BYTES * 3 // 2 // len(LINE))
    file_id = one.upload(data)
    response = one.call("GET", f"/v1/files/{file_id}/content", buffered=False)
    chunks = response.iter_encoded()
    start = next(chunks)
    other.post("/_mock/reset")
    assert start + b"".join(chunks) == data


def test_a_reset_that_is_not_stored_removes_nothing(
    one: Server, other: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The world stays as it was, and its files can be read."""
    file_id = one.upload()
    monkeypatch.setattr(SqliteStore, "replace", _refuse)
    assert one.call("POST", "/_mock/reset", {}).status_code == 503
    monkeypatch.undo()
    assert other.call("GET", f"/v1/files/{file_id}/content").data == LINE
    assert len(contents_in(tmp_path)) == 1


@pytest.mark.parametrize(
    ("count", "says"), [(0, "Nothing was changed"), (1, "may have been stored")]
)
def test_a_reset_of_all_worlds_says_whether_one_was_reset(
    one: Server, monkeypatch: pytest.MonkeyPatch, count: int, says: str
) -> None:
    """The store fails after so many of them."""
    owner = {"Authorization": f"Bearer {one.app.extensions[EXTENSION].settings.owner_key}"}
    one.client.post("/_mock/reset", headers=owner)
    one.upload()
    replace = SqliteStore.replace
    versions: list[Version] = []

    def replace_some(*arguments: Any) -> Version:
        if len(versions) == count:
            _refuse()
        versions.append(replace(*arguments))
        return versions[-1]

    monkeypatch.setattr(SqliteStore, "replace", replace_some)
    response = one.client.post("/_mock/reset", json={"all": True}, headers=owner)
    monkeypatch.undo()
    assert response.status_code == 503, response.text
    assert says in response.json["error"]["message"]
    assert len(versions) == count
    assert len(one.get("/v1/files")["data"]) == 1


def test_a_loaded_state_replaces_the_contents(one: Server, other: Server, tmp_path: Path) -> None:
    """A world that is put in place of another one leaves only its own contents."""
    file_id = one.upload()
    document = one.get("/_mock/state")
    other.upload()
    assert len(contents_in(tmp_path)) == 2
    for server in (one, other):
        assert server.call("PUT", "/_mock/state", document).status_code == 200
        assert len(contents_in(tmp_path)) == 1
    assert one.call("GET", f"/v1/files/{file_id}/content").data == LINE


class TestWithALoadedStart:
    """Worlds that begin with the files of `--load`."""

    @pytest.fixture
    def start(self, one: Server, tmp_path: Path) -> Path:
        """Return a state with one file, and no world."""
        one.upload()
        path = tmp_path / "start.json"
        path.write_text(json.dumps(one.get("/_mock/state")))
        assert one.call("DELETE", "/_mock/state").status_code == 200
        return path

    def test_each_reset_begins_with_its_files(
        self, start: Path, new_server: NewServer, tmp_path: Path
    ) -> None:
        """In every process, also after another one has removed what this one stored."""
        servers = [new_server(load=start), new_server(load=start)]
        for server in (*servers, *servers):
            server.post("/_mock/reset")
            assert len(contents_in(tmp_path)) == 1
            for reader in servers:
                [file] = reader.get("/v1/files")["data"]
                assert reader.call("GET", f"/v1/files/{file['id']}/content").data == LINE

    def test_a_reset_brings_back_a_deleted_file(
        self, start: Path, new_server: NewServer, tmp_path: Path
    ) -> None:
        """One process has stored its content, another has deleted it, and the first resets."""
        first, second = new_server(load=start), new_server(load=start)
        first.post("/_mock/reset")
        [file] = second.get("/v1/files")["data"]
        assert second.call("DELETE", f"/v1/files/{file['id']}").status_code == 200
        assert contents_in(tmp_path) == []
        first.post("/_mock/reset")
        for server in (first, second):
            assert server.call("GET", f"/v1/files/{file['id']}/content").data == LINE

    def test_the_process_that_stored_a_file_can_delete_it(
        self, start: Path, new_server: NewServer, tmp_path: Path
    ) -> None:
        """Its content goes, although the process still has it for the next reset."""
        server = new_server(load=start)
        server.post("/_mock/reset")
        [file] = server.get("/v1/files")["data"]
        assert server.call("DELETE", f"/v1/files/{file['id']}").status_code == 200
        assert contents_in(tmp_path) == []


def _refuse(*_: object) -> None:
    raise state_unavailable("the test says so")
