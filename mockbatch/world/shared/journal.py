"""The journal of a shared world, which is only in the store.

Its entries are complete for all processes. The headers and bodies of a request and its response
are kept by the process that answered it, and by no other; the store has only the request's id.
"""

import logging
import secrets
from collections.abc import Callable

from mockbatch.errors import ApiError
from mockbatch.stores.store import Record, Store
from mockbatch.world.journal import MAX_ENTRIES, Exchanged, Journal, JournalEntry, JournalSnapshot
from mockbatch.world.shared.cells import encode, parse

log = logging.getLogger(__name__)

# The field of a record by which the process that answered finds the headers and bodies: a name,
# and after it the ids of the request in the headers of its response. They are in one field, because
# mockbatch 0.2.0 reads no other.
_EXCHANGE = "exchange"


class StoredJournal(Journal):
    """The last requests of one world, whichever process they came to."""

    def __init__(self, store: Store, world: str, is_reachable: Callable[[], bool]) -> None:
        super().__init__()
        self._store, self._world = store, world
        self._is_reachable = is_reachable
        self._exchanged: dict[str, Exchanged] = {}  # by the names in their records, oldest first

    @property
    def count(self) -> int:
        """How many requests there have been."""
        return self._store.count(self._world)

    def snapshot(self) -> JournalSnapshot:
        """Return the journal as a value, without requests and responses."""
        records = self._store.records(self._world)
        entries = tuple(self._entry(record)._replace(exchanged=None) for record in records)
        return JournalSnapshot(entries, records[-1].number if records else self.count)

    def add(self, entry: JournalEntry) -> None:
        """Add an entry; a full journal drops its oldest one.

        The request has been answered, so a store that fails now loses the entry and nothing else.
        One that has failed during the request is not waited for again.
        """
        if not self._is_reachable():
            return
        document = entry.as_state()
        if entry.exchanged is not None:
            entry.exchanged.request_ids = entry.exchanged.sent_ids()
            name = " ".join([secrets.token_hex(8), *entry.exchanged.request_ids])
            document[_EXCHANGE] = name
            with self._lock:
                self._keep(entry.exchanged)
                self._exchanged[name] = entry.exchanged
                while len(self._exchanged) > MAX_ENTRIES:
                    del self._exchanged[next(iter(self._exchanged))]
        try:
            self._store.append(self._world, encode(document), MAX_ENTRIES)
        except ApiError as error:
            log.warning("a request is missing in the journal: %s", error.message)

    def entries_by_id(self) -> dict[int, JournalEntry]:
        """Return the entries that are kept by their ids, oldest first."""
        return {record.number: self._entry(record) for record in self._store.records(self._world)}

    def _entry(self, record: Record) -> JournalEntry:
        document = parse(record.text)
        name = document.pop(_EXCHANGE, "")
        exchanged = self._exchanged.get(name)
        if exchanged is None:
            _, *request_ids = name.split(" ")
            exchanged = Exchanged(None, None, request_ids)
        return JournalEntry(**document, exchanged=exchanged)
