"""What one batch, one file and one upload in parts may hold."""

from dataclasses import dataclass


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
