"""What may be under way at once, on simulated time."""

from contextlib import suppress
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mockbatch.batch import commands
from mockbatch.batch.batch import Batch
from mockbatch.batch.create import BatchRequest
from mockbatch.batch.timeline import Transition
from mockbatch.clock import WorldClock
from mockbatch.errors import ApiError
from mockbatch.limits import Quotas
from mockbatch.repository import Repository
from mockbatch.scripting.match import Match
from mockbatch.scripting.script import Entry
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from mockbatch.world.quotas import HOUR, EnforcedQuotas
from mockbatch.world.snapshot.dump import dump
from mockbatch.world.snapshot.load import load
from mockbatch.world.world import World
from tests.support.examples import examples

if TYPE_CHECKING:
    from tests.conftest import Make


CHAT = "/v1/chat/completions"
VALIDATED, DONE, WRITTEN, DRAINED = 62, 123, 124, 605
# What ten lines of "Hello" count, and a limit that lets one such batch pass.
TOKENS = 90
ONE = Quotas(enqueued_tokens={"gpt-4o-mini": TOKENS})
ANY = Quotas(enqueued_tokens={"*": TOKENS})
MINI, SNAPSHOT, OTHER = "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "gpt-4o"


@dataclass(frozen=True)
class Case:
    """A world with quotas, and what a test does in it."""

    make: "Make"
    world: World

    def create(self, count: int = 10, model: str = MINI, **document: Json) -> Batch:
        """Create a batch of so many lines."""
        body = {"model": model, "messages": [{"role": "user", "content": "Hello"}]}
        lines = [self.make.line(f"line-{n}", body=body) for n in range(count)]
        return self.make.started(self.world, lines, **document)

    def at(self, seconds: float) -> "Case":
        """Move to an instant after the beginning."""
        self.world.advance.to(self.make.created + seconds)
        return self

    def do(self, batch: Batch, command: Any) -> None:
        """Do something to a batch."""
        self.world.command(batch.id, command)

    def status(self, batch: Batch) -> str:
        """Return the status of a batch now."""
        return self.world.batch(batch.id).status(self.world.now())

    def statuses(self, *batches: Batch) -> list[str]:
        """Return the statuses of batches now."""
        return [self.status(batch) for batch in batches]


@pytest.fixture
def case(make: "Make") -> Case:
    """Make a world in which one batch of ten lines may be under way."""
    return Case(make, make.world(quotas=ONE))


def start(make: "Make", quotas: Quotas, **options: Json) -> Case:
    """Make a world with quotas."""
    return Case(make, make.world(quotas=quotas, **options))


class TestEnqueuedTokens:
    """Prompts under way at once."""

    def test_there_is_no_limit_by_default(self, make: "Make") -> None:
        """Without a word on quotas everything runs."""
        case = Case(make, make.world())
        batches = [case.create(100) for _ in range(3)]
        assert case.at(VALIDATED).statuses(*batches) == ["in_progress"] * 3

    def test_the_prompts_are_counted(self, case: Case) -> None:
        """A batch counts the prompt tokens of its lines."""
        assert case.create().enqueued_tokens == TOKENS

    def test_a_refused_line_does_not_count(self, make: "Make", case: Case) -> None:
        """A line that will be refused has no prompt in the queue."""
        refused = make.line("refused", body={"model": MINI, "messages": []})
        batch = make.started(case.world, [*make.lines(9), refused])
        assert batch.enqueued_tokens == TOKENS - 9

    def test_a_batch_within_the_limit_runs(self, case: Case) -> None:
        """A limit can be met to the last token."""
        batch = case.create()
        assert case.at(VALIDATED).status(batch) == "in_progress"

    def test_a_batch_over_the_limit_fails(self, case: Case) -> None:
        """One that alone is too much fails at the end of its validation."""
        batch = case.create(11)
        assert case.at(VALIDATED).status(batch) == "failed"

    def test_a_model_without_any_tokens_fails_each_batch(self, make: "Make") -> None:
        """A limit of 0 is that of the model, although other models have more."""
        case = start(make, Quotas(enqueued_tokens={MINI: 0, "*": TOKENS}))
        batch = case.create()
        assert case.at(VALIDATED).status(batch) == "failed"

    def test_it_is_accepted_first(self, case: Case) -> None:
        """It is validating until then."""
        batch = case.create(11)
        assert case.at(VALIDATED - 1).status(batch) == "validating"

    def test_the_error_is_worded_as_seen(self, case: Case) -> None:
        """`errors` names the model, the organization and the limit, and no line."""
        batch = case.create(11)
        [error] = case.world.batch(batch.id).input.errors
        assert error == {
            "code": "token_limit_exceeded",
            "message": "Enqueued token limit reached for gpt-4o-mini in organization org-test. "
            "Limit: 90 enqueued tokens. Please try again once some in_progress batches have "
            "been completed.",
            "param": None,
            "line": None,
        }

    def test_the_failed_object_keeps_the_contract(self, case: Case) -> None:
        """It is a failed batch as any other."""
        batch = case.create(11)
        case.at(VALIDATED)
        shown = case.world.batch_json(case.world.batch(batch.id))
        assert (schema("batch").error(shown), shown["failed_at"]) == (
            None,
            case.make.created + VALIDATED,
        )

    def test_the_second_fails(self, case: Case) -> None:
        """While one is under way there is no room for another."""
        first, second = case.create(), case.at(10).create()
        assert case.at(10 + VALIDATED).statuses(first, second) == ["in_progress", "failed"]

    def test_of_two_at_the_same_second_the_older_runs(self, case: Case) -> None:
        """Two that are validated at once are decided in the order of their creation."""
        batches = [case.create(), case.create()]
        assert case.at(VALIDATED).statuses(*batches) == ["in_progress", "failed"]

    def test_who_is_validated_first_is_decided_first(self, case: Case) -> None:
        """A batch that is validated faster overtakes an older one."""
        slow = case.create(stages={"validating": 50})
        quick = case.create(stages={"validating": 10})
        assert case.at(50).statuses(slow, quick) == ["failed", "in_progress"]

    def test_a_failed_one_takes_no_room(self, case: Case) -> None:
        """A third, smaller batch runs beside the first, whatever became of the second."""
        first, second, third = case.create(6), case.create(6), case.create(4)
        assert case.at(VALIDATED).statuses(first, second, third) == [
            "in_progress",
            "failed",
            "in_progress",
        ]

    def test_room_is_there_at_the_second_of_the_end(self, case: Case) -> None:
        """A batch that is validated when another completes runs."""
        case.create()
        batch = case.at(WRITTEN - VALIDATED).create()
        assert case.at(WRITTEN).status(batch) == "in_progress"

    def test_room_is_not_there_the_second_before(self, case: Case) -> None:
        """While the other is finalizing its prompts count."""
        case.create()
        batch = case.at(WRITTEN - VALIDATED - 1).create()
        assert case.at(WRITTEN).status(batch) == "failed"

    def test_an_expired_batch_makes_room(self, case: Case) -> None:
        """The window ends a batch and what it takes."""
        case.create(stages={"in_progress": None})
        batch = case.at(24 * HOUR - VALIDATED).create()
        assert case.at(24 * HOUR).status(batch) == "in_progress"

    def test_a_batch_that_is_cancelled_takes_room(self, case: Case) -> None:
        """Until it is cancelled, what was under way still is."""
        first = case.create()
        second = case.at(100).create()
        case.do(first, commands.cancel)
        assert case.at(100 + VALIDATED).statuses(first, second) == ["cancelling", "failed"]

    def test_a_cancelled_batch_makes_room(self, case: Case) -> None:
        """Once it is cancelled it takes nothing."""
        first = case.create()
        case.at(100).do(first, commands.cancel)
        second = case.at(100 + DRAINED - VALIDATED).create()
        assert case.at(100 + DRAINED).statuses(first, second) == ["cancelled", "in_progress"]

    def test_what_was_never_enqueued_takes_no_room(self, case: Case) -> None:
        """A batch that is cancelled while it is validated had no prompt in the queue."""
        first, second = case.create(), case.create()
        case.at(10).do(first, commands.cancel)
        assert case.at(VALIDATED).statuses(first, second) == ["cancelling", "in_progress"]

    def test_a_failed_validation_makes_room(self, case: Case) -> None:
        """Failing the first while it is validated lets the second run."""
        first, second = case.create(), case.create()
        case.do(first, lambda batch, now: commands.fail(batch, now, "invalid_request", "-"))
        assert case.at(VALIDATED).status(second) == "in_progress"

    def test_a_lost_input_makes_room(self, case: Case) -> None:
        """Deleting the file of the first while it is validated lets the second run."""
        first, second = case.create(), case.create()
        case.world.delete_file(first.input_file_id)
        assert case.at(VALIDATED).statuses(first, second) == ["failed", "in_progress"]

    def test_an_earlier_end_makes_room(self, case: Case) -> None:
        """Completing the first lets the second run, which was to fail."""
        first = case.create()
        second = case.at(VALIDATED).create()
        case.do(first, commands.complete)
        assert case.at(2 * VALIDATED).status(second) == "in_progress"

    def test_a_later_end_takes_room(self, case: Case) -> None:
        """Holding the first in progress lets the second fail, which was to run."""
        first = case.create()
        second = case.at(WRITTEN - VALIDATED).create()
        case.do(first, commands.hold)
        assert case.at(WRITTEN).statuses(first, second) == ["in_progress", "failed"]

    def test_a_held_batch_takes_room_while_it_runs(self, case: Case) -> None:
        """A batch that is held in progress keeps what it has."""
        first = case.create()
        case.at(VALIDATED).do(first, commands.hold)
        second = case.at(1000).create()
        assert case.at(1000 + VALIDATED).status(second) == "failed"

    def test_a_held_batch_takes_none_while_it_is_validated(self, case: Case) -> None:
        """A batch that is held before it runs takes nothing yet."""
        first, second = case.create(), case.create()
        case.do(first, commands.hold)
        assert case.at(VALIDATED).status(second) == "in_progress"

    @pytest.mark.parametrize("pause", [1, 60, 1000])
    def test_a_resumed_batch_is_decided_when_its_validation_ends(
        self, case: Case, pause: int
    ) -> None:
        """A batch that was to fail, and was held until there was room, runs as much later."""
        case.create(stages={"in_progress": 40})
        batch = case.create()
        case.at(50).do(batch, commands.hold)
        case.at(50 + pause).do(batch, commands.resume)
        entered = case.at(VALIDATED + pause - 1).status(batch)
        assert (entered, case.at(VALIDATED + pause).status(batch)) == (
            "validating",
            "in_progress" if VALIDATED + pause >= VALIDATED + 41 else "failed",
        )
        begin = case.world.batch(batch.id).timeline.transitions[0]
        assert begin == Transition(batch.created_at, "validating")

    def test_a_pause_does_not_move_the_window(self, case: Case) -> None:
        """A batch that is decided anew after a hold expires when it was to expire."""
        first = case.create()
        batch = case.create(stages={"in_progress": None})
        case.at(50).do(batch, commands.hold)
        case.at(5000).do(batch, commands.resume)
        assert case.status(first) == "completed"
        assert case.world.batch(batch.id).timeline.end.at == case.make.created + 24 * HOUR

    def test_cancelling_a_lets_b_run_and_c_fail(self, case: Case) -> None:
        """Decisions are made anew in order: the room goes to the next in the queue."""
        first, second, third = (case.create(stages={"validating": n}) for n in (60, 61, 62))
        case.do(first, commands.cancel)
        assert case.at(VALIDATED).statuses(second, third) == ["in_progress", "failed"]

    def test_what_is_decided_stays(self, case: Case) -> None:
        """A batch that has failed stays so when room comes."""
        first, second = case.create(), case.create()
        case.at(VALIDATED).do(first, commands.complete)
        assert case.status(second) == "failed"

    def test_a_batch_that_would_fail_cannot_be_completed(self, case: Case) -> None:
        """A command does not let a batch pass its quota."""
        batch = case.create(11)
        with pytest.raises(ApiError) as refused:
            case.do(batch, commands.complete)
        assert (refused.value.status, refused.value.code) == (409, "illegal_command")
        assert case.at(VALIDATED).status(batch) == "failed"

    def test_a_fault_of_the_input_comes_first(self, make: "Make", case: Case) -> None:
        """A file with a fault fails by that, and takes no room."""
        bad = make.started(case.world, [*make.lines(10), b"{"])
        good = case.create()
        assert case.at(VALIDATED).statuses(bad, good) == ["failed", "in_progress"]
        assert bad.input.errors[0]["code"] == "invalid_json_line"

    @pytest.mark.parametrize(
        ("count", "code"), [(11, "billing_hard_limit_reached"), (1, "token_limit_exceeded")]
    )
    def test_a_scenario_of_validation_comes_first(self, case: Case, count: int, code: str) -> None:
        """A batch whose scenario fails it does so by its own code, even with room for it."""
        batch = case.create(count, validation={"error": code})
        case.create()
        case.at(VALIDATED)
        [error] = case.world.batch(batch.id).input.errors
        assert error["code"] == code

    def test_a_stuck_validation_is_not_decided(self, case: Case) -> None:
        """A batch whose validation never ends takes no room and does not fail."""
        stuck, batch = case.create(stages={"validating": None}), case.create()
        assert case.at(VALIDATED).statuses(stuck, batch) == ["validating", "in_progress"]

    @pytest.mark.parametrize(("count", "statuses"), [(10, ["in_progress"]), (11, ["failed"])])
    def test_a_validation_that_takes_no_time_is_decided_too(
        self, case: Case, count: int, statuses: list[str]
    ) -> None:
        """A batch that is validated at its creation is within the limit or fails there."""
        batch = case.create(count, stages={"validating": 0})
        assert case.statuses(batch) == statuses

    def test_what_is_validated_at_once_counts_those_before_it(self, case: Case) -> None:
        """Of two batches that are validated at their creation, the second one fails."""
        batches = [case.create(stages={"validating": 0}) for _ in range(2)]
        assert case.statuses(*batches) == ["in_progress", "failed"]

    def test_what_is_validated_at_once_does_not_count_who_waits(self, case: Case) -> None:
        """A batch that is validated at its creation overtakes one that is not yet validated."""
        slow, quick = case.create(), case.create(stages={"validating": 0, "in_progress": None})
        assert case.statuses(slow, quick) == ["validating", "in_progress"]
        assert case.at(VALIDATED).status(slow) == "failed"

    def test_a_limit_that_is_set_later_is_for_those_who_wait(self, make: "Make") -> None:
        """Of two batches, the second fails though there was no limit at its creation."""
        case = Case(make, make.world())
        batches = [case.create() for _ in range(2)]
        case.at(VALIDATED - 1).world.set_quotas(ONE)
        assert case.at(VALIDATED).statuses(*batches) == ["in_progress", "failed"]

    def test_a_limit_that_is_set_later_counts_who_runs(self, make: "Make") -> None:
        """What has passed before there was a limit runs on, and takes room."""
        case = Case(make, make.world())
        first = case.create(stages={"in_progress": None})
        case.at(VALIDATED).world.set_quotas(ONE)
        second = case.create()
        assert case.at(2 * VALIDATED).statuses(first, second) == ["in_progress", "failed"]

    def test_without_a_limit_again_who_was_to_fail_runs(self, case: Case) -> None:
        """A limit that is taken away fails none of those who wait."""
        batches = [case.create() for _ in range(2)]
        case.world.set_quotas(Quotas())
        assert case.at(VALIDATED).statuses(*batches) == ["in_progress"] * 2

    def test_a_scenario_sets_the_quotas_of_its_world(self, make: "Make") -> None:
        """The batch of such a scenario is held to them, and so are those after it."""
        case = Case(make, make.world())
        quotas = {"enqueued_tokens": {MINI: TOKENS}}
        batches = [case.create(quotas=quotas), case.create()]
        assert case.world.quotas.current == ONE
        assert case.at(VALIDATED).statuses(*batches) == ["in_progress", "failed"]

    @pytest.mark.parametrize(("after", "status"), [(99, "failed"), (100, "in_progress")])
    def test_prompts_can_linger_after_the_end(self, case: Case, after: int, status: str) -> None:
        """Where a scenario says so, an ended batch takes room for some seconds more."""
        case.create(enqueued_after=100)
        batch = case.at(WRITTEN + after - VALIDATED).create()
        assert case.at(WRITTEN + after).status(batch) == status

    def test_what_never_ran_does_not_linger(self, case: Case) -> None:
        """A batch that failed or was cancelled in validation had nothing in the queue."""
        case.do(case.create(enqueued_after=10_000), commands.expire)
        batch = case.create()
        assert case.at(VALIDATED).status(batch) == "in_progress"

    @pytest.mark.parametrize("stage", ["in_progress", "finalizing", "cancelling"])
    def test_who_never_ends_takes_room_for_ever(self, case: Case, stage: str) -> None:
        """A batch that is stuck in a status has its prompts in the queue, years later too."""
        first = case.create(stages={stage: None}, overdue=None)
        if stage == "cancelling":
            case.at(VALIDATED).do(first, commands.cancel)
        batch = case.at(1000 * 24 * HOUR).create()
        case.at(1000 * 24 * HOUR + VALIDATED)
        assert case.statuses(first, batch) == [stage, "failed"]

    def test_a_validation_without_any_end_is_not_decided(self, case: Case) -> None:
        """A batch that is too large and never validated, not even by its window, stays so."""
        stuck = case.create(11, stages={"validating": None}, overdue=None)
        assert case.at(48 * HOUR).status(stuck) == "validating"

    def test_a_window_that_ends_in_validation_is_not_touched(self, case: Case) -> None:
        """A batch that expires while it is validated does so though it is too large."""
        batch = case.create(11, stages={"validating": 25 * HOUR})
        assert case.at(24 * HOUR).status(batch) == "expired"


class TestModels:
    """A limit is one model's."""

    def test_other_models_are_free(self, case: Case) -> None:
        """A limit of one model is not one of another."""
        batch = case.create(100, OTHER)
        assert case.at(VALIDATED).status(batch) == "in_progress"

    def test_models_do_not_share_a_queue(self, make: "Make") -> None:
        """Each model has a limit of its own, one of `*` included."""
        case = start(make, ANY)
        batches = [case.create(), case.create(10, OTHER)]
        assert case.at(VALIDATED).statuses(*batches) == ["in_progress"] * 2

    def test_a_star_is_for_any_model(self, make: "Make") -> None:
        """`*` limits what no other limit is for."""
        case = start(make, ANY)
        assert case.at(VALIDATED).status(case.create(11, OTHER)) == "validating"
        batch = case.create(11, OTHER)
        assert case.at(2 * VALIDATED).status(batch) == "failed"

    def test_a_name_is_before_a_star(self, make: "Make") -> None:
        """A model that has a limit of its own does not have that of `*`."""
        case = start(make, Quotas({"*": 0, MINI: TOKENS}))
        batch = case.create()
        assert case.at(VALIDATED).status(batch) == "in_progress"

    @pytest.mark.parametrize("models", [(MINI, SNAPSHOT), (SNAPSHOT, MINI)])
    def test_an_alias_and_its_snapshot_are_one_model(
        self, make: "Make", models: tuple[str, str]
    ) -> None:
        """A model has one queue, whichever of its names the requests use."""
        case = start(make, ONE)
        batches = [case.create(10, model) for model in models]
        assert case.at(VALIDATED).statuses(*batches) == ["in_progress", "failed"]

    @pytest.mark.parametrize("name", [MINI, SNAPSHOT])
    @pytest.mark.parametrize("model", [MINI, SNAPSHOT])
    def test_a_limit_is_for_either_name(self, make: "Make", name: str, model: str) -> None:
        """A limit that is set for one name holds for the other."""
        case = start(make, Quotas({name: TOKENS}))
        batch = case.create(11, model)
        assert case.at(VALIDATED).status(batch) == "failed"

    def test_zero_lets_nothing_pass(self, make: "Make") -> None:
        """A limit of none fails every batch."""
        case = start(make, Quotas({"*": 0}))
        batch = case.create(1)
        assert case.at(VALIDATED).status(batch) == "failed"

    def test_the_error_names_the_limit(self, make: "Make") -> None:
        """As an integer."""
        case = start(make, Quotas({"*": 10}))
        [error] = case.world.batch(case.create().id).input.errors
        assert "Limit: 10 enqueued" in error["message"]


class TestRate:
    """Batches an hour."""

    @staticmethod
    def reject(case: Case) -> ApiError:
        """Create one more batch, and return the error."""
        with pytest.raises(ApiError) as refused:
            case.create(1)
        return refused.value

    def test_there_is_no_limit_by_default(self, make: "Make") -> None:
        """Without a word on quotas any number is accepted."""
        case = Case(make, make.world())
        assert len({case.create(1).id for _ in range(30)}) == 30

    def test_so_many_are_accepted(self, make: "Make") -> None:
        """As many as are allowed are accepted within one second."""
        case = start(make, Quotas(batches_per_hour=3))
        assert len({case.create(1).id for _ in range(3)}) == 3

    def test_one_more_is_refused(self, make: "Make") -> None:
        """The next one is a 429 with the seen code and type."""
        case = start(make, Quotas(batches_per_hour=3))
        [case.create(1) for _ in range(3)]
        error = self.reject(case)
        assert (error.status, error.code, error.body()["error"]["type"]) == (
            429,
            "rate_limit_exceeded",
            "requests",
        )

    def test_a_refused_batch_is_not_there(self, make: "Make") -> None:
        """What was refused is in no list, and does not count."""
        case = start(make, Quotas(batches_per_hour=1))
        batch = case.create(1)
        self.reject(case)
        assert [one.id for one in case.world.batches(10, None).items] == [batch.id]

    @pytest.mark.parametrize(("later", "seconds"), [(0, 3600), (600, 3000), (3599, 1)])
    def test_it_says_when_there_is_room(self, make: "Make", later: int, seconds: int) -> None:
        """Retry-After is the time until the oldest of the hour is an hour old."""
        case = start(make, Quotas(batches_per_hour=2))
        case.create(1)
        case.create(1)
        headers = self.reject(case.at(later)).headers
        assert headers["Retry-After"] == str(seconds)

    def test_the_window_slides(self, make: "Make") -> None:
        """Room comes batch by batch, an hour after each."""
        case = start(make, Quotas(batches_per_hour=2))
        case.create(1)
        case.at(1000).create(1)
        case.at(3600).create(1)
        assert self.reject(case).headers["Retry-After"] == "1000"

    def test_room_after_a_lowered_limit_comes_when_enough_are_old(self, make: "Make") -> None:
        """With three batches and a limit of one, there is room when the newest is an hour old."""
        case = start(make, Quotas())
        for seconds in (0, 100, 1000):
            case.at(seconds).create(1)
        case.world.set_quotas(Quotas(batches_per_hour=1))
        assert self.reject(case).headers["Retry-After"] == str(HOUR)
        self.reject(case.at(1000 + HOUR - 1))
        assert case.at(1000 + HOUR).create(1).created_at == make.created + 1000 + HOUR

    def test_room_after_a_lowered_limit_of_two(self, make: "Make") -> None:
        """With three batches and a limit of two, the second has to be an hour old."""
        case = start(make, Quotas())
        for seconds in (0, 100, 1000):
            case.at(seconds).create(1)
        case.world.set_quotas(Quotas(batches_per_hour=2))
        assert self.reject(case).headers["Retry-After"] == str(HOUR - 900)

    def test_the_wait_does_not_depend_on_the_order_of_the_batches(self, make: "Make") -> None:
        """The oldest batch decides, although another one comes first in a loaded state."""
        older, newer = make.batch(1), make.batch(1)
        newer = replace(newer, id="batch_newer", created_at=older.created_at + 100)
        repository = Repository(validate=True)
        repository.load((), (newer, older), frozenset(), {})
        clock = WorldClock("realtime", make.created, RLock())
        quotas = EnforcedQuotas(Quotas(batches_per_hour=2), repository, clock, "org-1")
        with pytest.raises(ApiError) as refused:
            quotas.check_rate(older.rules, newer.created_at)
        assert refused.value.headers == {"Retry-After": str(HOUR - 100)}

    def test_a_batch_that_has_ended_counts(self, make: "Make") -> None:
        """What counts is when batches were created, whatever became of them."""
        case = start(make, Quotas(batches_per_hour=1))
        case.do(case.create(1), commands.expire)
        assert self.reject(case).status == 429

    @pytest.mark.parametrize(
        ("mode", "seconds"), [("x0.5", "7200"), ("x60", "60"), ("x7", "515"), ("realtime", "3600")]
    )
    def test_the_wait_is_in_seconds_of_the_client(
        self, make: "Make", mode: str, seconds: str
    ) -> None:
        """An hour is two on a clock at half the speed; a part of a second is rounded up."""
        batch = make.batch(1)
        repository = Repository(validate=True)
        repository.add_batch(batch)
        clock = WorldClock(mode, make.created, RLock())
        quotas = EnforcedQuotas(Quotas(batches_per_hour=1), repository, clock, "org-1")
        with pytest.raises(ApiError) as refused:
            quotas.check_rate(batch.rules, batch.created_at)
        assert refused.value.headers == {"Retry-After": seconds}

    def test_room_is_there_when_it_was_promised(self, make: "Make") -> None:
        """After Retry-After seconds the next one is accepted, and not before."""
        case = start(make, Quotas(batches_per_hour=1))
        case.create(1)
        self.reject(case.at(3599))
        assert case.at(3600).create(1).created_at == make.created + 3600

    def test_on_a_clock_that_stands_still_the_error_forbids_a_retry(self, make: "Make") -> None:
        """On a clock that stands still no client should wait."""
        case = start(make, Quotas(batches_per_hour=1))
        case.create(1)
        assert self.reject(case).headers["x-should-retry"] == "false"

    def test_on_a_fast_clock_the_wait_is_in_wall_seconds(self, make: "Make") -> None:
        """On x60 an hour passes in a minute, and Retry-After says so."""
        case = start(make, Quotas(batches_per_hour=1), clock="x60")
        case.create(1)
        headers = self.reject(case).headers
        assert (int(headers["Retry-After"]) in (59, 60), "x-should-retry" in headers) == (
            True,
            False,
        )

    def test_it_is_never_less_than_a_second(self, make: "Make") -> None:
        """The SDK takes no notice of a Retry-After of 0."""
        case = start(make, Quotas(batches_per_hour=1), clock="x100000")
        case.create(1)
        assert self.reject(case).headers["Retry-After"] == "1"

    def test_zero_accepts_none(self, make: "Make") -> None:
        """A limit of none refuses the first batch, and does not promise one."""
        case = start(make, Quotas(batches_per_hour=0))
        assert (self.reject(case).status, self.reject(case).headers["Retry-After"]) == (
            429,
            "3600",
        )

    def test_zero_refuses_with_others_there(self, make: "Make") -> None:
        """A limit that is lowered to none refuses whatever was accepted before."""
        case = start(make, Quotas())
        case.create(1)
        case.world.set_quotas(Quotas(batches_per_hour=0))
        assert str(self.reject(case)).endswith(": 0 batches an hour.")


class TestState:
    """Quotas belong to a world's state."""

    @pytest.fixture
    def copied(self, make: "Make", case: Case) -> tuple[Case, Batch, Batch]:
        """Give a world that another was loaded from, and what is in both."""
        first, second = case.create(), case.create()
        state = load(dump(case.world.snapshot()), make.world().settings)
        world = World("sk-test", state.settings, "org-test")
        world.restore(state)
        return Case(make, world), first, second

    def test_limits_survive(self, copied: tuple[Case, Batch, Batch]) -> None:
        """A loaded world has the limits of the one that was dumped."""
        assert copied[0].world.settings.quotas == ONE

    def test_what_is_enqueued_survives(self, copied: tuple[Case, Batch, Batch]) -> None:
        """A loaded batch counts as much as before."""
        case, first, _ = copied
        assert case.world.batch(first.id).enqueued_tokens == TOKENS

    def test_decisions_survive(self, copied: tuple[Case, Batch, Batch]) -> None:
        """What was to fail fails in the loaded world."""
        case, *batches = copied
        assert case.at(VALIDATED).statuses(*batches) == ["in_progress", "failed"]

    def test_decisions_are_made_anew_there(self, copied: tuple[Case, Batch, Batch]) -> None:
        """What was to fail runs when room comes in the loaded world."""
        case, first, second = copied
        case.do(first, commands.cancel)
        assert case.at(VALIDATED).status(second) == "in_progress"


COMMANDS = (
    commands.cancel,
    commands.hold,
    commands.resume,
    commands.expire,
    commands.complete,
    lambda batch, now: commands.fail(batch, now, "invalid_request", "-"),
)
STAGES = st.fixed_dictionaries(
    {"validating": st.integers(1, 100)},
    optional={
        "in_progress": st.none() | st.integers(0, 200),
        "finalizing": st.none() | st.integers(0, 50),
        "cancelling": st.integers(0, 300),
    },
)
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("create"), st.integers(1, 8), STAGES, st.sampled_from((MINI, SNAPSHOT, OTHER))
        ),
        st.tuples(st.just("do"), st.integers(0, 9), st.sampled_from(COMMANDS)),
        st.tuples(st.just("wait"), st.integers(0, 120)),
    ),
    min_size=3,
    max_size=14,
)


def count_enqueued(world: World, now: float) -> dict[str, int]:
    """Return how many tokens of each model are under way."""
    found: dict[str, int] = {}
    for batch in world.batches(100, None).items:
        reached = batch.timeline.reached(now)
        if "in_progress" in reached and not batch.is_final(now):
            found[str(batch.model)] = found.get(str(batch.model), 0) + 9 * batch.input.total
    return found


@given(steps=STEPS, limit=st.integers(0, 150))
@examples(150, deadline=None)
def test_no_instant_has_more_than_the_limit(
    make: "Make", steps: list[tuple[Any, ...]], limit: int
) -> None:
    """Whatever is created and commanded, what is under way of a model stays in its limit."""
    case = start(make, Quotas({"*": limit}))
    made: list[Batch] = []
    for kind, *arguments in steps:
        if kind == "create":
            count, stages, model = arguments
            made.append(case.create(count, model, stages=stages))
        elif kind == "wait":
            end = case.world.now() + arguments[0]
            for event in (case.world.advance.next_event() for _ in range(99)):
                if event is None or event.at > end:
                    break
                case.world.advance.to(event.at)
                assert max(count_enqueued(case.world, event.at).values(), default=0) <= limit
            case.world.advance.to(end)
        elif made:
            with suppress(ApiError):
                case.do(made[arguments[0] % len(made)], arguments[1])
        assert max(count_enqueued(case.world, case.world.now()).values(), default=0) <= limit


@given(steps=STEPS)
@examples(60, deadline=None)
def test_no_decision_changes_the_past(make: "Make", steps: list[tuple[Any, ...]]) -> None:
    """What has happened to a batch has happened, whatever is decided later."""
    case = start(make, Quotas({"*": 60}))
    made: list[str] = []
    for kind, *arguments in steps:
        now = case.world.now()
        before = {id: case.world.batch(id).timeline.reached(now) for id in made}
        if kind == "create":
            count, stages, model = arguments
            made.append(case.create(count, model, stages=stages).id)
        elif kind == "wait":
            case.world.advance.by(arguments[0])
        elif made:
            with suppress(ApiError):
                case.do(case.world.batch(made[arguments[0] % len(made)]), arguments[1])
        after = {id: case.world.batch(id).timeline.reached(now) for id in before}
        assert all(after[id].items() >= seen.items() for id, seen in before.items())


def test_a_missing_input_counts_nothing(case: Case) -> None:
    """A batch whose input is not there has no prompts."""
    batch = case.world.create_batch(BatchRequest("file-nowhere", CHAT, None, None, None))
    assert batch.enqueued_tokens == 0


def test_retry_after_waits_until_there_is_room(make: "Make") -> None:
    """A limit that was lowered is met again when the newest batch is an hour old."""
    case = Case(make, make.world())
    for second in (0, 10, 20):
        case.at(second).create(1)
    case.at(30).world.set_quotas(Quotas(batches_per_hour=1))
    with pytest.raises(ApiError) as error:
        case.create(1)
    assert error.value.headers["Retry-After"] == str(20 + HOUR - 30)


@pytest.mark.parametrize(("count", "status"), [(10, "in_progress"), (11, "failed")])
def test_a_validation_that_takes_no_time_is_decided_at_once(
    case: Case, count: int, status: str
) -> None:
    """A batch that is validated on the second of its creation meets the quota on that second."""
    batch = case.create(count, stages={"validating": 0})
    assert case.status(batch) == status


def test_no_reply_is_made_for_a_batch_that_fails_at_once(case: Case) -> None:
    """A function in a script is called for batches that can run."""
    calls: list[Json] = []
    case.world.add_reply(Entry(Match(), calls.append))
    case.create(11, stages={"validating": 0})
    assert calls == []
    case.create(1, stages={"validating": 0})
    assert len(calls) == 1


def test_replies_are_made_for_a_batch_that_may_find_room_later(case: Case) -> None:
    """A batch that is over the quota only while it waits needs its replies when it runs."""
    running = case.create(stages={"validating": 0, "in_progress": None})
    calls: list[Json] = []
    case.world.add_reply(Entry(Match(), calls.append))
    calls.clear()
    waiting = case.create(1)
    assert len(calls) == 1
    case.do(running, commands.expire)
    assert case.at(VALIDATED).status(waiting) == "in_progress"


def test_a_fault_of_the_input_comes_first_at_once(make: "Make", case: Case) -> None:
    """A batch that fails on the second of its creation reports its lines and no quota."""
    case.create(stages={"validating": 0, "in_progress": None})
    case.world.set_quotas(Quotas(enqueued_tokens={MINI: 1}))
    lines = [make.line(), b"{"]
    batch = make.started(case.world, lines, stages={"validating": 0})
    assert [error["code"] for error in batch.input.errors] == ["invalid_json_line"]
