"""What one batch and one file may hold."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one batch and one file may hold; the defaults are the service's."""

    lines: int = 50_000
    embedding_inputs: int = 50_000
    input_bytes: int = 200 * 1024 * 1024
    file_bytes: int = 512 * 1024 * 1024
