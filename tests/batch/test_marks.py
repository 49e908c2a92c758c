"""Marks: a word of its own in each text that the mock generates for a batch."""

import json
import re
from typing import TYPE_CHECKING

import pytest

from mockbatch.batch import output_file
from mockbatch.batch.batch import Batch
from mockbatch.client import WorldClient
from mockbatch.jsonio import parse
from mockbatch.typing import Json

if TYPE_CHECKING:
    from tests.conftest import Make

MARK = re.compile("mark[0-9a-f]{10}")
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "string"}, "b": {"enum": ["x"]}},
    "required": ["a", "b"],
    "additionalProperties": False,
}
FORMAT = {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA, "strict": True}}


def texts(batch: Batch, *, marks: bool = True) -> list[str]:
    """Return the texts of the output file."""
    lines = output_file.write_output(batch, marks=marks).output.lines()
    bodies = [parse(line)["response"]["body"] for line in lines]
    return [body["choices"][0]["message"]["content"] for body in bodies]


def batch_with(make: "Make", **members: Json) -> Batch:
    """Return a batch of ten lines with further members in each body."""
    given = make.lines(10)
    for line in given:
        line["body"] |= members
    return make.started(make.world(), given)


def test_each_text_begins_with_a_mark_of_its_own(make: "Make") -> None:
    """Ten texts have ten marks, each once."""
    found = [MARK.findall(text) for text in texts(make.batch())]
    assert [len(marks) for marks in found] == [1] * 10
    assert len({mark for [mark] in found}) == 10


def test_without_the_setting_there_is_none(make: "Make") -> None:
    """The texts of an ordinary world have no mark."""
    assert not any(map(MARK.search, texts(make.batch(), marks=False)))


def test_marks_are_the_same_each_time(make: "Make") -> None:
    """They follow from the seed of the batch."""
    assert texts(make.batch()) == texts(make.batch())


def test_a_mark_survives_a_limit_on_tokens(make: "Make") -> None:
    """A text that is cut at the end still has its mark."""
    assert all(map(MARK.match, texts(batch_with(make, max_tokens=4))))


def test_structured_output_has_marks_in_its_texts(make: "Make") -> None:
    """A member that may be any text has the mark, and the value fits the schema."""
    values = [json.loads(text) for text in texts(batch_with(make, response_format=FORMAT))]
    assert all(MARK.match(value["a"]) for value in values)
    assert {value["b"] for value in values} == {"x"}


@pytest.mark.parametrize("marks", [False, True])
def test_a_reset_sets_them(make: "Make", mockbatch: WorldClient, *, marks: bool) -> None:
    """`marks` is a setting of a world, and its files have them."""
    mockbatch.call("POST", "/_mock/reset", {"marks": marks})
    results = mockbatch.results(mockbatch.completed_batch(make.lines(2)))
    assert [bool(MARK.match(str(one.text))) for one in results.values()] == [marks, marks]
