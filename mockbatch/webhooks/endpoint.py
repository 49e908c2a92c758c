"""Webhook endpoints: where a world sends events, which ones, and what signs them."""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from mockbatch.errors import api_error
from mockbatch.ids import Seed
from mockbatch.limits import Limits
from mockbatch.pagination import Page, paginate
from mockbatch.typing import Json
from mockbatch.webhooks.signature import mask_secret, new_secret
from mockbatch.webhooks.target import Target

OLD_SECRET_SECONDS = 24 * 3600


class WebhookEndpoint(Struct, frozen=True):
    """A webhook endpoint; its times are seconds of simulated time.

    `old` is the secret before the present one, and the second at which it stops signing.
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
        """Return the secrets that sign at an instant, newest first."""
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
        """Return the object with its secret, schema webhook_endpoint_with_secret.json."""
        return {**self.as_json(), "signing_secret": self.secret}


class WebhookEndpoints:
    """The endpoints of one world in order of creation, changed only under the world's lock."""

    def __init__(self, seed: Seed, limits: Limits | None = None) -> None:
        self._seed = seed
        self._limits = limits or Limits()
        #: How many endpoints and secrets were created.
        self.endpoint_count = self.secret_count = 0
        self._endpoints: dict[str, WebhookEndpoint] = {}

    def load(
        self, endpoints: Iterable[WebhookEndpoint], endpoint_count: int, secret_count: int
    ) -> None:
        """Replace all endpoints."""
        self._endpoints = {endpoint.id: endpoint for endpoint in endpoints}
        self.endpoint_count, self.secret_count = endpoint_count, secret_count

    def __iter__(self) -> Iterator[WebhookEndpoint]:
        return iter(list(self._endpoints.values()))

    def __len__(self) -> int:
        return len(self._endpoints)

    def __bool__(self) -> bool:
        return bool(self._endpoints)

    def get(self, id: str) -> WebhookEndpoint:
        """Return an endpoint; ApiError 404 for an unknown id."""
        if id not in self._endpoints:
            raise api_error("no_such_webhook_endpoint", id=id)
        return self._endpoints[id]

    def page(self, limit: int, after: str | None) -> Page[WebhookEndpoint]:
        """Return a page of the endpoints, newest first."""
        page = paginate(list(self._endpoints)[::-1], limit, after)
        return Page([self._endpoints[id] for id in page.items], page.has_more)

    def add(
        self,
        name: str,
        target: Target,
        event_types: Iterable[str],
        secret: str | None,
        now: int,
    ) -> WebhookEndpoint:
        """Add an endpoint, with a new secret if `secret` is None."""
        limit = self._limits.webhook_endpoints
        if len(self._endpoints) >= limit:  # every event is sent to all of them
            raise api_error("too_many_webhook_endpoints", limit=limit)
        endpoint = WebhookEndpoint(
            # Source: the prefix is that of published examples, the rest is invented.
            id="whe_" + self._seed.child("webhook endpoint", self.endpoint_count).hex(32),
            name=name,
            target=target,
            event_types=tuple(dict.fromkeys(event_types)),
            secret=secret or self._new_secret(),
            created_at=now,
            updated_at=now,
        )
        self.endpoint_count += 1
        self._endpoints[endpoint.id] = endpoint
        return endpoint

    def update(self, id: str, changes: Mapping[str, Json], now: int) -> WebhookEndpoint:
        """Change fields of an endpoint; `updated_at` changes only if a field gets a new value."""
        before = self.get(id)
        after = replace(before, **changes)
        self._endpoints[id] = before if after == before else replace(after, updated_at=now)
        return self._endpoints[id]

    def rotate_secret(self, id: str, now: int, *, keep_old: bool) -> WebhookEndpoint:
        """Give an endpoint a new secret; with `keep_old` the old one signs for another day."""
        before = self.get(id)
        old = (before.secret, now + OLD_SECRET_SECONDS) if keep_old else None
        self._endpoints[id] = replace(before, secret=self._new_secret(), old=old, updated_at=now)
        return self._endpoints[id]

    def delete(self, id: str) -> None:
        """Delete an endpoint; ApiError 404 for an unknown id."""
        self.get(id)
        del self._endpoints[id]

    def _new_secret(self) -> str:
        self.secret_count += 1
        return new_secret(self._seed.child(self.secret_count - 1))
