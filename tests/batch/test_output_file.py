"""The output and the error file of a batch that has ended."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from mockbatch.batch import commands, fast_path, input_file, output_file
from mockbatch.batch.batch import Batch
from mockbatch.batch.rules import OPENAI_RULES
from mockbatch.batch.timeline import Timeline, Transition
from mockbatch.endpoints import endpoints
from mockbatch.endpoints.endpoint import Tokens
from mockbatch.files.content import Content
from mockbatch.jsonio import parse
from mockbatch.typing import Json
from mockbatch.validation.schema import SchemaViolationError, schema
from mockbatch.validation.step_budget import StepBudget

if TYPE_CHECKING:
    from tests.conftest import Make

Command = Callable[[Batch, int], Batch]

RUNS, WRITES = 62, 123
DAY = 24 * 3600
HALF = RUNS + 31  # five lines of ten are done
ERROR = {"message": "no", "type": "invalid_request_error", "param": "messages", "code": "c"}


def failing(fraction: float, status_code: int) -> list[Json]:
    """Return the replies of a scenario in which a share of the lines fails."""
    reply = {"status_code": status_code, "body": {"error": ERROR}}
    return [{"fraction": fraction, "reply": reply}]


def lines(content: Content) -> list[dict[str, Json]]:
    """Return the lines of a file."""
    return [parse(line) for line in content.lines()]


def files(batch: Batch) -> tuple[list[dict[str, Json]], list[dict[str, Json]]]:
    """Return the lines of both files of a batch."""
    written = output_file.write_output(batch)
    return lines(written.output), lines(written.error)


def with_a_rejected_line(make: "Make") -> Batch:
    """Return a batch whose fourth line its endpoint rejects."""
    given = make.lines(10)
    given[3]["body"]["temperature"] = 3
    return make.started(make.world(), given)


def test_every_line_has_an_answer(make: "Make") -> None:
    """A batch in which nothing goes wrong has a line for each request, and no error."""
    done, failed = files(make.batch())
    assert {line["custom_id"] for line in done} == {f"line-{n}" for n in range(10)}
    assert (len(done), failed) == (10, [])


def test_lines_stand_in_the_order_in_which_they_ran(make: "Make") -> None:
    """The order of the file is that of execution, and not that of the input."""
    batch = make.batch()
    done, _ = files(batch)
    ran = [f"line-{number}" for number in batch.execution_order.order]
    assert [line["custom_id"] for line in done] == ran != sorted(ran)


def test_a_line_has_the_recorded_envelope(make: "Make") -> None:
    """A line has id, custom_id, response and error, and the response has three members."""
    [line, *_] = files(make.batch())[0]
    assert list(line) == ["id", "custom_id", "response", "error"]
    assert list(line["response"]) == ["status_code", "request_id", "body"]
    assert (line["response"]["status_code"], line["error"]) == (200, None)


def test_lines_are_separated_as_recorded(make: "Make") -> None:
    """Lines have a blank after commas and colons, are ASCII, and end with a newline."""
    written = output_file.write_output(make.batch(1)).output
    text = written.read(0, written.size)
    assert text == json.dumps(json.loads(text)).encode() + b"\n"
    assert text.isascii()


def test_every_line_fits_its_schema(make: "Make") -> None:
    """Answers, failures and lines that never ran are accepted by output_line.json."""
    batch = make.batch(20, replies=failing(0.5, 400))
    done, failed = files(commands.expire(batch, make.created + HALF))
    assert {line["response"] is None for line in failed} == {True, False}
    assert all(schema("output_line").accepts(line) for line in done + failed)


def test_a_line_is_stamped_with_the_time_its_file_was_begun(make: "Make") -> None:
    """The id of a line carries the second of finalizing_at."""
    [line, *_] = files(make.batch())[0]
    assert line["id"].startswith(f"batch_req_{make.created + WRITES:08x}")


def test_without_finalizing_a_line_is_stamped_with_the_end(make: "Make") -> None:
    """The id of a line of an expired batch carries the second of expired_at."""
    [line, *_] = files(commands.expire(make.batch(), make.created + HALF))[0]
    assert line["id"].startswith(f"batch_req_{make.created + HALF:08x}")


def test_every_id_is_there_once(make: "Make") -> None:
    """Each line of both files has an id and a request_id of its own."""
    batch = commands.cancel(with_a_rejected_line(make), make.created + RUNS + 55)
    found = [line for file in files(batch) for line in file]
    assert len({line["id"] for line in found}) == len(found) == 10
    requests = [line["response"]["request_id"] for line in found if line["response"]]
    assert len(set(requests)) == len(requests)


def test_a_reply_is_made_when_its_line_ran(make: "Make") -> None:
    """The creation time of each reply lies where the line's place in the order puts it."""
    done, _ = files(make.batch())
    created = [line["response"]["body"]["created"] for line in done]
    assert created == sorted(created)
    assert (created[0], created[-1]) == (make.created + RUNS + 7, make.created + WRITES)


def test_a_batch_completed_in_validation_has_its_lines(make: "Make") -> None:
    """A batch that was completed while it validated has an answer for each request."""
    done, failed = files(commands.complete(make.batch(), make.created + 5))
    assert (len(done), len(failed)) == (10, 0)


def test_a_refused_line_is_in_the_error_file_with_the_refusal(make: "Make") -> None:
    """The response is the one that the endpoint gives to the request; `error` is null."""
    done, [line] = files(with_a_rejected_line(make))
    assert line["custom_id"] == "line-3"
    assert (line["response"]["status_code"], line["error"]) == (400, None)
    assert line["response"]["body"]["error"]["param"] == "temperature"
    assert len(done) == 9


def test_lines_of_the_error_file_come_last_in_the_output(make: "Make") -> None:
    """With a distortion that shows them in both files, they follow the output's own lines."""
    done, failed = files(make.batch(10, replies=failing(0.5, 400), output={"astray": 1}))
    assert [line["response"]["status_code"] for line in done] == [200] * 5 + [400] * 5
    assert done[5:] == failed


def test_a_failing_line_has_the_scenarios_error(make: "Make") -> None:
    """A line that the scenario lets fail has its status and error, and a null `error`."""
    replies = failing(0.2, 429)
    done, failed = files(make.batch(replies=replies))
    assert (len(done), len(failed)) == (8, 2)
    for line in failed:
        assert line["response"]["status_code"] == 429
        assert line["response"]["body"] == {"error": ERROR}
        assert line["error"] is None


def test_a_batch_of_failures_has_no_answer(make: "Make") -> None:
    """When every line fails, the output file is empty."""
    replies = failing(1, 400)
    done, failed = files(make.batch(replies=replies))
    assert (len(done), len(failed)) == (0, 10)


def test_lines_that_expired_say_so_in_the_observed_words(make: "Make") -> None:
    """A line that the window left has no response, and the observed error."""
    done, failed = files(commands.expire(make.batch(), make.created + HALF))
    assert (len(done), len(failed)) == (5, 5)
    assert failed[0]["response"] is None
    assert failed[0]["error"] == {
        "code": "batch_expired",
        "message": "This request could not be executed before the completion window expired.",
    }


def test_lines_that_were_cancelled_say_so(make: "Make") -> None:
    """A line that a cancel left has no response, and the error that was seen."""
    done, failed = files(commands.cancel(make.batch(), make.created + HALF))
    assert (len(done), len(failed)) == (6, 4)
    assert failed[0]["response"] is None
    assert failed[0]["error"] == {
        "code": "batch_cancelled",
        "message": "This request was not executed because the batch was cancelled.",
    }


def test_lines_whose_results_are_lost_are_in_neither_file(make: "Make") -> None:
    """A batch that loses its results when cancelled has only the lines that never ran."""
    batch = commands.cancel(make.batch(loses_results=True), make.created + HALF)
    done, failed = files(batch)
    assert (len(done), len(failed)) == (0, 5)
    assert {line["error"]["code"] for line in failed} == {"batch_cancelled"}


def test_lines_that_never_ran_come_last(make: "Make") -> None:
    """In the error file, lines that failed stand before those that never ran."""
    replies = failing(0.5, 400)
    batch = make.batch(20, replies=replies)
    _, failed = files(commands.expire(batch, make.created + HALF))
    ran = [line["response"] is not None for line in failed]
    assert ran == sorted(ran, reverse=True)
    assert set(ran) == {True, False}


ON_THE_SECOND = [
    (command, seconds)
    for command in (commands.cancel, commands.expire, commands.hold)
    for seconds in (0, RUNS, RUNS + 1, RUNS + 7, HALF, WRITES - 1, WRITES)
    if not (command is commands.expire and seconds == WRITES)
]


@pytest.mark.parametrize(("command", "seconds"), ON_THE_SECOND)
def test_files_hold_the_lines_that_are_counted(
    make: "Make", command: Command, seconds: int
) -> None:
    """Whatever ends a batch, on the very second of a change too, files and counts agree."""
    batch = command(make.batch(), make.created + seconds)
    if command is commands.hold and seconds == WRITES:  # no window ends that
        batch = commands.complete(batch, make.created + DAY)
    assert len(files(batch)[0]) == batch.counts(make.created + 2 * DAY).completed


@pytest.mark.parametrize(
    ("seconds", "completed"), [(RUNS, 0), (RUNS + 6, 0), (RUNS + 7, 1), (WRITES - 1, 9)]
)
def test_a_line_counts_from_its_exact_second(make: "Make", seconds: int, completed: int) -> None:
    """Expired on the second on which a line is done, a batch has that line, and no other."""
    batch = commands.expire(make.batch(), make.created + seconds)
    assert batch.counts(make.created + seconds).completed == completed
    assert len(files(batch)[0]) == completed


def test_lines_planned_for_after_the_end_are_not_written(make: "Make") -> None:
    """A state document may hold a batch that ends before its last lines would have run."""
    batch = make.batch()
    end = Transition(make.created + HALF, "expired")
    cut = Timeline((*batch.timeline.transitions[:2], end), batch.timeline.marks)
    done, failed = files(replace(batch, timeline=cut))
    assert (len(done), len(failed)) == (5, 5)


def test_a_failed_line_is_not_billed(make: "Make") -> None:
    """A failure whose body tells a usage costs nothing all the same."""
    usage = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
    reply = {"status_code": 500, "raw": True, "body": {"usage": usage}}
    batch = make.batch(1, replies=[{"fraction": 1, "reply": reply}])
    written = output_file.write_output(batch)
    assert len(lines(written.error)) == 1
    assert (written.tokens.input, written.tokens.output) == (0, 0)


def test_a_raw_error_of_any_shape_is_written(make: "Make") -> None:
    """What a raw reply says of a line that never ran is not held against a schema."""
    reply = {"raw": True, "error": {"odd": [1]}}
    [line] = files(make.batch(1, replies=[{"fraction": 1, "reply": reply}]))[1]
    assert (line["response"], line["error"]) == (None, {"odd": [1]})


def test_a_share_of_each_prompt_is_read_from_the_cache(make: "Make") -> None:
    """Where a scenario says so, plain lines too show cached tokens, and are billed for them."""
    batch = make.batch(2, cached=0.5)
    for line in files(batch)[0]:
        usage = line["response"]["body"]["usage"]
        assert usage["prompt_tokens_details"]["cached_tokens"] == usage["prompt_tokens"] // 2 > 0
    assert output_file.write_output(batch).tokens.cached == 2 * 4


def test_no_failure_is_read_from_the_cache(make: "Make") -> None:
    """A failed line stays as its reply says, in a scenario that caches prompts too."""
    usage = {"prompt_tokens": 8, "prompt_tokens_details": {"cached_tokens": 0}}
    reply = {"status_code": 500, "raw": True, "body": {"usage": usage}}
    batch = make.batch(1, cached=0.5, replies=[{"fraction": 1, "reply": reply}])
    [line] = files(batch)[1]
    assert line["response"]["body"] == {"usage": usage}


@pytest.mark.parametrize("count", [249, 250, 251, 520])
def test_a_long_batch_has_each_line_once_and_failures_where_they_are(
    make: "Make", count: int
) -> None:
    """Every line is written, however many blocks there are, and the rejected ones have failed."""
    given = make.lines(count)
    refused = {f"line-{number}" for number in range(0, count, 7)}
    for line in given:
        if line["custom_id"] in refused:
            line["body"]["temperature"] = 3
    batch = make.started(make.world(), given)
    done, failed = files(batch)
    assert {line["custom_id"] for line in failed} == refused
    ran = [f"line-{number}" for number in batch.execution_order.order]
    assert [line["custom_id"] for line in done] == [id for id in ran if id not in refused]


def test_tokens_are_those_of_the_answers(make: "Make") -> None:
    """A batch is billed for what its answers say they used, and for no failed line."""
    batch = with_a_rejected_line(make)
    usages = [line["response"]["body"]["usage"] for line in files(batch)[0]]
    tokens = output_file.write_output(batch).tokens
    assert tokens.input == sum(usage["prompt_tokens"] for usage in usages) > 0
    assert tokens.output == sum(usage["completion_tokens"] for usage in usages) > 0


def test_a_failed_line_is_billed_for_nothing(make: "Make", monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if its endpoint would read a usage from the body of the error."""
    batch = with_a_rejected_line(make)
    costly = replace(endpoints()[batch.endpoint], read_usage=lambda _: Tokens(1, 2))
    batch = replace(batch, rules=OPENAI_RULES._replace(find_endpoint=lambda *_: costly))
    monkeypatch.setattr(fast_path, "parse_simple_line", lambda _: None)
    assert output_file.write_output(batch).tokens[:2] == (9, 18)


def test_two_writes_are_equal(make: "Make") -> None:
    """The files of a batch are the same each time they are written."""
    batch = commands.expire(with_a_rejected_line(make), make.created + HALF)
    assert files(batch) == files(batch)


def test_a_custom_id_comes_back_as_it_was(make: "Make") -> None:
    """Odd characters in a custom_id are returned unharmed."""
    names = ["\ud800", "\u2028", "\x00", "💥", '"', ""]
    done, _ = files(make.started(make.world(), [make.line(name) for name in names]))
    assert {line["custom_id"] for line in done} == set(names)


def test_odd_texts_in_a_body_do_no_harm(make: "Make") -> None:
    """Half surrogates and line separators in a message give a line that can be read."""
    messages = [{"role": "user", "content": "\ud800 \u2028 \x00"}]
    line = make.line(body={"model": "gpt-4o-mini", "messages": messages})
    assert len(files(make.started(make.world(), [line]))[0]) == 1


def broken(monkeypatch: pytest.MonkeyPatch, batch: Batch) -> Batch:
    """Return a batch whose endpoint answers what its own schema does not accept."""
    bad = replace(
        endpoints()[batch.endpoint],
        build_response=lambda *_: {"odd": 1},
        read_usage=no_tokens,
    )
    monkeypatch.setattr(fast_path, "parse_simple_line", lambda _: None)
    return replace(batch, rules=OPENAI_RULES._replace(find_endpoint=lambda *_: bad))


def no_tokens(_: Json) -> Tokens:
    """Return that nothing is billed."""
    return Tokens(0, 0)


def test_an_answer_that_breaks_its_schema_is_our_bug(
    make: "Make", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line of a shape that does not fit is never written."""
    batch = broken(monkeypatch, make.batch(1))
    with pytest.raises(SchemaViolationError, match="the output line of 'line-0'"):
        output_file.write_output(batch)


def test_without_validation_any_answer_is_written(
    make: "Make", monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `validate=False` no line is checked."""
    batch = broken(monkeypatch, make.batch(1))
    [line] = lines(output_file.write_output(batch, validate=False).output)
    assert line["response"]["body"] == {"odd": 1}


def outputs_of_questions(make: "Make") -> list[Json]:
    """Return the output lines of three questions with the same schema, whose value is a text."""
    wanted = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    given = make.lines(3)
    for number, line in enumerate(given):
        json_schema = {"name": "n", "schema": wanted}
        line["body"]["response_format"] = {"type": "json_schema", "json_schema": json_schema}
        line["body"]["messages"] = [{"role": "user", "content": f"question {number}"}]
    return files(make.started(make.world(), given))[0]


def test_each_line_adds_steps_for_a_value_of_its_own(
    make: "Make", monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many lines have the same schema, each value quotes the prompt of its line."""
    monkeypatch.setattr(output_file, "StepBudget", lambda: StepBudget(0))
    done = outputs_of_questions(make)
    contents = [line["response"]["body"]["choices"][0]["message"]["content"] for line in done]
    quoted = [json.loads(content)["a"].partition("question ")[2] for content in contents]
    assert sorted(quoted) == ["0", "1", "2"]


def test_values_of_all_lines_are_generated_within_one_budget(
    make: "Make", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is spent, lines with the same schema have the same value."""
    monkeypatch.setattr(output_file, "StepBudget", lambda: StepBudget(0))
    monkeypatch.setattr(output_file, "STEPS_PER_LINE", 0)
    done = outputs_of_questions(make)
    contents = {line["response"]["body"]["choices"][0]["message"]["content"] for line in done}
    assert len(done) == 3
    assert len(contents) == 1


def with_a_hard_schema(make: "Make") -> Batch:
    """Return a batch of two lines with a schema for which mockbatch generates no value."""
    wanted = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(?<=b)a$"}}}
    given = make.lines(2)
    for line in given:
        json_schema = {"name": "n", "schema": {**wanted, "required": ["a"]}}
        line["body"]["response_format"] = {"type": "json_schema", "json_schema": json_schema}
    return make.started(make.world(), given)


def error_messages(batch: Batch) -> list[str]:
    """Return the messages of the errors of a batch's lines."""
    return [line["response"]["body"]["error"]["message"] for line in files(batch)[1]]


def test_each_line_adds_steps_for_a_check_of_its_own(
    make: "Make", monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many lines fail, each names what is wrong with its schema."""
    batch = with_a_hard_schema(make)
    expected = error_messages(batch)
    monkeypatch.setattr(output_file, "StepBudget", lambda: StepBudget(0))
    assert error_messages(batch) == expected
    assert "pattern" in expected[0]


def test_lines_that_fail_are_checked_within_one_budget(
    make: "Make", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is spent, the message says so."""
    batch = with_a_hard_schema(make)
    monkeypatch.setattr(output_file, "StepBudget", lambda: StepBudget(0))
    monkeypatch.setattr(output_file, "STEPS_PER_LINE", 0)
    assert all("it takes too long" in message for message in error_messages(batch))


def test_a_line_that_was_too_costly_to_check_fails_all_the_same(
    make: "Make", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if there are enough steps for its schema when the file is written."""
    wanted = {"type": "object", "properties": {"a": {"type": "string"}}}
    line = make.line()
    json_schema = {"name": "n", "schema": wanted}
    line["body"]["response_format"] = {"type": "json_schema", "json_schema": json_schema}
    with monkeypatch.context() as patch:
        patch.setattr(input_file, "StepBudget", lambda: StepBudget(0))
        patch.setattr(input_file, "STEPS_PER_LINE", 0)
        batch = make.started(make.world(), [line])
    [message] = error_messages(batch)
    assert message.startswith("mockbatch could not check the schema of this line: it takes too")
