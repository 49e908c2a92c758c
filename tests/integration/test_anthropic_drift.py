"""The schemas of Anthropic's objects beside the types of the installed SDK."""

from typing import Any

import pytest
from anthropic import types
from anthropic.types import message_create_params, messages
from pydantic import TypeAdapter

from mockbatch.typing import Json
from mockbatch.validation.schema import schema

TYPES: dict[str, Any] = {
    "message_batch": messages.MessageBatch,
    "message": types.Message,
    "message_batch_deleted": messages.DeletedMessageBatch,
    "result_line": messages.MessageBatchIndividualResponse,
}
# What the types of the SDK add to the parameters of live calls for itself.
REQUEST_ONLY_IN_BETA = {
    *("betas", "billing_policy", "compaction", "context_management", "fallback_credit_token"),
    *("fallbacks", "mcp_servers", "output_format", "thread"),
}
SAMPLING = {"temperature", "top_p", "top_k"}


def sdk(of: Any) -> dict[str, Json]:
    """Return the JSON Schema of a type of the SDK."""
    described: dict[str, Json] = TypeAdapter(of).json_schema()
    return described


@pytest.mark.parametrize("name", TYPES)
def test_members_are_those_of_the_sdk(name: str) -> None:
    """No member is only in one of both."""
    ours = schema(f"anthropic/{name}").document["properties"]
    assert set(ours) == set(sdk(TYPES[name])["properties"])


def test_statuses_are_those_of_the_sdk() -> None:
    """in_progress, canceling and ended, and no other."""
    ours = schema("anthropic/message_batch").document["properties"]["processing_status"]["enum"]
    theirs = sdk(messages.MessageBatch)["properties"]["processing_status"]["enum"]
    assert sorted(ours) == sorted(theirs)


def test_counts_are_those_of_the_sdk() -> None:
    """Each has to be there."""
    ours = schema("anthropic/message_batch").document["properties"]["request_counts"]
    assert set(ours["properties"]) == set(sdk(messages.MessageBatchRequestCounts)["properties"])


def test_stop_reasons_are_those_of_the_sdk() -> None:
    """A new one would be a new way for a message to end."""
    ours = schema("anthropic/message").document["properties"]["stop_reason"]["enum"]
    assert sorted(ours) == sorted(sdk(types.StopReason)["enum"])


def test_usage_is_that_of_the_sdk() -> None:
    """No member is only in one of both."""
    ours = schema("anthropic/message").document["properties"]["usage"]["properties"]
    assert set(ours) == set(sdk(types.Usage)["properties"])


def test_parameters_are_those_of_the_sdk() -> None:
    """A parameter of the SDK is none that mockbatch refuses, apart from those it removed."""
    ours = set(schema("anthropic/messages.request").document["properties"])
    hints = set(message_create_params.MessageCreateParamsBase.__annotations__)
    assert hints - {"message", "workspace_id"} <= ours
    assert ours >= SAMPLING | REQUEST_ONLY_IN_BETA


def test_objects_are_read_without_a_word() -> None:
    """The SDK's own models take what mockbatch sends, and give it back."""
    batch = {
        "id": "msgbatch_01AAAAAAAAAAAAAAAAAAAAAA",
        "type": "message_batch",
        "processing_status": "ended",
        "request_counts": {
            "processing": 0,
            "succeeded": 1,
            "errored": 0,
            "canceled": 0,
            "expired": 0,
        },
        "ended_at": "2026-11-28T18:51:18.000000+00:00",
        "created_at": "2026-11-28T18:49:48.000000+00:00",
        "expires_at": "2026-11-29T18:49:48.000000+00:00",
        "archived_at": None,
        "cancel_initiated_at": None,
        "results_url": "http://127.0.0.1/v1/messages/batches/msgbatch_01/results",
    }
    schema("anthropic/message_batch").assert_valid(batch, "a batch")
    read = TypeAdapter(messages.MessageBatch).validate_python(batch)
    assert (read.processing_status, read.request_counts.succeeded) == ("ended", 1)
