"""Azure OpenAI's routes. Where no line says otherwise, the evidence is Azure's guide to batches."""

import json
import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from mockbatch.providers.azure.files import PENDING_SECONDS
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from tests.support.caller import DAY, KEY, START, Caller, app_of, form

VERSION = "api-version=2024-10-21"
CALL = {"messages": [{"role": "user", "content": "Hello"}]}
FOLDER = "https://store.blob.core.windows.net/batch-output"
UUID4 = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


class Azure(Caller):
    """A client with its key in `api-key`; `surface` is `classic` or `v1`."""

    def __init__(self, app: Any, surface: str = "classic") -> None:
        super().__init__(app, None)
        self._surface = surface

    def path(self, path: str) -> str:
        """Return a path of the surface."""
        if self._surface == "v1":
            return f"/openai/v1{path}"
        return f"/openai{path}{'&' if '?' in path else '?'}{VERSION}"

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        """Send a request; a path that is not of the control API is one of the surface."""
        whole = path if path.startswith("/_mock") else self.path(path)
        headers = {"api-key": KEY, **options.pop("headers", {})}
        return super().call(method, whole, headers=headers, **options)

    def upload_lines(
        self, *lines: Json, url: str = "/chat/completions", **fields: str
    ) -> dict[str, Json]:
        """Upload an input file, one of two lines without any, and return its object."""
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
        both = [
            {"custom_id": name, "method": "POST", "url": url, "body": body} for name in ("a", "b")
        ]
        texts = [json.dumps(line) for line in (lines or both)]
        return self.good(self.call("POST", "/files", **file_form("\n".join(texts), **fields)))

    def ready(self, *lines: Json, **options: str) -> str:
        """Upload an input file, wait until it is processed, and return its id."""
        file = self.upload_lines(*lines, **options)
        self.advance(PENDING_SECONDS)
        id: str = file["id"]
        return id

    def created(self, file_id: str | None = None, **fields: Json) -> dict[str, Json]:
        """Create a batch."""
        body = {"endpoint": "/chat/completions", "completion_window": "24h", **fields}
        if file_id is None and "input_blob" not in fields:
            file_id = self.ready()
        return self.good(self.post("/batches", {"input_file_id": file_id, **body}))

    def seen(self, id: str) -> dict[str, Json]:
        """Retrieve a batch."""
        return self.good(self.get(f"/batches/{id}"))


def file_form(text: str, purpose: str = "batch", **fields: str) -> dict[str, Any]:
    """Return the request of an upload."""
    parts = [('name="purpose"', purpose.encode())]
    parts += [(f'name="{name}"', value.encode()) for name, value in fields.items()]
    head = 'name="file"; filename="in.jsonl"\r\nContent-Type: application/json'
    return form(*parts, (head, text.encode()))


def refusal(response: TestResponse) -> tuple[int, str]:
    """Return the status and the code of an error, which has nothing but a code and a message."""
    assert list(response.json) == ["error"]
    error = response.json["error"]
    assert list(error) == ["code", "message"]
    assert error["message"]
    return response.status_code, error["code"]


@pytest.fixture(params=["classic", "v1"])
def azure(request: pytest.FixtureRequest) -> Azure:
    """Return a client of each surface."""
    return Azure(app_of(), request.param)


class TestLife:
    """From the upload to the results."""

    def test_batch_is_validating_however_fast_the_clock_is(self) -> None:
        """The response shows it as it is created."""
        azure = Azure(app_of(clock="x1000000"), "v1")
        batch = azure.created()
        assert batch["status"] == "validating"
        assert azure.seen(batch["id"])["status"] == "completed"

    def test_batch_completes(self, azure: Azure) -> None:
        """Both files are named, and the one for errors has no byte."""
        batch = azure.created()
        assert (batch["status"], batch["endpoint"]) == ("validating", "/chat/completions")
        assert batch["request_counts"] == {"completed": 0, "failed": 0, "total": 0}
        azure.advance(DAY / 2)
        batch = azure.seen(batch["id"])
        assert batch["status"] == "completed"
        assert azure.get(f"/files/{batch['error_file_id']}/content").data == b""
        assert azure.good(azure.get(f"/files/{batch['error_file_id']}"))["bytes"] == 0
        output = azure.get(f"/files/{batch['output_file_id']}/content").text
        lines = [json.loads(line) for line in output.splitlines()]
        assert {line["custom_id"] for line in lines} == {"a", "b"}

    def test_output_line_is_that_of_the_guide(self, azure: Azure) -> None:
        """It has no id, and the results of the content filter."""
        batch = azure.created()
        azure.advance(DAY / 2)
        output = azure.get(f"/files/{azure.seen(batch['id'])['output_file_id']}/content").text
        line = json.loads(output.splitlines()[0])
        assert list(line) == ["custom_id", "response", "error"]
        assert list(line["response"]) == ["body", "request_id", "status_code"]
        body = line["response"]["body"]
        assert body["prompt_filter_results"][0]["prompt_index"] == 0
        assert body["choices"][0]["content_filter_results"]["hate"]["severity"] == "safe"

    def test_object_has_the_documented_keys(self, azure: Azure) -> None:
        """In the order of the guide, and those of blobs not without a blob."""
        assert list(azure.created()) == [
            *("id", "completion_window", "created_at", "endpoint", "input_file_id", "object"),
            *("status", "cancelled_at", "cancelling_at", "completed_at", "error_file_id"),
            *("errors", "expired_at", "expires_at", "failed_at", "finalizing_at"),
            *("in_progress_at", "metadata", "output_file_id", "request_counts"),
        ]

    def test_batch_goes_on_after_24_hours(self, azure: Azure) -> None:
        """`expires_at` is shown all the same."""
        batch = azure.created(metadata={"mockbatch_scenario": "stuck_in_progress"})
        assert batch["expires_at"] == batch["created_at"] + DAY
        azure.advance(3 * DAY)
        assert azure.seen(batch["id"])["status"] == "in_progress"

    @pytest.mark.parametrize("name", ["expired_partial", "slow_then_expire"])
    def test_scenario_of_an_expiry_is_refused(self, azure: Azure, name: str) -> None:
        """With the reason."""
        body = {"endpoint": "/chat/completions", "completion_window": "24h"}
        metadata = {"mockbatch_scenario": name}
        answer = azure.post(
            "/batches", {**body, "input_file_id": azure.ready(), "metadata": metadata}
        )
        assert refusal(answer)[0] == 400
        assert "its batches continue after 24 hours" in answer.json["error"]["message"]

    def test_cancel(self, azure: Azure) -> None:
        """It passes through `cancelling`."""
        batch = azure.created()
        assert azure.good(azure.post(f"/batches/{batch['id']}/cancel"))["status"] == "cancelling"
        azure.advance(DAY)
        assert azure.seen(batch["id"])["status"] == "cancelled"

    def test_batches_of_others_are_not_there(self, azure: Azure) -> None:
        """The same key has OpenAI's in the same world, but under its own paths."""
        mine, openai = azure.created(), Caller(azure.app)
        other = openai.create()
        assert openai.get(f"/v1/batches/{mine['id']}").status_code == 404
        assert openai.post(f"/v1/batches/{mine['id']}/cancel").status_code == 404
        assert azure.get(f"/batches/{other['id']}").status_code == 404
        assert azure.post(f"/batches/{other['id']}/cancel").status_code == 404
        for caller, path, id in (
            (azure, "/batches", mine["id"]),
            (openai, "/v1/batches", other["id"]),
        ):
            assert [one["id"] for one in caller.get(path).json["data"]] == [id]
        listed = azure.good(azure.get("/_mock/batches"))["data"]
        assert {one["id"] for one in listed} == {mine["id"], other["id"]}

    def test_state_keeps_it(self, azure: Azure) -> None:
        """A document of the world has the batch with all that is Azure's."""
        batch = azure.created()
        state = azure.good(azure.get("/_mock/state"))
        azure.advance(DAY / 2)
        before = azure.seen(batch["id"])
        other = Azure(app_of())
        assert other.call("PUT", "/_mock/state", json=state).status_code == 200
        other.advance(DAY / 2)
        assert other.seen(batch["id"]) == before
        file = f"/files/{before['output_file_id']}/content"
        assert other.get(file).data == azure.get(file).data

    def test_state_with_an_unknown_provider_is_refused(self, azure: Azure) -> None:
        """The message names the place."""
        azure.created()
        state = azure.good(azure.get("/_mock/state"))
        state["batches"][0]["provider"]["name"] = "asure"
        answer = azure.call("PUT", "/_mock/state", json=state)
        assert answer.status_code == 400
        assert "batches[0].provider.name" in answer.json["error"]["message"]

    @pytest.mark.parametrize("change", [{"status": "done"}, {"id": "batch_1"}, {"failed_at": 7}])
    def test_schema_rejects_what_the_guide_has_not(self, azure: Azure, change: Json) -> None:
        """Each change alone."""
        batch = azure.created()
        assert schema("azure/batch").accepts(batch)
        assert not schema("azure/batch").accepts({**batch, **change})


class TestIds:
    """The forms of ids; those of files are also in litellm#9189."""

    def test_they_are_those_of_the_samples(self, azure: Azure) -> None:
        """A UUID for a batch, 32 hexadecimal digits for a file."""
        batch = azure.created()
        assert re.fullmatch(f"batch_{UUID4}", batch["id"])
        assert re.fullmatch("file-[0-9a-f]{32}", batch["input_file_id"])
        azure.advance(DAY)
        done = azure.seen(batch["id"])
        for kind in ("output", "error"):
            assert re.fullmatch("file-[0-9a-f]{32}", done[f"{kind}_file_id"])

    def test_request_id_is_a_uuid(self, azure: Azure) -> None:
        """In `apim-request-id`, by which the journal finds the request."""
        azure.ready()
        answer = azure.get("/files")
        id = answer.headers["apim-request-id"]
        assert len(id.split("-")) == 5
        assert azure.good(azure.get(f"/_mock/requests/{id}"))["path"].startswith("/openai/")


class TestFiles:
    """Uploads."""

    def test_file_is_pending_at_first(self, azure: Azure) -> None:
        """The keys are those of the guide."""
        file = azure.upload_lines()
        assert list(file) == [
            *("status", "bytes", "purpose", "filename"),
            *("expires_at", "id", "created_at", "object"),
        ]
        assert (file["status"], file["expires_at"]) == ("pending", None)
        azure.advance(PENDING_SECONDS)
        assert azure.good(azure.get(f"/files/{file['id']}"))["status"] == "processed"

    def test_only_files_for_batches_are_pending(self, azure: Azure) -> None:
        """What is documented of other purposes says nothing of it."""
        assert azure.upload_lines(purpose="assistants")["status"] == "processed"

    def test_pending_file_is_no_input(self, azure: Azure) -> None:
        """Evidence: openai-dotnet#312."""
        body = {"endpoint": "/chat/completions", "completion_window": "24h"}
        file = azure.upload_lines()
        answer = azure.post("/batches", {**body, "input_file_id": file["id"]})
        assert refusal(answer) == (400, "invalidRequest")
        assert file["id"] in answer.json["error"]["message"]

    def test_polling_a_pending_file_moves_an_on_poll_clock(self) -> None:
        """A client that waits for its file sees it processed."""
        azure = Azure(app_of(clock="on-poll"))
        file = azure.upload_lines()
        assert azure.good(azure.get(f"/files/{file['id']}"))["status"] == "processed"
        assert azure.clock()["now"] == START + PENDING_SECONDS

    def test_polling_a_pending_file_moves_no_other_clock(self) -> None:
        """On a manual clock it stays pending until the test moves time."""
        azure = Azure(app_of())
        file = azure.upload_lines()
        assert azure.good(azure.get(f"/files/{file['id']}"))["status"] == "pending"
        assert azure.clock()["now"] == START

    @pytest.mark.parametrize("form", ["expires_after[{}]", "expires_after.{}"])
    def test_lifetime_in_both_forms(self, azure: Azure, form: str) -> None:
        """The SDK's with brackets, and the guide's with a dot."""
        fields = {form.format("seconds"): "1209600", form.format("anchor"): "created_at"}
        file = azure.upload_lines(**fields)
        assert file["expires_at"] == file["created_at"] + 14 * DAY

    @pytest.mark.parametrize("seconds", ["1209599", "2592001", "x", "", "-1"])
    def test_lifetime_has_14_to_30_days(self, azure: Azure, seconds: str) -> None:
        """Others are refused."""
        request = file_form("{}", **{"expires_after[seconds]": seconds})
        assert azure.call("POST", "/files", **request).status_code == 400

    def test_wrong_purpose(self, azure: Azure) -> None:
        """Evidence: litellm#6582."""
        answer = azure.call("POST", "/files", **file_form("{}", purpose="bach"))
        assert refusal(answer) == (400, "invalidPayload")
        assert answer.json["error"]["message"] == "Invalid value for purpose."

    def test_file_part_needs_a_content_type(self, azure: Azure) -> None:
        """Evidence: betalgo/openai#628."""
        parts = (('name="purpose"', b"batch"), ('name="file"; filename="a.jsonl"', b"{}"))
        answer = azure.call("POST", "/files", **form(*parts))
        assert refusal(answer) == (400, "invalidPayload")

    def test_list_and_delete(self, azure: Azure) -> None:
        """A deleted file is no longer listed."""
        first, second = azure.ready(), azure.ready()
        assert [one["id"] for one in azure.get("/files").json["data"]] == [second, first]
        assert azure.good(azure.delete(f"/files/{first}"))["deleted"] is True
        assert [one["id"] for one in azure.get("/files").json["data"]] == [second]
        assert azure.get(f"/files/{first}").status_code == 404


class TestFailures:
    """What is wrong with an input, and the codes for it."""

    def failed(self, azure: Azure, *lines: Json, **fields: Json) -> dict[str, Json]:
        """Return a batch that has failed."""
        batch = azure.created(azure.ready(*lines), **fields)
        azure.advance(DAY)
        failed = azure.seen(batch["id"])
        assert failed["status"] == "failed"
        return failed

    def line(self, name: str, **changes: Json) -> dict[str, Json]:
        """Return an input line."""
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
        line = {"custom_id": name, "method": "POST", "url": "/chat/completions", "body": body}
        return {**line, **changes}

    def test_other_url(self, azure: Azure) -> None:
        """A line with another URL than the first is a `url_mismatch`."""
        failed = self.failed(azure, self.line("a"), self.line("b", url="/embeddings"))
        [error] = failed["errors"]["data"]
        assert (error["code"], error["line"]) == ("url_mismatch", 2)

    def test_other_model(self, azure: Azure) -> None:
        """A line with another deployment than the first is a `model_mismatch`."""
        other = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}
        failed = self.failed(azure, self.line("a"), self.line("b", body=other))
        [error] = failed["errors"]["data"]
        assert (error["code"], error["line"]) == ("model_mismatch", 2)

    def test_repeated_custom_id(self, azure: Azure) -> None:
        """The code is OpenAI's."""
        failed = self.failed(azure, self.line("a"), self.line("a"))
        assert failed["errors"]["data"][0]["code"] == "duplicate_custom_id"

    def test_failed_batch_has_both_files_and_a_completion(self, azure: Azure) -> None:
        """As in the guide's sample; `failed_at` is null there."""
        failed = self.failed(azure, self.line("a"), self.line("a"))
        assert failed["failed_at"] is None
        assert failed["completed_at"] > failed["created_at"]
        for kind in ("output", "error"):
            assert azure.get(f"/files/{failed[f'{kind}_file_id']}/content").data == b""

    def test_other_window_fails_the_batch(self, azure: Azure) -> None:
        """It is accepted at first."""
        failed = self.failed(azure, self.line("a"), completion_window="48h")
        assert failed["completion_window"] == "48h"
        assert failed["errors"]["data"][0]["code"] == "invalid_request"

    @pytest.mark.parametrize("url", ["/v1/responses", "/responses"])
    def test_lines_of_responses_run_in_a_batch_of_chat(self, azure: Azure, url: str) -> None:
        """The endpoint of the batch is not compared with them. Evidence: any-llm#1348."""
        line = self.line("a", url=url, body={"model": "gpt-4o-mini", "input": "Hello"})
        batch = azure.created(azure.ready(line))
        azure.advance(DAY)
        done = azure.seen(batch["id"])
        assert (done["status"], done["endpoint"]) == ("completed", "/chat/completions")
        output = json.loads(azure.get(f"/files/{done['output_file_id']}/content").data)
        assert output["response"]["body"]["object"] == "response"

    def test_quota_is_told_in_azures_words(self) -> None:
        """Without line and param. Evidence: a question on learn.microsoft.com."""
        azure = Azure(app_of())
        quotas = {"enqueued_tokens": {"gpt-4o-mini": 1}}
        azure.good(azure.call("PUT", "/_mock/quotas", json=quotas))
        failed = self.failed(azure, self.line("a"))
        [error] = failed["errors"]["data"]
        assert (error["code"], error["line"], error["param"]) == (
            "token_limit_exceeded",
            None,
            None,
        )
        assert "for the deployment 'gpt-4o-mini'" in error["message"]


class TestBlobs:
    """Input and output in a storage account."""

    def blob(self, azure: Azure, name: str = "in.jsonl", **fields: Json) -> dict[str, Json]:
        """Create a batch whose input is a blob."""
        azure.ready()
        return azure.created(
            input_blob=f"https://store.blob.core.windows.net/batch-input/{name}",
            output_folder={"url": FOLDER},
            **fields,
        )

    def test_results_are_named_at_the_end(self, azure: Azure) -> None:
        """Both, and the ids of files stay null."""
        batch = self.blob(azure)
        assert list(batch)[-3:] == ["error_blob", "input_blob", "output_blob"]
        assert (batch["error_blob"], batch["output_blob"]) == ("", "")
        azure.advance(DAY)
        done = azure.seen(batch["id"])
        assert done["status"] == "completed"
        folder = done["output_blob"].removesuffix("/results.jsonl")
        assert folder.startswith(f"{FOLDER}/")
        assert done["error_blob"] == f"{folder}/errors.jsonl"
        ids = [done[f"{kind}_file_id"] for kind in ("input", "output", "error")]
        assert ids == [None, None, None]
        results = azure.good(azure.get(f"/_mock/batches/{batch['id']}/results"))
        assert results["output"].count("\n") == 2

    def test_blob_that_is_not_there_fails_the_batch(self, azure: Azure) -> None:
        """The content is that of the uploaded file with its name."""
        batch = self.blob(azure, "other.jsonl")
        azure.advance(DAY)
        failed = azure.seen(batch["id"])
        assert failed["status"] == "failed"
        assert failed["errors"]["data"][0]["code"] == "input_no_permissions"

    @pytest.mark.parametrize(
        "fields",
        [
            {"input_blob": "https://a/b"},
            {"input_blob": "https://a/b", "output_folder": {"url": "c"}, "input_file_id": "file-1"},
            {"input_blob": "https://a/b", "output_folder": {"url": "c"}, "metadata": {"a": "b"}},
            {},
        ],
    )
    def test_contradictions_are_refused(self, azure: Azure, fields: Json) -> None:
        """No output folder, two inputs, metadata beside a blob, no input."""
        body = {"endpoint": "/chat/completions", "completion_window": "24h", **fields}
        assert refusal(azure.post("/batches", body)) == (400, "invalidRequest")


class TestLists:
    """Pages, filters and orders."""

    def test_pages(self, azure: Azure) -> None:
        """Each batch comes once, the newest first."""
        file = azure.ready()
        made = [azure.created(file)["id"] for _ in range(45)]
        found: list[str] = []
        page: dict[str, Any] = {"has_more": True, "last_id": None}
        while page["has_more"]:
            after = f"&after={page['last_id']}" if page["last_id"] else ""
            page = azure.good(azure.get(f"/batches?limit=20{after}"))
            found += [one["id"] for one in page["data"]]
        assert found == made[::-1]

    @pytest.mark.parametrize(
        ("wanted", "count"),
        [
            ("status eq 'Completed'", 1),
            ("status ne 'completed'", 2),
            ("status eq 'InProgress'", 0),
            (f"created_at gt {START + DAY - 1}", 2),
            (f"created_at ge {START} and status eq 'Validating'", 2),
            (f"created_at lt {START}", 0),
            (f"created_at le {START}", 0),
            (f"created_at le {START + PENDING_SECONDS}", 1),
            (f"created_at eq {START + PENDING_SECONDS}", 1),
            (f"created_at eq {START}", 0),
        ],
    )
    def test_filter(self, azure: Azure, wanted: str, count: int) -> None:
        """By status, in the guide's spelling too, and by time of creation."""
        file = azure.ready()
        azure.created(file)
        azure.advance(DAY)
        azure.created(file)
        azure.created(file)
        page = azure.good(azure.get(f"/batches?$filter={wanted}"))
        assert len(page["data"]) == count

    def test_order(self, azure: Azure) -> None:
        """Oldest first if `$orderby` says so."""
        made = [azure.created()["id"] for _ in range(3)]
        page = azure.good(azure.get("/batches?$orderby=created_at asc"))
        assert [one["id"] for one in page["data"]] == made

    @pytest.mark.parametrize("query", ["$filter=status is 'a'", "$orderby=status"])
    def test_what_cannot_be_read_is_refused(self, azure: Azure, query: str) -> None:
        """With the text in the message."""
        assert refusal(azure.get(f"/batches?{query}")) == (400, "invalidRequest")


class TestErrors:
    """Azure's envelope has a code and a message."""

    @pytest.mark.parametrize("headers", [{"api-key": ""}, {"api-key": "undefined"}])
    def test_wrong_key(self, azure: Azure, headers: dict[str, str]) -> None:
        """Evidence: semantic-kernel#10337."""
        answer = azure.get("/batches", headers=headers)
        assert refusal(answer) == (401, "401")
        assert answer.json["error"]["message"].startswith("Access denied due to invalid")

    def test_missing_version(self) -> None:
        """A classic path without `api-version` is not found; from memory."""
        answer = Caller(app_of()).get("/openai/batches")
        assert refusal(answer) == (404, "404")
        assert answer.json["error"]["message"] == "Resource not found"

    def test_unknown_path(self, azure: Azure) -> None:
        """Evidence: langchain#13284."""
        assert refusal(azure.get("/nowhere")) == (404, "404")

    def test_unknown_batch_and_file(self, azure: Azure) -> None:
        """The service's words are not known."""
        assert refusal(azure.get("/batches/batch_1")) == (404, "404")
        assert refusal(azure.get("/files/file-1")) == (404, "404")

    def test_cancel_of_a_completed_batch(self, azure: Azure) -> None:
        """A conflict."""
        batch = azure.created()
        azure.advance(DAY)
        assert refusal(azure.post(f"/batches/{batch['id']}/cancel")) == (409, "409")

    def test_unknown_endpoint(self, azure: Azure) -> None:
        """With OpenAI's code and text."""
        body = {"endpoint": "/chat", "completion_window": "24h", "input_file_id": "file-1"}
        assert refusal(azure.post("/batches", body))[0] == 400

    def test_fault_meets_its_requests(self, azure: Azure) -> None:
        """A rule for `/openai/*` does."""
        azure.created()
        fault = {"match": {"path": "/openai/*"}, "fault": {"status": 503}, "times": 1}
        azure.good(azure.post("/_mock/faults", fault))
        assert azure.get("/batches").status_code == 503
        assert azure.get("/batches").status_code == 200


class TestLive:
    """Calls outside of a batch."""

    def test_deployment_in_the_path_is_the_model(self) -> None:
        """As AzureOpenAI calls it."""
        azure = Azure(app_of())
        answer = azure.post("/deployments/gpt-4o/chat/completions", CALL)
        assert azure.good(answer)["model"].startswith("gpt-4o")

    def test_deployment_in_the_body_is_the_model(self, azure: Azure) -> None:
        """As with `/openai/v1`."""
        answer = azure.post("/chat/completions", {**CALL, "model": "gpt-4o"})
        assert azure.good(answer)["model"].startswith("gpt-4o")

    def test_unknown_deployment(self) -> None:
        """Evidence: chatbox#646."""
        azure = Azure(app_of())
        azure.created()
        azure.good(azure.call("PUT", "/_mock/models", json={"models": ["gpt-4o"]}))
        answer = azure.post("/deployments/mine/chat/completions", CALL)
        assert refusal(answer) == (404, "DeploymentNotFound")

    def test_models(self, azure: Azure) -> None:
        """Deployments are models."""
        assert azure.good(azure.get("/models"))["object"] == "list"
