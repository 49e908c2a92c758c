"""The named faults for files, on the routes of the providers that have files."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from mockbatch.typing import Json
from tests.support.caller import Caller, app_of, form, lines

AZURE, GROQ, ANTHROPIC = "/openai/v1", "/groq/openai/v1", "/v1/messages"


def caller_with(preset: str) -> Caller:
    """Return a client in whose world a named fault waits."""
    caller = Caller(app_of())
    caller.good(caller.post("/_mock/faults", {"preset": preset}))
    return caller


def upload(caller: Caller, prefix: str) -> TestResponse:
    """Upload an input file."""
    head = 'name="file"; filename="in.jsonl"\r\nContent-Type: application/json'
    parts = (('name="purpose"', b"batch"), (head, lines()))
    answer: TestResponse = caller.call("POST", f"{prefix}/files", **form(*parts))
    return answer


def error_of(answer: TestResponse) -> Any:
    """Return the error in a response."""
    assert answer.json is not None
    return answer.json["error"]


@pytest.mark.parametrize("preset", ["upload_too_large", "file_storage_quota"])
@pytest.mark.parametrize(
    ("prefix", "members"),
    [(AZURE, {"code", "message"}), (GROQ, {"message", "type"}), ("/v1", None)],
)
def test_refused_uploads(preset: str, prefix: str, members: set[str] | None) -> None:
    """The refusal is in the provider's own envelope."""
    answer = upload(caller_with(preset), prefix)
    assert answer.status_code == 400
    assert error_of(answer).keys() == (members or {"message", "type", "param", "code"})


def test_quota_of_azure() -> None:
    """Azure's quota has its code, and is not met by Groq's uploads."""
    assert error_of(upload(caller_with("file_quota"), AZURE))["code"] == "quotaExceeded"
    assert upload(caller_with("file_quota"), GROQ).status_code == 200


@pytest.mark.parametrize("prefix", [AZURE, GROQ])
def test_file_that_is_not_there_yet(prefix: str) -> None:
    """The first retrieval is a 404, the second is not."""
    caller = caller_with("file_not_found_yet")
    id = caller.good(upload(caller, prefix))["id"]
    statuses = [caller.get(f"{prefix}/files/{id}").status_code for _ in range(2)]
    assert statuses == [404, 200]


@pytest.mark.parametrize("prefix", [AZURE, GROQ])
def test_file_that_a_batch_does_not_find_yet(prefix: str) -> None:
    """The first create is a 400."""
    caller = caller_with("file_not_visible_yet")
    answer = caller.post(f"{prefix}/batches", {"endpoint": "/v1/chat/completions"})
    assert (answer.status_code, "Cannot find file" in error_of(answer)["message"]) == (400, True)


@pytest.mark.parametrize(
    ("preset", "changed"),
    [
        ("file_error", {"status": "error"}),
        ("file_processing", {"status": "uploaded"}),
        ("file_pending", {"status": "pending"}),
        ("expires_after_ignored", {"expires_at": None}),
    ],
)
def test_changed_file_objects_of_azure(preset: str, changed: dict[str, Json]) -> None:
    """A processed file looks otherwise."""
    caller = caller_with(preset)
    id = caller.good(upload(caller, AZURE))["id"]
    caller.advance(5)
    file = caller.good(caller.get(f"{AZURE}/files/{id}"))
    assert {name: file[name] for name in changed} == changed


def test_message_batches_do_not_meet_faults_of_files() -> None:
    """A create of Anthropic's has no file that could be missing."""
    caller = caller_with("file_not_visible_yet")
    headers = {"anthropic-version": "2023-06-01"}
    answer = caller.post(f"{ANTHROPIC}/batches", {"requests": []}, headers=headers)
    assert "requests" in error_of(answer)["message"]
