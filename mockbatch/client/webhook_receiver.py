"""A webhook receiver in this process: a small server that calls functions."""

import http.client
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from mockbatch.http_server.server import HttpServer

__tracebackhide__ = True

log = logging.getLogger(__name__)

#: The webhook-id of the delivery that is waiting for the function now running.
current_delivery: ContextVar[str | None] = ContextVar("current_delivery", default=None)


@dataclass(frozen=True, slots=True)
class Received:
    """A webhook as it arrived: headers by their lower-case names, and the raw body."""

    headers: Mapping[str, str]
    body: bytes


Function = Callable[[Received], object]


class WebhookReceiver:
    """A server on a loopback port, with a path for each function; the first one starts it.

    The response has the status that the function returns, 200 if it returns no number, and
    500 if it raises or returns a number that is not a status.
    """

    def __init__(self) -> None:
        #: What the functions raised, in order.
        self.errors: list[BaseException] = []
        self._functions: dict[str, Function] = {}  # by path
        self._http_server: HttpServer | None = None
        self._process = 0

    def add(self, function: Function) -> str:
        """Add a function, and return its URL."""
        if self._process != os.getpid():  # the first function, or the first of a forked child
            from mockbatch.http_server.server import HttpServer

            self._process = os.getpid()
            self._http_server = HttpServer(self)
            self._http_server.start()
        path = f"/{len(self._functions) + 1}"
        self._functions[path] = function
        return str(self._http_server and self._http_server.url) + path

    def close(self) -> None:
        """Stop listening."""
        if self._http_server is not None:
            self._http_server.stop()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Respond to a webhook."""
        function = self._functions.get(environ["PATH_INFO"])
        received = Received(_headers(environ), environ["wsgi.input"].read())
        status = 404 if function is None else self._call(function, received)
        phrase = http.client.responses.get(status, "Unknown")
        start_response(f"{status} {phrase}", [("Content-Length", "0")])
        return []

    def _call(self, function: Function, received: Received) -> int:
        token = current_delivery.set(received.headers.get("webhook-id"))
        try:
            return _status(function(received))
        except BaseException as error:  # pytest.fail() raises no Exception
            # As in any server: the sender gets a 500, and the log says why.
            log.exception("a webhook receiver raised")
            self.errors.append(error)
            return 500
        finally:
            current_delivery.reset(token)


def _status(returned: object) -> int:
    """Return the status of the response; ValueError for a number that is not a status."""
    if not isinstance(returned, int) or isinstance(returned, bool):
        return 200
    if not 200 <= returned <= 599:
        raise ValueError(f"a webhook receiver returned {returned}, which is not an HTTP status")
    return returned


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    named = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(text)
        for name, text in environ.items()
        if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
    }
    return dict(sorted(named.items()))
