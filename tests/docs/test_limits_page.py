"""The page on limits."""

from pathlib import Path

import pytest

from mockbatch.batch.input_file import MAX_ERROR_CHARACTERS, MAX_ERRORS
from mockbatch.endpoints.reply_limit import MAX_BATCH_CHARACTERS, MAX_RESPONSE_CHARACTERS
from mockbatch.endpoints.response_size import MAX_CHOICES, MAX_LOGPROBS, MAX_NUMBERS
from mockbatch.http_server.request import MAX_CHUNKS
from mockbatch.jsonio import MAX_CONTAINERS, MAX_DEPTH, MAX_VALUES
from mockbatch.limits import limits_table
from mockbatch.strings.echo import MAX_ECHOED_CHARACTERS
from mockbatch.strings.globs import MAX_PATTERN_CHARACTERS
from mockbatch.web.body_limit import MAX_JSON_BYTES
from mockbatch.web.multipart import MAX_PARTS

PAGE = Path(__file__).parents[2] / "docs" / "limits.md"


def test_every_limit_is_listed() -> None:
    """With its default, what it bounds, and what becomes of what is above it.

    `python -c "from mockbatch.limits import limits_table; print(limits_table())"` prints the table.
    """
    assert limits_table() in PAGE.read_text()


@pytest.mark.parametrize(
    "fixed",
    [
        f"more than {MAX_JSON_BYTES >> 20} MB",
        f"ends at {MAX_DEPTH} levels",
        f"at most {MAX_VALUES:,} values, and {MAX_CONTAINERS:,} of them",
        f"at most {MAX_CHOICES:,} choices",
        f"counted as one, {MAX_LOGPROBS:,} log probabilities",
        f"and {MAX_NUMBERS:,} numbers in vectors",
        f"at most {MAX_RESPONSE_CHARACTERS // 1_000_000} million characters of JSON in all choices",
        f"and {MAX_BATCH_CHARACTERS // 1_000_000} million in all lines",
        f"at most {MAX_CHUNKS:,} chunks",
        f"at most {MAX_PATTERN_CHARACTERS} characters",
        f"at most {MAX_ECHOED_CHARACTERS:,} characters of each value",
        f"the first {MAX_ERRORS:,} errors",
        f"at most {MAX_PARTS} parts",
        f"{MAX_ERROR_CHARACTERS:,} characters of messages",
    ],
)
def test_fixed_limits_are_told(fixed: str) -> None:
    """With the numbers that the code has."""
    assert fixed in PAGE.read_text()
