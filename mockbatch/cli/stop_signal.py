"""SIGTERM and SIGINT: waits for them, and makes `mockbatch serve` end in time after one."""

import faulthandler
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

# The time for an orderly stop; after it the process ends itself, or its guard kills it.
ORDERLY_SECONDS, LONGEST_SECONDS, GUARD_SECONDS = 0.6, 0.95, 0.97
# More than a process has that starts to serve.
_MAX_DESCRIPTORS = 1024


class StopSignal:
    """Waits for SIGTERM or SIGINT.

    Through a socket, because a signal that arrives just before a thread starts to wait for a
    lock would not wake it.
    """

    def __enter__(self) -> "StopSignal":
        self._nowhere = os.open(os.devnull, os.O_WRONLY)
        self._receiver, self._sender = socket.socketpair()
        self._sender.setblocking(False)
        signal.set_wakeup_fd(self._sender.fileno())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(-1)
        self._receiver.close()
        self._sender.close()

    def _on_signal(self, *_: object) -> None:
        # A watchdog written in C: it needs neither the interpreter nor its lock, which a
        # thread may keep, and also ends a server that cannot print where it listens.
        faulthandler.dump_traceback_later(LONGEST_SECONDS, exit=True, file=self._nowhere)

    def start_guard(self, clean_up: Callable[[], None] = lambda: None) -> None:
        """Start a process that kills this one if it does not end in time, and cleans up after it.

        While a call keeps the interpreter's lock, such as reading a state of gigabytes, nothing
        in this process can react to a signal, except that the signal's number is written to the
        socket. To be called before there are threads, which must not be forked.
        """
        if not hasattr(os, "fork"):  # on Windows
            return
        guarded = os.getpid()
        if os.fork() == 0:
            try:
                self._guard(guarded, clean_up)
            finally:
                os._exit(0)

    def _guard(self, guarded: int, clean_up: Callable[[], None]) -> None:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT):  # a terminal sends them to both
            signal.signal(number, signal.SIG_IGN)
        receiver = self._receiver.fileno()
        for descriptor in range(3):  # so that readers of their other ends wait for the server alone
            os.dup2(self._nowhere, descriptor)
        os.closerange(3, receiver)
        os.closerange(receiver + 1, _MAX_DESCRIPTORS)  # a socket that listens among them
        # It is only looked at, since it is for the server; empty when the server has ended.
        if not self._receiver.recv(1, socket.MSG_PEEK):
            return
        time.sleep(GUARD_SECONDS)
        if os.getppid() == guarded:
            os.kill(guarded, signal.SIGKILL)
        while os.getppid() == guarded:
            time.sleep(0.01)
        clean_up()  # the watchdog may have ended it, which leaves all files

    def wait(self, lifeline: int | None = None) -> None:
        """Return when the process must end, which it then does within a second.

        It must also end when the pipe with the descriptor `lifeline` ends.
        """
        if not self.comes_before([] if lifeline is None else [lifeline]):
            self._begin_end()

    def comes_before(self, events: Sequence[int], seconds: float | None = None) -> bool:
        """Wait until there is a signal, or something to read from one of these descriptors.

        Returns whether there is a signal; the process then ends within a second.
        """
        receiver = self._receiver.fileno()
        readable, _, _ = select.select([receiver, *events], [], [], seconds)
        is_signal = receiver in readable
        if is_signal:
            self._begin_end()
        return is_signal

    def _begin_end(self) -> None:
        timer = threading.Timer(ORDERLY_SECONDS, os._exit, (0,))
        timer.daemon = True
        timer.start()

    @staticmethod
    def end_process() -> NoReturn:
        """End the process, without waiting for a thread that does not end."""
        logging.shutdown()
        sys.stdout.flush()
        os._exit(0)


@contextmanager
def sigterm_as_interrupt() -> Iterator[None]:
    """Treat SIGTERM, with which a CI system stops a job, like Ctrl-C."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
