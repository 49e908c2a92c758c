"""What shall befall the next batches of a world, in the order in which it was chosen."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from mockbatch.scenarios.scenario import Scenario


class ScenarioQueue:
    """Scenarios that wait for the next accepted batches."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: list[tuple[Scenario, int | None]] = []

    def add(self, scenario: Scenario, times: int | None) -> None:
        """Let a scenario befall `times` batches after those chosen before; None: all others."""
        with self._lock:
            # What was to befall all others gives way to what is chosen after it.
            waiting = [one for one in self._waiting if one[1] is not None]
            self._waiting = [*waiting, (scenario, times)]

    def clear(self) -> None:
        """Forget what was chosen."""
        with self._lock:
            self._waiting = []

    def waiting(self) -> list[tuple[Scenario, int | None]]:
        """Return what waits, and for how many batches."""
        return list(self._waiting)

    @contextmanager
    def use(self) -> Iterator[Scenario | None]:
        """Lend what befalls one more batch, None when nothing was chosen.

        It is used up unless what it was lent for fails: a batch that is refused is none.
        """
        with self._lock:
            if not self._waiting:
                yield None
                return
            (scenario, times), *others = self._waiting
            yield scenario
            left = None if times is None else times - 1
            self._waiting = others if left == 0 else [(scenario, left), *others]
