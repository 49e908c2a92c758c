"""A value that is computed when it is first needed."""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Deferred(Generic[T]):
    """Computes a value when it is first read, and keeps it.

    Two threads may compute it at the same time; the value is the same.
    """

    __slots__ = ("_compute", "_value")

    def __init__(self, compute: Callable[[], T]) -> None:
        self._compute: Callable[[], T] | None = compute

    @classmethod
    def of(cls, value: T) -> "Deferred[T]":
        """Return a value that is known already."""
        known = cls(lambda: value)
        _ = known.value
        return known

    @property
    def value(self) -> T:
        """The value."""
        compute = self._compute
        if compute is not None:
            self._value = compute()
            self._compute = None  # what it refers to is no longer needed
        return self._value
