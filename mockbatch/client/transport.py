"""Transports to the control API: a call in this process, or HTTP."""

from collections.abc import Callable
from http.client import HTTPConnection, HTTPSConnection
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urlsplit

if TYPE_CHECKING:
    from flask import Flask

# method, path, headers, body -> status, body
Transport = Callable[[str, str, dict[str, str], bytes], tuple[int, bytes]]


class WsgiTransport:
    """A transport that calls an `app` of this process directly."""

    def __init__(self, app: "Flask") -> None:
        from werkzeug.test import create_environ, run_wsgi_app

        self.app = app
        self._run = run_wsgi_app
        # Made once and copied: making one for each call would double the time of a call.
        self._blank = create_environ()

    def __call__(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        """Send a request."""
        named = {f"HTTP_{name.upper().replace('-', '_')}": text for name, text in headers.items()}
        path, _, query = path.partition("?")
        path_info = unquote_to_bytes(path).decode("latin-1")
        environ = {**self._blank, **named, "REQUEST_METHOD": method, "PATH_INFO": path_info}
        environ |= {"QUERY_STRING": query, "CONTENT_LENGTH": str(len(body))}
        answer, status, _ = self._run(self.app, {**environ, "wsgi.input": BytesIO(body)})
        return int(status[:3]), b"".join(answer)


def wsgi_transport(app: "Flask") -> Transport:
    """Return a transport that calls an app of this process directly."""
    return WsgiTransport(app)


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
