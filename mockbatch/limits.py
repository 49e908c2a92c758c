"""What a batch, a file and an upload may hold, and what an organization may have under way."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mockbatch.endpoints.models import model

ANY_MODEL = "*"
# A clock can tell the seconds apart that these make of a stage.
MIN_PACE, MAX_PACE = 1e-6, 1e9


@dataclass(frozen=True, slots=True)
class Limits:
    """What one batch, one file and one upload may hold; the defaults are the service's.

    `part_bytes` is for one part of an upload, `upload_bytes` for all of them.
    """

    lines: int = 50_000
    embedding_inputs: int = 50_000
    input_bytes: int = 200 * 1024 * 1024
    file_bytes: int = 512 * 1024 * 1024
    upload_bytes: int = 8 * 1024**3
    part_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Quotas:
    """Limits: prompt tokens enqueued at once by model (`*`: any other), batches an hour."""

    enqueued_tokens: Mapping[str, int] = field(default_factory=dict)
    batches_per_hour: int | None = None

    def tokens(self, name: str | None) -> int | None:
        """Return how many tokens of a model may be enqueued, None for any number.

        `name` is a snapshot's; limits may be for that or for an alias.
        """
        limits = {model(alias).name: limit for alias, limit in self.enqueued_tokens.items()}
        return limits.get(name or "", limits.get(ANY_MODEL))
