"""A response instead of the API's, which never sees the request."""

import http.client
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from msgspec import field

from mockbatch.errors import INVALID_REQUEST, ApiError, api_error
from mockbatch.faults.exchange import Exchange
from mockbatch.faults.fault import Fault
from mockbatch.faults.retry import with_default, with_retry_after
from mockbatch.jsonio import indent
from mockbatch.typing import Json

if TYPE_CHECKING:
    from typing_extensions import Self

_NAME = re.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile("[\t\x20-\x7e\x80-\xff]*")
_FRAMING = frozenset({"content-length", "transfer-encoding"})

# Messages that the service is known to send with a status.
_WORDINGS: Mapping[int, str] = {
    408: "injected_408",
    429: "injected_429",
    500: "injected_500",
    502: "injected_502",
    503: "injected_503",
    504: "injected_504",
}


class Status(Fault, frozen=True):
    """A status, with a body that is sent as text or else as JSON; None: the API's envelope.

    `error` is what the envelope says, in members of OpenAI's errors; other providers leave out
    those that they do not have.

    For statuses that clients retry, `retry_after_ms` defaults to 10; the SDK's own first pause
    is 500.
    """

    status: int
    retry_after_ms: float | None = None
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)
    error: Mapping[str, Json] | None = None

    @classmethod
    def of(cls, document: Mapping[str, Json]) -> "Self":
        """Return the fault; ApiError 400 for a header that cannot be sent, or two bodies."""
        for name, value in document.get("headers", {}).items():
            _check_header(name, value)
        if document.get("body") is not None and document.get("error") is not None:
            raise api_error("invalid_value", param="fault.error", reason="there is a body, too")
        return cls(**with_default(document, document["status"]))

    def apply(self, call: Exchange) -> Iterable[bytes]:
        """Send the response."""
        body, content_type = self._content(call)
        headers = {**call.api_headers(), "content-type": content_type}
        return call.answer(
            self.status, with_retry_after(headers, self.retry_after_ms, self.headers), body
        )

    def _content(self, call: Exchange) -> tuple[bytes, str]:
        if isinstance(self.body, str):
            return self.body.encode(errors="replace"), "text/plain; charset=utf-8"
        if self.error is not None:
            body = call.error_body(ApiError(self.status, **self.error))
        elif self.body is not None:
            body = self.body
        elif self.status < 400:
            return b"", "application/json"
        else:
            body = call.error_body(own_error(self.status))
        return indent(body).encode(), "application/json"


def own_error(status: int) -> ApiError:
    """Return the error that the API sends with a status."""
    if status in _WORDINGS:
        return api_error(_WORDINGS[status])
    kind = "server_error" if status >= 500 else INVALID_REQUEST
    phrase = http.client.responses.get(status, f"Status {status}")
    return ApiError(status, f"{phrase}.", kind)


def _check_header(name: str, value: str) -> None:
    param = f"fault.headers.{name[:100]}"
    if name.lower() in _FRAMING:
        raise api_error("invalid_value", param=param, reason="the server sets it from the body")
    if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
        raise api_error("invalid_value", param=param, reason="HTTP has no such header")


KIND = Status
