"""The check of output lines: one line of each shape."""

import copy
import json
from typing import TYPE_CHECKING

import pytest

from mockbatch.batch.output_file import write_output
from mockbatch.batch.output_line import LineChecker
from mockbatch.endpoints import endpoints
from mockbatch.typing import Json
from mockbatch.validation.schema import SchemaViolationError

if TYPE_CHECKING:
    from tests.conftest import Make

CHAT = "/v1/chat/completions"


@pytest.fixture
def line(make: "Make") -> dict[str, Json]:
    """Return an output line."""
    written = write_output(make.batch(1)).output
    shown: dict[str, Json] = json.loads(written.read(0, written.size))
    return shown


def test_first_line_of_a_shape_is_checked(line: dict[str, Json]) -> None:
    """It has to fit the schemas of the line and of its response."""
    LineChecker(endpoints()[CHAT]).check(line)
    line["response"]["body"]["object"] = "wrong"
    with pytest.raises(SchemaViolationError):
        LineChecker(endpoints()[CHAT]).check(line)


def test_other_lines_of_a_shape_are_not_checked(line: dict[str, Json]) -> None:
    """They differ in their scalars only, so a check of each would take time and find nothing."""
    checker = LineChecker(endpoints()[CHAT])
    checker.check(line)
    other = copy.deepcopy(line)
    other["response"]["body"]["object"] = "wrong"
    checker.check(other)


def test_line_that_does_not_fit_is_reported_each_time(line: dict[str, Json]) -> None:
    """Its shape counts as checked only once a line of it fits."""
    checker = LineChecker(endpoints()[CHAT])
    line["response"]["body"]["object"] = "wrong"
    for _ in range(2):
        with pytest.raises(SchemaViolationError):
            checker.check(line)


def test_every_shape_is_checked(line: dict[str, Json]) -> None:
    """A member more, or a scalar of another type, makes another shape."""
    checker = LineChecker(endpoints()[CHAT])
    checker.check(line)
    for name, value in (("created", "today"), ("unknown", 1)):
        other = copy.deepcopy(line)
        other["response"]["body"][name] = value
        with pytest.raises(SchemaViolationError):
            checker.check(other)


def test_another_name_makes_another_shape(line: dict[str, Json]) -> None:
    """Even of a member of the same type in the same place."""
    checker = LineChecker(endpoints()[CHAT])
    checker.check(line)
    body = line["response"]["body"]
    renamed = {"made" if name == "created" else name: value for name, value in body.items()}
    line["response"]["body"] = renamed
    with pytest.raises(SchemaViolationError):
        checker.check(line)
