"""`mockbatch validate`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockbatch.batch.input_file import BatchInput
    from mockbatch.endpoints.endpoint import Endpoint


def add_to(parser: argparse.ArgumentParser) -> None:
    """Give the command its options."""
    parser.set_defaults(command=validate)
    parser.add_argument("file", type=Path, help="the input file")
    parser.add_argument("--endpoint", required=True, metavar="PATH", help="/v1/chat/completions …")


def validate(arguments: argparse.Namespace) -> int:
    """Print what the Batch API would say of an input file; 1 when it would fail."""
    from mockbatch.batch import input_file
    from mockbatch.endpoints import endpoints
    from mockbatch.errors import ApiError
    from mockbatch.files import validation
    from mockbatch.files.content import Content
    from mockbatch.limits import Limits

    endpoint = endpoints().get(arguments.endpoint)
    if endpoint is None:
        known = ", ".join(endpoints())
        raise ValueError(f"no endpoint {arguments.endpoint!r}: there are {known}")
    limits = Limits()
    with arguments.file.open("rb") as stream:
        content = Content(stream)
        try:
            validation.check(content, "batch", limits)
        except ApiError as refusal:
            print(f"{arguments.file}: the upload would be refused: {refusal}")
            return 1
        given = input_file.read_input(content, endpoint, limits)
        for error in given.errors:
            place = arguments.file if error["line"] is None else f"{arguments.file}:{error['line']}"
            print(f"{place}: {error['code']}: {error['message']}")
        for index in sorted(given.failing_lines):
            why = _refusal(given, index, endpoint)
            print(f"{arguments.file}:{index + 1}: would fail when it runs: {why}")
    if given.errors:
        print(f"The batch would fail: {len(given.errors)} errors in {arguments.file}.")
        return 1
    print(f"The batch would run: {given.total} requests to {given.model}.")
    return 0


def _refusal(given: "BatchInput", index: int, endpoint: "Endpoint") -> str:
    from mockbatch.errors import ApiError

    try:
        endpoint.check(given.request(index)["body"])
    except ApiError as refusal:
        return str(refusal)
    return ""
