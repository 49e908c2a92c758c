"""Scripted replies in batches, as the unmodified SDK meets them."""

import json
from collections.abc import Callable
from pathlib import Path

import openai
import pytest

from mockbatch.client import WorldClient
from mockbatch.endpoints import endpoints
from mockbatch.endpoints.endpoint import Execution
from mockbatch.ids import Seed
from mockbatch.scripting.script_file import load_script
from mockbatch.typing import Json

CHAT = "/v1/chat/completions"
COUNT = 4
IDS = {f"line-{number}" for number in range(COUNT)}
ERROR = {"message": "No.", "type": "invalid_request_error", "param": None, "code": "no"}
NEVER = {"code": "batch_expired", "message": "Too late."}
WHOLE = endpoints()[CHAT].make_response(
    {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Another question"}]},
    Execution(Seed.of("test"), 1),
)
# No text meets it that the mock would find.
HARD: Json = {
    "type": "json_schema",
    "json_schema": {"name": "x", "schema": {"pattern": "^(?<=b)a$"}},
}


def submit(mock: WorldClient, **body: Json) -> str:
    """Create a batch of four questions."""
    lines = [
        {
            "custom_id": f"line-{number}",
            "method": "POST",
            "url": CHAT,
            "body": {
                "model": "gpt-4o-mini",
                "messages": [{"role": "user", "content": f"Question {number}"}],
                **body,
            },
        }
        for number in range(COUNT)
    ]
    data = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    file = mock.client.files.create(file=("in.jsonl", data), purpose="batch")
    return mock.client.batches.create(
        input_file_id=file.id, endpoint=CHAT, completion_window="24h"
    ).id


def lines(mock: WorldClient, id: str) -> tuple[dict[str, Json], dict[str, Json]]:
    """Return the lines of the output and of the error file at the end, by custom_id."""
    mock.clock.run_until(id)
    batch = mock.client.batches.retrieve(id)
    files = (batch.output_file_id, batch.error_file_id)
    texts = [mock.client.files.content(file).text if file else "" for file in files]
    parsed = [[json.loads(line) for line in text.split("\n")[:-1]] for text in texts]
    output, error = ({line["custom_id"]: line for line in one} for one in parsed)
    counts = batch.request_counts
    assert (counts.completed, counts.failed) == (len(output), len(error))
    return output, error


def texts_by_id(mock: WorldClient, id: str) -> dict[str, str]:
    """Return what the lines of a batch say, by custom_id; all have to say something."""
    output, _ = lines(mock, id)
    assert output.keys() == IDS
    return {
        id: line["response"]["body"]["choices"][0]["message"]["content"]
        for id, line in output.items()
    }


def scripted_ids(mock: WorldClient, id: str) -> set[str]:
    """Return the custom_ids of the lines that do not say the default."""
    return {id for id, text in texts_by_id(mock, id).items() if not text.startswith("Mock reply")}


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        ({"content": "Mine."}, {"message": {"content": "Mine."}, "finish_reason": "stop"}),
        ({"refusal": "No."}, {"message": {"content": None, "refusal": "No."}}),
        ({"content": "Mi", "finish_reason": "length"}, {"finish_reason": "length"}),
        ({"tool_calls": [{"name": "f", "arguments": {}}]}, {"finish_reason": "tool_calls"}),
        ({"body": WHOLE}, WHOLE["choices"][0]),
    ],
)
def test_an_answer_is_in_the_output_file(mockbatch: WorldClient, reply: Json, shown: Json) -> None:
    """A line with a scripted answer has succeeded, as far as the batch can tell."""
    mockbatch.reply("line-1", reply)
    output, error = lines(mockbatch, submit(mockbatch))
    response = output["line-1"]["response"]
    choice = response["body"]["choices"][0]
    assert (response["status_code"], error) == (200, {})
    assert {**choice, **shown, "message": choice["message"]} == choice
    assert choice["message"].items() >= shown.get("message", {}).items()


def test_a_raw_body_is_there_as_it_is(mockbatch: WorldClient) -> None:
    """Whatever JSON it is."""
    mockbatch.reply("line-1", {"raw": True, "body": ["odd"]})
    output, _ = lines(mockbatch, submit(mockbatch))
    assert output["line-1"]["response"]["body"] == ["odd"]


def test_a_failure_is_in_the_error_file(mockbatch: WorldClient) -> None:
    """With its status in `response`, and a null `error`."""
    mockbatch.reply("line-1", {"status_code": 418, "body": {"error": ERROR}})
    _, error = lines(mockbatch, submit(mockbatch))
    [line] = error.values()
    assert (line["custom_id"], line["error"]) == ("line-1", None)
    assert (line["response"]["status_code"], line["response"]["body"]) == (418, {"error": ERROR})


def test_what_never_ran_is_in_the_error_file(mockbatch: WorldClient) -> None:
    """With a null `response`."""
    mockbatch.reply("line-1", {"error": NEVER})
    _, error = lines(mockbatch, submit(mockbatch))
    assert (error["line-1"]["response"], error["line-1"]["error"]) == (None, NEVER)


@pytest.mark.parametrize(
    ("match", "meant"),
    [
        ({}, IDS),
        ({"custom_id": "line-2"}, {"line-2"}),
        ({"custom_id": "line-[01]"}, {"line-0", "line-1"}),
        ({"model": "gpt-4o*"}, IDS),
        ({"model": "gpt-5*"}, set()),
        ({"endpoint": CHAT}, IDS),
        ({"endpoint": "/v1/responses"}, set()),
        ({"contains": "tion 3"}, {"line-3"}),
        ({"line": 1}, {"line-0"}),
        ({"line": 1, "contains": "3"}, set()),
        ({"batch_id": "batch_of_another"}, set()),
    ],
)
def test_a_match_means_its_lines(mockbatch: WorldClient, match: Json, meant: set[str]) -> None:
    """All that it says has to hold."""
    mockbatch.reply(match, "Mine.")
    assert scripted_ids(mockbatch, submit(mockbatch)) == meant


def test_a_match_can_mean_one_batch(mockbatch: WorldClient) -> None:
    """Entered once its id is known, before its lines run."""
    first, second = submit(mockbatch), submit(mockbatch)
    mockbatch.reply({"batch_id": second}, "Mine.")
    assert (scripted_ids(mockbatch, first), scripted_ids(mockbatch, second)) == (set(), IDS)


def test_the_first_match_wins(mockbatch: WorldClient) -> None:
    """In the order of entry, not of how much they say."""
    for match, text in (("line-1", "one"), ({}, "all"), ("line-2", "two")):
        mockbatch.reply(match, text)
    expected = dict.fromkeys(IDS, "all") | {"line-1": "one"}
    assert texts_by_id(mockbatch, submit(mockbatch)) == expected


def test_a_script_outranks_a_scenario(mockbatch: WorldClient) -> None:
    """Of a batch whose lines all fail, the one that is scripted does not."""
    mockbatch.scenario("all_failed")
    mockbatch.reply("line-1", "Mine.")
    output, error = lines(mockbatch, submit(mockbatch))
    assert (set(output), set(error)) == ({"line-1"}, IDS - {"line-1"})


@pytest.mark.parametrize("forget", [False, True])
def test_lines_that_have_run_keep_their_replies(mockbatch: WorldClient, forget: bool) -> None:
    """A reply entered, or all forgotten, while a batch runs is for the lines still to run."""
    if forget:
        mockbatch.reply({}, "Mine.")
    id = submit(mockbatch)
    mockbatch.clock.run_until(id, "in_progress")
    mockbatch.clock.advance(31)
    done = mockbatch.client.batches.retrieve(id).request_counts.completed
    if forget:
        mockbatch.call("DELETE", "/_mock/replies")
    else:
        mockbatch.reply({}, "Mine.")
    assert done == 2
    assert len(scripted_ids(mockbatch, id)) == COUNT - done


def test_replies_go_with_a_state(
    mockbatch: WorldClient, make_mockbatch: Callable[..., WorldClient]
) -> None:
    """A batch that is moved to another world says there what it would have said here."""
    mockbatch.reply("line-1", "Mine.")
    id = submit(mockbatch)
    other = make_mockbatch()
    other.call("PUT", "/_mock/state", mockbatch.call("GET", "/_mock/state"))
    assert scripted_ids(other, id) == {"line-1"}


class TestFunctions:
    """A reply may be a function of the request line."""

    def test_what_it_returns_is_the_reply(self, mockbatch: WorldClient) -> None:
        """A text, a reply, or None for the default."""
        replies: dict[str, Json] = {"line-0": "text", "line-1": {"content": "reply"}}
        mockbatch.reply({}, lambda line: replies.get(line["custom_id"]))
        found = texts_by_id(mockbatch, submit(mockbatch))
        assert (found["line-0"], found["line-1"]) == ("text", "reply")
        assert found["line-2"] == "Mock reply to: Question 2"

    def test_it_is_called_once_for_each_line(self, mockbatch: WorldClient) -> None:
        """Its replies are kept, however often the file is read and other replies come."""
        called: list[str] = []

        def number(line: dict[str, Json]) -> str:
            called.append(line["custom_id"])
            return f"call {len(called)}"

        mockbatch.reply({}, number)
        id = submit(mockbatch)
        first = texts_by_id(mockbatch, id)
        mockbatch.reply({"custom_id": "other"}, "Mine.")
        assert texts_by_id(mockbatch, id) == first
        assert sorted(called) == sorted(IDS)

    def test_it_is_not_called_for_lines_that_never_run(self, mockbatch: WorldClient) -> None:
        """Replies are computed for a batch that runs, not for one that has ended half-way."""
        cancelled, running = submit(mockbatch), submit(mockbatch)
        mockbatch.client.batches.cancel(cancelled)
        mockbatch.clock.run_until(cancelled, "cancelled")
        later = submit(mockbatch)
        called: list[str] = []
        mockbatch.reply({"batch_id": cancelled}, lambda line: called.append("cancelled"))
        mockbatch.reply({"batch_id": running}, lambda line: called.append("completed"))
        mockbatch.reply({"batch_id": later}, lambda line: called.append("later"))
        assert called == ["later"] * COUNT

    def test_one_that_fails_lets_no_batch_be(self, mockbatch: WorldClient) -> None:
        """The create is a 400 that names the function and the line."""
        mockbatch.reply("line-1", lambda line: {"content": line["none"]})
        with pytest.raises(openai.BadRequestError, match="failed for custom_id 'line-1'"):
            submit(mockbatch)
        assert mockbatch.client.batches.list().data == []

    def test_one_that_fails_at_its_entry_changes_nothing(self, mockbatch: WorldClient) -> None:
        """Of the batches that run, none has got a reply of it, and the script is as before."""
        batches = [submit(mockbatch) for _ in range(2)]
        before = mockbatch.call("GET", "/_mock/state")

        def fails_later(line: dict[str, Json], called: list[str] = []) -> str:  # noqa: B006
            called.append(line["custom_id"])
            return "Mine." if len(called) <= COUNT else line["none"]

        with pytest.raises(Exception, match="fails_later"):
            mockbatch.reply({}, fails_later)
        assert mockbatch.call("GET", "/_mock/replies") == {"replies": []}
        assert mockbatch.call("GET", "/_mock/state") == before
        assert scripted_ids(mockbatch, batches[0]) == set()


class TestReplay:
    """A real output file is a script."""

    def test_lines_are_answered_again(
        self, mockbatch: WorldClient, make_mockbatch: Callable[..., WorldClient], tmp_path: Path
    ) -> None:
        """By custom_id, failures included; ids of lines are new."""
        mockbatch.scenario("some_failed")
        mockbatch.reply("line-1", "Mine.")
        before = lines(mockbatch, submit(mockbatch))
        path = tmp_path / "out.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for one in before for line in one.values()))
        other = make_mockbatch()
        for entry in load_script(str(path)).as_json():
            other.call("POST", "/_mock/replies", entry)
        after = lines(other, submit(other))
        for old, new in zip(before, after, strict=True):
            assert new.keys() == old.keys()
            for id, line in new.items():
                assert line["response"]["body"] == old[id]["response"]["body"]
                assert line["id"] != old[id]["id"]


class TestRefused:
    """A line that its endpoint refuses."""

    @pytest.mark.parametrize(
        ("reply", "count"), [({"content": "Mine."}, 0), ({"body": WHOLE}, COUNT)]
    )
    def test_what_openai_refuses_takes_a_whole_answer_only(
        self, mockbatch: WorldClient, reply: Json, count: int
    ) -> None:
        """There is no answer into which words could be put."""
        mockbatch.reply({}, reply)
        output, _ = lines(mockbatch, submit(mockbatch, temperature=5))
        assert len(output) == count

    @pytest.mark.parametrize(
        ("reply", "count"),
        [({"content": "Mine."}, COUNT), ({"finish_reason": "length"}, 0), (None, 0)],
    )
    def test_where_only_the_mock_finds_no_answer_words_will_do(
        self, mockbatch: WorldClient, reply: Json, count: int
    ) -> None:
        """OpenAI would have answered: the script says what."""
        if reply is not None:
            mockbatch.reply({}, reply)
        output, _ = lines(mockbatch, submit(mockbatch, response_format=HARD))
        assert len(output) == count

    @pytest.mark.parametrize("path", ["chat", "responses"])
    def test_so_it_is_in_a_live_call(self, mockbatch: WorldClient, path: str) -> None:
        """Refused without a script, answered with one."""
        client = mockbatch.client

        def ask() -> str | None:
            if path == "responses":
                form = {"type": "json_schema", **HARD["json_schema"]}
                return client.responses.create(
                    model="gpt-4o-mini", input="Hello", text={"format": form}
                ).output_text
            return (
                client.chat.completions.create(
                    model="gpt-4o-mini",
                    messages=[{"role": "user", "content": "Hello"}],
                    response_format=HARD,
                )
                .choices[0]
                .message.content
            )

        with pytest.raises(openai.BadRequestError, match="could not generate a reply"):
            ask()
        mockbatch.reply({}, '"a"')
        assert ask() == '"a"'
