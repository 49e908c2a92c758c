"""Webhooks that a server sends to this machine while the contract is checked."""

import hmac
import queue
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import Message

from mockbatch import clock
from mockbatch.client.webhook_receiver import Received, WebhookReceiver
from mockbatch.contract.batch_polling import BreachError
from mockbatch.contract.client import HttpResponse
from mockbatch.contract.expectations import find_breaches
from mockbatch.contract.placeholders import value_at
from mockbatch.jsonio import parse
from mockbatch.typing import Json
from mockbatch.webhooks.signature import signature

_MOST_KEPT = 10_000


class WebhookInbox:
    """What has been received at `url` and nobody has asked for yet."""

    def __init__(self, receiver: WebhookReceiver) -> None:
        self._received: queue.Queue[Received] = queue.Queue(_MOST_KEPT)
        self.url = receiver.add(self._received.put)

    def expect(self, wanted: Mapping[str, Json], seconds: float) -> None:
        """Return when the next webhook about `wanted["about"]` is as it should be.

        Others are passed over. Raises BreachError for one that is not as it should be, and
        when none comes.
        """
        try:
            received = self._next(wanted["about"], seconds)
        except queue.Empty:
            raise BreachError(f"no webhook came within {seconds:g} seconds") from None
        found = list(_breaches(wanted, received))
        if found:
            raise BreachError(f"the webhook: {'; '.join(found)}")

    def _next(self, about: Json, seconds: float) -> Received:
        end = clock.monotonic() + seconds
        while True:
            received = self._received.get(timeout=max(end - clock.monotonic(), 0))
            if _subject(received) == about:
                return received


@contextmanager
def open_inbox() -> Iterator[WebhookInbox]:
    """Listen on this machine for the time of a `with`."""
    receiver = WebhookReceiver()
    try:
        yield WebhookInbox(receiver)
    finally:
        receiver.close()


def _subject(received: Received) -> Json:
    try:
        return value_at("data.id", parse(received.body))
    except (ValueError, KeyError):
        return None


def _breaches(wanted: Mapping[str, Json], received: Received) -> Iterator[str]:
    headers = Message()
    for name, value in received.headers.items():
        headers[name] = value
    yield from find_breaches(wanted, HttpResponse(200, headers, received.body))
    if not _is_signed(received, wanted["secret"]):
        yield "it is not signed with the secret of its endpoint"


def _is_signed(received: Received, secret: Json) -> bool:
    headers = received.headers
    id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    try:
        made = signature(str(secret), id, int(timestamp), received.body)
    except ValueError:
        return False
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(made.encode(), one.encode()) for one in given)
