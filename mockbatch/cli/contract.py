"""`mockbatch contract`."""

import argparse
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mockbatch.cli.options import positive

if TYPE_CHECKING:
    from mockbatch.contract.cases import Case
    from mockbatch.contract.runner import Result, Runner

_NO_KEY = "sk-contract"  # a server that looks at keys will say so


def add_to(parser: argparse.ArgumentParser) -> None:
    """Give the command its options."""
    parser.set_defaults(command=contract)
    add = parser.add_argument
    add("url", nargs="?", metavar="URL", help="the base URL, as in https://api.openai.com/v1")
    add("--key", default=os.environ.get("OPENAI_API_KEY"), help="the API key [OPENAI_API_KEY]")
    add("--provider", choices=("openai",), help="ask as a client of Portkey's gateway does")
    add("--only", action="append", default=[], metavar="GROUP", help="this group; repeatable")
    add("--wait", type=positive, default=0, metavar="SECONDS", help="wait that long for a batch")
    add("--model", default="gpt-4o-mini", metavar="MODEL", help="of the requests [%(default)s]")
    add("--control", action="store_true", help="it is mockbatch: move its clock, do not wait")
    add("--strict", action="store_true", help="what rests on memory alone is a breach, too")
    add("--timeout", type=positive, default=30, metavar="SECONDS", help="for one answer")
    add("--junit", type=Path, metavar="FILE", help="write the results as JUnit's XML, too")
    add("--markdown", action="store_true", help="print docs/contract.md")


def contract(arguments: argparse.Namespace) -> int:
    """Check a server against the contract and print a table; 1 when it is in breach of it."""
    from mockbatch.contract import docs
    from mockbatch.contract.cases import load_cases

    if arguments.markdown:
        print(docs.markdown())
        return 0
    if not arguments.url:
        raise ValueError("contract needs the base URL of a server")
    return _check(arguments, load_cases(arguments.only))


def _check(arguments: argparse.Namespace, cases: "list[Case]") -> int:
    from mockbatch.contract import preflight
    from mockbatch.contract.client import Client
    from mockbatch.contract.runner import Runner
    from mockbatch.contract.steps import RunOptions

    key, provider = arguments.key or _NO_KEY, arguments.provider
    client = Client(arguments.url, key, provider, arguments.timeout)
    options = RunOptions(
        provider, arguments.control, arguments.wait, arguments.strict, arguments.model
    )
    results: list[Result] = []
    # Written first of all: nobody wants to learn hours later that it cannot be.
    _write(arguments.junit, results, "the run did not end")
    try:
        preflight.check_server(client, arguments.url)
        with _ended_as_interrupted():
            _run(Runner(client, options), cases, results)
    except KeyboardInterrupt:
        _write(arguments.junit, results, "stopped")
        raise
    except ValueError as error:
        _write(arguments.junit, results, str(error))
        raise
    _write(arguments.junit, results)
    return _status(results)


@contextmanager
def _ended_as_interrupted() -> Iterator[None]:
    """Take SIGTERM, with which a pipeline ends a job, for Ctrl-C."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(runner: "Runner", cases: "list[Case]", results: "list[Result]") -> None:
    try:
        with runner:
            _print_each(runner, cases, results)
    finally:
        for path in runner.remaining:
            print(f"mockbatch: left behind: {path}", file=sys.stderr)


def _print_each(runner: "Runner", cases: "list[Case]", results: "list[Result]") -> None:
    from mockbatch.contract import report

    # Folded for people only: who reads a pipe looks for lines.
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    try:
        for result in runner.run(cases):
            results.append(result)
            print(report.format_row(result, width), flush=True)
    except KeyboardInterrupt:
        print("mockbatch: stopped; taking away what was made", file=sys.stderr)
        raise


def _status(results: "list[Result]") -> int:
    from mockbatch.contract import report

    print(report.format_summary(results))
    return report.exit_status(results)


def _write(junit: Path | None, results: "list[Result]", error: str = "") -> None:
    from mockbatch.contract import report

    if junit:
        junit.write_bytes(report.junit_xml(results, error))
