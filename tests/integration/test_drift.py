"""The schemas beside the types of the installed SDK: each difference is known, and why it is."""

import copy
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import openai
import pytest
from openai import types
from openai.types import chat, responses, uploads, webhooks
from openai.types.file_create_params import ExpiresAfter
from pydantic import BaseModel, ConfigDict, TypeAdapter, with_config
from pydantic.json_schema import GenerateJsonSchema
from typing_extensions import Required, TypedDict

import mockbatch
from mockbatch.endpoints import endpoints
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from tests.support.drift import differences

SCHEMAS = Path(mockbatch.__file__).parent / "schemas"
KNOWN = json.loads((Path(__file__).parent / "drift.json").read_text())


class Failure(BaseModel):
    """The envelope of an error, which the SDK takes off."""

    error: types.ErrorObject


ANSWERS = {
    "batch": types.Batch,
    "batch_wire": types.Batch,
    "chat_completions.chunk": chat.ChatCompletionChunk,
    "chat_completions.response": chat.ChatCompletion,
    "completions.chunk": types.Completion,
    "completions.response": types.Completion,
    "embeddings.response": types.CreateEmbeddingResponse,
    "error": Failure,
    "file": types.FileObject,
    "file_deleted": types.FileDeleted,
    "file_wire": types.FileObject,
    "images.response": types.ImagesResponse,
    "model": types.Model,
    "moderations.response": types.ModerationCreateResponse,
    "responses.event": responses.ResponseStreamEvent,
    "responses.response": responses.Response,
    "upload": types.Upload,
    "upload_part": uploads.UploadPart,
    "videos.response": types.Video,
    "webhook_endpoint": webhooks.WebhookEndpoint,
    "webhook_endpoint_deleted": webhooks.DeletedWebhookEndpoint,
    "webhook_endpoint_test": webhooks.WebhookEndpointTestResult,
    "webhook_endpoint_with_secret": webhooks.WebhookEndpointWithSecret,
    "webhook_event": webhooks.UnwrapWebhookEvent,
    "webhook_event_types": webhooks.WebhookEventTypeList,
}
REQUESTS = {
    "chat_completions.request": chat.CompletionCreateParams,
    "complete_upload": types.UploadCompleteParams,
    "completions.request": types.CompletionCreateParams,
    "create_batch": types.BatchCreateParams,
    "create_upload": types.UploadCreateParams,
    "create_webhook_endpoint": webhooks.WebhookCreateParams,
    "embeddings.request": types.EmbeddingCreateParams,
    "expires_after": ExpiresAfter,
    "images_edits.request": types.ImageEditParams,
    "images_generations.request": types.ImageGenerateParams,
    "moderations.request": types.ModerationCreateParams,
    "responses.request": responses.ResponseCreateParams,
    "rotate_webhook_secret": webhooks.WebhookRotateSecretParams,
    "send_webhook_sample": webhooks.WebhookTestParams,
    "update_webhook_endpoint": webhooks.WebhookUpdateParams,
    "videos.request": types.VideoCreateParams,
}
# Files are of Python's own types, which pydantic accepts only with arbitrary types allowed.
for params in (*get_args(types.ImageEditParams), types.VideoCreateParams):
    with_config(ConfigDict(arbitrary_types_allowed=True))(params)


class FilesAreAnything(GenerateJsonSchema):
    """Makes JSON Schemas of types, also of those of files."""

    def handle_invalid_for_json_schema(self, *_: Any) -> Json:
        """Return what anything fits."""
        return {}


def schema_of(kind: Json) -> Json:
    """Return the JSON Schema of a type of the SDK."""
    return TypeAdapter(kind).json_schema(schema_generator=FilesAreAnything)


def lines(name: str, kind: Json, document: Json) -> list[str]:
    """Return what differs between a type and a schema of that name."""
    found = differences(schema_of(kind), document, sent=name in REQUESTS)
    return [f"{name}: {line}" for line in found]


@cache
def drift(name: str) -> list[str]:
    """Return all that differs in a schema of the package, known or not."""
    return lines(name, {**ANSWERS, **REQUESTS}[name], schema(name).document)


@cache
def known_differences() -> dict[str, re.Pattern[str]]:
    """Return the differences with a reason, each as a pattern: `*` stands for anything."""
    every = [line for group in KNOWN["known"] for line in group["differences"]]
    return {line: re.compile(".*".join(map(re.escape, line.split("*")))) for line in every}


def unknown(found: list[str]) -> list[str]:
    """Return the differences without a stated reason."""
    return [
        line
        for line in found
        if not any(one.fullmatch(line) for one in known_differences().values())
    ]


def needless(found: list[str]) -> list[str]:
    """Return what has a reason, but does not differ any more."""
    return [line for line, one in known_differences().items() if not any(map(one.fullmatch, found))]


@pytest.fixture(autouse=True)
def _new_enough() -> None:
    """Leave older ones than the differences are of: they lack what is not known to differ."""
    at_least = tuple(map(int, KNOWN["openai"].split(".")))
    if tuple(map(int, openai.__version__.split(".")[:2])) < at_least:
        pytest.skip(f"openai {openai.__version__} is older than {KNOWN['openai']}")


@pytest.mark.parametrize("name", [*ANSWERS, *REQUESTS])
def test_schema_is_as_the_sdk_has_it(name: str) -> None:
    """Members, values and what has to be there; or tests/drift.json says why not."""
    if found := unknown(drift(name)):
        how = f"Mend mockbatch/schemas/{name}.json, or give the reason in tests/drift.json."
        pytest.fail("\n".join([f"openai {openai.__version__}:", *found, how]), pytrace=False)


def test_no_reason_is_left_of_what_differs_no_more() -> None:
    """What the SDK or a schema has taken over is taken out of tests/drift.json."""
    every = [line for name in (*ANSWERS, *REQUESTS) for line in drift(name)]
    if left := needless(every):
        how = "Nothing differs there any more; take it out of tests/drift.json."
        pytest.fail("\n".join([f"openai {openai.__version__}:", *left, how]), pytrace=False)


def test_reasons_for_nothing_are_found() -> None:
    """Of the differences of one schema, those of all others have none."""
    assert set(needless(drift("file"))) == {
        line for line in known_differences() if "file: " not in line
    }


def test_endpoints_are_those_of_the_sdk() -> None:
    """A batch can be created for each of them, and for no other."""
    params = schema_of(types.BatchCreateParams)["properties"]
    assert sorted(endpoints()) == sorted(params["endpoint"]["enum"])


def test_all_bodies_of_endpoints_are_compared() -> None:
    """Requests, responses, chunks and events, which have a dot in their names."""
    bodies = {path.stem for path in SCHEMAS.glob("*.*.json")}
    assert len(bodies) > 15
    assert bodies <= {*ANSWERS, *REQUESTS}


class MoreMembers(types.Batch):
    """A batch of a later SDK."""

    priority: str
    note: str | None = None


class MoreValues(types.Batch):
    """A batch with an unknown status."""

    status: Literal["validating", "paused"]  # type: ignore[assignment]


class Needing(types.Batch):
    """A batch with what it could be without."""

    output_file_id: str


class Asking(types.BatchCreateParams, total=False):
    """Parameters of a later SDK."""

    priority: Required[Literal["low", "high"]]
    metadata: Required[dict[str, str]]  # type: ignore[misc]


class Search(TypedDict):
    """A tool of a later SDK."""

    type: Literal["search"]


class Tooled(TypedDict):
    """A request that takes it, and the one tool there was."""

    model: Required[str]
    messages: Required[list[chat.ChatCompletionUserMessageParam]]
    tools: list[chat.ChatCompletionFunctionToolParam | Search]


@pytest.mark.parametrize(
    ("name", "kind", "line"),
    [
        ("batch", MoreMembers, "priority: the SDK has string, the schema does not"),
        ("batch", MoreMembers, "note: the SDK has null, string, the schema does not"),
        ("batch", MoreValues, 'status: the SDK has "paused", the schema does not'),
        ("batch", MoreValues, 'status: the schema has "failed", the SDK does not'),
        ("batch", Needing, "output_file_id: the schema has null, the SDK does not"),
        ("create_batch", Asking, 'priority: the SDK has "high", "low", the schema does not'),
        ("create_batch", Asking, "metadata: the SDK requires it, the schema does not"),
        (
            "chat_completions.request",
            Tooled,
            "tools[]<search>: the SDK has an object, the schema does not",
        ),
    ],
)
def test_what_a_new_sdk_changes_is_reported(name: str, kind: Json, line: str) -> None:
    """In a line that says where, and who has what."""
    assert f"{name}: {line}" in unknown(lines(name, kind, schema(name).document))


def without_id(document: Json) -> None:
    """Let a schema take a batch without its id."""
    document["required"].remove("id")


def with_window(document: Json) -> None:
    """Let a schema have a member that the SDK has not."""
    document["properties"]["window"] = {"type": "string"}


def with_any_code(document: Json) -> None:
    """Let a member of an error be of another type, too."""
    document["$defs"]["batch_error"]["properties"]["code"] = {"type": ["string", "integer"]}


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (without_id, "id: the SDK requires it, the schema does not"),
        (with_window, "window: the schema has string, the SDK does not"),
        (with_any_code, "errors.data[].code: the schema has integer, the SDK does not"),
    ],
)
def test_what_a_schema_changes_is_reported(change: Callable[[Json], None], line: str) -> None:
    """Wherever it is inside."""
    document = copy.deepcopy(schema("batch").document)
    change(document)
    assert lines("batch", types.Batch, document) == [f"batch: {line}"]
