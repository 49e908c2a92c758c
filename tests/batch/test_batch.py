"""A batch at an instant: its status, its counts, and the files that exist."""

from typing import TYPE_CHECKING

import pytest

from mockbatch.batch import commands
from mockbatch.batch.batch import Batch
from mockbatch.endpoints.endpoint import Tokens

if TYPE_CHECKING:
    from tests.conftest import Make


RUNS, WRITES, ENDS = 62, 123, 124
DAY = 24 * 3600
ERROR = {"message": "no", "type": "invalid_request_error", "param": None, "code": None}
REPLIES = [{"fraction": 0.5, "reply": {"status_code": 400, "body": {"error": ERROR}}}]


def counts(batch: Batch, seconds: float) -> tuple[int, ...]:
    """Return total, completed and failed so many seconds after creation."""
    return tuple(batch.counts(batch.created_at + seconds))


def test_a_failing_line_counts_from_the_second_on_which_it_runs(make: "Make") -> None:
    """At any second, those lines are failed that have run and fail."""
    batch = make.batch(10, replies=REPLIES)
    for seconds in range(RUNS, ENDS + 1):
        done = batch.timeline.done(batch.created_at + seconds)
        failed = sum(place < done for place in batch.execution_order.failing)
        assert counts(batch, seconds) == (10, done - failed, failed)
    assert counts(batch, ENDS) == (10, 5, 5)


@pytest.mark.parametrize(("seconds", "total"), [(RUNS - 1, 0), (RUNS, 10), (ENDS, 10)])
def test_the_total_is_known_when_validation_is_over(make: "Make", seconds: int, total: int) -> None:
    """While a batch is validated, its counts are zero."""
    assert counts(make.batch(), seconds)[0] == total


@pytest.mark.parametrize(
    ("seconds", "kinds"),
    [
        (RUNS, {"error"}),  # no line has run
        (RUNS + 31, {"output", "error"}),
        (RUNS - 1, set()),
    ],
)
def test_lines_that_never_ran_make_an_error_file(
    make: "Make", seconds: int, kinds: set[str]
) -> None:
    """A batch that expires has an output file if lines were done, and an error file."""
    batch = commands.expire(make.batch(), make.created + seconds)
    assert batch.existing_file_ids(make.created + seconds).keys() == kinds


def test_a_batch_under_way_has_no_files(make: "Make") -> None:
    """Until its last second, there are none."""
    batch = make.batch()
    assert batch.existing_file_ids(batch.created_at + ENDS - 1) == {}
    assert batch.existing_file_ids(batch.created_at + ENDS).keys() == {"output"}


def test_its_model_is_known_when_validation_is_over(make: "Make") -> None:
    """The object names the model from the second on which the lines begin to run."""
    batch = make.batch()
    shown = [batch.as_json(batch.created_at + seconds)["model"] for seconds in (RUNS - 1, RUNS)]
    assert shown == [None, "gpt-4o-mini-2024-07-18"]


@pytest.mark.parametrize(("seconds", "is_told"), [(RUNS - 1, False), (RUNS, True)])
def test_its_errors_are_shown_when_it_has_failed(make: "Make", seconds: int, is_told: bool) -> None:
    """While a bad file is validated, `errors` is null."""
    batch = make.invalid_batch()
    assert (batch.as_json(batch.created_at + seconds)["errors"] is not None) is is_told


def test_its_usage_has_the_details_of_the_tokens(make: "Make") -> None:
    """Cached and reasoning tokens are parts of the input and the output, and add nothing."""
    batch = make.batch()
    shown = batch.as_json(batch.timeline.end.at, Tokens(70, 50, cached=30, reasoning=20))
    assert shown["usage"] == {
        "input_tokens": 70,
        "output_tokens": 50,
        "total_tokens": 120,
        "input_tokens_details": {"cached_tokens": 30},
        "output_tokens_details": {"reasoning_tokens": 20},
    }


def test_it_may_be_found_later_than_it_was_created(make: "Make") -> None:
    """It can be found so many seconds after its creation as its scenario says."""
    assert make.batch().visible_at == make.created
    assert make.batch(visible_after=30).visible_at == make.created + 30


def test_a_pace_makes_it_found_no_earlier(make: "Make") -> None:
    """The delay is in seconds of simulated time, as that of the window is."""
    batch = make.started(make.world(pace=60), make.lines(1), visible_after=30)
    assert batch.visible_at == make.created + 30


def test_the_end_of_the_window_is_shown_as_without_a_delay(make: "Make") -> None:
    """A batch that misses its window shows the end that it should have had."""
    batch = make.batch(overdue=1800, stages={"in_progress": None})
    assert batch.as_json(batch.created_at)["expires_at"] == batch.created_at + DAY
    assert batch.timeline.end.at == batch.created_at + DAY + 1800
