"""Which habits of clients which scenarios break, and that a careful client passes all."""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from mockbatch.client import WorldClient
from mockbatch.scenarios import catalogue
from mockbatch.testing.servers import LocalServer
from tests.support import pollers
from tests.support.slow_tests import mark_slow_except_each

START = 1_713_894_800
DAY = 24 * 3600
NAMES = sorted(catalogue())
IDS = [f"line-{number}" for number in range(10)]

# When somebody cancels the batch, in seconds after its creation.
CANCELS = {
    "cancel_before_start": 100,
    "cancelled_partial": 200,
    "cancel_slow": 1862,
    "cancel_loses_race": 92,
    "cancel_loses_results": 200,
}
# How many of the ten requests are answered; all, unless it is said here.
ANSWERED = {
    "all_failed": 0,
    "cancel_before_start": 0,
    "cancel_loses_results": 0,
    "cancel_slow": 6,
    "cancelled_partial": 6,
    "content_filter": 8,
    "enqueued_limit": 0,
    "expired_empty": 0,
    "expired_partial": 4,
    "finish_length": 8,
    "line_404_model": 8,
    "line_429": 8,
    "line_500": 8,
    "line_null_response": 8,
    "lines_in_both_files": 4,
    "missing_lines": 8,
    "refusal": 8,
    "slow_then_expire": 4,
    "some_failed": 8,
    "structured_output": 8,
    # Given up and cancelled after 25 hours: one more line ends while that goes on.
    "stuck_in_progress": 6,
    "stuck_validating": 0,
    "validation_failed": 0,
}
UNANSWERED = {name for name, count in ANSWERED.items() if count == 0}
STUCK = {"stuck_validating", "stuck_in_progress", "stuck_finalizing"}
NEVER_RAN = {
    "cancel_loses_results", "cancel_slow", "cancelled_partial", "expired_empty",
    "expired_partial", "line_null_response", "lines_in_both_files", "slow_then_expire",
    "stuck_in_progress",
}  # fmt: skip
# How many requests are in neither file.
LOST = {"cancel_loses_results": 5}
REFUSED = {"all_failed", "some_failed", "line_404_model", "line_429", "line_500"}

ENDLESS = "goes on waiting"
WRONG = "wrong answers"
TWICE = "billed twice"
SILENT = "does not know why"


def all_of(names: set[str], how: str) -> dict[str, str]:
    """Return a table in which all scenarios break a client in one way."""
    return dict.fromkeys(names, how)


# Which scenarios break a habit, and how; no others do.
BREAKS: dict[type[pollers.Careful], dict[str, str]] = {
    pollers.Careful: {},
    pollers.WaitsForOutputFile: all_of(
        UNANSWERED | STUCK, ENDLESS
    ),
    pollers.WaitsForEver: all_of(STUCK, ENDLESS),
    pollers.StopsAtCountsComplete: all_of(
        {"finalizing_long", "stuck_finalizing", "webhook_before_visible"}, "ValueError"
    ),
    pollers.ExpectsCancelled: {"cancel_loses_race": "ConflictError"},
    pollers.ExpectsTheBatchAtOnce: {"batch_not_visible_yet": "NotFoundError"},
    pollers.KnowsAllStatuses: {"unknown_status": "ValueError"},
    pollers.CompletedOrNothing: all_of(
        NEVER_RAN - {"cancel_loses_results", "expired_empty", "line_null_response"}
        | {"stuck_finalizing", "unknown_status"},
        WRONG,
    ) | all_of({"cancel_loses_results", "expired_empty"}, SILENT),
    pollers.ReadsCounts: {"counts_null": "AttributeError"},
    pollers.ReadsErrorsData: {"errors_as_list": "AttributeError"},
    pollers.ReadsMetadata: {"metadata_null": "TypeError", "metadata_empty": "KeyError"},
    pollers.ComparesTheEndpoint: {"endpoint_variant": "KeyError"},
    pollers.ReadsRawMembers: {"nulls_absent": "KeyError"},
    pollers.RefusesNewMembers: {"new_fields": "ValueError"},
    pollers.TestsIdsForNone: {"empty_string_ids": "ValueError"},
    pollers.ReadsNoErrorFile: all_of(NEVER_RAN - {"lines_in_both_files"} | REFUSED, SILENT),
    pollers.ComesBackTomorrow: {"output_expired": "NotFoundError"},
    pollers.SplitsLines: all_of(
        {"unicode_separators", "garbage_line", "blank_lines"}, "JSONDecodeError"
    ),
    pollers.ParsesEveryLine: {"garbage_line": "JSONDecodeError"},
    pollers.ExpectsALinePerCount: all_of(
        {"missing_lines", "duplicate_lines", "garbage_line", "lines_in_both_files"},
        "AssertionError",
    ),
    pollers.CutsAtTheLastLineFeed: {"no_final_newline": WRONG},
    pollers.LooksForTheBrace: {"crlf": WRONG},
    pollers.ExpectsContent: all_of({"content_filter", "refusal"}, "AttributeError"),
    pollers.TakesAnyText: all_of({"finish_length", "structured_output"}, WRONG),
    pollers.BelievesTheFormat: {"structured_output": WRONG},
    pollers.BillsFullPrice: {"usage_cached": "AssertionError"},
    pollers.TakesLinesTwice: {"duplicate_lines": TWICE},
    # No scenario promises an order of the lines.
    pollers.JoinsByOrder: all_of(set(NAMES) - UNANSWERED, WRONG),
    pollers.ReadsEveryResponse: all_of(NEVER_RAN, "TypeError"),
    pollers.Expects200: {"status_code_zero": WRONG},
    pollers.TrustsTheErrorMember: all_of(REFUSED, "KeyError"),
    pollers.BillsEveryBody: {"usage_missing": "KeyError"},
    pollers.Naive: all_of(set(NAMES), WRONG)
    | all_of(UNANSWERED | STUCK, ENDLESS)
    | all_of({"missing_lines", "duplicate_lines", "garbage_line"}, "AssertionError")
    | all_of({"unicode_separators", "blank_lines"}, "AssertionError")
    | {"counts_null": "AttributeError"},
}  # fmt: skip
# Those that need a batch of their own; to the others one that has ended will do.
WAITING = [
    pollers.Careful,
    pollers.WaitsForOutputFile,
    pollers.WaitsForEver,
    pollers.StopsAtCountsComplete,
    pollers.ExpectsCancelled,
    pollers.ExpectsTheBatchAtOnce,
    pollers.ComesBackTomorrow,
    pollers.Naive,
]
READING = [habit for habit in BREAKS if habit not in WAITING]
ERRORS = (
    openai.APIStatusError, AssertionError, AttributeError, LookupError, TypeError, ValueError
)  # fmt: skip
# Nothing is wrong with these but the order of their lines.
HARMLESS = {"happy", "instant", "cancel_too_late"}
# Of these a client of one chat batch, which Python reads, learns nothing.
ELSEWHERE = {
    "responses_multi_item",
    "tool_calls",
    "enqueued_quota",
    "enqueued_limit_stuck",
    "batches_per_hour",
}
# Whoever polls hears of no webhook; receivers meet these in test_catalogue.py.
WEBHOOKS = {name for name, one in catalogue().items() if "webhook" in one}


def input_file() -> bytes:
    """Return requests whose answers differ."""
    lines = [
        {
            "custom_id": id,
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": f"Q {id}"}]},
        }
        for id in IDS
    ]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


class Waiting:
    """A client that waits for a batch, and whose sleeps move the clock."""

    def __init__(self, mock: WorldClient, name: str) -> None:
        self.mock = mock
        self.name = name
        self.now = float(START)
        self.cancel_at = START + CANCELS[name] if name in CANCELS else None
        self.client = mock.client.with_options(max_retries=0)
        file = self.client.files.create(file=("in.jsonl", input_file()), purpose="batch")
        options: dict[str, Any] = {"metadata": {"job": "nightly"}}
        if name == "metadata_empty":
            # One that has no metadata to lose.
            options = {}
        self.id = self.client.batches.create(
            input_file_id=file.id,
            endpoint="/v1/chat/completions",
            completion_window="24h",
            **options,
        ).id

    def run(self, habit: type[pollers.Careful]) -> pollers.Careful:
        """Let a client wait for the batch, and return it."""
        poller = habit(self.client, self.sleep, lambda: self.now)
        poller.run(self.id, IDS)
        return poller

    def outcome(self, habit: type[pollers.Careful]) -> str | None:
        """Tell in what way a client goes wrong, None when it does not."""
        try:
            return fault(self.run(habit), self.name)
        except pollers.TooLongError:
            return ENDLESS
        except ERRORS as error:
            return type(error).__name__

    def sleep(self, seconds: float) -> None:
        """Let time pass, and somebody cancel on the way; two days are enough for anybody."""
        until = self.now + seconds
        if until > START + 60 * 3600:
            raise pollers.TooLongError
        if self.cancel_at is not None and self.cancel_at <= until:
            self.mock.clock.advance_to(self.cancel_at)
            self.client.batches.cancel(self.id)
            self.cancel_at = None
        self.mock.clock.advance_to(until)
        self.now = until


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    """Serve all tests of this module."""
    server = LocalServer()
    yield server
    server.close()


def fault(poller: pollers.Careful, name: str) -> str | None:
    """Return what is wrong with the results of a client, None if they are right."""
    mixed = any(f"Q {id}" not in text for id, text in poller.answers.items())
    if mixed or len(poller.answers) != ANSWERED.get(name, len(IDS)):
        return WRONG
    if poller.tokens and poller.tokens != 15 * len(poller.answers):
        return TWICE
    lost = sum(why.startswith("lost") for why in poller.failures.values())
    is_reported = name not in NEVER_RAN | REFUSED or lost <= LOST.get(name, 0)
    return None if is_reported else SILENT


def expected_failures(name: str, habits: list[type[pollers.Careful]]) -> dict[str, str | None]:
    """Return how each habit goes wrong with a scenario, None where it does not."""
    return {habit.__name__: BREAKS[habit].get(name) for habit in habits}


@pytest.mark.parametrize("name", mark_slow_except_each(10, NAMES))
def test_a_habit_of_waiting_breaks_where_it_should(server: LocalServer, name: str) -> None:
    """A client that waits in its own way goes wrong exactly as the table says."""
    outcomes: dict[str, str | None] = {}
    for habit in WAITING:
        with server.world(start_time=START, scenario=name) as mock:
            outcomes[habit.__name__] = Waiting(mock, name).outcome(habit)
    assert outcomes == expected_failures(name, WAITING)


@pytest.mark.parametrize("name", mark_slow_except_each(10, NAMES))
def test_a_habit_of_reading_breaks_where_it_should(server: LocalServer, name: str) -> None:
    """A client that reads in its own way goes wrong exactly as the table says."""
    with server.world(start_time=START, scenario=name) as mock:
        over = Waiting(mock, name)
        careful = over.run(pollers.Careful)
        # Each custom_id has an answer or a reason, and none has both.
        assert sorted([*careful.answers, *careful.failures]) == IDS
        outcomes = {habit.__name__: over.outcome(habit) for habit in READING}
    assert outcomes == expected_failures(name, READING)


def test_every_scenario_breaks_some_habit() -> None:
    """A scenario that finds no bug in any client is of no use."""
    habits = set(BREAKS) - {pollers.Naive, pollers.JoinsByOrder}
    broken = {name for habit in habits for name in BREAKS[habit]}
    assert set(NAMES) - broken <= HARMLESS | ELSEWHERE | WEBHOOKS


@pytest.mark.parametrize("name", sorted(set(NAMES) - STUCK))
def test_the_careful_client_needs_no_sleep(server: LocalServer, name: str) -> None:
    """On a clock that follows its polls the careful client ends after a handful of them."""
    with server.world(start_time=START, scenario=name, clock="on-poll") as mock:
        waiting = Waiting(mock, name)
        poller = pollers.Careful(waiting.client, lambda seconds: None, lambda: START)
        poller.run(waiting.id, IDS)
        path = f"/v1/batches/{waiting.id}"
        # One more that says that there is no such batch, where there is none yet.
        assert sum(request.path == path for request in mock.requests if request.status == 200) <= 3
