"""A survey: the baseline, then one row for each misfortune."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from threading import Event

from mockbatch.survive.evidence import Evidence, ServerEvidence
from mockbatch.survive.misfortunes import HAPPY, Misfortune, misfortune
from mockbatch.survive.server import SurveyServer
from mockbatch.survive.trial import Program, Trial, run_trial
from mockbatch.survive.verdict import (
    HANDLED,
    NOT_MET,
    REPORTED,
    TOO_SLOW,
    Verdict,
    describe_unconfirmed,
    judge,
)

# What a program waits for without end, as comparable words.
Wait = tuple[str, ...]

# How many times the wall limit a run may take that confirms one with leaps.
_CONFIRMING = 3


class BaselineError(Exception):
    """The program fails although nothing goes wrong: there is nothing to judge."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the program does when nothing goes wrong, and whether its answers can be seen."""

    evidence: Evidence
    lines: frozenset[str]

    @property
    def sees_answers(self) -> bool:
        """Whether every answer was found in what it delivered."""
        return self.evidence.sees_answers


@dataclass(frozen=True, slots=True)
class Row:
    """One misfortune and what became of the program; `is_bad` follows what was required."""

    misfortune: Misfortune
    verdict: Verdict
    evidence: Evidence
    is_bad: bool
    #: Whether a run without leaps has shown the same.
    is_confirmed: bool = False


class Survey:
    """Runs a program in a baseline and in misfortunes, on one server.

    With `leap`, a program that only waits passes hours at a stroke. `require_handled` counts
    `reported` as bad. A set `stop` ends the runs that are under way.
    """

    def __init__(
        self,
        server: SurveyServer,
        program: Program,
        *,
        leap: bool = True,
        require_handled: bool = False,
        jobs: int = 1,
    ) -> None:
        self._server = server
        self._program = program
        self._leap = leap and program.sleep == "skip"
        self._require_handled = require_handled
        self._jobs = jobs
        self.stop = Event()

    def run_baseline(self) -> Baseline:
        """Run the program twice without a misfortune; BaselineError says why it cannot go on."""
        first, second = (self._run(misfortune(HAPPY), self._leap) for _ in range(2))
        lines = first.lines | second.lines
        for trial in (first, second):
            _check_baseline(trial.evidence, self._program)
        sees = all(
            trial.evidence.arrived == len(trial.evidence.obtainable) for trial in (first, second)
        )
        return Baseline(replace(first.evidence, sees_answers=sees), lines)

    def run_rows(
        self,
        misfortunes: Sequence[Misfortune],
        baseline: Baseline,
        on_begin: Callable[[str], None] = lambda _: None,
    ) -> Iterator[Row]:
        """Yield a row for each misfortune, in their order."""

        def run(one: Misfortune) -> Row:
            on_begin(one.name)
            return self._run_row(one, baseline)

        with ThreadPoolExecutor(self._jobs) as executor:
            try:
                rows = executor.map(run, misfortunes)
                yield from self._confirm_rows(rows, baseline, executor)
            except BaseException:
                self.stop.set()
                executor.shutdown(cancel_futures=True)
                raise

    def _confirm_rows(
        self, rows: Iterable[Row], baseline: Baseline, executor: Executor
    ) -> Iterator[Row]:
        """Yield the rows; a bad one with leaps is that of a run without leaps.

        A program that counts its sleeps counts a leap as one, so its verdict may be unfair.
        """
        confirmations: dict[Wait, Future[Row]] = {}
        # The rows from the first one on that needs a confirmation.
        pending: list[Callable[[], Row]] = []
        for row in rows:
            is_sure = not row.is_bad or row.evidence.process.leaps == 0
            if is_sure and not pending:
                yield row
            elif is_sure:
                pending.append(partial(_keep, row))
            else:
                wait, run = _wait_of(row), partial(self._run_without_leaps, row, baseline)
                if wait not in confirmations:
                    confirmations[wait] = executor.submit(run)
                pending.append(partial(_confirm_by, confirmations[wait], row, run))
        for confirmed in pending:
            yield confirmed()

    def _run_row(self, one: Misfortune, baseline: Baseline) -> Row:
        refusal = _find_refusal(one, baseline)
        if refusal:
            unmet = Evidence(ServerEvidence(is_met=False))
            return Row(one, Verdict(NOT_MET, refusal), unmet, is_bad=False)
        return self._judge(one, self._run(one, self._leap, baseline), baseline)

    def _run_without_leaps(self, row: Row, baseline: Baseline) -> Row:
        trial = self._run(row.misfortune, leap=False, baseline=baseline)
        without = self._judge(row.misfortune, trial, baseline)
        if without.verdict.word != TOO_SLOW:
            return replace(without, is_confirmed=True)
        return replace(without, verdict=describe_unconfirmed(row.verdict, without.verdict))

    def _judge(self, one: Misfortune, trial: Trial, baseline: Baseline) -> Row:
        evidence = replace(
            trial.evidence,
            sees_answers=baseline.sees_answers,
            expected_questions=len(baseline.evidence.server.questions),
        )
        verdict = judge(evidence)
        is_bad = verdict.is_bad or (self._require_handled and verdict.word == REPORTED)
        return Row(one, verdict, evidence, is_bad)

    def _run(self, one: Misfortune, leap: bool, baseline: Baseline | None = None) -> Trial:
        if self.stop.is_set():
            raise InterruptedError("the survey was stopped")
        program = self._program
        if self._leap and not leap:
            # It takes every minute of two days one by one.
            program = replace(program, wall_seconds=_CONFIRMING * program.wall_seconds)
        return run_trial(
            self._server,
            program,
            one,
            leap=leap,
            usual=baseline.lines if baseline else frozenset(),
            find_stop=lambda: "interrupted" if self.stop.is_set() else "",
        )


def _find_refusal(one: Misfortune, baseline: Baseline) -> str:
    """Return why a misfortune cannot happen with a provider that the program uses; "" if it can."""
    refusals = map(one.find_refusal, baseline.evidence.server.providers)
    return next(filter(None, refusals), "")


def _check_baseline(evidence: Evidence, program: Program) -> None:
    """Raise BaselineError unless the program gets through when nothing goes wrong."""
    server, process = evidence.server, evidence.process
    if server.requests == 0:
        raise BaselineError(
            "it sent no request to the server: it has to take its address from OPENAI_BASE_URL "
            "and its key from OPENAI_API_KEY, or from the variables of another provider's SDK. "
            f"{_describe_end(evidence)}"
        )
    if process.exit_code is None:
        hint = (
            "its sleeps were not skipped: let it poll each second or so, and use --sleep real"
            if process.speed == 1 and not process.sleeps
            else "--wall gives it more time"
        )
        raise BaselineError(f"it was not done after {program.wall_seconds:.0f} s; {hint}")
    if process.exit_code != 0:
        raise BaselineError(_describe_end(evidence))
    if not any(one.has_answer for one in server.questions):
        raise BaselineError("none of its batches had answers before the program ended")
    if server.unread_files:
        raise BaselineError("it never downloads the output file of its batch")
    verdict = judge(replace(evidence, sees_answers=evidence.arrived == len(evidence.obtainable)))
    if verdict.word != HANDLED:
        raise BaselineError(f"{verdict.word}: {verdict.sentence}")


def _describe_end(evidence: Evidence) -> str:
    process = evidence.process
    said = process.error or process.last_line
    ended = "it was stopped" if process.exit_code is None else f"exit {process.exit_code}"
    return f"{ended}: {said}" if said else ended


def _keep(row: Row) -> Row:
    return row


def _wait_of(row: Row) -> Wait:
    """Return what a program waits for without end; a row of another kind is like no other."""
    server = row.evidence.server
    statuses = tuple(status for _, status in server.batches)
    return (server.waits_for, *statuses) if server.waits_for else (row.misfortune.name,)


def _confirm_by(first: "Future[Row]", row: Row, run: Callable[[], Row]) -> Row:
    """Return a row after the run without leaps of the first row with the same wait.

    Such a run takes thousands of polls. Once it has shown that the program does not count its
    sleeps, the other rows need none of their own.
    """
    confirmed = first.result()
    if confirmed.misfortune == row.misfortune:
        return confirmed
    is_same_wait = _wait_of(confirmed) == _wait_of(row)
    return replace(row, is_confirmed=True) if is_same_wait else run()
