"""Sends the webhooks that are due: one thread at a time in a world, and never under its lock.

An advance, a command of the control API and the timer's request may all want to deliver at the
same time. One of them does, until nothing more is due. It has the lock of the world only while
it removes the next delivery from the outbox and while it records the attempt, not while it
calls the receiver, which may use the same world meanwhile.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from threading import Condition
from typing import Protocol

from mockbatch import clock
from mockbatch.clock import WorldClock
from mockbatch.errors import ApiError
from mockbatch.events import WorldEvent
from mockbatch.strings.redaction import redact
from mockbatch.webhooks.delivery import Attempt, AttemptResult, DueDelivery
from mockbatch.webhooks.outbox import Outbox
from mockbatch.webhooks.sender import post

log = logging.getLogger(__name__)

#: A receiver that has timed out this often in one run is not called again in that run.
MAX_TIMEOUTS = 3
#: How much of a receiver's URL is logged.
MAX_URL_CHARACTERS = 1000


class Turn(Protocol):
    """What one process at a time has to deliver the webhooks of a world."""

    def acquire(self) -> None:
        """Wait until no other process has it."""

    def try_acquire(self) -> bool:
        """Take it if no other process has it, and return whether that succeeded."""

    def release(self) -> None:
        """Let other processes have it, if this one has it."""


class StatusLog(Protocol):
    """Logs what happened before an attempt, and has the name of the world in the log."""

    world_name: str

    def log_changes(self) -> None:
        """Log the status changes up to now."""


class WebhookDispatcher:
    """Delivers what is due in one world."""

    def __init__(
        self,
        clock: WorldClock,
        outbox: Outbox,
        timeout_seconds: float,
        status_log: StatusLog | None = None,
    ) -> None:
        self._clock = clock
        self._outbox = outbox
        self._new_run = partial(DeliveryRun, clock, outbox, timeout_seconds, status_log)
        self._idle = Condition(clock.reading)
        self._is_busy = False
        #: What a thread also needs where several processes deliver for one world.
        self.turn: Turn | None = None

    @property
    def is_busy(self) -> bool:
        """Whether some thread is delivering; it will also deliver what becomes due meanwhile."""
        return self._is_busy

    def next_at(self) -> float:
        """Return when the next delivery is due, infinity for never."""
        return self._outbox.next_at()

    def next_attempt(self) -> WorldEvent | None:
        """Return the next attempt, if its batch has ended by now."""
        with self._clock.lock:
            return self._outbox.next_attempt(self._clock.now())

    def deliver_due(self) -> None:
        """Deliver what is due now, unless another thread is doing so."""
        while self._try_start():
            try:
                self._new_run().deliver_due()
            finally:
                self._finish()
            self._catch_up()

    @contextmanager
    def exclusive(self, *, is_nested: bool = False) -> Iterator["DeliveryRun"]:
        """Wait until no other thread delivers, and yield a run that delivers alone.

        What becomes due at the very end is delivered, too. With `is_nested` it does not wait: the
        caller runs inside a receiver, whose delivery cannot finish before the caller returns.
        """
        if is_nested:
            yield self._new_run()
            return
        self._begin_alone()
        try:
            yield self._new_run()
        except BaseException:
            # If the store fails, it fails here once more; the first error says what happened.
            with suppress(ApiError):
                self._end_alone()
            raise
        self._end_alone()

    def send(self, due: DueDelivery, at: int) -> Attempt:
        """Call a receiver at a second of simulated time, even if another thread is delivering."""
        return self._new_run().send(due, at)

    def _begin_alone(self) -> None:
        """Wait until neither another thread nor another process delivers, and begin."""
        with self._idle:
            while self._is_busy:
                self._idle.wait()
            self._is_busy = True
        try:
            if self.turn is not None:
                self.turn.acquire()
        except BaseException:
            self._end()
            raise

    def _end_alone(self) -> None:
        self._finish()
        self._catch_up()
        self.deliver_due()

    def _try_start(self) -> bool:
        with self._clock.reading:
            if self._is_busy or not self._has_work():
                return False
            # If another process has it, that one looks again after its last delivery.
            if self.turn is not None and not self.turn.try_acquire():
                return False
            self._is_busy = True
            return True

    def _catch_up(self) -> None:
        """Read what processes have changed that did not get the turn because this one had it."""
        if self.turn is not None:
            with self._clock.lock:  # which reads what has changed
                pass

    def _has_work(self) -> bool:
        if self._outbox.next_at() <= self._clock.now():
            return True
        # While no process has the turn, a delivery under way is one that was lost.
        return self.turn is not None and self._outbox.is_under_way

    def _finish(self) -> None:
        try:
            if self.turn is not None:
                self.turn.release()
        finally:
            self._end()

    def _end(self) -> None:
        with self._idle:
            self._is_busy = False
            self._idle.notify_all()


class DeliveryRun:
    """The attempts of one advance, or of one check for what is due, one after the other."""

    def __init__(
        self,
        clock: WorldClock,
        outbox: Outbox,
        timeout_seconds: float,
        status_log: StatusLog | None = None,
    ) -> None:
        self._status_log = status_log
        self._clock = clock
        self._outbox = outbox
        self._timeout_seconds = timeout_seconds
        self._timeouts: Counter[str] = Counter()  # by id of the endpoint

    def deliver_due(self) -> list[WorldEvent]:
        """Deliver what is due by now in order of time, and return the attempts as events."""
        events = []
        while (due := self._pop_due()) is not None:
            attempt = self._attempt(due, due.delivery.next_at or 0)
            # A command, so that the world's clock cannot return to before this attempt, even if
            # the clock of the process is set back.
            with self._clock.command():
                self._outbox.record_attempt(due, attempt)
            events.append(attempt.as_event(due.delivery.id))
            self._log(due, attempt)
        return events

    def send(self, due: DueDelivery, at: int) -> Attempt:
        """Call a receiver at a second of simulated time, and return the attempt."""
        wall = clock.wall_time()
        headers = due.headers(at, wall)
        body, target = due.delivery.event.body(), due.endpoint.target
        result = post(target, headers, body, self._timeout_seconds)
        self._timeouts[due.endpoint.id] += result.has_timed_out
        return Attempt(at, result, wall, headers)

    def _log(self, due: DueDelivery, attempt: Attempt) -> None:
        if self._status_log is not None and log.isEnabledFor(logging.INFO):
            self._status_log.log_changes()
            fields = {
                **attempt.as_event(due.delivery.id).as_json(),
                "event": due.delivery.event.type,
                "url": redact(due.delivery.url, MAX_URL_CHARACTERS),
                "status": attempt.result.status_code,
                "error": attempt.result.error,
                "world": self._status_log.world_name,
            }
            log.info("%(type)s %(event)s to %(url)s", fields, extra={"fields": fields})

    def _pop_due(self) -> DueDelivery | None:
        with self._clock.lock:
            return self._outbox.pop_due(self._clock.now())

    def _attempt(self, due: DueDelivery, at: int) -> Attempt:
        """Make an attempt, without a request if its result is known beforehand."""
        delivery, endpoint = due
        if len(delivery.attempts) < delivery.distortion.failures:
            error = f"not sent: scenario {delivery.scenario} lets this attempt fail"
            return Attempt(at, AttemptResult(error=error))
        if self._timeouts[endpoint.id] >= MAX_TIMEOUTS:
            error = f"not sent: the receiver has timed out {MAX_TIMEOUTS} times"
            return Attempt(at, AttemptResult(error=error))
        return self.send(due, at)
