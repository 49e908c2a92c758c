"""A batch's whole life through a gateway: the real one before the mock, and the mock's own."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import openai
import pytest

from mockbatch.typing import Json
from tests.gateway.mock_server import KEY, MockServer, ask
from tests.gateway.pair_world import LINE
from tests.gateway.running import HERE
from tests.support.client_environments import MAY_INSTALL, ROOT, python_with, require

pytestmark = [MAY_INSTALL, pytest.mark.slow]

NAMES = [f"line-{number}" for number in range(5)]
INPUT = "".join(LINE % name for name in NAMES)
PORTKEY = "portkey-ai>=2.3,<3"  # in a place of its own: it needs older packages than the tests
CLIENTS = ("openai", "portkey-python", "portkey-node")
MEGABYTE = 1 << 20
PAGE = ROOT / "fixtures/worlds/portkey-page.json"


def custom_ids(jsonl: str) -> list[str]:
    """Return the custom_ids of an output file's lines."""
    return [json.loads(line)["custom_id"] for line in jsonl.splitlines()]


def command(client: str, modules: Path) -> list[str]:
    """Return the command that lives a batch's life with an SDK."""
    if client == "portkey-node":
        return ["node", str(HERE / "life_cycle.js")]
    python = sys.executable if client == "openai" else str(require(lambda: python_with(PORTKEY)))
    return [python, str(HERE / "life_cycle.py"), client.partition("-")[0]]


@pytest.fixture(scope="module", params=["real gateway", "gateway's role"])
def address(request: pytest.FixtureRequest, gateway: str, upstream: MockServer) -> str:
    """Return where a client that believes in a gateway finds one."""
    return gateway if request.param == "real gateway" else upstream.url


@pytest.fixture(scope="module", params=CLIENTS)
def story(
    request: pytest.FixtureRequest, address: str, upstream: MockServer, modules: Path
) -> Mapping[str, Json]:
    """Return what an SDK saw in a batch's life."""
    upstream.control("POST", "/_mock/reset", {"clock": "on-poll"})
    settings = {
        "URL": f"{address}/v1",
        "CUSTOM_HOST": f"{upstream.url}/v1",
        "KEY": KEY,
        "INPUT": INPUT,
        "NODE_PATH": str(modules / "node_modules"),
        "NO_PROXY": "127.0.0.1",
    }
    done = subprocess.run(
        command(request.param, modules),
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def fresh(upstream: MockServer) -> MockServer:
    """Return the mock behind the gateway with an empty world."""
    upstream.control("POST", "/_mock/reset", {"clock": "manual"})
    return upstream


@pytest.fixture
def client(gateway: str, fresh: MockServer) -> Iterator[openai.OpenAI]:
    """Return OpenAI's client, pointed to the real gateway as Portkey's createHeaders() does."""
    headers = {
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": f"{fresh.url}/v1",
        "x-portkey-trace-id": "trace-1",
    }
    with openai.OpenAI(
        base_url=f"{gateway}/v1", api_key=KEY, default_headers=headers, max_retries=0
    ) as client:
        yield client


def test_upload_arrives_whole(story: Mapping[str, Json]) -> None:
    """The uploaded file has as many bytes as were sent."""
    assert story["uploaded_bytes"] == len(INPUT)


def test_each_poll_sees_the_next_status(story: Mapping[str, Json]) -> None:
    """Statuses come through as they are, in their order."""
    assert story["statuses"] == ["validating", "in_progress", "finalizing", "completed"]


def test_scenario_in_the_metadata_passes_through(story: Mapping[str, Json]) -> None:
    """A fifth of the lines fails, as the metadata requested."""
    assert story["counts"] == [4, 1]


def test_output_and_error_file_hold_all_lines(story: Mapping[str, Json]) -> None:
    """Both files together have each custom_id once."""
    assert sorted(custom_ids(story["content"]) + custom_ids(story["errors"])) == NAMES


def test_output_in_one_call_is_the_output_file(story: Mapping[str, Json]) -> None:
    """`/output` gives the lines that were answered."""
    assert len(custom_ids(story["output"])) == story["counts"][0]


def test_cancelled_batch_goes_through_cancelling(story: Mapping[str, Json]) -> None:
    """A cancel answers with cancelling; cancelled comes later."""
    assert story["cancelled"] == ["cancelling", "cancelled"]


def test_batch_of_an_unknown_file_fails(story: Mapping[str, Json]) -> None:
    """It is accepted at first and says why in its errors."""
    assert story["failed"] == ["failed", "invalid_request"]


def test_output_of_a_failed_batch_is_its_errors(story: Mapping[str, Json]) -> None:
    """`/output` answers 200 with the errors of a batch that failed."""
    assert json.loads(story["failed_output"])["data"][0]["code"] == story["failed"][1]


def test_newest_batches_are_listed_first(story: Mapping[str, Json]) -> None:
    """A page of two has the two last batches."""
    assert story["listed"] is True


@pytest.mark.parametrize(("what", "status"), [("unknown", 404), ("invalid", 400), ("gone", 404)])
def test_error_has_its_status(story: Mapping[str, Json], what: str, status: int) -> None:
    """The SDK raises the error of the mock's status."""
    assert story[what]["status"] == status


@pytest.mark.parametrize("what", ["unknown", "invalid", "gone"])
def test_error_names_the_provider(story: Mapping[str, Json], what: str) -> None:
    """The gateway puts its prefix before the mock's message."""
    assert "openai error: " in story[what]["message"]


def test_file_is_deleted(story: Mapping[str, Json]) -> None:
    """The SDK reads the confirmation."""
    assert story["deleted"] is True


def test_headers_of_the_gateway_reach_the_client(client: openai.OpenAI) -> None:
    """The trace id comes back beside the provider's name."""
    headers = client.batches.with_raw_response.list().headers
    assert (headers["x-portkey-provider"], headers["x-portkey-trace-id"]) == ("openai", "trace-1")


def test_request_id_of_the_mock_reaches_the_client(client: openai.OpenAI) -> None:
    """The gateway keeps the headers of its upstream."""
    assert str(client.batches.with_raw_response.list().headers["x-request-id"]).startswith("req_")


def test_mock_adds_no_headers_of_the_gateway(client: openai.OpenAI) -> None:
    """The gateway appends its own: were there any of the mock's, each would be there twice."""
    headers = client.batches.with_raw_response.list().headers
    assert headers["x-portkey-last-used-option-index"] == "config"


def test_big_upload_comes_back_as_it_was(client: openai.OpenAI) -> None:
    """21 MB pass through in chunks, without a length, and back."""
    data = (LINE % "a").encode() * (21 * MEGABYTE // len(LINE))
    file = client.files.create(file=("in.jsonl", data), purpose="batch")
    assert client.files.content(file.id).content == data


def test_pages_are_turned(client: openai.OpenAI, fresh: MockServer) -> None:
    """The query of a page reaches the mock."""
    body = {
        "input_file_id": "file-nope",
        "endpoint": "/v1/embeddings",
        "completion_window": "24h",
    }
    made = [fresh.control("POST", "/v1/batches", body)["id"] for _ in range(3)]
    assert [batch.id for batch in client.batches.list(limit=2)] == made[::-1]


def test_simulated_time_shows_through(client: openai.OpenAI, fresh: MockServer) -> None:
    """The gateway adds no time of its own: a batch expires when the mock's clock says so."""
    batch = client.batches.create(
        input_file_id="file-nope", endpoint="/v1/embeddings", completion_window="24h"
    )
    fresh.control("POST", f"/_mock/batches/{batch.id}/hold")
    fresh.control("POST", "/_mock/clock/advance", {"seconds": 24 * 3600})
    assert client.batches.retrieve(batch.id).expired_at == batch.expires_at


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_curl_of_the_document_works(gateway: str, fresh: MockServer) -> None:
    """The command of docs/portkey.md for the real gateway, but for the ports."""
    fresh.control("PUT", "/_mock/state", json.loads(PAGE.read_bytes()))
    text = (ROOT / "docs/portkey.md").read_text(encoding="utf-8")
    [command] = re.findall(r"^curl http://localhost:8788.*?^```", text, re.MULTILINE | re.DOTALL)
    command = command.removesuffix("```").replace("http://localhost:8788", gateway)
    done = subprocess.run(
        ["sh", "-c", command.replace("http://127.0.0.1:8787", fresh.url)],
        env={**os.environ, "OPENAI_API_KEY": KEY, "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert json.loads(done.stdout)["id"] == "batch_abc123"


def test_without_network_the_gateway_is_up(gateway: str) -> None:
    """`GET /` says so, and calls no upstream."""
    assert ask(gateway, "GET", "/").body == b"AI Gateway says hey!"


def test_other_addresses_are_refused(gateway: str) -> None:
    """Under test the gateway reaches the mock and nothing else."""
    headers = [
        ("x-portkey-provider", "openai"),
        ("x-portkey-custom-host", "https://example.com/v1"),
    ]
    answer = ask(gateway, "GET", "/v1/batches", headers)
    assert "refused: https://example.com" in answer.json["html-message"]
