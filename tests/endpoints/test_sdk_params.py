"""Every value that the SDK's types allow is accepted: nothing is rejected for its type alone."""

import itertools
import types
from collections import abc
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import openai
import pytest
from openai.types import EmbeddingCreateParams
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming as Chat
from openai.types.completion_create_params import CompletionCreateParamsNonStreaming as Completion
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from typing_extensions import NotRequired, Required, get_type_hints, is_typeddict

from mockbatch.endpoints import endpoints
from mockbatch.typing import Json
from tests.support.bodies import CHAT, COMPLETIONS, EMBEDDINGS, RESPONSES

# A newer one may know parameters that this table does not have.
TRIED = (3, 57)
TYPES: dict[str, tuple[Any, dict[str, Json]]] = {
    CHAT: (Chat, {"messages": [{"role": "user", "content": "x"}]}),
    RESPONSES: (ResponseCreateParamsNonStreaming, {"input": "x"}),
    EMBEDDINGS: (EmbeddingCreateParams, {"input": "x"}),
    COMPLETIONS: (Completion, {"prompt": "x"}),
}
# What the types cannot say, by code and param: it needs another parameter or message beside
# it, or the service was seen to refuse it, or it is for messages of the assistant.
REFUSED = {
    (None, "top_logprobs"),
    (None, "messages.[0].content"),
    (None, "messages.[0].role"),
    ("integer_below_min_value", "max_output_tokens"),
    ("invalid_value", "service_tier"),
    ("unknown_parameter", "input[0].phase"),
    # There have to be tools to choose from, and functions for a call; a tool is any mapping.
    (None, "tool_choice"),
    (None, "parallel_tool_calls"),
    (None, "function_call"),
    ("missing_required_parameter", "tool_choice.allowed_tools.tools[0].type"),
    ("missing_required_parameter", "tool_choice.tools[0].type"),
    # JSON has to be spoken of, and a strict format has a schema.
    (None, "messages"),
    (None, "input"),
    (None, "response_format"),
}
MOST = 100
# A schema is any mapping to the types, and not to the service.
SCHEMA = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
SCHEMAS = ("parameters", "schema")


def examples(kind: Json, depth: int = 0) -> Iterator[Json]:
    """Yield values of a type: of each branch of a union, with each optional member."""
    origin: Any = get_origin(kind)
    arguments = get_args(kind)
    if depth > 10:
        return
    if origin in (Required, NotRequired, Annotated):
        yield from examples(arguments[0], depth)
    elif origin is Literal:
        yield from arguments
    elif origin in (Union, types.UnionType):
        for argument in arguments:
            yield from examples(argument, depth)
    elif is_typeddict(kind):
        yield from objects(kind, depth + 1)
    elif origin in (dict, abc.Mapping):
        yield from ({"key": one} for one in few(arguments[1], depth + 1))
    elif origin in (list, abc.Iterable, abc.Sequence):
        yield from ([one] for one in few(arguments[0], depth + 1))
    else:
        plain = {str: "text", bool: True, int: 1, float: 1.0, type(None): None}
        yield plain.get(kind, {})


def objects(kind: Json, depth: int) -> Iterator[dict[str, Json]]:
    """Yield objects of a type: with the required members, and with one more each."""
    members = get_type_hints(kind, include_extras=True)
    needed = {
        name: SCHEMA if name in SCHEMAS else next(examples(member, depth))
        for name, member in members.items()
        if get_origin(member) == Required  # type: ignore[comparison-overlap]
        or (name in kind.__required_keys__ and get_origin(member) != NotRequired)  # type: ignore[comparison-overlap]
    }
    yield needed
    for name, member in members.items():
        for one in [SCHEMA] if name in SCHEMAS else few(member, depth):
            yield {**needed, name: one}


def few(kind: Json, depth: int) -> Iterator[Json]:
    """Yield some values of a type."""
    return itertools.islice(examples(kind, depth), MOST)


@pytest.mark.parametrize("path", TYPES)
def test_types_of_the_sdk_are_accepted(path: str) -> None:
    """Each parameter, in each of its forms, beside those that every request has."""
    version = tuple(map(int, openai.__version__.split(".")[:2]))
    if version > TRIED:
        pytest.skip(f"openai {openai.__version__} may know more than was tried")
    kind, beside = TYPES[path]
    rejected = {}
    for name, member in get_type_hints(kind, include_extras=True).items():
        for one in examples(member):
            error = endpoints()[path].validate({"model": "mine", **beside, name: one})
            if error and (error.code, error.param) not in REFUSED:
                rejected[error.message] = {name: one}
    assert rejected == {}


def test_there_are_many_examples() -> None:
    """The types are not just skipped."""
    assert len(list(examples(Chat))) > 100
    assert {"type": "web_search"} in [one[0] for one in examples_of("tools") if one]


def examples_of(name: str) -> list[Json]:
    """Return the values of a parameter of a response."""
    members = get_type_hints(ResponseCreateParamsNonStreaming, include_extras=True)
    return list(examples(members[name]))
