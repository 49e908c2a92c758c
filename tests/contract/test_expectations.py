"""How an answer is compared with what is expected of it."""

import json
import re
from email.message import Message

import pytest

from mockbatch.contract.expectations import find_breaches, loosen, status_error
from mockbatch.contract.placeholders import fill, fill_request, find_differences, value_at
from mockbatch.http_client import HttpResponse
from mockbatch.typing import Json


def answer(body: Json, **headers: str) -> HttpResponse:
    """Make an answer; a body that is no text is sent as JSON."""
    message = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    text = body if isinstance(body, str) else json.dumps(body)
    return HttpResponse(200, message, text.encode())


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
    assert fill(template, {"n": 1, "text": "x"}) == value


@pytest.mark.parametrize("id", ["../x", "a?b", "a b\n", "\ud800", "ü", 1, None, "x" * 999])
def test_value_is_one_segment_of_a_path(id: Json) -> None:
    """Whatever a server calls an id, what is asked for next is below the same path."""
    request = fill_request({"path": "/files/${id}/content", "json": "${id}"}, {"id": id})
    assert re.fullmatch(r"/files/[\w%.-]+/content", request["path"], re.ASCII)
    assert request["json"] == id


def test_value_is_found_by_its_path() -> None:
    """Members by name, items by number."""
    assert value_at("data.1.id", {"data": [{"id": "a"}, {"id": "b"}]}) == "b"


@pytest.mark.parametrize("path", ["x", "data.2", "data.id", "data.0.id.x"])
def test_missing_value_is_told(path: str) -> None:
    """By the whole path."""
    with pytest.raises(KeyError, match=path):
        value_at(path, {"data": [{"id": "a"}]})


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
    assert list(find_differences(wanted, value)) == said


@pytest.mark.parametrize(
    "content", ["[" * 100_000, "{", "", '{"a": 1}x', "\x00", "[NaN]", "[1e999]"]
)
def test_body_that_is_no_json_is_told(content: str) -> None:
    """And nothing raises."""
    [said] = find_breaches({"json": {}}, answer(content))
    assert said.startswith("the body is not JSON")


def test_comparison_of_unlike_values_is_told() -> None:
    """Times as texts, say, where the answer before had numbers."""
    wanted = fill({"fits": {"properties": {"n": {"minimum": "${n}"}}}}, {"n": "today"})
    [said] = find_breaches(wanted, answer({"n": 1}))
    assert "of another type" in said


def test_two_lines_of_one_name_are_told() -> None:
    """Whoever looks lines up by custom_id would see one of them."""
    content = '{"custom_id": "a"}\n{"custom_id": "a"}\n'
    assert list(find_breaches({"lines_by": "custom_id"}, answer(content))) == [
        "two lines have the custom_id 'a'"
    ]


@pytest.mark.parametrize("line", ["[]", "1", "{}", '{"custom_id": 1}', "null"])
def test_line_without_its_name_is_told(line: str) -> None:
    """As is a line that is no object."""
    [said] = find_breaches({"lines_by": "custom_id"}, answer(line))
    assert said.startswith("a line has no custom_id")


def test_member_that_is_newer_than_the_schema_is_allowed() -> None:
    """A server may know more; what is missing is told."""
    error = {"message": "m", "type": "t", "param": None, "code": None, "hint": "new"}
    assert list(find_breaches({"error": {}}, answer({"error": error}))) == []
    [said] = find_breaches({"error": {}}, answer({"error": {"message": "m"}}))
    assert "'type' is a required property" in said


def test_gateway_says_whose_error_it_is() -> None:
    """Before the message."""
    wanted = {"error": {"message": "No."}}
    body = {"error": {"message": "openai error: No.", "type": "t", "param": None, "code": None}}
    assert list(find_breaches(wanted, answer(body), "openai")) == []
    assert list(find_breaches(wanted, answer(body))) != []


def test_header_is_a_pattern() -> None:
    """Its name is of any case."""
    wanted = {"headers": {"X-Request-Id": "req_.+"}}
    assert list(find_breaches(wanted, answer({}, x_request_id="req_1"))) == []
    assert list(find_breaches(wanted, answer({}))) == ["header X-Request-Id is missing, not req_.+"]


def test_status_comes_with_what_was_said() -> None:
    """The message of an error tells more than its number."""
    body = {"error": {"message": "No such thing."}}
    said = status_error({"status": [201, 202]}, answer(body))
    assert said == "status 200, not [201, 202] (No such thing.)"


def test_a_pattern_for_a_body_spans_lines() -> None:
    """`matches` is about the whole body, line ends included."""
    expect = {"matches": "first.*last"}
    assert list(find_breaches(expect, answer("first\n\nlast"))) == []
    assert len(list(find_breaches(expect, answer("first\nlast\n?")))) == 1


def test_a_property_called_pattern_is_kept() -> None:
    """A schema's `pattern` is a text; a property of that name is not taken for one."""
    document = {"properties": {"pattern": {"type": "integer"}}, "pattern": "x"}
    assert loosen(document) == {"properties": {"pattern": {"type": "integer"}}}
