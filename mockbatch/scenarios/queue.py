"""Scenarios for the next batches of a world, in the order in which they were queued."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from threading import Lock
from typing import TypeAlias

from mockbatch.limits import Limits
from mockbatch.scenarios.scenario import Scenario

#: A scenario, and for how many batches it is; None for all that follow.
QueuedScenario: TypeAlias = tuple[Scenario, int | None]
# How many scenarios that no batch got are remembered.
_MAX_UNUSED = 100


class ScenarioQueue:
    """Scenarios queued for the next batches that are accepted."""

    def __init__(
        self, waiting: Iterable[QueuedScenario] = (), limits: Limits | None = None
    ) -> None:
        self._limits = limits or Limits()
        #: Held while the queue changes.
        self.lock: AbstractContextManager[object] = Lock()
        self._waiting = list(waiting)
        self._unused: list[Scenario] = []

    def add(self, scenario: Scenario, times: int | None) -> None:
        """Queue a scenario for `times` batches, None for all that follow.

        Raises ApiError 400 if that is above a limit.
        """
        with self.lock:
            # A scenario for all that follow ends when another one is queued.
            waiting = [entry for entry in self._waiting if entry[1] is not None]
            waiting.append((scenario, times))
            self._check(waiting)
            self._waiting = waiting
            self._unused = [*self._unused, scenario][-_MAX_UNUSED:]

    def _check(self, waiting: Sequence[QueuedScenario]) -> None:
        room = "DELETE /_mock/scenarios/active clears the queue"
        if len(waiting) > self._limits.scenarios:
            raise self._limits.error("scenarios", room)
        size = sum(scenario.document_bytes for scenario, _ in waiting)
        if size > self._limits.document_bytes:
            raise self._limits.error("document_bytes", room)

    def restore(self, waiting: Iterable[QueuedScenario]) -> None:
        """Replace the queue."""
        self._waiting = list(waiting)

    def clear(self) -> None:
        """Remove every scenario."""
        with self.lock:
            self._waiting = []
            self._unused = []

    def waiting(self) -> list[QueuedScenario]:
        """Return the queued scenarios, each with the number of batches it is for."""
        return list(self._waiting)

    def unused(self) -> list[Scenario]:
        """Return the queued scenarios that no batch got, replaced ones included."""
        return list(self._unused)

    def first(self) -> Scenario | None:
        """Return the scenario of the next batch, None if the queue is empty."""
        return self._waiting[0][0] if self._waiting else None

    def use(self, scenario: Scenario) -> None:
        """Note that a batch got this scenario, if it is still the first one."""
        with self.lock:
            if self.first() is scenario:
                (_, times), *others = self._waiting
                remaining = None if times is None else times - 1
                self._waiting = others if remaining == 0 else [(scenario, remaining), *others]
            self._unused = [kept for kept in self._unused if kept is not scenario]
