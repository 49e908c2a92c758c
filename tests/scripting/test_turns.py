"""Replies in sequence: a list of them, and how many requests get one."""

from collections.abc import Sequence
from typing import Any

import openai
import pytest

from mockbatch.client import ControlError, WorldClient
from mockbatch.errors import ApiError
from mockbatch.scripting import turns
from mockbatch.scripting.match import RequestContext
from mockbatch.scripting.script import Script, parse
from mockbatch.scripting.turns import Turns
from tests.support.rival import Rival

CHAT = "/v1/chat/completions"
FAILURE = {
    "status_code": 500,
    "body": {"error": {"message": "-", "type": "server_error", "param": None, "code": None}},
}
LINE = (
    b'{"custom_id": "%s", "method": "POST", "url": "/v1/chat/completions", "body": '
    b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}}\n'
)


def line(number: int | None, batch_id: str | None = "batch_1") -> RequestContext:
    """Return a line of a batch, or a live call."""
    return RequestContext({}, CHAT, number, batch_id)


def run(world: WorldClient, *custom_ids: bytes) -> openai.types.Batch:
    """Send these lines as a batch, and run it to its end."""
    client = world.client
    data = b"".join(LINE % custom_id for custom_id in custom_ids)
    file = client.files.create(file=("in.jsonl", data), purpose="batch")
    batch = client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
    )
    world.clock.run_until(batch)
    return client.batches.retrieve(batch.id)


def count_failed(batch: openai.types.Batch) -> int:
    """Return how many lines of a batch have failed."""
    assert batch.request_counts is not None
    return batch.request_counts.failed


def say(world: WorldClient) -> str:
    """Return the text of a live call."""
    completion = world.client.chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": "Hello"}]
    )
    return completion.choices[0].message.content or ""


class TestTurns:
    """`Turns`."""

    @pytest.mark.parametrize(
        ("items", "times", "expected"),
        [("ab", None, "abbb"), ("ab", 3, "abb-"), ("a", 1, "a---"), ("abc", 2, "ab--")],
    )
    def test_each_request_gets_the_next(
        self, items: Sequence[str], times: int | None, expected: str
    ) -> None:
        """The last one again and again, until the number of times is used up."""
        taken = Turns(items, times)
        assert "".join(taken.take(line(number)) or "-" for number in range(4)) == expected

    def test_a_line_keeps_its_turn(self) -> None:
        """It is looked up again when the script changes before the line runs."""
        taken = Turns("ab", 2)
        assert [taken.take(line(1)), taken.take(line(1)), taken.take(line(2))] == ["a", "a", "b"]
        assert taken.take(line(1, "batch_2")) is None

    def test_each_live_call_is_another_request(self) -> None:
        """Also one with the same body, which is sent again."""
        taken = Turns("ab", None)
        assert [taken.take(line(None, None)), taken.take(line(None, None))] == ["a", "b"]

    def test_turns_are_counted_with_their_lines(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also while another thread takes one."""
        rival = Rival(lambda: counted.taken())
        monkeypatch.setattr(turns, "Lock", rival.lock)

        class Interrupted(Turns[str]):
            def _next_turn(self) -> int | None:
                turn = super()._next_turn()
                rival.begin()
                return turn

        counted = Interrupted("ab", None)
        counted.take(line(1))
        assert rival.end() == (1, {("batch_1", 1): 0})

    def test_no_turn_is_taken_twice(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of two threads that take one at once, each gets another."""
        rival = Rival(lambda: taken.take(line(1)))
        monkeypatch.setattr(turns, "Lock", rival.lock)

        class Interrupted(Turns[str]):
            def _next_turn(self) -> int | None:
                rival.begin()
                return super()._next_turn()

        taken = Interrupted("ab", None)
        assert (taken.take(line(1)), rival.end()) == ("a", "a")

    def test_a_copy_goes_on_independently(self) -> None:
        """From where the original is, with the turns that its lines have got."""
        original = Turns("abc", None)
        original.take(line(1))
        copy = original.copied()
        assert [copy.take(line(2)), copy.take(line(1)), copy.take(line(3))] == ["b", "a", "c"]
        assert original.taken() == (1, {("batch_1", 1): 0})


class TestScript:
    """A script with such entries."""

    def test_is_as_it_was_entered(self) -> None:
        """`GET /_mock/replies` shows lists and times; a text is shown as a reply."""
        documents = [
            {"match": {}, "reply": [FAILURE, {"content": "b"}]},
            {"match": {}, "reply": {"content": "a"}, "times": 2},
            {"match": {}, "reply": {"content": "a"}},
        ]
        assert Script(tuple(map(parse, documents))).as_json() == documents

    @pytest.mark.parametrize(
        ("document", "param"),
        [
            ({"reply": []}, "reply"),
            ({"reply": ["a", {"odd": 1}]}, "reply[1].odd"),
            ({"reply": ["a", None]}, "reply[1]"),
            ({"reply": "a", "times": 0}, "times"),
            ({"reply": "a", "times": "1"}, "times"),
        ],
    )
    def test_error_names_the_place(self, document: dict[str, Any], param: str) -> None:
        """In a list with its index."""
        with pytest.raises(ApiError) as raised:
            parse(document)
        assert raised.value.param == param

    def test_restarted_script_begins_with_the_first_reply(self) -> None:
        """As after a reset of its world."""
        script = Script((parse({"reply": ["a", "b"]}),))
        texts = []
        for one in (script, script, script.restarted()):
            reply = one.reply({}, None, CHAT, None)
            texts.append(reply and reply.content)
        assert texts == ["a", "b", "a"]


class TestReply:
    """`mockbatch.reply`."""

    def test_line_fails_and_succeeds_when_sent_again(self, mockbatch: WorldClient) -> None:
        """One line of a test says so."""
        mockbatch.reply("a", [FAILURE, "ok"])
        batches = [run(mockbatch, b"a", b"b") for _ in range(3)]
        assert [count_failed(batch) for batch in batches] == [1, 0, 0]

    def test_fails_once(self, mockbatch: WorldClient) -> None:
        """After its times the default reply is back."""
        mockbatch.reply({}, FAILURE, times=1)
        assert [
            count_failed(run(mockbatch, b"a", b"b")),
            count_failed(run(mockbatch, b"a", b"b")),
        ] == [1, 0]

    def test_next_entry_takes_over(self, mockbatch: WorldClient) -> None:
        """As for requests that the first one does not match."""
        mockbatch.reply({}, "first", times=1)
        mockbatch.reply({}, "then")
        assert [say(mockbatch), say(mockbatch)] == ["first", "then"]

    def test_functions_take_turns_with_texts(self, mockbatch: WorldClient) -> None:
        """In a server of this process."""
        mockbatch.reply({}, ["one", lambda _: "two", {"content": "three"}])
        assert [say(mockbatch) for _ in range(4)] == ["one", "two", "three", "three"]

    @pytest.mark.parametrize("match", [{"custom_ids": "a"}, {"line": 0}])
    def test_function_with_an_invalid_match_is_an_error(
        self, mockbatch: WorldClient, match: dict[str, Any]
    ) -> None:
        """As for a reply that is no function, with the status and the param."""
        errors = []
        for reply in (lambda _: "Hi", "Hi"):
            with pytest.raises(ControlError) as raised:
                mockbatch.reply(match, reply)
            errors.append((raised.value.status, raised.value.code, raised.value.param))
        assert errors[0] == errors[1]
        assert errors[0][0] == 400
        assert say(mockbatch) != "Hi"

    def test_reply_entered_later_changes_no_turn(self, mockbatch: WorldClient) -> None:
        """A line that waits keeps the reply that it has."""
        mockbatch.reply("a", [FAILURE, "ok"])
        client = mockbatch.client
        file = client.files.create(file=("in.jsonl", LINE % b"a"), purpose="batch")
        batch = client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        mockbatch.reply("b", "-")
        mockbatch.clock.run_until(batch)
        assert count_failed(client.batches.retrieve(batch.id)) == 1
        assert count_failed(run(mockbatch, b"a")) == 0

    def test_reset_begins_again(self, mockbatch: WorldClient) -> None:
        """A reset removes what was entered."""
        mockbatch.reply({}, ["a", "b"])
        say(mockbatch)
        mockbatch.reset()
        assert say(mockbatch) == "Mock reply to: Hello"

    def test_takes_a_text_over_http(self, mockbatch: WorldClient) -> None:
        """Alone and in a list."""
        mockbatch.call("POST", "/_mock/replies", {"reply": ["one", "two"], "times": 2})
        mockbatch.call("POST", "/_mock/replies", {"reply": "three"})
        assert [say(mockbatch) for _ in range(3)] == ["one", "two", "three"]


class TestRemove:
    """`mockbatch.remove_replies`."""

    def test_removes_those_of_a_match(self, mockbatch: WorldClient) -> None:
        """Lines that have not run get the next reply that matches, or the default."""
        mockbatch.reply({"contains": "Hello"}, "mine")
        mockbatch.reply({}, "any")
        assert say(mockbatch) == "mine"
        mockbatch.remove_replies({"contains": "Hello"})
        assert say(mockbatch) == "any"

    def test_removes_all(self, mockbatch: WorldClient) -> None:
        """Without a match."""
        mockbatch.reply("a", FAILURE)
        mockbatch.reply({}, "any")
        mockbatch.remove_replies()
        assert say(mockbatch) == "Mock reply to: Hello"

    def test_match_without_a_reply_is_an_error(self, mockbatch: WorldClient) -> None:
        """A typo must not leave the reply there."""
        mockbatch.client.files.list()
        mockbatch.reply("a", FAILURE)
        with pytest.raises(ControlError, match=r'No reply .* \{"custom_id": "b"\}') as raised:
            mockbatch.remove_replies("b")
        assert raised.value.status == 404


def test_live_calls_leave_nothing_behind() -> None:
    """Only the turns of lines are kept, as they are taken again."""
    turns = Turns(["a", "b"], None)
    call = RequestContext({"body": {}}, "/v1/chat/completions")
    line = RequestContext({"body": {}}, "/v1/chat/completions", 1, "batch_1")
    taken = [turns.take(call), turns.take(line), *(turns.take(call) for _ in range(1000))]
    assert taken == ["a", *["b"] * 1001]
    assert turns.taken() == (1002, {("batch_1", 1): 1})
    assert turns.take(line) == "b"
