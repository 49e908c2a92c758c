"""One world of a running server, as a test holds it: the control API's verbs in Python."""

from mockbatch.handle.clock import Clock
from mockbatch.handle.handle import Handle
from mockbatch.handle.transport import Transport, http_transport, wsgi_transport
from mockbatch.handle.values import (
    Advanced,
    ControlError,
    EndedAs,
    Event,
    Fault,
    MockBatchWarning,
    Request,
)

__all__ = [
    "Advanced",
    "Clock",
    "ControlError",
    "EndedAs",
    "Event",
    "Fault",
    "Handle",
    "MockBatchWarning",
    "Request",
    "Transport",
    "http_transport",
    "wsgi_transport",
]
