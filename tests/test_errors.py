"""Failures: what becomes of a row of the table."""

import pytest

from mockbatch.errors import INVALID_REQUEST, ApiError, api_error, line_error


def test_a_failure_reads_as_its_message() -> None:
    """The text of the exception is what the client is told."""
    assert str(api_error("bad_request", detail="no")) == "no"


def test_braces_in_a_value_are_left_alone() -> None:
    """What a client sent is put into a text as it is, braces included."""
    assert api_error("no_such_file", id="{x}").message == "No such File object: {x}"


def test_siblings_stand_beside_the_error() -> None:
    """What a failure carries beside its error is put beside it in the answer."""
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


def test_a_failure_can_be_raised() -> None:
    """A failure is an exception with status, message, type, param and code."""
    with pytest.raises(ApiError) as raised:
        raise api_error("no_such_file", id="file-1")
    error = raised.value
    assert (error.status, error.type, error.param, error.code) == (404, INVALID_REQUEST, "id", None)


def test_a_gap_that_is_not_filled_is_our_bug() -> None:
    """A failure without what its text needs can not be made."""
    with pytest.raises(KeyError, match="id"):
        api_error("no_such_file")
