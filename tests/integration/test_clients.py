"""Programs with the official clients, run against the mock: each sees the same life."""

import base64
import json
import os
import shutil
import subprocess
import sys
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from mockbatch.client import WorldClient
from mockbatch.typing import Json
from tests.support import client_environments
from tests.support.client_environments import (
    CLIENTS,
    MAY_INSTALL,
    ROOT,
    MissingError,
    install_once,
    node_with,
    python_with,
    require,
    run,
    run_python,
)

pytestmark = [MAY_INSTALL, pytest.mark.slow]

Make = Callable[..., WorldClient]

NODE = CLIENTS / "node"
# Which client, and what it is installed from; the first is the one that the tests have.
PYTHONS = {
    "openai 3": ("openai", None),
    "openai 1": ("openai", "openai>=1.50,<2"),
    "portkey": ("portkey", "portkey-ai>=2.3,<3"),
    "litellm": ("litellm", "litellm>=1.80,<2"),
}
SEEN = {
    "whole": True,
    "statuses": ["validating", "in_progress", "finalizing", "completed"],
    "counts": [5, 4, 1],
    "results": ["200", "200", "200", "200", "400"],
    "failed": ["failed", "invalid_json_line", 2],
    "cancelled": ["cancelling", "cancelled"],
    "expired": [
        "expired",
        ["200", "200", "batch_expired", "batch_expired", "batch_expired"],
    ],
    "newest": True,
    "unknown": 404,
    "deleted": True,
}
# What the types of the SDK for Node call the answers that lines get.
BODIES = {
    "chat_completions": "OpenAI.ChatCompletion",
    "completions": "OpenAI.Completion",
    "embeddings": "OpenAI.CreateEmbeddingResponse",
    "images_edits": "OpenAI.ImagesResponse",
    "images_generations": "OpenAI.ImagesResponse",
    "moderations": "OpenAI.ModerationCreateResponse",
    "responses": "Response",
    "videos": "OpenAI.Video",
}

# The SDK adds `output_text` itself; `access_programs` is younger than what was recorded, and
# the members of `Recorded` are not in its types.
HEAD = """import OpenAI from "openai";
type Recorded = {
  billing: object; frequency_penalty: number; presence_penalty: number; store: boolean
};
type Response = Omit<OpenAI.Responses.Response, "output_text" | "access_programs"> & Recorded;
"""


@pytest.fixture
def polled(make_mockbatch: Make) -> WorldClient:
    """Make a world whose clock moves when it is polled."""
    return make_mockbatch(clock="on-poll")


@pytest.fixture(scope="session")
def modules() -> Path:
    """Return the folder with the clients for Node and the compiler."""
    return require(lambda: node_with(NODE))


@pytest.fixture
def project(modules: Path, tmp_path: Path) -> Path:
    """Return a folder to compile in, with the program and the packages."""
    for source in (NODE / "life.ts", NODE / "tsconfig.json"):
        shutil.copy(source, tmp_path)
    (tmp_path / "node_modules").symlink_to(modules / "node_modules", target_is_directory=True)
    return tmp_path


def compile_project(project: Path) -> str:
    """Compile a project, strictly, and return what the compiler has to say."""
    tsc = project / "node_modules/typescript/bin/tsc"
    done = subprocess.run(
        ["node", tsc, "--project", project, "--pretty", "false"], capture_output=True, text=True
    )
    return done.stdout + done.stderr


def run_client(done: "subprocess.CompletedProcess[str]") -> Json:
    """Return what a program saw; which line it was that failed is left to the world's seed."""
    assert done.returncode == 0, done.stderr
    story = json.loads(done.stdout)
    for results in (found := [story["results"], story["expired"][1]]):
        assert sorted(results) == [f"line-{number}" for number in range(5)]
    story["results"], story["expired"][1] = (sorted(map(str, one.values())) for one in found)
    return story


@pytest.mark.parametrize("name", PYTHONS)
def test_python_client_sees_the_whole_life(name: str, polled: WorldClient) -> None:
    """A line that fails, a batch that fails, a cancel and an expiry."""
    client, requirement = PYTHONS[name]
    python = require(lambda: python_with(requirement)) if requirement else sys.executable
    done = run_python(python, "life.py", polled, client)
    assert run_client(done) == SEEN


@pytest.mark.parametrize("client", ["openai", "portkey"])
def test_node_client_sees_the_whole_life(client: str, project: Path, polled: WorldClient) -> None:
    """The program compiles against the types of the SDK, and sees what the others see."""
    assert compile_project(project) == ""
    done = run(["node", project / "life.js", client], polled)
    assert run_client(done) == SEEN


def test_litellm_sees_the_whole_life_on_azure(polled: WorldClient) -> None:
    """It takes the endpoint, a key in `api-key` and a version."""
    python = require(lambda: python_with(str(PYTHONS["litellm"][1])))
    done = run_python(python, "azure_life.py", polled, "litellm", polled.url)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "file": "processed",
        "statuses": ["validating", "in_progress", "finalizing", "completed"],
        "results": ["a", "b"],
        "errors": "",
    }


def test_node_client_of_azure_sees_the_whole_life(project: Path, polled: WorldClient) -> None:
    """AzureOpenAI for Node: a pending file, a failing line, an invalid input, a cancel, pages."""
    shutil.copy(NODE / "azure.mjs", project)
    done = run(["node", project / "azure.mjs", polled.url], polled)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "file": ["pending", "processed"],
        "statuses": ["validating", "in_progress", "finalizing", "completed"],
        "results": {"a": 200, "b": 400},
        "failed": ["failed", "url_mismatch"],
        "cancelled": ["cancelling", "cancelled"],
        "listed": 3,
        "unknown": [404, "404"],
        "live": "chat.completion",
    }


def test_node_client_of_azure_lists_more_than_a_thousand_batches(
    project: Path, mockbatch: WorldClient
) -> None:
    """Page by page, each batch once, the newest first."""
    line = {"custom_id": "a", "method": "POST", "url": "/chat/completions"}
    data = json.dumps({**line, "body": {"model": "gpt-4o-mini", "messages": []}}).encode()
    file = mockbatch.azure.files.create(file=("in.jsonl", data), purpose="batch")
    mockbatch.clock.advance(seconds=60)
    request: Any = {"endpoint": "/chat/completions", "completion_window": "24h"}
    create = mockbatch.azure.batches.create
    ids = [create(input_file_id=file.id, **request).id for _ in range(1001)]
    shutil.copy(NODE / "azure.mjs", project)
    done = run(["node", project / "azure.mjs", mockbatch.url, "list"], mockbatch)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ids[::-1]


def get_json(client: openai.OpenAI, path: str) -> Json:
    """Return what the mock answers to a GET, as JSON."""
    return client.get(path, cast_to=object)


def batches(client: openai.OpenAI, file: str, endpoint: str, scenario: str) -> Iterator[Json]:
    """Yield a batch as each poll sees it, from its creation to its end."""
    metadata = {"mockbatch_scenario": scenario}
    body = {"input_file_id": file, "endpoint": endpoint, "completion_window": "24h"}
    batch: Json = client.post("/batches", body={**body, "metadata": metadata}, cast_to=object)
    yield batch
    if scenario == "cancelled_partial":
        yield client.post(f"/batches/{batch['id']}/cancel", cast_to=object)
    while batch["status"] not in ("completed", "failed", "expired", "cancelled"):
        batch = get_json(client, f"/batches/{batch['id']}")
        yield batch


def decode_embeddings(answer: Json) -> Json:
    """Unpack embeddings as the SDK does, whose types are of what it hands out."""
    for one in answer.get("data", ()):
        if isinstance(one.get("embedding"), str):
            one["embedding"] = array("f", base64.b64decode(one["embedding"])).tolist()
    return answer


def answers(client: openai.OpenAI) -> Iterator[tuple[str, Json]]:
    """Yield answers of every kind, each with its type."""
    ends = ("some_failed", "validation_failed", "cancelled_partial", "expired_partial")
    for stem, kind in BODIES.items():
        data = (ROOT / "fixtures/requests" / f"{stem}.jsonl").read_bytes()
        endpoint = json.loads(data.splitlines()[0])["url"]
        file = client.files.create(file=("in.jsonl", data), purpose="batch").id
        for scenario in ends if stem == "chat_completions" else ["happy"]:
            for batch in batches(client, file, endpoint, scenario):
                yield "OpenAI.Batch", batch
            if scenario in ("happy", "some_failed"):
                output = client.files.content(batch["output_file_id"]).text
                for line in output.split("\n")[:-1]:
                    yield kind, decode_embeddings(json.loads(line)["response"]["body"])
    for one in get_json(client, "/files")["data"]:
        yield "OpenAI.FileObject", one
    yield "OpenAI.FileDeleted", client.delete(f"/files/{file}", cast_to=object)
    yield "OpenAI.Model", get_json(client, "/models/gpt-4o-mini")
    try:
        get_json(client, f"/files/{file}")
    except openai.NotFoundError as error:
        yield "OpenAI.ErrorObject", error.body
    yield from upload_in_one_part(client)
    yield from call_webhook_endpoint(client)


def upload_in_one_part(client: openai.OpenAI) -> Iterator[tuple[str, Json]]:
    """Yield the answers of an upload in one part, and its file's."""
    body = {"filename": "a", "purpose": "batch", "bytes": 2, "mime_type": "text/jsonl"}
    upload: Json = client.post("/uploads", body=body, cast_to=object)
    yield "OpenAI.Upload", upload
    part = client.uploads.parts.create(upload["id"], data=b"{}").to_dict()
    yield "OpenAI.Uploads.UploadPart", part
    ids = {"part_ids": [part["id"]]}
    yield (
        "OpenAI.Upload",
        client.post(f"/uploads/{upload['id']}/complete", body=ids, cast_to=object),
    )


def call_webhook_endpoint(client: openai.OpenAI) -> Iterator[tuple[str, Json]]:
    """Yield the answers of an endpoint for webhooks."""
    body = {"name": "a", "url": "http://127.0.0.1:9/", "event_types": ["batch.completed"]}
    made: Json = client.post("/webhook_endpoints", body=body, cast_to=object)
    path = f"/webhook_endpoints/{made['id']}"
    yield "OpenAI.Webhooks.WebhookEndpointWithSecret", made
    yield "OpenAI.Webhooks.WebhookEndpoint", get_json(client, path)
    yield "OpenAI.Webhooks.DeletedWebhookEndpoint", client.delete(path, cast_to=object)


def test_answers_fit_the_types_for_node(project: Path, polled: WorldClient) -> None:
    """No member that they lack, none missing that they need, every value one of theirs.

    `null` counts as absent: the service sends it where the types have a member that may lack.
    """
    (project / "life.ts").unlink()
    given = list(answers(polled.client))
    consts = [
        f"export const answer{number}: {kind} = {json.dumps(answer)};"
        for number, (kind, answer) in enumerate(given)
    ]
    (project / "answers.ts").write_text(HEAD + "\n".join(consts))
    said = compile_project(project)
    assert said == ""


def test_answer_that_does_not_fit_is_found(project: Path) -> None:
    """An unknown status, so the compiler does check something."""
    text = 'import OpenAI from "openai";\nexport const a: OpenAI.Batch["status"] = "paused";\n'
    (project / "answers.ts").write_text(text)
    assert "answers.ts(2,14)" in compile_project(project)


def test_lock_file_names_no_registry() -> None:
    """Packages come from whichever registry npm is configured to use."""
    packages = json.loads((NODE / "package-lock.json").read_bytes())["packages"]
    assert len(packages) > 5
    assert [path for path, one in packages.items() if "resolved" in one] == []


def missing() -> Path:
    """Need something that is not there."""
    raise MissingError("there is no node on this machine")


def test_missing_tool_is_a_skip_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has no Node can run the other tests."""
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="there is no node"):
        require(missing)


def test_missing_tool_is_an_error_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is required, a missing one fails the test."""
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="there is no node"):
        require(missing)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Keep what is installed in a folder of the test's own."""
    (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(client_environments, "ROOT", tmp_path)
    return tmp_path


def test_what_cannot_be_installed_is_missing(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a registry, one line says so."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(MissingError, match=r"^openai cannot be installed: ERROR: .+$"):
        python_with("openai")


def test_half_an_environment_is_made_again(elsewhere: Path) -> None:
    """Whole ones are kept."""
    calls: list[Path] = []

    def install(folder: Path) -> None:
        assert not any(folder.iterdir())
        (folder / "half").touch()
        calls.append(folder)
        if len(calls) == 1:
            raise MissingError("the network is gone")

    with pytest.raises(MissingError):
        install_once("one", b"1", install)
    assert install_once("one", b"1", install) == install_once("one", b"1", install)
    assert len(calls) == 2


def test_a_missing_node_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """By name."""
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(MissingError, match="there is no node"):
        node_with(NODE)
