"""A replica that has missed more removed cells than its store remembers."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import pytest

from mockbatch.limits import Limits
from mockbatch.repository import Repository
from mockbatch.stores import sqlite
from mockbatch.web.context import EXTENSION
from tests.world.shared.conftest import KEY, LINE, NewServer, Server


@pytest.fixture(autouse=True)
def _forgetful_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the store forget removed cells after a few, not after a thousand."""
    monkeypatch.setattr(sqlite, "_MOST_REMOVED", 3)


@pytest.fixture
def servers(new_server: NewServer) -> tuple[Server, Server]:
    """Return two servers; the ids of two deleted files are remembered."""
    one, other = (new_server(limits=Limits(deleted_ids=2)) for _ in range(2))
    return one, other


def fill(server: Server) -> Mapping[str, list[str]]:
    """Put something of every kind into the world, and return the ids of files and uploads."""
    server.post("/_mock/webhooks/endpoints", {"url": "http://127.0.0.1:1/"})
    files = [server.upload() for _ in range(6)]
    batch = server.create(files[0])
    server.create(files[1])
    server.post("/_mock/clock/advance", {"batch": batch["id"], "status": "completed"})
    wanted = {"filename": "a", "purpose": "batch", "bytes": 3, "mime_type": "text/jsonl"}
    uploads = [server.post("/v1/uploads", wanted)["id"] for _ in range(2)]
    part, headers = {"data": (BytesIO(b"abc"), "part")}, {"Authorization": f"Bearer {KEY}"}
    added = server.client.post(f"/v1/uploads/{uploads[0]}/parts", data=part, headers=headers)
    assert added.status_code == 200, added.text
    server.call("DELETE", f"/v1/files/{files[5]}")
    return {"files": files[:5], "uploads": uploads}


def world_of(server: Server) -> Any:
    """Return the replica that a server has, as it is: nothing is read for this."""
    [world] = server.app.extensions[EXTENSION].worlds._replicas.values()
    return world


def leave_behind(one: Server, other: Server) -> None:
    """Let a server read a world, and another one change and remove a lot in it."""
    made = fill(one)
    assert other.get("/_mock/state") == one.get("/_mock/state")
    for id in made["files"][:4]:
        assert one.call("DELETE", f"/v1/files/{id}").status_code == 200
    one.post(f"/v1/uploads/{made['uploads'][1]}/cancel")
    one.create(one.upload())
    world = world_of(other)
    assert world.place.store.pull(world.name, world.version).is_whole


def test_it_gets_exactly_what_is_still_there(servers: tuple[Server, Server]) -> None:
    """What was removed meanwhile is gone, what was added is there, and the rest stays."""
    one, other = servers
    leave_behind(one, other)
    assert other.get("/_mock/state") == one.get("/_mock/state")
    for file in one.get("/v1/files")["data"]:
        assert other.call("GET", f"/v1/files/{file['id']}/content").status_code == 200
    id = other.upload()
    assert one.call("GET", f"/v1/files/{id}/content").data == LINE


def test_it_never_lacks_a_file_that_stays(
    servers: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests that read it meanwhile would get a 404."""
    one, other = servers
    leave_behind(one, other)
    forgotten: list[str] = []
    forget = Repository.forget_file

    def note_and_forget(repository: Repository, id: str) -> None:
        forgotten.append(id)
        forget(repository, id)

    monkeypatch.setattr(Repository, "forget_file", note_and_forget)
    left = other.get("/v1/files")["data"]
    assert len(forgotten) == 4
    assert not {file["id"] for file in left} & {*forgotten}


def test_it_stays_the_same_world(servers: tuple[Server, Server]) -> None:
    """Otherwise a command that waits would go on with a clock and an outbox that are over."""
    one, other = servers
    leave_behind(one, other)
    world = world_of(other)
    parts = world.clock, world.webhooks, world.webhooks.outbox, world.repository, world.uploads
    other.get("/v1/files")
    assert world_of(other) is world
    now = world.clock, world.webhooks, world.webhooks.outbox, world.repository, world.uploads
    assert all(part is before for part, before in zip(now, parts, strict=True))
