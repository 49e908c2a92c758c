"""The results of a survey: a table, JSON lines, Markdown, JUnit XML, and the exit status."""

import json
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from mockbatch.contract import junit
from mockbatch.survive import findings
from mockbatch.survive.misfortunes import HAPPY
from mockbatch.survive.survey import Baseline, Row
from mockbatch.survive.verdict import BAD, GOOD, UNDECIDED

SURVIVES, DIES, OPEN = "survives", "DIES", "-"
_NAME_WIDTH = 26
_WORD_WIDTH = 15


def outcome(row: Row) -> str:
    """Return how a row counts."""
    if row.is_bad:
        return DIES
    return OPEN if row.verdict.word in UNDECIDED else SURVIVES


def format_baseline(baseline: Baseline) -> str:
    """Return the first row of the table, and below it what cannot be seen."""
    server, process = baseline.evidence.server, baseline.evidence.process
    answers = sum(one.has_answer for one in server.questions)
    text = f"{answers} answers, {server.polls} polls, {process.wall_seconds:.1f} s"
    rows = [_format("baseline", HAPPY, "handled", text)]
    if process.speed > 1:
        rows.append(f"  its time runs {process.speed} times faster, if it loads libfaketime")
    elif not process.shim_called:
        rows.append(
            "  its sleeps are not skipped: no process of Python or Node loaded mockbatch's script"
        )
    if not baseline.sees_answers:
        rows.append(
            "  its answers are not visible: --results COMMAND can print them; until then a file "
            "counts as delivered once it was downloaded"
        )
    return "\n".join(rows)


def format_row(row: Row, repeat: str) -> str:
    """Return a row of the table; a bad one with advice, and the command that repeats it."""
    text = _format(outcome(row), row.misfortune.name, *row.verdict)
    if not row.is_bad:
        return text
    hints = [f"advice: {row.misfortune.advice}"] if row.misfortune.advice else []
    return "\n          ".join([text, *hints, f"repeat: {repeat}"])


def _format(outcome: str, name: str, word: str, sentence: str) -> str:
    return f"{outcome:8}  {name:{_NAME_WIDTH}} {word:{_WORD_WIDTH}} {sentence}".rstrip()


def format_summary(rows: Sequence[Row]) -> str:
    """Return how many misfortunes were met, and what became of the program."""
    counts = Counter(row.verdict.word for row in rows)
    met = sum(counts[word] for word in (*GOOD, *BAD))
    parts = [f"{counts[word]} {word}" for word in (*GOOD, *BAD, *UNDECIDED) if counts[word]]
    return f"{met} met: {', '.join(parts)}"


def format_findings(rows: Sequence[Row]) -> list[str]:
    """Return a line for each kind of finding: in how many rows, and what showed in the first."""
    found = findings.group((row.misfortune.name, findings.find(row.evidence)) for row in rows)
    return [
        f"also: {kind}, in {len(where)} of {len(rows)}; {where[0][0]}: {where[0][1]}"
        for kind, where in found.items()
    ]


def repeat_command(options: Sequence[str], row: Row, command: Sequence[str]) -> str:
    """Return the command that runs one row again."""
    words = ["mockbatch", "survive", "--only", row.misfortune.name, *options, "--", *command]
    return shlex.join(words)


def exit_status(rows: Sequence[Row], failed: Sequence[Row]) -> int:
    """Return 1 if a row has failed, 2 if nothing was met, else 0."""
    if failed:
        return 1
    return 0 if any(row.verdict.word not in UNDECIDED for row in rows) else 2


def junit_xml(rows: Sequence[Row], failed: Sequence[Row], error: str = "") -> bytes:
    """Return the rows as JUnit XML, with an error if the survey did not finish."""
    cases = [
        junit.Case(
            "survive",
            row.misfortune.name,
            row.evidence.process.wall_seconds,
            "failure" if row in failed else "skipped" if outcome(row) == OPEN else "",
            f"{row.verdict.word}: {row.verdict.sentence}",
        )
        for row in rows
    ]
    if error:
        cases.append(junit.Case("survive", "run", 0, "error", error))
    return junit.to_xml("mockbatch survive", cases)


def json_line(row: Row, repeat: str) -> str:
    """Return a row with its evidence as one line of JSON."""
    evidence = asdict(row.evidence)
    evidence["delivered"]["reported"] = sorted(evidence["delivered"]["reported"])
    document = {
        "misfortune": row.misfortune.name,
        "verdict": row.verdict.word,
        "sentence": row.verdict.sentence,
        "outcome": "open" if outcome(row) == OPEN else outcome(row).lower(),
        "confirmed_without_leaps": row.is_confirmed,
        "findings": [finding._asdict() for finding in findings.find(row.evidence)],
        "advice": row.misfortune.advice,
        "repeat": repeat,
        "evidence": evidence,
    }
    return json.dumps(document)


def markdown(rows: Sequence[Row]) -> str:
    """Return the table in Markdown."""
    head = ["| misfortune | verdict | what happened | advice |", "| --- | --- | --- | --- |"]
    lines = (
        [row.misfortune.name, _emphasize(row), row.verdict.sentence, _advice_if_bad(row)]
        for row in rows
    )
    table = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
    found = "".join(f"\n\n{line}" for line in format_findings(rows))
    return "\n".join([*head, *table, "", format_summary(rows) + found])


def _emphasize(row: Row) -> str:
    return f"**{row.verdict.word}**" if row.is_bad else row.verdict.word


def _advice_if_bad(row: Row) -> str:
    return row.misfortune.advice if row.is_bad else ""
