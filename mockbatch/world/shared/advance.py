"""The errors of an advance, which changes a shared world in several steps."""

from collections.abc import Iterable
from contextlib import ExitStack

from mockbatch.stores.failure import after_a_change
from mockbatch.world.advance import Advance, Advanced, Destination


class SharedAdvance(Advance):
    """Moves the clock of a shared world; if the store fails, it may have moved part of the way."""

    def _move(self, destination: Destination, include: Iterable[str], param: str) -> Advanced:
        with ExitStack() as changes:

            def begin(now: float) -> float:
                target = destination(now)
                changes.enter_context(after_a_change())
                return target

            return super()._move(begin, include, param)
