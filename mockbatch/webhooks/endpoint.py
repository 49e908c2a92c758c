"""A webhook endpoint: where events are sent, which ones, and with what they are signed."""

from dataclasses import dataclass

from mockbatch.typing import Json
from mockbatch.webhooks.signature import mask_secret
from mockbatch.webhooks.target import Target

OLD_SECRET_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """A webhook endpoint; instants are seconds of simulated time.

    `old` is the secret before the present one, with the instant at which it ceases to sign.
    """

    id: str
    name: str
    target: Target
    event_types: tuple[str, ...]
    secret: str
    created_at: int
    updated_at: int
    old: tuple[str, int] | None = None

    def secrets(self, now: float) -> list[str]:
        """Return the secrets that sign at an instant, the newest first."""
        if self.old is not None and now < self.old[1]:
            return [self.secret, self.old[0]]
        return [self.secret]

    def as_json(self) -> dict[str, Json]:
        """Return the endpoint object, schema webhook_endpoint.json."""
        return {
            "id": self.id,
            "object": "webhook_endpoint",
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "name": self.name,
            "url": self.target.url,
            "event_types": list(self.event_types),
            "signing_secret_hint": mask_secret(self.secret),
        }

    def with_secret(self) -> dict[str, Json]:
        """Return the object with the secret, schema webhook_endpoint_with_secret.json."""
        return {**self.as_json(), "signing_secret": self.secret}
