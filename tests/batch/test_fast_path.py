"""The fast path renders simple lines exactly as the ordinary path does."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mockbatch.batch import fast_path, input_file, line_template, output_file
from mockbatch.batch.batch import Batch
from mockbatch.batch.input_file import BatchInput
from mockbatch.batch.json_pieces import split_json
from mockbatch.endpoints import endpoints
from mockbatch.endpoints.model_list import ModelList
from mockbatch.endpoints.scripted_reply import Reply
from mockbatch.files.content import Content
from mockbatch.limits import Limits
from mockbatch.typing import Json
from mockbatch.validation.schema import SchemaViolationError

if TYPE_CHECKING:
    from tests.conftest import Make


CHAT = "/v1/chat/completions"
TEXTS = st.one_of(
    st.text(),
    st.sampled_from(["", " ", "%s %d %%", '"\\', "\0" + "0\0", "\ud800", "a\nb\u2028c", "x" * 300]),
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "system", "developer", "assistant"]), "content": TEXTS}
    ),
    min_size=1,
    max_size=3,
)
UNUSUAL_MESSAGES = st.one_of(
    st.just([]),
    st.just(None),
    st.just([{"role": ["user"], "content": "x"}]),
    st.just([{"role": "user", "content": None}]),
    st.just([{"role": "user", "content": [{"type": "text", "text": "x"}]}]),
    st.just([{"role": "nobody", "content": "x"}]),
    st.just([{"role": "user", "content": "x", "name": "n"}]),
    st.just([{"role": "tool", "content": "x"}]),
    st.just(["user"]),
)
PARAMETERS = st.sampled_from(
    [
        {},
        {"temperature": 0.5, "max_tokens": 5},
        {"temperature": 1},
        {"temperature": True},
        {"top_p": None, "user": None, "seed": None, "store": None, "metadata": None},
        {"max_tokens": 0},
        {"max_tokens": 16.0},
        {"max_completion_tokens": 7, "stop": ["e", "Mock reply to"]},
        {"stop": "o"},
        {"stop": [1]},
        {"n": 1, "stream": False, "user": "u", "metadata": {"a": "b"}},
        {"n": True},
        {"n": 2},
        {"n": None, "stream": None},
        {"stream": True},
        {"temperature": 9},
        {"metadata": {"a": 1}},
        {"metadata": {f"k{number}": "v" for number in range(17)}},
        {"service_tier": "flex", "seed": 3},
        {"service_tier": "none of them"},
        {"seed": 10**30},
        {"reasoning_effort": "low", "verbosity": "high"},
        {"logprobs": True},
        {"metadata": {"a": "x" * 5000}},
    ]
)
MODELS = st.sampled_from(["gpt-4o-mini", "gpt-5-nano", "%s", "\0" + "0\0", "o3"])
# Lines that readers of JSON take in different ways.
UNUSUAL_JSON = {
    "a member twice": b'"custom_id": "c", "custom_id": "d"',
    "a member twice, first of another type": b'"custom_id": 1, "custom_id": "d"',
    "messages twice": b'"custom_id": "c", "body": 5',
    "a member with an escape in its name": b'"custom_\\u0069d": "c"',
    "an unknown member": b'"custom_id": "c", "unknown": null',
    "half a surrogate pair": b'"custom_id": "\\ud83d"',
    "an escaped pair": b'"custom_id": "\\ud83d\\ude00"',
    "a control character": b'"custom_id": "\x01"',
    "a null character": b'"custom_id": "\\u0000"',
    "not UTF-8": b'"custom_id": "\xff"',
    "an encoded surrogate": b'"custom_id": "\xed\xa0\x80"',
    "no number": b'"custom_id": "c", "x": NaN',
    "too large a number": b'"custom_id": "c", "x": 1e999',
    "too deep": b'"custom_id": "c", "x": ' + b"[" * 101 + b"]" * 101,
    "a comma too many": b'"custom_id": "c",',
}
UNUSUAL_NUMBERS = [
    b"NaN",
    b"1e999",
    b"-1e999",
    b"01",
    b"1.",
    b"-0",
    b"1E0",
    b"1" * 400,
    b"0.1e-400",
]


@contextmanager
def ordinary_way() -> Iterator[None]:
    """Let no line be simple."""
    with mock.patch.object(fast_path, "parse_simple_line", return_value=None):
        yield


def lines_of(bodies: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """Return lines with these bodies."""
    envelope = {"method": "POST", "url": CHAT}
    return [
        {"custom_id": f'"%s" {index}', **envelope, "body": body}
        for index, body in enumerate(bodies)
    ]


def read(lines: list[bytes]) -> BatchInput:
    """Validate an input file of these lines."""
    content = Content.of(b"".join(line + b"\n" for line in lines))
    return input_file.read_input(content, endpoints()[CHAT], Limits(), ModelList())


def assert_read_alike(lines: list[bytes]) -> None:
    """Both ways find the same errors and the same failing lines."""
    quick = read(lines)
    with ordinary_way():
        ordinary = read(lines)
    assert quick.errors == ordinary.errors
    assert quick.failing_lines == ordinary.failing_lines
    assert quick.unsupported_lines == ordinary.unsupported_lines
    assert quick.model == ordinary.model


def write(batch: Batch) -> tuple[bytes, bytes, Json]:
    """Return the bytes of both files of a batch, and what it is billed for."""
    files = output_file.write_output(batch)
    output, error = (b"".join(file.chunks()) for file in (files.output, files.error))
    return output, error, files.tokens


def assert_written_alike(batch: Batch) -> None:
    """Both ways write the same files and the same bill."""
    quick = write(batch)
    with ordinary_way():
        assert quick == write(batch)


def simple_line(**changes: Json) -> bytes:
    """Return a simple line, with changes to its body."""
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}], **changes}
    return json.dumps(lines_of([body])[0]).encode()


@pytest.mark.slow
@given(
    MODELS,
    st.lists(st.tuples(PARAMETERS, st.one_of(MESSAGES, MESSAGES, UNUSUAL_MESSAGES)), max_size=6),
)
def test_files_are_the_same_to_the_byte(
    make: "Make", model: str, bodies: list[tuple[Json, Json]]
) -> None:
    """Whatever the lines are: both files, and what they are billed for."""
    lines = lines_of(
        [
            {"model": model, **parameters, "messages": messages}
            for parameters, messages in bodies
            if messages and not parameters.get("stream")
        ]
    )
    lines += lines_of([{"model": model, "messages": [{"role": "user", "content": "x"}]}])
    lines = [{**line, "custom_id": f"{index} %s"} for index, line in enumerate(lines)]
    assert_written_alike(make.started(make.world(), lines))


@given(
    MODELS,
    st.lists(st.tuples(PARAMETERS, st.one_of(MESSAGES, UNUSUAL_MESSAGES)), min_size=1, max_size=6),
)
def test_the_same_lines_fail(model: str, bodies: list[tuple[Json, Json]]) -> None:
    """Lines with the same parameters are all accepted or all rejected, as each would be alone."""
    lines = lines_of(
        [{"model": model, **parameters, "messages": messages} for parameters, messages in bodies]
    )
    assert_read_alike([simple_line(), *(json.dumps(line).encode() for line in lines)])


@pytest.mark.parametrize("members", UNUSUAL_JSON.values(), ids=UNUSUAL_JSON)
@pytest.mark.parametrize("is_first", [True, False])
def test_unusual_json_is_read_alike(members: bytes, is_first: bool) -> None:
    """Both ways agree on duplicate members, on surrogates, and on what is not JSON."""
    rest = b'"method": "POST", "url": "/v1/chat/completions", "body": {"model": "gpt-4o", '
    rest += b'"messages": [{"role": "user", "content": "Hello"}]}'
    parts = [members, rest] if is_first else [rest, members]
    assert_read_alike([simple_line(), b"{" + b", ".join(parts) + b"}", simple_line()])


@pytest.mark.parametrize("number", UNUSUAL_NUMBERS)
@pytest.mark.parametrize("name", ["temperature", "max_tokens", "seed", "n"])
@pytest.mark.parametrize("then", [b"", b', "%b": 1'])
def test_unusual_numbers_are_read_alike(number: bytes, name: str, then: bytes) -> None:
    """Both ways agree on a parameter's number, even if a second one replaces it."""
    parameter = b'"%b": %b' % (name.encode(), number)
    parameter += then.replace(b"%b", name.encode())
    line = simple_line(user="REPLACED").replace(b'"user": "REPLACED"', parameter)
    assert_read_alike([simple_line(), line])


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b" \t", b"\x0b", b"\xc2\xa0"])
@pytest.mark.parametrize("after", [b"", b" \t\r", b"\x0b", b" x", b"\x00"])
def test_text_around_a_line_is_read_alike(before: bytes, after: bytes) -> None:
    """Both ways accept JSON's white space only."""
    line = simple_line().replace(b"0", b"1")
    assert_read_alike([simple_line(), before + line + after])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"temperature": 0, "max_tokens": 5, "stop": ["a"], "metadata": {"a": "b"}},
        {"n": 1, "stream": False, "store": True, "reasoning_effort": None},
    ],
)
def test_most_lines_are_simple(changes: dict[str, Json]) -> None:
    """Text messages with the usual parameters are read and rendered quickly."""
    line = fast_path.parse_simple_line(simple_line(**changes))
    assert line is not None
    assert json.loads(line.parameters) == {"model": "gpt-4o", **changes}
    assert [message.content for message in line.messages] == ["Hello"]


@pytest.mark.parametrize(
    "changes",
    [
        {"n": 2},
        {"tools": []},
        {"response_format": {"type": "text"}},
        {"stream": True},
        {"messages": []},
        {"metadata": {"a": "x" * 5000}},
    ],
)
def test_other_lines_take_the_ordinary_way(changes: dict[str, Json]) -> None:
    """What can make the reply more than a text, or no text, is not simple."""
    assert fast_path.parse_simple_line(simple_line(**changes)) is None


def test_simple_lines_are_rendered_quickly(make: "Make") -> None:
    """No line of a usual batch takes the ordinary path."""
    batch = make.batch(3)
    with mock.patch.object(BatchInput, "read_request", side_effect=AssertionError):
        assert write(batch)[0].count(b"\n") == 3


def test_a_file_of_many_parameters_is_written_all_the_same(make: "Make") -> None:
    """Where each line has parameters of its own, templates are made for the first few hundred."""
    lines = [make.line(f"line-{number}") for number in range(300)]
    for number, line in enumerate(lines):
        line["body"]["seed"] = number
    batch = make.started(make.world(), lines)
    read_request = BatchInput.read_request
    with mock.patch.object(BatchInput, "read_request", autospec=True) as ordinary:
        ordinary.side_effect = read_request
        write(batch)
    assert ordinary.call_count == 300 - 256
    assert_written_alike(batch)


def test_a_scripted_line_takes_the_ordinary_way(make: "Make") -> None:
    """A scripted reply outranks the default of a simple line."""
    batch = make.batch(4, replies=[{"fraction": 0.5, "reply": {"content": "Scripted."}}])
    assert_written_alike(batch)
    assert write(batch)[0].count(b"Scripted.") == 2


def test_a_reply_is_to_the_last_message_of_the_user(make: "Make") -> None:
    """Whichever messages follow it."""
    roles = {"user": "first", "assistant": "second", "system": "third"}
    messages = [{"role": role, "content": content} for role, content in roles.items()]
    batch = make.started(make.world(), lines_of([{"model": "gpt-4o", "messages": messages}]))
    assert_written_alike(batch)
    assert b"Mock reply to: first" in write(batch)[0]


def test_an_empty_message_of_the_user_is_the_one_that_is_answered(make: "Make") -> None:
    """A message that follows it is not taken in its place."""
    messages = [{"role": "user", "content": ""}, {"role": "assistant", "content": "second"}]
    batch = make.started(make.world(), lines_of([{"model": "gpt-4o", "messages": messages}]))
    assert_written_alike(batch)
    assert b"second" not in write(batch)[0]


def test_a_large_input_is_written_alike(make: "Make") -> None:
    """Lines are read from a file as from memory."""
    lines = [make.line(f"line-{number}") for number in range(300)]
    for line in lines:
        line["body"]["messages"][0]["content"] = "x" * 5000
    assert_written_alike(make.started(make.world(), lines))


@pytest.mark.parametrize(
    ("parameters", "words", "fails"),
    [
        ({"model": "gpt-4"}, [8_192], False),
        ({"model": "gpt-4"}, [8_193], True),
        ({"model": "gpt-4"}, [4_000, 4_193], True),
        ({"model": "gpt-4", "max_tokens": 4_000}, [4_192], False),
        ({"model": "gpt-4", "max_tokens": 4_000}, [4_193], True),
        ({"model": "gpt-4", "max_tokens": 8_192}, [1], True),
        ({"model": "gpt-4o", "max_tokens": 20_480}, [1], True),
        ({"model": "gpt-4o", "max_completion_tokens": 20_480}, [1], True),
        ({"model": "my-model", "max_tokens": 20_480}, [9_900], False),
    ],
)
def test_token_limits_hold_alike(
    make: "Make", parameters: Json, words: list[int], *, fails: bool
) -> None:
    """A long prompt fails its line and no other one with the same parameters."""
    bodies = [
        {**parameters, "messages": [{"role": "user", "content": "word " * count} for count in each]}
        for each in ([1], words, words)
    ]
    lines = lines_of(bodies)
    assert_read_alike([json.dumps(line).encode() for line in lines])
    batch = make.started(make.world(), lines)
    assert (batch.input.failing_lines >= {1, 2}) is fails
    assert_written_alike(batch)


@pytest.mark.parametrize(("count", "fails"), [(8_192, False), (8_193, True)])
def test_words_of_one_letter_count_alike(make: "Make", count: int, fails: bool) -> None:
    """Each is a token of two bytes, so a line that is over the limit may be this short."""
    bodies = [
        {"model": "gpt-4", "messages": [{"role": "user", "content": "a " * each}]}
        for each in (1, count)
    ]
    lines = lines_of(bodies)
    assert_read_alike([json.dumps(line).encode() for line in lines])
    batch = make.started(make.world(), lines)
    assert (batch.input.failing_lines == {1}) is fails


@pytest.mark.parametrize(
    "fields",
    [
        {"content": '"Hi" \U0001f600 \ud800\n'},
        {"content": "x" * 5000},
        {"content": ""},
        {"content": None},
        {"content": "x", "finish_reason": "length"},
        {"refusal": "No."},
    ],
)
@pytest.mark.parametrize("parameters", [{}, {"max_tokens": 1, "stop": "x"}, {"model": "o3"}])
def test_scripted_replies_are_written_alike(make: "Make", fields: Json, parameters: Json) -> None:
    """Whatever they hold; neither a limit on tokens nor a stop sequence cuts them."""
    lines = [make.line(f"line-{number}") for number in range(4)]
    for line in lines:
        line["body"] |= parameters
    batch = make.started(make.world(), lines)
    reply = Reply.from_valid_document(fields)
    assert_written_alike(replace(batch, replies={0: reply, 2: reply}))


def test_each_line_has_its_own_scripted_text(make: "Make") -> None:
    """However many texts a script has."""
    batch = make.batch(4)
    texts = ["one", "other", "one", "third"]
    replies = {
        line: Reply.from_valid_document({"content": text}) for line, text in enumerate(texts)
    }
    batch = replace(batch, replies=replies)
    assert_written_alike(batch)
    assert [write(batch)[0].count(f'"{text}"'.encode()) for text in texts] == [2, 1, 2, 1]


@pytest.mark.parametrize(
    "parameters", [{"stop": "o"}, {"max_tokens": 2}, {"max_tokens": 3, "stop": ["to"]}]
)
def test_generated_replies_are_cut_alike(make: "Make", parameters: Json) -> None:
    """At a stop sequence, with or without a limit on tokens, and at a limit."""
    line = make.line()
    line["body"] |= parameters
    assert_written_alike(make.started(make.world(), [line]))


def test_a_scripted_text_is_no_slow_line(make: "Make") -> None:
    """Its line is not written the ordinary way."""
    batch = make.started(make.world(), [make.line()])
    reply = Reply.from_valid_document({"content": "x"})
    with mock.patch.object(output_file, "respond", side_effect=AssertionError):
        write(replace(batch, replies={0: reply}))


def test_a_template_is_checked_as_an_ordinary_line_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A response that breaks its schema is never written."""
    bad = replace(endpoints()[CHAT], build_response=lambda *_: {"odd": 1})
    monkeypatch.setattr(line_template, "endpoints", lambda: {CHAT: bad})
    make_template = line_template.line_template.__wrapped__
    with pytest.raises(SchemaViolationError, match="the output line of 'example'"):
        make_template(b'{"model":"gpt-4o"}', validate=True)


def test_split_json_leaves_the_values_out() -> None:
    """The pieces with the escaped values between them are the JSON of the whole."""
    pieces = split_json({"a": "x", "b": [{"c": 5, "d": "%s"}]}, [("a",), ("b", 0, "c")])
    assert pieces == ['{"a": "', '", "b": [{"c": ', ', "d": "%s"}]}']


def test_what_looks_like_a_gap_has_no_template() -> None:
    """A value that contains the marker of a gap itself is not split."""
    assert split_json({"a": "x", "b": "\0" + "0\0"}, [("a",)]) is None


@pytest.mark.parametrize("limit", [63, 64, 65, 66, 100])
def test_reasoning_counts_towards_the_limit_of_tokens(make: "Make", limit: int) -> None:
    """A reply has the tokens that are left after the reasoning, on both ways."""
    line = make.line()
    line["body"] |= {"model": "o3", "max_completion_tokens": limit}
    line["body"]["messages"][0]["content"] = "a rather long question " * 9
    assert_written_alike(make.started(make.world(), [line]))


def test_a_simple_line_repeats_the_custom_id_of_a_simple_line() -> None:
    """Both ways report it; the first line of a file is not read as a simple one."""
    lines = [simple_line().replace(b" 0", name) for name in (b"a", b"b", b"b")]
    assert_read_alike(lines)
    assert [error["line"] for error in read(lines).errors] == [3]
