"""The last requests that a world received."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import NamedTuple

from msgspec import Struct

from mockbatch.errors import api_error
from mockbatch.faults.message import Message
from mockbatch.typing import Json

#: Longer messages are cut.
MAX_ERROR_CHARACTERS = 500
#: The oldest entries go first when there are more.
MAX_ENTRIES = 10_000
#: How much of requests and responses is kept; the oldest goes first when there is more.
MAX_CONTENT_BYTES = 8 << 20
#: The headers in which providers send the id of a request.
REQUEST_ID_HEADERS = ("x-request-id", "request-id")
# The memory that the objects of one exchange take in addition to their texts.
_OVERHEAD_BYTES = 2000


class Exchanged(Struct):
    """A request and its response, which is None if the client got none.

    Both are None once the exchange is no longer kept. `request_ids` are those that the response
    is found by even then.
    """

    request: Message | None
    response: Message | None
    request_ids: Sequence[str] = ()

    @property
    def kept_bytes(self) -> int:
        """About how much memory it takes."""
        size = _OVERHEAD_BYTES + (self.request.kept_bytes if self.request else 0)
        return size + (self.response.kept_bytes if self.response else 0)

    def sent_ids(self) -> Sequence[str]:
        """Return the ids of the request in the headers of the response."""
        response = self.response  # another thread may drop it
        headers = response.readable_headers() if response else {}
        found = [headers[name] for name in REQUEST_ID_HEADERS if name in headers]
        return found or self.request_ids

    def as_json(self, status: int) -> dict[str, Json]:
        """Return both messages, JSON-ready."""
        request, response = self.request, self.response  # another thread may drop them
        return {
            "request": request and request.as_json(),
            "response": response and {"status": status, **response.as_json()},
        }


class JournalEntry(NamedTuple):
    """One request, at `now` in simulated epoch seconds and at `wall` in the process's own.

    `status` is 0 if the client got no response. `fault` names the fault or distortion that it
    met. `reply` is the match of the scripted reply that a live call got. `known` tells whether a
    route matched, `broken` whether mockbatch itself failed. `error` is the message of an error
    response, `duration_ms` how long the request took in real time.
    """

    method: str
    path: str
    status: int
    retry_count: int
    now: float
    wall: float
    fault: str | None = None
    reply: Mapping[str, Json] | None = None
    known: bool = True
    broken: bool = False
    error: str | None = None
    duration_ms: float = 0
    exchanged: Exchanged | None = None

    def as_json(self, id: int, *, bodies: bool = False) -> dict[str, Json]:
        """Return the entry with its number, JSON-ready, schema journaled_request.json.

        With `bodies`, it includes the request and the response.
        """
        exchanged = self.exchanged or Exchanged(None, None)
        contents = exchanged.as_json(self.status) if bodies else {}
        return {"id": id, **self.as_state(), **contents}

    def as_state(self) -> dict[str, Json]:
        """Return the entry as in a state document, without the request and the response."""
        fields = self._asdict()
        del fields["exchanged"]
        return fields


class JournalSnapshot(NamedTuple):
    """The entries in a journal, oldest first, and the number of requests so far."""

    entries: tuple[JournalEntry, ...] = ()
    total: int = 0


EMPTY_JOURNAL = JournalSnapshot()


class Journal:
    """The last requests of one world, oldest first, and the number of all requests so far.

    The id of an entry is the number of its request, from 1.
    """

    def __init__(self, initial: JournalSnapshot = EMPTY_JOURNAL) -> None:
        self._lock = Lock()
        self._entries = deque(initial.entries, maxlen=MAX_ENTRIES)
        self._contents: deque[tuple[Exchanged, int]] = deque()
        self._content_bytes = 0
        self._count = initial.total

    @property
    def count(self) -> int:
        """How many requests there have been."""
        return self._count

    def snapshot(self) -> JournalSnapshot:
        """Return the journal as a value, without requests and responses."""
        with self._lock:
            entries = tuple(entry._replace(exchanged=None) for entry in self._entries)
            return JournalSnapshot(entries, self._count)

    def add(self, entry: JournalEntry) -> None:
        """Add an entry; a full journal drops its oldest one."""
        with self._lock:
            self._entries.append(entry)
            self._count += 1
            if entry.exchanged is not None:
                self._keep(entry.exchanged)

    def _keep(self, exchanged: Exchanged) -> None:
        size = exchanged.kept_bytes
        self._contents.append((exchanged, size))
        self._content_bytes += size
        while self._content_bytes > MAX_CONTENT_BYTES:
            oldest, oldest_size = self._contents.popleft()
            oldest.request = oldest.response = None
            self._content_bytes -= oldest_size

    def entries(self) -> list[JournalEntry]:
        """Return the entries that are kept, oldest first."""
        return [*self.entries_by_id().values()]

    def entries_by_id(self) -> dict[int, JournalEntry]:
        """Return the entries that are kept by their ids, oldest first."""
        with self._lock:
            return dict(enumerate(self._entries, self._count - len(self._entries) + 1))

    def find(self, id: str) -> tuple[int, JournalEntry]:
        """Return an entry by its id, or by the request id in its response's headers, with its id.

        ApiError 404 if there is none.
        """
        for number, entry in self.entries_by_id().items():
            if id == str(number) or (entry.exchanged and id in entry.exchanged.sent_ids()):
                return number, entry
        raise api_error("no_such_request", id=id)

    def as_json(
        self,
        limit: int,
        matches: Callable[[JournalEntry], bool] = bool,
        *,
        bodies: bool = False,
    ) -> dict[str, Json]:
        """Return the last `limit` entries that match, schema journal.json.

        `dropped` counts the requests whose entries are no longer kept.
        """
        count, entries = self.count, self.entries_by_id()
        shown = [(id, entry) for id, entry in entries.items() if matches(entry)]
        return {
            "requests": [
                entry.as_json(id, bodies=bodies)
                for id, entry in shown[max(len(shown) - limit, 0) :]
            ],
            "count": count,
            "dropped": next(iter(entries), count + 1) - 1,
        }
