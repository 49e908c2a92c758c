"""The formats in which `mockbatch validate` reports: text, JSON, and GitHub's annotations."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

# Limits that organizations have quoted in public reports, 2024 to 2026; OpenAI's pages on rate
# limits give each model and usage tier one of its own.
_SEEN_ENQUEUED_TOKENS = (90_000, 900_000, 2_000_000, 5_000_000)


class LineProblem(NamedTuple):
    """An error of a line, counted from 1, or of the whole file if `line` is None."""

    line: int | None
    code: str | None
    message: str
    param: str | None


class FileReport(NamedTuple):
    """The result for one file.

    `rejected` is the message with which its upload would be rejected. The batch would fail with
    `errors`; `failing_requests` would fail by themselves.
    """

    file: str
    rejected: str | None = None
    endpoint: str | None = None
    model: str | None = None
    requests: int = 0
    prompt_tokens: int = 0
    errors: tuple[LineProblem, ...] = ()
    failing_requests: tuple[LineProblem, ...] = ()

    @property
    def exit_status(self) -> int:
        """1 if the batch would not run, else 0."""
        return 1 if self.rejected or self.errors else 0

    @property
    def summary(self) -> str:
        """One sentence about the file."""
        if self.rejected:
            return f"The upload of {self.file} would be rejected."
        if self.errors:
            codes = ", ".join(f"{count} {code}" for code, count in self.error_counts.items())
            return f"The batch would fail: {_count(self.errors, 'error')} in {self.file} ({codes})."
        failing = len(self.failing_requests)
        would_fail = f", of which {failing:,} would fail" if failing else ""
        requests = f"{self.requests:,} request" + ("" if self.requests == 1 else "s")
        return f"The batch would run: {requests} to {self.model}{would_fail}."

    @property
    def error_counts(self) -> Mapping[str | None, int]:
        """The number of errors by code, in the order in which the codes first occur."""
        return Counter(error.code for error in self.errors)

    @property
    def grouped_errors(self) -> list[LineProblem]:
        """The errors, those of one code together."""
        order = [*self.error_counts]
        return sorted(self.errors, key=lambda error: order.index(error.code))


def print_text(reports: Iterable[FileReport], max_errors: int) -> int:
    """Print one line for each problem, as compilers do, and a summary of each file."""
    status = 0
    for report in reports:
        status |= report.exit_status
        if report.rejected:
            print(f"{report.file}: the upload would be rejected: {report.rejected}")
        for error in report.grouped_errors[:max_errors]:
            print(f"{_location(report.file, error)}: {error.code}: {error.message}")
        _print_omitted(len(report.errors) - max_errors, "errors")
        for problem in report.failing_requests[:max_errors]:
            location = _location(report.file, problem)
            print(f"{location}: this request would fail: {problem.message}")
        _print_omitted(len(report.failing_requests) - max_errors, "failing requests")
        print(report.summary)
        if report.prompt_tokens:
            print(_describe_tokens(report.prompt_tokens))
    return status


def print_json(reports: Iterable[FileReport], max_errors: int) -> int:
    """Print a JSON document with an object for each file; counts include what is left out."""
    status = 0
    documents = []
    for report in reports:
        status |= report.exit_status
        documents.append(
            {
                "file": report.file,
                "would_run": not report.exit_status,
                "rejected": report.rejected,
                "endpoint": report.endpoint,
                "model": report.model,
                "requests": report.requests,
                "prompt_tokens": report.prompt_tokens,
                "error_counts": report.error_counts,
                "errors": [error._asdict() for error in report.grouped_errors[:max_errors]],
                "failing_request_count": len(report.failing_requests),
                "failing_requests": [
                    problem._asdict() for problem in report.failing_requests[:max_errors]
                ],
            }
        )
    print(json.dumps({"files": documents}, indent=2))
    return status


def print_github(reports: Iterable[FileReport], max_errors: int) -> int:
    """Print workflow commands, with which GitHub Actions annotates the lines of a file."""
    status = 0
    for report in reports:
        status |= report.exit_status
        if report.rejected:
            problem = LineProblem(None, "rejected", report.rejected, None)
            print(_annotation("error", report.file, problem))
        for error in report.grouped_errors[:max_errors]:
            print(_annotation("error", report.file, error))
        for problem in report.failing_requests[:max_errors]:
            print(_annotation("warning", report.file, problem))
        print(report.summary)
    return status


FORMATS: Mapping[str, Callable[[Iterable[FileReport], int], int]] = {
    "text": print_text,
    "json": print_json,
    "github": print_github,
}


def _location(file: str, problem: LineProblem) -> str:
    return file if problem.line is None else f"{file}:{problem.line}"


def _print_omitted(count: int, what: str) -> None:
    if count > 0:
        print(f"... and {count:,} more {what}: use --max-errors to see them")


def _count(items: Iterable[object], noun: str) -> str:
    count = len([*items])
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _describe_tokens(tokens: int) -> str:
    """Compare an estimate of the prompt tokens with the limits that are known."""
    exceeded = [f"{limit:,}" for limit in _SEEN_ENQUEUED_TOKENS if tokens > limit]
    estimate = f"About {tokens:,} prompt tokens"
    if not exceeded:
        return f"{estimate}, within every limit of enqueued tokens that is known."
    return (
        f"{estimate}: too many for an organization whose limit of enqueued tokens is "
        f"{' or '.join(exceeded)}; other organizations have more."
    )


def _annotation(level: str, file: str, problem: LineProblem) -> str:
    """Return a workflow command.

    Source: GitHub's documentation of workflow commands; the escapes are those of its toolkit.
    """
    properties = {"file": file, "line": problem.line, "title": problem.code}
    shown = ",".join(
        f"{name}={_escape(str(value), ':', ',')}"
        for name, value in properties.items()
        if value is not None
    )
    return f"::{level} {shown}::{_escape(problem.message)}"


def _escape(text: str, *more: str) -> str:
    for character in ("%", "\r", "\n", *more):
        text = text.replace(character, f"%{ord(character):02X}")
    return text
