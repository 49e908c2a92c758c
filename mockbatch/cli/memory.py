"""What `mockbatch serve` does about memory: when to look for garbage, and how to return it."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# The parameters of glibc's mallopt(), as <malloc.h> numbers them.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGE_BYTES = 1 << 20


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
    bodies: within an hour of mixed requests a server grew to several times what it used.
    """
    if sys.platform != "linux":
        return
    # Takes 3 ms, which a server that starts does not need to wait for.
    import ctypes

    with suppress(AttributeError):  # not glibc
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_ARENA_MAX, 2)
        # A block of this size has pages of its own. Set, because glibc would raise it otherwise.
        mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
        mallopt(_TRIM_THRESHOLD, _LARGE_BYTES)
