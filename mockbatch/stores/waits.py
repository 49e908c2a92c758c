"""Waits between attempts to acquire a lock, each twice as long as the one before."""

import random
from collections.abc import Iterator
from threading import Event


def wait_repeatedly(
    first_seconds: float, longest_seconds: float, *, is_random: bool = False
) -> Iterator[float]:
    """Wait at each step, and yield for how many seconds.

    With `is_random` it waits for at least half of them, so that others do not wait in step.
    """
    seconds = first_seconds
    while True:
        share = random.uniform(0.5, 1) if is_random else 1.0  # noqa: S311 (not a secret)
        # Not time.sleep, which clients in the same process may have patched.
        Event().wait(seconds * share)
        yield seconds
        seconds = min(2 * seconds, longest_seconds)
