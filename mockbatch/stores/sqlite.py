"""Worlds in a file of SQLite: for the processes of one machine, and across restarts.

A commit is durable when the process dies. When the machine does, the last ones may be lost, but
never a part of one.
"""

import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from mockbatch import clock
from mockbatch.errors import too_many_worlds
from mockbatch.stores.failure import state_unavailable
from mockbatch.stores.file_lock import IS_SUPPORTED, FileLocks
from mockbatch.stores.sqlite_connections import SqliteConnections
from mockbatch.stores.store import (
    ANY_NUMBER,
    CHANGE,
    DELIVERY,
    DUE,
    LOCK_SECONDS,
    NOTHING,
    PLANNING,
    Changes,
    Record,
    StoredWorld,
    Version,
)

_FORMAT = 1
# This many removed cells are not worth forgetting.
_MOST_REMOVED = 1000
_TABLES = """
CREATE TABLE IF NOT EXISTS worlds (
    name TEXT PRIMARY KEY, id INTEGER NOT NULL, version INTEGER NOT NULL, label TEXT NOT NULL,
    requests INTEGER NOT NULL, removed INTEGER NOT NULL, oldest INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS cells (
    world INTEGER NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, text TEXT,
    UNIQUE (world, name)
);
CREATE INDEX IF NOT EXISTS cells_by_version ON cells (world, version);
CREATE TABLE IF NOT EXISTS records (
    world INTEGER NOT NULL, number INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (world, number)
) WITHOUT ROWID;
"""
_SET_CELL = """
INSERT INTO cells (world, name, version, text) VALUES (?, ?, ?, ?)
ON CONFLICT (world, name) DO UPDATE SET version = excluded.version, text = excluded.text
"""


class SqliteStore:
    """Worlds in a file of SQLite, and their locks in the folder `FILE-locks` beside it."""

    def __init__(self, path: Path) -> None:
        if not IS_SUPPORTED:
            raise ValueError("sqlite:// needs locks on files that this system does not have")
        self._connections = SqliteConnections(path, _FORMAT, _TABLES, "worlds")
        locks = path.with_name(f"{path.name}-locks")
        self._locks = FileLocks(locks)
        self._connections.prepare()
        try:
            self._locks.make_folder()  # beside a file that is ours
        except OSError as error:
            raise ValueError(f"the folder {locks} cannot be made: {error.strerror}") from error

    # --- cells

    def pull(self, world: str, seen: Version) -> Changes:
        """Return what has changed since the version `seen`; the version NOTHING without a world."""
        with self._connections.using() as connection:
            row = self._row(connection, world)
            if row is None:
                return Changes(NOTHING, (), is_whole=True)
            if seen == row[:2]:
                return Changes(seen, (), is_whole=False)
            connection.execute("BEGIN")
            try:  # again, now that nothing can be added between the two
                id, number, oldest = self._row(connection, world) or (0, 0, 0)
                is_known = seen.id == id and oldest <= seen.number <= number
                since, gone = (seen.number, "") if is_known else (-1, "AND text IS NOT NULL")
                cells = connection.execute(
                    f"SELECT name, text FROM cells WHERE world = ? AND version > ? {gone}"  # noqa: S608
                    " ORDER BY rowid",
                    (id, since),
                ).fetchall()
            finally:
                connection.execute("ROLLBACK")
            return Changes(Version(id, number), cells, is_whole=not is_known)

    def commit(self, world: str, seen: Version, cells: Mapping[str, str | None]) -> Version:
        """Change cells all at once, remove those whose text is None, and return the new version.

        The caller has CHANGE. Raises ApiError 503, and changes nothing, if the present version is
        not `seen`.
        """
        version = Version(seen.id, seen.number + 1)
        removed = sum(text is None for text in cells.values())
        with self._connections.writing() as connection:
            moved = connection.execute(
                "UPDATE worlds SET version = version + 1, removed = removed + ?"
                " WHERE name = ? AND id = ? AND version = ?",
                (removed, world, *seen),
            )
            if not moved.rowcount:
                raise state_unavailable("it has changed meanwhile")
            rows = ((seen.id, name, version.number, text) for name, text in cells.items())
            connection.executemany(_SET_CELL, rows)
            if removed:
                self._forget_removed(connection, world, version)
        return version

    def replace(
        self,
        world: str,
        seen: Version,
        label: str,
        cells: Mapping[str, str | None],
        records: Sequence[str] = (),
        count: int = 0,
        most: int = ANY_NUMBER,
    ) -> Version:
        """Create a world, or begin it again, with these cells and the last of `count` records.

        Raises ApiError 429, and creates none, if there are `most` worlds already.
        """
        version = Version(secrets.randbits(62) + 1, 1)
        with self._connections.writing() as connection:
            row = self._row(connection, world)
            if (NOTHING if row is None else Version(row[0], row[1])) != seen:
                raise state_unavailable("it has changed meanwhile")
            if row is None:
                self._check_room(connection, world, most)
            self._remove_contents(connection, seen.id)
            connection.execute(
                "INSERT INTO worlds (name, id, version, label, requests, removed, oldest)"
                " VALUES (?, ?, ?, ?, ?, 0, 0) ON CONFLICT (name) DO UPDATE SET id = excluded.id,"
                " version = excluded.version, label = excluded.label,"
                " requests = excluded.requests, removed = 0, oldest = 0",
                (world, *version, label, count),
            )
            rows = ((version.id, name, 1, text) for name, text in cells.items())
            connection.executemany(_SET_CELL, rows)
            numbered = enumerate(records, count - len(records) + 1)
            rows_of_records = ((version.id, number, text) for number, text in numbered)
            connection.executemany("INSERT INTO records VALUES (?, ?, ?)", rows_of_records)
        self._locks.remove_all(f"{world}-{DELIVERY}")  # the new world has another one
        return version

    def _check_room(self, connection: sqlite3.Connection, world: str, most: int) -> None:
        [(count,)] = connection.execute("SELECT count(*) FROM worlds")
        if count >= most:
            self._locks.remove_all(f"{world}-")  # no request is going to remove them
            raise too_many_worlds(most)

    def remove(self, world: str) -> None:
        """Remove a world, if there is one."""
        with self._connections.writing() as connection:
            row = self._row(connection, world)
            if row is not None:
                self._remove_contents(connection, row[0])
                connection.execute("DELETE FROM worlds WHERE name = ?", (world,))
        self._locks.remove_all(f"{world}-")

    def worlds(self) -> Sequence[StoredWorld]:
        """Return all worlds, the oldest first."""
        with self._connections.using() as connection:
            rows = connection.execute("SELECT name, label FROM worlds ORDER BY rowid")
            return [StoredWorld(*row) for row in rows]

    def due(self) -> Sequence[StoredWorld]:
        """Return the worlds whose cell DUE is not after the present time."""
        query = (
            "SELECT worlds.name, label FROM worlds JOIN cells ON world = id AND cells.name = ?"
            " WHERE text != 'null' AND CAST(text AS REAL) <= ?"
        )
        about = DUE, clock.wall_time()
        with self._connections.using() as connection:
            return [StoredWorld(*row) for row in connection.execute(query, about)]

    @staticmethod
    def _row(connection: sqlite3.Connection, world: str) -> tuple[int, int, int] | None:
        """Return the id and version of a world, and since which version all changes are known."""
        row: tuple[int, int, int] | None = connection.execute(
            "SELECT id, version, oldest FROM worlds WHERE name = ?", (world,)
        ).fetchone()
        return row

    @staticmethod
    def _remove_contents(connection: sqlite3.Connection, id: int) -> None:
        connection.execute("DELETE FROM cells WHERE world = ?", (id,))
        connection.execute("DELETE FROM records WHERE world = ?", (id,))

    @staticmethod
    def _forget_removed(connection: sqlite3.Connection, world: str, version: Version) -> None:
        """Forget which cells were removed, if they are many; older replicas read all again."""
        query = "SELECT removed FROM worlds WHERE name = ?"
        [(removed,)] = connection.execute(query, (world,))
        if removed > _MOST_REMOVED:
            connection.execute("DELETE FROM cells WHERE world = ? AND text IS NULL", (version.id,))
            changes = (version.number, world)
            connection.execute("UPDATE worlds SET removed = 0, oldest = ? WHERE name = ?", changes)

    # --- records

    def append(self, world: str, text: str, most: int) -> None:
        """Record a request of a world, if there is one; only the last `most` are kept."""
        with self._connections.writing() as connection:
            query = "UPDATE worlds SET requests = requests + 1 WHERE name = ?"
            if not connection.execute(query, (world,)).rowcount:
                return
            query = "SELECT id, requests FROM worlds WHERE name = ?"
            [(id, number)] = connection.execute(query, (world,))
            connection.execute("INSERT INTO records VALUES (?, ?, ?)", (id, number, text))
            if number > most:
                query = "DELETE FROM records WHERE world = ? AND number <= ?"
                connection.execute(query, (id, number - most))

    def records(self, world: str) -> Sequence[Record]:
        """Return the records that are kept, oldest first."""
        query = (
            "SELECT number, text FROM records WHERE world = (SELECT id FROM worlds WHERE name = ?)"
            " ORDER BY number"
        )
        with self._connections.using() as connection:
            return [Record(*row) for row in connection.execute(query, (world,))]

    def count(self, world: str) -> int:
        """Return how many requests were recorded, those no longer kept included."""
        query = "SELECT requests FROM worlds WHERE name = ?"
        with self._connections.using() as connection:
            return next((number for (number,) in connection.execute(query, (world,))), 0)

    # --- locks

    def acquire(self, world: str, lock: str) -> None:
        """Acquire a lock of a world, for this process; for deliveries without a limit of time."""
        self._locks.acquire(f"{world}-{lock}", LOCK_SECONDS if lock in (PLANNING, CHANGE) else None)

    def acquire_and_pull(self, world: str, lock: str, seen: Version) -> Changes:
        """Acquire PLANNING or CHANGE, and then pull; if that fails, the lock is not held."""
        self.acquire(world, lock)
        try:
            return self.pull(world, seen)
        except BaseException:
            self.release(world, lock)
            raise

    def try_acquire_both(self, world: str, seen: Version) -> Changes | None:
        """Acquire PLANNING and CHANGE if both are free, and then pull; None if one is not."""
        if not self.try_acquire(world, PLANNING):
            return None
        is_held = False
        try:
            is_held = self.try_acquire(world, CHANGE)
            return self.pull(world, seen) if is_held else None
        except BaseException:
            if is_held:
                self.release(world, CHANGE)
                is_held = False
            raise
        finally:
            if not is_held:
                self.release(world, PLANNING)

    def try_acquire(self, world: str, lock: str) -> bool:
        """Acquire a lock of a world if it is free, and return whether it was."""
        return self._locks.try_acquire(f"{world}-{lock}")

    def release(self, world: str, lock: str) -> None:
        """Release a lock of a world."""
        self._locks.release(f"{world}-{lock}")

    def close(self) -> None:
        """Close the file in all threads, which may use it again; each then closes it at once."""
        self._connections.close()
