"""Limits of a batch, a file, an upload and a world, and quotas of an organization."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from mockbatch.endpoints.models import get_model
from mockbatch.errors import ApiError, api_error

ANY_MODEL = "*"
# Between these, the duration of a stage remains a number that a clock can represent.
MIN_PACE, MAX_PACE = 1e-6, 1e9


def _limit(default: int, bounds: str, above: str) -> int:
    """Define a limit: what it bounds, and what happens above it."""
    limit: int = field(default=default, metadata={"bounds": bounds, "above": above})
    return limit


_REFUSED = "400 with the code limit_reached"


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a batch, a file, an upload, a world and a server may hold.

    Those of a batch, a file and an upload are the service's own, the others mockbatch's.
    """

    lines: int = _limit(50_000, "lines of an input file", "the batch fails")
    embedding_inputs: int = _limit(50_000, "inputs of a batch of embeddings", "the batch fails")
    input_bytes: int = _limit(200 * 1024**2, "bytes of an input file", "the batch fails")
    file_bytes: int = _limit(512 * 1024**2, "bytes of a file that is uploaded whole", "400")
    upload_bytes: int = _limit(8 * 1024**3, "bytes of all parts of an upload", "400")
    part_bytes: int = _limit(64 * 1024**2, "bytes of one part of an upload", "413")
    files: int = _limit(100_000, "uploaded files in a world", _REFUSED)
    batches: int = _limit(100_000, "batches in a world", _REFUSED)
    uploads: int = _limit(100, "pending uploads in a world", "400")
    replies: int = _limit(10_000, "scripted replies that clients have added to a world", _REFUSED)
    scenarios: int = _limit(1_000, "scenarios that are queued in a world", _REFUSED)
    faults: int = _limit(1_000, "faults in a world", "400")
    webhook_endpoints: int = _limit(50, "webhook endpoints in a world", "400")
    webhook_deliveries: int = _limit(
        100_000, "webhooks that are to be sent, and those of unfinished batches", _REFUSED
    )
    document_bytes: int = _limit(
        64 * 1024**2,
        "bytes of JSON in a world's added replies, in its queued scenarios, or in its faults",
        _REFUSED,
    )
    world_bytes: int = _limit(
        16 * 1024**3, "bytes of a world's files, parts, inputs and outputs", _REFUSED
    )
    deleted_ids: int = _limit(
        10_000, "ids of deleted uploads that a world remembers", "the oldest are forgotten"
    )
    ended_uploads: int = _limit(
        10_000, "completed, cancelled and expired uploads in a world", "the oldest are forgotten"
    )
    worlds: int = _limit(1_000, "keys with a world", "429 for another key")

    def error(self, name: str, room: str) -> ApiError:
        """Return the ApiError 400 of a limit that is reached; `room` says how to make room."""
        [bounds] = [one.metadata["bounds"] for one in fields(self) if one.name == name]
        limit = getattr(self, name)
        return api_error("limit_reached", limit=limit, bounds=bounds, name=name, room=room)


def limits_table() -> str:
    """Return the limits as a table in Markdown, for docs/limits.md."""
    rows = [
        f"| `{limit.name}` | {limit.default:,} | {limit.metadata['bounds']} "
        f"| {limit.metadata['above']} |"
        for limit in fields(Limits)
    ]
    return "\n".join(
        ["| `--limit NAME=N` | default | bounds | above it |", "| --- | --- | --- | --- |", *rows]
    )


@dataclass(frozen=True, slots=True)
class Quotas:
    """Prompt tokens that may be enqueued for each model (`*`: any other), and batches per hour."""

    enqueued_tokens: Mapping[str, int] = field(default_factory=dict)
    batches_per_hour: int | None = None

    def tokens(self, name: str | None) -> int | None:
        """Return how many tokens of a model may be enqueued at once, None for any number.

        `name` is the name of a snapshot; limits may name that or an alias of it.
        """
        limits = {get_model(alias).name: limit for alias, limit in self.enqueued_tokens.items()}
        return limits.get(name or "", limits.get(ANY_MODEL))
