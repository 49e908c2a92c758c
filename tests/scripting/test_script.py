"""Scripts: which entry wins, functions that reply, and files."""

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.endpoints import endpoints
from mockbatch.endpoints.scripted_reply import FAILED, NEVER_RAN, SUCCEEDED, RecordedBody, Reply
from mockbatch.errors import ApiError
from mockbatch.scripting.match import Match, RequestContext
from mockbatch.scripting.reply import parse_reply
from mockbatch.scripting.script import (
    Entry,
    Script,
    call_reply_function,
    parse,
)
from mockbatch.scripting.script_file import entries_from_output_file, load_script
from mockbatch.typing import Json
from tests.support.bodies import BODIES, CHAT, EMBEDDINGS, EXECUTION, JSON, WIRE, attempt
from tests.support.scripted_replies import ERROR, FAILURE, NEVER

BODY = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}


def line(custom_id: str, **changes: Json) -> dict[str, Json]:
    """Return a line of an input file."""
    return {"custom_id": custom_id, "method": "POST", "url": CHAT, "body": BODY, **changes}


def script(*entries: tuple[Json, Json]) -> Script:
    """Return a script of these matches and replies."""
    return Script(tuple(parse({"match": match, "reply": reply}) for match, reply in entries))


def reply_text(given: Script, custom_id: str, number: int = 1) -> Json:
    """Return what a script says to a line; None for the default."""
    reply = given.reply(line(custom_id), number, CHAT, "batch_1")
    return reply and reply.content


def recorded_line(custom_id: str, response: Json, error: Json = None) -> bytes:
    """Return a line of an output or error file."""
    whole = {"id": "batch_req_1", "custom_id": custom_id, "response": response, "error": error}
    return json.dumps(whole).encode() + b"\n"


def answered_line(custom_id: str, body: Json, status_code: int = 200) -> bytes:
    """Return a line of a request that was answered."""
    response = {"status_code": status_code, "request_id": "req_1", "body": body}
    return recorded_line(custom_id, response)


def replay(*lines: bytes) -> Script:
    """Return the script that answers as these lines do."""
    return Script(tuple(entries_from_output_file(lines)))


def find_reply(given: Script, custom_id: str) -> Reply:
    """Return the reply to a line."""
    reply = given.reply(line(custom_id), 1, CHAT, None)
    assert isinstance(reply, Reply)
    return reply


# --- finding


def test_an_empty_script_says_nothing() -> None:
    """Without an entry there is the default."""
    assert reply_text(Script(), "a") is None


@pytest.mark.parametrize("first", [{"custom_id": "a"}, {"custom_id": "?"}, {"line": 1}, {}])
@pytest.mark.parametrize("second", [{"custom_id": "a"}, {"custom_id": "*"}, {"line": 1}, {}])
def test_the_first_match_wins(first: Json, second: Json) -> None:
    """The order of entry decides, whatever the kind of match."""
    assert reply_text(script((first, {"content": "1"}), (second, {"content": "2"})), "a") == "1"


def test_an_entry_that_does_not_match_is_passed_over() -> None:
    """The next one that matches wins."""
    given = script(
        ({"custom_id": "a", "line": 2}, {"content": "1"}),
        ({"custom_id": "b*"}, {"content": "2"}),
        ({"line": 1}, {"content": "3"}),
    )
    assert reply_text(given, "a") == "3"


def test_a_script_grows_at_its_end() -> None:
    """What is entered later is looked at later, and the script before is what it was."""
    before = script(({"custom_id": "a"}, {"content": "1"}))
    after = before.extended(Entry(Match(), parse_reply({"content": "2"})))
    assert [reply_text(after, "a"), reply_text(after, "b"), reply_text(before, "b")] == [
        "1",
        "2",
        None,
    ]


def test_a_live_call_can_be_scripted() -> None:
    """It has a body and an endpoint."""
    given = script(({"contains": "Hi", "endpoint": CHAT}, {"content": "1"}))
    assert given.reply({"body": BODY}, None, CHAT, None) is not None
    assert given.reply({"body": BODY}, None, EMBEDDINGS, None) is None


MATCHES = st.builds(
    Match,
    custom_id=st.sampled_from([None, "a", "b", "[a]", "?", "*", "[[]a]", "[a"]),
    line=st.sampled_from([None, 1, 2]),
    batch_id=st.sampled_from([None, "batch_1"]),
)


@given(st.lists(MATCHES, max_size=6), st.sampled_from(["a", "b", "[a]", "[a"]), st.integers(1, 3))
def test_the_index_changes_nothing(matches: list[Match], custom_id: str, number: int) -> None:
    """What is found is what a walk from the first entry to the last finds."""
    entries = [
        Entry(match, parse_reply({"content": str(place)})) for place, match in enumerate(matches)
    ]
    context = RequestContext(line(custom_id), CHAT, number, "batch_1")
    walked = next((entry.reply for entry in entries if entry.match.matches(context)), None)
    assert Script(tuple(entries)).reply(context.request, number, CHAT, "batch_1") == walked


def test_a_script_gives_its_entries_back() -> None:
    """They are shown as they were entered, and can be entered again."""
    given = script(({"custom_id": "a*", "line": 1}, {"content": "1"}), ({}, FAILURE))
    assert given.as_json() == [
        {"match": {"custom_id": "a*", "line": 1}, "reply": {"content": "1"}},
        {"match": {}, "reply": FAILURE},
    ]
    assert Script(tuple(map(parse, given.as_json()))) == given


# --- entries


def test_without_a_match_an_entry_is_for_everything() -> None:
    """The match may be left out."""
    assert parse({"reply": {"content": "1"}}).match == Match()


@pytest.mark.parametrize(
    ("document", "param"),
    [
        ([], "body"),
        ({}, "reply"),
        ({"reply": {"content": "1"}, "odd": 1}, "odd"),
        ({"match": None, "reply": {"content": "1"}}, "match"),
        ({"match": {"line": 0}, "reply": {"content": "1"}}, "match.line"),
        ({"match": {}, "reply": {"content": 1}}, "reply.content"),
        ({"match": {"endpoint": EMBEDDINGS}, "reply": {"content": "1"}}, "reply.content"),
        ({"match": {"endpoint": CHAT}, "reply": {"body": {}}}, "reply.body.id"),
    ],
)
def test_a_bad_entry_names_its_field(document: Json, param: str) -> None:
    """The error names the place."""
    with pytest.raises(ApiError) as raised:
        parse(document)
    assert (raised.value.status, raised.value.param) == (400, param)


@given(JSON | st.fixed_dictionaries({"match": JSON, "reply": JSON}))
def test_any_json_is_an_entry_or_refused(document: Json) -> None:
    """Whatever the document, an error names its place."""
    entry = attempt(lambda: parse(document))
    if isinstance(entry, ApiError):
        assert entry.status == 400
        assert entry.param is not None
    else:
        assert parse(entry.as_json()) == entry


# --- functions


def test_a_function_that_returns_none_gives_the_default() -> None:
    """A later entry for the same line does not take its place."""
    lines: list[Json] = []
    given = script(({"custom_id": "a"}, lines.append), ({}, {"content": "2"}))
    assert given.reply(line("a"), 1, CHAT, None) is None
    assert [one["custom_id"] for one in lines] == ["a"]


def test_a_callable_object_is_shown_by_its_type() -> None:
    """It has no name of its own."""
    [shown] = script(({}, partial(str, "Hi"))).as_json()
    assert shown["reply"] == {"callable": "partial"}


def test_a_function_is_shown_by_its_name() -> None:
    """It cannot be written down, and what is shown is no reply."""

    def answer(_: Json) -> str:
        return "Hi"

    [shown] = script(({}, answer)).as_json()
    assert shown == {"match": {}, "reply": {"callable": "answer"}}
    with pytest.raises(ApiError):
        parse(shown)


def test_a_function_gets_the_line() -> None:
    """Its four members, and nothing else."""
    lines: list[Json] = []
    call_reply_function(lines.append, {**line("a"), "mood": "good"})
    assert lines == [line("a")]


def test_a_function_may_return_a_text() -> None:
    """It is what is said."""
    assert call_reply_function(lambda given: given["custom_id"], line("a")) == parse_reply(
        {"content": "a"}
    )


def test_a_function_may_return_a_reply() -> None:
    """It is a document as it would be entered."""
    assert call_reply_function(lambda _: FAILURE, line("a")) == parse_reply(FAILURE)


def test_a_function_may_return_nothing() -> None:
    """Then there is the default."""
    assert call_reply_function(lambda _: None, line("a")) is None


def test_what_a_function_returned_is_kept() -> None:
    """What it does with it later does not matter."""
    kept = {"content": "Hi", "tool_calls": [{"name": "f"}]}
    reply = call_reply_function(lambda _: kept, line("a"))
    kept["tool_calls"].append({"name": "g"})  # type: ignore[attr-defined]
    assert reply is not None
    assert len(reply.as_json()["tool_calls"]) == 1


def stumbles(given: Json) -> Json:
    """Ask for what is not there."""
    return given["body"]["poem"]


def failure(function: Callable[[Json], Json], given: Json = None) -> ApiError:
    """Return the failure of a function."""
    with pytest.raises(ApiError) as raised:
        call_reply_function(function, given or line("a"))
    return raised.value


def test_a_function_that_raises_is_named() -> None:
    """With the line, and what it raised behind it."""
    error = failure(stumbles)
    assert error.message == (
        "The scripted reply stumbles() failed for custom_id 'a': KeyError: 'poem'"
    )
    assert (error.status, error.code) == (400, "callable_failed")
    assert isinstance(error.__cause__, KeyError)


def test_a_function_that_fails_a_live_call_is_named() -> None:
    """There is no custom_id to tell."""
    assert "failed for a live call: " in failure(stumbles, {"url": CHAT, "body": BODY}).message


@pytest.mark.parametrize(
    ("returned", "why", "param"),
    [
        (7, "it returned an integer, not a reply", None),
        (["Hi"], "it returned an array, not a reply", None),
        ({"content": {1, 2}}, "what it returned is not JSON", None),
        ({"content": float("nan")}, "what it returned is not JSON", None),
        ({"contents": "Hi"}, "Unknown parameter: 'reply.contents'.", "reply.contents"),
        ({"body": {}}, "Missing required parameter: 'reply.body.id'.", "reply.body.id"),
    ],
)
def test_a_function_that_returns_no_reply_gets_the_reason(
    returned: Json, why: str, param: str | None
) -> None:
    """The reason is in the message, and the place in it is the param."""
    error = failure(lambda _: returned)
    assert why in error.message
    assert error.param == param


def test_a_function_is_held_to_the_endpoint_of_its_line() -> None:
    """Embeddings say nothing."""
    error = failure(lambda _: {"refusal": "No"}, line("a", url=EMBEDDINGS))
    assert error.param == "reply.refusal"


# --- replay


def test_an_answer_is_replayed_by_its_custom_id() -> None:
    """The body is sent as it was."""
    given = replay(answered_line("a", {"x": 1}), answered_line("b", {"x": 2}))
    assert find_reply(given, "b").body == {"x": 2}
    assert find_reply(given, "b").outcome == SUCCEEDED
    assert reply_text(given, "c") is None


def test_a_replayed_body_stays_text() -> None:
    """Until it is needed: the values of a big file would fill the memory."""
    reply = find_reply(replay(answered_line("a", {"x": 1})), "a")
    assert isinstance(reply.document["body"], RecordedBody)
    assert reply.as_json() == {"raw": True, "body": {"x": 1}}


def test_a_failure_is_replayed() -> None:
    """Status and body are what they were."""
    reply = find_reply(replay(answered_line("a", {"error": ERROR}, 400)), "a")
    assert (reply.outcome, reply.status_code, reply.body) == (FAILED, 400, {"error": ERROR})


def test_a_success_other_than_200_is_replayed() -> None:
    """Its status is what it was."""
    reply = find_reply(replay(answered_line("a", {"x": 1}, 201)), "a")
    assert (reply.outcome, reply.status_code, reply.body) == (SUCCEEDED, 201, {"x": 1})


def test_what_never_ran_is_replayed() -> None:
    """A line with a null response has an error."""
    reply = find_reply(replay(recorded_line("a", None, NEVER["error"])), "a")
    assert (reply.outcome, reply.error) == (NEVER_RAN, NEVER["error"])


def test_an_answer_with_an_error_beside_it_is_replayed() -> None:
    """Some services send both."""
    response = {"status_code": 400, "request_id": "", "body": {}}
    reply = find_reply(replay(recorded_line("a", response, {"code": "x"})), "a")
    assert (reply.outcome, reply.body, reply.error) == (FAILED, {}, {"code": "x"})


def test_odd_lines_are_replayed() -> None:
    """A status of 0 and a body of text were met in real files."""
    response = {"status_code": 0, "request_id": "", "body": ""}
    reply = find_reply(replay(recorded_line("a", response)), "a")
    assert (reply.outcome, reply.status_code, reply.body) == (FAILED, 0, "")


def test_a_custom_id_is_replayed_to_the_letter() -> None:
    """The characters of a glob mean nothing in it."""
    given = replay(answered_line("task[1]*", {}))
    assert reply_text(given, "task1x") is None
    assert find_reply(given, "task[1]*").body == {}


def test_blank_lines_are_passed_over() -> None:
    """Files end in one, and some are put together by hand."""
    assert len(replay(answered_line("a", {}), b"\n", b"  \n", answered_line("b", {})).entries) == 2


def test_a_replay_can_be_written_down() -> None:
    """Its entries are entered again as any others."""
    given = replay(
        answered_line("a[1]", {"x": 1}),
        answered_line("b", {"error": ERROR}, 400),
        recorded_line("c", None, NEVER["error"]),
        recorded_line("d", {"status_code": 0, "request_id": "", "body": ""}, {"code": 1}),
        answered_line("e", {}, 201),
    )
    again = Script(tuple(map(parse, given.as_json())))
    for custom_id in ("a[1]", "b", "c", "d", "e"):
        assert find_reply(again, custom_id).as_json() == find_reply(given, custom_id).as_json()
        assert find_reply(again, custom_id).outcome == find_reply(given, custom_id).outcome


def test_recorded_lines_are_replayed() -> None:
    """Every line that the real service was seen to write is one."""
    path = WIRE / "output_lines.jsonl"
    lines = [json.loads(one)["line"] for one in path.read_text("utf-8").splitlines()]
    given = replay(*(json.dumps(one).encode() for one in lines))
    last = {one["custom_id"]: one["response"]["body"] for one in reversed(lines)}
    assert all(find_reply(given, custom_id).body == body for custom_id, body in last.items())


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (b"{", "line 2: "),
        (b"\xff", "line 2: "),
        (b"[]", "line 2: it has no custom_id"),
        (b'{"custom_id": 7, "response": null}', "line 2: it has no custom_id"),
        (b'{"custom_id": "b"}', "line 2: it has neither a response nor an error"),
        (json.dumps(line("b")).encode(), "; it is one of an input file"),
        (b'{"custom_id": "b", "response": "x"}', "its response has no status_code and body"),
        (b'{"custom_id": "b", "response": {"status_code": "200", "body": {}}}', "no status_code"),
        (b'{"custom_id": "b", "response": {"status_code": 200}}', "no status_code and body"),
        (b'{"custom_id": "b", "response": {"status_code": true, "body": {}}}', "no status_code"),
        (b'{"custom_id": "b", "response": {"status_code": 600, "body": {}}}', "no status_code"),
        (b'{"custom_id": "b", "error": "x"}', "its error is not an object"),
    ],
)
def test_a_line_that_cannot_be_replayed_is_named(broken: bytes, why: str) -> None:
    """With its number and what is wrong."""
    error = attempt(lambda: replay(answered_line("a", {}), broken))
    assert str(error).startswith("line 2: ")
    assert why in str(error)


@given(JSON)
def test_any_line_is_replayed_or_named(value: Json) -> None:
    """Whatever JSON a line is, nothing else happens."""
    for one in (value, {"custom_id": "a", "response": value}, {"custom_id": "a", "error": value}):
        given = attempt(lambda one=one: replay(json.dumps(one).encode()))  # type: ignore[misc]
        if isinstance(given, ValueError):
            assert str(given).startswith("line 1: ")
        else:
            assert Script(tuple(map(parse, given.as_json()))).as_json() == given.as_json()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("count", [10_000, pytest.param(50_000, marks=pytest.mark.slow)])
def test_many_lines_are_replayed_in_no_time(count: int) -> None:
    """To read and to find 50,000 takes about a second; a walk for each would take hours."""
    body = endpoints()[CHAT].make_response(BODIES[CHAT][0], EXECUTION)
    text = answered_line("task[0]", body)
    lines = [text.replace(b"task[0]", b"task[%d]" % number) for number in range(count)]
    started = time.process_time()
    given = replay(*lines)
    for number in range(count):
        assert given.reply(line(f"task[{number}]"), number + 1, CHAT, "batch_1") is not None
    assert time.process_time() - started < 15


# --- files


def test_a_file_may_be_a_list_of_entries(tmp_path: Path) -> None:
    """As GET /_mock/replies shows them."""
    path = tmp_path / "replies.json"
    path.write_text('[{"match": {"custom_id": "a"}, "reply": {"content": "1"}}]')
    assert reply_text(load_script(str(path)), "a") == "1"


def test_a_file_may_be_a_real_output_file(tmp_path: Path) -> None:
    """Line separators of Unicode within a text end no line."""
    path = tmp_path / "batch_1_output.jsonl"
    path.write_bytes(answered_line("a", {}) + '{"custom_id":"b\u2028","error":{}}'.encode())
    with pytest.raises(ValueError, match="line 2: it has neither"):
        load_script(str(path))
    path.write_bytes(answered_line("a", {}) + '{"custom_id":"b\u2028","error":{"code":1}}'.encode())
    assert find_reply(load_script(str(path)), "b\u2028").error == {"code": 1}


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.json", "{", "a.json: Expecting property name"),
        ("a.json", "{}", "a.json: it is not a list of"),
        ("a.json", '[{"reply": {"content": 7}}]', "a.json at [0].reply.content: Invalid type"),
        (
            "a.json",
            '[{"reply": {"content": ""}}, {"match": {"endpoint": "x"}, "reply": {"content": ""}}]',
            "a.json at [1].match.endpoint: Invalid value: 'x'.",
        ),
        ("a.json", "[7]", "a.json at [0]: Invalid type"),
        ("a.json", '[{"reply": {"a\\nb": 1}}]', "a.json at [0].reply.a b: Unknown parameter"),
        ("a.jsonl", "[]", "a.jsonl: line 1: it has no custom_id"),
    ],
)
def test_a_bad_file_is_one_line_of_output(
    tmp_path: Path, name: str, content: str, why: str
) -> None:
    """What is wrong, and where."""
    path = tmp_path / name
    path.write_text(content)
    error = attempt(lambda: load_script(str(path)))
    assert isinstance(error, ValueError)
    assert why in str(error)
    assert "\n" not in str(error)


def test_a_missing_file_is_one_line_of_output(tmp_path: Path) -> None:
    """With its name."""
    path = tmp_path / "no.jsonl"
    error = attempt(lambda: load_script(str(path)))
    assert str(error) == f"{path}: No such file or directory"
