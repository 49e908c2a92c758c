"""`/_mock/replies`: what it accepts, returns and refuses."""

import pytest

from mockbatch.typing import Json
from tests.support.caller import Caller, error_of

REPLIES = "/_mock/replies"
SAID = {"match": {"custom_id": "line-*"}, "reply": {"content": "Scripted."}}
WHOLE = {"id": "x", "object": "chat.completion", "created": "now", "model": "m", "choices": []}


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
    assert add(api, other) == [SAID, other] == api.good(api.get(REPLIES))["replies"]


def test_without_a_match_it_is_for_all_lines(api: Caller) -> None:
    """It is shown with an empty match."""
    assert add(api, {"reply": SAID["reply"]}) == [{"match": {}, "reply": SAID["reply"]}]


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
    assert api.good(api.get(REPLIES))["replies"] == [SAID]
    assert api.good(api.get("/_mock/state")) == state


@pytest.mark.parametrize("data", [b"", b"{", b"\xff"])
def test_invalid_json_is_refused(api: Caller, data: bytes) -> None:
    """A body that cannot be read is a 400."""
    assert api.call("POST", REPLIES, data=data).status_code == 400
