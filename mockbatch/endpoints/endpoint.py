"""What every endpoint has to say of itself."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from mockbatch.errors import ApiError
from mockbatch.ids import Seed
from mockbatch.typing import Json

if TYPE_CHECKING:
    from mockbatch.endpoints.fast_path import Plain
    from mockbatch.endpoints.scripted_reply import Reply


class Execution(NamedTuple):
    """One execution of a request: where its ids come from, and when it is.

    `seed` differs for every execution; texts and vectors come from the request alone.
    `at` is in whole epoch seconds of simulated time.
    """

    seed: Seed
    at: int


class Tokens(NamedTuple):
    """What a reply is billed for, in the words of a batch's `usage`."""

    input: int
    output: int
    cached: int = 0
    reasoning: int = 0

    def plus(self, other: "Tokens") -> "Tokens":
        """Return the sum of two bills."""
        return Tokens(
            self.input + other.input,
            self.output + other.output,
            self.cached + other.cached,
            self.reasoning + other.reasoning,
        )


class FormFile(NamedTuple):
    """A file in a form: its bytes, and what the client calls them."""

    filename: str
    content_type: str
    content: bytes


class Form(NamedTuple):
    """A multipart form: its texts and its files by the name of their field, each in order."""

    texts: Mapping[str, Sequence[str]]
    files: Mapping[str, Sequence[FormFile]]


class Stream(NamedTuple):
    """How an endpoint streams an answer that fits its schema.

    `events` cuts the answer to a request body into events; one that has a `type` is named by
    it. `schema` names the schema of an event. `end` is what stands after the last one.
    """

    events: Callable[[dict[str, Json], dict[str, Json]], Iterable[dict[str, Json]]]
    schema: str
    end: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint of the API.

    `product` is its name in OpenAI's messages ("Chat Completions").
    `check` raises the ApiError with which the endpoint refuses a request body.
    `answer` makes the response body of a request body that `check` let through.
    `tokens` reads what a response body is billed for; a scripted one may lack its usage.
    `schema` names the schema of the response body.
    `input_count` counts the inputs that one request brings (only embeddings have a limit).
    `says` names what has a place in its answers of what a scripted reply can say, and `say`
    puts it there: into an answer to a request body, which both stay as they are.
    `plain` is for requests whose answers differ in little, so that many are quick to make.
    `body` makes the request body of a multipart form, where a live call may send one.
    `stream` is for answers that a live call may want event by event.
    `unknown_model` names the failure of a live call to a model that is not served.
    """

    path: str
    product: str
    check: Callable[[dict[str, Json]], None]
    answer: Callable[[dict[str, Json], Execution], dict[str, Json]]
    tokens: Callable[[dict[str, Json]], Tokens]
    schema: str
    input_count: Callable[[dict[str, Json]], int] = lambda _: 1
    says: frozenset[str] = frozenset()
    say: "Callable[[dict[str, Json], Reply, dict[str, Json]], dict[str, Json]]" = (
        lambda answer, *_: answer
    )
    body: Callable[[Form], dict[str, Json]] | None = None
    plain: "Plain | None" = None
    stream: Stream | None = None
    unknown_model: str = "model_not_served"

    def refusal(self, body: dict[str, Json]) -> ApiError | None:
        """Return the failure with which it refuses a request body; None if it takes it."""
        try:
            self.check(body)
        except ApiError as refusal:
            return refusal
        return None

    def scripted(
        self, answer: dict[str, Json], reply: "Reply", body: dict[str, Json]
    ) -> dict[str, Json]:
        """Return the answer to a request body with a reply put into it.

        A reply that has no place there leaves it as it is, and so does one that stands alone.
        """
        said = reply.said
        return self.say(answer, reply, body) if said and said <= self.says else answer


def token_count(body: Json, *path: str) -> int:
    """Return a count of tokens in a response body; 0 where a raw one has none."""
    for name in path:
        body = body.get(name) if isinstance(body, dict) else None
    return body if type(body) is int and body > 0 else 0


def partly_cached(body: Json, share: float) -> Json:
    """Return a response body in which a share of its prompt was read from the cache.

    Where its usage has no place for that, or a raw one has no usage, it stays as it is.
    """
    usage: Json = body.get("usage") if isinstance(body, dict) else None
    for given in ("prompt_tokens", "input_tokens") if isinstance(usage, dict) else ():
        details = usage.get(f"{given}_details")
        if isinstance(details, dict) and "cached_tokens" in details:
            cached = int(share * token_count(usage, given))
            return {
                **body,
                "usage": {**usage, f"{given}_details": {**details, "cached_tokens": cached}},
            }
    return body
