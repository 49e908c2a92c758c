"""How long a body may be, and which kinds of bodies are parsed at all."""

from collections.abc import Callable

import pytest
from flask import Flask

from mockbatch.jsonio import MAX_CONTAINERS
from mockbatch.web.body_limit import MAX_JSON_BYTES
from tests.support.caller import KEY, Caller, app_of, error_of, form, talk

Serve = Callable[[Flask], tuple[str, int]]

LONG = MAX_JSON_BYTES + 1
JSON_ROUTES = [
    *(("POST", "/v1/batches"), ("POST", "/v1/batches/batch_1/cancel"), ("GET", "/v1/files")),
    *(("POST", "/v1/chat/completions"), ("POST", "/v1/embeddings"), ("POST", "/v1/images/edits")),
    *(("POST", "/v1/uploads"), ("POST", "/v1/uploads/upload_1/complete")),
    *(("POST", "/v1/webhook_endpoints"), ("POST", "/_mock/reset"), ("POST", "/_mock/faults")),
    *(("POST", "/_mock/replies"), ("PUT", "/_mock/models"), ("POST", "/_mock/clock/advance")),
]


class Unread:
    """A body that must not be read."""

    def read(self, size: int = -1) -> bytes:
        """Fail."""
        raise AssertionError(f"{size} bytes were read")


@pytest.mark.parametrize(("method", "path"), JSON_ROUTES)
def test_long_body_is_refused_unread(api: Caller, method: str, path: str) -> None:
    """One byte above 16 MB is a 413 on routes that take no file, whatever the content type."""
    check_is_refused(api, method, path, "application/json")
    if path != "/v1/images/edits":
        check_is_refused(api, method, path, "multipart/form-data")


def check_is_refused(api: Caller, method: str, path: str, content_type: str) -> None:
    """Check that a long body of this type is a 413."""
    environ = {"CONTENT_LENGTH": str(LONG), "wsgi.input": Unread()}
    answer = api.call(method, path, content_type=content_type, environ_overrides=environ)
    assert error_of(answer) == (413, None, None)
    assert str(MAX_JSON_BYTES) in answer.json["error"]["message"]


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/batches", "/_mock/reset"])
@pytest.mark.parametrize("gateway", [b"", b"x-portkey-provider: openai\r\n"])
def test_long_body_in_chunks_is_refused(serve: Serve, path: str, gateway: bytes) -> None:
    """The limit holds without a Content-Length, and behind Portkey's gateway."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n".encode()
    head += f"Authorization: Bearer {KEY}\r\nTransfer-Encoding: chunked\r\n".encode() + gateway
    chunk = b"%x\r\n%b\r\n" % (1 << 20, b" " * (1 << 20))
    body = b"Content-Type: application/json\r\n\r\n" + chunk * 17 + b"0\r\n\r\n"
    answer = talk(serve(app_of()), head + body)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"16777216 bytes" in answer


def test_body_of_16_mb_is_read(api: Caller) -> None:
    """The limit itself is allowed."""
    body = b'{"seconds": 1}'.ljust(MAX_JSON_BYTES)
    assert api.call("POST", "/_mock/clock/advance", data=body).status_code == 200


def test_files_may_be_longer(api: Caller) -> None:
    """Uploads, parts, images and states have limits of their own."""
    data = b"x" * LONG
    assert api.upload(data, purpose="assistants")["bytes"] == LONG
    request = {"filename": "a", "purpose": "assistants", "bytes": LONG, "mime_type": "text/plain"}
    upload = api.good(api.post("/v1/uploads", request))
    part = form(('name="data"; filename="a"', data))
    assert api.call("POST", f"/v1/uploads/{upload['id']}/parts", **part).status_code == 200
    image = form(('name="image"; filename="a.png"\r\nContent-Type: image/png', data))
    assert api.call("POST", "/v1/images/edits", **image).status_code == 400
    state = api.get("/_mock/state").data.ljust(LONG)
    assert api.call("PUT", "/_mock/state", data=state).status_code == 200


def test_urlencoded_form_is_not_parsed(api: Caller) -> None:
    """An upload in one has no file; a million fields take no time."""
    environ = {"CONTENT_LENGTH": str(LONG), "wsgi.input": Unread()}
    answer = api.call(
        "POST",
        "/v1/files",
        content_type="application/x-www-form-urlencoded",
        environ_overrides=environ,
    )
    assert answer.status_code == 400


@pytest.mark.parametrize(("method", "path"), [route for route in JSON_ROUTES if route[0] != "GET"])
def test_a_body_of_too_many_values_is_refused(api: Caller, method: str, path: str) -> None:
    """On every route that reads JSON; a state may have more."""
    data = b'{"a": [' + b"{}," * MAX_CONTAINERS + b"{}]}"
    answer = api.call(method, path, data=data)
    if path.endswith(("/cancel", "/complete")):
        assert answer.status_code in (400, 404)
    else:
        assert error_of(answer) == (400, "too_many_values", None)
        assert f"{MAX_CONTAINERS} of them" in answer.json["error"]["message"]
    state = api.call("PUT", "/_mock/state", data=data)
    assert state.json["error"]["code"] != "too_many_values"
