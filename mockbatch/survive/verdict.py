"""Decides the verdict of a run, one word and one sentence, from the evidence alone.

The rules are tried in order, and the first that applies decides. A rule may apply only if the
evidence leaves no other explanation. Doubtful runs are `too slow` or `not met`, which say nothing
about the program.
"""

import re
import signal
from collections.abc import Callable
from typing import NamedTuple

from mockbatch.survive.evidence import Evidence

HANDLED, REPORTED = "handled", "reported"
NEVER_NOTICED, LOST, DUPLICATED = "never noticed", "lost results", "duplicated work"
CRASHED, WAITS, HUNG = "crashed", "waits for ever", "hung"
NOT_MET, TOO_SLOW = "not met", "too slow"
#: From the best to the worst.
BAD = (NEVER_NOTICED, LOST, DUPLICATED, CRASHED, WAITS, HUNG)
GOOD = (HANDLED, REPORTED)
UNDECIDED = (NOT_MET, TOO_SLOW)

#: Without a request, output or sleep for so long at the wall limit, a program hangs.
QUIET_SECONDS = 10.0
# Errors that no program raises on purpose.
_PROGRAMMING_ERRORS = re.compile(
    r"(?:[\w.]*\.)?(AttributeError|TypeError|KeyError|IndexError|JSONDecodeError|"
    r"UnicodeDecodeError|UnicodeEncodeError|UnboundLocalError|NameError|ZeroDivisionError|"
    r"RecursionError|ReferenceError|SyntaxError|RangeError|NoMethodError|NullPointerException|"
    r"panic)\b"
)
# How Node's `fetch` reports that a connection has failed.
_NETWORK_ERRORS = re.compile(r"TypeError( \[.*\])?: (fetch failed|terminated)")


class Verdict(NamedTuple):
    """A word, and the sentence that explains it."""

    word: str
    sentence: str

    @property
    def is_bad(self) -> bool:
        """Whether the program did not survive."""
        return self.word in BAD


def judge(evidence: Evidence) -> Verdict:
    """Return the verdict: that of the first rule that holds."""
    for word, rule in _RULES:
        sentence = rule(evidence)
        if sentence:
            return Verdict(word, sentence)
    return Verdict(HANDLED, _describe_handled(evidence))


def describe_unconfirmed(found: Verdict, slow: Verdict) -> Verdict:
    """Return the verdict `too slow` of a run without leaps, with what was found under leaps."""
    return Verdict(
        slow.word, f"{slow.sentence} without leaps; with leaps: {found.word}; try a longer --wall"
    )


def is_programming_error(error: str) -> bool:
    """Return whether the last error of a program is one that it did not expect."""
    return bool(_PROGRAMMING_ERRORS.match(error)) and not _NETWORK_ERRORS.match(error)


def _is_not_met(evidence: Evidence) -> str:
    return "" if evidence.server.is_met else "it did not happen in this run"


def _waits(evidence: Evidence) -> str:
    if evidence.process.exit_code is not None or not evidence.server.waits_for:
        return ""
    if evidence.server.waits_for == "ended":
        return "still polls a batch that has ended, a day after its expires_at"
    return "still polls a batch that never ends, a day after its expires_at"


def _hangs(evidence: Evidence) -> str:
    process = evidence.process
    is_stopped = process.exit_code is None and process.stopped_for == "wall"
    limit = min(QUIET_SECONDS, process.wall_seconds / 2)
    if not is_stopped or process.quiet_seconds < limit or evidence.server.requests_in_flight:
        return ""
    return f"no request, output or sleep for {process.quiet_seconds:.0f} s"


def _is_too_slow(evidence: Evidence) -> str:
    process = evidence.process
    if process.exit_code is not None:
        return ""
    if not process.shim_called and process.speed == 1:
        return f"not done after {process.wall_seconds:.0f} s; its sleeps were not skipped"
    hours = evidence.server.simulated_seconds / 3600
    return f"not done after {process.wall_seconds:.0f} s, in which {hours:.1f} h passed"


def _crashes(evidence: Evidence) -> str:
    process = evidence.process
    code = process.exit_code or 0
    if code < 0:
        return f"ended by {_signal_name(-code)}"
    if code and is_programming_error(process.error):
        return process.error
    return ""


def _duplicates(evidence: Evidence) -> str:
    needless = sum(one.needless > 0 for one in evidence.server.questions)
    if needless:
        lines = _count(needless, "line")
        return f"{lines} submitted again although they had an answer or would have got one"
    surplus = evidence.server.surplus_batches
    return f"{_count(len(surplus), 'surplus batch', 'es')} left running" if surplus else ""


def _loses(evidence: Evidence) -> str:
    if evidence.process.exit_code != 0:
        return ""
    if not evidence.sees_answers:
        unread = evidence.server.unread_files
        return (
            f"exit 0, and {_count(len(unread), 'output file')} not downloaded completely"
            if unread
            else ""
        )
    obtainable = len(evidence.obtainable)
    if evidence.arrived == obtainable:
        return ""
    return f"exit 0, and {evidence.arrived} of {_count(obtainable, 'answer')} delivered"


def _never_notices(evidence: Evidence) -> str:
    if evidence.process.exit_code != 0:
        return ""
    if evidence.unsent and not evidence.delivered.tells_failure:
        unsent = _count(evidence.unsent, "line")
        # A batch whose validation has not read its input yet has no lines.
        missing = "without an answer" if evidence.server.batches else "that were never submitted"
        return f"exit 0, and not a word about {unsent} {missing}"
    if not evidence.unreported or not _could_be_seen(evidence):
        return ""
    unreported, total = len(evidence.unreported), len(evidence.server.questions)
    lines = f"{unreported} of {_count(total, 'line')} without an answer"
    status = evidence.delivered.told_status
    if status:
        return f'exit 0, and no more than the status "{status}" about {lines}'
    return f"exit 0, and not a word about {lines}"


def _could_be_seen(evidence: Evidence) -> bool:
    """Return whether the program certainly reported nothing.

    A program may report lines that it has read to a place that mockbatch cannot read.
    """
    has_not_read = bool(evidence.server.unread_error_files)
    return evidence.sees_answers or has_not_read


def _reports(evidence: Evidence) -> str:
    process = evidence.process
    if process.exit_code == 0:
        return ""
    said = process.error or process.last_line or "no message"
    left = len(evidence.obtainable) - evidence.arrived if evidence.sees_answers else 0
    fetchable = f"; {_count(left, 'answer')} could still be fetched" if left else ""
    return f"exit {process.exit_code}: {said}{fetchable}"


def _describe_handled(evidence: Evidence) -> str:
    answers = sum(one.has_answer for one in evidence.server.questions)
    unanswered = len(evidence.unanswered)
    missing = f", {_count(unanswered, 'line')} reported without one" if unanswered else ""
    unsent = f", {_count(evidence.unsent, 'line')} reported as not run"
    unseen = "" if evidence.sees_answers else ", as far as can be seen"
    return f"{_count(answers, 'answer')}{missing}{unsent if evidence.unsent else ''}{unseen}"


_RULES: tuple[tuple[str, Callable[[Evidence], str]], ...] = (
    (NOT_MET, _is_not_met),
    (WAITS, _waits),
    (HUNG, _hangs),
    (TOO_SLOW, _is_too_slow),
    (CRASHED, _crashes),
    (DUPLICATED, _duplicates),
    (LOST, _loses),
    (NEVER_NOTICED, _never_notices),
    (REPORTED, _reports),
)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _count(number: int, noun: str, ending: str = "s") -> str:
    return f"{number} {noun}{'' if number == 1 else ending}"
