"""The event that a webhook delivers."""

import json

from mockbatch.webhooks.event import WebhookEvent


def test_the_body_is_compact_json() -> None:
    """It is the event's object, without spaces."""
    event = WebhookEvent("evt_1", "batch.completed", 5, "batch_1")
    assert event.body() == (
        b'{"id":"evt_1","object":"event","created_at":5,"type":"batch.completed",'
        b'"data":{"id":"batch_1"}}'
    )
    assert json.loads(event.body()) == event.as_json()
