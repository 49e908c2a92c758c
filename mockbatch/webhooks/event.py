"""The events that webhook endpoints receive: small objects whose data is only an object's id."""

import json
from typing import NamedTuple

from mockbatch.batch.batch import Batch
from mockbatch.batch.timeline import FINAL
from mockbatch.ids import Seed
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

#: The types of events that happen in mockbatch.
BATCH_EVENT_TYPES = ("batch.completed", "batch.failed", "batch.expired", "batch.cancelled")
# Id prefixes of the objects that samples of the other types name.
_ID_PREFIXES = {
    "batch": "batch_",
    "response": "resp_",
    "eval": "evalrun_",
    "fine_tuning": "ftjob-",
    "realtime": "rtc_",
    "video": "video_",
}


class WebhookEvent(NamedTuple):
    """Something that happened to an object; `created_at` is a second of simulated time."""

    id: str
    type: str
    created_at: int
    object_id: str

    def as_json(self) -> dict[str, Json]:
        """Return the object that is sent, schema webhook_event.json."""
        return {
            "id": self.id,
            "object": "event",
            "created_at": self.created_at,
            "type": self.type,
            "data": {"id": self.object_id},
        }

    def body(self) -> bytes:
        """Return the body that is sent and signed, the same bytes at each attempt."""
        return json.dumps(self.as_json(), separators=(",", ":")).encode()


def event_types() -> list[str]:
    """Return the event types to which an endpoint can subscribe."""
    return list(schema("webhook_event_types").document["properties"]["data"]["items"]["enum"])


def end_type(batch: Batch) -> str | None:
    """Return the type of the event with which a batch ends, None if there is none."""
    if not batch.rules.has_webhooks:
        return None
    end = batch.timeline.end
    return f"batch.{end.status}" if end.status in FINAL else None


def end_event(batch: Batch, event_type: str, at: int) -> WebhookEvent:
    """Return the event of a batch that ends at that second."""
    return WebhookEvent(event_id(batch.seed.child(event_type)), event_type, at, batch.id)


def sample_event(event_type: str, seed: Seed, now: int) -> WebhookEvent:
    """Return an event about an object that does not exist."""
    prefix = _ID_PREFIXES.get(event_type.partition(".")[0], "obj_")
    object_id = prefix + seed.child("object").hex(32)
    return WebhookEvent(event_id(seed), event_type, now, object_id)


def event_id(seed: Seed) -> str:
    """Return the id of an event.

    Source: the prefix is that of the published sample, the length is invented.
    """
    return "evt_" + seed.child("event").hex(32)
