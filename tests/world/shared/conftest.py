"""Two servers with the same store, each as another process would be."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mockbatch.jsonio import parse
from mockbatch.stores.late_removal import LateRemoval
from mockbatch.web.app import create_app
from mockbatch.web.context import EXTENSION
from mockbatch.world.settings import ServerSettings, WorldSettings
from mockbatch.world.snapshot.load import load_from_file

KEY = "sk-shared-1234567890"
LINE = b"""\
{"custom_id": "a", "method": "POST", "url": "/v1/chat/completions",\
 "body": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}}
"""
BATCH = {"endpoint": "/v1/chat/completions", "completion_window": "24h"}


class Server(NamedTuple):
    """A server, and a client of it."""

    app: Flask
    client: FlaskClient

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> TestResponse:
        """Send a request with the key."""
        headers = {"Authorization": f"Bearer {KEY}"}
        return self.client.open(path, method=method, json=body, headers=headers, **options)

    def get(self, path: str) -> Any:
        """Return what is there."""
        response = self.call("GET", path)
        assert response.status_code == 200, response.text
        return parse(response.data)

    def post(self, path: str, body: Any = None) -> Any:
        """Return the response to a body."""
        response = self.call("POST", path, {} if body is None else body)
        assert response.status_code == 200, response.text
        return parse(response.data)

    def upload(self, data: bytes = LINE) -> str:
        """Return the id of a new file."""
        form = {"purpose": "batch", "file": (BytesIO(data), "in.jsonl")}
        headers = {"Authorization": f"Bearer {KEY}"}
        response = self.client.post("/v1/files", data=form, headers=headers)
        assert response.status_code == 200, response.text
        return str(response.json["id"])

    def create(self, file_id: str) -> Any:
        """Return a new batch."""
        return self.post("/v1/batches", {**BATCH, "input_file_id": file_id})

    def begin_upload(self, part: bytes, *, rest: int = 0) -> tuple[str, str]:
        """Return the ids of a new upload and its only part; `rest` bytes are still to come."""
        upload = {"filename": "a", "purpose": "batch", "mime_type": "application/jsonl"}
        upload_id = self.post("/v1/uploads", {**upload, "bytes": len(part) + rest})["id"]
        response = self.add_part(upload_id, part)
        assert response.status_code == 200, response.text
        return upload_id, str(response.json["id"])

    def add_part(self, upload_id: str, data: bytes) -> TestResponse:
        """Add a part to an upload."""
        form, headers = {"data": (BytesIO(data), "part")}, {"Authorization": f"Bearer {KEY}"}
        return self.client.post(f"/v1/uploads/{upload_id}/parts", data=form, headers=headers)

    def close(self) -> None:
        """Stop what the server does by itself."""
        self.app.extensions[EXTENSION].worlds.close()


NewServer = Callable[..., Server]


@pytest.fixture
def removed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove contents at once, so that tests see which ones are removed."""
    note = LateRemoval.remove

    def remove(blobs: LateRemoval, world: str, name: str) -> None:
        note(blobs, world, name)
        blobs.remove_noted()

    monkeypatch.setattr(LateRemoval, "remove", remove)


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[NewServer]:
    """Return what starts a server on the store of this test."""
    servers: list[Server] = []

    def start(*, load: Path | None = None, **settings: Any) -> Server:
        world = WorldSettings(**{"clock": "manual", "start_time": 1_700_000_000.0, **settings})
        initial = None if load is None else load_from_file(str(load), world)
        server_settings = ServerSettings(world=world, state=f"sqlite:///{tmp_path}/state.db")
        app = create_app(server_settings, initial)
        servers.append(Server(app, app.test_client()))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def one(new_server: NewServer) -> Server:
    """Return a server."""
    return new_server()


@pytest.fixture
def other(new_server: NewServer) -> Server:
    """Return another server with the same store."""
    return new_server()


def contents_in(folder: Path) -> list[Path]:
    """Return the files in the folder of contents of the store in a folder."""
    return [path for path in (folder / "state.db-files").rglob("*") if path.is_file()]
