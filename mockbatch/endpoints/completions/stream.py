"""A response of POST /v1/completions in chunks; their form is that of OpenAI's reference."""

from collections.abc import Iterator

from mockbatch.endpoints.endpoint import Stream
from mockbatch.endpoints.streaming import interleave, split_chunks, wants_usage
from mockbatch.typing import Json


def _events(response: dict[str, Json], body: dict[str, Json]) -> Iterator[dict[str, Json]]:
    head = {name: value for name, value in response.items() if name != "usage"}
    usage = {"usage": None} if wants_usage(body) else {}
    choices = response["choices"]
    for choice in interleave(_choice_chunks(choice, len(choices)) for choice in choices):
        yield {**head, "choices": [choice], **usage}
    if usage:
        yield {**head, "choices": [], "usage": response["usage"]}


def _choice_chunks(choice: dict[str, Json], choices: int) -> Iterator[dict[str, Json]]:
    for chunk, logprobs in _chunk_text(choice["text"], choice["logprobs"], choices):
        yield {**choice, "text": chunk, "logprobs": logprobs, "finish_reason": None}
    yield {**choice, "text": "", "logprobs": None}


def _chunk_text(content: str, logprobs: Json, choices: int) -> Iterator[tuple[str, Json]]:
    """Yield the chunks of the text of one of `choices`, each with its log probabilities."""
    if logprobs is None or "".join(logprobs["tokens"]) != content:
        # A scripted reply may have log probabilities of any text.
        for index, chunk in enumerate(split_chunks(content, choices)):
            yield chunk, None if index else logprobs
        return
    for index, chunk in enumerate(logprobs["tokens"]):
        # One of the lists may be null.
        yield chunk, {name: list_ and list_[index : index + 1] for name, list_ in logprobs.items()}


STREAM = Stream(_events, schema="completions.chunk", end="[DONE]")
