"""The requests that a world has answered, oldest first and not without end."""

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

Json = Any
KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One request: `now` in simulated epoch seconds, `wall` in the process's own.

    `status` is 0 when the client got no answer; `fault` names the fault that it met.
    """

    method: str
    path: str
    status: int
    retry_count: int
    now: float
    wall: float
    fault: str | None = None

    def as_json(self) -> dict[str, Json]:
        """Return the entry, JSON-ready."""
        return asdict(self)


class Journal:
    """The last requests of one world, and how many there were."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self.count = 0

    def add(self, entry: Entry) -> None:
        """Write an entry down; the oldest goes when there are too many."""
        self._entries.append(entry)
        self.count += 1

    def as_json(self, limit: int) -> dict[str, Json]:
        """Return the last `limit` entries, schema journal.json; `dropped` are not kept."""
        entries = list(self._entries.copy())
        return {
            "requests": [entry.as_json() for entry in entries[max(len(entries) - limit, 0) :]],
            "count": self.count,
            "dropped": self.count - len(entries),
        }
