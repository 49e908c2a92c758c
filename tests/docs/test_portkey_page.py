"""What Portkey's page for GET /v1/batches/:id prints, typed as it is printed."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockbatch.typing import Json
from tests.support.serving import ROOT, Serving, serving

WORLD = "fixtures/worlds/portkey-page.json"
# As on the page, but for its port.
CURL = """\
curl https://localhost:8787/v1/batches/batch_abc123 \\
  -H "x-portkey-provider: openai" \\
  -H "Authorization: Bearer $OPENAI_API_KEY"
"""
RESPONSE = """\
{
  "id": "batch_abc123",
  "object": "batch",
  "endpoint": "/v1/chat/completions",
  "errors": null,
  "input_file_id": "file-abc123",
  "completion_window": "24h",
  "status": "completed",
  "output_file_id": "file-xyz789",
  "error_file_id": "file-err456",
  "created_at": 1713894800,
  "in_progress_at": 1713894900,
  "completed_at": 1713898500,
  "request_counts": {
    "total": 100,
    "completed": 98,
    "failed": 2
  },
  "metadata": {
    "description": "Daily batch job"
  }
}
"""
OUTPUT = """\
{"id": "batch_req_abc123", "custom_id": "request-1", "response": {"status_code": 200, "body": \
{"id": "chatcmpl-123", "object": "chat.completion", "created": 1713894800, "model": \
"gpt-4o-mini", "choices": [{"index": 0, "message": {"role": "assistant", "content": \
"2+2 equals 4."}, "finish_reason": "stop"}]}}, "error": null}
{"id": "batch_req_def456", "custom_id": "request-2", "response": {"status_code": 200, "body": \
{"id": "chatcmpl-456", "object": "chat.completion", "created": 1713894801, "model": \
"gpt-4o-mini", "choices": [{"index": 0, "message": {"role": "assistant", "content": \
"The capital of France is Paris."}, "finish_reason": "stop"}]}}, "error": null}
"""
EXAMPLE = json.loads(RESPONSE)
HEADERS = '-H "x-portkey-provider: openai" -H "Authorization: Bearer $OPENAI_API_KEY"'
# The last second that the clock has, 82 years after the batch.
LAST = 2**32 - 1

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")


def serve_world(tmp_path_factory: pytest.TempPathFactory, *options: str) -> Iterator[Serving]:
    """Serve the page's world, its clock standing still."""
    folder = tmp_path_factory.mktemp("page")
    with serving(folder, "--load", WORLD, "--clock", "manual", *options) as server:
        yield server


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Serve the page's world over http."""
    yield from serve_world(tmp_path_factory)


@pytest.fixture(scope="module")
def https(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Serve the page's world over https."""
    yield from serve_world(tmp_path_factory, "--tls")


@pytest.fixture(scope="module", params=["http", "https"])
def scheme(request: pytest.FixtureRequest) -> str:
    """Name both schemes, one after the other."""
    return str(request.param)


@pytest.fixture(scope="module")
def answer(scheme: str, request: pytest.FixtureRequest) -> Json:
    """Run the page's curl, over https as it is printed, and return the object that it prints."""
    server = request.getfixturevalue(scheme)
    command = CURL.replace(":8787", f":{server.port}").replace("https:", f"{scheme}:")
    return json.loads(server.shell(command))


@pytest.fixture
def fresh(http: Serving) -> Serving:
    """Begin the world anew."""
    control(http, "POST", "/_mock/reset", {})
    return http


def call(server: Serving, method: str, path: str, more: str = "") -> str:
    """Send a request as the page's reader would, and return the answer's body."""
    return server.shell(
        f"curl --silent --show-error -X {method} {server.url}{path} {HEADERS} {more}"
    )


def control(server: Serving, method: str, path: str, body: Json) -> Json:
    """Ask the control API, which needs no header of Portkey's."""
    return json.loads(call(server, method, path, f"-d '{json.dumps(body)}'"))


def create_batch(server: Serving, folder: Path) -> Json:
    """Upload an input file and create a batch, as the page's siblings say."""
    line = {
        "custom_id": "request-1",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "2+2?"}]},
    }
    (folder / "in.jsonl").write_text(json.dumps(line) + "\n")
    upload = call(server, "POST", "/v1/files", f"-F purpose=batch -F file=@{folder}/in.jsonl")
    body = {
        "input_file_id": json.loads(upload)["id"],
        "endpoint": "/v1/chat/completions",
        "completion_window": "24h",
    }
    json_body = f"-H 'Content-Type: application/json' -d '{json.dumps(body)}'"
    return json.loads(call(server, "POST", "/v1/batches", json_body))


@pytest.mark.parametrize("name", EXAMPLE)
def test_value_is_the_page_s(answer: Json, name: str) -> None:
    """Each of the fourteen fields has the value that is printed."""
    assert answer[name] == EXAMPLE[name]


def test_fields_are_the_page_s(answer: Json) -> None:
    """There is no field beside them, and they come in the same order."""
    assert list(answer) == list(EXAMPLE)


def test_page_s_text_is_the_answer_without_the_header(http: Serving) -> None:
    """As OpenAI's answer it is printed as on the page, to the letter."""
    url = f"{http.url}/v1/batches/batch_abc123"
    answer = http.shell(f'curl --silent {url} -H "Authorization: Bearer $OPENAI_API_KEY"')
    assert answer == RESPONSE.rstrip("\n")


def test_output_file_has_the_page_s_bytes(http: Serving) -> None:
    """Its two lines are the page's, to the byte."""
    assert call(http, "GET", "/v1/files/file-xyz789/content") == OUTPUT


def test_output_in_one_call_has_the_page_s_bytes(http: Serving) -> None:
    """The gateway's own route gives the same lines."""
    assert call(http, "GET", "/v1/batches/batch_abc123/output") == OUTPUT


def test_error_file_is_there(http: Serving) -> None:
    """Of it the page prints the id; it holds the two failed requests."""
    lines = call(http, "GET", "/v1/files/file-err456/content").splitlines()
    assert len(lines) == EXAMPLE["request_counts"]["failed"]


@pytest.mark.parametrize("id", ["file-xyz789", "file-err456"])
def test_file_never_expires(http: Serving, id: str) -> None:
    """The files have no instant at which they go."""
    assert json.loads(call(http, "GET", f"/v1/files/{id}"))["expires_at"] is None


@pytest.mark.parametrize(
    "path",
    ["batches/batch_abc123", "files/file-xyz789/content", "files/file-err456/content"],
)
def test_answer_is_the_same_for_ever(fresh: Serving, path: str) -> None:
    """At the end of time each answer is what it was."""
    before = call(fresh, "GET", f"/v1/{path}")
    control(fresh, "POST", "/_mock/clock/advance", {"to": LAST})
    assert call(fresh, "GET", f"/v1/{path}") == before


def test_batch_cannot_be_cancelled(http: Serving) -> None:
    """It was completed long ago."""
    error = json.loads(call(http, "POST", "/v1/batches/batch_abc123/cancel"))["error"]
    assert error["message"].startswith("openai error: ")


def test_list_begins_with_the_page_s_batch(fresh: Serving) -> None:
    """GET /v1/batches has it alone at first."""
    page = json.loads(call(fresh, "GET", "/v1/batches"))
    assert page["data"] == [EXAMPLE]


def test_batch_is_created_beside_it(fresh: Serving, tmp_path: Path) -> None:
    """POST /v1/batches works in the same world."""
    made = create_batch(fresh, tmp_path)
    page = json.loads(call(fresh, "GET", "/v1/batches"))
    assert [batch["id"] for batch in page["data"]] == [made["id"], "batch_abc123"]


def test_created_batch_is_cancelled(fresh: Serving, tmp_path: Path) -> None:
    """POST /v1/batches/:id/cancel works in the same world."""
    path = f"/v1/batches/{create_batch(fresh, tmp_path)['id']}/cancel"
    assert json.loads(call(fresh, "POST", path))["status"] == "cancelling"


def test_other_keys_find_it_too(http: Serving) -> None:
    """The page's reader has a key of their own."""
    command = CURL.replace("https://localhost:8787", http.url).replace("$OPENAI_API_KEY", "sk-mine")
    assert json.loads(http.shell(command)) == EXAMPLE


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
@pytest.mark.parametrize("arguments", ["", "--tls"])
def test_make_serve_loads_the_page_s_world(arguments: str) -> None:
    """The command of the README begins with this world, whatever options it is given."""
    kept = {
        name: text for name, text in os.environ.items() if "MAKE" not in name and name != "MFLAGS"
    }
    done = subprocess.run(
        ["make", "--dry-run", "serve", f"ARGS={arguments}"],
        cwd=ROOT,
        env=kept,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"mockbatch serve --load {WORLD} {arguments}".rstrip() in done.stdout
