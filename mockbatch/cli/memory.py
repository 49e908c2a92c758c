"""What `mockbatch serve` does about memory: when to look for garbage, and how to return it."""

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

# The parameters of glibc's mallopt(), as <malloc.h> numbers them.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGE_BYTES = 1 << 20
_TRIM_SECONDS = 30.0


@contextmanager
def postpone_collection() -> Iterator[None]:
    """Collect no garbage in the `with` block, and never examine the objects made in it.

    A server that starts creates a hundred thousand objects that stay, such as modules and routes.
    Examining them again and again took a twelfth of the time to start.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def return_freed_memory() -> None:
    """Make glibc return freed memory to the system, as other C libraries do without being told.

    By default each of many threads has an arena of its own, which keeps the freed blocks of long
    bodies: within an hour of mixed requests a server grew to several times what it used. Nor does
    glibc return free blocks below one in use: a large body left 45 MB of them. So a thread trims
    the heap every 30 seconds.
    """
    if sys.platform != "linux":
        return
    # Takes 3 ms, which a server that starts does not need to wait for.
    import ctypes

    with suppress(AttributeError):  # not glibc
        libc = ctypes.CDLL(None)
        mallopt, trim = libc.mallopt, libc.malloc_trim
        mallopt(_ARENA_MAX, 2)
        # A block of this size has pages of its own. Set, because glibc would raise it otherwise.
        mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
        mallopt(_TRIM_THRESHOLD, _LARGE_BYTES)
        Thread(target=_trim_periodically, args=(trim,), daemon=True).start()


def _trim_periodically(trim: Callable[[int], object]) -> None:
    while True:
        Event().wait(_TRIM_SECONDS)
        trim(0)
