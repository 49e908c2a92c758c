"""The webhook endpoints of one world, in order of creation."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from mockbatch.errors import api_error
from mockbatch.ids import Seed
from mockbatch.pagination import Page, paginate
from mockbatch.webhooks import signature
from mockbatch.webhooks.endpoint import OLD_SECRET_SECONDS, WebhookEndpoint
from mockbatch.webhooks.target import Target

# Each event is sent to all of them.
MAX_ENDPOINTS = 50


class WebhookEndpoints:
    """What a world knows of its receivers; changed only by commands, under its lock."""

    def __init__(self, seed: Seed) -> None:
        self._seed = seed
        self._count = count()
        self._secrets = count()
        self._all: dict[str, WebhookEndpoint] = {}

    def __iter__(self) -> Iterator[WebhookEndpoint]:
        return iter(list(self._all.values()))

    def __bool__(self) -> bool:
        return bool(self._all)

    def get(self, id: str) -> WebhookEndpoint | None:
        """Return an endpoint, None when there is none of that id."""
        return self._all.get(id)

    def endpoint(self, id: str) -> WebhookEndpoint:
        """Return an endpoint; ApiError 404 when there is none of that id."""
        if id not in self._all:
            raise api_error("no_such_webhook_endpoint", id=id)
        return self._all[id]

    def page(self, limit: int, after: str | None) -> Page[WebhookEndpoint]:
        """Return a page of the endpoints, newest first."""
        page = paginate(list(self._all)[::-1], limit, after)
        return Page([self._all[id] for id in page.items], page.has_more)

    def add(
        self,
        name: str,
        target: Target,
        event_types: Iterable[str],
        secret: str | None,
        now: int,
    ) -> WebhookEndpoint:
        """Add an endpoint; its secret is a new one unless it is given."""
        if len(self._all) >= MAX_ENDPOINTS:
            raise api_error("too_many_webhook_endpoints", limit=MAX_ENDPOINTS)
        endpoint = WebhookEndpoint(
            # Source: the prefix is that of published examples, the rest is made up.
            id="whe_" + self._seed.child("webhook endpoint", next(self._count)).hex(32),
            name=name,
            target=target,
            event_types=tuple(dict.fromkeys(event_types)),
            secret=secret or self._new_secret(),
            created_at=now,
            updated_at=now,
        )
        self._all[endpoint.id] = endpoint
        return endpoint

    def update(self, id: str, changes: Mapping[str, Any], now: int) -> WebhookEndpoint:
        """Change members of an endpoint; its `updated_at` only if that makes a difference."""
        before = self.endpoint(id)
        after = replace(before, **changes)
        self._all[id] = before if after == before else replace(after, updated_at=now)
        return self._all[id]

    def rotate(self, id: str, now: int, *, keep_old: bool) -> WebhookEndpoint:
        """Give an endpoint a new secret; the old one signs, too, for a day if it is kept."""
        before = self.endpoint(id)
        old = (before.secret, now + OLD_SECRET_SECONDS) if keep_old else None
        self._all[id] = replace(before, secret=self._new_secret(), old=old, updated_at=now)
        return self._all[id]

    def delete(self, id: str) -> None:
        """Let an endpoint go; ApiError 404 when there is none of that id."""
        self.endpoint(id)
        del self._all[id]

    def _new_secret(self) -> str:
        return signature.new_secret(self._seed.child(next(self._secrets)))
