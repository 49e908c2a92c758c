"""Whether a replica can still be used."""

from dataclasses import replace

from mockbatch.errors import ApiError
from mockbatch.stores.failure import (
    DAMAGED,
    TIMEOUT,
    UNCERTAIN,
    damaged_world,
    state_timeout,
    state_unavailable,
)


class ReplicaStatus:
    """The status of a replica: usable until it ends or fails.

    It ends when its world in the store is removed or begins anew. Requests that have it go on as
    if they had come before that, and what they change is not stored. It fails when a change cannot
    be stored, so that it is no longer as the store is; further changes are refused.
    """

    def __init__(self) -> None:
        self.has_ended = False
        self._failure: ApiError | None = None

    @property
    def has_failed(self) -> bool:
        """Whether further changes are refused."""
        return self._failure is not None

    @property
    def is_usable(self) -> bool:
        """Whether it has neither ended nor failed."""
        return not self.has_ended and self._failure is None

    def fail(self, error: BaseException) -> None:
        """Record an error after which the replica may differ from the store."""
        name = error.name if isinstance(error, ApiError) else ""
        if name in (TIMEOUT, UNCERTAIN):
            self._failure = state_timeout()  # a later change is certainly not stored
        elif name == DAMAGED:
            self._failure = damaged_world()
        else:
            reason = "another request was changing this world when the store failed"
            self._failure = state_unavailable(reason)

    def check(self) -> None:
        """Raise ApiError if it has failed."""
        if self._failure is not None:
            raise replace(self._failure)

    def check_timeout(self) -> None:
        """Raise ApiError if it has failed because the store hung."""
        if self._failure is not None and self._failure.name == TIMEOUT:
            self.check()
