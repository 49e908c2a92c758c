"""What makes the sleeps of a Python program move a world's clock instead of taking time.

It runs inside the user's program, in any environment of Python 3.8 or newer: it needs the
standard library only, and mockbatch is not installed there.

world       moves the world's clock over HTTP, leaps, and keeps the log
clocks      the clocks of the process, which run ahead by what was skipped
sockets     whether a request is in flight
threads     `time.sleep` and `Event.wait`: which thread's sleep ends next
loops       the timers of asyncio
"""

import os

from .world import write_record


def install() -> None:
    """Skip the sleeps of this process, if the environment says which world's clock to move.

    A program must never fail because of it: what goes wrong here is written to the log.
    """
    if not os.environ.get("MOCKBATCH_SHIM_URL"):
        return
    try:
        from . import clocks, loops, sockets, threads, world

        skips = world.Skips.from_environment(os.environ)
        clocks.install(skips)
        in_flight = sockets.install()
        sleepers = threads.install(skips, in_flight)
        loops.install(sleepers, in_flight)
        write_record({"runtime": "python", "pid": os.getpid()})
    except Exception as error:  # noqa: BLE001
        write_record({"error": "the shim for Python was not loaded: %r" % error})
