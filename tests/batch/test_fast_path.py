"""Plain lines: what is made of them quickly is what is made of them in full."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.batch import input_file, output_file
from mockbatch.batch.batch import Batch
from mockbatch.batch.input_file import BatchInput
from mockbatch.endpoints import endpoints
from mockbatch.endpoints.model_list import ModelList
from mockbatch.files.content import Content
from mockbatch.limits import Limits
from mockbatch.typing import Json

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
ODD_MESSAGES = st.one_of(
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
RESTS = st.sampled_from(
    [
        {},
        {"temperature": 0.5, "max_tokens": 5},
        {"max_tokens": 0},
        {"max_completion_tokens": 7, "stop": ["e", "Mock reply to"]},
        {"stop": "o"},
        {"n": 1, "stream": False, "user": "u", "metadata": {"a": "b"}},
        {"n": True},
        {"n": 2},
        {"temperature": 9},
        {"metadata": {"a": 1}},
        {"service_tier": "flex", "seed": 3},
        {"logprobs": True},
        {"metadata": {"a": "x" * 5000}},
    ]
)
MODELS = st.sampled_from(["gpt-4o-mini", "gpt-5-nano", "%s", "\0" + "0\0", "o3"])


def requests(bodies: list[dict[str, Json]]) -> list[Json]:
    """Return the lines with these bodies."""
    line = {"method": "POST", "url": CHAT}
    return [{"custom_id": f'"%s" {at}', **line, "body": body} for at, body in enumerate(bodies)]


def read(lines: list[Json], *, plainly: bool) -> BatchInput:
    """Validate lines, with or without a look for plain ones."""
    content = Content.of(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    endpoint = endpoints()[CHAT]
    endpoint = endpoint if plainly else replace(endpoint, plain=None)
    return input_file.read_input(content, endpoint, Limits(), ModelList())


def written(batch: Batch, *, plainly: bool) -> tuple[bytes, bytes, Json]:
    """Return both files of a batch and its bill, with or without the gists of its lines."""
    given = batch.input if plainly else replace(batch.input, gists=None)
    found = output_file.write_output(replace(batch, input=given))
    output, error = (b"".join(file.chunks()) for file in (found.output, found.error))
    return output, error, found.tokens


@given(MODELS, st.lists(st.tuples(RESTS, st.one_of(MESSAGES, MESSAGES, ODD_MESSAGES)), max_size=6))
def test_files_are_the_same_to_the_byte(
    make: "Make", model: str, bodies: list[tuple[Json, Json]]
) -> None:
    """Whatever the lines are: both files, and what they are billed for."""
    lines = requests(
        [{"model": model, **rest, "messages": messages} for rest, messages in bodies if messages]
    )
    lines += requests([{"model": model, "messages": [{"role": "user", "content": "x"}]}] * 1)[:1]
    lines = [{**line, "custom_id": f"{at} %s"} for at, line in enumerate(lines)]
    batch = make.started(make.world(), lines)
    assert written(batch, plainly=True) == written(batch, plainly=False)


@given(
    MODELS, st.lists(st.tuples(RESTS, st.one_of(MESSAGES, ODD_MESSAGES)), min_size=1, max_size=6)
)
def test_the_same_lines_are_refused(model: str, bodies: list[tuple[Json, Json]]) -> None:
    """Of one form all lines are taken, or all refused, as each would be alone."""
    lines = requests([{"model": model, **rest, "messages": said} for rest, said in bodies])
    quick, whole = (read(lines, plainly=which) for which in (True, False))
    assert (quick.failing_lines, quick.errors) == (whole.failing_lines, whole.errors)


def test_most_lines_are_plain(make: "Make") -> None:
    """Texts alone, and the usual parameters: the gist of each line is kept."""
    batch = make.batch(3)
    assert batch.input.gists is not None
    find = batch.input.gists.opened()
    assert [kept and kept[2] for kept in find(range(3))] == [("Hello", True)] * 3


@pytest.mark.parametrize(
    "changes", [{"n": 2}, {"tools": []}, {"response_format": {"type": "text"}}]
)
def test_others_are_not(changes: dict[str, Json]) -> None:
    """What can give an answer more than a text, or no text, is looked at line by line."""
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}], **changes}
    found = read(requests([body]), plainly=True).gists
    assert found is not None
    assert found.opened()([0]) == [None]


def test_a_file_of_many_forms_is_written_all_the_same(make: "Make") -> None:
    """Where each line is of a form of its own, the first few hundred are remembered."""
    lines = [make.line(f"line-{at}") for at in range(300)]
    for at, line in enumerate(lines):
        line["body"]["seed"] = at
    batch = make.started(make.world(), lines)
    assert batch.input.gists is not None
    assert len(batch.input.gists.forms) == 256
    assert written(batch, plainly=True) == written(batch, plainly=False)


def test_a_scripted_line_is_none(make: "Make") -> None:
    """A reply outranks the default of a line that is plain."""
    batch = make.batch(4, replies=[{"fraction": 0.5, "reply": {"content": "Scripted."}}])
    assert written(batch, plainly=True) == written(batch, plainly=False)
    assert written(batch, plainly=True)[0].count(b"Scripted.") == 2


@pytest.mark.parametrize("size", [0, 1 << 30])
def test_gists_need_not_be_in_memory(
    make: "Make", monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Of a large file they are read one by one."""
    monkeypatch.setattr("mockbatch.batch.gists._IN_MEMORY_BYTES", size)
    batch = make.batch(10)
    assert written(batch, plainly=True) == written(batch, plainly=False)
