"""A mock on a socket, and requests to it or to a gateway with nothing added on the way."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlsplit

from mockbatch.http_server.server import HttpServer
from mockbatch.typing import Json
from mockbatch.web.app import create_app
from mockbatch.world.settings import ServerSettings, WorldSettings

KEY = "sk-tests-of-the-gateway-1"
START = 1_713_894_800


@dataclass(frozen=True)
class Answer:
    """A response: its status, its headers by name in lower case, and its bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        """The value that the body stands for."""
        return json.loads(self.body)


def ask(
    url: str,
    method: str,
    path: str,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes | None = None,
    *,
    chunked: bool = False,
) -> Answer:
    """Send a request with these headers, and none but Host and the body's length beside them."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        if chunked:
            connection.putheader("Transfer-Encoding", "chunked")
        elif body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None, encode_chunked=chunked)
        response = connection.getresponse()
        kept = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, kept, response.read())
    finally:
        connection.close()


class MockServer:
    """mockbatch on a free loopback port, its clock standing still."""

    def __init__(self) -> None:
        world = WorldSettings(clock="manual", start_time=START)
        self._httpd = HttpServer(create_app(ServerSettings(world=world)))
        self._httpd.start()
        self.url = self._httpd.url

    def __enter__(self) -> "MockServer":
        return self

    def __exit__(self, *_: object) -> None:
        self._httpd.stop()

    def control(self, method: str, path: str, body: Json = None, key: str = KEY) -> Json:
        """Ask for something that has to succeed, and return what the answer says."""
        data = None if body is None else json.dumps(body).encode()
        headers = [("Authorization", f"Bearer {key}")]
        answer = ask(self.url, method, path, headers, data)
        assert answer.status == 200, answer.body
        return answer.json
