"""Serves a WSGI app over HTTP/1.1: cheroot's server with a thread pool of its own.

cheroot frames responses, and does keep-alive and TLS. A mock that delays and cuts responses on
purpose needs more, which this module adds: a thread for each busy connection, and a stop that
does not wait for slow clients. Every wait is a timeout of a lock or socket. Nothing
here reads a clock, so tests that fake the clock can neither prolong nor shorten a wait.
"""

import contextlib
import logging
import os
import socket
import sys
import threading
from collections import deque
from itertools import count
from typing import TYPE_CHECKING, Any

from cheroot import server

from mockbatch.http_server import CLIENT_ERRORS, connection
from mockbatch.http_server.connection import Connection
from mockbatch.http_server.request import SERVER_NAME, WsgiGateway
from mockbatch.http_server.waiting import TICK_SECONDS, WaitingConnections

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from cheroot.ssl import Adapter

MAX_THREADS = 1024  # above this number, connections queue
IDLE_SECONDS = 10.0  # an idle thread ends after this time
CLIENT_SECONDS = 60  # the longest pause of a client within a request

log = logging.getLogger("mockbatch.http_server")


class _ThreadPool:
    """A thread for each busy connection; has the interface of cheroot's ThreadPool."""

    def __init__(self, server: "HttpServer") -> None:
        self._server = server
        self._condition = threading.Condition()
        self._queue: deque[Connection] = deque()
        self._threads: dict[threading.Thread, Connection | None] = {}
        self._waiting_count, self._is_stopped = 0, False
        self._all_ended = threading.Event()

    def start(self) -> None:
        """Do nothing: threads are started as connections come."""

    @property
    def next_request_seconds(self) -> float:
        """How long a thread may wait on a connection for its next request."""
        return 0.0 if self._queue else connection.NEXT_REQUEST_SECONDS

    def put(self, conn: Connection) -> None:
        """Have a waiting thread handle the connection, or else a new one."""
        with self._condition:
            self._queue.append(conn)
            if self._waiting_count >= len(self._queue):
                self._condition.notify()
            else:
                self._start_thread()

    def _start_thread(self) -> bool:
        if len(self._threads) >= MAX_THREADS:
            return False
        thread = threading.Thread(target=self._work, name=f"{SERVER_NAME}-worker", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system allows no more threads
            return False
        self._threads[thread] = None
        return True

    def relieve(self) -> None:
        """Find threads for queued connections: new ones, or those that slow clients keep busy."""
        with self._condition:
            missing = len(self._queue) - self._waiting_count
            while missing > 0 and self._start_thread():
                missing -= 1
            if missing > 0:
                stalled = [conn for conn in self._threads.values() if conn and conn.is_stalled]
                for conn in sorted(stalled, key=lambda conn: conn.request_number)[:missing]:
                    log.warning("No threads left: closed the connection of a slow client")
                    conn.shutdown(socket.SHUT_RDWR)

    def _work(self) -> None:
        while conn := self._next_connection(threading.current_thread()):
            try:
                if conn.communicate():
                    self._server.put_conn(conn)
                    continue
            except BaseException as error:  # noqa: BLE001 (pytest.fail() in a user's callback)
                self._server.error_log(repr(error), traceback=True)
            conn.close()

    def _next_connection(self, thread: threading.Thread) -> Connection | None:
        """Wait for a connection; return None when the thread should end."""
        with self._condition:
            self._threads[thread] = None
            while not self._queue:
                self._waiting_count += 1
                is_notified = not self._is_stopped and self._condition.wait(IDLE_SECONDS)
                self._waiting_count -= 1
                if not is_notified and not self._queue:
                    del self._threads[thread]
                    if self._is_stopped and not self._threads:
                        self._all_ended.set()
                    return None
            conn = self._threads[thread] = self._queue.popleft()
            return conn

    def stop(self, timeout: float) -> None:
        """End all threads but the calling one; abandon those that take `timeout` seconds."""
        with self._condition:
            self._is_stopped = True
            self._threads.pop(threading.current_thread(), None)
            threads = list(self._threads)
            while self._queue:
                self._queue.popleft().close()
            if not threads:
                self._all_ended.set()
            self._condition.notify_all()
        # First stop only the input, so that responses in progress can still be sent.
        for how in (socket.SHUT_RD, socket.SHUT_RDWR):
            with self._condition:
                for conn in filter(None, self._threads.values()):
                    conn.shutdown(how)
            self._all_ended.wait(timeout / 2)
        for thread in threads:
            if thread not in self._threads:
                thread.join(timeout)


class HttpServer(server.HTTPServer):
    """An HTTP server for one WSGI app, which can be started once.

    `start` serves in a daemon thread; `prepare` and then `serve` serve in the calling thread.
    Until then the app may be None, and is set as `wsgi_app`. `port` 0 picks a free port. With
    an `ssl_adapter` of cheroot's it serves HTTPS.
    """

    ConnectionClass = Connection
    keep_alive_conn_limit = None  # type: ignore[assignment]
    request_queue_size = 128
    shutdown_timeout = 1
    software = SERVER_NAME
    timeout = CLIENT_SECONDS
    _connections: Any

    def __init__(
        self,
        app: "WSGIApplication | None",
        host: str = "127.0.0.1",
        port: int = 0,
        ssl_adapter: "Adapter | None" = None,
    ) -> None:
        super().__init__((host, port), WsgiGateway, server_name=SERVER_NAME)
        # cheroot's process-wide registry would keep every server and its app in memory.
        getattr(logging, "statistics", {}).pop(f"Cheroot HTTPServer {id(self)}", None)
        self.wsgi_app = app
        self.ssl_adapter = ssl_adapter
        self.requests = _ThreadPool(self)
        #: Set when `stop` begins; code that delays a response waits on it.
        self.stopping = threading.Event()
        #: Counts quarters of a second, for deadlines.
        self.ticks = 1
        #: Counts requests in the order in which they begin.
        self.request_numbers = count(1)
        #: How many new connections are accepted before the others are checked.
        self.accepted_at_once = 64
        self._thread: threading.Thread | None = None
        self._process = 0

    @property
    def host(self) -> str:
        """The address it listens on; before `prepare`, the one passed in."""
        return str(self.bind_addr[0])

    @property
    def port(self) -> int:
        """The port it listens on; before `prepare`, the one passed in."""
        return int(self.bind_addr[1])

    @property
    def url(self) -> str:
        """The URL for clients on this machine, without a slash at the end."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        scheme = "https" if self.ssl_adapter else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    @staticmethod
    def bind_socket(socket_: socket.socket, bind_addr: tuple[str, int]) -> socket.socket:
        """Bind the socket, and close it if that fails, which cheroot does not."""
        try:
            socket_.bind(bind_addr)
        except OSError:
            socket_.close()
            raise
        if os.name == "posix":
            # Allows a restart on this port while old connections are in TIME_WAIT. Not before
            # bind(), where it could give two servers the same free port.
            socket_.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return socket_

    def start(self) -> None:
        """Listen, and serve in a daemon thread; raises OSError if the port is in use.

        If it listens already, it may have been prepared by the parent of this process, whose
        other children accept connections from the same socket.
        """
        if not self.ready:
            self.prepare()
        elif self._process != os.getpid():
            self._accept_beside_others()
        self._thread = threading.Thread(target=self.serve, name=SERVER_NAME, daemon=True)
        self._thread.start()

    def prepare(self) -> None:
        """Listen; raises OSError if the port is in use."""
        super().prepare()
        self._process = os.getpid()
        self.socket.settimeout(0)
        self._connections.close()  # the one that cheroot has made
        self._connections = WaitingConnections(self)

    def _accept_beside_others(self) -> None:
        self._process = os.getpid()
        self._connections = WaitingConnections(self)
        self.accepted_at_once = 1  # so that each gets its share

    def serve(self) -> None:
        """Serve in this thread, after `prepare`, until `stop` or an interrupt."""
        ticking = threading.Thread(target=self._tick, name=f"{SERVER_NAME}-ticks", daemon=True)
        ticking.start()
        while self.ready:
            try:
                self._connections.run(self.expiration_interval)
            except Exception as error:  # noqa: BLE001, PERF203 (for example, no file descriptors left)
                self.error_log(repr(error), traceback=self.ready)
                self.stopping.wait(0.1)
        ticking.join(1)

    def _tick(self) -> None:
        # Waits without a clock, since a test may have stopped all clocks.
        while not self.stopping.wait(TICK_SECONDS):
            self.ticks += 1
            self.requests.relieve()

    def stop(self) -> None:
        """Stop serving and close all connections; does nothing the second time.

        In a forked child it does nothing either, as the connections are its parent's.
        Responses in progress have half a second to be sent; threads still busy after one
        second are abandoned.
        """
        self.stopping.set()
        if not self.ready or self._process != os.getpid():
            return
        # Not in cheroot's order: it polls, and it closes idle connections while workers may
        # still return some.
        self.ready = False
        self._connections._stop_requested = True
        with contextlib.suppress(OSError):  # wakes up select(), which sleeps for half a second
            socket.create_connection((self.host, self.port), 0.5).close()
        if self._thread:
            self._thread.join(1)
        self.socket.close()
        self.requests.stop(self.shutdown_timeout)
        self._connections.close()

    def error_log(self, msg: str = "", level: int = 0, traceback: bool = False) -> None:  # noqa: ARG002
        """Log for cheroot: tracebacks at ERROR, unless the client caused the failure."""
        is_bug = traceback and not isinstance(sys.exc_info()[1], CLIENT_ERRORS)
        log.log(logging.ERROR if is_bug else logging.DEBUG, "%s", msg, exc_info=is_bug)
