"""`/v1/batches`, as a client meets it."""

import json
import re
from typing import Any

import pytest

from mockbatch.batch.input_file import MAX_ERROR_CHARACTERS, MAX_ERRORS
from tests.support.caller import (
    CANCELLING,
    DAY,
    FINALIZING,
    IN_PROGRESS,
    START,
    VALIDATING,
    Caller,
    app_of,
    error_of,
    lines,
)

KEYS = [
    "id",
    "object",
    "endpoint",
    "model",
    "errors",
    "input_file_id",
    "completion_window",
    "status",
    "output_file_id",
    "error_file_id",
    "created_at",
    "in_progress_at",
    "expires_at",
    "finalizing_at",
    "completed_at",
    "failed_at",
    "expired_at",
    "cancelling_at",
    "cancelled_at",
    "request_counts",
    "usage",
    "metadata",
]
STRANGER = "sk-somebody-else-0001"
# Seconds after which a batch of two lines has the status, and what happens to it before.
TO_STATUS: dict[str, tuple[int, dict[str, Any]]] = {
    "validating": (VALIDATING - 1, {}),
    "failed": (VALIDATING, {"input_file_id": "file-unknown"}),
    "in_progress": (VALIDATING, {}),
    "finalizing": (VALIDATING + IN_PROGRESS, {}),
    "completed": (VALIDATING + IN_PROGRESS + FINALIZING, {}),
    "expired": (DAY, {"metadata": {"mockbatch_scenario": "expired_partial"}}),
}


def batch_with_status(api: Caller, status: str) -> dict[str, Any]:
    """Return a batch that has the status."""
    if status in ("cancelling", "cancelled"):
        id = batch_with_status(api, "in_progress")["id"]
        api.good(api.post(f"/v1/batches/{id}/cancel"))
        api.advance(CANCELLING if status == "cancelled" else CANCELLING - 1)
    else:
        seconds, fields = TO_STATUS[status]
        id = api.create(**fields)["id"]
        api.advance(seconds)
    batch = api.batch(id)
    assert batch["status"] == status
    return batch


class TestCreate:
    """POST /v1/batches."""

    def test_has_the_22_keys_in_their_order(self, api: Caller) -> None:
        """Recorded: the keys of 2026, all of them from the first response on."""
        assert list(api.create()) == KEYS

    def test_starts_with_validation(self, api: Caller) -> None:
        """Nothing of the input is known yet: no model, no counts, no usage."""
        batch = api.create()
        assert (batch["object"], batch["status"], batch["model"]) == ("batch", "validating", None)
        assert batch["request_counts"] == {"total": 0, "completed": 0, "failed": 0}
        assert batch["usage"] == {
            "input_tokens": 0,
            "output_tokens": 0,
            "total_tokens": 0,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        }

    @pytest.mark.parametrize("submits", [False, True])
    def test_is_validating_however_fast_the_clock_is(self, submits: bool) -> None:
        """The response shows the batch as it is created, though it is completed by then."""
        api = Caller(app_of(clock="x1000000"))
        if submits:
            body = {"input": lines().decode(), "endpoint": "/v1/chat/completions"}
            batch = api.good(api.post("/_mock/batches", body))
        else:
            batch = api.create()
        assert (batch["status"], batch["in_progress_at"]) == ("validating", None)
        assert api.batch(batch["id"])["status"] == "completed"

    def test_expires_at_is_set_at_once(self, api: Caller) -> None:
        """Recorded in 229 of 229 objects: `expires_at` is a day after creation."""
        batch = api.create()
        assert (batch["created_at"], batch["expires_at"]) == (START, START + DAY)

    def test_other_timestamps_are_null(self, api: Caller) -> None:
        """Timestamps of what has not happened are null."""
        stamps = {key: value for key, value in api.create().items() if key.endswith("_at")}
        assert {key for key, value in stamps.items() if value} == {"created_at", "expires_at"}

    def test_echoes_the_request(self, api: Caller) -> None:
        """The object has the members of the request."""
        file = api.upload()["id"]
        batch = api.create(input_file_id=file, metadata={"job": "7"})
        assert batch["input_file_id"] == file
        assert batch["endpoint"] == "/v1/chat/completions"
        assert batch["completion_window"] == "24h"
        assert batch["metadata"] == {"job": "7"}

    def test_id_has_the_recorded_form(self, api: Caller) -> None:
        """The time of creation, 4 digits, the constant 8190, 16 digits."""
        assert re.fullmatch(
            rf"batch_{START:08x}[0-9a-f]{{4}}8190[0-9a-f]{{16}}", api.create()["id"]
        )

    def test_is_indented_without_a_line_end(self, api: Caller) -> None:
        """Recorded: create, retrieve and list are indented by two spaces."""
        text = api.post("/v1/batches", api.batch_request()).text
        assert text == json.dumps(json.loads(text), indent=2)

    def test_unknown_file_fails_in_validation(self, api: Caller) -> None:
        """Observed: create returns 200, and the batch fails later."""
        batch = batch_with_status(api, "failed")
        assert batch["errors"]["object"] == "list"
        [error] = batch["errors"]["data"]
        assert error["message"] == (
            "Cannot find file file-unknown, or organization org-mockbatch does not have access "
            "to it."
        )

    def test_lists_the_first_errors_of_a_file_with_very_many(self, api: Caller) -> None:
        """A file of 150 kB may have 200,000 errors, and each retrieval repeats them."""
        id = api.create(b"{}\n" * 1000)["id"]
        api.advance(VALIDATING)
        errors = api.batch(id)["errors"]["data"]
        assert [error["line"] for error in errors] == [1 + n // 4 for n in range(MAX_ERRORS)]

    def test_lists_errors_up_to_a_number_of_characters(self, api: Caller) -> None:
        """Messages that repeat long values are fewer."""
        line = json.dumps({**json.loads(lines(1)), "custom_id": "x" * 5000}).encode() + b"\n"
        id = api.create(line * 300)["id"]
        api.advance(VALIDATING)
        errors = api.batch(id)["errors"]["data"]
        assert 50 < len(errors) < 300
        assert sum(len(error["message"]) for error in errors) <= MAX_ERROR_CHARACTERS

    def test_file_with_another_purpose_is_not_found(self, api: Caller) -> None:
        """Only a file of purpose `batch` can be the input."""
        id = api.create(input_file_id=api.upload(purpose="user_data")["id"])["id"]
        api.advance(VALIDATING)
        assert api.batch(id)["errors"]["data"][0]["param"] == "file_id"

    def test_file_of_another_key_is_not_found(self, api: Caller) -> None:
        """One key cannot use the file of another."""
        file = Caller(api.app, STRANGER).upload()["id"]
        id = api.create(input_file_id=file)["id"]
        api.advance(VALIDATING)
        assert api.batch(id)["status"] == "failed"

    @pytest.mark.parametrize("field", ["input_file_id", "endpoint", "completion_window"])
    def test_refuses_a_missing_field_as_observed(self, api: Caller, field: str) -> None:
        """All three are required."""
        answer = api.post("/v1/batches", api.batch_request(**{field: ...}))  # type: ignore[arg-type]
        assert error_of(answer) == (400, "missing_required_parameter", field)
        assert answer.json["error"]["message"] == f"Missing required parameter: '{field}'."

    @pytest.mark.parametrize("value", [1, 1.5, True, None, [], {}])
    @pytest.mark.parametrize("field", ["input_file_id", "endpoint"])
    def test_refuses_a_field_that_is_not_a_string(
        self, api: Caller, field: str, value: Any
    ) -> None:
        """The error names the parameter."""
        answer = api.post("/v1/batches", api.batch_request(**{field: value}))
        assert error_of(answer) == (400, "invalid_type", field)

    @pytest.mark.parametrize("value", ["", "1h", "24", "24H", 24, None, [], {}])
    def test_refuses_any_other_window(self, api: Caller, value: Any) -> None:
        """`24h` is the only window."""
        answer = api.post("/v1/batches", api.batch_request(completion_window=value))
        assert error_of(answer) == (400, "invalid_value", "completion_window")

    @pytest.mark.parametrize("value", ["/v1/invalid", "", "/chat/completions", "/v1/batches"])
    def test_refuses_an_unknown_endpoint(self, api: Caller, value: str) -> None:
        """The error lists the endpoints, in the observed order and words."""
        answer = api.post("/v1/batches", api.batch_request(endpoint=value))
        assert error_of(answer) == (400, "invalid_value", "endpoint")
        assert answer.json["error"]["message"].startswith(
            f"Invalid value: '{value}'. Supported values are: '/v1/chat/completions', "
            "'/v1/completions', '/v1/embeddings', "
        )

    def test_refuses_an_unknown_field(self, api: Caller) -> None:
        """A misspelt field is not silently ignored."""
        answer = api.post("/v1/batches", api.batch_request(metdata={}))
        assert error_of(answer) == (400, "unknown_parameter", "metdata")

    @pytest.mark.parametrize("body", [[], "text", 1, None, True])
    def test_refuses_a_body_that_is_not_an_object(self, api: Caller, body: Any) -> None:
        """The error names the type of the JSON."""
        answer = api.call("POST", "/v1/batches", data=json.dumps(body))
        assert error_of(answer) == (400, "invalid_type", "body")

    @pytest.mark.parametrize("data", [b"", b"{", b"{}x", b"\xff", b"\xef\xbb\xbf{}", b"{'a': 1}"])
    def test_refuses_invalid_json(self, api: Caller, data: bytes) -> None:
        """No param and no code, as observed."""
        assert error_of(api.call("POST", "/v1/batches", data=data)) == (400, None, None)

    def test_ignores_the_content_type(self, api: Caller) -> None:
        """By default curl sends that of a form."""
        data = json.dumps(api.batch_request())
        answer = api.call(
            "POST", "/v1/batches", data=data, content_type="application/x-www-form-urlencoded"
        )
        assert answer.status_code == 200


class TestMetadata:
    """The metadata of a new batch."""

    @pytest.mark.parametrize(
        "metadata",
        [
            None,
            {},
            {f"key-{n}": "x" for n in range(16)},
            {"k" * 64: "v" * 512},
            {"": ""},
            {"ü": "日"},
        ],
    )
    def test_is_returned_as_it_was_sent(self, api: Caller, metadata: Any) -> None:
        """Up to sixteen pairs, keys of 64 and values of 512 characters."""
        assert api.batch(api.create(metadata=metadata)["id"])["metadata"] == metadata

    def test_is_null_if_it_was_not_sent(self, api: Caller) -> None:
        """Recorded: the key is always there."""
        assert api.create()["metadata"] is None

    @pytest.mark.parametrize(
        ("metadata", "code", "param"),
        [
            ({f"k{n}": "x" for n in range(17)}, "object_above_max_properties", "metadata"),
            ({"k" * 65: "x"}, "property_name_above_max_length", f"metadata.{'k' * 65}"),
            ({"k": "v" * 513}, "string_above_max_length", "metadata.k"),
            ({"k": 1}, "invalid_type", "metadata.k"),
            ({"k": None}, "invalid_type", "metadata.k"),
            ({"k": {}}, "invalid_type", "metadata.k"),
            ([], "invalid_type", "metadata"),
            ("text", "invalid_type", "metadata"),
        ],
    )
    def test_refuses_more_than_the_limits(
        self, api: Caller, metadata: Any, code: str, param: str
    ) -> None:
        """One more than allowed, of each limit."""
        answer = api.post("/v1/batches", api.batch_request(metadata=metadata))
        assert error_of(answer) == (400, code, param)

    def test_value_that_is_not_a_string_is_refused_as_observed(self, api: Caller) -> None:
        """Observed in August 2025."""
        answer = api.post("/v1/batches", api.batch_request(metadata={"tags": ["a"]}))
        message = "Invalid type for 'metadata.tags': expected a string, but got an array instead."
        assert answer.json["error"]["message"] == message

    def test_keys_for_mockbatch_are_not_counted(self, api: Caller) -> None:
        """Sixteen other pairs fit beside the scenario, and all are returned."""
        own = {f"key-{n}": "x" for n in range(16)}
        steering = {"mockbatch_scenario": "expired_partial", "mockbatch_fraction": "0.5"}
        assert api.create(metadata={**own, **steering})["metadata"] == {**own, **steering}

    def test_selects_the_scenario(self, api: Caller) -> None:
        """A batch has the scenario that its metadata names."""
        metadata = {"mockbatch_scenario": "expired_partial", "mockbatch_fraction": "0.2"}
        id = api.create(lines(10), metadata=metadata)["id"]
        api.advance(DAY)
        batch = api.batch(id)
        assert batch["status"] == "expired"
        assert batch["request_counts"] == {"total": 10, "completed": 2, "failed": 0}

    def test_error_of_an_unknown_scenario_suggests_similar_names(self, api: Caller) -> None:
        """A typing error is noticed at once, not after 24 hours."""
        answer = api.post(
            "/v1/batches", api.batch_request(metadata={"mockbatch_scenario": "expird_partial"})
        )
        assert error_of(answer) == (400, "unknown_scenario", "metadata.mockbatch_scenario")
        assert "expired_partial" in answer.json["error"]["message"]

    def test_error_without_a_similar_name_lists_all_names(self, api: Caller) -> None:
        """Without a similar name, the error lists all names."""
        answer = api.post("/v1/batches", api.batch_request(metadata={"mockbatch_scenario": "qqq"}))
        for name in ("happy", "instant", "some_failed", "all_failed", "expired_empty"):
            assert name in answer.json["error"]["message"]

    @pytest.mark.parametrize(
        ("name", "value", "code"),
        [
            ("fraction", "2", "invalid_value"),
            ("fraction", "-1", "invalid_value"),
            ("fraction", "nan", "invalid_value"),
            ("fraction", "half", "invalid_type"),
            ("fraction", "", "invalid_type"),
            ("fractoin", "0.5", "unknown_parameter"),
        ],
    )
    def test_invalid_parameter_of_a_scenario_is_refused(
        self, api: Caller, name: str, value: str, code: str
    ) -> None:
        """The error names the parameter."""
        metadata = {"mockbatch_scenario": "expired_partial", f"mockbatch_{name}": value}
        status, got, param = error_of(api.post("/v1/batches", api.batch_request(metadata=metadata)))
        assert (status, got) == (400, code)
        assert name in str(param)

    def test_error_of_a_misspelt_parameter_suggests_similar_names(self, api: Caller) -> None:
        """The error has the key as it was sent, and the right one."""
        metadata = {"mockbatch_scenario": "expired_partial", "mockbatch_fractoin": "0.5"}
        answer = api.post("/v1/batches", api.batch_request(metadata=metadata))
        assert error_of(answer)[2] == "metadata.mockbatch_fractoin"
        assert "fraction" in answer.json["error"]["message"]

    def test_parameter_without_a_scenario_is_refused(self, api: Caller) -> None:
        """A parameter needs a scenario."""
        answer = api.post("/v1/batches", api.batch_request(metadata={"mockbatch_fraction": "0.5"}))
        assert error_of(answer) == (
            400,
            "missing_required_parameter",
            "metadata.mockbatch_scenario",
        )


class TestOutputExpiresAfter:
    """How long the files of a batch live."""

    @pytest.mark.parametrize("seconds", [3600, 2_592_000])
    def test_both_bounds_are_allowed(self, api: Caller, seconds: int) -> None:
        """An hour and thirty days."""
        expiry = {"anchor": "created_at", "seconds": seconds}
        scenario = {"mockbatch_scenario": "instant"}
        id = api.create(output_expires_after=expiry, metadata=scenario)["id"]
        file = api.get(f"/v1/files/{api.batch(id)['output_file_id']}").json
        assert file["expires_at"] == START + seconds

    def test_null_is_the_default(self, api: Caller) -> None:
        """Clients in typed languages send null for unset members."""
        assert api.create(output_expires_after=None)["status"] == "validating"

    @pytest.mark.parametrize(
        ("value", "code", "param"),
        [
            ({"anchor": "created_at", "seconds": 3599}, "integer_below_min_value", ".seconds"),
            ({"anchor": "created_at", "seconds": 2592001}, "integer_above_max_value", ".seconds"),
            ({"anchor": "created_at", "seconds": "3600"}, "invalid_type", ".seconds"),
            ({"anchor": "created_at", "seconds": 3600.5}, "invalid_type", ".seconds"),
            ({"anchor": "now", "seconds": 3600}, "invalid_value", ".anchor"),
            ({"seconds": 3600}, "missing_required_parameter", ".anchor"),
            ({"anchor": "created_at"}, "missing_required_parameter", ".seconds"),
            ({"anchor": "created_at", "seconds": 3600, "x": 1}, "unknown_parameter", ".x"),
            (3600, "invalid_type", ""),
        ],
    )
    def test_refuses_anything_else(self, api: Caller, value: Any, code: str, param: str) -> None:
        """The error names the parameter within it."""
        answer = api.post("/v1/batches", api.batch_request(output_expires_after=value))
        assert error_of(answer) == (400, code, f"output_expires_after{param}")


class TestRetrieve:
    """GET /v1/batches/{id}."""

    def test_returns_what_create_returned(self, api: Caller) -> None:
        """While the clock stands still, not a byte changes."""
        created = api.post("/v1/batches", api.batch_request())
        assert api.get(f"/v1/batches/{created.json['id']}").data == created.data

    def test_unknown_batch_is_worded_as_observed(self, api: Caller) -> None:
        """A 404 without param and code."""
        answer = api.get("/v1/batches/batch_unknown")
        assert error_of(answer) == (404, None, None)
        assert answer.json["error"]["message"] == "No batch found with id 'batch_unknown'."

    @pytest.mark.parametrize("id", ["invalid", "file-1", "Batch_1", "%20batch", "ü"])
    def test_malformed_id_is_worded_as_observed(self, api: Caller, id: str) -> None:
        """Observed: a 400, not a 404."""
        answer = api.get(f"/v1/batches/{id}")
        assert error_of(answer) == (400, "invalid_value", "batch_id")
        assert answer.json["error"]["message"].endswith("Expected an ID that begins with 'batch'.")

    @pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/cancel")])
    def test_other_key_has_no_such_batch(self, api: Caller, method: str, path: str) -> None:
        """A batch of another key is a 404 like any unknown one."""
        url = f"/v1/batches/{api.create()['id']}{path}"
        assert error_of(Caller(api.app, STRANGER).call(method, url)) == (404, None, None)

    def test_head_is_get_without_the_body(self, api: Caller) -> None:
        """HEAD works wherever GET does."""
        answer = api.call("HEAD", f"/v1/batches/{api.create()['id']}")
        assert (answer.status_code, answer.data) == (200, b"")

    @pytest.mark.parametrize("status", [*TO_STATUS, "cancelling", "cancelled"])
    def test_final_and_other_objects_fit_the_recorded_shape(self, api: Caller, status: str) -> None:
        """The keys are the same in every status; each timestamp that is set is in the past."""
        batch = batch_with_status(api, status)
        assert list(batch) == KEYS
        stamps = [value for key, value in batch.items() if key.endswith("_at") and value]
        assert all(value <= api.clock()["now"] or value == batch["expires_at"] for value in stamps)

    def test_finished_batch_can_be_retrieved_without_limit(self, api: Caller) -> None:
        """The poll limit does not apply to a finished batch."""
        api.good(api.post("/_mock/reset", {"poll_limit": 2}))
        batch = batch_with_status(api, "completed")
        assert [api.batch(batch["id"]) for _ in range(5)] == [batch] * 5


class TestList:
    """GET /v1/batches."""

    def test_250_batches_come_newest_first_in_pages(self, api: Caller) -> None:
        """`after` leads through all of them, without repeating one."""
        file = api.upload()["id"]
        ids = [api.create(input_file_id=file)["id"] for _ in range(250)]
        found: list[str] = []
        page = api.get("/v1/batches?limit=100").json
        while True:
            found += [batch["id"] for batch in page["data"]]
            assert (page["first_id"], page["last_id"]) == (page["data"][0]["id"], found[-1])
            if not page["has_more"]:
                break
            page = api.get(f"/v1/batches?limit=100&after={found[-1]}").json
        assert found == ids[::-1]

    def test_shows_twenty_by_default(self, api: Caller) -> None:
        """That is the published default."""
        file = api.upload()["id"]
        for _ in range(21):
            api.create(input_file_id=file)
        page = api.get("/v1/batches").json
        assert (len(page["data"]), page["has_more"]) == (20, True)

    def test_full_last_page_has_no_more(self, api: Caller) -> None:
        """`has_more` is false when nothing is left, also after a full page."""
        ids = [api.create()["id"] for _ in range(4)]
        assert api.get(f"/v1/batches?limit=2&after={ids[2]}").json["has_more"] is False

    def test_page_after_the_oldest_is_empty(self, api: Caller) -> None:
        """The cursor may be the last batch."""
        page = api.get(f"/v1/batches?after={api.create()['id']}").json
        assert (page["data"], page["first_id"], page["has_more"]) == ([], None, False)

    def test_empty_list_has_all_keys(self, api: Caller) -> None:
        """A page without batches is a page."""
        assert api.get("/v1/batches").json == {
            "object": "list",
            "data": [],
            "first_id": None,
            "last_id": None,
            "has_more": False,
        }

    def test_shows_the_same_object_as_retrieve(self, api: Caller) -> None:
        """List and retrieve agree at every instant."""
        batch = batch_with_status(api, "in_progress")
        assert api.get("/v1/batches").json["data"] == [batch]

    def test_page_is_stable_while_batches_are_created(self, api: Caller) -> None:
        """A cursor is a batch, not an offset."""
        ids = [api.create()["id"] for _ in range(3)]
        before = api.get(f"/v1/batches?after={ids[2]}").json
        api.create()
        assert api.get(f"/v1/batches?after={ids[2]}").json == before

    @pytest.mark.parametrize(
        ("query", "code", "param"),
        [
            ("limit=0", "integer_below_min_value", "limit"),
            ("limit=-1", "integer_below_min_value", "limit"),
            ("limit=101", "integer_above_max_value", "limit"),
            ("limit=abc", "invalid_type", "limit"),
            ("limit=", "invalid_type", "limit"),
            ("limit=1e1", "invalid_type", "limit"),
            (f"limit={'9' * 5000}", "invalid_type", "limit"),
            ("after=batch_unknown", "invalid_value", "after"),
            ("after=x", "invalid_value", "after"),
        ],
    )
    def test_refuses_an_invalid_query(self, api: Caller, query: str, code: str, param: str) -> None:
        """The error names the invalid parameter."""
        assert error_of(api.get(f"/v1/batches?{query}")) == (400, code, param)

    def test_batch_of_another_key_is_not_a_cursor(self, api: Caller) -> None:
        """Cursors do not reach other worlds."""
        id = Caller(api.app, STRANGER).create()["id"]
        api.create()
        assert error_of(api.get(f"/v1/batches?after={id}")) == (400, "invalid_value", "after")


class TestCancel:
    """POST /v1/batches/{id}/cancel."""

    @pytest.mark.parametrize("status", ["validating", "in_progress", "finalizing"])
    def test_unfinished_batch_becomes_cancelling(self, api: Caller, status: str) -> None:
        """The response is the batch as it is now."""
        batch = batch_with_status(api, status)
        cancelled = api.good(api.post(f"/v1/batches/{batch['id']}/cancel"))
        assert cancelled["status"] == "cancelling"
        assert cancelled["cancelling_at"] == api.clock()["now"]
        assert cancelled["output_file_id"] is None

    @pytest.mark.parametrize("status", ["cancelling", "cancelled"])
    def test_second_cancel_changes_nothing(self, api: Caller, status: str) -> None:
        """Observed: cancelling again returns 200 with the unchanged batch."""
        batch = batch_with_status(api, status)
        assert api.good(api.post(f"/v1/batches/{batch['id']}/cancel")) == batch
        assert api.batch(batch["id"]) == batch

    @pytest.mark.parametrize("status", ["completed", "failed", "expired"])
    def test_ended_batch_is_refused_as_observed(self, api: Caller, status: str) -> None:
        """It is a 409 that names the status, and the batch does not change."""
        batch = batch_with_status(api, status)
        answer = api.post(f"/v1/batches/{batch['id']}/cancel")
        assert error_of(answer) == (409, None, None)
        assert answer.json["error"]["message"] == f"Cannot cancel a batch with status '{status}'."
        assert api.batch(batch["id"]) == batch

    def test_takes_ten_minutes(self, api: Caller) -> None:
        """Recorded: 605 s from cancelling to cancelled."""
        batch = batch_with_status(api, "cancelled")
        assert batch["cancelled_at"] - batch["cancelling_at"] == CANCELLING

    def test_batch_cancelled_half_way_has_both_files(self, api: Caller) -> None:
        """Lines of both files add up to all lines."""
        id = api.create(lines(10))["id"]
        api.advance(VALIDATING + IN_PROGRESS // 2)
        api.post(f"/v1/batches/{id}/cancel")
        api.advance(CANCELLING)
        batch = api.batch(id)
        files = [batch["output_file_id"], batch["error_file_id"]]
        counts = [api.get(f"/v1/files/{file}/content").data.count(b"\n") for file in files]
        assert all(counts)
        assert sum(counts) == batch["request_counts"]["total"] == 10

    @pytest.mark.parametrize(
        "sent",
        [
            {},
            {"content_type": "application/json"},
            {"data": b"{}", "content_type": "application/json"},
            {"data": b"null", "content_type": "application/json"},
            {"data": b"garbage {", "content_type": "application/json"},
            {"data": b"\xff\xfe", "content_type": "text/plain; charset=utf-16"},
            {"data": b"a=1", "content_type": "application/x-www-form-urlencoded"},
            {"data": b"--x", "content_type": "multipart/form-data; boundary=y"},
        ],
    )
    def test_body_is_not_read(self, api: Caller, sent: dict[str, Any]) -> None:
        """Clients send no body, an empty object, or a content type without a body."""
        answer = api.call("POST", f"/v1/batches/{api.create()['id']}/cancel", **sent)
        assert api.good(answer)["status"] == "cancelling"

    def test_response_is_compact(self, api: Caller) -> None:
        """Recorded: only this response is not indented."""
        text = api.post(f"/v1/batches/{api.create()['id']}/cancel").text
        assert text == json.dumps(json.loads(text), separators=(",", ":"))

    def test_unknown_batch_is_a_404(self, api: Caller) -> None:
        """The error is that of a retrieve."""
        assert error_of(api.post("/v1/batches/batch_unknown/cancel")) == (404, None, None)
        answer = api.post("/v1/batches/unknown/cancel")
        assert error_of(answer) == (400, "invalid_value", "batch_id")
