"""A value that is computed when it is first needed."""

import weakref

from mockbatch.batch.deferred import Deferred


class Source:
    """What a value is computed from."""

    def compute(self) -> "list[int]":
        """Return a new list."""
        return [1]


def test_a_value_is_computed_when_it_is_first_read_and_kept() -> None:
    """Each read returns the very same value."""
    calls: list[int] = []
    deferred = Deferred(lambda: calls.append(1) or calls)  # type: ignore[func-returns-value]
    assert calls == []
    assert deferred.value is deferred.value
    assert calls == [1]


def test_what_a_value_was_computed_from_is_let_go() -> None:
    """It may be an input file of 200 MiB."""
    source = Source()
    deferred = Deferred(source.compute)
    reference = weakref.ref(source)
    assert deferred.value == [1]
    del source
    assert reference() is None
