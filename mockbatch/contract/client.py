"""Sends a case's requests: one response for each, and never to another host.

Redirects are returned like any other response, because following one would send the key along.
"""

import re
import socket
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ssl import SSLCertVerificationError, SSLError
from urllib.parse import SplitResult, urlsplit

from mockbatch.contract.errors import CannotCheckError, NoResponseError, ServerSilentError
from mockbatch.http_client import Body, HttpResponse, exchange

_MAX_BYTES = 8 << 20
# The limit of requests in a row without a response, and of requests that timed out in all.
_MAX_UNANSWERED = 5
# The limit of waiting because of 429s, in a whole run.
_MAX_RATE_LIMIT_SECONDS = 120.0
_MAX_TRIES = 3

# What the base URLs of the APIs that mockbatch serves end with.
_API_PATH = re.compile("(/groq)?(/openai)?/v1$")


def _own_headers(key: str, provider: str | None) -> dict[str, str]:
    """Return the headers with which a client of a provider sends its key.

    `openai` is a provider of Portkey's gateway.
    """
    if provider == "azure":
        return {"api-key": key}
    if provider == "anthropic":
        return {"x-api-key": key, "anthropic-version": "2023-06-01"}
    headers = {"Authorization": f"Bearer {key}"}
    if provider == "groq":
        headers["User-Agent"] = "Groq/contract"
    elif provider:
        headers["x-portkey-provider"] = provider
    return headers


class Client:
    """Sends requests to the server at `base_url`, each on a connection of its own.

    A request that meets a rate limit is sent again; after too many requests without a response
    no more are sent.
    """

    def __init__(
        self, base_url: str, key: str, provider: str | None = None, timeout_seconds: float = 30
    ) -> None:
        self.key = key
        self._url = _parse_base_url(base_url)
        self._timeout_seconds = timeout_seconds
        self._unanswered_in_a_row = 0
        self._timed_out = 0
        self._rate_limit_seconds_left = _MAX_RATE_LIMIT_SECONDS
        self.headers = _own_headers(key, provider)
        if not all(text.isascii() and text.isprintable() for text in self.headers.values()):
            # Checked here because the message of http.client would contain the key.
            raise CannotCheckError("the key has characters that an HTTP header cannot contain")

    @property
    def is_local(self) -> bool:
        """True if the server is on this machine."""
        return self._url.hostname in ("localhost", "127.0.0.1", "::1")

    def get(self, path: str) -> HttpResponse:
        """Return the response to a GET; raise NoResponseError if there is none."""
        return self.send("GET", path)

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str | None] | None = None,
        body: Body | None = None,
    ) -> HttpResponse:
        """Send a request to a path below the base URL; a header whose value is None is left out.

        `/_mock/…` is a path of the control API, which is beside the base URL's `/v1`. Raises
        NoResponseError, or ServerSilentError without sending the request.
        """
        base = self._url.path
        target = (_API_PATH.sub("", base) if path.startswith("/_mock") else base) + path
        merged = {**self.headers, **(headers or {})}
        to_send = {name: text for name, text in merged.items() if text is not None}
        for _ in range(_MAX_TRIES):
            response = self._send_once(method, target, to_send, body)
            if response.status != 429 or not self._wait_to_retry(response):
                break
        return response

    def _wait_to_retry(self, response: HttpResponse) -> bool:
        """Wait as long as a 429 asks for; False, without waiting, if the run's limit is used up."""
        seconds = _retry_after_seconds(response)
        if seconds > self._rate_limit_seconds_left:
            return False
        self._rate_limit_seconds_left -= seconds
        time.sleep(seconds)
        return True

    def _send_once(
        self, method: str, target: str, headers: Mapping[str, str], body: Body | None
    ) -> HttpResponse:
        if _MAX_UNANSWERED in (self._unanswered_in_a_row, self._timed_out):
            raise ServerSilentError(f"the server has not answered {_MAX_UNANSWERED} requests")
        try:
            response = self._exchange(method, target, headers, body)
        except (HTTPException, OSError) as error:
            self._unanswered_in_a_row += 1
            self._timed_out += isinstance(error, TimeoutError)
            raise NoResponseError(self._describe(error)) from None
        self._unanswered_in_a_row = 0
        return response

    def _exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: Body | None
    ) -> HttpResponse:
        connect = HTTPSConnection if self._url.scheme == "https" else HTTPConnection
        seconds = self._timeout_seconds
        response = exchange(
            connect(str(self._url.hostname), self._url.port, timeout=seconds),
            method,
            target,
            headers,
            body,
            timeout_seconds=seconds,
            max_bytes=_MAX_BYTES,
        )
        if response.is_truncated:
            raise OSError("the response is cut off, or larger than 8 MiB")
        return response

    def _describe(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return f"no response within {self._timeout_seconds:g} seconds"
        if isinstance(error, socket.gaierror):
            return f"unknown host {self._url.hostname}"
        if isinstance(error, SSLCertVerificationError):
            reason = error.verify_message
            return f"its certificate is not trusted ({reason}); SSL_CERT_FILE can name a CA file"
        if isinstance(error, SSLError):
            return f"TLS failed ({error.reason or error}): does the server use https?"
        if isinstance(error, HTTPException):
            detail = str(error) or type(error).__name__
            return f"the response is not HTTP: {detail!r:.99}"
        return getattr(error, "strerror", None) or str(error)


def _retry_after_seconds(response: HttpResponse) -> float:
    text = str(response.headers.get("Retry-After", ""))
    return float(text) if text.isascii() and text.isdecimal() else 1.0


def _parse_base_url(base_url: str) -> SplitResult:
    if not base_url.isascii() or not base_url.isprintable() or " " in base_url:
        raise _invalid_base_url(base_url, "it has characters that a URL cannot contain")
    try:
        url = urlsplit(base_url.rstrip("/"))
        port = url.port
    except ValueError as error:
        raise _invalid_base_url(base_url, str(error)) from None
    if url.scheme not in ("http", "https") or not url.hostname:
        raise _invalid_base_url(base_url, "use one like https://api.openai.com/v1")
    if url.query or url.fragment or url.username:
        raise _invalid_base_url(base_url, "only a host, a port and a path are allowed")
    if port == 0:
        raise _invalid_base_url(base_url, "there is no port 0")
    return url


def _invalid_base_url(base_url: str, reason: str) -> CannotCheckError:
    return CannotCheckError(f"invalid base URL {base_url!r}: {reason}")
