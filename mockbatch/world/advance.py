"""Moves a world's clock forward, and reports what happens on the way."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import NamedTuple

from mockbatch import events
from mockbatch.clock import END, WorldClock
from mockbatch.errors import api_error
from mockbatch.events import EventTuple, WorldEvent
from mockbatch.repository import Repository
from mockbatch.webhooks.dispatcher import WebhookDispatcher
from mockbatch.world import explain
from mockbatch.world.expiry import Expiry
from mockbatch.world.upcoming import Upcoming
from mockbatch.world.uploads import Uploads

#: Returns the instant to move to, computed from the present one when the advance begins.
Destination = Callable[[float], float]

#: How many events an advance lists; it only counts the others.
MAX_EVENTS = 100

_at = itemgetter(0)


class Advanced(NamedTuple):
    """Where an advance has moved the clock to, what happened on the way first, and how much."""

    now: float
    events: list[WorldEvent]
    event_count: int


class Advance:
    """Moves the clock of a world forward, and returns the events on the way.

    The clock stops at each instant at which a webhook is due, and continues when the receiver
    has responded or has been given up. Meanwhile the world's lock is free: a receiver may use
    the world, whose clock then stands at the instant of the event. Advances of several
    clients run one after the other.

    `include` names what counts as an event besides status changes and webhooks: `expiry`,
    `progress`.
    """

    def __init__(
        self,
        clock: WorldClock,
        repository: Repository,
        uploads: Uploads,
        dispatcher: WebhookDispatcher,
        upcoming: Upcoming,
        *,
        is_nested: bool = False,
    ) -> None:
        self._clock = clock
        self._repository = repository
        self._uploads = uploads
        self._expiry = Expiry(clock, repository, uploads)
        self._dispatcher = dispatcher
        self._upcoming = upcoming
        self._is_nested = is_nested

    def nested(self) -> "Advance":
        """Return an advance for a caller that a receiver waits for.

        It does not wait for the delivery to that receiver, which cannot finish until it returns.
        """
        return type(self)(
            self._clock,
            self._repository,
            self._uploads,
            self._dispatcher,
            self._upcoming,
            is_nested=True,
        )

    def next_event(self) -> WorldEvent | None:
        """Return the next status change or webhook attempt, None if nothing is due."""
        return _first(self._upcoming.next_change(), self._dispatcher.next_attempt())

    def to(self, instant: float, include: Iterable[str] = ()) -> Advanced:
        """Move the clock to an instant; ApiError 409 if that is in the past."""

        def destination(now: float) -> float:
            if instant < now:
                raise api_error("clock_is_past", now=f"{now:.17g}", to=f"{instant:.17g}")
            return instant

        return self._move(destination, include, param="to")

    def by(self, seconds: float, include: Iterable[str] = ()) -> Advanced:
        """Move the clock by seconds; simultaneous advances add up."""
        return self._move(lambda now: now + seconds, include, param="seconds")

    def to_next(self, include: Iterable[str] = ()) -> Advanced:
        """Move the clock to the next event; ApiError 409 if nothing is due."""

        def destination(now: float) -> float:
            until = now + events.HORIZON_SECONDS
            first = self._requested_events(now, until, include)[:1]
            event = _first(*map(WorldEvent._make, first), self.next_event())
            if event is None:
                raise api_error("nothing_due")
            # A webhook may be overdue. The clock does not go back to it.
            return event.at

        return self._move(destination, include, param="next_event")

    def until(self, id: str, status: str, include: Iterable[str] = ()) -> Advanced:
        """Move the clock until a batch has reached a status, by OpenAI's or its provider's name.

        Raises ApiError 409 if it never does; the clock is then where the batch ended.
        """

        def destination(now: float) -> float:
            batch = self._repository.batch(id)
            changes = batch.timeline.transitions
            planned = [change.at for change in changes if batch.is_called(change.status, status)]
            if not planned and batch.is_final(changes[-1].at):
                planned = [changes[-1].at]
            return max([now, *planned[:1]])

        happened = _Events()
        while True:
            now, listed, count = self._move(destination, include, param="status")
            happened.add(listed, count)
            batch = self._repository.batch(id)
            if any(batch.is_called(one, status) for one in batch.timeline.reached(now)):
                return Advanced(now, happened.first, happened.count)
            # A receiver may have postponed the status, and the next iteration moves on to it.
            coming = batch.timeline.after(now)
            if not any(batch.is_called(change.status, status) for change in coming):
                reason = explain.describe(batch, now)
                raise api_error("unreachable_status", id=id, status=status, reason=reason)

    def fast_forward(self, instant: float) -> None:
        """Move the clock to an instant, unless that is in the past, without delivering anything.

        For callers that must not wait for a receiver. The timer delivers what is then due.
        """
        with self._clock.planning, self._clock.lock:
            now = self._clock.now()
            if now < instant < END:
                self._clock.move_to(instant)
                self._expiry.release()

    def fast_forward_until_visible(self, id: str) -> None:
        """Move the clock to where a batch can be retrieved, if there is such a batch."""
        batch = self._repository.batches.get(id)
        if batch is not None:
            self.fast_forward(batch.visible_at)

    def _move(self, destination: Destination, include: Iterable[str], param: str) -> Advanced:
        """Move the clock to its destination, and deliver what is due on the way.

        `param` is the parameter of the ApiError 400 for a destination after the end of time.
        """
        happened = _Events()
        with self._dispatcher.exclusive(is_nested=self._is_nested) as run, self._clock.pause():
            with self._clock.planning, self._clock.lock:
                start = self._clock.now()
                target = destination(start)
                if not target < END:
                    reason = "the clock cannot go beyond 2106"
                    raise api_error("invalid_value", param=param, reason=reason)
            requested = _RequestedEvents(
                self._repository, lambda after: self._requested_events(after, target, include)
            )
            while True:
                attempts = run.deliver_due()
                happened.add(attempts, len(attempts))
                with self._clock.planning, self._clock.lock:
                    now, due_at = self._clock.now(), self._dispatcher.next_at()
                    stop = max(min(due_at, target), now)
                    self._clock.move_to(stop)
                    also = requested.between(now, stop)
                    changes = self._upcoming.changes(now, stop)
                    count = self._upcoming.count_changes(now, stop) + len(also)
                    happened.add(merge(changes, also, key=_at), count)
                    if due_at > target:
                        self._expiry.release()
                        return Advanced(stop, happened.first, happened.count)

    def _requested_events(
        self, after: float, until: float, include: Iterable[str]
    ) -> list[EventTuple]:
        if not include:
            return []
        repository = self._repository
        files = repository.files(until) if events.EXPIRY in include else []
        uploads = [upload for upload in self._uploads.all() if upload.ended is None]
        batches = list(repository.batches.values())
        return events.requested_events(batches, files, uploads, after, until, include)


class _Events:
    """The first events of an advance, and how many there are."""

    def __init__(self) -> None:
        self.first: list[WorldEvent] = []
        self.count = 0

    def add(self, events: Iterable[EventTuple], count: int) -> None:
        """Add as many events, and keep those that an advance lists."""
        listed = islice(events, MAX_EVENTS - len(self.first))
        self.first += map(WorldEvent._make, listed)
        self.count += count


class _RequestedEvents:
    """The requested events up to the target, recomputed when the repository changes."""

    def __init__(
        self, repository: Repository, look_up: Callable[[float], list[EventTuple]]
    ) -> None:
        self._repository = repository
        self._look_up = look_up
        self._version = -1
        self._events: list[EventTuple] = []

    def between(self, after: float, until: float) -> list[EventTuple]:
        """Return the events with `after < at <= until`."""
        if self._version != self._repository.version:
            self._version = self._repository.version
            self._events = self._look_up(after)
        start, stop = (bisect_right(self._events, at, key=_at) for at in (after, until))
        return self._events[start:stop]


def _first(*upcoming: WorldEvent | None) -> WorldEvent | None:
    return min((event for event in upcoming if event is not None), key=_at, default=None)
