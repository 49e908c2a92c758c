"""SIGTERM and SIGINT: waits for them, and makes `mockbatch serve` end in time after one."""

import faulthandler
import logging
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

# The time for an orderly stop. After it the process ends, whatever it is doing.
ORDERLY_SECONDS, LONGEST_SECONDS = 0.6, 0.95


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

    def wait(self, lifeline: int | None = None) -> None:
        """Return when the process is to end, which it then does within a second.

        It is to end, too, when `lifeline` does, the descriptor of a pipe.
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
