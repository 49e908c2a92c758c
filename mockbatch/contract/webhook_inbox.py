"""Receives the webhooks that a server sends to this machine during a run."""

import hmac
import queue
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.message import Message

from mockbatch import clock
from mockbatch.client.webhook_receiver import Received, WebhookReceiver
from mockbatch.contract.errors import BreachError
from mockbatch.contract.expectations import find_breaches
from mockbatch.contract.placeholders import value_at
from mockbatch.http_client import HttpResponse
from mockbatch.jsonio import parse
from mockbatch.typing import Json
from mockbatch.webhooks.signature import sign

_MAX_WEBHOOKS = 10_000
_REPORT_SECONDS = 1.0


class WebhookInbox:
    """The webhooks received at the URL of one case that no step has read yet."""

    def __init__(self, receiver: WebhookReceiver) -> None:
        self._receiver = receiver
        self._received: queue.Queue[Received] = queue.Queue(_MAX_WEBHOOKS)

    def open_url(self) -> str:
        """Return a new URL, and receive at it from now on.

        An endpoint that an earlier case could not delete sends to another one.
        """
        self._received = queue.Queue(_MAX_WEBHOOKS)
        return self._receiver.add(self._received.put)

    def expect(
        self,
        expected: Mapping[str, Json],
        seconds: float,
        report: Callable[[str], object] = lambda _: None,
    ) -> None:
        """Read webhooks up to the first about the object `expected["about"]`, and check it.

        Webhooks about other objects are skipped. Raises BreachError if it is not as expected, or
        does not come within `seconds`. Calls `report` with a sentence while it waits.
        """
        try:
            received = self._next_about(expected["about"], seconds, report)
        except queue.Empty:
            raise BreachError(f"no webhook arrived within {seconds:g} seconds") from None
        breaches = list(_find_webhook_breaches(expected, received))
        if breaches:
            raise BreachError(f"the webhook: {'; '.join(breaches)}")

    def _next_about(
        self, object_id: Json, seconds: float, report: Callable[[str], object]
    ) -> Received:
        began = clock.monotonic()
        while True:
            elapsed = clock.monotonic() - began
            report(f"no webhook after {elapsed:.0f} of at most {seconds:g} seconds")
            pause = min(max(seconds - elapsed, 0), _REPORT_SECONDS)
            try:
                received = self._received.get(timeout=pause)
            except queue.Empty:
                if elapsed >= seconds:
                    raise
                continue
            if _object_id(received) == object_id:
                return received


@contextmanager
def open_inbox() -> Iterator[WebhookInbox]:
    """Listen on this machine as long as the `with` block runs."""
    receiver = WebhookReceiver()
    try:
        yield WebhookInbox(receiver)
    finally:
        receiver.close()


def _object_id(received: Received) -> Json:
    try:
        return value_at("data.id", parse(received.body))
    except (ValueError, KeyError):
        return None


def _find_webhook_breaches(expected: Mapping[str, Json], received: Received) -> Iterator[str]:
    headers = Message()
    for name, value in received.headers.items():
        headers[name] = value
    yield from find_breaches(expected, HttpResponse(200, headers, received.body))
    if not _is_signed(received, expected["secret"]):
        yield "it is not signed with the secret of its endpoint"


def _is_signed(received: Received, secret: Json) -> bool:
    headers = received.headers
    id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    try:
        right = sign(str(secret), id, int(timestamp), received.body).encode()
    except ValueError:
        return False
    sent = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(right, text.encode()) for text in sent)
