"""HTTP as the contract speaks it: one request, one answer, and never to another host.

Redirects are an answer like any other: whoever follows one takes the key along.
"""

import contextlib
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Timer
from typing import Any
from urllib.parse import SplitResult, urlsplit

Json = Any

MOST_BYTES = 64 << 20


class NoAnswerError(OSError):
    """There was no answer, or none that is HTTP."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered; the names of `headers` are in any case."""

    status: int
    headers: Message
    content: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode(errors="replace")

    @property
    def is_html(self) -> bool:
        """Tell whether this is a page for people."""
        kind = str(self.headers.get("Content-Type", ""))
        return kind.startswith("text/html") or self.content.lstrip()[:1] == b"<"

    def json(self) -> Json:
        """Return the body as JSON; ValueError when it is none."""
        try:
            return json.loads(self.content)
        except RecursionError:
            raise ValueError("too deep") from None


class Client:
    """Sends requests to the server at `base_url`, each on a connection of its own."""

    def __init__(
        self, base_url: str, key: str, provider: str | None = None, timeout: float = 30
    ) -> None:
        self.key = key
        self._url = _split(base_url)
        self._timeout = timeout
        self.headers = {"Authorization": f"Bearer {key}"}
        if provider:
            self.headers["x-portkey-provider"] = provider
        if not all(text.isascii() and text.isprintable() for text in self.headers.values()):
            # Said here because http.client would print the key.
            raise ValueError("the key has letters that no header can hold")

    @property
    def is_local(self) -> bool:
        """Tell whether the server is on this machine."""
        return self._url.hostname in ("localhost", "127.0.0.1", "::1")

    def get(self, path: str) -> Answer:
        """Return the answer to a GET; NoAnswerError without one."""
        return self.send("GET", path)

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str | None] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Send a request to a path below the base URL; a header that is None is left out.

        `/_mock/…` is a path of the control API, beside the base URL. Raises NoAnswerError.
        """
        base = self._url.path
        target = (base.removesuffix("/v1") if path.startswith("/_mock") else base) + path
        meant = {**self.headers, **(headers or {})}
        sent = {name: text for name, text in meant.items() if text is not None}
        try:
            return self._answer(method, target, sent, body)
        except TimeoutError:
            raise NoAnswerError(f"no answer within {self._timeout:g} seconds") from None
        except socket.gaierror:
            raise NoAnswerError(f"no host is called {self._url.hostname}") from None
        except HTTPException as error:
            what = str(error) or type(error).__name__
            raise NoAnswerError(f"what comes back is not HTTP: {what!r:.99}") from None
        except OSError as error:
            raise NoAnswerError(error.strerror or str(error)) from None

    def _answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        kind = HTTPSConnection if self._url.scheme == "https" else HTTPConnection
        connection = kind(str(self._url.hostname), self._url.port, timeout=self._timeout)
        with _Deadline(connection, self._timeout) as deadline:
            try:
                connection.request(method, target, body, dict(headers))
                response = connection.getresponse()
                return Answer(response.status, response.headers, response.read(MOST_BYTES))
            finally:
                # Cut off, an answer may look like a failure, or like a whole one.
                deadline.check()


class _Deadline:
    """Cuts a connection when its time is over.

    The time-outs of a socket are for each read, and a server that sends a byte now and then
    meets none of them.
    """

    def __init__(self, connection: HTTPConnection, seconds: float) -> None:
        self._connection = connection
        self._timer = Timer(seconds, self._cut)
        self._timer.daemon = True
        self._is_over = False

    def __enter__(self) -> "_Deadline":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._connection.close()

    def check(self) -> None:
        """Raise TimeoutError if the time is over."""
        if self._is_over:
            raise TimeoutError

    def _cut(self) -> None:
        self._is_over = True
        if self._connection.sock is not None:
            with contextlib.suppress(OSError):  # it is closed
                socket.socket.shutdown(self._connection.sock, socket.SHUT_RDWR)


def _split(base_url: str) -> SplitResult:
    url = urlsplit(base_url.rstrip("/"))
    is_plain = base_url.isascii() and base_url.isprintable() and " " not in base_url
    if url.scheme not in ("http", "https") or not url.hostname or not is_plain:
        raise ValueError(f"{base_url!r} is no base URL: use one like https://api.openai.com/v1")
    if url.query or url.fragment or url.username:
        raise ValueError(f"{base_url!r} has more than a host, a port and a path")
    if url.port == 0:
        raise ValueError(f"{base_url!r} names port 0")
    return url
