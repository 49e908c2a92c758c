"""Limits of a batch, a file and an upload, and quotas of an organization."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mockbatch.endpoints.models import get_model

ANY_MODEL = "*"
# Between these, the duration of a stage remains a number that a clock can represent.
MIN_PACE, MAX_PACE = 1e-6, 1e9


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a batch, a file, an upload and a server may hold.

    `part_bytes` limits one part of an upload, `upload_bytes` all of them together; `worlds` is
    how many keys may have a world. Defaults are the service's own, but for `worlds`.
    """

    lines: int = 50_000
    embedding_inputs: int = 50_000
    input_bytes: int = 200 * 1024 * 1024
    file_bytes: int = 512 * 1024 * 1024
    upload_bytes: int = 8 * 1024**3
    part_bytes: int = 64 * 1024 * 1024
    deleted_ids: int = 10_000
    world_bytes: int = 16 * 1024**3
    worlds: int = 1000


@dataclass(frozen=True, slots=True)
class Quotas:
    """Prompt tokens that may be enqueued at once, by model (`*`: any other); batches an hour."""

    enqueued_tokens: Mapping[str, int] = field(default_factory=dict)
    batches_per_hour: int | None = None

    def tokens(self, name: str | None) -> int | None:
        """Return how many tokens of a model may be enqueued at once, None for any number.

        `name` is the name of a snapshot; limits may name that or an alias of it.
        """
        limits = {get_model(alias).name: limit for alias, limit in self.enqueued_tokens.items()}
        return limits.get(name or "", limits.get(ANY_MODEL))
