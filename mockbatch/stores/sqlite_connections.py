"""The connections of threads to a file of SQLite."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakSet

from mockbatch import clock
from mockbatch.errors import ApiError
from mockbatch.stores.failure import damaged_store, state_full, state_unavailable
from mockbatch.stores.file_lock import lock_folder
from mockbatch.stores.store import WAIT_SECONDS

# In one statement, because another process may be creating the tables.
_WHAT_IT_IS = """
SELECT user_version, (SELECT count(*) FROM sqlite_master WHERE type = 'table'),
    (SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?)
FROM pragma_user_version
"""
_NO_FILE = (0, 0)
_NOT_A_DATABASE = "file is not a database"
# Long enough for the transactions of other processes, which take milliseconds.
_SHORT_WAIT_SECONDS = 0.1


class _Identity(NamedTuple):
    """What a connection belongs to: a process, and the file and the log that were there then."""

    process: int
    file: tuple[int, int]
    log: tuple[int, int]


class _Connection(sqlite3.Connection):
    """Closes itself when its thread has ended; Python 3.13 and later would warn that it is open."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        #: Held while its thread uses it, which is so at first.
        self.in_use = threading.RLock()
        self.in_use.acquire()
        #: None once it is closed.
        self.identity: _Identity | None = None

    def close(self) -> None:
        """Close it; the thread that does so has `in_use`."""
        self.identity = None
        super().close()

    def __del__(self) -> None:
        with suppress(sqlite3.Error):  # of one that could not be opened
            self.close()


class _ForeignFileError(Exception):
    """The file is there, but of another program or version."""


class SqliteConnections:
    """A connection for each thread, each with the tables of a format.

    `tables` is the SQL that creates them in a new file, and `table` the name of one of them.
    """

    def __init__(self, path: Path, format_number: int, tables: str, table: str) -> None:
        # SQLite takes some names for something else, and has its log beside what a link leads to.
        self._path, self._name = path, os.path.realpath(path)
        self._folder = os.path.dirname(self._name)  # noqa: PTH120
        self._format, self._tables, self._table = format_number, tables, table
        self._local = threading.local()
        # One thread of a process at a time: SQLite makes those that wait sleep for long.
        self._write_lock = threading.Lock()
        self._is_locked = False  # by another program, when a thread tried to write last
        self._opened: WeakSet[_Connection] = WeakSet()
        self._opened_lock = threading.Lock()
        self._is_closed = False

    def prepare(self) -> None:
        """Create the file if it is not there; ValueError says why it cannot be used."""
        try:
            Path(self._folder).mkdir(parents=True, exist_ok=True)
            self._acquire().in_use.release()
        except _ForeignFileError as error:
            raise ValueError(str(error)) from None
        except (sqlite3.Error, OSError) as error:
            if str(error) == _NOT_A_DATABASE:
                reason = f"{self._path} is not a SQLite file: name another one"
            elif _is_damage(error):
                advice = f"restore a backup, or remove {self._path}* to begin anew"
                reason = f"{self._path} is damaged: {advice}"
            else:
                reason = f"{self._path} cannot be opened: {_reason(error)}"
            raise ValueError(reason) from error

    def close(self) -> None:
        """Close all connections of this process, and from now on each one after its use.

        When the last process closes its last one, SQLite moves its log into the file.
        """
        self._is_closed = True
        with ExitStack() as stack:
            # One process at a time, or each may find that it is not the last one.
            with suppress(OSError):
                stack.enter_context(lock_folder(self._folder))
            self._close_all_but(None, wait_seconds=0)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection in a transaction, and commit it unless the block raises."""
        begun = clock.monotonic()
        if not self._write_lock.acquire(timeout=WAIT_SECONDS):
            raise state_unavailable("another request of this process is waiting for it")
        try:
            with self.using() as connection:
                self._begin_writing(connection, WAIT_SECONDS - (clock.monotonic() - begun))
                try:
                    yield connection
                    connection.execute("COMMIT")
                finally:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
        finally:
            self._write_lock.release()

    def _begin_writing(self, connection: sqlite3.Connection, seconds: float) -> None:
        """Begin a transaction, and wait for up to about `seconds` while the file is locked.

        After a wait in vain, another program probably has it, and each request would wait as long
        after the one before it. So they only wait as long as mockbatch itself may lock the file.
        """
        wait = _SHORT_WAIT_SECONDS if self._is_locked else max(seconds, _SHORT_WAIT_SECONDS)
        is_shorter = wait < WAIT_SECONDS - _SHORT_WAIT_SECONDS
        if is_shorter:
            connection.execute(f"PRAGMA busy_timeout = {int(1000 * wait)}")
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:  # the connection is closed after it
            self._is_locked = "locked" in str(error)
            raise
        self._is_locked = False
        if is_shorter:
            connection.execute(f"PRAGMA busy_timeout = {int(1000 * WAIT_SECONDS)}")

    @contextmanager
    def using(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection of this thread; ApiError 503 or 507 for an error of SQLite."""
        try:
            connection = self._acquire()
            try:
                yield connection
            except sqlite3.Error:
                connection.close()  # the file may be another one when it is back
                raise
            finally:
                connection.in_use.release()
                if self._is_closed:
                    self.close()
        except (_ForeignFileError, sqlite3.Error, OSError) as error:
            raise _api_error(error) from error

    def _identity(self) -> _Identity:
        """Return what a connection belongs to if it is opened now."""
        return _Identity(os.getpid(), _file_at(self._name), _file_at(f"{self._name}-wal"))

    def _acquire(self) -> _Connection:
        """Return the connection of this thread, in use."""
        connection: _Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            connection.in_use.acquire()
            try:
                if connection.identity == self._identity():
                    return connection
            except BaseException:
                connection.in_use.release()
                raise
            connection.in_use.release()
        connection = self._local.connection = self._open()
        return connection

    def _open(self) -> _Connection:
        """Return a new connection to the file that is there now, or to a new one."""
        with lock_folder(self._folder):
            present = self._identity()
            # In one process, connections to the same file share what they know of its log.
            self._close_all_but(present, WAIT_SECONDS)
            if present.file == _NO_FILE:
                self._begin_file()
            connection = self._connect()
        with self._opened_lock:
            self._opened.add(connection)
        return connection

    def _begin_file(self) -> None:
        """Create the file, and remove what is left of one that someone has removed."""
        for ending in ("-wal", "-shm"):
            Path(self._name + ending).unlink(missing_ok=True)
        # SQLite gives its other files the mode of this one. A link to nothing stays one.
        with suppress(FileExistsError):
            os.close(os.open(self._name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))

    def _connect(self) -> _Connection:
        connection = sqlite3.connect(
            self._name,
            timeout=WAIT_SECONDS,
            isolation_level=None,
            check_same_thread=False,  # another thread may close it
            factory=_Connection,
        )
        try:
            self._set_up(connection)
            connection.identity = self._identity()
        except BaseException:
            connection.close()
            raise
        return connection

    def _set_up(self, connection: sqlite3.Connection) -> None:
        query = connection.execute(_WHAT_IT_IS, (self._table,))
        [(found, table_count, is_known)] = query
        if table_count and not (found and is_known):
            raise _ForeignFileError(f"{self._path} is of another program: name another file")
        if found not in (0, self._format):
            raise _ForeignFileError(
                f"{self._path} is of another version of mockbatch: use that version, name another "
                f"file, or remove {self._path}* to begin anew"
            )
        connection.execute("PRAGMA journal_mode = WAL")  # kept in the file
        connection.execute("PRAGMA synchronous = NORMAL")
        if not is_known:
            version = f"PRAGMA user_version = {self._format}"
            connection.executescript(f"BEGIN IMMEDIATE; {self._tables} {version}; COMMIT")

    def _close_all_but(self, present: _Identity | None, wait_seconds: float) -> None:
        """Close the connections of this process that have another identity; not those in use."""
        with self._opened_lock:
            opened = list(self._opened)
        for connection in opened:
            identity = connection.identity
            is_ours = identity is not None and identity.process == os.getpid()
            if not is_ours or identity == present:
                continue
            if connection.in_use.acquire(timeout=wait_seconds):
                with suppress(sqlite3.Error):
                    connection.close()
                connection.in_use.release()


def _file_at(name: str) -> tuple[int, int]:
    """Return the device and the inode of a file, which no other has while it is open."""
    try:
        found = os.stat(name)  # noqa: PTH116 - a Path takes three times as long
    except FileNotFoundError:
        return _NO_FILE
    return found.st_dev, found.st_ino


def _is_damage(error: Exception) -> bool:
    return "malformed" in str(error)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _api_error(error: Exception) -> ApiError:
    if getattr(error, "sqlite_errorname", "") == "SQLITE_FULL" or "is full" in str(error):
        return state_full(error)
    if _is_damage(error) or str(error) == _NOT_A_DATABASE:
        return damaged_store(error)
    return state_unavailable(_reason(error))
