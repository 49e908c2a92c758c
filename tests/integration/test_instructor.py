"""A program that uses `instructor`, which needs other packages than the tests have."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mockbatch.client import WorldClient
from mockbatch.typing import Json
from tests.support.client_environments import MAY_INSTALL, python_with, require, run_python

pytestmark = [MAY_INSTALL, pytest.mark.slow]

TICKET = {"label": "billing", "urgent": True}
PLACES = ("tools", "json", "async", "partial")


@pytest.fixture(scope="session")
def instructing() -> Path:
    """Return the interpreter of an environment with instructor."""
    return require(lambda: python_with("instructor>=1.17,<2"))


def reply(line: Json) -> Json:
    """Return what the model should answer: as the arguments of a tool, or as text."""
    tools = line["body"].get("tools")
    if not tools:
        return json.dumps(TICKET)
    return {"tool_calls": [{"name": tools[0]["function"]["name"], "arguments": TICKET}]}


def test_objects_are_validated(
    instructing: Path, make_mockbatch: Callable[..., WorldClient]
) -> None:
    """By tools, as JSON, asynchronously, and from a stream."""
    mock = make_mockbatch()
    mock.reply({}, reply)
    done = run_python(instructing, "structured.py", mock)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == dict.fromkeys(PLACES, TICKET)


def test_invalid_object_is_requested_again(
    instructing: Path, make_mockbatch: Callable[..., WorldClient]
) -> None:
    """The model gets the error, and its second answer counts."""
    mock = make_mockbatch()
    bodies: list[Json] = []

    def wrong_at_first(line: Json) -> Json:
        bodies.append(line["body"])
        if len(bodies) > 1:
            return reply(line)
        name = line["body"]["tools"][0]["function"]["name"]
        return {"tool_calls": [{"name": name, "arguments": {"label": "billing"}}]}

    mock.reply({}, wrong_at_first)
    done = run_python(instructing, "structured.py", mock)
    assert (done.returncode, done.stderr) == (0, "")
    assert "urgent" in str(bodies[1]["messages"][-1])
