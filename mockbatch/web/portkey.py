"""Portkey's gateway, played in front of the API: what a request with `x-portkey-*` meets.

A WSGI application around another, as the real gateway is a server in front of another: it
checks the request, passes it on without its own headers, and rewrites the answer.
Source: measured against the npm package @portkey-ai/gateway 1.15.2; docs/portkey.md lists
what is different on purpose.
"""

import json
import re
from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from mockbatch.web import portkey_checks
from mockbatch.web.portkey_checks import RefusalError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Json = Any

FORWARDED_ON_CREATE = (
    "input_file_id",
    "endpoint",
    "completion_window",
    "metadata",
    "output_expires_after",
)
# What the gateway knows as OpenAI's; anything else below /v1 it passes on and back as it is.
_KNOWN = re.compile(
    r"(POST|GET) /v1/(files|batches)"
    r"|(GET|DELETE) /v1/files/[^/]+"
    r"|GET /v1/files/[^/]+/content"
    r"|GET /v1/batches/[^/]+"
    r"|POST /v1/batches/[^/]+/cancel"
    r"|POST /v1/(chat/completions|completions|embeddings|responses|images/(generations|edits))"
)
_OUTPUT = re.compile(r"/v1/batches/(.+)/output")
_PROXIED = frozenset({"GET", "POST", "DELETE"})


class Portkey:
    """Wraps the app of a server; `always` makes the gateway answer every request."""

    def __init__(self, app: "WSGIApplication", *, always: bool) -> None:
        self._app = app
        self._always = always

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request, in the role that its headers ask for."""
        if not self._is_meant(environ):
            return self._app(environ, start_response)
        try:
            response = self._answer(Request(environ))
        except RefusalError as refusal:
            response = refusal.response()
        return response(environ, start_response)

    def _is_meant(self, environ: "WSGIEnvironment") -> bool:
        if environ["PATH_INFO"].startswith("/_mock"):
            return False
        return self._always or any(name.startswith("HTTP_X_PORTKEY_") for name in environ)

    def _answer(self, request: Request) -> Response:
        # A HEAD is a GET whose body is not sent.
        method = "GET" if request.method == "HEAD" else request.method
        if method == "GET" and request.path == "/":
            return Response("AI Gateway says hey!", content_type="text/plain; charset=UTF-8")
        if method not in _PROXIED or not request.path.startswith("/v1/"):
            raise RefusalError(404, {"message": "Not Found", "ok": False})
        portkey_checks.check(request.headers)
        output = _OUTPUT.fullmatch(request.path) if method == "GET" else None
        if output:
            response = self._output(request, output[1])
        else:
            known = _KNOWN.fullmatch(f"{method} {request.path}")
            response = self._passed_on(request, known=bool(known))
        response.headers.update(_headers(request))
        return response

    def _passed_on(self, request: Request, *, known: bool) -> Response:
        environ = _upstream(request)
        if known and request.method == "POST":
            _rewrite_body(request, environ)
        response = Response.from_app(self._app, environ)
        is_json = response.content_type == "application/json"
        return _rewritten(request, response) if known and is_json else response

    def _output(self, request: Request, id: str) -> Response:
        """Answer what the gateway adds to the API: a batch's output in one call.

        It asks for the batch and then, whatever the answer, for its output file.
        """
        environ = {**_upstream(request), "PATH_INFO": f"/v1/batches/{id}"}
        batch = json.loads(Response.from_app(self._app, environ).get_data())
        if batch.get("errors"):
            errors = json.dumps(batch["errors"], separators=(",", ":"))
            return Response(errors, content_type="text/plain;charset=UTF-8")
        # JavaScript's words for what is not there.
        file = batch["output_file_id"] or "null" if "output_file_id" in batch else "undefined"
        content = {**_upstream(request), "PATH_INFO": f"/v1/files/{file}/content"}
        return Response.from_app(self._app, {**content, "QUERY_STRING": ""})


def _upstream(request: Request) -> "WSGIEnvironment":
    """Return the request as it leaves the gateway: no headers of its own, a GET for a HEAD."""
    environ = {
        name: value
        for name, value in request.environ.items()
        if not name.startswith("HTTP_X_PORTKEY_")
    }
    key = request.headers.get("Authorization", "").replace("Bearer ", "", 1)
    environ["HTTP_AUTHORIZATION"] = f"Bearer {key or 'undefined'}"
    if request.method == "HEAD":
        environ["REQUEST_METHOD"] = "GET"
    return environ


def _rewrite_body(request: Request, environ: "WSGIEnvironment") -> None:
    """Forward of a batch's creation what the gateway knows, and of a cancel nothing."""
    if request.path.endswith("/cancel"):
        body = b""
    elif request.path == "/v1/batches":
        body = json.dumps(_forwarded(request.get_data())).encode()
    else:
        return
    environ["wsgi.input"] = BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_TRANSFER_ENCODING", None)


def _forwarded(data: bytes) -> dict[str, Json]:
    try:
        given = json.loads(data)
    except (ValueError, RecursionError):
        raise RefusalError(500, portkey_checks.failure("Something went wrong")) from None
    given = given if isinstance(given, dict) else {}
    body = {name: given[name] for name in FORWARDED_ON_CREATE if name in given}
    return {"completion_window": "24h", **body}


def _rewritten(request: Request, response: Response) -> Response:
    """Compact an answer, and put the provider's name on an error."""
    body = json.loads(response.get_data())
    if response.status_code >= 400 and "error" in body:
        error = body["error"]
        kept = {name: error[name] for name in ("message", "type", "param", "code")}
        body = {
            "error": {**kept, "message": f"openai error: {error['message']}"},
            "provider": "openai",
        }
    pretty = 2 if "pretty" in request.args else None
    separators = None if pretty else (",", ":")
    response.set_data(json.dumps(body, indent=pretty, separators=separators, ensure_ascii=False))
    return response


def _headers(request: Request) -> Mapping[str, str]:
    return {
        "x-portkey-cache-status": "DISABLED",
        "x-portkey-last-used-option-index": "config",
        "x-portkey-provider": "openai",
        "x-portkey-retry-attempt-count": "0",
        "x-portkey-trace-id": request.headers.get("x-portkey-trace-id", ""),
    }
