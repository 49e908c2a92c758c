"""Errors: from a row of the table to a body."""

import pytest

from mockbatch.errors import INVALID_REQUEST, ApiError, api_error, line_error


def test_the_text_of_an_error_is_its_message() -> None:
    """The text of the exception is the message for the client."""
    assert str(api_error("bad_request", detail="no")) == "no"


def test_braces_in_a_value_are_not_fields() -> None:
    """A value is inserted unchanged, braces included."""
    assert api_error("no_such_file", id="{x}").message == "No such File object: {x}"


def test_siblings_are_beside_the_error() -> None:
    """The body has an error's siblings beside `error`."""
    body = ApiError(400, "no", siblings={"detail": 1}).body()
    assert body == {
        "error": {"message": "no", "type": INVALID_REQUEST, "param": None, "code": None},
        "detail": 1,
    }


def test_an_entry_of_a_batch_has_four_members() -> None:
    """An entry of a batch's errors has code, message, param and line, in this order."""
    entry = line_error("invalid_method", 7)
    assert list(entry) == ["code", "message", "param", "line"]
    assert (entry["code"], entry["param"], entry["line"]) == ("invalid_method", "method", 7)


def test_an_error_can_be_raised() -> None:
    """An error is an exception with status, message, type, param and code."""
    with pytest.raises(ApiError) as raised:
        raise api_error("no_such_file", id="file-1")
    error = raised.value
    assert (error.status, error.type, error.param, error.code) == (404, INVALID_REQUEST, "id", None)


def test_a_missing_field_is_a_key_error() -> None:
    """An error without a field that its text needs is a bug."""
    with pytest.raises(KeyError, match="id"):
        api_error("no_such_file")
