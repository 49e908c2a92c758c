"""Who delivers: one at a time in a world, and never under its lock.

Several may want it at once: an advance on its way, a command, the alarm. One takes its turn,
and goes on until nothing is due any more; the lock is held only to look up what is next and
to write down what came of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from mockbatch.clock import WorldClock
from mockbatch.events import WorldEvent
from mockbatch.webhooks.outbox import Outbox
from mockbatch.webhooks.round import DeliveryRun


class WebhookDispatcher:
    """Delivers what is due in one world."""

    def __init__(self, clock: WorldClock, outbox: Outbox, timeout: float) -> None:
        self._clock = clock
        self._outbox = outbox
        self._timeout = timeout
        self._free = Condition(clock.lock)
        self._is_busy = False

    @property
    def is_busy(self) -> bool:
        """Whether somebody delivers, who will also deliver what falls due meanwhile."""
        return self._is_busy

    def next_at(self) -> float:
        """Return when something is to be delivered, infinity for never."""
        return self._outbox.next_at()

    def coming(self) -> WorldEvent | None:
        """Return the attempt that comes next, if its batch has ended by now."""
        with self._clock.lock:
            return self._outbox.coming(self._clock.now())

    @contextmanager
    def exclusive(self, *, is_nested: bool = False) -> Iterator[DeliveryRun]:
        """Wait until nobody else delivers, and then be who does.

        Whoever is `nested` in a delivery of somebody else waits for nobody.
        """
        if is_nested:
            yield self.round()
            return
        with self._free:
            while self._is_busy:
                self._free.wait()
            self._is_busy = True
        try:
            yield self.round()
        finally:
            self._end()
            self.deliver_due()

    def deliver_due(self) -> None:
        """Deliver what is due now, unless somebody else does."""
        while self._begin():
            try:
                self.round().deliver()
            finally:
                self._end()

    def round(self) -> DeliveryRun:
        """Return a round for whoever delivers, or has been called by a receiver meanwhile."""
        return DeliveryRun(self._clock, self._outbox, self._timeout)

    def _begin(self) -> bool:
        with self._clock.lock:
            if self._is_busy or self._outbox.next_at() > self._clock.now():
                return False
            self._is_busy = True
            return True

    def _end(self) -> None:
        with self._free:
            self._is_busy = False
            self._free.notify_all()
