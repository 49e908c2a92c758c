"""The table of error messages."""

import re
from pathlib import Path
from string import Formatter

import pytest

import mockbatch
from mockbatch.errors import (
    ERROR_TEMPLATES,
    MOCKBATCH_ONLY,
    OBSERVED,
    REMEMBERED,
    ApiError,
    api_error,
)
from mockbatch.validation.schema import schema

PACKAGE = Path(mockbatch.__file__).parent
NAMES = sorted(ERROR_TEMPLATES)


def field_values(name: str) -> dict[str, str]:
    """Return a value for every field in an error's texts."""
    wording = ERROR_TEMPLATES[name]
    parsed = Formatter().parse(wording.message + (wording.param or ""))
    return {field: f"<{field}>" for _, field, _, _ in parsed if field}


def sources() -> str:
    """Return the code of the package."""
    return "\n".join(path.read_text() for path in sorted(PACKAGE.rglob("*.py")))


def sample_error(name: str) -> ApiError:
    """Return an error with all its fields filled in."""
    return api_error(name, **field_values(name))


def test_every_text_can_be_filled_in() -> None:
    """With all fields filled in, message and param have no braces left."""
    errors = {name: sample_error(name) for name in NAMES}
    assert [name for name, error in errors.items() if not error.message] == []
    texts = {name: error.message + (error.param or "") for name, error in errors.items()}
    assert [name for name, text in texts.items() if re.search(r"[{}]", text)] == []


def test_every_error_fits_the_schema() -> None:
    """The body of every error fits error.json."""
    bodies = {name: sample_error(name).body() for name in NAMES}
    assert [name for name, body in bodies.items() if not schema("error").accepts(body)] == []


def test_every_error_is_used() -> None:
    """Every name in the table occurs, in quotes, in the package's code."""
    assert set(NAMES) - set(re.findall(r'"([a-z0-9_]+)"', sources())) == set()


def test_every_raised_error_is_in_the_table() -> None:
    """No code names an error that is not in the table."""
    used = set(re.findall(r'(?:api_error|line_error|_refusal)\(\s*"(\w+)"', sources()))
    assert used
    assert used <= set(ERROR_TEMPLATES)


def test_every_source_is_known() -> None:
    """Every text is observed, remembered, or mockbatch's own."""
    found = {template.source for template in ERROR_TEMPLATES.values()}
    assert found == {OBSERVED, REMEMBERED, MOCKBATCH_ONLY}


def test_every_status_is_that_of_an_error() -> None:
    """A status is that of an HTTP error, or 0 for an error that occurs only in error files."""
    statuses = {name: template.status for name, template in ERROR_TEMPLATES.items()}
    wrong = {name for name, status in statuses.items() if status and not 400 <= status < 600}
    assert wrong == set()


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
        ("missing_part", {"param": "purpose"}, "'purpose' is a required property"),
        (
            "invalid_purpose",
            {"value": "x", "supported": "'batch', 'vision'"},
            "'x' is not one of ['batch', 'vision'] - 'purpose'",
        ),
        (
            "part_without_filename",
            {},
            "The browser (or proxy) sent a request that this server could not understand.",
        ),
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
            "output_limit_too_large",
            {"param": "max_tokens", "value": "20480", "limit": "16384"},
            (
                "max_tokens is too large: 20480. This model supports at most 16384 completion "
                "tokens, whereas you provided 20480."
            ),
        ),
        (
            "prompt_too_long",
            {
                "limit": "8192",
                "requested": "9000",
                "prompt_tokens": "9000",
                "completion_tokens": "0",
            },
            (
                "This model's maximum context length is 8192 tokens, however you requested 9000 "
                "tokens (9000 in your prompt; 0 for the completion). Please reduce your prompt; or "
                "completion length."
            ),
        ),
        (
            "too_many_tokens_in_request",
            {"requested": "300001", "limit": "300000"},
            "Requested 300001 tokens, max 300000 tokens per request",
        ),
        ("file_too_large", {}, "File is too large."),
        (
            "input_too_large",
            {"limit": "209715200", "model": "gpt-4.1-nano"},
            (
                "The batch input file is larger than the 209715200 maximum for the gpt-4.1-nano "
                "model. Please try again with a smaller batch."
            ),
        ),
        (
            "batch_cancelled",
            {},
            "This request was not executed because the batch was cancelled.",
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
    """Messages observed from the real service are the same to the letter."""
    assert ERROR_TEMPLATES[name].source == OBSERVED
    assert api_error(name, **fields).message == message


def test_the_text_for_a_wrong_key_is_kept_to_the_letter() -> None:
    """The message says where to find the right key."""
    assert api_error("wrong_key", key="sk-1").message == (
        "Incorrect API key provided: sk-1. You can find your API key at "
        "https://platform.openai.com/account/api-keys."
    )
