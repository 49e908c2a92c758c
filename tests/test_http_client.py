"""One HTTP exchange: what it returns, and when it is cut off."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.message import Message
from http.client import HTTPConnection, HTTPException

import pytest

from mockbatch.http_client import Deadline, HttpResponse, exchange
from tests.support.dripping import dripping

TIMEOUT_SECONDS = 30  # no exchange takes that long, unless it hangs


@contextmanager
def serve_once(respond: Callable[[socket.socket], object]) -> Iterator[HTTPConnection]:
    """Serve one connection in a thread; yield a connection to it that is not open yet."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                connection, _ = listening.accept()
                with connection:
                    connection.recv(4096)
                    respond(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield HTTPConnection("127.0.0.1", listening.getsockname()[1], timeout=TIMEOUT_SECONDS)
        thread.join()


def send(text: str) -> Callable[[socket.socket], object]:
    """Return a function that sends a text on a connection."""
    return lambda connection: connection.sendall(text.replace("\n", "\r\n").encode())


def get(connection: HTTPConnection, *, seconds: float = 30, max_bytes: int = 1000) -> HttpResponse:
    """Send a GET."""
    return exchange(connection, "GET", "/", {}, None, timeout_seconds=seconds, max_bytes=max_bytes)


def test_response_has_status_headers_and_body() -> None:
    """The names of headers are case-insensitive."""
    with serve_once(send('HTTP/1.1 404 x\nX-One: 1\nContent-Length: 8\n\n{"a": 1}')) as connection:
        response = get(connection)
    assert (response.status, response.headers["x-one"], response.json()) == (404, "1", {"a": 1})
    assert not response.is_truncated


def test_redirect_is_not_followed() -> None:
    """Following it would send the key to another host."""
    with serve_once(send("HTTP/1.1 302 x\nLocation: http://b/\nContent-Length: 0\n\n")) as server:
        assert get(server).status == 302


@pytest.mark.parametrize(
    ("head", "max_bytes", "is_truncated"),
    [
        ("Content-Length: 4", 5, False),
        ("Content-Length: 4", 4, True),
        ("Content-Length: 9", 1000, True),
        ("Connection: close", 5, False),
        ("Connection: close", 4, True),
    ],
)
def test_body_may_be_truncated(head: str, max_bytes: int, is_truncated: bool) -> None:
    """By the limit, or because the connection ends before its Content-Length."""
    with serve_once(send(f"HTTP/1.1 200 OK\n{head}\n\nabcd")) as connection:
        response = get(connection, max_bytes=max_bytes)
    assert (response.text, response.is_truncated) == ("abcd", is_truncated)


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_deadline_cuts_a_response_that_never_ends(start: bytes) -> None:
    """Though no single read times out: a byte comes now and then."""
    with serve_once(dripping(start, b"x")) as connection, pytest.raises(TimeoutError):
        get(connection, seconds=0.2)


def test_other_errors_are_those_of_http_client() -> None:
    """Such as that of a server that speaks another protocol."""
    with serve_once(send("220 mail.example ESMTP\n")) as server, pytest.raises(HTTPException):
        get(server)


def test_chunks_are_sent_without_a_length() -> None:
    """A sequence of chunks is sent with Transfer-Encoding: chunked."""
    received: list[bytes] = []

    def read_all(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            while not b"".join(received).endswith(b"0\r\n\r\n"):
                received.append(connection.recv(4096))
            send("HTTP/1.1 200 OK\nContent-Length: 0\n\n")(connection)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=read_all, args=(listening,))
        thread.start()
        connection = HTTPConnection("127.0.0.1", listening.getsockname()[1])
        exchange(connection, "PUT", "/", {}, [b"ab"], timeout_seconds=30, max_bytes=9)
        thread.join()
    request = b"".join(received)
    assert b"Transfer-Encoding: chunked" in request
    assert b"Content-Length" not in request


def test_deadline_that_has_passed_raises_at_once() -> None:
    """Watching a connection too late does not wait."""
    left, right = socket.socketpair()
    with left, right, Deadline(0) as deadline:
        deadline._timer.join()
        with pytest.raises(TimeoutError):
            deadline.watch(left)


@pytest.mark.parametrize(
    ("content_type", "content", "is_html"),
    [
        ("text/html; charset=utf-8", "", True),
        ("text/plain", " \n<html>", True),
        ("application/json", "{}", False),
    ],
)
def test_web_page_is_recognized(content_type: str, content: str, is_html: bool) -> None:
    """By its media type or its first character."""
    headers = Message()
    headers["Content-Type"] = content_type
    assert HttpResponse(200, headers, content.encode()).is_html == is_html
