"""The connections of threads to a file of SQLite."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import fspath, getpid, stat
from pathlib import Path

from mockbatch.stores.failure import state_full, state_unavailable
from mockbatch.stores.store import WAIT_SECONDS

# In one statement, because another process may be creating the tables.
_WHAT_IT_IS = """
SELECT user_version, (SELECT count(*) FROM sqlite_master WHERE type = 'table')
FROM pragma_user_version
"""


class _Connection(sqlite3.Connection):
    """Closes itself when its thread has ended; Python 3.13 and later would warn that it is open."""

    def __del__(self) -> None:
        with suppress(sqlite3.Error):  # of one that could not be opened
            self.close()


class SqliteConnections:
    """A connection for each thread, each with the tables of a format.

    `tables` is the SQL that creates them in a new file.
    """

    def __init__(self, path: Path, format_number: int, tables: str) -> None:
        self._path, self._name = path, fspath(path)
        self._format, self._tables = format_number, tables
        self._local = threading.local()
        # One thread of a process at a time: SQLite makes those that wait sleep for long.
        self._write_lock = threading.Lock()

    def close(self) -> None:
        """Close the connection of this thread."""
        connection = getattr(self._local, "connection", None)
        self._local.connection = None
        if connection is not None and self._local.owner == self._identity():
            connection.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection in a transaction, and commit it unless the block raises."""
        if not self._write_lock.acquire(timeout=WAIT_SECONDS):
            raise state_unavailable("another request of this process is waiting for it")
        try:
            with self.using() as connection:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.execute("COMMIT")
                finally:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
        finally:
            self._write_lock.release()

    @contextmanager
    def using(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection of this thread; ApiError 503 or 507 for an error of SQLite."""
        try:
            yield self._connection()
        except sqlite3.Error as error:
            self.close()  # the file may be another one when it is back
            if getattr(error, "sqlite_errorname", "") == "SQLITE_FULL" or "is full" in str(error):
                raise state_full(error) from error
            raise state_unavailable(error) from error

    def _identity(self) -> tuple[int, int]:
        """Return what a connection belongs to: a process, and the file that was there then."""
        try:
            return getpid(), stat(self._name).st_ino  # noqa: PTH116 - a Path takes three times as long
        except OSError:
            return getpid(), 0

    def _connection(self) -> sqlite3.Connection:
        if getattr(self._local, "connection", None) is None or (
            self._local.owner != self._identity()
        ):
            self._local.connection = self._connect()
            self._local.owner = self._identity()
        connection: sqlite3.Connection = self._local.connection
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path,
            timeout=WAIT_SECONDS,
            isolation_level=None,
            check_same_thread=False,  # another thread may free it
            factory=_Connection,
        )
        [(found, table_count)] = connection.execute(_WHAT_IT_IS)
        other = "another version of mockbatch" if found else "another program"
        if found not in (0, self._format) or (table_count and not found):
            connection.close()
            raise state_unavailable(f"{self._path} is of {other}")
        connection.execute("PRAGMA journal_mode = WAL")  # kept in the file
        connection.execute("PRAGMA synchronous = NORMAL")
        if not found:
            version = f"PRAGMA user_version = {self._format}"
            connection.executescript(f"BEGIN; {self._tables} {version}; COMMIT")
        return connection
