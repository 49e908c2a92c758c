"""Several replies of one entry, in turn: each request that matches gets the next one."""

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Generic, TypeVar

from mockbatch.scripting.match import RequestContext

Item = TypeVar("Item")

# A line of a batch: the batch's id, and the number of the line from 1.
Line = tuple[str, int]


class Turns(Generic[Item]):
    """Returns `items` in order, and then repeats the last.

    `times` limits how many turns there are; None for no limit. `taken` turns are over already, and
    `turns_of_lines` has the turn of each line.

    A line of a batch keeps its turn: `take` is called again whenever the script changes before
    the line runs.
    """

    def __init__(
        self,
        items: Sequence[Item],
        times: int | None,
        taken: int = 0,
        turns_of_lines: Mapping[Line, int] | None = None,
    ) -> None:
        self.items = tuple(items)
        self.times = times
        self._lock = Lock()
        self._taken = taken
        self._turns_of_lines = dict(turns_of_lines or {})

    def take(self, request: RequestContext) -> Item | None:
        """Return the item for a request, None if no turns are left."""
        with self._lock:
            if request.batch_id is None or request.line is None:
                turn = self._next_turn()
            else:
                line = request.batch_id, request.line
                turn = self._turns_of_lines.get(line)
                if turn is None and (turn := self._next_turn()) is not None:
                    self._turns_of_lines[line] = turn
        return None if turn is None else self.items[min(turn, len(self.items) - 1)]

    def _next_turn(self) -> int | None:
        if self.times is not None and self._taken >= self.times:
            return None
        self._taken += 1
        return self._taken - 1

    def taken(self) -> tuple[int, Mapping[Line, int]]:
        """Return the number of turns taken, and the turn of each line."""
        with self._lock:
            return self._taken, dict(self._turns_of_lines)

    @property
    def taken_count(self) -> int:
        """How many turns have been taken."""
        return self._taken

    def copied(self) -> "Turns[Item]":
        """Return the same turns, which then go on independently."""
        return Turns(self.items, self.times, *self.taken())

    def restarted(self) -> "Turns[Item]":
        """Return the same turns from the beginning."""
        return Turns(self.items, self.times)
