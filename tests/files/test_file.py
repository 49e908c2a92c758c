"""A file as the API knows it."""

from typing import Any

import pytest

from mockbatch.files.content import Content
from mockbatch.files.file import OPENAI_FILES, UPLOAD_PURPOSES, File
from mockbatch.validation.schema import schema


def file(**changes: Any) -> File:
    """Return a file of three bytes that lives from second 100 to second 200."""
    given = {
        "id": "file-1",
        "purpose": "batch",
        "filename": "a.jsonl",
        "created_at": 100,
        "expires_at": 200,
        "source": lambda: Content.of(b"abc"),
    }
    return File(**{**given, **changes})


def test_a_file_has_nine_members_in_the_recorded_order() -> None:
    """The object of a file is written as it was recorded."""
    assert file().as_json() == {
        "object": "file",
        "id": "file-1",
        "purpose": "batch",
        "filename": "a.jsonl",
        "bytes": 3,
        "created_at": 100,
        "expires_at": 200,
        "status": "processed",
        "status_details": None,
    }
    assert list(file().as_json()) == schema("file").document["required"]


@pytest.mark.parametrize("purpose", [*UPLOAD_PURPOSES, "batch_output"])
def test_a_file_of_any_purpose_fits_its_schema(purpose: str) -> None:
    """Every purpose that a file here can have is one that file.json knows."""
    assert schema("file").accepts(file(purpose=purpose).as_json())


@pytest.mark.parametrize(("now", "visible"), [(199, True), (199.999, True), (200, False)])
def test_a_file_is_gone_on_the_second_it_expires(now: float, visible: bool) -> None:
    """A file exists while it is before its expires_at, and not on that second."""
    assert file().visible(now) is visible


def test_a_file_that_stays_is_always_there() -> None:
    """A file without expires_at exists for ever."""
    assert file(expires_at=None).visible(1e12)


@pytest.mark.parametrize("purpose", ["batch", "batch_output"])
def test_files_of_batches_live_for_30_days(purpose: str) -> None:
    """Input, output and error files go after 30 days unless the request says otherwise."""
    assert OPENAI_FILES.lifetime(purpose, None) == 2_592_000


@pytest.mark.parametrize("purpose", ["assistants", "fine-tune", "user_data", "vision", "evals"])
def test_other_files_stay(purpose: str) -> None:
    """Files for other purposes have no expiry unless the request sets one."""
    assert OPENAI_FILES.lifetime(purpose, None) is None


@pytest.mark.parametrize("purpose", ["batch", "assistants"])
def test_a_requested_lifetime_counts(purpose: str) -> None:
    """The request takes precedence over the default."""
    assert OPENAI_FILES.lifetime(purpose, 3600) == 3600


def test_content_is_made_when_it_is_requested() -> None:
    """The source of a file is called at each use, and not before."""
    calls: list[int] = []
    made = file(source=lambda: (calls.append(1), Content.of(b"x"))[1])  # type: ignore[func-returns-value]
    assert calls == []
    assert made.content.size == 1
    assert calls == [1]
