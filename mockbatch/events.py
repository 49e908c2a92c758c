"""What happens in a world, in the order in which it happens."""

from collections.abc import Iterable
from operator import itemgetter
from typing import Any, NamedTuple

from mockbatch.batch.batch import Batch
from mockbatch.batch.timeline import STATUSES
from mockbatch.files.file import File
from mockbatch.files.upload import Upload

# The types of status changes.
STATUS_EVENT_TYPES = {status: f"batch.{status}" for status in STATUSES}
EXPIRY = "expiry"
PROGRESS = "progress"
# Far enough for whatever expires: files live 30 days after the last batch has ended.
HORIZON = 40 * 24 * 3600


class WorldEvent(NamedTuple):
    """Something that happens to the object `id` at a whole second of simulated time.

    `type` is `batch.` and the status taken on, or of an attempt to deliver a webhook
    `webhook.delivered`, `webhook.failed`, and `webhook.attempt` as long as it is to come;
    where asked for also `batch.progress`, `file.expired` and `upload.expired`.
    """

    at: int
    type: str
    id: str

    def as_json(self) -> dict[str, Any]:
        """Return the event, JSON-ready."""
        return self._asdict()


# An event as a plain tuple. An advance may bring ten thousands, of which few are ever shown:
# a third of its time would go into Event's own constructor.
EventTuple = tuple[int, str, str]


def events_between(
    batches: Iterable[Batch],
    files: Iterable[File],
    after: float,
    until: float,
    include: Iterable[str] = (),
    uploads: Iterable[Upload] = (),
) -> list[EventTuple]:
    """Return the events with `after < at <= until`, in order of time, then of creation.

    `uploads` are those that nobody has ended.
    """
    batches = list(batches)
    events = [
        (at, STATUS_EVENT_TYPES[status], batch.id)
        for batch in batches
        for at, status in batch.timeline.transitions
        if after < at <= until
    ]
    if PROGRESS in include:
        events += [
            (at, "batch.progress", batch.id)
            for batch in batches
            for at in batch.timeline.progress_instants(after, until)
        ]
    if EXPIRY in include:
        gone = [("file.expired", file.expires_at, file.id) for file in files]
        gone += [("upload.expired", upload.expires_at, upload.id) for upload in uploads]
        events += [
            (at, kind, id) for kind, at, id in gone if at is not None and after < at <= until
        ]
    # Sorting is stable: what falls on one second stays in order of creation and of status.
    events.sort(key=itemgetter(0))
    return events


def next_status_change(batches: Iterable[Batch], now: float) -> WorldEvent | None:
    """Return the next status change of all, None when nothing is due."""
    events = (
        WorldEvent(change.at, STATUS_EVENT_TYPES[change.status], batch.id)
        for batch in batches
        for change in batch.timeline.after(now)[:1]
    )
    return min(events, key=lambda event: event.at, default=None)
