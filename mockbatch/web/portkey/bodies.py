"""Rewrites JSON bodies as Portkey's gateway does before it forwards them to OpenAI.

The gateway drops unknown parameters, adds defaults for required ones, and clamps numbers.
Source: the package @portkey-ai/gateway 1.15.2, its parameter lists for the provider openai.
"""

import json
from collections.abc import Mapping
from math import isfinite
from typing import NamedTuple

from mockbatch.typing import Json


class Param(NamedTuple):
    """One parameter.

    A missing parameter gets its `default` if it is `required`. Numbers are clamped between
    `minimum` and `maximum`.
    """

    default: Json = None
    required: bool = False
    minimum: float = float("-inf")
    maximum: float = float("inf")

    def forward(self, value: Json) -> Json:
        """Return the value that the gateway forwards for a value in the body."""
        if value == "portkey-default" and self.default is not None:
            value = self.default
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        return min(max(value, self.minimum), self.maximum)


_UNCHANGED = Param()
_PENALTY = Param(minimum=-2, maximum=2)


def _pass_unchanged(names: str) -> dict[str, Param]:
    return dict.fromkeys(names.split(), _UNCHANGED)


_SAMPLING = {
    "max_tokens": Param(100, minimum=0),
    "temperature": Param(1, minimum=0, maximum=2),
    "top_p": Param(1, minimum=0, maximum=1),
    "n": Param(1),
    "stream": Param(False),
    "presence_penalty": _PENALTY,
    "frequency_penalty": _PENALTY,
}
PARAMS: Mapping[str, Mapping[str, Param]] = {
    "/v1/batches": {
        "completion_window": Param("24h", required=True),
        **_pass_unchanged("input_file_id endpoint metadata output_expires_after"),
    },
    "/v1/chat/completions": {
        # Not OpenAI's default: a provider that the gateway loads later has overwritten that.
        "model": Param("glm-4.6", required=True),
        "messages": Param(""),
        "logprobs": Param(False),
        **_SAMPLING,
        **_pass_unchanged(
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
        "logprobs": Param(maximum=5),
        **_SAMPLING,
        **_pass_unchanged("stop best_of logit_bias user seed suffix stream_options"),
    },
    "/v1/embeddings": {
        "model": Param("text-embedding-ada-002", required=True),
        **_pass_unchanged("input encoding_format dimensions user"),
    },
    "/v1/images/generations": {
        "model": Param("dall-e-2", required=True),
        "n": Param(minimum=1, maximum=10),
        **_pass_unchanged("prompt quality response_format size style user"),
    },
    "/v1/responses": _pass_unchanged(
        "background conversation input model include instructions max_tool_calls "
        "max_output_tokens metadata modalities parallel_tool_calls previous_response_id prompt "
        "prompt_cache_key reasoning safety_identifier service_tier store stream stream_options "
        "temperature text tool_choice tools top_logprobs top_p truncation user verbosity"
    ),
}


# Azure's batches may have blobs.
_AZURE_BATCHES = {**PARAMS["/v1/batches"], **_pass_unchanged("input_blob output_folder")}


def params(path: str, provider: str) -> Mapping[str, Param] | None:
    """Return the parameters of a route that the gateway forwards, None for any."""
    if provider in ("azure-openai", "azure-ai") and path == "/v1/batches":
        return _AZURE_BATCHES
    return PARAMS.get(path)


def parse_object(data: bytes) -> dict[str, Json]:
    """Return the JSON object in a body, an empty one for other values; ValueError if invalid."""
    value = parse_json(data)
    return value if isinstance(value, dict) else {}


def parse_json(data: bytes) -> Json:
    """Return the value of JSON as JavaScript parses it; ValueError if it is invalid."""
    text = data.decode("utf-8-sig", "replace")
    return json.loads(text, parse_constant=_number, parse_int=_number, parse_float=_number)


def forward(body: Mapping[str, Json], params: Mapping[str, Param]) -> dict[str, Json]:
    """Return the body that the gateway forwards for a client's body."""
    defaults = {name: param.default for name, param in params.items() if param.required}
    known = {name: params[name].forward(body[name]) for name in params if name in body}
    return {**defaults, **known}


def _number(text: str) -> float:
    """Return a number as JavaScript would write it; ValueError if JSON has no such number."""
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text} is not JSON")
    return int(number) if number.is_integer() else number
