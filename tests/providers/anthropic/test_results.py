"""A line of the results of a Message Batch, made from one of OpenAI's."""

import pytest

from mockbatch.providers.anthropic.results import result_line


@pytest.mark.parametrize(
    ("status_code", "type_"),
    [(199, "errored"), (200, "succeeded"), (299, "succeeded"), (300, "errored"), (500, "errored")],
)
def test_a_response_succeeded_if_its_status_is_2xx(status_code: int, type_: str) -> None:
    """A scripted reply may have any status."""
    response = {"status_code": status_code, "body": {"type": "message"}}
    line = {"custom_id": "a", "response": response, "error": None}
    assert result_line(line)["result"]["type"] == type_
