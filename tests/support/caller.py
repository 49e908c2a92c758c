"""What the tests of the web say to the app, without a socket unless a test is about one."""

import json
import socket
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from mockbatch.typing import Json
from mockbatch.web.app import create_app
from mockbatch.world.settings import ServerSettings, WorldSettings

KEY = "sk-tests-of-the-web-0001"
START = 1_713_894_800
# What `happy` takes at pace 1, as recorded.
VALIDATING, IN_PROGRESS, FINALIZING, CANCELLING = 62, 61, 1, 605
DAY = 24 * 3600


def app_of(*, server: dict[str, Any] | None = None, **world: Any) -> Flask:
    """Make an app whose clock stands still, unless the settings say otherwise."""
    settings = WorldSettings(**{"clock": "manual", "start_time": START, **world})
    return create_app(ServerSettings(world=settings, **(server or {})))


def lines(count: int = 2) -> bytes:
    """Return an input file of so many requests."""
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
    made = (
        {"custom_id": f"line-{n}", "method": "POST", "url": "/v1/chat/completions", "body": body}
        for n in range(count)
    )
    return b"".join(json.dumps(line).encode() + b"\n" for line in made)


def form(*parts: tuple[str, bytes]) -> dict[str, Any]:
    """Return the request of a multipart form; a part is its disposition (and more) and bytes."""
    written = [
        b"--limit\r\nContent-Disposition: form-data; "
        + head.encode()
        + b"\r\n\r\n"
        + body
        + b"\r\n"
        for head, body in parts
    ]
    data = b"".join([*written, b"--limit--\r\n"])
    return {"data": data, "content_type": "multipart/form-data; boundary=limit"}


def upload_form(
    data: bytes | None = None, *, name: str = "in.jsonl", purpose: str = "batch", **fields: str
) -> dict[str, Any]:
    """Return the request of an upload as the SDK sends it."""
    parts = [('name="purpose"', purpose.encode())]
    parts += [(f'name="expires_after[{key}]"', text.encode()) for key, text in fields.items()]
    head = f'name="file"; filename="{name}"\r\nContent-Type: application/octet-stream'
    return form(*parts, (head, lines() if data is None else data))


def error_of(response: TestResponse) -> tuple[int, str | None, str | None]:
    """Return status, code and param of an answer in OpenAI's envelope, and of nothing else."""
    assert response.content_type == "application/json"
    error = response.json["error"]
    assert list(error) == ["message", "type", "param", "code"]
    assert error["message"]
    return response.status_code, error["code"], error["param"]


class Caller:
    """One key's client of an app."""

    def __init__(self, app: Flask, key: str | None = KEY) -> None:
        self.app = app
        self.key = key
        self._client = app.test_client(use_cookies=False)

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        """Send a request with this caller's key."""
        headers = {} if self.key is None else {"Authorization": f"Bearer {self.key}"}
        headers.update(options.pop("headers", {}))
        return self._client.open(path, method=method, headers=headers, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        """GET."""
        return self.call("GET", path, **options)

    def post(self, path: str, body: Json = None, **options: Any) -> TestResponse:
        """POST, a JSON body if one is given."""
        return self.call("POST", path, json=body, **options)

    def delete(self, path: str) -> TestResponse:
        """DELETE."""
        return self.call("DELETE", path)

    def upload(self, data: bytes | None = None, **options: str) -> dict[str, Json]:
        """Upload a file and return its object."""
        return self.good(self.call("POST", "/v1/files", **upload_form(data, **options)))

    def create(self, data: bytes | None = None, **fields: Json) -> dict[str, Json]:
        """Upload an input file unless one is named, and return the batch created from it."""
        return self.good(self.post("/v1/batches", self.batch_request(data, **fields)))

    def batch_request(self, data: bytes | None = None, **fields: Json) -> dict[str, Json]:
        """Return the body that creates a batch; a field given as ... is left out."""
        body = {"endpoint": "/v1/chat/completions", "completion_window": "24h", **fields}
        if "input_file_id" not in body:
            body["input_file_id"] = self.upload(data)["id"]
        return {key: value for key, value in body.items() if value is not ...}

    def batch(self, id: str) -> dict[str, Json]:
        """Retrieve a batch."""
        return self.good(self.get(f"/v1/batches/{id}"))

    def advance(self, seconds: float) -> dict[str, Json]:
        """Move the clock."""
        return self.good(self.post("/_mock/clock/advance", {"seconds": seconds}))

    def clock(self) -> dict[str, Json]:
        """Read the clock."""
        return self.good(self.get("/_mock/clock"))

    def good(self, response: TestResponse) -> dict[str, Json]:
        """Return the object of a 200."""
        assert response.status_code == 200, response.text
        return response.json


def create_message_batch(caller: Caller, count: int = 2) -> str:
    """Create a Message Batch of so many requests, and return its id."""
    params = {
        "model": "claude-3-5-haiku-20241022",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "Hello"}],
    }
    requests = [{"custom_id": f"line-{n}", "params": params} for n in range(count)]
    headers = {"anthropic-version": "2023-06-01"}
    made = caller.good(caller.post("/v1/messages/batches", {"requests": requests}, headers=headers))
    id: str = made["id"]
    return id


def count_batches_and_files(caller: Caller) -> tuple[int, int]:
    """Return how many batches and files a caller's world has."""
    batches, files = caller.get("/v1/batches?limit=100").json, caller.get("/v1/files").json
    return len(batches["data"]), len(files["data"])


def talk(address: tuple[str, int], data: bytes) -> bytes:
    """Send bytes over a socket and return all that comes back until it is closed."""
    with socket.create_connection(address, 10) as connection:
        connection.sendall(data)
        received = b""
        while more := connection.recv(1 << 16):
            received += more
    return received
