"""How much work the schemas that clients send may cause, counted in steps.

A step takes one or two microseconds. A count, unlike a clock, ends the same work at the same place
each time. All checks and generated values of one piece of work, such as a batch, share a budget.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from mockbatch.validation.regex_syntax import RegexError

_Result = TypeVar("_Result")

#: Takes about a second.
MAX_STEPS = 700_000
#: The steps that each line adds to the budget of its batch: enough for an ordinary schema.
STEPS_PER_LINE = 2_000


class BudgetSpentError(RegexError):
    """The work has reached its limit."""


class StepBudget:
    """The number of steps that are left, for one piece of work or for many."""

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self._steps = steps
        self._known: set[int] = set()

    @property
    def steps_left(self) -> int:
        """How many steps are left."""
        return self._steps

    @property
    def is_spent(self) -> bool:
        """Whether work was stopped because no steps were left."""
        return self._steps < 0

    def spend(self, steps: int) -> None:
        """Count some steps; raises BudgetSpentError if fewer are left."""
        self._steps -= steps
        if self._steps < 0:
            raise BudgetSpentError("it takes too long to match")

    def spend_once(self, name: str, steps: int) -> None:
        """Count the steps of work whose result is remembered, the first time for each name."""
        if hash(name) not in self._known:
            self._known.add(hash(name))
            self.spend(steps)

    def note(self, name: str) -> None:
        """Note that the steps of some work were counted while it was done."""
        self._known.add(hash(name))

    def grant(self, steps: int) -> None:
        """Add steps, also to a budget that is spent, up to those of a new one."""
        self._steps = min(max(self._steps, 0) + steps, MAX_STEPS)


_preparation: ContextVar[StepBudget | None] = ContextVar("preparation", default=None)
_generation: ContextVar[StepBudget | None] = ContextVar("generation", default=None)


def preparation_budget() -> StepBudget:
    """Return the budget for checking a schema and finding a first value of it."""
    return _preparation.get() or StepBudget()


def generation_budget() -> StepBudget:
    """Return the budget for generating a value of a schema that has been prepared."""
    return _generation.get() or StepBudget()


@contextmanager
def shared_preparation(budget: StepBudget) -> Iterator[None]:
    """Share a budget among all schemas that this thread prepares within the block."""
    yield from _share(_preparation, budget)


@contextmanager
def shared_generation(budget: StepBudget) -> Iterator[None]:
    """Share a budget among all values that this thread generates within the block."""
    yield from _share(_generation, budget)


def _share(variable: ContextVar[StepBudget | None], budget: StepBudget) -> Iterator[None]:
    token = variable.set(budget)
    try:
        yield
    finally:
        variable.reset(token)


def remember_work(
    kind: str, work: Callable[[str], tuple[_Result, int]], budget: StepBudget, text: str
) -> _Result:
    """Return the result of cached work on a text; `work` also returns the steps that it took.

    A budget is charged once for each `kind` of work on a text, even if the work was done for
    another client. So what a budget suffices for does not depend on earlier requests.
    """
    left = budget.steps_left
    result, steps = work(text)
    if budget.steps_left < left:
        budget.note(kind + text)
    else:
        budget.spend_once(kind + text, steps)
    return result
