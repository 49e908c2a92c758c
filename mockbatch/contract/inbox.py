"""Webhooks that a server sends to this machine while the contract is checked."""

import hmac
import queue
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mockbatch.contract.expect import of_body
from mockbatch.contract.waiting import BreachError, SkipError
from mockbatch.handle.receiver import Received, Receiver
from mockbatch.webhooks.signature import signature

Json = Any

#: For servers that cannot reach this machine; nobody listens there.
ELSEWHERE = "https://example.com/mockbatch-contract"
_MOST_KEPT = 10_000


class Inbox:
    """What has been received at `url` and nobody has asked for yet."""

    def __init__(self, url: str = ELSEWHERE) -> None:
        self.url = url
        self._received: queue.Queue[Received] = queue.Queue(_MOST_KEPT)

    def expect(self, wanted: Mapping[str, Json], seconds: float) -> None:
        """Return when the next webhook about `wanted["about"]` is as it should be.

        Others are passed over. Raises BreachError for one that is not as it should be, and
        when none comes; SkipError where none can come.
        """
        if self.url == ELSEWHERE:
            raise SkipError("a server that is not on this machine cannot send it webhooks")
        while True:
            try:
                received = self._received.get(timeout=seconds)
            except queue.Empty:
                raise BreachError(f"no webhook came within {seconds:g} seconds") from None
            if wanted["about"].encode() in received.body:
                break
        breaches = list(_breaches(wanted, received))
        if breaches:
            raise BreachError(f"the webhook: {'; '.join(breaches)}")

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen on this machine for the time of a `with`."""
        receiver = Receiver()
        try:
            self.url = receiver.add(self._received.put)
            yield
        finally:
            receiver.close()


def _breaches(wanted: Mapping[str, Json], received: Received) -> Iterator[str]:
    for name, pattern in wanted.get("headers", {}).items():
        value = received.headers.get(name, "")
        if not re.fullmatch(pattern, value):
            yield f"header {name} is {value or 'missing'}, not {pattern}"
    yield from of_body(wanted, received.body)
    if "secret" in wanted and not _is_signed(received, wanted["secret"]):
        yield "it is not signed with the secret of its endpoint"


def _is_signed(received: Received, secret: str) -> bool:
    headers = received.headers
    id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (timestamp.isascii() and timestamp.isdecimal()):
        return False
    made = signature(secret, id, int(timestamp), received.body).encode()
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(made, one.encode()) for one in given)
