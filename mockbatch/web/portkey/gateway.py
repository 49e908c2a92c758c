"""Plays Portkey's gateway.

Like the real gateway it checks a request, forwards it without its own headers, and rewrites
the response.
Source: measured against the npm package @portkey-ai/gateway 1.15.2; docs/portkey.md lists
the intended differences.
"""

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from mockbatch.errors import ApiError
from mockbatch.http_server import CLIENT_ERRORS
from mockbatch.typing import Json
from mockbatch.web.body_limit import read_json_text
from mockbatch.web.portkey import azure_ai, bodies, checks, providers
from mockbatch.web.portkey.checks import GatewayError, Target
from mockbatch.web.portkey.config import is_truthy
from mockbatch.web.portkey.translated import respond_translated
from mockbatch.web.portkey.upstream import set_body, to_json, upstream_environ

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment


# OpenAI's routes that the gateway knows; it forwards other requests below /v1 and their
# responses unchanged.
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
_FORWARDED = re.compile("(GET|POST|DELETE) /v1/.*|(POST|DELETE) /v1")
_OUTPUT = re.compile("GET /v1/batches/[^/]+/output")
_FETCH_FAILED = (
    "Message: fetch failed Cause: InvalidArgumentError: invalid transfer-encoding header "
    "Name: TypeError"
)
# What JavaScript says of an empty text.
_NO_JSON = "Unexpected end of JSON input"
# Raised while a body that is cut off or invalid is read and parsed.
_UNREADABLE_BODY = (ValueError, RecursionError, *CLIENT_ERRORS, HTTPException)
# Routes whose responses the gateway does not rewrite.
_UNTOUCHED = ("/v1/embeddings", "/v1/images/edits")
# The gateway treats responses with these statuses as its own.
_GATEWAY_STATUSES = (408, 412)
# Request headers that change a response. On a known route the gateway forwards only those that
# `x-portkey-forward-headers` names.
_DROPPED_HEADERS = {"range": "HTTP_RANGE", "if-range": "HTTP_IF_RANGE"}


class Gateway:
    """The gateway in front of an app."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def respond(self, environ: "WSGIEnvironment") -> Response:
        """Return the gateway's response to a request."""
        try:
            return self._respond(Request(environ))
        except ApiError as error:
            # Differs from the gateway, which forwards a body of any length.
            return GatewayError(error.status, error.body()).response()
        except GatewayError as error:
            return error.response()

    def _respond(self, request: Request) -> Response:
        # A HEAD is handled as a GET, and the server does not send its body.
        method = "GET" if request.method == "HEAD" else request.method
        called = f"{method} {_path(request.environ)}"
        if called == "GET /":
            return Response("AI Gateway says hey!", content_type="text/plain; charset=UTF-8")
        if not _FORWARDED.fullmatch(called):
            raise GatewayError(404, {"message": "Not Found", "ok": False})
        target = checks.choose_target(request.headers)
        providers.check_played(target, called)
        if target.provider in providers.TRANSLATED:
            response = respond_translated(self._app, request, target, called)
        elif providers.is_sent_to_base(target, called):
            response = self._call_base(request, target)
        elif _OUTPUT.fullmatch(called) and target.provider != providers.AZURE_AI:
            response = self._get_batch_output(request, target)
        elif _KNOWN.fullmatch(called):
            response = self._call_known_route(request, target)
        else:
            response = self._proxy(request, target)
        response.headers.update(_response_headers(request, target))
        return response

    def _call_known_route(self, request: Request, target: Target) -> Response:
        """Forward a request to a route that the gateway knows, and rewrite the response."""
        environ = upstream_environ(request)
        forwarded = _forwarded_headers(request)
        if "authorization" not in forwarded:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {target.key}"
        for name in _DROPPED_HEADERS.keys() - forwarded:
            environ.pop(_DROPPED_HEADERS[name], None)
        is_streamed = request.method == "POST" and _rewrite_body(request, environ, target)
        providers.readdress(environ, target, request.headers)
        response = Response.from_app(self._app, environ)
        if (is_streamed and response.status_code == 200) or request.path in _UNTOUCHED:
            return response
        return _rewrite_response(request, response, target)

    def _call_base(self, request: Request, target: Target) -> Response:
        """Call the base URL of a provider, and return the response unchanged."""
        environ = {**upstream_environ(request), "HTTP_AUTHORIZATION": f"Bearer {target.key}"}
        environ["PATH_INFO"], environ["QUERY_STRING"] = "/v1", ""
        providers.readdress(environ, target, request.headers)
        return Response.from_app(self._app, environ)

    def _proxy(self, request: Request, target: Target) -> Response:
        """Forward a request unchanged, and return the response unchanged."""
        environ = upstream_environ(request)
        if request.method == "POST" and request.mimetype == "application/json":
            _check_json(request, environ)
        if "Transfer-Encoding" in request.headers:
            # Measured: the gateway forwards this header, too, which its HTTP client rejects.
            return Response(_FETCH_FAILED, 500, content_type="text/plain;charset=UTF-8")
        environ["PATH_INFO"] = environ["PATH_INFO"].replace("/v1/proxy", "/v1", 1)
        environ.setdefault("HTTP_AUTHORIZATION", f"Bearer {target.key}")
        providers.readdress(environ, target, request.headers)
        return Response.from_app(self._app, environ)

    def _get_batch_output(self, request: Request, target: Target) -> Response:
        """Return the content of a batch's output file: a route that only the gateway has.

        The gateway retrieves the batch and then, even after an error, its output file.
        """
        environ = {**upstream_environ(request), "HTTP_AUTHORIZATION": f"Bearer {target.key}"}
        for name in _DROPPED_HEADERS.values():
            environ.pop(name, None)
        path = environ["PATH_INFO"].removesuffix("/output")
        try:
            batch = json.loads(self._get(environ, path, request, target).get_data())
            file_id = batch.get("output_file_id")
        except (ValueError, AttributeError) as error:
            text = f"Message: {error} Cause: NA Name: {type(error).__name__}"
            return Response(text, 500, content_type="text/plain;charset=UTF-8")
        if not file_id and is_truthy(batch.get("errors")):
            return Response(to_json(batch["errors"]), content_type="text/plain;charset=UTF-8")
        if target.provider == providers.AZURE:
            file_id = file_id or batch.get("error_file_id")
            if not file_id:
                return providers.no_azure_output(batch)
        # As JavaScript formats a missing value.
        file_id = file_id or ("null" if "output_file_id" in batch else "undefined")
        path = f"/v1/files/{file_id}/content".encode("utf-8", "replace").decode("latin-1")
        return self._get({**environ, "QUERY_STRING": ""}, path, request, target)

    def _get(
        self, environ: "WSGIEnvironment", path: str, request: Request, target: Target
    ) -> Response:
        """Return the upstream's response to a GET of a path."""
        upstream = {**environ, "PATH_INFO": path}
        providers.readdress(upstream, target, request.headers)
        return Response.from_app(self._app, upstream)


def _path(environ: "WSGIEnvironment") -> str:
    """Return the path as the client sent it, in which an escaped slash is not a separator."""
    path = str(environ.get("RAW_URI", "")).partition("?")[0]
    return re.sub("/+", "/", path) if path.startswith("/") else str(environ["PATH_INFO"])


def _forwarded_headers(request: Request) -> set[str]:
    """Return the names, in lower case, of the headers that the client wants forwarded."""
    named = request.headers.get("x-portkey-forward-headers", "").lower().split(",")
    return {name.strip() for name in named if request.headers.get(name.strip())}


def _rewrite_body(request: Request, environ: "WSGIEnvironment", target: Target) -> bool:
    """Put the rewritten body into the environ; return whether it asks for a stream.

    A cancel is forwarded without a body.
    """
    if request.path.endswith("/cancel"):
        set_body(b"", environ)
        return False
    if request.path == "/v1/images/edits" and request.mimetype != "multipart/form-data":
        raise checks.internal_error()  # the gateway accepts only a form there
    params = bodies.params(request.path, target.provider)
    if params is None:
        return False
    try:
        body = bodies.parse_object(read_json_text(request))
    except _UNREADABLE_BODY:
        raise checks.internal_error() from None
    forwarded = json.dumps(bodies.forward(body, params)).encode()
    # Without a content type the gateway reads the body, but does not forward it.
    set_body(forwarded if request.headers.get("Content-Type") else b"", environ)
    return body.get("stream") is True


def _check_json(request: Request, environ: "WSGIEnvironment") -> None:
    try:
        text = read_json_text(request)
        if not text:
            raise GatewayError(500, checks.failure_body(f"Proxy error: {_NO_JSON}"))
        json.loads(text)
    except _UNREADABLE_BODY as error:
        raise GatewayError(500, checks.failure_body(f"Proxy error: {error}")) from None
    set_body(text, environ)


def _rewrite_response(request: Request, response: Response, target: Target) -> Response:
    """Return a response as the gateway sends it: as JSON, unless it is a file."""
    content_type = response.headers.get("Content-Type", "")
    if content_type == "application/octet-stream" or content_type.startswith(("audio", "image/")):
        return response
    if content_type.startswith(("text/plain", "text/html")):
        body: Json = {"html-message": response.get_data().decode("utf-8", "replace")}
        response.headers["Content-Type"] = "application/json"
    else:
        body = _with_provider(response, *providers.error_names(target, request))
        if target.provider == providers.AZURE_AI:
            body = azure_ai.with_provider(body)
        is_own = response.status_code in _GATEWAY_STATUSES
        if request.path == "/v1/responses" and not is_own and isinstance(body, dict):
            body.setdefault("provider", "openai")
    response.set_data(to_json(body, indent=2 if "pretty" in request.args else None))
    return response


def _with_provider(response: Response, prefix: str, provider: Json) -> Json:
    """Return the JSON body of a response; an error gets the name of the provider."""
    exception = checks.internal_error(checks.EXCEPTION_HEADERS)
    try:
        body = bodies.parse_json(response.get_data())
    except ValueError:
        raise exception from None
    if response.status_code in (200, *_GATEWAY_STATUSES):
        return body
    if not isinstance(body, dict | list):
        raise exception
    if "error" not in body or isinstance(body, list):
        return body
    error = body["error"] if isinstance(body["error"], dict) else {}
    message = error.get("message") if "message" in error else "undefined"
    text = message if isinstance(message, str) else json.dumps(message)
    others = {name: error.get(name) for name in ("type", "param", "code")}
    return {"error": {"message": f"{prefix} error: {text}", **others}, "provider": provider}


def _response_headers(request: Request, target: Target) -> Mapping[str, str]:
    return {
        "x-portkey-cache-status": "DISABLED",
        "x-portkey-last-used-option-index": target.option,
        "x-portkey-provider": target.provider,
        "x-portkey-retry-attempt-count": "0",
        "x-portkey-trace-id": request.headers.get("x-portkey-trace-id", ""),
    }
