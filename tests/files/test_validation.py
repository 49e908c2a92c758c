"""What is refused when it is uploaded."""

import pytest

from mockbatch.errors import ApiError
from mockbatch.files import validation
from mockbatch.files.content import Content
from mockbatch.files.file import UPLOAD_PURPOSES
from mockbatch.jsonio import MAX_VALUES
from mockbatch.limits import Limits


def upload_error(data: bytes, purpose: str = "batch", limits: Limits | None = None) -> ApiError:
    """Return the failure with which an upload is refused."""
    with pytest.raises(ApiError) as refused:
        validation.validate_upload(Content.of(data), purpose, limits or Limits())
    return refused.value


@pytest.mark.parametrize("purpose", UPLOAD_PURPOSES)
def test_a_json_line_may_be_uploaded_for_anything(purpose: str) -> None:
    """A file whose first line is JSON is accepted for every purpose."""
    validation.validate_upload(Content.of(b"{}\n"), purpose, Limits())


@pytest.mark.parametrize("purpose", [name for name in UPLOAD_PURPOSES if name != "batch"])
@pytest.mark.parametrize("data", [b"", b"text", b"\xff"])
def test_only_batch_files_are_looked_into(purpose: str, data: bytes) -> None:
    """A file for anything but a batch may hold what it likes."""
    validation.validate_upload(Content.of(data), purpose, Limits())


@pytest.mark.parametrize("purpose", ["", "Batch", "batch_output", "fine_tune", "x"])
def test_an_unknown_purpose_is_refused(purpose: str) -> None:
    """A purpose that no upload can have is a 400, worded as observed in 2026-09."""
    error = upload_error(b"{}", purpose)
    assert (error.status, error.code, error.param) == (400, None, "purpose")
    assert error.message == (
        f"'{purpose}' is not one of ['fine-tune', 'assistants', 'batch', 'user_data', 'vision', "
        "'evals'] - 'purpose'"
    )
    assert error.siblings == {"detail": {"message": error.message, "code": None}}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n{}",
        b"  \n{}",
        b"custom_id,method\n",
        b"{\n}",
        b"\xef\xbb\xbf{}\n",
        b"NaN\n",
        b"%PDF-1.7",
        b"[" * 200 + b"]" * 200,
    ],
)
def test_a_first_line_that_is_no_json_is_refused(data: bytes) -> None:
    """An empty file, a text and a byte order mark are refused in the observed words."""
    error = upload_error(data)
    assert str(error) == "Invalid file format for Batch API. Must be .jsonl"
    assert (error.status, error.code, error.param) == (400, None, None)


@pytest.mark.parametrize("data", ["{}\nä".encode("latin-1"), "{}\n".encode("utf-16"), b"{}\n\xff"])
def test_what_is_not_utf8_is_refused(data: bytes) -> None:
    """A file in another encoding, in whatever line, is refused in the observed words."""
    error = upload_error(data)
    assert str(error) == "Invalid file for Batch API. Must be utf-8 encoded"
    assert (error.status, error.code, error.param) == (400, None, None)


def test_the_refusal_stands_in_the_body_twice() -> None:
    """Beside `error` the body says the message again, as it does since 2026."""
    error = upload_error(b"")
    assert error.body()["detail"] == {"message": error.message, "code": None}


@pytest.mark.parametrize("data", [b"{}\n{", b"{}\n\n", b"{}\nnope\n", b"[]\n", b"1"])
def test_what_is_wrong_further_down_is_not_seen(data: bytes) -> None:
    """Only whether the first line is JSON is looked at when a file is uploaded."""
    validation.validate_upload(Content.of(data), "batch", Limits())


@pytest.mark.parametrize("data", [b"{}\r\n{}\r\n", b"{}", b" {} \n"])
def test_blanks_and_line_ends_do_no_harm(data: bytes) -> None:
    """Windows line ends and a missing last one are accepted."""
    validation.validate_upload(Content.of(data), "batch", Limits())


@pytest.mark.parametrize("data", [b"{}\n" * 4, b"{}" + b" " * 9, b'{"a": "bcd"}', b"x" * 11])
def test_an_input_file_that_is_too_large_for_a_batch_is_accepted(data: bytes) -> None:
    """Even if its first line alone is: the batch will fail."""
    validation.validate_upload(Content.of(data), "batch", Limits(input_bytes=10))


def test_a_first_line_of_the_greatest_size_is_read() -> None:
    """The file is not too large for a batch, so it is refused if its line is not JSON."""
    error = upload_error(b"x" * 10, limits=Limits(input_bytes=10))
    assert str(error) == "Invalid file format for Batch API. Must be .jsonl"


def test_a_first_line_of_more_than_16_mb_is_not_parsed() -> None:
    """Whatever it is: the batch fails if it is not valid."""
    data = b"x" * (16 << 20)
    assert str(upload_error(data)) == "Invalid file format for Batch API. Must be .jsonl"
    validation.validate_upload(Content.of(data + b"x"), "batch", Limits())


def test_a_first_line_of_too_many_values_is_not_parsed() -> None:
    """It takes seconds, and the batch fails all the same: what follows them does not matter."""
    data = b"[" + b"0," * MAX_VALUES + b"and so on"
    validation.validate_upload(Content.of(data), "batch", Limits())


def test_every_file_has_a_greatest_size() -> None:
    """A file for anything is a 400 when it is larger than files may be."""
    error = upload_error(b"x" * 11, "assistants", Limits(file_bytes=10))
    assert (error.status, error.message) == (400, "File is too large.")


def test_a_file_of_the_greatest_size_is_accepted() -> None:
    """The limit is the size of the largest file."""
    validation.validate_upload(Content.of(b"x" * 10), "assistants", Limits(file_bytes=10))


def test_the_limits_are_those_of_the_service() -> None:
    """50,000 requests, 50,000 embedding inputs, 200 MiB of input, 512 MiB a file."""
    limits = Limits()
    assert (limits.lines, limits.embedding_inputs) == (50_000, 50_000)
    assert (limits.input_bytes, limits.file_bytes) == (209_715_200, 536_870_912)
