"""`/_mock/replies`: what it accepts, returns and refuses."""

import json

import pytest

from mockbatch.typing import Json
from tests.support.caller import VALIDATING, Caller, error_of, lines

REPLIES, CHAT = "/_mock/replies", "/v1/chat/completions"
SAID = {"match": {"custom_id": "line-*"}, "reply": {"content": "Scripted."}}
WHOLE = {"id": "x", "object": "chat.completion", "created": "now", "model": "m", "choices": []}


UNUSED = {"lines": 0, "live_calls": 0}
BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}


def add(api: Caller, entry: Json) -> list[Json]:
    """Add a reply, and return all of them."""
    found: list[Json] = api.good(api.post(REPLIES, entry))["replies"]
    return found


def test_a_fresh_world_has_none(api: Caller) -> None:
    """Each line has the default reply."""
    assert api.good(api.get(REPLIES)) == {"replies": []}


def test_they_are_shown_in_the_order_in_which_they_were_added(api: Caller) -> None:
    """Each as it was added; POST returns what GET does."""
    other = {"match": {}, "reply": {"refusal": "No."}}
    add(api, SAID)
    shown = [{**SAID, **UNUSED}, {**other, **UNUSED}]
    assert add(api, other) == shown == api.good(api.get(REPLIES))["replies"]


def test_without_a_match_it_is_for_all_lines(api: Caller) -> None:
    """It is shown with an empty match."""
    assert add(api, {"reply": SAID["reply"]}) == [{"match": {}, "reply": SAID["reply"], **UNUSED}]


def test_delete_removes_all(api: Caller) -> None:
    """The response shows what is left."""
    add(api, SAID)
    assert api.good(api.delete(REPLIES)) == {"replies": []}


def test_a_reset_removes_all(api: Caller) -> None:
    """A world starts over without those that were added."""
    add(api, SAID)
    api.post("/_mock/reset")
    assert api.good(api.get(REPLIES)) == {"replies": []}


def test_another_world_has_its_own(api: Caller) -> None:
    """Each key has its own replies."""
    add(api, SAID)
    other = Caller(api.app, "sk-another-of-the-tests")
    assert other.good(other.get(REPLIES)) == {"replies": []}


@pytest.mark.parametrize(
    ("entry", "code", "param"),
    [
        ({}, "missing_required_parameter", "reply"),
        ({"match": {}}, "missing_required_parameter", "reply"),
        ({**SAID, "odd": 1}, "unknown_parameter", "odd"),
        ({**SAID, "times": 0}, "integer_below_min_value", "times"),
        ({**SAID, "match": {"line": 0}}, "integer_below_min_value", "match.line"),
        ({**SAID, "match": {"endpoint": "/v1/nope"}}, "invalid_value", "match.endpoint"),
        ({**SAID, "match": {"id": "a"}}, "unknown_parameter", "match.id"),
        ({"reply": {}}, "invalid_value", "reply"),
        ({"reply": None}, "invalid_type", "reply"),
        ({"reply": {"content": 1}}, "invalid_type", "reply.content"),
        ({"reply": {"content": "a", "refusal": "b"}}, "invalid_value", "reply.refusal"),
        ({"reply": {"status_code": 400}}, "missing_required_parameter", "reply.body"),
        ({"reply": {"body": {"object": "?"}}}, "invalid_reply", "reply.body.object"),
        ({"reply": {"body": WHOLE}}, "invalid_reply", "reply.body.usage"),
        (
            {"match": {"endpoint": "/v1/embeddings"}, "reply": {"content": "a"}},
            "invalid_value",
            "reply.content",
        ),
        ([], "invalid_type", "body"),
    ],
)
def test_an_invalid_one_changes_nothing(api: Caller, entry: Json, code: str, param: str) -> None:
    """The error names the parameter, and no line gets another reply."""
    add(api, SAID)
    state = api.good(api.get("/_mock/state"))
    assert error_of(api.post(REPLIES, entry)) == (400, code, param)
    assert api.good(api.get(REPLIES))["replies"] == [{**SAID, **UNUSED}]
    assert api.good(api.get("/_mock/state")) == state


@pytest.mark.parametrize("data", [b"", b"{", b"\xff"])
def test_invalid_json_is_refused(api: Caller, data: bytes) -> None:
    """A body that cannot be read is a 400."""
    assert api.call("POST", REPLIES, data=data).status_code == 400


def counts(api: Caller) -> list[tuple[int, int]]:
    """Return the numbers of lines and live calls of each reply."""
    replies = api.good(api.get(REPLIES))["replies"]
    return [(one["lines"], one["live_calls"]) for one in replies]


class TestUse:
    """How many lines of batches and live calls have a reply."""

    def test_lines_and_live_calls_are_counted_apart(self, api: Caller) -> None:
        """Each by the entry that comes first; a call that does not match is not counted."""
        add(api, {"match": {"custom_id": "line-1"}, "reply": "One."})
        add(api, {"match": {"contains": "Hello"}, "reply": ["Other.", "Another."]})
        api.create(lines(3))
        for content in ("Hello", "Hello", "Goodbye"):
            api.good(api.post(CHAT, {**BODY, "messages": [{"role": "user", "content": content}]}))
        assert counts(api) == [(1, 0), (2, 2)]

    def test_a_line_counts_once_however_often_the_script_changes(self, api: Caller) -> None:
        """What has run keeps its reply, and the rest get one of the script as it is then."""
        add(api, SAID)
        batch = api.create(lines(3))
        api.advance(VALIDATING + 30)
        assert api.batch(batch["id"])["request_counts"]["completed"] == 1
        add(api, {"match": {"custom_id": "other"}, "reply": "Other."})
        assert counts(api) == [(3, 0), (0, 0)]
        api.call("DELETE", REPLIES)
        add(api, {"match": {"model": "gpt-4o-mini"}, "reply": "New."})
        assert counts(api) == [(2, 0)]
        add(api, SAID)
        assert counts(api) == [(2, 0), (1, 0)]

    def test_a_reply_that_is_too_long_counts(self, api: Caller) -> None:
        """Its error is what the line has instead, so that a person finds the reply."""
        add(api, {**SAID, "reply": {"content": "a" * 1_000_000}})
        body = {**BODY, "n": 20}
        line = {"custom_id": "line-1", "method": "POST", "url": CHAT, "body": body}
        api.create(json.dumps(line).encode())
        assert counts(api) == [(1, 0)]

    def test_replies_of_a_scenario_do_not_count(self, api: Caller) -> None:
        """They come from no entry."""
        add(api, {"match": {"custom_id": "line-0"}, "reply": "Mine."})
        api.post("/_mock/scenarios/active", {"name": "all_failed"})
        api.create(lines(3))
        assert counts(api) == [(1, 0)]

    def test_a_loaded_state_has_the_same_counts(self, api: Caller) -> None:
        """They follow from batches and journal, which a state document has."""
        add(api, SAID)
        add(api, {"match": {}, "reply": "Other."})
        api.create(lines(3))
        api.good(api.post(CHAT, BODY))
        state = api.good(api.get("/_mock/state"))
        api.post("/_mock/reset")
        assert counts(api) == []
        api.good(api.call("PUT", "/_mock/state", json=state))
        assert counts(api) == [(3, 0), (0, 1)]
        assert api.good(api.get("/_mock/state")) == state

    def test_the_journal_names_the_reply_of_a_live_call(self, api: Caller) -> None:
        """By its match; a call with the default reply has none."""
        add(api, {"match": {"model": "gpt-*"}, "reply": "Other."})
        for model in ("gpt-4o-mini", "o3-mini"):
            api.good(api.post(CHAT, {**BODY, "model": model}))
        requests = api.good(api.get("/_mock/requests"))["requests"]
        assert [one["reply"] for one in requests] == [{"model": "gpt-*"}, None]
