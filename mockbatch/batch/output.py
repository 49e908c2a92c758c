"""The output and the error file of a batch that has ended, written line by line."""

import json
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from mockbatch.batch.batch import ERROR, NO_TOKENS, OUTPUT, Batch
from mockbatch.batch.plain_lines import PlainLines
from mockbatch.errors import api_error
from mockbatch.files.content import Content, spool
from mockbatch.ids import Seed, line_ids
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


class _Lines:
    """The text of one file, written in pieces that are worth a call."""

    def __init__(self) -> None:
        self._spool = spool()
        self._waiting: list[str] = []

    def put(self, text: str) -> None:
        """Add a text."""
        self._waiting.append(text)
        if len(self._waiting) >= 100:
            self._flush()

    def close(self) -> Content:
        """Return the file."""
        self._flush()
        return Content(self._spool)

    def _flush(self) -> None:
        self._spool.write("".join(self._waiting).encode("utf-8", "replace"))
        self._waiting = []


class _Writer:
    """Writes the lines of a batch, one after the other."""

    def __init__(self, batch: Batch, checker: "_Checker | None") -> None:
        self._batch = batch
        self._checker = checker
        self._endpoint = endpoints()[batch.endpoint]
        self._files = {OUTPUT: _Lines(), ERROR: _Lines()}
        # Lines that wait for a distortion, which has to see all of a file.
        self._distortion = batch.pace.scenario.output
        self._cached = batch.pace.scenario.cached
        self._waiting: dict[str, list[dict[str, Json]]] = {OUTPUT: [], ERROR: []}
        self._tokens = NO_TOKENS
        self._seed = batch.seed.family("line")
        end = batch.timeline.end
        self._done = batch.timeline.done(end.at)
        # A line's id carries the instant at which its file was begun.
        self._built_at = batch.timeline.reached(end.at).get(FINALIZING, end.at)
        self._instants = batch.timeline.instants()
        self._plain = self._plain_lines()
        never_ran = api_error("batch_cancelled" if end.status == CANCELLED else "batch_expired")
        self._never_ran = {"code": never_ran.code, "message": never_ran.message}

    def put(self, position: int) -> None:
        """Write the line that runs at a position in the order of execution; they come in it."""
        line = self._batch.work.order[position]
        at = next(self._instants) if position < self._done else None
        kept = None
        if self._plain and at is not None and line not in self._batch.replies:
            kept = self._plain.find(line)
            text = kept and self._plain.text(kept, at)
            if text:
                self._files[OUTPUT].put(text + "\n")
                return
        written = self._put_whole(position, line, at)
        if self._plain and kept:
            self._plain.learn(kept, written)

    def _put_whole(self, position: int, line: int, at: int | None) -> dict[str, Json]:
        request = self._batch.given.request(line)
        seed = self._seed(request["custom_id"])
        answer = self._answer(position, line, request["body"], seed, at)
        kind = OUTPUT if answer.succeeded else ERROR
        if kind == OUTPUT:
            self._tokens = self._tokens.plus(self._endpoint.tokens(answer.body))
        id, request_id = line_ids(seed, self._built_at)
        written = {
            "id": id,
            "custom_id": request["custom_id"],
            "response": _response(answer, request_id),
            "error": answer.error,
        }
        if self._checker and answer.honest:
            self._checker.check(written)
        if self._distortion is None:
            self._files[kind].put(json.dumps(written) + "\n")
        else:
            self._waiting[kind].append(written)
        return written

    def close(self) -> Output:
        """Return both files, distorted if the scenario says so."""
        if self._distortion:
            self._waiting[OUTPUT] += self._distortion.strays(self._waiting[ERROR])
            for kind, lines in self._waiting.items():
                for text in self._distortion.of(lines):
                    self._files[kind].put(text)
        output, error = (self._files[kind].close() for kind in (OUTPUT, ERROR))
        tokens = self._tokens.plus(self._plain.tokens) if self._plain else self._tokens
        return Output(output, error, tokens)

    def _plain_lines(self) -> PlainLines | None:
        plain, gists = self._endpoint.plain, self._batch.given.gists
        if plain is None or gists is None or self._distortion or self._cached:
            return None
        return PlainLines(plain, gists, self._seed, self._built_at)

    def _answer(
        self, position: int, line: int, body: dict[str, Json], seed: Seed, at: int | None
    ) -> Answer:
        if at is None:
            return Answer(None, None, self._never_ran)
        reply = self._batch.replies.get(line)
        if reply is not None and reply.ending == NEVER_RAN:
            return Answer(None, None, reply.error, honest=not reply.raw)
        fails = _contains(self._batch.work.failing, position)
        refusal = self._endpoint.refusal(body) if fails else None
        answer = answered(self._endpoint, body, Moment(seed, at), reply, refusal)
        if not (self._cached and answer.succeeded):
            return answer
        return replace(answer, body=partly_cached(answer.body, self._cached))


def _response(answer: Answer, request_id: str) -> dict[str, Json] | None:
    if answer.status_code is None:
        return None
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
