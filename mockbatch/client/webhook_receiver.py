"""A receiver of webhooks in this process: functions, called as a server's routes would be."""

import logging
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from mockbatch.http_server.server import Httpd

log = logging.getLogger(__name__)

#: The delivery that waits for the function that is running.
within: ContextVar[str | None] = ContextVar("within", default=None)


@dataclass(frozen=True, slots=True)
class Received:
    """What a receiver gets: headers, their names in lower case, and the body as it came."""

    headers: Mapping[str, str]
    body: bytes


Function = Callable[[Received], object]


class Receiver:
    """A server on a loopback port, with a path for each function; it starts with the first.

    A function that returns a number answers with that status, any other with 200, and one
    that raises, or returns a number that is no status, with 500.
    """

    def __init__(self) -> None:
        self._functions: dict[str, Function] = {}  # by path
        self._httpd: Httpd | None = None

    def add(self, function: Function) -> str:
        """Return the URL at which a function is called."""
        if self._httpd is None:
            from mockbatch.http_server.server import Httpd

            self._httpd = Httpd(self)
            self._httpd.start()
        path = f"/{len(self._functions) + 1}"
        self._functions[path] = function
        return self._httpd.url + path

    def close(self) -> None:
        """Stop listening."""
        if self._httpd is not None:
            self._httpd.stop()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a delivery."""
        function = self._functions.get(environ["PATH_INFO"])
        received = Received(_headers(environ), environ["wsgi.input"].read())
        status = 404 if function is None else _answered(function, received)
        start_response(f"{status} {_phrase(status)}", [("Content-Length", "0")])
        return []


def _answered(function: Function, received: Received) -> int:
    token = within.set(received.headers.get("webhook-id"))
    try:
        return _status(function(received))
    except BaseException:  # pytest.fail() raises no Exception
        # As in a server: whoever sends is told, and the log says why.
        log.exception("the receiver of a webhook failed")
        return 500
    finally:
        within.reset(token)


def _status(returned: object) -> int:
    """Return the status that a function means; ValueError for a number that is none."""
    if not isinstance(returned, int) or isinstance(returned, bool):
        return 200
    if not 200 <= returned <= 599:
        raise ValueError(f"{returned} is no status of an answer: a receiver has returned it")
    return returned


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    named = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(text)
        for name, text in environ.items()
        if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
    }
    return dict(sorted(named.items()))


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"
