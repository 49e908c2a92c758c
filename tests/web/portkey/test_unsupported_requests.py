"""Requests in the gateway's role that are a 501: those of the table in docs/portkey.md."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.caller import app_of, form, lines
from tests.web.portkey.test_providers import Client
from tests.web.portkey.test_translated import EMBEDDING, HEADERS, client_of, upload

PAGE = Path(__file__).parents[3] / "docs" / "portkey.md"
S3, CLOUD = "/v1/files/s3%3A%2F%2Fbucket%2F", "/v1/files/gs%3A%2F%2Fbucket%2F"
# By the row of the table: the provider, the request, and a part of the message. `{id}` is a file
# that was uploaded before.
ROWS = {
    "contents of files that bedrock and vertex-ai write": [
        ("bedrock", "GET /v1/files/{id}/content", "what bedrock and the gateway write"),
        ("bedrock", f"GET {S3}", "what bedrock and the gateway write into storage"),
        ("vertex-ai", "GET /v1/files/{id}/content", "what vertex-ai and the gateway write"),
        ("vertex-ai", f"GET {CLOUD}predictions.jsonl", "what vertex-ai and the gateway write"),
    ],
    "content of a file of cohere": [
        ("cohere", "GET /v1/files/{id}/content", "the root of Cohere's API"),
    ],
    "deletion of a file of vertex-ai": [
        ("vertex-ai", "DELETE /v1/files/{id}", "how Cloud Storage answers a DELETE of no object"),
    ],
    "files of fireworks-ai": [
        ("fireworks-ai", "GET /v1/files", "datasets of Fireworks"),
        ("fireworks-ai", "POST /v1/files", "datasets of Fireworks"),
        ("fireworks-ai", "DELETE /v1/files/file-1", "datasets of Fireworks"),
    ],
    "an upload to kluster-ai": [
        ("kluster-ai", "POST /v1/files", "how kluster.ai answers an upload"),
    ],
    "live calls and other requests to any provider but openai": [
        ("azure-openai", "POST /v1/chat/completions", "only batches and files of azure-openai"),
        ("anthropic", "POST /v1/messages", "only batches and files of anthropic"),
        ("groq", "GET /v1/models", "only batches and files of groq"),
        ("cohere", "POST /v1/embeddings", "only batches and files of cohere"),
    ],
}


@pytest.mark.parametrize(
    ("provider", "request_line", "reason"), [case for cases in ROWS.values() for case in cases]
)
def test_it_is_a_501_that_says_why(provider: str, request_line: str, reason: str) -> None:
    """The gateway would answer with what only the provider has."""
    client = client_of(provider) if provider in HEADERS else Client(app_of(), provider)
    method, path = request_line.split()
    if "{id}" in path:
        data = EMBEDDING if provider == "cohere" else lines()
        path = path.format(id=client.good(upload(client, data))["id"])
    body: Any = {"json": {}} if method == "POST" else {}
    if request_line == "POST /v1/files":
        body = form(('name="purpose"', b"batch"))
    answer = client.call(method, path, **body)
    assert answer.status_code == 501
    assert answer.json["status"] == "failure"
    assert reason in answer.json["message"]


def test_the_table_has_these_rows() -> None:
    """None is claimed without a request, and none is missing."""
    section = PAGE.read_text().split("## What is a 501")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+?) \|", section, re.MULTILINE)
    assert rows[2:] == list(ROWS)
