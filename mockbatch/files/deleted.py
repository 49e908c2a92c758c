"""The ids of deleted files: of uploaded ones only the last."""

from collections import deque
from collections.abc import Callable


class DeletedFiles:
    """The ids of deleted files; at most `most` of them were uploaded."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.ids: set[str] = set()
        #: Called with each id that is added or forgotten.
        self.listeners: list[Callable[[str], None]] = []
        self._uploaded: deque[str] = deque()  # in the order in which they were deleted

    def add(self, id: str, *, is_uploaded: bool) -> None:
        """Remember that a file was deleted, which may make an older one forgotten."""
        self.ids.add(id)
        self._note(id)
        if is_uploaded:
            self._uploaded.append(id)
            if len(self._uploaded) > self._most:
                self.forget(self._uploaded.popleft())

    def forget(self, id: str) -> None:
        """Forget that a file was deleted."""
        self.ids.discard(id)
        self._note(id)

    def _note(self, id: str) -> None:
        for listener in self.listeners:
            listener(id)
