"""Several replies of one entry, in turn: each request that matches gets the next one."""

from collections.abc import Hashable, Sequence
from threading import Lock
from typing import Generic, TypeVar

from mockbatch.scripting.match import RequestContext

Item = TypeVar("Item")


class Turns(Generic[Item]):
    """Hands out `items` in order, then the last one again and again.

    `times` limits how many are handed out; None for no limit.

    A line of a batch keeps its turn: `take` is called again whenever the script changes before
    the line runs.
    """

    def __init__(self, items: Sequence[Item], times: int | None) -> None:
        self.items = tuple(items)
        self.times = times
        self._lock = Lock()
        self._taken: dict[Hashable, int] = {}

    def take(self, request: RequestContext) -> Item | None:
        """Return the item for a request, None if no turns are left."""
        is_line = request.batch_id is not None and request.line is not None
        key: Hashable = (request.batch_id, request.line) if is_line else object()
        with self._lock:
            turn = self._taken.get(key, len(self._taken))
            if self.times is not None and turn >= self.times:
                return None
            self._taken[key] = turn
        return self.items[min(turn, len(self.items) - 1)]

    def restarted(self) -> "Turns[Item]":
        """Return the same turns from the beginning."""
        return Turns(self.items, self.times)
