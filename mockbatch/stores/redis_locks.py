"""Locks in a Redis, which another process gets soon after their holder has died.

The value of a lock names its holder, by the name that the connections of that process have: when
the server has listed no such connection for a while, the lock is free. A whole machine may be gone
without the server noticing, so a lock expires, too, unless its holder renews it. Should a holder
lose a lock by mistake, its commit is refused: the version is another one, or PLANNING has another
value.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from threading import Event, Lock, Thread, get_ident
from typing import Any, NamedTuple

from mockbatch import clock
from mockbatch.stores import redis_scripts as scripts
from mockbatch.stores.failure import state_unavailable
from mockbatch.stores.redis_client import RedisClient, redis_errors
from mockbatch.stores.store import LOCK_SECONDS
from mockbatch.stores.waits import wait_repeatedly

_LEASE_MILLISECONDS = 10_000
# Whether a process is connected is looked after in rounds; in each 30th it renews its locks.
_ROUND_SECONDS, _RENEWAL_ROUNDS = 0.1, 30
# For how long a holder has to have no connection to be given up.
_ABSENT_SECONDS = 0.25
# After how long without another look an absence is forgotten, as it is when the process is there
# again: longer than a process that waits for its turn to deliver takes to look again.
_FORGET_SECONDS = 2.0
# How often a process tries again to release a lock that it may have.
_RELEASE_SECONDS = 0.25
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.001, 0.008
# How often a process that waits asks whether the holder is still there.
_CHECK_SECONDS = 0.05


class _Absence(NamedTuple):
    """Since when a process was seen without a connection, and when last; in monotonic seconds."""

    since: float
    last_seen: float


class RedisLocks:
    """Locks by key; the thread that has acquired one releases it."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client
        self._held: dict[tuple[str, int], str] = {}  # key and thread -> value
        self._lost: set[tuple[str, str]] = set()  # key and value
        self._has_lost, self._is_closed = Event(), Event()
        self._absent: dict[str, _Absence] = {}  # by the name of the process
        self._numbers = count()
        self._lock = Lock()
        self._renewing: Thread | None = None

    def acquire(self, key: str, seconds: float | None) -> None:
        """Acquire a lock, waiting at most so long; ApiError 503 if another process keeps it."""
        self._wait(key, seconds, partial(self._set, key))

    def acquire_with(self, key: str, take: Callable[[str, int], Any]) -> Any:
        """Acquire a lock by what sets it to a value for milliseconds, and return its result."""
        return self._wait(key, LOCK_SECONDS, lambda value: take(value, _LEASE_MILLISECONDS))

    def try_acquire_with(self, keys: Sequence[str], take: Callable[[str, int], Any]) -> Any:
        """Acquire locks likewise if they are free; return what `take` returns, nothing if not."""
        return self._attempt(keys, lambda value: take(value, _LEASE_MILLISECONDS))

    def try_acquire(self, key: str) -> bool:
        """Acquire a lock if it is free, and return whether it was."""
        take = partial(self._set, key)
        return bool(
            self._attempt([key], take)
            or (self._free_if_abandoned(key) and self._attempt([key], take))
        )

    def value(self, key: str) -> str:
        """Return the value of a lock that this thread has, and else an empty text."""
        with self._lock:
            return self._held.get((key, get_ident()), "")

    def forget(self, value: str) -> None:
        """Note that the server has released the locks that had this value."""
        with self._lock:
            self._held = {where: held for where, held in self._held.items() if held != value}

    def release(self, key: str) -> None:
        """Release a lock, unless it was; if the server cannot be reached, once it can be.

        What was done with the lock is done, so this is not an error.
        """
        with self._lock:
            value = self._held.pop((key, get_ident()), None)
        if value is None:
            return
        note_lost = partial(self._note_lost, [key], value)
        if not self._client.is_connected:  # and nothing is to wait for a connection
            note_lost()
            return
        with _ignored_errors():
            self._client.post(scripts.RELEASE, [key], [value], note_lost)

    def _wait(self, key: str, seconds: float | None, take: Callable[[str], Any]) -> Any:
        """Call `take` with new values until it returns something; ApiError 503 after so long."""
        waits = wait_repeatedly(_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS, is_random=True)
        waited, next_check = 0.0, _CHECK_SECONDS
        while not (result := self._attempt([key], take)):
            if seconds is not None and waited >= seconds:
                raise state_unavailable(f"another process is busy with it for {seconds:g} seconds")
            waited += next(waits)
            if waited >= next_check:
                next_check = waited + _CHECK_SECONDS
                self._free_if_abandoned(key)
        return result

    def _set(self, key: str, value: str) -> Any:
        return self._client.ask("SET", key, value, "NX", "PX", _LEASE_MILLISECONDS)

    def _attempt(self, keys: Sequence[str], take: Callable[[str], Any]) -> Any:
        """Call `take` with a new value, and return its result: nothing if a lock is taken."""
        with redis_errors():
            self._release_lost()
            self._client.get()
            value = f"{self._client.name}/{next(self._numbers)}"
            try:
                result = take(value)
            except BaseException:
                self._note_lost(keys, value)
                raise
        if result:
            with self._lock:
                self._held |= {(key, get_ident()): value for key in keys}
                self._keep_renewing()
        return result

    def _note_lost(self, keys: Sequence[str], value: str) -> None:
        """Note locks that this process may have and does not need, to release them soon."""
        with self._lock:
            self._lost |= {(key, value) for key in keys}
            self._has_lost.set()
            self._keep_renewing()

    def close(self) -> None:
        """Renew and release nothing any more; what this process has expires."""
        self._is_closed.set()
        self._has_lost.set()  # which ends the wait of the thread

    def _keep_renewing(self) -> None:
        is_running = self._renewing is not None and self._renewing.is_alive()
        if not (is_running or self._is_closed.is_set()):
            self._renewing = Thread(target=self._renew_all, daemon=True)
            with suppress(RuntimeError):  # too many threads: the next lock tries again
                self._renewing.start()

    def _release_lost(self) -> None:
        """Release the locks that this process may have and does not need."""
        with self._lock:
            lost = list(self._lost)
        for key, value in lost:
            self._client.run(scripts.RELEASE, [key], [value])
            with self._lock:
                self._lost.discard((key, value))
                if not self._lost:
                    self._has_lost.clear()

    def _free_if_abandoned(self, key: str) -> bool:
        """Release a lock whose holder has no connection, and return whether it was released."""
        with redis_errors():
            client = self._client.get()
            value: Any = client.get(key)
            if value is None:
                return True
            holder = value.decode().partition("/")[0]
            if any(one["name"] == holder for one in client.client_list()):
                with self._lock:
                    self._absent = {name: at for name, at in self._absent.items() if name != holder}
                return False
            if not self._has_been_absent(holder):
                return False
            return bool(self._client.run(scripts.RELEASE, [key], [value]))

    def _has_been_absent(self, holder: str) -> bool:
        """Note that a process has no connection, and return whether it has had none for a while."""
        now = clock.monotonic()
        with self._lock:
            # The process may have been connected between two looks that are far apart.
            recent = {
                name: absence
                for name, absence in self._absent.items()
                if now - absence.last_seen < _FORGET_SECONDS
            }
            since = recent[holder].since if holder in recent else now
            self._absent = {**recent, holder: _Absence(since, now)}
        return now - since >= _ABSENT_SECONDS

    def _renew_all(self) -> None:
        """Renew the locks of this process and keep it connected, until it has none for a while."""
        idle_rounds = rounds = 0
        while idle_rounds < _RENEWAL_ROUNDS:
            self._has_lost.wait(_ROUND_SECONDS)
            if self._is_closed.is_set():
                break
            rounds += 1
            with self._lock:
                held = dict(self._held)
                idle_rounds = 0 if held or self._lost else idle_rounds + 1
                if idle_rounds == _RENEWAL_ROUNDS:
                    self._renewing = None
            with _ignored_errors():  # the commit finds out if a lock was lost
                self._release_lost()
                if rounds % _RENEWAL_ROUNDS == 0:
                    for (key, _), value in held.items():
                        self._client.run(scripts.RENEW, [key], [value, _LEASE_MILLISECONDS])
                elif held:
                    self._client.keep_connected()
            if self._lost:
                Event().wait(_RELEASE_SECONDS)
        self._client.close_thread()


@contextmanager
def _ignored_errors() -> Iterator[None]:
    import redis

    try:
        yield
    except redis.exceptions.RedisError:
        return
