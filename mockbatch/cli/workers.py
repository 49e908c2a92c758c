"""Several processes that serve on one port, and the one that starts them and watches over them.

They are forked from it and accept connections from the same socket, so a connection that waits
is not lost with a worker that dies. If the parent dies, its workers stop: each waits for the end
of a pipe of which only the parent has the other end.
"""

import logging
import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple, NoReturn

import click

from mockbatch.cli.service import Service
from mockbatch.cli.stop_signal import StopSignal

# How soon a worker is replaced that died before it was ready; one that was, at once.
RESTART_SECONDS = 1.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_READY = b"ready"
_ERROR_BYTES = 4096

log = logging.getLogger(__name__)


class _Worker(NamedTuple):
    """A process, its number, and the pipe that tells how it is: ready, an error, or its end."""

    number: int
    pid: int
    pipe: int


class Workers:
    """Runs a service in several processes; has the methods of `Service`."""

    def __init__(self, count: int, service: Service) -> None:
        if not hasattr(os, "fork"):
            raise click.UsageError("this system cannot fork: --workers needs Linux or macOS")
        self._count, self._service = count, service
        self._workers: dict[int, _Worker] = {}  # by pipe
        self._ready: set[int] = set()  # the pipes of those that serve
        # Workers wait for the end of this pipe, which comes when this process is gone.
        self._lifeline, self._life = os.pipe()

    def start(self) -> None:
        """Start the workers, and wait until each serves; ClickException if one cannot."""
        for number in range(1, self._count + 1):
            self._start_worker(number)
        while len(self._ready) < self._count:
            for pipe in select.select(list(self._workers), [], [])[0]:
                error = self._read_news(pipe)
                if error is not None:
                    self.stop()
                    raise click.ClickException(error)

    def wait(self, stop: StopSignal) -> None:
        """Replace workers that die, until the processes are to end."""
        while not stop.comes_before(list(self._workers)):
            for pipe in select.select(list(self._workers), [], [], 0)[0]:
                worker, was_ready = self._workers[pipe], pipe in self._ready
                error = self._read_news(pipe)
                if error is not None:
                    log.error("worker %d (pid %d) %s", worker.number, worker.pid, error)
                    if not was_ready and stop.comes_before([], RESTART_SECONDS):
                        return
                    again = self._start_worker(worker.number)
                    log.error("worker %d starts again (pid %d)", again.number, again.pid)

    def stop(self) -> None:
        """Stop all workers, and wait until they have ended; each ends within a second."""
        for worker in self._workers.values():
            os.kill(worker.pid, signal.SIGTERM)
        for worker in self._workers.values():
            os.waitpid(worker.pid, 0)
        self._workers = {}

    def _start_worker(self, number: int) -> _Worker:
        pipe, other_end = os.pipe()
        with _signals_blocked():  # a worker must not take one with the handlers of its parent
            pid = os.fork()
            if not pid:
                os.close(pipe)
                os.close(self._life)
                self._serve(other_end)
        os.close(other_end)
        worker = self._workers[pipe] = _Worker(number, pid, pipe)
        return worker

    def _serve(self, pipe: int) -> NoReturn:
        """Serve in a new worker, until a signal or the end of its parent."""
        try:
            with StopSignal() as stop:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
                stop.start_guard()
                self._service.start()
                _tell(pipe, _READY)
                self._service.wait(stop, self._lifeline)
                self._service.stop()
            stop.end_process()
        except click.ClickException as error:
            _tell(pipe, error.format_message().encode()[:_ERROR_BYTES])
        except BaseException:
            log.exception("a worker failed")
        os._exit(1)

    def _read_news(self, pipe: int) -> str | None:
        """Note that a worker is ready; or return why it has ended."""
        text = os.read(pipe, _ERROR_BYTES)
        if text == _READY:
            self._ready.add(pipe)
            return None
        os.close(pipe)
        self._ready.discard(pipe)
        _, status = os.waitpid(self._workers.pop(pipe).pid, 0)
        return text.decode(errors="replace") or _describe_end(status)


def _tell(pipe: int, text: bytes) -> None:
    """Write to the pipe of the parent, unless the parent has ended."""
    with suppress(BrokenPipeError):
        os.write(pipe, text)


@contextmanager
def _signals_blocked() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _describe_end(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"ended with status {code}"
    return f"was ended by {signal.Signals(-code).name}"
