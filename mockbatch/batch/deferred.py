"""A value that is computed when it is first needed."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Deferred(Generic[T]):
    """Calls a function with arguments when its value is first read, and keeps the value.

    Two threads may compute it at the same time; the value is the same.
    """

    __slots__ = ("_call", "_value")

    def __init__(self, compute: Callable[..., T], *arguments: Any) -> None:
        # A tuple, because a world has many of them, and a partial takes another object.
        self._call: tuple[Any, ...] | None = (compute, *arguments)
        self._value: T

    @classmethod
    def of(cls, value: T) -> "Deferred[T]":
        """Return a value that is known already."""
        known = cls.__new__(cls)
        known._call, known._value = None, value
        return known

    @property
    def value(self) -> T:
        """The value."""
        call = self._call
        if call is not None:
            compute, *arguments = call
            self._value = compute(*arguments)
            self._call = None  # what it refers to is no longer needed
        return self._value
