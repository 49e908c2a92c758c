"""What mockbatch shows of the jobs of other providers is what the real gateway shows of them.

The gateway's upstream is a stub that has the jobs which mockbatch makes of its batches.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

import pytest

from mockbatch.typing import Json
from mockbatch.web.portkey.views import VIEWS
from tests.gateway.mock_server import KEY, Answer, MockServer, ask
from tests.gateway.pair_world import build
from tests.gateway.provider_stub import MISSING, NO_SUCH_KEY, ProviderStub
from tests.gateway.running import running_gateway
from tests.gateway.test_pairwise import ROOT
from tests.support.client_environments import MAY_INSTALL

pytestmark = [MAY_INSTALL, pytest.mark.slow]

PROVIDERS = pytest.mark.parametrize("provider", list(VIEWS))
HEADERS = {"x-portkey-vertex-region": "us-central1", "x-portkey-vertex-project-id": "project"}
ORIGINS = (
    "https://bedrock.us-east-1.amazonaws.com",
    "https://mockbatch.s3.us-east-1.amazonaws.com",
    "https://mockbatch.s3.undefined.amazonaws.com",
    "https://us-central1-aiplatform.googleapis.com",
    "https://storage.googleapis.com",
    "https://api.cohere.ai",
)


class Sides(NamedTuple):
    """The gateway before the stub, the mock in its role, and OpenAI's batches in the mock."""

    gateway: str
    stub: ProviderStub
    role: MockServer
    batches: list[dict[str, Json]]
    names: Mapping[str, str]

    def prepare(self, provider: str) -> list[str]:
        """Put the provider's jobs into the stub, and return their names."""
        jobs = [VIEWS[provider].job(batch, HEADERS) for batch in self.batches]
        names = [str(job.get("job_id") or job.get("jobArn") or job["name"]) for job in jobs]
        ids = [name.rpartition("/")[2] for name in names]
        self.stub.jobs = dict(zip(ids, jobs, strict=True))
        return ids

    def ask(self, provider: str, method: str, path: str, body: Json = None) -> list[Answer]:
        """Return the answers of the gateway and of mockbatch in its role."""
        headers = {"x-portkey-provider": provider, "Authorization": f"Bearer {KEY}", **HEADERS}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        return [
            ask(url, method, path, list(headers.items()), data)
            for url in (self.gateway, self.role.url)
        ]


@pytest.fixture(scope="module")
def sides(modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    """Start both sides."""
    page = json.loads((ROOT / "fixtures/worlds/portkey-page.json").read_bytes())
    scratch = tmp_path_factory.mktemp("translated")
    with MockServer() as role, ProviderStub() as stub:
        _, names = build(role, page)
        batches = role.control("GET", "/v1/batches?limit=100")["data"]
        with running_gateway(modules, stub.url, scratch, ORIGINS) as gateway:
            yield Sides(gateway, stub, role, batches, names)


@PROVIDERS
def test_batches_in_every_status(sides: Sides, provider: str) -> None:
    """Each is shown with the same bytes, and so is the list."""
    for id in [*sides.prepare(provider), ""]:
        through, played = sides.ask(provider, "GET", f"/v1/batches/{id}".rstrip("/"))
        assert (played.status, played.body) == (through.status, through.body)
        assert through.status == 200


@PROVIDERS
def test_cancel(sides: Sides, provider: str) -> None:
    """The answers are the same."""
    sides.prepare(provider)
    id = VIEWS[provider].job({**sides.batches[0], "id": sides.names["validating"]}, HEADERS)
    name = str(id.get("job_id") or id.get("jobArn") or id["name"]).rpartition("/")[2]
    through, played = sides.ask(provider, "POST", f"/v1/batches/{name}/cancel", {})
    assert (played.status, played.body) == (through.status, through.body)


@PROVIDERS
@pytest.mark.parametrize(
    "request_line",
    ["GET /v1/batches/77", "POST /v1/batches/77/cancel", "GET /v1/batches/77/output"],
)
def test_unknown_batch(sides: Sides, provider: str, request_line: str) -> None:
    """The errors are the same but for the text, which is mockbatch's own."""
    sides.prepare(provider)
    method, path = request_line.split()
    through, played = sides.ask(provider, method, path, {} if method == "POST" else None)
    own = played.body.replace(b"mockbatch has no job 77", MISSING.encode())
    given = through.body.replace(b'{\\"message\\": ', b'{\\"message\\":')
    assert (played.status, own) == (through.status, given)


@PROVIDERS
def test_created(sides: Sides, provider: str) -> None:
    """A new batch is shown with the same members."""
    body = {
        "input_file_id": f"s3%3A%2F%2Fmockbatch%2F{sides.names['file_input']}.jsonl",
        "model": "anthropic.claude-3",
        "role_arn": "arn:aws:iam::123456789012:role/a",
        "endpoint": "/v1/responses",
    }
    if provider == "cohere":
        body["input_file_id"] = sides.names["file_input"]
    sides.prepare(provider)
    through, played = sides.ask(provider, "POST", "/v1/batches", body)
    assert (played.status, list(played.json)) == (through.status, list(through.json))


@PROVIDERS
def test_stored_files(sides: Sides, provider: str) -> None:
    """Each is shown with the same bytes; so are the list of datasets and a missing file."""
    files = sides.role.control("GET", "/v1/files?purpose=batch")["data"]
    scheme = {"bedrock": "s3://mockbatch/", "vertex-ai": "gs://mockbatch/", "cohere": ""}[provider]
    suffix = ".jsonl" if scheme else ""
    sides.stub.now = sides.role.control("GET", "/_mock/clock")["now"]
    listed = sides.ask(provider, "GET", "/v1/files")[1].json
    names = {file["id"]: file["filename"] for file in listed.get("data", [])}
    sides.stub.files = {
        file["id"]: {**file, "name": names.get(file["id"])}
        for file in sides.role.control("GET", "/v1/files?limit=10000")["data"]
        if provider != "cohere" or file["id"] in names
    }
    paths = [quote(f"{scheme}{file['id']}{suffix}", safe="") for file in files]
    assert paths
    for path in ["", *(f"/{path}" for path in paths)]:
        through, played = sides.ask(provider, "GET", f"/v1/files{path}")
        assert (played.status, played.body) == (through.status, through.body)
        assert through.status == 200 or not path
    missing = quote(f"{scheme}file-none{suffix}", safe="")
    for method in ("GET", "DELETE") if provider == "cohere" else ("GET",):
        through, played = sides.ask(provider, method, f"/v1/files/{missing}")
        own = played.body.replace(b"mockbatch has no file file-none", MISSING.encode())
        assert (played.status, own) == (through.status, through.body)


def without_passing(line: bytes) -> Json:
    """Return a line of an output without what is of its moment, or random."""
    shown = json.loads(line)
    if isinstance(shown.get("response"), dict) and shown["response"].get("body"):
        body = shown["response"]["body"]
        del body["created"]
        body["id"] = body["id"].partition("-")[0]
    return shown


def test_output_of_vertex_ai(sides: Sides) -> None:
    """The lines are the same if Google has written the same replies."""
    provider, id = "vertex-ai", sides.names["completed"]
    sides.prepare(provider)
    batch = next(batch for batch in sides.batches if batch["id"] == id)
    content = _content(sides, batch["output_file_id"])
    rows = [_google_row(json.loads(line)) for line in content.splitlines()]
    sides.stub.rows = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    name = VIEWS[provider].job(batch, HEADERS)["name"].rpartition("/")[2]
    through, played = sides.ask(provider, "GET", f"/v1/batches/{name}/output")
    lines = [list(map(without_passing, answer.body.splitlines())) for answer in (through, played)]
    assert lines[0] == lines[1]
    assert len(lines[0]) == 3


def test_embeddings_of_vertex_ai(sides: Sides) -> None:
    """The endpoint is that of the model, and no line of the output is found."""
    line = {"custom_id": "a", "method": "POST", "url": "/v1/embeddings"}
    body = {"model": "text-embedding-3-small", "input": "Hi"}
    submitted = {"input": json.dumps({**line, "body": body}), "endpoint": "/v1/embeddings"}
    id = sides.role.control("POST", "/_mock/batches", submitted)["id"]
    batch = sides.role.control("POST", f"/_mock/batches/{id}/complete", {})
    job = VIEWS["vertex-ai"].job(batch, HEADERS)
    name = job["name"].rpartition("/")[2]
    sides.stub.jobs, sides.stub.rows = {name: job}, NO_SUCH_KEY.encode()
    for path in (f"/v1/batches/{name}", f"/v1/batches/{name}/output"):
        through, played = sides.ask("vertex-ai", "GET", path)
        assert (played.status, played.body) == (through.status, through.body)
        assert through.status == 200
    assert through.body == b""


def _google_row(line: Json) -> Json:
    body = line["response"]["body"]
    choice, usage = body["choices"][0], body["usage"]
    parts = [{"text": choice["message"]["content"]}]
    return {
        "requestId": line["custom_id"],
        "status": "",
        "response": {
            "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}],
            "usageMetadata": {
                "promptTokenCount": usage["prompt_tokens"],
                "candidatesTokenCount": usage["completion_tokens"],
                "totalTokenCount": usage["total_tokens"],
            },
            "responseId": body["id"].removeprefix("chatcmpl-"),
            "modelVersion": body["model"],
        },
    }


def test_output_of_bedrock(sides: Sides) -> None:
    """The lines are the same if Claude has written the same replies."""
    body = {
        "input_file_id": f"s3%3A%2F%2Fmockbatch%2F{sides.names['file_input']}.jsonl",
        "model": "anthropic.claude-3",
        "role_arn": "arn:aws:iam::123456789012:role/a",
    }
    played = sides.ask("bedrock", "POST", "/v1/batches", body)[1]
    id = VIEWS["bedrock"].batch_id(unquote(played.json["id"]))
    sides.role.control("POST", f"/_mock/batches/{id}/complete", {})
    batch = sides.role.control("GET", f"/v1/batches/{id}")
    job = VIEWS["bedrock"].job(batch, HEADERS)
    name = job["jobArn"].rpartition("/")[2]
    sides.stub.jobs = {name: job}
    content = _content(sides, batch["output_file_id"])
    rows = [_claude_row(json.loads(line)) for line in content.splitlines()]
    sides.stub.rows = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    through, played = sides.ask("bedrock", "GET", f"/v1/batches/{name}/output")
    lines = [list(map(without_passing, answer.body.splitlines())) for answer in (through, played)]
    assert lines[0] == lines[1]
    assert len(lines[0]) == 3


def _claude_row(line: Json) -> Json:
    body = line["response"]["body"]
    usage = body["usage"]
    output = {
        "id": body["id"],
        "content": [{"type": "text", "text": body["choices"][0]["message"]["content"]}],
        "model": "claude-3",
        "stop_reason": "end_turn",
        "usage": {
            "input_tokens": usage["prompt_tokens"],
            "output_tokens": usage["completion_tokens"],
        },
    }
    return {"recordId": line["custom_id"], "modelInput": {}, "modelOutput": output}


def _content(sides: Sides, file_id: str) -> bytes:
    headers = [("Authorization", f"Bearer {KEY}")]
    return ask(sides.role.url, "GET", f"/v1/files/{file_id}/content", headers).body
