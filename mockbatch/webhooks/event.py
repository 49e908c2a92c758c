"""What a receiver is told of: a thin object that names a batch and says no more."""

import json
from typing import NamedTuple

from mockbatch.batch.batch import Batch
from mockbatch.batch.timeline import FINAL
from mockbatch.ids import Seed
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

#: The types for which something happens here.
BATCH_EVENT_TYPES = ("batch.completed", "batch.failed", "batch.expired", "batch.cancelled")
# In samples: the ids of the objects that events of other types are about.
_PREFIXES = {
    "batch": "batch_",
    "response": "resp_",
    "eval": "evalrun_",
    "fine_tuning": "ftjob-",
    "realtime": "rtc_",
    "video": "video_",
}


class WebhookEvent(NamedTuple):
    """Something that has happened to the object `about`, at a second of simulated time."""

    id: str
    type: str
    created_at: int
    about: str

    def as_json(self) -> dict[str, Json]:
        """Return the object that is sent, schema webhook_event.json."""
        return {
            "id": self.id,
            "object": "event",
            "created_at": self.created_at,
            "type": self.type,
            "data": {"id": self.about},
        }

    def body(self) -> bytes:
        """Return the body to be sent and signed, which is the same each time."""
        return json.dumps(self.as_json(), separators=(",", ":")).encode()


def event_types() -> list[str]:
    """Return the types that an endpoint can be made for."""
    return list(schema("webhook_event_types").document["properties"]["data"]["items"]["enum"])


def end_type(batch: Batch) -> str | None:
    """Return the type of the event with which a batch is going to end, None for no end."""
    end = batch.timeline.end
    return f"batch.{end.status}" if end.status in FINAL else None


def end_event(batch: Batch, kind: str, at: int) -> WebhookEvent:
    """Return the event of a batch that has ended, or is about to, at that instant."""
    return WebhookEvent(event_id(batch.seed.child(kind)), kind, at, batch.id)


def sample_event(kind: str, seed: Seed, now: int) -> WebhookEvent:
    """Return an event about nothing that there is."""
    prefix = _PREFIXES.get(kind.partition(".")[0], "obj_")
    return WebhookEvent(event_id(seed), kind, now, prefix + seed.child("object").hex(32))


def event_id(seed: Seed) -> str:
    """Return the id of an event.

    Source: its prefix is that of the published sample, its length is made up.
    """
    return "evt_" + seed.child("event").hex(32)
