"""One world of a running server, as a test holds it: the control API's verbs in Python."""

from mockbatch.client.clock import Clock
from mockbatch.client.results import (
    Advanced,
    Attempt,
    ControlError,
    Delivery,
    EndedAs,
    Event,
    Fault,
    MockBatchWarning,
    Request,
    Webhook,
)
from mockbatch.client.transport import Transport, http_transport, wsgi_transport
from mockbatch.client.webhook_receiver import Received
from mockbatch.client.world_client import WorldClient

__all__ = [
    "Advanced",
    "Attempt",
    "Clock",
    "ControlError",
    "Delivery",
    "EndedAs",
    "Event",
    "Fault",
    "MockBatchWarning",
    "Received",
    "Request",
    "Transport",
    "Webhook",
    "WorldClient",
    "http_transport",
    "wsgi_transport",
]
