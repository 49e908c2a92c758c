"""Groq's routes. Where no line says otherwise, the evidence are the types of its SDK."""

import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from tests.support.caller import DAY, Caller, app_of, form, lines, upload_form

SDK = "Groq/Python 1.7.0"


class Groq(Caller):
    """A client of Groq: its SDK, or OpenAI's with the prefix `/groq`."""

    def __init__(self, app: Any, agent: str = SDK) -> None:
        super().__init__(app)
        self._agent = agent

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        """Send a request; a path that is not of the control API is one of Groq's."""
        prefix = "/openai/v1" if "Groq" in self._agent else "/groq/openai/v1"
        whole = path if path.startswith(("/_mock", "/openai")) else prefix + path
        headers = {"User-Agent": self._agent, **options.pop("headers", {})}
        return super().call(method, whole, headers=headers, **options)

    def created(self, **fields: Json) -> dict[str, Json]:
        """Upload an input file, and create a batch from it."""
        file = self.good(self.call("POST", "/files", **upload_form()))
        body = {"endpoint": "/v1/chat/completions", "completion_window": "24h", **fields}
        return self.good(self.post("/batches", {"input_file_id": file["id"], **body}))

    def seen(self, id: str) -> dict[str, Json]:
        """Retrieve a batch."""
        return self.good(self.get(f"/batches/{id}"))


@pytest.fixture(params=[SDK, "AsyncGroq/Python 1.7.0", "Groq/JS 1.3.0", "OpenAI/Python 3.57.0"])
def groq(request: pytest.FixtureRequest) -> Groq:
    """Return a client of each kind."""
    return Groq(app_of(), request.param)


def test_batch_is_validating_however_fast_the_clock_is() -> None:
    """The response shows it as it is created."""
    groq = Groq(app_of(clock="x1000000"), SDK)
    batch = groq.created()
    assert batch["status"] == "validating"
    assert groq.seen(batch["id"])["status"] == "completed"


def test_batch_completes(groq: Groq) -> None:
    """As with OpenAI: no file without lines."""
    batch = groq.created()
    assert batch["status"] == "validating"
    groq.advance(DAY / 2)
    batch = groq.seen(batch["id"])
    assert (batch["status"], batch["error_file_id"]) == ("completed", None)
    output = groq.get(f"/files/{batch['output_file_id']}/content").text
    assert output.count("\n") == 2


def test_ids(groq: Groq) -> None:
    """26 digits of base 32 after an underscore; from memory."""
    batch = groq.created()
    assert re.fullmatch("batch_01[0-9a-z]{24}", batch["id"])
    assert re.fullmatch("file_01[0-9a-z]{24}", batch["input_file_id"])


def test_objects_have_the_members_of_the_sdk(groq: Groq) -> None:
    """A file has no status, and a batch no usage."""
    batch = groq.created()
    assert list(groq.good(groq.get(f"/files/{batch['input_file_id']}"))) == [
        *("id", "object", "bytes", "created_at", "filename", "purpose")
    ]
    assert not {"usage", "model"} & set(batch)
    assert schema("groq/batch").accepts(batch)
    assert not schema("groq/batch").accepts({**batch, "status": "done"})


@pytest.mark.parametrize(
    ("window", "days"), [("24h", 1), ("1d", 1), ("36h", 1.5), ("168h", 7), ("7d", 7)]
)
def test_window_is_when_it_expires(window: str, days: float) -> None:
    """From 24 hours to 7 days."""
    groq = Groq(app_of())
    batch = groq.created(
        completion_window=window, metadata={"mockbatch_scenario": "expired_partial"}
    )
    assert batch["completion_window"] == window
    assert batch["expires_at"] == batch["created_at"] + days * DAY
    groq.advance(days * DAY - 1)
    assert groq.seen(batch["id"])["status"] == "in_progress"
    groq.advance(1)
    assert groq.seen(batch["id"])["status"] == "expired"


@pytest.mark.parametrize("window", ["23h", "8d", "169h", "1w", "", "24 h", "0d"])
def test_other_windows_are_refused(window: str) -> None:
    """With the param."""
    groq = Groq(app_of())
    body = {"endpoint": "/v1/chat/completions", "input_file_id": "file_1"}
    answer = groq.post("/batches", {**body, "completion_window": window})
    assert answer.status_code == 400
    assert answer.json["error"]["param"] == "completion_window"


def test_other_endpoints_are_refused(groq: Groq) -> None:
    """Only chat completions."""
    body = {"endpoint": "/v1/embeddings", "input_file_id": "a", "completion_window": "24h"}
    assert groq.post("/batches", body).json["error"]["param"] == "endpoint"


def test_other_purposes_are_refused(groq: Groq) -> None:
    """Only `batch`."""
    answer = groq.call("POST", "/files", **upload_form(purpose="vision"))
    assert answer.json["error"]["param"] == "purpose"
    missing = groq.call("POST", "/files", **form(('name="file"; filename="in.jsonl"', lines())))
    message = "'purpose' is a required property"
    assert (missing.status_code, missing.json["error"]["message"]) == (400, message)


def test_errors_have_no_null_members(groq: Groq) -> None:
    """The text of a wrong key is from memory."""
    answer = groq.get("/batches", headers={"Authorization": "Bearer undefined"})
    assert answer.status_code == 401
    assert answer.json == {
        "error": {
            "message": "Invalid API Key",
            "type": "invalid_request_error",
            "code": "invalid_api_key",
        }
    }
    assert None not in groq.get("/batches/batch_1").json["error"].values()


def test_list_ends_for_clients_that_page(groq: Groq) -> None:
    """After the last batch there is an empty page."""
    made = [groq.created()["id"] for _ in range(3)]
    listed = groq.good(groq.get("/batches"))
    assert list(listed) == ["object", "data"]
    assert [one["id"] for one in listed["data"]] == made[::-1]
    assert groq.good(groq.get(f"/batches?after={made[0]}"))["data"] == []


def test_cancel_delete_and_list_of_files(groq: Groq) -> None:
    """The other calls of the SDK."""
    batch = groq.created()
    assert groq.good(groq.post(f"/batches/{batch['id']}/cancel"))["status"] == "cancelling"
    assert [one["id"] for one in groq.get("/files").json["data"]] == [batch["input_file_id"]]
    assert groq.good(groq.delete(f"/files/{batch['input_file_id']}"))["deleted"] is True


def test_a_retry_is_no_poll() -> None:
    """As in OpenAI's API: on an on-poll clock, a retry of the SDK moves no time."""
    groq = Groq(app_of(clock="on-poll"))
    id, before = groq.created()["id"], groq.clock()["now"]
    groq.good(groq.call("GET", f"/batches/{id}", headers={"x-stainless-retry-count": "1"}))
    assert groq.clock()["now"] == before
    groq.seen(id)
    assert groq.clock()["now"] > before


def test_the_journal_names_what_distorted_a_list(groq: Groq) -> None:
    """As it does for OpenAI's."""
    groq.good(groq.post("/_mock/scenarios/active", {"name": "counts_null"}))
    groq.created()
    [shown] = groq.good(groq.get("/batches"))["data"]
    assert shown["request_counts"] is None
    last = groq.good(groq.get("/_mock/requests"))["requests"][-1]
    assert (last["method"], last["fault"]) == ("GET", "counts_null")


def test_live_call(groq: Groq) -> None:
    """And the list of models."""
    groq.created()
    body = {"model": "llama-3.3-70b-versatile", "messages": [{"role": "user", "content": "Hi"}]}
    assert groq.good(groq.post("/chat/completions", body))["object"] == "chat.completion"
    assert groq.good(groq.get("/models"))["object"] == "list"


def test_batches_of_azure_are_not_there() -> None:
    """The same path and key, and another client."""
    groq = Groq(app_of())
    batch = groq.created()
    azure = Caller(groq.app)
    assert azure.get(f"/openai/v1/batches/{batch['id']}").status_code == 404
    assert azure.get("/openai/v1/batches").json["data"] == []
    assert groq.get(f"/openai/v1/batches/{batch['id']}").status_code == 200


def test_state_keeps_the_window() -> None:
    """A loaded batch expires when its own window ends."""
    groq = Groq(app_of())
    scenario = {"mockbatch_scenario": "expired_partial"}
    batch = groq.created(completion_window="3d", metadata=scenario)
    state = groq.good(groq.get("/_mock/state"))
    other = Groq(app_of())
    other.good(other.call("PUT", "/_mock/state", json=state))
    other.advance(3 * DAY - 1)
    assert other.seen(batch["id"])["status"] == "in_progress"
    other.advance(1)
    assert other.seen(batch["id"])["status"] == "expired"
    assert other.seen(batch["id"])["completion_window"] == "3d"


def test_its_files_are_listed_by_all_providers() -> None:
    """The files of a world are shared, whatever their ids look like."""
    groq = Groq(app_of())
    file_id = groq.created()["input_file_id"]
    for path in ("/openai/files?api-version=2025-03-01-preview", "/openai/v1/files"):
        listed = groq.good(Caller.call(groq, "GET", path))
        assert [file["id"] for file in listed["data"]] == [file_id]
    for path in ("/v1/files", "/_mock/files"):
        assert groq.good(Caller.call(groq, "GET", path))["data"][0]["id"] == file_id
    assert groq.good(Caller.call(groq, "GET", f"/v1/files/{file_id}"))["id"] == file_id
