"""What happens to a batch, and when: a value that determines its state at any instant.

Instants are whole epoch seconds of simulated time; `at <= now` counts as happened.
A command replaces the future of a timeline and never its past.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import pairwise
from operator import attrgetter

from msgspec import Struct

from mockbatch.clock import plan_instant

VALIDATING = "validating"
FAILED = "failed"
IN_PROGRESS = "in_progress"
FINALIZING = "finalizing"
COMPLETED = "completed"
EXPIRED = "expired"
CANCELLING = "cancelling"
CANCELLED = "cancelled"

STATUSES = (
    VALIDATING,
    FAILED,
    IN_PROGRESS,
    FINALIZING,
    COMPLETED,
    EXPIRED,
    CANCELLING,
    CANCELLED,
)
FINAL = frozenset({COMPLETED, FAILED, EXPIRED, CANCELLED})
# Only these expire at the end of the window; finalizing and cancelling batches continue.
EXPIRABLE = frozenset({VALIDATING, IN_PROGRESS})

_at = attrgetter("at")


# With gc=False, the garbage collector skips these values. A world has many of them, and they are
# never part of a reference cycle.


class Transition(Struct, frozen=True, gc=False):
    """A batch takes on `status` at the instant `at`."""

    at: int
    status: str


class ProgressPoint(Struct, frozen=True, gc=False):
    """By the instant `at`, `done` lines are executed; between two points they run evenly."""

    at: int
    done: int


class Timeline(Struct, frozen=True, gc=False):
    """The status changes of one batch and the progress of its lines, both in order of time.

    The first transition is `validating`, at creation. Several may fall on one second; the
    last of them is the status from that second on.
    """

    transitions: tuple[Transition, ...]
    marks: tuple[ProgressPoint, ...] = ()

    def status(self, now: float) -> str:
        """Return the status at an instant not before creation."""
        return self.transitions[max(self._count_until(now) - 1, 0)].status

    def reached(self, now: float) -> dict[str, int]:
        """Return when each status so far was reached."""
        return {change.status: change.at for change in self.transitions[: self._count_until(now)]}

    def done(self, now: float) -> int:
        """Return how many lines are executed."""
        count = bisect_right(self.marks, now, key=_at)
        if count == 0:
            return 0
        before = self.marks[count - 1]
        if count == len(self.marks):
            return before.done
        after = self.marks[count]
        # Truncated to whole seconds, as commands are; else a command could lower the count.
        seconds = int(now - before.at)
        return before.done + (after.done - before.done) * seconds // (after.at - before.at)

    def line_times(self) -> Iterator[int]:
        """Yield the first second at which each line is executed, in the order of execution."""
        for before, after in pairwise(self.marks):
            for count in range(before.done + 1, after.done + 1):
                yield _time_of_line(before, after, count)

    def after(self, now: float) -> tuple[Transition, ...]:
        """Return the transitions after an instant."""
        return self.transitions[self._count_until(now) :]

    def between(self, after: float, until: float) -> tuple[Transition, ...]:
        """Return the transitions with `after < at <= until`."""
        return self.transitions[self._count_until(after) : self._count_until(until)]

    @property
    def end(self) -> Transition:
        """The last transition."""
        return self.transitions[-1]

    def until(self, now: int) -> "Timeline":
        """Return what has happened so far; no further line runs."""
        marks = tuple(mark for mark in self.marks if mark.at <= now)
        if marks:
            marks = (*marks, ProgressPoint(now, self.done(now)))
        return Timeline(self.transitions[: self._count_until(now)], marks)

    def remainder(self, now: int) -> "Timeline":
        """Return the future after an instant, starting from the progress reached by then."""
        marks = tuple(mark for mark in self.marks if mark.at > now)
        if marks and len(marks) < len(self.marks):
            marks = (ProgressPoint(now, self.done(now)), *marks)
        return Timeline(self.after(now), marks)

    def followed_by(
        self, transitions: Iterable[Transition], marks: Iterable[ProgressPoint] = ()
    ) -> "Timeline":
        """Return this timeline with more after it."""
        return Timeline((*self.transitions, *transitions), (*self.marks, *marks))

    def shifted(self, seconds: int) -> "Timeline":
        """Return the same events later."""
        return Timeline(
            tuple(
                Transition(plan_instant(change.at + seconds), change.status)
                for change in self.transitions
            ),
            tuple(ProgressPoint(plan_instant(mark.at + seconds), mark.done) for mark in self.marks),
        )

    def expired_at(self, expires_at: int) -> "Timeline":
        """Return the timeline, with an expiry if the batch is validating or in progress by then."""
        if self.status(expires_at) not in EXPIRABLE:
            return self
        # It can be planned ahead, because nothing else happens before the window ends.
        return self.until(expires_at).followed_by([Transition(expires_at, EXPIRED)])

    def progress_instants(self, after: float, until: float) -> list[int]:
        """Return the whole seconds with `after < at <= until` at which `done` grows."""
        instants = {
            _time_of_line(before, mark, count)
            for before, mark in pairwise(self.marks)
            if before.at <= until and after < mark.at
            for count in range(before.done + 1, mark.done + 1)
        }
        return sorted(at for at in instants if after < at <= until)

    def _count_until(self, now: float) -> int:
        return bisect_right(self.transitions, now, key=_at)


def _time_of_line(before: ProgressPoint, after: ProgressPoint, count: int) -> int:
    """Return the first second at which `count` lines are executed, between two marks."""
    span, lines = after.at - before.at, after.done - before.done
    # Floor division of a negative number rounds the time up.
    return before.at - (before.done - count) * span // lines
