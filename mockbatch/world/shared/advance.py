"""What a client is told if the store fails in a request that changes a world several times."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from mockbatch.errors import ApiError
from mockbatch.stores.failure import REFUSALS, change_uncertain
from mockbatch.world.advance import Advance, Advanced, Destination


@contextmanager
def after_a_change() -> Iterator[None]:
    """Let no error say that nothing was changed."""
    try:
        yield
    except ApiError as error:
        if error.name in REFUSALS:
            raise change_uncertain() from error
        raise


class SharedAdvance(Advance):
    """Moves the clock of a shared world; if the store fails, it may stay on the way."""

    def _move(self, destination: Destination, include: Iterable[str], param: str) -> Advanced:
        with ExitStack() as changes:

            def begin(now: float) -> float:
                target = destination(now)
                changes.enter_context(after_a_change())
                return target

            return super()._move(begin, include, param)
