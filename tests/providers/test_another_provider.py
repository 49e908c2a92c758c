"""Another provider needs one folder in `providers/`, one module of routes, and nothing else."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import mockbatch

DOCUMENT = {
    "title": "Parrot",
    "requests": [{"path": "/parrot/v2"}, {"path": "/v1/files", "header": "x-parrot-key"}],
    "key_headers": ["x-parrot-key"],
}
PROVIDER = '''
"""Parrot repeats what it is told."""

from mockbatch.providers.provider import Provider


class Parrot(Provider):
    name = "parrot"

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

from flask import Blueprint, Response, request

from mockbatch.web.context import world
from mockbatch.web.responses import json_response

blueprint = Blueprint("parrot", __name__)


@blueprint.post("/parrot/v2/repeat")
def repeat() -> Response:
    return json_response("parrot/word", {"word": request.json["word"], "world": world().name})
'''
SCHEMA = {
    "type": "object",
    "required": ["word", "world"],
    "properties": {"word": {"const": "hello"}, "world": {"type": "string"}},
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
print("served")
"""


def test_a_folder_and_a_module_of_routes_are_a_provider(tmp_path: Path) -> None:
    """Its requests find its routes, its key, its words, its schemas, and the faults of a world."""
    package = tmp_path / "mockbatch"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(mockbatch.__file__).parent, package, ignore=ignored)
    folder = package / "providers" / "parrot"
    (folder / "schemas").mkdir(parents=True)
    (folder / "provider.json").write_text(json.dumps(DOCUMENT))
    (folder / "__init__.py").write_text(PROVIDER)
    (folder / "schemas" / "word.json").write_text(json.dumps(SCHEMA))
    (package / "web" / "providers" / "parrot.py").write_text(ROUTES)
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout == "served\n", run.stderr
