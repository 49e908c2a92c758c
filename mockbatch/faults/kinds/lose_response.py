"""A response that is lost on its way."""

from collections.abc import Iterable

from mockbatch.faults.connection import connection_aborted
from mockbatch.faults.exchange import Exchange
from mockbatch.faults.fault import Fault
from mockbatch.faults.request_record import RequestRecord


class LoseResponse(Fault, frozen=True):
    """The request takes effect, and the client gets no response."""

    lose_response: bool

    @property
    def breaks_connection(self) -> bool:
        """True: it closes instead of a response."""
        return True

    def apply(self, call: Exchange) -> Iterable[bytes]:
        """Run the request, and close the connection."""
        RequestRecord.of(call.environ).is_unanswered = True
        call.run().read()
        raise connection_aborted()


KIND = LoseResponse
