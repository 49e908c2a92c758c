"""The last requests that a world received."""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from mockbatch.typing import Json

#: Longer messages are cut.
MAX_ERROR_CHARACTERS = 500
#: The oldest entries go first when there are more.
MAX_ENTRIES = 10_000


class JournalEntry(NamedTuple):
    """One request, at `now` in simulated epoch seconds and at `wall` in the process's own.

    `status` is 0 if the client got no response. `fault` names the fault or distortion that it
    met. `known` tells whether a route matched, `broken` whether mockbatch itself failed. `error`
    is the message of an error response, `duration_ms` how long the request took in real time.
    """

    method: str
    path: str
    status: int
    retry_count: int
    now: float
    wall: float
    fault: str | None = None
    known: bool = True
    broken: bool = False
    error: str | None = None
    duration_ms: float = 0

    def as_json(self) -> dict[str, Json]:
        """Return the entry, JSON-ready."""
        return self._asdict()


class JournalSnapshot(NamedTuple):
    """The entries that a journal keeps, oldest first, and how many requests there have been."""

    entries: tuple[JournalEntry, ...] = ()
    total: int = 0


EMPTY_JOURNAL = JournalSnapshot()


class Journal:
    """The last requests of one world, oldest first, and how many there have been."""

    def __init__(self, initial: JournalSnapshot = EMPTY_JOURNAL) -> None:
        self._entries = deque(initial.entries, maxlen=MAX_ENTRIES)
        self.count = initial.total

    def snapshot(self) -> JournalSnapshot:
        """Return the journal as a value."""
        return JournalSnapshot(tuple(self.entries()), self.count)

    def add(self, entry: JournalEntry) -> None:
        """Add an entry; a full journal drops its oldest one."""
        self._entries.append(entry)
        self.count += 1

    def entries(self) -> list[JournalEntry]:
        """Return the entries that are kept, oldest first."""
        return list(self._entries.copy())

    def as_json(
        self, limit: int, matches: Callable[[JournalEntry], bool] = bool
    ) -> dict[str, Json]:
        """Return the last `limit` entries that match, schema journal.json.

        `dropped` counts the requests whose entries are no longer kept.
        """
        entries = self.entries()
        shown = [entry for entry in entries if matches(entry)]
        return {
            "requests": [entry.as_json() for entry in shown[max(len(shown) - limit, 0) :]],
            "count": self.count,
            "dropped": self.count - len(entries),
        }
