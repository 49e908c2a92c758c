"""Sending one webhook, whatever the receiver does."""

import socket
import threading
import time
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from mockbatch.webhooks import sender, target
from mockbatch.webhooks.delivery import AttemptResult
from mockbatch.webhooks.sender import MAX_SHOWN_CHARACTERS, post
from tests.support.receivers import (
    Behaviour,
    RawReceiver,
    answers,
    babbles,
    closes,
    drips,
    drips_body,
    drips_handshake,
    floods,
    hangs,
    receiving,
)
from tests.support.webhook_recorder import PATIENCE

# For receivers that use it up; the others have all that a slow machine may need.
SECONDS = 0.3


def post_to(
    receiver: RawReceiver, url: str | None = None, seconds: float = PATIENCE
) -> AttemptResult:
    """Post a body to a receiver."""
    return post(target.resolve_target(url or receiver.url, ()), {"x-name": "value"}, b"{}", seconds)


def test_a_request_is_a_post() -> None:
    """It has the given headers, a length, and the name of the host."""
    with receiving(answers(200)) as receiver:
        assert post_to(receiver, receiver.url + "?a=b") == AttemptResult(200)
        head, _, body = receiver.requests[0].partition(b"\r\n\r\n")
    assert body == b"{}"
    first, *headers = head.decode().split("\r\n")
    assert first == "POST /hook?a=b HTTP/1.1"
    assert {f"Host: 127.0.0.1:{receiver.port}", "Content-Length: 2", "x-name: value"} <= {*headers}


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_a_2xx_status_is_a_success(status: int) -> None:
    """Any of them acknowledges the event."""
    with receiving(answers(status)) as receiver:
        assert post_to(receiver).is_success


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 410, 500, 503])
def test_any_other_status_is_a_failure(status: int) -> None:
    """A redirect is one, too, and is not followed."""
    with receiving(answers(200)) as elsewhere:
        with receiving(answers(status, f"Location: {elsewhere.url}")) as receiver:
            answer = post_to(receiver)
        assert (answer.status_code, answer.is_success) == (status, False)
        assert elsewhere.requests == []


@pytest.mark.parametrize("behave", [hangs, drips, drips_body])
def test_a_receiver_has_to_respond_in_time(behave: Behaviour) -> None:
    """Whether it sends nothing, or a little now and then."""
    with receiving(behave) as receiver:
        answer = post_to(receiver, seconds=SECONDS)
    assert (answer.status_code, answer.has_timed_out) == (None, True)
    assert answer.error == "no response within 0.3 seconds"


@pytest.mark.parametrize("behave", [closes, babbles])
def test_a_receiver_that_breaks_the_connection_is_a_failed_attempt(behave: Behaviour) -> None:
    """The result says what happened."""
    with receiving(behave) as receiver:
        answer = post_to(receiver)
    assert (answer.status_code, answer.has_timed_out) == (None, False)
    assert answer.error


def test_a_long_error_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver may have caused it with what it sent."""

    def fail(*_: object, **__: object) -> None:
        raise ValueError("x" * 1000)

    monkeypatch.setattr(sender, "exchange", fail)
    answer = post(target.resolve_target("http://127.0.0.1:9/", ()), {}, b"", PATIENCE)
    assert answer.error == "ValueError: xxx".ljust(MAX_SHOWN_CHARACTERS, "x")


def test_only_the_beginning_of_an_endless_body_is_read() -> None:
    """Even less of it is kept."""
    with receiving(floods) as receiver:
        answer = post_to(receiver)
    assert (answer.status_code, answer.response) == (200, "x" * MAX_SHOWN_CHARACTERS)


def test_a_closed_port_is_a_failed_attempt() -> None:
    """At once, and not as a timeout."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    answer = post(target.resolve_target(f"http://127.0.0.1:{port}/", ()), {}, b"", PATIENCE)
    assert (answer.status_code, answer.has_timed_out) == (None, False)


def test_the_second_address_is_used_if_the_first_refuses() -> None:
    """A receiver on IPv4 is found where `localhost` means IPv6 first."""
    with receiving(answers(200)) as receiver:
        near = target.resolve_target(receiver.url, ())
        both = target.Target(
            near.url, near.is_https, near.host, near.port, near.path, ("::1", "127.0.0.1")
        )
        assert post(both, {}, b"", PATIENCE).is_success


def test_addresses_that_do_not_respond_share_the_time() -> None:
    """However many a name has."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as waiting:
        near = target.resolve_target(f"http://127.0.0.1:{full.getsockname()[1]}/", ())
        with suppress(TimeoutError):
            for _ in range(100):  # until there is no room for another
                waiting.enter_context(socket.create_connection(("127.0.0.1", near.port), 0.2))
        many = near._replace(addresses=("127.0.0.1",) * 200)
        begun = time.perf_counter()
        answer = post(many, {}, b"", SECONDS)
        assert (answer.status_code, answer.has_timed_out) == (None, True)
        assert time.perf_counter() - begun < 100 * SECONDS  # and not 200


def test_a_connected_address_has_all_the_time() -> None:
    """Only connecting shares it."""

    def late(connection: socket.socket) -> None:
        threading.Event().wait(0.5)
        answers(200)(connection)

    with receiving(late) as receiver:
        near = target.resolve_target(receiver.url, ())
        assert post(near._replace(addresses=("127.0.0.1",) * 100), {}, b"", PATIENCE).is_success


def test_a_name_is_resolved_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checked address is called, even if the name points elsewhere by then."""
    with receiving(answers(200)) as receiver:
        judged = target.resolve_target(f"http://localhost:{receiver.port}/", ())
        known = socket.getaddrinfo

        def look_up(host: str, *arguments: Any, **options: Any) -> Any:
            assert host != "localhost"
            return known(host, *arguments, **options)

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        assert post(judged, {}, b"", PATIENCE).is_success
        assert f"Host: localhost:{receiver.port}".encode() in receiver.requests[0]


def test_https_needs_a_receiver_with_a_trusted_certificate() -> None:
    """One that does not even speak TLS is a failed attempt."""
    with receiving(answers(200)) as receiver:
        answer = post_to(receiver, receiver.url.replace("http:", "https:"), SECONDS)
    assert answer.status_code is None


def test_an_endless_handshake_is_cut_off() -> None:
    """It has no more time than a response."""
    with receiving(drips_handshake) as receiver:
        answer = post_to(receiver, receiver.url.replace("http:", "https:"), SECONDS)
    assert answer.has_timed_out


def test_a_handshake_that_takes_all_the_time_leaves_none_for_the_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """TLS makes another socket of the connection, and the deadline counts for that one, too."""

    class Slow:
        def wrap_socket(self, plain: socket.socket, **_: object) -> socket.socket:
            timeout = plain.gettimeout()
            wrapped = socket.socket(fileno=plain.detach())
            wrapped.settimeout(timeout)
            threading.Event().wait(2 * SECONDS)
            return wrapped

    monkeypatch.setattr(sender, "_tls_context", Slow)
    with receiving(answers(200)) as receiver:
        answer = post_to(receiver, receiver.url.replace("http:", "https:"), SECONDS)
        assert receiver.requests == []
    assert answer.has_timed_out
