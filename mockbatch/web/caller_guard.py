"""Rejects foreign web pages, and adds CORS headers for pages served from this machine.

A browser lets any page send requests to loopback. So the Host and Origin of every request are
checked here, in a WSGI middleware, before a fault, the gateway or a route handles it.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from werkzeug.wrappers import Request, Response

from mockbatch.errors import ApiError, api_error
from mockbatch.faults.request_record import RequestRecord
from mockbatch.web.errors import error_response
from mockbatch.web.request_recorder import record_request
from mockbatch.world.settings import ServerSettings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Headers = list[tuple[str, str]]

# The longest name that DNS allows with a port.
_MAX_HOST_CHARACTERS = 255 + len(":65535")
_METHODS = "GET, POST, PUT, DELETE"


class CallerGuard:
    """Passes requests to an app, except for a 403 if a foreign web page may have sent them."""

    def __init__(self, app: "WSGIApplication", settings: ServerSettings) -> None:
        self._app = app
        self._settings = settings

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Handle a request; one with an Origin gets CORS headers in its response."""
        origin = environ.get("HTTP_ORIGIN")
        try:
            self._check_host(environ.get("HTTP_HOST"))
            if origin is not None:
                self._check_origin(origin, environ)
            else:
                _check_fetch_site(environ)
        except ApiError as error:
            RequestRecord.of(environ).error = error.message
            return _respond(error_response(error), environ, start_response)
        if origin is None:
            return self._app(environ, start_response)
        if environ["REQUEST_METHOD"] == "OPTIONS":
            return _respond(_preflight_response(origin, environ), environ, start_response)
        return self._app(environ, _with_headers(start_response, _cors_headers(origin)))

    def _check_host(self, host: str | None) -> None:
        """Raise ApiError 403 for a Host that may be a foreign page's; browsers always send one."""
        settings = self._settings
        if host is not None and not _is_local_host(host, settings.host, settings.allowed_hosts):
            raise api_error("foreign_host", value=host)

    def _check_origin(self, origin: str, environ: "WSGIEnvironment") -> None:
        """Raise ApiError 403 for the origin of a foreign page.

        The routes of the API are open to every page on loopback, the control API to pages of
        this server only.
        """
        host = environ.get("HTTP_HOST", "")
        is_own = origin in (f"http://{host}", f"https://{host}")
        if is_own or origin.lower() in self._settings.allowed_origins:
            return
        if environ["PATH_INFO"].startswith("/_mock") or not _is_loopback_origin(origin):
            raise api_error("foreign_origin", value=origin)


def _check_fetch_site(environ: "WSGIEnvironment") -> None:
    """Raise ApiError 403 for what a foreign page loads from the control API, such as an image.

    A link or bookmark may lead to the dashboard: its page has no data.
    """
    is_navigation = environ.get("HTTP_SEC_FETCH_MODE") == "navigate"
    is_page = environ["PATH_INFO"] == "/_mock/" and environ["REQUEST_METHOD"] == "GET"
    is_foreign = environ.get("HTTP_SEC_FETCH_SITE") == "cross-site"
    if is_foreign and environ["PATH_INFO"].startswith("/_mock") and not (is_page and is_navigation):
        raise api_error("foreign_origin", value="another site")


def _respond(
    response: Response, environ: "WSGIEnvironment", start_response: "StartResponse"
) -> Iterable[bytes]:
    record_request(Request(environ, populate_request=False), None, response.status_code)
    return response(environ, start_response)


def _preflight_response(origin: str, environ: "WSGIEnvironment") -> Response:
    """Return the response to a CORS preflight, which asks whether a page may send a request."""
    headers = [*_cors_headers(origin), ("access-control-allow-methods", _METHODS)]
    requested = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS")
    if requested:
        headers.append(("access-control-allow-headers", requested))
    return Response(status=204, headers=headers)


def _cors_headers(origin: str) -> Headers:
    # The service sends `*`. Here no other page may read the response to a page.
    return [("access-control-allow-origin", origin), ("vary", "Origin")]


def _with_headers(start_response: "StartResponse", added: Headers) -> "StartResponse":
    def start(status: str, headers: Headers, *more: Any) -> Callable[[bytes], object]:
        return start_response(status, [*headers, *added], *more)

    return start


@lru_cache(64)
def _is_local_host(host: str, own: str, allowed: frozenset[str]) -> bool:
    """Return whether a Host header is safe from DNS rebinding.

    An attack needs a public domain name that resolves to this machine. So addresses, names
    without a dot and the names that the server knows are safe.
    """
    name = _hostname(f"//{host}") if len(host) <= _MAX_HOST_CHARACTERS else ""
    if "." not in name or name in {own, "host.docker.internal", *allowed}:
        return bool(name)
    try:
        return bool(ip_address(name))
    except ValueError:
        return name.endswith(".localhost")


@lru_cache(64)
def _is_loopback_origin(origin: str) -> bool:
    """Return whether a page comes from a server on this machine."""
    if len(origin) > _MAX_HOST_CHARACTERS or not origin.startswith(("http://", "https://")):
        return False
    name = _hostname(origin)
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _hostname(url: str) -> str:
    """Return the name of the host in a URL, in lower case; empty if it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
