"""Limits of a batch, a file, an upload and a world, and quotas of an organization."""

from collections.abc import Mapping
from typing import Annotated, NamedTuple, get_type_hints

from msgspec import Struct, field

from mockbatch.endpoints.models import get_model
from mockbatch.errors import ApiError, api_error

ANY_MODEL = "*"
# Between these, the duration of a stage remains a number that a clock can represent.
MIN_PACE, MAX_PACE = 1e-6, 1e9


class Bound(NamedTuple):
    """What a limit bounds, and what happens above it."""

    bounds: str
    above: str


_REFUSED = "400 with the code limit_reached"


class Limits(Struct, frozen=True):
    """The most that a batch, a file, an upload, a world and a server may hold.

    Those of a batch, a file and an upload are the service's own, the others mockbatch's.
    """

    lines: Annotated[int, Bound("lines of an input file", "the batch fails")] = 50_000
    embedding_inputs: Annotated[
        int, Bound("inputs of a batch of embeddings", "the batch fails")
    ] = 50_000
    input_bytes: Annotated[int, Bound("bytes of an input file", "the batch fails")] = 200 * 1024**2
    file_bytes: Annotated[int, Bound("bytes of a file that is uploaded whole", "400")] = (
        512 * 1024**2
    )
    upload_bytes: Annotated[int, Bound("bytes of all parts of an upload", "400")] = 8 * 1024**3
    part_bytes: Annotated[int, Bound("bytes of one part of an upload", "413")] = 64 * 1024**2
    files: Annotated[int, Bound("uploaded files in a world", _REFUSED)] = 100_000
    batches: Annotated[int, Bound("batches in a world", _REFUSED)] = 100_000
    uploads: Annotated[int, Bound("pending uploads in a world", "400")] = 100
    replies: Annotated[
        int, Bound("scripted replies that clients have added to a world", _REFUSED)
    ] = 10_000
    scenarios: Annotated[int, Bound("scenarios that are queued in a world", _REFUSED)] = 1_000
    faults: Annotated[int, Bound("faults in a world", "400")] = 1_000
    webhook_endpoints: Annotated[int, Bound("webhook endpoints in a world", "400")] = 50
    webhook_deliveries: Annotated[
        int, Bound("webhooks that are to be sent, and those of unfinished batches", _REFUSED)
    ] = 100_000
    document_bytes: Annotated[
        int,
        Bound(
            "bytes of JSON in a world's added replies, in its queued scenarios, or in its faults",
            _REFUSED,
        ),
    ] = 64 * 1024**2
    world_bytes: Annotated[
        int, Bound("bytes of a world's files, parts, inputs and outputs", _REFUSED)
    ] = 16 * 1024**3
    deleted_ids: Annotated[
        int, Bound("ids of deleted uploads that a world remembers", "the oldest are forgotten")
    ] = 10_000
    ended_uploads: Annotated[
        int,
        Bound("completed, cancelled and expired uploads in a world", "the oldest are forgotten"),
    ] = 10_000
    worlds: Annotated[int, Bound("keys with a world", "429 for another key")] = 1_000

    def error(self, name: str, room: str) -> ApiError:
        """Return the ApiError 400 of a limit that is reached; `room` says how to make room."""
        limit, bounds = getattr(self, name), _bounds()[name].bounds
        return api_error("limit_reached", limit=limit, bounds=bounds, name=name, room=room)


def _bounds() -> dict[str, Bound]:
    """Return what each limit bounds, by its name."""
    hints = get_type_hints(Limits, include_extras=True)
    return {name: hints[name].__metadata__[0] for name in Limits.__struct_fields__}


def limits_table() -> str:
    """Return the limits as a table in Markdown, for docs/limits.md."""
    defaults = Limits()
    rows = [
        f"| `{name}` | {getattr(defaults, name):,} | {bound.bounds} | {bound.above} |"
        for name, bound in _bounds().items()
    ]
    return "\n".join(
        ["| `--limit NAME=N` | default | bounds | above it |", "| --- | --- | --- | --- |", *rows]
    )


class Quotas(Struct, frozen=True):
    """Prompt tokens that may be enqueued for each model (`*`: any other), and batches per hour."""

    enqueued_tokens: Mapping[str, int] = field(default_factory=dict)
    batches_per_hour: int | None = None

    def tokens(self, name: str | None) -> int | None:
        """Return how many tokens of a model may be enqueued at once, None for any number.

        `name` is the name of a snapshot; limits may name that or an alias of it.
        """
        limits = {get_model(alias).name: limit for alias, limit in self.enqueued_tokens.items()}
        return limits.get(name or "", limits.get(ANY_MODEL))
