"""A response that is delayed."""

from collections.abc import Iterable

from mockbatch.faults.exchange import Exchange
from mockbatch.faults.fault import Fault


class Delay(Fault, frozen=True):
    """The request takes effect at once, and its response is delayed in real time.

    As with a real read timeout, the request takes effect although the client has given up: a
    client that retries has then sent it twice.
    """

    delay_ms: float

    def apply(self, call: Exchange) -> Iterable[bytes]:
        """Delay the response."""
        answer = call.run()
        try:
            call.wait(self.delay_ms / 1000)
        except BaseException:
            answer.close()
            raise
        return call.send(answer)


KIND = Delay
