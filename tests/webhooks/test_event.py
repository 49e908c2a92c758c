"""The event that a webhook delivers."""

import json
import re

import pytest

from mockbatch.ids import Seed
from mockbatch.webhooks.event import WebhookEvent, sample_event


def test_the_body_is_compact_json() -> None:
    """It is the event's object, without spaces."""
    event = WebhookEvent("evt_1", "batch.completed", 5, "batch_1")
    assert event.body() == (
        b'{"id":"evt_1","object":"event","created_at":5,"type":"batch.completed",'
        b'"data":{"id":"batch_1"}}'
    )
    assert json.loads(event.body()) == event.as_json()


@pytest.mark.parametrize(
    ("event_type", "prefix"), [("batch.completed", "batch_"), ("response.completed", "resp_")]
)
def test_a_sample_event_names_an_object_of_its_kind(event_type: str, prefix: str) -> None:
    """Its id looks like those of the API, and so does that of the event."""
    event = sample_event(event_type, Seed.of(1), 5)
    assert re.fullmatch(prefix + "[0-9a-f]{32}", event.object_id)
    assert re.fullmatch("evt_[0-9a-f]{32}", event.id)
