"""The way of a world's clock into the future, and what happens on it."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from operator import itemgetter

from mockbatch import events
from mockbatch.clock import WorldClock
from mockbatch.errors import api_error
from mockbatch.repository import Repository
from mockbatch.webhooks.dispatcher import WebhookDispatcher
from mockbatch.world import explain
from mockbatch.world.uploads import Uploads

Where = Callable[[float], float]

_at = itemgetter(0)


class Advance:
    """Moves the clock of a world forward, and returns what happens on the way.

    The clock stops at each instant at which a webhook is due, and goes on when its receiver
    has answered or was given up. Meanwhile the lock is free: a receiver may call back, and
    sees the instant of its event. Advances of several clients come one after the other.

    `include` names what shall count as an event beside status changes and webhooks.
    """

    def __init__(
        self,
        clock: WorldClock,
        repository: Repository,
        uploads: Uploads,
        dispatcher: WebhookDispatcher,
        *,
        is_nested: bool = False,
    ) -> None:
        self._clock = clock
        self._repository = repository
        self._uploads = uploads
        self._dispatcher = dispatcher
        self._is_nested = is_nested

    def nested(self) -> "Advance":
        """Return the way for a receiver, whose delivery would otherwise wait for itself."""
        repository, uploads, dispatcher = self._repository, self._uploads, self._dispatcher
        return Advance(self._clock, repository, uploads, dispatcher, is_nested=True)

    def next_event(self, now: float) -> events.WorldEvent | None:
        """Return the status change or webhook that comes next."""
        change = events.next_status_change(list(self._repository.batches.values()), now)
        return _first(change, self._dispatcher.coming())

    def to(self, instant: float, include: Iterable[str] = ()) -> list[events.EventTuple]:
        """Move the clock to an instant; ApiError 409 for one that is past."""

        def where(now: float) -> float:
            if instant < now:
                raise api_error("clock_is_past", now=f"{now:.17g}", to=f"{instant:.17g}")
            return instant

        return self._move(where, include)

    def by(self, seconds: float, include: Iterable[str] = ()) -> list[events.EventTuple]:
        """Move the clock by seconds; advances of several clients add up."""
        return self._move(lambda now: now + seconds, include)

    def to_next(self, include: Iterable[str] = ()) -> list[events.EventTuple]:
        """Move the clock to the next event; ApiError 409 when nothing is due."""

        def where(now: float) -> float:
            until = now + events.HORIZON
            following = self._events(now, until, include)[:1] if include else []
            event = _first(*map(events.WorldEvent._make, following), self.next_event(now))
            if event is None:
                raise api_error("nothing_due")
            return max(event.at, now)

        return self._move(where, include)

    def until(self, id: str, status: str, include: Iterable[str] = ()) -> list[events.EventTuple]:
        """Move the clock until a batch has taken on a status.

        Raises ApiError 409 when it never will; the clock then stands where the batch ended.
        """

        def where(now: float) -> float:
            batch = self._repository.batch(id)
            changes = batch.timeline.transitions
            planned = [change.at for change in changes if change.status == status]
            if not planned and batch.is_final(changes[-1].at):
                planned = [changes[-1].at]
            return max([now, *planned[:1]])

        happened = []
        while True:
            happened += self._move(where, include)
            batch, now = self._repository.batch(id), self._clock.now()
            if status in batch.timeline.reached(now):
                return happened
            # A receiver may have put it off.
            if status not in [change.status for change in batch.timeline.after(now)]:
                reason = explain.describe(batch, now)
                raise api_error("unreachable_status", id=id, status=status, reason=reason)

    def past(self, instant: float) -> None:
        """Move the clock to an instant unless it is past, and deliver nothing.

        For whoever must not wait for a receiver: what is due then is left to the alarm.
        """
        with self._clock.lock:
            now = self._clock.now()
            if now < instant:
                self._clock.move_to(instant)
                self._sweep(now)

    def until_visible(self, id: str) -> None:
        """Move the clock to where a batch can be found, if there is one that cannot yet."""
        batch = self._repository.batches.get(id)
        if batch is not None:
            self.past(batch.visible_at)

    def _move(self, where: Where, include: Iterable[str]) -> list[events.EventTuple]:
        """Move the clock to where it is to be, seen from now, and deliver on the way."""
        happened: list[events.EventTuple] = []
        with self._dispatcher.exclusive(is_nested=self._is_nested) as turn, self._clock.pause():
            with self._clock.lock:
                begun = self._clock.now()
                target = where(begun)
            changes = _Changes(self._repository, lambda after: self._events(after, target, include))
            while True:
                happened += turn.deliver()
                with self._clock.lock:
                    now, due = self._clock.now(), self._dispatcher.next_at()
                    at = max(min(due, target), now)
                    self._clock.move_to(at)
                    happened += changes.between(now, at)
                    if due > target:
                        self._sweep(begun)
                        return happened

    def _sweep(self, begun: float) -> None:
        # What expires on the way is still told of: files are looked up to tell it.
        self._repository.sweep(begun)
        self._uploads.sweep(self._clock.now())

    def _events(
        self, after: float, until: float, include: Iterable[str]
    ) -> list[events.EventTuple]:
        repository = self._repository
        files = repository.files(until) if events.EXPIRY in include else []
        uploads = [upload for upload in self._uploads.all() if upload.ended is None]
        batches = list(repository.batches.values())
        return events.events_between(batches, files, after, until, include, uploads)


def _first(*coming: events.WorldEvent | None) -> events.WorldEvent | None:
    return min((event for event in coming if event is not None), key=_at, default=None)


class _Changes:
    """What happens on the way to an instant, looked up again when a command has changed it."""

    def __init__(
        self, repository: Repository, look_up: Callable[[float], list[events.EventTuple]]
    ) -> None:
        self._repository = repository
        self._look_up = look_up
        self._version = -1
        self._found: list[events.EventTuple] = []

    def between(self, after: float, until: float) -> list[events.EventTuple]:
        """Return what happens with `after < at <= until`."""
        if self._version != self._repository.version:
            self._version = self._repository.version
            self._found = self._look_up(after)
        start, stop = (bisect_right(self._found, at, key=_at) for at in (after, until))
        return self._found[start:stop]
