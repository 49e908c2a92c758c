"""The journal of a world."""

import pytest

from mockbatch.validation.schema import schema
from mockbatch.world import journal
from mockbatch.world.journal import Journal, JournalEntry


def written(count: int) -> Journal:
    """Return a journal with entries whose paths are their numbers."""
    made = Journal()
    for number in range(count):
        made.add(JournalEntry("GET", f"/{number}", 200, 0, 1.5, 2.5))
    return made


def paths(made: Journal, limit: int) -> list[str]:
    """Return the paths that a journal shows."""
    return [entry["path"] for entry in made.as_json(limit)["requests"]]


def test_entries_stand_oldest_first() -> None:
    """The entries are shown in the order of their requests."""
    assert paths(written(3), 10) == ["/0", "/1", "/2"]


@pytest.mark.parametrize(("limit", "shown"), [(0, []), (1, ["/2"]), (2, ["/1", "/2"])])
def test_a_limit_shows_the_last_entries(limit: int, shown: list[str]) -> None:
    """A limit leaves the newest entries."""
    assert paths(written(3), limit) == shown


def test_an_entry_shows_what_is_known_of_its_request() -> None:
    """An entry has method, path, status, retry count, simulated and wall time."""
    [entry] = written(1).as_json(1)["requests"]
    known = {
        "method": "GET",
        "path": "/0",
        "status": 200,
        "retry_count": 0,
        "now": 1.5,
        "wall": 2.5,
    }
    assert known.items() <= entry.items()


def test_the_oldest_entries_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full journal drops its oldest entries and says how many."""
    monkeypatch.setattr(journal, "MAX_ENTRIES", 2)
    shown = written(5).as_json(10)
    assert [entry["path"] for entry in shown["requests"]] == ["/3", "/4"]
    assert (shown["count"], shown["dropped"]) == (5, 3)


def test_a_journal_keeps_ten_thousand_requests() -> None:
    """Ten thousand requests are kept, and the next one pushes the first out."""
    assert journal.MAX_ENTRIES == 10_000
    assert written(10_001).as_json(0)["dropped"] == 1


@pytest.mark.parametrize("count", [0, 2])
def test_a_journal_fits_its_schema(count: int) -> None:
    """What a journal shows is accepted by journal.json."""
    assert schema("journal").accepts(written(count).as_json(10))
