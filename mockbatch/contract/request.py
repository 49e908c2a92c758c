"""A request of a case, as bytes."""

import json
from collections.abc import Mapping

from mockbatch.contract.client import Client, HttpResponse
from mockbatch.typing import Json

# No file of a case holds it.
_BOUNDARY = "mockbatch-contract-boundary"


def send_request(client: Client, request: Mapping[str, Json]) -> HttpResponse:
    """Send a request of contract_cases.json and return the answer; NoAnswerError without one."""
    kind, body = _body(request)
    headers = {"Content-Type": kind, **request.get("headers", {})}
    chunks = [body] if body and request.get("chunked") else body
    return client.send(request["method"], request["path"], headers, chunks)


def _body(request: Mapping[str, Json]) -> tuple[str | None, bytes | None]:
    if "form" in request:
        return f"multipart/form-data; boundary={_BOUNDARY}", _multipart(request["form"])
    if "json" in request:
        return "application/json", json.dumps(request["json"]).encode()
    if "text" in request:
        return "application/json", request["text"].encode()
    return None, None


def _multipart(form: Mapping[str, Json]) -> bytes:
    """Return the fields of a form; an object is a file: its name, and its text or its lines."""
    parts = [_part(name, value) for name, value in form.items()]
    return "".join([*parts, f"--{_BOUNDARY}--\r\n"]).encode()


def _part(name: str, value: Json) -> str:
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'
    if isinstance(value, str):
        return f"{head}\r\n\r\n{value}\r\n"
    text = value["text"] if "text" in value else to_jsonl(value["lines"])
    head += f'; filename="{value["name"]}"\r\nContent-Type: application/octet-stream'
    return f"{head}\r\n\r\n{text}\r\n"


def to_jsonl(lines: list[Json]) -> str:
    """Return lines as the text of a file."""
    return "".join(json.dumps(line) + "\n" for line in lines)
