"""The webhooks of a world as a value."""

from collections.abc import Mapping

from msgspec import Struct, field

from mockbatch.webhooks.delivery import Delivery
from mockbatch.webhooks.endpoint import WebhookEndpoint


class WebhooksSnapshot(Struct, frozen=True):
    """The endpoints of a world, and its deliveries, oldest first.

    The counts are of the endpoints, secrets and deliveries created so far. `announced` maps
    the ids of batches whose end was announced to the type of that event.
    """

    endpoints: tuple[WebhookEndpoint, ...] = ()
    endpoint_count: int = 0
    secret_count: int = 0
    deliveries: tuple[Delivery, ...] = ()
    delivery_count: int = 0
    announced: Mapping[str, str] = field(default_factory=dict)

    def endpoints_only(self) -> "WebhooksSnapshot":
        """Return the same endpoints without any delivery."""
        return WebhooksSnapshot(self.endpoints, self.endpoint_count, self.secret_count)


NO_WEBHOOKS = WebhooksSnapshot()
