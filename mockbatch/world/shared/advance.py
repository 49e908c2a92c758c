"""The errors of requests that change a shared world in several steps, such as an advance."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from mockbatch.errors import ApiError
from mockbatch.stores.failure import REFUSALS, change_uncertain
from mockbatch.world.advance import Advance, Advanced, Destination


@contextmanager
def after_a_change() -> Iterator[None]:
    """Replace an ApiError that says that nothing was changed; an earlier step is stored."""
    try:
        yield
    except ApiError as error:
        if error.name in REFUSALS:
            raise change_uncertain() from error
        raise


class SharedAdvance(Advance):
    """Moves the clock of a shared world; if the store fails, it may have moved part of the way."""

    def _move(self, destination: Destination, include: Iterable[str], param: str) -> Advanced:
        with ExitStack() as changes:

            def begin(now: float) -> float:
                target = destination(now)
                changes.enter_context(after_a_change())
                return target

            return super()._move(begin, include, param)
