"""The file of `--ready-file`, which exists while the server listens."""

import json
import os
from contextlib import suppress
from pathlib import Path

import mockbatch


class ReadyFile:
    """A file at `path`, or none if `path` is None; leaving the context manager removes it.

    Entering removes the file of a server that was killed.
    """

    def __init__(self, path: str | None) -> None:
        self._path = Path(path) if path else None
        self._pid = os.getpid()

    def __enter__(self) -> "ReadyFile":
        self.remove()
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def write(self, url: str) -> None:
        """Write the file."""
        if self._path is None:
            return
        ready = {"url": url, "pid": self._pid, "version": mockbatch.__version__}
        # Written elsewhere and moved, so that a program that waits for it never reads a part of it.
        part = self._path.with_name(f"{self._path.name}.part")
        try:
            part.write_text(json.dumps(ready) + "\n")
            part.replace(self._path)
        finally:
            part.unlink(missing_ok=True)

    def remove_own(self) -> None:
        """Remove the file, unless another server has written it since."""
        with suppress(OSError, ValueError):
            if self._path is not None and json.loads(self._path.read_text())["pid"] == self._pid:
                self.remove()

    def remove(self) -> None:
        """Remove the file, if there is one."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
