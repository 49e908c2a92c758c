"""`mockbatch validate`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mockbatch.batch.input_file import BatchInput
    from mockbatch.endpoints.endpoint import Endpoint


def _complete_endpoint(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    from mockbatch.endpoints import endpoints

    return [path for path in endpoints() if path.startswith(incomplete)]


@click.command(short_help="Check an input file as the Batch API would.")
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE"
)
@click.option(
    "--endpoint",
    required=True,
    metavar="PATH",
    shell_complete=_complete_endpoint,
    help="The endpoint of the batch, as in /v1/chat/completions.",
)
def validate(file: Path, endpoint: str) -> int:
    """Print the errors that the Batch API would find in an input file.

    The exit status is 1 if the batch would fail.
    """
    from mockbatch.batch import input_file
    from mockbatch.endpoints import endpoints
    from mockbatch.errors import ApiError
    from mockbatch.files import validation
    from mockbatch.files.content import Content
    from mockbatch.limits import Limits

    if endpoint not in endpoints():
        known = ", ".join(endpoints())
        raise click.BadParameter(f"use one of {known}.", param_hint="'--endpoint'")
    limits = Limits()
    with file.open("rb") as stream:
        content = Content(stream)
        try:
            validation.validate_upload(content, "batch", limits)
        except ApiError as error:
            print(f"{file}: the upload would be rejected: {error}")
            return 1
        batch_input = input_file.read_input(content, endpoints()[endpoint], limits)
        return _print_result(file, batch_input, endpoints()[endpoint])


def _print_result(file: Path, batch_input: "BatchInput", endpoint: "Endpoint") -> int:
    """Print what is wrong with an input file, and a summary; return the exit status."""
    for error in batch_input.errors:
        location = file if error["line"] is None else f"{file}:{error['line']}"
        print(f"{location}: {error['code']}: {error['message']}")
    for index in sorted(batch_input.failing_lines):
        reason = _line_error(batch_input, index, endpoint)
        print(f"{file}:{index + 1}: this request would fail: {reason}")
    if batch_input.errors:
        print(f"The batch would fail: {len(batch_input.errors)} errors in {file}.")
        return 1
    print(f"The batch would run: {batch_input.total} requests to {batch_input.model}.")
    return 0


def _line_error(batch_input: "BatchInput", index: int, endpoint: "Endpoint") -> str:
    from mockbatch.errors import ApiError

    try:
        endpoint.check(batch_input.read_request(index)["body"])
    except ApiError as error:
        return str(error)
    return ""
