"""Serve a WSGI application over HTTP/1.1: cheroot, with a pool and a few classes of ours.

cheroot brings parsing, framing, keep-alive and TLS. What a mock needs beyond it, which delays,
cuts and freezes time on purpose, stands here. Each wait is a time-out of a lock or a socket
and nothing here reads a clock, so a simulated one can neither stretch nor end a wait.
"""

import contextlib
import logging
import os
import socket
import ssl
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from cheroot import server

from mockbatch.http_server.connection import Connection
from mockbatch.http_server.request import NAME, Gateway

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from cheroot.ssl import Adapter

MAX_THREADS = 512  # beyond it, connections queue
IDLE_SECONDS = 10.0  # then a thread without work retires
CLIENT_SECONDS = 60  # then a client that is silent within a request is given up

log = logging.getLogger("mockbatch.http_server")


class _Pool:
    """A thread for each busy connection; duck-typed after cheroot's ThreadPool."""

    def __init__(self, server: "HttpServer") -> None:
        self._server = server
        self._condition = threading.Condition()
        self._queue: deque[Connection] = deque()
        self._threads: dict[threading.Thread, Connection | None] = {}
        self._waiting, self._stopped = 0, False
        self._gone = threading.Event()

    def start(self) -> None:
        """Do nothing: threads come with connections."""

    def put(self, conn: Connection) -> None:
        """Have a thread serve the connection: one that waits, else a new one."""
        with self._condition:
            self._queue.append(conn)
            if self._waiting >= len(self._queue):
                self._condition.notify()
            elif len(self._threads) < MAX_THREADS:
                thread = threading.Thread(target=self._work, name=f"{NAME}-worker", daemon=True)
                thread.start()
                self._threads[thread] = None

    def _work(self) -> None:
        while conn := self._next(threading.current_thread()):
            try:
                if conn.communicate():
                    self._server.put_conn(conn)
                    continue
            except BaseException as error:  # noqa: BLE001 (pytest.fail() in a user's callback)
                self._server.error_log(repr(error), traceback=True)
            conn.close()

    def _next(self, thread: threading.Thread) -> Connection | None:
        with self._condition:
            self._threads[thread] = None
            while not self._queue:
                self._waiting += 1
                woken = not self._stopped and self._condition.wait(IDLE_SECONDS)
                self._waiting -= 1
                if not woken and not self._queue:
                    del self._threads[thread]
                    if self._stopped and not self._threads:
                        self._gone.set()
                    return None
            conn = self._threads[thread] = self._queue.popleft()
            return conn

    def stop(self, timeout: float) -> None:
        """End all threads but the calling one; those stuck for `timeout` seconds are left."""
        with self._condition:
            self._stopped = True
            self._threads.pop(threading.current_thread(), None)
            threads = list(self._threads)
            while self._queue:
                self._queue.popleft().close()
            if not threads:
                self._gone.set()
            self._condition.notify_all()
        # First nothing more comes in, so that an answer under way still goes out.
        for how in (socket.SHUT_RD, socket.SHUT_RDWR):
            with self._condition:
                for conn in filter(None, self._threads.values()):
                    conn.shutdown(how)
            self._gone.wait(timeout / 2)
        for thread in threads:
            if thread not in self._threads:
                thread.join(timeout)


class HttpServer(server.HTTPServer):
    """An HTTP server for one WSGI application, to be started once.

    `start` serves in a daemon thread; `prepare` and then `serve` do so in the calling one.
    `port` 0 picks a free one. `ssl_adapter` is one of cheroot's and makes it HTTPS.
    """

    ConnectionClass = Connection
    keep_alive_conn_limit = None  # type: ignore[assignment]
    max_request_header_size = 1 << 18
    request_queue_size = 128
    shutdown_timeout = 1
    software = NAME
    timeout = CLIENT_SECONDS
    _connections: Any

    def __init__(
        self,
        app: "WSGIApplication",
        host: str = "127.0.0.1",
        port: int = 0,
        ssl_adapter: "Adapter | None" = None,
    ) -> None:
        super().__init__((host, port), Gateway, server_name=NAME)
        # cheroot's registry of the whole process would keep each server and its app for ever.
        getattr(logging, "statistics", {}).pop(f"Cheroot HTTPServer {id(self)}", None)
        self.wsgi_app = app
        self.ssl_adapter = ssl_adapter
        self.requests = _Pool(self)
        #: Set when `stop` begins; whoever delays a response waits on this.
        self.stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def host(self) -> str:
        """The address it listens on; before `prepare`, the one asked for."""
        return str(self.bind_addr[0])

    @property
    def port(self) -> int:
        """The port it listens on; before `prepare`, the one asked for."""
        return int(self.bind_addr[1])

    @property
    def url(self) -> str:
        """Where clients on this machine find it, without a slash at the end."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        scheme = "https" if self.ssl_adapter else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    @staticmethod
    def bind_socket(socket_: socket.socket, bind_addr: tuple[str, int]) -> socket.socket:
        """Bind; cheroot would leave the socket open on failure."""
        try:
            socket_.bind(bind_addr)
        except OSError:
            socket_.close()
            raise
        if os.name == "posix":
            # For a restart on this port while old connections are in TIME_WAIT; after bind(),
            # as before it two servers can be given the same free port.
            socket_.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return socket_

    def start(self) -> None:
        """Listen, and serve in a daemon thread; raises OSError when the port is taken."""
        self.prepare()
        self._thread = threading.Thread(target=self.serve, name=NAME, daemon=True)
        self._thread.start()

    def serve(self) -> None:
        """Serve in this thread, after `prepare`, until `stop` or an interrupt."""
        while self.ready:
            try:
                self._connections.run(self.expiration_interval)
            except Exception as error:  # noqa: BLE001, PERF203 (out of file descriptors, say)
                self.error_log(repr(error), traceback=self.ready)
                self.stopping.wait(0.1)

    def stop(self) -> None:
        """End serving and close all connections; does nothing the second time.

        Answers under way have half a second to get out; what is stuck after one is left.
        """
        self.stopping.set()
        if not self.ready:
            return
        # In another order than cheroot's, which polls, and closes idle connections while
        # workers may still hand some back.
        self.ready = False
        self._connections._stop_requested = True
        with contextlib.suppress(OSError):  # wakes select(), which sleeps for half a second
            socket.create_connection((self.host, self.port), 0.5).close()
        if self._thread:
            self._thread.join(1)
        self.socket.close()
        self.requests.stop(self.shutdown_timeout)
        self._connections.close()

    def error_log(self, msg: str = "", level: int = 0, traceback: bool = False) -> None:  # noqa: ARG002
        """Log for cheroot: its tracebacks at ERROR, unless the client is what failed."""
        gone = isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError, ssl.SSLError))
        bug = traceback and not gone
        log.log(logging.ERROR if bug else logging.DEBUG, "%s", msg, exc_info=bug)
