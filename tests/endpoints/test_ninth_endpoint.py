"""A ninth endpoint needs one new module in `endpoints/` and two schemas, and nothing else."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import mockbatch

MODULE = '''
"""POST /v1/shouts: a text, louder."""

from mockbatch.endpoints.endpoint import Endpoint, Tokens
from mockbatch.validation.schema import schema


def build_response(body, execution):
    text = body["input"].upper() * body.get("times", 1)
    return {"object": "shout", "created": execution.created_at, "text": text}


ENDPOINT = Endpoint(
    path="/v1/shouts",
    product="Shouts",
    request_schema="shouts.request",
    response_schema="shouts.response",
    check=schema("shouts.request").check,
    build_response=build_response,
    read_usage=lambda response: Tokens(input=1, output=2),
)
'''
REQUEST_SCHEMA = {
    "type": "object",
    "required": ["model", "input"],
    "properties": {
        "model": {"type": "string"},
        "input": {"type": "string"},
        "times": {"type": "integer"},
    },
}
RESPONSE_SCHEMA = {
    "type": "object",
    "required": ["object", "created", "text"],
    "properties": {
        "object": {"const": "shout"},
        "created": {"type": "integer"},
        "text": {"type": "string"},
    },
}
PROGRAM = """
import json, sys

import httpx2
import mockbatch
import openai

from mockbatch.testing.servers import app_world
from mockbatch.world.settings import ServerSettings
from mockbatch.web.app import create_app

assert mockbatch.__file__.startswith(sys.argv[1]), mockbatch.__file__

BODY = {"model": "mine", "input": "quiet", "times": 2.0}
LINES = [
    {"custom_id": "a", "method": "POST", "url": "/v1/shouts", "body": BODY},
    {"custom_id": "b", "method": "POST", "url": "/v1/shouts", "body": {"model": "mine"}},
]

app = create_app(ServerSettings())
handle = app_world(app, "ninth", {})
client = openai.OpenAI(
    base_url="http://localhost/v1",
    api_key=handle.api_key,
    http_client=httpx2.Client(transport=httpx2.WSGITransport(app=app)),
    max_retries=0,
)
live = client.post("/shouts", body=BODY, cast_to=dict)
assert live["text"] == "QUIETQUIET", live
try:
    client.post("/shouts", body={"model": "mine"}, cast_to=dict)
    raise AssertionError("it was accepted")
except openai.BadRequestError as error:
    assert error.param == "input"

sent = b"".join(json.dumps(line).encode() + b"\\n" for line in LINES)
file = client.files.create(file=("in.jsonl", sent), purpose="batch")
batch = client.batches.create(
    input_file_id=file.id, endpoint="/v1/shouts", completion_window="24h"
)
handle.clock.advance(hours=1)
batch = client.batches.retrieve(batch.id)
assert (batch.request_counts.completed, batch.request_counts.failed) == (1, 1)
[line] = client.files.content(batch.output_file_id).text.split("\\n")[:-1]
body = json.loads(line)["response"]["body"]
assert {**body, "created": 0} == {**live, "created": 0}
assert batch.usage.total_tokens == 3
print("served")
"""


def test_a_module_and_two_schemas_are_an_endpoint(tmp_path: Path) -> None:
    """Batches, live calls, validation and billing know it, and its integers may be 2.0."""
    package = tmp_path / "mockbatch"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(mockbatch.__file__).parent, package, ignore=ignored)
    (package / "endpoints" / "shouts.py").write_text(MODULE)
    (package / "schemas" / "shouts.request.json").write_text(json.dumps(REQUEST_SCHEMA))
    (package / "schemas" / "shouts.response.json").write_text(json.dumps(RESPONSE_SCHEMA))
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.stdout, run.stderr) == ("served\n", "")
