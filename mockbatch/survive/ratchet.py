"""Saved verdicts in a file: a worse verdict is bad, and a better one is reported."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from mockbatch.survive.survey import Row
from mockbatch.survive.verdict import BAD, GOOD, UNDECIDED

# From the best to the worst.
_RANKS = {word: rank for rank, word in enumerate((*GOOD, *BAD))}


class ExpectedError(ValueError):
    """The file does not hold verdicts by the name of a misfortune."""


def read_expected(path: Path) -> dict[str, str]:
    """Return the known verdicts of a file; ExpectedError says what is wrong with it."""
    try:
        document = json.loads(path.read_bytes())
    except ValueError as error:
        raise ExpectedError(f"{path} is not JSON: {error}") from None
    verdicts = document.get("verdicts") if isinstance(document, dict) else None
    if not isinstance(verdicts, dict):
        raise ExpectedError(f"{path} has no object 'verdicts'")
    unknown = [word for word in verdicts.values() if word not in (*_RANKS, *UNDECIDED)]
    if unknown:
        raise ExpectedError(f"{path} has no known verdict: {unknown[0]!r}")
    return verdicts


def write_expected(path: Path, rows: Sequence[Row]) -> None:
    """Write the verdicts of a survey; those on other misfortunes that the file has stay."""
    known = read_expected(path) if path.exists() else {}
    verdicts = {**known, **{row.misfortune.name: row.verdict.word for row in rows}}
    text = json.dumps({"verdicts": dict(sorted(verdicts.items()))}, indent=2)
    path.write_text(text + "\n", "utf-8")


def worse(rows: Sequence[Row], expected: Mapping[str, str]) -> list[Row]:
    """Return the rows that are worse than expected; without an expectation, those that are bad.

    A misfortune that was not met, or a run that was too slow, is no worse than anything.
    """
    return [row for row in rows if _is_worse(row, expected.get(row.misfortune.name))]


def better(rows: Sequence[Row], expected: Mapping[str, str]) -> list[Row]:
    """Return the rows that are better than expected."""
    return [
        row
        for row in rows
        if _RANKS.get(row.verdict.word, len(_RANKS))
        < _RANKS.get(expected.get(row.misfortune.name, ""), -1)
    ]


def _is_worse(row: Row, expected: str | None) -> bool:
    rank = _RANKS.get(row.verdict.word, -1)
    return row.is_bad if expected not in _RANKS else rank > _RANKS[str(expected)]
