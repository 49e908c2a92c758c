"""A response body that is cut short."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mockbatch.errors import api_error
from mockbatch.faults.exchange import Exchange
from mockbatch.faults.fault import Fault

if TYPE_CHECKING:
    from typing_extensions import Self


class Truncate(Fault, frozen=True):
    """Only so many bytes of the body are sent, and never the last one.

    The client can tell by a Content-Length or, when `chunked`, by the missing last chunk. It
    cannot when `silent`: the end of the connection is then the end of the body.
    """

    truncate_bytes: int
    silent: bool = False
    chunked: bool = False

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Self":
        """Return the fault; ApiError 400 for a body framed in two ways."""
        fault = cls(**document)
        if fault.silent and fault.chunked:
            reason = "a chunked body shows that it was cut, so it cannot be silent"
            raise api_error("invalid_value", param="fault.chunked", reason=reason)
        return fault

    @property
    def breaks_connection(self) -> bool:
        """Whether the client can tell; what is silently cut looks whole."""
        return not self.silent

    def apply(self, call: Exchange) -> Iterable[bytes]:
        """Send a part of the response."""
        answer = call.run()
        count = answer.truncated_length(self.truncate_bytes)
        if self.silent:
            return call.send_silent_part(answer, count)
        if self.chunked:
            answer.drop_header("Content-Length")
        return call.send_part(answer, count)


KIND = Truncate
