"""A request as a fault meets it, around small applications."""

import io
from collections.abc import Iterable, Iterator
from threading import Event
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from mockbatch.faults import kinds
from mockbatch.faults.exchange import AppResponse, Exchange
from mockbatch.faults.request_record import RequestRecord
from mockbatch.http_server import HTTP_REQUEST_KEY
from mockbatch.typing import Json

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class App:
    """An application that answers with these parts, and remembers what came of it."""

    def __init__(self, *parts: bytes, **headers: str) -> None:
        self.parts = parts
        self.headers = [(name.replace("_", "-"), value) for name, value in headers.items()]
        self.events: list[str] = []

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer."""
        start_response("200 OK", self.headers)
        return self.body()

    def body(self) -> Iterator[bytes]:
        """Yield the parts."""
        try:
            yield from self.parts
            self.events.append("read")
        finally:
            self.events.append("closed")


class Client:
    """What a client gets of an application around which a fault stands."""

    def __init__(self, app: App, fault: dict[str, Json], *, connected: bool = True) -> None:
        self.status, self.body, self.hung_up = "", b"", False
        self.headers: dict[str, str] = {}
        self.connection = SimpleNamespace(socket=None)
        server = SimpleNamespace(stopping=Event())
        self.request = SimpleNamespace(conn=self.connection, server=server)
        environ = RequestRecord(fault="x").added_to({"wsgi.input": io.BytesIO(b"sent")})
        if connected:
            environ[HTTP_REQUEST_KEY] = self.request
        call = Exchange(app, environ, self._start, lambda: {"x-api": "1"})
        try:
            for part in kinds.parse(fault).apply(call):
                self.body += part
        except ConnectionAbortedError:
            self.hung_up = True

    def _start(self, status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        self.status, self.headers = status, dict(headers)
        return lambda _: None


@pytest.mark.parametrize(
    ("count", "expected"), [(0, b""), (1, b"a"), (3, b"abc"), (4, b"abcd"), (99, b"abcde")]
)
def test_a_part_may_end_anywhere(count: int, expected: bytes) -> None:
    """Between two parts of the body or within one; without a length, its end is the last."""
    client = Client(App(b"abc", b"de"), {"truncate_bytes": count})
    assert (client.status, client.body, client.hung_up) == ("200 OK", expected, True)


def test_a_part_is_never_all_that_was_promised() -> None:
    """With a length, the last byte stays out."""
    client = Client(App(b"abc", b"de", Content_Length="5"), {"truncate_bytes": 99})
    assert client.body == b"abcd"


@pytest.mark.parametrize(
    "fault",
    [
        {"truncate_bytes": 9},
        {"truncate_bytes": 9, "chunked": True},
        {"disconnect": "mid_body"},
        {"disconnect": "mid_body", "after_bytes": 0},
    ],
)
def test_an_empty_body_is_cut_before_its_headers(fault: dict[str, Json]) -> None:
    """With them, an answer of no bytes would be whole."""
    client = Client(App(Content_Length="0"), fault)
    assert (client.status, client.hung_up) == ("", True)


@pytest.mark.parametrize(
    ("fault", "events"),
    [
        ({"lose_response": True}, ["read", "closed"]),
        ({"truncate_bytes": 1}, ["closed"]),
        ({"truncate_bytes": 1, "silent": True}, ["closed"]),
        ({"patch": {}}, ["read", "closed"]),
        ({"delay_ms": 0}, ["read", "closed"]),
        ({"without_headers": ["A"]}, ["read", "closed"]),
        ({"status": 500}, []),
        ({"disconnect": "before_headers"}, []),
    ],
)
def test_an_application_can_clean_up(fault: dict[str, Json], events: list[str]) -> None:
    """Its answer is closed, whatever part of it was read; a lost one is read to its end."""
    app = App(b"{", b"}", Content_Type="application/json", Content_Length="2")
    Client(app, fault)
    assert app.events == events


class Body:
    """A WSGI body whose `close` is called at its end."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = parts
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.parts)

    def close(self) -> None:
        """Note the call."""
        self.closed += 1


@pytest.mark.parametrize(
    ("fault", "sent"),
    [
        ({"truncate_bytes": 1}, b"{"),
        ({"truncate_bytes": 0}, b""),
        ({"truncate_bytes": 1, "silent": True}, b"{"),
        ({"truncate_bytes": 1, "chunked": True}, b"{"),
        ({"disconnect": "mid_body"}, b"{"),
        ({"disconnect": "mid_body", "after_bytes": 0}, b""),
        ({"lose_response": True}, b""),
        ({"patch": {"a": 1}}, b'{\n  "a": 1\n}'),
    ],
)
def test_a_body_that_a_fault_ends_is_closed(
    monkeypatch: pytest.MonkeyPatch, fault: dict[str, Json], sent: bytes
) -> None:
    """The server will not: it never gets to see the application's own body."""
    app, body = App(Content_Type="application/json", Content_Length="2"), Body(b"{", b"}")
    monkeypatch.setattr(app, "body", lambda: body)
    assert Client(app, fault).body == sent
    assert body.closed == 1


def test_a_body_that_cannot_be_read_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An application that fails while its answer is lost has cleaned up all the same."""

    class Broken(Body):
        def __iter__(self) -> Iterator[bytes]:
            raise RuntimeError("broken")

    app, body = App(), Broken()
    monkeypatch.setattr(app, "body", lambda: body)
    with pytest.raises(RuntimeError, match="broken"):
        Client(app, {"lose_response": True})
    assert body.closed == 1


def test_chunks_have_no_length() -> None:
    """The server then sends the body in chunks."""
    client = Client(App(b"abc", Content_Length="3"), {"truncate_bytes": 1, "chunked": True})
    assert "Content-Length" not in client.headers


def test_a_silent_part_ends_with_the_connection() -> None:
    """The server frames the answer as HTTP/1.0 did."""
    client = Client(App(b"abc", Content_Length="3"), {"truncate_bytes": 1, "silent": True})
    assert (client.body, client.hung_up, client.headers) == (b"a", False, {})
    assert client.request.response_protocol == "HTTP/1.0"
    assert client.request.close_connection


def test_an_answer_given_up_during_a_delay_is_closed() -> None:
    """A client that leaves takes nothing with it that would stay open."""
    app = App(b"late")
    client = Client(app, {"delay_ms": 0})
    assert client.body == b"late"

    def leaves(_: Exchange, __: float) -> None:
        raise ConnectionAbortedError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Exchange, "wait", leaves)
        app = App(b"late")
        body = app.body()
        next(iter(body))
        patch.setattr(app, "body", lambda: body)
        assert Client(app, {"delay_ms": 1}).hung_up
    assert app.events == ["closed"]


def test_headers_of_the_api_stand_on_an_answer_in_its_place() -> None:
    """Those that the web hands in."""
    assert Client(App(), {"status": 500}).headers["x-api"] == "1"


def test_a_delay_without_a_server_is_a_delay() -> None:
    """Nobody stops it, and it ends."""
    client = Client(App(b"late"), {"delay_ms": 120}, connected=False)
    assert client.body == b"late"


def test_a_part_closes_the_body_of_the_app() -> None:
    """An app whose answer is cut can clean up, even one that returns no generator."""

    class Body:
        closed = False

        def __iter__(self) -> Iterator[bytes]:
            return iter([b"ab", b"cd"])

        def close(self) -> None:
            self.closed = True

    body = Body()
    answer = AppResponse("200 OK", [], body)
    assert b"".join(answer.iter_bytes(3)) == b"abc"
    assert body.closed
