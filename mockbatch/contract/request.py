"""Sends a request as a case describes it."""

import json
from collections.abc import Mapping

from mockbatch.contract.client import Client
from mockbatch.http_client import HttpResponse
from mockbatch.typing import Json

# No file in a case contains it.
_BOUNDARY = "mockbatch-contract-boundary"


def send_request(client: Client, request: Mapping[str, Json]) -> HttpResponse:
    """Send a request of contract_cases.json; raise NoResponseError if there is no response."""
    content_type, body = _encode_body(request)
    headers = {"Content-Type": content_type, **request.get("headers", {})}
    chunks = [body] if body and request.get("chunked") else body
    return client.send(request["method"], request["path"], headers, chunks)


def _encode_body(request: Mapping[str, Json]) -> tuple[str | None, bytes | None]:
    """Return the media type and the bytes of a body."""
    if "form" in request:
        return f"multipart/form-data; boundary={_BOUNDARY}", _encode_form(request["form"])
    if "json" in request:
        return "application/json", json.dumps(request["json"]).encode()
    if "text" in request:
        return "application/json", request["text"].encode()
    return None, None


def _encode_form(form: Mapping[str, Json]) -> bytes:
    """Return a multipart form; a field that is an object is a file: its name, and text or lines."""
    parts = [_encode_part(name, value) for name, value in form.items()]
    return "".join([*parts, f"--{_BOUNDARY}--\r\n"]).encode()


def _encode_part(name: str, value: Json) -> str:
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'
    if isinstance(value, str):
        return f"{head}\r\n\r\n{value}\r\n"
    text = value["text"] if "text" in value else to_jsonl(value["lines"])
    head += f'; filename="{value["name"]}"\r\nContent-Type: application/octet-stream'
    return f"{head}\r\n\r\n{text}\r\n"


def to_jsonl(lines: list[Json]) -> str:
    """Return values as JSONL, one to a line."""
    return "".join(json.dumps(line) + "\n" for line in lines)
