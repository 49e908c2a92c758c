"""What three witnesses say about one run of a program, as values: no judgement is in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Question:
    """A request that the program sent, as it stands in one or several of its batches.

    Two lines with the same body are the same question. `marks` are those of its answers in the
    files of batches that have ended; `has_answer` also counts an answer without a mark.
    `errors` are the codes and messages with which it failed. `needless` counts how often it was
    submitted again although an earlier batch had an answer, or was going to have one.
    """

    custom_ids: tuple[str, ...]
    marks: tuple[str, ...] = ()
    has_answer: bool = False
    errors: tuple[str, ...] = ()
    submissions: int = 1
    needless: int = 0


@dataclass(frozen=True, slots=True)
class Habits:
    """How the program used the server, which decides no verdict.

    `hourly_polls` is the largest number of polls of one batch within a simulated hour,
    `final_polls` of one that had ended. `hasty_retries` is the longest run of retries within a
    second of the failure before, `early_retries` how many came before the end of a Retry-After,
    `refused_again` how many got the same refusal again. `left_batches` were neither ended nor
    cancelled at the end of the run.
    """

    hourly_polls: int = 0
    final_polls: int = 0
    hasty_retries: int = 0
    early_retries: int = 0
    refused_again: int = 0
    left_batches: int = 0


@dataclass(frozen=True, slots=True)
class ServerEvidence:
    """What the server saw, up to the end of the run; times are simulated seconds.

    `unread_files` are the output files of ended batches, with answers in them, that were never
    downloaded completely without a fault. `batch_errors` are the codes and messages of batches
    that failed as a whole. `surplus_batches` run on although each of their questions was
    submitted again. `waits_for` is "ended" or "unfinished" if the program still polled such a
    batch a day after its expires_at, else "". `request_errors` are the messages and the status
    codes of error responses. `is_met` tells whether the misfortune happened. `providers` are
    those that the batches were created with.
    """

    requests: int = 0
    polls: int = 0
    batches: tuple[tuple[str, str], ...] = ()  # id and status
    questions: tuple[Question, ...] = ()
    unread_files: tuple[str, ...] = ()
    unread_error_files: tuple[str, ...] = ()
    read_files: int = 0
    batch_errors: tuple[str, ...] = ()
    surplus_batches: tuple[str, ...] = ()
    unfinished_batches: tuple[str, ...] = ()
    request_errors: tuple[str, ...] = ()
    waits_for: str = ""
    simulated_seconds: float = 0
    requests_in_flight: int = 0
    is_met: bool = True
    providers: tuple[str, ...] = ()
    habits: Habits = field(default_factory=Habits)


@dataclass(frozen=True, slots=True)
class ProcessEvidence:
    """How the process ended.

    `exit_code` is None for one that was stopped, because of `stopped_for`: "wall" for the wall
    limit, "waiting" because it waits for ever. A negative one is minus the number of a signal,
    as in `subprocess`. `last_line` is that of stderr; `error` is the last exception in it, as
    far as can be seen. `quiet_seconds` is for how long there was no request, output or
    sleep. `skipped_seconds` are those that its sleeps moved the simulated clock by. `speed`
    tells how many times faster than real its time ran.
    """

    exit_code: int | None = 0
    stopped_for: str = ""
    last_line: str = ""
    error: str = ""
    wall_seconds: float = 0
    quiet_seconds: float = 0
    shim_called: bool = True
    sleeps: int = 0
    leaps: int = 0
    skipped_seconds: float = 0
    speed: int = 1


@dataclass(frozen=True, slots=True)
class DeliveredEvidence:
    """What the program delivered: the marks in it, and how often each.

    `reported` are the custom_ids, codes and messages that are new in what the program printed or
    wrote, compared with a run in which nothing went wrong. `tells_count` is true if a new line
    says how many are missing, `tells_failure` if one says that something failed at all.
    `told_status` is the status of a batch that did not complete, if a new line has it as a word.
    """

    marks: Mapping[str, int] = field(default_factory=dict)
    reported: frozenset[str] = frozenset()
    tells_count: bool = False
    tells_failure: bool = False
    told_status: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All there is to judge a run by.

    `sees_answers` is false if not even a run in which nothing goes wrong shows its answers: then
    the marks say nothing. `expected_questions` is how many questions that run has asked.
    """

    server: ServerEvidence = field(default_factory=ServerEvidence)
    process: ProcessEvidence = field(default_factory=ProcessEvidence)
    delivered: DeliveredEvidence = field(default_factory=DeliveredEvidence)
    sees_answers: bool = True
    expected_questions: int = 0

    @property
    def unsent(self) -> int:
        """How many questions are in no batch that has read its input."""
        return max(0, self.expected_questions - len(self.server.questions))

    @property
    def obtainable(self) -> tuple[Question, ...]:
        """The questions whose answers the server had, with a mark."""
        return tuple(one for one in self.server.questions if one.marks)

    @property
    def arrived(self) -> int:
        """How many of the obtainable answers the program delivered."""
        delivered = self.delivered.marks
        return sum(any(mark in delivered for mark in one.marks) for one in self.obtainable)

    @property
    def unanswered(self) -> tuple[Question, ...]:
        """The questions that no batch has answered."""
        return tuple(one for one in self.server.questions if not one.has_answer)

    @property
    def unreported(self) -> tuple[Question, ...]:
        """The unanswered questions that the program did not mention."""
        if self.delivered.tells_count or self._tells_batch_error:
            return ()
        return tuple(one for one in self.unanswered if not self._reports(one))

    @property
    def _tells_batch_error(self) -> bool:
        errors = self.server.batch_errors
        return any(error in self.delivered.reported for error in errors)

    def _reports(self, question: Question) -> bool:
        return any(
            text in self.delivered.reported for text in (*question.custom_ids, *question.errors)
        )
