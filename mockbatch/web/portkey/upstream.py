"""The requests that the gateway makes, and JSON as it writes it."""

import json
from io import BytesIO
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request

from mockbatch.typing import Json

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def upstream_environ(request: Request) -> "WSGIEnvironment":
    """Return the environ of the forwarded request: without `x-portkey-*`, and GET for HEAD."""
    environ = {
        name: value
        for name, value in request.environ.items()
        if not name.startswith("HTTP_X_PORTKEY_")
    }
    if request.method == "HEAD":
        environ["REQUEST_METHOD"] = "GET"
    return environ


def set_body(body: bytes, environ: "WSGIEnvironment") -> None:
    """Put a body into the environ of a request."""
    environ["wsgi.input"] = BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_TRANSFER_ENCODING", None)


def to_json(value: Json, *, indent: int | None = None) -> bytes:
    """Return JSON as the gateway writes it: in UTF-8 without escapes, compact unless indented."""
    separators = (",", ":") if indent is None else None
    text = json.dumps(value, indent=indent, separators=separators, ensure_ascii=False)
    # UTF-8 cannot encode a lone surrogate, so it is written as a JSON escape.
    return text.encode("utf-8", "backslashreplace")
