"""Request bodies that the endpoints take, what mutates them, and what was recorded or published."""

import copy
import json
from collections.abc import Callable
from pathlib import Path

from hypothesis import strategies as st

from mockbatch.endpoints.endpoint import Execution
from mockbatch.errors import ApiError
from mockbatch.ids import Seed
from mockbatch.typing import Json

ROOT = Path(__file__).parents[2]
WIRE = ROOT / "fixtures" / "wire"
CHAT, RESPONSES, EMBEDDINGS, COMPLETIONS = (
    "/v1/chat/completions",
    "/v1/responses",
    "/v1/embeddings",
    "/v1/completions",
)
MODERATIONS, GENERATIONS, EDITS, VIDEOS = (
    "/v1/moderations",
    "/v1/images/generations",
    "/v1/images/edits",
    "/v1/videos",
)
EXECUTION = Execution(Seed.of("test"), 1787150602)

# One white pixel.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mP4DwABAQEAHLCMmQAAAABJRU5ErkJggg=="
DATA_URL = f"data:image/png;base64,{PNG}"

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}
CACHED = {"type": "input_text", "text": "Rain", "prompt_cache_breakpoint": None}
CHAT_TOOL = {"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}
CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city": "Oslo"}'},
}

BODIES: dict[str, list[dict[str, Json]]] = {
    CHAT: [
        {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "What is sushi?"}]},
        {
            "model": "gpt-4.1",
            "messages": [
                {"role": "system", "content": "Be brief.", "name": "boss"},
                {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
                {"role": "assistant", "content": "Hi", "refusal": None, "annotations": []},
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "Look at this."},
                        {"type": "image_url", "image_url": {"url": "https://a.b/c.png"}},
                        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
                        {"type": "file", "file": {"file_id": "file-1"}},
                    ],
                },
            ],
            "n": 2,
            "stop": ["!"],
            "temperature": 0.2,
            "max_tokens": 40,
            "logprobs": True,
            "top_logprobs": 2,
            "metadata": {"line": "1"},
            "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}},
        },
        {
            "model": "gpt-4o",
            "messages": [
                {"role": "developer", "content": "Be brief."},
                {"role": "user", "content": "Weather in Oslo?"},
                {"role": "assistant", "tool_calls": [CALL]},
                {"role": "tool", "tool_call_id": "call_1", "content": "Rain"},
            ],
            "tools": [CHAT_TOOL],
            "tool_choice": "auto",
            "parallel_tool_calls": False,
            "user": "u1",
            "seed": 7,
            "logit_bias": {"50256": -100},
        },
        {
            "model": "gpt-5-nano",
            "messages": [{"role": "user", "content": "Think."}],
            "max_completion_tokens": 300,
            "reasoning_effort": "high",
            "verbosity": "low",
            "service_tier": "flex",
            "store": True,
            "stream": False,
        },
    ],
    RESPONSES: [
        {"model": "gpt-5-nano", "input": "2 + 2?", "store": False},
        {
            "model": "gpt-4o-mini",
            "instructions": "Be brief.",
            "input": [
                {"role": "user", "content": "Hello"},
                {"role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]},
                {
                    "type": "message",
                    "role": "user",
                    "content": [
                        {"type": "input_text", "text": "Look at this."},
                        {"type": "input_image", "image_url": "https://a.b/c.png", "detail": "low"},
                        {"type": "input_file", "file_id": "file-1"},
                    ],
                },
            ],
            "temperature": 0.2,
            "top_p": 0.5,
            "frequency_penalty": 0.5,
            "max_output_tokens": 16,
            "metadata": {"line": "1"},
            "include": ["message.output_text.logprobs"],
            "top_logprobs": 2,
            "text": {"format": {"type": "json_schema", "name": "a", "schema": {}}},
            "truncation": "auto",
            "user": "u1",
        },
        {
            "model": "o4-mini",
            "input": [
                {"role": "developer", "content": "Be brief."},
                {"role": "user", "content": "Weather in Oslo?"},
                {"type": "reasoning", "id": "rs_1", "summary": []},
                {"type": "function_call", "call_id": "c", "name": "weather", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c", "output": "Rain"},
                {"type": "function_call_output", "output": [CACHED]},
                {"type": "item_reference", "id": "msg_1"},
            ],
            "tools": [
                {"type": "function", "name": "weather", "parameters": PARAMETERS},
                {"type": "web_search"},
            ],
            "tool_choice": {"type": "function", "name": "weather"},
            "reasoning": {"effort": "high", "summary": "auto"},
            "include": ["reasoning.encrypted_content"],
            "conversation": "conv_1",
            "prompt": {"id": "pmpt_1", "version": "2"},
            "max_tool_calls": 3,
            "parallel_tool_calls": False,
            "service_tier": "auto",
        },
    ],
    EMBEDDINGS: [
        {"model": "text-embedding-3-small", "input": "Hello", "dimensions": 8},
        {"model": "text-embedding-3-large", "input": ["Hello", "World"], "dimensions": 4},
        {"model": "text-embedding-3-small", "input": [1, 2, 3], "dimensions": 2, "user": "u1"},
        {
            "model": "other",
            "input": [[1, 2], [3]],
            "dimensions": 3,
            "encoding_format": "base64",
        },
    ],
    COMPLETIONS: [
        {"model": "gpt-3.5-turbo-instruct", "prompt": "Once upon a time"},
        {
            "model": "davinci-002",
            "prompt": ["One", "Two"],
            "n": 2,
            "best_of": 3,
            "echo": True,
            "max_tokens": 40,
            "stop": "\n",
            "logprobs": 2,
            "suffix": "The end.",
            "user": "u1",
        },
        {"model": "davinci-002", "prompt": [[1, 2], [3]], "temperature": 0, "seed": 7},
        {"model": "davinci-002", "prompt": [1, 2, 3], "echo": True, "max_tokens": 0},
        {"model": "davinci-002", "prompt": None, "logit_bias": {"50256": -100}},
    ],
    MODERATIONS: [
        {"model": "omni-moderation-latest", "input": "This is a safe message"},
        {"model": "omni-moderation-2024-09-26", "input": ["One", "", "Three"]},
        {
            "input": [
                {"type": "text", "text": "Look at this."},
                {"type": "image_url", "image_url": {"url": "https://a.b/c.png"}},
            ]
        },
        {"input": [{"type": "image_url", "image_url": {"url": DATA_URL}}]},
    ],
    GENERATIONS: [
        {"model": "gpt-image-1", "prompt": "a siamese cat", "n": 1, "size": "1024x1024"},
        {
            "model": "gpt-image-1.5",
            "prompt": "a siamese cat",
            "n": 2,
            "size": "1024x1536",
            "quality": "low",
            "background": "transparent",
            "output_format": "png",
            "output_compression": 100,
            "moderation": "low",
            "partial_images": 0,
            "stream": False,
            "user": "u1",
        },
        {"model": "gpt-image-2.5-flare", "prompt": "x", "complexity": "low", "size": None},
        {"model": "dall-e-3", "prompt": "a cat", "style": "vivid", "quality": "hd"},
        {"model": "dall-e-2", "prompt": "a cat", "response_format": "b64_json", "size": "512x512"},
        {"model": "other", "prompt": "a cat", "quality": "standard", "response_format": "url"},
    ],
    EDITS: [
        {"model": "gpt-image-1.5", "prompt": "make it green", "images": [{"image_url": DATA_URL}]},
        {
            "model": "gpt-image-2",
            "prompt": "make it green",
            "images": [{"image_url": "https://a.b/c.png"}, {"file_id": "file-1"}],
            "mask": {"file_id": "file-2"},
            "n": 2,
            "size": "1536x1024",
            "quality": "high",
            "output_format": "png",
            "safety_identifier": "u1",
        },
        {"prompt": "x", "images": [{"file_id": "file-1"}], "input_fidelity": "high", "n": None},
    ],
    VIDEOS: [
        {"model": "sora-2", "prompt": "a calico cat playing a piano on stage"},
        {
            "model": "sora-2-pro",
            "prompt": "a cat",
            "seconds": "8",
            "size": "1792x1024",
            "input_reference": {"image_url": DATA_URL},
        },
        {"prompt": "a cat", "input_reference": {"file_id": "file-1"}},
    ],
}

_JUNK: list[Json] = [
    None,
    True,
    False,
    0,
    1,
    -1,
    16.0,
    2.5,
    1e308,
    10**40,
    "",
    "x",
    "\ud800",
    "x" * 700,
    [],
    {},
    [None],
    [1],
    [16.0],
    ["a"],
    [[1]],
    [["a"]],
    {"a": 1},
    {"role": "user", "content": ""},
    {"role": "tool", "tool_call_id": "call_1", "content": "x"},
    {"id": "x"},
    {"type": "text", "text": "x"},
    {"type": "input_text", "text": ""},
    {"type": "compaction", "role": "user"},
    {"type": "function", "name": "f"},
    {"effort": "none"},
    {"type": "image_url", "image_url": {"url": "x"}},
    {"image_url": "data:image/png;base64,eA=="},
    "1536x864",
    "9999x1",
    "transparent",
    "jpeg",
    "gpt-image-2",
    "dall-e-3",
    "none",
    "low",
    "auto",
    "user",
    "assistant",
    "gpt-5",
    "gpt-4o",
    "text-embedding-ada-002",
    CALL,
]
_NAMES = [
    "model", "messages", "input", "prompt", "role", "type", "content", "name", "text", "n", "stop",
    "max_tokens", "max_completion_tokens", "max_output_tokens", "temperature", "dimensions",
    "encoding_format", "reasoning", "reasoning_effort", "logprobs", "top_logprobs", "tools",
    "tool_calls", "tool_choice", "metadata", "echo", "conversation", "include", "id", "foo", "",
    "image_url", "images", "size", "quality", "background", "output_format", "seconds", "mask",
    "refusal", "finish_reason", "flagged", "body", "raw", "status_code", "error", "custom_id",
    "endpoint",
]  # fmt: skip


# Any JSON, with texts and members that mean something somewhere.
JSON: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(_NAMES),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(_NAMES) | st.text(), inner, max_size=3)
    ),
    max_leaves=8,
)


def mutants(endpoint: str) -> st.SearchStrategy[Json]:
    """Make bodies that differ from the endpoint's valid ones in up to three places."""
    return mutants_of(BODIES[endpoint])


@st.composite
def mutants_of(draw: st.DrawFn, documents: list[dict[str, Json]]) -> Json:
    """Make documents that differ from these in up to three places."""
    document = [copy.deepcopy(draw(st.sampled_from(documents)))]
    for _ in range(draw(st.integers(0, 3))):
        _mutate(draw, document)
    return document[0]


def _mutate(draw: st.DrawFn, root: list[Json]) -> None:
    parent, key = draw(st.sampled_from(spots(root)))
    junk = copy.deepcopy(draw(st.sampled_from(_JUNK)))
    act = draw(st.sampled_from(["replace", "replace", "delete", "add"]))
    if act == "delete" and parent is not root:
        del parent[key]
    elif act == "add" and isinstance(parent[key], dict):
        parent[key][draw(st.sampled_from(_NAMES))] = junk
    elif act == "add" and isinstance(parent[key], list):
        parent[key].append(junk)
    else:
        parent[key] = junk


def attempt(act: Callable[[], Json]) -> Json:
    """Return what an act returns, or the failure with which it is refused."""
    try:
        return act()
    except (ApiError, ValueError) as error:
        return error


def spots(value: Json) -> list[tuple[Json, Json]]:
    """Return (container, key) of everything inside a value."""
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    found = []
    for key in keys:
        found += [(value, key), *spots(value[key])]
    return found


def recorded_bodies(endpoint: str) -> list[dict[str, Json]]:
    """Return the bodies of recorded output lines."""
    path = WIRE / "output_lines.jsonl"
    kinds = {"chat.completion": CHAT, "response": RESPONSES, "list": EMBEDDINGS}
    lines = [json.loads(line)["line"] for line in path.read_text("utf-8").splitlines()]
    bodies = [line["response"]["body"] for line in lines]
    return [body for body in bodies if kinds[body["object"]] == endpoint]


def published_schema(name: str) -> dict[str, Json]:
    """Return the schema of that name in OpenAI's OpenAPI document."""
    path = ROOT / "fixtures" / "openapi" / "schemas.json"
    return {**json.loads(path.read_text("utf-8")), "$ref": f"#/$defs/{name}"}
