"""Locks in a Redis, which another process gets soon after their holder has died.

The value of a lock names its holder, by the name that the connections of that process have: when
the server lists no such connection any more, the lock is free. A whole machine may be gone without
the server noticing, so a lock expires, too, unless its holder renews it. Should a holder lose its
lock by mistake, its commit is refused, because the version is another one then.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from threading import Event, Lock, Thread
from typing import Any

from mockbatch.stores import redis_scripts as scripts
from mockbatch.stores.failure import state_unavailable
from mockbatch.stores.redis_client import RedisClient, redis_errors

_LEASE_MILLISECONDS = 10_000
_RENEWAL_SECONDS = 3.0
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.001, 0.008
# How often a process that waits asks whether the holder is still there.
_CHECK_SECONDS = 0.05


class RedisLocks:
    """Locks by key; at most one thread of a process asks for a key."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client
        self._held: dict[str, str] = {}  # key -> value
        self._numbers = count()
        self._lock = Lock()
        self._renewing: Thread | None = None

    def acquire(self, key: str, seconds: float | None) -> None:
        """Acquire a lock, waiting at most so long; ApiError 503 if another process keeps it."""
        waited, wait, next_check = 0.0, _FIRST_WAIT_SECONDS, _CHECK_SECONDS
        while not self._set(key):
            if seconds is not None and waited >= seconds:
                raise state_unavailable(f"another process is busy with it for {seconds:g} seconds")
            # Not time.sleep, which clients in the same process may have patched.
            Event().wait(wait * random.uniform(0.5, 1))  # noqa: S311 (not a secret)
            waited += wait
            wait = min(2 * wait, _LONGEST_WAIT_SECONDS)
            if waited >= next_check:
                next_check = waited + _CHECK_SECONDS
                self._free_if_abandoned(key)

    def try_acquire(self, key: str) -> bool:
        """Acquire a lock if it is free, and return whether it was."""
        return self._set(key) or (self._free_if_abandoned(key) and self._set(key))

    def release(self, key: str) -> None:
        """Release a lock; without the store, it expires."""
        with self._lock:
            value = self._held.pop(key)
        with redis_errors():
            self._client.run(scripts.RELEASE, [key], [value])

    def _set(self, key: str) -> bool:
        with redis_errors():
            client = self._client.get()
            value = f"{self._client.name}/{next(self._numbers)}"
            is_set = bool(client.set(key, value, nx=True, px=_LEASE_MILLISECONDS))
        if is_set:
            with self._lock:
                self._held[key] = value
                if self._renewing is None or not self._renewing.is_alive():
                    self._renewing = Thread(target=self._renew_all, daemon=True)
                    self._renewing.start()
        return is_set

    def _free_if_abandoned(self, key: str) -> bool:
        """Release a lock whose holder has no connection, and return whether it was released."""
        with redis_errors():
            client = self._client.get()
            value: Any = client.get(key)
            if value is None:
                return True
            holder = value.decode().partition("/")[0]
            if any(one["name"] == holder for one in client.client_list()):
                return False
            return bool(self._client.run(scripts.RELEASE, [key], [value]))

    def _renew_all(self) -> None:
        """Renew the locks of this process until it has none."""
        while True:
            Event().wait(_RENEWAL_SECONDS)
            with self._lock:
                held = dict(self._held)
                if not held:
                    self._renewing = None
                    return
            with _ignored_errors():
                for key, value in held.items():
                    self._client.run(scripts.RENEW, [key], [value, _LEASE_MILLISECONDS])


@contextmanager
def _ignored_errors() -> Iterator[None]:
    import redis

    try:
        yield
    except redis.exceptions.RedisError:  # the commit will find out
        return
