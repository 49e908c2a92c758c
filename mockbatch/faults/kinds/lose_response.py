"""An answer that is lost on its way."""

from collections.abc import Iterable
from dataclasses import dataclass

from mockbatch.faults.connection import connection_aborted
from mockbatch.faults.exchange import Exchange
from mockbatch.faults.fault import Fault
from mockbatch.faults.request_record import RequestRecord


@dataclass(frozen=True, slots=True)
class LoseResponse(Fault):
    """The request takes effect, and its client never hears of it."""

    lose_response: bool

    def apply(self, call: Exchange) -> Iterable[bytes]:
        """Let the app answer, and hang up."""
        call.require_connection()
        RequestRecord.of(call.environ).is_unanswered = True
        call.run().read()
        raise connection_aborted()


KIND = LoseResponse
