"""Another provider needs one folder in `providers/`, one module of routes, and nothing else."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mockbatch

DOCUMENT = {
    "title": "Parrot",
    "requests": [{"path": "/parrot/v2"}, {"path": "/v1/files", "header": "x-parrot-key"}],
    "key_headers": ["x-parrot-key"],
    "openai_paths": {
        "/parrot/v2/jobs": "/v1/batches",
        "/parrot/v2/jobs/{id}/songs": "/v1/files/{id}/content",
    },
    "environment": {"PARROT_URL": "{url}/parrot/v2", "PARROT_KEY": "{key}", "PARROT_OFF": None},
}
PROVIDER = '''
"""Parrot repeats what it is told."""

from mockbatch.batch.rules import BatchRules
from mockbatch.batch.timeline import FINAL
from mockbatch.errors import api_error
from mockbatch.providers.provider import Provider


def adapt(scenario):
    if "quotas" in scenario.document:
        raise api_error(
            "scenario_not_for_provider", name=scenario.name, provider="Parrot", reason="it is free"
        )
    return scenario


def song(line):
    response = line["response"] or {"body": {"error": line["error"]}}
    if "error" in response["body"]:
        return {"id": line["custom_id"], "error": response["body"]["error"]}
    return {"id": line["custom_id"], "song": response["body"]["choices"][0]["message"]["content"]}


RULES = BatchRules(
    provider="parrot",
    schema="parrot/job",
    output_line=song,
    empty_files=FINAL,
    results_seconds=86400,
    adapt=adapt,
    status_names={"completed": "sung"},
)


class Parrot(Provider):
    name = "parrot"
    batch_rules = RULES

    def error(self, error, request_id):
        return error.status, {"squawk": error.message, "name": error.name, "id": request_id}

    def headers(self, organization, milliseconds, request_id):
        return {"x-parrot-request": request_id}

    def request_id(self, openai_id):
        return openai_id.replace("req_", "squawk_")


PROVIDER = Parrot()
'''
ROUTES = '''
"""Parrot's routes."""

import json
from functools import partial

from flask import Blueprint, Response, request

from mockbatch.batch.batch import OUTPUT
from mockbatch.batch.create import BatchRequest
from mockbatch.batch.deferred import Deferred
from mockbatch.batch.input_file import BatchInput, find_lines
from mockbatch.batch.rules import BatchTerms
from mockbatch.files.content import Content
from mockbatch.providers.parrot import RULES
from mockbatch.web.context import world
from mockbatch.web.responses import json_response, send_json
from mockbatch.web.v1.batches import find_retrieved

blueprint = Blueprint("parrot", __name__)


@blueprint.post("/parrot/v2/repeat")
def repeat() -> Response:
    return json_response("parrot/word", {"word": request.json["word"], "world": world().name})


@blueprint.post("/parrot/v2/jobs")
def create() -> Response:
    lines = []
    for id, text in request.json["questions"].items():
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}]}
        line = {"custom_id": id, "method": "POST", "url": "/v1/chat/completions", "body": body}
        lines.append(json.dumps(line).encode() + b"\\n")
    content = Content.of(b"".join(lines))
    offsets = Deferred(find_lines, content)
    batch_input = BatchInput(
        content=content,
        total=len(lines),
        offsets=offsets,
        model=None,
        failing_lines=frozenset(),
        errors=(),
    )
    terms, path = BatchTerms(), "/v1/chat/completions"
    return show(
        world().create_batch(BatchRequest("", path, None, None, None, RULES, terms, batch_input))
    )


@blueprint.get("/parrot/v2/jobs/<id>")
def retrieve(id: str) -> Response:
    return show(find_retrieved(id, "parrot"))


@blueprint.get("/parrot/v2/jobs/<id>/songs")
def songs(id: str) -> Response:
    file = world().file(world().batch(id).planned_file_id(OUTPUT))
    return Response(file.content.chunks(0, file.content.size))


def batch_json(batch):
    return {"id": batch.id, "state": batch.shown_status(world().now())}


def show(batch) -> Response:
    return send_json(batch_json(batch))
'''
SCHEMA = {
    "type": "object",
    "required": ["word", "world"],
    "properties": {"word": {"const": "hello"}, "world": {"type": "string"}},
}
JOB = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "urn:mockbatch:parrot:job",
    "type": "object",
    "required": ["id", "state"],
    "properties": {"state": {"enum": ["validating", "sung"]}},
}
PROGRAM = """
import sys

import mockbatch
from mockbatch.web.app import create_app
from mockbatch.world.settings import ServerSettings

assert mockbatch.__file__.startswith(sys.argv[1]), mockbatch.__file__

client = create_app(ServerSettings()).test_client()
assert "mockbatch.providers.parrot" not in sys.modules
bearer, own = {"Authorization": "Bearer key"}, {"x-parrot-key": "key"}

openai = client.get("/v1/files", headers=bearer)
assert (openai.status_code, openai.json.get("object")) == (200, "list"), openai.json
assert "mockbatch.providers.parrot" not in sys.modules
claimed = client.get("/v1/files", headers=own)
assert (claimed.status_code, claimed.json["name"]) == (404, "unknown_url"), claimed.json

said = client.post("/parrot/v2/repeat", headers=own, json={"word": "hello"})
assert said.json == {"word": "hello", "world": "key"}, said.json
assert said.headers["x-parrot-request"].startswith("squawk_"), said.headers
assert "openai-version" not in said.headers
said = client.post("/parrot/v2/repeat", headers=bearer, json={"word": "hello"})
assert said.json["world"] == "key"

nobody = client.post("/parrot/v2/repeat", json={"word": "hello"})
assert (nobody.status_code, nobody.json["name"]) == (401, "no_authorization")
assert nobody.json["id"] == nobody.headers["x-parrot-request"]
wrong = client.post("/parrot/v2/repeat", headers=own, json={"word": "bye"})
assert (wrong.status_code, wrong.json["name"]) == (500, "server_error")

fault = {"match": {"path": "/parrot/*"}, "fault": {"status": 418, "body": {"short": "stout"}}}
added = client.post("/_mock/faults", headers=bearer, json=fault)
assert added.status_code == 200, added.text
met = client.post("/parrot/v2/repeat", headers=own, json={"word": "hello"})
assert (met.status_code, met.json) == (418, {"short": "stout"}), met.text
assert met.headers["x-parrot-request"].startswith("squawk_")
journal = client.get("/_mock/requests", headers=bearer).json["requests"]
assert [(one["path"], one["status"]) for one in journal] == [
    ("/parrot/v2/repeat", 200),
    ("/parrot/v2/repeat", 200),
    ("/parrot/v2/repeat", 500),
    ("/parrot/v2/repeat", 418),
], journal

client.delete("/_mock/faults", headers=bearer)
job = client.post("/parrot/v2/jobs", headers=own, json={"questions": {"one": "1?"}}).json
sung = client.post(f"/_mock/batches/{job['id']}/complete", headers=bearer)
assert sung.json == {"id": job["id"], "state": "sung"}, sung.text
schemas = client.get("/_mock/openapi.json", headers=bearer).json["components"]["schemas"]
assert schemas["parrot-job"]["required"] == ["id", "state"]
print("served")
"""
# A user's program, which is judged by what it did to Parrot.
USER = """
import json
import os
import time
import urllib.request

assert "PARROT_OFF" not in os.environ


def call(path, body=None):
    headers = {"x-parrot-key": os.environ["PARROT_KEY"], "Content-Type": "application/json"}
    data = body and json.dumps(body).encode()
    request = urllib.request.Request(os.environ["PARROT_URL"] + path, data, headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        return response.read().decode()


job = json.loads(call("/jobs", {"questions": {"one": "1?", "two": "2?", "three": "3?"}}))
while job["state"] not in ("sung", "expired"):
    time.sleep(60)
    job = json.loads(call("/jobs/" + job["id"]))
for line in call("/jobs/" + job["id"] + "/songs").split("\\n"):
    print(line)
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return a folder with a copy of the package, to which Parrot was added."""
    package = tmp_path / "mockbatch"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(mockbatch.__file__).parent, package, ignore=ignored)
    folder = package / "providers" / "parrot"
    (folder / "schemas").mkdir(parents=True)
    (folder / "provider.json").write_text(json.dumps(DOCUMENT))
    (folder / "__init__.py").write_text(PROVIDER)
    for name, schema in (("word", SCHEMA), ("job", JOB)):
        (folder / "schemas" / f"{name}.json").write_text(json.dumps(schema))
    (package / "web" / "providers" / "parrot.py").write_text(ROUTES)
    return tmp_path


def run_python(package: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python where it imports the copy."""
    command = [sys.executable, "-W", "error", *words]
    environ = {**os.environ, "PARROT_OFF": "1"}
    return subprocess.run(
        command, cwd=package, env=environ, capture_output=True, text=True, check=False
    )


def test_a_folder_and_a_module_of_routes_are_a_provider(package: Path) -> None:
    """Its requests find its routes, its key, its words, its schemas, and the faults of a world."""
    run = run_python(package, "-c", PROGRAM, str(package))
    assert run.stdout == "served\n", run.stderr


@pytest.mark.slow
def test_survive_judges_a_program_that_uses_it(package: Path) -> None:
    """It sees its polls and downloads, and knows which scenarios it does not have."""
    (package / "user.py").write_text(USER)
    names = ("content_5xx", "some_failed", "poll_429", "enqueued_quota", "file_error")
    only = [word for name in names for word in ("--only", name)]
    command = ["-m", "mockbatch", "survive", "--json", *only, "--", sys.executable]
    run = run_python(package, *command, str(package / "user.py"))
    rows = {row["misfortune"]: row for row in map(json.loads, run.stdout.splitlines())}
    assert {name: row["verdict"] for name, row in rows.items()} == {
        "content_5xx": "reported",
        "some_failed": "handled",
        "poll_429": "reported",
        "enqueued_quota": "not met",
        "file_error": "not met",
    }, run.stderr
    assert rows["enqueued_quota"]["sentence"] == "not for Parrot: it is free"
    assert rows["some_failed"]["evidence"]["server"]["providers"] == ["parrot"]
