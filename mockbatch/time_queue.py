"""A queue of items by the time at which they are due."""

from heapq import heapify, heappop, heappush
from math import inf
from typing import Generic, TypeVar

T = TypeVar("T")

# This many outdated entries are not worth dropping.
_FEW = 100


class TimeQueue(Generic[T]):
    """Items by the second at which they are due, one item per key.

    Items due at the same second are ordered by their number.
    """

    def __init__(self) -> None:
        self._items: dict[str, tuple[int, int, T]] = {}  # key -> when due, number, item
        # Also has outdated entries, of keys whose item was replaced or removed: they are dropped
        # when they come to the top, or outnumber the others.
        self._heap: list[tuple[int, int, str]] = []  # when due, number, key

    def __len__(self) -> int:
        return len(self._items)

    def put(self, key: str, due_at: int, number: int, item: T) -> None:
        """Add an item; it replaces the one that the key had."""
        known = self._items.get(key)
        self._items[key] = due_at, number, item
        if known is None or known[:2] != (due_at, number):
            heappush(self._heap, (due_at, number, key))
            self._drop_most_outdated()

    def remove(self, key: str) -> None:
        """Remove the item of a key, if it has one."""
        self._items.pop(key, None)
        self._drop_most_outdated()

    def next_at(self) -> float:
        """Return when the first item is due, infinity if there are no items."""
        self._drop_outdated()
        return self._heap[0][0] if self._heap else inf

    def first(self) -> T | None:
        """Return the first item, whenever it is due, or None if there are no items."""
        self._drop_outdated()
        return self._items[self._heap[0][2]][2] if self._heap else None

    def pop_due(self, now: float) -> T | None:
        """Remove and return the first item due by `now`, None if nothing is due."""
        self._drop_outdated()
        if not self._heap or self._heap[0][0] > now:
            return None
        _, _, key = heappop(self._heap)
        return self._items.pop(key)[2]

    def _drop_most_outdated(self) -> None:
        if len(self._heap) > 2 * len(self._items) + _FEW:
            entries = self._items.items()
            self._heap = [(due_at, number, key) for key, (due_at, number, _) in entries]
            heapify(self._heap)

    def _drop_outdated(self) -> None:
        while self._heap:
            due_at, number, key = self._heap[0]
            if self._items.get(key, (None, None))[:2] == (due_at, number):
                return
            heappop(self._heap)
