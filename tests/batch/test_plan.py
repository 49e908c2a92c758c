"""What will happen to a new batch."""

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.batch import plan
from mockbatch.batch.input_file import BatchInput
from mockbatch.batch.plan import Schedule
from mockbatch.endpoints.scripted_reply import Reply
from mockbatch.ids import Seed
from mockbatch.scripting.reply import parse_reply as parse
from mockbatch.typing import Json

if TYPE_CHECKING:
    from tests.conftest import Make


DAY = 24 * 3600
ERROR = {"message": "no", "type": "invalid_request_error", "param": None, "code": None}
FAILING = {"status_code": 400, "body": {"error": ERROR}}


def execution_order(
    batch_input: BatchInput, seed: Seed, replies: Mapping[int, Reply]
) -> plan.ExecutionOrder:
    """Return the order of execution of a new batch."""
    return plan.execution_order(plan.shuffle_lines(batch_input, seed), batch_input, replies)


def plan_seconds(
    make: "Make", count: int = 10, pace: float = 1, **document: Json
) -> list[tuple[int, str]]:
    """Return the transitions of a new batch, in seconds from its creation."""
    made = plan.plan_timeline(
        0, make.batch_input(*make.lines(count)), Schedule(make.scenario(**document), pace)
    )
    return [(change.at, change.status) for change in made.transitions]


def test_a_batch_takes_the_recorded_time(make: "Make") -> None:
    """Without a word on its stages a batch takes as long as the recorded ones did."""
    assert plan_seconds(make) == [
        (0, "validating"),
        (62, "in_progress"),
        (123, "finalizing"),
        (124, "completed"),
    ]


def test_a_pace_makes_every_stage_shorter(make: "Make") -> None:
    """At pace 60 a batch ends after two seconds."""
    assert plan_seconds(make, pace=60)[-1] == (2, "completed")


def test_a_slow_pace_makes_every_stage_longer(make: "Make") -> None:
    """At half the pace a batch takes twice as long."""
    assert plan_seconds(make, pace=0.5)[-1] == (248, "completed")


def test_rounding_does_not_add_up(make: "Make") -> None:
    """Instants are rounded from the start: three stages of 0.4 s take one second."""
    stages = {"validating": 0.4, "in_progress": 0.4, "finalizing": 0.4}
    assert [at for at, _ in plan_seconds(make, stages=stages)] == [0, 0, 1, 1]


def test_stages_without_length_fall_on_one_second(make: "Make") -> None:
    """A batch whose stages take no time is completed at its creation."""
    stages = {"validating": 0, "in_progress": 0, "finalizing": 0}
    assert [at for at, _ in plan_seconds(make, stages=stages)] == [0, 0, 0, 0]


def test_faulty_input_fails_when_it_is_validated(make: "Make") -> None:
    """BatchInput with a fault ends the batch when its validation ends."""
    made = plan.plan_timeline(0, make.batch_input(b"{"), Schedule(make.scenario(), 1))
    assert [(change.at, change.status) for change in made.transitions[1:]] == [(62, "failed")]


def test_faulty_input_runs_no_line(make: "Make") -> None:
    """A batch that fails has no progress."""
    made = plan.plan_timeline(0, make.batch_input(make.line(), b"{"), Schedule(make.scenario(), 1))
    assert made.marks == ()


def test_faulty_input_fails_only_after_validation(make: "Make") -> None:
    """A validation that never ends does not tell its faults; the window ends it."""
    scenario = make.scenario(stages={"validating": None})
    made = plan.plan_timeline(0, make.batch_input(b"{"), Schedule(scenario, 1))
    assert [(change.at, change.status) for change in made.transitions[1:]] == [(DAY, "expired")]


@pytest.mark.parametrize(
    ("stage", "end"),
    [
        ("validating", (DAY, "expired")),
        ("in_progress", (DAY, "expired")),
        ("finalizing", (123, "finalizing")),
        ("cancelling", (124, "completed")),
    ],
)
def test_a_stage_that_never_ends_ends_with_the_window_or_not(
    make: "Make", stage: str, end: tuple[int, str]
) -> None:
    """The window ends validating and in_progress; finalizing goes on for ever."""
    assert plan_seconds(make, stages={stage: None})[-1] == end


@pytest.mark.parametrize(
    ("seconds", "end"),
    [(DAY - 62, "completed"), (DAY - 61, "expired"), (DAY - 63, "completed")],
)
def test_the_window_has_an_exact_end(make: "Make", seconds: int, end: str) -> None:
    """Lines that are done on the window's last second are done in time, a second later not."""
    assert plan_seconds(make, stages={"in_progress": seconds})[-1][1] == end


def test_the_window_keeps_its_length_at_any_pace(make: "Make") -> None:
    """A batch that does not end by itself expires after 24 hours at any pace."""
    assert plan_seconds(make, pace=60, stages={"in_progress": None})[-1] == (DAY, "expired")


@pytest.mark.parametrize(("overdue", "end"), [(0, DAY), (1800, DAY + 1800), (0.6, DAY + 1)])
def test_the_end_of_the_window_can_be_missed(make: "Make", overdue: float, end: int) -> None:
    """A scenario may let the window end a batch later than it says."""
    assert plan_seconds(make, stages={"in_progress": None}, overdue=overdue)[-1] == (end, "expired")


def test_a_pace_makes_no_window_end_earlier(make: "Make") -> None:
    """The seconds by which a window is overdue are the same at any pace."""
    late = plan_seconds(make, pace=60, stages={"in_progress": None}, overdue=1800)
    assert late[-1] == (DAY + 1800, "expired")


def test_the_window_may_never_end(make: "Make") -> None:
    """A scenario may let a batch run for ever."""
    stages = {"in_progress": None}
    assert plan_seconds(make, stages=stages, overdue=None)[-1] == (62, "in_progress")


def test_validation_may_never_end(make: "Make") -> None:
    """A scenario may keep a batch in validation for ever, for which no window ends it either."""
    batch = make.batch(stages={"validating": None}, overdue=None)
    assert batch.status(batch.created_at + 1000 * DAY) == "validating"


def test_some_lines_are_done_when_the_window_ends(make: "Make") -> None:
    """Lines run evenly until the window ends them."""
    scenario = make.scenario(stages={"validating": 0, "in_progress": 2 * DAY})
    made = plan.plan_timeline(0, make.batch_input(*make.lines(10)), Schedule(scenario, 1))
    assert made.done(made.end.at) == 5


@pytest.mark.parametrize(
    ("executed", "count", "done"),
    [
        *((0.4, 10, 4), (0, 10, 0), (1, 10, 10), (0.01, 10, 1), (0.99, 10, 9)),
        *((0.01, 2, 1), (0.99, 2, 1), (0.4, 1, 0), (0.6, 1, 1)),
    ],
)
def test_a_share_of_the_lines_runs_before_they_stand_still(
    make: "Make", executed: float, count: int, done: int
) -> None:
    """Of two lines or more, a share between none and all is neither none nor all."""
    scenario = make.scenario(stages={"in_progress": None}, executed=executed)
    made = plan.plan_timeline(0, make.batch_input(*make.lines(count)), Schedule(scenario, 1))
    assert made.done(DAY) == done


def test_lines_stand_still_after_the_usual_time(make: "Make") -> None:
    """The lines that run before they stand still run at the usual speed."""
    scenario = make.scenario(stages={"in_progress": None}, executed=0.4)
    made = plan.plan_timeline(0, make.batch_input(*make.lines(10)), Schedule(scenario, 1))
    assert [made.done(62), made.done(122), made.done(123), made.done(DAY)] == [0, 3, 4, 4]


def test_lines_stand_still_sooner_at_a_faster_pace(make: "Make") -> None:
    """The lines that run before they stand still have the pace of the stages."""
    scenario = make.scenario(stages={"in_progress": None}, executed=0.4)
    made = plan.plan_timeline(0, make.batch_input(*make.lines(10)), Schedule(scenario, 61))
    assert [made.done(1), made.done(2)] == [0, 4]


def test_lines_stand_still_after_the_nearest_second(make: "Make") -> None:
    """At pace 40 the usual minute lasts a second and a half, which is rounded up."""
    scenario = make.scenario(stages={"in_progress": None}, executed=0.4)
    made = plan.plan_timeline(0, make.batch_input(*make.lines(10)), Schedule(scenario, 40))
    assert [made.done(2), made.done(3), made.done(4)] == [0, 2, 4]


@pytest.mark.parametrize(("seconds", "pace", "expected"), [(605, 1, 605), (605, 60, 10), (0, 1, 0)])
def test_a_drain_is_paced_too(make: "Make", seconds: int, pace: float, expected: int) -> None:
    """A stage that a command begins has the pace of the others."""
    scenario = make.scenario(stages={"cancelling": seconds})
    assert Schedule(scenario, pace).stage_seconds("cancelling") == expected


def test_a_stage_that_never_ends_has_no_length(make: "Make") -> None:
    """The length of a stage that never ends is None."""
    assert (
        Schedule(make.scenario(stages={"cancelling": None}), 1).stage_seconds("cancelling") is None
    )


@given(st.integers(2, 60), st.integers())
def test_another_order_is_never_the_same(count: int, seed: int) -> None:
    """Shuffled items are all there, and never in their old order when there are two."""
    items = list(range(count))
    shuffled = plan.shuffled(items, Seed.of(seed))
    assert shuffled != items
    assert sorted(shuffled) == items


@pytest.mark.parametrize("count", [0, 1])
def test_there_is_one_order_of_one_item(count: int) -> None:
    """None and one item have no other order."""
    assert plan.shuffled(range(count), Seed.of("x")) == list(range(count))


def test_every_line_runs_once(make: "Make") -> None:
    """The order of execution holds every line once."""
    work = execution_order(make.batch_input(*make.lines(50)), Seed.of("x"), {})
    assert sorted(work.order) == list(range(50))
    assert list(work.failing) == []


def test_the_order_comes_from_the_seed(make: "Make") -> None:
    """The same seed gives the same work, another one another."""
    given = make.batch_input(*make.lines(50))
    orders = [tuple(execution_order(given, Seed.of(seed), {}).order) for seed in ("x", "x", "y")]
    assert orders[0] == orders[1] != orders[2]


@pytest.mark.parametrize(
    ("fraction", "count", "failing"),
    [
        *((0.2, 10, 2), (1, 10, 10), (0, 10, 0), (0.01, 10, 1), (0.99, 10, 9)),
        *((0.01, 2, 1), (0.99, 2, 1), (0.5, 1, 0), (1, 1, 1)),
    ],
)
def test_a_share_of_the_lines_fails(
    make: "Make", fraction: float, count: int, failing: int
) -> None:
    """As many lines fail as the scenario says, of two or more neither none nor all."""
    given = make.batch_input(*make.lines(count))
    scenario = make.scenario(replies=[{"fraction": fraction, "reply": FAILING}])
    replies = plan.plan_replies(given, "/v1/chat/completions", scenario, Seed.of("x"))
    assert len(execution_order(given, Seed.of("x"), replies).failing) == failing


@pytest.mark.parametrize(
    ("fractions", "shares"),
    [
        ((0.5, 0.5), (5, 5)),
        ((0.3, 0.3, 0.4), (3, 3, 4)),
        ((1, 1), (10, 0)),
        ((0.7, 0.7), (7, 3)),
    ],
)
def test_no_line_is_in_two_shares(
    make: "Make", fractions: tuple[float, ...], shares: tuple[int, ...]
) -> None:
    """Each share takes its lines from those that the shares before it have left."""
    texts = [f"share {number}" for number in range(len(fractions))]
    replies = [
        {"fraction": fraction, "reply": {"content": text}}
        for fraction, text in zip(fractions, texts, strict=True)
    ]
    scenario = make.scenario(replies=replies)
    given = make.batch_input(*make.lines(10))
    found = plan.plan_replies(given, "/v1/chat/completions", scenario, Seed.of("x"))
    said = [reply.content for reply in found.values()]
    assert tuple(said.count(text) for text in texts) == shares


def test_a_share_is_not_the_first_lines(make: "Make") -> None:
    """Lines are chosen from all over the file, and differently with another seed."""
    given = make.batch_input(*make.lines(40))
    scenario = make.scenario(replies=[{"fraction": 0.5, "reply": FAILING}])
    chosen = [
        set(plan.plan_replies(given, "/v1/chat/completions", scenario, Seed.of(seed)))
        for seed in ("x", "x", "y")
    ]
    assert chosen[0] == chosen[1] != chosen[2]
    assert set(range(20)) not in chosen


def test_lines_of_a_share_are_not_the_first_to_run(make: "Make") -> None:
    """A batch does not begin with all of its failures."""
    batch = make.batch(40, replies=[{"fraction": 0.5, "reply": FAILING}])
    assert list(batch.execution_order.failing) != list(range(20))


def test_a_reply_lets_a_refused_line_succeed_that_takes_it(make: "Make") -> None:
    """A line that the endpoint rejects fails, unless a reply answers it."""
    lines = make.lines(3)
    lines[1]["body"]["temperature"] = 3
    given = make.batch_input(*lines)
    answer = parse({"raw": True, "body": {}}, "reply")
    assert list(execution_order(given, Seed.of("x"), {1: answer}).failing) == []


def test_a_share_has_no_reply_for_a_line_that_cannot_have_it(make: "Make") -> None:
    """A rejected line fails, although its scenario has content for every line."""
    lines = make.lines(3)
    lines[1]["body"]["temperature"] = 3
    replies = [{"fraction": 1, "reply": {"content": "said"}}]
    batch = make.started(make.world(), lines, replies=replies)
    assert batch.replies.keys() == {0, 2}
    assert [batch.execution_order.order[at] for at in batch.execution_order.failing] == [1]


# No text meets it that the mock would find.
HARD = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"pattern": "^(?<=b)a$"}}}


@pytest.mark.parametrize(
    ("changes", "reply", "is_taken"),
    [
        ({}, {"content": "said"}, True),
        ({"temperature": 3}, {"content": "said"}, False),
        ({"temperature": 3}, {"raw": True, "body": {}}, True),
        ({"temperature": 3}, FAILING, True),
        ({"response_format": HARD}, {"content": "said"}, True),
        ({"response_format": HARD}, {"finish_reason": "length"}, False),
    ],
)
def test_a_reply_is_for_lines_that_it_can_answer(
    make: "Make", changes: Json, reply: Json, is_taken: bool
) -> None:
    """A line that OpenAI rejects needs a complete reply, other failing lines only content."""
    line = make.line()
    line["body"].update(changes)
    given = make.batch_input(line)
    assert plan.accepts_reply(given, "/v1/chat/completions", 0, parse(reply, "reply")) is is_taken


def test_refused_lines_fail_where_they_run(make: "Make") -> None:
    """The position of a rejected line in the order is among the failing ones."""
    lines = make.lines(20)
    lines[7]["body"]["temperature"] = "hot"
    work = execution_order(make.batch_input(*lines), Seed.of("x"), {})
    assert [work.order[position] for position in work.failing] == [7]


def test_failing_positions_stand_in_order(make: "Make") -> None:
    """Positions that fail are sorted, because they are counted by bisection."""
    given = make.batch_input(*make.lines(40))
    scenario = make.scenario(replies=[{"fraction": 0.5, "reply": FAILING}])
    replies = plan.plan_replies(given, "/v1/chat/completions", scenario, Seed.of("x"))
    failing = execution_order(given, Seed.of("x"), replies).failing
    assert all(before < after for before, after in itertools.pairwise(failing))


def test_pace_shortens_no_delay_of_the_window(make: "Make") -> None:
    """`overdue` is in seconds of simulated time, whatever the pace."""
    world = make.world(pace=60)
    batch = make.started(world, make.lines(2), stages={"in_progress": None}, overdue=3600)
    assert batch.timeline.end.at == batch.created_at + 24 * 3600 + 3600


def test_two_halves_are_all_lines(make: "Make") -> None:
    """Each line gets one reply of the scenario, and shares that add up to 1 leave out no line."""
    halves = [
        {"fraction": 0.5, "reply": {"content": "one"}},
        {"fraction": 0.5, "reply": {"content": "other"}},
    ]
    batch = make.batch(10, replies=halves)
    assert sorted(batch.replies) == list(range(10))
    texts = [reply.as_json()["content"] for reply in batch.replies.values()]
    assert sorted(texts) == ["one"] * 5 + ["other"] * 5
