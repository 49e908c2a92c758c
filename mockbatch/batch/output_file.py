"""The output and the error file of a batch that has ended, written line by line."""

import json
from bisect import bisect_left
from collections.abc import Sequence
from itertools import chain, islice, repeat
from typing import NamedTuple

from mockbatch.batch.batch import ERROR, NO_TOKENS, OUTPUT, Batch
from mockbatch.batch.output_line import LineChecker, output_line
from mockbatch.batch.plain_lines import PlainLines
from mockbatch.batch.timeline import CANCELLED, FINALIZING
from mockbatch.endpoints import endpoints
from mockbatch.endpoints.endpoint import Execution, Tokens, with_cached_share
from mockbatch.endpoints.respond import EndpointResponse, respond
from mockbatch.endpoints.scripted_reply import NEVER_RAN
from mockbatch.errors import api_error
from mockbatch.files.content import Content, temporary_file
from mockbatch.ids import LineIdentity, LineIds, Seed
from mockbatch.typing import Json

# So many lines are worth a call; others get a turn after a quarter of a megabyte of text.
_BLOCK_LINES = 250


class OutputFiles(NamedTuple):
    """The two files of a batch, and what its lines are billed for."""

    output: Content
    error: Content
    tokens: Tokens


def write_output(batch: Batch, *, validate: bool = True) -> OutputFiles:
    """Write both files of a batch as its timeline leaves it at the end.

    The lines stand in the order in which they ran; lines that never ran come last, in the
    error file. `validate` checks one line of each distinct shape.
    """
    writer = _Writer(batch, LineChecker(batch.endpoint) if validate else None)
    for position in range(0, batch.input.total, _BLOCK_LINES):
        writer.put(position, batch.execution_order.order[position : position + _BLOCK_LINES])
    return writer.close()


class _Lines:
    """The text of one file."""

    def __init__(self) -> None:
        self._spool = temporary_file()
        self._waiting: list[str] = []
        #: Adds a text, which waits for others: a short one is not worth a call.
        self.add = self._waiting.append

    def write(self, text: str = "") -> None:
        """Write what waits and a text."""
        self.add(text)
        self._spool.write("".join(self._waiting).encode("utf-8", "replace"))
        self._waiting.clear()

    def close(self) -> Content:
        """Return the file."""
        self.write()
        return Content(self._spool)


class _Writer:
    """Writes the lines of a batch, one after the other."""

    def __init__(self, batch: Batch, checker: LineChecker | None) -> None:
        self._batch = batch
        self._checker = checker
        self._endpoint = endpoints()[batch.endpoint]
        self._files = {OUTPUT: _Lines(), ERROR: _Lines()}
        # Lines that wait for a distortion, which has to see all of a file.
        self._distortion = batch.schedule.scenario.output
        self._cached = batch.schedule.scenario.cached_fraction
        self._waiting: dict[str, list[dict[str, Json]]] = {OUTPUT: [], ERROR: []}
        self._tokens = NO_TOKENS
        end = batch.timeline.end
        # A line's id carries the instant at which its file was begun.
        built_at = batch.timeline.reached(end.at).get(FINALIZING, end.at)
        self._ids = LineIds(batch.seed.child("lines"), batch.input.total, built_at)
        # When each line runs, None for those that never do.
        done = batch.timeline.done(end.at)
        self._instants = chain(islice(batch.timeline.line_times(), done), repeat(None))
        self._plain = self._plain_lines()
        never_ran = api_error("batch_cancelled" if end.status == CANCELLED else "batch_expired")
        self._never_ran = {"code": never_ran.code, "message": never_ran.message}

    def put(self, first: int, lines: Sequence[int]) -> None:
        """Write the lines that run from a position on; all come in the order of execution."""
        ids = list(self._ids.generate(lines))
        instants = list(islice(self._instants, len(lines)))
        plain, output = self._plain, self._files[OUTPUT]
        texts = plain.texts(lines, instants, ids) if plain else [None] * len(lines)
        for place, text in enumerate(texts):
            if text is None:
                self._put_whole(first + place, lines[place], ids[place], instants[place])
            else:
                output.add(text)
        output.write()

    def _put_whole(self, position: int, line: int, ids: LineIdentity, at: int | None) -> None:
        value, _, id, request_id = ids
        request = self._batch.input.request(line)
        answer = self._answer(position, line, request["body"], Seed(value), at)
        kind = OUTPUT if answer.succeeded else ERROR
        if kind == OUTPUT:
            self._tokens = self._tokens.plus(self._endpoint.read_usage(answer.body))
        written = output_line(id, request["custom_id"], request_id, answer)
        if self._checker and answer.is_checked:
            self._checker.check(written)
        if self._distortion is None:
            self._files[kind].write(json.dumps(written) + "\n")
        else:
            self._waiting[kind].append(written)

    def close(self) -> OutputFiles:
        """Return both files, distorted if the scenario says so."""
        if self._distortion:
            self._waiting[OUTPUT] += self._distortion.leaked(self._waiting[ERROR])
            for kind, lines in self._waiting.items():
                for text in self._distortion.of(lines):
                    self._files[kind].write(text)
        output, error = (self._files[kind].close() for kind in (OUTPUT, ERROR))
        tokens = self._tokens.plus(self._plain.tokens) if self._plain else self._tokens
        return OutputFiles(output, error, tokens)

    def _plain_lines(self) -> PlainLines | None:
        plain, gists = self._endpoint.plain, self._batch.input.gists
        if plain is None or gists is None or self._distortion or self._cached:
            return None
        scripted, validate = self._batch.replies, self._checker is not None
        return PlainLines(self._endpoint.path, plain, gists, scripted, validate=validate)

    def _answer(
        self, position: int, line: int, body: dict[str, Json], seed: Seed, at: int | None
    ) -> EndpointResponse:
        if at is None:
            return EndpointResponse(None, None, self._never_ran)
        reply = self._batch.replies.get(line)
        if reply is not None and reply.outcome == NEVER_RAN:
            return EndpointResponse(None, None, reply.error, is_checked=not reply.raw)
        fails = _contains(self._batch.execution_order.failing, position)
        refusal = self._endpoint.validate(body) if fails else None
        answer = respond(self._endpoint, body, Execution(seed, at), reply, refusal)
        if not (self._cached and answer.succeeded):
            return answer
        return answer._replace(body=with_cached_share(answer.body, self._cached))


def _contains(ordered: Sequence[int], item: int) -> bool:
    place = bisect_left(ordered, item)
    return place < len(ordered) and ordered[place] == item
