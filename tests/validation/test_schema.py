"""The judge of shapes."""

import subprocess
import sys

import pytest

from mockbatch.errors import ApiError
from mockbatch.validation.schema import SchemaViolationError, schema

DAY = {"input_file_id": "file-1", "endpoint": "/v1/embeddings", "completion_window": "24h"}


def test_what_fits_is_not_refused() -> None:
    """A value that fits has no error."""
    assert schema("create_batch").error(DAY) is None


def test_check_raises_what_error_returns() -> None:
    """A check raises the refusal."""
    with pytest.raises(ApiError, match="Missing required parameter"):
        schema("create_batch").check({})


def test_a_breach_of_our_own_is_no_clients_fault() -> None:
    """A value of ours that does not fit is a bug, told with what it is and where."""
    with pytest.raises(SchemaViolationError, match="the page breaks schema page"):
        schema("page").assert_valid({}, "the page")


def test_what_we_send_and_fits_is_let_through() -> None:
    """A value of ours that fits raises nothing."""
    schema("nothing").assert_valid({}, "nothing")


def test_a_schema_is_compiled_once() -> None:
    """Asked again, the same schema is given."""
    assert schema("page") is schema("page")


@pytest.mark.parametrize(("value", "fits"), [(DAY, True), ({}, False), ([], False)])
def test_accepting_is_the_same_as_having_no_error(value: object, fits: bool) -> None:
    """A value is accepted when it has no error, and refused when it has one."""
    assert schema("create_batch").accepts(value) is fits
    assert (schema("create_batch").error(value) is None) is fits


def test_a_refusal_names_the_value_as_it_is_asked_to() -> None:
    """The param of a refusal begins with the way to the value, where that is given."""
    error = schema("metadata").error({"k": 1}, "metadata")
    assert error is not None
    assert error.param == "metadata.k"


def test_a_refusal_reads_as_its_message() -> None:
    """What does not fit is an ApiError 400."""
    error = schema("page").error(None)
    assert isinstance(error, ApiError)
    assert error.status == 400


def test_whole_numbers_lose_their_point_where_an_integer_is_due() -> None:
    """However deep it stands, an integer is one; a number and a name stay as they are."""
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


def test_a_server_answers_without_jsonschema() -> None:
    """What takes longer to load than the rest is loaded by the first value that needs it."""
    code = (
        "import sys\n"
        "from mockbatch.web.app import create_app\n"
        "assert create_app().test_client().get('/_mock/health').status_code == 200\n"
        "assert 'jsonschema' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
