"""The webhook endpoints of one world, and the deliveries to them."""

from collections.abc import Iterable
from functools import cached_property
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING

from mockbatch.client.results import Attempt, Delivery, Webhook
from mockbatch.client.webhook_receiver import Function, WebhookReceiver
from mockbatch.ids import Seed
from mockbatch.typing import Json
from mockbatch.webhooks.signature import new_secret

if TYPE_CHECKING:
    from mockbatch.client.world_client import WorldClient

__tracebackhide__ = True


class Webhooks:
    """Adds webhook endpoints to a world, and lists the deliveries to them."""

    def __init__(self, world: "WorldClient") -> None:
        self._world = world
        self._receiver = WebhookReceiver()

    @property
    def errors(self) -> list[BaseException]:
        """What the functions raised, in order."""
        return self._receiver.errors

    @cached_property
    def secret(self) -> str:
        """The secret that signs webhooks to endpoints added here."""
        return new_secret(Seed.of(self._world.api_key))

    def add(self, receiver: str | Function, events: Iterable[str] | None) -> Webhook:
        """Add an endpoint for a URL or a function."""
        if iscoroutinefunction(receiver):
            raise TypeError("a receiver must not be an async function: no event loop runs it")
        url = self._receiver.add(receiver) if callable(receiver) else receiver
        body: dict[str, Json] = {"url": url, "secret": self.secret}
        if events is not None:
            body["event_types"] = list(events)
        endpoint = self._world.call("POST", "/_mock/webhooks/endpoints", body)
        return Webhook(endpoint["id"], endpoint["url"], endpoint["signing_secret"])

    def deliveries(self) -> list[Delivery]:
        """Return the deliveries, pending ones too, in order of creation."""
        deliveries = self._world.call("GET", "/_mock/webhooks/deliveries")["deliveries"]
        return [
            Delivery(**{**delivery, "attempts": tuple(Attempt(**a) for a in delivery["attempts"])})
            for delivery in deliveries
        ]

    def close(self) -> None:
        """Stop receiving."""
        self._receiver.close()
