"""Each scenario of the catalogue, as the unmodified OpenAI SDK meets it over a socket."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import openai
import pytest

from mockbatch.client import Received, WorldClient
from mockbatch.scenarios import catalogue
from mockbatch.testing.servers import LocalServer
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from tests.support.slow_tests import mark_slow_except_each

START = 1_713_894_800
DAY = 24 * 3600
COUNT = 10
NAMES = sorted(catalogue())

MODEL = "gpt-4o-mini-2024-07-18"
NO_USAGE = {
    "input_tokens": 0,
    "output_tokens": 0,
    "total_tokens": 0,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens_details": {"reasoning_tokens": 0},
}
# As recorded, the order of the members included.
VALIDATING = {
    "id": "batch",
    "object": "batch",
    "endpoint": "/v1/chat/completions",
    "model": None,
    "errors": None,
    "input_file_id": "file",
    "completion_window": "24h",
    "status": "validating",
    "output_file_id": None,
    "error_file_id": None,
    "created_at": 0,
    "in_progress_at": None,
    "expires_at": DAY,
    "finalizing_at": None,
    "completed_at": None,
    "failed_at": None,
    "expired_at": None,
    "cancelling_at": None,
    "cancelled_at": None,
    "request_counts": {"total": 0, "completed": 0, "failed": 0},
    "usage": NO_USAGE,
    "metadata": {"job": "nightly"},
}
RUNNING = {**VALIDATING, "model": MODEL, "status": "in_progress", "in_progress_at": 62}


def counts(completed: int, failed: int = 0) -> dict[str, int]:
    """Return the counts of the batch of ten lines."""
    return {"total": COUNT, "completed": completed, "failed": failed}


FINALIZING = {
    **RUNNING, "status": "finalizing", "finalizing_at": 123, "request_counts": counts(COUNT)
}  # fmt: skip
COMPLETED = {
    **FINALIZING, "status": "completed", "completed_at": 124, "output_file_id": "file",
    "usage": "some",
}  # fmt: skip
INSTANT = {**COMPLETED, "in_progress_at": 0, "finalizing_at": 0, "completed_at": 0}
SOME_FAILED = {**COMPLETED, "error_file_id": "file", "request_counts": counts(8, 2)}
EXPIRED = {
    **RUNNING, "status": "expired", "expired_at": DAY, "output_file_id": "file",
    "error_file_id": "file", "request_counts": counts(4),
}  # fmt: skip
CANCELLED = {
    **RUNNING, "status": "cancelled", "cancelling_at": 200, "cancelled_at": 805,
    "output_file_id": "file", "error_file_id": "file", "request_counts": counts(6),
}  # fmt: skip
HAPPY_PATH = ((0, "validating"), (62, "in_progress"), (123, "finalizing"), (124, "completed"))
EXPIRING_PATH = ((0, "validating"), (62, "in_progress"), (DAY, "expired"))

TOO_LONG = {
    "message": "This model's maximum context length is 128000 tokens. However, your messages "
    "resulted in more. Please reduce the length of the messages.",
    "type": "invalid_request_error",
    "param": "messages",
    "code": "context_length_exceeded",
}
LIMITED = {
    "message": "Rate limit reached.",
    "type": "requests",
    "param": None,
    "code": "rate_limit_exceeded",
}
BROKEN = {
    "message": "The server had an error while processing your request. Sorry about that!",
    "type": "server_error",
    "param": None,
    "code": None,
}
NO_MODEL = {
    "message": "The model does not exist or you do not have access to it.",
    "type": "invalid_request_error",
    "param": None,
    "code": "model_not_found",
}
NOT_IN_TIME = {
    "code": "batch_expired",
    "message": "This request could not be executed before the completion window expired.",
}
NO_ANSWER = {
    "code": "request_timeout",
    "message": "This request could not be executed: it timed out.",
}
NOT_BEFORE_CANCEL = {
    "code": "batch_cancelled",
    "message": "This request was not executed because the batch was cancelled.",
}


def failed_batch(**error: Json) -> dict[str, Json]:
    """Return the object of a batch whose validation has failed."""
    errors = {"object": "list", "data": [error]}
    return {**VALIDATING, "status": "failed", "failed_at": 62, "errors": errors}


@dataclass(frozen=True)
class Facts:
    """What a scenario promises for a batch of ten lines.

    `path` has the seconds after creation and the status from then on; `cancel_at` is when
    the client cancels. `end` is the whole object after that, its instants counted from
    creation. `output` and `error` are how many lines the files have, None without a file;
    an error line is either an answer with `status_code` and `body`, or has `top` as its error.
    """

    path: tuple[tuple[int, str], ...] = HAPPY_PATH
    end: dict[str, Json] = field(default_factory=lambda: COMPLETED)
    cancel_at: int | None = None
    output: int | None = COUNT
    error: int | None = None
    status_code: int | None = None
    body: dict[str, Json] | None = None
    top: dict[str, Json] | None = None
    # For what neither status nor object nor number of lines tells: the test that does.
    shown_by: str | None = None


FACTS = {
    "happy": Facts(),
    "instant": Facts(path=((0, "completed"),), end=INSTANT),
    "all_failed": Facts(
        end={
            **COMPLETED, "output_file_id": None, "error_file_id": "file",
            "request_counts": counts(0, 10), "usage": NO_USAGE,
        },
        output=None, error=10, status_code=400, body=TOO_LONG,
    ),
    "some_failed": Facts(end=SOME_FAILED, output=8, error=2, status_code=400, body=TOO_LONG),
    "line_404_model": Facts(end=SOME_FAILED, output=8, error=2, status_code=404, body=NO_MODEL),
    "line_429": Facts(end=SOME_FAILED, output=8, error=2, status_code=429, body=LIMITED),
    "line_500": Facts(end=SOME_FAILED, output=8, error=2, status_code=500, body=BROKEN),
    "validation_failed": Facts(
        path=((0, "validating"), (62, "failed")),
        end=failed_batch(
            code="invalid_json_line", message="This line is not parseable as valid JSON.",
            param=None, line=1,
        ),
        output=None,
    ),
    "enqueued_limit": Facts(
        path=((0, "validating"), (62, "failed")),
        end=failed_batch(
            code="token_limit_exceeded",
            message="Enqueued token limit reached for gpt-4o-mini in organization org-mockbatch. "
            "Limit: 2,000,000 enqueued tokens. Please try again once some in_progress batches "
            "have been completed.",
            param=None, line=None,
        ),
        output=None,
    ),
    "expired_partial": Facts(EXPIRING_PATH, EXPIRED, output=4, error=6, top=NOT_IN_TIME),
    "expired_empty": Facts(
        EXPIRING_PATH,
        {**EXPIRED, "output_file_id": None, "request_counts": counts(0)},
        output=None, error=10, top=NOT_IN_TIME,
    ),
    "slow_then_expire": Facts(
        ((0, "validating"), (62, "in_progress"), (DAY + 1800, "expired")),
        {**EXPIRED, "expired_at": DAY + 1800},
        output=4, error=6, top=NOT_IN_TIME,
    ),
    "cancelled_partial": Facts(
        ((0, "validating"), (62, "in_progress"), (200, "cancelling"), (805, "cancelled")),
        CANCELLED, cancel_at=200, output=6, error=4, top=NOT_BEFORE_CANCEL,
    ),
    "cancel_before_start": Facts(
        ((0, "validating"), (200, "cancelling"), (805, "cancelled")),
        {**VALIDATING, "status": "cancelled", "cancelling_at": 200, "cancelled_at": 805},
        cancel_at=200, output=None,
    ),
    "cancel_slow": Facts(
        ((0, "validating"), (62, "in_progress"), (1862, "cancelling"), (2468, "cancelled")),
        {**CANCELLED, "cancelling_at": 1862, "cancelled_at": 2468},
        cancel_at=1862, output=6, error=4, top=NOT_BEFORE_CANCEL,
    ),
    "cancel_too_late": Facts(
        ((0, "completed"),), INSTANT, shown_by="test_a_late_cancel_is_a_conflict"
    ),
    "cancel_loses_race": Facts(
        ((0, "validating"), (62, "in_progress"), (92, "cancelling"), (124, "completed")),
        {**COMPLETED, "finalizing_at": None, "cancelling_at": 92},
        cancel_at=92,
    ),
    "cancel_loses_results": Facts(
        ((0, "validating"), (62, "in_progress"), (200, "cancelling"), (805, "cancelled")),
        {**CANCELLED, "output_file_id": None, "request_counts": counts(0)},
        cancel_at=200, output=None, error=5, top=NOT_BEFORE_CANCEL,
    ),
    "finalizing_long": Facts(
        (*HAPPY_PATH[:3], (3723, "completed")), {**COMPLETED, "completed_at": 3723}
    ),
    "stuck_validating": Facts(((0, "validating"),), VALIDATING, output=None),
    "stuck_in_progress": Facts(
        HAPPY_PATH[:2], {**RUNNING, "request_counts": counts(5)}, output=None
    ),
    "stuck_finalizing": Facts(HAPPY_PATH[:3], FINALIZING, output=None),
    "batch_not_visible_yet": Facts(
        ((5, "validating"), *HAPPY_PATH[1:]), shown_by="test_a_new_batch_is_not_found_at_first"
    ),
    "output_expired": Facts(shown_by="test_files_are_gone_an_hour_after_the_end"),
    "counts_null": Facts(end={**COMPLETED, "request_counts": None}),
    "empty_string_ids": Facts(end={**COMPLETED, "error_file_id": ""}),
    "endpoint_variant": Facts(end={**COMPLETED, "endpoint": "/chat/completions"}),
    "errors_as_list": Facts(end={**COMPLETED, "errors": []}),
    "metadata_empty": Facts(end={**COMPLETED, "metadata": {}}),
    "metadata_null": Facts(end={**COMPLETED, "metadata": None}),
    "new_fields": Facts(
        end={
            **COMPLETED, "queue_position": 7, "estimated_completion_at": None,
            "region": {"name": "eu"},
        },
    ),
    "nulls_absent": Facts(
        end={name: value for name, value in COMPLETED.items() if value is not None}
    ),
    "unknown_status": Facts(
        ((0, "queued"), (62, "running"), (124, "succeeded")), {**COMPLETED, "status": "succeeded"}
    ),
    "duplicate_lines": Facts(output=12),
    "garbage_line": Facts(output=11),
    "missing_lines": Facts(output=8),
    "status_code_zero": Facts(shown_by="test_lines_say_status_code_zero"),
    "unicode_separators": Facts(shown_by="test_splitlines_cuts_lines_in_pieces"),
    "usage_missing": Facts(shown_by="test_bodies_have_no_usage"),
    "usage_cached": Facts(shown_by="test_half_of_each_prompt_is_cached"),
    "finish_length": Facts(shown_by="test_two_answers_are_others"),
    "refusal": Facts(shown_by="test_two_answers_are_others"),
    "content_filter": Facts(shown_by="test_two_answers_are_others"),
    "structured_output": Facts(shown_by="test_two_answers_are_others"),
    "responses_multi_item": Facts(shown_by="test_the_first_message_is_the_beginning_of_the_second"),
    "tool_calls": Facts(shown_by="test_the_tools_that_are_offered_are_called"),
    "line_null_response": Facts(end=SOME_FAILED, output=8, error=2, top=NO_ANSWER),
    "lines_in_both_files": Facts(EXPIRING_PATH, EXPIRED, output=10, error=6, top=NOT_IN_TIME),
    "blank_lines": Facts(output=12),
    # The text behind the last line feed is the tenth.
    "no_final_newline": Facts(output=9),
    "crlf": Facts(shown_by="test_every_line_ends_in_a_carriage_return"),
    "enqueued_quota": Facts(shown_by="test_a_quota_is_free_again_after_the_end"),
    "enqueued_limit_stuck": Facts(shown_by="test_a_quota_stays_used_up_for_a_day"),
    "batches_per_hour": Facts(shown_by="test_one_batch_an_hour_is_a_429_for_the_next"),
    "webhook_bad_signature": Facts(shown_by="test_a_bad_signature_is_never_accepted"),
    "webhook_before_visible": Facts(
        (*HAPPY_PATH[:3], (243, "completed")), {**COMPLETED, "completed_at": 243},
        shown_by="test_an_event_comes_before_its_batch_has_ended",
    ),
    "webhook_delayed": Facts(shown_by="test_an_event_comes_an_hour_late"),
    "webhook_duplicate": Facts(shown_by="test_an_event_comes_twice"),
    "webhook_future_timestamp": Facts(shown_by="test_a_time_stamp_is_refused"),
    "webhook_lost": Facts(shown_by="test_an_event_is_lost"),
    "webhook_out_of_order": Facts(shown_by="test_events_come_in_reverse_order"),
    "webhook_receiver_fails": Facts(shown_by="test_an_event_comes_at_the_fourth_attempt"),
    "webhook_rotated_secret": Facts(shown_by="test_one_of_two_signatures_holds"),
    "webhook_stale_timestamp": Facts(shown_by="test_a_time_stamp_is_refused"),
}  # fmt: skip

OBJECTS = sorted(name for name, one in catalogue().items() if "object" in one)
# What is not as in the honest object, at the end.
CHANGED = {
    "counts_null": {"request_counts"},
    "empty_string_ids": {"error_file_id"},
    "endpoint_variant": {"endpoint"},
    "errors_as_list": {"errors"},
    "metadata_empty": {"metadata"},
    "metadata_null": {"metadata"},
    "new_fields": {"queue_position", "estimated_completion_at", "region"},
    "nulls_absent": {
        "errors", "error_file_id", "failed_at", "expired_at", "cancelling_at", "cancelled_at"
    },
    "unknown_status": {"status"},
}  # fmt: skip
OUTPUTS = sorted(name for name, one in catalogue().items() if "output" in one)
# What can be said of the answers that are no default.
OTHERS: dict[str, Callable[[Json], bool]] = {
    "finish_length": lambda choice: choice["finish_reason"] == "length",
    "refusal": lambda choice: choice["message"]["refusal"] and not choice["message"]["content"],
    "content_filter": lambda choice: (
        (choice["finish_reason"], choice["message"]["content"]) == ("content_filter", None)
    ),
    "structured_output": lambda choice: (
        not is_json(choice["message"]["content"])
        and choice["message"]["content"].startswith("Here is the JSON")
    ),
}
# Not each of their lines is an answer.
MIXED = {"garbage_line", "blank_lines", "lines_in_both_files"}
# Lines that ran are in neither file.
LOSING = {"cancel_loses_results"}
STUCK = {"stuck_validating", "stuck_in_progress", "stuck_finalizing"}
WITH_CANCEL = sorted(name for name, facts in FACTS.items() if facts.cancel_at is not None)
WITH_OUTPUT = sorted(name for name, facts in FACTS.items() if facts.output is not None)
WITH_ERROR = sorted(name for name, facts in FACTS.items() if facts.error is not None)
ANSWERED = sorted(name for name, facts in FACTS.items() if facts.status_code is not None)
NEVER_RAN = sorted(name for name, facts in FACTS.items() if facts.top is not None)


def input_file() -> bytes:
    """Return ten requests whose answers differ."""
    lines = [
        {
            "custom_id": f"line-{number}",
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {
                "model": "gpt-4o-mini",
                "messages": [{"role": "user", "content": f"Question {number}"}],
            },
        }
        for number in range(COUNT)
    ]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


class Run:
    """A batch of ten lines in a scenario, its clock standing at creation."""

    def __init__(self, mock: WorldClient, name: str, **options: Json) -> None:
        self.mock = mock
        self.name = name
        self.facts = FACTS[name]
        # Without retries, but for those that are counted: a 409 would take seconds.
        self.client = mock.client.with_options(max_retries=0)
        file = mock.client.files.create(file=("in.jsonl", input_file()), purpose="batch")
        if name != "metadata_empty":
            options.setdefault("metadata", {"job": "nightly"})
        self.created = mock.client.batches.create(
            input_file_id=file.id,
            endpoint="/v1/chat/completions",
            completion_window="24h",
            **options,
        )
        self.id = self.created.id

    def at(self, seconds: float) -> "Run":
        """Move to an instant after creation."""
        self.mock.clock.advance_to(START + seconds)
        return self

    def raw(self) -> dict[str, Json]:
        """Return the object as it came over the wire."""
        answer = self.client.batches.with_raw_response.retrieve(self.id)
        return json.loads(answer.http_response.content)

    def batch(self) -> Any:
        """Return the object as the SDK shows it."""
        return self.client.batches.retrieve(self.id)

    def cancel(self) -> Any:
        """Cancel the batch."""
        return self.client.batches.cancel(self.id)

    def ended(self) -> "Run":
        """Let all happen that the facts tell, cancel included; a week is for ever."""
        if self.facts.cancel_at is not None:
            self.at(self.facts.cancel_at).cancel()
        return self.at(7 * DAY if self.name in STUCK else self.facts.path[-1][0])

    def text(self, kind: str) -> str:
        """Return a file of the batch."""
        id = self.raw().get(f"{kind}_file_id")
        return self.client.files.content(id).text

    def lines(self, kind: str) -> list[str]:
        """Return the lines of a file of the batch."""
        return self.text(kind).split("\n")[:-1]

    def parsed(self, kind: str) -> list[dict[str, Json]]:
        """Return the lines of a file of the batch, parsed."""
        return [json.loads(line) for line in self.lines(kind)]


def create_limited(mock: WorldClient, name: str, **parameters: str) -> str:
    """Create a batch of ten lines, a hundred tokens, in a scenario with parameters."""
    file = mock.client.files.create(file=("in.jsonl", input_file()), purpose="batch")
    given = {f"mockbatch_{key}": value for key, value in parameters.items()}
    return mock.client.batches.create(
        input_file_id=file.id,
        endpoint="/v1/chat/completions",
        completion_window="24h",
        metadata={"mockbatch_scenario": name, **given},
    ).id


def only_body(server: LocalServer, name: str, path: str, body: Json) -> Json:
    """Return the body of the only line of a batch in a scenario."""
    line = {"custom_id": "a", "method": "POST", "url": path, "body": body}
    with server.world(start_time=START, scenario=name) as mock:
        sent = json.dumps(line).encode()
        file = mock.client.files.create(file=("in.jsonl", sent), purpose="batch")
        batch = mock.client.batches.create(
            input_file_id=file.id, endpoint=path, completion_window="24h"
        )
        mock.clock.run_until(batch)
        output = mock.client.batches.retrieve(batch.id).output_file_id
        return mock.client.files.content(output).json()["response"]["body"]


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    """Serve all tests of this module."""
    server = LocalServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def ended(server: LocalServer) -> Callable[[str], Run]:
    """Give the batch of ten lines of a scenario at its end, to be looked at and left alone."""

    @cache
    def at_its_end(name: str) -> Run:
        return Run(server.world(start_time=START, scenario=name), name).ended()

    return at_its_end


@pytest.fixture
def play(server: LocalServer) -> Iterator[Callable[..., Run]]:
    """Create a batch of ten lines in a scenario, in a world of its own."""
    worlds: list[WorldClient] = []

    def start(name: str, **options: Json) -> Run:
        worlds.append(server.world(start_time=START, scenario=name))
        return Run(worlds[-1], name, **options)

    yield start
    for world in worlds:
        world.close()


def is_json(text: str) -> bool:
    """Return whether a text can be parsed."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def twin(server: LocalServer, name: str, *, distorted: bool) -> dict[str, Json]:
    """Return the last object of a batch in a scenario, or of the same batch in happy."""
    # The key of a world decides all its ids, and its name the key.
    with server.world("twin", start_time=START, scenario=name if distorted else "happy") as world:
        run = Run(world, name)
        return run.at(run.facts.path[-1][0]).raw()


def normal(shown: dict[str, Json]) -> dict[str, Json]:
    """Return an object with ids as their kinds and instants counted from creation."""
    found = dict(shown)
    for name, value in shown.items():
        if isinstance(value, str) and re.fullmatch(r"batch_[0-9a-f]{12}8190[0-9a-f]{16}", value):
            found[name] = "batch"
        elif isinstance(value, str) and re.fullmatch(r"file-[0-9A-Za-z]{22}", value):
            found[name] = "file"
        elif name.endswith("_at") and isinstance(value, int):
            found[name] = value - START
    if found["usage"]["total_tokens"]:
        found["usage"] = "some"
    return found


def test_every_scenario_has_facts() -> None:
    """No scenario is in the catalogue of which nothing is said here."""
    assert sorted(FACTS) == NAMES


def test_no_scenario_is_only_happy() -> None:
    """What is said of a scenario is more than what is said of happy."""
    assert [name for name in NAMES if FACTS[name] == FACTS["happy"]] == ["happy"]


@pytest.mark.parametrize(
    "name", mark_slow_except_each(5, [name for name in NAMES if FACTS[name].shown_by])
)
def test_what_is_shown_elsewhere_is_shown(name: str) -> None:
    """A test that the table refers to is there."""
    groups = (TestTheFiles, TestTheEdges, TestTheQuotas, TestTheWebhooks)
    assert any(hasattr(group, str(FACTS[name].shown_by)) for group in groups)


class TestTheBatch:
    """The object on its way, and at its end."""

    @pytest.mark.parametrize("name", mark_slow_except_each(5, NAMES))
    def test_statuses_come_at_their_second(self, play: Callable[..., Run], name: str) -> None:
        """Each status begins on its second, and the one before lasts until then."""
        run = play(name)
        seen = []
        for (_, before), (at, _) in zip(
            ((0, None), *run.facts.path), run.facts.path, strict=False
        ):  # fmt: skip
            if before is not None:
                assert (at - 1, run.at(at - 1).raw()["status"]) == (at - 1, before)
            run.at(at)
            if at == run.facts.cancel_at:
                run.cancel()
            seen.append((at, run.raw()["status"]))
        assert tuple(seen) == run.facts.path

    @pytest.mark.parametrize("name", mark_slow_except_each(5, NAMES))
    def test_the_object_is_field_for_field(self, ended: Callable[[str], Run], name: str) -> None:
        """At its end the whole object is as it is known, and nothing else is in it."""
        run = ended(name)
        assert normal(run.raw()) == run.facts.end

    @pytest.mark.parametrize("name", mark_slow_except_each(5, NAMES))
    def test_keys_come_in_the_recorded_order(self, ended: Callable[[str], Run], name: str) -> None:
        """The members that a recorded object has stand in its order."""
        found = [key for key in ended(name).raw() if key in VALIDATING]
        assert found == [key for key in VALIDATING if key in FACTS[name].end]

    @pytest.mark.parametrize("name", mark_slow_except_each(5, sorted(set(NAMES) - STUCK)))
    def test_a_final_object_stays_as_it_is(self, play: Callable[..., Run], name: str) -> None:
        """Polling a batch a day after its end shows the same object."""
        run = play(name).ended()
        end = run.raw()
        assert run.at(run.facts.path[-1][0] + DAY).raw() == end

    @pytest.mark.parametrize("name", mark_slow_except_each(5, sorted(STUCK)))
    def test_a_stuck_batch_has_nothing_coming(self, ended: Callable[[str], Run], name: str) -> None:
        """No event is due for what never moves."""
        assert ended(name).mock.clock.next_event is None

    @pytest.mark.parametrize(
        "name", mark_slow_except_each(5, sorted(set(NAMES) - {"batch_not_visible_yet"}))
    )
    def test_no_file_comes_before_the_end(self, play: Callable[..., Run], name: str) -> None:
        """While a batch is unfinished it names no file."""
        run = play(name)
        last = run.facts.path[-1][0]
        for at, _ in (*run.facts.path[:-1], (last - 1, "")) if last else ():
            run.at(max(at, run.mock.clock.now - START))
            if at == run.facts.cancel_at:
                run.cancel()
            assert not run.raw().get("output_file_id")
            assert not run.raw().get("error_file_id")

    @pytest.mark.parametrize("name", mark_slow_except_each(5, WITH_CANCEL))
    def test_the_answer_to_a_cancel_is_cancelling(
        self, play: Callable[..., Run], name: str
    ) -> None:
        """A cancel is answered with its stamp and without files."""
        run = play(name)
        answer = run.at(run.facts.cancel_at).cancel()
        assert (answer.status, answer.cancelling_at) == (
            "cancelling",
            START + run.facts.cancel_at,
        )

    @pytest.mark.parametrize("name", mark_slow_except_each(5, WITH_CANCEL))
    def test_a_second_cancel_changes_nothing(self, play: Callable[..., Run], name: str) -> None:
        """A batch that is being cancelled takes another cancel with a 200."""
        run = play(name)
        run.at(run.facts.cancel_at).cancel()
        again = run.at(run.facts.cancel_at + 10).cancel()
        assert (again.status, again.cancelling_at) == ("cancelling", START + run.facts.cancel_at)

    def test_counts_are_zero_while_validating(self, play: Callable[..., Run]) -> None:
        """The total is not known before in_progress."""
        found = play("happy").at(61).batch().request_counts
        assert (found.total, found.completed, found.failed) == (0, 0, 0)

    def test_counts_grow_while_in_progress(self, play: Callable[..., Run]) -> None:
        """Half-way through in_progress half of the lines are done."""
        assert play("happy").at(62 + 31).batch().request_counts.completed == 5

    def test_counts_are_complete_while_finalizing(self, play: Callable[..., Run]) -> None:
        """In finalizing_long completed equals total for an hour, without a file."""
        found = play("finalizing_long").at(3722).batch()
        assert (found.request_counts.completed, found.output_file_id) == (COUNT, None)

    def test_counts_stop_growing_when_stuck(self, play: Callable[..., Run]) -> None:
        """In stuck_in_progress half of the lines run, as fast as ever."""
        run = play("stuck_in_progress")
        assert run.at(123).batch().request_counts.completed == 5

    def test_counts_are_left_alone_by_a_cancel(self, play: Callable[..., Run]) -> None:
        """The line under way at a cancel counts at the end of cancelling only."""
        assert play("cancelled_partial").at(200).cancel().request_counts.completed == 5

    def test_results_count_until_the_batch_is_cancelled(self, play: Callable[..., Run]) -> None:
        """In cancel_loses_results the lines that ran count until cancelling ends, then not."""
        run = play("cancel_loses_results")
        run.at(200).cancel()
        assert run.at(804).batch().request_counts.completed == 5
        assert run.at(805).batch().request_counts.completed == 0

    def test_the_window_passes_before_the_end(self, play: Callable[..., Run]) -> None:
        """In slow_then_expire a batch is in_progress after its expires_at."""
        found = play("slow_then_expire").at(DAY + 1799).batch()
        assert (found.status, found.expires_at) == ("in_progress", START + DAY)

    def test_usage_is_zero_before_the_end(self, play: Callable[..., Run]) -> None:
        """A batch that runs is billed for nothing yet."""
        assert play("happy").at(123).batch().usage.total_tokens == 0

    def test_usage_is_the_sum_of_the_lines(self, ended: Callable[[str], Run]) -> None:
        """A completed batch is billed for its output file."""
        run = ended("some_failed")
        bodies = [line["response"]["body"] for line in run.parsed("output")]
        total = sum(body["usage"]["total_tokens"] for body in bodies)
        assert run.batch().usage.total_tokens == total


class TestTheFiles:
    """The output and the error file, line by line."""

    @pytest.mark.parametrize("name", mark_slow_except_each(5, WITH_OUTPUT))
    def test_the_output_file_has_its_lines(self, ended: Callable[[str], Run], name: str) -> None:
        """The output file has as many lines as are known."""
        assert len(ended(name).lines("output")) == FACTS[name].output

    @pytest.mark.parametrize("name", mark_slow_except_each(5, WITH_ERROR))
    def test_the_error_file_has_its_lines(self, ended: Callable[[str], Run], name: str) -> None:
        """The error file has as many lines as are known."""
        assert len(ended(name).lines("error")) == FACTS[name].error

    @pytest.mark.parametrize(
        "name",
        mark_slow_except_each(5, sorted({*WITH_OUTPUT, *WITH_ERROR} - set(OUTPUTS) - LOSING)),
    )
    def test_every_request_is_in_one_file(self, ended: Callable[[str], Run], name: str) -> None:
        """The lines of both files are those of the input, each once."""
        run = ended(name)
        kinds = [k for k in ("output", "error") if getattr(run.facts, k) is not None]
        found = [line["custom_id"] for kind in kinds for line in run.parsed(kind)]
        assert sorted(found) == [f"line-{number}" for number in range(COUNT)]

    @pytest.mark.parametrize(
        "name", mark_slow_except_each(5, sorted(set(WITH_OUTPUT) - set(OUTPUTS)))
    )
    def test_output_lines_are_in_the_recorded_form(
        self, ended: Callable[[str], Run], name: str
    ) -> None:
        """A line has the recorded members and ids, status 200 and no error."""
        for line in ended(name).parsed("output"):
            assert list(line) == ["id", "custom_id", "response", "error"]
            assert re.fullmatch(r"batch_req_[0-9a-f]{12}8190[0-9a-f]{16}", line["id"])
            assert list(line["response"]) == ["status_code", "request_id", "body"]
            assert (line["response"]["status_code"], line["error"]) == (200, None)

    @pytest.mark.parametrize(
        "name", mark_slow_except_each(5, sorted(set(WITH_OUTPUT) - set(OUTPUTS)))
    )
    def test_output_bodies_keep_the_contract(self, ended: Callable[[str], Run], name: str) -> None:
        """The body of a line is one of its endpoint."""
        for line in ended(name).parsed("output"):
            body = line["response"]["body"]
            assert schema("chat_completions.response").error(body) is None

    @pytest.mark.parametrize(
        "name", mark_slow_except_each(5, sorted(set(WITH_OUTPUT) - MIXED - set(OTHERS)))
    )
    def test_answers_belong_to_their_requests(self, ended: Callable[[str], Run], name: str) -> None:
        """By its custom_id a line has the answer to its own question."""
        for line in ended(name).parsed("output"):
            text = line["response"]["body"]["choices"][0]["message"]["content"]
            number = line["custom_id"].removeprefix("line-")
            assert re.match(rf"Mock reply to: Question {number}\b", text)

    def test_the_output_is_in_another_order(self, ended: Callable[[str], Run]) -> None:
        """A client that joins by order finds out in every scenario."""
        found = [line["custom_id"] for line in ended("happy").parsed("output")]
        assert found != [f"line-{number}" for number in range(COUNT)]

    @pytest.mark.parametrize("name", mark_slow_except_each(5, ANSWERED))
    def test_failed_lines_have_an_answer(self, ended: Callable[[str], Run], name: str) -> None:
        """A failed line has its status and error body in `response`, and a null `error`."""
        facts = FACTS[name]
        for line in ended(name).parsed("error"):
            assert line["response"]["status_code"] == facts.status_code
            assert line["response"]["body"] == {"error": facts.body}
            assert line["error"] is None

    @pytest.mark.parametrize("name", mark_slow_except_each(5, NEVER_RAN))
    def test_lines_that_never_ran_have_none(self, ended: Callable[[str], Run], name: str) -> None:
        """A line that never ran has a null `response`, and says why in `error`."""
        for line in ended(name).parsed("error"):
            assert (line["response"], line["error"]) == (None, FACTS[name].top)

    def test_files_are_gone_an_hour_after_the_end(self, play: Callable[..., Run]) -> None:
        """In output_expired the content is a 404 an hour later, though the batch names it."""
        run = play("output_expired").at(124 + 3600)
        with pytest.raises(openai.NotFoundError):
            run.client.files.content(run.batch().output_file_id)

    def test_files_are_there_until_then(self, play: Callable[..., Run]) -> None:
        """In output_expired the content is there for the second before."""
        assert len(play("output_expired").at(124 + 3599).lines("output")) == COUNT

    def test_splitlines_cuts_lines_in_pieces(self, ended: Callable[[str], Run]) -> None:
        """Three raw separators in each line are four lines to splitlines()."""
        run = ended("unicode_separators")
        assert len(run.text("output").splitlines()) == 4 * COUNT

    def test_the_sdk_cuts_lines_in_pieces_too(self, ended: Callable[[str], Run]) -> None:
        """The SDK's own iter_lines() is no better."""
        run = ended("unicode_separators")
        content = run.client.files.content(run.batch().output_file_id)
        assert len(list(content.iter_lines())) == 4 * COUNT

    def test_one_line_is_garbage(self, ended: Callable[[str], Run]) -> None:
        """In garbage_line the one in the middle cannot be parsed."""
        lines = ended("garbage_line").lines("output")
        assert [place for place, line in enumerate(lines) if not is_json(line)] == [COUNT // 2]

    def test_lines_are_missing(self, ended: Callable[[str], Run]) -> None:
        """In missing_lines the counts say ten, and eight different lines are there."""
        run = ended("missing_lines")
        found = {line["custom_id"] for line in run.parsed("output")}
        assert (run.batch().request_counts.completed, len(found)) == (COUNT, 8)

    def test_lines_are_there_twice(self, ended: Callable[[str], Run]) -> None:
        """In duplicate_lines two of the lines come again, as they were."""
        lines = ended("duplicate_lines").lines("output")
        assert (len(lines), len(set(lines))) == (12, COUNT)

    def test_lines_say_status_code_zero(self, ended: Callable[[str], Run]) -> None:
        """In status_code_zero a good body has no good status."""
        lines = ended("status_code_zero").parsed("output")
        assert {line["response"]["status_code"] for line in lines} == {0}

    @pytest.mark.parametrize("name", mark_slow_except_each(5, OTHERS))
    def test_two_answers_are_others(self, ended: Callable[[str], Run], name: str) -> None:
        """A fifth of the answers is what the scenario says, and all lines are successes."""
        choices = [line["response"]["body"]["choices"][0] for line in ended(name).parsed("output")]
        assert sum(map(bool, map(OTHERS[name], choices))) == 2

    @pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses"])
    def test_the_tools_that_are_offered_are_called(self, server: LocalServer, path: str) -> None:
        """In tool_calls the arguments are a text of JSON that fits; nothing is said."""
        parameters = {"type": "object", "properties": {"city": {"enum": ["Oslo", "Rome"]}},
                      "required": ["city"]}  # fmt: skip
        weather = {"name": "weather", "parameters": parameters}
        chat = path.endswith("completions")
        said = [{"role": "user", "content": "Rain?"}]
        body = {
            "model": "gpt-4o-mini",
            "tools": [{"type": "function", **({"function": weather} if chat else weather)}],
            "messages" if chat else "input": said,
        }
        answer = only_body(server, "tool_calls", path, body)
        if chat:
            [choice] = answer["choices"]
            assert (choice["message"]["content"], choice["finish_reason"]) == (None, "tool_calls")
            [call] = [one["function"] for one in choice["message"]["tool_calls"]]
        else:
            [call] = answer["output"]
            assert (call["type"], answer["tool_choice"]) == ("function_call", "auto")
        assert call["name"] == "weather"
        assert json.loads(call["arguments"])["city"] in ("Oslo", "Rome")

    def test_two_lines_are_blank(self, ended: Callable[[str], Run]) -> None:
        """In blank_lines the others are whole."""
        lines = ended("blank_lines").lines("output")
        assert [is_json(line) for line in lines].count(False) == lines.count("") == 2

    def test_every_line_ends_in_a_carriage_return(self, ended: Callable[[str], Run]) -> None:
        """In crlf the line feed is the second character of a line's end."""
        assert all(line.endswith("}\r") for line in ended("crlf").lines("output"))

    def test_the_last_line_has_no_end(self, ended: Callable[[str], Run]) -> None:
        """In no_final_newline what follows the last line feed is a whole line."""
        assert is_json(ended("no_final_newline").text("output").split("\n")[-1])

    def test_lines_that_never_ran_are_in_both_files(self, ended: Callable[[str], Run]) -> None:
        """In lines_in_both_files the output file has all lines of the error file, too."""
        run = ended("lines_in_both_files")
        both = {line["custom_id"] for line in run.parsed("error")}
        strays = [line for line in run.parsed("output") if line["response"] is None]
        assert {line["custom_id"] for line in strays} == both

    def test_half_of_each_prompt_is_cached(self, ended: Callable[[str], Run]) -> None:
        """In usage_cached each usage tells it, and the batch the sum."""
        run = ended("usage_cached")
        usages = [line["response"]["body"]["usage"] for line in run.parsed("output")]
        cached = [usage["prompt_tokens_details"]["cached_tokens"] for usage in usages]
        assert cached == [usage["prompt_tokens"] // 2 for usage in usages]
        assert run.batch().usage.input_tokens_details.cached_tokens == sum(cached)

    def test_the_first_message_is_the_beginning_of_the_second(self, server: LocalServer) -> None:
        """In responses_multi_item the answer is not in the first message."""
        body = {"model": "gpt-4o-mini", "input": "How are you?"}
        [piece, whole] = only_body(server, "responses_multi_item", "/v1/responses", body)["output"]
        texts = [item["content"][0]["text"] for item in (piece, whole)]
        assert texts[1].startswith(texts[0])
        assert 0 < len(texts[0]) < len(texts[1])
        assert piece["id"] != whole["id"]

    def test_bodies_have_no_usage(self, ended: Callable[[str], Run]) -> None:
        """In usage_missing no body has a usage."""
        lines = ended("usage_missing").parsed("output")
        assert not any("usage" in line["response"]["body"] for line in lines)


class TestTheEdges:
    """What a request is answered, where that is what a scenario is about."""

    def test_a_late_cancel_is_a_conflict(self, play: Callable[..., Run]) -> None:
        """In cancel_too_late a cancel is refused with a 409."""
        with pytest.raises(openai.ConflictError) as refused:
            play("cancel_too_late").cancel()
        assert refused.value.body == {
            "message": "Cannot cancel a batch with status 'completed'.",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }

    def test_a_late_cancel_is_sent_three_times(self, play: Callable[..., Run]) -> None:
        """The SDK takes a 409 for something that passes."""
        run = play("cancel_too_late")
        with pytest.raises(openai.ConflictError):
            run.mock.client.batches.cancel(run.id)
        path = f"/v1/batches/{run.id}/cancel"
        sent = [one.retry_count for one in run.mock.requests if one.path == path]
        assert sent == [0, 1, 2]

    @pytest.mark.parametrize("seconds", [0, 4])
    def test_a_new_batch_is_not_found_at_first(
        self, play: Callable[..., Run], seconds: int
    ) -> None:
        """In batch_not_visible_yet a retrieve is a 404 for five seconds."""
        with pytest.raises(openai.NotFoundError):
            play("batch_not_visible_yet").at(seconds).batch()

    def test_a_404_is_not_sent_again(self, play: Callable[..., Run]) -> None:
        """The SDK takes a 404 for an answer."""
        run = play("batch_not_visible_yet")
        with pytest.raises(openai.NotFoundError):
            run.mock.client.batches.retrieve(run.id)
        sent = [one for one in run.mock.requests if one.path == f"/v1/batches/{run.id}"]
        assert len(sent) == 1

    @pytest.mark.parametrize(
        "name", sorted(set(NAMES) - {"cancel_too_late", "instant", "unknown_status"})
    )
    def test_create_answers_validating(self, play: Callable[..., Run], name: str) -> None:
        """A batch is accepted whatever its scenario."""
        assert play(name).created.status == "validating"

    @pytest.mark.parametrize(
        ("code", "line", "param", "begins"),
        [
            ("invalid_json_line", 3, None, "This line is not parseable"),
            ("missing_required_parameter", 3, "custom_id", "Missing required parameter:"),
            ("invalid_request", None, "file_id", "Cannot find file file-"),
            ("invalid_method", 3, "method", "The method must be"),
            ("invalid_url", 3, "url", "The URL provided for this request does not match"),
            ("model_not_found", 3, "body.model", "The provided model 'gpt-4o-mini' is not"),
            ("mismatched_model", 3, "body.model", "The model 'gpt-4o-mini' for this request"),
            ("duplicate_custom_id", 3, "custom_id", "The custom_id 'request-1' for this"),
            ("streaming_unsupported", 3, "body.stream", "Chat Completions: Streaming is not"),
            ("too_many_tasks", None, None, "The input file contains more than 50000 requests."),
            ("empty_file", None, None, "The input file contains no requests."),
            ("token_limit_exceeded", None, None, "Enqueued token limit reached for gpt-4o-mini"),
            ("billing_hard_limit_reached", None, None, "Billing hard limit has been reached"),
        ],
    )
    def test_validation_fails_with_any_code(
        self, play: Callable[..., Run], code: str, line: int | None, param: str | None, begins: str
    ) -> None:
        """In validation_failed the batch fails with the requested code, and its line.

        What is wrong with a file as a whole names none.
        """
        metadata = {
            "mockbatch_scenario": "validation_failed",
            "mockbatch_code": code,
            "mockbatch_line": "3",
        }
        [error] = play("validation_failed", metadata=metadata).ended().batch().errors.data
        assert (error.code, error.line, error.param) == (code, line, param)
        assert error.message.startswith(begins)


class TestTheQuotas:
    """What scenarios limit: other batches meet it."""

    def test_a_quota_is_free_again_after_the_end(self, server: LocalServer) -> None:
        """In enqueued_quota a second batch fails while the first runs, and a third passes."""
        with server.world(start_time=START) as mock:
            first, second = (create_limited(mock, "enqueued_quota", tokens="150") for _ in range(2))
            mock.clock.advance_to(START + 62)
            third = create_limited(mock, "enqueued_quota", tokens="150")
            mock.clock.advance(hours=1)
            ends = [mock.client.batches.retrieve(id).status for id in (first, second, third)]
        assert ends == ["completed", "failed", "completed"]

    @pytest.mark.parametrize(("hours", "end"), [(23, "failed"), (24, "completed")])
    def test_a_quota_stays_used_up_for_a_day(
        self, server: LocalServer, hours: int, end: str
    ) -> None:
        """In enqueued_limit_stuck a batch fails for 24 hours after the first has ended."""
        with server.world(start_time=START) as mock:
            create_limited(mock, "enqueued_limit_stuck", tokens="150")
            mock.clock.advance_to(START + 124 + hours * 3600)
            later = create_limited(mock, "happy")
            mock.clock.advance(hours=1)
            assert mock.client.batches.retrieve(later).status == end

    def test_one_batch_an_hour_is_a_429_for_the_next(self, server: LocalServer) -> None:
        """In batches_per_hour a refused batch is none, and passes an hour later."""
        with server.world(start_time=START) as mock:
            create_limited(mock, "batches_per_hour", batches="1")
            with pytest.raises(openai.RateLimitError) as refused:
                create_limited(mock, "happy")
            assert refused.value.response.headers["Retry-After"] == "3600"
            mock.clock.advance(3600)
            create_limited(mock, "happy")
            assert len(mock.client.batches.list().data) == 2


class TestParameters:
    """What a parameter changes, steered from the batch's metadata."""

    @pytest.mark.parametrize(("fraction", "done"), [("0", 0), ("0.1", 1), ("0.7", 7), ("1", 10)])
    def test_expired_partial_runs_a_fraction(
        self, play: Callable[..., Run], fraction: str, done: int
    ) -> None:
        """`fraction` is the share of the lines that run in time."""
        metadata = {"mockbatch_scenario": "expired_partial", "mockbatch_fraction": fraction}
        run = play("expired_partial", metadata=metadata).at(DAY)
        assert run.batch().request_counts.completed == done

    @pytest.mark.parametrize("name", ["some_failed", "line_429", "line_500", "line_404_model"])
    def test_a_fraction_of_the_lines_fails(self, play: Callable[..., Run], name: str) -> None:
        """`fraction` is the share of the lines that fail."""
        metadata = {"mockbatch_scenario": name, "mockbatch_fraction": "0.5"}
        run = play(name, metadata=metadata).at(124)
        assert run.batch().request_counts.failed == 5

    @pytest.mark.parametrize("stage", ["validating", "in_progress", "finalizing"])
    def test_happy_lasts_as_long_as_its_parameters_say(
        self, play: Callable[..., Run], stage: str
    ) -> None:
        """Each stage of happy can be given its seconds."""
        usual = {"validating": 62, "in_progress": 61, "finalizing": 1}
        metadata = {"mockbatch_scenario": "happy", f"mockbatch_{stage}": "1000"}
        run = play("happy", metadata=metadata).at(3 * DAY)
        assert run.batch().completed_at == START + 124 - usual[stage] + 1000

    def test_files_live_as_long_as_requested(self, play: Callable[..., Run]) -> None:
        """`seconds` of output_expired is how long the files live."""
        metadata = {"mockbatch_scenario": "output_expired", "mockbatch_seconds": "10"}
        run = play("output_expired", metadata=metadata).at(124)
        file = run.client.files.retrieve(run.batch().output_file_id)
        assert file.expires_at == file.created_at + 10


class TestDistortions:
    """What no schema allows: the checked object, or the files, changed on the way out."""

    @pytest.mark.parametrize("name", mark_slow_except_each(5, OBJECTS))
    def test_the_honest_object_is_valid(self, server: LocalServer, name: str) -> None:
        """Without its distortion the object is one that keeps the contract."""
        assert schema("batch").error(twin(server, name, distorted=False)) is None

    @pytest.mark.parametrize("name", mark_slow_except_each(5, OBJECTS))
    def test_nothing_else_is_distorted(self, server: LocalServer, name: str) -> None:
        """Only those members differ from the honest object that the scenario is about."""
        shown, honest = (twin(server, name, distorted=which) for which in (True, False))
        missing = object()
        differ = {
            key for key in {*shown, *honest} if shown.get(key, missing) != honest.get(key, missing)
        }
        assert differ == CHANGED[name]

    @pytest.mark.parametrize("name", mark_slow_except_each(5, OBJECTS))
    def test_the_journal_names_the_scenario(self, ended: Callable[[str], Run], name: str) -> None:
        """The entry of a distorted retrieve has the scenario's name."""
        run = ended(name)
        run.raw()
        assert run.mock.requests[-1].fault == name

    @pytest.mark.parametrize("name", mark_slow_except_each(5, sorted(set(NAMES) - set(OBJECTS))))
    def test_the_journal_names_no_honest_answer(
        self, ended: Callable[[str], Run], name: str
    ) -> None:
        """A retrieve of what is only unlucky met no fault."""
        run = ended(name)
        run.raw()
        assert run.mock.requests[-1].fault is None

    @pytest.mark.parametrize("name", mark_slow_except_each(5, sorted(set(NAMES) - set(OBJECTS))))
    def test_what_is_not_distorted_keeps_the_contract(
        self, ended: Callable[[str], Run], name: str
    ) -> None:
        """An object that is only unlucky is valid."""
        kind = "batch_wire" if name == "cancel_loses_race" else "batch"
        assert schema(kind).error(ended(name).raw()) is None

    def test_null_counts_are_an_attribute_error(self, ended: Callable[[str], Run]) -> None:
        """In counts_null a client that reads a count without a look dies."""
        with pytest.raises(AttributeError):
            ended("counts_null").batch().request_counts.completed  # noqa: B018

    def test_the_sdk_requests_no_empty_id(self, ended: Callable[[str], Run]) -> None:
        """In empty_string_ids it rejects the id, which is not None."""
        run = ended("empty_string_ids")
        with pytest.raises(ValueError, match="file_id"):
            run.client.files.content(run.batch().error_file_id)

    def test_empty_ids_come_before_the_end(self, play: Callable[..., Run]) -> None:
        """In empty_string_ids an unfinished batch has two empty ids."""
        found = play("empty_string_ids").at(70).batch()
        assert (found.output_file_id, found.error_file_id) == ("", "")

    def test_errors_are_a_bare_list(self, ended: Callable[[str], Run]) -> None:
        """In errors_as_list the SDK hands the list through."""
        assert ended("errors_as_list").batch().errors == []

    def test_a_list_has_no_data(self, ended: Callable[[str], Run]) -> None:
        """In errors_as_list a client that looks for errors.data dies."""
        with pytest.raises(AttributeError):
            ended("errors_as_list").batch().errors.data  # noqa: B018

    def test_any_status_is_passed_through(self, ended: Callable[[str], Run]) -> None:
        """In unknown_status the SDK does not mind a word that it does not know."""
        assert ended("unknown_status").batch().status == "succeeded"

    def test_what_is_absent_is_none(self, ended: Callable[[str], Run]) -> None:
        """In nulls_absent the SDK fills in what is not there."""
        assert ended("nulls_absent").batch().failed_at is None

    def test_new_members_can_be_read(self, ended: Callable[[str], Run]) -> None:
        """In new_fields the SDK keeps what it does not know."""
        assert ended("new_fields").batch().queue_position == 7

    def test_metadata_is_lost(self, ended: Callable[[str], Run]) -> None:
        """In metadata_null the SDK has None for what was sent."""
        assert ended("metadata_null").batch().metadata is None

    def test_metadata_that_was_sent_stays(self, play: Callable[..., Run]) -> None:
        """In metadata_empty only what was not sent is an empty object."""
        run = play("metadata_empty", metadata={"job": "nightly"}).ended()
        assert run.batch().metadata == {"job": "nightly"}

    def test_metadata_that_was_not_sent_is_null(self, play: Callable[..., Run]) -> None:
        """The honest object has null there."""
        assert play("happy", metadata=None).ended().batch().metadata is None

    @pytest.mark.parametrize("name", mark_slow_except_each(5, OBJECTS))
    def test_a_list_is_distorted_too(self, ended: Callable[[str], Run], name: str) -> None:
        """A list shows a batch as a retrieve does."""
        run = ended(name)
        answer = run.client.batches.with_raw_response.list()
        [shown] = json.loads(answer.http_response.content)["data"]
        assert shown == run.raw()

    @pytest.mark.parametrize("name", mark_slow_except_each(5, OUTPUTS))
    def test_a_distorted_file_has_an_honest_batch(
        self, ended: Callable[[str], Run], name: str
    ) -> None:
        """A distortion of the lines of a file does not show in the object."""
        assert normal(ended(name).raw()) == (EXPIRED if FACTS[name].error else COMPLETED)


class WebhookReceiver:
    """What a receiver that uses the SDK's `unwrap` has got about batches."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.received: list[Received] = []
        # Seconds after creation, the type of the event, and the status that GET says then.
        self.seen: list[tuple[float, str, str]] = []
        self.rejected: list[str] = []
        run.mock.webhook(self.receive)

    def receive(self, received: Received) -> int:
        """Accept a delivery, or reject it if the SDK does."""
        client, now = self.run.mock.client, self.run.mock.clock.now
        self.received.append(received)
        try:
            event = client.webhooks.unwrap(received.body, received.headers)
        except openai.InvalidWebhookSignatureError as error:
            self.rejected.append(str(error))
            return 400
        status = client.batches.retrieve(event.data.id).status
        self.seen.append((now - START, event.type, status))
        return 200

    def header(self, name: str) -> list[str]:
        """Return a header of each delivery."""
        return [received.headers[name] for received in self.received]

    def at(self, seconds: float) -> "WebhookReceiver":
        """Move to an instant after creation."""
        self.run.at(seconds)
        return self


class TestTheWebhooks:
    """What a receiver gets in the scenarios about webhooks; after four days all is over."""

    def test_an_event_comes_twice(self, play: Callable[..., Run]) -> None:
        """In webhook_duplicate both are good, and have one webhook-id and one body."""
        receiver = WebhookReceiver(play("webhook_duplicate")).at(4 * DAY)
        assert receiver.seen == [(124, "batch.completed", "completed")] * 2
        assert len(set(receiver.header("webhook-id"))) == 1
        assert len({received.body for received in receiver.received}) == 1

    def test_events_come_in_reverse_order(self, play: Callable[..., Run]) -> None:
        """In webhook_out_of_order the last of two batches that end together comes first."""
        run = play("webhook_out_of_order")
        receiver = WebhookReceiver(run)
        second = run.client.batches.create(
            input_file_id=run.created.input_file_id,
            endpoint="/v1/chat/completions",
            completion_window="24h",
        )
        receiver.at(4 * DAY)
        ids = [json.loads(received.body)["data"]["id"] for received in receiver.received]
        assert ids == [second.id, run.id]
        assert [at for at, _, _ in receiver.seen] == [124 + 54, 124 + 60]

    def test_an_event_comes_an_hour_late(self, play: Callable[..., Run]) -> None:
        """In webhook_delayed it is created at the end, and comes an hour after that."""
        receiver = WebhookReceiver(play("webhook_delayed"))
        assert receiver.at(124 + 3599).seen == []
        assert receiver.at(124 + 3600).seen == [(3724, "batch.completed", "completed")]
        assert json.loads(receiver.received[0].body)["created_at"] == START + 124

    def test_an_event_is_lost(self, play: Callable[..., Run]) -> None:
        """In webhook_lost no receiver is called, and the list of deliveries says so."""
        run = play("webhook_lost")
        assert WebhookReceiver(run).at(4 * DAY).received == []
        assert [one.status for one in run.mock.deliveries] == ["lost"]

    def test_an_event_comes_before_its_batch_has_ended(self, play: Callable[..., Run]) -> None:
        """In webhook_before_visible it comes while GET says finalizing, and not again."""
        receiver = WebhookReceiver(play("webhook_before_visible"))
        assert receiver.at(182).seen == []
        assert receiver.at(4 * DAY).seen == [(183, "batch.completed", "finalizing")]

    def test_a_bad_signature_is_never_accepted(self, play: Callable[..., Run]) -> None:
        """In webhook_bad_signature the SDK refuses it, each of the fifteen times."""
        receiver = WebhookReceiver(play("webhook_bad_signature")).at(4 * DAY)
        assert (receiver.seen, len(receiver.rejected)) == ([], 15)
        assert "does not match the expected signature" in receiver.rejected[0]

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("webhook_stale_timestamp", "Webhook timestamp is too old"),
            ("webhook_future_timestamp", "Webhook timestamp is too new"),
        ],
    )
    def test_a_time_stamp_is_refused(
        self, play: Callable[..., Run], name: str, message: str
    ) -> None:
        """In both the signature is valid for a receiver that does not check the time."""
        run = play(name)
        receiver = WebhookReceiver(run).at(200)
        assert (receiver.seen, set(receiver.rejected)) == ([], {message})
        received = receiver.received[0]
        run.mock.client.webhooks.verify_signature(received.body, received.headers, tolerance=700)

    def test_one_of_two_signatures_holds(self, play: Callable[..., Run]) -> None:
        """In webhook_rotated_secret it is the second one; the SDK tries both."""
        receiver = WebhookReceiver(play("webhook_rotated_secret")).at(4 * DAY)
        assert receiver.seen == [(124, "batch.completed", "completed")]
        first, second = receiver.header("webhook-signature")[0].split()
        headers = {**receiver.received[0].headers, "webhook-signature": first}
        with pytest.raises(openai.InvalidWebhookSignatureError):
            receiver.run.mock.client.webhooks.unwrap(receiver.received[0].body, headers)
        headers = {**headers, "webhook-signature": second}
        receiver.run.mock.client.webhooks.unwrap(receiver.received[0].body, headers)

    def test_an_event_comes_at_the_fourth_attempt(self, play: Callable[..., Run]) -> None:
        """In webhook_receiver_fails that is 15, 30 and 60 seconds later."""
        run = play("webhook_receiver_fails")
        assert WebhookReceiver(run).at(4 * DAY).seen == [
            (124 + 105, "batch.completed", "completed")
        ]
        [delivery] = run.mock.deliveries
        assert [tried.at - START - 124 for tried in delivery.attempts] == [0, 15, 45, 105]
        assert [tried.status_code for tried in delivery.attempts] == [None, None, None, 200]
