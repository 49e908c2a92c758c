"""How many bytes a world stores: the contents of its files, parts, inputs and outputs."""

from collections.abc import Callable
from threading import Lock

from mockbatch.files.content import Content
from mockbatch.limits import Limits


class Storage:
    """Counts the bytes of contents, up to a limit; a content with several users counts once.

    Its methods may be called by any thread.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.used = 0
        self._lock = Lock()
        #: Called with each content that nothing uses any more.
        self.listeners: list[Callable[[Content], None]] = []
        self._retained: dict[int, tuple[Content, int]] = {}  # by identity: the content, how often

    def retain(self, content: Content) -> None:
        """Count a content until `release` has been called for it as often as this."""
        with self._lock:
            _, count = self._retained.get(id(content), (content, 0))
            self._retained[id(content)] = content, count + 1
            if not count:
                self.used += content.size

    def release(self, content: Content) -> None:
        """Stop counting a content once nothing uses it."""
        with self._lock:
            _, count = self._retained.pop(id(content))
            if count > 1:
                self._retained[id(content)] = content, count - 1
            else:
                self.used -= content.size
                for listener in self.listeners:
                    listener(content)

    def is_retained(self, content: Content) -> bool:
        """Return whether something uses a content."""
        return id(content) in self._retained

    def contents(self) -> list[Content]:
        """Return the contents that are counted."""
        with self._lock:
            return [content for content, _ in self._retained.values()]

    def has_room(self, size: int) -> bool:
        """Return whether this many more bytes are within the limit."""
        return self.used + size <= self._limits.world_bytes

    def check_room(self, size: int) -> None:
        """Raise ApiError 400 if this many more bytes would exceed the limit."""
        if not self.has_room(size):
            room = f"It holds {self.used}, and {size} do not fit: delete files or let them expire"
            raise self._limits.error("world_bytes", room)
