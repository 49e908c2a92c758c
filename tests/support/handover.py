"""A second thread that tries to come in while a first one is inside, for tests of locks."""

import threading
from collections.abc import Callable

# The second thread comes in within microseconds where no lock keeps it out.
PATIENCE_SECONDS = 0.1


class Intruder:
    """Runs a function in a second thread at the moment a first thread calls `visit`.

    `visit` belongs into what a lock has to protect, a stream's `seek` for one. `came_in` tells
    whether the second thread got as far as `visit` while the first was still inside.
    """

    def __init__(self, function: Callable[[], object]) -> None:
        self._function = function
        self._inside = threading.Event()
        self._thread: threading.Thread | None = None
        self.came_in = False

    def visit(self) -> None:
        """Start the second thread at the first call, and wait whether it comes in too."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._function)
            self._thread.start()
            self.came_in = self._inside.wait(PATIENCE_SECONDS)
        elif threading.current_thread() is self._thread:
            self._inside.set()

    def join(self) -> None:
        """Wait for the second thread; it must have been started."""
        assert self._thread is not None, "nothing visited"
        self._thread.join(10)
        assert not self._thread.is_alive()
