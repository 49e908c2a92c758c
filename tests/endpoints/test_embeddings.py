"""POST /v1/embeddings."""

import base64
import struct

import pytest

from mockbatch.endpoints.embeddings import ENDPOINT
from mockbatch.endpoints.endpoint import Tokens
from mockbatch.errors import ApiError
from mockbatch.typing import Json
from tests.support.bodies import EXECUTION


def respond(**body: Json) -> dict[str, Json]:
    """Return the response to a request with these parameters."""
    request = {"model": "text-embedding-3-small", "input": "Hello", **body}
    ENDPOINT.check(request)
    return ENDPOINT.make_response(request, EXECUTION)


def vectors(**body: Json) -> list[Json]:
    """Return the vectors of the inputs."""
    return [item["embedding"] for item in respond(**body)["data"]]


def rejection(**body: Json) -> ApiError:
    """Return the error with which the endpoint rejects these parameters."""
    with pytest.raises(ApiError) as raised:
        respond(**body)
    return raised.value


def test_each_input_has_a_vector() -> None:
    """Two texts get two vectors, numbered."""
    assert [item["index"] for item in respond(input=["a", "b"])["data"]] == [0, 1]


@pytest.mark.parametrize(
    ("model", "dimensions"),
    [("text-embedding-3-small", 1536), ("text-embedding-3-large", 3072), ("other", 1536)],
)
def test_vectors_have_the_length_of_the_model(model: str, dimensions: int) -> None:
    """Without `dimensions`, the model decides."""
    assert len(vectors(model=model)[0]) == dimensions


@pytest.mark.parametrize("dimensions", [1, 2, 256, 1536])
def test_vectors_are_unit_vectors(dimensions: int) -> None:
    """The squares of a vector add up to 1, as they do in the recorded ones."""
    [vector] = vectors(dimensions=dimensions)
    assert sum(value * value for value in vector) == pytest.approx(1, abs=1e-5)


def test_equal_inputs_have_equal_vectors() -> None:
    """A vector depends on the text and not on its index."""
    first, second, third = vectors(input=["a", "b", "a"], dimensions=8)
    assert first == third != second


def test_models_have_their_own_vectors() -> None:
    """The same text has another vector with another model."""
    assert vectors(dimensions=8) != vectors(dimensions=8, model="text-embedding-3-large")


def test_tokens_differ_from_the_text_that_looks_like_them() -> None:
    """A list of tokens has another vector."""
    assert vectors(input=[1], dimensions=8) != vectors(input="1", dimensions=8)


def test_a_list_of_tokens_is_one_input() -> None:
    """Lists of tokens are one input each."""
    assert len(vectors(input=[1, 2, 3], dimensions=2)) == 1
    assert len(vectors(input=[[1, 2], [3]], dimensions=2)) == 2


def test_the_first_token_of_the_vocabulary_is_a_token() -> None:
    """Its id is 0."""
    assert len(vectors(input=[0, 1], dimensions=2)) == 1


def test_a_token_may_be_an_integral_decimal() -> None:
    """JSON Schema accepts 1.0 as the integer 1; it is the same token."""
    assert vectors(input=[1.0], dimensions=8) == vectors(input=[1], dimensions=8)


def test_a_shorter_vector_is_the_beginning_of_a_longer_one() -> None:
    """Scaled to the length of one."""
    [long], [short] = vectors(dimensions=64), vectors(dimensions=4)
    assert [a / b for a, b in zip(long, short, strict=False)] == pytest.approx(
        [long[0] / short[0]] * 4, rel=1e-3
    )


def test_numbers_are_short() -> None:
    """JSON of a vector is no longer than the recorded one of 31,079 bytes."""
    [vector] = vectors()
    assert max(len(repr(value)) for value in vector) <= 12


def test_base64_is_little_endian_float32() -> None:
    """It encodes the same vector."""
    [encoded] = vectors(dimensions=8, encoding_format="base64")
    numbers = struct.unpack("<8f", base64.b64decode(encoded))
    assert numbers == pytest.approx(vectors(dimensions=8)[0], rel=1e-6)


def test_usage_counts_texts_and_tokens() -> None:
    """Four characters or one number are a token, and there is no output."""
    body = respond(input=[[1, 2, 3], [4]], dimensions=2)
    assert body["usage"] == {"prompt_tokens": 4, "total_tokens": 4}
    assert ENDPOINT.read_usage(body) == Tokens(input=4, output=0)


@pytest.mark.parametrize(
    ("given", "count"),
    [("a", 1), (["a", "b"], 2), ([1, 2], 1), ([[1], [2], [3]], 3), ([], 0), (None, 1), (7, 1)],
)
def test_inputs_of_invalid_bodies_are_counted(given: Json, count: int) -> None:
    """The body need not have been checked."""
    assert ENDPOINT.count_inputs({"input": given}) == count


def test_a_missing_input_counts_as_one() -> None:
    """The check rejects it."""
    assert ENDPOINT.count_inputs({}) == 1


@pytest.mark.parametrize("given", ["", [], [""], ["a", ""], [[]], [[1], []], [-1], None, ["a", 1]])
def test_any_invalid_input_has_the_same_error(given: Json) -> None:
    """The service does not say what is wrong with it."""
    assert rejection(input=given).message.startswith("'$.input' is invalid.")


def test_2048_inputs_are_the_maximum() -> None:
    """One more is rejected."""
    respond(input=["a"] * 2048, dimensions=1)
    assert rejection(input=["a"] * 2049).status == 400


def test_input_is_required() -> None:
    """A body without it lacks a parameter."""
    with pytest.raises(ApiError) as raised:
        ENDPOINT.check({"model": "text-embedding-3-small"})
    assert (raised.value.param, raised.value.code) == ("input", "missing_required_parameter")


def test_dimensions_may_not_exceed_those_of_the_model() -> None:
    """1536 is the maximum of text-embedding-3-small."""
    respond(dimensions=1536)
    error = rejection(dimensions=1537)
    assert (error.param, error.code) == ("dimensions", "integer_above_max_value")


def test_ada_002_rejects_dimensions() -> None:
    """Its error has neither param nor code."""
    error = rejection(model="text-embedding-ada-002", dimensions=1536)
    assert (error.message, error.param, error.code) == (
        "This model does not support specifying dimensions.",
        None,
        None,
    )


def test_unknown_formats_are_rejected() -> None:
    """A vector is sent as numbers or as base64."""
    assert rejection(encoding_format="hex").param == "encoding_format"
