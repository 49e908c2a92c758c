"""How a response is compared with what a step expects."""

import json
import re
from email.message import Message

import pytest

from mockbatch.contract.contents import describe_difference
from mockbatch.contract.differences import find_differences, loosen
from mockbatch.contract.expectations import find_breaches, status_error
from mockbatch.contract.placeholders import fill, fill_request, value_at
from mockbatch.contract.wording import word_breach
from mockbatch.http_client import HttpResponse
from mockbatch.typing import Json


def response(body: Json, **headers: str) -> HttpResponse:
    """Return a response; a body that is not a string is sent as JSON."""
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
def test_placeholders_are_replaced(template: Json, value: Json) -> None:
    """A string that is just one becomes the value itself, to which a number can be added."""
    assert fill(template, {"n": 1, "text": "x"}) == value


@pytest.mark.parametrize("id", ["../x", "a?b", "a b\n", "\ud800", "ü", 1, None, "x" * 999])
def test_a_value_is_one_segment_of_a_path(id: Json) -> None:
    """Whatever a server returns as an id, the next request is still below the same path."""
    request = fill_request({"path": "/files/${id}/content", "json": "${id}"}, {"id": id})
    assert re.fullmatch(r"/files/[\w%.-]+/content", request["path"], re.ASCII)
    assert request["json"] == id


def test_value_at_a_path() -> None:
    """Members are found by name, items by index."""
    assert value_at("data.1.id", {"data": [{"id": "a"}, {"id": "b"}]}) == "b"


@pytest.mark.parametrize("path", ["x", "data.2", "data.id", "data.0.id.x"])
def test_a_missing_value_is_reported(path: str) -> None:
    """The error has the whole path."""
    with pytest.raises(KeyError, match=path):
        value_at(path, {"data": [{"id": "a"}]})


@pytest.mark.parametrize(
    ("expected", "value", "differences"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ({"a": 1}, {"a": 2}, ["a is 2, not 1"]),
        ({"a": {"b": 1}}, {"a": {}}, ["a.b is missing"]),
        ({"a": [1, 2]}, {"a": [1, 3]}, ["a[1] is 3, not 2"]),
        ({"a": [1]}, {"a": [1, 2]}, ["a has 2 items, not 1"]),
        ({"a": 1}, {"a": True}, ["a is true, not 1"]),
        ({"a": None}, {}, ["a is missing"]),
        ({"a": 1}, [], ["the body is a list of 0 items, not an object with 1 member"]),
    ],
)
def test_differences_are_reported(expected: Json, value: Json, differences: list[str]) -> None:
    """Members that are not expected are ignored."""
    breaches = find_differences(expected, value)
    assert [word_breach(breach, is_jsonl=False) for breach in breaches] == differences


@pytest.mark.parametrize(
    "content", ["[" * 100_000, "{", "", '{"a": 1}x', "\x00", "[NaN]", "[1e999]"]
)
def test_a_body_that_is_not_json_is_reported(content: str) -> None:
    """It raises nothing."""
    [breach] = find_breaches({"json": {}}, response(content))
    assert breach.startswith("the body is not JSON")


def test_a_comparison_of_different_types_is_reported() -> None:
    """As when an earlier response had a string where this one has a number."""
    expected = fill({"fits": {"properties": {"n": {"minimum": "${n}"}}}}, {"n": "today"})
    [breach] = find_breaches(expected, response({"n": 1}))
    assert "another type" in breach


def test_two_lines_with_the_same_name_are_reported() -> None:
    """A client that looks lines up by custom_id would see only one of them."""
    content = '{"custom_id": "a"}\n{"custom_id": "a"}\n'
    expect = {"lines_by": "custom_id", "lines": ["a"]}
    assert list(find_breaches(expect, response(content))) == ['there are 2 lines "a", not 1']


@pytest.mark.parametrize(
    ("line", "breach"),
    [
        ("[]", "line 1 is a list of 0 items, not an object"),
        ("1", "line 1 is 1, not an object"),
        ("{}", "custom_id of line 1 is missing"),
        ('{"custom_id": 1}', "custom_id of line 1 is 1, not a string"),
        ("null", "line 1 is null, not an object"),
        ("{", "line 1 is not JSON"),
    ],
)
def test_a_line_without_a_name_is_reported(line: str, breach: str) -> None:
    """By the case that expects JSON lines: it is not the others' business."""
    expect = {"lines_by": "custom_id", "json_lines": True}
    assert list(find_breaches(expect, response(line))) == [breach]
    assert list(find_breaches({"lines_by": "custom_id"}, response(line))) == []


def test_an_unknown_member_is_allowed() -> None:
    """A server may be newer than the schema; a missing member is still reported."""
    error = {"message": "m", "type": "t", "param": None, "code": None, "hint": "new"}
    assert list(find_breaches({"error": {}}, response({"error": error}))) == []
    breaches = list(find_breaches({"error": {}}, response({"error": {"message": "m"}})))
    assert breaches == [f"error.{name} is missing" for name in ("type", "param", "code")]


def test_a_gateway_puts_the_provider_before_the_message() -> None:
    """Only if the case runs behind a gateway."""
    expected = {"error": {"message": "No."}}
    body = {"error": {"message": "openai error: No.", "type": "t", "param": None, "code": None}}
    assert list(find_breaches(expected, response(body), "openai")) == []
    assert list(find_breaches(expected, response(body))) != []


def test_a_header_must_match_a_pattern() -> None:
    """Its name is case-insensitive."""
    expected = {"headers": {"X-Request-Id": "req_.+"}}
    assert list(find_breaches(expected, response({}, x_request_id="req_1"))) == []
    assert list(find_breaches(expected, response({}))) == [
        "header X-Request-Id is missing, not req_.+"
    ]


def test_a_wrong_status_is_reported_with_the_message() -> None:
    """The message explains more than the number."""
    body = {"error": {"message": "No such thing."}}
    error = status_error({"status": [201, 202]}, response(body))
    assert error == "status 200, not [201, 202] (No such thing.)"


def test_a_text_is_the_whole_body() -> None:
    """Also its last line end."""
    assert list(find_breaches({"text": "a\n"}, response("a\n"))) == []
    assert list(find_breaches({"text": "a\n"}, response("a"))) == [
        "the body lacks the newline at its end"
    ]


def test_an_id_may_have_any_format() -> None:
    """The pattern that a schema has for it is this project's own."""
    file = {
        "object": "file", "id": "F-1", "purpose": "batch", "filename": "in.jsonl", "bytes": 0,
        "created_at": 0, "expires_at": None, "status": "processed", "status_details": None,
    }  # fmt: skip
    assert list(find_breaches({"schema": "file_wire"}, response(file))) == []


def test_a_property_called_pattern_is_kept() -> None:
    """Only a `pattern` that is a string is the keyword; a property may have that name."""
    document = {"properties": {"pattern": {"type": "integer"}}, "pattern": "x"}
    assert loosen(document) == {"properties": {"pattern": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("expected", "actual", "difference"),
    [
        (b"a\n", b"a\n", ""),
        (b"a\nb\n", b"a\r\nb\r\n", "has CR LF in place of each LF"),
        (b"a\r\n", b"a\n", "has LF in place of each CR LF"),
        (b"a\n", b"a", "lacks the newline at its end"),
        (b"a", b"a\n", "ends with one newline more than expected"),
        (b"a\n", b"\xef\xbb\xbfa\n", "begins with a byte order mark, which was not expected"),
        (b"abc", b"abd", 'differs after 2 bytes: there is "d", not "c"; it has 3 bytes, not 3'),
        (b"abc", b"ab", 'differs after 2 bytes: there is end, not "c"; it has 2 bytes, not 3'),
    ],
)
def test_downloads_are_compared_byte_for_byte(
    expected: bytes, actual: bytes, difference: str
) -> None:
    """The usual ways to change a file have a name."""
    assert describe_difference(expected, actual) == difference
