"""The types that an endpoint consists of, and what several endpoints need for theirs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from mockbatch.endpoints.response_size import ResponseShape
from mockbatch.errors import ApiError, api_error
from mockbatch.ids import Seed
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

if TYPE_CHECKING:
    from mockbatch.endpoints.scripted_reply import Reply


class Execution(NamedTuple):
    """One execution of a request: the seed of its ids, and its time.

    `seed` differs for every execution; texts and vectors depend on the request alone.
    `created_at` is in whole epoch seconds of simulated time.
    """

    seed: Seed
    created_at: int


class Tokens(NamedTuple):
    """The tokens that a response is billed for, by the members of a batch's `usage`."""

    input: int
    output: int
    cached: int = 0
    reasoning: int = 0

    def plus(self, other: "Tokens") -> "Tokens":
        """Return the sum of both."""
        return Tokens(
            self.input + other.input,
            self.output + other.output,
            self.cached + other.cached,
            self.reasoning + other.reasoning,
        )


class FormFile(NamedTuple):
    """A file in a form: its name and content type as the client sent them, and its bytes."""

    filename: str
    content_type: str
    content: bytes


class Form(NamedTuple):
    """A multipart form: its texts and its files by field name, each in order."""

    texts: Mapping[str, Sequence[str]]
    files: Mapping[str, Sequence[FormFile]]


class Stream(NamedTuple):
    """How an endpoint streams a response that fits its schema.

    `events(response, body)` yields the events for the response to a request body; an event
    with a `type` is named after it. `schema` names the schema of an event. `end` is the data
    of the last event.
    """

    events: Callable[[dict[str, Json], dict[str, Json]], Iterable[dict[str, Json]]]
    schema: str
    end: str | None = None


class MainMember(NamedTuple):
    """The member of a request body without which the Batch API fails a line in validation.

    `error` names the error of a line that has neither it nor any of its `substitutes`.
    """

    name: str
    error: str = "no_main_member"
    substitutes: tuple[str, ...] = ()

    def find_error(self, body: Mapping[str, Json]) -> ApiError | None:
        """Return the error of a body that lacks the member; a null counts as missing."""
        if body.get(self.name) is not None or any(body.get(name) for name in self.substitutes):
            return None
        return api_error(self.error, name=self.name)


class Endpoint(Struct, frozen=True):
    """One endpoint of the API.

    `product` is its name in OpenAI's messages ("Chat Completions").
    `request_schema` and `response_schema` name the schemas of the two bodies.
    `check(body)` raises the ApiError with which the endpoint rejects a request body.
    `build_response(body, execution)` returns the response body for a valid request body.
    `read_usage(response)` returns what a response body is billed for; a scripted one may lack
    its `usage`.
    `main_member` is set if the Batch API looks for one in each line.
    `count_inputs(body)` counts the inputs of a request (only embeddings limit them).
    `response_shape(body)` returns what multiplies a text in the response to a valid body.
    `supported_reply_fields` are the fields of a scripted reply that its responses can carry,
    and `apply_reply(response, reply, body)` returns the response with those fields put in.
    `parse_form(form)` returns the request body of a multipart form, if live calls may send one.
    `stream` is set if live calls may ask for server-sent events.
    `unknown_model_error` names the error of a live call to a model that is not served, and
    `error_schema` the schema of the body of an error.

    Call `make_response` and `with_reply` instead of the functions with which they are built:
    they coerce the integers of the body, so that no function has to expect 16.0 for 16.
    """

    path: str
    product: str
    request_schema: str
    response_schema: str
    check: Callable[[dict[str, Json]], None]
    build_response: Callable[[dict[str, Json], Execution], dict[str, Json]]
    read_usage: Callable[[dict[str, Json]], Tokens]
    main_member: MainMember | None = None
    count_inputs: Callable[[dict[str, Json]], int] = lambda _: 1
    response_shape: Callable[[dict[str, Json]], ResponseShape] = lambda _: ResponseShape()
    supported_reply_fields: frozenset[str] = frozenset()
    apply_reply: "Callable[[dict[str, Json], Reply, dict[str, Json]], dict[str, Json]]" = (
        lambda response, *_: response
    )
    parse_form: Callable[[Form], dict[str, Json]] | None = None
    stream: Stream | None = None
    unknown_model_error: str = "model_not_served"
    error_schema: str = "error"

    def validate(self, body: dict[str, Json]) -> ApiError | None:
        """Return the error with which the endpoint rejects a request body, None if it is valid."""
        try:
            self.check(body)
        except ApiError as error:
            return error
        return None

    def make_response(self, body: dict[str, Json], execution: Execution) -> dict[str, Json]:
        """Return the response body for a valid request body."""
        return self.build_response(self._coerce_integers(body), execution)

    def with_reply(
        self, response: dict[str, Json], reply: "Reply", body: dict[str, Json]
    ) -> dict[str, Json]:
        """Return the response to a request body with the fields of a scripted reply put in.

        It stays as it is if the reply has no such fields, or one that the endpoint lacks.
        """
        fields = reply.fields
        if not fields or not fields <= self.supported_reply_fields:
            return response
        return self.apply_reply(response, reply, self._coerce_integers(body))

    def _coerce_integers(self, body: dict[str, Json]) -> dict[str, Json]:
        coerced: dict[str, Json] = schema(self.request_schema).coerce_integers(body)
        return coerced


def token_count(body: Json, *path: str) -> int:
    """Return the token count at a path in a response body; 0 if a raw body has none there."""
    for name in path:
        body = body.get(name) if isinstance(body, dict) else None
    return body if type(body) is int and body > 0 else 0


def read_usage(response: dict[str, Json], input_name: str, output_name: str) -> Tokens:
    """Return the token counts in the `usage` of a response body, whose members have these names."""
    return Tokens(
        input=token_count(response, "usage", input_name),
        output=token_count(response, "usage", output_name),
        cached=token_count(response, "usage", f"{input_name}_details", "cached_tokens"),
        reasoning=token_count(response, "usage", f"{output_name}_details", "reasoning_tokens"),
    )


def with_output_tokens(
    usage: dict[str, Json], count: int, input_name: str, output_name: str
) -> dict[str, Json]:
    """Return a `usage` with another number of output tokens."""
    return {**usage, output_name: count, "total_tokens": usage[input_name] + count}


def with_cached_share(body: Json, share: float) -> Json:
    """Return a response body whose usage says that a share of the prompt came from the cache.

    A body stays as it is if its usage does not report cached tokens, or if it has no usage.
    """
    usage: Json = body.get("usage") if isinstance(body, dict) else None
    for name in ("prompt_tokens", "input_tokens") if isinstance(usage, dict) else ():
        details = usage.get(f"{name}_details")
        if isinstance(details, dict) and "cached_tokens" in details:
            cached = int(share * token_count(usage, name))
            return {
                **body,
                "usage": {**usage, f"{name}_details": {**details, "cached_tokens": cached}},
            }
    return body
