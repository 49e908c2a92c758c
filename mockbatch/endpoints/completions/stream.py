"""An answer of POST /v1/completions in chunks; their form is that of OpenAI's reference."""

from collections.abc import Iterator

from mockbatch.endpoints import text
from mockbatch.endpoints.endpoint import Stream
from mockbatch.endpoints.streaming import interleave, wants_usage
from mockbatch.typing import Json


def _events(answer: dict[str, Json], body: dict[str, Json]) -> Iterator[dict[str, Json]]:
    head = {name: value for name, value in answer.items() if name != "usage"}
    usage = {"usage": None} if wants_usage(body) else {}
    for choice in interleave(map(_choice, answer["choices"])):
        yield {**head, "choices": [choice], **usage}
    if usage:
        yield {**head, "choices": [], "usage": answer["usage"]}


def _choice(choice: dict[str, Json]) -> Iterator[dict[str, Json]]:
    for piece, logprobs in _pieces(choice["text"], choice["logprobs"]):
        yield {**choice, "text": piece, "logprobs": logprobs, "finish_reason": None}
    yield {**choice, "text": "", "logprobs": None}


def _pieces(said: str, logprobs: Json) -> Iterator[tuple[str, Json]]:
    if logprobs is None or "".join(logprobs["tokens"]) != said:
        # Of a scripted answer, whose log probabilities may be of anything.
        for place, piece in enumerate(text.split_tokens(said)):
            yield piece, None if place else logprobs
        return
    for place, piece in enumerate(logprobs["tokens"]):
        # One of the lists may be null.
        yield piece, {name: given and given[place : place + 1] for name, given in logprobs.items()}


STREAM = Stream(_events, schema="completions.chunk", end="[DONE]")
