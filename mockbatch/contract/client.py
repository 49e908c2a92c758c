"""HTTP as the contract speaks it: one request, one answer, and never to another host.

Redirects are an answer like any other: whoever follows one takes the key along.
"""

import contextlib
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ssl import SSLCertVerificationError, SSLError
from urllib.parse import SplitResult, urlsplit

from mockbatch.http_client import Deadline
from mockbatch.jsonio import parse
from mockbatch.typing import Json

# Chunks are sent as such, without the length of the whole.
Body = bytes | Sequence[bytes]

_MOST_BYTES = 2 << 20
# Nothing is asked any more after so many requests in a row without an answer, or so many in all
# whose time was over.
_MOST_UNANSWERED = 5
# For limited rates, in a whole run.
_MOST_SECONDS_LIMITED = 120.0
_MOST_TRIES = 3


class NoResponseError(OSError):
    """There was no answer, or none that is HTTP."""


class ServerSilentError(NoResponseError):
    """Nothing is asked any more: the server has been silent too often."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
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
        return parse(self.content)


class Client:
    """Sends requests to the server at `base_url`, each on a connection of its own.

    It asks again where the rate is limited, and asks no more where nothing answers.
    """

    def __init__(
        self, base_url: str, key: str, provider: str | None = None, timeout: float = 30
    ) -> None:
        self.key = key
        self._url = _split(base_url)
        self._timeout = timeout
        self._unanswered = 0  # in a row
        self._late = 0
        self._patience = _MOST_SECONDS_LIMITED
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

    def get(self, path: str) -> HttpResponse:
        """Return the answer to a GET; NoAnswerError without one."""
        return self.send("GET", path)

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str | None] | None = None,
        body: Body | None = None,
    ) -> HttpResponse:
        """Send a request to a path below the base URL; a header that is None is left out.

        `/_mock/…` is a path of the control API, beside the base URL. Raises NoAnswerError, and
        GoneError without asking when that has happened too often.
        """
        base = self._url.path
        target = (base.removesuffix("/v1") if path.startswith("/_mock") else base) + path
        meant = {**self.headers, **(headers or {})}
        sent = {name: text for name, text in meant.items() if text is not None}
        for _ in range(_MOST_TRIES):
            answer = self._asked(method, target, sent, body)
            if answer.status != 429 or not self._waits(_seconds_to_retry(answer)):
                break
        return answer

    def _waits(self, seconds: float) -> bool:
        """Wait if there is patience left for it, and tell."""
        if seconds > self._patience:
            return False
        self._patience -= seconds
        time.sleep(seconds)
        return True

    def _asked(
        self, method: str, target: str, headers: Mapping[str, str], body: Body | None
    ) -> HttpResponse:
        if _MOST_UNANSWERED in (self._unanswered, self._late):
            raise ServerSilentError(f"the server has left {_MOST_UNANSWERED} requests unanswered")
        try:
            answer = self._answer(method, target, headers, body)
        except (HTTPException, OSError) as error:
            self._unanswered += 1
            self._late += isinstance(error, TimeoutError)
            raise NoResponseError(self._why(error)) from None
        self._unanswered = 0
        return answer

    def _why(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return f"no answer within {self._timeout:g} seconds"
        if isinstance(error, socket.gaierror):
            return f"no host is called {self._url.hostname}"
        if isinstance(error, SSLCertVerificationError):
            why = error.verify_message
            return f"its certificate is not trusted ({why}): SSL_CERT_FILE can name another"
        if isinstance(error, SSLError):
            return f"TLS fails ({error.reason or error}): is it https?"
        if isinstance(error, HTTPException):
            what = str(error) or type(error).__name__
            return f"what comes back is not HTTP: {what!r:.99}"
        return getattr(error, "strerror", None) or str(error)

    def _answer(
        self, method: str, target: str, headers: Mapping[str, str], body: Body | None
    ) -> HttpResponse:
        kind = HTTPSConnection if self._url.scheme == "https" else HTTPConnection
        connection = kind(str(self._url.hostname), self._url.port, timeout=self._timeout)
        with contextlib.closing(connection), Deadline(self._timeout) as deadline:
            try:
                connection.connect()
                deadline.watch(connection.sock)
                connection.request(method, target, body, dict(headers))
                response = connection.getresponse()
                content = response.read(_MOST_BYTES)
                if response.length or len(content) == _MOST_BYTES:
                    raise OSError("the answer is cut off, or has more than 2 MiB")
                return HttpResponse(response.status, response.headers, content)
            finally:
                deadline.check()


def _seconds_to_retry(answer: HttpResponse) -> float:
    text = str(answer.headers.get("Retry-After", ""))
    return float(text) if text.isascii() and text.isdecimal() else 1.0


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
