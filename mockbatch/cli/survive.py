"""`mockbatch survive`."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mockbatch.cli.options import parse_positive
from mockbatch.cli.stop_signal import sigterm_as_interrupt
from mockbatch.cli.terminal import clear_status, show_status

if TYPE_CHECKING:
    from mockbatch.survive.misfortunes import Misfortune
    from mockbatch.survive.survey import Baseline, Row, Survey
    from mockbatch.survive.trial import Program

_DEFAULTS = {"wall": 60.0, "sleep": "skip", "speed": 20, "require": "reported", "results": None}
_COLORS = {"survives": "green", "DIES": "red", "-": "bright_black"}


def _complete_misfortune(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    from mockbatch.survive.misfortunes import every_name

    return [name for name in every_name() if name.startswith(incomplete)]


@click.command(
    short_help="Run your batch program once for each misfortune.",
    context_settings={"ignore_unknown_options": True},
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED, required=True)
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    shell_complete=_complete_misfortune,
    help="Run only this scenario or fault. Repeatable.",
)
@click.option(
    "--skip",
    multiple=True,
    metavar="NAME",
    shell_complete=_complete_misfortune,
    help="Leave out this scenario or fault. Repeatable.",
)
@click.option("--all", "everything", is_flag=True, help="Run the whole catalogue.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="How many misfortunes to run at a time.",
)
@click.option(
    "--wall",
    type=parse_positive,
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a run may take; one that confirms a verdict may take three times as long.",
)
@click.option(
    "--sleep",
    type=click.Choice(["skip", "real", "faketime"]),
    default="skip",
    show_default=True,
    help="skip: skip the sleeps of Python and Node. real: let the program sleep; make it poll "
    "often. faketime: make its time run faster, with libfaketime.",
)
@click.option(
    "--speed",
    type=click.IntRange(2, 10_000),
    default=20,
    show_default=True,
    help="How many times faster time runs with --sleep faketime; time limits are shorter, too.",
)
@click.option(
    "--leap/--no-leap",
    default=True,
    help="Prolong sleeps, up to an hour each, while nothing happens.",
)
@click.option(
    "--require",
    type=click.Choice(["reported", "handled"]),
    default="reported",
    show_default=True,
    help="The least that passes. reported: the program ends with an error. handled: it delivers "
    "all answers.",
)
@click.option(
    "--results",
    metavar="COMMAND",
    help="A shell command that prints what a run delivered; it runs in the folder of that run.",
)
@click.option(
    "--copy",
    "copies",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Copy this file or folder into the folder of each run. Repeatable.",
)
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Keep the folders of the runs here, with their output and their requests.",
)
@click.option(
    "--expect",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Compare with a file of --write-expected: only a verdict that got worse is bad.",
)
@click.option(
    "--write-expected",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the verdicts to a file, for --expect.",
)
@click.option(
    "--junit",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write the results as JUnit XML.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each misfortune.")
@click.option("--markdown", is_flag=True, help="Print the table in Markdown.")
@click.pass_context
def survive(
    ctx: click.Context,
    /,
    command: tuple[str, ...],
    only: tuple[str, ...],
    skip: tuple[str, ...],
    *,
    everything: bool,
    **options: Any,
) -> int:
    """Run COMMAND, a program that creates a batch, once for each misfortune, and skip its sleeps.

    Each run has a fresh working directory and home, and finds the server by OPENAI_BASE_URL and
    OPENAI_API_KEY. Write `--` before the command:

        mockbatch survive -- python run.py

    The exit status is 0 if the program survives all misfortunes, 1 if not, and 2 if it fails
    although nothing goes wrong, or if no misfortune happened to it.
    """
    from mockbatch.survive.misfortunes import UnknownMisfortuneError, choose

    try:
        chosen = choose(only, skip, everything=everything)
    except UnknownMisfortuneError as error:
        raise click.BadParameter(str(error), ctx, param_hint="'--only' or '--skip'") from None
    if shutil.which(command[0]) is None:
        raise click.UsageError(f"there is no command {command[0]!r}")
    if options["sleep"] == "faketime" and shutil.which("faketime") is None:
        raise click.UsageError("--sleep faketime needs the command faketime: install it first")
    with sigterm_as_interrupt():
        return _run(command, chosen, **options)


def _run(
    command: tuple[str, ...],
    chosen: "list[Misfortune]",
    *,
    expect: Path | None,
    write_expected: Path | None,
    junit: Path | None,
    as_json: bool,
    markdown: bool,
    **options: Any,
) -> int:
    from mockbatch.survive import ratchet, report

    form = "json" if as_json else "markdown" if markdown else "table"
    try:
        expected = ratchet.read_expected(expect) if expect else {}
    except ratchet.ExpectedError as error:
        raise click.BadParameter(str(error), param_hint="'--expect'") from None
    rows: list[Row] = []
    # Written first, to fail at once if the file cannot be written.
    _write_junit(junit, rows, rows, "the run did not finish")
    _survey(rows, command, chosen, form, **options)
    failed = ratchet.worse(rows, expected)
    _write_junit(junit, rows, failed)
    if write_expected:
        ratchet.write_expected(write_expected, rows)
    if form == "markdown":
        click.echo(report.markdown(rows))
    if form == "table":
        click.echo(report.format_summary(rows))
        for line in report.format_findings(rows):
            click.echo(f"  {line}")
        for row in ratchet.better(rows, expected) if expect else ():
            click.echo(f"  better than expected: {row.misfortune.name} is {row.verdict.word}")
        for row in failed if expect else ():
            known = expected.get(row.misfortune.name, "not known")
            click.echo(f"  WORSE: {row.misfortune.name} is {row.verdict.word}, was {known}")
    return report.exit_status(rows, failed)


def _survey(
    rows: "list[Row]",
    command: tuple[str, ...],
    chosen: "list[Misfortune]",
    form: str,
    *,
    jobs: int,
    leap: bool,
    require: str,
    **options: Any,
) -> None:
    """Run the program, print a row for each misfortune, and append them to `rows`."""
    from mockbatch.survive import report
    from mockbatch.survive.server import SurveyServer
    from mockbatch.survive.survey import Survey

    repeated = _words_to_repeat({"require": require, **options})
    program = _make_program(command, **options)
    speed = program.speed if program.is_faster else 0
    with SurveyServer(sleeps_for_real=program.sleep == "real", speed=speed) as server:
        handled = require == "handled"
        survey = Survey(server, program, leap=leap, require_handled=handled, jobs=jobs)
        baseline = _run_baseline(survey)
        if form == "table":
            click.echo(report.format_baseline(baseline))
        try:
            for row in survey.run_rows(chosen, baseline, show_status):
                clear_status()
                rows.append(row)
                _print_row(row, form, report.repeat_command(repeated, row, command))
        finally:
            clear_status()


def _make_program(
    command: tuple[str, ...],
    *,
    wall: float,
    sleep: str,
    results: str | None,
    copies: tuple[Path, ...],
    keep: Path | None,
    speed: int,
) -> "Program":
    from mockbatch.survive.trial import Program, resolve_command

    return Program(resolve_command(command), wall, sleep, results, copies, keep, speed=speed)


def _words_to_repeat(options: Mapping[str, Any]) -> list[str]:
    """Return the options that can change a verdict, as they stand on the command line."""
    words = []
    for name, default in _DEFAULTS.items():
        value = options[name]
        if value != default:
            words += [f"--{name}", f"{value:g}" if isinstance(value, float) else str(value)]
    return [*words, *(word for path in options["copies"] for word in ("--copy", str(path)))]


def _run_baseline(survey: "Survey") -> "Baseline":
    from mockbatch.survive.survey import BaselineError

    show_status("baseline")
    try:
        return survey.run_baseline()
    except BaselineError as error:
        message = f"the program fails although nothing goes wrong: {error}"
        raise click.ClickException(message) from None
    finally:
        clear_status()


def _print_row(row: "Row", form: str, repeat: str) -> None:
    from mockbatch.survive import report

    if form == "json":
        click.echo(report.json_line(row, repeat))
    if form == "table":
        outcome = report.outcome(row)
        text = report.format_row(row, repeat).removeprefix(outcome)
        click.echo(click.style(outcome, fg=_COLORS[outcome]) + text)


def _write_junit(
    path: Path | None, rows: "Sequence[Row]", failed: "Sequence[Row]", error: str = ""
) -> None:
    from mockbatch.survive import report

    if path:
        path.write_bytes(report.junit_xml(rows, failed, error))
