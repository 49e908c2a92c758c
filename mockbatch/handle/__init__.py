"""One world of a running server, as a test holds it: the control API's verbs in Python."""

from mockbatch.handle.clock import Clock
from mockbatch.handle.handle import Handle
from mockbatch.handle.receiver import Received
from mockbatch.handle.transport import Transport, http_transport, wsgi_transport
from mockbatch.handle.values import (
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

__all__ = [
    "Advanced",
    "Attempt",
    "Clock",
    "ControlError",
    "Delivery",
    "EndedAs",
    "Event",
    "Fault",
    "Handle",
    "MockBatchWarning",
    "Received",
    "Request",
    "Transport",
    "Webhook",
    "http_transport",
    "wsgi_transport",
]
