"""Faults on sockets: what they do to a connection, and what the real SDK makes of it."""

import asyncio
import contextlib
import socket
import ssl
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest
from freezegun import freeze_time

from mockbatch.client import ControlError, WorldClient, wsgi_transport
from mockbatch.http_server.server import HttpServer
from mockbatch.http_server.tls import Tls
from mockbatch.testing.servers import api_key_for, reset_world
from mockbatch.typing import Json
from mockbatch.web.app import create_app

Make = Callable[..., WorldClient]

SECONDS = 30  # no answer within this means that it is blocked
MEGABYTE = 1 << 20
LINES = b'{"custom_id": "a"}\n' * 50
EVERY = {"path": "/v1/*"}
LIST = {"method": "GET", "path": "/v1/batches"}
CONTENT = {"method": "GET", "path": "/v1/files/*/content"}
UPLOAD = {"method": "POST", "path": "/v1/files"}
RESET = {"disconnect": "reset"}
MID_BODY = {"disconnect": "mid_body"}
BEFORE_HEADERS = {"disconnect": "before_headers"}


@pytest.fixture
def mock(make_mockbatch: Make) -> WorldClient:
    """Return a client of a new world on a server with a socket."""
    return make_mockbatch()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Record how long the SDK would wait before each retry, without waiting."""
    made: list[float] = []
    monkeypatch.setattr("openai._base_client.time.sleep", made.append)
    return made


@pytest.fixture
def secure() -> Iterator[tuple[WorldClient, openai.OpenAI]]:
    """Return a world on a server with TLS, and a client that trusts it."""
    tls, app = Tls("127.0.0.1"), create_app()
    httpd = HttpServer(app, ssl_adapter=tls.adapter)
    httpd.start()
    trusted = ssl.create_default_context(cafile=str(tls.ca_file))
    http_client = openai.DefaultHttpxClient(verify=trusted, trust_env=False)
    with contextlib.ExitStack() as stack:
        stack.callback(tls.close)
        stack.callback(httpd.stop)
        stack.callback(http_client.close)
        handle = reset_world(WorldClient(httpd.url, api_key_for("tls"), wsgi_transport(app)), {})
        options = {"base_url": handle.base_url, "api_key": handle.api_key}
        yield handle, openai.OpenAI(**options, http_client=http_client)


def upload(mock: WorldClient, data: bytes = LINES, client: openai.OpenAI | None = None) -> str:
    """Upload a file and return its id."""
    client = client or mock.client
    return client.files.create(file=("in.jsonl", data), purpose="batch").id


def address(mock: WorldClient) -> tuple[str, int]:
    """Return the address of a world's server."""
    host, port = mock.base_url.removeprefix("http://").removesuffix("/v1").split(":")
    return host, int(port)


def connect(mock: WorldClient) -> socket.socket:
    """Connect to the server of a world."""
    return socket.create_connection(address(mock), SECONDS)


def request(mock: WorldClient, path: str, method: str = "GET", body: bytes = b"") -> bytes:
    """Return the bytes of a request with a world's key."""
    head = f"{method} {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {mock.api_key}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def slow(mock: WorldClient) -> socket.socket:
    """Connect with a receive buffer so small that responses wait in the server's."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(SECONDS)
    client.connect(address(mock))
    return client


def talk(mock: WorldClient, data: bytes, *, pause: float = 0) -> tuple[bytes, bytes, str]:
    """Send bytes; return the head of the response, its body, and how the connection ended.

    With a pause before its first look at the answer, the client is a slow one.
    """
    received, end = b"", "closed"
    with slow(mock) if pause else connect(mock) as client:
        for start in range(0, len(data), MEGABYTE):  # sendall() has its time for all it is given
            client.sendall(data[start : start + MEGABYTE])
        threading.Event().wait(pause)
        try:
            while more := client.recv(MEGABYTE):
                received += more
        except ConnectionResetError:
            end = "reset"
    head, _, body = received.partition(b"\r\n\r\n")
    return head.lower(), body, end


def closing(mock: WorldClient) -> bytes:
    """Return the bytes of a list request after which the server closes the connection."""
    return request(mock, "/v1/batches").replace(b"\r\n", b"\r\nConnection: close\r\n", 1)


def failure(act: Callable[[], Any]) -> tuple[str, str]:
    """Return the names of the error that a call raises, and of its cause."""
    with pytest.raises(openai.OpenAIError) as error:
        act()
    return type(error.value).__name__, type(error.value.__cause__).__name__


def until(is_so: Callable[[], bool]) -> bool:
    """Wait until a condition is true; fail if it takes too long."""
    pause = threading.Event()
    for _ in range(SECONDS * 100):
        if is_so():
            return True
        pause.wait(0.01)
    raise AssertionError("it did not come to be")


class TestDisconnect:
    """{"disconnect": …}, to the byte."""

    def test_before_headers_nothing_comes(self, mock: WorldClient) -> None:
        """The connection is closed in order, without a response."""
        mock.fault(EVERY, BEFORE_HEADERS)
        assert talk(mock, request(mock, "/v1/batches")) == (b"", b"", "closed")

    def test_before_headers_the_whole_request_is_read(self, mock: WorldClient) -> None:
        """Otherwise a client that is still sending would see a reset."""
        mock.fault(EVERY, BEFORE_HEADERS)
        data = request(mock, "/v1/files", "POST", b"x" * 30 * MEGABYTE)
        assert talk(mock, data)[2] == "closed"

    def test_a_reset_is_a_reset(self, mock: WorldClient) -> None:
        """There is nothing before the reset."""
        mock.fault(EVERY, RESET)
        assert talk(mock, request(mock, "/v1/batches")) == (b"", b"", "reset")

    def test_mid_body_is_half_of_it(self, mock: WorldClient) -> None:
        """The headers announce all of it."""
        file = upload(mock)
        mock.fault(CONTENT, MID_BODY)
        head, body, end = talk(mock, request(mock, f"/v1/files/{file}/content"))
        assert f"content-length: {len(LINES)}".encode() in head
        assert (body, end) == (LINES[: len(LINES) // 2], "closed")

    @pytest.mark.parametrize("how", ["mid_body", "reset"])
    @pytest.mark.parametrize("count", [0, 1, 500])
    def test_so_many_bytes_come_first(self, mock: WorldClient, how: str, count: int) -> None:
        """Exactly that many, however the connection then ends."""
        file = upload(mock)
        mock.fault(CONTENT, {"disconnect": how, "after_bytes": count})
        head, body, end = talk(mock, request(mock, f"/v1/files/{file}/content"))
        assert head.startswith(b"http/1.1 200")
        assert body == LINES[:count]
        assert end == ("reset" if how == "reset" else "closed")

    def test_a_reset_waits_for_what_was_sent(self, mock: WorldClient) -> None:
        """Megabytes in flight arrive before it."""
        file = upload(mock, LINES * 8000)
        mock.fault(CONTENT, {**RESET, "after_bytes": 7 * MEGABYTE})
        _, body, end = talk(mock, request(mock, f"/v1/files/{file}/content"))
        assert (len(body), end) == (7 * MEGABYTE, "reset")

    def test_a_reset_waits_for_a_slow_client(self, mock: WorldClient) -> None:
        """It would discard what is in the server's buffer."""
        file = upload(mock, LINES * 1000)
        mock.fault(CONTENT, {**RESET, "after_bytes": 500_000})
        _, body, end = talk(mock, request(mock, f"/v1/files/{file}/content"), pause=0.2)
        assert (len(body), end) == (500_000, "reset")

    def test_the_last_byte_never_comes(self, mock: WorldClient) -> None:
        """A cut beyond the end is before the last byte."""
        file = upload(mock)
        mock.fault(CONTENT, {**MID_BODY, "after_bytes": MEGABYTE})
        assert talk(mock, request(mock, f"/v1/files/{file}/content"))[1] == LINES[:-1]

    @pytest.mark.parametrize(
        ("fault", "status"),
        [(BEFORE_HEADERS, 0), (RESET, 0), (MID_BODY, 200), ({**RESET, "after_bytes": 1}, 200)],
    )
    def test_the_journal_has_the_status(
        self, mock: WorldClient, fault: dict[str, Json], status: int
    ) -> None:
        """Status 0 when nothing came, that of the headers when they did."""
        mock.fault(EVERY, fault)
        talk(mock, request(mock, "/v1/batches"))
        [entry] = mock.requests
        assert (entry.status, entry.fault) == (status, f"disconnect {fault['disconnect']}")


class TestTruncate:
    """{"truncate_bytes": …}, to the byte."""

    def test_with_a_content_length_the_client_notices(self, mock: WorldClient) -> None:
        """The headers announce all of it."""
        file = upload(mock)
        mock.fault(CONTENT, {"truncate_bytes": 100})
        head, body, _ = talk(mock, request(mock, f"/v1/files/{file}/content"))
        assert f"content-length: {len(LINES)}".encode() in head
        assert body == LINES[:100]

    def test_in_chunks_the_client_notices(self, mock: WorldClient) -> None:
        """The last chunk is missing."""
        file = upload(mock)
        mock.fault(CONTENT, {"truncate_bytes": 100, "chunked": True})
        head, body, _ = talk(mock, request(mock, f"/v1/files/{file}/content"))
        assert b"transfer-encoding: chunked" in head
        assert body == b"64\r\n" + LINES[:100] + b"\r\n"

    def test_silently_the_client_does_not_notice(self, mock: WorldClient) -> None:
        """The end of the connection is the end of the body."""
        file = upload(mock)
        mock.fault(CONTENT, {"truncate_bytes": 100, "silent": True})
        head, body, end = talk(mock, request(mock, f"/v1/files/{file}/content"))
        assert b"content-length" not in head
        assert b"transfer-encoding" not in head
        assert (body, end) == (LINES[:100], "closed")


class TestRetries:
    """How the SDK handles a status, with its default max_retries of 2."""

    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            ({"status": 429}, [0.01, 0.01]),
            ({"status": 503, "retry_after_ms": 250}, [0.25, 0.25]),
            ({"status": 409, "headers": {"Retry-After": "0.01"}}, [0.01, 0.01]),
            ({"status": 408, "headers": {"Retry-After": "120"}}, [120, 120]),
            ({"status": 429, "headers": {"Retry-After": "121"}}, []),
            ({"status": 429, "retry_after_ms": 120_001}, []),
            ({"status": 429, "headers": {"x-should-retry": "false"}}, []),
            ({"status": 400}, []),
            (
                {"status": 400, "retry_after_ms": 5, "headers": {"x-should-retry": "true"}},
                [0.005] * 2,
            ),
        ],
    )
    def test_pauses(
        self, mock: WorldClient, pauses: list[float], fault: dict[str, Json], expected: list[float]
    ) -> None:
        """The SDK waits up to two minutes; a longer pause or a "no" ends the retries."""
        mock.fault(EVERY, fault, times=None)
        failure(lambda: mock.client.batches.list())
        assert pauses == pytest.approx(expected)
        assert mock.request_count == len(expected) + 1

    @pytest.mark.parametrize(
        "fault",
        [
            {"status": 429, "headers": {"Retry-After": "0"}},
            {"status": 429, "retry_after_ms": 0},
            {"status": 429, "retry_after_ms": None},
        ],
    )
    def test_a_pause_of_zero_is_ignored(
        self, mock: WorldClient, pauses: list[float], fault: dict[str, Json]
    ) -> None:
        """The SDK waits as without the header: half a second, then one, minus jitter."""
        mock.fault(EVERY, fault, times=None)
        failure(lambda: mock.client.batches.list())
        assert 0.375 <= pauses[0] <= 0.5
        assert 0.75 <= pauses[1] <= 1

    def test_one_failure_is_not_noticed(self, mock: WorldClient, pauses: list[float]) -> None:
        """The SDK retries, and the journal shows it."""
        mock.fault(LIST, {"status": 500})
        assert mock.client.batches.list().data == []
        assert [(one.status, one.retry_count) for one in mock.requests] == [(500, 0), (200, 1)]

    def test_the_error_has_the_request_id(self, mock: WorldClient) -> None:
        """The SDK shows the id of the response."""
        mock.fault(LIST, {"status": 400})
        with pytest.raises(openai.BadRequestError) as error:
            mock.client.batches.list()
        assert error.value.request_id is not None
        assert error.value.request_id.startswith("req_")

    def test_an_upload_is_sent_again_whole(self, mock: WorldClient, pauses: list[float]) -> None:
        """The retry sends the whole file again."""
        mock.fault(UPLOAD, {"status": 500})
        file = upload(mock, LINES * 2000)
        assert mock.client.files.content(file).content == LINES * 2000

    def test_a_refusal_waits_for_the_end_of_an_upload(self, mock: WorldClient) -> None:
        """However long it is: a client may read the response only after sending all of it."""
        mock.fault(UPLOAD, {"status": 413})
        data = request(mock, "/v1/files", "POST", b"x" * 100 * MEGABYTE)
        assert talk(mock, data)[0].startswith(b"http/1.1 413")

    @pytest.mark.parametrize("fault", [BEFORE_HEADERS, RESET, {"status": 413}, {"html": 413}])
    def test_an_upload_of_megabytes_meets_any_fault(
        self, mock: WorldClient, pauses: list[float], fault: dict[str, Json]
    ) -> None:
        """An error reaches a client that is still sending."""
        mock.fault(UPLOAD, fault, times=None)
        kind, _ = failure(lambda: upload(mock, LINES * 20_000))
        assert kind == ("APIStatusError" if "413" in str(fault) else "APIConnectionError")


class TestConnectionErrors:
    """How the SDK handles a broken connection."""

    @pytest.mark.parametrize(
        ("fault", "cause"),
        [
            (BEFORE_HEADERS, "RemoteProtocolError"),
            (RESET, "ReadError"),
            (MID_BODY, "RemoteProtocolError"),
            ({**RESET, "after_bytes": 100}, "ReadError"),
            ({"truncate_bytes": 100}, "RemoteProtocolError"),
            ({"truncate_bytes": 100, "chunked": True}, "RemoteProtocolError"),
            ({"lose_response": True}, "RemoteProtocolError"),
        ],
    )
    def test_it_gives_up_after_three_requests(
        self, mock: WorldClient, pauses: list[float], fault: dict[str, Json], cause: str
    ) -> None:
        """For each fault, and the cause is the transport's error."""
        file = upload(mock)
        mock.fault(CONTENT, fault, times=None)
        found = failure(lambda: mock.client.files.content(file))
        assert found == ("APIConnectionError", cause)
        assert mock.request_count == 1 + 3

    def test_the_journal_shows_that_a_response_was_lost(
        self, mock: WorldClient, pauses: list[float]
    ) -> None:
        """Its status is 0, although the request took effect."""
        mock.fault(UPLOAD, {"lose_response": True})
        upload(mock)
        statuses = [entry["status"] for entry in mock.call("GET", "/_mock/requests")["requests"]]
        assert sorted(statuses) == [0, 200]
        assert len(mock.client.files.list().data) == 2

    @pytest.mark.parametrize("fault", [BEFORE_HEADERS, RESET, MID_BODY, {"truncate_bytes": 9}])
    def test_it_recovers_from_one(
        self, mock: WorldClient, pauses: list[float], fault: dict[str, Json]
    ) -> None:
        """The retry returns the whole file."""
        file = upload(mock)
        mock.fault(CONTENT, fault)
        assert mock.client.files.content(file).content == LINES
        assert mock.request_count == 1 + 2

    def test_a_silent_truncation_is_a_success(self, mock: WorldClient, pauses: list[float]) -> None:
        """There is one request, and a hundred bytes of nearly a thousand."""
        file = upload(mock)
        mock.fault(CONTENT, {"truncate_bytes": 100, "silent": True})
        assert mock.client.files.content(file).content == LINES[:100]
        assert mock.request_count == 1 + 1

    def test_a_lost_create_makes_batches(self, mock: WorldClient, pauses: list[float]) -> None:
        """Lost twice, it creates three batches with three requests."""
        file = upload(mock)
        mock.fault("create_response_lost")
        created = mock.client.batches.create(
            input_file_id=file, endpoint="/v1/chat/completions", completion_window="24h"
        )
        batches = [one for one in mock.requests if one.path == "/v1/batches"]
        seen = [(one.status, one.retry_count, one.fault) for one in batches]
        name = "create_response_lost"
        assert seen == [(0, 0, name), (0, 1, name), (200, 2, None)]
        listed = [batch.id for batch in mock.client.batches.list()]
        assert len(listed) == 3
        assert listed[0] == created.id

    def test_a_connection_can_be_used_again(self, mock: WorldClient) -> None:
        """A status keeps the connection open for the next request."""
        mock.fault(LIST, {"status": 503, "body": "x"})
        head, rest, _ = talk(mock, request(mock, "/v1/batches") + closing(mock))
        assert head.startswith(b"http/1.1 503")
        assert rest.startswith(b"xHTTP/1.1 200")

    def test_the_asynchronous_client_sees_the_same(self, mock: WorldClient) -> None:
        """Two requests, of which the first was dropped."""
        mock.fault(LIST, BEFORE_HEADERS)

        async def listed() -> list[Any]:
            async with mock.async_client.with_options(max_retries=1) as client:
                return (await client.batches.list()).data

        assert asyncio.run(listed()) == []
        assert [one.status for one in mock.requests] == [0, 200]


class TestDelay:
    """{"delay_ms": …}."""

    def test_it_does_not_delay_other_requests(
        self, mock: WorldClient, make_mockbatch: Make
    ) -> None:
        """While 32 requests wait, others of this and another world get responses."""
        mock.fault(LIST, {"delay_ms": 60_000}, times=32)
        waiting = [connect(mock) for _ in range(32)]
        with contextlib.ExitStack() as stack:
            for client in waiting:
                stack.enter_context(client)
                client.sendall(request(mock, "/v1/batches"))
            until(lambda: mock.faults[0].fired == 32)
            for other in (mock, make_mockbatch()):
                assert other.client.with_options(timeout=SECONDS).files.list().data == []

    def test_the_request_takes_effect_at_once(self, mock: WorldClient, pauses: list[float]) -> None:
        """A client that gives up three times has uploaded three files."""
        mock.fault(UPLOAD, {"delay_ms": 60_000}, times=3)
        hasty = mock.client.with_options(timeout=0.2)
        found = failure(lambda: upload(mock, client=hasty))
        assert found == ("APITimeoutError", "ReadTimeout")
        until(lambda: [one.status for one in mock.requests] == [200] * 3)
        assert len(mock.client.files.list().data) == 3

    @pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it cannot be seen")
    def test_a_client_that_leaves_is_not_waited_for(self, mock: WorldClient) -> None:
        """A client that has shut down its side counts as gone, and the connection is closed."""
        mock.fault(LIST, {"delay_ms": 600_000})
        with connect(mock) as client:
            client.sendall(request(mock, "/v1/batches"))
            client.shutdown(socket.SHUT_WR)
            assert client.recv(1) == b""

    def test_a_delay_ends_though_time_stands_still(self, mock: WorldClient) -> None:
        """With freezegun it takes as long as without."""
        mock.fault(LIST, {"delay_ms": 150})
        with freeze_time("2026-01-01"):
            head, _, _ = talk(mock, closing(mock))
        assert head.startswith(b"http/1.1 200")

    def test_a_delay_ends_with_the_server(self) -> None:
        """A stop ends the delays at once."""
        httpd = HttpServer(create_app())
        httpd.start()
        handle = reset_world(
            WorldClient(httpd.url, api_key_for("stop"), wsgi_transport(httpd.wsgi_app)), {}
        )
        handle.fault(LIST, {"delay_ms": 600_000})
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(talk, handle, request(handle, "/v1/batches"))
            until(lambda: handle.faults[0].fired == 1)
            httpd.stop()
            assert answer.result(SECONDS)[0].startswith(b"http/1.1 200")


class TestWorlds:
    """Which world's requests a fault applies to."""

    def test_a_fault_of_one_world_never_hits_another(
        self, mock: WorldClient, make_mockbatch: Make, pauses: list[float]
    ) -> None:
        """With eight clients of each world, it applies to all of one and none of the other."""
        other = make_mockbatch()
        mock.fault(EVERY, {"status": 400}, times=None)

        def refused(handle: WorldClient) -> bool:
            try:
                handle.client.batches.list()
            except openai.BadRequestError:
                return True
            return False

        _ = mock.client, other.client  # made once, before the threads ask for them
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(refused, [mock, other] * 50))
        assert found == [True, False] * 50

    def test_counts_are_exact_under_threads(self, mock: WorldClient) -> None:
        """Of 200 requests of eight clients, ten pass, thirty fail, the rest pass."""
        mock.fault(LIST, {"status": 400}, times=30, skip=10)

        def statuses(_: int) -> list[bytes]:
            return [talk(mock, closing(mock))[0][9:12] for _ in range(25)]

        with ThreadPoolExecutor(8) as pool:
            found = Counter(status for part in pool.map(statuses, range(8)) for status in part)
        assert found == {b"200": 170, b"400": 30}
        assert Counter(one.fault for one in mock.requests) == {None: 170, "status 400": 30}
        [rule] = mock.faults
        assert (rule.matched, rule.fired) == (200, 30)

    def test_a_reset_of_the_world_ends_its_faults(self, mock: WorldClient) -> None:
        """A reset removes everything."""
        mock.fault(EVERY, {"status": 400}, times=None)
        mock.reset()
        assert mock.faults == []
        assert mock.client.batches.list().data == []


class TestHandle:
    """`mock.fault(...)` and `mock.faults`."""

    def test_a_preset_keeps_its_own_count(self, mock: WorldClient) -> None:
        """Unless `times` says otherwise."""
        mock.fault("poll_429")
        mock.fault("poll_429", times=None)
        mock.fault("poll_429", {"status": 503}, 7, 2)
        seen = [(one.name, one.times, one.skip, one.fault["status"]) for one in mock.faults]
        name = "poll_429"
        assert seen == [(name, 3, 0, 429), (name, None, 0, 429), (name, 7, 2, 503)]

    def test_a_match_applies_once_by_default(self, mock: WorldClient) -> None:
        """Unless `times` says otherwise."""
        mock.fault(LIST, {"status": 429})
        [rule] = mock.faults
        assert (rule.match, rule.times, rule.skip) == (LIST, 1, 0)

    def test_an_invalid_fault_is_an_error(self, mock: WorldClient) -> None:
        """It names the field."""
        with pytest.raises(ControlError) as error:
            mock.fault("pol_429")
        assert (error.value.status, error.value.param) == (400, "preset")

    def test_a_match_needs_a_fault(self, mock: WorldClient) -> None:
        """Only a preset has its own fault."""
        with pytest.raises(ControlError) as error:
            mock.fault(LIST)
        assert error.value.param == "fault"


class TestGateway:
    """Through Portkey's role, over a socket."""

    def test_an_error_is_one_of_the_provider(self, mock: WorldClient, pauses: list[float]) -> None:
        """It has the gateway's prefix, and the SDK waits as the provider said."""
        mock.fault(EVERY, {"status": 429}, times=None)
        client = mock.client.with_options(default_headers={"x-portkey-provider": "openai"})
        with pytest.raises(openai.RateLimitError, match="openai error: Rate limit"):
            client.batches.list()
        assert pauses == [0.01, 0.01]

    @pytest.mark.parametrize("fault", [BEFORE_HEADERS, RESET, {"lose_response": True}])
    def test_a_broken_connection_is_the_client_s(
        self, mock: WorldClient, pauses: list[float], fault: dict[str, Json]
    ) -> None:
        """The gateway passes a broken connection on."""
        mock.fault(EVERY, fault, times=None)
        client = mock.client.with_options(default_headers={"x-portkey-provider": "openai"})
        assert failure(lambda: client.batches.list())[0] == "APIConnectionError"
        assert len(mock.requests) == 3

    def test_a_download_is_cut(self, mock: WorldClient, pauses: list[float]) -> None:
        """It is cut at the same byte as without TLS."""
        file = upload(mock)
        mock.fault("download_truncated_silent")
        client = mock.client.with_options(default_headers={"x-portkey-provider": "openai"})
        assert client.files.content(file).content == LINES[:100]


class TestTls:
    """The same over https."""

    @pytest.mark.parametrize(
        ("fault", "requests"),
        [
            (BEFORE_HEADERS, 3),
            (RESET, 3),
            (MID_BODY, 3),
            ({**RESET, "after_bytes": 100}, 3),
            ({"truncate_bytes": 100}, 3),
            ({"truncate_bytes": 100, "chunked": True}, 3),
            ({"lose_response": True}, 3),
        ],
    )
    def test_a_broken_connection(
        self,
        secure: tuple[WorldClient, openai.OpenAI],
        pauses: list[float],
        fault: dict[str, Json],
        requests: int,
    ) -> None:
        """With TLS the SDK cannot tell a reset from an end, and tries three times."""
        mock, client = secure
        file = upload(mock, client=client)
        mock.fault(CONTENT, fault, times=None)
        kind, cause = failure(lambda: client.files.content(file))
        assert (kind, mock.request_count) == ("APIConnectionError", 1 + requests)
        assert cause in ("RemoteProtocolError", "ReadError")

    def test_a_silent_truncation(self, secure: tuple[WorldClient, openai.OpenAI]) -> None:
        """It is a success with a hundred bytes."""
        mock, client = secure
        file = upload(mock, client=client)
        mock.fault("download_truncated_silent")
        assert client.files.content(file).content == LINES[:100]

    def test_a_status(self, secure: tuple[WorldClient, openai.OpenAI], pauses: list[float]) -> None:
        """It is the same as without TLS."""
        mock, client = secure
        mock.fault("poll_429", {"status": 503}, times=2)
        with pytest.raises(openai.NotFoundError):
            client.batches.retrieve("batch_none")
        assert pauses == [0.01, 0.01]

    def test_a_delay(self, secure: tuple[WorldClient, openai.OpenAI], pauses: list[float]) -> None:
        """It is a timeout for the client."""
        mock, client = secure
        mock.fault(LIST, {"delay_ms": 60_000}, times=None)
        hasty = client.with_options(timeout=0.2, max_retries=0)
        assert failure(lambda: hasty.batches.list())[0] == "APITimeoutError"


def test_a_delay_takes_its_time_where_disconnects_cannot_be_detected(
    monkeypatch: pytest.MonkeyPatch, mock: WorldClient
) -> None:
    """Only Linux can detect it; elsewhere a delay is not cut short."""
    monkeypatch.setattr(sys, "platform", "darwin")
    mock.fault(LIST, {"delay_ms": 250})
    with connect(mock) as client:
        client.sendall(request(mock, "/v1/batches"))
        client.shutdown(socket.SHUT_WR)
        assert client.recv(MEGABYTE).startswith(b"HTTP/1.1 200")
