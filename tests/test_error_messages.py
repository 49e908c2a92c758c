"""The table of failures."""

import re
from pathlib import Path
from string import Formatter

import pytest

import mockbatch
from mockbatch.errors import ERROR_TEMPLATES, MOCKBATCH_ONLY, OBSERVED, REMEMBERED, api_error
from mockbatch.validation.schema import schema

PACKAGE = Path(mockbatch.__file__).parent
NAMES = sorted(ERROR_TEMPLATES)


def gaps(name: str) -> dict[str, str]:
    """Return a filling for every gap of a failure's texts."""
    wording = ERROR_TEMPLATES[name]
    parsed = Formatter().parse(wording.message + (wording.param or ""))
    return {field: f"<{field}>" for _, field, _, _ in parsed if field}


def sources() -> str:
    """Return the code of the package."""
    return "\n".join(path.read_text() for path in sorted(PACKAGE.rglob("*.py")))


@pytest.fixture(scope="module")
def said() -> set[str]:
    """Return the quoted names in the package."""
    return set(re.findall(r'"([a-z0-9_]+)"', sources()))


@pytest.mark.parametrize("name", NAMES)
def test_every_text_can_be_filled(name: str) -> None:
    """With a filling for each gap, message and param have no gap left."""
    error = api_error(name, **gaps(name))
    assert error.message
    assert not re.search(r"[{}]", error.message + (error.param or ""))


@pytest.mark.parametrize("name", NAMES)
def test_every_failure_fits_the_envelope(name: str) -> None:
    """The body of every failure is accepted by error.json."""
    assert schema("error").accepts(api_error(name, **gaps(name)).body())


@pytest.mark.parametrize("name", NAMES)
def test_every_failure_is_used(name: str, said: set[str]) -> None:
    """Every name in the table is said somewhere else in the package."""
    assert name in said


def test_every_failure_that_is_raised_is_in_the_table() -> None:
    """No code asks for a failure that the table does not have."""
    asked = set(re.findall(r'(?:api_error|line_error|_refusal)\(\s*"(\w+)"', sources()))
    assert asked
    assert asked <= set(ERROR_TEMPLATES)


@pytest.mark.parametrize("name", NAMES)
def test_every_source_is_known(name: str) -> None:
    """Every text is observed, remembered, or the mock's own."""
    assert ERROR_TEMPLATES[name].source in {OBSERVED, REMEMBERED, MOCKBATCH_ONLY}


@pytest.mark.parametrize("name", NAMES)
def test_every_status_is_that_of_a_failure(name: str) -> None:
    """A status is an HTTP failure's, or 0 for what is only told in an error file."""
    assert ERROR_TEMPLATES[name].status == 0 or 400 <= ERROR_TEMPLATES[name].status < 600


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("no_authorization", {}, "Missing bearer or basic authentication in header"),
        ("unknown_url", {"method": "GET", "path": "/v1/foo"}, "Invalid URL (GET /v1/foo)"),
        (
            "missing_parameter",
            {"param": "input_file_id"},
            "Missing required parameter: 'input_file_id'.",
        ),
        (
            "invalid_type",
            {"param": "metadata.tags", "expected": "a string", "actual": "an array"},
            "Invalid type for 'metadata.tags': expected a string, but got an array instead.",
        ),
        ("no_such_file", {"id": "file-1"}, "No such File object: file-1"),
        ("not_jsonl", {}, "Invalid file format for Batch API. Must be .jsonl"),
        ("no_such_batch", {"id": "batch_1"}, "No batch found with id 'batch_1'."),
        (
            "not_a_batch_id",
            {"id": "invalid"},
            "Invalid 'batch_id': 'invalid'. Expected an ID that begins with 'batch'.",
        ),
        (
            "cannot_cancel",
            {"status": "completed"},
            "Cannot cancel a batch with status 'completed'.",
        ),
        (
            "file_not_found",
            {"id": "file-1", "organization": "org-1"},
            "Cannot find file file-1, or organization org-1 does not have access to it.",
        ),
        ("invalid_json_line", {}, "This line is not parseable as valid JSON."),
        (
            "invalid_url",
            {},
            "The URL provided for this request does not match the batch endpoint.",
        ),
        ("no_model", {}, "Model parameter is required."),
        ("no_messages", {}, "Missing required parameter: 'messages'."),
        (
            "streaming_unsupported",
            {"product": "Chat Completions"},
            "Chat Completions: Streaming is not supported in the Batch API.",
        ),
        (
            "batch_expired",
            {},
            "This request could not be executed before the completion window expired.",
        ),
    ],
)
def test_observed_texts_are_kept_to_the_letter(
    name: str, fields: dict[str, str], message: str
) -> None:
    """What the real service was seen to say is said in the same words."""
    assert ERROR_TEMPLATES[name].source == OBSERVED
    assert api_error(name, **fields).message == message


def test_the_text_for_a_wrong_key_is_kept_to_the_letter() -> None:
    """A wrong key is told where to find the right one."""
    assert api_error("wrong_key", key="sk-1").message == (
        "Incorrect API key provided: sk-1. You can find your API key at "
        "https://platform.openai.com/account/api-keys."
    )
