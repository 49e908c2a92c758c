"""Rejects a state document with more than a world may contain."""

import json

from mockbatch.errors import ApiError
from mockbatch.limits import Limits
from mockbatch.webhooks.outbox import MAX_FINISHED
from mockbatch.world.snapshot.cursor import Cursor


def check_counts(state: Cursor, limits: Limits, own_replies: int) -> None:
    """Raise ApiError 400 for more objects, or longer ones, than a world may have.

    `own_replies` is how many of the replies are the server's own: they have no limit.
    """
    recorded = len(state.value.get("recorded", ()))
    for name, option, limit in (
        ("files", "files", limits.files),
        ("batches", "batches", limits.batches - recorded),
        ("recorded", "batches", limits.batches),
        ("uploads", "ended_uploads", limits.uploads + limits.ended_uploads),
        # Deleted outputs, up to two for each batch, are never forgotten.
        ("deleted", "deleted_ids", limits.deleted_ids + 2 * limits.batches),
        ("replies", "replies", limits.replies + own_replies),
        ("scenarios", "scenarios", limits.scenarios),
        ("faults", "faults", limits.faults),
    ):
        _check(state.get(name, []), option, limit)
    for name, skipped in (("replies", own_replies), ("scenarios", 0), ("faults", 0)):
        documents = state.get(name, [])
        size = sum(len(json.dumps(document)) for document in documents.value[skipped:])
        if size > limits.document_bytes:
            raise _above(documents, "document_bytes", limits.document_bytes)
    webhooks = state.get("webhooks", {"endpoints": [], "deliveries": [], "announced": {}})
    _check(webhooks["endpoints"], "webhook_endpoints", limits.webhook_endpoints)
    most = limits.webhook_deliveries + MAX_FINISHED
    _check(webhooks["deliveries"], "webhook_deliveries", most)
    _check(webhooks["announced"], "batches", limits.batches)
    _check(state.get("clock", {}).get("polls", {}), "batches", limits.batches)


def check_bytes(state: Cursor, limits: Limits, size: int) -> None:
    """Raise ApiError 400 if the contents have more bytes than a world may have."""
    if size > limits.world_bytes:
        raise _above(state["contents"], "world_bytes", limits.world_bytes)


def _check(documents: Cursor, option: str, limit: int) -> None:
    if len(documents.value) > limit:
        raise _above(documents, option, limit)


def _above(place: Cursor, option: str, limit: int) -> ApiError:
    return place.error(f"it is above {limit}; --limit {option}=N allows more")
