"""The control API in Python: what a test does to a world of a running server.

    world_client      WorldClient: addresses, batches, scenarios, replies, faults, requests
    connection        WorldConnection: the address of a world, and calls until it is closed
    assertions        `assert_requested`, and the near misses in its message
    arranging         Arranging: batches in one call, and their results
    batch_commands    BatchCommands: what a test does to one batch
    replies           adds and removes scripted replies
    clock             the simulated clock of a world
    webhooks          the webhook endpoints and deliveries of a world
    webhook_receiver  a server in this process that calls functions with webhooks
    results           what calls return: events, batches, deliveries, and the errors they raise
    requests          a request and its response, as the journal has them
    client_gate       lets requests of ready clients through until their world is gone
    anthropic_clients ready clients of the `anthropic` package
    openai_clients    ready clients of the `openai` package
    provider_clients  ready clients of other providers
    transport         sends a call: to an app of this process, or over HTTP
    skip_sleep        sleeps that move the clock while a test runs
    sleep_watch       notices a test that sleeps for real while its batches wait
    sleep_patch       replaces `time.sleep` and `asyncio.sleep` for `skip_sleep` and `sleep_watch`
    asyncio_sleep     decides when the sleeping tasks of an event loop may wake

Results mirror the JSON of the control API, not the server's classes: the server may be another
process. Only `transport` and `SleepClock` know an app of this process. Each module sets
`__tracebackhide__`, so that the traceback of a failing test ends in the test's own code.
"""

from mockbatch.client.clock import Clock
from mockbatch.client.requests import Body, Headers, Request, Response, SentFile
from mockbatch.client.results import (
    Advanced,
    Attempt,
    Batch,
    ControlError,
    Delivery,
    EndedAs,
    Event,
    Fault,
    MockBatchUnusedWarning,
    MockBatchWarning,
    Result,
    Webhook,
)
from mockbatch.client.transport import Transport, http_transport, wsgi_transport
from mockbatch.client.webhook_receiver import Received
from mockbatch.client.world_client import WorldClient

__all__ = [
    "Advanced",
    "Attempt",
    "Batch",
    "Body",
    "Clock",
    "ControlError",
    "Delivery",
    "EndedAs",
    "Event",
    "Fault",
    "Headers",
    "MockBatchUnusedWarning",
    "MockBatchWarning",
    "Received",
    "Request",
    "Response",
    "Result",
    "SentFile",
    "Transport",
    "Webhook",
    "WorldClient",
    "http_transport",
    "wsgi_transport",
]
