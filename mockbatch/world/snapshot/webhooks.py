"""Webhook endpoints with their secrets, and deliveries, in a state document."""

from collections.abc import Collection

from msgspec.structs import asdict

from mockbatch.scenarios.distortions import NO_DISTORTION, WebhookDistortion
from mockbatch.typing import Json
from mockbatch.webhooks.delivery import Attempt, AttemptResult, Delivery
from mockbatch.webhooks.endpoint import WebhookEndpoint
from mockbatch.webhooks.event import WebhookEvent
from mockbatch.webhooks.signature import decode_secret
from mockbatch.webhooks.snapshot import WebhooksSnapshot
from mockbatch.webhooks.target import resolve_target
from mockbatch.world.snapshot.batches import load_scenario
from mockbatch.world.snapshot.cursor import Cursor


def dump_webhooks(webhooks: WebhooksSnapshot) -> dict[str, Json]:
    """Return the webhooks of a world, JSON-ready."""
    return {
        "endpoints": [dump_endpoint(endpoint) for endpoint in webhooks.endpoints],
        "endpoint_count": webhooks.endpoint_count,
        "secret_count": webhooks.secret_count,
        "deliveries": [dump_delivery(delivery) for delivery in webhooks.deliveries],
        "delivery_count": webhooks.delivery_count,
        "announced": dict(webhooks.announced),
    }


def dump_endpoint(endpoint: WebhookEndpoint) -> dict[str, Json]:
    """Return an endpoint with its secrets, JSON-ready."""
    old = endpoint.old
    return {
        "id": endpoint.id,
        "name": endpoint.name,
        "url": endpoint.target.url,
        "event_types": list(endpoint.event_types),
        "secret": endpoint.secret,
        "created_at": endpoint.created_at,
        "updated_at": endpoint.updated_at,
        "old_secret": None if old is None else {"secret": old[0], "signs_until": old[1]},
    }


def dump_delivery(delivery: Delivery) -> dict[str, Json]:
    """Return a delivery with its attempts, JSON-ready."""
    return {
        "id": delivery.id,
        "number": delivery.number,
        "event": delivery.event._asdict(),
        "endpoint_id": delivery.endpoint_id,
        "url": delivery.url,
        "first_at": delivery.first_at,
        "next_at": delivery.next_at,
        "scenario": delivery.scenario,
        "distortion": _dump_distortion(delivery.distortion),
        "status": delivery.status,
        "copies": delivery.copies,
        "failures": delivery.failures,
        "attempts": [_dump_attempt(attempt) for attempt in delivery.attempts],
    }


def _dump_distortion(distortion: WebhookDistortion) -> dict[str, Json]:
    """Return what differs from a delivery without a distortion, as scenario documents have it."""
    default = asdict(NO_DISTORTION)
    changed = {name: v for name, v in asdict(distortion).items() if v != default[name]}
    if "signatures" in changed:
        changed["signatures"] = list(changed["signatures"])
    return changed


def _dump_attempt(attempt: Attempt) -> dict[str, Json]:
    return {**attempt.as_json(), "has_timed_out": attempt.result.has_timed_out}


def load_webhooks(document: Cursor, allowed_hosts: Collection[str] | None) -> WebhooksSnapshot:
    """Return the webhooks that a document describes; ApiError 400 if they are not valid.

    Endpoints may be on this machine and `allowed_hosts`, on any host if that is None.
    """
    endpoints = [load_endpoint(one, allowed_hosts) for one in document["endpoints"].items()]
    ids = {endpoint.id for endpoint in endpoints}
    if len(ids) < len(endpoints):
        raise document["endpoints"].error("two endpoints have the same id")
    deliveries = [load_delivery(one) for one in document["deliveries"].items()]
    for index, delivery in enumerate(deliveries):
        if delivery.next_at is not None and delivery.endpoint_id not in ids:
            place = Cursor(delivery, f"{document.path}.deliveries[{index}].endpoint_id")
            raise place.error("there is no such endpoint to attempt it at")
    return WebhooksSnapshot(
        endpoints=tuple(endpoints),
        endpoint_count=max(document.value["endpoint_count"], len(endpoints)),
        secret_count=document.value["secret_count"],
        deliveries=tuple(deliveries),
        delivery_count=max(document.value["delivery_count"], len(deliveries)),
        announced=document.value["announced"],
    )


def load_endpoint(document: Cursor, allowed_hosts: Collection[str] | None) -> WebhookEndpoint:
    """Return the endpoint that a document describes; ApiError 400 if it is not valid."""
    values, url = document.value, document["url"]
    old = values["old_secret"]
    try:
        decode_secret(values["secret"])
        decode_secret(old["secret"] if old else "")
    except ValueError as error:
        raise document.error(error) from None
    return WebhookEndpoint(
        id=values["id"],
        name=values["name"],
        target=resolve_target(url.value, allowed_hosts, url.path),
        event_types=tuple(values["event_types"]),
        secret=values["secret"],
        created_at=values["created_at"],
        updated_at=values["updated_at"],
        old=None if old is None else (old["secret"], old["signs_until"]),
    )


def load_delivery(document: Cursor) -> Delivery:
    """Return the delivery that a document describes."""
    values = document.value
    webhook = {"name": "loaded", "summary": "-", "sees": "-", "webhook": values["distortion"]}
    return Delivery(
        **{
            **values,
            "event": WebhookEvent(**values["event"]),
            "distortion": load_scenario(Cursor(webhook, document.path)).webhook,
            "attempts": tuple(map(_load_attempt, values["attempts"])),
        }
    )


def _load_attempt(document: dict[str, Json]) -> Attempt:
    result = AttemptResult(
        document["status_code"],
        document["error"],
        document["response"],
        document["has_timed_out"],
    )
    return Attempt(document["at"], result, document["wall"], document["headers"])
