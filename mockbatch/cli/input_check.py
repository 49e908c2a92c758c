"""Checks the files of `mockbatch validate`."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copyfileobj
from typing import IO

import click

from mockbatch.batch import input_file
from mockbatch.batch.input_file import BatchInput
from mockbatch.batch.prompt_tokens import count_in_line
from mockbatch.cli.validation_report import FileReport, LineProblem
from mockbatch.endpoints import endpoints
from mockbatch.endpoints.endpoint import Endpoint
from mockbatch.errors import ApiError
from mockbatch.files import validation
from mockbatch.files.content import Content, temporary_file
from mockbatch.limits import Limits

_STDIN = "-"
# Smaller files are checked before a person would look at a progress bar.
_MIN_BYTES_WITH_PROGRESS = 5_000_000


def check_file(file: str, endpoint_path: str | None) -> FileReport:
    """Check one input file, `-` for standard input; a big one moves a progress bar."""
    name = "<stdin>" if file == _STDIN else file
    with _open(file) as stream:
        size = stream.seek(0, os.SEEK_END)
        if size < _MIN_BYTES_WITH_PROGRESS or not sys.stderr.isatty():
            return _check(name, Content(stream), endpoint_path, lambda _: None)
        passes = 3  # the encoding, the lines, the tokens
        label = f"Checking {name}"
        with click.progressbar(length=passes * size, label=label, file=sys.stderr) as bar:
            return _check(name, _WatchedContent(stream, bar.update), endpoint_path, bar.update)


def _open(file: str) -> IO[bytes]:
    if file != _STDIN:
        return Path(file).open("rb")
    stream = temporary_file()
    copyfileobj(sys.stdin.buffer, stream)
    return stream


class _WatchedContent(Content):
    """A file's content that reports how many bytes have been read in sequence."""

    def __init__(self, stream: IO[bytes], report_bytes: Callable[[int], object]) -> None:
        super().__init__(stream)
        self._report_bytes = report_bytes

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Yield the bytes of a range in chunks."""
        for chunk in super().chunks(start, stop):
            self._report_bytes(len(chunk))
            yield chunk


def _check(
    name: str,
    content: Content,
    endpoint_path: str | None,
    report_bytes: Callable[[int], object],
) -> FileReport:
    limits = Limits()
    try:
        validation.validate_upload(content, "batch", limits)
    except ApiError as error:
        return FileReport(name, rejected=str(error))
    path = endpoint_path or _find_endpoint(name, content)
    endpoint = endpoints()[path]
    batch_input = input_file.read_input(content, endpoint, limits)
    prompt_tokens = 0
    for index in range(0 if batch_input.errors else batch_input.total):
        prompt_tokens += count_in_line(endpoint, batch_input, index)
        report_bytes(batch_input.line_offsets[index + 1] - batch_input.line_offsets[index])
    return FileReport(
        name,
        endpoint=path,
        model=batch_input.model,
        requests=batch_input.total,
        prompt_tokens=prompt_tokens,
        errors=tuple(
            LineProblem(error["line"], error["code"], error["message"], error["param"])
            for error in batch_input.errors
        ),
        failing_requests=tuple(
            _explain_failure(batch_input, index, endpoint)
            for index in sorted(batch_input.failing_lines)
        ),
    )


def _find_endpoint(name: str, content: Content) -> str:
    """Return the endpoint of the first request that names a known one."""
    for line in content.lines():
        try:
            url = json.loads(line)["url"]
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
        if isinstance(url, str) and url in endpoints():
            return url
    raise click.UsageError(f"{name}: no request has the url of an endpoint: use --endpoint.")


def _explain_failure(batch_input: BatchInput, index: int, endpoint: Endpoint) -> LineProblem:
    error = endpoint.validate(batch_input.read_request(index)["body"])
    if error is None:
        return LineProblem(index + 1, None, "mockbatch has no reply for this request", None)
    return LineProblem(index + 1, error.code, str(error), error.param)
