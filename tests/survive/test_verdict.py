"""The verdict: one row for each rule, and for what looks like it and is not."""

from typing import Any

import pytest

from mockbatch.survive.evidence import (
    DeliveredEvidence,
    Evidence,
    ProcessEvidence,
    Question,
    ServerEvidence,
)
from mockbatch.survive.verdict import (
    TOO_SLOW,
    Verdict,
    describe_unconfirmed,
    is_programming_error,
    judge,
)

ANSWERED = Question(("a",), marks=("m1",), has_answer=True)
FAILED = Question(("b",), errors=("too_long", "The prompt is too long."))
ABSENT = Question(("b",))
NEEDLESS = Question(("a",), marks=("m1", "m2"), has_answer=True, submissions=2, needless=1)
RETRIED = Question(("a",), marks=("m1",), has_answer=True, submissions=2)
ARRIVED = {"marks": {"m1": 1}}
STOPPED = {"exit_code": None, "wall_seconds": 60.0}
TYPE_ERROR = {"exit_code": 1, "error": "TypeError: 'NoneType' object is not iterable"}
WAITING = {"exit_code": None, "stopped_for": "waiting"}


def evidence(
    *questions: Question,
    server: dict[str, Any] | None = None,
    process: dict[str, Any] | None = None,
    delivered: dict[str, Any] | None = None,
    sees_answers: bool = True,
    expected_questions: int = 0,
) -> Evidence:
    """Return evidence of which only what matters is said."""
    return Evidence(
        ServerEvidence(questions=questions or (ANSWERED,), **server or {}),
        ProcessEvidence(**process or {}),
        DeliveredEvidence(**(ARRIVED if delivered is None else delivered)),
        sees_answers,
        expected_questions,
    )


CASES = {
    "all delivered": ("handled", evidence()),
    "retried what had failed": ("handled", evidence(RETRIED)),
    "reported by custom_id": (
        "handled",
        evidence(ANSWERED, ABSENT, delivered={**ARRIVED, "reported": frozenset({"b"})}),
    ),
    "reported by code": (
        "handled",
        evidence(ANSWERED, FAILED, delivered={**ARRIVED, "reported": frozenset({"too_long"})}),
    ),
    "reported by number": (
        "handled",
        evidence(ANSWERED, ABSENT, delivered={**ARRIVED, "tells_count": True}),
    ),
    "reported why the batch failed": (
        "handled",
        evidence(
            ABSENT,
            server={"batch_errors": ("token_limit_exceeded",)},
            delivered={"reported": frozenset({"token_limit_exceeded"})},
        ),
    ),
    "a failed line is not reported": ("never noticed", evidence(ANSWERED, FAILED)),
    "a missing line is not reported": ("never noticed", evidence(ANSWERED, ABSENT)),
    "an error file is not read, and answers cannot be seen": (
        "never noticed",
        evidence(ANSWERED, FAILED, server={"unread_error_files": ("file-2",)}, sees_answers=False),
    ),
    "an error file is read, and answers cannot be seen": (
        "handled",
        evidence(ANSWERED, FAILED, sees_answers=False),
    ),
    "an answer did not arrive": ("lost results", evidence(delivered={})),
    "a file was not read, and answers cannot be seen": (
        "lost results",
        evidence(server={"unread_files": ("file-1",)}, delivered={}, sees_answers=False),
    ),
    "a file was read, and answers cannot be seen": (
        "handled",
        evidence(delivered={}, sees_answers=False),
    ),
    "submitted again": ("duplicated work", evidence(NEEDLESS)),
    "submitted again, and ended with an error": (
        "duplicated work",
        evidence(NEEDLESS, process={"exit_code": 1}),
    ),
    "a surplus batch runs": ("duplicated work", evidence(server={"surplus_batches": ("batch_1",)})),
    "uncaught error": ("crashed", evidence(process=TYPE_ERROR)),
    "signal": ("crashed", evidence(process={"exit_code": -11})),
    "an error that was reported, exit 0": (
        "handled",
        evidence(process={**TYPE_ERROR, "exit_code": 0}),
    ),
    "an error of the API": (
        "reported",
        evidence(process={"exit_code": 1, "error": "openai.RateLimitError: Error code: 429"}),
    ),
    "ended with a status, nothing delivered": (
        "reported",
        evidence(process={"exit_code": 3}, delivered={}),
    ),
    "polls an ended batch for ever": (
        "waits for ever",
        evidence(server={"waits_for": "ended"}, process=WAITING),
    ),
    "polls an unfinished batch for ever": (
        "waits for ever",
        evidence(server={"waits_for": "unfinished"}, process=WAITING),
    ),
    "polled for long, and ended": ("handled", evidence(server={"waits_for": "ended"})),
    "nothing was submitted, and nothing said": (
        "never noticed",
        evidence(expected_questions=2),
    ),
    "nothing was submitted, which was reported": (
        "handled",
        evidence(expected_questions=2, delivered={**ARRIVED, "tells_failure": True}),
    ),
    "silent at the wall limit": (
        "hung",
        evidence(process={**STOPPED, "stopped_for": "wall", "quiet_seconds": 30.0}),
    ),
    "silent, while the server has not answered": (
        "too slow",
        evidence(
            server={"requests_in_flight": 1},
            process={**STOPPED, "stopped_for": "wall", "quiet_seconds": 30.0},
        ),
    ),
    "busy at the wall limit": (
        "too slow",
        evidence(process={**STOPPED, "stopped_for": "wall", "quiet_seconds": 1.0}),
    ),
    "crashed by something else": (
        "not met",
        evidence(server={"is_met": False}, process=TYPE_ERROR),
    ),
}


@pytest.mark.parametrize(("word", "given"), CASES.values(), ids=CASES)
def test_the_first_rule_that_holds_decides(word: str, given: Evidence) -> None:
    """Evidence leads to one word, and to a sentence that is not empty."""
    verdict = judge(given)
    assert verdict.word == word
    assert verdict.sentence


@pytest.mark.parametrize(
    ("sentence", "given"),
    [
        (
            "exit 0, and not a word about 1 of 2 lines without an answer",
            evidence(ANSWERED, ABSENT),
        ),
        (
            'exit 0, and no more than the status "failed" about 1 of 2 lines without an answer',
            evidence(ANSWERED, ABSENT, delivered={**ARRIVED, "told_status": "failed"}),
        ),
        ("exit 0, and 0 of 1 answer delivered", evidence(delivered={})),
    ],
)
def test_the_sentence_says_what_was_told_and_delivered(sentence: str, given: Evidence) -> None:
    """A status that the program printed is mentioned, and how many answers it delivered."""
    assert judge(given).sentence == sentence


def test_a_slow_confirmation_says_what_leaps_have_shown() -> None:
    """The user learns what is likely, and which option would settle it."""
    slow = Verdict(TOO_SLOW, "not done after 180 s, in which 12.6 h passed")
    verdict = describe_unconfirmed(Verdict("waits for ever", "still asks"), slow)
    assert verdict.word == TOO_SLOW
    assert verdict.sentence == (
        "not done after 180 s, in which 12.6 h passed without leaps; "
        "with leaps: waits for ever; try a longer --wall"
    )


@pytest.mark.parametrize(
    ("error", "is_bug"),
    [
        ("KeyError: 'response'", True),
        ("json.decoder.JSONDecodeError: Extra data: line 1", True),
        ("TypeError: Cannot read properties of null (reading 'x')", True),
        ("panic: runtime error: index out of range", True),
        ("TypeError: fetch failed", False),
        ("TypeError [UND_ERR]: terminated", False),
        ("RuntimeError: the batch failed", False),
        ("openai.APIConnectionError: Connection error.", False),
        ("ValueError: expected 10 lines, got 8", False),
        ("", False),
    ],
)
def test_errors_that_are_raised_on_purpose_are_no_bugs(error: str, *, is_bug: bool) -> None:
    """An error of the programming kind is a crash, any other is a report."""
    assert is_programming_error(error) is is_bug
