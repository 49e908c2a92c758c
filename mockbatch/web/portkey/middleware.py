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
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from mockbatch.typing import Json
from mockbatch.web.portkey import bodies, checks
from mockbatch.web.portkey.checks import RefusalError, Route
from mockbatch.web.portkey.config import is_truthy

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


# What the gateway knows as OpenAI's; anything else below /v1 it passes on and back as it is.
_KNOWN = re.compile(
    r"(POST|GET) /v1/(files|batches)"
    r"|(GET|DELETE) /v1/files/[^/]+"
    r"|GET /v1/files/[^/]+/content"
    r"|GET /v1/batches/[^/]+"
    r"|POST /v1/batches/[^/]+/cancel"
    r"|POST /v1/(chat/completions|completions|embeddings|responses|images/(generations|edits))"
    r"|(GET|DELETE) /v1/responses/[^/]+"
    r"|POST /v1/(fine_tuning/jobs|audio/speech)|GET /v1/fine_tuning/jobs/[^/]+"
)
_PASSED_ON = re.compile("(GET|POST|DELETE) /v1/.*|(POST|DELETE) /v1")
_OUTPUT = re.compile("GET /v1/batches/[^/]+/output")
_NOT_FETCHED = (
    "Message: fetch failed Cause: InvalidArgumentError: invalid transfer-encoding header "
    "Name: TypeError"
)
# No JSON, or cut off.
UNREADABLE = (ValueError, RecursionError, OSError, HTTPException)
# Routes whose answers the gateway does not look at.
_LEFT_ALONE = ("/v1/embeddings", "/v1/images/edits")
# Statuses of answers that the gateway takes for some of its own.
_ITS_OWN = (408, 412)
# What would change an answer, and reaches a known route only when it is named.
_DROPPED = {"range": "HTTP_RANGE", "if-range": "HTTP_IF_RANGE"}


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
        called = f"{method} {_path(request.environ)}"
        if called == "GET /":
            return Response("AI Gateway says hey!", content_type="text/plain; charset=UTF-8")
        if not _PASSED_ON.fullmatch(called):
            raise RefusalError(404, {"message": "Not Found", "ok": False})
        route = checks.check(request.headers)
        if _OUTPUT.fullmatch(called):
            response = self._output(request, route)
        elif _KNOWN.fullmatch(called):
            response = self._mapped(request, route)
        else:
            response = self._proxied(request, route)
        response.headers.update(_headers(request, route))
        return response

    def _mapped(self, request: Request, route: Route) -> Response:
        """Pass on a request to a route that the gateway knows."""
        environ = _upstream(request)
        forwarded = _forwarded_headers(request)
        if "authorization" not in forwarded:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {route.key}"
        for name in _DROPPED.keys() - forwarded:
            environ.pop(_DROPPED[name], None)
        streams = request.method == "POST" and _rewrite_body(request, environ)
        response = Response.from_app(self._app, environ)
        if (streams and response.status_code == 200) or request.path in _LEFT_ALONE:
            # Passed back as it comes, whatever it is.
            return response
        return _rewritten(request, response)

    def _proxied(self, request: Request, route: Route) -> Response:
        """Pass on a request as it is, and its answer too."""
        environ = _upstream(request)
        if request.method == "POST" and request.mimetype == "application/json":
            _check_json(request, environ)
        if "Transfer-Encoding" in request.headers:
            # Measured: it passes the header on too, which its own client then refuses.
            return Response(_NOT_FETCHED, 500, content_type="text/plain;charset=UTF-8")
        environ["PATH_INFO"] = environ["PATH_INFO"].replace("/v1/proxy", "/v1", 1)
        environ.setdefault("HTTP_AUTHORIZATION", f"Bearer {route.key}")
        return Response.from_app(self._app, environ)

    def _output(self, request: Request, route: Route) -> Response:
        """Answer what the gateway adds to the API: a batch's output in one call.

        It asks for the batch and then, whatever the answer, for its output file.
        """
        environ = {**_upstream(request), "HTTP_AUTHORIZATION": f"Bearer {route.key}"}
        for dropped in _DROPPED.values():
            environ.pop(dropped, None)
        environ["PATH_INFO"] = environ["PATH_INFO"].removesuffix("/output")
        try:
            batch = json.loads(Response.from_app(self._app, environ).get_data())
            file = batch.get("output_file_id")
        except (ValueError, AttributeError) as error:
            text = f"Message: {error} Cause: NA Name: {type(error).__name__}"
            return Response(text, 500, content_type="text/plain;charset=UTF-8")
        if not file and is_truthy(batch.get("errors")):
            return Response(_text(batch["errors"]), content_type="text/plain;charset=UTF-8")
        # JavaScript's words for what is not there.
        file = file or ("null" if "output_file_id" in batch else "undefined")
        path = f"/v1/files/{file}/content".encode("utf-8", "replace").decode("latin-1")
        content = {**environ, "PATH_INFO": path, "QUERY_STRING": ""}
        return Response.from_app(self._app, content)


def _path(environ: "WSGIEnvironment") -> str:
    """Return the path as it was sent, in which an escaped slash divides nothing."""
    path = str(environ.get("RAW_URI", "")).partition("?")[0]
    return re.sub("/+", "/", path) if path.startswith("/") else str(environ["PATH_INFO"])


def _upstream(request: Request) -> "WSGIEnvironment":
    """Return the request as it leaves the gateway: no headers of its own, a GET for a HEAD."""
    environ = {
        name: value
        for name, value in request.environ.items()
        if not name.startswith("HTTP_X_PORTKEY_")
    }
    if request.method == "HEAD":
        environ["REQUEST_METHOD"] = "GET"
    return environ


def _forwarded_headers(request: Request) -> set[str]:
    named = request.headers.get("x-portkey-forward-headers", "").lower().split(",")
    return {name.strip() for name in named if request.headers.get(name.strip())}


def _rewrite_body(request: Request, environ: "WSGIEnvironment") -> bool:
    """Forward of a body what the gateway knows, and of a cancel nothing; tell if it streams."""
    if request.path.endswith("/cancel"):
        _put_body(b"", environ)
        return False
    if request.path == "/v1/images/edits" and request.mimetype != "multipart/form-data":
        raise checks.went_wrong()  # a form is all that it reads there
    params = bodies.PARAMS.get(request.path)
    if params is None:
        return False
    try:
        given = bodies.read(request.get_data())
    except UNREADABLE:
        raise checks.went_wrong() from None
    body = json.dumps(bodies.passed_on(given, params)).encode()
    # Without a content type it is read, but not passed on.
    _put_body(body if request.headers.get("Content-Type") else b"", environ)
    return given.get("stream") is True


def _check_json(request: Request, environ: "WSGIEnvironment") -> None:
    try:
        json.loads(request.get_data())
    except UNREADABLE as error:
        raise RefusalError(500, checks.failure(f"Proxy error: {error}")) from None
    _put_body(request.get_data(), environ)


def _put_body(body: bytes, environ: "WSGIEnvironment") -> None:
    environ["wsgi.input"] = BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_TRANSFER_ENCODING", None)


def _rewritten(request: Request, response: Response) -> Response:
    """Return an answer as the gateway writes it: whatever it is, as JSON, unless it is a file."""
    kind = response.headers.get("Content-Type", "")
    if kind == "application/octet-stream" or kind.startswith(("audio", "image/")):
        return response
    if kind.startswith(("text/plain", "text/html")):
        body: Json = {"html-message": response.get_data().decode("utf-8", "replace")}
        response.headers["Content-Type"] = "application/json"
    else:
        body = _named(response)
        of_response = request.path == "/v1/responses" and response.status_code not in _ITS_OWN
        if of_response and isinstance(body, dict):
            body.setdefault("provider", "openai")
    response.set_data(_text(body, indent=2 if "pretty" in request.args else None))
    return response


def _named(response: Response) -> Json:
    """Return the JSON of an answer, an error with the name of the provider."""
    exception = checks.went_wrong(checks.EXCEPTION)
    try:
        body = bodies.parse(response.get_data())
    except ValueError:
        raise exception from None
    if response.status_code in (200, *_ITS_OWN):
        return body
    if not isinstance(body, dict | list):
        raise exception
    if "error" not in body or isinstance(body, list):
        return body
    error = body["error"] if isinstance(body["error"], dict) else {}
    message = error.get("message") if "message" in error else "undefined"
    text = message if isinstance(message, str) else json.dumps(message)
    kept = {name: error.get(name) for name in ("type", "param", "code")}
    return {"error": {"message": f"openai error: {text}", **kept}, "provider": "openai"}


def _text(value: Json, *, indent: int | None = None) -> bytes:
    """Return JSON as the gateway writes it: compact unless it is indented, and no ASCII."""
    separators = (",", ":") if indent is None else None
    text = json.dumps(value, indent=indent, separators=separators, ensure_ascii=False)
    # Half a surrogate can only be written as its escape.
    return text.encode("utf-8", "backslashreplace")


def _headers(request: Request, route: Route) -> Mapping[str, str]:
    return {
        "x-portkey-cache-status": "DISABLED",
        "x-portkey-last-used-option-index": route.option,
        "x-portkey-provider": "openai",
        "x-portkey-retry-attempt-count": "0",
        "x-portkey-trace-id": request.headers.get("x-portkey-trace-id", ""),
    }
