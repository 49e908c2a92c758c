"""A ninth endpoint is one new module in the folder of the eight, and its schemas."""

import subprocess
import sys
from pathlib import Path

MODULE = '''
"""POST /v1/shouts: a text, louder."""

from mockbatch.errors import api_error
from mockbatch.endpoints.endpoint import Endpoint, Tokens


def check(body):
    if not isinstance(body.get("input"), str):
        raise api_error("missing_parameter", param="input")


def answer(body, execution):
    return {"object": "shout", "created": execution.created_at, "text": body["input"].upper()}


ENDPOINT = Endpoint(
    path="/v1/shouts",
    product="Shouts",
    check=check,
    build_response=answer,
    read_usage=lambda body: Tokens(input=1, output=2),
    # A shape of its own would be schemas/shouts.response.json.
    schema="file_wire",
)
'''
PROGRAM = """
import json, sys
import mockbatch.endpoints

mockbatch.endpoints.__path__.append(sys.argv[1])

import httpx2
import openai

from mockbatch.testing.servers import app_world
from mockbatch.world.settings import ServerSettings, WorldSettings
from mockbatch.web.app import create_app

BODY = {"model": "mine", "input": "quiet"}
LINES = [
    {"custom_id": "a", "method": "POST", "url": "/v1/shouts", "body": BODY},
    {"custom_id": "b", "method": "POST", "url": "/v1/shouts", "body": {"model": "mine"}},
]

app = create_app(ServerSettings(world=WorldSettings(validate=False)))
handle = app_world(app, "ninth", {})
client = openai.OpenAI(
    base_url="http://localhost/v1",
    api_key=handle.api_key,
    http_client=httpx2.Client(transport=httpx2.WSGITransport(app=app)),
    max_retries=0,
)
live = client.post("/shouts", body=BODY, cast_to=dict)
assert live["text"] == "QUIET", live
try:
    client.post("/shouts", body={"model": "mine"}, cast_to=dict)
    raise AssertionError("it was taken")
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


def test_a_module_in_the_folder_is_an_endpoint(tmp_path: Path) -> None:
    """It is taken in a batch and live, by validation, and billed; nothing else was touched."""
    (tmp_path / "shouts.py").write_text(MODULE)
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.stdout, run.stderr) == ("served\n", "")
