"""The page on limits."""

from pathlib import Path

from mockbatch.limits import limits_table

PAGE = Path(__file__).parents[2] / "docs" / "limits.md"


def test_every_limit_is_listed() -> None:
    """With its default, what it bounds, and what becomes of what is above it.

    `python -c "from mockbatch.limits import limits_table; print(limits_table())"` prints the table.
    """
    assert limits_table() in PAGE.read_text()
