"""Anthropic's Message Batches, without a socket."""

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from tests.support.caller import DAY, app_of
from tests.web.providers.conftest import (
    HELLO,
    MODEL,
    AnthropicCaller,
    anthropic_error_of,
    requests_of,
)

BATCHES = "/v1/messages/batches"
KEYS = (
    *("id", "type", "processing_status", "request_counts", "ended_at", "created_at"),
    *("expires_at", "archived_at", "cancel_initiated_at", "results_url"),
)
COUNTS = ("processing", "succeeded", "errored", "canceled", "expired")
IN_PROGRESS, CANCELING = 90, 25
UNKNOWN = "msgbatch_01AAAAAAAAAAAAAAAAAAAAAA"
DUPLICATE = "requests: custom_id's must be unique within a batch. Duplicate custom_id found: a"
TOO_MANY_TOKENS = (
    "max_tokens: 9999999 > 64000, which is the maximum allowed number of output tokens for "
    "claude-haiku-4-5-20251001"
)


def counts_of(batch: dict[str, Json]) -> tuple[int, ...]:
    """Return processing, succeeded, errored, canceled and expired."""
    assert tuple(batch["request_counts"]) == COUNTS
    return tuple(batch["request_counts"].values())


def results_of(anthropic: AnthropicCaller, id: str) -> dict[str, Json]:
    """Return the results of a batch by custom_id; each line fits its schema."""
    response = anthropic.get(f"{BATCHES}/{id}/results")
    assert response.status_code == 200, response.text
    lines = [json.loads(line) for line in response.text.removesuffix("\n").split("\n")]
    for line in lines:
        schema("anthropic/result_line").assert_valid(line, "a line")
    return {line["custom_id"]: line["result"] for line in lines}


def types_of(anthropic: AnthropicCaller, id: str) -> list[str]:
    """Return the types of the results of a batch, sorted."""
    return sorted(result["type"] for result in results_of(anthropic, id).values())


def scenario(anthropic: AnthropicCaller, name: str, **params: Json) -> None:
    """Choose the scenario of the next batch."""
    body = {"name": name, "params": params}
    anthropic.good(anthropic.post("/_mock/scenarios/active", body))


class TestLife:
    """From create to results."""

    def test_a_new_batch(self, anthropic: AnthropicCaller) -> None:
        """It has the ten recorded members in their order, and all its lines are processing."""
        response = anthropic.post(BATCHES, requests_of({}, {}))
        batch = anthropic.good(response)
        assert tuple(batch) == KEYS
        assert re.fullmatch("msgbatch_01[1-9A-HJ-NP-Za-km-z]{22}", batch["id"])
        assert (batch["type"], batch["processing_status"]) == ("message_batch", "in_progress")
        assert counts_of(batch) == (2, 0, 0, 0, 0)
        unset = ("ended_at", "archived_at", "cancel_initiated_at", "results_url")
        assert [batch[name] for name in unset] == [None] * 4
        assert response.content_type == "application/json"
        assert ": " not in response.text

    def test_times_are_as_recorded(self, anthropic: AnthropicCaller) -> None:
        """They have six decimals and +00:00; the batch expires exactly a day after its creation."""
        batch = anthropic.create_batch({})
        form = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00"
        created, expires = batch["created_at"], batch["expires_at"]
        assert re.fullmatch(form, created)
        assert datetime.fromisoformat(expires) - datetime.fromisoformat(created) == timedelta(1)

    def test_it_is_in_progress_however_fast_the_clock_is(self) -> None:
        """The response to its creation shows it as it is created."""
        anthropic = AnthropicCaller(app_of(clock="x1000000"))
        batch = anthropic.create_batch({})
        assert batch["processing_status"] == "in_progress"
        assert anthropic.message_batch(batch["id"])["processing_status"] == "ended"

    def test_it_is_in_progress_until_it_has_ended(self, anthropic: AnthropicCaller) -> None:
        """The counts move all at once, at the recorded end."""
        id = anthropic.create_batch({}, {})["id"]
        anthropic.advance(IN_PROGRESS - 1)
        assert counts_of(anthropic.message_batch(id)) == (2, 0, 0, 0, 0)
        anthropic.advance(1)
        ended = anthropic.message_batch(id)
        assert (ended["processing_status"], counts_of(ended)) == ("ended", (0, 2, 0, 0, 0))
        took = datetime.fromisoformat(ended["ended_at"]) - datetime.fromisoformat(
            ended["created_at"]
        )
        assert took == timedelta(seconds=IN_PROGRESS)

    def test_retry_after(self, anthropic: AnthropicCaller) -> None:
        """Each GET of a batch that has not ended has it, and nothing else (98 of 98 recorded)."""
        created = anthropic.post(BATCHES, requests_of({}))
        id = created.json["id"]
        polled = anthropic.get(f"{BATCHES}/{id}")
        canceled = anthropic.post(f"{BATCHES}/{id}/cancel")
        canceling = anthropic.get(f"{BATCHES}/{id}")
        anthropic.advance(CANCELING)
        ended = anthropic.get(f"{BATCHES}/{id}")
        answers = (created, polled, canceled, canceling, ended)
        assert [one.headers.get("retry-after") for one in answers] == [
            *(None, "10", None, "10", None)
        ]

    @pytest.mark.parametrize(
        ("start_time", "created_at"),
        [(3, "1970-01-01T00:00:03"), (2**32 - 10, "2106-02-07T06:28:06")],
    )
    def test_a_batch_is_shown_at_any_time_that_a_clock_can_have(
        self, start_time: int, created_at: str
    ) -> None:
        """From 1970 to 2106."""
        anthropic = AnthropicCaller(app_of(start_time=start_time))
        batch = anthropic.create_batch({})
        assert batch["created_at"] == f"{created_at}.000000+00:00"

    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8787"])
    def test_results_url_names_the_host_of_the_request(
        self, anthropic: AnthropicCaller, host: str
    ) -> None:
        """The SDK sends its key wherever that leads."""
        id = anthropic.create_batch({})["id"]
        anthropic.advance(IN_PROGRESS)
        batch = anthropic.get(f"{BATCHES}/{id}", headers={"Host": host}).json
        assert batch["results_url"] == f"http://{host}{BATCHES}/{id}/results"

    def test_results(self, anthropic: AnthropicCaller) -> None:
        """They are compact lines with the recorded headers; a message is billed as batch."""
        id = anthropic.create_batch({})["id"]
        anthropic.advance(IN_PROGRESS)
        response = anthropic.get(f"{BATCHES}/{id}/results")
        assert response.content_type == "application/x-jsonl"
        disposition = f"attachment; filename*=utf-8''{id}_results.jsonl"
        assert response.headers["content-disposition"] == disposition
        assert "content-length" not in response.headers
        [line] = [json.loads(line) for line in response.text.splitlines()]
        assert (list(line), line["custom_id"]) == (["custom_id", "result"], "line-0")
        assert list(line["result"]) == ["type", "message"]
        message = line["result"]["message"]
        schema("anthropic/message").assert_valid(message, "a message")
        assert message["usage"]["service_tier"] == "batch"
        assert '": ' not in response.text

    def test_the_overview_has_the_providers_words(self, anthropic: AnthropicCaller) -> None:
        """Status and counts are Anthropic's, beside those that all providers share."""
        id = anthropic.create_batch({}, {"model": "x"})["id"]
        before = anthropic.good(anthropic.get(f"/_mock/batches/{id}/overview"))
        assert (before["status"], before["shown_status"]) == ("in_progress", "in_progress")
        assert tuple(before["shown_counts"].values()) == (2, 0, 0, 0, 0)
        anthropic.advance(IN_PROGRESS)
        [after] = anthropic.good(anthropic.get("/_mock/batches"))["data"]
        assert (after["status"], after["shown_status"]) == ("completed", "ended")
        assert after["shown_counts"] == dict(zip(COUNTS, (0, 1, 1, 0, 0), strict=True))

    def test_results_in_openais_form(self, anthropic: AnthropicCaller) -> None:
        """With `form=openai`, a line is what it would be in OpenAI's files."""
        id = anthropic.create_batch({}, {"model": "x"})["id"]
        anthropic.advance(IN_PROGRESS)
        results = anthropic.good(anthropic.get(f"/_mock/batches/{id}/results?form=openai"))
        lines = [json.loads(line) for line in results["output"].splitlines()]
        assert {line["response"]["status_code"] for line in lines} == {200, 404}
        refused = anthropic.get(f"/_mock/batches/{id}/results?form=x")
        assert (refused.status_code, refused.json["error"]["param"]) == (400, "form")

    def test_a_batch_without_results_has_none_in_openais_form(
        self, anthropic: AnthropicCaller
    ) -> None:
        """Its lines may still run."""
        id = anthropic.create_batch({})["id"]
        results = anthropic.good(anthropic.get(f"/_mock/batches/{id}/results?form=openai"))
        assert results == {"output": None, "errors": None}

    def test_openais_quotas_are_not_about_it(self, anthropic: AnthropicCaller) -> None:
        """It is never refused by them, and leaves them as they are."""
        quotas = {"batches_per_hour": 1, "enqueued_tokens": {"gpt-4o-mini": 1000}}
        anthropic.good(anthropic.call("PUT", "/_mock/quotas", json=quotas))
        ids = [anthropic.create_batch({})["id"] for _ in range(2)]
        anthropic.create()
        anthropic.advance(IN_PROGRESS)
        assert [types_of(anthropic, id) for id in ids] == [["succeeded"]] * 2

    def test_responses_have_no_headers_of_rate_limits(self, anthropic: AnthropicCaller) -> None:
        """As 125 of 125 recorded responses."""
        id = anthropic.create_batch({})["id"]
        headers = anthropic.get(f"{BATCHES}/{id}").headers
        assert "ratelimit" not in str(headers)

    def test_the_paths_and_headers_of_the_beta_are_taken(self, anthropic: AnthropicCaller) -> None:
        """The SDKs of 2024 send both, and get the same answers."""
        beta: Any = {"headers": {"anthropic-beta": "message-batches-2024-09-24"}}
        created = anthropic.call("POST", f"{BATCHES}?beta=true", json=requests_of({}), **beta)
        batch = anthropic.good(created)
        assert anthropic.good(anthropic.get(f"{BATCHES}/{batch['id']}?beta=true", **beta)) == batch
        assert anthropic.good(anthropic.get(f"{BATCHES}?beta=true", **beta))["data"] == [batch]

    def test_one_batch_may_have_several_models(self, anthropic: AnthropicCaller) -> None:
        """Unlike OpenAI's."""
        id = anthropic.create_batch({}, {"model": "claude-sonnet-4-5"})["id"]
        anthropic.advance(IN_PROGRESS)
        results = results_of(anthropic, id).values()
        models = {result["message"]["model"] for result in results}
        assert models == {"claude-haiku-4-5-20251001", "claude-sonnet-4-5-20250929"}

    def test_results_live_for_29_days(self, anthropic: AnthropicCaller) -> None:
        """Counted from the creation; the batch stays, and says when they went (documented)."""
        id = anthropic.create_batch({})["id"]
        anthropic.advance(29 * DAY - 1)
        assert types_of(anthropic, id) == ["succeeded"]
        assert anthropic.message_batch(id)["archived_at"] is None
        anthropic.advance(1)
        archived = anthropic.message_batch(id)
        age = datetime.fromisoformat(archived["archived_at"]) - datetime.fromisoformat(
            archived["created_at"]
        )
        assert age == timedelta(29)
        assert anthropic.get(f"{BATCHES}/{id}/results").status_code == 404

    def test_no_file_is_listed(self, anthropic: AnthropicCaller) -> None:
        """The results are no file of OpenAI's Files API."""
        anthropic.create_batch({})
        anthropic.advance(IN_PROGRESS)
        assert anthropic.get("/v1/files").json["data"] == []

    def test_other_providers_do_not_see_it(self, anthropic: AnthropicCaller) -> None:
        """Nor does it see theirs, though they are in one world and on one clock."""
        id = anthropic.create_batch({})["id"]
        openai = anthropic.create()["id"]
        assert anthropic.get(f"/v1/batches/{id}").status_code == 404
        assert [one["id"] for one in anthropic.get("/v1/batches").json["data"]] == [openai]
        assert anthropic.get(f"{BATCHES}/{openai}").status_code == 404
        assert [one["id"] for one in anthropic.get(BATCHES).json["data"]] == [id]


class TestCancel:
    """POST …/cancel."""

    @pytest.mark.parametrize("body", [b"", b"{}"])
    def test_a_new_batch_ends_with_all_canceled(
        self, anthropic: AnthropicCaller, body: bytes
    ) -> None:
        """As seen, 25 seconds later; the body is what SDKs send (3 of 3 lines, 2026)."""
        id = anthropic.create_batch({}, {}, {})["id"]
        path = f"{BATCHES}/{id}/cancel"
        batch = anthropic.good(
            anthropic.call("POST", path, data=body, content_type="application/json")
        )
        assert (batch["processing_status"], counts_of(batch)) == ("canceling", (3, 0, 0, 0, 0))
        assert batch["cancel_initiated_at"] == batch["created_at"]
        anthropic.advance(CANCELING)
        ended = anthropic.message_batch(id)
        assert (ended["processing_status"], counts_of(ended)) == ("ended", (0, 0, 0, 3, 0))
        assert types_of(anthropic, id) == ["canceled"] * 3
        assert results_of(anthropic, id)["line-0"] == {"type": "canceled"}

    def test_finished_lines_keep_their_results(self, anthropic: AnthropicCaller) -> None:
        """The others are canceled."""
        id = anthropic.create_batch({}, {}, {}, {})["id"]
        anthropic.advance(IN_PROGRESS / 2)
        anthropic.post(f"{BATCHES}/{id}/cancel")
        anthropic.advance(CANCELING)
        assert counts_of(anthropic.message_batch(id)) == (0, 2, 0, 2, 0)
        assert types_of(anthropic, id) == ["canceled"] * 2 + ["succeeded"] * 2

    def test_a_second_cancel_changes_nothing(self, anthropic: AnthropicCaller) -> None:
        """The batch is canceling already (what the service does is not known)."""
        id = anthropic.create_batch({})["id"]
        first = anthropic.good(anthropic.post(f"{BATCHES}/{id}/cancel"))
        anthropic.advance(1)
        assert anthropic.good(anthropic.post(f"{BATCHES}/{id}/cancel")) == first

    def test_an_ended_batch_cannot_be_canceled(self, anthropic: AnthropicCaller) -> None:
        """It is a 400 of mockbatch's own words, as the service's answer is not known."""
        id = anthropic.create_batch({})["id"]
        anthropic.advance(IN_PROGRESS)
        refused = anthropic_error_of(anthropic.post(f"{BATCHES}/{id}/cancel"))
        assert refused[:2] == (400, "invalid_request_error")


class TestDelete:
    """DELETE."""

    def test_an_ended_batch(self, anthropic: AnthropicCaller) -> None:
        """It is gone for every call."""
        id = anthropic.create_batch({})["id"]
        anthropic.advance(IN_PROGRESS)
        deleted = anthropic.good(anthropic.delete(f"{BATCHES}/{id}"))
        assert deleted == {"id": id, "type": "message_batch_deleted"}
        calls = (
            anthropic.get(f"{BATCHES}/{id}"),
            anthropic.get(f"{BATCHES}/{id}/results"),
            anthropic.post(f"{BATCHES}/{id}/cancel"),
            anthropic.delete(f"{BATCHES}/{id}"),
        )
        assert [one.status_code for one in calls] == [404] * 4
        assert anthropic.get(BATCHES).json["data"] == []

    def test_a_batch_in_progress(self, anthropic: AnthropicCaller) -> None:
        """It is refused with the observed text (field notes, 2026)."""
        id = anthropic.create_batch({})["id"]
        assert anthropic_error_of(anthropic.delete(f"{BATCHES}/{id}")) == (
            400,
            "invalid_request_error",
            "In progress batches cannot be deleted. Consider canceling the batch instead.",
        )


class TestList:
    """GET /v1/messages/batches."""

    @pytest.fixture
    def ids(self, anthropic: AnthropicCaller) -> list[str]:
        """Return the ids of five batches, newest first."""
        return [anthropic.create_batch({})["id"] for _ in range(5)][::-1]

    def page(self, anthropic: AnthropicCaller, query: str) -> tuple[list[str], bool]:
        """Return the ids of a page, and whether there are more."""
        body = anthropic.good(anthropic.get(f"{BATCHES}?{query}"))
        assert list(body) == ["data", "has_more", "first_id", "last_id"]
        ids = [one["id"] for one in body["data"]]
        assert (body["first_id"], body["last_id"]) == ((ids[0], ids[-1]) if ids else (None, None))
        return ids, body["has_more"]

    @pytest.mark.parametrize(
        ("query", "expected", "has_more"),
        [
            ("", [0, 1, 2, 3, 4], False),
            ("limit=2", [0, 1], True),
            ("limit=2&after_id={1}", [2, 3], True),
            ("limit=2&after_id={2}", [3, 4], False),
            ("limit=2&before_id={4}", [2, 3], True),
            ("limit=2&before_id={2}", [0, 1], False),
            ("before_id={0}", [], False),
            ("after_id={4}", [], False),
        ],
    )
    def test_pages(
        self,
        anthropic: AnthropicCaller,
        ids: list[str],
        query: str,
        expected: list[int],
        has_more: bool,
    ) -> None:
        """The newest come first; after a cursor come older ones, before it newer ones."""
        shown, more = self.page(anthropic, query.format(*ids))
        assert (shown, more) == ([ids[number] for number in expected], has_more)

    @pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "1.5"])
    def test_a_limit_out_of_range(self, anthropic: AnthropicCaller, limit: str) -> None:
        """It is a 400; the service's answer is not known."""
        refused = anthropic_error_of(anthropic.get(f"{BATCHES}?limit={limit}"))
        assert refused[:2] == (400, "invalid_request_error")

    @pytest.mark.parametrize("name", ["after_id", "before_id"])
    def test_an_unknown_cursor(self, anthropic: AnthropicCaller, name: str) -> None:
        """It is a 400; the service's answer is not known."""
        refused = anthropic_error_of(anthropic.get(f"{BATCHES}?{name}={UNKNOWN}"))
        assert refused[:2] == (400, "invalid_request_error")

    def test_two_cursors(self, anthropic: AnthropicCaller) -> None:
        """They are a 400; the service's answer is not known."""
        id = anthropic.create_batch({})["id"]
        refused = anthropic_error_of(anthropic.get(f"{BATCHES}?after_id={id}&before_id={id}"))
        assert refused[:2] == (400, "invalid_request_error")
        assert "Only one of" in refused[2]


class TestRefusedAtCreate:
    """Where a fault refuses the whole batch, with its evidence."""

    @pytest.mark.parametrize(
        ("requests", "message"),
        [
            # Field notes, 2026.
            ([], "requests: List should have at least 1 item after validation, not 0"),
            ([{"params": HELLO}], "requests.0.custom_id: Field required"),
            # anthropic-sdk-python#984, and field notes of 2026.
            (
                [{"custom_id": "x" * 65, "params": HELLO}],
                "requests.0.custom_id: String should have at most 64 characters",
            ),
            # Field notes of 2026, and six public reports.
            *(
                (
                    [{"custom_id": bad, "params": HELLO}],
                    "requests.0.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'",
                )
                for bad in ("", "a b", "a.b", "a/b", "ä", "a\n")
            ),
            # Field notes, 2026.
            (
                [{"custom_id": "a", "params": HELLO}] * 2,
                "requests: custom_id's must be unique within a batch. Duplicate custom_id found: a",
            ),
        ],
    )
    def test_observed(self, anthropic: AnthropicCaller, requests: Json, message: str) -> None:
        """The text is the observed one, and there is no batch."""
        refused = anthropic_error_of(anthropic.post(BATCHES, {"requests": requests}))
        assert refused == (400, "invalid_request_error", message)
        assert anthropic.get(BATCHES).json["data"] == []

    def test_the_index_is_that_of_the_request(self, anthropic: AnthropicCaller) -> None:
        """All reports name the first one, so this is an assumption."""
        body = requests_of({}, {}, **{"a b": {}})
        assert anthropic_error_of(anthropic.post(BATCHES, body))[2].startswith("requests.2.")

    @pytest.mark.parametrize(
        ("body", "place"),
        [
            ({}, "requests"),
            ({"requests": {}}, "requests"),
            ({"requests": ["x"]}, "requests.0"),
            ({"requests": [{"custom_id": "a"}]}, "requests.0.params"),
            ({"requests": [{"custom_id": "a", "params": []}]}, "requests.0.params"),
            ({"requests": [{"custom_id": 1, "params": {}}]}, "requests.0.custom_id"),
        ],
    )
    def test_not_observed(self, anthropic: AnthropicCaller, body: Json, place: str) -> None:
        """The text names the place; the rest of it is not verified against the service."""
        status, type_, message = anthropic_error_of(anthropic.post(BATCHES, body))
        assert (status, type_) == (400, "invalid_request_error")
        assert message.startswith(f"{place}: ")

    def test_no_json(self, anthropic: AnthropicCaller) -> None:
        """Only the beginning of the text was observed (field notes, 2026)."""
        refused = anthropic_error_of(anthropic.call("POST", BATCHES, data=b"["))
        assert refused[:2] == (400, "invalid_request_error")
        assert refused[2].startswith("The request body is not valid JSON:")

    def test_more_than_100_000_requests(self, anthropic: AnthropicCaller) -> None:
        """The limit is documented, the text is not known."""
        refused = [
            anthropic_error_of(anthropic.post(BATCHES, {"requests": [{}] * count}))
            for count in (100_000, 100_001)
        ]
        assert {one[:2] for one in refused} == {(400, "invalid_request_error")}
        assert ["at most 100000" in message for _, _, message in refused] == [False, True]

    def test_more_than_256_mb(self, anthropic: AnthropicCaller) -> None:
        """The limit is documented, status and type are remembered."""
        length = {"CONTENT_LENGTH": str(256 * 1024**2 + 1)}
        refused = anthropic_error_of(
            anthropic.call("POST", BATCHES, data=b"{}", environ_overrides=length)
        )
        assert refused[:2] == (413, "request_too_large")

    def test_a_body_of_more_than_16_mb_is_read(self, anthropic: AnthropicCaller) -> None:
        """It would be too large for other routes."""
        text = "x" * (17 * 1024**2)
        anthropic.create_batch({"messages": [{"role": "user", "content": text}]})


class TestNotFound:
    """What is not there."""

    @pytest.mark.parametrize("path", ["", "/results"])
    @pytest.mark.parametrize("id", [UNKNOWN, "x", "batch_1"])
    def test_an_unknown_id(self, anthropic: AnthropicCaller, id: str, path: str) -> None:
        """The text was observed (field notes, 2026)."""
        refused = anthropic_error_of(anthropic.get(f"{BATCHES}/{id}{path}"))
        assert refused == (404, "not_found_error", f"Message Batch {id} not found.")

    def test_results_before_the_end(self, anthropic: AnthropicCaller) -> None:
        """The text was observed (field notes, 2026, and a test of another client)."""
        id = anthropic.create_batch({})["id"]
        refused = anthropic_error_of(anthropic.get(f"{BATCHES}/{id}/results"))
        message = f"Message Batch {id} has no available results."
        assert refused == (404, "not_found_error", message)


class TestKeys:
    """Requests without a key that could be one, at each route of batches."""

    @pytest.mark.parametrize("path", ["", f"/{UNKNOWN}", f"/{UNKNOWN}/results"])
    def test_a_wrong_key(self, anthropic: AnthropicCaller, path: str) -> None:
        """The text was observed (field notes, 2026)."""
        anthropic.key = "undefined"
        refused = anthropic_error_of(anthropic.get(BATCHES + path))
        assert refused == (401, "authentication_error", "API key is invalid.")

    def test_no_key(self, anthropic: AnthropicCaller) -> None:
        """Status and type were observed (field notes, 2026), the text is remembered."""
        anthropic.key = None
        refused = anthropic_error_of(anthropic.post(BATCHES, {"requests": []}))
        assert refused[:2] == (401, "authentication_error")


class TestErroredLines:
    """Where a fault is found in a line, and the batch ends all the same."""

    @pytest.mark.parametrize(
        ("changes", "type_", "message"),
        [
            # Field notes, 2026.
            ({"model": "x"}, "not_found_error", "model: x"),
            ({"messages": ...}, "invalid_request_error", "messages: Field required"),
            (
                {"stream": True},
                "invalid_request_error",
                '"stream=True" is not supported in the Message Batches API',
            ),
            (
                {"max_tokens": 0},
                "invalid_request_error",
                "max_tokens: must be greater than or equal to 1",
            ),
            (
                {"tools": [], "tool_choice": {"type": "tool", "name": "x"}},
                "invalid_request_error",
                ...,
            ),
            (
                {
                    "tools": [{"name": "y", "input_schema": {"type": "object"}}],
                    "tool_choice": {"type": "tool", "name": "x"},
                },
                "invalid_request_error",
                "Tool 'x' not found in provided tools",
            ),
            # Field notes of 2026, and a public fixture.
            ({"max_tokens": 9_999_999}, "invalid_request_error", TOO_MANY_TOKENS),
        ],
    )
    def test_errors(
        self, anthropic: AnthropicCaller, changes: dict[str, Json], type_: str, message: str
    ) -> None:
        """The line has the observed text; an all-errored batch is ended like any other."""
        params = {name: one for name, one in {**HELLO, **changes}.items() if one is not ...}
        body = {"requests": [{"custom_id": "a", "params": params}]}
        id = anthropic.good(anthropic.post(BATCHES, body))["id"]
        anthropic.advance(IN_PROGRESS)
        ended = anthropic.message_batch(id)
        assert (ended["processing_status"], counts_of(ended)) == ("ended", (0, 0, 1, 0, 0))
        result = results_of(anthropic, id)["a"]
        assert list(result) == ["type", "error"]
        error = result["error"]
        assert (list(error), error["request_id"]) == (["type", "error", "request_id"], None)
        assert list(error["error"]) == ["details", "type", "message"]
        assert error["error"]["details"] == {"error_visibility": "user_facing"}
        assert error["error"]["type"] == type_
        assert message in (..., error["error"]["message"])

    def test_sampling_after_october_2026(self, anthropic: AnthropicCaller) -> None:
        """It is documented as removed; that a line of a batch is errored is an assumption."""
        before = anthropic.create_batch({"temperature": 0.5})["id"]
        anthropic.version = "2026-10-21"
        after = anthropic.create_batch({"temperature": 0.5})["id"]
        anthropic.advance(IN_PROGRESS)
        assert types_of(anthropic, before) == ["succeeded"]
        assert types_of(anthropic, after) == ["errored"]

    def test_a_dead_image_by_script(self, anthropic: AnthropicCaller) -> None:
        """Mockbatch downloads nothing, so a script says so; the text is an observed one."""
        text = "Unable to download the file. Please verify the URL and try again."
        error = {"type": "error", "error": {"type": "invalid_request_error", "message": text}}
        reply = {"status_code": 400, "body": error}
        added = {"match": {"custom_id": "line-0"}, "reply": reply}
        anthropic.good(anthropic.post("/_mock/replies", added))
        id = anthropic.create_batch({}, {})["id"]
        anthropic.advance(IN_PROGRESS)
        results = results_of(anthropic, id)
        assert results["line-0"]["error"]["error"]["message"] == text
        assert results["line-1"]["type"] == "succeeded"

    def test_a_model_that_the_world_does_not_serve(self, anthropic: AnthropicCaller) -> None:
        """`/_mock/models` holds for every provider."""
        anthropic.good(anthropic.call("PUT", "/_mock/models", json={"models": [MODEL]}))
        id = anthropic.create_batch({}, {"model": "claude-opus-4-5"})["id"]
        anthropic.advance(IN_PROGRESS)
        assert types_of(anthropic, id) == ["errored", "succeeded"]


class TestReplies:
    """Scripted replies of lines."""

    @pytest.mark.parametrize(
        "match", [{"custom_id": "line-1"}, {"model": "*sonnet*"}, {"contains": "two"}]
    )
    def test_by_custom_id_model_and_text(self, anthropic: AnthropicCaller, match: Json) -> None:
        """Only the line that matches has the reply."""
        added = {"match": match, "reply": {"content": "Two it is"}}
        anthropic.good(anthropic.post("/_mock/replies", added))
        second = {"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "two"}]}
        id = anthropic.create_batch({}, second)["id"]
        anthropic.advance(IN_PROGRESS)
        texts = {
            custom_id: result["message"]["content"][0]["text"]
            for custom_id, result in results_of(anthropic, id).items()
        }
        assert texts == {"line-0": "Mock reply to: Hello", "line-1": "Two it is"}

    def test_a_line_that_is_never_executed(self, anthropic: AnthropicCaller) -> None:
        """An error without a response, as OpenAI's files can have it, is one of the server."""
        reply = {"error": {"code": "lost", "message": "It broke."}}
        added = {"match": {"custom_id": "line-0"}, "reply": reply}
        anthropic.good(anthropic.post("/_mock/replies", added))
        id = anthropic.create_batch({}, {})["id"]
        anthropic.advance(IN_PROGRESS)
        results = results_of(anthropic, id)
        error = results["line-0"]["error"]["error"]
        assert (error["type"], error["message"]) == ("api_error", "It broke.")
        assert results["line-1"]["type"] == "succeeded"


class TestScenarios:
    """What carries over, and what does not."""

    def test_expired_partial(self, anthropic: AnthropicCaller) -> None:
        """A day after its creation the batch is ended, the other lines expired (documented)."""
        scenario(anthropic, "expired_partial", fraction=0.5)
        id = anthropic.create_batch({}, {}, {}, {})["id"]
        anthropic.advance(DAY - 1)
        assert anthropic.message_batch(id)["processing_status"] == "in_progress"
        anthropic.advance(1)
        ended = anthropic.message_batch(id)
        assert (ended["processing_status"], counts_of(ended)) == ("ended", (0, 2, 0, 0, 2))
        assert types_of(anthropic, id) == ["expired"] * 2 + ["succeeded"] * 2
        assert ended["ended_at"] == ended["expires_at"]

    def test_all_failed(self, anthropic: AnthropicCaller) -> None:
        """Every line is errored, and results_url is set all the same (field notes, 2026)."""
        scenario(anthropic, "all_failed")
        id = anthropic.create_batch({}, {})["id"]
        anthropic.advance(IN_PROGRESS)
        ended = anthropic.message_batch(id)
        assert (counts_of(ended), types_of(anthropic, id)) == ((0, 0, 2, 0, 0), ["errored"] * 2)
        assert ended["results_url"] is not None

    def test_cancel_loses_race(self, anthropic: AnthropicCaller) -> None:
        """Canceling, then ended with every line succeeded."""
        scenario(anthropic, "cancel_loses_race")
        id = anthropic.create_batch({}, {})["id"]
        anthropic.advance(1)
        canceling = anthropic.good(anthropic.post(f"{BATCHES}/{id}/cancel"))
        assert canceling["processing_status"] == "canceling"
        anthropic.advance(IN_PROGRESS)
        ended = anthropic.message_batch(id)
        assert counts_of(ended) == (0, 2, 0, 0, 0)
        assert ended["cancel_initiated_at"] is not None

    def test_cancel_loses_results(self, anthropic: AnthropicCaller) -> None:
        """All lines are canceled, also those that had run."""
        scenario(anthropic, "cancel_loses_results")
        id = anthropic.create_batch({}, {})["id"]
        anthropic.advance(IN_PROGRESS)  # by then half of the lines have run
        anthropic.post(f"{BATCHES}/{id}/cancel")
        anthropic.advance(CANCELING)
        assert counts_of(anthropic.message_batch(id)) == (0, 0, 0, 2, 0)
        assert types_of(anthropic, id) == ["canceled"] * 2

    def test_stuck_in_progress(self, anthropic: AnthropicCaller) -> None:
        """It never ends, not even at expires_at."""
        scenario(anthropic, "stuck_in_progress")
        id = anthropic.create_batch({}, {})["id"]
        anthropic.advance(20 * DAY)
        assert anthropic.message_batch(id)["processing_status"] == "in_progress"

    def test_unicode_separators(self, anthropic: AnthropicCaller) -> None:
        """They are raw in the texts, so only a newline ends a line."""
        scenario(anthropic, "unicode_separators")
        id = anthropic.create_batch({}, {})["id"]
        anthropic.advance(IN_PROGRESS)
        text = anthropic.get(f"{BATCHES}/{id}/results").text
        assert len(text.splitlines()) > 2
        assert len(results_of(anthropic, id)) == 2

    def test_output_expired(self, anthropic: AnthropicCaller) -> None:
        """The results go before their 29 days."""
        scenario(anthropic, "output_expired")
        id = anthropic.create_batch({})["id"]
        anthropic.advance(IN_PROGRESS + 2 * DAY)
        assert anthropic.message_batch(id)["archived_at"] is not None

    @pytest.mark.parametrize(
        "name",
        [
            *("validation_failed", "stuck_validating", "stuck_finalizing", "enqueued_quota"),
            *("webhook_lost", "errors_as_list", "status_code_zero", "lines_in_both_files"),
        ],
    )
    def test_those_that_cannot_be_are_refused(self, anthropic: AnthropicCaller, name: str) -> None:
        """The message says why, and the scenario is still there for a batch that can have it."""
        scenario(anthropic, name)
        status, type_, message = anthropic_error_of(anthropic.post(BATCHES, requests_of({})))
        assert (status, type_) == (400, "invalid_request_error")
        assert name in message
        assert anthropic.good(anthropic.get("/_mock/state"))["scenarios"]


class TestFaults:
    """What goes wrong with a request."""

    def fault(self, anthropic: AnthropicCaller, fault: Json, path: str = "*") -> TestResponse:
        """Add a fault and meet it."""
        rule = {"match": {"path": f"{BATCHES}{path}"}, "fault": fault}
        anthropic.good(anthropic.post("/_mock/faults", rule))
        return anthropic.get(BATCHES)

    @pytest.mark.parametrize(
        ("status", "type_"),
        [
            (400, "invalid_request_error"),
            (401, "authentication_error"),
            (402, "billing_error"),
            (403, "permission_error"),
            (404, "not_found_error"),
            (413, "request_too_large"),
            (429, "rate_limit_error"),
            (500, "api_error"),
            (504, "timeout_error"),
            (529, "overloaded_error"),
        ],
    )
    def test_a_status_has_its_type(
        self, anthropic: AnthropicCaller, status: int, type_: str
    ) -> None:
        """The envelope is Anthropic's, also with 529, which is Anthropic's own."""
        response = self.fault(anthropic, {"status": status})
        assert anthropic_error_of(response)[:2] == (status, type_)

    def test_the_journal_names_it(self, anthropic: AnthropicCaller) -> None:
        """As it names those of OpenAI's requests."""
        self.fault(anthropic, {"status": 529})
        [entry] = anthropic.get("/_mock/requests").json["requests"]
        assert (entry["path"], entry["status"], entry["fault"]) == (BATCHES, 529, "status 529")

    def test_the_journal_finds_it_by_its_request_id(self, anthropic: AnthropicCaller) -> None:
        """Anthropic's header for it has no `x-`."""
        id = self.fault(anthropic, {"status": 529}).headers["request-id"]
        assert anthropic.good(anthropic.get(f"/_mock/requests/{id}"))["path"] == BATCHES


class TestWorld:
    """What the control API says of a Message Batch."""

    def test_the_explanation_has_anthropics_words(self, anthropic: AnthropicCaller) -> None:
        """It becomes ended, and not completed."""
        id = anthropic.create_batch({})["id"]
        timeline = anthropic.good(anthropic.get(f"/_mock/batches/{id}/timeline"))
        assert timeline["explanation"].endswith("it becomes ended in 90 s of simulated time.")

    def test_a_clock_that_stands_names_the_status(self, anthropic: AnthropicCaller) -> None:
        """In Anthropic's words, for the message about a sleep that is in vain."""
        id = anthropic.create_batch({})["id"]
        anthropic.good(anthropic.post(f"{BATCHES}/{id}/cancel"))
        assert anthropic.clock()["unfinished_batch"] == {"id": id, "status": "canceling"}

    @pytest.mark.parametrize("status", ["ended", "completed"])
    def test_the_clock_moves_until_a_status(self, anthropic: AnthropicCaller, status: str) -> None:
        """It may have Anthropic's name or OpenAI's."""
        id = anthropic.create_batch({})["id"]
        start = anthropic.clock()["now"]
        until = {"batch": id, "status": status}
        assert anthropic.good(anthropic.post("/_mock/clock/advance", until))["now"] == (
            start + IN_PROGRESS
        )
        assert anthropic.message_batch(id)["processing_status"] == "ended"

    def test_a_status_that_does_not_come(self, anthropic: AnthropicCaller) -> None:
        """Without a cancel a batch is never canceling, and one of OpenAI's never ended."""
        batch, other = anthropic.create_batch({})["id"], anthropic.create()["id"]
        for id, status in ((batch, "canceling"), (other, "ended")):
            refused = anthropic.post("/_mock/clock/advance", {"batch": id, "status": status})
            assert (refused.status_code, refused.json["error"]["code"]) == (
                409,
                "unreachable_status",
            )

    def test_commands(self, anthropic: AnthropicCaller) -> None:
        """A batch can be held, resumed, completed and expired."""
        id = anthropic.create_batch({}, {})["id"]
        anthropic.good(anthropic.post(f"/_mock/batches/{id}/hold"))
        anthropic.advance(IN_PROGRESS)
        assert anthropic.message_batch(id)["processing_status"] == "in_progress"
        anthropic.good(anthropic.post(f"/_mock/batches/{id}/resume"))
        anthropic.good(anthropic.post(f"/_mock/batches/{id}/complete"))
        assert counts_of(anthropic.message_batch(id)) == (0, 2, 0, 0, 0)
        other = anthropic.create_batch({}, {})["id"]
        anthropic.good(anthropic.post(f"/_mock/batches/{other}/expire"))
        assert counts_of(anthropic.message_batch(other)) == (0, 0, 0, 0, 2)

    @pytest.mark.parametrize("seconds", [0, IN_PROGRESS])
    def test_a_state_document_has_everything(
        self, anthropic: AnthropicCaller, seconds: float
    ) -> None:
        """After a round trip the batch and its results are the same."""
        anthropic.version = "2026-10-21"
        id = anthropic.create_batch({}, {"temperature": 1}, {"model": "x"})["id"]
        anthropic.advance(seconds)
        before = anthropic.message_batch(id)
        state = anthropic.good(anthropic.get("/_mock/state"))
        anthropic.good(anthropic.post("/_mock/reset", {}))
        assert anthropic.get(f"{BATCHES}/{id}").status_code == 404
        anthropic.good(anthropic.call("PUT", "/_mock/state", json=state))
        assert anthropic.message_batch(id) == before
        anthropic.advance(IN_PROGRESS - seconds)
        assert types_of(anthropic, id) == ["errored", "errored", "succeeded"]

    def test_a_batch_that_cannot_be_is_refused(self, anthropic: AnthropicCaller) -> None:
        """A state document is checked as one with OpenAI's batches: none ends without a start."""
        anthropic.create_batch({})
        state = anthropic.good(anthropic.get("/_mock/state"))
        transitions = state["batches"][0]["timeline"]["transitions"]
        state["batches"][0]["timeline"]["transitions"] = [transitions[0], transitions[-1]]
        refused = anthropic.call("PUT", "/_mock/state", json=state)
        assert refused.status_code == 400
        assert refused.json["error"]["param"] == "state.batches[0].timeline.transitions[1]"

    def test_a_deleted_batch_stays_deleted(self, anthropic: AnthropicCaller) -> None:
        """A state document knows that it was deleted."""
        id = anthropic.create_batch({})["id"]
        anthropic.advance(IN_PROGRESS)
        anthropic.delete(f"{BATCHES}/{id}")
        state = anthropic.good(anthropic.get("/_mock/state"))
        anthropic.good(anthropic.call("PUT", "/_mock/state", json=state))
        assert anthropic.get(f"{BATCHES}/{id}").status_code == 404

    def test_no_webhook(self, anthropic: AnthropicCaller) -> None:
        """Anthropic has none about batches, so no endpoint hears of the end."""
        endpoint = {"name": "all", "url": "http://127.0.0.1:9/", "event_types": ["batch.completed"]}
        anthropic.good(anthropic.post("/v1/webhook_endpoints", endpoint))
        anthropic.create_batch({})
        anthropic.advance(IN_PROGRESS)
        assert anthropic.get("/_mock/webhooks/deliveries").json["deliveries"] == []

    def test_the_results_for_people(self, anthropic: AnthropicCaller) -> None:
        """`/_mock/batches/{id}/results` has the lines, and `/input` the requests."""
        id = anthropic.create_batch({}, {"model": "x"})["id"]
        anthropic.advance(IN_PROGRESS)
        results = anthropic.good(anthropic.get(f"/_mock/batches/{id}/results"))
        assert (results["output"].count("\n"), results["errors"]) == (2, None)
        sent = anthropic.good(anthropic.get(f"/_mock/batches/{id}/input"))["input"]
        assert json.loads(sent.split("\n")[0])["body"] == HELLO
