"""How an answer is compared with what is expected of it."""

import json
import re
from email.message import Message
from types import SimpleNamespace

import pytest

from mockbatch.contract import expectations
from mockbatch.contract.client import Answer
from mockbatch.contract.expectations import breaches, wrong_status
from mockbatch.contract.placeholders import at, differences, filled, filled_request
from mockbatch.typing import Json


def answer(body: Json, **headers: str) -> Answer:
    """Make an answer; a body that is no text is sent as JSON."""
    message = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    text = body if isinstance(body, str) else json.dumps(body)
    return Answer(200, message, text.encode())


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("${n}", 1),
        ("a-${n}-b", "a-1-b"),
        ("${n+86400}", 86401),
        ("${text+5}", "x"),
        ({"a": ["${text}", None]}, {"a": ["x", None]}),
    ],
)
def test_names_are_replaced(template: Json, value: Json) -> None:
    """A text that is one name becomes the value itself, and a number can be added to."""
    assert filled(template, {"n": 1, "text": "x"}) == value


@pytest.mark.parametrize("id", ["../x", "a?b", "a b\n", "\ud800", "ü", 1, None, "x" * 999])
def test_value_is_one_segment_of_a_path(id: Json) -> None:
    """Whatever a server calls an id, what is asked for next is below the same path."""
    request = filled_request({"path": "/files/${id}/content", "json": "${id}"}, {"id": id})
    assert re.fullmatch(r"/files/[\w%.-]+/content", request["path"], re.ASCII)
    assert request["json"] == id


def test_value_is_found_by_its_path() -> None:
    """Members by name, items by number."""
    assert at("data.1.id", {"data": [{"id": "a"}, {"id": "b"}]}) == "b"


@pytest.mark.parametrize("path", ["x", "data.2", "data.id", "data.0.id.x"])
def test_missing_value_is_told(path: str) -> None:
    """By the whole path."""
    with pytest.raises(KeyError, match=path):
        at(path, {"data": [{"id": "a"}]})


@pytest.mark.parametrize(
    ("wanted", "value", "said"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ({"a": 1}, {"a": 2}, ["a is 2, not 1"]),
        ({"a": {"b": 1}}, {"a": {}}, ["a.b is missing"]),
        ({"a": [1, 2]}, {"a": [1, 3]}, ["a.1 is 3, not 2"]),
        ({"a": [1]}, {"a": [1, 2]}, ["a is [1, 2], not [1]"]),
        ({"a": 1}, {"a": True}, ["a is True, not 1"]),
        ({"a": None}, {}, ["a is missing"]),
        ({"a": 1}, [], ["the body is [], not {'a': 1}"]),
    ],
)
def test_differences_are_told(wanted: Json, value: Json, said: list[str]) -> None:
    """Members that are not mentioned may be anything."""
    assert list(differences(wanted, value)) == said


@pytest.mark.parametrize(
    "content", ["[" * 100_000, "{", "", '{"a": 1}x', "\x00", "[NaN]", "[1e999]"]
)
def test_body_that_is_no_json_is_told(content: str) -> None:
    """And nothing raises."""
    [said] = breaches({"json": {}}, answer(content))
    assert said.startswith("the body is no JSON")


def test_comparison_of_unlike_values_is_told() -> None:
    """Times as texts, say, where the answer before had numbers."""
    wanted = filled({"fits": {"properties": {"n": {"minimum": "${n}"}}}}, {"n": "today"})
    [said] = breaches(wanted, answer({"n": 1}))
    assert "of another type" in said


def test_two_lines_of_one_name_are_told() -> None:
    """Whoever looks lines up by custom_id would see one of them."""
    content = '{"custom_id": "a"}\n{"custom_id": "a"}\n'
    assert list(breaches({"lines_by": "custom_id"}, answer(content))) == [
        "two lines have the custom_id 'a'"
    ]


@pytest.mark.parametrize("line", ["[]", "1", "{}", '{"custom_id": 1}', "null"])
def test_line_without_its_name_is_told(line: str) -> None:
    """As is a line that is no object."""
    [said] = breaches({"lines_by": "custom_id"}, answer(line))
    assert said.startswith("a line has no custom_id")


def test_member_that_is_newer_than_the_schema_is_allowed() -> None:
    """A server may know more; what is missing is told."""
    error = {"message": "m", "type": "t", "param": None, "code": None, "hint": "new"}
    assert list(breaches({"error": {}}, answer({"error": error}))) == []
    [said] = breaches({"error": {}}, answer({"error": {"message": "m"}}))
    assert "'type' is a required property" in said


def test_gateway_says_whose_error_it_is() -> None:
    """Before the message."""
    wanted = {"error": {"message": "No."}}
    body = {"error": {"message": "openai error: No.", "type": "t", "param": None, "code": None}}
    assert list(breaches(wanted, answer(body), "openai")) == []
    assert list(breaches(wanted, answer(body))) != []


def test_header_is_a_pattern() -> None:
    """Its name is of any case."""
    wanted = {"headers": {"X-Request-Id": "req_.+"}}
    assert list(breaches(wanted, answer({}, x_request_id="req_1"))) == []
    assert list(breaches(wanted, answer({}))) == ["header X-Request-Id is missing, not req_.+"]


@pytest.mark.parametrize("body", ["a\nb", "a\u2028b", "a.b"])
def test_pattern_of_a_body_spans_its_lines(body: str) -> None:
    """A dot is any character, a line end included."""
    assert list(breaches({"matches": "a.b"}, answer(body))) == []


@pytest.mark.parametrize("body", ["a", "a.b.c", "xa.b"])
def test_pattern_is_of_the_whole_body(body: str) -> None:
    """More before or behind is told."""
    [said] = breaches({"matches": "a.b"}, answer(body))
    assert said == f"the body is {body!r}, not a.b"


def test_text_is_the_whole_body() -> None:
    """To the last character."""
    assert list(breaches({"text": "a\n"}, answer("a\n"))) == []
    assert list(breaches({"text": "a\n"}, answer("a"))) == ["the body is 'a', not 'a\\n'"]


def test_form_of_an_id_is_the_servers_own_affair() -> None:
    """The pattern that the schema has for it is not asked for."""
    file = {
        "object": "file", "id": "F-1", "purpose": "batch", "filename": "in.jsonl", "bytes": 0,
        "created_at": 0, "expires_at": None, "status": "processed", "status_details": None,
    }  # fmt: skip
    assert list(breaches({"schema": "file_wire"}, answer(file))) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"pattern": "a"}, []),
        ({"pattern": "b", "newer": 1}, []),
        ({"pattern": 1}, ["1 is not of type 'string' (properties.pattern.type)"]),
        ({}, ["'pattern' is a required property (required)"]),
    ],
)
def test_member_may_be_called_pattern(
    monkeypatch: pytest.MonkeyPatch, body: Json, said: list[str]
) -> None:
    """It has to be there as any other; what is left out is the keyword of that name."""
    document = {
        "type": "object",
        "properties": {"pattern": {"type": "string", "pattern": "^a$"}},
        "required": ["pattern"],
        "additionalProperties": False,
    }
    monkeypatch.setattr(expectations, "schema", lambda _: SimpleNamespace(document=document))
    assert list(breaches({"schema": "with_a_member_called_pattern"}, answer(body))) == said


def test_status_comes_with_what_was_said() -> None:
    """The message of an error tells more than its number."""
    body = {"error": {"message": "No such thing."}}
    said = wrong_status({"status": [201, 202]}, answer(body))
    assert said == "status 200, not [201, 202] (No such thing.)"
