"""POST /v1/embeddings: a vector for each input, always the same for an input and a model."""

import sys
from array import array
from base64 import b64encode
from collections.abc import Sequence
from functools import partial
from hashlib import shake_256
from math import sqrt

from mockbatch.endpoints import token_limits
from mockbatch.endpoints.endpoint import Endpoint, Execution, MainMember, Tokens, token_count
from mockbatch.endpoints.models import Model, TokenLimits, get_model
from mockbatch.endpoints.response_size import check_numbers
from mockbatch.endpoints.token_limits import Prompt, count_prompt_tokens
from mockbatch.errors import api_error
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

_REQUEST_SCHEMA = "embeddings.request"
# A byte of the hash is one coordinate, an odd number from -255 to 255 before it is scaled.
# Integers, so that the sum of their squares is exact; none is 0, so that no vector is.
_SQUARES = [(2 * byte - 255) ** 2 for byte in range(256)]
# Recorded vectors have half precision; eight decimals are as near and shorter.
_DECIMALS = 8
# The longest vector that OpenAI serves; an unknown name may stand for any model.
_MAX_DIMENSIONS = 4096


def _check(body: dict[str, Json]) -> None:
    if isinstance(body, dict) and body.get("model", "") == "":
        raise api_error("no_model_named")
    error = schema(_REQUEST_SCHEMA).error(body)
    if error and not (error.param == "input" or (error.param or "").startswith("input[")):
        raise error
    if "input" not in body:
        raise api_error("missing_parameter", param="input")
    if error or not _is_valid_input(body["input"]):
        # Seen since 2023 for empty texts and lists, nulls, and lists that are too long.
        raise api_error("invalid_embedding_input")
    model = get_model(body["model"])
    if "dimensions" in body:
        _check_dimensions(body["dimensions"], model)
    inputs = _list_inputs(body["input"])
    token_limits.check_prompts(model.limits, inputs)
    _check_request_tokens(model.limits, inputs)
    check_numbers(len(inputs) * body.get("dimensions", model.dimensions))


def _is_valid_input(input_: Json) -> bool:
    """Return whether there are inputs, none is empty, and no token is negative."""
    inputs = _list_inputs(input_)
    return bool(inputs) and all(
        each and (isinstance(each, str) or min(each) >= 0) for each in inputs
    )


def _check_request_tokens(limits: TokenLimits, inputs: Sequence[Prompt]) -> None:
    """Reject inputs that are too many tokens together."""
    limit = limits.max_request_tokens
    if limit is None:
        return
    count = token_limits.count_above_limit(inputs, limit)
    if count is not None:
        raise api_error("too_many_tokens_in_request", requested=count, limit=limit)


def _check_dimensions(dimensions: int, model: Model) -> None:
    if not model.is_resizable:
        # Observed in 2024 and 2025.
        raise api_error("fixed_dimensions")
    limit = model.dimensions if model.is_known else _MAX_DIMENSIONS
    if dimensions > limit:
        raise api_error("integer_above_maximum", param="dimensions", limit=limit, value=dimensions)


def _build_response(body: dict[str, Json], _: Execution) -> dict[str, Json]:
    model = get_model(body["model"])
    inputs = _list_inputs(body["input"])
    make_vector = partial(_make_vector, model.name, body.get("dimensions", model.dimensions))
    is_base64 = body.get("encoding_format") == "base64"
    count = sum(map(count_prompt_tokens, inputs))
    return {
        "object": "list",
        "data": [
            {
                "object": "embedding",
                "embedding": _to_base64(vector) if is_base64 else vector,
                "index": index,
            }
            for index, vector in enumerate(map(make_vector, inputs))
        ],
        "model": model.name,
        "usage": {"prompt_tokens": count, "total_tokens": count},
    }


def _list_inputs(input_: Json) -> list[Prompt]:
    """Return the inputs of an `input` parameter: one text or token list, or several."""
    if isinstance(input_, list) and (not input_ or isinstance(input_[0], str | list)):
        return input_
    return [input_]


def _make_vector(model_name: str, dimensions: int, input_: Prompt) -> list[float]:
    """Return the unit vector of an input.

    As with OpenAI's models, a shorter vector is the beginning of a longer one, scaled.
    """
    if isinstance(input_, str):
        content = "text:" + input_
    else:
        content = "tokens:" + ",".join(map(str, input_))
    source = f"{model_name}\0{content}".encode("utf-8", "surrogatepass")
    digest = shake_256(source).digest(dimensions)
    length = sqrt(sum(map(_SQUARES.__getitem__, digest)))
    positive = [round(odd / length, _DECIMALS) for odd in range(1, 256, 2)]
    scaled = [-value for value in reversed(positive)] + positive
    return [scaled[byte] for byte in digest]


def _to_base64(vector: list[float]) -> str:
    floats = array("f", vector)
    if sys.byteorder == "big":
        floats.byteswap()
    return b64encode(floats.tobytes()).decode("ascii")


def _count_inputs(body: dict[str, Json]) -> int:
    """Return the number of inputs of a body that need not be valid."""
    return len(_list_inputs(body.get("input")))


def _read_usage(response: dict[str, Json]) -> Tokens:
    return Tokens(input=token_count(response, "usage", "prompt_tokens"), output=0)


ENDPOINT = Endpoint(
    path="/v1/embeddings",
    product="Embeddings",
    request_schema=_REQUEST_SCHEMA,
    response_schema="embeddings.response",
    check=_check,
    build_response=_build_response,
    main_member=MainMember("input"),
    read_usage=_read_usage,
    count_inputs=_count_inputs,
)
