"""The journal of a world."""

import pytest

from mockbatch.faults.message import Message
from mockbatch.validation.schema import schema
from mockbatch.world import journal as journal_module
from mockbatch.world.journal import Exchanged, Journal, JournalEntry, JournalSnapshot


def journal_of(count: int) -> Journal:
    """Return a journal with so many entries, whose paths are their numbers."""
    journal = Journal()
    for number in range(count):
        journal.add(JournalEntry("GET", f"/{number}", 200, 0, 1.5, 2.5))
    return journal


def shown_paths(journal: Journal, limit: int) -> list[str]:
    """Return the paths that a journal shows."""
    return [entry["path"] for entry in journal.as_json(limit)["requests"]]


def test_entries_are_shown_oldest_first() -> None:
    """They are in the order of the requests."""
    assert shown_paths(journal_of(3), 10) == ["/0", "/1", "/2"]


@pytest.mark.parametrize(("limit", "shown"), [(0, []), (1, ["/2"]), (2, ["/1", "/2"])])
def test_a_limit_shows_the_last_entries(limit: int, shown: list[str]) -> None:
    """The newest entries are shown."""
    assert shown_paths(journal_of(3), limit) == shown


def test_only_matching_entries_are_shown() -> None:
    """The limit counts the entries that match, and the count counts all."""
    document = journal_of(4).as_json(1, lambda entry: entry.path < "/2")
    assert [entry["path"] for entry in document["requests"]] == ["/1"]
    assert document["count"] == 4


def test_an_entry_describes_its_request() -> None:
    """It has the method, path, status, retry count, simulated time and wall time."""
    [entry] = journal_of(1).as_json(1)["requests"]
    expected = {
        "method": "GET",
        "path": "/0",
        "status": 200,
        "retry_count": 0,
        "now": 1.5,
        "wall": 2.5,
    }
    assert expected.items() <= entry.items()


def test_a_full_journal_drops_its_oldest_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts how many it has dropped."""
    monkeypatch.setattr(journal_module, "MAX_ENTRIES", 2)
    document = journal_of(5).as_json(10)
    assert [entry["path"] for entry in document["requests"]] == ["/3", "/4"]
    assert (document["count"], document["dropped"]) == (5, 3)


def test_a_journal_keeps_ten_thousand_requests() -> None:
    """The next one drops the first."""
    assert journal_module.MAX_ENTRIES == 10_000
    assert journal_of(10_001).as_json(0)["dropped"] == 1


def test_an_entry_that_is_not_shown_is_not_dropped() -> None:
    """Neither one beyond the limit, nor one that does not match."""
    assert journal_of(3).as_json(1)["dropped"] == 0
    assert journal_of(3).as_json(10, lambda entry: entry.path == "/1")["dropped"] == 0


def test_a_loaded_journal_without_entries_has_dropped_all() -> None:
    """The document of a world may leave out the entries that it has counted."""
    assert Journal(JournalSnapshot((), 5)).as_json(1) == {"requests": [], "count": 5, "dropped": 5}


def test_a_snapshot_has_no_requests_and_responses() -> None:
    """Only the journal that keeps them bounds how much memory they take."""
    journal = Journal()
    exchanged = Exchanged(Message.of([], b"sent"), Message.of([], b"received"))
    journal.add(JournalEntry("GET", "/", 200, 0, 1.5, 2.5, exchanged=exchanged))
    [entry] = Journal(journal.snapshot()).as_json(1, bodies=True)["requests"]
    assert (entry["request"], entry["response"]) == (None, None)


@pytest.mark.parametrize("count", [0, 2])
def test_a_journal_fits_its_schema(count: int) -> None:
    """journal.json accepts it, with entries and without."""
    assert schema("journal").accepts(journal_of(count).as_json(10))


def test_messages_that_are_not_kept_take_no_memory() -> None:
    """Only what every entry takes."""
    assert Exchanged(None, None).kept_bytes == journal_module._OVERHEAD_BYTES


def test_long_responses_make_room_for_later_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept of responses counts as much as what is kept of requests."""
    monkeypatch.setattr(journal_module, "MAX_CONTENT_BYTES", 3 * 6000)
    journal = Journal()
    kept = [Exchanged(Message(), Message.of([], b"x" * 4000)) for _ in range(5)]
    for exchanged in kept:
        journal.add(JournalEntry("GET", "/", 200, 0, 1.5, 2.5, exchanged=exchanged))
    assert [exchanged.response is not None for exchanged in kept] == [False] * 2 + [True] * 3
