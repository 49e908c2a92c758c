"""The fast path for simple lines: chat completions of text messages, answered with one text.

`line_template` has the part of it that writes output lines.

Most lines of most batches are simple. The ordinary way parses a line strictly, checks it
against a JSON Schema, builds the response as a dict and serialises it. This module produces
the same bytes sooner, because of three facts:

- A line that fits the types below is simple, and msgspec decodes it straight into them. Any
  other line, one that is not valid JSON included, takes the ordinary way.
- Whether the endpoint accepts a simple line depends on its parameters, which are its body
  without the messages, and on how long its messages are. So the endpoint's own check of one
  example decides for all of them, up to a length that is surely within the limit on tokens.
- The output lines of requests with the same parameters differ in ten values. So the endpoint's
  own response to that example becomes a template, and each line fills in its ten values.

Gain, measured by the benchmarks `validation` and `rendering` on Python 3.11: 50,000 lines of
1.3 KB are validated in 0.2 s instead of 1.7 s, and rendered in 0.6 s instead of 5 s.
"""

import json
from collections.abc import Iterable
from functools import lru_cache
from math import inf
from typing import Annotated, Literal, NamedTuple, TypeAlias

from msgspec import UNSET, DecodeError, Meta, Struct, UnsetType
from msgspec.json import Decoder, Encoder

from mockbatch.endpoints import endpoints, text
from mockbatch.endpoints.chat_completions.request import max_prompt_tokens
from mockbatch.errors import ApiError
from mockbatch.typing import Json

PATH = "/v1/chat/completions"

# Longer parameters are not worth remembering.
_MAX_PARAMETERS_BYTES = 4096
# A batch whose lines differ in their parameters gains nothing from templates: making one takes
# longer than writing a few lines the ordinary way.
MAX_TEMPLATES = 256

_String: TypeAlias = str | UnsetType | None
_Integer: TypeAlias = int | UnsetType | None
_Number: TypeAlias = float | UnsetType | None


class _Message(Struct, forbid_unknown_fields=True, gc=False):
    role: Literal["system", "developer", "user", "assistant"]
    content: str


class _Body(Struct, forbid_unknown_fields=True, gc=False):
    # A member that the body leaves out is UNSET, which differs from null.
    model: str
    messages: Annotated[list[_Message], Meta(min_length=1)] | UnsetType
    temperature: _Number = UNSET
    top_p: _Number = UNSET
    presence_penalty: _Number = UNSET
    frequency_penalty: _Number = UNSET
    max_tokens: _Integer = UNSET
    max_completion_tokens: _Integer = UNSET
    stop: str | list[str] | UnsetType | None = UNSET
    seed: _Integer = UNSET
    reasoning_effort: _String = UNSET
    verbosity: _String = UNSET
    store: bool | UnsetType | None = UNSET
    user: _String = UNSET
    metadata: dict[str, str] | UnsetType | None = UNSET
    service_tier: _String = UNSET
    n: Literal[1] | UnsetType | None = UNSET
    stream: bool | UnsetType | None = UNSET


class _Line(Struct, forbid_unknown_fields=True, gc=False):
    custom_id: str
    method: Literal["POST"]
    url: Literal["/v1/chat/completions"]
    body: _Body


class SimpleLine(Struct, gc=False):
    """A simple line of an input file; `parameters` is the JSON of its body without messages."""

    custom_id: str
    model: str
    parameters: bytes
    messages: list[_Message]


_decode = Decoder(_Line).decode
_encode = Encoder().encode


def parse_simple_line(data: bytes) -> SimpleLine | None:
    """Return a line of an input file if it is simple, None for any other bytes."""
    try:
        line = _decode(data)
    except (DecodeError, UnicodeDecodeError):
        return None
    body = line.body
    messages = body.messages
    if body.stream or isinstance(messages, UnsetType):
        return None
    body.messages = UNSET
    parameters = _encode(body)
    if len(parameters) > _MAX_PARAMETERS_BYTES:
        return None
    return SimpleLine(line.custom_id, body.model, parameters, messages)


class ParameterCheck(NamedTuple):
    """What the endpoint rejects about simple requests with the same parameters.

    `error` is the one with which it rejects all of them. It accepts every line of up to
    `max_bytes`; a longer one may have too many tokens.
    """

    error: ApiError | None
    max_bytes: float


@lru_cache(MAX_TEMPLATES)
def check_parameters(parameters: bytes) -> ParameterCheck:
    """Return what the endpoint rejects about simple requests with these parameters."""
    body = make_example(parameters)
    error = endpoints()[PATH].validate(body)
    limit = None if error else max_prompt_tokens(body)
    # A token is a word or four characters, and a word takes two bytes of a line or more.
    return ParameterCheck(error, inf if limit is None else 2 * limit)


def find_error(data: bytes, line: SimpleLine) -> ApiError | None:
    """Return the error with which the endpoint rejects a simple line with these bytes."""
    error, max_bytes = check_parameters(line.parameters)
    if error is not None or len(data) <= max_bytes:
        return error
    return endpoints()[PATH].validate(json.loads(data)["body"])


def make_example(parameters: bytes) -> dict[str, Json]:
    """Return a request body with these parameters and the shortest possible message."""
    return {**json.loads(parameters), "messages": [{"role": "user", "content": ""}]}


def measure_prompt(messages: Iterable[_Message]) -> tuple[str, int]:
    """Return the text to reply to, and the number of tokens in all messages.

    It is the last message of the user, or the last message if the user has none.
    """
    prompt: str | None = None
    content = ""
    prompt_tokens = text.TOKENS_FOR_REPLY
    for message in messages:
        content = message.content
        prompt_tokens += text.TOKENS_PER_MESSAGE + text.count_tokens(content)
        if message.role == "user":
            prompt = content
    return content if prompt is None else prompt, prompt_tokens
