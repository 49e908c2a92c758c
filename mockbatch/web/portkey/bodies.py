"""What Portkey's gateway makes of a JSON body before it passes it on to OpenAI.

It knows the parameters of each route; of others it takes none, some it fills in, and numbers
it brings within bounds.
Source: the package @portkey-ai/gateway 1.15.2, its lists for the provider openai.
"""

import json
from collections.abc import Mapping
from math import isfinite
from typing import NamedTuple

from mockbatch.typing import Json


class Param(NamedTuple):
    """One parameter: its default, which a `required` one gets, and the bounds of a number."""

    default: Json = None
    required: bool = False
    least: float = float("-inf")
    most: float = float("inf")

    def within(self, value: Json) -> Json:
        """Return a value that was given as it is passed on."""
        if value == "portkey-default" and self.default is not None:
            value = self.default
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        return min(max(value, self.least), self.most)


_PLAIN = Param()
_PENALTY = Param(least=-2, most=2)


def _plain(names: str) -> dict[str, Param]:
    return dict.fromkeys(names.split(), _PLAIN)


_SAMPLING = {
    "max_tokens": Param(100, least=0),
    "temperature": Param(1, least=0, most=2),
    "top_p": Param(1, least=0, most=1),
    "n": Param(1),
    "stream": Param(False),
    "presence_penalty": _PENALTY,
    "frequency_penalty": _PENALTY,
}
PARAMS: Mapping[str, Mapping[str, Param]] = {
    "/v1/batches": {
        "completion_window": Param("24h", required=True),
        **_plain("input_file_id endpoint metadata output_expires_after"),
    },
    "/v1/chat/completions": {
        # Meant is another; a provider that is loaded later overwrites it.
        "model": Param("glm-4.6", required=True),
        "messages": Param(""),
        "logprobs": Param(False),
        **_SAMPLING,
        **_plain(
            "functions function_call stop logit_bias user seed tools tool_choice response_format "
            "top_logprobs stream_options service_tier parallel_tool_calls max_completion_tokens "
            "store metadata modalities audio prediction reasoning_effort web_search_options "
            "prompt_cache_key safety_identifier verbosity"
        ),
    },
    "/v1/completions": {
        "model": Param("text-davinci-003", required=True),
        "prompt": Param(""),
        "echo": Param(False),
        "logprobs": Param(most=5),
        **_SAMPLING,
        **_plain("stop best_of logit_bias user seed suffix stream_options"),
    },
    "/v1/embeddings": {
        "model": Param("text-embedding-ada-002", required=True),
        **_plain("input encoding_format dimensions user"),
    },
    "/v1/images/generations": {
        "model": Param("dall-e-2", required=True),
        "n": Param(least=1, most=10),
        **_plain("prompt quality response_format size style user"),
    },
    "/v1/responses": _plain(
        "background conversation input model include instructions max_tool_calls "
        "max_output_tokens metadata modalities parallel_tool_calls previous_response_id prompt "
        "prompt_cache_key reasoning safety_identifier service_tier store stream stream_options "
        "temperature text tool_choice tools top_logprobs top_p truncation user verbosity"
    ),
}


def read(data: bytes) -> dict[str, Json]:
    """Return the object in a body, an empty one for any other JSON; ValueError for none."""
    given = parse(data)
    return given if isinstance(given, dict) else {}


def parse(data: bytes) -> Json:
    """Return the value of JSON as JavaScript reads it; ValueError for what is none."""
    text = data.decode("utf-8-sig", "replace")
    return json.loads(text, parse_constant=_number, parse_int=_number, parse_float=_number)


def passed_on(given: Mapping[str, Json], params: Mapping[str, Param]) -> dict[str, Json]:
    """Return what the gateway passes on of a body."""
    defaults = {name: param.default for name, param in params.items() if param.required}
    known = {name: params[name].within(given[name]) for name in params if name in given}
    return {**defaults, **known}


def _number(text: str) -> float:
    """Return a number as JavaScript would write it; ValueError for none that JSON has."""
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text} is not JSON")
    return int(number) if number.is_integer() else number
