"""`/_mock/batches/{id}`: commands and the timeline."""

from typing import Any

import pytest

from tests.support.caller import (
    CANCELLING,
    DAY,
    IN_PROGRESS,
    START,
    VALIDATING,
    Caller,
    app_of,
    error_of,
    lines,
)

CHAT = "/v1/chat/completions"


class TestCommands:
    """POST /_mock/batches/{id}/COMMAND."""

    @staticmethod
    def do(api: Caller, batch: dict[str, Any], name: str, body: Any = None) -> Any:
        """Send a command."""
        return api.post(f"/_mock/batches/{batch['id']}/{name}", body)

    @pytest.mark.parametrize("after", [0, VALIDATING, VALIDATING + IN_PROGRESS])
    def test_held_batch_keeps_its_status(self, api: Caller, after: int) -> None:
        """Its counts do not change, either."""
        batch = api.create(lines(10))
        api.advance(after)
        held = api.good(self.do(api, batch, "hold"))
        api.advance(1000)
        assert api.batch(batch["id"]) == held

    def test_resumed_batch_continues(self, api: Caller) -> None:
        """It needs the time that was left before the hold."""
        batch = api.create()
        api.advance(10)
        self.do(api, batch, "hold")
        api.advance(1000)
        api.good(self.do(api, batch, "resume"))
        assert api.clock()["next_event"]["at"] == START + 1000 + VALIDATING

    @pytest.mark.parametrize("after", [0, VALIDATING, VALIDATING + 30])
    def test_expired_batch_keeps_what_is_done(self, api: Caller, after: int) -> None:
        """It ends now, with the lines that were done by then."""
        batch = api.create(lines(10))
        api.advance(after)
        ended = api.good(self.do(api, batch, "expire"))
        assert (ended["status"], ended["expired_at"]) == ("expired", START + after)
        assert (ended["output_file_id"] is not None) == (after > VALIDATING)

    def test_failed_batch_has_the_error_in_the_body(self, api: Caller) -> None:
        """Code and message can be chosen."""
        batch = api.create()
        error = {"code": "token_limit_exceeded", "message": "Enqueued token limit reached."}
        ended = api.good(self.do(api, batch, "fail", error))
        assert ended["status"] == "failed"
        assert ended["errors"]["data"] == [{**error, "param": None, "line": None}]

    def test_failed_batch_has_a_default_error(self, api: Caller) -> None:
        """Without a body, mockbatch chooses the error."""
        ended = api.good(self.do(api, api.create(), "fail"))
        assert ended["errors"]["data"][0]["code"] == "invalid_request"

    @pytest.mark.parametrize("after", [0, VALIDATING, VALIDATING + IN_PROGRESS])
    def test_completed_batch_has_all_its_lines(self, api: Caller, after: int) -> None:
        """The remaining lines are done at once."""
        batch = api.create(lines(10))
        api.advance(after)
        ended = api.good(self.do(api, batch, "complete"))
        assert (ended["status"], ended["completed_at"]) == ("completed", START + after)
        assert ended["request_counts"]["completed"] == 10
        assert ended["usage"]["total_tokens"] > 0

    @pytest.mark.parametrize(
        ("name", "after", "first"),
        [
            ("hold", DAY, None),
            ("hold", 0, "hold"),
            ("resume", 0, None),
            ("resume", DAY, None),
            ("expire", VALIDATING + IN_PROGRESS, None),
            ("expire", DAY, None),
            ("fail", VALIDATING, None),
            ("fail", DAY, None),
            ("complete", DAY, None),
        ],
    )
    def test_command_that_the_status_does_not_allow_is_a_409(
        self, api: Caller, name: str, after: int, first: str | None
    ) -> None:
        """The batch does not change, and the message names its status."""
        batch = api.create()
        if first:
            self.do(api, batch, first)
        api.advance(after)
        before = api.batch(batch["id"])
        answer = self.do(api, batch, name)
        assert error_of(answer) == (409, "illegal_command", None)
        assert before["status"] in answer.json["error"]["message"]
        assert api.batch(batch["id"]) == before

    @pytest.mark.parametrize("name", ["hold", "resume", "expire", "fail", "complete"])
    def test_unknown_batch_is_a_404(self, api: Caller, name: str) -> None:
        """The error is that of a retrieve."""
        assert error_of(self.do(api, {"id": "batch_no"}, name)) == (404, None, None)

    @pytest.mark.parametrize("name", ["hold", "resume", "expire", "fail", "complete"])
    @pytest.mark.parametrize(
        ("body", "code", "param"),
        [({"x": 1}, "unknown_parameter", "x"), ([], "invalid_type", "body")],
    )
    def test_invalid_body_changes_nothing(
        self, api: Caller, name: str, body: Any, code: str, param: str
    ) -> None:
        """The error names the parameter."""
        batch = api.create()
        assert error_of(self.do(api, batch, name, body)) == (400, code, param)
        assert api.batch(batch["id"]) == batch

    @pytest.mark.parametrize("body", [{"code": ""}, {"message": 1}, {"message": None}])
    def test_invalid_error_is_refused(self, api: Caller, body: Any) -> None:
        """Code and message must be strings, and the code not empty."""
        answer = self.do(api, api.create(), "fail", body)
        assert error_of(answer)[0] == 400
        assert error_of(answer)[2] == next(iter(body))

    def test_cancelling_batch_can_be_held(self, api: Caller) -> None:
        """It stays in `cancelling`."""
        batch = api.create()
        api.post(f"/v1/batches/{batch['id']}/cancel")
        api.good(self.do(api, batch, "hold"))
        api.advance(10 * CANCELLING)
        assert api.batch(batch["id"])["status"] == "cancelling"

    def test_unknown_command_is_an_unknown_url(self, api: Caller) -> None:
        """Only the five commands have routes."""
        assert error_of(self.do(api, api.create(), "explode")) == (404, None, None)


class TestTimeline:
    """GET /_mock/batches/{id}/timeline."""

    def test_has_past_and_coming_events(self, api: Caller) -> None:
        """Every status change, in order."""
        id = api.create()["id"]
        api.advance(VALIDATING)
        timeline = api.get(f"/_mock/batches/{id}/timeline").json
        assert (timeline["id"], timeline["status"], timeline["scenario"]) == (
            id,
            "in_progress",
            "happy",
        )
        assert timeline["past"] == [
            {"at": START, "type": "batch.validating"},
            {"at": START + VALIDATING, "type": "batch.in_progress"},
        ]
        assert [event["type"] for event in timeline["coming"]] == [
            "batch.finalizing",
            "batch.completed",
        ]

    def test_explains_what_comes_next(self, api: Caller) -> None:
        """In one sentence for people."""
        id = api.create()["id"]
        explanation = api.get(f"/_mock/batches/{id}/timeline").json["explanation"]
        assert f"{id} is validating (since " in explanation
        assert f"in_progress in {VALIDATING} s" in explanation

    def test_is_not_a_poll(self) -> None:
        """Reading it has no limit and does not move the clock."""
        api = Caller(app_of(poll_limit=2, clock="on-poll"))
        path = f"/_mock/batches/{api.create()['id']}/timeline"
        assert {api.get(path).status_code for _ in range(5)} == {200}
        assert api.clock()["now"] == START

    def test_unknown_batch_is_a_404(self, api: Caller) -> None:
        """The error is that of a retrieve."""
        assert error_of(api.get("/_mock/batches/batch_no/timeline")) == (404, None, None)


def test_an_input_that_is_not_jsonl_names_its_member(api: Caller) -> None:
    """The service names no parameter for the content of a file."""
    body = {"input": "1536x864", "endpoint": "/v1/embeddings"}
    assert error_of(api.post("/_mock/batches", body)) == (400, None, "input")
    assert api.get("/v1/files").json["data"] == []


def test_an_input_with_half_a_character_is_no_utf_8(api: Caller) -> None:
    """JSON can escape a lone surrogate, and the input is refused as such a file is."""
    text = lines(1).decode().replace("line-0", "\ud83d")
    response = api.post("/_mock/batches", {"input": text, "endpoint": CHAT})
    assert error_of(response) == (400, None, "input")
    assert "utf-8" in response.json["error"]["message"]
