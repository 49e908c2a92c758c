"""`mockbatch contract`."""

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mockbatch.cli.options import parse_positive
from mockbatch.cli.stop_signal import sigterm_as_interrupt
from mockbatch.cli.terminal import clear_status, show_status

if TYPE_CHECKING:
    from mockbatch.contract.cases import Case
    from mockbatch.contract.client import Client
    from mockbatch.contract.runner import Result, Runner
    from mockbatch.contract.steps import RunOptions

# If the server checks keys, the preflight request says so.
_DEFAULT_KEY = "sk-contract"
_COLORS = {"passed": "green", "BREACH": "red", "unverified": "yellow", "skipped": "bright_black"}


@click.command(short_help="Check any server of the Batch API.")
@click.argument("url", metavar="URL", required=False)
@click.option(
    "--key", envvar="OPENAI_API_KEY", show_envvar=True, metavar="KEY", help="The API key."
)
@click.option(
    "--provider",
    type=click.Choice(["openai", "azure", "groq", "anthropic"]),
    help="openai: send requests as a client of Portkey's gateway does. Others: run the cases of "
    "that provider.",
)
@click.option("--only", multiple=True, metavar="GROUP", help="Run only this group. Repeatable.")
@click.option(
    "--wait", type=parse_positive, metavar="SECONDS", help="Wait this long for each batch."
)
@click.option(
    "--model",
    default="gpt-4o-mini",
    show_default=True,
    metavar="MODEL",
    help="The model of the requests in batches.",
)
@click.option(
    "--control", is_flag=True, help="The server is mockbatch: move its clock instead of waiting."
)
@click.option("--strict", is_flag=True, help="Count an unverified case that fails as a breach.")
@click.option(
    "--timeout",
    type=parse_positive,
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long the server may take for one response.",
)
@click.option(
    "--junit",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write the results as JUnit XML.",
)
@click.option("--markdown", is_flag=True, help="Print docs/contract.md instead.")
def contract(markdown: bool, url: str | None, only: tuple[str, ...], **options: Any) -> int:
    """Check the server at URL, such as https://api.openai.com/v1, against the contract.

    Prints a table. The exit status is 1 if the server breaks the contract.
    """
    from mockbatch.contract import docs
    from mockbatch.contract.cases import load_cases
    from mockbatch.contract.errors import CannotCheckError

    if markdown:
        print(docs.markdown())
        return 0
    if not url:
        raise click.UsageError("Missing argument 'URL'.")
    try:
        gateway, other = _split_provider(options["provider"])
        return _check(url, load_cases(only, other), gateway=gateway, **options)
    except CannotCheckError as error:
        raise click.ClickException(str(error)) from None


def _split_provider(provider: str | None) -> tuple[str | None, str | None]:
    """Return the provider of a gateway, and the provider whose own cases are run."""
    return (provider, None) if provider == "openai" else (None, provider)


def _check(
    url: str,
    cases: "list[Case]",
    *,
    key: str | None,
    provider: str | None,
    gateway: str | None,
    wait: float | None,
    timeout: float,
    junit: Path | None,
    **options: Any,
) -> int:
    from mockbatch.contract import report
    from mockbatch.contract.client import Client
    from mockbatch.contract.errors import CannotCheckError
    from mockbatch.contract.steps import RunOptions

    client = Client(url, key or _DEFAULT_KEY, provider, timeout)
    run_options = RunOptions(
        provider=gateway, wait_seconds=wait or 0, report_wait=show_status, **options
    )
    results: list[Result] = []
    # Written first, to fail at once if the file cannot be written, and not after hours.
    _write_junit(junit, results, "the run did not finish")
    try:
        _run(client, run_options, url, cases, results)
    except KeyboardInterrupt:
        _write_junit(junit, results, "stopped")
        raise
    except CannotCheckError as error:
        _write_junit(junit, results, str(error))
        raise
    _write_junit(junit, results)
    print(report.format_summary(results))
    return report.exit_status(results)


def _run(
    client: "Client",
    options: "RunOptions",
    url: str,
    cases: "list[Case]",
    results: "list[Result]",
) -> None:
    """Run cases, print their results, and append them to `results`."""
    from mockbatch.contract import preflight
    from mockbatch.contract.runner import Runner

    preflight.check_server(client, url)
    runner = Runner(client, options)
    with sigterm_as_interrupt():
        try:
            with runner:
                _print_results(runner, cases, results)
        finally:
            for path in runner.remaining:
                click.echo(f"mockbatch: not deleted: {path}", err=True)


def _print_results(runner: "Runner", cases: "list[Case]", results: "list[Result]") -> None:
    from mockbatch.contract import report

    # Rows are wrapped on a terminal only: a program that reads a pipe expects one line each.
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    try:
        for result in runner.run(cases):
            clear_status()
            results.append(result)
            outcome = result.outcome
            row = report.format_row(result, width).removeprefix(outcome)
            click.echo(click.style(outcome, fg=_COLORS[outcome]) + row)
    except KeyboardInterrupt:
        clear_status()
        click.echo("mockbatch: stopped; deleting what was created", err=True)
        raise


def _write_junit(path: Path | None, results: "list[Result]", error: str = "") -> None:
    from mockbatch.contract import report

    if path:
        path.write_bytes(report.junit_xml(results, error))
