"""Writes the output file and the error file of a batch that has ended."""

import json
from bisect import bisect_left
from collections.abc import Sequence
from itertools import chain, islice, repeat
from typing import NamedTuple

from mockbatch.batch.batch import ERROR, NO_TOKENS, OUTPUT, Batch
from mockbatch.batch.fast_path import PATH
from mockbatch.batch.line_template import SimpleLineWriter
from mockbatch.batch.output_line import LineChecker, output_line
from mockbatch.batch.timeline import CANCELLED, FAILED, FINALIZING
from mockbatch.endpoints.endpoint import Execution, Tokens, with_cached_share
from mockbatch.endpoints.respond import EndpointResponse, respond
from mockbatch.endpoints.scripted_reply import NEVER_RAN
from mockbatch.endpoints.structured_output.sample import compact_json
from mockbatch.endpoints.text import marked_replies
from mockbatch.errors import ApiError, NoReplyPossibleError, api_error
from mockbatch.files.content import Content, temporary_file
from mockbatch.ids import LineIdentities, LineIdentity, make_mark
from mockbatch.typing import Json
from mockbatch.validation.step_budget import (
    STEPS_PER_LINE,
    StepBudget,
    shared_generation,
    shared_preparation,
)

# Text is written in blocks of about a quarter of a megabyte. Other threads can run between two
# blocks.
_BLOCK_LINES = 250


class OutputFiles(NamedTuple):
    """The two files of a batch, and what its lines are billed for."""

    output: Content
    error: Content
    tokens: Tokens


def write_output(batch: Batch, *, validate: bool = True, marks: bool = False) -> OutputFiles:
    """Write both files of a batch as they are once it has ended.

    The lines are in the order in which they ran. Lines that never ran come last, in the error
    file; they are its only lines if the batch has discarded its results. `validate` checks one
    line of each shape against its schema. `marks` begins each generated text with a mark of its
    line, by which it can be found again.
    """
    writer = _OutputWriter(batch, validate=validate, marks=marks)
    # A batch that fails has no lines, but its provider may give it files.
    total = 0 if batch.timeline.end.status == FAILED else batch.input.total
    for first_position in range(0, total, _BLOCK_LINES):
        writer.write_block(first_position)
    return writer.close()


class _BufferedFile:
    """The text of one file."""

    def __init__(self) -> None:
        self._stream = temporary_file()
        self._buffered: list[str] = []
        self.add = self._buffered.append

    def flush(self) -> None:
        self._stream.write("".join(self._buffered).encode("utf-8", "replace"))
        self._buffered.clear()

    def close(self) -> Content:
        self.flush()
        return Content(self._stream)


class _OutputWriter:
    """Writes the lines of a batch block by block, in the order of execution."""

    def __init__(self, batch: Batch, *, validate: bool, marks: bool) -> None:
        self._batch, self._marks = batch, marks
        self._endpoint = batch.rules.find_endpoint(batch.endpoint, batch.terms)
        self._checker = LineChecker(self._endpoint) if validate else None
        self._has_one_file = batch.rules.results_seconds is not None
        self._files = {OUTPUT: _BufferedFile(), ERROR: _BufferedFile()}
        scenario = batch.schedule.scenario
        self._cached_share = scenario.cached_fraction
        self._distortion = scenario.output
        # All lines of a file if there is a distortion, which can repeat, drop or move them.
        self._undistorted: dict[str, list[dict[str, Json]]] = {OUTPUT: [], ERROR: []}
        self._tokens = NO_TOKENS
        # Steps for the schemas of all lines: one budget to check the failing lines again, one to
        # generate replies for the others.
        self._rejection_budget, self._generation_budget = StepBudget(), StepBudget()
        self._simple_lines: SimpleLineWriter | None = None
        self._translate = batch.rules.output_line
        is_changed = self._distortion or self._cached_share or marks or self._translate
        if batch.endpoint == PATH and not is_changed:
            self._simple_lines = SimpleLineWriter(
                batch.input.read_line, batch.replies, validate=validate
            )
        end = batch.timeline.end
        # A line's id contains the time at which its file was begun.
        built_at = batch.timeline.reached(end.at).get(FINALIZING, end.at)
        self._identities = LineIdentities(batch.seed, batch.input.total, built_at)
        self._discards_results = batch.has_discarded_results(end.at)
        executed = batch.timeline.done(end.at)
        # When each line runs, None for a line that never does.
        self._times = chain(islice(batch.timeline.line_times(), executed), repeat(None))
        error = api_error("batch_cancelled" if end.status == CANCELLED else "batch_expired")
        self._never_ran_error = {"code": error.code, "message": error.message}

    def write_block(self, first_position: int) -> None:
        """Write the lines of the next block, which begins at a position."""
        order = self._batch.execution_order.order
        block = order[first_position : first_position + _BLOCK_LINES]
        times = islice(self._times, len(block))
        output = self._files[OUTPUT]
        for position, (index, time) in enumerate(zip(block, times, strict=True), first_position):
            if self._discards_results and time is not None:
                if not self._has_one_file:
                    continue
                time = None
            identity = self._identities.of_line(index)
            text = None
            if self._simple_lines and time is not None:
                text = self._simple_lines.render(index, identity, time)
            if text is None:
                self._write_ordinary_line(position, index, identity, time)
            else:
                output.add(text)
        for file in self._files.values():
            file.flush()

    def _write_ordinary_line(
        self, position: int, index: int, identity: LineIdentity, time: int | None
    ) -> None:
        request = self._batch.input.read_request(index)
        response = self._respond(position, index, request["body"], identity, time)
        kind = OUTPUT if response.succeeded or self._has_one_file else ERROR
        if response.succeeded:
            self._tokens = self._tokens.plus(self._endpoint.read_usage(response.body))
        line = output_line(identity, request["custom_id"], response)
        if self._checker and response.is_checked:
            self._checker.check(line)
        if self._translate and not self._has_one_file:
            line = self._translate(line)
        if self._distortion is None:
            self._files[kind].add(self._dump(line) + "\n")
        else:
            self._undistorted[kind].append(line)

    def _dump(self, line: dict[str, Json]) -> str:
        if not self._has_one_file:
            is_raw = self._distortion is not None and self._distortion.separators
            return json.dumps(line, ensure_ascii=not is_raw)
        return compact_json(self._translate(line) if self._translate else line)

    def _respond(
        self,
        position: int,
        index: int,
        body: dict[str, Json],
        identity: LineIdentity,
        time: int | None,
    ) -> EndpointResponse:
        if time is None:
            return EndpointResponse(None, None, self._never_ran_error)
        reply = self._batch.replies.get(index)
        if reply is not None and reply.outcome == NEVER_RAN:
            return EndpointResponse(None, None, reply.error, is_checked=not reply.raw)
        fails = _contains(self._batch.execution_order.failing, position)
        rejection = self._reject(body) if fails else None
        execution = Execution(identity.seed, time)
        self._generation_budget.grant(STEPS_PER_LINE)
        mark = make_mark(identity.seed) if self._marks else ""
        with shared_generation(self._generation_budget), marked_replies(mark):
            response = respond(self._endpoint, body, execution, reply, rejection)
        if not (self._cached_share and response.succeeded):
            return response
        return response._replace(body=with_cached_share(response.body, self._cached_share))

    def _reject(self, body: dict[str, Json]) -> ApiError:
        """Return the endpoint's error for a failing line of the input."""
        self._rejection_budget.grant(STEPS_PER_LINE)
        with shared_preparation(self._rejection_budget):
            error = self._endpoint.validate(body)
        if error is not None:
            return error
        # Validation ran out of steps on earlier lines; this time there were enough.
        error = api_error("schema_too_costly", what="this line")
        return NoReplyPossibleError(error.status, error.message, error.type)

    def close(self) -> OutputFiles:
        """Return both files, distorted if the scenario wants it."""
        if self._distortion:
            lines = self._undistorted
            lines[OUTPUT] += self._distortion.leaked(lines[ERROR])
            for kind, file in self._files.items():
                for text in self._distortion.of(lines[kind], self._dump):
                    file.add(text)
                    file.flush()
        output, error = (self._files[kind].close() for kind in (OUTPUT, ERROR))
        simple_tokens = self._simple_lines.tokens if self._simple_lines else NO_TOKENS
        return OutputFiles(output, error, self._tokens.plus(simple_tokens))


def _contains(ordered: Sequence[int], item: int) -> bool:
    index = bisect_left(ordered, item)
    return index < len(ordered) and ordered[index] == item
