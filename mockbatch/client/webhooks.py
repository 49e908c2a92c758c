"""The webhooks of one world, as a test holds it."""

from collections.abc import Iterable
from functools import cached_property
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING

from mockbatch.client.results import Attempt, Delivery, Webhook
from mockbatch.client.webhook_receiver import Function, Receiver, within
from mockbatch.ids import Seed
from mockbatch.typing import Json
from mockbatch.webhooks.signature import WITHIN, secret

if TYPE_CHECKING:
    from mockbatch.client.world_client import WorldClient


class Webhooks:
    """Adds receivers to a world, and tells what was sent to them."""

    def __init__(self, handle: "WorldClient") -> None:
        self._handle = handle
        self._receiver = Receiver()

    @cached_property
    def secret(self) -> str:
        """The secret that signs what is sent to receivers added here."""
        return secret(Seed.of(self._handle.api_key))

    def add(self, receiver: str | Function, events: Iterable[str] | None) -> Webhook:
        """Add a receiver, by its URL or as a function."""
        if iscoroutinefunction(receiver):
            raise TypeError("a receiver cannot be an async function: no event loop would run it")
        url = self._receiver.add(receiver) if callable(receiver) else receiver
        body: dict[str, Json] = {"url": url, "secret": self.secret}
        if events is not None:
            body["event_types"] = list(events)
        made = self._handle.call("POST", "/_mock/webhooks/endpoints", body)
        return Webhook(made["id"], made["url"], made["signing_secret"])

    def deliveries(self) -> list[Delivery]:
        """Return what was sent, or is to be."""
        told = self._handle.call("GET", "/_mock/webhooks/deliveries")["deliveries"]
        return [
            Delivery(**{**one, "attempts": tuple(Attempt(**tried) for tried in one["attempts"])})
            for one in told
        ]

    def close(self) -> None:
        """Receive nothing any more."""
        self._receiver.close()


def headers_within() -> dict[str, str]:
    """Return what tells the control API that a receiver calls it, and nothing elsewhere."""
    delivery = within.get()
    return {} if delivery is None else {WITHIN: delivery}
