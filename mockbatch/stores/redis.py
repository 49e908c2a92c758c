"""Worlds in a Redis or Valkey, for processes on many machines.

All keys begin with `mockbatch:`; those of a world have its name in braces. It needs Redis 6.2 or
newer, or Valkey, and no cluster. How much survives a crash of the server is decided by its own
settings, such as `appendonly`.
"""

import secrets
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

from mockbatch.errors import too_many_worlds
from mockbatch.stores import redis_scripts as scripts
from mockbatch.stores.failure import change_uncertain, state_unavailable
from mockbatch.stores.redis_client import RedisClient, redis_errors
from mockbatch.stores.redis_locks import RedisLocks
from mockbatch.stores.store import (
    ANY_NUMBER,
    CHANGE,
    DUE,
    LOCK_SECONDS,
    NOTHING,
    PLANNING,
    Changes,
    Record,
    StoredWorld,
    Version,
)

# This many removed cells are not worth forgetting.
_MOST_REMOVED = 1000
_WORLDS, _ORDER = "mockbatch:worlds", "mockbatch:order"


class RedisStore:
    """Worlds in the database of a server that a URL names; it connects when it is used."""

    def __init__(self, url: str) -> None:
        self._client = RedisClient(url)
        self._locks = RedisLocks(self._client)

    # --- cells

    def pull(self, world: str, seen: Version) -> Changes:
        """Return what has changed since the version `seen`; the version NOTHING without a world."""
        with redis_errors():
            return _changes(seen, self._client.run(scripts.PULL, _keys(world), seen))

    def commit(self, world: str, seen: Version, cells: Mapping[str, str | None]) -> Version:
        """Change cells all at once, remove those whose text is None, and return the new version.

        The caller has CHANGE. Raises ApiError 503, and changes nothing, if the present version is
        not `seen`.
        """
        kept = {name: text for name, text in cells.items() if text is not None}
        removed = [name for name, text in cells.items() if text is None]
        rest = (len(kept), _MOST_REMOVED, *_flat(kept), *removed)
        self._change(scripts.COMMIT, world, seen, *rest)
        return Version(seen.id, seen.number + 1)

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
        kept = {name: text for name, text in cells.items() if text is not None}
        rest = (len(kept), version.id, label, count, world, most, *_flat(kept), *records)
        if self._change(scripts.REPLACE, world, seen, *rest) == scripts.NO_ROOM:
            raise too_many_worlds(most)
        return version

    def remove(self, world: str) -> None:
        """Remove a world, if there is one."""
        import redis

        with redis_errors():
            pipeline = self._client.get().pipeline(transaction=True)
            pipeline.delete(*_keys(world))
            pipeline.zrem(_WORLDS, world)
            try:
                pipeline.execute()
            except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError) as error:
                raise change_uncertain() from error  # the reply may be lost or late

    def worlds(self) -> Sequence[StoredWorld]:
        """Return all worlds, the oldest first."""
        with redis_errors():
            return [world for world, _ in self._list()]

    def due(self) -> Sequence[StoredWorld]:
        """Return the worlds whose cell DUE is not after the present time of the server."""
        with redis_errors():
            listed = self._list()
            seconds, microseconds = self._client.get().time()
        wall_now = seconds + microseconds / 1e6
        return [
            world
            for world, text in listed
            if text is not None and text != b"null" and float(text) <= wall_now
        ]

    def _list(self) -> list[tuple[StoredWorld, bytes | None]]:
        """Return all worlds, the oldest first, each with its cell DUE."""
        client = self._client.get()
        names = [name.decode() for name in cast("list[bytes]", client.zrange(_WORLDS, 0, -1))]
        pipeline = client.pipeline(transaction=False)
        for name in names:
            pipeline.hget(_key(name, "w"), "label")
            pipeline.hget(_key(name, "c"), DUE)
        found = pipeline.execute()
        return [
            (StoredWorld(name, label.decode()), due)
            for name, label, due in zip(names, found[::2], found[1::2], strict=True)
            if label is not None
        ]

    def _change(self, script: str, world: str, seen: Version, *arguments: object) -> Any:
        """Run a script that changes a world once; ApiError 503 if it has another version.

        It is one, too, if PLANNING was lost to another process, as after a long suspension. The
        script releases CHANGE and what was acquired with it, in the same round trip.
        """
        import redis

        token = secrets.token_hex(8)
        value, planning = (self._locks.value(_key(world, lock)) for lock in (CHANGE, PLANNING))
        with redis_errors():
            try:
                outcome = self._run(script, world, *seen, token, value, planning, *arguments)
            except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError):
                # The reply may have been lost on its way, or may be late.
                if not self._settle(world, seen, token):
                    raise
                outcome = scripts.DONE
        if not outcome:
            raise state_unavailable("it has changed meanwhile")
        if outcome == scripts.DONE:
            self._locks.forget(value)
        return outcome

    def _settle(self, world: str, seen: Version, token: str) -> bool:
        """Return whether a change was made; if not, it is not going to be.

        ApiError 503 if that cannot be found out.
        """
        import redis

        keys = _all_keys(world)
        try:
            outcome: Any = self._client.get().eval(
                scripts.SETTLE, len(keys), *keys, *map(str, seen), token
            )
        except redis.exceptions.RedisError as error:
            raise change_uncertain() from error
        if outcome is None:
            raise change_uncertain()
        return bool(outcome)

    # --- records

    def append(self, world: str, text: str, most: int) -> None:
        """Record a request of a world, if there is one; only the last `most` are kept.

        The server has it before what this thread asks next.
        """
        with redis_errors():
            self._client.post(scripts.APPEND, [_key(world, "w"), _key(world, "j")], [text, most])

    def records(self, world: str) -> Sequence[Record]:
        """Return the records that are kept, oldest first."""
        with redis_errors():
            self._await_appends()
            pipeline = self._client.get().pipeline(transaction=True)
            pipeline.lrange(_key(world, "j"), 0, -1)
            pipeline.hget(_key(world, "w"), "requests")
            texts, number = pipeline.execute()
        first = int(number or 0) - len(texts) + 1
        return [Record(number, text.decode()) for number, text in enumerate(texts, first)]

    def count(self, world: str) -> int:
        """Return how many requests were recorded, those no longer kept included."""
        with redis_errors():
            self._await_appends()
            return int(self._client.get().hget(_key(world, "w"), "requests") or 0)

    def _await_appends(self) -> None:
        """Wait for what was appended over other connections before.

        The server may handle commands that have come over several connections in any order, but it
        handles all of them before it sends the replies.
        """
        self._client.ask("PING")

    # --- locks

    def acquire(self, world: str, lock: str) -> None:
        """Acquire a lock of a world, for this process; for deliveries without a limit of time."""
        self._locks.acquire(_key(world, lock), LOCK_SECONDS if lock in (PLANNING, CHANGE) else None)

    def acquire_and_pull(self, world: str, lock: str, seen: Version) -> Changes:
        """Acquire a lock, and return what has changed since the version `seen`."""
        take = partial(self._lock_and_pull, world, [lock], seen)
        return _changes(seen, self._locks.acquire_with(_key(world, lock), take))

    def try_acquire_both(self, world: str, seen: Version) -> Changes | None:
        """Acquire PLANNING and CHANGE if both are free, and then pull; None if one is not."""
        locks = (PLANNING, CHANGE)
        take = partial(self._lock_and_pull, world, locks, seen)
        result = self._locks.try_acquire_with([_key(world, lock) for lock in locks], take)
        return _changes(seen, result) if result else None

    def _lock_and_pull(
        self, world: str, locks: Sequence[str], seen: Version, value: str, milliseconds: int
    ) -> Any:
        arguments = (*seen, value, milliseconds)
        return self._client.run(scripts.LOCK_AND_PULL, _all_keys(world, *locks), arguments)

    def try_acquire(self, world: str, lock: str) -> bool:
        """Acquire a lock of a world if it is free, and return whether it was."""
        return self._locks.try_acquire(_key(world, lock))

    def release(self, world: str, lock: str) -> None:
        """Release a lock of a world."""
        self._locks.release(_key(world, lock))

    def close(self) -> None:
        """Close the connection of this thread, and renew no locks any more."""
        self._locks.close()
        self._client.close_thread()

    def _run(self, script: str, world: str, *arguments: object) -> Any:
        return self._client.run(script, _all_keys(world, CHANGE, PLANNING), arguments)


def _key(world: str, part: str) -> str:
    return f"mockbatch:{{{world}}}:{part}"


def _keys(world: str) -> list[str]:
    return [_key(world, part) for part in "wcloj"]


def _all_keys(world: str, *locks: str) -> list[str]:
    return [*_keys(world), _WORLDS, _ORDER, *(_key(world, lock) for lock in locks)]


def _flat(cells: Mapping[str, str]) -> list[str]:
    return [text for cell in cells.items() for text in cell]


def _changes(seen: Version, result: Sequence[Any]) -> Changes:
    """Return the result of the script PULL as changes since the version `seen`."""
    seconds, microseconds, id, number, is_whole, *rows = result
    version, wall = Version(int(id), int(number)), int(seconds) + int(microseconds) / 1e6
    if version in (seen, NOTHING):
        return Changes(version, (), is_whole=version == NOTHING, wall=wall)
    found = list(zip(rows[::3], rows[1::3], rows[2::3], strict=True))
    if not is_whole:
        found.sort(key=lambda row: float(row[2]))
    cells = [(name.decode(), None if text is None else text.decode()) for name, text, _ in found]
    return Changes(version, cells, bool(is_whole), wall)
