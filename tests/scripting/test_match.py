"""Which requests meet a scripted reply."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.errors import ApiError
from mockbatch.scripting.match import Match, RequestContext, last_user_text, parse
from mockbatch.typing import Json
from tests.support.bodies import CHAT, EMBEDDINGS, JSON, attempt

LINE = {
    "custom_id": "task-7",
    "method": "POST",
    "url": CHAT,
    "body": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Translate this."}]},
}


def meets(**match: Json) -> bool:
    """Return whether the line, the third of batch_1, meets a match."""
    return parse(match).matches(RequestContext(LINE, CHAT, 3, "batch_1"))


def parse_error(match: Json) -> ApiError:
    """Return the failure with which a match is refused."""
    with pytest.raises(ApiError) as raised:
        parse(match)
    return raised.value


# --- matchers


def test_an_empty_match_meets_everything() -> None:
    """Nothing has to hold."""
    assert meets()


@pytest.mark.parametrize(
    ("name", "met", "missed"),
    [
        ("custom_id", "task-7", "task-70"),
        ("custom_id", "task-*", "job-*"),
        ("custom_id", "task-?", "task-??"),
        ("custom_id", "task-[0-7]", "task-[!0-7]"),
        ("model", "gpt-4o-mini", "gpt-4o"),
        ("model", "gpt-4o*", "gpt-5*"),
        ("endpoint", CHAT, EMBEDDINGS),
        ("contains", "late th", "Late"),
        ("line", 3, 4),
        ("line", 3.0, 2.0),
        ("batch_id", "batch_1", "batch_2"),
    ],
)
def test_each_matcher_meets_what_it_names(name: str, met: Json, missed: Json) -> None:
    """One value meets the line, another does not."""
    assert (meets(**{name: met}), meets(**{name: missed})) == (True, False)


def test_all_members_have_to_hold() -> None:
    """One that does not is enough to miss."""
    assert meets(custom_id="task-*", line=3)
    assert not meets(custom_id="task-*", line=4)


def test_a_glob_is_case_sensitive() -> None:
    """Upper and lower case differ."""
    assert not meets(custom_id="TASK-*")


@pytest.mark.parametrize("name", ["custom_id", "line", "batch_id"])
def test_a_live_call_is_no_line(name: str) -> None:
    """A match that names a line or a batch misses a live call."""
    value = {"custom_id": "*", "line": 1, "batch_id": "batch_1"}[name]
    assert not parse({name: value}).matches(RequestContext({"body": LINE["body"]}, CHAT))


def test_a_live_call_has_a_model_and_a_text() -> None:
    """The other matchers meet it."""
    match = parse({"model": "gpt-4o*", "contains": "this", "endpoint": CHAT})
    assert match.matches(RequestContext({"body": LINE["body"]}, CHAT))


def test_a_custom_id_meets_itself() -> None:
    """An id with the characters of a glob can be written as it is."""
    assert parse({"custom_id": "task[12]"}).matches(RequestContext({"custom_id": "task[12]"}, CHAT))


@pytest.mark.parametrize(
    ("custom_id", "other"),
    [("a*", "ab"), ("a?", "ab"), ("a[1]", "a1"), ("[!a]", "b"), ("[", "a"), ("a[*]", "a*")],
)
def test_an_id_with_the_characters_of_a_glob_is_one_id(custom_id: str, other: str) -> None:
    """In the match of a line they mean nothing."""
    match = Match.for_custom_id(custom_id)
    assert match.exact_custom_id == custom_id
    assert match.matches(RequestContext({"custom_id": custom_id}, CHAT))
    assert not match.matches(RequestContext({"custom_id": other}, CHAT))


@given(st.text(), st.text())
def test_an_escaped_id_meets_only_itself(one: str, other: str) -> None:
    """The match of a line's own id meets that id and no other."""
    match = Match.for_custom_id(one)
    assert match.exact_custom_id == one
    assert match.matches(RequestContext({"custom_id": one}, CHAT))
    assert match.matches(RequestContext({"custom_id": other}, CHAT)) == (one == other)


@given(st.text("ab*?[]!-"), st.text("ab*?[]!-"))
def test_a_match_about_one_id_meets_that_id_alone(glob: str, custom_id: str) -> None:
    """What a glob without meaning is about is all that it meets."""
    match = Match(custom_id=glob)
    if match.exact_custom_id is not None:
        request = RequestContext({"custom_id": custom_id}, CHAT)
        assert match.matches(request) == (custom_id == match.exact_custom_id)


@pytest.mark.parametrize("glob", ["a*", "a?", "[ab]", "[", "[[]*"])
def test_a_glob_is_about_several_ids(glob: str) -> None:
    """With a character of meaning left, there is no one id."""
    assert Match(custom_id=glob).exact_custom_id is None


@pytest.mark.parametrize("name", ["custom_id", "model"])
@pytest.mark.parametrize("pattern", ["*" + "a" * 512, "*" + "[ab]" * 33])
def test_costly_glob_is_refused(name: str, pattern: str) -> None:
    """The error names the member, within the document that holds the match."""
    error = parse_error({name: pattern})
    assert (error.status, error.param) == (400, f"match.{name}")


def test_long_custom_id_is_no_glob() -> None:
    """The match of a line may name an id of any length."""
    custom_id = "a?" * 1000
    match = parse(Match.for_custom_id(custom_id).as_json())
    assert match.matches(RequestContext({"custom_id": custom_id}, CHAT))


# --- the last thing the user says


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]}, "b"),
        (
            {"messages": [{"role": "user", "content": "a"}, {"role": "tool", "content": "b"}]},
            "a",
        ),
        ({"messages": [{"role": "system", "content": "a"}]}, "a"),
        (
            {
                "input": [
                    {"role": "user", "content": "a"},
                    {"role": "user", "type": "reasoning", "content": "b"},
                ]
            },
            "a",
        ),
        (
            {
                "input": [
                    {"role": "user", "type": "message", "content": "a"},
                    {"role": "assistant", "type": "message", "content": "b"},
                ]
            },
            "a",
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "text", "text": t} for t in "ab"]}
                ]
            },
            "a\nb",
        ),
        ({"input": "a"}, "a"),
        ({"input": ["a", "b"]}, "a\nb"),
        ({"input": [[1, 2], [3]]}, ""),
        ({"input": [1, 2]}, ""),
        ({"input": [{"role": "user", "content": [{"type": "input_text", "text": "a"}]}]}, "a"),
        (
            {"input": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {}}]},
            "a",
        ),
        ({"input": [], "prompt": {"id": "pmpt_1"}}, '{"id": "pmpt_1"}'),
        ({"prompt": "a"}, "a"),
        ({"prompt": ["a", "b"]}, "a\nb"),
        ({}, ""),
    ],
)
def test_the_last_thing_said_is_found(body: Json, said: str) -> None:
    """At each endpoint, and whether a text or parts of it."""
    assert last_user_text(body) == said


def test_what_a_tool_gave_back_is_looked_through() -> None:
    """Without a user, the last item is what is said."""
    item = {"type": "function_call_output", "call_id": "c", "output": "Regen über Köln"}
    assert "über Köln" in last_user_text({"input": [item]})


@given(JSON | st.dictionaries(st.sampled_from(["messages", "input", "prompt"]), JSON))
def test_any_body_says_something(body: Json) -> None:
    """Bodies that were not checked break nothing."""
    assert isinstance(last_user_text(body), str)


# --- documents


@pytest.mark.parametrize(
    ("document", "param", "code"),
    [
        ([], "match", "invalid_type"),
        ({"custom-id": "a"}, "match.custom-id", "unknown_parameter"),
        ({"custom_id": 7}, "match.custom_id", "invalid_type"),
        ({"model": None}, "match.model", "invalid_type"),
        ({"line": 0}, "match.line", "integer_below_min_value"),
        ({"line": "1"}, "match.line", "invalid_type"),
        ({"endpoint": "/v1/chat"}, "match.endpoint", "invalid_value"),
        ({"contains": ["a"]}, "match.contains", "invalid_type"),
        ({"batch_id": {}}, "match.batch_id", "invalid_type"),
    ],
)
def test_a_bad_match_names_its_field(document: Json, param: str, code: str) -> None:
    """The error has the place and OpenAI's code for the fault."""
    error = parse_error(document)
    assert (error.status, error.param, error.code) == (400, param, code)


def test_the_error_for_an_unknown_endpoint_lists_the_known_ones() -> None:
    """They are listed."""
    assert re.search(f"'{CHAT}', .*'{EMBEDDINGS}'", parse_error({"endpoint": "/v1/x"}).message)


@given(JSON | st.dictionaries(st.sampled_from(["custom_id", "model", "line", "endpoint"]), JSON))
def test_any_json_is_a_match_or_refused(document: Json) -> None:
    """A match that is taken gives its document back, and looks at any line."""
    match = attempt(lambda: parse(document))
    if isinstance(match, ApiError):
        assert (match.status, str(match.param)[:5]) == (400, "match")
        return
    assert match.as_json() == document
    assert match.matches(RequestContext(LINE, CHAT, 1, "batch_1")) in (True, False)
    json.dumps(match.as_json())


def test_an_item_of_another_type_is_no_user_message() -> None:
    """What a user's tool gave back has a role, and is not the last user message."""
    message = {"role": "user", "content": "Hello"}
    other = {"type": "reasoning", "role": "user", "content": "Hm"}
    assert last_user_text({"input": [message, other]}) == "Hello"
    assert last_user_text({"input": [other, message]}) == "Hello"


def test_a_model_matches_its_own_name() -> None:
    """Also one with the characters of a glob."""
    request = {"body": {"model": "ft:own[1]"}}
    assert parse({"model": "ft:own[1]"}).matches(RequestContext(request, CHAT))


@pytest.mark.parametrize("request_", [{"custom_id": 5}, {"body": {"model": 5}}])
def test_what_is_no_text_meets_no_glob(request_: dict[str, Json]) -> None:
    """A request is matched before it is checked."""
    context = RequestContext(request_, CHAT)
    assert not Match(custom_id="*").matches(context)
    assert not Match(model="*").matches(context)
