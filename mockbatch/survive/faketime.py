"""Lets the time of a program in any language run faster, by libfaketime.

The command `faketime` loads a library into the program and its children, in which every second
that they read or wait for is shorter. Programs that are linked statically, such as those of Go,
do not load it.
"""

import contextlib
import re
import signal
from collections.abc import Sequence
from pathlib import Path

COMMAND = "faketime"
#: A time limit of ten seconds for a request, in simulated time, is half a second then.
DEFAULT_SPEED = 20
_CAUGHT = re.compile(r"Caught (.+)")
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where the system has it


def wrap(command: Sequence[str], speed: int) -> tuple[str, ...]:
    """Return the command that runs a program whose time runs faster."""
    return (COMMAND, "-m", "-f", f"+0 x{speed}", *command)


def exit_code(code: int | None, last_line: str) -> int | None:
    """Return how the program ended: `faketime` itself ends with 1 if that was by a signal."""
    caught = _CAUGHT.fullmatch(last_line) if code == 1 else None
    if caught is None:
        return code
    names = {signal.strsignal(number): -number for number in signal.valid_signals()}
    return names.get(caught[1], code)


def remove_shared_memory(pid: int) -> None:
    """Remove what a `faketime` that was killed has left in the shared memory."""
    for name in (f"faketime_shm_{pid}", f"sem.faketime_sem_{pid}"):
        with contextlib.suppress(OSError):
            (_SHARED_MEMORY / name).unlink()
