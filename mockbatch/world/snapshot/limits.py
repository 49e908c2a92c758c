"""Rejects a state document with more than a world may contain."""

import json
from collections.abc import Mapping

from mockbatch.errors import ApiError
from mockbatch.limits import Limits
from mockbatch.scripting.script import Script
from mockbatch.typing import Json
from mockbatch.webhooks.outbox import MAX_FINISHED
from mockbatch.world.snapshot.cursor import Cursor


def check_counts(state: Cursor, limits: Limits, own_replies: Script) -> None:
    """Raise ApiError 400 for more objects, or longer ones, than a world may have.

    The server's own replies come on top of what a world may have.
    """
    recorded = len(state.value.get("recorded", ()))
    for name, option, limit in (
        ("files", "files", limits.files),
        ("batches", "batches", limits.batches - recorded),
        ("recorded", "batches", limits.batches),
        ("uploads", "ended_uploads", limits.uploads + limits.ended_uploads),
        # Deleted outputs, up to two for each batch, are never forgotten.
        ("deleted", "deleted_ids", limits.deleted_ids + 2 * limits.batches),
        ("replies", "replies", limits.replies + len(own_replies.entries)),
        ("scenarios", "scenarios", limits.scenarios),
        ("faults", "faults", limits.faults),
    ):
        _check(state.get(name, []), option, limit)
    for name in ("replies", "scenarios", "faults"):
        _check_bytes_of(state.get(name, []), limits, own_replies if name == "replies" else Script())
    webhooks = state.get("webhooks", {"endpoints": [], "deliveries": [], "announced": {}})
    _check(webhooks["endpoints"], "webhook_endpoints", limits.webhook_endpoints)
    most = limits.webhook_deliveries + MAX_FINISHED
    _check(webhooks["deliveries"], "webhook_deliveries", most)
    _check(webhooks["announced"], "batches", limits.batches)
    _check(state.get("clock", {}).get("polls", {}), "batches", limits.batches)


def _check_bytes_of(documents: Cursor, limits: Limits, own: Script) -> None:
    size = sum(map(document_bytes, documents.value))
    # The server's own are measured only if it matters, as they may be a whole output file.
    if size > limits.document_bytes and (
        size > limits.document_bytes + sum(map(document_bytes, own.as_json()))
    ):
        raise _above(documents, "document_bytes", limits.document_bytes)


def document_bytes(document: Mapping[str, Json]) -> int:
    """Return the length of a document as JSON, without the turns that its replies have taken."""
    return len(json.dumps({name: value for name, value in document.items() if name != "turns"}))


def check_bytes(state: Cursor, limits: Limits, size: int) -> None:
    """Raise ApiError 400 if the contents have more bytes than a world may have."""
    if size > limits.world_bytes:
        raise _above(state["contents"], "world_bytes", limits.world_bytes)


def _check(documents: Cursor, option: str, limit: int) -> None:
    if len(documents.value) > limit:
        raise _above(documents, option, limit)


def _above(place: Cursor, option: str, limit: int) -> ApiError:
    return place.error(f"it is above {limit}; --limit {option}=N allows more")
