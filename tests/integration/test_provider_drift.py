"""The schemas of Azure and Groq beside the types of the installed SDKs."""

from typing import Any

import pytest
from groq.types import BatchRetrieveResponse, FileInfoResponse
from openai import types
from pydantic import TypeAdapter

from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from tests.support.drift import differences

# OpenAI's SDK is also Azure's: its types have what Azure does not send, and lack what Azure adds.
KNOWN = {
    "azure/batch": {"model", "usage", "error_blob", "input_blob", "output_blob"},
    "azure/file": {"status_details"},
    "groq/batch": set(),
    "groq/file": set(),
}
TYPES: dict[str, Any] = {
    "azure/batch": types.Batch,
    "azure/file": types.FileObject,
    "groq/batch": BatchRetrieveResponse,
    "groq/file": FileInfoResponse,
}


def members(document: Json) -> set[str]:
    """Return the members of an object's schema."""
    return set(document["properties"])


@pytest.mark.parametrize("name", TYPES)
def test_members_are_those_of_the_sdk(name: str) -> None:
    """A member that only one of both has is known."""
    sdk = members(TypeAdapter(TYPES[name]).json_schema())
    assert members(schema(name).document) ^ sdk == KNOWN[name]


@pytest.mark.parametrize("name", ["azure/batch", "groq/batch"])
def test_statuses_are_those_of_the_sdk(name: str) -> None:
    """Each of them, and no other."""
    sdk = TypeAdapter(TYPES[name]).json_schema()["properties"]["status"]["enum"]
    assert sorted(schema(name).document["properties"]["status"]["enum"]) == sorted(sdk)


def test_values_of_groq_are_those_of_the_sdk() -> None:
    """Types, values, and what has to be there."""
    for name in ("groq/batch", "groq/file"):
        sdk = TypeAdapter(TYPES[name]).json_schema()
        assert list(differences(sdk, schema(name).document, sent=False)) == [], name
