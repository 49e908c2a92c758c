"""Transports to the control API: a call in this process, or HTTP."""

import os
from collections.abc import Callable
from functools import cached_property
from http.client import HTTPConnection, HTTPSConnection
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

if TYPE_CHECKING:
    from flask import Flask

__tracebackhide__ = True

FORKED = (
    "This world is in the process that created it, and a forked child has only a copy of it. "
    "From a child, use a world of a server on a socket, such as that of the `mockbatch` fixture."
)
# method, path, headers, body -> status, body
Transport = Callable[[str, str, dict[str, str], bytes], tuple[int, bytes]]
# The same with headers as in a WSGI environ.
_Respond = Callable[[str, str, dict[str, str], bytes], tuple[int, bytes] | None]


class WsgiTransport:
    """A transport that calls an app of this process, without a request where the app allows it.

    A forked child has only a copy of the app: there it calls the server at `url`, or raises
    RuntimeError if there is none.
    """

    def __init__(self, app: "Flask", url: str | None = None) -> None:
        self._app, self._url, self._process = app, url, os.getpid()
        # Answers some calls without a request, and returns None for the others.
        calls = app.extensions.get("mockbatch.direct")
        self._respond: _Respond | None = calls and calls.respond

    @cached_property
    def _blank(self) -> dict[str, Any]:
        """An environ to copy: making one for each call would double the time of a call.

        Many a world needs none, because all its calls are answered without a request.
        """
        from werkzeug.test import create_environ

        return create_environ()

    @property
    def app(self) -> "Flask | None":
        """The app; None in a forked child."""
        return self._app if os.getpid() == self._process else None

    def __call__(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        """Send a request."""
        if self.app is None:
            return self._send_from_child(method, path, headers, body)
        named = {f"HTTP_{name.upper().replace('-', '_')}": text for name, text in headers.items()}
        direct = self._respond and self._respond(method, path, named, body)
        if direct is not None:
            return direct
        from werkzeug.test import run_wsgi_app

        path, _, query = path.partition("?")
        path_info = unquote_to_bytes(path).decode("latin-1")
        environ = {**self._blank, **named, "REQUEST_METHOD": method, "PATH_INFO": path_info}
        environ |= {"QUERY_STRING": query, "CONTENT_LENGTH": str(len(body))}
        answer, status, _ = run_wsgi_app(self._app, {**environ, "wsgi.input": BytesIO(body)})
        return int(status[:3]), b"".join(answer)

    def _send_from_child(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        if self._url is None:
            raise RuntimeError(FORKED)
        return http_transport(self._url)(method, path, headers, body)


def wsgi_transport(app: "Flask", url: str | None = None) -> Transport:
    """Return a transport that calls an app of this process directly.

    In a forked child it calls the server at `url`.
    """
    return WsgiTransport(app, url)


def http_transport(url: str) -> Transport:
    """Return a transport over HTTP; each call has its own connection, so that none goes stale."""
    parts = urlsplit(url)

    def send(method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        connection_class = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = connection_class(parts.netloc, timeout=60)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    return send
