"""The schemas of the package."""

import subprocess
import sys
from time import thread_time

import pytest

from mockbatch.errors import ApiError
from mockbatch.validation.schema import SchemaViolationError, schema

DAY = {"input_file_id": "file-1", "endpoint": "/v1/embeddings", "completion_window": "24h"}


def test_a_valid_value_has_no_error() -> None:
    """`error` returns None."""
    assert schema("create_batch").error(DAY) is None


def test_check_raises_what_error_returns() -> None:
    """The same ApiError."""
    with pytest.raises(ApiError, match="Missing required parameter"):
        schema("create_batch").check({})


def test_an_invalid_value_of_our_own_is_a_bug() -> None:
    """The exception says what it is, and what is wrong."""
    with pytest.raises(SchemaViolationError, match="the page violates schema page"):
        schema("page").assert_valid({}, "the page")


def test_a_valid_value_of_our_own_raises_nothing() -> None:
    """assert_valid returns."""
    schema("nothing").assert_valid({}, "nothing")


def test_a_schema_is_compiled_once() -> None:
    """The next call returns the same object."""
    assert schema("page") is schema("page")


@pytest.mark.parametrize(("value", "fits"), [(DAY, True), ({}, False), ([], False)])
def test_a_value_is_accepted_if_it_has_no_error(value: object, fits: bool) -> None:
    """And rejected if it has one."""
    assert schema("create_batch").accepts(value) is fits
    assert (schema("create_batch").error(value) is None) is fits


def test_the_param_of_an_error_begins_with_the_path() -> None:
    """If the caller passes the value's path."""
    error = schema("metadata").error({"k": 1}, "metadata")
    assert error is not None
    assert error.param == "metadata.k"


def test_an_error_is_an_api_error() -> None:
    """With status 400."""
    error = schema("page").error(None)
    assert isinstance(error, ApiError)
    assert error.status == 400


def test_integers_of_a_state_are_coerced() -> None:
    """At any depth; numbers that need not be integers and names stay as they are."""
    change = {"at": 5.0, "status": "validating"}
    document = {
        "clock": {"mode": "manual", "now": 7.0},
        "numbers": {"batch": 2.0},
        "batches": [{"held": {"at": 6.0, "rest": {"transitions": [change]}}, "pace": 1.0}],
    }
    whole = schema("state").coerce_integers(document)
    assert repr(whole) == repr(
        {
            "clock": {"mode": "manual", "now": 7.0},
            "numbers": {"batch": 2},
            "batches": [
                {"held": {"at": 6, "rest": {"transitions": [{**change, "at": 5}]}}, "pace": 1.0}
            ],
        }
    )


def test_a_server_responds_without_jsonschema() -> None:
    """The first value that needs it imports it, which takes longer than importing the rest."""
    code = (
        "import sys\n"
        "from mockbatch.web.app import create_app\n"
        "assert create_app().test_client().get('/_mock/health').status_code == 200\n"
        "assert 'jsonschema' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_many_errors_take_little_time() -> None:
    """The first thousand are looked at: a list of a million empty messages took minutes."""
    body = {"model": "gpt-4o", "messages": [{}] * 1_000_000}
    began = thread_time()
    error = schema("chat_completions.request").error(body)
    assert error is not None
    assert error.param == "messages[0].role"
    assert thread_time() - began < 5
