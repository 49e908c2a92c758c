"""The journal in a state document."""

from mockbatch.world.journal import JournalEntry, JournalSnapshot
from mockbatch.world.snapshot.cursor import Cursor
from mockbatch.world.snapshot.journal import dump_journal, load_journal


def test_secrets_in_a_loaded_journal_are_masked() -> None:
    """In the path and in the error, as in the entry of a request."""
    entry = JournalEntry("GET", "/x?key=hush", 404, 0, 1.5, 2.5, error="No URL /x?key=hush")
    document = dump_journal(JournalSnapshot((entry,), 1))
    [loaded] = load_journal(Cursor(document, "journal")).entries
    assert (loaded.path, loaded.error) == ("/x?key=***", "No URL /x?key=***")
