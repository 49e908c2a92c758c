"""The interface of a store."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

#: How long a store may let a caller wait for its engine.
WAIT_SECONDS = 2.0
#: How long a command waits until another process has finished its own.
LOCK_SECONDS = 30.0

#: The locks of a world, in the order in which they may be acquired after that of `delivery_lock`:
#: for planning a command that takes long, and for a change.
PLANNING, CHANGE = "planning", "change"
#: How the names of all locks for the delivery of webhooks begin.
DELIVERY = "delivery-"


def delivery_lock(incarnation: int) -> str:
    """Return the lock for the delivery of webhooks, by the id in the version of the world."""
    return f"{DELIVERY}{incarnation}"


#: The cell with the wall time at which a webhook of the world is due, `null` for no such time: the
#: only one whose text a store reads.
DUE = "due"


#: A limit that no number of worlds reaches.
ANY_NUMBER = 2**31


class Version(NamedTuple):
    """How far a world has been read: up to commit `number` of the incarnation `id`.

    A world that is reset, or removed and created again, has another id.
    """

    id: int
    number: int


#: The version of a world that has not been read, or that the store does not have.
NOTHING = Version(0, 0)


class Changes(NamedTuple):
    """The cells that have changed since a version, in the order in which they were first added.

    The text of a removed cell is None. With `is_whole` they are all cells that there are. `wall`
    is the present time by the clock of the store, None if that is the clock of this machine.
    """

    version: Version
    cells: Sequence[tuple[str, str | None]]
    is_whole: bool
    wall: float | None = None


class Record(NamedTuple):
    """One of the last requests of a world, as JSON, and its number from 1."""

    number: int
    text: str


class StoredWorld(NamedTuple):
    """The name of a world in a store, and the text that was given when it was created."""

    name: str
    label: str


class Store(Protocol):
    """Keeps the cells of worlds for several processes; its methods may be called by any thread.

    Each raises ApiError 503 if the store cannot be used. The name of a world is a digest of its
    key: a store never learns a key.
    """

    def pull(self, world: str, seen: Version) -> Changes:
        """Return what has changed since the version `seen`; the version NOTHING without a world."""

    def acquire(self, world: str, lock: str) -> None:
        """Acquire a lock of a world, for this process; for deliveries without a limit of time.

        The thread that has acquired it releases it.
        """

    def acquire_and_pull(self, world: str, lock: str, seen: Version) -> Changes:
        """Acquire PLANNING or CHANGE, and then pull; if that fails, the lock is not held."""

    def try_acquire_both(self, world: str, seen: Version) -> Changes | None:
        """Acquire PLANNING and CHANGE if both are free, and then pull; None if one is not."""

    def try_acquire(self, world: str, lock: str) -> bool:
        """Acquire a lock of a world if it is free, and return whether it was."""

    def release(self, world: str, lock: str) -> None:
        """Release a lock of a world."""

    def commit(self, world: str, seen: Version, cells: Mapping[str, str | None]) -> Version:
        """Change cells all at once, remove those whose text is None, and return the new version.

        The caller has CHANGE, which may be free afterwards, as may PLANNING if both were acquired
        at once. Raises ApiError 503, and changes nothing, if the present version is not `seen`.
        """

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

    def remove(self, world: str) -> None:
        """Remove a world, if there is one."""

    def worlds(self) -> Sequence[StoredWorld]:
        """Return all worlds, the oldest first."""

    def due(self) -> Sequence[StoredWorld]:
        """Return the worlds whose cell DUE is not after the present time by the store's clock."""

    def append(self, world: str, text: str, most: int) -> None:
        """Record a request of a world, if there is one; only the last `most` are kept.

        The store may still be at it on return, but does it before what this thread asks next.
        """

    def records(self, world: str) -> Sequence[Record]:
        """Return the records that are kept, oldest first."""

    def count(self, world: str) -> int:
        """Return how many requests were recorded, those no longer kept included."""

    def close(self) -> None:
        """Release what the store holds open: at least what this thread does."""
