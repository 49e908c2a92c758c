"""Arranges batches and reads their results without a client."""

import json
from collections.abc import Callable, Iterable, Mapping

from mockbatch.client.batch_commands import BatchCommands
from mockbatch.client.clock import Clock
from mockbatch.client.results import Batch, HasId, Result, id_of
from mockbatch.typing import Json

__tracebackhide__ = True

CHAT = "/v1/chat/completions"
# The request body for a request that is only a text, by endpoint.
_BODIES: Mapping[str, Callable[[str], dict[str, Json]]] = {
    CHAT: lambda text: {
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": text}],
    },
    "/v1/responses": lambda text: {"model": "gpt-4o-mini", "input": text},
    "/v1/completions": lambda text: {"model": "gpt-3.5-turbo-instruct", "prompt": text},
    "/v1/embeddings": lambda text: {"model": "text-embedding-3-small", "input": text},
    "/v1/moderations": lambda text: {"model": "omni-moderation-latest", "input": text},
}


class Arranging(BatchCommands):
    """Batches in one call. The journal does not list these calls, and no fault applies to them."""

    clock: Clock
    _reached: bool
    #: Judges what a test has made of its misfortune; the fixture `misfortune` sets it.
    judge_survival: Callable[[Json, str], None] | None = None

    def assert_survived(self, delivered: Json = None, *, require: str = "reported") -> None:
        """Fail unless the code under test has survived the misfortune of the fixture `misfortune`.

        `delivered` is what it made of the batch: any value, or a function that returns one. How
        a function ends counts, too: an error is `reported`, unless it is a programming error.
        With `require="handled"` that is not good enough.
        """
        if self.judge_survival is None:
            raise TypeError("assert_survived needs a test that takes the fixture `misfortune`")
        self.judge_survival(delivered, require)

    def submit(
        self,
        requests: Iterable[str | Mapping[str, Json]] | bytes,
        endpoint: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Batch:
        """Create a batch of these requests.

        A request is a text, a request body, or a line of an input file, in which `custom_id`
        (by default its place, from "0"), `method` and `url` may be missing. Bytes are a whole
        input file. By default, `endpoint` is that of the first line, or chat completions.
        Raises ControlError for a batch that OpenAI would reject.
        """
        data = requests if isinstance(requests, bytes) else _input_file(requests, endpoint)
        text = data.decode()
        body: dict[str, Json] = {"input": text, "endpoint": endpoint or _first_url(text)}
        if metadata is not None:
            body["metadata"] = dict(metadata)
        batch = Batch.from_json(self.call("POST", "/_mock/batches", body))
        self._reached = True
        return batch

    def completed_batch(
        self,
        requests: Iterable[str | Mapping[str, Json]] | bytes = ("Hello",),
        endpoint: str | None = None,
        metadata: Mapping[str, str] | None = None,
        *,
        status: str = "completed",
    ) -> Batch:
        """Create a batch, and move time forward until it has completed, or has another `status`.

        Raises EndedAs if it ends with a different status.
        """
        batch = self.submit(requests, endpoint, metadata)
        self.clock.run_until(batch, status)
        return Batch.from_json(self.call("GET", f"/_mock/batches/{batch.id}"))

    def input_lines(self, batch: str | HasId) -> list[Json]:
        """Return the lines of a batch's input file, parsed; one that is not JSON is its text."""
        text: str = self.call("GET", f"/_mock/batches/{id_of(batch)}/input")["input"]
        return [_parse_line(line) for line in text.split("\n") if line.strip()]

    def results(self, batch: str | HasId) -> dict[str, Result]:
        """Return the results of a batch by custom_id, from its output and its error file.

        Those of a Message Batch have the same form, and a `text`, too.
        """
        files = self.call("GET", f"/_mock/batches/{id_of(batch)}/results?form=openai")
        lines = [line for text in files.values() if text for line in text.split("\n") if line]
        results = (Result.from_json(json.loads(line)) for line in lines)
        return {result.custom_id: result for result in results}


def _input_file(requests: Iterable[str | Mapping[str, Json]], endpoint: str | None) -> bytes:
    if isinstance(requests, str | Mapping):
        raise TypeError("submit() takes a list of requests, or the bytes of an input file")
    lines = [_line(request, number, endpoint) for number, request in enumerate(requests)]
    return "".join(f"{json.dumps(line)}\n" for line in lines).encode()


def _line(
    request: str | Mapping[str, Json], number: int, endpoint: str | None
) -> Mapping[str, Json]:
    url = endpoint or CHAT
    if isinstance(request, str):
        if url not in _BODIES:
            raise TypeError(f"a request of {url} cannot be a text: give its body")
        request = {"body": _BODIES[url](request)}
    elif "body" not in request and "custom_id" not in request:
        request = {"body": request}
    return {"custom_id": str(number), "method": "POST", "url": url, **request}


def _parse_line(line: str) -> Json:
    try:
        return json.loads(line)
    except ValueError:
        return line


def _first_url(text: str) -> str:
    try:
        url: str = json.loads(text.split("\n", 1)[0])["url"]
    except (ValueError, LookupError, TypeError):
        return CHAT
    return url
