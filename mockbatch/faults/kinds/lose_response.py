"""An answer that is lost on its way."""

from collections.abc import Iterable
from dataclasses import dataclass

from mockbatch.faults.connection import hung_up
from mockbatch.faults.exchange import UNANSWERED, Call
from mockbatch.faults.fault import Fault


@dataclass(frozen=True, slots=True)
class LoseResponse(Fault):
    """The request takes effect, and its client never hears of it."""

    lose_response: bool

    def around(self, call: Call) -> Iterable[bytes]:
        """Let the app answer, and hang up."""
        call.require_connection()
        call.environ[UNANSWERED] = True
        call.run().read()
        raise hung_up()


KIND = LoseResponse
