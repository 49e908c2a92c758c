"""The timeline of a batch: what has happened by an instant, and what is still to come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.batch.timeline import (
    CANCELLING,
    COMPLETED,
    EXPIRED,
    FAILED,
    FINALIZING,
    IN_PROGRESS,
    VALIDATING,
    ProgressPoint,
    Timeline,
    Transition,
)
from tests.support.examples import examples

PLAN = Timeline(
    (
        Transition(0, VALIDATING),
        Transition(60, IN_PROGRESS),
        Transition(160, FINALIZING),
        Transition(161, COMPLETED),
    ),
    (ProgressPoint(60, 0), ProgressPoint(160, 10)),
)
AT_ONCE = Timeline((Transition(0, VALIDATING), Transition(5, IN_PROGRESS), Transition(5, EXPIRED)))


@st.composite
def progress(draw: st.DrawFn) -> Timeline:
    """Draw a timeline whose lines run, stand still and jump."""
    steps = draw(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 20)), max_size=5))
    marks = [ProgressPoint(draw(st.integers(0, 100)), 0)]
    for seconds, lines in steps:
        marks.append(ProgressPoint(marks[-1].at + seconds, marks[-1].done + lines))
    return Timeline((Transition(0, VALIDATING),), tuple(marks))


@pytest.mark.parametrize(
    ("now", "status"),
    [
        (0, VALIDATING),
        (59.999, VALIDATING),
        (60, IN_PROGRESS),
        (159, IN_PROGRESS),
        (160, FINALIZING),
        (161, COMPLETED),
        (10**9, COMPLETED),
    ],
)
def test_a_status_holds_from_its_exact_second(now: float, status: str) -> None:
    """A status is taken on at its exact second and kept until the next one's."""
    assert PLAN.status(now) == status


def test_the_first_status_holds_before_creation_too() -> None:
    """An instant before creation has the first status, and nothing is reached."""
    assert PLAN.status(-1) == VALIDATING
    assert PLAN.reached(-1) == {}


def test_the_last_of_several_changes_on_a_second_counts() -> None:
    """Of several changes on one second the last is the status from that second on."""
    assert AT_ONCE.status(5) == EXPIRED


def test_every_change_on_a_second_is_reached() -> None:
    """Each of several changes on one second has its stamp."""
    assert AT_ONCE.reached(5) == {VALIDATING: 0, IN_PROGRESS: 5, EXPIRED: 5}


def test_what_is_not_reached_has_no_stamp() -> None:
    """A status that comes a second later is not among the reached ones."""
    assert PLAN.reached(159) == {VALIDATING: 0, IN_PROGRESS: 60}


@pytest.mark.parametrize(
    ("now", "done"), [(0, 0), (60, 0), (69.9, 0), (70, 1), (115, 5), (159, 9), (160, 10), (500, 10)]
)
def test_lines_run_evenly_between_two_marks(now: float, done: int) -> None:
    """Lines are executed evenly between two marks, a line counting when it is whole."""
    assert PLAN.done(now) == done


@pytest.mark.parametrize(("now", "done"), [(0.99, 0), (1, 7), (1.99, 7), (2, 15)])
def test_lines_end_on_whole_seconds(now: float, done: int) -> None:
    """Between two seconds no line ends, so that a command there finds what was shown."""
    quick = Timeline((Transition(0, VALIDATING),), (ProgressPoint(0, 0), ProgressPoint(4, 30)))
    assert quick.done(now) == done


def test_a_jump_takes_place_at_its_second() -> None:
    """Two marks on one second are a jump: the later one counts from that second on."""
    jump = Timeline((Transition(0, VALIDATING),), (ProgressPoint(5, 0), ProgressPoint(5, 8)))
    assert [jump.done(4), jump.done(5)] == [0, 8]


@given(progress(), st.integers(0, 100))
def test_instants_are_the_first_seconds_at_which_lines_are_done(plan: Timeline, pick: int) -> None:
    """A line is executed at the second that is returned, and not the second before."""
    instants = list(plan.line_times())
    assert len(instants) == plan.marks[-1].done
    if instants:
        count = 1 + pick % len(instants)
        assert plan.done(instants[count - 1]) >= count > plan.done(instants[count - 1] - 1)


def test_coming_begins_after_the_exact_second() -> None:
    """A change at `now` counts as happened, and is not among those to come."""
    assert [change.at for change in PLAN.after(60)] == [160, 161]


def test_between_leaves_out_its_beginning_and_takes_in_its_end() -> None:
    """The changes between two instants are those after the first and not after the second."""
    assert [change.at for change in PLAN.between(60, 160)] == [160]


@given(progress(), st.integers(0, 1000), st.floats(0, 2000))
def test_lines_stand_still_after_a_cut(plan: Timeline, now: int, later: float) -> None:
    """After a cut the lines stay where they were at that second."""
    assert plan.until(now).done(now + later) == plan.done(now)


def test_a_cut_keeps_what_happened_on_its_second() -> None:
    """A cut keeps the changes up to and on its second and drops the others."""
    assert [change.at for change in PLAN.until(160).transitions] == [0, 60, 160]


def test_a_rest_goes_on_from_the_lines_that_were_done() -> None:
    """The rest begins with the progress that the cut stopped at."""
    assert PLAN.remainder(115).marks == (ProgressPoint(115, 5), ProgressPoint(160, 10))


def test_a_rest_before_any_line_ran_is_the_plan() -> None:
    """Before the first mark the rest has all marks as they were planned."""
    assert PLAN.remainder(10).marks == PLAN.marks


def test_a_rest_after_the_last_mark_has_none() -> None:
    """When all marks are past, the rest has only the changes that come."""
    assert PLAN.remainder(160) == Timeline((Transition(161, COMPLETED),))


@given(st.integers(0, 200), st.integers(0, 200))
def test_cut_and_rest_make_the_whole(now: int, seconds: int) -> None:
    """What was cut off, put back, gives the status that was planned at any instant."""
    whole = PLAN.until(now).followed_by(PLAN.remainder(now).transitions, PLAN.remainder(now).marks)
    assert whole.status(seconds) == PLAN.status(seconds)
    assert whole.end == PLAN.end


@given(progress(), st.integers(0, 500), st.integers(0, 500))
def test_cut_and_rest_execute_no_line_too_early(plan: Timeline, now: int, later: int) -> None:
    """Put together again, lines run no faster than planned and end with the plan."""
    rest = plan.remainder(now)
    whole = plan.until(now).followed_by(rest.transitions, rest.marks)
    assert whole.done(now + later) <= plan.done(now + later)
    assert whole.done(10_000) == plan.done(10_000)


def test_shifting_moves_changes_and_marks_alike() -> None:
    """A shifted timeline has the same status and progress so many seconds later."""
    later = PLAN.shifted(7)
    assert [later.status(77), later.done(77)] == [PLAN.status(70), PLAN.done(70)]
    assert later.end == Transition(168, COMPLETED)


@pytest.mark.parametrize("window", [0, 59, 60, 159])
def test_the_window_ends_validating_and_running(window: int) -> None:
    """A batch that validates or runs when its window ends is expired on that second."""
    ended = PLAN.expired_at(window)
    assert ended.end == Transition(window, EXPIRED)
    assert ended.done(10_000) == PLAN.done(window)


@pytest.mark.parametrize("window", [160, 161, 500])
def test_the_window_leaves_what_is_being_written_down(window: int) -> None:
    """A batch that is finalizing or done on the window's last second runs on as planned."""
    assert PLAN.expired_at(window) == PLAN


@pytest.mark.parametrize("status", [FAILED, CANCELLING])
def test_the_window_leaves_what_has_failed_or_is_cancelled(status: str) -> None:
    """A failed batch, and one that drains after a cancel, does not expire."""
    plan = Timeline((Transition(0, VALIDATING), Transition(3, status)))
    assert plan.expired_at(10) == plan


@given(progress(), st.integers(-5, 900), st.integers(0, 900))
@examples(60)
def test_progress_instants_are_where_lines_are_done(plan: Timeline, after: int, span: int) -> None:
    """Progress is reported for exactly those seconds at which more lines are done than before."""
    seconds = range(after + 1, after + span + 1)
    grown = [at for at in seconds if plan.done(at) > plan.done(at - 1)]
    assert plan.progress_instants(after, after + span) == grown


@pytest.mark.parametrize(
    ("after", "until", "instants"),
    [(69, 70, [70]), (70, 79, []), (70, 80, [80]), (69, 81, [70, 80]), (69.5, 79.5, [70])],
)
def test_progress_on_the_first_second_of_a_span_belongs_to_the_span_before(
    after: float, until: float, instants: list[int]
) -> None:
    """So no line is reported by two spans that follow each other, and none is left out."""
    assert PLAN.progress_instants(after, until) == instants


@pytest.mark.parametrize(
    ("after", "until", "instants"), [(5, 10, [10]), (9, 10, [10]), (10, 20, []), (0, 9, [])]
)
def test_a_jump_is_progress_on_its_second(after: int, until: int, instants: list[int]) -> None:
    """A jump is reported in the span that ends with its second, and in no other."""
    jump = Timeline((Transition(0, VALIDATING),), (ProgressPoint(10, 0), ProgressPoint(10, 5)))
    assert jump.progress_instants(after, until) == instants


def test_instants_of_a_jump_are_its_second() -> None:
    """All lines of a jump are executed on the second of the jump."""
    jump = Timeline((Transition(0, VALIDATING),), (ProgressPoint(10, 0), ProgressPoint(10, 3)))
    assert list(jump.line_times()) == [10, 10, 10]


def test_lines_before_the_first_mark_are_not_done() -> None:
    """Before the second of its first mark a batch has done nothing, whatever that mark says."""
    late = Timeline((Transition(0, VALIDATING),), (ProgressPoint(10, 3), ProgressPoint(20, 5)))
    assert [late.done(9.999), late.done(10)] == [0, 3]


def test_a_cut_on_the_second_of_the_first_mark_keeps_it() -> None:
    """What is cut on the very second on which lines begin to run has begun to run."""
    assert PLAN.until(60).marks == (ProgressPoint(60, 0), ProgressPoint(60, 0))


def test_a_cut_before_the_first_mark_has_none() -> None:
    """What is cut before any line ran has no progress."""
    assert PLAN.until(59).marks == ()


def test_a_rest_on_the_second_of_the_first_mark_goes_on_from_there() -> None:
    """The rest of what has just begun to run is its whole progress."""
    assert PLAN.remainder(60).marks == (ProgressPoint(60, 0), ProgressPoint(160, 10))


@given(progress(), st.integers(0, 500), st.integers(0, 2000))
def test_no_line_ends_between_a_cut_and_what_follows_it(
    plan: Timeline, now: int, pause: int
) -> None:
    """A plan that goes on after a pause has as many lines done as it would have without."""
    later = plan.remainder(now).shifted(pause)
    whole = plan.until(now).followed_by(later.transitions, later.marks)
    assert whole.done(now + pause) == plan.done(now)
    assert len(list(whole.line_times())) == len(list(plan.line_times()))


def test_progress_over_a_year_is_found_without_counting_seconds() -> None:
    """Two lines that take a year are found at once."""
    year = 31_536_000
    slow = Timeline((Transition(0, VALIDATING),), (ProgressPoint(0, 0), ProgressPoint(year, 2)))
    assert slow.progress_instants(0, year) == [year // 2, year]


def test_the_last_second_of_a_jump_counts() -> None:
    """Lines that are all executed on one second progress on that second."""
    marks = (ProgressPoint(0, 0), ProgressPoint(10, 0), ProgressPoint(10, 5))
    line = Timeline((Transition(0, VALIDATING),), marks)
    assert line.progress_instants(5, 10) == [10]
    assert line.progress_instants(10, 20) == []
