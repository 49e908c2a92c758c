"""What happens in a world, in order of time."""

from collections.abc import Iterable
from operator import itemgetter
from typing import NamedTuple

from mockbatch.batch.batch import Batch
from mockbatch.batch.timeline import STATUSES
from mockbatch.files.file import File
from mockbatch.files.upload import Upload
from mockbatch.typing import Json

#: The type of the event by which a batch reaches a status.
STATUS_EVENT_TYPES = {status: f"batch.{status}" for status in STATUSES}
EXPIRY = "expiry"
PROGRESS = "progress"
#: Nothing happens later than this after a world's last event: files live 30 days.
HORIZON_SECONDS = 40 * 24 * 3600


class WorldEvent(NamedTuple):
    """Something that happens to the object `id` at a second of simulated time.

    `type` is `batch.` and the status that a batch reaches. An attempt to deliver a webhook is
    `webhook.delivered` or `webhook.failed`, and `webhook.attempt` before it is made. On request
    there are also `batch.progress`, `file.expired` and `upload.expired`.
    """

    at: int
    type: str
    id: str

    def as_json(self) -> dict[str, Json]:
        """Return the event, JSON-ready."""
        return self._asdict()


#: A WorldEvent as a tuple. An advance may report ten thousand events and show a hundred: the
#: constructor of WorldEvent would take a third of its time.
EventTuple = tuple[int, str, str]


def requested_events(
    batches: Iterable[Batch],
    files: Iterable[File],
    uploads: Iterable[Upload],
    after: float,
    until: float,
    include: Iterable[str],
) -> list[EventTuple]:
    """Return the events of the types in `include` with `after < at <= until`, in order of time.

    `uploads` are the uploads that no client has completed or cancelled.
    """
    events: list[EventTuple] = []
    if PROGRESS in include:
        events += [
            (at, "batch.progress", batch.id)
            for batch in batches
            for at in batch.timeline.progress_instants(after, until)
        ]
    if EXPIRY in include:
        expiries = [("file.expired", file.expires_at, file.id) for file in files]
        expiries += [("upload.expired", upload.expires_at, upload.id) for upload in uploads]
        events += [
            (at, event_type, id)
            for event_type, at, id in expiries
            if at is not None and after < at <= until
        ]
    # Sorting is stable: events of one second stay in order of creation.
    events.sort(key=itemgetter(0))
    return events
