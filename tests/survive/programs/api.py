"""A minimal client of the API, which retries nothing, for the known programs."""

import json
import os
import urllib.request
import uuid
from typing import Any

BASE = os.environ["OPENAI_BASE_URL"]
QUESTIONS = [f"q-{number:02}" for number in range(10)]


def call(
    method: str, path: str, body: bytes | None = None, kind: str = "application/json"
) -> bytes:
    """Return the body of a response; raises urllib.error.HTTPError."""
    headers = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}", "Content-Type": kind}
    request = urllib.request.Request(BASE + path, data=body, method=method, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        data: bytes = response.read()
    return data


def call_json(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the JSON of a response."""
    data = None if body is None else json.dumps(body).encode()
    answer: dict[str, Any] = json.loads(call(method, path, data))
    return answer


def input_lines(ids: list[str]) -> str:
    """Return an input file that asks these questions."""
    lines = []
    for id in ids:
        messages = [{"role": "user", "content": f"What is {id}?"}]
        body = {"model": "gpt-4o-mini", "messages": messages}
        line = {"custom_id": id, "method": "POST", "url": "/v1/chat/completions", "body": body}
        lines.append(json.dumps(line) + "\n")
    return "".join(lines)


def upload(text: str) -> str:
    """Upload an input file, and return its id."""
    boundary = uuid.uuid4().hex
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="in.jsonl"\r\n\r\n'
    )
    form = f"{head}{text}\r\n--{boundary}--\r\n".encode()
    answer = call("POST", "/files", form, f"multipart/form-data; boundary={boundary}")
    return str(json.loads(answer)["id"])


def create(file_id: str, **more: Any) -> dict[str, Any]:
    """Create a batch."""
    body = {"endpoint": "/v1/chat/completions", "completion_window": "24h", **more}
    return call_json("POST", "/batches", {"input_file_id": file_id, **body})


def retrieve(id: str) -> dict[str, Any]:
    """Retrieve a batch."""
    return call_json("GET", f"/batches/{id}")


def download(file_id: str) -> str:
    """Download a file."""
    return call("GET", f"/files/{file_id}/content").decode()


def text_of(line: dict[str, Any]) -> str:
    """Return the answer in a line of an output file."""
    return str(line["response"]["body"]["choices"][0]["message"]["content"])
