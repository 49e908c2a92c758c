"""The requests that a world has answered, oldest first and not without end."""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from mockbatch.typing import Json

MAX_ENTRIES = 10_000


class JournalEntry(NamedTuple):
    """One request: `now` in simulated epoch seconds, `wall` in the process's own.

    `status` is 0 when the client got no answer; `fault` names the fault or distortion that it
    met. `known` tells whether there is such a route, `broken` whether mockbatch itself failed.
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

    def as_json(self) -> dict[str, Json]:
        """Return the entry, JSON-ready."""
        return self._asdict()


class Journal:
    """The last requests of one world, and how many there were."""

    def __init__(self) -> None:
        self._entries: deque[JournalEntry] = deque(maxlen=MAX_ENTRIES)
        self.count = 0

    def add(self, entry: JournalEntry) -> None:
        """Write an entry down; the oldest goes when there are too many."""
        self._entries.append(entry)
        self.count += 1

    def entries(self) -> list[JournalEntry]:
        """Return the entries that are kept, oldest first."""
        return list(self._entries.copy())

    def as_json(self, limit: int, passes: Callable[[JournalEntry], bool] = bool) -> dict[str, Json]:
        """Return the last `limit` entries that pass, schema journal.json; `dropped` are gone."""
        entries = self.entries()
        shown = [entry for entry in entries if passes(entry)]
        return {
            "requests": [entry.as_json() for entry in shown[max(len(shown) - limit, 0) :]],
            "count": self.count,
            "dropped": self.count - len(entries),
        }
