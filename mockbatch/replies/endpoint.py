"""What every endpoint has to say of itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mockbatch.ids import Seed

Json = Any


@dataclass(frozen=True, slots=True)
class Moment:
    """One execution of a request: where its ids come from, and when it is.

    `seed` differs for every execution; texts and vectors come from the request alone.
    `at` is in whole epoch seconds of simulated time.
    """

    seed: Seed
    at: int


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a reply is billed for, in the words of a batch's `usage`."""

    input: int
    output: int
    cached: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint of the API.

    `product` is its name in OpenAI's messages ("Chat Completions").
    `check` raises the ApiError with which the endpoint refuses a request body.
    `answer` makes the response body of a request body that `check` let through.
    `tokens` reads what a response body that `answer` made is billed for.
    `schema` names the schema of the response body.
    `input_count` counts the inputs that one request brings (only embeddings have a limit).
    """

    path: str
    product: str
    check: Callable[[dict[str, Json]], None]
    answer: Callable[[dict[str, Json], Moment], dict[str, Json]]
    tokens: Callable[[dict[str, Json]], Tokens]
    schema: str
    input_count: Callable[[dict[str, Json]], int] = lambda _: 1
