"""What holds of all plain requests of one form, found out once.

It is remembered beyond a batch: tests send the same parameters again and again.
"""

from functools import lru_cache
from typing import NamedTuple

from mockbatch.batch.output_line import LineChecker, output_line
from mockbatch.endpoints import endpoints
from mockbatch.endpoints.endpoint import Execution
from mockbatch.endpoints.fast_path import Answering, Plain, rest
from mockbatch.endpoints.json_template import JsonTemplate, Place, pattern
from mockbatch.endpoints.respond import EndpointResponse
from mockbatch.errors import ApiError
from mockbatch.ids import LineIds, Seed

_REMEMBERED = 256
_OF_THE_LINE: tuple[Place, ...] = (("id",), ("custom_id",), ("response", "request_id"))


class Way(NamedTuple):
    """How the output lines of a form are written.

    The gaps of `pattern` are a line's id, its custom_id, its request_id, and the values that
    `answering` gives. Each is billed `reasoning` tokens.
    """

    pattern: JsonTemplate
    answering: Answering
    reasoning: int


@lru_cache(_REMEMBERED)
def refusal(path: str, plain: Plain, form: bytes) -> ApiError | None:
    """Return the failure with which an endpoint refuses requests of a form, None if it does not."""
    return endpoints()[path].validate(plain.example(rest(form)))


@lru_cache(_REMEMBERED)
def way(path: str, plain: Plain, form: bytes, *, validate: bool) -> Way | None:
    """Return how lines of a form are written; None where no pattern can be told.

    `validate` checks one of them.
    """
    endpoint, body = endpoints()[path], plain.example(rest(form))
    [(seed, _, id, request_id)] = LineIds(Seed.of("example"), 1, built_at=0).generate([0])
    answer = endpoint.make_response(body, Execution(Seed(seed), created_at=0))
    line = output_line(id, "example", request_id, EndpointResponse(200, answer))
    if validate:
        LineChecker(path).check(line)
    places = (*_OF_THE_LINE, *(("response", "body", *place) for place in plain.places))
    found = pattern(line, places, end="\n")
    if found is None:
        return None
    return Way(found, plain.answering(body), endpoint.read_usage(answer).reasoning)
