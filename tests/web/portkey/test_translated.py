"""Providers whose batches the gateway turns into OpenAI's form, in mockbatch's role."""

import json
from typing import Any
from urllib.parse import quote, unquote

import pytest

from mockbatch.typing import Json
from tests.support.caller import DAY, app_of, form, lines
from tests.web.portkey.test_providers import Client

ROLE = "arn:aws:iam::123456789012:role/batches"
BEDROCK = {
    "x_portkey_aws_s3_bucket": "bucket",
    "x_portkey_aws_bedrock_model": "anthropic.claude-3-haiku",
}
VERTEX = {
    "x_portkey_vertex_storage_bucket_name": "bucket",
    "x_portkey_provider_model": "gemini-2.0-flash",
    "x_portkey_vertex_region": "us-central1",
    "x_portkey_vertex_project_id": "project",
}
EMBEDDING = (
    b'{"custom_id": "a", "method": "POST", "url": "/v1/embeddings",'
    b' "body": {"model": "text-embedding-3-small", "input": "Hi"}}\n'
)
HEADERS: dict[str, dict[str, str]] = {"bedrock": BEDROCK, "vertex-ai": VERTEX, "cohere": {}}
MODELS = {
    "bedrock": "anthropic.claude-3-haiku",
    "vertex-ai": "gemini-2.0-flash",
    "cohere": "embed-v4",
}
PROVIDERS = pytest.mark.parametrize("provider", list(HEADERS))


def client_of(provider: str, app: Any = None) -> Client:
    """Return a client of the gateway for a provider."""
    return Client(app or app_of(), provider, **HEADERS[provider])


def upload(client: Client, data: bytes, name: str = "in.jsonl") -> Any:
    """Upload a file through the gateway."""
    head = f'name="file"; filename="{name}"'
    return client.call("POST", "/v1/files", **form(('name="purpose"', b"batch"), (head, data)))


def create(client: Client, provider: str, data: bytes | None = None) -> str:
    """Create a batch from a file with these lines, and return what the gateway calls it."""
    file = client.good(upload(client, data or (EMBEDDING if provider == "cohere" else lines())))
    body = {"input_file_id": file["id"], "model": MODELS[provider], "role_arn": ROLE}
    batch = client.good(client.post("/v1/batches", body))
    id: str = batch["id"]
    return id


def shown(client: Client, id: str) -> dict[str, Json]:
    """Retrieve a batch by the id that the gateway has given."""
    batch: dict[str, Json] = client.good(client.get(f"/v1/batches/{id}"))
    return batch


def output(client: Client, id: str) -> list[Json]:
    """Return the lines of the output of a batch."""
    answer = client.get(f"/v1/batches/{id}/output")
    assert (answer.status_code, answer.mimetype) == (200, "application/octet-stream")
    return [json.loads(line) for line in answer.data.splitlines()]


def test_life_on_bedrock() -> None:
    """Times are in milliseconds, ids are escaped ARNs and URIs, and counts are missing."""
    client = client_of("bedrock")
    id = create(client, "bedrock")
    assert unquote(id).startswith("arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/")
    new = shown(client, id)
    assert (new["status"], new["finalizing_at"]) == ("validating", None)
    assert new["input_file_id"].startswith("s3%3A%2F%2Fbucket%2Ffile-")
    assert new["output_file_id"] == "s3%3A%2F%2Fbucket%2F"
    assert new["expires_at"] - new["created_at"] == 1000 * DAY
    client.advance(DAY)
    done = shown(client, id)
    assert done["status"] == "completed"
    assert done["finalizing_at"] > done["created_at"]
    assert "request_counts" not in done
    first, *_ = output(client, id)
    body = first["response"]["body"]
    assert (body["provider"], body["model"]) == ("bedrock", "anthropic.claude-3-haiku")
    assert body["choices"][0]["finish_reason"] == "end_turn"


def test_life_on_vertex_ai() -> None:
    """Counts of lines are strings but for the total, and the id is a number."""
    client = client_of("vertex-ai")
    id = create(client, "vertex-ai")
    assert id.isdigit()
    new = shown(client, id)
    assert (new["status"], new["request_counts"]) == ("validating", {"total": 0})
    assert (new["completion_window"], new["in_progress_at"]) == (None, None)
    client.advance(DAY)
    done = shown(client, id)
    assert (done["status"], done["error_file_id"]) == ("completed", "gs%3A%2F%2Fbucket%2F")
    assert done["request_counts"] == {"total": 2, "completed": "2", "failed": "0"}
    assert done["output_file_id"].endswith("predictions.jsonl")
    first, *_ = output(client, id)
    assert first["id"].startswith(f"batch-{id}--")
    assert (first["error"], first["response"]["body"]["provider"]) == ("", "vertex-ai")


def test_life_on_cohere() -> None:
    """Statuses are Cohere's own, and the time of creation is in seconds at first only."""
    client = client_of("cohere")
    file = client.good(upload(client, EMBEDDING))
    assert (file["filename"], file["status"]) == ("", "uploaded")
    body = {"input_file_id": file["id"], "model": "embed-v4", "truncate": "START"}
    made = client.good(client.post("/v1/batches", body))
    assert (made["status"], made["endpoint"]) == ("in_progress", "/v1/embed")
    new = shown(client, made["id"])
    assert (new["status"], new["model"], new["truncate"]) == ("processing", "embed-v4", "START")
    assert new["created_at"] == 1000 * made["created_at"]
    client.advance(DAY)
    assert shown(client, made["id"])["status"] == "complete"
    (line,) = output(client, made["id"])
    assert line["response"]["body"]["data"][0]["object"] == "embedding"


@pytest.mark.parametrize(
    ("provider", "scenario", "status"),
    [
        ("bedrock", "expired_partial", "partially_completed"),
        ("bedrock", "expired_empty", "expired"),
        ("vertex-ai", "expired_partial", "expired"),
        ("cohere", "expired_empty", "failed"),
        ("bedrock", "some_failed", "completed"),
        ("vertex-ai", "all_failed", "completed"),
    ],
)
def test_statuses_at_the_end(provider: str, scenario: str, status: str) -> None:
    """The statuses follow those of the provider."""
    client = client_of(provider)
    client.good(client.post("/_mock/scenarios/active", {"name": scenario}))
    id = create(client, provider)
    client.advance(2 * DAY)
    assert shown(client, id)["status"] == status


def test_failed_lines_of_bedrock() -> None:
    """A failed line is only what Bedrock writes of its error."""
    client = client_of("bedrock")
    client.good(client.post("/_mock/scenarios/active", {"name": "all_failed"}))
    id = create(client, "bedrock")
    client.advance(DAY)
    for line in output(client, id):
        assert line.keys() == {"errorCode", "errorMessage", "expired", "retryable"}


def test_failed_lines_of_vertex_ai() -> None:
    """A failed line has no body, and its error is a text."""
    client = client_of("vertex-ai")
    client.good(client.post("/_mock/scenarios/active", {"name": "all_failed"}))
    id = create(client, "vertex-ai")
    client.advance(DAY)
    line = output(client, id)[0]
    assert (line["response"]["body"], line["id"]) == (False, f"batch-{id}-")
    assert line["error"].startswith('Bad Request: {"error":{')


@pytest.mark.parametrize(("provider", "code"), [("bedrock", "failed"), ("vertex-ai", 3)])
def test_refused_input(provider: str, code: Json) -> None:
    """A batch whose input is invalid has failed, with the error in a list."""
    client = client_of(provider)
    id = create(client, provider, lines() + b"{}\n")
    client.advance(DAY)
    batch = shown(client, id)
    assert (batch["status"], batch["errors"]["data"][0]["code"]) == ("failed", code)
    assert batch["failed_at"] is not None


@pytest.mark.parametrize(
    ("provider", "answer", "during", "after"),
    [
        ("bedrock", "success", "stopping", "stopped"),
        ("vertex-ai", None, "cancelling", "cancelled"),
        ("cohere", "success", "cancelling", "cancelled"),
    ],
)
def test_cancel(provider: str, answer: str | None, during: str, after: str) -> None:
    """The answer to a cancel says little; the status shows it."""
    client = client_of(provider)
    id = create(client, provider)
    client.advance(62)
    cancelled = client.good(client.post(f"/v1/batches/{id}/cancel", {}))
    assert cancelled.get("status") == answer
    assert cancelled.get("id", unquote(id)) == unquote(id)
    assert shown(client, id)["status"] == during
    client.advance(DAY)
    assert shown(client, id)["status"] == after


@PROVIDERS
def test_list(provider: str) -> None:
    """The list has the batches of the world."""
    client = client_of(provider)
    ids = [create(client, provider) for _ in range(2)]
    page = client.good(client.get("/v1/batches?limit=1"))
    if provider == "vertex-ai":
        assert (page["last_id"], page["has_more"]) == (ids[-1], True)
        assert len(page["data"]) == 1
    else:
        assert {batch["id"] for batch in page["data"]} == set(ids)
        assert "has_more" not in page
    if provider == "bedrock":
        assert page["data"][0]["status"] == "Validating"


@PROVIDERS
def test_unknown_batch(provider: str) -> None:
    """An error in the form of the provider."""
    client = client_of(provider)
    answer = client.get("/v1/batches/77")
    assert answer.status_code == 404
    text = "mockbatch has no job 77"
    if provider == "vertex-ai":
        error = {"code": 404, "message": text, "status": "NOT_FOUND"}
        assert answer.json == {"error": error}
        assert client.get("/v1/batches/77/output").json == {}
    else:
        assert answer.json["error"]["message"] == f"{provider} error: {text}"
        assert client.get("/v1/batches/77/output").status_code == 500


@PROVIDERS
def test_output_before_the_end(provider: str) -> None:
    """There is none, which is a 500."""
    client = client_of(provider)
    id = create(client, provider)
    assert client.get(f"/v1/batches/{id}/output").status_code == 500


def test_upload_to_bedrock_needs_a_bucket_a_model_and_jsonl() -> None:
    """The gateway checks them itself."""
    app = app_of()
    missing = upload(Client(app, "bedrock"), lines())
    assert (missing.status_code, missing.json["status"]) == (400, "failure")
    headers = {**BEDROCK, "x_portkey_aws_bedrock_model": "unknown"}
    slug = upload(Client(app, "bedrock", **headers), lines())
    assert (slug.status_code, slug.json["error"]["message"]) == (500, "Invalid model slug")
    other = upload(client_of("bedrock", app), lines(), "in.txt")
    assert other.json["error"]["message"].startswith("Invalid file extension")


def test_upload_to_vertex_ai_needs_a_bucket_and_a_model() -> None:
    """The gateway checks them itself."""
    answer = upload(Client(app_of(), "vertex-ai"), lines())
    assert (answer.status_code, answer.json["success"]) == (400, False)


def test_bedrock_requires_a_model() -> None:
    """Of a new batch the gateway itself, and of some requests about files, by a slip."""
    client = client_of("bedrock")
    for answer in (client.post("/v1/batches", {}), client.get("/v1/files")):
        assert (answer.status_code, answer.json["message"]) == (500, "Model is required")


@PROVIDERS
def test_missing_input(provider: str) -> None:
    """The provider refuses it, in words that are mockbatch's own."""
    client = client_of(provider)
    answer = client.post("/v1/batches", {"model": MODELS[provider]})
    assert (answer.status_code, "mockbatch: " in answer.text) == (400, True)


@PROVIDERS
@pytest.mark.parametrize("endpoint", ["/v1/responses", None, 5])
def test_the_endpoint_of_a_request_is_ignored(provider: str, endpoint: Json) -> None:
    """As by the gateway, which sends none to these providers."""
    client = client_of(provider)
    data = EMBEDDING if provider == "cohere" else lines()
    file = client.good(upload(client, data))
    body = {"input_file_id": file["id"], "model": MODELS[provider], "role_arn": ROLE}
    id = client.good(client.post("/v1/batches", {**body, "endpoint": endpoint}))["id"]
    client.advance(DAY)
    assert shown(client, id)["status"].startswith("complete")


def test_embeddings_on_vertex_ai() -> None:
    """The endpoint is read from the model; the gateway does not find the lines of the output."""
    client = client_of("vertex-ai")
    file = client.good(upload(client, EMBEDDING))
    body = {"input_file_id": file["id"], "model": "text-embedding-005"}
    id = client.good(client.post("/v1/batches", body))["id"]
    client.advance(DAY)
    done = shown(client, id)
    assert (done["status"], done["endpoint"]) == ("completed", "/v1/embeddings")
    assert done["output_file_id"].endswith("%2F000000000000.jsonl")
    assert done["request_counts"] == {"total": 1, "completed": "1", "failed": "0"}
    assert output(client, id) == []


def test_an_uploaded_file_on_bedrock() -> None:
    """Its size is a string, as the gateway reads it from S3's XML."""
    client = client_of("bedrock")
    file = client.good(upload(client, lines()))
    stored = client.good(client.get(f"/v1/files/{file['id']}"))
    assert list(stored.items()) == [
        ("object", "file"),
        ("id", file["id"]),
        ("purpose", ""),
        ("filename", unquote(file["id"])),
        ("bytes", str(len(lines()))),
        ("createdAt", file["created_at"]),
        ("status", "processed"),
        ("status_details", None),
    ]


def test_an_uploaded_file_on_vertex_ai() -> None:
    """It was created when it is read, and changed when it was created."""
    client = client_of("vertex-ai")
    file = client.good(upload(client, lines()))
    client.advance(60)
    stored = client.good(client.get(f"/v1/files/{file['id']}"))
    assert list(stored.items()) == [
        ("bytes", len(lines())),
        ("updatedAt", file["create_at"]),
        ("createdAt", file["create_at"] + 60_000),
        ("id", file["id"]),
        ("filename", unquote(file["id"]).removeprefix("gs://bucket/")),
        ("purpose", None),
        ("status", "processed"),
    ]


def test_datasets_of_cohere() -> None:
    """They can be read, listed and deleted; one of errors does not exist."""
    client = client_of("cohere")
    client.good(client.post("/_mock/scenarios/active", {"name": "some_failed"}))
    data = b"".join(EMBEDDING.replace(b'"a"', b'"%d"' % number) for number in range(20))
    file = client.good(upload(client, data))
    stored = client.good(client.get(f"/v1/files/{file['id']}"))
    assert stored == {
        "id": file["id"],
        "object": "file",
        "bytes": 0,
        "created_at": 1000 * file["created_at"],
        "filename": stored["filename"],
        "purpose": "embed-input",
        "status": "processed",
        "status_details": "",
    }
    assert stored["filename"].startswith("portkey-")
    body = {"input_file_id": file["id"], "model": "embed-v4"}
    id = client.good(client.post("/v1/batches", body))["id"]
    client.advance(DAY)
    result = client.good(client.get(f"/v1/files/{shown(client, id)['output_file_id']}"))
    assert result["purpose"] == "embed-result"
    assert client.good(client.get("/v1/files")) == {"data": [result, stored], "object": "list"}
    gone = client.good(client.delete(f"/v1/files/{file['id']}"))
    assert gone == {"object": "file", "deleted": True, "id": file["id"]}
    assert client.good(client.get("/v1/files"))["data"] == [result]


@pytest.mark.parametrize(
    ("provider", "status", "body"),
    [
        (
            "bedrock",
            500,
            '{"type":"provider_error","code":404,"param":null,"message":"bedrock error: <?xml',
        ),
        ("vertex-ai", 500, '{"html-message":"Message: File not found Cause: NA Name: Error"}'),
        ("cohere", 404, '{"error":{"message":"cohere error: mockbatch has no file'),
    ],
)
def test_a_file_that_does_not_exist(provider: str, status: int, body: str) -> None:
    """The gateway rewrites the provider's error in a form for each provider."""
    answer = client_of(provider).get(f"/v1/files/{quote('s3://bucket/file-1.jsonl', safe='')}")
    assert (answer.status_code, answer.text[: len(body)]) == (status, body)


@pytest.mark.parametrize(
    ("provider", "status", "message"),
    [
        ("bedrock", 500, "bedrock error: Incorrect API key provided"),
        ("vertex-ai", 500, "Message: File not found Cause: NA Name: Error"),
        ("cohere", 401, "cohere error: Incorrect API key provided"),
    ],
)
def test_a_wrong_key_cannot_read_files(provider: str, status: int, message: str) -> None:
    """The error has the form of a missing file."""
    client = client_of(provider)
    client.key = "undefined"
    paths = ["/v1/files/file-1", *(["/v1/files"] if provider == "cohere" else [])]
    for path in paths:
        answer = client.get(path)
        assert (answer.status_code, message in answer.text) == (status, True), answer.text


def test_batches_made_elsewhere_are_shown() -> None:
    """A batch of OpenAI's has a job, too, whose files are in a bucket named mockbatch."""
    app = app_of()
    id = create(client_of("bedrock", app), "bedrock")
    batch = Client(app, "openai").get("/v1/batches").json["data"][0]
    assert batch["metadata"]["model"] == "anthropic.claude-3-haiku"
    assert shown(client_of("vertex-ai", app), str(int("1" + batch["id"][6:], 16)))["id"] != id


def test_output_of_a_model_that_the_gateway_does_not_know() -> None:
    """The gateway cannot read what such a model writes on Bedrock."""
    client = client_of("bedrock")
    file = client.good(upload(client, lines()))
    body = {"input_file_id": file["id"], "model": "unknown", "role_arn": ROLE}
    id = client.good(client.post("/v1/batches", body))["id"]
    client.advance(DAY)
    answer = client.get(f"/v1/batches/{id}/output")
    assert (answer.status_code, answer.json["error"]["message"]) == (500, "Invalid model slug")


def test_key_of_aws_opens_a_world() -> None:
    """Without an Authorization, the id of AWS's key stands for it."""
    client = Client(app_of(), "bedrock", x_portkey_aws_access_key_id="AKIA1", Authorization="")
    assert client.get("/v1/batches", headers={"Authorization": ""}).status_code == 200
