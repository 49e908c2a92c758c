"""The output and the error file of a batch that has ended, written line by line."""

import json
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from mockbatch.batch.batch import ERROR, NO_TOKENS, OUTPUT, Batch
from mockbatch.errors import api_error
from mockbatch.files.content import Content, spool
from mockbatch.ids import Seed, batch_request_id, line_request_id
from mockbatch.replies import endpoints
from mockbatch.replies.answering import Answer, answered
from mockbatch.replies.endpoint import Moment, Tokens, partly_cached
from mockbatch.replies.reply import NEVER_RAN
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
    for position in range(batch.given.total):
        writer.put(position)
    return writer.close()


class _Writer:
    """Writes the lines of a batch, one after the other."""

    def __init__(self, batch: Batch, checker: "_Checker | None") -> None:
        self._batch = batch
        self._checker = checker
        self._endpoint = endpoints()[batch.endpoint]
        self._files = {OUTPUT: spool(), ERROR: spool()}
        # Lines that wait for a distortion, which has to see all of a file.
        self._distortion = batch.pace.scenario.output
        self._cached = batch.pace.scenario.cached
        self._waiting: dict[str, list[dict[str, Json]]] = {OUTPUT: [], ERROR: []}
        self._tokens = NO_TOKENS
        end = batch.timeline.end
        self._done = batch.timeline.done(end.at)
        # A line's id carries the instant at which its file was begun.
        self._built_at = batch.timeline.reached(end.at).get(FINALIZING, end.at)
        never_ran = api_error("batch_cancelled" if end.status == CANCELLED else "batch_expired")
        self._never_ran = {"code": never_ran.code, "message": never_ran.message}

    def put(self, position: int) -> None:
        """Write the line that runs at a position in the order of execution."""
        line = self._batch.work.order[position]
        request = self._batch.given.request(line)
        seed = self._batch.seed.child("line", request["custom_id"])
        answer = self._answer(position, line, request["body"], seed)
        kind = OUTPUT if answer.succeeded else ERROR
        if kind == OUTPUT:
            self._tokens = self._tokens.plus(self._endpoint.tokens(answer.body))
        written = {
            "id": batch_request_id(seed, self._built_at),
            "custom_id": request["custom_id"],
            "response": _response(answer, seed),
            "error": answer.error,
        }
        if self._checker and answer.honest:
            self._checker.check(written)
        if self._distortion is None:
            self._files[kind].write(json.dumps(written).encode() + b"\n")
        else:
            self._waiting[kind].append(written)

    def close(self) -> Output:
        """Return both files, distorted if the scenario says so."""
        if self._distortion:
            self._waiting[OUTPUT] += self._distortion.strays(self._waiting[ERROR])
            for kind, lines in self._waiting.items():
                for text in self._distortion.of(lines):
                    self._files[kind].write(text.encode("utf-8", "replace"))
        output, error = (Content(self._files[kind]) for kind in (OUTPUT, ERROR))
        return Output(output, error, self._tokens)

    def _answer(self, position: int, line: int, body: dict[str, Json], seed: Seed) -> Answer:
        if position >= self._done:
            return Answer(None, None, self._never_ran)
        reply = self._batch.replies.get(line)
        if reply is not None and reply.ending == NEVER_RAN:
            return Answer(None, None, reply.error, honest=not reply.raw)
        fails = _contains(self._batch.work.failing, position)
        refusal = self._endpoint.refusal(body) if fails else None
        moment = Moment(seed, self._batch.timeline.when_done(position + 1))
        answer = answered(self._endpoint, body, moment, reply, refusal)
        if not (self._cached and answer.succeeded):
            return answer
        return replace(answer, body=partly_cached(answer.body, self._cached))


def _response(answer: Answer, seed: Seed) -> dict[str, Json] | None:
    if answer.status_code is None:
        return None
    request_id = line_request_id(seed.child("request"))
    return {"status_code": answer.status_code, "request_id": request_id, "body": answer.body}


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
