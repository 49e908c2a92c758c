"""What the first process of a container has to do besides serving: pass signals on, and reap.

The kernel spares the first process (PID 1) each signal that it has no handler for, and SIGKILL
from inside, too. So a server with this number could not be stopped before it has its handlers,
and its guard could not kill it. Instead, the first process serves in a child.
"""

import os
import signal
import threading
from contextlib import suppress
from typing import NoReturn

_FIRST = 1
_PASSED_ON = (signal.SIGTERM, signal.SIGINT)
#: How long processes may take that are left when the server has ended, such as its guard, which
#: removes files.
_LEFT_SECONDS = 0.5


def leave_first_process() -> None:
    """Go on in a child, if this process is the first one; return in the child, or at once."""
    if os.getpid() != _FIRST or threading.active_count() > 1:
        return
    # Blocked, signals wait for sigwait(), even those that the kernel would drop.
    waited_for = {*_PASSED_ON, signal.SIGCHLD, signal.SIGALRM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, waited_for)
    server = os.fork()
    if server:
        _watch(server, waited_for)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _watch(server: int, waited_for: set[signal.Signals]) -> NoReturn:
    """Pass signals on to the server until it ends, and end with its status."""
    status = None
    while True:
        number = signal.sigwait(waited_for)
        if number in _PASSED_ON:
            with suppress(ProcessLookupError):
                os.kill(server, number)
        elif number == signal.SIGALRM:
            break
        ended, is_any_left = _reap()
        if server in ended:
            status = ended[server]
            signal.setitimer(signal.ITIMER_REAL, _LEFT_SECONDS)
        if not is_any_left:
            break
    code = os.waitstatus_to_exitcode(status or 0)
    os._exit(code if code >= 0 else 128 - code)  # as a shell reports the end by a signal


def _reap() -> tuple[dict[int, int], bool]:
    """Return the status of each child that has ended, and whether there are others."""
    ended: dict[int, int] = {}
    with suppress(ChildProcessError):
        while True:
            child, status = os.waitpid(-1, os.WNOHANG)
            if not child:
                return ended, True
            ended[child] = status
    return ended, False
