"""The same request to the real gateway and to mockbatch in its role gets the same answer.

The gateway stands in front of one mock, and another mock plays the gateway. Before each
request both hold the same world. The requests are data: requests.json.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mockbatch.typing import Json
from tests.gateway.mock_server import KEY, Answer, MockServer, ask
from tests.gateway.pair_world import BOUNDARY, build, form
from tests.gateway.running import running_gateway
from tests.support.client_environments import MAY_INSTALL

pytestmark = [MAY_INSTALL, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
DATA = json.loads(Path(__file__).with_name("requests.json").read_bytes())
EQUAL = [given for given in DATA["requests"] if "differs" not in given]
DIFFERENT = [given for given in DATA["requests"] if "differs" in given]
# What belongs to a connection or to one moment.
PASSING = {
    "connection",
    "keep-alive",
    "date",
    "server",
    "content-length",
    "transfer-encoding",
    "openai-processing-ms",
    "x-request-id",
}


@dataclass(frozen=True)
class Pair:
    """The gateway before a mock, a mock in its role, and the world in which both begin."""

    gateway: str
    upstream: MockServer
    role: MockServer
    state: Json
    names: Mapping[str, str]

    def begin(self, given: Mapping[str, Json]) -> None:
        """Put both mocks into the world, as if just started, with the faults of a request."""
        for mock in (self.upstream, self.role):
            mock.control("POST", "/_mock/reset", {})
            mock.control("PUT", "/_mock/state", self.state)
            if "fault" in given:
                path = given.get("fault_path", "/v1/*")
                fault = {"match": {"path": path}, "fault": given["fault"], "times": 1}
                mock.control("POST", "/_mock/faults", fault)

    def answers(self, given: Mapping[str, Json]) -> tuple[Answer, Answer]:
        """Return the answers of the gateway and of the role to one request."""
        request = self._request(given)
        through, played = (_ask(url, request) for url in (self.gateway, self.role.url))
        return through, played

    def worlds(self) -> tuple[Json, Json]:
        """Return what the world has become behind the gateway and in the role.

        The journals differ: the requests of both are other ones, at other times.
        """
        first, second = (mock.control("GET", "/_mock/state") for mock in (self.upstream, self.role))
        for state in (first, second):
            del state["journal"], state["numbers"]["request"]
        return first, second

    def _request(self, given: Mapping[str, Json]) -> dict[str, Json]:
        headers = {
            "x-portkey-provider": "openai",
            "x-portkey-custom-host": "{upstream}/v1",
            "Authorization": "Bearer {key}",
        }
        body = None
        if "json" in given:
            headers["Content-Type"] = "application/json"
            body = self._fill(json.dumps(given["json"])).encode()
        elif "form" in given:
            headers["Content-Type"] = f"multipart/form-data; boundary={BOUNDARY}"
            file = given["file"].encode() if "file" in given else None
            body = form(given["form"], file, given.get("field", "file"))
        elif "text" in given:
            body = given["text"].encode()
        headers.update(given.get("headers", {}))
        method, _, path = given["request"].partition(" ")
        return {
            "method": method,
            "path": self._fill(path),
            "headers": [
                (name, self._fill(text)) for name, text in headers.items() if text is not None
            ],
            "body": body,
            "chunked": given.get("chunked", False),
        }

    def _fill(self, text: str) -> str:
        port = str(urlsplit(self.upstream.url).port)
        values = {**self.names, "key": KEY, "upstream": self.upstream.url, "port": port}
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
        return text


def _ask(url: str, request: Mapping[str, Json]) -> Answer:
    try:
        return ask(url, **request)
    except (ConnectionError, HTTPException) as error:
        return Answer(0, {}, str(error).encode())


@pytest.fixture(scope="module")
def pair(modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Start both sides."""
    page = json.loads((ROOT / "fixtures/worlds/portkey-page.json").read_bytes())
    with MockServer() as upstream, MockServer() as role:
        state, names = build(role, page)
        port = str(urlsplit(upstream.url).port)
        origins = [origin.replace("{port}", port) for origin in DATA["origins"]]
        scratch = tmp_path_factory.mktemp("pair")
        with running_gateway(modules, upstream.url, scratch, origins) as gateway:
            yield Pair(gateway, upstream, role, state, names)


def observe(answer: Answer, world: Json) -> Json:
    """Return what a client can tell of an answer, and what has come of its request."""
    headers = {name: text for name, text in answer.headers.items() if name not in PASSING}
    return {"status": answer.status, "headers": headers, "body": answer.body, "world": world}


def both_seen(pair: Pair, given: Mapping[str, Json]) -> tuple[Json, Json]:
    """Return what is seen through the gateway and in the role."""
    pair.begin(given)
    answers = pair.answers(given)
    through, played = map(observe, answers, pair.worlds())
    return through, played


@pytest.mark.parametrize("given", EQUAL, ids=[given["name"] for given in EQUAL])
def test_role_answers_as_the_gateway(pair: Pair, given: Mapping[str, Json]) -> None:
    """Status, headers and bytes of the answer are the same, and what becomes of the world."""
    through, played = both_seen(pair, given)
    assert played == through


@pytest.mark.parametrize("given", DIFFERENT, ids=[given["name"] for given in DIFFERENT])
def test_difference_on_purpose_is_one(pair: Pair, given: Mapping[str, Json]) -> None:
    """What is said to differ does, so that no reason outlives what it explains."""
    through, played = both_seen(pair, given)
    assert played != through


def test_differences_are_those_of_the_document() -> None:
    """Each row in the document's table has a request that shows it, and the other way round."""
    text = (ROOT / "docs/portkey.md").read_text()
    section = text.partition("## What differs")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+) \|", section, re.MULTILINE)
    assert sorted(rows[2:]) == sorted({given["differs"] for given in DIFFERENT})
