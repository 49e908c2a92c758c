"""The output and the error file of a batch that has ended, written line by line."""

import json
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

from mockbatch.batch.batch import Batch
from mockbatch.errors import ApiError, api_error
from mockbatch.files.content import Content, spool
from mockbatch.ids import Seed, batch_request_id, line_request_id
from mockbatch.replies import endpoints
from mockbatch.replies.endpoint import Moment, Tokens
from mockbatch.schema import schema
from mockbatch.timeline import CANCELLED, FINALIZING

Json = Any


@dataclass(frozen=True, slots=True)
class Output:
    """The two files of a batch, and what its lines are billed for."""

    output: Content
    error: Content
    tokens: Tokens


def write(batch: Batch, *, validate: bool = True) -> Output:
    """Write both files of a batch as its timeline leaves it at the end.

    The lines stand in the order in which they ran; lines that never ran come last, in the
    error file. `validate` checks one line of each distinct shape.
    """
    writer = _Writer(batch, _Checker(batch.endpoint) if validate else None)
    done = batch.timeline.done(batch.timeline.end.at)
    for position in range(batch.given.total):
        if position >= done:
            writer.unexecuted(position)
        elif _contains(batch.work.failing, position):
            writer.failed(position)
        else:
            writer.succeeded(position)
    writer.close()
    return Output(Content(writer.output), Content(writer.error), Tokens(*writer.billed))


class _Writer:
    def __init__(self, batch: Batch, checker: "_Checker | None") -> None:
        self.output, self.error = spool(), spool()
        self.billed = [0, 0, 0, 0]
        self._batch = batch
        self._checker = checker
        self._distortion = batch.pace.scenario.output
        self._honest: tuple[list[dict[str, Json]], ...] = ([], [])
        self._endpoint = endpoints()[batch.endpoint]
        reached = batch.timeline.reached(batch.timeline.end.at)
        # A line's id carries the instant at which its file was begun.
        self._built_at = reached.get(FINALIZING, batch.timeline.end.at)
        status = batch.timeline.end.status
        never_ran = api_error("batch_cancelled" if status == CANCELLED else "batch_expired")
        self._never_ran = {"code": never_ran.code, "message": never_ran.message}

    def succeeded(self, position: int) -> None:
        request, seed = self._line(position)
        moment = Moment(seed, self._batch.timeline.when_done(position + 1))
        body = self._endpoint.answer(request["body"], moment)
        tokens = self._endpoint.tokens(body)
        for place, count in enumerate(
            (tokens.input, tokens.output, tokens.cached, tokens.reasoning)
        ):
            self.billed[place] += count
        self._put(self.output, request, seed, (200, body), None)

    def failed(self, position: int) -> None:
        request, seed = self._line(position)
        self._put(self.error, request, seed, self._failure(request["body"]), None)

    def unexecuted(self, position: int) -> None:
        request, seed = self._line(position)
        self._put(self.error, request, seed, None, self._never_ran)

    def _line(self, position: int) -> tuple[dict[str, Json], Seed]:
        request = self._batch.given.request(self._batch.work.order[position])
        return request, self._batch.seed.child("line", request["custom_id"])

    def _failure(self, body: dict[str, Json]) -> tuple[int, dict[str, Json]]:
        try:
            self._endpoint.check(body)
        except ApiError as refusal:
            return refusal.status, refusal.body()
        failing = self._batch.pace.scenario.failing
        assert failing is not None  # noqa: S101 - a line fails for one of these two reasons
        return failing.status_code, {"error": dict(failing.error)}

    def _put(
        self,
        file: IO[bytes],
        request: dict[str, Json],
        seed: Seed,
        answer: tuple[int, dict[str, Json]] | None,
        error: dict[str, Json] | None,
    ) -> None:
        response = None
        if answer is not None:
            status_code, body = answer
            response = {
                "status_code": status_code,
                "request_id": line_request_id(seed.child("request")),
                "body": body,
            }
        line = {
            "id": batch_request_id(seed, self._built_at),
            "custom_id": request["custom_id"],
            "response": response,
            "error": error,
        }
        if self._checker:
            self._checker.check(line)
        if self._distortion is None:
            file.write(json.dumps(line).encode() + b"\n")
        else:
            self._honest[file is self.error].append(line)

    def close(self) -> None:
        """Write what a distortion makes of the lines, which has to see all of a file."""
        for file, lines in zip((self.output, self.error), self._honest, strict=True):
            for text in self._distortion.of(lines) if self._distortion else ():
                file.write(text.encode("utf-8", "replace") + b"\n")


class _Checker:
    """Checks one line of each distinct shape: the others differ in their texts only."""

    def __init__(self, endpoint: str) -> None:
        self._body = schema(endpoints()[endpoint].schema)
        self._seen: set[object] = set()

    def check(self, line: dict[str, Json]) -> None:
        shape = _shape(line)
        if shape in self._seen:
            return
        what = f"the output line of {line['custom_id']!r}"
        schema("output_line").hold(line, what)
        response = line["response"]
        if response is not None:
            judge = self._body if response["status_code"] == 200 else schema("error")
            judge.hold(response["body"], what)
        self._seen.add(shape)


def _shape(value: Json) -> object:
    kind = type(value)
    if kind is dict:
        return *value, *map(_shape, value.values())
    return frozenset(map(_shape, value)) if kind is list else kind


def _contains(ordered: Sequence[int], item: int) -> bool:
    place = bisect_left(ordered, item)
    return place < len(ordered) and ordered[place] == item
