"""`mockbatch validate`."""

from collections.abc import Sequence

import click

from mockbatch.cli.validation_report import FORMATS


def _complete_endpoint(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    from mockbatch.endpoints import endpoints

    return [path for path in endpoints() if path.startswith(incomplete)]


@click.command(short_help="Check input files as the Batch API would.")
@click.argument(
    "files",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    metavar="FILE...",
    nargs=-1,
    required=True,
)
@click.option(
    "--endpoint",
    metavar="PATH",
    show_default="the url of the first request",
    shell_complete=_complete_endpoint,
    help="The endpoint of the batch, as in /v1/chat/completions.",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice([*FORMATS]),
    default="text",
    show_default=True,
    help="text, a JSON document, or annotations for GitHub Actions.",
)
@click.option(
    "--max-errors",
    type=click.IntRange(0),
    default=100,
    show_default=True,
    metavar="N",
    help="Show at most this many errors of each file; all are counted.",
)
def validate(files: Sequence[str], endpoint: str | None, format_name: str, max_errors: int) -> int:
    """Print the errors that the Batch API would find in input files; - reads standard input.

    Also report requests that would fail without failing the batch. The exit status is 1 if a batch
    would fail.
    """
    from mockbatch.cli.input_check import check_file
    from mockbatch.endpoints import endpoints

    if endpoint is not None and endpoint not in endpoints():
        known = ", ".join(endpoints())
        raise click.BadParameter(f"use one of {known}.", param_hint="'--endpoint'")
    reports = (check_file(file, endpoint) for file in files)
    return FORMATS[format_name](reports, max_errors)
