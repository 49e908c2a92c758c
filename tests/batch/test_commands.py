"""What can be done to a batch, in every status and at the exact second."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from mockbatch.batch import commands, input_file
from mockbatch.batch.batch import Batch
from mockbatch.batch.timeline import STATUSES, Transition
from mockbatch.errors import ApiError

if TYPE_CHECKING:
    from tests.conftest import Make

Command = Callable[[Batch, int], Batch]

DAY = 24 * 3600
# When a batch of the usual pace takes on a status, in seconds from its creation.
RUNS, WRITES, ENDS = 62, 123, 124
DRAIN = 605
HALF = RUNS + 31  # five lines of ten are done

COMMANDS: dict[str, Command] = {
    "cancel": commands.cancel,
    "hold": commands.hold,
    "resume": commands.resume,
    "expire": commands.expire,
    "fail": partial(commands.fail, code="c", message="m"),
    "complete": commands.complete,
}
ALLOWED = {
    "cancel": {"validating", "in_progress", "finalizing", "cancelling", "cancelled"},
    "hold": {"validating", "in_progress", "finalizing", "cancelling"},
    "resume": set(),  # nothing is held
    "expire": {"validating", "in_progress"},
    "fail": {"validating"},
    "complete": {"validating", "in_progress", "finalizing"},
}
LEGAL = [(name, status) for name in COMMANDS for status in STATUSES if status in ALLOWED[name]]
ILLEGAL = [
    (name, status) for name in COMMANDS for status in STATUSES if (name, status) not in LEGAL
]
RUNNING = ("validating", "in_progress", "finalizing")
LEADS_TO = {"cancel": "cancelling", "expire": "expired", "fail": "failed", "complete": "completed"}


def in_status(make: "Make", status: str) -> tuple[Batch, int]:
    """Return a batch, and the very second on which it takes on a status."""
    if status == "failed":
        batch = make.invalid_batch()
    elif status == "expired":
        batch = make.batch(stages={"in_progress": None})
    else:
        batch = make.batch()
    if status in {"cancelling", "cancelled"}:
        batch = commands.cancel(batch, batch.created_at + HALF)
    return batch, batch.timeline.reached(float("inf"))[status]


def at(batch: Batch, seconds: int) -> dict[str, Any]:
    """Return the object of a batch so many seconds after its creation."""
    return batch.as_json(batch.created_at + seconds)


def stamps(batch: Batch, seconds: int) -> dict[str, int]:
    """Return the stamps of a batch that are set, in seconds from its creation."""
    shown = at(batch, seconds)
    names = [name for name in shown if name.endswith("_at") and name != "expires_at"]
    return {name: shown[name] - batch.created_at for name in names if shown[name] is not None}


def missing() -> input_file.BatchInput:
    """Return the input of a batch whose file is gone."""
    return input_file.missing_input("file-1", "org-1")


@pytest.mark.parametrize(("name", "status"), LEGAL)
def test_a_legal_command_leaves_the_past_alone(make: "Make", name: str, status: str) -> None:
    """On the very second of a status a command is done, and keeps what was reached till then."""
    batch, now = in_status(make, status)
    changed = COMMANDS[name](batch, now)
    happened = batch.timeline.between(float("-inf"), now)
    assert changed.timeline.transitions[: len(happened)] == happened


@pytest.mark.parametrize(("name", "status"), ILLEGAL)
def test_an_illegal_command_is_a_conflict(make: "Make", name: str, status: str) -> None:
    """On the very second of a status, a command that it does not allow is a 409."""
    batch, now = in_status(make, status)
    with pytest.raises(ApiError) as refused:
        COMMANDS[name](batch, now)
    assert refused.value.status == 409


@pytest.mark.parametrize(
    ("name", "status"), [pair for pair in LEGAL if pair[0] in LEADS_TO and pair[1] in RUNNING]
)
def test_a_command_takes_effect_on_its_second(make: "Make", name: str, status: str) -> None:
    """A command has its status and its stamp on its own second."""
    batch, now = in_status(make, status)
    shown = COMMANDS[name](batch, now).as_json(now)
    assert (shown["status"], shown[f"{LEADS_TO[name]}_at"]) == (LEADS_TO[name], now)


def test_a_command_between_two_seconds_takes_no_line_back(make: "Make") -> None:
    """The counts that were shown half a second ago are not higher than those after a cancel."""
    world = make.world()
    id = make.started(world, make.lines(8)).id
    world.advance.by(100.5)
    before = world.batch(id).counts(world.now())
    world.command(id, commands.cancel)
    assert world.batch(id).counts(world.now()) == before


# --- cancel


@pytest.mark.parametrize("status", ["completed", "failed", "expired"])
def test_what_has_ended_cannot_be_cancelled(make: "Make", status: str) -> None:
    """The error for a cancel has the observed message, and no code."""
    batch, now = in_status(make, status)
    with pytest.raises(ApiError) as refused:
        commands.cancel(batch, now)
    assert str(refused.value) == f"Cannot cancel a batch with status '{status}'."
    assert (refused.value.code, refused.value.param) == (None, None)


@pytest.mark.parametrize("status", ["cancelling", "cancelled"])
def test_a_second_cancel_changes_nothing(make: "Make", status: str) -> None:
    """Cancelling again is answered, and never restarts the drain."""
    batch, now = in_status(make, status)
    assert commands.cancel(batch, now) is batch


def test_a_cancelled_batch_drains_for_ten_minutes(make: "Make") -> None:
    """A cancel ends 605 seconds later, as recorded."""
    batch = make.batch()
    cancelled = commands.cancel(batch, batch.created_at + HALF)
    assert stamps(cancelled, HALF + DRAIN - 1).keys() == {
        "created_at",
        "in_progress_at",
        "cancelling_at",
    }
    assert stamps(cancelled, HALF + DRAIN)["cancelled_at"] == HALF + DRAIN


def test_a_line_in_flight_still_ends(make: "Make") -> None:
    """Cancelled while five of ten lines are done, a batch ends with six: 2/0/0 became 2/1/0."""
    batch = make.batch()
    cancelled = commands.cancel(batch, batch.created_at + HALF)
    assert at(cancelled, HALF)["request_counts"]["completed"] == 5
    assert at(cancelled, HALF + DRAIN)["request_counts"] == {
        "total": 10,
        "completed": 6,
        "failed": 0,
    }


@pytest.mark.parametrize(("count", "seconds", "done"), [(1, 5, 0), (2, 5, 1), (2, 45, 1)])
def test_what_is_cancelled_half_way_ends_half_way(
    make: "Make", count: int, seconds: int, done: int
) -> None:
    """The last line of a batch is never in flight when it is cancelled."""
    batch = make.batch(count)
    cancelled = commands.cancel(batch, batch.created_at + RUNS + seconds)
    assert cancelled.counts(batch.created_at + DAY).completed == done


def test_lines_cancelled_before_they_ran_are_not_counted_failed(make: "Make") -> None:
    """Unexecuted lines are in the total only, and in an error file."""
    batch = make.batch()
    cancelled = commands.cancel(batch, batch.created_at + HALF)
    shown = at(cancelled, DAY)
    assert shown["request_counts"]["failed"] == 0
    assert shown["output_file_id"] is not None
    assert shown["error_file_id"] is not None


def test_no_file_is_there_while_a_batch_is_cancelled(make: "Make") -> None:
    """The files of a cancelled batch exist from its last second on."""
    batch = make.batch()
    cancelled = commands.cancel(batch, batch.created_at + HALF)
    assert [at(cancelled, seconds)["output_file_id"] is None for seconds in (697, 698)] == [
        True,
        False,
    ]


def test_a_batch_cancelled_in_validation_has_nothing(make: "Make") -> None:
    """Cancelled while it validates, a batch never ran: no stamp, no counts, no files."""
    cancelled = commands.cancel(make.batch(), make.created + 5)
    shown = at(cancelled, DAY)
    assert stamps(cancelled, DAY) == {"created_at": 0, "cancelling_at": 5, "cancelled_at": 610}
    assert shown["request_counts"] == {"total": 0, "completed": 0, "failed": 0}
    assert (shown["output_file_id"], shown["error_file_id"], shown["model"]) == (None, None, None)


def test_a_batch_cancelled_while_it_is_written_has_all_lines(make: "Make") -> None:
    """Cancelled while it is finalizing, a batch keeps that stamp and all its lines."""
    cancelled = commands.cancel(make.batch(), make.created + WRITES)
    shown = at(cancelled, DAY)
    assert shown["finalizing_at"] == make.created + WRITES
    assert shown["request_counts"] == {"total": 10, "completed": 10, "failed": 0}
    assert (shown["output_file_id"] is None, shown["error_file_id"] is None) == (False, True)


def test_a_drain_is_not_ended_by_the_window(make: "Make") -> None:
    """A batch that drains past its expires_at ends as cancelled."""
    batch = make.batch(stages={"in_progress": None})
    cancelled = commands.cancel(batch, batch.expires_at - 1)
    assert cancelled.status(batch.expires_at) == "cancelling"
    assert cancelled.timeline.end.at == batch.expires_at - 1 + DRAIN


def test_on_the_last_second_it_is_too_late_to_cancel(make: "Make") -> None:
    """On the very second of expires_at a batch has expired."""
    batch = make.batch(stages={"in_progress": None})
    with pytest.raises(ApiError, match="status 'expired'"):
        commands.cancel(batch, batch.expires_at)


def test_a_drain_has_the_pace_of_its_batch(make: "Make") -> None:
    """At pace 5 it takes two minutes."""
    batch = make.started(make.world(pace=5), make.lines(10))
    cancelled = commands.cancel(batch, batch.created_at)
    assert cancelled.timeline.end == Transition(batch.created_at + DRAIN // 5, "cancelled")


def test_a_drain_may_never_end(make: "Make") -> None:
    """A scenario may keep a batch cancelling for ever."""
    batch = make.batch(stages={"cancelling": None})
    cancelled = commands.cancel(batch, batch.created_at + HALF)
    assert at(cancelled, 100 * DAY)["status"] == "cancelling"


def test_a_drain_may_take_no_time(make: "Make") -> None:
    """Without a drain, a cancel ends on its own second, with the line in flight."""
    batch = make.batch(stages={"cancelling": 0})
    cancelled = commands.cancel(batch, batch.created_at + HALF)
    assert at(cancelled, HALF)["status"] == "cancelled"
    assert at(cancelled, HALF)["request_counts"]["completed"] == 6


def test_what_is_held_can_be_cancelled(make: "Make") -> None:
    """A held batch drains like any other, and is no longer held."""
    batch = make.batch()
    held = commands.hold(batch, batch.created_at + HALF)
    cancelled = commands.cancel(held, batch.created_at + 500)
    assert cancelled.held is None
    assert stamps(cancelled, DAY)["cancelled_at"] == 500 + DRAIN


def test_a_batch_that_loses_the_race_completes_as_planned(make: "Make") -> None:
    """Cancelled while it runs, it completes on the second on which it would have."""
    cancelled = commands.cancel(make.batch(loses_race=True), make.created + HALF)
    assert stamps(cancelled, DAY) == {
        "created_at": 0,
        "in_progress_at": RUNS,
        "cancelling_at": HALF,
        "completed_at": ENDS,
    }
    assert at(cancelled, ENDS)["request_counts"]["completed"] == 10


def test_a_batch_in_validation_loses_no_race(make: "Make") -> None:
    """Cancelled while it validates, it is cancelled as any other."""
    cancelled = commands.cancel(make.batch(loses_race=True), make.created + 5)
    assert stamps(cancelled, DAY)["cancelled_at"] == 5 + DRAIN


@pytest.mark.parametrize("held_at", [HALF, WRITES])
def test_a_held_batch_loses_no_race(make: "Make", held_at: int) -> None:
    """A held batch has nothing that could overtake the cancel: it is cancelled."""
    held = commands.hold(make.batch(loses_race=True), make.created + held_at)
    cancelled = commands.cancel(held, make.created + 500)
    assert cancelled.timeline.end == Transition(make.created + 500 + DRAIN, "cancelled")


def test_a_batch_that_would_expire_loses_no_race(make: "Make") -> None:
    """Only a completion overtakes a cancel; a window that ends meanwhile does not."""
    batch = make.batch(loses_race=True, stages={"in_progress": None})
    cancelled = commands.cancel(batch, batch.expires_at - 1)
    assert cancelled.timeline.end == Transition(batch.expires_at - 1 + DRAIN, "cancelled")


def test_a_batch_that_loses_its_results_has_an_error_file_alone(make: "Make") -> None:
    """Once cancelled it counts no line, and the lines that ran are gone."""
    batch = make.batch(loses_results=True)
    cancelled = commands.cancel(batch, make.created + HALF)
    assert at(cancelled, HALF + DRAIN - 1)["request_counts"]["completed"] == 5
    shown = at(cancelled, HALF + DRAIN)
    assert shown["request_counts"] == {"total": 10, "completed": 0, "failed": 0}
    assert (shown["output_file_id"], shown["error_file_id"] is None) == (None, False)


def test_a_batch_whose_lines_all_ran_loses_every_result(make: "Make") -> None:
    """Cancelled while it is written, it has no file at all: no line is left for one."""
    cancelled = commands.cancel(make.batch(loses_results=True), make.created + WRITES)
    shown = at(cancelled, WRITES + DRAIN)
    assert (shown["output_file_id"], shown["error_file_id"]) == (None, None)


# --- hold and resume


@pytest.mark.parametrize("seconds", [0, 61, RUNS, HALF, WRITES])
def test_a_held_batch_stays_where_it_is(make: "Make", seconds: int) -> None:
    """A held batch shows the same for hours."""
    batch = make.batch()
    held = commands.hold(batch, batch.created_at + seconds)
    assert at(held, seconds) == at(held, seconds + 20 * 3600) == at(batch, seconds)


@pytest.mark.parametrize("seconds", [5, HALF])
def test_the_window_is_not_held(make: "Make", seconds: int) -> None:
    """A batch held while it validates or runs expires on the second it would have."""
    held = commands.hold(make.batch(), make.created + seconds)
    assert [at(held, DAY - 1)["status"] == "expired", at(held, DAY)["status"]] == [
        False,
        "expired",
    ]


def test_what_is_written_down_is_held_past_the_window(make: "Make") -> None:
    """A batch held while it is finalizing stays so past its window, and can go on."""
    held = commands.hold(make.batch(), make.created + WRITES)
    assert at(held, 2 * DAY)["status"] == "finalizing"
    resumed = commands.resume(held, make.created + 2 * DAY)
    assert stamps(resumed, 3 * DAY)["completed_at"] == 2 * DAY + 1


def test_a_drain_is_held_past_the_window(make: "Make") -> None:
    """A batch held while it is cancelling goes on with what was left of its drain."""
    cancelled = commands.cancel(make.batch(), make.created + HALF)
    held = commands.hold(cancelled, make.created + HALF + 600)
    assert at(held, 2 * DAY)["status"] == "cancelling"
    resumed = commands.resume(held, make.created + 2 * DAY)
    assert stamps(resumed, 3 * DAY)["cancelled_at"] == 2 * DAY + 5


@pytest.mark.parametrize("seconds", [5, HALF, WRITES])
def test_a_resumed_batch_is_late_by_its_hold(make: "Make", seconds: int) -> None:
    """What was still to come, comes later by the length of the hold."""
    held = commands.hold(make.batch(), make.created + seconds)
    resumed = commands.resume(held, make.created + seconds + 1000)
    assert stamps(resumed, DAY)["completed_at"] == ENDS + 1000


def test_a_resumed_batch_goes_on_from_its_lines(make: "Make") -> None:
    """The lines of a resumed batch run on from where they stood."""
    held = commands.hold(make.batch(), make.created + HALF)
    resumed = commands.resume(held, make.created + HALF + 1000)
    counts = [at(resumed, HALF + 1000 + more)["request_counts"]["completed"] for more in (0, 6, 30)]
    assert counts == [5, 6, 10]


def test_a_resumed_batch_expires_with_its_window(make: "Make") -> None:
    """A hold that leaves too little of the window ends in expiry, with the lines done."""
    held = commands.hold(make.batch(), make.created + HALF)
    resumed = commands.resume(held, make.created + DAY - 15)
    shown = at(resumed, DAY)
    assert (shown["status"], shown["expired_at"]) == ("expired", resumed.expires_at)
    assert shown["request_counts"]["completed"] == 7


def test_a_window_that_was_planned_to_end_a_batch_ends_it_after_a_hold(make: "Make") -> None:
    """A batch that would have expired anyway expires on the same second after a hold."""
    batch = make.batch(stages={"in_progress": None}, executed=0.4)
    held = commands.hold(batch, make.created + HALF)
    resumed = commands.resume(held, make.created + 1000)
    assert resumed.timeline.end.at == batch.expires_at
    assert at(resumed, DAY)["request_counts"]["completed"] == 4


def test_what_expired_while_it_was_held_cannot_go_on(make: "Make") -> None:
    """From the last second of its window on, a held batch can not be resumed."""
    held = commands.hold(make.batch(), make.created + 5)
    with pytest.raises(ApiError, match="is expired and can no longer be resumed"):
        commands.resume(held, held.expires_at)


def test_holding_twice_is_a_conflict(make: "Make") -> None:
    """A held batch can not be held again."""
    held = commands.hold(make.batch(), make.created + 5)
    with pytest.raises(ApiError, match="is already held"):
        commands.hold(held, make.created + 6)


def test_a_batch_can_be_held_again_once_it_was_resumed(make: "Make") -> None:
    """Two holds are late by both."""
    batch = make.batch()
    for start in (10, 170):
        held = commands.hold(batch, make.created + start)
        batch = commands.resume(held, make.created + start + 100)
    assert stamps(batch, DAY)["completed_at"] == ENDS + 200


def test_a_hold_on_the_second_of_its_release_changes_nothing(make: "Make") -> None:
    """Held and resumed on one second, a batch goes through its stages as planned."""
    batch = make.batch()
    held = commands.hold(batch, make.created + HALF)
    resumed = commands.resume(held, make.created + HALF)
    assert resumed.timeline.transitions == batch.timeline.transitions


# --- expire, fail, complete


def test_a_batch_expired_by_command_keeps_what_is_done(make: "Make") -> None:
    """Expired early, a batch has both files, and the others are not counted failed."""
    expired = commands.expire(make.batch(), make.created + HALF)
    shown = at(expired, HALF)
    assert shown["request_counts"] == {"total": 10, "completed": 5, "failed": 0}
    assert None not in (shown["output_file_id"], shown["error_file_id"])


def test_a_batch_expired_in_validation_has_nothing(make: "Make") -> None:
    """Expired while it validates, a batch has no counts and no files."""
    shown = at(commands.expire(make.batch(), make.created), 0)
    assert shown["request_counts"]["total"] == 0
    assert (shown["output_file_id"], shown["error_file_id"]) == (None, None)


def test_a_batch_failed_by_command_tells_why(make: "Make") -> None:
    """The one entry of the errors has the code and message of the command."""
    failed = commands.fail(make.batch(), make.created + 5, "token_limit_exceeded", "Too many.")
    assert at(failed, 5)["errors"]["data"] == [
        {"code": "token_limit_exceeded", "message": "Too many.", "param": None, "line": None}
    ]


def test_a_batch_completed_by_command_runs_what_is_left(make: "Make") -> None:
    """Completed early, a batch has all lines, and all missing stamps on that second."""
    done = commands.complete(make.batch(), make.created + HALF)
    assert stamps(done, HALF) == {
        "created_at": 0,
        "in_progress_at": RUNS,
        "finalizing_at": HALF,
        "completed_at": HALF,
    }
    assert at(done, HALF)["request_counts"]["completed"] == 10


def test_a_batch_completed_in_validation_runs_all_lines_at_once(make: "Make") -> None:
    """Completed while it validates, every line of a batch is executed on that second."""
    done = commands.complete(make.batch(), make.created + 5)
    assert list(done.timeline.line_times()) == [make.created + 5] * 10


def test_lines_planned_to_fail_fail_when_completed_by_command(make: "Make") -> None:
    """Completing a batch makes no failing line succeed."""
    error = {"message": "no", "type": "t", "param": None, "code": None}
    batch = make.batch(
        replies=[{"fraction": 0.3, "reply": {"status_code": 400, "body": {"error": error}}}]
    )
    done = commands.complete(batch, make.created)
    assert at(done, 0)["request_counts"] == {"total": 10, "completed": 7, "failed": 3}


@pytest.mark.parametrize(
    ("name", "held_at"),
    [
        *((name, 5) for name in LEADS_TO),
        *((name, HALF) for name in LEADS_TO if name != "fail"),
        *((name, WRITES) for name in ("cancel", "complete")),
    ],
)
def test_what_is_held_can_be_ended(make: "Make", name: str, held_at: int) -> None:
    """A held batch can be ended by command, and is no longer held."""
    held = commands.hold(make.batch(), make.created + held_at)
    ended = COMMANDS[name](held, make.created + 500)
    assert ended.held is None
    assert at(ended, 500)["status"] == LEADS_TO[name]


def test_faulty_input_cannot_be_completed(make: "Make") -> None:
    """A batch whose input is at fault can not be completed while it validates."""
    with pytest.raises(ApiError, match="its validation fails") as refused:
        commands.complete(make.invalid_batch(), make.created)
    assert refused.value.status == 409


def test_a_refusal_names_the_batch_and_its_status(make: "Make") -> None:
    """The error for a command names the batch and its status."""
    batch = make.batch()
    with pytest.raises(ApiError, match=f"^Batch '{batch.id}' is completed and ") as refused:
        commands.hold(batch, batch.created_at + ENDS)
    assert refused.value.code == "illegal_command"


# --- input that is deleted


def test_input_deleted_during_validation_fails_the_batch(make: "Make") -> None:
    """A batch fails at the end of its validation, as for a file that never existed."""
    lost = commands.lose_input(make.batch(), make.created + 61, missing())
    assert stamps(lost, DAY) == {"created_at": 0, "failed_at": RUNS}
    assert at(lost, DAY)["errors"]["data"][0]["param"] == "file_id"


@pytest.mark.parametrize("seconds", [RUNS, WRITES, ENDS])
def test_input_deleted_later_changes_nothing(make: "Make", seconds: int) -> None:
    """From the second on which its validation is over, a batch needs its file no more."""
    batch = make.batch()
    assert commands.lose_input(batch, batch.created_at + seconds, missing()) is batch


def test_input_deleted_while_held_fails_the_batch_when_it_goes_on(make: "Make") -> None:
    """A batch that is held while it validates stays held when its input is deleted."""
    held = commands.hold(make.batch(), make.created + 10)
    lost = commands.lose_input(held, make.created + 20, missing())
    assert at(lost, 1000)["status"] == "validating"
    resumed = commands.resume(lost, make.created + 1000)
    assert stamps(resumed, DAY)["failed_at"] == 1000 + RUNS - 10


def test_input_deleted_after_a_hold_fails_the_batch_no_earlier(make: "Make") -> None:
    """A validation that was held and resumed ends as late with a lost file as without."""
    held = commands.hold(make.batch(), make.created + 10)
    resumed = commands.resume(held, make.created + 1000)
    lost = commands.lose_input(resumed, make.created + 1010, missing())
    assert stamps(lost, DAY)["failed_at"] == 1000 + RUNS - 10


def test_input_deleted_during_validation_leaves_no_replies(make: "Make") -> None:
    """A batch without lines has none that could get one."""
    error = {"message": "no", "type": "t", "param": None, "code": None}
    reply = {"status_code": 400, "body": {"error": error}}
    batch = make.batch(replies=[{"fraction": 1, "reply": reply}])
    assert len(batch.replies) == batch.input.total
    assert commands.lose_input(batch, make.created + 5, missing()).replies == {}


def test_input_lost_during_a_validation_without_end_is_not_reported(make: "Make") -> None:
    """A batch whose validation the window ends expires, its file lost or not."""
    batch = make.batch(stages={"validating": None})
    lost = commands.lose_input(batch, make.created + 5, missing())
    assert stamps(lost, DAY) == {"created_at": 0, "expired_at": DAY}


@pytest.mark.parametrize("name", ["cancel", "expire", "fail", "complete"])
def test_ending_a_held_batch_takes_it_off_hold(make: "Make", name: str) -> None:
    """Whatever ends or cancels a held batch, no paused future is left over."""
    batch = make.batch()
    now = batch.created_at + 10
    ended = COMMANDS[name](commands.hold(batch, now), now + 5)
    assert ended.held is None


@pytest.mark.parametrize("scenario", [{}, {"overdue": 0}])
def test_a_held_batch_that_would_lose_the_race_can_be_cancelled(
    make: "Make", scenario: dict[str, Any]
) -> None:
    """`loses_race` needs a completion that is planned; a held batch has none."""
    batch = make.batch(loses_race=True, **scenario)
    now = batch.created_at + HALF
    cancelled = commands.cancel(commands.hold(batch, now), now + 5)
    assert cancelled.status(now + 5 + DRAIN) == "cancelled"


@pytest.mark.parametrize(
    ("name", "second"),
    [
        (name, second)
        for name in ("cancel", "expire", "hold")
        for second in (RUNS, RUNS + 1, HALF, WRITES - 1, WRITES, ENDS - 1)
        if name != "expire" or second < WRITES
    ],
)
def test_files_hold_as_many_lines_as_are_counted(make: "Make", name: str, second: int) -> None:
    """A command on any second, that of a status change too, leaves counts and files agreeing."""
    world = make.world()
    batch = make.started(world, make.lines(10))
    world.advance.to(batch.created_at + second)
    world.command(batch.id, COMMANDS[name])
    if name == "hold":
        world.command(batch.id, commands.resume)
    world.advance.by(2 * DAY)
    ended = world.batch(batch.id)
    counts, files = ended.counts(world.now()), ended.existing_file_ids(world.now())
    lines = {
        kind: world.file(id).content.read(0, 1 << 20).count(b"\n") for kind, id in files.items()
    }
    assert lines.get("output", 0) == counts.completed
    assert lines.get("error", 0) == counts.total - counts.completed
