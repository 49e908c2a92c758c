"""POST /v1/embeddings: a vector for each input, the same for the same input and model."""

import sys
from array import array
from base64 import b64encode
from hashlib import shake_256
from math import sqrt

from mockbatch.endpoints import text
from mockbatch.endpoints.endpoint import Endpoint, Execution, Tokens, token_count
from mockbatch.endpoints.models import Model, get_model
from mockbatch.errors import api_error
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

# A text, or a list of tokens.
Input = str | list[int]

# A byte of the hash is one coordinate, an odd number from -255 to 255 before it is scaled.
# Whole numbers, so that their sum is exact; none of them is 0, so that no vector is.
_SQUARES = [(2 * byte - 255) ** 2 for byte in range(256)]
# Recorded vectors have half precision; eight decimals are as near and shorter.
_DECIMALS = 8


def _check(body: dict[str, Json]) -> None:
    if isinstance(body, dict) and body.get("model", "") == "":
        raise api_error("no_model_named")
    error = schema("embeddings.request").error(body)
    if error and not (error.param == "input" or (error.param or "").startswith("input[")):
        raise error
    if "input" not in body:
        raise api_error("missing_parameter", param="input")
    if error or not _filled(body["input"]):
        # Seen since 2023 for empty texts and lists, nulls, and lists too long.
        raise api_error("invalid_embedding_input")
    if "dimensions" in body:
        _check_dimensions(body["dimensions"], get_model(body["model"]))


def _filled(given: Json) -> bool:
    """Tell whether there is an input and none is empty; tokens are counted from 0."""
    inputs = _inputs(given)
    return bool(inputs) and all(one and (isinstance(one, str) or min(one) >= 0) for one in inputs)


def _check_dimensions(wanted: int, of: Model) -> None:
    if not of.resizable:
        # Observed in 2024 and 2025.
        raise api_error("fixed_dimensions")
    # The longest vector OpenAI serves; other names may stand for any model.
    limit = of.dimensions if of.known else 4096
    if wanted > limit:
        raise api_error("integer_above_maximum", param="dimensions", limit=limit, value=wanted)


def _build_response(body: dict[str, Json], _: Execution) -> dict[str, Json]:
    of = get_model(body["model"])
    dimensions = int(body.get("dimensions", of.dimensions))
    as_text = body.get("encoding_format") == "base64"
    inputs = _inputs(body["input"])
    vectors = (_vector(of.name, one, dimensions) for one in inputs)
    count = sum(text.count_tokens(one) if isinstance(one, str) else len(one) for one in inputs)
    return {
        "object": "list",
        "data": [
            {
                "object": "embedding",
                "embedding": _base64(vector) if as_text else vector,
                "index": index,
            }
            for index, vector in enumerate(vectors)
        ],
        "model": of.name,
        "usage": {"prompt_tokens": count, "total_tokens": count},
    }


def _inputs(given: Json) -> list[Input]:
    """Return the inputs of a request: one text or token list, or several."""
    if isinstance(given, list) and (not given or isinstance(given[0], str | list)):
        return given
    return [given]


def _vector(name: str, one: Input, dimensions: int) -> list[float]:
    """Return the unit vector of an input.

    A shorter vector is the beginning of a longer one, scaled, as it is of OpenAI's models.
    """
    if isinstance(one, str):
        content = "text:" + one
    else:
        # JSON Schema takes 16.0 for an integer.
        content = "tokens:" + ",".join(str(int(token)) for token in one)
    source = f"{name}\0{content}".encode("utf-8", "surrogatepass")
    digest = shake_256(source).digest(dimensions)
    length = sqrt(sum(map(_SQUARES.__getitem__, digest)))
    positive = [round(odd / length, _DECIMALS) for odd in range(1, 256, 2)]
    scaled = [-value for value in reversed(positive)] + positive
    return list(map(scaled.__getitem__, digest))


def _base64(vector: list[float]) -> str:
    floats = array("f", vector)
    if sys.byteorder == "big":
        floats.byteswap()
    return b64encode(floats.tobytes()).decode("ascii")


def _count_inputs(body: dict[str, Json]) -> int:
    """Count inputs; asked of bodies that nobody has checked."""
    return len(_inputs(body.get("input")))


def _read_usage(body: dict[str, Json]) -> Tokens:
    return Tokens(input=token_count(body, "usage", "prompt_tokens"), output=0)


ENDPOINT = Endpoint(
    path="/v1/embeddings",
    product="Embeddings",
    check=_check,
    build_response=_build_response,
    read_usage=_read_usage,
    schema="embeddings.response",
    count_inputs=_count_inputs,
)
