"""The HTTP server on real sockets, with small WSGI apps."""

import contextlib
import errno
import json
import logging
import select
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import openai
import pytest
import time_machine
from cheroot.ssl.builtin import BuiltinSSLAdapter
from freezegun import freeze_time

from mockbatch.http_server import HTTP_REQUEST_KEY, connection, waiting
from mockbatch.http_server import server as server_module
from mockbatch.http_server.request import MAX_CHUNKS, SERVER_NAME
from mockbatch.http_server.server import HttpServer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SECONDS = 30  # no answer within this means that it is blocked
MEGABYTE = 1 << 20
GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"


def post(body: bytes = b"", headers: str = "", length: int | None = None) -> bytes:
    """Return the bytes of a POST with a Content-Length."""
    length = len(body) if length is None else length
    return (
        f"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n{headers}\r\n".encode() + body
    )


class Answer:
    """A response as received."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body


class Client:
    """A connection that sends any bytes and parses HTTP/1.1 responses."""

    def __init__(self, server: HttpServer) -> None:
        self.socket = socket.create_connection((server.host, server.port), SECONDS)
        self.file = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.socket.sendall(data)

    def ask(self, data: bytes = GET) -> Answer:
        """Send a request and read the response."""
        self.send(data)
        return self.answer(head=data.startswith(b"HEAD"))

    def answer(self, *, head: bool = False) -> Answer:
        """Read one response, and not a byte more."""
        status, headers = self.head()
        return Answer(status, headers, b"" if head else self._body(status, headers))

    def head(self) -> tuple[int, dict[str, str]]:
        """Read the status and the headers of a response, with names in lower case."""
        status = int(self.file.readline().split()[1])
        headers = {}
        while line := self.file.readline().strip().decode():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        return status, headers

    def _body(self, status: int, headers: dict[str, str]) -> bytes:
        if status in (100, 204, 304):
            return b""
        if "transfer-encoding" not in headers:
            return self.file.read(int(headers.get("content-length", "-1")))
        body = b""
        while size := int(self.file.readline(), 16):
            body += self.file.read(size + 2)[:-2]
        assert self.file.readline() == b"\r\n"
        return body

    def is_closed(self) -> bool:
        """Wait for the next byte; return whether the connection ended."""
        try:
            return self.file.read(1) == b""
        except ConnectionResetError:
            return True

    def vanish(self) -> None:
        """Reset the connection, as a killed client's kernel may."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        """End the connection."""
        self.file.close()
        self.socket.close()


@pytest.fixture
def stack() -> Iterator[contextlib.ExitStack]:
    """Close things after the test, in reverse order."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def serve(stack: contextlib.ExitStack) -> Callable[..., HttpServer]:
    """Return a function that starts servers, which stop with the test."""

    def start(app: "WSGIApplication", **options: Any) -> HttpServer:
        server = HttpServer(app, **options)
        stack.callback(server.stop)
        server.start()
        return server

    return start


@pytest.fixture
def connect(stack: contextlib.ExitStack) -> Callable[[HttpServer], Client]:
    """Return a function that opens connections, which close with the test."""

    def open_one(server: HttpServer) -> Client:
        client = Client(server)
        stack.callback(client.close)
        return client

    return open_one


class Workers:
    """The threads of one test's servers; those of a shared server stay idle for seconds."""

    def __init__(self) -> None:
        self._others = set(threading.enumerate())

    def alive(self, name: str = f"{SERVER_NAME}-worker") -> list[threading.Thread]:
        """Return those with a name that have not ended."""
        threads = set(threading.enumerate()) - self._others
        return [thread for thread in threads if thread.name == name]

    def join(self, name: str = f"{SERVER_NAME}-worker") -> None:
        """Wait until they have ended."""
        for thread in self.alive(name):
            thread.join(SECONDS)


@pytest.fixture
def workers() -> Workers:
    """Return the worker threads of the servers that this test starts."""
    return Workers()


Serve = Callable[..., HttpServer]
Connect = Callable[[HttpServer], Client]


def reply(start_response: "StartResponse", body: bytes, status: str = "200 OK") -> Iterable[bytes]:
    """Respond with a body of known length."""
    start_response(status, [("Content-Length", str(len(body)))])
    return [body]


def hello(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Respond with `hello` and leave the request's body unread."""
    return reply(start_response, b"hello")


def echo(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Respond with the request's body."""
    return reply(start_response, environ["wsgi.input"].read())


def stream(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Respond with a body of unknown length."""
    start_response("200 OK", [])
    return [b"one,", b"", b"two"]


def show(*names: str) -> "WSGIApplication":
    """Return an app that responds with some of its environ, as JSON."""

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return reply(start_response, json.dumps([environ.get(name) for name in names]).encode())

    return app


class Blocker:
    """An app whose `/block` waits until it is released."""

    def __init__(self) -> None:
        self.entered, self.release = threading.Semaphore(0), threading.Event()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer `hello`, in the end."""
        if environ["PATH_INFO"] == "/block":
            self.entered.release()
            assert self.release.wait(SECONDS)
        return hello(environ, start_response)


# --- keep-alive and framing of responses


def test_a_connection_serves_three_requests(serve: Serve, connect: Connect) -> None:
    """The connection stays open for the next request, and no header says otherwise."""
    client = connect(serve(hello))
    answers = [client.ask() for _ in range(3)]
    assert [answer.body for answer in answers] == [b"hello"] * 3
    assert not any("connection" in answer.headers for answer in answers)


def test_a_short_response_is_sent_in_one_piece(serve: Serve, connect: Connect) -> None:
    """The headers wait for the body's first bytes, so that a client is woken once."""
    client = connect(serve(hello))
    client.send(GET)
    assert client.socket.recv(MEGABYTE).endswith(b"\r\n\r\nhello")


@pytest.mark.parametrize("pause", [0, 0.05])
def test_a_connection_survives_a_pause(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch, pause: float
) -> None:
    """A request is handled whether or not its connection still has a thread."""
    monkeypatch.setattr(connection, "NEXT_REQUEST_SECONDS", 0.001)
    client = connect(serve(hello))
    for _ in range(3):
        assert client.ask().body == b"hello"
        time.sleep(pause)


def test_a_thread_leaves_a_silent_connection(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Idle connections occupy no threads: two threads suffice for many clients."""
    monkeypatch.setattr(server_module, "MAX_THREADS", 2)
    monkeypatch.setattr(connection, "NEXT_REQUEST_SECONDS", 0.001)
    server = serve(hello)
    clients = [connect(server) for _ in range(20)]
    for _ in range(2):
        assert [client.ask().body for client in clients] == [b"hello"] * 20


def test_pipelined_requests_are_answered_in_order(serve: Serve, connect: Connect) -> None:
    """Three requests sent in one go are answered one after the other."""
    client = connect(serve(echo))
    client.send(post(b"a") + post(b"b") + post(b"c"))
    assert [client.answer().body for _ in range(3)] == [b"a", b"b", b"c"]


def test_more_than_ten_connections_are_kept(serve: Serve, connect: Connect) -> None:
    """Cheroot's own limit of ten kept connections is lifted."""
    server = serve(hello)
    clients = [connect(server) for _ in range(30)]
    for _ in range(2):
        assert [client.ask().body for client in clients] == [b"hello"] * 30


@pytest.mark.parametrize("value", ["close", "Close", "keep-alive, close"])
def test_a_client_can_ask_to_close(serve: Serve, connect: Connect, value: str) -> None:
    """`Connection: close` works in any spelling."""
    client = connect(serve(hello))
    assert client.ask(post(headers=f"Connection: {value}\r\n")).headers["connection"] == "close"
    assert client.is_closed()


def test_the_application_can_close(serve: Serve, connect: Connect) -> None:
    """An app's own `Connection: close` closes the connection."""

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", "0"), ("Connection", "close")])
        return []

    client = connect(serve(app))
    client.ask()
    assert client.is_closed()


def test_http_1_0_closes_by_default(serve: Serve, connect: Connect) -> None:
    """An HTTP/1.0 client that does not know keep-alive sees the end of the response."""
    client = connect(serve(stream))
    assert client.ask(b"GET / HTTP/1.0\r\n\r\n").body == b"one,two"


def test_http_1_0_needs_no_host(serve: Serve, connect: Connect) -> None:
    """A request of HTTP/1.0 may come without a Host header; one of HTTP/1.1 may not."""
    assert connect(serve(hello)).ask(b"GET / HTTP/1.0\r\n\r\n").body == b"hello"


def test_http_1_0_can_keep_the_connection(serve: Serve, connect: Connect) -> None:
    """An HTTP/1.0 client can ask to keep its connection."""
    client = connect(serve(hello))
    for _ in range(2):
        assert client.ask(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").body == b"hello"


def test_a_response_of_unknown_length_is_chunked(serve: Serve, connect: Connect) -> None:
    """Without a Content-Length the body goes out in chunks and the connection stays."""
    client = connect(serve(stream))
    answer = client.ask()
    assert (answer.headers["transfer-encoding"], answer.body) == ("chunked", b"one,two")
    assert client.ask().body == b"one,two"


@pytest.mark.parametrize("app", [hello, stream])
def test_head_sends_no_body(serve: Serve, connect: Connect, app: "WSGIApplication") -> None:
    """The body that an app yields for HEAD is dropped, and the next response is intact."""
    client = connect(serve(app))
    head = client.ask(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
    get = client.ask()
    assert get.body in {b"hello", b"one,two"}
    assert head.headers.keys() == get.headers.keys()


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_no_content_sends_no_body(serve: Serve, connect: Connect, status: str) -> None:
    """A body with status 204 or 304 is dropped, and the next response is intact."""

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        start_response(status, [])
        return [b"a body that must not be there"]

    client = connect(serve(app))
    answers = [client.ask() for _ in range(2)]
    assert [answer.status for answer in answers] == [int(status[:3])] * 2
    assert "transfer-encoding" not in answers[0].headers


def test_a_response_shorter_than_promised_ends_the_connection(
    serve: Serve, connect: Connect
) -> None:
    """The client does not wait for the missing bytes."""

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", "10")])
        return [b"hello"]

    client = connect(serve(app))
    assert client.ask().body == b"hello"
    assert client.is_closed()


def test_a_large_response_is_not_copied(serve: Serve, connect: Connect) -> None:
    """Forty megabytes in one chunk are sent block by block."""
    body = bytes(40 * MEGABYTE)
    client = connect(serve(lambda environ, start_response: reply(start_response, body)))
    client.send(GET)
    tracemalloc.start()
    try:
        length = int(client.head()[1]["content-length"])
        received = sum(len(client.file.read(MEGABYTE)) for _ in range(length // MEGABYTE))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert received == len(body)
    assert peak < 8 * MEGABYTE


def test_the_server_header_names_no_library(serve: Serve, connect: Connect) -> None:
    """No library and no version is shown."""
    assert connect(serve(hello)).ask().headers["server"] == "mockbatch"


# --- request bodies


def test_a_chunked_body_reaches_the_application(serve: Serve, connect: Connect) -> None:
    """Chunks with extensions are joined."""
    client = connect(serve(echo))
    assert client.ask(CHUNKED + b"3\r\nabc\r\n0A;x=1\r\ndefghijklm\r\n0\r\n\r\n").body == (
        b"abcdefghijklm"
    )


def test_a_chunked_body_is_marked_as_terminated(serve: Serve, connect: Connect) -> None:
    """`wsgi.input_terminated` is set, and there is no Content-Length."""
    client = connect(serve(show("wsgi.input_terminated", "CONTENT_LENGTH")))
    assert json.loads(client.ask(CHUNKED + b"0\r\n\r\n").body) == [True, None]


def test_a_sized_body_is_not_marked_as_terminated(serve: Serve, connect: Connect) -> None:
    """Werkzeug then checks itself that the body is complete."""
    client = connect(serve(show("wsgi.input_terminated", "CONTENT_LENGTH")))
    assert json.loads(client.ask(post(b"abc")).body) == [None, "3"]


def test_trailers_end_a_chunked_body(serve: Serve, connect: Connect) -> None:
    """Trailers are dropped, and the next request is read after them."""
    client = connect(serve(echo))
    request = CHUNKED + b"3\r\nabc\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n"
    assert [client.ask(request).body for _ in range(2)] == [b"abc", b"abc"]


def test_one_chunk_of_21_megabytes_stays_out_of_memory(serve: Serve, connect: Connect) -> None:
    """A big chunk is read block by block."""

    def count(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        blocks = iter(lambda: environ["wsgi.input"].read(1 << 16), b"")
        return reply(start_response, str(sum(map(len, blocks))).encode())

    client = connect(serve(count))
    tracemalloc.start()
    try:
        client.send(CHUNKED + b"%x\r\n" % (21 * MEGABYTE))
        for _ in range(21):
            client.send(bytes(MEGABYTE))
        answer = client.ask(b"\r\n0\r\n\r\n")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert int(answer.body) == 21 * MEGABYTE
    assert peak < 4 * MEGABYTE


def test_lines_of_a_body_can_be_read(serve: Serve, connect: Connect) -> None:
    """`wsgi.input` is a file: it iterates over lines, across chunks."""

    def lines(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return reply(start_response, str(len(list(environ["wsgi.input"]))).encode())

    client = connect(serve(lines))
    assert client.ask(CHUNKED + b"4\r\na\nb\n\r\n1\r\nc\r\n0\r\n\r\n").body == b"3"


@pytest.mark.parametrize(
    "request_", [post(bytes(5 * MEGABYTE)), CHUNKED + b"a\r\n" + bytes(10) + b"\r\n0\r\n\r\n"]
)
def test_an_unread_body_is_not_the_next_request(
    serve: Serve, connect: Connect, request_: bytes
) -> None:
    """The unread rest of a body is drained after the response."""
    client = connect(serve(hello))
    assert [client.ask(request_).status for _ in range(2)] == [200, 200]


def test_the_response_does_not_wait_for_an_unread_body(serve: Serve, connect: Connect) -> None:
    """A client may wait for the response before it sends the rest."""
    client = connect(serve(hello))
    assert client.ask(post(b"half", length=8)).body == b"hello"
    client.send(b"rest")
    assert client.ask().body == b"hello"


def test_too_much_unread_body_ends_the_connection(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Draining is limited in bytes; the response is sent even so."""
    monkeypatch.setattr(connection, "DRAIN_BYTES", 1 << 16)
    client = connect(serve(hello))
    assert client.ask(post(bytes(1 << 18))).body == b"hello"
    assert client.is_closed()


def test_an_unread_body_that_stalls_ends_the_connection(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Draining is limited in time."""
    monkeypatch.setattr(connection, "DRAIN_SECONDS", 0.05)
    client = connect(serve(hello))
    client.ask(post(b"half", length=8))
    assert client.is_closed()


def test_draining_does_not_shorten_later_timeouts(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The short timeout for draining does not apply to the next request."""
    monkeypatch.setattr(connection, "DRAIN_SECONDS", 0.05)
    client = connect(serve(echo))
    client.ask(post(b"first"))
    client.send(post(b"se", length=6))
    time.sleep(0.2)
    assert client.ask(b"cond").body == b"second"


def test_expect_100_continue_is_answered_at_once(serve: Serve, connect: Connect) -> None:
    """The client gets the interim response before it sends its body."""
    client = connect(serve(echo))
    assert client.ask(post(headers="Expect: 100-continue\r\n", length=4)).status == 100
    assert client.ask(b"body").body == b"body"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"x\r\n", id="no hexadecimal number"),
        pytest.param(b"-1\r\n", id="negative size"),
        pytest.param(b"\r\n", id="no size"),
        pytest.param(b"3\r\nabcd\r\n0\r\n\r\n", id="longer than its size"),
        pytest.param(b"3\nabc\r\n0\r\n\r\n", id="bare line feed"),
        pytest.param(b" 3\r\nabc\r\n0\r\n\r\n", id="space before the size"),
        pytest.param(b"\x0b3\r\nabc\r\n0\r\n\r\n", id="control byte before the size"),
        pytest.param(b"3;a\rb\r\nabc\r\n0\r\n\r\n", id="bare carriage return"),
        pytest.param(b"3\r\nabc\r\n0\r\nX : y\r\n\r\n", id="malformed trailer"),
        pytest.param(b"0\r\n" + b"X: y\r\n" * 501 + b"\r\n", id="endless trailers"),
        pytest.param(b"3;" + b"x" * 5000 + b"\r\nabc\r\n0\r\n\r\n", id="endless extension"),
        pytest.param(b"1\r\nx\r\n" * (MAX_CHUNKS + 1) + b"0\r\n\r\n", id="too many chunks"),
    ],
)
def test_malformed_chunks_raise_on_read(serve: Serve, connect: Connect, body: bytes) -> None:
    """Reading raises OSError, to which the app may respond; then the connection ends."""

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        try:
            return echo(environ, start_response)
        except OSError as error:
            return reply(start_response, str(error.strerror).encode(), "400 Bad Request")

    client = connect(serve(app))
    answer = client.ask(CHUNKED + body + GET)
    assert (answer.status, answer.body[:22]) == (400, b"Invalid request body: ")
    assert client.is_closed()


def test_unread_malformed_chunks_end_the_connection(serve: Serve, connect: Connect) -> None:
    """After an unread body with broken framing nothing is parsed as a request."""
    client = connect(serve(hello))
    assert client.ask(CHUNKED + b"x\r\n" + GET).body == b"hello"
    assert client.is_closed()


# --- the request's target


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("//v1//batches", "/v1/batches", ""),
        ("///v1/batches/?a=//b&c=%2F", "/v1/batches/", "a=//b&c=%2F"),
        ("/v1/a%2Fb%20c%252F", "/v1/a/b c%2F", ""),
        ("/v1/%2F%2Fbatches", "/v1/batches", ""),
        ("/v1/f?a?b", "/v1/f", "a?b"),
        ("/caf%C3%A9", "/caf\u00c3\u00a9", ""),
        ("http://api.example//v1//batches?limit=1", "/v1/batches", "limit=1"),
        ("http://api.example?limit=1", "/", "limit=1"),
        ("/v1/http://x", "/v1/http:/x", ""),
    ],
)
def test_the_path_is_rebuilt_from_the_target(
    serve: Serve, connect: Connect, target: str, path: str, query: str
) -> None:
    """Slashes are merged, escapes decoded once; the query and the raw target are unchanged."""
    client = connect(serve(show("PATH_INFO", "QUERY_STRING", "REQUEST_URI", "RAW_URI")))
    answer = client.ask(f"GET {target} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
    assert json.loads(answer.body) == [path, query, target, target]


def test_an_absolute_target_names_the_host(serve: Serve, connect: Connect) -> None:
    """The authority of an absolute-form target overrides the Host header."""
    client = connect(serve(show("HTTP_HOST", "wsgi.url_scheme")))
    answer = client.ask(b"GET https://api.example:1/v1 HTTP/1.1\r\nHost: h\r\n\r\n")
    assert json.loads(answer.body) == ["api.example:1", "http"]


def test_options_of_the_whole_server_reaches_the_application(
    serve: Serve, connect: Connect
) -> None:
    """`OPTIONS *` is a request like any other."""
    client = connect(serve(show("REQUEST_METHOD", "PATH_INFO")))
    answer = client.ask(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n")
    assert json.loads(answer.body) == ["OPTIONS", "/*"]


def test_a_header_with_underscores_does_not_frame_the_body(serve: Serve, connect: Connect) -> None:
    """`Content_Length` does not become CONTENT_LENGTH, and replaces no other header."""
    client = connect(serve(show("CONTENT_LENGTH", "HTTP_X_NAME")))
    answer = client.ask(
        b"GET / HTTP/1.1\r\nHost: h\r\nX-Name: a\r\nContent_Length: 5\r\nX_Name: b\r\n\r\n"
    )
    assert json.loads(answer.body) == [None, "a"]


def test_the_request_is_in_the_environ(serve: Serve, connect: Connect) -> None:
    """Faults reach the socket through the request in the environ."""

    def drop(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        environ[HTTP_REQUEST_KEY].conn.socket.close()
        raise ConnectionAbortedError(errno.ECONNABORTED, "a fault")

    client = connect(serve(drop))
    client.send(GET)
    assert client.is_closed()


# --- errors of the server's own


def request_with(header: str, version: str = "1.1") -> bytes:
    """Return a POST with one more header."""
    return f"POST / HTTP/{version}\r\nHost: h\r\n{header}\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GARBAGE\r\n\r\n", 400),
        (b"\r\n\r\n\r\n", 400),
        (b"\x00\xff\xfe\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / SPDY/1\r\n\r\n", 400),
        (b"GET / HTTP/one\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: h\n\n", 400),
        (b"get / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET v1/batches HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET /v1#batches HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET http://[ HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (b"GET / HTTP/0.9\r\n\r\n", 505),
        (b"GET /" + b"x" * (1 << 18) + b" HTTP/1.1\r\nHost: h\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * (1 << 18) + b"\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nHost: h\r\n continued: 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\n\n", 400),
        (request_with("Content-Length: many"), 400),
        (request_with("Content-Length: -5"), 400),
        (request_with("Content-Length: +5"), 400),
        (request_with("Content-Length: 1_0"), 400),
        (request_with("Content-Length:"), 400),
        (request_with("Content-Length: " + "9" * 5000), 400),
        (request_with("Transfer-Encoding: gzip"), 400),
        (request_with("Transfer-Encoding: gzip, chunked"), 400),
        (request_with("Transfer-Encoding: chunked, chunked"), 400),
        (request_with("Transfer-Encoding: chunked", version="1.0"), 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (request_with("Transfer-Encoding: chunked\r\nContent-Length: 3"), 400),
        (request_with("Content-Length: 3\r\nTransfer-Encoding: chunked"), 400),
        (request_with("Content-Length: 3\r\nContent-Length: 3"), 400),
        (request_with("Content-Length: 3\r\ncontent-length: 30"), 400),
        (request_with("Content-Length: 3, 3"), 400),
        (request_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400),
        (request_with("Host: other"), 400),
        (b"GET / HTTP/1.1\r\nX-Host: h\r\n\r\n", 400),
        (b"GET http://h/ HTTP/1.1\r\n\r\n", 400),
        (request_with("X: 1\r\n 2"), 400),
        (request_with("Content-Length : 3"), 400),
        (request_with("Content-Length\t: 3"), 400),
        (request_with(" Content-Length: 3"), 400),
        (request_with(": 3"), 400),
        (request_with("X: a\rb"), 400),
        (request_with("X: a\nY: b"), 400),
        (request_with("X: a\x00b"), 400),
        (request_with("X: a\x7fb"), 400),
        (request_with("X\x00: a"), 400),
        (request_with("X(: a"), 400),
        (request_with("Content-Length: \x0b3"), 400),
        (request_with("Transfer-Encoding: \x0bchunked"), 400),
        (request_with("Transfer-Encoding:"), 400),
        (request_with("Transfer-Encoding: chunked,"), 400),
        (request_with("\r\n".join(["X: y"] * 501)), 431),
        *(
            (f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode(), 400)
            for host in ("a b", "a,b", "a/b", "a@b", "[::1", "a:b")
        ),
        *(
            (line + b"\r\nHost: h\r\n\r\n", 400)
            for line in (
                *(b"GET  / HTTP/1.1", b"GET / HTTP/1.1 ", b" GET / HTTP/1.1", b"GET / HTTP/1.1\t"),
                *(b"GET\t/ HTTP/1.1", b"GET /\x00 HTTP/1.1", b"GET /\ra HTTP/1.1"),
                *(b"GET /\xff HTTP/1.1", b"\x01GET / HTTP/1.1", b"G(T / HTTP/1.1"),
                *(b"GET / HTTP/1.1\r", b"GET / HTTP/+1.1", b"GET / HTTP/1.01", b"GET / http/1.1"),
                *(
                    b"GET http://a@b/ HTTP/1.1",
                    b"GET ftp://a/ HTTP/1.1",
                    b"GET http://a,b/ HTTP/1.1",
                    b"CONNECT h:1 HTTP/1.1",
                ),
            )
        ),
    ],
    ids=lambda value: repr(value[:40]) if isinstance(value, bytes) else None,
)
def test_a_malformed_request_gets_the_envelope(
    serve: Serve, connect: Connect, request_: bytes, status: int
) -> None:
    """The server's own errors have OpenAI's format, indented, and end the connection."""
    client = connect(serve(hello))
    answer = client.ask(request_)
    error = json.loads(answer.body)["error"]
    assert answer.status == status
    assert error == {
        "message": error["message"],
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }
    assert error["message"]
    assert answer.body.decode() == json.dumps({"error": error}, indent=2)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["connection"] == "close"
    assert answer.headers["server"] == "mockbatch"
    assert client.is_closed()


def test_an_error_is_not_lost_to_a_reset(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that sends much more than is read still gets the response, and a clean end."""
    monkeypatch.setattr(connection, "DRAIN_SECONDS", SECONDS * 6)
    client = connect(serve(hello))
    assert client.ask(b"GET /" + bytes(16 * MEGABYTE)).status == 414
    assert client.file.read() == b""


def test_a_silent_client_gets_a_408(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that stops within its body ends in a 408 in OpenAI's format."""
    monkeypatch.setattr(HttpServer, "timeout", 0.05)
    answer = connect(serve(echo)).ask(post(b"half", length=8))
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (408, None)


def test_headers_have_a_deadline(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Headers that take too long end in a 408, even if bytes of them keep coming."""
    monkeypatch.setattr(connection, "HEAD_TICKS", 2)
    client = connect(serve(hello))
    client.send(b"GET / HTTP/1.1\r\nX: ")
    client.socket.settimeout(0.05)
    answered = b""
    for _ in range(SECONDS * 20):
        try:
            answered += client.socket.recv(1)
            break
        except TimeoutError:
            client.send(b"x")
    client.socket.settimeout(SECONDS)
    assert (answered + client.socket.recv(MEGABYTE)).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("size", [1, 7, 50])
def test_a_request_may_come_in_pieces(serve: Serve, connect: Connect, size: int) -> None:
    """Its head is put together, and what follows it is neither lost nor moved."""
    client = connect(serve(echo))
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    data = post(b"first") + CHUNKED + b"6\r\nsecond\r\n0\r\n\r\n" + post(b"third")
    for start in range(0, len(data), size):
        client.send(data[start : start + size])
    assert [client.answer().body for _ in range(3)] == [b"first", b"second", b"third"]


def test_a_silent_connection_has_no_deadline(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients keep connections for later, before their first request and after it."""
    monkeypatch.setattr(connection, "HEAD_TICKS", 0)
    monkeypatch.setattr(connection, "NEXT_REQUEST_SECONDS", 0.001)
    server = serve(hello)
    used, unused = connect(server), connect(server)
    used.ask()
    until = server.ticks + 3
    while server.ticks < until:
        time.sleep(0.01)
    assert [client.ask().body for client in (used, unused)] == [b"hello", b"hello"]


def fail(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Fail before the response."""
    raise RuntimeError("secret")


def fail_in_body(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Fail while generating the body, before its first byte."""
    start_response("200 OK", [("Content-Length", "1")])
    yield b""
    raise RuntimeError("secret")


def overrun(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Send more than the Content-Length."""
    start_response("200 OK", [("Content-Length", "1")])
    return [b"secret"]


def start_nothing(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Forget to call start_response."""
    return []


@pytest.mark.parametrize("app", [fail, fail_in_body, overrun, start_nothing])
def test_a_bug_of_the_application_is_a_500(
    serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture, app: "WSGIApplication"
) -> None:
    """The client gets an error in OpenAI's format, and the log the traceback, at ERROR."""
    answer = connect(serve(app)).ask()
    assert (answer.status, json.loads(answer.body)["error"]["type"]) == (500, "server_error")
    assert b"secret" not in answer.body
    [record] = caplog.records
    assert (record.levelname, record.name) == ("ERROR", "mockbatch.http_server")
    assert record.exc_info


def test_a_worker_survives_pytest_fail(
    serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    """A BaseException is logged and ends only its connection."""

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/fail":
            pytest.fail("in a callback")
        return hello(environ, start_response)

    server = serve(app)
    client = connect(server)
    client.send(b"GET /fail HTTP/1.1\r\nHost: h\r\n\r\n")
    assert client.is_closed()
    assert connect(server).ask().body == b"hello"
    assert "in a callback" in caplog.text


# --- clients that vanish


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Nothing above DEBUG is logged, and nothing printed."""
    caplog.set_level(logging.DEBUG, "mockbatch.http_server")
    yield
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(b"GET / HT", id="request line"),
        pytest.param(b"GET / HTTP/1.1\r\nHo", id="headers"),
        pytest.param(post(b"half", length=8), id="body"),
        pytest.param(CHUNKED + b"8\r\nhalf", id="chunk"),
        pytest.param(CHUNKED + b"8", id="chunk size"),
    ],
)
@pytest.mark.parametrize("leave", [Client.close, Client.vanish])
@pytest.mark.usefixtures("quiet")
def test_a_client_may_vanish_within_its_request(
    serve: Serve, connect: Connect, request_: bytes, leave: Callable[[Client], None]
) -> None:
    """An unfinished request logs nothing and does not affect others."""
    server = serve(echo)
    client = connect(server)
    client.send(request_)
    leave(client)
    assert connect(server).ask(post(b"x")).body == b"x"
    server.stop()  # and with it the worker, before the log is looked at


@pytest.mark.usefixtures("quiet")
def test_a_client_may_vanish_within_its_download(serve: Serve, connect: Connect) -> None:
    """The response's iterator is closed, and nothing is logged."""
    closed = threading.Event()

    def endless(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        start_response("200 OK", [])
        try:
            while True:
                yield bytes(1 << 16)
        finally:
            closed.set()

    server = serve(endless)
    client = connect(server)
    client.send(GET)
    client.file.read(1 << 16)
    client.vanish()
    assert closed.wait(SECONDS)
    server.stop()


@pytest.mark.parametrize("error", [ConnectionResetError, TimeoutError, ssl.SSLEOFError])
def test_a_failing_client_is_logged_at_debug(
    caplog: pytest.LogCaptureFixture, error: type[OSError]
) -> None:
    """There is no traceback."""
    caplog.set_level(logging.DEBUG, "mockbatch.http_server")
    try:
        raise error
    except OSError:
        HttpServer(hello).error_log("gone", traceback=True)
    [record] = caplog.records
    assert record.levelname == "DEBUG"
    assert not record.exc_info


# --- no client waits for another


def test_blocked_handlers_do_not_delay_others(serve: Serve, connect: Connect) -> None:
    """While 64 requests block, another client's GET is handled."""
    app = Blocker()
    server = serve(app)
    clients = [connect(server) for _ in range(64)]
    for client in clients:
        client.send(b"GET /block HTTP/1.1\r\nHost: h\r\n\r\n")
    assert all(app.entered.acquire(timeout=SECONDS) for _ in clients)
    assert connect(server).ask().body == b"hello"
    app.release.set()
    assert all(client.answer().body == b"hello" for client in clients)


def test_half_requests_do_not_delay_others(serve: Serve, connect: Connect) -> None:
    """While 20 uploads and 20 headers are incomplete, a GET is handled."""
    server = serve(echo)
    for _ in range(20):
        connect(server).send(post(b"half", length=8))
        connect(server).send(b"GET / HTTP/1.1\r\nHo")
    assert connect(server).ask(post(b"whole")).body == b"whole"


@pytest.mark.parametrize("sent", [b"", b"G", b"GET / HTTP/1.1\r\nHo"])
def test_connections_without_a_whole_head_occupy_no_thread(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    """Any number of clients may be silent, or send their headers slowly."""
    monkeypatch.setattr(server_module, "MAX_THREADS", 2)
    server = serve(hello)
    slow = [connect(server) for _ in range(20)]
    for client in slow:
        client.send(sent)
    assert connect(server).ask().body == b"hello"
    assert slow[0].ask(GET[len(sent) :]).body == b"hello"


@pytest.mark.parametrize("connections", [2, 12])
def test_slow_uploads_make_room(
    serve: Serve,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    connections: int,
) -> None:
    """If all threads wait for slow clients, the oldest request is closed for a new one."""
    monkeypatch.setattr(server_module, "MAX_THREADS", 2)
    began = threading.Semaphore(0)

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        began.release()
        return echo(environ, start_response)

    server = serve(app)
    slow = [connect(server) for _ in range(connections)]
    for number, client in enumerate(slow):
        client.send(post(b"half", length=8))
        # So that the first is the oldest: two threads may begin in any order.
        assert number >= 2 or began.acquire(timeout=SECONDS)
    assert connect(server).ask(post(b"whole")).body == b"whole"
    assert slow[0].is_closed()
    assert "slow client" in caplog.text


def test_the_oldest_of_requests_that_began_at_once_makes_room(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of slow clients whose requests began within a tick, the first loses its thread."""
    monkeypatch.setattr(server_module, "MAX_THREADS", 2)
    monkeypatch.setattr(HttpServer, "_tick", lambda _: None)  # the test counts the ticks
    monkeypatch.setattr(connection, "NEXT_REQUEST_SECONDS", SECONDS)
    began = threading.Semaphore(0)

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        began.release()
        return echo(environ, start_response)

    server = serve(app)
    newer, older, waiting = (connect(server) for _ in range(3))
    newer.ask(post(b"whole"))  # its connection has the first thread
    for client in (older, newer):
        began.acquire(timeout=SECONDS)
        client.send(post(b"half", length=8))
    assert began.acquire(timeout=SECONDS)
    waiting.send(post(b"whole"))
    server.ticks += connection.PATIENCE_TICKS
    while not select.select([waiting.socket], [], [], 0.01)[0]:
        server.requests.relieve()
    assert waiting.answer().body == b"whole"
    assert older.is_closed()


def test_slow_downloads_make_room(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that does not read its response delays no other."""
    monkeypatch.setattr(server_module, "MAX_THREADS", 1)

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return reply(start_response, b"hello" if environ["PATH_INFO"] == "/" else bytes(1 << 26))

    server = serve(app)
    slow = connect(server)
    slow.send(b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n")
    slow.head()
    assert connect(server).ask().body == b"hello"


def test_uploads_that_continue_are_not_closed(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as there are threads, a client may be slow."""
    # One for each slow client, and some for the others, whose threads may outlast their calls.
    monkeypatch.setattr(server_module, "MAX_THREADS", 8)
    server = serve(echo)
    slow = [connect(server) for _ in range(2)]
    for client in slow:
        client.send(post(b"half", length=8))
    until = server.ticks + 4
    while server.ticks < until:
        assert connect(server).ask(post(b"x", "Connection: close\r\n")).body == b"x"
    assert [client.ask(b"rest").body for client in slow] == [b"halfrest"] * 2


def test_a_new_client_is_served_when_no_descriptors_are_left(stack: contextlib.ExitStack) -> None:
    """The connection that has been silent longest is closed for it."""
    program = """
import resource, sys
from mockbatch.http_server.server import HttpServer
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "5")])
    return [b"hello"]
server = HttpServer(app)
server.start()
print(server.port, flush=True)
sys.stdin.read()
"""
    process = stack.enter_context(
        subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    )
    assert process.stdout
    server = HttpServer(hello, port=int(process.stdout.readline()))
    clients = [Client(server) for _ in range(100)]
    for client in clients:
        stack.callback(client.close)
    assert clients[-1].ask().body == b"hello"
    assert clients[0].is_closed()


def test_beyond_the_thread_limit_connections_queue(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With all threads busy, a request waits for the first free one."""
    monkeypatch.setattr(server_module, "MAX_THREADS", 2)
    app = Blocker()
    server = serve(app)
    clients = [connect(server) for _ in range(3)]
    for client in clients:
        client.send(b"GET /block HTTP/1.1\r\nHost: h\r\n\r\n")
    assert all(app.entered.acquire(timeout=SECONDS) for _ in range(2))
    assert not app.entered.acquire(timeout=0.1)
    app.release.set()
    assert [client.answer().body for client in clients] == [b"hello"] * 3


def test_threads_are_reused(serve: Serve, connect: Connect, workers: Workers) -> None:
    """Sequential requests need few threads."""
    client = connect(serve(hello))
    for _ in range(100):
        client.ask()
    # More than one when a request comes before the last one's thread waits again.
    assert len(workers.alive()) < 10


def test_idle_threads_end(
    serve: Serve, connect: Connect, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads without work end, and the server continues."""
    monkeypatch.setattr(server_module, "IDLE_SECONDS", 0.05)
    client = connect(serve(hello))
    client.ask()
    workers.join()
    assert workers.alive() == []
    assert client.ask().body == b"hello"


def test_the_sdk_is_served(serve: Serve) -> None:
    """The OpenAI client finds its models."""
    page = json.dumps({"object": "list", "data": []}).encode()
    server = serve(lambda environ, start_response: reply(start_response, page))
    with openai.OpenAI(base_url=server.url + "/v1", api_key="k", max_retries=0) as client:
        assert list(client.models.list()) == []


# --- start and stop


def test_the_url_names_the_port(serve: Serve) -> None:
    """Port 0 becomes a free port, which is in the URL."""
    server = serve(hello)
    assert server.port > 0
    assert server.url == f"http://127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("::1", "http://[::1]:8787"),
        ("::", "http://[::1]:8787"),
        ("0.0.0.0", "http://127.0.0.1:8787"),
    ],
)
def test_the_url_is_one_a_client_can_use(host: str, url: str) -> None:
    """IPv6 hosts are in brackets, and "any address" becomes loopback."""
    assert HttpServer(hello, host, 8787).url == url


def test_an_ssl_adapter_makes_the_url_https() -> None:
    """With an adapter, the scheme is https."""
    adapter = BuiltinSSLAdapter.__new__(BuiltinSSLAdapter)
    assert HttpServer(hello, port=8787, ssl_adapter=adapter).url == "https://127.0.0.1:8787"


def test_an_ipv6_server_responds(serve: Serve, connect: Connect) -> None:
    """A server listens on IPv6 loopback, where there is one."""
    try:
        server = serve(hello, host="::1")
    except OSError:
        pytest.skip("no IPv6 here")
    assert connect(server).ask().body == b"hello"


def test_a_taken_port_is_an_oserror(serve: Serve) -> None:
    """Starting on a port in use fails at once."""
    server = serve(hello)
    with pytest.raises(OSError, match="in use"):
        HttpServer(hello, port=server.port).start()


def test_a_port_can_be_used_again_at_once(serve: Serve, connect: Connect) -> None:
    """A server restarts on its port while its old connections are in TIME_WAIT."""
    server = serve(hello)
    connect(server).ask()
    server.stop()  # closes first, which leaves TIME_WAIT on this side
    assert connect(serve(hello, port=server.port)).ask().body == b"hello"


def test_a_server_can_serve_in_the_calling_thread(connect: Connect) -> None:
    """`prepare` binds, `serve` serves until another thread calls `stop`."""
    server = HttpServer(hello)
    server.prepare()
    client = connect(server)
    client.send(GET)  # queues until it serves
    timer = threading.Timer(0.05, server.stop)
    timer.start()
    server.serve()
    timer.join()
    assert client.answer().body == b"hello"


def seconds_to_stop(server: HttpServer) -> float:
    """Stop the server and return how long that took."""
    begun = time.monotonic()
    server.stop()
    return time.monotonic() - begun


def test_stop_waits_for_no_idle_connection(
    serve: Serve, connect: Connect, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Idle connections are closed at once, and the accept loop is woken."""
    monkeypatch.setattr(waiting, "TICK_SECONDS", 10 * SECONDS)
    monkeypatch.setattr(HttpServer, "shutdown_timeout", 10 * SECONDS)
    server = serve(hello)
    clients = [connect(server) for _ in range(5)]
    for client in clients:
        client.ask()
    assert seconds_to_stop(server) < SECONDS
    assert all(client.is_closed() for client in clients)
    workers.join(SERVER_NAME)
    assert workers.alive(SERVER_NAME) == []


@pytest.mark.parametrize("request_", [post(b"half", length=8), b"GET / HTTP/1.1\r\nHo"])
def test_stop_does_not_wait_for_half_requests(
    serve: Serve,
    connect: Connect,
    workers: Workers,
    monkeypatch: pytest.MonkeyPatch,
    request_: bytes,
) -> None:
    """An incomplete request does not delay it."""
    monkeypatch.setattr(HttpServer, "shutdown_timeout", 10 * SECONDS)
    server = serve(echo)
    clients = [connect(server) for _ in range(10)]
    for client in clients:
        client.send(request_)
    assert connect(server).ask(post()).status == 200
    assert seconds_to_stop(server) < SECONDS
    assert workers.alive() == []


def test_stop_abandons_a_stuck_handler(serve: Serve, connect: Connect, workers: Workers) -> None:
    """A handler that never ends delays it by a second, and its connection ends."""
    app = Blocker()
    server = serve(app)
    client = connect(server)
    client.send(b"GET /block HTTP/1.1\r\nHost: h\r\n\r\n")
    assert app.entered.acquire(timeout=SECONDS)
    assert seconds_to_stop(server) < SECONDS
    assert client.is_closed()
    app.release.set()
    workers.join()


def test_stop_lets_delayed_responses_finish(serve: Serve, connect: Connect) -> None:
    """A handler that waits on `stopping` can still respond."""
    entered = threading.Event()

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        entered.set()
        assert server.stopping.wait(SECONDS)
        time.sleep(0.1)  # the server is well under way to its end
        return hello(environ, start_response)

    server = serve(app)
    client = connect(server)
    client.send(GET)
    assert entered.wait(SECONDS)
    server.stop()
    assert client.answer().body == b"hello"


def test_stop_waits_for_threads_started_after_others_ended(
    serve: Serve, connect: Connect, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All threads may have ended before, and new ones started."""
    monkeypatch.setattr(server_module, "IDLE_SECONDS", 0.01)
    server = serve(echo)
    connect(server).ask()
    workers.join()
    monkeypatch.undo()
    connect(server).send(post(b"half", length=8))
    assert connect(server).ask(post(b"x")).body == b"x"
    server.stop()
    assert workers.alive() == []


def test_stop_can_be_called_by_a_handler(serve: Serve, connect: Connect, workers: Workers) -> None:
    """A request can stop the server, and gets its response."""

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        server.stop()
        return hello(environ, start_response)

    server = serve(app)
    client = connect(server)
    assert client.ask().body == b"hello"
    assert client.is_closed()
    workers.join()


def test_stop_works_twice_and_before_start() -> None:
    """Stopping a server that does not run is no error."""
    HttpServer(hello).stop()
    server = HttpServer(hello)
    server.start()
    server.stop()
    server.stop()
    assert server.stopping.is_set()


def test_thirty_servers_leave_no_thread(connect: Connect) -> None:
    """Each thread has ended when `stop` returns."""
    before = set(threading.enumerate())
    for _ in range(30):
        server = HttpServer(hello)
        server.start()
        connect(server).ask()
        server.stop()
        assert set(threading.enumerate()) <= before


def test_thirty_servers_leave_no_open_socket() -> None:
    """With warnings as errors and in development mode nothing is printed."""
    program = """
import gc, socket
from mockbatch.http_server.server import HttpServer
def app(environ, start_response):
    start_response("200 OK", [])
    return iter(lambda: bytes(1 << 16), b"")
for _ in range(30):
    server = HttpServer(app)
    server.start()
    for request in (b"", b"GET /", b"GET / HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n"):
        with socket.create_connection((server.host, server.port)) as client:
            client.sendall(request)
    try:
        HttpServer(app, port=server.port).start()
    except OSError:
        pass
    server.stop()
    gc.collect()
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", program],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, b"", b"")


def test_a_stopped_server_is_forgotten(serve: Serve) -> None:
    """No process-wide registry keeps the server and its app."""
    server = serve(hello)
    statistics = getattr(logging, "statistics", {})
    assert not any(str(id(server)) in name for name in statistics)


# --- clocks that stand or jump


@pytest.mark.parametrize("library", [freeze_time, time_machine.travel])
def test_a_jump_of_a_day_keeps_connections(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch, library: Any
) -> None:
    """A clock jump of 24 hours between two requests does not close the connection."""
    monkeypatch.setattr(HttpServer, "expiration_interval", 0.01)
    client = connect(serve(hello))
    client.ask()
    for day in ("2100-01-01", "2100-01-02"):
        with library(day, tick=False):
            time.sleep(0.1)  # several looks for what has expired
            assert client.ask().body == b"hello"


@pytest.mark.parametrize("library", [freeze_time, time_machine.travel])
@pytest.mark.parametrize("day", ["2001-01-01", "2099-01-01"])
def test_a_frozen_clock_does_not_delay_stop(
    serve: Serve, connect: Connect, workers: Workers, library: Any, day: str
) -> None:
    """With frozen time, a server starts, serves and stops as usual."""
    begun = time.monotonic()
    with library(day, tick=False):
        server = serve(echo)
        connect(server).send(post(b"half", length=8))
        assert connect(server).ask(post(b"x")).body == b"x"
        server.stop()
    assert workers.alive() == []
    assert time.monotonic() - begun < SECONDS
