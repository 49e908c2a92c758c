"""The way of a world's clock into the future, and what happens on it."""

from collections.abc import Iterable

from mockbatch import events, explain
from mockbatch.errors import api_error
from mockbatch.holdings import Holdings
from mockbatch.timekeeper import Timekeeper
from mockbatch.uploads import Uploads


class Advance:
    """Moves the clock of a world forward, and returns what happens on the way.

    `include` names what shall count as an event beside status changes.
    """

    def __init__(self, time: Timekeeper, held: Holdings, uploads: Uploads) -> None:
        self._time = time
        self._held = held
        self._uploads = uploads

    def next_event(self, now: float) -> events.Event | None:
        """Return the status change that comes next."""
        return events.coming(list(self._held.batches.values()), now)

    def to(self, instant: float, include: Iterable[str] = ()) -> list[events.Event]:
        """Move the clock to an instant; ApiError 409 for one that is past."""
        with self._time.lock:
            now = self._time.now()
            if instant < now:
                raise api_error("clock_is_past", now=f"{now:.17g}", to=f"{instant:.17g}")
            self._time.move_to(instant)
            self._held.sweep(now)
            self._uploads.sweep(instant)
            return self._events(now, instant, include)

    def by(self, seconds: float, include: Iterable[str] = ()) -> list[events.Event]:
        """Move the clock by seconds; advances of several clients add up."""
        with self._time.lock:
            return self.to(self._time.now() + seconds, include)

    def to_next(self, include: Iterable[str] = ()) -> list[events.Event]:
        """Move the clock to the next event; ApiError 409 when nothing is due."""
        with self._time.lock:
            now = self._time.now()
            following = self._events(now, now + events.HORIZON, include)[:1] if include else []
            event = following[0] if following else self.next_event(now)
            if event is None:
                raise api_error("nothing_due")
            return self.to(event.at, include)

    def until(self, id: str, status: str, include: Iterable[str] = ()) -> list[events.Event]:
        """Move the clock until a batch has taken on a status.

        Raises ApiError 409 when it never will; the clock then stands where the batch ended.
        """
        with self._time.lock:
            batch, now = self._held.batch(id), self._time.now()
            instants = [
                change.at for change in batch.timeline.transitions if change.status == status
            ]
            if instants:
                return self.to(max(instants[0], now), include)
            end = batch.timeline.end
            if batch.is_final(end.at):
                self.to(max(end.at, now))
            why = explain.sentence(batch, self._time.now())
            raise api_error("unreachable_status", id=id, wanted=status, why=why)

    def until_visible(self, id: str) -> None:
        """Move the clock to where a batch can be found, if there is one that cannot yet."""
        with self._time.lock:
            batch = self._held.batches.get(id)
            if batch is not None and self._time.now() < batch.visible_at:
                self.to(batch.visible_at)

    def _events(self, after: float, until: float, include: Iterable[str]) -> list[events.Event]:
        held = self._held
        files = held.files(until) if events.EXPIRY in include else []
        uploads = [upload for upload in self._uploads.all() if upload.ended is None]
        batches = list(held.batches.values())
        return events.between(batches, files, after, until, include, uploads)
