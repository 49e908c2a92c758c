"""A connection that ends too early."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mockbatch.errors import api_error
from mockbatch.faults.exchange import Exchange
from mockbatch.faults.fault import Fault

if TYPE_CHECKING:
    from typing_extensions import Self


class Disconnect(Fault, frozen=True):
    """`before_headers`: instead of any response, and the API never sees the request.

    `mid_body`: after `after_bytes` of the body, half of it by default. `reset`: by a TCP
    reset; after `after_bytes`, or without them instead of any response.
    """

    disconnect: str
    after_bytes: int | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Self":
        """Return the fault; ApiError 400 for bytes before the headers."""
        if document["disconnect"] == "before_headers" and "after_bytes" in document:
            reason = "no bytes come before the headers"
            raise api_error("invalid_value", param="fault.after_bytes", reason=reason)
        return cls(**document)

    @property
    def breaks_connection(self) -> bool:
        """True: that is all it does."""
        return True

    def apply(self, call: Exchange) -> Iterable[bytes]:
        """Send a part of the response, or none of it."""
        reset = self.disconnect == "reset"
        if self.disconnect == "mid_body" or self.after_bytes is not None:
            answer = call.run()
            count = answer.half_length() if self.after_bytes is None else self.after_bytes
            return call.send_part(answer, answer.truncated_length(count), reset=reset)
        return call.hang_up(reset=reset)


KIND = Disconnect
